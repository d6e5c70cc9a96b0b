/**
 * Type-checks the programs in README.md, LLMS.md and docs: every fence marked `ts` is a module of its own, in which
 * `effect-kubernetes` means the sources.
 */
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import * as Tree from "./Tree.ts"

const pages = [
  "README.md",
  "LLMS.md",
  ...["docs", "docs/decisions"].flatMap((each) =>
    fs.readdirSync(path.join(Tree.root, each)).filter((name) => name.endsWith(".md")).map((name) => `${each}/${name}`)
  )
].filter((page) => fs.existsSync(path.join(Tree.root, page)))
const folder = path.join(Tree.root, ".cache/docs")

fs.rmSync(folder, { recursive: true, force: true })
fs.mkdirSync(folder, { recursive: true })
fs.writeFileSync(
  path.join(folder, "tsconfig.json"),
  JSON.stringify({
    extends: "../../tsconfig.json",
    compilerOptions: { noUnusedLocals: false, noUnusedParameters: false },
    include: ["."],
    exclude: []
  })
)
let programs = 0
for (const page of pages) {
  const lines = fs.readFileSync(path.join(Tree.root, page), "utf8").split("\n")
  let begin: number | undefined
  for (const [index, line] of lines.entries()) {
    if (begin === undefined && line.trim() === "```ts") begin = index + 1
    else if (begin !== undefined && line.trim() === "```") {
      // Blank lines before the text keep the line numbers of the page.
      const text = "\n".repeat(begin) + lines.slice(begin, index).join("\n") + "\n"
      fs.writeFileSync(path.join(folder, `${page.replace(".md", "").replaceAll("/", "-")}-${begin}.ts`), text)
      programs++
      begin = undefined
    }
  }
}
if (programs > 0) {
  const tsc = path.join(Tree.root, "node_modules/.bin/tsc")
  const { status, stdout } = spawnSync(tsc, ["-p", folder, "--pretty", "false"], { cwd: Tree.root })
  process.stdout.write(stdout)
  process.exitCode = status ?? 1
}
