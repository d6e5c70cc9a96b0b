/**
 * Compares the imports of `src` with docs/architecture.json, which says which folder may know which, and draws the
 * picture in docs/ARCHITECTURE.md from the same file.
 *
 * `npm run architecture` redraws and checks; `-- --check` only checks. test/architecture.test.ts holds the rules to
 * examples that break them.
 */
import * as fs from "node:fs"
import * as path from "node:path"
import * as Tree from "./Tree.ts"

/** For each folder of `src`, the folders it may import. */
export type Arrows = Readonly<Record<string, ReadonlyArray<string>>>

/** Above this a module is refused; above `reasonable` it is named, so that somebody asks for the second noun in it. */
const longest = 500
const reasonable = 350

/** The packages that `src` may import; the rest of `effect` by file, never its root barrel. */
const packages = /^(?:effect\/.+|yaml)$/
const runtimePackages = /^(?:node:.+|undici(?:\/.+)?|ws|@effect\/platform-node(?:-shared)?(?:\/.+)?)$/

/** What is wrong with the arrows themselves: unknown folders and cycles. */
export const arrowFaults = (arrows: Arrows): ReadonlyArray<string> => {
  const faults = Object.entries(arrows).flatMap(([from, tos]) =>
    tos.filter((to) => !Object.hasOwn(arrows, to)).map((to) => `${from} points to ${to}, which has no entry`)
  )
  const done = new Set<string>()
  const visit = (folder: string, trail: ReadonlyArray<string>): void => {
    if (trail.includes(folder)) {
      faults.push(`cycle: ${[...trail.slice(trail.indexOf(folder)), folder].join(" -> ")}`)
      return
    }
    if (done.has(folder)) return
    for (const next of arrows[folder] ?? []) visit(next, [...trail, folder])
    done.add(folder)
  }
  for (const folder of Object.keys(arrows)) visit(folder, [])
  return faults
}

/** The folder of a file; of a file at the top of `src` its own name, where the arrows have it. */
const nodeOf = (arrows: Arrows, file: string): string => {
  const name = path.posix.basename(file, ".ts")
  return Tree.folderOf(file) === "" && Object.hasOwn(arrows, name) ? name : Tree.folderOf(file)
}

const importFault = (arrows: Arrows, file: string, specifier: string): string | undefined => {
  const from = nodeOf(arrows, file)
  if (!specifier.startsWith(".")) {
    if (runtimePackages.test(specifier)) {
      return Tree.isBinding(file) ? undefined : "only Node*.ts modules and programs may import a runtime"
    }
    if (specifier === "effect") return "import the file (`effect/Effect`), not the root barrel"
    return packages.test(specifier) ? undefined : "not a dependency of this package"
  }
  if (!specifier.endsWith(".ts")) return "own modules are imported with `.ts`"
  const target = path.posix.join(path.posix.dirname(file), specifier)
  const to = nodeOf(arrows, target)
  if (!target.startsWith("src/")) return "reaches outside src"
  if (from === "") return to === "Testing" ? "nothing in src may import Testing" : undefined
  if (to === "") return "a folder may not import a module at the top of src"
  if (Tree.isBarrel(target)) return "import the module, not the barrel of its folder"
  if (to === from) return undefined
  if (to === "Testing") return "nothing in src may import Testing"
  if (Tree.isInternal(target)) return `internal to ${to}`
  return arrows[from]?.includes(to) === true ? undefined : `no arrow from ${from} to ${to} in docs/architecture.json`
}

/** What in the given files breaks the architecture, one sentence each. */
export const faults = (arrows: Arrows, files: ReadonlyArray<Tree.SourceFile>): ReadonlyArray<string> => {
  const folders = new Set(files.map((file) => Tree.folderOf(file.path)).filter((folder) => folder !== ""))
  const missing = Array.from(folders).filter((folder) => !Object.hasOwn(arrows, folder))
  const imports = files.filter((file) => !Tree.isProgram(file.path)).flatMap((file) =>
    Tree.importsOf(file).flatMap((specifier) => {
      const fault = importFault(arrows, file.path, specifier)
      return fault === undefined ? [] : [`${file.path} imports ${specifier}: ${fault}`]
    })
  )
  const long = files.filter((file) => Tree.folderOf(file.path) !== "Api").flatMap((file) => {
    const lines = Tree.codeLines(file)
    return lines > longest
      ? [`${file.path} has ${lines} code lines, ${longest} is the limit: find the second noun`]
      : []
  })
  return [
    ...arrowFaults(arrows),
    ...missing.map((folder) => `src/${folder} has no entry in docs/architecture.json`),
    ...imports,
    ...long
  ]
}

/** The arrows that no longer path implies: what a picture needs to show. */
export const reduced = (arrows: Arrows): Arrows => {
  const reaches = (from: string, to: string): boolean =>
    (arrows[from] ?? []).some((next) => next === to || reaches(next, to))
  return Object.fromEntries(
    Object.entries(arrows).map(([from, tos]) =>
      [from, tos.filter((to) => !tos.some((other) => other !== to && reaches(other, to)))] as const
    )
  )
}

const picture = (arrows: Arrows): string =>
  [
    "```mermaid",
    "flowchart TD",
    ...Object.entries(reduced(arrows)).flatMap(([from, tos]) =>
      tos.length === 0 ? [`  ${from}`] : tos.map((to) => `  ${from} --> ${to}`)
    ),
    "```"
  ].join("\n")

const begin = "<!-- picture: begin, drawn from architecture.json by `npm run architecture` -->"
const end = "<!-- picture: end -->"

const main = (check: boolean): number => {
  const arrows: Arrows = JSON.parse(fs.readFileSync(path.join(Tree.root, "docs/architecture.json"), "utf8"))
  const files = Tree.read("src")
  const found = faults(arrows, files)
  for (const fault of found) console.error(fault)
  for (const file of files.filter((file) => Tree.folderOf(file.path) !== "Api")) {
    const lines = Tree.codeLines(file)
    if (lines > reasonable && lines <= longest) console.log(`note: ${file.path} has ${lines} code lines`)
  }
  const page = fs.readFileSync(path.join(Tree.root, "docs/ARCHITECTURE.md"), "utf8")
  const [before, rest] = page.split(begin)
  const after = rest?.split(end)[1]
  if (before === undefined || after === undefined) {
    console.error("docs/ARCHITECTURE.md has lost the marks around the picture")
    return 1
  }
  const drawn = `${before}${begin}\n\n${picture(arrows)}\n\n${end}${after}`
  const changed = Tree.emit(new Map([["docs/ARCHITECTURE.md", drawn]]), check)
  return found.length > 0 || (check && changed > 0) ? 1 : 0
}

if (import.meta.main) process.exitCode = main(process.argv.includes("--check"))
