/**
 * What a work queue tells about itself, under the names, labels and buckets of client-go and controller-runtime, so
 * that existing dashboards and alerts read it.
 *
 * A queue counts in plain numbers; its series are registered with a reader, so a scrape costs a pass over the keys that
 * are being processed and a key costs nothing. The series live as long as the queue's scope.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import type * as Scope from "effect/Scope"
import * as Histogram from "./internal/histogram.ts"

/**
 * Keys that wait to be processed, those included that were added again while being processed; label `priority`.
 *
 * @category metrics
 * @since 0.1.0
 */
export const depth: Metric.Gauge<number> = Metric.gauge("workqueue_depth", {
  description: "Current depth of workqueue by workqueue and priority"
})

/**
 * Keys added, without those that were already waiting.
 *
 * @category metrics
 * @since 0.1.0
 */
export const adds: Metric.Counter<number> = Metric.counter("workqueue_adds_total", {
  description: "Total number of adds handled by workqueue",
  incremental: true
})

/**
 * Keys added by `addAfter` and `addRateLimited`.
 *
 * @category metrics
 * @since 0.1.0
 */
export const retries: Metric.Counter<number> = Metric.counter("workqueue_retries_total", {
  description: "Total number of retries handled by workqueue",
  incremental: true
})

/**
 * Seconds from being added to being taken.
 *
 * @category metrics
 * @since 0.1.0
 */
export const queueDuration: Metric.Histogram<number> = Metric.histogram("workqueue_queue_duration_seconds", {
  description: "How long in seconds an item stays in workqueue before being requested",
  boundaries: Histogram.boundaries
})

/**
 * Seconds from being taken to being done.
 *
 * @category metrics
 * @since 0.1.0
 */
export const workDuration: Metric.Histogram<number> = Metric.histogram("workqueue_work_duration_seconds", {
  description: "How long in seconds processing an item from workqueue takes",
  boundaries: Histogram.boundaries
})

/**
 * Seconds of work in progress, summed over the keys that are being processed. A steady rise by n per second means n
 * stuck workers.
 *
 * @category metrics
 * @since 0.1.0
 */
export const unfinishedWork: Metric.Gauge<number> = Metric.gauge("workqueue_unfinished_work_seconds", {
  description: "How many seconds of work is in progress and not yet observed by work_duration"
})

/**
 * Seconds since the oldest of the keys that are being processed was taken.
 *
 * @category metrics
 * @since 0.1.0
 */
export const longestRunningProcessor: Metric.Gauge<number> = Metric.gauge(
  "workqueue_longest_running_processor_seconds",
  { description: "How many seconds has the longest running processor for workqueue been running" }
)

/**
 * How many values the label `priority` may have; further priorities share `exceeded_cardinality_limit`, as in
 * controller-runtime.
 *
 * @category metrics
 * @since 0.1.0
 */
export const maxPriorities = 25

const exceeded = "exceeded_cardinality_limit"

/**
 * What the series are read from. Times are nanoseconds of the monotonic clock.
 *
 * @category models
 * @since 0.1.0
 */
export interface Source {
  readonly adds: () => number
  readonly retries: () => number
  readonly queueDuration: () => Histogram.Histogram
  readonly workDuration: () => Histogram.Histogram
  /** Calls `f` with the waiting keys of a priority, possibly several times for one priority. */
  readonly depths: (f: (priority: number, depth: number) => void) => void
  /** Calls `f` with the start time of each key that is being processed. */
  readonly processingSince: (f: (startedAt: number) => void) => void
}

/**
 * The labels of a queue's series.
 *
 * @category models
 * @since 0.1.0
 */
export interface Labels {
  readonly name: string
  readonly controller: string
}

/**
 * Registers the series of one queue until the scope closes. A queue of the same labels made later takes the series
 * over, and closing the earlier one leaves them to it.
 *
 * @returns what must be called with each priority that occurs, since a priority is a label.
 * @category constructors
 * @since 0.1.0
 */
export const register = Effect.fnUntraced(function*(
  source: Source,
  labels: Labels
): Effect.fn.Return<(priority: number) => void, never, Scope.Scope> {
  const context = yield* Effect.context<never>()
  const clock = yield* Clock.Clock
  const registrations: Array<Metric.Registration> = []

  const read = <Input, State>(
    metric: Metric.Metric<Input, State>,
    get: () => State,
    attributes: Metric.Metric.AttributeSet = { ...labels }
  ) => {
    registrations.push(
      Metric.registerUnsafe(Metric.withAttributes(metric, attributes), context, {
        get,
        update: () => {},
        modify: () => {}
      })
    )
  }

  const ages = (fold: (total: number, age: number) => number): number => {
    const now = Number(clock.monotonicTimeNanosUnsafe())
    let result = 0
    source.processingSince((startedAt) => {
      result = fold(result, (now - startedAt) / 1e9)
    })
    return result
  }

  const priorities = new Set<number>()
  let isExceeded = false
  const depthWhere = (predicate: (priority: number) => boolean): number => {
    let total = 0
    source.depths((priority, depth) => {
      if (predicate(priority)) total += depth
    })
    return total
  }
  const seen = (priority: number): void => {
    if (isExceeded || priorities.has(priority)) return
    if (priorities.size < maxPriorities - 1) {
      priorities.add(priority)
      read(depth, () => ({ value: depthWhere((other) => other === priority) }), {
        ...labels,
        priority: String(priority)
      })
    } else {
      isExceeded = true
      read(depth, () => ({ value: depthWhere((other) => !priorities.has(other)) }), { ...labels, priority: exceeded })
    }
  }

  yield* Effect.acquireRelease(
    Effect.sync(() => {
      read(adds, () => ({ count: source.adds(), incremental: true }))
      read(retries, () => ({ count: source.retries(), incremental: true }))
      read(queueDuration, () => Histogram.toState(source.queueDuration()))
      read(workDuration, () => Histogram.toState(source.workDuration()))
      read(unfinishedWork, () => ({ value: ages((total, age) => total + age) }))
      read(longestRunningProcessor, () => ({ value: ages(Math.max) }))
      seen(0)
    }),
    () =>
      Effect.sync(() => {
        isExceeded = true
        for (const registration of registrations) registration.remove()
      })
  )
  return seen
})
