/**
 * `ShardLedger`: who holds which shard, and which runner has which machine id, in one Lease of the cluster.
 *
 * All of it is one annotation, so that every change is one compare-and-swap by resourceVersion: no two runners ever take
 * the same shard. Entries name sessions (`RunnerLeases`); one whose session has ended is void. It is written when shards
 * move and not when leases are renewed, and changes that one process makes at the same time are one write.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Semaphore from "effect/Semaphore"
import { Lease } from "../Api/coordination/v1.ts"
import * as ResourceClient from "../Clientset/ResourceClient.ts"
import { type ApiError, isApiError } from "../Machinery/ApiError.ts"
import type { RequestError } from "../Machinery/RequestError.ts"
import type { RestClient } from "../Rest/RestClient.ts"
import { clusterLabel, roleLabel, RunnerLeases } from "./RunnerLeases.ts"

/**
 * What one session holds.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Entry = Schema.Struct({
  /** Its machine id, 0 to 1023, as Snowflake ids need. */
  machine: Schema.Int,
  /** Its shards, as `group:number`. */
  shards: Schema.Array(Schema.String)
})

/**
 * What each session holds, by the id of the session.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Ledger = Schema.Record(Schema.String, Entry)

/**
 * @category models
 * @since 0.1.0
 */
export type Ledger = typeof Ledger.Type

/**
 * The ledger cannot be read: somebody else wrote the Lease.
 *
 * @category errors
 * @since 0.1.0
 */
export class LedgerError extends Schema.TaggedError<LedgerError>("effect-kubernetes/Cluster/LedgerError")(
  "LedgerError",
  { lease: Schema.String, description: Schema.String }
) {
  override get message(): string {
    return `the lease ${this.lease} does not hold a ledger of shards: ${this.description}`
  }
}

/**
 * Why a ledger was not read or written.
 *
 * @category errors
 * @since 0.1.0
 */
export type Failure = ApiError | RequestError | LedgerError

/**
 * @category models
 * @since 0.1.0
 */
export type Change = (ledger: Ledger, alive: ReadonlySet<string>) => Ledger

/**
 * Who holds which shard.
 *
 * @category services
 * @since 0.1.0
 */
export class ShardLedger extends Context.Service<ShardLedger, {
  /** What is stored now, void entries included. One GET. */
  readonly read: Effect.Effect<Ledger, Failure>
  /**
   * Changes the ledger by a pure function, which is called again where another wrote meanwhile. It sees no entries of
   * sessions that ended, and which sessions are alive. Answers what is stored then; where that is what was stored, nothing
   * is written.
   */
  readonly update: (change: Change) => Effect.Effect<Ledger, Failure>
}>()("effect-kubernetes/Cluster/ShardLedger") {}

const annotation = "effect-kubernetes.dev/ledger"

const decode = Schema.decodeUnknownEffect(Schema.fromJsonString(Ledger))
const encode = Schema.encodeSync(Schema.fromJsonString(Ledger))

interface Pending {
  readonly change: Change
  readonly done: Deferred.Deferred<Ledger, Failure>
}

const isOvertaken = (error: unknown): boolean =>
  isApiError(error) && (error.reason._tag === "Conflict" || error.reason._tag === "AlreadyExists")

/** Each loser has lost to one who made progress; the jitter keeps them apart. */
const again = Schedule.exponential("10 millis").pipe(Schedule.jittered, Schedule.upTo({ times: 12 }))

/**
 * Makes the service.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.gen(function*() {
  const { name, namespace, sessions } = yield* RunnerLeases
  const leases = yield* ResourceClient.make(Lease, namespace)
  const writing = yield* Semaphore.make(1)
  let pending: Array<Pending> = []

  const find = leases.get(name).pipe(Effect.catchReason("ApiError", "NotFound", () => Effect.undefined))

  const parse = (lease: Lease | undefined): Effect.Effect<Ledger, LedgerError> => {
    const text = lease?.metadata?.annotations?.[annotation]
    return text === undefined
      ? Effect.succeed({})
      : Effect.mapError(
        decode(text),
        (error) => new LedgerError({ lease: `${namespace}/${name}`, description: error.message })
      )
  }

  const write = (change: Change): Effect.Effect<Ledger, Failure> =>
    Effect.gen(function*() {
      const lease = yield* find
      const stored = yield* parse(lease)
      // Read after the ledger: whoever is in it had a Lease by then, so one that has none now has ended for good.
      const alive = new Set((yield* sessions).map(({ id }) => id))
      const wanted = change(
        Object.fromEntries(Object.entries(stored).filter(([id]) => alive.has(id))),
        alive
      )
      const text = encode(wanted)
      if (lease !== undefined && text === lease.metadata.annotations?.[annotation]) return wanted
      if (lease === undefined) {
        yield* leases.create({
          metadata: {
            name,
            labels: { [clusterLabel]: name, [roleLabel]: "shards" },
            annotations: { [annotation]: text }
          }
        })
      } else {
        yield* leases.update({
          ...lease,
          metadata: { ...lease.metadata, annotations: { ...lease.metadata.annotations, [annotation]: text } }
        })
      }
      return wanted
    }).pipe(Effect.retry({ schedule: again, while: isOvertaken }))

  /** Writes all that waits; whoever comes next finds its change done. */
  const flush = Effect.suspend(() => {
    const batch = pending
    pending = []
    if (batch.length === 0) return Effect.void
    return write((ledger, alive) => batch.reduce((current, { change }) => change(current, alive), ledger)).pipe(
      Effect.onExit((exit) =>
        Effect.sync(() => {
          // Who was not the one that was interrupted tries for himself.
          if (Exit.hasInterrupts(exit)) pending.push(...batch)
          else for (const { done } of batch) Deferred.doneUnsafe(done, exit)
        })
      ),
      Effect.exit,
      Effect.asVoid
    )
  })

  return ShardLedger.of({
    read: Effect.flatMap(find, parse),
    update: (change) =>
      Effect.suspend(() => {
        const mine: Pending = { change, done: Deferred.makeUnsafe() }
        pending.push(mine)
        const turn = writing.withPermits(1)(
          Effect.suspend(() => Deferred.isDoneUnsafe(mine.done) ? Effect.void : flush)
        )
        return Effect.andThen(turn, Deferred.await(mine.done)).pipe(
          Effect.onInterrupt(() => Effect.sync(() => void (pending = pending.filter((other) => other !== mine))))
        )
      })
  })
})

/**
 * The ledger of the cluster whose runners `RunnerLeases` knows.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<ShardLedger, never, RunnerLeases | RestClient> = Layer.effect(ShardLedger)(make)
