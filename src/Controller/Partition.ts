/**
 * `Partition`: which keys are this replica's own, where several replicas of one controller run at a time.
 *
 * A controller asks it before it queues a key and holds a key through it while it reconciles. By default every key is
 * one's own, as with one replica or behind a leader election; `Cluster/ShardedPartition` divides them with Effect
 * Cluster. Whatever divides them must promise that no two replicas hold a key at the same time.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as Stream from "effect/Stream"

/**
 * Which keys are this replica's own.
 *
 * @category models
 * @since 0.1.0
 */
export interface Partition {
  /** Whether a key (`namespace/name`, or `name` for a kind of cluster scope) is this replica's own now. */
  readonly isOwn: (key: string) => boolean
  /**
   * Which keys became this replica's own, each time some do; first those that are. What changed about them before is not
   * known here, so that each needs one reconcile. Each run is a subscription of its own.
   */
  readonly gains: Stream.Stream<(key: string) => boolean>
  /**
   * Runs an effect while the key is this replica's own: not at all where it is another's, interrupted where it is handed
   * over and the effect takes longer than the handover waits. `None` in both cases.
   */
  readonly hold: <A, E, R>(key: string, effect: Effect.Effect<A, E, R>) => Effect.Effect<Option.Option<A>, E, R>
}

/**
 * Every key is one's own.
 *
 * @category constructors
 * @since 0.1.0
 */
export const all: Partition = {
  isOwn: () => true,
  gains: Stream.empty,
  hold: (_key, effect) => Effect.asSome(effect)
}

/**
 * Which keys are this replica's own; `all` unless provided.
 *
 * @category references
 * @since 0.1.0
 */
export const Partition: Context.Reference<Partition> = Context.Reference(
  "effect-kubernetes/Controller/Partition",
  { defaultValue: () => all }
)
