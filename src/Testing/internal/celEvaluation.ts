/**
 * The Common Expression Language: from a tree and variables to a value.
 *
 * @internal
 */
import * as Result from "effect/Result"
import * as CelCheck from "./celCheck.ts"
import { fail, noOverload } from "./celConversions.ts"
import * as CelFunctions from "./celFunctions.ts"
import * as CelKubernetes from "./celKubernetes.ts"
import type { Comprehension, Expression } from "./celSyntax.ts"
import * as CelValues from "./celValues.ts"

type Outcome = CelValues.Outcome

/** The variables by name. */
export type Variables = ReadonlyMap<string, unknown>

const isTruth = (value: unknown): value is boolean => typeof value === "boolean"

/** Logical operators take a failure on one side where the other decides. */
const logic = (operator: "&&" | "||", left: Outcome, right: () => Outcome): Outcome => {
  const decisive = operator === "||"
  if (Result.isSuccess(left) && left.success === decisive) return left
  const other = right()
  if (Result.isSuccess(other) && other.success === decisive) return other
  if (Result.isFailure(left)) return left
  if (Result.isFailure(other)) return other
  return isTruth(left.success) && isTruth(other.success) ? Result.succeed(!decisive) : noOverload
}

const has = (on: unknown, field: string): Outcome => {
  const inner = on instanceof CelValues.Maybe ? on.value : on
  return inner === undefined
    ? Result.succeed(false)
    : inner instanceof CelValues.CelMap
    ? Result.succeed(inner.has(field))
    : noOverload
}

/** The value of an expression. Fails with the words of the reference implementation for what went wrong. */
export const evaluate = (expression: Expression, variables: Variables): Outcome => {
  const run = (each: Expression): Outcome => evaluate(each, variables)
  switch (expression._tag) {
    case "Literal": {
      const { type, value } = expression.value
      return Result.succeed(type === "uint" ? new CelValues.Unsigned(value) : value)
    }
    case "Identifier":
      return variables.has(expression.name)
        ? Result.succeed(variables.get(expression.name))
        : CelCheck.isTypeName(expression.name)
        ? Result.succeed(new CelValues.TypeName(expression.name))
        : fail(`no such attribute(s): ${expression.name}`)
    case "Select": {
      const name = CelCheck.qualifiedName(expression)
      if (name !== undefined && CelCheck.isTypeName(name)) return Result.succeed(new CelValues.TypeName(name))
      const { field, isOptional, isTest } = expression
      return Result.flatMap(
        run(expression.on),
        (on) =>
          isTest ? has(on, field) : isOptional ? CelFunctions.optionally(on, field) : CelFunctions.member(on, field)
      )
    }
    case "Call": {
      const { arguments: given, name, on } = expression
      const qualified = CelCheck.namespaced(expression, (each) => variables.has(each))
      const all = on === undefined || qualified !== undefined ? given : [on, ...given]
      // An optional value that is there spares what would stand for it.
      if ((name === "orValue" || name === "or") && on !== undefined) return otherwise(name, on, given[0], run)
      return Result.flatMap(Result.all(all.map(run)), (values) => CelKubernetes.call(qualified ?? name, values))
    }
    case "Logic":
      return logic(expression.operator, run(expression.sides[0]), () => run(expression.sides[1]))
    case "Choice":
      return Result.flatMap(
        run(expression.test),
        (test) => isTruth(test) ? run(test ? expression.yes : expression.no) : noOverload
      )
    case "List":
      return Result.map(
        Result.all(
          expression.items.map(({ isOptional, value }) =>
            Result.map(
              run(value),
              (each) => isOptional && each instanceof CelValues.Maybe ? each : new CelValues.Maybe(each)
            )
          )
        ),
        (items) => items.flatMap(({ value }) => value === undefined ? [] : [value])
      )
    case "Map":
      return Result.gen(function*() {
        const made: Array<readonly [unknown, unknown]> = []
        for (const { isOptional, key, value } of expression.entries) {
          const name = yield* run(key)
          const each = yield* run(value)
          const held = isOptional && each instanceof CelValues.Maybe ? each.value : each
          if (held !== undefined) made.push([name, held])
        }
        return yield* mapOf(made)
      })
    case "Optional":
      return Result.flatMap(run(expression.on), (on) => {
        if (!(on instanceof CelValues.Maybe)) return noOverload
        if (on.value === undefined) return Result.succeed(on)
        const body = evaluate(expression.body, new Map(variables).set(expression.variable, on.value))
        return expression.isFlat ? body : Result.map(body, (value) => new CelValues.Maybe(value))
      })
    case "Comprehension":
      return Result.flatMap(run(expression.range), (range) => comprehension(expression, range, variables))
  }
}

