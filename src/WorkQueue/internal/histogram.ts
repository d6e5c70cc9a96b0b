/**
 * A histogram of durations with client-go's buckets, cheap enough for every key.
 *
 * `Metric.update` looks its series up in the registry on each call; a queue counts here instead, and its series are
 * read from here when somebody scrapes.
 *
 * @internal
 */
import type * as Metric from "effect/Metric"

/** @internal */
export interface Histogram {
  readonly counts: Float64Array
  count: number
  sum: number
  min: number
  max: number
}

/** 10 ns to 1000 s by tens, in seconds: `prometheus.ExponentialBuckets(10e-9, 10, 12)`. @internal */
export const boundaries: ReadonlyArray<number> = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10, 100, 1000]

/** @internal */
export const make = (): Histogram => ({
  counts: new Float64Array(boundaries.length + 1),
  count: 0,
  sum: 0,
  min: Number.MAX_VALUE,
  max: -Number.MAX_VALUE
})

/** Records a duration in nanoseconds. @internal */
export const record = (self: Histogram, nanos: number): void => {
  let bucket = 0
  let bound = 10
  while (bucket < boundaries.length && nanos > bound) {
    bound *= 10
    bucket++
  }
  self.counts[bucket] = (self.counts[bucket] as number) + 1
  self.count++
  self.sum += nanos
  if (nanos < self.min) self.min = nanos
  if (nanos > self.max) self.max = nanos
}

/** The state in seconds, buckets cumulative, as `Metric` reports it. @internal */
export const toState = (self: Histogram): Metric.HistogramState => {
  let cumulated = 0
  return {
    buckets: boundaries.map((boundary, index): [number, number] => {
      cumulated += self.counts[index] as number
      return [boundary, cumulated]
    }),
    count: self.count,
    sum: self.sum / 1e9,
    min: self.count === 0 ? self.min : self.min / 1e9,
    max: self.count === 0 ? self.max : self.max / 1e9
  }
}
