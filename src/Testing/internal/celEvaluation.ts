/**
 * The Common Expression Language: from a tree and variables to a value.
 *
 * Integers and doubles are both numbers here; a division of two whole numbers is one of integers. What Kubernetes'
 * compiler would refuse before it runs fails when it runs.
 *
 * @internal
 */
import * as Result from "effect/Result"
import * as Json from "../../Machinery/Json.ts"
import * as Functions from "./celFunctions.ts"
import type { Expression } from "./celSyntax.ts"

type Outcome = Result.Result<unknown, string>

/** The variables by name. */
export type Variables = ReadonlyMap<string, unknown>

const fail = (why: string): Result.Result<never, string> => Result.fail(why)

const noOverload = fail("no such overload")

const isTruth = (value: unknown): value is boolean => typeof value === "boolean"

const comparable = (left: unknown, right: unknown): -1 | 0 | 1 | undefined => {
  if (left instanceof Functions.Moment && right instanceof Functions.Moment && left.kind === right.kind) {
    return left.milliseconds < right.milliseconds ? -1 : left.milliseconds > right.milliseconds ? 1 : 0
  }
  if (
    (typeof left === "number" && typeof right === "number") ||
    (typeof left === "string" && typeof right === "string") ||
    (typeof left === "boolean" && typeof right === "boolean")
  ) return left < right ? -1 : left > right ? 1 : 0
  return undefined
}

const order = (operator: string, left: unknown, right: unknown): Outcome => {
  const compared = comparable(left, right)
  if (compared === undefined) return noOverload
  return Result.succeed(
    operator === "<"
      ? compared < 0
      : operator === "<="
      ? compared <= 0
      : operator === ">"
      ? compared > 0
      : compared >= 0
  )
}

const numbers = (operator: string, left: number, right: number): Outcome => {
  switch (operator) {
    case "+":
      return Result.succeed(left + right)
    case "-":
      return Result.succeed(left - right)
    case "*":
      return Result.succeed(left * right)
    case "%":
      return right === 0 ? fail("modulus by zero") : Result.succeed(left % right)
    default: {
      const isInteger = Number.isInteger(left) && Number.isInteger(right)
      if (isInteger && right === 0) return fail("division by zero")
      return Result.succeed(isInteger ? Math.trunc(left / right) : left / right)
    }
  }
}

const arithmetic = (operator: string, left: unknown, right: unknown): Outcome => {
  if (typeof left === "number" && typeof right === "number") return numbers(operator, left, right)
  if (operator === "+") {
    if (typeof left === "string" && typeof right === "string") return Result.succeed(left + right)
    if (Json.isArray(left) && Json.isArray(right)) return Result.succeed([...left, ...right])
  }
  if (left instanceof Functions.Moment && right instanceof Functions.Moment) {
    const sign = operator === "-" ? -1 : 1
    const kind = left.kind === right.kind && left.kind === "timestamp" ? "duration" : left.kind
    return Result.succeed(new Functions.Moment(kind, left.milliseconds + sign * right.milliseconds))
  }
  return noOverload
}

const member = (on: unknown, key: unknown): Outcome => {
  if (Json.isArray(on)) {
    if (typeof key !== "number") return noOverload
    return key >= 0 && key < on.length ? Result.succeed(on[key]) : fail(`index out of bounds: ${key}`)
  }
  if (!Json.isObject(on) || typeof key !== "string") return noOverload
  return Json.has(on, key) ? Result.succeed(on[key]) : fail(`no such key: ${key}`)
}

const optionally = (on: unknown, key: unknown): Outcome => {
  const inner = on instanceof Functions.Maybe ? on.value : on
  if (inner === undefined) return Result.succeed(Functions.nothing)
  const found = member(inner, key)
  return Result.succeed(Result.isSuccess(found) ? new Functions.Maybe(found.success) : Functions.nothing)
}

/** Logical operators take a failure on one side where the other decides. */
const logic = (operator: string, left: Outcome, right: () => Outcome): Outcome => {
  const decisive = operator === "||"
  if (Result.isSuccess(left) && left.success === decisive) return left
  const other = right()
  if (Result.isSuccess(other) && other.success === decisive) return other
  if (Result.isFailure(left)) return left
  if (Result.isFailure(other)) return other
  return isTruth(left.success) && isTruth(other.success) ? Result.succeed(!decisive) : noOverload
}

const macros = new Set(["all", "exists", "exists_one", "existsOne", "map", "filter", "optMap", "optFlatMap"])

const rangeOf = (value: unknown): ReadonlyArray<unknown> | undefined =>
  Json.isArray(value) ? value : Json.isObject(value) ? Object.keys(value) : undefined

