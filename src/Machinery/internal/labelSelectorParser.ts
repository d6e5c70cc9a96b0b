/**
 * The text form of label selectors: tokens, grammar and the rules of one requirement. The words of the errors are
 * client-go's, because the API server answers with them.
 *
 * @internal
 */
import * as Result from "effect/Result"
import type { Operator, Requirement } from "../LabelSelector.ts"
import * as Name from "../Name.ts"
import { ParseError } from "../ParseError.ts"
import * as GoText from "./goText.ts"
import * as Int64 from "./int64.ts"

type Kind = "end" | "identifier" | "error" | ")" | "," | "!" | "==" | "=" | ">" | "<" | "!=" | "(" | "in" | "notin"

interface Token {
  readonly kind: Kind
  readonly literal: string
  readonly position: number
}

const symbols: ReadonlyArray<Kind> = ["==", "!=", ")", ",", "!", "=", ">", "<", "("]
const isSymbol = (character: string): boolean => "=!(),><".includes(character)
const isSpace = (character: string): boolean => " \t\r\n".includes(character)

const tokensOf = (text: string): ReadonlyArray<Token> => {
  const tokens: Array<Token> = []
  let index = 0
  while (index < text.length) {
    const position = index
    const character = text.charAt(index)
    if (isSpace(character)) {
      index++
    } else if (isSymbol(character)) {
      const literal = symbols.find((symbol) => text.startsWith(symbol, position)) ?? "error"
      index += literal.length
      tokens.push({ kind: literal, literal, position })
    } else {
      while (index < text.length && !isSymbol(text.charAt(index)) && !isSpace(text.charAt(index))) index++
      const literal = text.slice(position, index)
      tokens.push({ kind: literal === "in" || literal === "notin" ? literal : "identifier", literal, position })
    }
  }
  tokens.push({ kind: "end", literal: "", position: text.length })
  return tokens
}

const binary: { readonly [literal: string]: Operator } = {
  in: "in",
  notin: "notin",
  "=": "=",
  "==": "==",
  "!=": "!=",
  ">": "gt",
  "<": "lt"
}

const binaryNames = "in, notin, =, ==, !=, gt, lt"

/** What breaks the rules of a requirement, or undefined. `culprit` is the key or the value that does. */
export const problem = (
  key: string,
  operator: Operator,
  values: ReadonlyArray<string>
): { readonly reason: string; readonly culprit: string } | undefined => {
  const reasons: Array<string> = []
  let culprit: string | undefined
  const refuse = (field: string, bad: string, quoted: string, detail: string) => {
    culprit ??= bad
    reasons.push(`${field}: Invalid value: ${quoted}: ${detail}`)
  }
  const keyProblems = Name.qualifiedName(key)
  if (keyProblems.length > 0) refuse("key", key, GoText.quote(key), keyProblems.join("; "))
  const wrongCount = countProblem(operator, values.length)
  if (wrongCount !== undefined) {
    // Go's text of an absent list.
    refuse("values", values.join(","), values.length === 0 ? "null" : JSON.stringify(values), wrongCount)
  }
  if (operator === "gt" || operator === "lt") {
    values.forEach((value, index) => {
      if (Int64.isInt64(value)) return
      refuse(`values[${index}]`, value, GoText.quote(value), "for 'Gt', 'Lt' operators, the value must be an integer")
    })
  }
  values.forEach((value, index) => {
    const problems = Name.labelValue(value)
    if (problems.length > 0) refuse(`values[${index}][${key}]`, value, GoText.quote(value), problems.join("; "))
  })
  if (culprit === undefined) return undefined
  const distinct = [...new Set(reasons)]
  return { culprit, reason: distinct.length === 1 ? distinct.join("") : `[${distinct.join(", ")}]` }
}

const countProblem = (operator: Operator, count: number): string | undefined => {
  switch (operator) {
    case "in":
    case "notin":
      return count === 0 ? "for 'in', 'notin' operators, values set can't be empty" : undefined
    case "exists":
    case "!":
      return count === 0 ? undefined : "values set must be empty for exists and does not exist"
    case "gt":
    case "lt":
      return count === 1 ? undefined : "for 'Gt', 'Lt' operators, exactly one value is required"
    default:
      return count === 1 ? undefined : "exact-match compatibility requires one single value"
  }
}

interface Failure {
  readonly position: number
  readonly reason: string
}

