/**
 * The grammar of kubectl's JSONPath templates: text with actions in braces.
 *
 * @internal
 */
import * as Result from "effect/Result"
import { ParseError } from "../ParseError.ts"

/** One end of a slice; absent where the template leaves it out. */
export interface Bound {
  readonly value: number
  /** The end of a single index: the item behind it. */
  readonly derived: boolean
}

/** One step of an action. */
export type Node =
  | { readonly _tag: "Text"; readonly text: string }
  | { readonly _tag: "Value"; readonly value: number | boolean }
  | { readonly _tag: "Field"; readonly name: string }
  | {
    readonly _tag: "Slice"
    readonly start: number | undefined
    readonly end: Bound | undefined
    readonly step: number | undefined
  }
  | { readonly _tag: "Filter"; readonly left: Action; readonly operator: Operator; readonly right: Action }
  | { readonly _tag: "Union"; readonly actions: ReadonlyArray<Action> }
  | { readonly _tag: "Wildcard" }
  | { readonly _tag: "Recursive" }
  | { readonly _tag: "Range" }
  | { readonly _tag: "End" }

/** The comparisons of a filter; `exists` is what a filter without one asks. */
export type Operator = "exists" | "==" | "!=" | "<" | "<=" | ">" | ">="

/** The steps between two braces. */
export type Action = ReadonlyArray<Node>

interface Failure {
  readonly position: number
  readonly reason: string
}

type Outcome<A> = Result.Result<A, Failure>

const operators: ReadonlyArray<string> = ["==", "!=", "<", "<=", ">", ">="]
const isOperator = (text: string): text is Operator => operators.includes(text)

const isLetter = (character: string): boolean => /^[\p{L}\p{Nd}_]/u.test(character)
const isDigit = (character: string): boolean => /^\p{Nd}/u.test(character)
const isEndOfLine = (character: string): boolean => character === "\r" || character === "\n"
const isTerminator = (character: string): boolean => character === "" || " \t\r\n.,[]$@{}".includes(character)

const codeOf = (character: string): string =>
  `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")} '${character}'`

/** Parses a template. */
export const parse = (template: string): Result.Result<ReadonlyArray<Action>, ParseError> =>
  Result.mapError(
    parseText(template),
    ({ position, reason }) =>
      new ParseError({
        what: "JSONPath template",
        input: template,
        position: Math.min(Math.max(position, 0), template.length),
        reason
      })
  )

/** Parses what stands between braces, or an expression inside it, which begins at `offset` of the template. */
const parseInner = (text: string, offset: number): Outcome<Action> =>
  Result.mapBoth(parseText(`{${text}}`), {
    onSuccess: (actions) => actions[0] ?? [],
    onFailure: ({ position, reason }) => ({ position: position - 1 + offset, reason })
  })

const parseText = (input: string): Outcome<ReadonlyArray<Action>> => {
  const actions: Array<Action> = []
  let depth = 0
  let position = 0
  while (position < input.length) {
    const brace = input.indexOf("{", position)
    if (brace !== position) {
      actions.push([{ _tag: "Text", text: input.slice(position, brace < 0 ? input.length : brace) }])
    }
    if (brace < 0) break
    const parsed = parseAction(input, brace + 1)
    if (Result.isFailure(parsed)) return Result.fail(parsed.failure)
    const { action } = parsed.success
    for (const node of action) {
      if (node._tag === "Range") depth++
      if (node._tag === "End" && depth-- === 0) {
        return Result.fail({ position: brace, reason: "not in range, nothing to end" })
      }
    }
    actions.push(action)
    position = parsed.success.end
  }
  return Result.succeed(actions)
}

