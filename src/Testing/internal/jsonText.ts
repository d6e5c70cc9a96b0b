/**
 * Reads JSON text as Go does: the same complaints about what is no JSON, and a note of members that stand twice.
 *
 * @internal
 */
import * as Json from "../../Machinery/Json.ts"

/** What was read. */
export interface Read {
  readonly value: unknown
  /** The paths of members that stand twice, as Go's strict decoder names them. */
  readonly duplicates: ReadonlyArray<string>
}

/** Why it cannot be read, in Go's words. */
export interface Problem {
  readonly problem: string
}

const ended: Problem = { problem: "unexpected end of JSON input" }

const shown = (character: string): string =>
  character === "'" ? `'\\''` : character === "\n" ? `'\\n'` : `'${character}'`

/** Reads one JSON text. */
export const read = (text: string): Read | Problem => {
  const duplicates: Array<string> = []
  let position = 0
  let problem: Problem | undefined

  const fail = (where: string): undefined => {
    const character = text[position]
    problem ??= character === undefined ? ended : { problem: `invalid character ${shown(character)} ${where}` }
    return undefined
  }
  const skip = () => {
    while (position < text.length && " \t\r\n".includes(text.charAt(position))) position++
  }
  const string = (): string | undefined => {
    const start = position
    position++
    while (position < text.length) {
      const character = text.charAt(position)
      if (character === "\\") position += 2
      else if (character === "\"") {
        position++
        return parse(text.slice(start, position)) as string | undefined
      } else if (character < " ") return fail("in string literal")
      else position++
    }
    return fail("")
  }
  const parse = (literal: string): unknown => {
    const parsed = parseLiteral(literal)
    if (parsed === undefined) problem ??= { problem: `invalid character in literal ${literal.slice(0, 20)}` }
    return parsed
  }
  const value = (path: string): unknown => {
    skip()
    const character = text[position]
    if (character === "{") return object(path)
    if (character === "[") return array(path)
    if (character === "\"") return string()
    const literal = /[-+.\w]+/y
    literal.lastIndex = position
    const found = literal.exec(text)
    if (found === null || !/^(?:-|[0-9]|t|f|n)/.test(found[0])) return fail("looking for beginning of value")
    position += found[0].length
    return parse(found[0])
  }
  const object = (path: string): Json.JsonObject | undefined => {
    const draft: Json.Draft = {}
    position++
    skip()
    if (text[position] === "}") {
      position++
      return draft
    }
    for (;;) {
      skip()
      if (text[position] !== "\"") return fail("looking for beginning of object key string")
      const key = string()
      if (key === undefined) return undefined
      skip()
      if (text[position] !== ":") return fail("after object key")
      position++
      const inner = path === "" ? key : `${path}.${key}`
      if (Object.hasOwn(draft, key)) duplicates.push(inner)
      Json.set(draft, key, value(inner))
      if (problem !== undefined) return undefined
      skip()
      if (text[position] === "}") {
        position++
        return draft
      }
      if (text[position] !== ",") return fail("after object key:value pair")
      position++
    }
  }
  const array = (path: string): ReadonlyArray<unknown> | undefined => {
    const items: Array<unknown> = []
    position++
    skip()
    if (text[position] === "]") {
      position++
      return items
    }
    for (;;) {
      items.push(value(`${path}[${items.length}]`))
      if (problem !== undefined) return undefined
      skip()
      if (text[position] === "]") {
        position++
        return items
      }
      if (text[position] !== ",") return fail("after array element")
      position++
    }
  }

  const result = value("")
  if (problem === undefined) {
    skip()
    if (position < text.length) fail("after top-level value")
  }
  return problem ?? { value: result, duplicates }
}

const parseLiteral = (literal: string): unknown => {
  if (literal === "true") return true
  if (literal === "false") return false
  if (literal === "null") return null
  if (/^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$/.test(literal)) return Number(literal)
  return /^"(?:[^"\\]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"$/.test(literal) ? JSON.parse(literal) : undefined
}

/** Whether the text could not be read. */
export const isProblem = (read: Read | Problem): read is Problem => "problem" in read

/** The bytes of a text in UTF-8. */
export const byteLength = (text: string): number => new TextEncoder().encode(text).length
