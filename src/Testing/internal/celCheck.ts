/**
 * The Common Expression Language: the type of an expression, or why it has none. As kube-apiserver does when a
 * definition is written, so that a rule that could not be run is never stored.
 *
 * @internal
 */
import * as Result from "effect/Result"
import * as CelSignatures from "./celSignatures.ts"
import type { Comprehension, Expression } from "./celSyntax.ts"
import type { Problem } from "./celTokens.ts"
import * as CelTypes from "./celTypes.ts"

type Outcome<A = CelTypes.Type> = Result.Result<A, Problem>

/** The types of the variables. */
export type Variables = ReadonlyMap<string, CelTypes.Type>

const typeNames: { readonly [name: string]: CelTypes.Type } = {
  int: CelTypes.int,
  uint: CelTypes.uint,
  double: CelTypes.double,
  bool: CelTypes.bool,
  string: CelTypes.string,
  bytes: CelTypes.bytes,
  list: CelTypes.list(CelTypes.dyn),
  map: CelTypes.map(CelTypes.dyn, CelTypes.dyn),
  null_type: CelTypes.none,
  type: CelTypes.dyn,
  "google.protobuf.Timestamp": CelTypes.timestamp,
  "google.protobuf.Duration": CelTypes.duration
}

/** The name that a chain of selections is, where it begins with a word: `google.protobuf.Duration`. */
export const qualifiedName = (expression: Expression): string | undefined => {
  if (expression._tag === "Identifier") return expression.name
  if (expression._tag !== "Select" || expression.isOptional || expression.isTest) return undefined
  const on = qualifiedName(expression.on)
  return on === undefined ? undefined : `${on}.${expression.field}`
}

/** Whether a name is one of a type. */
export const isTypeName = (name: string): boolean => Object.hasOwn(typeNames, name)

/** The function of a namespace that a method call is: `optional.of(1)`. */
export const namespaced = (
  { name, on }: Extract<Expression, { readonly _tag: "Call" }>,
  isVariable: (name: string) => boolean
): string | undefined =>
  on?._tag === "Identifier" && !isVariable(on.name) && CelSignatures.of(`${on.name}.${name}`) !== undefined
    ? `${on.name}.${name}`
    : undefined

const fail = (at: number, why: string): Result.Result<never, Problem> => Result.fail({ at, why })

const isDyn = (type: CelTypes.Type): boolean => type.kind === "plain" && type.name === "dyn"

const isUnknown = (type: CelTypes.Type): boolean => isDyn(type) || type.kind === "parameter"

/** The type of a field or of a map's value. */
const selected = (on: CelTypes.Type, field: string, at: number): Outcome => {
  if (isUnknown(on)) return Result.succeed(CelTypes.dyn)
  if (on.kind === "map") return Result.succeed(on.of)
  if (on.kind === "optional") return Result.map(selected(on.of, field, at), CelTypes.optional)
  if (on.kind !== "object") return fail(at, `type '${CelTypes.print(on)}' does not support field selection`)
  const type = on.fields.get(field)
  return type === undefined ? fail(at, `undefined field '${field}'`) : Result.succeed(type)
}

/** The result of a call by the first of its signatures that takes what is given; `dyn` where they differ. */
const resultOf = (
  name: string,
  isMethod: boolean,
  given: ReadonlyArray<CelTypes.Type>,
  at: number
): Outcome => {
  const results = (CelSignatures.of(name) ?? []).flatMap((signature) => {
    const bindings: CelTypes.Bindings = new Map()
    const fits = signature.isMethod === isMethod && signature.parameters.length === given.length &&
      signature.parameters.every((wanted, index) => CelTypes.accepts(wanted, given[index] ?? CelTypes.dyn, bindings))
    return fits ? [CelTypes.bound(signature.result, bindings)] : []
  })
  const [first] = results
  if (first !== undefined) {
    const text = CelTypes.print(first)
    return Result.succeed(results.every((result) => CelTypes.print(result) === text) ? first : CelTypes.dyn)
  }
  const types = given.map(CelTypes.print)
  const shown = isMethod ? `${types[0] ?? ""}.(${types.slice(1).join(", ")})` : `(${types.join(", ")})`
  return fail(at, `found no matching overload for '${name}' applied to '${shown}'`)
}

/**
 * The type of an expression, given those of the variables. The items of a list or map must be of one type, unless they
 * may be mixed, as what is formatted.
 */