const otherwise = (
  name: "or" | "orValue",
  on: Expression,
  other: Expression | undefined,
  run: (each: Expression) => Outcome
): Outcome =>
  Result.flatMap(run(on), (maybe) => {
    if (!(maybe instanceof CelValues.Maybe) || other === undefined) return noOverload
    if (maybe.value === undefined) return run(other)
    return Result.succeed(name === "or" ? maybe : maybe.value)
  })

const mapOf = (pairs: ReadonlyArray<readonly [unknown, unknown]>): Outcome => {
  const entries = new Map<string, readonly [unknown, unknown]>()
  for (const [key, value] of pairs) {
    const text = CelValues.keyText(key)
    if (text === undefined) return fail("unsupported key type")
    entries.set(text, [key, value])
  }
  return Result.succeed(new CelValues.CelMap(entries))
}

const pairsOf = (range: unknown): ReadonlyArray<readonly [key: unknown, value: unknown]> | undefined =>
  CelValues.isList(range)
    ? range.map((item, index) => [BigInt(index), item])
    : range instanceof CelValues.CelMap
    ? [...range.entries.values()]
    : undefined

const comprehension = (
  { body, filter, making, variables: [first, second] }: Comprehension,
  range: unknown,
  variables: Variables
): Outcome => {
  const pairs = pairsOf(range)
  if (pairs === undefined) return noOverload
  const within = (each: Expression, [key, value]: readonly [unknown, unknown]): Outcome => {
    const inner = new Map(variables)
    if (second === undefined) inner.set(first, CelValues.isList(range) ? value : key)
    else inner.set(first, key).set(second, value)
    return evaluate(each, inner)
  }
  if (making === "all" || making === "exists") {
    const operator = making === "all" ? "&&" : "||"
    let outcome: Outcome = Result.succeed(making === "all")
    for (const pair of pairs) {
      if (Result.isSuccess(outcome) && outcome.success === (making === "exists")) return outcome
      outcome = logic(operator, outcome, () => within(body, pair))
    }
    return outcome
  }
  return Result.gen(function*() {
    const made: Array<readonly [unknown, unknown]> = []
    let count = 0
    for (const pair of pairs) {
      if (filter !== undefined && (yield* within(filter, pair)) !== true) continue
      const value = yield* within(body, pair)
      if (making === "one") count += value === true ? 1 : 0
      else made.push([making === "sorted" ? pair[1] : pair[0], value])
    }
    switch (making) {
      case "one":
        return count === 1
      case "list":
        return made.map(([, value]) => value)
      case "sorted":
        return made.toSorted(([, left], [, right]) => CelValues.compare(left, right) ?? 0).map(([item]) => item)
      case "map":
        return yield* mapOf(made)
      case "mapEntry":
        return yield* merged(made.map(([, value]) => value))
    }
  })
}

const merged = (maps: ReadonlyArray<unknown>): Outcome => {
  const pairs = maps.flatMap((map) => map instanceof CelValues.CelMap ? [...map.entries.values()] : [])
  const seen = new Set<string>()
  for (const [key] of pairs) {
    const text = CelValues.keyText(key) ?? ""
    if (seen.has(text)) return fail(`insert failed: key ${String(key)} already exists`)
    seen.add(text)
  }
  return mapOf(pairs)
}
