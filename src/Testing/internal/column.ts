/**
 * One column of a table, and how people read ages.
 *
 * @internal
 */
import * as Result from "effect/Result"
import type * as Json from "../../Machinery/Json.ts"
import * as Time from "../../Machinery/Time.ts"
import * as Metadata from "./metadata.ts"

/** One column. */
export interface Column {
  readonly name: string
  readonly type: string
  readonly format: string
  readonly description: string
  /** Columns above 0 are shown by `kubectl get -o wide` alone. */
  readonly priority: number
  readonly cell: (object: Json.JsonObject, now: number) => unknown
}

/** What a cell is made from. */
export type Cell = Column["cell"]

const make = (priority: number) => (name: string, cell: Cell, type = "string", format = ""): Column => ({
  name,
  type,
  format,
  description: "",
  priority,
  cell
})

/** A column that is always shown. */
export const column = make(0)

/** A column of the wide form. */
export const wide = make(1)

/** The name of the object. */
export const name: Column = make(0)("Name", Metadata.nameOf, "string", "name")

const plural = (amount: number, unit: string) => `${amount}${unit}`

/** A span of time as kubectl prints it: two units at most, one where it is long. */
export const humanDuration = (milliseconds: number): string => {
  const seconds = Math.floor(milliseconds / 1000)
  if (seconds < -1) return "<invalid>"
  if (seconds < 0) return "0s"
  if (seconds < 60 * 2) return plural(seconds, "s")
  const minutes = Math.floor(seconds / 60)
  if (minutes < 10) return seconds % 60 === 0 ? `${minutes}m` : `${minutes}m${seconds % 60}s`
  if (minutes < 60 * 3) return plural(minutes, "m")
  const hours = Math.floor(minutes / 60)
  if (hours < 8) return minutes % 60 === 0 ? `${hours}h` : `${hours}h${minutes % 60}m`
  if (hours < 48) return plural(hours, "h")
  const days = Math.floor(hours / 24)
  if (hours < 24 * 8) return hours % 24 === 0 ? `${days}d` : `${days}d${hours % 24}h`
  if (hours < 24 * 365 * 2) return plural(days, "d")
  const years = Math.floor(days / 365)
  if (hours < 24 * 365 * 8) return days % 365 === 0 ? `${years}y` : `${years}y${days % 365}d`
  return plural(years, "y")
}

/** How long ago a time was; `<unknown>` where it is missing. */
export const since = (time: unknown, now: number): string => {
  if (typeof time !== "string") return "<unknown>"
  const parsed = Time.parse(time)
  return Result.isSuccess(parsed) ? humanDuration(now - Number(parsed.success / 1_000_000n)) : "<unknown>"
}

/** The age of the object. */
export const age: Column = column("Age", (object, now) => since(Metadata.of(object)["creationTimestamp"], now))
