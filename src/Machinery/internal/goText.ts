/**
 * How Go writes and measures text, where a message or a limit of the API server depends on it.
 *
 * @internal
 */

const escapes: { readonly [character: string]: string } = {
  "\u0007": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
  "\"": "\\\"",
  "\\": "\\\\"
}

const escape = (character: string): string => {
  const known = escapes[character]
  if (known !== undefined) return known
  const code = character.codePointAt(0) ?? 0
  if (code < 0x20 || code === 0x7f) return `\\x${code.toString(16).padStart(2, "0")}`
  if (code >= 0xd800 && code <= 0xdfff) return "\ufffd"
  return code < 0x10000 ? `\\u${code.toString(16).padStart(4, "0")}` : `\\U${code.toString(16).padStart(8, "0")}`
}

/** Go's `%q`. */
export const quote = (text: string): string => {
  // Not outside: a third of a millisecond of every import would go into its classes of characters.
  const unquotable = /["\\]|[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu
  return `"${text.replace(unquotable, escape)}"`
}

/** Go's `len`: the bytes of the UTF-8 form. */
export const byteLength = (text: string): number => {
  let length = text.length
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code >= 0x800) length += code >= 0xd800 && code <= 0xdfff ? 1 : 2
    else if (code >= 0x80) length += 1
  }
  return length
}

/** The order of strings in Go and in canonical texts: by code point. */
export const compare = (left: string, right: string): number => left < right ? -1 : left > right ? 1 : 0

/** Go's `%v` of a number: integers in full, others with an exponent where it is below -4. */
const number = (value: number): string => {
  const [mantissa = "", exponent = ""] = value.toExponential().split("e")
  const power = Number(exponent)
  if (power < 21 && (power >= -4 || value === 0)) return String(value)
  return `${mantissa}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`
}

/** Go's `%v` of decoded JSON. */
export const print = (value: unknown): string => {
  if (value === null || value === undefined) return "<nil>"
  if (Array.isArray(value)) return `[${value.map(print).join(" ")}]`
  if (typeof value === "number") return number(value)
  if (typeof value !== "object") return String(value)
  const members = Object.entries(value).sort(([left], [right]) => compare(left, right))
  return `map[${members.map(([key, member]) => `${key}:${print(member)}`).join(" ")}]`
}

/** Go's type of decoded JSON. */
export const typeName = (value: unknown): string => {
  if (value === null || value === undefined) return "%!s(<nil>)"
  if (Array.isArray(value)) return "[]interface {}"
  switch (typeof value) {
    case "object":
      return "map[string]interface {}"
    case "number":
      return Number.isInteger(value) ? "int64" : "float64"
    case "boolean":
      return "bool"
    default:
      return typeof value
  }
}
