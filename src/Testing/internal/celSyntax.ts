/**
 * The Common Expression Language: from text to a tree. Macros are read here, as the reference implementation does, so
 * that what follows knows values, selections, calls and comprehensions only.
 *
 * @see https://github.com/google/cel-spec/blob/master/doc/langdef.md
 * @internal
 */
import * as Result from "effect/Result"
import * as CelTokens from "./celTokens.ts"
import type { Problem } from "./celTokens.ts"

interface Node {
  /** The offset that a message about the expression names. */
  readonly at: number
}

/** A constant. */
export interface Literal extends Node {
  readonly _tag: "Literal"
  readonly value: CelTokens.Literal
}

/** An expression. */
export type Expression =
  | Literal
  | Node & { readonly _tag: "Identifier"; readonly name: string }
  /** `on.field`, `on.?field`; with `isTest` `has(on.field)`. */
  | Node & {
    readonly _tag: "Select"
    readonly on: Expression
    readonly field: string
    readonly isOptional: boolean
    readonly isTest: boolean
  }
  /** Operators are calls under the names that messages use, such as `_+_`. */
  | Node & {
    readonly _tag: "Call"
    readonly name: string
    readonly on: Expression | undefined
    readonly arguments: ReadonlyArray<Expression>
  }
  | Node & { readonly _tag: "Logic"; readonly operator: "&&" | "||"; readonly sides: readonly [Expression, Expression] }
  | Node & { readonly _tag: "Choice"; readonly test: Expression; readonly yes: Expression; readonly no: Expression }
  | Node & { readonly _tag: "List"; readonly items: ReadonlyArray<Item> }
  | Node & { readonly _tag: "Map"; readonly entries: ReadonlyArray<Entry> }
  | Comprehension
  /** `on.optMap(x, body)`, `on.optFlatMap(x, body)`. */
  | Node & {
    readonly _tag: "Optional"
    readonly isFlat: boolean
    readonly on: Expression
    readonly variable: string
    readonly body: Expression
  }

/** An item of a list; one that is optional is left out where it has no value. */
export interface Item {
  readonly value: Expression
  readonly isOptional: boolean
}

/** An entry of a map. */
export interface Entry extends Item {
  readonly key: Expression
}

/** What a comprehension makes. */
export type Making = "all" | "exists" | "one" | "list" | "map" | "mapEntry" | "sorted"

/** `range.all(x, body)` and its like. */
export interface Comprehension extends Node {
  readonly _tag: "Comprehension"
  readonly making: Making
  readonly range: Expression
  /** One name: the items of a list or the keys of a map. Two: index and item, or key and value. */
  readonly variables: readonly [string] | readonly [string, string]
  readonly filter: Expression | undefined
  readonly body: Expression
}

type Outcome<A = Expression> = Result.Result<A, Problem>

/** From the loosest to the tightest. */
const levels: ReadonlyArray<ReadonlyArray<string>> = [
  ["||"],
  ["&&"],
  ["<", "<=", ">", ">=", "==", "!=", "in"],
  ["+", "-"],
  ["*", "/", "%"]
]

const reserved = new Set(
  "as break const continue else for function if import let loop package namespace return var void while".split(" ")
)

const single: { readonly [name: string]: Making } = { all: "all", exists: "exists", exists_one: "one" }

const double: { readonly [name: string]: Making } = {
  ...single,
  existsOne: "one",
  transformList: "list",
  transformMap: "map",
  transformMapEntry: "mapEntry"
}

/** The macro that a method call is, if it is one. */
const macro = (
  name: string,
  on: Expression,
  given: ReadonlyArray<Expression>,
  at: number
): Outcome<Expression | undefined> => {
  const [first, second, third, fourth] = given
  const nameOf = (each: Expression): Outcome<string> =>
    each._tag === "Identifier"
      ? Result.succeed(each.name)
      : Result.fail({ at: each.at, why: "argument must be a simple name" })
  const over = (
    making: Making,
    variables: ReadonlyArray<Expression>,
    filter: Expression | undefined,
    body: Expression
  ): Outcome =>
    Result.map(Result.all(variables.map(nameOf)), ([one = "", two]) => ({
      _tag: "Comprehension",
      at,
      making,
      range: on,
      variables: two === undefined ? [one] : [one, two],
      filter,
      body
    }))
  if (first === undefined || second === undefined || given.length > 4) return Result.succeed(undefined)
  if (third === undefined) {
    if (name === "optMap" || name === "optFlatMap") {
      return Result.map(
        nameOf(first),
        (variable) => ({ _tag: "Optional", at, isFlat: name === "optFlatMap", on, variable, body: second })
      )
    }
    const making = Object.hasOwn(single, name) ? single[name] : undefined
    if (making !== undefined) return over(making, [first], undefined, second)
    if (name === "map") return over("list", [first], undefined, second)
    if (name === "sortBy") return over("sorted", [first], undefined, second)
    return name === "filter" ? over("list", [first], second, first) : Result.succeed(undefined)
  }
  if (name === "map" && fourth === undefined) return over("list", [first], second, third)
  const making = Object.hasOwn(double, name) ? double[name] : undefined
  const isTransform = making === "list" || making === "map" || making === "mapEntry"
  if (making === undefined || (fourth !== undefined && !isTransform)) return Result.succeed(undefined)
  return fourth === undefined
    ? over(making, [first, second], undefined, third)
    : over(making, [first, second], third, fourth)
}

