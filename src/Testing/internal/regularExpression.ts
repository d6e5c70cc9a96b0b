/**
 * Regular expressions of Go (RE2) as those of JavaScript: the same texts match, and what Go refuses is refused.
 *
 * @see https://github.com/google/re2/wiki/Syntax
 * @internal
 */
import * as Result from "effect/Result"

const posix: { readonly [name: string]: string } = {
  alnum: "0-9A-Za-z",
  alpha: "A-Za-z",
  ascii: "\\x00-\\x7f",
  blank: "\\t ",
  cntrl: "\\x00-\\x1f\\x7f",
  digit: "0-9",
  graph: "!-~",
  lower: "a-z",
  print: " -~",
  punct: "!-\\/:-@\\[-`\\{-~",
  space: "\\t\\n\\v\\f\\r ",
  upper: "A-Z",
  word: "0-9A-Za-z_",
  xdigit: "0-9A-Fa-f"
}

const perl: { readonly [letter: string]: string } = {
  d: "0-9",
  s: "\\t\\n\\f\\r ",
  w: "0-9A-Za-z_"
}

const special = /[\\^$.*+?()[\]{}|/]/

const specialInClass = /[\\^$.*+?()[\]{}|/&\-!#%,:;<=>@`~]/

const literal = (character: string, isInClass = false): string =>
  (isInClass ? specialInClass : special).test(character) ? `\\${character}` : character

const fail = (what: string, part: string): Result.Result<never, string> =>
  Result.fail(`error parsing regexp: ${what}: \`${part}\``)

interface Reader {
  readonly text: string
  at: number
}

const property = (reader: Reader, letter: string): string | undefined => {
  const [all, braced, short] = /^(?:\{\^?(\w+)\}|([A-Z]))/.exec(reader.text.slice(reader.at)) ?? []
  if (all === undefined) return undefined
  reader.at += all.length
  const isNegated = (letter === "P") !== all.startsWith("{^")
  const name = braced ?? short ?? ""
  const inner = /^(?:[CLMNPSZ][a-z]?|Any)$/.test(name) ? name : `Script=${name}`
  return `\\${isNegated ? "P" : "p"}{${inner}}`
}

/** An escape behind its backslash; `undefined` for one that Go does not have. */
const escaped = (reader: Reader, isInClass: boolean): string | undefined => {
  const letter = reader.text.charAt(reader.at++)
  if (Object.hasOwn(perl, letter)) return isInClass ? perl[letter] : `[${perl[letter]}]`
  const negated = Object.hasOwn(perl, letter.toLowerCase()) ? perl[letter.toLowerCase()] : undefined
  if (negated !== undefined) return `[^${negated}]`
  if (letter === "p" || letter === "P") return property(reader, letter)
  if (letter === "x") {
    const [all, long, short] = /^(?:\{([0-9a-fA-F]+)\}|([0-9a-fA-F]{2}))/.exec(reader.text.slice(reader.at)) ?? []
    if (all === undefined) return undefined
    reader.at += all.length
    return `\\u{${long ?? short ?? ""}}`
  }
  if (letter === "a") return "\\x07"
  if (/[tnrfv]/.test(letter)) return `\\${letter}`
  if (/[0-7]/.test(letter)) {
    const [digits = ""] = /^[0-7]{1,3}/.exec(reader.text.slice(reader.at - 1)) ?? []
    if (letter !== "0" && digits.length < 2) return undefined
    reader.at += digits.length - 1
    return `\\u{${Number.parseInt(digits, 8).toString(16)}}`
  }
  if (!isInClass) {
    if (letter === "A") return "(?<![^])"
    if (letter === "z") return "(?![^])"
    if (letter === "b" || letter === "B") return `\\${letter}`
    if (letter === "Q") {
      const end = reader.text.indexOf("\\E", reader.at)
      const inner = reader.text.slice(reader.at, end < 0 ? undefined : end)
      reader.at = end < 0 ? reader.text.length : end + 2
      return Array.from(inner, (each) => literal(each)).join("")
    }
  }
  return /[!-/:-@[-`{-~]/.test(letter) ? literal(letter, isInClass) : undefined
}

const characterClass = (reader: Reader): Result.Result<string, string> => {
  const start = reader.at - 1
  let out = "["
  if (reader.text.charAt(reader.at) === "^") {
    reader.at++
    out += "^"
  }
  for (let isFirst = true;; isFirst = false) {
    const letter = reader.text.charAt(reader.at)
    if (letter === "") return fail("missing closing ]", reader.text.slice(start))
    if (letter === "]" && !isFirst) {
      reader.at++
      return Result.succeed(`${out}]`)
    }
    const [named, isNegated, name = ""] = /^\[:(\^?)(\w+):\]/.exec(reader.text.slice(reader.at)) ?? []
    if (named !== undefined) {
      const inner = posix[name]
      if (inner === undefined) return fail("invalid character class range", named)
      reader.at += named.length
      out += isNegated === "^" ? `[^${inner}]` : inner
      continue
    }
    if (letter === "\\") {
      reader.at++
      const inner = escaped(reader, true)
      if (inner === undefined) return fail("invalid escape sequence", reader.text.slice(reader.at - 2, reader.at))
      out += inner
      continue
    }
    const character = String.fromCodePoint(reader.text.codePointAt(reader.at) ?? 0)
    reader.at += character.length
    // A minus between two characters makes a range; elsewhere it is one of them.
    const next = reader.text.charAt(reader.at)
    out += character === "-"
      ? isFirst || next === "]" ? "\\-" : "-"
      : literal(character, true)
  }
}

/** The longest repetition that Go takes. */
const most = 1000

const translate = (text: string): Result.Result<string, string> => {
  const reader: Reader = { text, at: 0 }
  const hasDotAll = /\(\?[a-zA-Z]*s/.test(text)
  /** The groups that flags opened, in each of the text's groups that are open. */
  const levels: Array<Array<string>> = [[]]
  let out = ""
  while (reader.at < text.length) {
    const letter = text.charAt(reader.at)
    const rest = text.slice(reader.at)
    if (letter === "\\") {
      reader.at++
      const inner = escaped(reader, false)
      if (inner === undefined) return fail("invalid escape sequence", text.slice(reader.at - 2, reader.at))
      out += inner
      continue
    }
    if (letter === "[") {
      reader.at++
      const inner = characterClass(reader)
      if (Result.isFailure(inner)) return Result.fail(inner.failure)
      out += inner.success
      continue
    }
    if (letter === "(") {
      const [all, name, set] = /^\((?:\?P?<(\w+)>|\?([imsU]*(?:-[imsU]+)?)[:)])?/.exec(rest) ?? ["("]
      if (rest.startsWith("(?") && name === undefined && set === undefined) {
        return fail("invalid or unsupported Perl syntax", /^\(\?.?/.exec(rest)?.[0] ?? rest)
      }
      reader.at += all.length
      const flags = (set ?? "").replace("U", "").replace(/-$/, "")
      const opening = flags === "" ? "(?:" : `(?${flags}:`
      if (all.endsWith(")")) {
        // Flags hold to the end of the group, in each of its branches.
        levels.at(-1)?.push(opening)
        out += opening
        continue
      }
      levels.push([])
      out += name === undefined ? set === undefined ? "(" : opening : `(?<${name}>`
      continue
    }
    if (letter === ")" || letter === "|") {
      if (letter === ")" && levels.length === 1) return fail("unexpected )", text)
      const open = letter === ")" ? levels.pop() ?? [] : levels.at(-1) ?? []
      reader.at++
      out += `${")".repeat(open.length)}${letter}${letter === "|" ? open.join("") : ""}`
      continue
    }
    const [repeat, from = "", comma, to = ""] = /^\{(\d+)(,(\d*))?\}/.exec(rest) ?? []
    if (repeat !== undefined) {
      if (Number(from) > most || Number(to) > most) return fail("invalid repeat count", repeat)
      reader.at += repeat.length
      out += `{${from}${comma === undefined ? "" : `,${to}`}}`
      continue
    }
    const character = String.fromCodePoint(text.codePointAt(reader.at) ?? 0)
    reader.at += character.length
    // Go's dot is any character but the end of a line; JavaScript's spares three more.
    out += character === "."
      ? hasDotAll ? "." : "[^\\n]"
      : character === "{" || character === "}" || character === "]"
      ? `\\${character}`
      : character
  }
  return levels.length > 1
    ? fail("missing closing )", text)
    : Result.succeed(`${out}${")".repeat(levels[0]?.length ?? 0)}`)
}

const known = new Map<string, Result.Result<RegExp, string>>()

/** The expression; the same object each time, so that nobody may depend on its `lastIndex`. Fails with Go's words. */
export const make = (text: string): Result.Result<RegExp, string> => {
  const found = known.get(text)
  if (found !== undefined) return found
  const made = Result.flatMap(translate(text), (source) =>
    Result.try({
      // In the mode `v` a negated class may stand within a class.
      try: () => new RegExp(source, "v"),
      catch: () => `error parsing regexp: \`${text}\``
    }))
  known.set(text, made)
  return made
}
