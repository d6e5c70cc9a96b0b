/**
 * `Figure`: one measured number, what it is compared with, and the bar it must clear.
 *
 * A bench answers figures; `main.ts` prints one line for each and exits with 1 where a bar is missed. A ratio is
 * always ours over theirs, so whether more or less is better is the bar's to say.
 */

/** A bound on the ratio, or on the value where there is no ratio. */
export interface Bar {
  readonly atLeast?: number
  readonly atMost?: number
}

export interface Figure {
  /** What was measured: `events per second`, `retained heap`. */
  readonly name: string
  readonly value: number
  /** `1/s`, `ms`, `MB`, `B/pod`; empty for a count. */
  readonly unit: string
  /** What the value is divided by, and its name: `client-go`. */
  readonly against?: { readonly name: string; readonly value: number }
  readonly bar?: Bar
}

export const ratio = (figure: Figure): number | undefined =>
  figure.against === undefined ? undefined : figure.value / figure.against.value

/** Whether the bar is cleared; a figure without one always does, one that is not a number never. */
export const passes = (figure: Figure): boolean => {
  const judged = ratio(figure) ?? figure.value
  return !Number.isNaN(judged)
    && judged >= (figure.bar?.atLeast ?? -Infinity)
    && judged <= (figure.bar?.atMost ?? Infinity)
}

/** Three significant digits below a thousand, whole numbers with separators from there on. */
export const format = (value: number): string =>
  Math.abs(value) >= 1000
    ? Math.round(value).toLocaleString("en-US")
    : String(Number(value.toPrecision(3)))

/** `events per second: 98,400 1/s, 1.32 of client-go (74,500 1/s), bar at least 1: passed`. */
export const line = (figure: Figure): string => {
  const { against, bar, name, unit, value } = figure
  const withUnit = (number: number) => unit === "" ? format(number) : `${format(number)} ${unit}`
  const compared = against === undefined
    ? ""
    : `, ${format(value / against.value)} of ${against.name} (${withUnit(against.value)})`
  const bounds = [
    ...(bar?.atLeast === undefined ? [] : [`at least ${format(bar.atLeast)}`]),
    ...(bar?.atMost === undefined ? [] : [`at most ${format(bar.atMost)}`])
  ]
  const judged = bounds.length === 0 ? "" : `, bar ${bounds.join(" and ")}: ${passes(figure) ? "passed" : "MISSED"}`
  return `${name}: ${withUnit(value)}${compared}${judged}`
}

/** The middle one of an odd number of runs, the mean of the two middle ones of an even number. */
export const median = (values: ReadonlyArray<number>): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const half = Math.floor(sorted.length / 2)
  const upper = sorted[half] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? Number.NaN) + upper) / 2
}
