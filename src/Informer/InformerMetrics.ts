/**
 * `InformerMetrics`: what shared informers count, under client-go's names where it has them.
 *
 * Series carry the informer's `name`, `group`, `version` and `resource`, and end with its scope. Gauges are read when
 * somebody looks.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import type * as Scope from "effect/Scope"
import type { Collection } from "../Watch/ListWatch.ts"

/**
 * Events that wait for listeners, over all of an informer's. Labels: `name`, `group`, `version`, `resource`.
 *
 * @category metrics
 * @since 0.1.0
 */
export const queuedItems = Metric.gauge("informer_queued_items")

/**
 * The version the cache has reached, where it is a number. Labels: `name`, `group`, `version`, `resource`.
 *
 * @category metrics
 * @since 0.1.0
 */
export const storeResourceVersion = Metric.gauge("informer_store_resource_version")

/**
 * Objects in the cache. Labels: `name`, `group`, `version`, `resource`.
 *
 * @category metrics
 * @since 0.1.0
 */
export const storedItems = Metric.gauge("informer_stored_items")

/**
 * How long handlers took for the events that waited for them, together. Labels: `name`, `group`, `version`, `resource`.
 *
 * @category metrics
 * @since 0.1.0
 */
export const processingLatency = Metric.histogram("informer_processing_latency_seconds", {
  description: "Time taken to process events after popping from the queue.",
  boundaries: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
})

/**
 * Events whose handler failed or died. Labels: `name`, `group`, `version`, `resource`.
 *
 * @category metrics
 * @since 0.1.0
 */
export const handlerFailures = Metric.counter("informer_handler_failures_total", { incremental: true })

/**
 * Objects that were not cached because they do not decode. Labels: `name`, `group`, `version`, `resource`.
 *
 * @category metrics
 * @since 0.1.0
 */
export const rejectedObjects = Metric.counter("informer_rejected_objects_total", { incremental: true })

/**
 * Differences the consistency detector found. Labels: `name`, `group`, `version`, `resource`.
 *
 * @category metrics
 * @since 0.1.0
 */
export const inconsistencies = Metric.counter("informer_inconsistencies_total", { incremental: true })

/**
 * The series of one informer.
 *
 * @category models
 * @since 0.1.0
 */
export interface InformerMetrics {
  /** A handler was done with what had waited for it. Synchronous, as it runs for each read of a listener. */
  readonly processedUnsafe: (seconds: number) => void
  readonly handlerFailed: Effect.Effect<void>
  readonly rejected: Effect.Effect<void>
  readonly inconsistent: (differences: number) => Effect.Effect<void>
}

/**
 * The series of one informer, which end with the scope.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  name: string,
  collection: Collection,
  read: { readonly queued: () => number; readonly stored: () => number; readonly resourceVersion: () => string }
): Effect.fn.Return<InformerMetrics, never, Scope.Scope> {
  const context = yield* Effect.context<never>()
  const attributes = { name, group: collection.group, version: collection.version, resource: collection.plural }
  const gauge = (metric: Metric.Gauge<number>, get: () => number) =>
    Metric.registerUnsafe(Metric.withAttributes(metric, attributes), context, {
      get: () => ({ value: get() }),
      update: () => {},
      modify: () => {}
    })
  const registrations = [
    gauge(queuedItems, read.queued),
    gauge(storedItems, read.stored),
    gauge(storeResourceVersion, () => Number(read.resourceVersion()) || 0)
  ]
  const counters = [handlerFailures, rejectedObjects, inconsistencies].map((metric) =>
    Metric.withAttributes(metric, attributes)
  )
  const latency = Metric.withAttributes(processingLatency, attributes)
  const [handler = handlerFailures, rejected = rejectedObjects, inconsistent = inconsistencies] = counters
  // Handlers may outlive their informer for a while, and must not bring its series back.
  let isOver = false
  const count = <Input>(metric: Metric.Metric<Input, unknown>, input: Input): Effect.Effect<void> =>
    Effect.sync(() => {
      if (!isOver) metric.updateUnsafe(input, context)
    })
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      isOver = true
      for (const registration of registrations) registration.remove()
      for (const counter of counters) Metric.removeUnsafe(counter, context)
      Metric.removeUnsafe(latency, context)
    })
  )
  return {
    processedUnsafe: (seconds) => {
      if (!isOver) latency.updateUnsafe(seconds, context)
    },
    handlerFailed: count(handler, 1),
    rejected: count(rejected, 1),
    inconsistent: (differences) => count(inconsistent, differences)
  }
})
