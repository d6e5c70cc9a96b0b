/**
 * What a controller tells about its reconciles, under controller-runtime's names, labels and buckets, so that existing
 * dashboards and alerts read it. The queue before it has metrics of its own.
 *
 * The series of a controller exist from its start to the end of its scope.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
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

/**
 * Seconds of one reconcile.
 *
 * @category metrics
 * @since 0.1.0
 */
export const time: Metric.Histogram<number> = Metric.histogram("controller_runtime_reconcile_time_seconds", {
  description: "Length of time per reconciliation per controller",
  // controller-runtime's buckets.
  boundaries: [
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1],
    [1.25, 1.5, 1.75, 2, 2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60]
  ].flat()
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
 * The series of one controller.
 *
 * @category models
 * @since 0.1.0
 */
export interface ControllerMetrics {
  /** Counts reconciles that begin, or end where negative. */
  readonly activeUnsafe: (change: number) => void
  /** Counts what became of a reconcile. */
  readonly observe: (outcome: Outcome<Scope, unknown>) => Effect.Effect<void>
}

const results = ["success", "error", "requeue", "requeue_after"] as const

const resultOf = (outcome: Outcome<Scope, unknown>): typeof results[number] => {
  switch (outcome._tag) {
    case "Success":
      return "success"
    case "Requeue":
      return "requeue"
    case "RequeueAfter":
      return "requeue_after"
    default:
      return "error"
  }
}

/**
 * Makes the series of one controller; they begin at zero, as a rate needs, and end with the scope.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(options: {
  /** The label `controller`. */
  readonly controller: string
  readonly concurrency: number
}): Effect.fn.Return<ControllerMetrics, never, EffectScope.Scope> {
  const labels = { controller: options.controller }
  const context = yield* Effect.context<never>()
  const series: Array<Metric.Metric<number, unknown>> = []
  const own = <State>(metric: Metric.Metric<number, State>, attributes: Record<string, string> = labels) => {
    const tagged = Metric.withAttributes(metric, attributes)
    series.push(tagged)
    return tagged
  }
  const byResult = {
    success: own(reconciles, { ...labels, result: "success" }),
    error: own(reconciles, { ...labels, result: "error" }),
    requeue: own(reconciles, { ...labels, result: "requeue" }),
    requeue_after: own(reconciles, { ...labels, result: "requeue_after" })
  }
  const byTag = {
    Failure: own(errors),
    TerminalFailure: own(terminalErrors),
    Defect: own(panics),
    Timeout: own(timeouts)
  }
  const seconds = own(time)
  const active = own(activeWorkers)
  const zero: ReadonlyArray<Metric.Metric<number, unknown>> = [
    ...Object.values(byResult),
    ...Object.values(byTag),
    active
  ]

  yield* Effect.acquireRelease(
    Effect.andThen(
      Effect.forEach(zero, (metric) => Metric.update(metric, 0), { discard: true }),
      Metric.update(own(maxConcurrent), options.concurrency)
    ),
    () => Effect.forEach(series, (metric) => Metric.remove(metric), { discard: true })
  )

  return {
    activeUnsafe: (change) => active.modifyUnsafe(change, context),
    observe: (outcome) =>
      Effect.sync(() => {
        // Neither a success nor an error: another replica has the key, and counts it.
        if (outcome._tag === "HandedOver") return
        byResult[resultOf(outcome)].updateUnsafe(1, context)
        seconds.updateUnsafe(Duration.toSeconds(outcome.duration), context)
        switch (outcome._tag) {
          case "Success":
          case "Requeue":
          case "RequeueAfter":
            return
          case "Failure":
            return byTag.Failure.updateUnsafe(1, context)
          default:
            // A failure of a special kind is an error too.
            byTag.Failure.updateUnsafe(1, context)
            return byTag[outcome._tag].updateUnsafe(1, context)
        }
      })
  }
})
