import { assert, it } from "@effect/vitest"
import * as fs from "node:fs"
import * as path from "node:path"

const root = path.join(import.meta.dirname, "../..")
const pages = ["scenarios", "scenarios-informer"].map((name) =>
  fs.readFileSync(path.join(root, `docs/parity/${name}.md`), "utf8")
)

const literal = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")

/** A heading with the number of cases of a Go file, and the rows below it. */
const sections = pages.flatMap((page) => page.split(/^### /m).slice(1)).map((section) => {
  const [heading = "", ...lines] = section.split("\n")
  const rows = lines.flatMap((line) => {
    const cells = line.split(/(?<!\\)\|/).map((cell) => cell.trim())
    return /^\d+$/.test(cells[1] ?? "")
      ? [{ cases: Number(cells[1]), scenario: cells[2] ?? "", here: cells[3] ?? "" }]
      : []
  })
  return { heading, rows }
})

it("docs/parity/scenarios*.md account for every case of the Go tests", () => {
  for (const { heading, rows } of sections) {
    const total = rows.reduce((sum, { cases }) => sum + cases, 0)
    assert.strictEqual(total, Number(/: (\d+)$/.exec(heading)?.[1]), heading)
  }
})

it("docs/parity/scenarios*.md name tests that exist, or say why there is none", () => {
  const wrong: Array<string> = []
  for (const { heading, rows } of sections) {
    for (const { here, scenario } of rows) {
      if (/^Not here: \S/.test(here)) continue
      const named = here.split(/; (?=[A-Za-z]+\/)/)
      for (const one of named) {
        const [, file = "", names = ""] = /^([A-Za-z]+\/[A-Za-z]+) ((?:"[^"]+"(?:, )?)+)$/.exec(one) ?? []
        const source = path.join(root, "test", `${file}.test.ts`)
        if (file === "" || !fs.existsSync(source)) {
          wrong.push(`${heading}, ${scenario}: ${one}`)
          continue
        }
        // Where a test begins, so that a name in a comment does not count.
        const text = fs.readFileSync(source, "utf8")
        for (const [, name = ""] of names.matchAll(/"([^"]+)"/g)) {
          const pattern = name.split("…").map(literal).join(".*")
          const opening = String.raw`\b(?:it|describe)(?:\.[a-z.]+)?\(\s*["\`]`
          if (!new RegExp(`${opening}${pattern}|^\\s*\\[?"${pattern}`, "m").test(text)) {
            wrong.push(`${heading}, ${scenario}: ${file} "${name}"`)
          }
        }
      }
    }
  }
  assert.deepStrictEqual(wrong, [])
})
