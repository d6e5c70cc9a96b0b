/**
 * `Quantity`: amounts of CPU, memory and the like, exactly.
 *
 * On the wire a quantity is a text (`100m`, `1.5Gi`, `2e3`) or a number; the API types keep it so. This module parses
 * it into an integer and a power of ten, computes with it without rounding, and prints the canonical form: no fraction,
 * the largest suffix that loses nothing, of the family the input had. What is finer than a billionth is rounded away
 * from zero, as the API server does.
 *
 * @see https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import { ParseError } from "./ParseError.ts"

/**
 * The family of suffixes that a quantity is printed with: `k M G`, `Ki Mi Gi` or `e3 e6 e9`.
 *
 * @category models
 * @since 0.1.0
 */
export type Format = "DecimalSI" | "BinarySI" | "DecimalExponent"

/**
 * An amount: `unscaled` times ten to the power of `scale`, which is -9 or more.
 *
 * @category models
 * @since 0.1.0
 */
export interface Quantity {
  readonly unscaled: bigint
  readonly scale: number
  readonly format: Format
}

/**
 * What is accepted where a quantity is asked for.
 *
 * @category models
 * @since 0.1.0
 */
export type Input = string | number | bigint | Quantity

const nano = -9

const power = (exponent: number): bigint => 10n ** BigInt(exponent)

const digits = (value: bigint): number => (value < 0n ? -value : value).toString().length

const divideAway = (value: bigint, divisor: bigint): bigint => {
  const quotient = value / divisor
  return quotient * divisor === value ? quotient : quotient + (value < 0n ? -1n : 1n)
}

/** Rounds away from zero; amounts of more than a thousand digits below the scale are not computed to be rounded. */
const rescale = (unscaled: bigint, scale: number, wanted: number): bigint => {
  if (scale >= wanted) return unscaled * power(scale - wanted)
  if (unscaled === 0n) return 0n
  return digits(unscaled) + scale < wanted ? (unscaled < 0n ? -1n : 1n) : divideAway(unscaled, power(wanted - scale))
}

/**
 * A quantity from an integer and a power of ten: `make({ unscaled: 1500n, scale: -3 })` is 1.5.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: {
  readonly unscaled: bigint
  /** 0 unless given; below -9 it is rounded up to -9. */
  readonly scale?: number
  /** `DecimalSI` unless given. */
  readonly format?: Format
}): Quantity => {
  const { format = "DecimalSI", scale = 0, unscaled } = options
  return scale < nano
    ? { unscaled: rescale(unscaled, scale, nano), scale: nano, format }
    : { unscaled, scale, format }
}

/**
 * Nothing.
 *
 * @category constructors
 * @since 0.1.0
 */
export const zero: Quantity = make({ unscaled: 0n })

const decimalSuffixes = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"]
const binarySuffixes = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"]
const largestBinary = 2n ** 63n - 1n

const shape = /^([+-]?)(\d*)(?:\.(\d*))?([eEinumkKMGTP]*[+-]?\d*)$/
const longestPart = /^[+-]?\d*(?:\.\d*)?[eEinumkKMGTP]*[+-]?\d*/

const fail = (input: string, position: number, reason: string) =>
  Result.fail(new ParseError({ what: "quantity", input, position, reason }))

interface Suffix {
  readonly base: 2n | 10n
  readonly exponent: number
  readonly format: Format
}

const suffixOf = (text: string): Suffix | undefined => {
  const decimal = decimalSuffixes.indexOf(text)
  if (decimal >= 0) return { base: 10n, exponent: decimal * 3 - 9, format: "DecimalSI" }
  const binary = binarySuffixes.indexOf(text)
  if (binary > 0) return { base: 2n, exponent: binary * 10, format: "BinarySI" }
  if (!/^[eE][+-]?\d+$/.test(text)) return undefined
  const exponent = Number(text.slice(1))
  return Math.abs(exponent) < 2 ** 31 ? { base: 10n, exponent, format: "DecimalExponent" } : undefined
}

