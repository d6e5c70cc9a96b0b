/**
 * The Common Expression Language: from text to words, signs and literals.
 *
 * @internal
 */
import * as Result from "effect/Result"

/** What is wrong with an expression, and where: an offset in its text. */
export interface Problem {
  readonly at: number
  readonly why: string
}

/** A constant. Integers are big, bytes are bytes. */
export type Literal =
  | { readonly type: "int" | "uint"; readonly value: bigint }
  | { readonly type: "double"; readonly value: number }
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "bytes"; readonly value: Uint8Array }
  | { readonly type: "bool"; readonly value: boolean }
  | { readonly type: "null"; readonly value: null }

/** A word, a sign, a literal or the end. */
export interface Token {
  readonly kind: "word" | "literal" | "sign" | "end"
  readonly text: string
  readonly value: Literal | undefined
  readonly at: number
}

const escapes: { readonly [letter: string]: string } = {
  n: "\n",
  t: "\t",
  r: "\r",
  a: "\x07",
  b: "\b",
  f: "\f",
  v: "\v"
}

const escape = /\\(?:[xX]([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|([nrtabfv\\'"`?]))/

/** The characters that a quoted text stands for; bytes by number where it is one of bytes. */
const unescaped = (text: string, isBytes: boolean): ReadonlyArray<string | number> | undefined => {
  const out: Array<string | number> = []
  for (let at = 0; at < text.length;) {
    if (text.charAt(at) !== "\\") {
      const character = String.fromCodePoint(text.codePointAt(at) ?? 0)
      out.push(character)
      at += character.length
      continue
    }
    const found = new RegExp(escape, "y")
    found.lastIndex = at
    const [all = "", x, u, long, octal, letter] = found.exec(text) ?? []
    if (all === "") return undefined
    at += all.length
    const code = x ?? octal
    if (code !== undefined) {
      const number = Number.parseInt(code, x === undefined ? 8 : 16)
      out.push(isBytes ? number : String.fromCodePoint(number))
    } else if (u !== undefined || long !== undefined) {
      const number = Number.parseInt(u ?? long ?? "", 16)
      if (isBytes || number > 0x10ffff || (number >= 0xd800 && number <= 0xdfff)) return undefined
      out.push(String.fromCodePoint(number))
    } else out.push(escapes[letter ?? ""] ?? letter ?? "")
  }
  return out
}

const quoted = (prefix: string, text: string): Literal | undefined => {
  const isBytes = /b/i.test(prefix)
  const parts = /r/i.test(prefix) ? [text] : unescaped(text, isBytes)
  if (parts === undefined) return undefined
  if (!isBytes) return { type: "string", value: parts.join("") }
  const encoder = new TextEncoder()
  const bytes = parts.flatMap((part) => typeof part === "number" ? [part] : [...encoder.encode(part)])
  return { type: "bytes", value: Uint8Array.from(bytes) }
}

const number = (text: string): Literal => {
  if (/[uU]$/.test(text)) return { type: "uint", value: BigInt(text.slice(0, -1)) }
  return /^0x/i.test(text) || /^\d+$/.test(text)
    ? { type: "int", value: BigInt(text) }
    : { type: "double", value: Number(text) }
}

const pattern =
  /(?<space>\s+|\/\/[^\n]*)|(?<prefix>[rR][bB]?|[bB][rR]?)?(?:"""(?<d3>(?:[^\\]|\\[^])*?)"""|'''(?<s3>(?:[^\\]|\\[^])*?)'''|"(?<d>(?:[^"\\\n]|\\.)*)"|'(?<s>(?:[^'\\\n]|\\.)*)')|(?<number>0[xX][0-9a-fA-F]+[uU]?|\d+\.\d+(?:[eE][-+]?\d+)?|\d+[eE][-+]?\d+|\.\d+(?:[eE][-+]?\d+)?|\d+[uU]?)|(?<word>[A-Za-z_]\w*)|(?<sign>\|\||&&|==|!=|<=|>=|[-+*/%!<>?:.,()[\]{}])/y

const rawPattern = /(?<prefix>[bB]?[rR][bB]?)(?:"""(?<d3>[^]*?)"""|'''(?<s3>[^]*?)'''|"(?<d>[^"\n]*)"|'(?<s>[^'\n]*)')/y

/** The tokens of a text, without the end. */
export const scan = (text: string): Result.Result<ReadonlyArray<Token>, Problem> => {
  const tokens: Array<Token> = []
  let at = 0
  while (at < text.length) {
    const raw = new RegExp(rawPattern)
    const any = new RegExp(pattern)
    raw.lastIndex = at
    any.lastIndex = at
    const found = raw.exec(text) ?? any.exec(text)
    if (found === null) {
      const escaped = /^`[\w.\-/ ]+`/.exec(text.slice(at))
      if (escaped !== null) return Result.fail({ at, why: "unsupported syntax: '`'" })
      const rest = /^["']/.test(text.slice(at)) ? text.slice(at) : text.slice(at, at + 2)
      return Result.fail({ at, why: `Syntax error: token recognition error at: '${rest}'` })
    }
    const groups = found.groups ?? {}
    const [all] = found
    const inner = groups["d3"] ?? groups["s3"] ?? groups["d"] ?? groups["s"]
    if (inner !== undefined) {
      const value = quoted(groups["prefix"] ?? "", inner)
      if (value === undefined) return Result.fail({ at, why: `Syntax error: token recognition error at: '${all}'` })
      tokens.push({ kind: "literal", text: all, value, at })
    } else if (groups["number"] !== undefined) {
      const value = number(all)
      if (value.type === "uint" && value.value > 0xffff_ffff_ffff_ffffn) {
        return Result.fail({ at, why: "invalid uint literal" })
      }
      tokens.push({ kind: "literal", text: all, value, at })
    } else if (groups["space"] === undefined) {
      tokens.push({ kind: groups["word"] === undefined ? "sign" : "word", text: all, value: undefined, at })
    }
    at += all.length
  }
  return Result.succeed(tokens)
}
