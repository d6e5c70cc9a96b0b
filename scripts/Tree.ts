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

/** Where a `/` begins a regular expression and divides nothing. */
const beforeRegExp = /(?:^|[([{,;=:!&|?+\-*%<>~^]|\b(?:return|case|typeof|yield|await))\s*$/

/** Where a string names a module. */
const beforeModule = /(?:\bfrom|\bimport|\bimport\()\s*$/

const blank = (text: string): string => text.replace(/[^\n]/g, " ")

/**
 * The text with comments and the insides of strings, templates and regular expressions blanked out, line breaks kept.
 * A string that names a module stays. What stands in `${}` of a template is code.
 */
export const strip = (text: string): string => {
  let out = ""
  let i = 0
  // One entry for each open template, the innermost last: how many braces are open in its `${}`.
  const templates: Array<number> = []

  /** Takes what `pattern` matches here, and blanks all of it but `keep` characters at both ends. */
  const take = (pattern: RegExp, keep: number): void => {
    pattern.lastIndex = i
    const taken = pattern.exec(text)?.[0] ?? text[i] ?? ""
    const named = keep > 0 && /^["']/.test(taken) && beforeModule.test(out.slice(-20))
    out += named || taken.length < 2 * keep
      ? taken
      : taken.slice(0, keep) + blank(taken.slice(keep, taken.length - keep)) + taken.slice(taken.length - keep)
    i += taken.length
  }
  /** Takes a template from here to its end or to its next `${`. */
  const takeTemplate = (): void => {
    take(/(?:\\[\s\S]|\$(?!\{)|[^`$\\])*/y, 0)
    const isHole = text.startsWith("${", i)
    out += isHole ? "${" : "`"
    i += isHole ? 2 : 1
    if (isHole) templates.push(0)
  }

  while (i < text.length) {
    const one = text[i]
    if (text.startsWith("//", i)) take(/[^\n]*/y, 0)
    else if (text.startsWith("/*", i)) take(/\/\*[\s\S]*?(?:\*\/|$)/y, 0)
    else if (one === "\"" || one === "'") take(/(["'])(?:\\[\s\S]|(?!\1)[^\\\n])*\1?/y, 1)
    else if (one === "/" && beforeRegExp.test(out.slice(-20))) take(/\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\//y, 1)
    else if (one === "`") {
      out += "`"
      i++
      takeTemplate()
    } else {
      const depth = templates.at(-1)
      out += one
      i++
      if (depth === undefined) continue
      if (one === "{") templates[templates.length - 1] = depth + 1
      if (one === "}" && depth > 0) templates[templates.length - 1] = depth - 1
      if (one === "}" && depth === 0) {
        templates.pop()
        takeTemplate()
      }
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
