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
  const [handler = handlerFailures, rejected = rejectedObjects, inconsistent = inconsistencies] = counters
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      for (const registration of registrations) registration.remove()
      for (const counter of counters) Metric.removeUnsafe(counter, context)
    })
  )
  return {
    handlerFailed: Metric.update(handler, 1),
    rejected: Metric.update(rejected, 1),
    inconsistent: (differences) => Metric.update(inconsistent, differences)
  }
})
