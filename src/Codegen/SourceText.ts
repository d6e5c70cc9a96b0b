/**
 * TypeScript text that all printers share: literals, keys, headers and the paths between generated files.
 *
 * @since 0.1.0
 */
import type { Module, Resource } from "./ResourceModel.ts"

/**
 * How the printed modules are named and reach what is not generated.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** What every file says of its origin. */
  readonly origin: string
  /** Where `Machinery` is, seen from the folder of the files: `../Machinery`, or `effect-kubernetes/Machinery`. */
  readonly machinery: string
  /** The end of an import: `.ts`, or nothing where `machinery` is a package. */
  readonly extension: string
  /** The reference page of a kind; `undefined` where there is none. */
  readonly reference: (module: Module, resource: Resource) => string | undefined
}

/**
 * The value as TypeScript. Names that need no quotes get none.
 *
 * @category accessors
 * @since 0.1.0
 */
export const literal = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`
  if (typeof value !== "object" || value === null) return JSON.stringify(value)
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  return members.length === 0
    ? "{}"
    : `{ ${members.map(([name, member]) => `${key(name)}: ${literal(member)}`).join(", ")} }`
}

/**
 * A name as the key of a member.
 *
 * @category accessors
 * @since 0.1.0
 */
export const key = (name: string): string => /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name)

/**
 * The header of a file: a sentence that says what it holds, and its origin.
 *
 * @category accessors
 * @since 0.1.0
 */
export const header = (options: Options, summary: string): string =>
  `${comment([summary, "", options.origin, "", "@since 0.1.0"])}`

/**
 * A documentation comment. Paragraphs are broken at 120 columns.
 *
 * @category accessors
 * @since 0.1.0
 */
export const comment = (lines: ReadonlyArray<string>, indent = ""): string => {
  const [only] = lines.length === 1 ? lines : []
  if (only !== undefined && only.length + indent.length + 7 <= width) return `${indent}/** ${only} */\n`
  const broken = lines.flatMap((line) => fill(line.split(" "), " ", width - indent.length - 3))
  return `${indent}/**\n${broken.map((line) => `${indent} * ${line}`.trimEnd()).join("\n")}\n${indent} */\n`
}

/**
 * Joins words to lines that are as long as the limit allows. A word that is longer stands alone.
 *
 * @category accessors
 * @since 0.1.0
 */
export const fill = (words: ReadonlyArray<string>, separator: string, limit: number): ReadonlyArray<string> => {
  const lines: Array<string> = []
  for (const word of words) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + separator.length + word.length <= limit) {
      lines[lines.length - 1] = `${last}${separator}${word}`
    } else {
      lines.push(word)
    }
  }
  return lines
}

/**
 * The columns of a line.
 *
 * @category accessors
 * @since 0.1.0
 */
export const width = 120

/**
 * The path of a file or folder, seen from a file. Both are given from the folder of all generated files.
 *
 * @category accessors
 * @since 0.1.0
 */
export const relative = (from: string, to: string): string => {
  const here = from.split("/").slice(0, -1)
  const there = to.split("/")
  const shared = here.findIndex((folder, index) => folder !== there[index])
  const common = shared === -1 ? here.length : shared
  const up = "../".repeat(here.length - common)
  return `${up === "" ? "./" : up}${there.slice(common).join("/")}`
}

/**
 * The path of a module of `Machinery`, seen from a file.
 *
 * @category accessors
 * @since 0.1.0
 */
export const machinery = (options: Options, from: string, module: string): string => {
  const base = options.machinery.startsWith(".") ? relative(from, options.machinery) : options.machinery
  return `${base}/${module}${options.extension}`
}
