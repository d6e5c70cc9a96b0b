/**
 * The values of expressions: integers are big, doubles are numbers, lists are lists, and what JSON has no kind of is an
 * instance of a class.
 *
 * @internal
 */
import * as Base64 from "effect/encoding/Base64"
import * as Result from "effect/Result"
import * as Json from "../../Machinery/Json.ts"
import type { ObjectSchema } from "../../Machinery/ObjectSchema.ts"
import type * as Quantity from "../../Machinery/Quantity.ts"
import * as Time from "../../Machinery/Time.ts"
import * as CelTypes from "./celTypes.ts"
import type * as IpAddress from "./ipAddress.ts"
import type * as RequestUrl from "./requestUrl.ts"
import type * as Semver from "./semver.ts"

/** What evaluates, or why it does not. */
export type Outcome<A = unknown> = Result.Result<A, string>

/** An unsigned integer. */
export class Unsigned {
  readonly value: bigint
  constructor(value: bigint) {
    this.value = value
  }
}

/** A span of time or a point in it, in nanoseconds. */
export class Moment {
  readonly kind: "timestamp" | "duration"
  readonly nanoseconds: bigint
  constructor(kind: "timestamp" | "duration", nanoseconds: bigint) {
    this.kind = kind
    this.nanoseconds = nanoseconds
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
export class TypeName {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}

/** What only Kubernetes has, under the name of its type. */
export type Special =
  | { readonly name: "kubernetes.Quantity"; readonly value: Quantity.Quantity }
  | { readonly name: "kubernetes.IP"; readonly value: IpAddress.Address }
  | { readonly name: "kubernetes.CIDR"; readonly value: IpAddress.Network }
  | { readonly name: "kubernetes.URL"; readonly value: RequestUrl.RequestUrl }
  | { readonly name: "kubernetes.Semver"; readonly value: Semver.Semver }
  | { readonly name: "kubernetes.NamedFormat"; readonly value: string }

/** A value of a type that only Kubernetes has. */
export class Opaque {
  readonly of: Special
  readonly equals: (other: Opaque) => boolean
  constructor(of: Special, equals: (other: Opaque) => boolean) {
    this.of = of
    this.equals = equals
  }
}

/** The text that stands for a key: whole numbers are one key whatever their type. */
export const keyText = (key: unknown): string | undefined =>
  typeof key === "string"
    ? `"${key}`
    : typeof key === "bigint"
    ? `${key}`
    : key instanceof Unsigned
    ? `${key.value}`
    : typeof key === "boolean"
    ? `:${key}`
    : typeof key === "number" && Number.isInteger(key)
    ? `${BigInt(key)}`
    : undefined

/** A map, or an object with the fields that it has. */
export class CelMap {
  readonly entries: ReadonlyMap<string, readonly [key: unknown, value: unknown]>
  constructor(entries: ReadonlyMap<string, readonly [key: unknown, value: unknown]>) {
    this.entries = entries
  }
  get(key: unknown): unknown {
    return this.entries.get(keyText(key) ?? "")?.[1]
  }
  has(key: unknown): boolean {
    return this.entries.has(keyText(key) ?? "")
  }
  keys(): ReadonlyArray<unknown> {
    return [...this.entries.values()].map(([key]) => key)
  }
}

/** A list as a value. */
export type List = ReadonlyArray<unknown>

/** Whether a value is a list. */
export const isList = (value: unknown): value is List => Array.isArray(value)

/** Lists whose order does not count, each with what tells an item of it. */
const unordered = new WeakMap<List, (item: unknown) => string>()

/** What tells the items of a list apart whose order does not count; `undefined` for a list whose order does. */
export const identity = (list: List): ((item: unknown) => string) | undefined => unordered.get(list)

/** Marks a list as one whose order does not count. */
export const withIdentity = (list: List, of: (item: unknown) => string): List => {
  unordered.set(list, of)
  return list
}

/** The name of a value's type. */
export const typeName = (value: unknown): string => {
  switch (typeof value) {
    case "bigint":
      return "int"
    case "number":
      return "double"
    case "boolean":
      return "bool"
    case "string":
      return "string"
    default:
      if (value === null) return "null_type"
      if (value instanceof Unsigned) return "uint"
      if (value instanceof Uint8Array) return "bytes"
      if (value instanceof Moment) {
        return value.kind === "timestamp" ? "google.protobuf.Timestamp" : "google.protobuf.Duration"
      }
      if (value instanceof TypeName) return "type"
      if (value instanceof Maybe) return "optional_type"
      if (value instanceof Opaque) return value.of.name
      return isList(value) ? "list" : "map"
  }
}

const numeric = (value: unknown): bigint | number | undefined =>
  typeof value === "bigint" || typeof value === "number" ? value : value instanceof Unsigned ? value.value : undefined

const codePoints = (left: string, right: string): number => {
  const [first, second] = [left, right].map((text) => Array.from(text, (each) => each.codePointAt(0) ?? 0))
  return sequences(first ?? [], second ?? [])
}

const sequences = (left: ArrayLike<number>, right: ArrayLike<number>): number => {
  for (let at = 0; at < left.length && at < right.length; at++) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0)
    if (difference !== 0) return difference
  }
  return left.length - right.length
}

/** Negative, zero or positive as the first value is less, the same or more; `undefined` where there is no order. */
export const compare = (left: unknown, right: unknown): number | undefined => {
  const first = numeric(left)
  const second = numeric(right)
  // A bigint and a number compare by amount.
  if (first !== undefined && second !== undefined) return first < second ? -1 : first > second ? 1 : 0
  if (typeof left === "string" && typeof right === "string") return codePoints(left, right)
  if (typeof left === "boolean" && typeof right === "boolean") return Number(left) - Number(right)
  if (left instanceof Uint8Array && right instanceof Uint8Array) return sequences(left, right)
  return left instanceof Moment && right instanceof Moment && left.kind === right.kind
    ? left.nanoseconds < right.nanoseconds ? -1 : left.nanoseconds > right.nanoseconds ? 1 : 0
    : undefined
}

