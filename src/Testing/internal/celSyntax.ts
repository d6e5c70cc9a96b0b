/**
 * The Common Expression Language: from text to a tree.
 *
 * @see https://github.com/google/cel-spec/blob/master/doc/langdef.md
 * @internal
 */
import * as Result from "effect/Result"

/** An expression. */
export type Expression =
  | { readonly _tag: "Literal"; readonly value: unknown }
  | { readonly _tag: "Identifier"; readonly name: string }
  | { readonly _tag: "Select"; readonly on: Expression; readonly field: string; readonly isOptional: boolean }
  | { readonly _tag: "Index"; readonly on: Expression; readonly at: Expression; readonly isOptional: boolean }
  | { readonly _tag: "List"; readonly items: ReadonlyArray<Expression> }
  | { readonly _tag: "Map"; readonly entries: ReadonlyArray<readonly [Expression, Expression]> }
  | { readonly _tag: "Unary"; readonly operator: string; readonly on: Expression }
  | { readonly _tag: "Binary"; readonly operator: string; readonly left: Expression; readonly right: Expression }
  | { readonly _tag: "Choice"; readonly test: Expression; readonly yes: Expression; readonly no: Expression }
  | {
    readonly _tag: "Call"
    readonly name: string
    readonly on: Expression | undefined
    readonly arguments: ReadonlyArray<Expression>
  }

interface Token {
  readonly kind: "word" | "number" | "string" | "sign" | "end"
  readonly text: string
  readonly value: unknown
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

const unescape = (text: string): string =>
  text.replace(
    /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))/gs,
    (_, x?: string, u?: string, long?: string, octal?: string, letter?: string) => {
      const hex = x ?? u ?? long
      if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16))
      if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8))
      return letter === undefined ? "" : escapes[letter] ?? letter
    }
  )

const pattern =
  /(?<space>\s+|\/\/[^\n]*)|(?<raw>[rR])?(?:"""(?<d3>(?:[^\\]|\\.)*?)"""|'''(?<s3>(?:[^\\]|\\.)*?)'''|"(?<d>(?:[^"\\\n]|\\.)*)"|'(?<s>(?:[^'\\\n]|\\.)*)')|(?<number>0x[0-9a-fA-F]+u?|[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?u?)|(?<word>[A-Za-z_]\w*)|(?<sign>\|\||&&|==|!=|<=|>=|[-+*/%!<>?:.,()[\]{}])/y

const tokensOf = (text: string): Result.Result<ReadonlyArray<Token>, string> => {
  const tokens: Array<Token> = []
  const scanner = new RegExp(pattern)
  while (scanner.lastIndex < text.length) {
    const at = scanner.lastIndex
    const found = scanner.exec(text)
    if (found === null) return Result.fail(`Syntax error: token recognition error at: '${text.charAt(at)}'`)
    const groups = found.groups ?? {}
    const quoted = groups["d3"] ?? groups["s3"] ?? groups["d"] ?? groups["s"]
    if (groups["space"] !== undefined) continue
    if (quoted !== undefined) {
      const value = groups["raw"] === undefined ? unescape(quoted) : quoted
      tokens.push({ kind: "string", text: found[0], value, at })
    } else if (groups["number"] !== undefined) {
      tokens.push({ kind: "number", text: found[0], value: Number(found[0].replace(/u$/, "")), at })
    } else {
      tokens.push({ kind: groups["word"] === undefined ? "sign" : "word", text: found[0], value: undefined, at })
    }
  }
  tokens.push({ kind: "end", text: "<EOF>", value: undefined, at: text.length })
  return Result.succeed(tokens)
}

/** From the loosest to the tightest. */
const levels: ReadonlyArray<ReadonlyArray<string>> = [
  ["||"],
  ["&&"],
  ["<", "<=", ">", ">=", "==", "!=", "in"],
  ["+", "-"],
  ["*", "/", "%"]
]

/** Kubernetes' schemas rename fields that are reserved words or hold odd characters. */
const unescapeName = (name: string): string =>
  /^__(?:true|false|null|in|as|break|const|continue|else|for|function|if|import|let|loop|package|namespace|return)__$/
      .test(name)
    ? name.slice(2, -2)
    : name.replaceAll("__dot__", ".").replaceAll("__dash__", "-").replaceAll("__slash__", "/").replaceAll(
      "__underscores__",
      "__"
    )

type Outcome = Result.Result<Expression, string>

