/**
 * The parity table: every public symbol of client-go, and of the parts of apimachinery that clients use, beside what
 * stands for it here. docs/parity/symbols.json holds the symbols, docs/parity/rules/*.json say what becomes of them, and
 * docs/parity.md shows it.
 *
 * `npm run parity` writes the page, `-- --check` compares it, `-- --open [PACKAGE]` lists what no rule covers,
 * `-- --extract MODULES` reads the symbols anew, where MODULES is the folder `k8s.io` of a Go module cache.
 *
 * A rule is `[package, symbol, ours, note]`. `package` is a glob as the headings of the page write it
 * (`client-go/tools/cache`; `*` is any part of it), `symbol` a regular expression for the whole name. `ours` names
 * modules or their exports, comma separated (`Informer/Reflector`, `Informer/Reflector.make`); each must exist. Where it
 * is empty the symbol is not ported, and the note says why. The first rule that matches decides, in the order of files
 * and lines. With `symbol` `"*"` a package is one line of the page; that is for generated packages.
 */
import * as fs from "node:fs"
import * as path from "node:path"
import * as Tree from "./Tree.ts"

type Rule = readonly [packages: string, symbol: string, ours: string, note: string]

/** Package to names, each with its kind before it: `func NewReflector`. */
type Symbols = Readonly<Record<string, ReadonlyArray<string>>>

const modules: Record<string, { readonly version: string; readonly packages?: ReadonlyArray<string> }> = {
  "client-go": { version: "v0.36.3" },
  apimachinery: {
    version: "v0.36.3",
    packages:
      "api/equality api/errors api/meta api/resource apis/meta/v1 apis/meta/v1/unstructured fields labels runtime \
runtime/schema selection types util/intstr util/jsonmergepatch util/managedfields util/mergepatch util/strategicpatch \
util/validation util/wait version watch".split(" ").map((name) => `pkg/${name}`)
  }
}
const left = /(?:^|\/)(?:examples|third_party|internal|hack|testdata)(?:\/|$)/

const symbolsFile = "docs/parity/symbols.json"
const rulesFolder = "docs/parity/rules"
const page = "docs/parity.md"

