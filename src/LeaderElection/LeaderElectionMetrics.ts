/**
 * What an elector tells about itself, under client-go's names, so that existing dashboards and alerts read it.
 *
 * The label `name` is the name of the lease. The series of an elector begin at zero and end with its scope; of two electors
 * of one name at a time the later one is shown.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import type * as Scope from "effect/Scope"

/**
 * 1 while the candidate leads, else 0.
 *
 * @category metrics
 * @since 0.1.0
 */
export const masterStatus: Metric.Gauge<number> = Metric.gauge("leader_election_master_status", {
  description:
    "Gauge of if the reporting system is master of the relevant lease, 0 indicates backup, 1 indicates master. 'name' is the string used to identify the lease."
})

/**
 * Renewals that had to read the lease first.
 *
 * @category metrics
 * @since 0.1.0
 */
export const slowpath: Metric.Counter<number> = Metric.counter("leader_election_slowpath_total", {
  description:
    "Total number of slow path exercised in renewing leader leases. 'name' is the string used to identify the lease.",
  incremental: true
})

/**
 * The series of one elector.
 *
 * @category models
 * @since 0.1.0
 */
export interface LeaderElectionMetrics {
  readonly leads: (leads: boolean) => Effect.Effect<void>
  readonly slowpathExercised: Effect.Effect<void>
}

/**
 * Makes the series of one elector.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  /** The label. */
  name: string
): Effect.fn.Return<LeaderElectionMetrics, never, Scope.Scope> {
  const context = yield* Effect.context<never>()
  let leads = 0
  let slow = 0
  const read = <State>(metric: Metric.Metric<number, State>, get: () => State): Metric.Registration =>
    Metric.registerUnsafe(Metric.withAttributes(metric, { name }), context, { get, update: () => {}, modify: () => {} })
  yield* Effect.acquireRelease(
    Effect.sync(() => [
      read(masterStatus, () => ({ value: leads })),
      read(slowpath, () => ({ count: slow, incremental: true }))
    ]),
    (registrations) => Effect.sync(() => registrations.forEach((registration) => registration.remove()))
  )
  return {
    leads: (isLeading) => Effect.sync(() => void (leads = isLeading ? 1 : 0)),
    slowpathExercised: Effect.sync(() => void slow++)
  }
})
