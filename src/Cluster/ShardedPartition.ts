/**
 * `ShardedPartition`: divides the keys of controllers among replicas by Effect Cluster's shards.
 *
 * A key belongs to a shard by its hash, and a shard to the one runner that holds its lock. `Sharding` starts a singleton
 * on each shard that this runner holds and waits for its end before it opens the shard's lock: those singletons are what
 * says here which keys are one's own, and their end waits for the reconciles that run. So a key's running reconcile ends
 * before another replica can start one.
 *
 * @since 0.1.0
 */
import * as EntityId from "effect/cluster/EntityId"
import * as Sharding from "effect/cluster/Sharding"
import * as ShardingConfig from "effect/cluster/ShardingConfig"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Partition from "../Controller/Partition.ts"
import { RunnerLeases } from "./RunnerLeases.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** The group of shards. `default` unless given. */
  readonly shardGroup?: string | undefined
  /**
   * How long reconciles that run may take to end when their shard goes to another runner; then they are interrupted, and
   * at once where the runner's lease is lost. A quarter of `shardLockExpiration` unless given; no more than a third is
   * safe, as locks that cannot be refreshed any more are given up after two thirds of it at the latest, and nothing may
   * run when they expire.
   */
  readonly handover?: Duration.Input | undefined
}

interface Shard {
  isHeld: boolean
  /** The runner's session in which it is held. */
  session: string | undefined
  running: number
  readonly isIdle: Latch.Latch
  /** Open when running reconciles have to go. */
  expelled: Latch.Latch
}

const newShard = (): Shard => ({
  isHeld: false,
  session: undefined,
  running: 0,
  isIdle: Latch.makeUnsafe(true),
  expelled: Latch.makeUnsafe(false)
})

/**
 * Makes the partition; it takes part until the scope closes.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  options?: Options
): Effect.fn.Return<
  Partition.Partition,
  never,
  Sharding.Sharding | ShardingConfig.ShardingConfig | Scope.Scope
> {
  const sharding = yield* Sharding.Sharding
  const { runnerAddress, shardLockExpiration, shardsPerGroup } = yield* ShardingConfig.ShardingConfig
  const leases = yield* Effect.serviceOption(RunnerLeases)
  const group = options?.shardGroup ?? "default"
  const handover = options?.handover === undefined
    ? Duration.divideUnsafe(Duration.fromInputUnsafe(shardLockExpiration), 4)
    : Duration.fromInputUnsafe(options.handover)
  const shards = Array.from({ length: shardsPerGroup + 1 }, newShard)
  const subscribers = new Set<Queue.Queue<number>>()

  const numberOf = (id: string): number => sharding.getShardId(EntityId.make(id), group).id

  const address = Option.match(runnerAddress, { onNone: () => "", onSome: ({ host, port }) => `${host}:${port}` })
  const session = (which: "current" | "latest"): string | undefined =>
    Option.isNone(leases) ? "" : leases.value[which](address)?.id

  // A process that stood still for longer than its lease may not have heard that it lost its shards, and may have begun
  // another session meanwhile.
  const isOwn = (shard: Shard): boolean =>
    shard.isHeld && shard.session !== undefined && shard.session === session("current")

  const take = (number: number, shard: Shard) =>
    Effect.sync(() => {
      shard.isHeld = true
      shard.session = session("latest")
      shard.expelled = Latch.makeUnsafe(false)
      for (const subscriber of subscribers) Queue.offerUnsafe(subscriber, number)
    })

  const giveUp = (number: number, shard: Shard) =>
    Effect.suspend(() => {
      // Another may hold a shard already that was lost and not handed over.
      const patience = isOwn(shard) ? handover : Duration.zero
      shard.isHeld = false
      return Effect.timeoutOption(Effect.interruptible(shard.isIdle.await), patience)
    }).pipe(
      Effect.flatMap((ended) =>
        Option.isSome(ended) ? Effect.void : Effect.andThen(
          Effect.logWarning(
            `reconciles still run on shard ${group}:${number} that is handed over; they are interrupted`
          ),
          // The lock stays closed until the last of them has ended, however long that takes.
          Effect.suspend(() => Effect.andThen(shard.expelled.open, shard.isIdle.await))
        )
      )
    )

  // A singleton lives on the shard that its name hashes to, so each shard needs a name that leads there.
  const found = new Set<number>()
  for (let attempt = 0; found.size < shardsPerGroup; attempt++) {
    const name = `effect-kubernetes/Cluster/ShardedPartition/${group}/${attempt}`
    const number = numberOf(name)
    const shard = shards[number]
    if (shard === undefined || found.has(number)) continue
    found.add(number)
    yield* sharding.registerSingleton(
      name,
      Effect.acquireUseRelease(take(number, shard), () => Effect.never, () => giveUp(number, shard)),
      { shardGroup: group }
    )
  }

  const shardOf = (key: string): Shard | undefined => shards[numberOf(key)]

  const gains = Stream.unwrap(Effect.gen(function*() {
    const queue = yield* Queue.unbounded<number>()
    yield* Effect.acquireRelease(
      Effect.sync(() => {
        subscribers.add(queue)
        shards.forEach(({ isHeld }, number) => isHeld && Queue.offerUnsafe(queue, number))
      }),
      () => Effect.sync(() => subscribers.delete(queue))
    )
    const next = Effect.gen(function*() {
      const first = yield* Queue.take(queue)
      // Shards come one after another; a walk through the caches serves all of a moment.
      yield* Effect.sleep("20 millis")
      const gained = new Set([first, ...(yield* Queue.clear(queue))])
      return (key: string): boolean => gained.has(numberOf(key))
    })
    return Stream.fromEffectRepeat(next)
  }))

  const hold = <A, E, R>(key: string, effect: Effect.Effect<A, E, R>): Effect.Effect<Option.Option<A>, E, R> =>
    Effect.suspend(() => {
      const shard = shardOf(key)
      if (shard === undefined || !isOwn(shard)) return Effect.succeedNone
      const { expelled } = shard
      return Effect.acquireUseRelease(
        Effect.sync(() => {
          // The fiber may have yielded since it looked.
          if (!isOwn(shard)) return false
          shard.running++
          shard.isIdle.closeUnsafe()
          return true
        }),
        (isIn): Effect.Effect<Option.Option<A>, E, R> =>
          isIn
            ? Effect.raceFirst(Effect.asSome(effect), Effect.as(expelled.await, Option.none<A>()))
            : Effect.succeedNone,
        (isIn) =>
          Effect.sync(() => {
            if (!isIn) return
            shard.running--
            if (shard.running === 0) shard.isIdle.openUnsafe()
          })
      )
    })

  return {
    isOwn: (key) => {
      const shard = shardOf(key)
      return shard !== undefined && isOwn(shard)
    },
    gains,
    hold
  }
})

/**
 * Divides the keys of the controllers below the layer. `ShardedController.layer` brings all that is needed along; this one
 * is for a program that runs a cluster anyway, on whatever storage.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options?: Options
): Layer.Layer<never, never, Sharding.Sharding | ShardingConfig.ShardingConfig> =>
  Layer.effect(Partition.Partition)(make(options))
