/**
 * What a controller tells about its reconciles, under controller-runtime's names, labels and buckets, so that existing
 * dashboards and alerts read it. The queue before it has metrics of its own.
 *
 * The series of a controller exist from its start to the end of its scope.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import type * as EffectScope from "effect/Scope"
import type { Scope } from "../Machinery/Resource.ts"
import type { Outcome } from "./Reconciler.ts"

/**
 * Reconciles by label `result`: `success`, `error`, `requeue`, `requeue_after`.
 *
 * @category metrics
 * @since 0.1.0
 */
export const reconciles: Metric.Counter<number> = Metric.counter("controller_runtime_reconcile_total", {
  description: "Total number of reconciliations per controller",
  incremental: true
})

/**
 * Reconciles that failed, died or took too long.
 *
 * @category metrics
 * @since 0.1.0
 */
export const errors: Metric.Counter<number> = Metric.counter("controller_runtime_reconcile_errors_total", {
  description: "Total number of reconciliation errors per controller",
  incremental: true
})

/**
 * Reconciles that failed with what trying again will not mend.
 *
 * @category metrics
 * @since 0.1.0
 */
export const terminalErrors: Metric.Counter<number> = Metric.counter(
  "controller_runtime_terminal_reconcile_errors_total",
  { description: "Total number of terminal reconciliation errors per controller", incremental: true }
)

/**
 * Reconciles that died with a defect.
 *
 * @category metrics
 * @since 0.1.0
 */
export const panics: Metric.Counter<number> = Metric.counter("controller_runtime_reconcile_panics_total", {
  description: "Total number of reconciliation panics per controller",
  incremental: true
})

/**
 * Reconciles that were interrupted by the controller's timeout.
 *
 * @category metrics
 * @since 0.1.0
 */
export const timeouts: Metric.Counter<number> = Metric.counter("controller_runtime_reconcile_timeouts_total", {
  description: "Total number of reconciliation timeouts per controller",
  incremental: true
})

// controller-runtime's.
const buckets: ReadonlyArray<number> = [
  [0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1],
  [1.25, 1.5, 1.75, 2, 2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60]
].flat()

/**
 * Seconds of one reconcile.
 *
 * @category metrics
 * @since 0.1.0
 */
export const time: Metric.Histogram<number> = Metric.histogram("controller_runtime_reconcile_time_seconds", {
  description: "Length of time per reconciliation per controller",
  boundaries: buckets
})

/**
 * How many reconciles may run at a time.
 *
 * @category metrics
 * @since 0.1.0
 */
export const maxConcurrent: Metric.Gauge<number> = Metric.gauge("controller_runtime_max_concurrent_reconciles", {
  description: "Maximum number of concurrent reconciles per controller"
})

/**
 * How many reconciles are running.
 *
 * @category metrics
 * @since 0.1.0
 */
export const activeWorkers: Metric.Gauge<number> = Metric.gauge("controller_runtime_active_workers", {
  description: "Number of currently used workers per controller"
})

/**
 * Counts what became of a reconcile. It adds to plain numbers, which a scrape reads: a series costs a key nothing.
 *
 * @category models
 * @since 0.1.0
 */
export interface ControllerMetrics {
  /** How it ended, and how many nanoseconds it took. */
  readonly observe: (ending: Outcome<Scope, unknown>["_tag"], took: bigint) => void
}

/**
 * Makes the series of one controller; they begin at zero, as a rate needs, and end with the scope. A controller of the
 * same name made later takes them over, and closing the earlier one leaves them to it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(options: {
  /** The label `controller`. */
  readonly controller: string
  readonly concurrency: number
  /** How many reconciles run. */
  readonly active: () => number
}): Effect.fn.Return<ControllerMetrics, never, EffectScope.Scope> {
  const labels = { controller: options.controller }
  const context = yield* Effect.context<never>()
  const registrations: Array<Metric.Registration> = []
  const read = <State>(
    metric: Metric.Metric<number, State>,
    get: () => State,
    attributes: Record<string, string> = labels
  ): void => {
    const hooks = { get, update: () => {}, modify: () => {} }
    registrations.push(Metric.registerUnsafe(Metric.withAttributes(metric, attributes), context, hooks))
  }

  const results = { success: 0, error: 0, requeue: 0, requeue_after: 0 }
  const failures = { Failure: 0, TerminalFailure: 0, Defect: 0, Timeout: 0 }
  const seconds = { count: 0, sum: 0, min: Number.MAX_VALUE, max: -Number.MAX_VALUE }
  const counts = new Float64Array(buckets.length + 1)

  const histogram = (): Metric.HistogramState => {
    let cumulated = 0
    const cumulative = buckets.map((boundary, index): [number, number] => {
      cumulated += counts[index] ?? 0
      return [boundary, cumulated]
    })
    return { buckets: cumulative, ...seconds }
  }

  yield* Effect.acquireRelease(
    Effect.sync(() => {
      for (const result of ["success", "error", "requeue", "requeue_after"] as const) {
        read(reconciles, () => ({ count: results[result], incremental: true }), { ...labels, result })
      }
      read(errors, () => ({ count: failures.Failure, incremental: true }))
      read(terminalErrors, () => ({ count: failures.TerminalFailure, incremental: true }))
      read(panics, () => ({ count: failures.Defect, incremental: true }))
      read(timeouts, () => ({ count: failures.Timeout, incremental: true }))
      read(time, histogram)
      read(maxConcurrent, () => ({ value: options.concurrency }))
      read(activeWorkers, () => ({ value: options.active() }))
    }),
    () => Effect.sync(() => registrations.forEach((registration) => registration.remove()))
  )

  const observeTime = (value: number): void => {
    let bucket = 0
    while (bucket < buckets.length && value > (buckets[bucket] ?? Infinity)) bucket++
    counts[bucket] = (counts[bucket] ?? 0) + 1
    seconds.count++
    seconds.sum += value
    if (value < seconds.min) seconds.min = value
    if (value > seconds.max) seconds.max = value
  }

  return {
    observe: (ending, took) => {
      switch (ending) {
        case "HandedOver":
          // Neither a success nor an error: another replica has the key, and counts it.
          return
        case "Success":
          results.success++
          break
        case "Requeue":
          results.requeue++
          break
        case "RequeueAfter":
          results.requeue_after++
          break
        case "Failure":
          results.error++
          failures.Failure++
          break
        default:
          // A failure of a special kind is an error too.
          results.error++
          failures.Failure++
          failures[ending]++
      }
      observeTime(Number(took) / 1e9)
    }
  }
})
