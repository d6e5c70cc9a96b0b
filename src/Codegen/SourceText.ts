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
  /** The first lines of every file, without comment signs. */
  readonly header: ReadonlyArray<string>
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
  return members.length === 0 ? "{}" : `{ ${members.map(([name, member]) => `${key(name)}: ${literal(member)}`).join(", ")} }`
}

/**
 * A name as the key of a member.
 *
 * @category accessors
 * @since 0.1.0
 */
export const key = (name: string): string => /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name)

/**
 * The header of a file.
 *
 * @category accessors
 * @since 0.1.0
 */
export const header = (options: Options): string =>
  `${options.header.map((line) => `// ${line}`.trimEnd()).join("\n")}\n\n`

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
