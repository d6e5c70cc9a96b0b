/**
 * `Controller`: keeps the objects of one kind as they should be, for ever.
 *
 * It assembles the rest: informers see what changes, sources turn that into keys, a work queue holds each key once, and
 * workers hand keys to the user's reconciler, never one key to two at a time. What a reconcile answers decides when its
 * key comes again. A controller is a value: nothing happens before `run`, or before its `outcomes` are pulled, and all
 * of it ends with them.
 *
 * @see https://kubernetes.io/docs/concepts/architecture/controller/
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as EffectScope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { InformerFactory } from "../Informer/InformerFactory.ts"
import type { KubeObject, Persisted, Resource, Scope, Subresources } from "../Machinery/Resource.ts"
import type * as RateLimiter from "../WorkQueue/RateLimiter.ts"
import { ControllerError } from "./ControllerError.ts"
import * as Engine from "./internal/engine.ts"
import * as Rbac from "./Rbac.ts"
import { type Outcome, type Reconciler, requeue, requeueAfter, terminal, type TerminalError } from "./Reconciler.ts"
import * as Source from "./Source.ts"

export {
  /** @see ControllerError.ControllerError */
  ControllerError,
  /** @see Reconciler.requeue */
  requeue,
  /** @see Reconciler.requeueAfter */
  requeueAfter,
  /** @see Reconciler.terminal */
  terminal
}

/**
 * A controller: a value that describes a program.
 *
 * @category models
 * @since 0.1.0
 */
export interface Controller<S extends Scope, out E, out R> {
  readonly name: string
  /** What it must be allowed to do: its sources' rules and its `grants`. */
  readonly rules: ReadonlyArray<Rbac.Rule>
  /**
   * What became of each request, as it happens. Pulling it is what runs the controller, and a slow consumer slows the
   * workers. It goes on for ever.
   */
  readonly outcomes: Stream.Stream<Outcome<S, E>, ControllerError, R>
  /** Runs the controller until it is interrupted. */
  readonly run: Effect.Effect<void, ControllerError, R>
  /**
   * Starts its sources, and reconciles nothing yet: caches fill and keys queue up, so that whoever becomes leader later
   * begins at once. All of it ends with the scope.
   */
  readonly start: Effect.Effect<Running<S, E, R>, never, R | EffectScope.Scope>
}

/**
 * A controller whose sources run.
 *
 * @category models
 * @since 0.1.0
 */
export interface Running<S extends Scope, out E, out R> {
  /** Waits until its caches are filled. Fails after `cacheSyncTimeout`, naming what is missing. */
  readonly awaitSynced: Effect.Effect<void, ControllerError>
  /**
   * Why it is not true to the cluster at present, one sentence for each source: a permission that is missing, a cache that
   * is behind. Empty where all is well.
   */
  readonly problems: Effect.Effect<ReadonlyArray<string>>
  /** Reconciles until it is interrupted. May be run again then, not twice at a time. */
  readonly process: Effect.Effect<void, never, R>
  /** As `process`, while it is pulled, with what becomes of each request. */
  readonly outcomes: Stream.Stream<Outcome<S, E>, never, R>
  /** Begins no reconcile any more and waits for those that run. What waits in the queue is left to the next start. */
  readonly drain: Effect.Effect<void>
}

/**
 * How a controller works. Only `reconcile` is required.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options<A extends KubeObject, S extends Scope, E, R, RS> extends Source.KindOptions<Persisted<A, S>> {
  /** Makes the present state of one object what it should be. */
  readonly reconcile: Reconciler<S, E, R>
  /** The name in logs, spans and metrics; two controllers of one program need two. The kind in lower case unless given. */
  readonly name?: string | undefined
  /**
   * Where the keys of the reconciled kind come from, instead of its whole objects: `Source.selfMetadata(kind)`. The
   * selection, `predicate`, `resync` and `priority` are then said there.
   */
  readonly self?: Source.Source<RS> | undefined
  /** Kinds whose objects the reconciled ones control: their changes are work on the owner. */
  readonly owns?: ReadonlyArray<Resource<KubeObject>> | undefined
  /** Further sources of keys. */
  readonly watches?: ReadonlyArray<Source.Source<RS>> | undefined
  /** How many keys are reconciled at a time. 1 unless given, as in controller-runtime, and for what is no finite number. */
  readonly concurrency?: number | undefined
  /**
   * How long a key waits after it failed or asked for `requeue`. `RateLimiter.controllerDefault` unless given: 5 ms
   * doubling to 1000 s per key, at most 10 per second with a burst of 100 for all. A key whose schedule ends is left
   * until its next change.
   */
  readonly rateLimit?: RateLimiter.KeySchedule<string> | undefined
  /** The longest time for one reconcile, which is then interrupted and tried again. None unless given. */
  readonly timeout?: Duration.Input | undefined
  /** How long a key waits after an event, so that a burst of them becomes one reconcile. None unless given. */
  readonly debounce?: Duration.Input | undefined
  /**
   * How long a key waits at most until the caches have seen what its last reconcile wrote, so that none decides by a
   * state older than its own writes. 5 s unless given; zero turns it off.
   */
  readonly awaitWrites?: Duration.Input | undefined
  /**
   * How long its sources may take to start and to deliver what is there, before the controller fails. 2 minutes unless
   * given, as in controller-runtime.
   */
  readonly cacheSyncTimeout?: Duration.Input | undefined
  /** What the reconciler does beyond watching, for `Controller.rbac`. Nothing is checked or enforced by it here. */
  readonly grants?: ReadonlyArray<Rbac.Grant> | undefined
}

/**
 * Describes a controller of one kind.
 *
 * ```ts
 * const controller = Controller.make(Deployment, {
 *   owns: [ReplicaSet],
 *   concurrency: 8,
 *   reconcile: ({ name, namespace }) => Effect.log("reconciling", namespace, name)
 * })
 * ```
 *
 * Whatever the reconciler fails with is logged and counted, and its key is tried again: `run` does not fail with it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <
  A extends KubeObject,
  S extends Scope,
  Sub extends Subresources,
  E = never,
  R = never,
  RS = never
>(
  resource: Resource<A, S, Sub>,
  options: Options<A, S, E, R, RS>
): Controller<S, Exclude<E, TerminalError>, R | RS | InformerFactory> => {
  const name = options.name ?? resource.kind.toLowerCase()
  const sources: ReadonlyArray<Source.Source<RS | InformerFactory>> = [
    options.self ?? Source.self(resource, options),
    ...(options.owns ?? []).map((owned) => Source.owned(owned, resource, { namespaces: options.namespaces })),
    ...(options.watches ?? [])
  ]
  const rules = [
    ...sources.flatMap((source) => source.rules ?? []),
    ...(options.grants ?? []).flatMap(Rbac.fromGrant)
  ]
  const start = Engine.start(name, sources, options)
  const outcomes = Stream.unwrap(Effect.flatMap(start, (running) => Effect.as(running.awaitSynced, running.outcomes)))
  const run = Effect.scoped(
    Effect.flatMap(start, (running) => Effect.andThen(running.awaitSynced, running.process))
  )
  return { name, rules, start, outcomes, run }
}

/**
 * The least rights that controllers need, as a ClusterRole and Roles: `Rbac.manifests`.
 *
 * ```ts
 * const roles = Controller.rbac(controller, { name: "web-controller", more: Rbac.leaderElection("default") })
 * ```
 *
 * @category accessors
 * @since 0.1.0
 */
export const rbac: typeof Rbac.manifests = Rbac.manifests
