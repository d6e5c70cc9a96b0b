/**
 * Conversions between the types of the Common Expression Language, and what all its functions are.
 *
 * @internal
 */
import * as Result from "effect/Result"
import * as CelFormat from "./celFormat.ts"
import * as CelTimes from "./celTimes.ts"
import * as CelValues from "./celValues.ts"

type Outcome<A = unknown> = CelValues.Outcome<A>

/** A function: of a method, the first of what is given is the target. */
export type Implementation = (given: ReadonlyArray<unknown>) => Outcome

/** The failure of a function that is given values of types it does not take. */
export const noOverload: Result.Result<never, string> = Result.fail("no such overload")

/** A failure by its words. */
export const fail = (why: string): Result.Result<never, string> => Result.fail(why)

/** An integer that 64 bits hold. */
export const integer = (value: bigint): Outcome =>
  BigInt.asIntN(64, value) === value ? Result.succeed(value) : fail("integer overflow")

/** An integer without sign that 64 bits hold. */
export const unsigned = (value: bigint): Outcome =>
  BigInt.asUintN(64, value) === value
    ? Result.succeed(new CelValues.Unsigned(value))
    : fail("unsigned integer overflow")

const overDouble = (value: number, make: (whole: bigint) => Outcome): Outcome =>
  Number.isFinite(value) ? make(BigInt(Math.trunc(value))) : fail("integer overflow")

const cannot = (from: string, to: string) => fail(`type conversion error from '${from}' to '${to}'`)

const toInteger = (name: "int" | "uint"): Implementation => ([value]) => {
  const make = name === "int" ? integer : unsigned
  if (typeof value === "bigint") return make(value)
  if (value instanceof CelValues.Unsigned) return make(value.value)
  if (typeof value === "number") return overDouble(value, make)
  if (value instanceof CelValues.Moment && name === "int") {
    return Result.succeed(value.kind === "duration" ? value.nanoseconds : CelTimes.seconds(value))
  }
  if (typeof value !== "string") return noOverload
  const isWhole = name === "int" ? /^[-+]?\d+$/.test(value) : /^\d+$/.test(value)
  return isWhole
    ? Result.mapError(make(BigInt(value)), () => `type conversion error from 'string' to '${name}'`)
    : cannot("string", name)
}

const toDouble: Implementation = ([value]) => {
  if (typeof value === "number") return Result.succeed(value)
  if (typeof value === "bigint") return Result.succeed(Number(value))
  if (value instanceof CelValues.Unsigned) return Result.succeed(Number(value.value))
  if (typeof value !== "string") return noOverload
  if (/^[-+]?(?:inf|infinity)$/i.test(value)) return Result.succeed(value.startsWith("-") ? -Infinity : Infinity)
  if (/^nan$/i.test(value)) return Result.succeed(NaN)
  return /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/.test(value)
    ? Result.succeed(Number(value))
    : cannot("string", "double")
}

const truths: { readonly [text: string]: boolean } = {
  ...Object.fromEntries(["true", "TRUE", "True", "t", "T", "1"].map((text) => [text, true])),
  ...Object.fromEntries(["false", "FALSE", "False", "f", "F", "0"].map((text) => [text, false]))
}

const toBool: Implementation = ([value]) => {
  if (typeof value === "boolean") return Result.succeed(value)
  if (typeof value !== "string") return noOverload
  const truth = Object.hasOwn(truths, value) ? truths[value] : undefined
  return truth === undefined ? cannot("string", "bool") : Result.succeed(truth)
}

const toBytes: Implementation = ([value]) =>
  value instanceof Uint8Array
    ? Result.succeed(value)
    : typeof value === "string"
    ? Result.succeed(new TextEncoder().encode(value))
    : noOverload

const toText: Implementation = ([value]) => {
  if (typeof value === "string") return Result.succeed(value)
  if (typeof value === "boolean" || typeof value === "bigint") return Result.succeed(String(value))
  if (typeof value === "number") return Result.succeed(CelFormat.printDouble(value))
  if (value instanceof CelValues.Unsigned) return Result.succeed(String(value.value))
  if (value instanceof CelValues.Moment) return Result.succeed(CelFormat.printMoment(value))
  if (value instanceof Uint8Array) {
    return Result.try({
      try: () => new TextDecoder("utf-8", { fatal: true }).decode(value),
      catch: () => "invalid UTF-8 in bytes, cannot convert to string"
    })
  }
  return value === null ? fail("no such overload: string(null_type)") : noOverload
}

/** The conversions by name. */
export const functions: { readonly [name: string]: Implementation } = {
  int: toInteger("int"),
  uint: toInteger("uint"),
  double: toDouble,
  bool: toBool,
  bytes: toBytes,
  string: toText
}
