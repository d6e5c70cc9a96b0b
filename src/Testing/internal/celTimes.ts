/**
 * Times and durations of the Common Expression Language.
 *
 * @internal
 */
import * as Result from "effect/Result"
import * as CelValues from "./celValues.ts"

type Outcome = CelValues.Outcome

const billion = 1_000_000_000n

const floor = (value: bigint, by: bigint): bigint => (value - ((value % by) + by) % by) / by

/** The whole seconds of a moment since 1970. */
export const seconds = ({ nanoseconds }: CelValues.Moment): bigint => floor(nanoseconds, billion)

const first = -62_135_596_800n * billion

const last = 253_402_300_799n * billion + billion - 1n

const timestamp = (nanoseconds: bigint): Outcome =>
  nanoseconds < first || nanoseconds > last
    ? Result.fail("timestamp overflow")
    : Result.succeed(new CelValues.Moment("timestamp", nanoseconds))

const duration = (nanoseconds: bigint): Outcome =>
  BigInt.asIntN(64, nanoseconds) === nanoseconds
    ? Result.succeed(new CelValues.Moment("duration", nanoseconds))
    : Result.fail("duration overflow")

/** The sum or difference of moments. */
export const add = (operator: string, left: CelValues.Moment, right: CelValues.Moment): Outcome => {
  if (operator !== "+" && operator !== "-") return Result.fail("no such overload")
  const value = operator === "+" ? left.nanoseconds + right.nanoseconds : left.nanoseconds - right.nanoseconds
  const count = Number(left.kind === "timestamp") + Number(right.kind === "timestamp")
  if (count === 0) return duration(value)
  if (count === 2) return operator === "-" ? duration(value) : Result.fail("no such overload")
  return left.kind === "duration" && operator === "-" ? Result.fail("no such overload") : timestamp(value)
}

/** How far a zone's clocks are ahead at a time, in seconds; `undefined` for a zone that is not known. */
const offset = (zone: string, atSeconds: bigint): bigint | undefined => {
  const [all, sign, hours, minutes] = /^([-+]?)(\d{2}):(\d{2})$/.exec(zone) ?? []
  if (all !== undefined) {
    const ahead = BigInt(hours ?? "0") * 3600n + BigInt(minutes ?? "0") * 60n
    return sign === "-" ? -ahead : ahead
  }
  const format = Result.try({
    try: () => new Intl.DateTimeFormat("en-US", { timeZone: zone, timeZoneName: "longOffset" }),
    catch: () => undefined
  })
  if (Result.isFailure(format)) return undefined
  const name = format.success.formatToParts(Number(atSeconds) * 1000).find(({ type }) => type === "timeZoneName")?.value
  const [, ahead = "+", hour = "0", minute = "0"] = /^GMT([-+])(\d{2}):(\d{2})/.exec(name ?? "") ?? []
  const value = BigInt(hour) * 3600n + BigInt(minute) * 60n
  return ahead === "-" ? -value : value
}

interface Calendar {
  readonly year: bigint
  readonly month: bigint
  readonly day: bigint
  readonly weekday: bigint
  readonly dayOfYear: bigint
  readonly secondOfDay: bigint
}

/** The civil date of a day counted from 1970, as Howard Hinnant's algorithm has it. */
const calendar = (atSeconds: bigint): Calendar => {
  const days = floor(atSeconds, 86_400n)
  const shifted = days + 719_468n
  const era = floor(shifted, 146_097n)
  const dayOfEra = shifted - era * 146_097n
  const yearOfEra = (dayOfEra - dayOfEra / 1460n + dayOfEra / 36_524n - dayOfEra / 146_096n) / 365n
  const dayFromMarch = dayOfEra - (365n * yearOfEra + yearOfEra / 4n - yearOfEra / 100n)
  const monthFromMarch = (5n * dayFromMarch + 2n) / 153n
  const day = dayFromMarch - (153n * monthFromMarch + 2n) / 5n + 1n
  const month = monthFromMarch < 10n ? monthFromMarch + 2n : monthFromMarch - 10n
  const year = yearOfEra + era * 400n + (month < 2n ? 1n : 0n)
  const isLeap = year % 4n === 0n && (year % 100n !== 0n || year % 400n === 0n)
  const before = [0n, 31n, 59n, 90n, 120n, 151n, 181n, 212n, 243n, 273n, 304n, 334n][Number(month)] ?? 0n
  return {
    year,
    month,
    day,
    weekday: ((days + 4n) % 7n + 7n) % 7n,
    dayOfYear: before + day - 1n + (isLeap && month > 1n ? 1n : 0n),
    secondOfDay: atSeconds - days * 86_400n
  }
}

const parts: { readonly [name: string]: (calendar: Calendar) => bigint } = {
  getFullYear: ({ year }) => year,
  getMonth: ({ month }) => month,
  getDate: ({ day }) => day,
  getDayOfMonth: ({ day }) => day - 1n,
  getDayOfWeek: ({ weekday }) => weekday,
  getDayOfYear: ({ dayOfYear }) => dayOfYear,
  getHours: ({ secondOfDay }) => secondOfDay / 3600n,
  getMinutes: ({ secondOfDay }) => secondOfDay % 3600n / 60n,
  getSeconds: ({ secondOfDay }) => secondOfDay % 60n
}

/** How many nanoseconds one of what a getter counts is. */
const spans: { readonly [name: string]: bigint } = {
  getHours: 3600n * billion,
  getMinutes: 60n * billion,
  getSeconds: billion
}

const getter = (name: string) => (given: ReadonlyArray<unknown>): Outcome => {
  const [moment, zone] = given
  if (!(moment instanceof CelValues.Moment)) return Result.fail("no such overload")
  if (name === "getMilliseconds") {
    const rest = moment.kind === "duration" ? moment.nanoseconds : moment.nanoseconds - seconds(moment) * billion
    return Result.succeed(rest / 1_000_000n)
  }
  const span = spans[name]
  if (moment.kind === "duration") {
    return span === undefined ? Result.fail("no such overload") : Result.succeed(moment.nanoseconds / span)
  }
  const ahead = typeof zone === "string" ? offset(zone, seconds(moment)) : 0n
  if (ahead === undefined) return Result.fail(`unknown time zone ${String(zone)}`)
  return Result.succeed(parts[name]?.(calendar(seconds(moment) + ahead)) ?? 0n)
}

const cannot = (to: string) => Result.fail(`type conversion error from 'string' to 'google.protobuf.${to}'`)

/** The functions by name. */
export const functions = (
  noOverload: Result.Result<never, string>
): { readonly [name: string]: (given: ReadonlyArray<unknown>) => Outcome } => ({
  ...Object.fromEntries([...Object.keys(parts), "getMilliseconds"].map((name) => [name, getter(name)])),
  duration: ([value]) => {
    if (value instanceof CelValues.Moment) return Result.succeed(value)
    if (typeof value === "bigint") return duration(value)
    if (typeof value !== "string") return noOverload
    const parsed = CelValues.parseDuration(value)
    return parsed === undefined ? cannot("Duration") : Result.succeed(parsed)
  },
  timestamp: ([value]) => {
    if (value instanceof CelValues.Moment) return Result.succeed(value)
    if (typeof value === "bigint") return timestamp(value * billion)
    if (typeof value !== "string") return noOverload
    const parsed = CelValues.parseTimestamp(value)
    return parsed === undefined ? cannot("Timestamp") : timestamp(parsed.nanoseconds)
  }
})
