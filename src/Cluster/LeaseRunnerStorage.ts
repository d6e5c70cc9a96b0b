/**
 * `LeaseRunnerStorage`: Effect Cluster's `RunnerStorage` in Leases, so that a cluster needs no database.
 *
 * Each runner has a Lease that it renews (`RunnerLeases`), and one more Lease says who holds which shard (`ShardLedger`).
 * A renewal is one PATCH and one GET for each refresh interval (10 s), whatever the number of shards; a shard that moves
 * is one PUT. What `Sharding` promises of locks holds: no shard has two holders, and one whose holder stopped renewing is
 * free after the lock's expiration.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as PersistenceErrors from "effect/cluster/ClusterError"
import * as RunnerStorage from "effect/cluster/RunnerStorage"
import * as ShardingConfig from "effect/cluster/ShardingConfig"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { RestClient } from "../Rest/RestClient.ts"
import * as RunnerLeases from "./RunnerLeases.ts"
import * as ShardLedger from "./ShardLedger.ts"

const { refail } = PersistenceErrors.PersistenceError

/** Snowflake ids have ten bits for the machine. */
const machines = 1024

const freeMachine = (ledger: ShardLedger.Ledger): number => {
  const taken = new Set(Object.values(ledger).map(({ machine }) => machine))
  for (let machine = 0; machine < machines; machine++) if (!taken.has(machine)) return machine
  return 0
}

/**
 * Makes the storage.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.gen(function*() {
  const leases = yield* RunnerLeases.RunnerLeases
  const ledger = yield* ShardLedger.ShardLedger

  const { shardLockExpiration } = yield* ShardingConfig.ShardingConfig
  const lifetime = Duration.toMillis(Duration.fromInputUnsafe(shardLockExpiration))
  const now = Effect.map(Clock.Clock, (clock) => Number(clock.monotonicTimeNanosUnsafe()) / 1e6)
  /** When each shard was last asked for: what nobody asks for any more is not kept from others. */
  const asked = new Map<string, number>()
  const ask = (shards: ReadonlyArray<string>, at: number): void => {
    for (const shard of shards) asked.set(shard, at)
  }

  const entryOf = (id: string, stored: ShardLedger.Ledger) => stored[id] ?? { machine: freeMachine(stored), shards: [] }

  const drop = (address: string, isDropped: (shard: string) => boolean) =>
    Effect.suspend(() => {
      const session = leases.latest(address)
      // A session that is lost holds nothing to release.
      if (session === undefined) return Effect.void
      return Effect.asVoid(ledger.update((stored) => {
        const entry = stored[session.id]
        if (entry === undefined) return stored
        const shards = entry.shards.filter((shard) => !isDropped(shard))
        return { ...stored, [session.id]: { ...entry, shards } }
      }))
    })

  const unregistered = new Set<string>()

  return RunnerStorage.makeEncoded({
    getRunners: Effect.map(
      leases.sessions,
      (sessions) =>
        sessions.flatMap(({ isHealthy, runner }) => runner === undefined ? [] : [[runner, isHealthy] as const])
    ).pipe(
      refail
    ),

    register: Effect.fnUntraced(function*(address, runner, isHealthy) {
      unregistered.delete(address)
      const { id } = yield* leases.register(address, runner, isHealthy)
      const stored = yield* ledger.update((current) => ({ ...current, [id]: entryOf(id, current) }))
      return entryOf(id, stored).machine
    }, refail),

    // `Sharding` unregisters first and hands over its shards then, so the session stays until `releaseAll`.
    unregister: (address) => {
      unregistered.add(address)
      return refail(leases.unregister(address))
    },

    setRunnerHealth: (address, isHealthy) => refail(leases.setHealth(address, isHealthy)),

    acquire: Effect.fnUntraced(function*(address, wanted) {
      const session = leases.current(address)
      if (session === undefined) return []
      ask(wanted, yield* now)
      const stored = yield* ledger.update((current, alive) => {
        if (!alive.has(session.id)) return current
        const taken = new Set(
          Object.entries(current).flatMap(([id, { shards }]) => id === session.id ? [] : shards)
        )
        const entry = entryOf(session.id, current)
        const free = wanted.filter((shard) => !taken.has(shard) && !entry.shards.includes(shard))
        return free.length === 0 && current[session.id] !== undefined
          ? current
          : { ...current, [session.id]: { ...entry, shards: [...entry.shards, ...free] } }
      })
      // A process that stood still for longer than a lease wrote into a session that may be over.
      if (leases.current(address)?.id !== session.id) return []
      const mine = new Set(stored[session.id]?.shards)
      return wanted.filter((shard) => mine.has(shard))
    }, refail),

    refresh: Effect.fnUntraced(function*(address, shards) {
      if (!(yield* leases.renew(address))) return []
      if (shards.length === 0) return []
      const session = leases.current(address)
      if (session === undefined) return []
      const at = yield* now
      ask(shards, at)
      const mine = new Set((yield* ledger.read)[session.id]?.shards)
      // An acquisition whose answer came too late for who asked: it is stored, and nobody knows of it.
      const forgotten = new Set(
        Array.from(mine).filter((shard) => {
          const last = asked.get(shard) ?? at
          asked.set(shard, last)
          return at - last > lifetime
        })
      )
      if (forgotten.size > 0) yield* drop(address, (shard) => forgotten.has(shard))
      return shards.filter((shard) => mine.has(shard))
    }, refail),

    release: (address, shard) => refail(drop(address, (held) => held === shard)),

    releaseAll: (address) =>
      refail(Effect.andThen(
        drop(address, () => true),
        Effect.suspend(() => unregistered.has(address) ? leases.end(address) : Effect.void)
      ))
  })
})

/**
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** The name of the cluster: the name of the shards' Lease, and a prefix of the runners'. Replicas share it. */
  readonly name: string
  /** Where the Leases are: `Rbac.sharding(namespace)` says what is needed there. */
  readonly namespace: string
}

/**
 * The storage, with leases that last as long as `ShardingConfig` says of shard locks (35 s by default).
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options: Options
): Layer.Layer<
  RunnerStorage.RunnerStorage | RunnerLeases.RunnerLeases,
  never,
  ShardingConfig.ShardingConfig | RestClient
> =>
  Layer.effect(RunnerStorage.RunnerStorage)(make).pipe(
    Layer.provide(ShardLedger.layer),
    Layer.provideMerge(
      Layer.unwrap(Effect.map(ShardingConfig.ShardingConfig, ({ shardLockExpiration }) =>
        RunnerLeases.layer({ ...options, leaseDuration: Duration.fromInputUnsafe(shardLockExpiration) })))
    )
  )