export const check = (expression: Expression, variables: Variables, isMixed = false): Outcome => {
  const type = (each: Expression): Outcome => check(each, variables, isMixed)
  const expected = (each: Expression, wanted: CelTypes.Type): Outcome =>
    Result.flatMap(type(each), (found) =>
      CelTypes.accepts(wanted, found, new Map())
        ? Result.succeed(wanted)
        : fail(each.at, `expected type '${CelTypes.print(wanted)}' but found '${CelTypes.print(found)}'`))
  switch (expression._tag) {
    case "Literal":
      return Result.succeed({ kind: "plain", name: expression.value.type })
    case "Identifier": {
      const known = variables.get(expression.name)
      if (known !== undefined) return Result.succeed(known)
      const named = isTypeName(expression.name) ? typeNames[expression.name] : undefined
      return named === undefined
        ? fail(expression.at, `undeclared reference to '${expression.name}' (in container '')`)
        : Result.succeed({ kind: "type", of: named })
    }
    case "Select": {
      const name = qualifiedName(expression)
      const named = name === undefined ? undefined : typeNames[name]
      if (named !== undefined) return Result.succeed({ kind: "type", of: named })
      return Result.map(
        Result.flatMap(type(expression.on), (on) => selected(on, expression.field, expression.at)),
        (found) =>
          expression.isTest
            ? CelTypes.bool
            : expression.isOptional && found.kind !== "optional"
            ? CelTypes.optional(found)
            : found
      )
    }
    case "Call": {
      const { arguments: given, at, name, on } = expression
      const qualified = namespaced(expression, (each) => variables.has(each))
      const isMethod = on !== undefined && qualified === undefined
      return Result.gen(function*() {
        const target = isMethod ? [yield* type(on)] : []
        const called = qualified ?? name
        if (CelSignatures.of(called) === undefined) {
          return yield* fail(at, `undeclared reference to '${called}' (in container '')`)
        }
        const types = yield* Result.all(given.map((each) => check(each, variables, isMixed || name === "format")))
        return yield* resultOf(called, isMethod, [...target, ...types], at)
      })
    }
    case "Logic":
      return Result.map(
        Result.all(expression.sides.map((side) => expected(side, CelTypes.bool))),
        () => CelTypes.bool
      )
    case "Choice":
      return Result.gen(function*() {
        const test = yield* type(expression.test)
        const yes = yield* type(expression.yes)
        const no = yield* type(expression.no)
        const bindings: CelTypes.Bindings = new Map()
        const branch: CelTypes.Type = { kind: "parameter", name: "A" }
        if (
          CelTypes.accepts(CelTypes.bool, test, bindings) && CelTypes.accepts(branch, yes, bindings) &&
          CelTypes.accepts(branch, no, bindings)
        ) return CelTypes.bound(branch, bindings)
        return yield* fail(
          expression.at,
          `found no matching overload for '_?_:_' applied to '(${[test, yes, no].map(CelTypes.print).join(", ")})'`
        )
      })
    case "List":
      return Result.gen(function*() {
        const types: Array<readonly [CelTypes.Type, number]> = []
        for (const { isOptional, value } of expression.items) {
          types.push([yield* unwrapped(yield* type(value), isOptional, value.at), value.at])
        }
        return CelTypes.list(yield* joined(types, isMixed))
      })
    case "Map":
      return Result.gen(function*() {
        const keys: Array<readonly [CelTypes.Type, number]> = []
        const values: Array<readonly [CelTypes.Type, number]> = []
        for (const { isOptional, key, value } of expression.entries) {
          keys.push([yield* type(key), key.at])
          values.push([yield* unwrapped(yield* type(value), isOptional, value.at), value.at])
        }
        return CelTypes.map(yield* joined(keys, isMixed), yield* joined(values, isMixed))
      })
    case "Optional":
      return Result.gen(function*() {
        const on = yield* type(expression.on)
        if (on.kind !== "optional" && !isUnknown(on)) {
          const name = expression.isFlat ? "optFlatMap" : "optMap"
          return yield* fail(
            expression.at,
            `found no matching overload for '${name}' applied to '${CelTypes.print(on)}.()'`
          )
        }
        const inner = on.kind === "optional" ? on.of : CelTypes.dyn
        const body = yield* check(expression.body, new Map(variables).set(expression.variable, inner))
        return expression.isFlat ? body : CelTypes.optional(body)
      })
    case "Comprehension":
      return comprehension(expression, variables)
  }
}

const unwrapped = (type: CelTypes.Type, isOptional: boolean, at: number): Outcome =>
  !isOptional || isUnknown(type)
    ? Result.succeed(type)
    : type.kind === "optional"
    ? Result.succeed(type.of)
    : fail(at, `expected type 'optional_type(${CelTypes.print(type)})' but found '${CelTypes.print(type)}'`)

/** The one type of the items of a literal. */
const joined = (types: ReadonlyArray<readonly [CelTypes.Type, number]>, isMixed: boolean): Outcome => {
  let common: CelTypes.Type = CelTypes.unknown
  for (const [type, at] of types) {
    if (common.kind === "parameter") common = type
    else if (!CelTypes.accepts(common, type, new Map())) {
      if (isMixed) common = CelTypes.dyn
      else return fail(at, `expected type '${CelTypes.print(common)}' but found '${CelTypes.print(type)}'`)
    }
  }
  return Result.succeed(common)
}

const comprehension = (expression: Comprehension, variables: Variables): Outcome =>
  Result.gen(function*() {
    const { body, filter, making, range, variables: names } = expression
    const over = yield* check(range, variables)
    if (over.kind !== "list" && over.kind !== "map" && !isUnknown(over)) {
      return yield* fail(
        range.at,
        `expression of type '${
          CelTypes.print(over)
        }' cannot be range of a comprehension (must be list, map, or dynamic)`
      )
    }
    const [key, item] = over.kind === "list"
      ? [CelTypes.int, over.of]
      : over.kind === "map"
      ? [over.key, over.of]
      : [CelTypes.dyn, CelTypes.dyn]
    const [first, second] = names
    const inner = new Map(variables)
    if (second === undefined) inner.set(first, over.kind === "map" ? key : item)
    else inner.set(first, key).set(second, item)
    const isBool = (each: Expression): Outcome =>
      Result.flatMap(check(each, inner), (found) =>
        CelTypes.accepts(CelTypes.bool, found, new Map())
          ? Result.succeed(CelTypes.bool)
          : fail(each.at, `expected type 'bool' but found '${CelTypes.print(found)}'`))
    if (making === "all" || making === "exists" || making === "one") return yield* isBool(body)
    if (filter !== undefined) yield* isBool(filter)
    const made = yield* check(body, inner)
    switch (making) {
      case "map":
        return CelTypes.map(key, made)
      case "mapEntry":
        return made
      case "sorted":
        return over
      default:
        return CelTypes.list(made)
    }
  })