/** Parses an action from behind its opening brace to behind its closing one. */
const parseAction = (input: string, start: number): Outcome<{ readonly action: Action; readonly end: number }> => {
  const action: Array<Node> = []
  let position = start
  const fail = (at: number, reason: string) => Result.fail({ position: at, reason })
  const field = (from: number): number => {
    let end = from
    while (!isTerminator(input.charAt(end))) end += input.charAt(end) === "\\" ? 2 : 1
    end = Math.min(end, input.length)
    const name = input.slice(from, end)
    action.push(name === "*" ? { _tag: "Wildcard" } : { _tag: "Field", name: name.replaceAll("\\", "") })
    return end
  }
  while (true) {
    const character = String.fromCodePoint(...[input.codePointAt(position)].filter((code) => code !== undefined))
    if (character === "}") return Result.succeed({ action, end: position + 1 })
    if (input.startsWith("[?(", position)) {
      const parsed = parseFilter(input, position)
      if (Result.isFailure(parsed)) return Result.fail(parsed.failure)
      action.push(parsed.success.node)
      position = parsed.success.end
    } else if (input.startsWith("..", position)) {
      if (action.at(-1)?._tag === "Recursive") return fail(position, "invalid multiple recursive descent")
      action.push({ _tag: "Recursive" })
      position += 2
      if (isLetter(input.slice(position, position + 2))) position = field(position)
    } else if (character === "" || isEndOfLine(character)) {
      return fail(position, "unclosed action")
    } else if (character === " " || character === "@" || character === "$") {
      position++
    } else if (character === "[") {
      const parsed = parseArray(input, position)
      if (Result.isFailure(parsed)) return Result.fail(parsed.failure)
      action.push(...parsed.success.nodes)
      position = parsed.success.end
    } else if (character === "\"" || character === "'") {
      const parsed = parseQuoted(input, position, character)
      if (Result.isFailure(parsed)) return Result.fail(parsed.failure)
      action.push({ _tag: "Text", text: parsed.success.text })
      position = parsed.success.end
    } else if (character === ".") {
      position = field(position + 1)
    } else if (character === "+" || character === "-" || isDigit(character)) {
      const text = /^[+-]?[\d.]*/.exec(input.slice(position))?.[0] ?? ""
      if (!/^[+-]?(\d+\.?\d*|\.\d+)$/.test(text)) return fail(position, `cannot parse number ${text}`)
      action.push({ _tag: "Value", value: Number(text) })
      position += text.length
    } else if (isLetter(character)) {
      let end = position
      while (!isTerminator(input.charAt(end))) end++
      const name = input.slice(position, end)
      if (name === "true" || name === "false") action.push({ _tag: "Value", value: name === "true" })
      else if (name === "range") action.push({ _tag: "Range" })
      else if (name === "end") action.push({ _tag: "End" })
      else return fail(position, `unrecognized identifier ${name}`)
      position = end
    } else return fail(position, `unrecognized character in action: ${codeOf(character)}`)
  }
}

const parseArray = (
  input: string,
  start: number
): Outcome<{ readonly nodes: ReadonlyArray<Node>; readonly end: number }> => {
  const close = input.indexOf("]", start)
  const newline = input.indexOf("\n", start)
  if (close < 0 || (newline >= 0 && newline < close)) {
    return Result.fail({ position: newline < 0 ? input.length : newline, reason: "unterminated array" })
  }
  const end = close + 1
  const raw = input.slice(start + 1, close)
  const parts = raw.split(",")
  if (parts.length > 1) {
    const actions: Array<Action> = []
    let offset = start + 1
    for (const part of parts) {
      const parsed = parseInner(`[${part.replace(/^ +| +$/g, "")}]`, offset + (/^ */.exec(part)?.[0].length ?? 0) - 1)
      if (Result.isFailure(parsed)) return Result.fail(parsed.failure)
      actions.push(parsed.success)
      offset += part.length + 1
    }
    return Result.succeed({ nodes: [{ _tag: "Union", actions }], end })
  }
  const key = /^'([^']*)'$/.exec(raw)?.[1]
  if (key !== undefined) {
    return Result.map(parseInner(`.${key}`, start + 1), (nodes) => ({ nodes, end }))
  }
  const slice = /^(-?\d*)(:-?\d*)?(:-?\d*)?$/.exec(raw === "*" ? ":" : raw)
  if (slice === null) return Result.fail({ position: start + 1, reason: `invalid array index ${raw}` })
  const texts = [slice[1] ?? "", slice[2]?.slice(1) ?? "", slice[3]?.slice(1) ?? ""]
  if (texts.includes("-")) return Result.fail({ position: start + 1, reason: "array index - is not a number" })
  const [first, last, step] = texts.map((text) => text === "" ? undefined : Number(text))
  const bound: Bound | undefined = slice[2] === undefined
    ? { value: (first ?? 0) + 1, derived: true }
    : last === undefined
    ? undefined
    : { value: last, derived: false }
  return Result.succeed({ nodes: [{ _tag: "Slice", start: first, end: bound, step }], end })
}