/** Reads an expression. */
export const parse = (text: string): Outcome => {
  const scanned = CelTokens.scan(text)
  if (Result.isFailure(scanned)) return Result.fail(scanned.failure)
  const tokens = scanned.success
  let position = 0
  const end: CelTokens.Token = { kind: "end", text: "<EOF>", value: undefined, at: text.length }
  const peek = (): CelTokens.Token => tokens[position] ?? end
  const takes = (sign: string): boolean => {
    const { kind, text } = peek()
    if (kind === "literal" || text !== sign) return false
    position++
    return true
  }
  const unexpected = (expected = ""): Result.Result<never, Problem> => {
    const { at, text } = peek()
    const isEnd = text === "<EOF>"
    const what = expected === "" ? `mismatched input '${text}'` : isEnd ? `missing '${expected}' at '<EOF>'` : undefined
    return Result.fail({ at, why: `Syntax error: ${what ?? `mismatched input '${text}' expecting '${expected}'`}` })
  }
  const expect = (sign: string): Outcome<void> => takes(sign) ? Result.void : unexpected(sign)

  /** Parts between commas up to a closing sign, with an optional last comma. */
  const parts = <A>(close: string, part: () => Outcome<A>): Outcome<ReadonlyArray<A>> =>
    Result.gen(function*() {
      const found: Array<A> = []
      while (!takes(close)) {
        if (found.length > 0) yield* expect(",")
        if (found.length > 0 && close !== ")" && takes(close)) break
        found.push(yield* part())
      }
      return found
    })

  const item = (): Outcome<Item> => {
    const isOptional = takes("?")
    return Result.map(expression(), (value) => ({ value, isOptional }))
  }

  const entry = (): Outcome<Entry> =>
    Result.gen(function*() {
      const isOptional = takes("?")
      const key = yield* expression()
      yield* expect(":")
      return { key, value: yield* expression(), isOptional }
    })

  const word = (token: CelTokens.Token): Outcome =>
    Result.gen(function*() {
      const { at, text: name } = token
      if (name === "true" || name === "false") {
        return { _tag: "Literal", at, value: { type: "bool", value: name === "true" } } as const
      }
      if (name === "null") return { _tag: "Literal", at, value: { type: "null", value: null } } as const
      if (name === "in") {
        return yield* Result.fail({ at, why: `Syntax error: no viable alternative at input '${name}'` })
      }
      if (reserved.has(name)) return yield* Result.fail({ at, why: `reserved identifier: ${name}` })
      const open = peek().at
      if (!takes("(")) return { _tag: "Identifier", at, name } as const
      const given = yield* parts(")", expression)
      const [only] = given
      if (name !== "has" || given.length !== 1 || only === undefined) {
        return { _tag: "Call", at: open, name, on: undefined, arguments: given } as const
      }
      return only._tag === "Select" && !only.isTest
        ? { ...only, at: open, isTest: true }
        : yield* Result.fail({ at: only.at, why: "invalid argument to has() macro" })
    })

  const primary = (): Outcome =>
    Result.gen(function*() {
      const token = peek()
      const { at } = token
      if (token.kind === "literal") {
        position++
        if (token.value !== undefined) return { _tag: "Literal", at, value: token.value } as const
      }
      if (token.kind === "word") {
        position++
        return yield* word(token)
      }
      if (takes("(")) {
        const inner = yield* expression()
        yield* expect(")")
        return inner
      }
      if (takes("[")) return { _tag: "List", at, items: yield* parts("]", item) } as const
      if (takes("{")) return { _tag: "Map", at, entries: yield* parts("}", entry) } as const
      return yield* unexpected()
    })

  const member = (): Outcome =>
    Result.gen(function*() {
      let on = yield* primary()
      for (;;) {
        const { at } = peek()
        if (takes(".")) {
          const isOptional = takes("?")
          const name = peek()
          if (name.kind !== "word" || name.text === "in" || ["true", "false", "null"].includes(name.text)) {
            return yield* Result.fail(
              isOptional
                ? {
                  at: name.at,
                  why: `Syntax error: mismatched input '${name.text}' expecting {IDENTIFIER, ESC_IDENTIFIER}`
                }
                : {
                  at: name.at,
                  why: `Syntax error: no viable alternative at input '.${name.kind === "end" ? "" : name.text}'`
                }
            )
          }
          position++
          const open = peek().at
          if (isOptional || !takes("(")) {
            on = { _tag: "Select", at, on, field: name.text, isOptional, isTest: false }
            continue
          }
          const given = yield* parts(")", expression)
          on = (yield* macro(name.text, on, given, open)) ??
            { _tag: "Call", at: open, name: name.text, on, arguments: given }
        } else if (takes("[")) {
          const name = takes("?") ? "_[?_]" : "_[_]"
          const inner = yield* expression()
          yield* expect("]")
          on = { _tag: "Call", at, name, on: undefined, arguments: [on, inner] }
        } else return on
      }
    })

  const unary = (): Outcome =>
    Result.gen(function*() {
      const { at } = peek()
      const sign = takes("!") ? "!" : takes("-") ? "-" : undefined
      if (sign === undefined) return yield* member()
      let count = 1
      while (takes(sign)) count++
      const next = peek()
      if (sign === "-" && count === 1 && next.value?.type === "double") {
        const literal = yield* member()
        if (literal._tag === "Literal" && typeof literal.value.value === "number") {
          return { ...literal, at, value: { type: "double", value: -literal.value.value } } as const
        }
        return { _tag: "Call", at, name: "-_", on: undefined, arguments: [literal] } as const
      }
      const inner = yield* member()
      const isNegative = sign === "-" && count % 2 === 1 && inner._tag === "Literal" && inner.value.type === "int"
      if (isNegative && typeof inner.value.value === "bigint") {
        return yield* inRange({ ...inner, at, value: { type: "int", value: -inner.value.value } })
      }
      const checked = yield* inRange(inner)
      return count % 2 === 0
        ? checked
        : { _tag: "Call", at, name: `${sign}_`, on: undefined, arguments: [checked] } as const
    })

  // The least integer has no positive counterpart, so a literal is checked behind its sign.
  const inRange = (literal: Expression): Outcome =>
    literal._tag === "Literal" && literal.value.type === "int" && typeof literal.value.value === "bigint" &&
      BigInt.asIntN(64, literal.value.value) !== literal.value.value
      ? Result.fail({ at: literal.at, why: "invalid int literal" })
      : Result.succeed(literal)

  const binary = (level: number): Outcome =>
    Result.gen(function*() {
      const operators = levels[level]
      if (operators === undefined) return yield* Result.flatMap(unary(), inRange)
      let left = yield* binary(level + 1)
      for (;;) {
        const { at } = peek()
        const operator = operators.find(takes)
        if (operator === undefined) return left
        const right = yield* binary(level + 1)
        left = operator === "||" || operator === "&&"
          ? { _tag: "Logic", at, operator, sides: [left, right] }
          : {
            _tag: "Call",
            at,
            name: operator === "in" ? "@in" : `_${operator}_`,
            on: undefined,
            arguments: [left, right]
          }
      }
    })

  const expression = (): Outcome =>
    Result.gen(function*() {
      const test = yield* binary(0)
      const { at } = peek()
      if (!takes("?")) return test
      const yes = yield* binary(0)
      yield* expect(":")
      return { _tag: "Choice", at, test, yes, no: yield* expression() } as const
    })

  return Result.flatMap(
    expression(),
    (parsed) =>
      peek().kind === "end"
        ? Result.succeed(parsed)
        : Result.fail({
          at: peek().at,
          why: `Syntax error: ${
            [")", "]", "}"].includes(peek().text) ? "extraneous" : "mismatched"
          } input '${peek().text}' expecting <EOF>`
        })
  )
}

/** The parts of an expression. */
export const partsOf = (expression: Expression): ReadonlyArray<Expression> => {
  switch (expression._tag) {
    case "Select":
      return [expression.on]
    case "Call":
      return expression.on === undefined ? expression.arguments : [expression.on, ...expression.arguments]
    case "Logic":
      return expression.sides
    case "Choice":
      return [expression.test, expression.yes, expression.no]
    case "List":
      return expression.items.map(({ value }) => value)
    case "Map":
      return expression.entries.flatMap(({ key, value }) => [key, value])
    case "Comprehension":
      return expression.filter === undefined
        ? [expression.range, expression.body]
        : [expression.range, expression.filter, expression.body]
    case "Optional":
      return [expression.on, expression.body]
    default:
      return []
  }
}

/** Whether an expression names a variable. */
export const uses = (expression: Expression, name: string): boolean =>
  expression._tag === "Identifier" ? expression.name === name : partsOf(expression).some((each) => uses(each, name))