/** Reads an expression. Fails with what is wrong with it. */
export const parse = (text: string): Outcome => {
  const scanned = tokensOf(text)
  if (Result.isFailure(scanned)) return Result.fail(scanned.failure)
  const tokens = scanned.success
  let position = 0
  const peek = (): Token => tokens[position] ?? { kind: "end", text: "<EOF>", value: undefined, at: text.length }
  const takes = (sign: string): boolean => {
    const token = peek()
    if (token.kind === "string" || token.text !== sign) return false
    position++
    return true
  }
  const unexpected = () => Result.fail(`Syntax error: mismatched input '${peek().text}' at ${peek().at}`)
  const expect = (sign: string): Result.Result<void, string> => takes(sign) ? Result.void : unexpected()

  const list = (end: string): Result.Result<ReadonlyArray<Expression>, string> =>
    Result.gen(function*() {
      const items: Array<Expression> = []
      while (!takes(end)) {
        if (items.length > 0) yield* expect(",")
        if (items.length > 0 && takes(end)) break
        items.push(yield* expression())
      }
      return items
    })

  const entries = (): Result.Result<ReadonlyArray<readonly [Expression, Expression]>, string> =>
    Result.gen(function*() {
      const pairs: Array<readonly [Expression, Expression]> = []
      while (!takes("}")) {
        if (pairs.length > 0) yield* expect(",")
        const key = yield* expression()
        yield* expect(":")
        pairs.push([key, yield* expression()])
      }
      return pairs
    })

  const primary = (): Outcome =>
    Result.gen(function*() {
      const token = peek()
      if (token.kind === "string" || token.kind === "number") {
        position++
        return { _tag: "Literal", value: token.value } as const
      }
      if (token.kind === "word") {
        position++
        if (token.text === "true" || token.text === "false") {
          return { _tag: "Literal", value: token.text === "true" } as const
        }
        if (token.text === "null") return { _tag: "Literal", value: null } as const
        if (takes("(")) {
          return { _tag: "Call", name: token.text, on: undefined, arguments: yield* list(")") } as const
        }
        return { _tag: "Identifier", name: token.text } as const
      }
      if (takes("(")) {
        const inner = yield* expression()
        yield* expect(")")
        return inner
      }
      if (takes("[")) return { _tag: "List", items: yield* list("]") } as const
      if (takes("{")) return { _tag: "Map", entries: yield* entries() } as const
      return yield* unexpected()
    })

  const member = (): Outcome =>
    Result.gen(function*() {
      let on = yield* primary()
      for (;;) {
        if (takes(".")) {
          const isOptional = takes("?")
          const name = peek()
          if (name.kind !== "word") return yield* unexpected()
          position++
          on = takes("(")
            ? { _tag: "Call", name: name.text, on, arguments: yield* list(")") }
            : { _tag: "Select", on, field: unescapeName(name.text), isOptional }
        } else if (takes("[")) {
          const isOptional = takes("?")
          const at = yield* expression()
          yield* expect("]")
          on = { _tag: "Index", on, at, isOptional }
        } else return on
      }
    })

  const unary = (): Outcome => {
    const operator = takes("!") ? "!" : takes("-") ? "-" : undefined
    return operator === undefined ? member() : Result.map(unary(), (on) => ({ _tag: "Unary", operator, on }))
  }

  const binary = (level: number): Outcome =>
    Result.gen(function*() {
      const operators = levels[level]
      if (operators === undefined) return yield* unary()
      let left = yield* binary(level + 1)
      for (;;) {
        const operator = operators.find(takes)
        if (operator === undefined) return left
        left = { _tag: "Binary", operator, left, right: yield* binary(level + 1) }
      }
    })

  const expression = (): Outcome =>
    Result.gen(function*() {
      const test = yield* binary(0)
      if (!takes("?")) return test
      const yes = yield* binary(0)
      yield* expect(":")
      return { _tag: "Choice", test, yes, no: yield* expression() } as const
    })

  return Result.flatMap(expression(), (parsed) => peek().kind === "end" ? Result.succeed(parsed) : unexpected())
}

const childrenOf = (expression: Expression): ReadonlyArray<Expression> => {
  switch (expression._tag) {
    case "Select":
    case "Unary":
      return [expression.on]
    case "Index":
      return [expression.on, expression.at]
    case "List":
      return expression.items
    case "Map":
      return expression.entries.flat()
    case "Binary":
      return [expression.left, expression.right]
    case "Choice":
      return [expression.test, expression.yes, expression.no]
    case "Call":
      return expression.on === undefined ? expression.arguments : [expression.on, ...expression.arguments]
    default:
      return []
  }
}

/** Whether an expression names a variable. */
export const uses = (expression: Expression, name: string): boolean =>
  expression._tag === "Identifier" ? expression.name === name : childrenOf(expression).some((each) => uses(each, name))
