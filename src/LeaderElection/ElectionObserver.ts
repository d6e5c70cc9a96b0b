/**
 * `ElectionObserver`: who is told that a fiber stands for election.
 *
 * An elector passes through it as long as it is a candidate or leads, with its health checks. `Manager` sets it around
 * what it runs under leadership, so that the probes of the process say when the lease cannot be used; whoever serves
 * probes without one sets it likewise. Nobody is told by default.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { LeaderElector } from "./LeaderElector.ts"

/**
 * What an observer gets to know of a candidate.
 *
 * @category models
 * @since 0.1.0
 */
export type Candidate = Pick<LeaderElector, "identity" | "state" | "checkHealth" | "checkReady">

/**
 * Runs a candidacy, from the first try to get the lease until it is given up, and answers what it answers.
 *
 * ```ts
 * const noting: ElectionObserver = (candidate, candidacy) =>
 *   Effect.acquireUseRelease(note(candidate), () => candidacy, () => forget(candidate))
 * ```
 *
 * @category models
 * @since 0.1.0
 */
export type ElectionObserver = <A, E, R>(
  candidate: Candidate,
  candidacy: Effect.Effect<A, E, R>
) => Effect.Effect<A, E, R>

/**
 * Who is told of candidacies; nobody unless set.
 *
 * @category references
 * @since 0.1.0
 */
export const ElectionObserver: Context.Reference<ElectionObserver> = Context.Reference(
  "effect-kubernetes/LeaderElection/ElectionObserver",
  { defaultValue: (): ElectionObserver => (_candidate, candidacy) => candidacy }
)
