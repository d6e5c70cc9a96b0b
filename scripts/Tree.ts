/**
 * The modules of `src` as the scripts see them: which file belongs to which folder, what it imports, how long it is.
 *
 * Reads files and nothing else. Fed to `exports.ts` (barrels and the exports map) and `architecture.ts` (arrows).
 */
import * as fs from "node:fs"
import * as path from "node:path"

export const root = path.resolve(import.meta.dirname, "..")

/** One source file. */
export interface SourceFile {
  /** Relative to the root of the repository, with `/`: `src/Informer/Reflector.ts`. */
  readonly path: string
  readonly text: string
}

/** All `.ts` files below a folder of the repository, sorted by path. */
export const read = (folder: string): ReadonlyArray<SourceFile> =>
  fs.existsSync(path.join(root, folder))
    ? fs.readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
      .map((entry) => path.join(entry.parentPath, entry.name))
      .sort()
      .map((file) => ({
        path: path.relative(root, file).split(path.sep).join("/"),
        text: fs.readFileSync(file, "utf8")
      }))
    : []

/** `Informer` for `src/Informer/internal/x.ts`; `""` for a file directly in `src`. */
export const folderOf = (file: string): string => {
  const parts = file.split("/")
  return parts.length > 2 ? (parts[1] ?? "") : ""
}

export const isBarrel = (file: string): boolean => path.posix.basename(file) === "index.ts"

export const isInternal = (file: string): boolean => file.split("/").includes("internal")

/**
 * A binding to one runtime (`NodeTransport.ts`, `internal/nodeExchange.ts`): the only modules beside programs that may
 * import Node or undici.
 */
export const isBinding = (file: string): boolean => /^[Nn]ode[A-Z]/.test(path.posix.basename(file))

/** A program: it may import anything and is imported by nobody. */
export const isProgram = (file: string): boolean => path.posix.basename(file) === "bin.ts"

/**
 * The text with comments and the insides of strings blanked out, line breaks kept. A string that follows `from`,
 * `import` or `import(` stays, as it names a module.
 */
export const strip = (text: string): string => {
  let out = ""
  let i = 0
  const until = (end: string, escapes: boolean): string => {
    let j = i + 1
    while (j < text.length && text.slice(j, j + end.length) !== end) j += escapes && text[j] === "\\" ? 2 : 1
    return text.slice(i, Math.min(j + end.length, text.length))
  }
  while (i < text.length) {
    const two = text.slice(i, i + 2)
    const one = text[i] ?? ""
    if (two === "//") {
      const comment = until("\n", false)
      out += "\n"
      i += comment.length
    } else if (two === "/*") {
      const comment = until("*/", false)
      out += comment.replace(/[^\n]/g, " ")
      i += comment.length
    } else if (one === "\"" || one === "'" || one === "`") {
      const string = until(one, true)
      const names = /(?:\bfrom|\bimport|\bimport\()\s*$/.test(out)
      out += names ? string : one + string.slice(1, -1).replace(/[^\n]/g, " ") + one
      i += string.length
    } else {
      out += one
      i++
    }
  }
  return out
}

/** The module names that a file imports or re-exports, in order. */
export const importsOf = (file: SourceFile): ReadonlyArray<string> =>
  Array.from(strip(file.text).matchAll(/(?:\bfrom|\bimport|\bimport\()\s*["']([^"']+)["']/g), (match) => match[1] ?? "")

/** Lines that hold code: neither blank nor comment. */
export const codeLines = (file: SourceFile): number =>
  strip(file.text).split("\n").filter((line) => line.trim() !== "").length

/** The first sentence of the comment a file opens with, or `undefined`. */
export const summaryOf = (file: SourceFile): string | undefined => {
  const comment = /^(?:#!.*\n)?\s*\/\*\*([\s\S]*?)\*\//.exec(file.text)?.[1]
  if (comment === undefined) return undefined
  const paragraph =
    comment.split("\n").map((line) => line.replace(/^\s*\*?\s?/, "")).join("\n").trim().split(/\n\s*\n/)[0]
  return paragraph === undefined || paragraph.startsWith("@") ? undefined : paragraph.replace(/\s+/g, " ")
}

/** Writes generated files, or with `check` names those that differ. Answers how many differed. */
export const emit = (files: ReadonlyMap<string, string>, check: boolean): number => {
  let changed = 0
  for (const [file, text] of files) {
    const target = path.join(root, file)
    const before = fs.existsSync(target) ? fs.readFileSync(target, "utf8") : undefined
    if (before === text) continue
    changed++
    if (check) {
      console.error(`${file} is not up to date`)
    } else {
      fs.mkdirSync(path.dirname(target), { recursive: true })
      fs.writeFileSync(target, text)
      console.log(`wrote ${file}`)
    }
  }
  return changed
}
