import { assert, it } from "@effect/vitest"
import * as fs from "node:fs"
import * as path from "node:path"

const root = path.join(import.meta.dirname, "../..")

/** The rows of the tables: a number, and the tests that are named in the last cell. */
const rows = fs.readFileSync(path.join(root, "docs/pain-points.md"), "utf8").split("\n").flatMap((line) => {
  const cells = line.split(/(?<!\\)\|/).map((cell) => cell.trim())
  return /^\d+$/.test(cells[1] ?? "") ? [{ number: Number(cells[1]), held: cells[4] ?? "" }] : []
})

const fileOf = (name: string): string | undefined =>
  [`${name}.test.ts`, `${name}.ts`, name].map((file) => path.join(root, "test", file)).find((file) =>
    fs.existsSync(file) && fs.statSync(file).isFile()
  )

const literal = (text: string): string => text.trim().replace(/[.*+?^${}()|[\]\\]/g, "\\$&")

it("docs/pain-points.md names tests that exist, for every complaint", () => {
  assert.deepStrictEqual(
    rows.map(({ number }) => number).toSorted((a, b) => a - b),
    Array.from({ length: 38 }, (_, index) => index + 1).filter((number) => number !== 30)
  )
  const missing: Array<string> = []
  for (const { held, number } of rows) {
    const named = [...held.matchAll(/(?<file>[A-Za-z]+\/[A-Za-z.]+)(?<names>(?:(?! [a-z]*\/|;)[^;])*)/g)]
    assert.isNotEmpty(named.length === 0 && !held.includes("TestClock") ? [] : [held], `row ${number} names no test`)
    for (const { groups } of named) {
      const { file = "", names = "" } = groups ?? {}
      const found = fileOf(file.replace(/^test\//, ""))
      if (found === undefined) {
        missing.push(`${number}: ${file}`)
        continue
      }
      const text = fs.readFileSync(found, "utf8")
      for (const [, name = ""] of names.matchAll(/"([^"]+)"/g)) {
        // An ellipsis stands for what a name has there.
        const pattern = name.split("…").map(literal).join(".*")
        if (!new RegExp(pattern).test(text)) missing.push(`${number}: ${file} "${name}"`)
      }
    }
  }
  assert.deepStrictEqual(missing, [])
})
