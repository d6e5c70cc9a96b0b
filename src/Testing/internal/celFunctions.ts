/**
 * The functions of the Common Expression Language, and those that Kubernetes adds.
 *
 * @see https://kubernetes.io/docs/reference/using-api/cel/
 * @internal
 */
import * as Result from "effect/Result"
import * as Json from "../../Machinery/Json.ts"
import * as Quantity from "../../Machinery/Quantity.ts"
import * as Time from "../../Machinery/Time.ts"

type Outcome = Result.Result<unknown, string>

// Values of kinds that JSON has none of are instances of classes, which no JSON object is.

/** A point in time or a span of it. */
export class Moment {
  readonly kind: "timestamp" | "duration"
  readonly milliseconds: number
  constructor(kind: "timestamp" | "duration", milliseconds: number) {
    this.kind = kind
    this.milliseconds = milliseconds
  }
}

/** A value that may be missing. */
export class Maybe {
  readonly value: unknown
  constructor(value: unknown) {
    this.value = value
  }
}

/** The missing value. */
export const nothing: Maybe = new Maybe(undefined)

/** A type as a value. */
export class Type {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}

/** The names of types. */
export const types: ReadonlySet<string> = new Set([
  "int",
  "uint",
  "double",
  "bool",
  "string",
  "bytes",
  "list",
  "map",
  "null_type"
])

class Amount {
  readonly quantity: Quantity.Quantity
  constructor(quantity: Quantity.Quantity) {
    this.quantity = quantity
  }
}

/** Whether two values are equal. */
export const equal = (left: unknown, right: unknown): boolean => {
  if (left instanceof Moment && right instanceof Moment) {
    return left.kind === right.kind && left.milliseconds === right.milliseconds
  }
  if (left instanceof Maybe && right instanceof Maybe) return equal(left.value, right.value)
  if (left instanceof Type && right instanceof Type) return left.name === right.name
  if (left instanceof Amount && right instanceof Amount) return Quantity.equals(left.quantity, right.quantity)
  return Json.equal(left, right)
}

const typeOf = (value: unknown): string =>
  value === null
    ? "null_type"
    : typeof value === "boolean"
    ? "bool"
    : typeof value === "number"
    ? Number.isInteger(value) ? "int" : "double"
    : typeof value === "string"
    ? "string"
    : Json.isArray(value)
    ? "list"
    : "map"

const units: { readonly [unit: string]: number } = { h: 3_600_000, m: 60_000, s: 1000, ms: 1, us: 0.001, ns: 0.000001 }

const durationOf = (text: string): Moment | undefined => {
  const sign = text.startsWith("-") ? -1 : 1
  const bare = text.replace(/^[-+]/, "")
  if (!/^(?:[0-9.]+(?:h|ms|us|ns|m|s))+$/.test(bare)) return undefined
  let sum = 0
  for (const [, amount = "", unit = ""] of bare.matchAll(/([0-9.]+)(h|ms|us|ns|m|s)/g)) {
    sum += Number(amount) * (units[unit] ?? 0)
  }
  return new Moment("duration", sign * sum)
}

const timestampOf = (text: string): Moment | undefined => {
  const parsed = Time.parse(text)
  return Result.isSuccess(parsed) ? new Moment("timestamp", Number(parsed.success / 1_000_000n)) : undefined
}

const noOverload: Outcome = Result.fail("no such overload")

const integerOf = (value: unknown): Outcome => {
  if (typeof value === "number") return Result.succeed(Math.trunc(value))
  if (value instanceof Moment) return Result.succeed(Math.trunc(value.milliseconds / 1000))
  return typeof value === "string" && /^-?[0-9]+$/.test(value)
    ? Result.succeed(Number(value))
    : Result.fail(`strconv.ParseInt: parsing ${JSON.stringify(value)}: invalid syntax`)
}

const size = (value: unknown): Outcome =>
  typeof value === "string"
    ? Result.succeed([...value].length)
    : Json.isArray(value)
    ? Result.succeed(value.length)
    : Json.isObject(value)
    ? Result.succeed(Object.keys(value).length)
    : noOverload

const textFunctions: { readonly [name: string]: (text: string, ...rest: ReadonlyArray<string>) => unknown } = {
  startsWith: (text, prefix = "") => text.startsWith(prefix),
  endsWith: (text, suffix = "") => text.endsWith(suffix),
  contains: (text, part = "") => text.includes(part),
  matches: (text, pattern = "") => new RegExp(pattern, "u").test(text),
  lowerAscii: (text) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase()),
  upperAscii: (text) => text.replace(/[a-z]/g, (letter) => letter.toUpperCase()),
  trim: (text) => text.trim(),
  reverse: (text) => [...text].reverse().join(""),
  find: (text, pattern = "") => new RegExp(pattern, "u").exec(text)?.[0] ?? "",
  findAll: (text, pattern = "") => [...text.matchAll(new RegExp(pattern, "gu"))].map(([found]) => found),
  isUrl: (text) => URL.canParse(text),
  isURL: (text) => URL.canParse(text),
  isQuantity: (text) => Result.isSuccess(Quantity.parse(text)),
  replace: (text, from = "", to = "") => text.replaceAll(from, to),
  indexOf: (text, part = "") => text.indexOf(part),
  lastIndexOf: (text, part = "") => text.lastIndexOf(part),
  split: (text, separator = "") => text.split(separator),
  duration: (text) => durationOf(text),
  timestamp: (text) => timestampOf(text)
}

const compareValues = (left: unknown, right: unknown): number =>
  typeof left === "number" && typeof right === "number"
    ? left - right
    : String(left) < String(right)
    ? -1
    : String(left) > String(right)
    ? 1
    : 0