const parseFilter = (input: string, start: number): Outcome<{ readonly node: Node; readonly end: number }> => {
  const from = start + 3
  let position = from
  let pair: string | undefined
  let closed = false
  while (true) {
    const character = input.charAt(position++)
    if (character === "" || character === "\n") {
      return Result.fail({ position: position - 1, reason: "unterminated filter" })
    }
    if (character === "\"" || character === "'") {
      if (pair === undefined) pair = character
      else if (input.charAt(position - 2) !== "\\" && character === pair) closed = true
    } else if (character === ")" && (pair !== undefined) === closed) break
  }
  if (input.charAt(position) !== "]") return Result.fail({ position, reason: "unclosed array expect ]" })
  const end = position + 1
  const text = input.slice(from, position - 1)
  const comparison = /^([^!<>=]+)([!<>=]+)(.+?)$/.exec(text)
  if (comparison === null) {
    return Result.map(parseInner(text, from), (left) => ({
      node: { _tag: "Filter", left, operator: "exists", right: [] },
      end
    }))
  }
  const [, leftText = "", operator = "", rightText = ""] = comparison
  const left = parseInner(leftText, from)
  if (Result.isFailure(left)) return Result.fail(left.failure)
  const right = parseInner(rightText, from + leftText.length + operator.length)
  if (Result.isFailure(right)) return Result.fail(right.failure)
  return isOperator(operator)
    ? Result.succeed({ node: { _tag: "Filter", left: left.success, operator, right: right.success }, end })
    : Result.fail({ position: from + leftText.length, reason: `unrecognized filter operator ${operator}` })
}

const escapes: { readonly [letter: string]: string } = {
  a: "\u0007",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\"
}

const parseQuoted = (
  input: string,
  start: number,
  quote: string
): Outcome<{ readonly text: string; readonly end: number }> => {
  let position = start + 1
  while (input.charAt(position) !== quote || input.charAt(position - 1) === "\\") {
    const character = input.charAt(position)
    if (character === "" || character === "\n") return Result.fail({ position, reason: "unterminated quoted string" })
    position++
  }
  const raw = input.slice(start + 1, position)
  const end = position + 1
  let text = ""
  for (let index = 0; index < raw.length; index++) {
    const character = raw.charAt(index)
    if (character !== "\\") {
      text += character
      continue
    }
    const escaped = /^(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|([abfnrtv\\"']))/
      .exec(raw.slice(index + 1))
    const letter = escaped?.[5]
    const code = escaped?.[4] === undefined
      ? Number.parseInt(escaped?.[1] ?? escaped?.[2] ?? escaped?.[3] ?? "", 16)
      : Number.parseInt(escaped[4], 8)
    const isOtherQuote = (letter === "\"" || letter === "'") && letter !== quote
    if (escaped === null || isOtherQuote || (letter === undefined && code > 0x10ffff)) {
      return Result.fail({
        position: start + 1 + index,
        reason: `unquote string ${input.slice(start, end)} error invalid syntax`
      })
    }
    text += letter === undefined ? String.fromCodePoint(code) : escapes[letter] ?? letter
    index += escaped[0].length
  }
  return Result.succeed({ text, end })
}
