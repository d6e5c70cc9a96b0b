/**
 * `ReflectorMetrics`: what reflectors count, under the names Kubernetes components use.
 *
 * Every series carries the reflector's `name` and ends when the reflector's scope closes. Gauges are read when somebody
 * looks, so an event costs nothing here.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import type * as Scope from "effect/Scope"

const seconds = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60]
const counts = [1, 10, 100, 500, 1000, 5000, 10_000, 50_000, 100_000]

/**
 * Lists done. Labels: `name`.
 *
 * @category metrics
 * @since 0.1.0
 */
export const lists = Metric.counter("reflector_lists_total", { incremental: true })

/**
 * How long a list took, all pages together. Labels: `name`.
 *
 * @category metrics
 * @since 0.1.0
 */
export const listDuration = Metric.histogram("reflector_list_duration_seconds", { boundaries: seconds })

/**
 * Objects per list. Labels: `name`.
 *
 * @category metrics
 * @since 0.1.0
 */
export const itemsPerList = Metric.histogram("reflector_items_per_list", { boundaries: counts })

/**
 * Watch connections begun. Labels: `name`.
 *
 * @category metrics
 * @since 0.1.0
 */
export const watches = Metric.counter("reflector_watches_total", { incremental: true })

/**
 * Watch connections that ended within a second. Labels: `name`.
 *
 * @category metrics
 * @since 0.1.0
 */
export const shortWatches = Metric.counter("reflector_short_watches_total", { incremental: true })

/**
 * How long a watch connection lasted. Labels: `name`.
 *
 * @category metrics
 * @since 0.1.0
 */
export const watchDuration = Metric.histogram("reflector_watch_duration_seconds", {
  boundaries: [...seconds, 120, 300, 600, 900]
})

/**
 * Events per watch connection. Labels: `name`.
 *
 * @category metrics
 * @since 0.1.0
 */
export const itemsPerWatch = Metric.histogram("reflector_items_per_watch", { boundaries: counts })

/**
 * The version reached, where it is a number. Labels: `name`.
 *
 * @category metrics
 * @since 0.1.0
 */
export const lastResourceVersion = Metric.gauge("reflector_last_resource_version")

/**
 * When something was last received, in seconds since 1970: the age is the time without a sign of life. Labels: `name`.
 *
 * @category metrics
 * @since 0.1.0
 */
export const lastActivity = Metric.gauge("reflector_last_activity_timestamp_seconds")

/**
 * 1 for the state that a cache is in, 0 for the others. Labels: `name`, and `state` as `Reflector.State` names it:
 * `Syncing`, `Live`, `Stale`.
 *
 * @category metrics
 * @since 0.1.0
 */
export const state = Metric.gauge("reflector_state")

/**
 * For how many seconds a cache has not been known to be true: since it began to sync, or since it became stale; 0 while
 * it is live. Labels: `name`.
 *
 * @category metrics
 * @since 0.1.0
 */
export const staleSeconds = Metric.gauge("reflector_stale_seconds")

/**
 * Failures of lists and watches. Labels: `name`, and `reason` as `InformerError` names it.
 *
 * @category metrics
 * @since 0.1.0
 */
export const failures = Metric.counter("reflector_failures_total", { incremental: true })

const states = ["Syncing", "Live", "Stale"] as const

/**
 * The series of one reflector.
 *
 * @category models
 * @since 0.1.0
 */
export interface ReflectorMetrics {
  readonly listed: (milliseconds: number, items: number) => Effect.Effect<void>
  readonly watched: (milliseconds: number, items: number) => Effect.Effect<void>
  readonly shortWatch: Effect.Effect<void>
  readonly failed: (reason: string) => Effect.Effect<void>
}

/**
 * The series of one reflector, which end with the scope.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  name: string,
  read: {
    readonly resourceVersion: () => string
    readonly lastActivity: () => number
    readonly state: () => { readonly _tag: "Syncing" | "Live" | "Stale"; readonly since: number }
    readonly now: () => number
  }
): Effect.fn.Return<ReflectorMetrics, never, Scope.Scope> {
  const context = yield* Effect.context<never>()
  const tag = <Input, State>(metric: Metric.Metric<Input, State>) => Metric.withAttributes(metric, { name })
  const own = {
    lists: tag(lists),
    listDuration: tag(listDuration),
    itemsPerList: tag(itemsPerList),
    watches: tag(watches),
    shortWatches: tag(shortWatches),
    watchDuration: tag(watchDuration),
    itemsPerWatch: tag(itemsPerWatch)
  }
  const byReason = new Map<string, ReturnType<typeof tag<number, Metric.CounterState<number>>>>()
  const gauge = (metric: Metric.Gauge<number>, get: () => number) =>
    Metric.registerUnsafe(metric, context, { get: () => ({ value: get() }), update: () => {}, modify: () => {} })
  const registrations = [
    gauge(tag(lastResourceVersion), () => Number(read.resourceVersion()) || 0),
    gauge(tag(lastActivity), () => read.lastActivity() / 1000),
    gauge(tag(staleSeconds), () => {
      const { _tag, since } = read.state()
      return _tag === "Live" ? 0 : (read.now() - since) / 1000
    }),
    ...states.map((one) =>
      gauge(Metric.withAttributes(state, { name, state: one }), () => read.state()._tag === one ? 1 : 0)
    )
  ]
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      for (const registration of registrations) registration.remove()
      for (const metric of Object.values(own)) Metric.removeUnsafe<never, unknown>(metric, context)
      for (const metric of byReason.values()) Metric.removeUnsafe(metric, context)
    })
  )
  return {
    listed: (milliseconds, items) =>
      Effect.all([
        Metric.update(own.lists, 1),
        Metric.update(own.listDuration, milliseconds / 1000),
        Metric.update(own.itemsPerList, items)
      ], { discard: true }),
    watched: (milliseconds, items) =>
      Effect.all([
        Metric.update(own.watches, 1),
        Metric.update(own.watchDuration, milliseconds / 1000),
        Metric.update(own.itemsPerWatch, items)
      ], { discard: true }),
    shortWatch: Metric.update(own.shortWatches, 1),
    failed: (reason) =>
      Effect.suspend(() => {
        const metric = byReason.get(reason) ?? Metric.withAttributes(failures, { name, reason })
        byReason.set(reason, metric)
        return Metric.update(metric, 1)
      })
  }
})
