/**
 * `ShardedController`: lets the replicas of a program share the work of its controllers.
 *
 * One layer around a controller and nothing else changes: each key is reconciled by exactly one replica, keys move when a
 * replica comes or goes, and a key's running reconcile ends before another replica starts one. It is Effect Cluster's
 * sharding with Leases as its only store; replicas need not reach each other. Where one replica is enough,
 * `LeaderElection` is simpler.
 *
 * @since 0.1.0
 */
import * as MessageStorage from "effect/cluster/MessageStorage"
import * as RunnerAddress from "effect/cluster/RunnerAddress"
import * as Runners from "effect/cluster/Runners"
import * as Sharding from "effect/cluster/Sharding"
import * as ShardingConfig from "effect/cluster/ShardingConfig"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import type { RestClient } from "../Rest/RestClient.ts"
import * as LeaseRunnerHealth from "./LeaseRunnerHealth.ts"
import * as LeaseRunnerStorage from "./LeaseRunnerStorage.ts"
import * as ShardedPartition from "./ShardedPartition.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** The name of the program: the name of the shards' Lease and a prefix of the replicas'. Replicas share it. */
  readonly name: string
  /** Where the Leases are. `Rbac.sharding(namespace)` says what the replicas need there. */
  readonly namespace: string
  /** What this replica calls itself in Leases: the name of its pod. Random unless given; two replicas need two. */
  readonly identity?: string | undefined
  /** Into how many parts the keys are divided: many more than replicas. 128 unless given; the same for all replicas. */
  readonly shards?: number | undefined
  /** How many of the keys this replica takes relative to others. 1 unless given. */
  readonly weight?: number | undefined
  /**
   * How long a replica that died keeps its keys. 35 s unless given, as Effect Cluster's; renewed after a third of it, or 10
   * s. Shorter takes over sooner, and needs a server that answers sooner.
   */
  readonly lockExpiration?: Duration.Input | undefined
  /** How often the replicas are looked up, and how soon one that came or went is noticed. 3 s unless given. */
  readonly refreshInterval?: Duration.Input | undefined
  /** How long running reconciles may take to end when their keys move. A quarter of `lockExpiration` unless given. */
  readonly handover?: Duration.Input | undefined
}

/**
 * Divides the keys of the controllers below the layer among the replicas of the program.
 *
 * ```ts
 * controller.run.pipe(
 *   Effect.provide(ShardedController.layer({ name: "web-controller", namespace: "default", identity: podName })),
 *   Effect.provide(NodeKubernetes.layer),
 *   NodeRuntime.runMain
 * )
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options): Layer.Layer<Sharding.Sharding, never, RestClient> => {
  const config = Layer.unwrap(Effect.map(identityOf(options), (identity) =>
    ShardingConfig.layer({
      // Nobody connects to it: it is a name.
      runnerAddress: Option.some(RunnerAddress.make(identity, 0)),
      shardsPerGroup: options.shards ?? 128,
      ...(options.weight === undefined ? {} : { runnerShardWeight: options.weight }),
      ...(options.lockExpiration === undefined ? {} : { shardLockExpiration: options.lockExpiration }),
      ...(options.refreshInterval === undefined ? {} : { refreshAssignmentsInterval: options.refreshInterval })
    })))
  return ShardedPartition.layer({ handover: options.handover }).pipe(
    Layer.provideMerge(Sharding.layer),
    Layer.provide(Runners.layerNoop),
    Layer.provide(MessageStorage.layerNoop),
    Layer.provide(LeaseRunnerHealth.layer),
    Layer.provide(LeaseRunnerStorage.layer({ name: options.name, namespace: options.namespace })),
    Layer.provide(config)
  )
}

const identityOf = ({ identity }: Options): Effect.Effect<string> =>
  identity === undefined
    ? Effect.map(Random.nextIntBetween(0, 0xffffffff), (id) => `replica-${id.toString(36)}`)
    : Effect.succeed(identity)
