/**
 * `Time`: the points in time that objects carry, which are RFC 3339 texts with whole seconds.
 *
 * A text stays the text that the server sent: nothing here turns it into something that would be written back
 * otherwise. These functions compare, convert and make such texts. `MicroTime` is its relative with six digits.
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
 * Nanoseconds since 1970 of a text, exactly. Any offset and any fraction of a second are read, as the API server does;
 * the reason of a failure has its words.
 *
 * @category parsing
 * @since 0.1.0
 */
export const parse = (text: string): Result.Result<bigint, ParseError> => {
  const parsed = Rfc3339.parse(text, "2006-01-02T15:04:05Z07:00")
  return "nanoseconds" in parsed
    ? Result.succeed(parsed.nanoseconds)
    : Result.fail(new ParseError({ what: "time", input: text, ...parsed }))
}

/**
 * The text of nanoseconds since 1970: UTC, the fraction of the second cut off.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromNanoseconds = (nanoseconds: bigint): string => `${Rfc3339.format(nanoseconds).seconds}Z`

/**
 * The text of a `DateTime`: UTC, the fraction of the second cut off.
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
 * The `DateTime` of a text; what is finer than a millisecond is cut off.
 *
 * @category parsing
 * @since 0.1.0
 */
export const toDateTime = (text: string): Result.Result<DateTime.Utc, ParseError> =>
  Result.map(parse(text), Rfc3339.toDateTime)

/**
 * Which of two points in time comes first: -1, 0 or 1. Texts with different offsets may name the same point.
 *
 * @category comparing
 * @since 0.1.0
 */
export const compare = (left: string, right: string): Result.Result<-1 | 0 | 1, ParseError> =>
  Result.flatMap(
    parse(left),
    (first) => Result.map(parse(right), (second) => first < second ? -1 : first > second ? 1 : 0)
  )