/** The exported names that the Go source of one file declares at its top. Relies on gofmt's layout. */
export const declared = (source: string): ReadonlyArray<string> => {
  const found: Array<string> = []
  let block: string | undefined
  let depth = 0
  const text = source.replace(/\/\*[\s\S]*?\*\//g, "").replace(/`[^`]*`/g, "``").replace(/"(?:\\.|[^"\\\n])*"/g, "\"\"")
    .replace(/\/\/.*/g, "")
  for (const line of text.split("\n")) {
    if (block === undefined) {
      const opened = /^(type|const|var) \($/.exec(line.trimEnd())
      if (opened) {
        block = opened[1]
        depth = 0
        continue
      }
      const single = /^(func|type|const|var) ([A-Z]\w*)/.exec(line)
      if (single) found.push(`${single[1]} ${single[2]}`)
      continue
    }
    if (depth === 0 && line.startsWith(")")) {
      block = undefined
      continue
    }
    const member = /^\t([A-Z]\w*(?:, [A-Z]\w*)*)\b/.exec(line)
    if (depth === 0 && member) { for (const name of (member[1] ?? "").split(", ")) found.push(`${block} ${name}`) }
    for (const bracket of line.match(/[({[\]})]/g) ?? []) depth += "({[".includes(bracket) ? 1 : -1
  }
  return found
}

const extract = (cache: string): Symbols => {
  const symbols: Record<string, Array<string>> = {}
  for (const [module, { packages, version }] of Object.entries(modules)) {
    const base = path.join(cache, `${module}@${version}`)
    for (const entry of fs.readdirSync(base, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !entry.name.endsWith(".go") || entry.name.endsWith("_test.go")) continue
      const folder = path.relative(base, entry.parentPath).split(path.sep).join("/")
      if (left.test(folder) || (packages !== undefined && !packages.includes(folder))) continue
      const source = fs.readFileSync(path.join(entry.parentPath, entry.name), "utf8")
      if (/^package main$/m.test(source)) continue
      const name = `${module}/${folder}`
      symbols[name] = [...(symbols[name] ?? []), ...declared(source)]
    }
  }
  return Object.fromEntries(
    Object.entries(symbols).filter(([, names]) => names.length > 0).sort(([a], [b]) => a < b ? -1 : 1)
      .map(([name, names]) => [name, Array.from(new Set(names)).sort()])
  )
}

const globOf = (glob: string): RegExp => new RegExp(`^${glob.replace(/[.+]/g, "\\$&").replaceAll("*", ".*")}$`)

const compile = (rule: Rule) => ({
  glob: rule[0],
  packages: globOf(rule[0]),
  isWhole: rule[1] === "*",
  symbol: rule[1] === "*" ? /^/ : new RegExp(`^(?:${rule[1]})$`),
  ours: rule[2],
  note: rule[3],
  uses: 0
})

/** What is wrong with what a rule calls ours: a module that is not there, or an export that it does not have. */
const faultOf = (ours: string): string | undefined => {
  for (const name of ours.split(",").map((part) => part.trim()).filter((part) => part !== "")) {
    const [module = "", member] = name.split(".")
    const file = path.join(Tree.root, "src", `${module}.ts`)
    const isFolder = fs.existsSync(path.join(Tree.root, "src", module)) && module !== ""
    if (!fs.existsSync(file)) {
      if (isFolder && member === undefined) continue
      return `there is no module ${module}`
    }
    const exported = `export (?:declare )?(?:const|function|class|interface|type) ${member}\\b`
    const renamed = `export \\{[^}]*\\b${member}\\b[^}]*\\}`
    const has = new RegExp(`${exported}|${renamed}`).test(fs.readFileSync(file, "utf8"))
    if (member !== undefined && !has) return `${module} exports no ${member}`
  }
  return undefined
}

const cell = (text: string): string => text.replaceAll("|", "\\|")

const code = (ours: string): string => ours.split(",").map((part) => `\`${part.trim()}\``).join(", ")

const main = (): number => {
  const args = process.argv.slice(2)
  if (args[0] === "--extract") {
    const symbols = extract(args[1] ?? "")
    Tree.emit(new Map([[symbolsFile, JSON.stringify(symbols, null, 1) + "\n"]]), false)
    return 0
  }
  const symbols: Symbols = JSON.parse(fs.readFileSync(path.join(Tree.root, symbolsFile), "utf8"))
  const faults: Array<string> = []
  const rules = fs.readdirSync(path.join(Tree.root, rulesFolder)).filter((name) => name.endsWith(".json")).sort()
    .flatMap((name) => {
      const list: ReadonlyArray<Rule> = JSON.parse(fs.readFileSync(path.join(Tree.root, rulesFolder, name), "utf8"))
      return list.map((rule) => {
        const compiled = compile(rule)
        const where = `${rulesFolder}/${name}: ${rule[0]} ${rule[1]}`
        const fault = rule[2] === "" && rule[3] === "" ? "not ported, and no reason" : faultOf(rule[2])
        if (fault !== undefined) faults.push(`${where}: ${fault}`)
        return { ...compiled, where }
      })
    })

  const totals = { ours: 0, not: 0, open: 0 }
  const summary: Array<string> = []
  const wholes = new Map<string, { readonly became: string; packages: number; symbols: number; ours: number }>()
  const sections: Array<string> = []
  const open: Array<string> = []
  for (const [name, members] of Object.entries(symbols)) {
    const count = { ours: 0, not: 0, open: 0 }
    const whole = rules.find((rule) => rule.isWhole && rule.packages.test(name))
    const rows = members.map((member) => {
      const [kind = "", symbol = ""] = member.split(" ")
      const rule = whole ?? rules.find((rule) => !rule.isWhole && rule.packages.test(name) && rule.symbol.test(symbol))
      if (rule !== undefined) rule.uses++
      count[rule === undefined ? "open" : rule.ours === "" ? "not" : "ours"]++
      if (rule === undefined) open.push(`${name} ${member}`)
      const status = rule === undefined ? "open" : rule.ours === "" ? "not ported" : code(rule.ours)
      return `| \`${symbol}\` | ${kind} | ${status} | ${cell(rule?.note ?? "")} |`
    })
    totals.ours += count.ours
    totals.not += count.not
    totals.open += count.open
    const counts = `${members.length} | ${count.ours} | ${count.not} | ${count.open}`
    if (whole !== undefined) {
      const became = `${whole.ours === "" ? "not ported" : code(whole.ours)}: ${cell(whole.note)}`
      const group = wholes.get(whole.glob) ?? { became, packages: 0, symbols: 0, ours: 0 }
      wholes.set(whole.glob, group)
      group.packages++
      group.symbols += members.length
      group.ours += count.ours
    } else {
      summary.push(`| [${name}](#${name.replaceAll("/", "").toLowerCase()}) | ${counts} |`)
      sections.push(
        `## ${name}\n\n| Symbol | Kind | Ours | Note |\n| --- | --- | --- | --- |\n${rows.join("\n")}\n`
      )
    }
  }
  const groups = Array.from(
    wholes,
    ([glob, { became, ours, packages, symbols }]) =>
      `| \`${glob}\` | ${packages} | ${symbols} | ${ours} | ${symbols - ours} | ${became} |`
  )
  for (const rule of rules) if (rule.uses === 0) faults.push(`${rule.where}: decides nothing`)

  if (args[0] === "--open") {
    for (const line of open.filter((line) => line.startsWith(args[1] ?? ""))) console.log(line)
    return 0
  }
  const versions = Object.entries(modules).map(([module, { version }]) => `${module} ${version}`).join(" and ")
  const text = `# Parity with client-go

Every public type, function, constant and variable of ${versions} (there only the packages
that clients use), and what stands for it here; methods go with their type. Of ${
    totals.ours + totals.not + totals.open
  } symbols ${totals.ours} have a counterpart,
${totals.not} are not ported for the reason beside them, ${totals.open} are open. Written by \`npm run parity\` from
[parity/rules](parity/rules).

Packages that Go generates, one for each group and version:

| Packages | Number | Symbols | Ours | Not ported | |
| --- | --- | --- | --- | --- | --- |
${groups.join("\n")}

All others:

| Package | Symbols | Ours | Not ported | Open |
| --- | --- | --- | --- | --- |
${summary.join("\n")}

${sections.join("\n")}`
  const check = args.includes("--check")
  const changed = Tree.emit(new Map([[page, text]]), check)
  for (const fault of faults) console.error(fault)
  console.log(`${totals.ours} ours, ${totals.not} not ported, ${totals.open} open`)
  if (check && changed > 0) console.error("run `npm run parity`")
  return faults.length > 0 || (check && changed > 0) ? 1 : 0
}

if (import.meta.main) process.exitCode = main()
