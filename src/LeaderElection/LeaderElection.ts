/**
 * `LeaderElection`: runs an effect in exactly one of several processes.
 *
 * `controller.run.pipe(LeaderElection.whileLeading({ namespace: "default", name: "web-controller" }))` is all a program
 * writes: the effect starts when this process holds the Lease and is interrupted before another can take it. Health
 * checks and status pages make the elector first, with `make`, and look at its state.
 *
 * @see https://kubernetes.io/docs/concepts/architecture/leases/
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Random from "effect/Random"
import * as Scope from "effect/Scope"
import type { RestClient } from "../Rest/RestClient.ts"
import { InvalidOptions, LeaderElectionError } from "./LeaderElectionError.ts"
import * as LeaderElector from "./LeaderElector.ts"
import * as LeaseCandidate from "./LeaseCandidate.ts"
import * as ResourceLock from "./ResourceLock.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface Options extends Omit<LeaderElector.Options, "candidate"> {
  /** Of the Lease. */
  readonly namespace: string
  /** Of the Lease; all candidates name the same. Also the label `name` in metrics. */
  readonly name: string
  /** Who this candidate is. `HOSTNAME`, which is the pod's name, and random digits unless given. */
  readonly identity?: string | undefined
  /** Labels that the Lease gets; others on it stay. None unless given. */
  readonly labels?: { readonly [name: string]: string } | undefined
  /**
   * Lets the server pick the leader, by these versions of the candidates. Off unless given. `coordination.k8s.io/v1beta1`
   * must be served.
   */
  readonly coordinated?: LeaseCandidate.Versions | undefined
}

/**
 * Makes a candidate for a Lease. Fails with InvalidOptions.
 *
 * The scope holds its metrics, and in a coordinated election the `LeaseCandidate` object. Its requests go through the
 * `RestClient` in the context: give it one of its own where that has a rate limit, so that a busy program does not
 * lose its lease in a queue.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  options: Options
): Effect.fn.Return<LeaderElector.LeaderElector, LeaderElectionError, RestClient | Scope.Scope> {
  const { coordinated, labels, name, namespace } = options
  const identity = options.identity ?? (yield* defaultIdentity)
  if (identity === "") {
    return yield* new LeaderElectionError({
      reason: new InvalidOptions({ option: "identity", description: "must not be empty" })
    })
  }
  const lock = yield* ResourceLock.lease({ namespace, name, identity, labels })
  if (coordinated === undefined) return yield* LeaderElector.make(lock, options)
  const candidate = yield* LeaseCandidate.make({ ...coordinated, namespace, name: identity, leaseName: name })
  const elector = yield* LeaderElector.make(lock, { ...options, candidate })
  yield* Effect.forkScoped(candidate.run)
  return elector
})

/**
 * The identity of a candidate that was given none: the host's name, where `HOSTNAME` says it, and 64 random bits, so that
 * a restarted process does not take itself for the one before. Lower case, as a `LeaseCandidate` is named by it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const defaultIdentity: Effect.Effect<string> = Effect.gen(function*() {
  const host = yield* Effect.orElseSucceed(Config.String("HOSTNAME"), () => "")
  const high = yield* Random.nextIntBetween(0, 0xffffffff)
  const low = yield* Random.nextIntBetween(0, 0xffffffff)
  const digits = [high, low].map((part) => part.toString(16).padStart(8, "0")).join("")
  return host === "" ? digits : `${host.toLowerCase()}-${digits}`
})

/**
 * Runs an effect while this process leads, and answers what it answers.
 *
 * It waits for the leadership, starts the effect, and interrupts it when the lease is lost; then, unless `onLost` is
 * `fail`, it waits for the leadership again. When the effect has ended, or was interrupted from outside and has
 * released what it held, the lease is given up and another process can go on at once.
 *
 * ```ts
 * controller.run.pipe(
 *   LeaderElection.whileLeading({ namespace: "default", name: "web-controller" }),
 *   Effect.provide(NodeKubernetes.layer),
 *   NodeRuntime.runMain
 * )
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const whileLeading: {
  (
    options: Options
  ): <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E | LeaderElectionError, R | RestClient>
  <A, E, R>(
    self: Effect.Effect<A, E, R>,
    options: Options
  ): Effect.Effect<A, E | LeaderElectionError, R | RestClient>
} = dual(
  2,
  <A, E, R>(
    self: Effect.Effect<A, E, R>,
    options: Options
  ): Effect.Effect<A, E | LeaderElectionError, R | RestClient> =>
    // A scope of its own, so that one which `self` asks for stays the caller's.
    Effect.acquireUseRelease(
      Scope.make(),
      (scope) => Effect.flatMap(Scope.provide(make(options), scope), (elector) => elector.whileLeading(self)),
      Scope.close
    )
)
