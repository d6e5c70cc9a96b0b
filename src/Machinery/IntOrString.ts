/**
 * `IntOrString`: a port by number or by name, an amount of pods absolute or in percent.
 *
 * On the wire and in the API types it is what it says, a number or a string. These functions read the two uses.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import { quote } from "./internal/goText.ts"
import * as Int64 from "./internal/int64.ts"
import { ParseError } from "./ParseError.ts"

/**
 * A number or a string.
 *
 * @category models
 * @since 0.1.0
 */
export type IntOrString = number | string

/**
 * The value of a text that a user typed: a number where it is a decimal integer of 32 bits, else the text itself.
 *
 * @category parsing
 * @since 0.1.0
 */
export const fromText = (text: string): IntOrString => {
  if (!Int64.isInt64(text)) return text
  const number = Number(text)
  return number >= -(2 ** 31) && number < 2 ** 31 ? number : text
}

/**
 * How many of `total` are meant by an amount such as `maxUnavailable`: the number itself, or a percentage of the total.
 * Fails for a text that is no percentage.
 *
 * ```ts
 * IntOrString.resolve("25%", { total: 10, round: "up" }) // 3
 * ```
 *
 * @category parsing
 * @since 0.1.0
 */
export const resolve = (
  value: IntOrString,
  options: {
    readonly total: number
    /** What happens to a fraction: controllers round `maxSurge` up and `maxUnavailable` down. */
    readonly round: "up" | "down"
  }
): Result.Result<number, ParseError> => {
  if (typeof value === "number") return Result.succeed(value)
  const refuse = (position: number, problem: string) =>
    Result.fail(
      new ParseError({
        what: "number or percentage",
        input: value,
        position,
        reason: `invalid value for IntOrString: ${problem}`
      })
    )
  if (!value.endsWith("%")) return refuse(value.length, "invalid type: string is not a percentage")
  const digits = value.slice(0, -1)
  if (!Int64.isInt64(digits)) {
    const problem = /^[+-]?\d+$/.test(digits) ? "value out of range" : "invalid syntax"
    return refuse(
      /^[+-]?\d*/.exec(digits)?.[0].length ?? 0,
      `invalid value ${quote(value)}: strconv.Atoi: parsing ${quote(digits)}: ${problem}`
    )
  }
  const share = Number(digits) * options.total / 100
  return Result.succeed(options.round === "up" ? Math.ceil(share) : Math.floor(share))
}
