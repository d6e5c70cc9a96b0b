/**
 * What an elector tells about itself, under client-go's names, so that existing dashboards and alerts read it.
 *
 * The label `name` is the name of the lease. The series of an elector begin at zero and end with its scope.
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
  const status = Metric.withAttributes(masterStatus, { name })
  const slow = Metric.withAttributes(slowpath, { name })
  yield* Effect.acquireRelease(
    Effect.andThen(Metric.update(status, 0), Metric.update(slow, 0)),
    () => Effect.andThen(Metric.remove(status), Metric.remove(slow))
  )
  return {
    leads: (leads) => Metric.update(status, leads ? 1 : 0),
    slowpathExercised: Metric.update(slow, 1)
  }
})