/** Parses the text form into requirements in the order of the text. */
export const parse = (text: string): Result.Result<ReadonlyArray<Requirement>, ParseError> => {
  const tokens = tokensOf(text)
  const end: Token = { kind: "end", literal: "", position: text.length }
  let next = 0
  // `in` and `notin` are operators only where one is expected; everywhere else they are names.
  const asValue = (token: Token): Token =>
    token.kind === "in" || token.kind === "notin" ? { ...token, kind: "identifier" } : token
  const peek = (): Token => asValue(tokens[next] ?? end)
  const take = (): Token => asValue(tokens[next++] ?? end)
  const fail = (token: Token, reason: string): Result.Result<never, Failure> =>
    Result.fail({ position: token.position, reason })
  const found = (token: Token, expected: string) => fail(token, `found '${token.literal}', expected: ${expected}`)

  // Values are a set: sorted, each once. Their places in the text are kept for the error.
  const values = (): Result.Result<ReadonlyArray<Token>, Failure> => {
    const open = take()
    if (open.kind !== "(") return fail(open, `found '${open.literal}' expected: '('`)
    const first = peek()
    if (first.kind === ")") return Result.succeed([{ ...take(), literal: "" }])
    if (first.kind !== "identifier" && first.kind !== ",") return found(first, "',', ')' or identifier")
    const list: Array<Token> = []
    let wantsValue = true
    while (true) {
      const token = take()
      if (token.kind === "identifier") {
        list.push(token)
        wantsValue = false
        const after = peek()
        if (after.kind !== "," && after.kind !== ")") return found(after, "',' or ')'")
      } else if (token.kind === ",") {
        if (wantsValue) list.push({ ...token, literal: "" })
        wantsValue = true
        if (peek().kind === ")") list.push({ ...peek(), literal: "" })
      } else if (token.kind === ")") {
        return Result.succeed(list)
      } else return found(token, "',', or identifier")
    }
  }

  const requirement = (): Result.Result<Requirement, Failure> => {
    let token = take()
    const negated = token.kind === "!"
    if (negated) token = take()
    if (token.kind !== "identifier") return found(token, "identifier")
    const key = token
    const keyProblems = Name.qualifiedName(key.literal)
    if (keyProblems.length > 0) {
      return fail(key, `<nil>: Invalid value: ${GoText.quote(key.literal)}: ${keyProblems.join("; ")}`)
    }
    const after = peek()
    if (negated || after.kind === "end" || after.kind === ",") {
      return Result.succeed({ key: key.literal, operator: negated ? "!" : "exists", values: [] })
    }
    const symbol = tokens[next++] ?? end
    const operator = binary[symbol.kind]
    if (operator === undefined) return found(symbol, binaryNames)
    let list: ReadonlyArray<Token>
    if (operator === "in" || operator === "notin") {
      const parsed = values()
      if (Result.isFailure(parsed)) return Result.fail(parsed.failure)
      list = parsed.success
    } else {
      const value = peek()
      if (value.kind === "end" || value.kind === ",") list = [{ ...value, literal: "" }]
      else if (take().kind === "identifier") list = [value]
      else return found(value, "identifier")
    }
    const set = [...new Set(list.map((value) => value.literal))].sort(GoText.compare)
    const wrong = problem(key.literal, operator, set)
    return wrong === undefined
      ? Result.succeed({ key: key.literal, operator, values: set })
      : fail(list.find((value) => value.literal === wrong.culprit) ?? key, wrong.reason)
  }

  const requirements: Array<Requirement> = []
  const error = ({ position, reason }: Failure) =>
    Result.fail(new ParseError({ what: "label selector", input: text, position, reason }))
  while (true) {
    const first = peek()
    if (first.kind === "end") return Result.succeed(requirements)
    if (first.kind !== "identifier" && first.kind !== "!") {
      return error({
        position: first.position,
        reason: `found '${first.literal}', expected: !, identifier, or 'end of string'`
      })
    }
    const parsed = requirement()
    if (Result.isFailure(parsed)) {
      return error({ ...parsed.failure, reason: `unable to parse requirement: ${parsed.failure.reason}` })
    }
    requirements.push(parsed.success)
    const separator = take()
    if (separator.kind === "end") return Result.succeed(requirements)
    if (separator.kind !== ",") {
      return error({
        position: separator.position,
        reason: `found '${separator.literal}', expected: ',' or 'end of string'`
      })
    }
    const following = peek()
    if (following.kind !== "identifier" && following.kind !== "!") {
      return error({
        position: following.position,
        reason: `found '${following.literal}', expected: identifier after ','`
      })
    }
  }
}
