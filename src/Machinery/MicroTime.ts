/**
 * `MicroTime`: points in time with exactly six digits of a second, as leases and events carry them.
 *
 * The API server refuses any other number of digits, so an elector that writes milliseconds never leads. What this
 * module makes has six by construction.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Rfc3339 from "./internal/rfc3339.ts"
import { ParseError } from "./ParseError.ts"

/**
 * Nanoseconds since 1970 of a text, exactly. Fails for any number of digits but six, as the API server does and in its
 * words.
 *
 * @category parsing
 * @since 0.1.0
 */
export const parse = (text: string): Result.Result<bigint, ParseError> => {
  const parsed = Rfc3339.parse(text, "2006-01-02T15:04:05.000000Z07:00")
  return "nanoseconds" in parsed
    ? Result.succeed(parsed.nanoseconds)
    : Result.fail(new ParseError({ what: "micro time", input: text, ...parsed }))
}

/**
 * The text of nanoseconds since 1970: UTC, six digits, the rest cut off.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromNanoseconds = (nanoseconds: bigint): string => {
  const { seconds, rest } = Rfc3339.format(nanoseconds)
  return `${seconds}.${String(rest / 1000n).padStart(6, "0")}Z`
}

/**
 * The text of a `DateTime`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromDateTime = (dateTime: DateTime.DateTime): string =>
  fromNanoseconds(BigInt(DateTime.toEpochMillis(dateTime)) * 1_000_000n)

/**
 * The present, from the `Clock`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const now: Effect.Effect<string> = Effect.map(Clock.currentTimeNanos, fromNanoseconds)

/**
 * The `DateTime` of a text; microseconds are cut off.
 *
 * @category parsing
 * @since 0.1.0
 */
export const toDateTime = (text: string): Result.Result<DateTime.Utc, ParseError> =>
  Result.map(parse(text), Rfc3339.toDateTime)

/**
 * Which of two points in time comes first: -1, 0 or 1.
 *
 * @category comparing
 * @since 0.1.0
 */
export const compare = (left: string, right: string): Result.Result<-1 | 0 | 1, ParseError> =>
  Result.flatMap(
    parse(left),
    (first) => Result.map(parse(right), (second) => first < second ? -1 : first > second ? 1 : 0)
  )