/**
 * Parses the text form. Binary amounts are capped at 2^63-1, as the API server does.
 *
 * @category parsing
 * @since 0.1.0
 */
export const parse = (text: string): Result.Result<Quantity, ParseError> => {
  const parts = shape.exec(text)
  if (parts === null || text === "") {
    return fail(
      text,
      longestPart.exec(text)?.[0].length ?? 0,
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
    )
  }
  const [, sign = "", whole = "", fraction = "", suffixText = ""] = parts
  const suffix = suffixOf(suffixText)
  if (suffix === undefined) {
    return fail(text, text.length - suffixText.length, "unable to parse quantity's suffix")
  }
  const magnitude = BigInt(`${whole}${fraction}` || "0")
  const signed = sign === "-" ? -magnitude : magnitude
  if (suffix.base === 10n) {
    return Result.succeed(make({ unscaled: signed, scale: suffix.exponent - fraction.length, format: suffix.format }))
  }
  const exact = make({ unscaled: signed << BigInt(suffix.exponent), scale: -fraction.length, format: suffix.format })
  if (compare(exact, make({ unscaled: largestBinary })) > 0) {
    return Result.succeed({ unscaled: largestBinary, scale: 0, format: "BinarySI" })
  }
  if (compare(exact, make({ unscaled: -largestBinary })) < 0) {
    return Result.succeed({ unscaled: -largestBinary, scale: 0, format: "BinarySI" })
  }
  // Less than one has no binary suffix.
  const one = make({ unscaled: 1n })
  const small = exact.unscaled !== 0n && compare(exact, one) < 0 && compare(exact, negate(one)) > 0
  return Result.succeed(small ? { ...exact, format: "DecimalSI" } : exact)
}

/**
 * The quantity of any accepted form: white space around a text is ignored, as in JSON that the API server reads.
 *
 * @category parsing
 * @since 0.1.0
 */
export const fromInput = (input: Input): Result.Result<Quantity, ParseError> => {
  switch (typeof input) {
    case "bigint":
      return Result.succeed(make({ unscaled: input }))
    case "number":
      return parse(String(input))
    case "string":
      return parse(input.trim())
    default:
      return Result.succeed(input)
  }
}

const withoutFactors = (value: bigint, factor: bigint): readonly [value: bigint, times: number] => {
  let rest = value
  let times = 0
  while (rest !== 0n && rest % factor === 0n) {
    rest /= factor
    times++
  }
  return [rest, times]
}

const isInteger = (quantity: Quantity): boolean =>
  quantity.scale >= 0 || quantity.unscaled % power(-quantity.scale) === 0n

/**
 * The canonical text: `1500m` for 1.5, `1536Mi` for 1.5Gi. It parses back to an equal quantity. Binary quantities below
 * 1024 and those with a fraction are printed with decimal suffixes.
 *
 * @category printing
 * @since 0.1.0
 */
export const print = (quantity: Quantity): string => {
  if (quantity.unscaled === 0n) return "0"
  const k = make({ unscaled: 1024n })
  const isBinary = quantity.format === "BinarySI" && isInteger(quantity) &&
    (compare(quantity, k) >= 0 || compare(quantity, negate(k)) <= 0)
  if (isBinary) {
    const [amount, times] = withoutFactors(toBigInt(quantity), 1024n)
    const step = Math.min(times, binarySuffixes.length - 1)
    return `${amount * 1024n ** BigInt(times - step)}${binarySuffixes[step]}`
  }
  const [amount, times] = withoutFactors(quantity.unscaled, 10n)
  const exact = quantity.scale + times
  const multiple = Math.floor(exact / 3) * 3
  if (quantity.format === "DecimalExponent") {
    return `${amount * power(exact - multiple)}${multiple === 0 ? "" : `e${multiple}`}`
  }
  const exponent = Math.min(multiple, 18)
  return `${amount * power(exact - exponent)}${decimalSuffixes[exponent / 3 + 3]}`
}