/** Whether two values are equal; values of different kinds are not, but for numbers. */
export const equal = (left: unknown, right: unknown): boolean => {
  const first = numeric(left)
  const second = numeric(right)
  // A bigint and a number are equal by amount, which `===` does not say.
  if (first !== undefined && second !== undefined) return !(first < second) && !(first > second) && first === first
  if (isList(left) && isList(right)) {
    if (left.length !== right.length) return false
    return identity(left) === undefined && identity(right) === undefined
      ? left.every((item, index) => equal(item, right[index]))
      : left.every((item) => right.some((each) => equal(item, each)))
  }
  if (left instanceof CelMap && right instanceof CelMap) {
    return left.entries.size === right.entries.size &&
      [...left.entries].every(([key, [, value]]) => {
        const other = right.entries.get(key)
        return other !== undefined && equal(value, other[1])
      })
  }
  if (left instanceof Maybe && right instanceof Maybe) {
    return left.value === undefined || right.value === undefined
      ? left.value === right.value
      : equal(left.value, right.value)
  }
  if (left instanceof TypeName && right instanceof TypeName) return left.name === right.name
  if (left instanceof Opaque && right instanceof Opaque) return left.of.name === right.of.name && left.equals(right)
  return left === right || compare(left, right) === 0
}

const units: { readonly [unit: string]: bigint } = {
  h: 3_600_000_000_000n,
  m: 60_000_000_000n,
  s: 1_000_000_000n,
  ms: 1_000_000n,
  us: 1000n,
  µs: 1000n,
  μs: 1000n,
  ns: 1n
}

const longest = 2n ** 63n - 1n

/** Reads a duration as Go does: `1h30m`, `-1.5s`. */
export const parseDuration = (text: string): Moment | undefined => {
  const [, sign = "", bare = ""] = /^([-+]?)(.*)$/s.exec(text) ?? []
  if (bare === "0") return new Moment("duration", 0n)
  if (!/^(?:(?:\d+\.?\d*|\.\d+)(?:h|ms|us|µs|μs|ns|m|s))+$/.test(bare)) return undefined
  let sum = 0n
  for (const [, whole = "", fraction = "", unit = ""] of bare.matchAll(/(\d*)\.?(\d*)(h|ms|us|µs|μs|ns|m|s)/g)) {
    const scale = units[unit] ?? 0n
    sum += BigInt(whole || "0") * scale + BigInt(fraction || "0") * scale / 10n ** BigInt(fraction.length)
  }
  return sum > longest ? undefined : new Moment("duration", sign === "-" ? -sum : sum)
}

/** Reads a time as RFC 3339 has it. */
export const parseTimestamp = (text: string): Moment | undefined => {
  const parsed = Time.parse(text)
  return Result.isSuccess(parsed) ? new Moment("timestamp", parsed.success) : undefined
}

/** A whole number of JSON; what no integer can hold stays a number. */
const integer = (value: unknown): unknown =>
  typeof value === "number" && Number.isInteger(value) ? BigInt(value) : value

/** JSON without a schema: whole numbers are integers. */
const free = (value: unknown): unknown => {
  if (isList(value)) return value.map(free)
  if (!Json.isObject(value)) return integer(value)
  return new CelMap(new Map(Json.entries(value).map(([key, each]) => [`"${key}`, [key, free(each)]])))
}

const text = (schema: ObjectSchema, value: string): unknown => {
  switch (schema.format) {
    case "byte":
      return Result.getOrElse(Base64.decode(value), () => value)
    case "duration":
      return parseDuration(value) ?? value
    case "date":
      return parseTimestamp(`${value}T00:00:00Z`) ?? value
    case "date-time":
      return parseTimestamp(value) ?? value
    default:
      return value
  }
}

/** The value that JSON of a schema is to expressions. */
export const ofJson = (schema: ObjectSchema, value: unknown, isRoot = false): unknown => {
  if (value === null || schema["x-kubernetes-int-or-string"] === true) return integer(value)
  if (isList(value)) {
    const { items } = schema
    const list = value.map((item) => items === undefined ? free(item) : ofJson(items, item))
    const listType = schema["x-kubernetes-list-type"]
    if (listType === "set") return withIdentity(list, (item) => `${typeName(item)} ${keyText(item) ?? ""}`)
    const keys = schema["x-kubernetes-list-map-keys"] ?? []
    return listType === "map"
      ? withIdentity(
        list,
        (item) =>
          keys.map((key) => item instanceof CelMap ? keyText(item.get(CelTypes.fieldNames(key)[0])) ?? "" : "").join(
            "\n"
          )
      )
      : list
  }
  if (Json.isObject(value)) {
    const entries = new Map<string, readonly [unknown, unknown]>()
    const values = schema.additionalProperties
    const properties = propertiesOf(schema, isRoot)
    for (const [key, each] of Json.entries(value)) {
      if (typeof values === "object") entries.set(`"${key}`, [key, ofJson(values, each)])
      else if (Object.hasOwn(properties, key) && each !== null) {
        const inner = ofJson(properties[key] ?? {}, each)
        for (const name of CelTypes.fieldNames(key)) entries.set(`"${name}`, [name, inner])
      }
    }
    return new CelMap(entries)
  }
  if (typeof value === "string") return text(schema, value)
  return schema.type === "number" ? value : integer(value)
}

const { propertiesOf } = CelTypes
