/**
 * What is wrong with the schedule of a CronJob: five fields of numbers, names, ranges and steps, or a word after `@`.
 *
 * @internal
 */

interface Field {
  readonly min: number
  readonly max: number
  readonly names: ReadonlyArray<string>
}

const field = (min: number, max: number, names: ReadonlyArray<string> = []): Field => ({ min, max, names })

const fields = [
  field(0, 59),
  field(0, 23),
  field(1, 31),
  field(1, 12, ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]),
  field(0, 6, ["sun", "mon", "tue", "wed", "thu", "fri", "sat"])
]

const descriptors = new Set(["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"])

const isFault = (value: number | string): value is string => typeof value === "string"

const number = (text: string, expression: string): number | string => {
  if (!/^[+-]?\d+$/.test(text)) {
    return `failed to parse int from ${expression}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`
  }
  const value = Number(text)
  return value < 0 ? `negative number (${value}) not allowed: ${expression}` : value
}

const named = (text: string, { min, names }: Field): number | string => {
  const index = names.indexOf(text.toLowerCase())
  return index < 0 ? number(text, text) : index + min
}

const rangeFault = (expression: string, bounds: Field): string | undefined => {
  const [range = "", step, ...moreSteps] = expression.split("/")
  const [low = "", high, ...moreHyphens] = range.split("-")
  const isAny = low === "*" || low === "?"
  const start = isAny ? bounds.min : named(low, bounds)
  if (isFault(start)) return start
  if (!isAny && moreHyphens.length > 0) return `too many hyphens: ${expression}`
  const last = isAny ? bounds.max : high === undefined ? start : named(high, bounds)
  if (isFault(last)) return last
  if (moreSteps.length > 0) return `too many slashes: ${expression}`
  const every = step === undefined ? 1 : number(step, step)
  if (isFault(every)) return every
  // `5/10` means from 5 on.
  const end = step !== undefined && high === undefined ? bounds.max : last
  if (start < bounds.min) return `beginning of range (${start}) below minimum (${bounds.min}): ${expression}`
  if (end > bounds.max) return `end of range (${end}) above maximum (${bounds.max}): ${expression}`
  if (start > end) return `beginning of range (${start}) beyond end of range (${end}): ${expression}`
  return every === 0 ? `step of range should be a positive number: ${expression}` : undefined
}

/** The first fault of a schedule that is not empty. A time zone in front of it is left to others. */
export const fault = (text: string): string | undefined => {
  const schedule = text.replace(/^(?:CRON_)?TZ=\S* +/, "")
  if (schedule.startsWith("@")) {
    return descriptors.has(schedule) || /^@every (?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+$/.test(schedule)
      ? undefined
      : `unrecognized descriptor: ${schedule}`
  }
  const given = schedule.trim().split(/\s+/).filter((text) => text !== "")
  if (given.length !== fields.length) {
    return `expected exactly 5 fields, found ${given.length}: [${given.join(" ")}]`
  }
  for (const [index, bounds] of fields.entries()) {
    for (const expression of (given[index] ?? "").split(",").filter((text) => text !== "")) {
      const found = rangeFault(expression, bounds)
      if (found !== undefined) return found
    }
  }
  return undefined
}