/**
 * Which of two quantities is greater: -1, 0 or 1. The format plays no part.
 *
 * @category comparing
 * @since 0.1.0
 */
export const compare = (left: Quantity, right: Quantity): -1 | 0 | 1 => {
  const leftSign = left.unscaled < 0n ? -1 : left.unscaled > 0n ? 1 : 0
  const rightSign = right.unscaled < 0n ? -1 : right.unscaled > 0n ? 1 : 0
  if (leftSign !== rightSign) return leftSign < rightSign ? -1 : 1
  if (leftSign === 0) return 0
  // The number of digits decides first, so that exponents of a million cost nothing.
  const magnitude = digits(left.unscaled) + left.scale - digits(right.unscaled) - right.scale
  if (magnitude !== 0) return (magnitude < 0) === (leftSign > 0) ? -1 : 1
  const scale = Math.min(left.scale, right.scale)
  const first = left.unscaled * power(left.scale - scale)
  const second = right.unscaled * power(right.scale - scale)
  return first < second ? -1 : first > second ? 1 : 0
}

/**
 * Whether two quantities are the same amount, as `1` and `1000m` are.
 *
 * @category comparing
 * @since 0.1.0
 */
export const equals = (left: Quantity, right: Quantity): boolean => compare(left, right) === 0

/**
 * The sum, in the format of the first, or of the second where the first is zero.
 *
 * @category arithmetic
 * @since 0.1.0
 */
export const add = (left: Quantity, right: Quantity): Quantity => {
  const scale = Math.min(left.scale, right.scale)
  return {
    unscaled: left.unscaled * power(left.scale - scale) + right.unscaled * power(right.scale - scale),
    scale,
    format: left.unscaled === 0n ? right.format : left.format
  }
}

/**
 * The difference, in the format of the first, or of the second where the first is zero.
 *
 * @category arithmetic
 * @since 0.1.0
 */
export const subtract = (left: Quantity, right: Quantity): Quantity => add(left, negate(right))

/**
 * The product with an integer.
 *
 * @category arithmetic
 * @since 0.1.0
 */
export const multiply = (quantity: Quantity, factor: bigint): Quantity => ({
  ...quantity,
  unscaled: quantity.unscaled * factor
})

/**
 * The opposite amount.
 *
 * @category arithmetic
 * @since 0.1.0
 */
export const negate = (quantity: Quantity): Quantity => ({ ...quantity, unscaled: -quantity.unscaled })

/**
 * The amount rounded away from zero to a multiple of ten to the power of `scale`.
 *
 * @category arithmetic
 * @since 0.1.0
 */
export const roundUp = (quantity: Quantity, scale: number): Quantity =>
  quantity.scale >= scale
    ? quantity
    : { ...quantity, unscaled: rescale(quantity.unscaled, quantity.scale, scale), scale }

/**
 * The amount as an integer: bytes of memory, whole CPUs; a fraction is rounded away from zero. An amount of a million
 * digits, as `1e1000000` is, costs that much memory; `compare` such ones first.
 *
 * @category converting
 * @since 0.1.0
 */
export const toBigInt = (quantity: Quantity): bigint => rescale(quantity.unscaled, quantity.scale, 0)

/**
 * The amount in thousandths, as CPU is counted; what is finer is rounded away from zero.
 *
 * @category converting
 * @since 0.1.0
 */
export const toMilli = (quantity: Quantity): bigint => rescale(quantity.unscaled, quantity.scale, -3)

/**
 * The nearest number; infinite where it is too large for one.
 *
 * @category converting
 * @since 0.1.0
 */
export const toNumber = (quantity: Quantity): number => Number(`${quantity.unscaled}e${quantity.scale}`)
