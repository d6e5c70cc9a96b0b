/**
 * RFC 3339 as Go's `time.Parse` reads it, with the sentences it answers, because the API server passes them on.
 *
 * @internal
 */
import * as DateTime from "effect/DateTime"
import { quote } from "./goText.ts"

/** An instant in nanoseconds since 1970, or what does not fit and where. */
export type Parsed =
  | { readonly nanoseconds: bigint }
  | { readonly position: number; readonly reason: string }

/** `Time` allows any fraction of a second, `MicroTime` exactly six digits. */
export type Layout = "2006-01-02T15:04:05Z07:00" | "2006-01-02T15:04:05.000000Z07:00"

const digit = (text: string, index: number): boolean => {
  const code = text.charCodeAt(index)
  return code >= 48 && code <= 57
}

/** Days from 1970-01-01 to a day of the proleptic Gregorian calendar; the year counts from March so that leap days end it. */
const daysOf = (year: number, month: number, day: number): number => {
  const shifted = month > 2 ? year : year - 1
  const era = Math.floor(shifted / 400)
  const yearOfEra = shifted - era * 400
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1
  return era * 146097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719468
}

const daysIn = (year: number, month: number): number =>
  month === 2
    ? (year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28)
    : [4, 6, 9, 11].includes(month)
    ? 30
    : 31

/** Reads a text by a layout. */
export const parse = (text: string, layout: Layout): Parsed => {
  let position = 0
  let failure: { readonly position: number; readonly reason: string } | undefined
  const quoted = quote(text)
  const mismatch = (element: string, at = position) => {
    failure ??= {
      position: at,
      reason: `parsing time ${quoted} as ${quote(layout)}: cannot parse ${quote(text.slice(at))} as ${quote(element)}`
    }
    return 0
  }
  const outOfRange = (what: string, at: number) => {
    failure ??= { position: at, reason: `parsing time ${quoted}: ${what} out of range` }
    return 0
  }
  const literal = (character: string) => {
    if (failure !== undefined) return
    if (text.charAt(position) === character) position++
    else mismatch(character)
  }
  const number = (element: string, digits: 1 | 2 | 4, minimum: number, maximum: number, what: string): number => {
    if (failure !== undefined) return 0
    const start = position
    const width = digits === 4 ? 4 : 2
    let end = start
    while (end < start + width && digit(text, end)) end++
    if (end - start < digits) return mismatch(element)
    position = end
    const value = Number(text.slice(start, end))
    return value < minimum || value > maximum ? outOfRange(what, start) : value
  }

  const year = number("2006", 4, 0, 9999, "year")
  literal("-")
  const month = number("01", 2, 1, 12, "month")
  literal("-")
  const dayPosition = position
  const day = number("02", 2, 0, 99, "day")
  literal("T")
  const hour = number("15", 1, 0, 23, "hour")
  literal(":")
  const minute = number("04", 2, 0, 59, "minute")
  literal(":")
  const second = number("05", 2, 0, 59, "second")
  let fraction = ""
  const separated = text.charAt(position) === "." || text.charAt(position) === ","
  if (failure === undefined && layout === "2006-01-02T15:04:05.000000Z07:00") {
    const end = position + 7
    if (separated && text.length >= end && /^\d{6}$/.test(text.slice(position + 1, end))) {
      fraction = text.slice(position + 1, end)
      position = end
    } else mismatch(".000000")
  } else if (failure === undefined && separated && digit(text, position + 1)) {
    const start = ++position
    while (digit(text, position)) position++
    fraction = text.slice(start, Math.min(position, start + 9))
  }
  let offset = 0
  if (failure === undefined) {
    if (text.charAt(position) === "Z") position++
    else {
      const zone = /^([+-])(\d\d):(\d\d)/.exec(text.slice(position))
      if (zone === null) mismatch("Z07:00")
      else {
        if (Number(zone[2]) > 24) outOfRange("time zone offset hour", position)
        if (Number(zone[3]) > 60) outOfRange("time zone offset minute", position)
        offset = (Number(zone[2]) * 3600 + Number(zone[3]) * 60) * (zone[1] === "-" ? -1 : 1)
        position += 6
      }
    }
  }
  if (failure === undefined && position < text.length) {
    failure = { position, reason: `parsing time ${quoted}: extra text: ${quote(text.slice(position))}` }
  }
  if (failure === undefined && (day < 1 || day > daysIn(year, month))) outOfRange("day", dayPosition)
  if (failure !== undefined) return failure
  const seconds = daysOf(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - offset
  return { nanoseconds: BigInt(seconds) * 1_000_000_000n + BigInt(fraction.padEnd(9, "0")) }
}

/** Whole seconds in UTC, as in `2026-11-21T07:35:00`, of nanoseconds since 1970, and the rest of the second. */
export const format = (nanoseconds: bigint): { readonly seconds: string; readonly rest: bigint } => {
  const rest = ((nanoseconds % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n
  const milliseconds = Number((nanoseconds - rest) / 1_000_000n)
  return { seconds: DateTime.formatIso(DateTime.makeUnsafe(milliseconds)).slice(0, -5), rest }
}

/** The `DateTime` of nanoseconds since 1970, cut to the millisecond before. */
export const toDateTime = (nanoseconds: bigint): DateTime.Utc =>
  DateTime.makeUnsafe(Number((nanoseconds - ((nanoseconds % 1_000_000n) + 1_000_000n) % 1_000_000n) / 1_000_000n))