/** The value of an expression. Fails with Kubernetes' words for what went wrong. */
export const evaluate = (expression: Expression, variables: Variables): Outcome => {
  const run = (each: Expression): Outcome => evaluate(each, variables)
  switch (expression._tag) {
    case "Literal":
      return Result.succeed(expression.value)
    case "Identifier":
      return variables.has(expression.name)
        ? Result.succeed(variables.get(expression.name))
        : Functions.types.has(expression.name)
        ? Result.succeed(new Functions.Type(expression.name))
        : fail(`undeclared reference to '${expression.name}'`)
    case "Select":
      return Result.flatMap(
        run(expression.on),
        (on) =>
          expression.isOptional || on instanceof Functions.Maybe
            ? optionally(on, expression.field)
            : member(on, expression.field)
      )
    case "Index":
      return Result.flatMap(
        run(expression.on),
        (on) =>
          Result.flatMap(
            run(expression.at),
            (at) => expression.isOptional || on instanceof Functions.Maybe ? optionally(on, at) : member(on, at)
          )
      )
    case "List":
      return Result.all(expression.items.map(run))
    case "Map":
      return Result.map(
        Result.all(expression.entries.map(([key, value]) => Result.all([run(key), run(value)]))),
        (pairs) => Object.fromEntries(pairs.map(([key, value]) => [String(key), value]))
      )
    case "Unary":
      return Result.flatMap(run(expression.on), (value): Outcome =>
        expression.operator === "!" && isTruth(value)
          ? Result.succeed(!value)
          : expression.operator === "-" && typeof value === "number"
          ? Result.succeed(-value)
          : noOverload)
    case "Choice":
      return Result.flatMap(
        run(expression.test),
        (test) => isTruth(test) ? run(test ? expression.yes : expression.no) : noOverload
      )
    case "Binary":
      return binary(expression, run)
    case "Call":
      return call(expression, variables, run)
  }
}

const binary = (
  { left, operator, right }: Extract<Expression, { readonly _tag: "Binary" }>,
  run: (each: Expression) => Outcome
): Outcome => {
  if (operator === "||" || operator === "&&") return logic(operator, run(left), () => run(right))
  return Result.gen(function*() {
    const first = yield* run(left)
    const second = yield* run(right)
    switch (operator) {
      case "==":
        return Functions.equal(first, second)
      case "!=":
        return !Functions.equal(first, second)
      case "in":
        if (Json.isArray(second)) return second.some((each) => Functions.equal(each, first))
        return Json.isObject(second) && typeof first === "string" ? Json.has(second, first) : yield* noOverload
      case "<":
      case "<=":
      case ">":
      case ">=":
        return yield* order(operator, first, second)
      default:
        return yield* arithmetic(operator, first, second)
    }
  })
}

const call = (
  expression: Extract<Expression, { readonly _tag: "Call" }>,
  variables: Variables,
  run: (each: Expression) => Outcome
): Outcome => {
  const { arguments: given, name, on } = expression
  if (name === "has" && on === undefined) {
    const [field] = given
    if (field?._tag !== "Select") return fail("invalid argument to has() macro")
    return Result.map(
      run(field.on),
      (object) =>
        Json.isObject(object)
          ? Json.has(object, field.field)
          : object instanceof Functions.Maybe && object.value !== undefined
    )
  }
  if (on !== undefined && macros.has(name) && given.length >= 2) return macro(expression, on, variables, run)
  return Result.gen(function*() {
    const target =
      on === undefined || (on._tag === "Identifier" && on.name === "optional" && !variables.has("optional"))
        ? undefined
        : yield* run(on)
    const values = yield* Result.all(given.map(run))
    const qualified = on?._tag === "Identifier" && on.name === "optional" ? `optional.${name}` : name
    return yield* Functions.apply(qualified, target === undefined ? values : [target, ...values])
  })
}

const macro = (
  { arguments: given, name }: Extract<Expression, { readonly _tag: "Call" }>,
  on: Expression,
  variables: Variables,
  run: (each: Expression) => Outcome
): Outcome =>
  Result.gen(function*() {
    const [variable, first, second] = given
    if (variable?._tag !== "Identifier" || first === undefined) return yield* fail("argument is not an identifier")
    const target = yield* run(on)
    const within = (each: Expression, value: unknown): Outcome =>
      evaluate(each, new Map(variables).set(variable.name, value))
    if (target instanceof Functions.Maybe) {
      if (target.value === undefined) return target
      const mapped = yield* within(first, target.value)
      return name === "optMap" ? new Functions.Maybe(mapped) : mapped
    }
    const range = rangeOf(target)
    if (range === undefined) return yield* noOverload
    if (name === "all" || name === "exists") {
      const operator = name === "all" ? "&&" : "||"
      let outcome: Outcome = Result.succeed(name === "all")
      for (const item of range) outcome = logic(operator, outcome, () => within(first, item))
      return yield* outcome
    }
    const kept: Array<unknown> = []
    for (const item of range) {
      const isWanted = name === "map" && second === undefined ? true : yield* within(first, item)
      if (isWanted !== true) continue
      kept.push(name === "map" ? yield* within(second ?? first, item) : item)
    }
    return name === "exists_one" || name === "existsOne" ? kept.length === 1 : kept
  })