const listFunctions: {
  readonly [name: string]: (list: ReadonlyArray<unknown>, ...rest: ReadonlyArray<unknown>) => unknown
} = {
  isSorted: (list) => list.every((item, index) => index === 0 || compareValues(list[index - 1], item) <= 0),
  sum: (list) => list.reduce<number>((sum, item) => sum + (typeof item === "number" ? item : 0), 0),
  min: (list) => list.toSorted(compareValues)[0],
  max: (list) => list.toSorted(compareValues).at(-1),
  indexOf: (list, item) => list.findIndex((each) => equal(each, item)),
  lastIndexOf: (list, item) => list.findLastIndex((each) => equal(each, item)),
  join: (list, separator) => list.join(typeof separator === "string" ? separator : ""),
  distinct: (list) => list.filter((item, index) => list.findIndex((each) => equal(each, item)) === index),
  flatten: (list) => list.flat(),
  sort: (list) => list.toSorted(compareValues),
  first: (list) => list.length === 0 ? nothing : new Maybe(list[0]),
  last: (list) => list.length === 0 ? nothing : new Maybe(list.at(-1))
}

const amountFunctions: { readonly [name: string]: (left: Amount, right: Amount | undefined) => unknown } = {
  compareTo: (left, right) => right === undefined ? undefined : Quantity.compare(left.quantity, right.quantity),
  isGreaterThan: (left, right) => right === undefined ? undefined : Quantity.compare(left.quantity, right.quantity) > 0,
  isLessThan: (left, right) => right === undefined ? undefined : Quantity.compare(left.quantity, right.quantity) < 0,
  asInteger: (left) => Number(Quantity.toBigInt(left.quantity)),
  asApproximateFloat: (left) => Quantity.toNumber(left.quantity),
  sign: (left) => Quantity.compare(left.quantity, Quantity.zero)
}

const maybeFunction = (name: string, maybe: Maybe, other: unknown): Outcome => {
  switch (name) {
    case "hasValue":
      return Result.succeed(maybe.value !== undefined)
    case "value":
      return maybe.value === undefined ? Result.fail("optional.none() dereference") : Result.succeed(maybe.value)
    case "orValue":
      return Result.succeed(maybe.value === undefined ? other : maybe.value)
    case "or":
      return Result.succeed(maybe.value === undefined ? other : maybe)
    default:
      return noOverload
  }
}

const own = <A>(table: { readonly [name: string]: A }, name: string): A | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined

const given = (value: unknown): Outcome => value === undefined ? noOverload : Result.succeed(value)

const isText = (value: unknown): value is string => typeof value === "string"

/** Calls a function by name; the target of a method is the first of its values. */
export const apply = (name: string, values: ReadonlyArray<unknown>): Outcome => {
  const [first, ...rest] = values
  switch (name) {
    case "size":
      return size(first)
    case "type":
      return Result.succeed(new Type(typeOf(first)))
    case "dyn":
      return Result.succeed(first)
    case "int":
    case "uint":
      return integerOf(first)
    case "double":
      return given(typeof first === "number" || isText(first) ? Number(first) : undefined)
    case "bool":
      return given(typeof first === "boolean" ? first : first === "true" ? true : first === "false" ? false : undefined)
    case "string":
      return Result.succeed(isText(first) ? first : Json.print(first))
    case "quantity": {
      const parsed = isText(first) ? Quantity.parse(first) : undefined
      return given(parsed !== undefined && Result.isSuccess(parsed) ? new Amount(parsed.success) : undefined)
    }
    case "optional.of":
      return Result.succeed(new Maybe(first))
    case "optional.none":
      return Result.succeed(nothing)
    case "optional.ofNonZeroValue":
      return Result.succeed(
        first === "" || first === 0 || first === false || first === null ? nothing : new Maybe(first)
      )
  }
  if (first instanceof Maybe) return maybeFunction(name, first, rest[0])
  if (first instanceof Amount) {
    const [other] = rest
    return given(own(amountFunctions, name)?.(first, other instanceof Amount ? other : undefined))
  }
  if (first instanceof Moment) return momentFunction(name, first)
  if (isText(first)) {
    if (name === "charAt" && typeof rest[0] === "number") return Result.succeed([...first][rest[0]] ?? "")
    if (name === "substring" && typeof rest[0] === "number") {
      return Result.succeed([...first].slice(rest[0], typeof rest[1] === "number" ? rest[1] : undefined).join(""))
    }
    return rest.every(isText) ? given(own(textFunctions, name)?.(first, ...rest)) : noOverload
  }
  return Json.isArray(first) ? given(own(listFunctions, name)?.(first, ...rest)) : noOverload
}

const momentFunction = (name: string, moment: Moment): Outcome => {
  const date = Time.fromNanoseconds(BigInt(Math.trunc(moment.milliseconds)) * 1_000_000n)
  switch (name) {
    case "getFullYear":
      return Result.succeed(Number(date.slice(0, 4)))
    case "getMonth":
      return Result.succeed(Number(date.slice(5, 7)) - 1)
    case "getDate":
      return Result.succeed(Number(date.slice(8, 10)))
    case "getHours":
      return Result.succeed(
        moment.kind === "duration" ? Math.trunc(moment.milliseconds / 3_600_000) : Number(date.slice(11, 13))
      )
    case "getMinutes":
      return Result.succeed(
        moment.kind === "duration" ? Math.trunc(moment.milliseconds / 60_000) : Number(date.slice(14, 16))
      )
    case "getSeconds":
      return Result.succeed(
        moment.kind === "duration" ? Math.trunc(moment.milliseconds / 1000) : Number(date.slice(17, 19))
      )
    default:
      return noOverload
  }
}
