/**
 * `RunnerLeases`: the runners of one Effect cluster, each as a Lease that it renews.
 *
 * The uid of a runner's Lease is its session: shard locks name it, and are void once that Lease is deleted. Only an
 * expired Lease is deleted by others, under the precondition that it was not renewed since, so a runner that was given
 * up cannot come back into its session: its next renewal finds nothing. Expiry is judged as client-go's elector does: by
 * how long this process saw no renewal on its own clock, never by comparing clocks; a runner judges itself likewise, and
 * never goes on with a session that ran out.
 *
 * @see https://kubernetes.io/docs/concepts/architecture/leases/
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Hash from "effect/Hash"
import * as Layer from "effect/Layer"
import { Lease } from "../Api/coordination/v1.ts"
import * as ResourceClient from "../Clientset/ResourceClient.ts"
import type { ApiError } from "../Machinery/ApiError.ts"
import * as MicroTime from "../Machinery/MicroTime.ts"
import * as Patch from "../Machinery/Patch.ts"
import type { RequestError } from "../Machinery/RequestError.ts"
import type { Persisted } from "../Machinery/Resource.ts"
import type { RestClient } from "../Rest/RestClient.ts"

/**
 * One runner, as its Lease says.
 *
 * @category models
 * @since 0.1.0
 */
export interface Session {
  /** The uid of the Lease. */
  readonly id: string
  /** `host:port`, by which Effect Cluster knows the runner. */
  readonly address: string
  /** The encoded `Runner`; absent once it unregistered and only hands over its shards. */
  readonly runner: string | undefined
  readonly isHealthy: boolean
}

/**
 * The runners of one cluster.
 *
 * @category services
 * @since 0.1.0
 */
export class RunnerLeases extends Context.Service<RunnerLeases, {
  /** The name all Leases of the cluster begin with. */
  readonly name: string
  readonly namespace: string
  /** Begins a session for an address; one that another process had for it ends. */
  readonly register: (
    address: string,
    runner: string,
    isHealthy: boolean
  ) => Effect.Effect<Session, ApiError | RequestError>
  /** Takes a runner out of the membership and leaves its session, and with it its locks, in place. */
  readonly unregister: (address: string) => Effect.Effect<void, ApiError | RequestError>
  /** Renews this process's session. False where it is lost, or ran out by this process's clock, which ends it. */
  readonly renew: (address: string) => Effect.Effect<boolean, ApiError | RequestError>
  /** Ends this process's session: its locks are void. */
  readonly end: (address: string) => Effect.Effect<void, ApiError | RequestError>
  readonly setHealth: (address: string, isHealthy: boolean) => Effect.Effect<void, ApiError | RequestError>
  /** The sessions that are alive, after those that ran out were ended. One LIST. */
  readonly sessions: Effect.Effect<ReadonlyArray<Session>, ApiError | RequestError>
  /** The session of this process, while its last renewal is younger than a lease lasts on this process's clock. */
  readonly current: (address: string) => Session | undefined
  /** The session of this process, whether or not it may have run out. */
  readonly latest: (address: string) => Session | undefined
}>()("effect-kubernetes/Cluster/RunnerLeases") {}

/**
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** The name of the cluster: a prefix of Lease names. Replicas of one program share it. */
  readonly name: string
  /** Where the Leases are. */
  readonly namespace: string
  /** How long a Lease lasts without renewal. 35 s unless given, as `ShardingConfig.shardLockExpiration`. */
  readonly leaseDuration?: Duration.Input | undefined
}

/**
 * Which cluster a Lease belongs to.
 *
 * @category constants
 * @since 0.1.0
 */
export const clusterLabel = "effect-kubernetes.dev/cluster"

/**
 * What a Lease is in it: `runner`, or `shards` for the one that says who holds which.
 *
 * @category constants
 * @since 0.1.0
 */
export const roleLabel = "effect-kubernetes.dev/role"

const addressAnnotation = "effect-kubernetes.dev/address"
const runnerAnnotation = "effect-kubernetes.dev/runner"
const healthyAnnotation = "effect-kubernetes.dev/healthy"

type Stored = Persisted<Lease, "Namespaced">

const sessionOf = ({ metadata: { annotations = {}, uid } }: Stored): Session => ({
  id: uid,
  address: annotations[addressAnnotation] ?? "",
  runner: annotations[runnerAnnotation],
  isHealthy: annotations[healthyAnnotation] === "true"
})

/** The name of a runner's Lease: readable, and unique also where what is not allowed in names made two addresses alike. */
const leaseName = (name: string, address: string): string => {
  const readable = address.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "").slice(0, 100)
  return `${name}-${readable}-${(Hash.string(address) >>> 0).toString(36)}`
}

const ignoreNotFound = <A, R>(self: Effect.Effect<A, ApiError | RequestError, R>) =>
  Effect.catchReason(self, "ApiError", "NotFound", () => Effect.undefined)

/**
 * Makes the service. It renews nothing by itself: `Sharding` asks for each renewal.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  options: Options
): Effect.fn.Return<RunnerLeases["Service"], never, RestClient> {
  const { name, namespace } = options
  const clock = yield* Clock.Clock
  const leases = yield* ResourceClient.make(Lease, namespace)
  const duration = Duration.fromInputUnsafe(options.leaseDuration ?? "35 seconds")
  const now = (): number => Number(clock.monotonicTimeNanosUnsafe()) / 1e6
  const lifetime = Duration.toMillis(duration)
  /** This process's sessions, and when their last renewal was begun. */
  const own = new Map<string, { readonly session: Session; readonly renewedAt: number }>()
  /** The last renewal that was seen of each session, and when it was first seen. */
  let observed = new Map<string, { readonly renewTime: string; readonly at: number }>()

  const isExpired = ({ metadata: { uid }, spec }: Stored, seen: typeof observed): boolean => {
    const renewTime = spec?.renewTime ?? ""
    const before = observed.get(uid)
    const at = before?.renewTime === renewTime ? before.at : now()
    seen.set(uid, { renewTime, at })
    // As long as its runner said: while a new setting is rolled out, others have another one.
    return now() - at > (spec?.leaseDurationSeconds ?? 0) * 1000
  }

  /** The session of an address while it has not run out by this process's own clock. */
  const current = (address: string) => {
    const mine = own.get(address)
    return mine !== undefined && now() - mine.renewedAt < lifetime ? mine.session : undefined
  }

  /** Answers whether the session has ended: not where it was renewed at the last moment. */
  const fence = ({ metadata }: Stored): Effect.Effect<boolean, ApiError | RequestError> =>
    leases.delete(metadata.name, {
      preconditions: { uid: metadata.uid, resourceVersion: metadata.resourceVersion }
    }).pipe(
      Effect.tap(() =>
        Effect.logInfo("a runner's lease ran out; its shards are free", metadata.annotations?.[addressAnnotation])
      ),
      Effect.as(true),
      Effect.catchReason("ApiError", "NotFound", () => Effect.succeed(true)),
      Effect.catchReason("ApiError", "Conflict", () => Effect.succeed(false))
    )

  const sessions = Effect.gen(function*() {
    const { items } = yield* leases.list({ labelSelector: { [clusterLabel]: name, [roleLabel]: "runner" } })
    const seen: typeof observed = new Map()
    const alive: Array<Session> = []
    for (const lease of items) {
      if (isExpired(lease, seen) && (yield* fence(lease))) seen.delete(lease.metadata.uid)
      else alive.push(sessionOf(lease))
    }
    observed = seen
    return alive
  })

  const register = Effect.fnUntraced(function*(address: string, runner: string, isHealthy: boolean) {
    const begun = now()
    const renewTime = yield* MicroTime.now
    const annotations = {
      [addressAnnotation]: address,
      [runnerAnnotation]: runner,
      [healthyAnnotation]: String(isHealthy)
    }
    const mine = current(address)
    const renewed = mine === undefined
      ? undefined
      : yield* ignoreNotFound(
        leases.patch(
          leaseName(name, address),
          Patch.merge<unknown>({ metadata: { uid: mine.id, annotations }, spec: { renewTime } })
        )
      )
    if (renewed === undefined) {
      // Whoever had the address before is gone: two processes cannot have one address.
      yield* ignoreNotFound(leases.delete(leaseName(name, address)))
    }
    const lease = renewed ?? (yield* leases.create({
      metadata: {
        name: leaseName(name, address),
        labels: { [clusterLabel]: name, [roleLabel]: "runner" },
        annotations
      },
      spec: {
        holderIdentity: address,
        leaseDurationSeconds: Math.ceil(lifetime / 1000),
        acquireTime: renewTime,
        renewTime
      }
    }))
    const session = sessionOf(lease)
    own.set(address, { session, renewedAt: begun })
    return session
  })

  const annotate = (address: string, id: string | undefined, annotations: { readonly [name: string]: string | null }) =>
    leases.patch(
      leaseName(name, address),
      Patch.merge<unknown>({ metadata: { ...(id === undefined ? {} : { uid: id }), annotations } })
    ).pipe(
      ignoreNotFound,
      // The session ended and another has its name.
      Effect.catchReason("ApiError", "Conflict", () => Effect.undefined),
      Effect.asVoid
    )

  /** Ends a session, unless another has its name meanwhile. */
  const end = ({ address, id }: Session) => {
    if (own.get(address)?.session.id === id) own.delete(address)
    return leases.delete(leaseName(name, address), { preconditions: { uid: id } }).pipe(
      ignoreNotFound,
      Effect.catchReason("ApiError", "Conflict", () => Effect.undefined),
      Effect.asVoid
    )
  }

  return RunnerLeases.of({
    name,
    namespace,
    register,
    unregister: (address) => annotate(address, own.get(address)?.session.id, { [runnerAnnotation]: null }),
    renew: Effect.fnUntraced(function*(address) {
      const mine = own.get(address)?.session
      if (mine === undefined) return false
      const begun = now()
      const renewTime = yield* MicroTime.now
      // The uid is a precondition: a Lease of the same name that is another session is not renewed.
      const isRenewed = yield* leases.patch(
        leaseName(name, address),
        Patch.merge<unknown>({ metadata: { uid: mine.id }, spec: { renewTime } })
      ).pipe(
        Effect.as(true),
        Effect.catchReason("ApiError", "NotFound", () => Effect.succeed(false)),
        Effect.catchReason("ApiError", "Conflict", () => Effect.succeed(false))
      )
      // What came for its keys after it ran out here was turned away, and nobody would tell of it again.
      if (!isRenewed || current(address)?.id !== mine.id) {
        yield* end(mine)
        return false
      }
      own.set(address, { session: mine, renewedAt: begun })
      return true
    }),
    end: (address) =>
      Effect.suspend(() => {
        const mine = own.get(address)?.session
        return mine === undefined ? Effect.void : end(mine)
      }),
    setHealth: (address, isHealthy) => annotate(address, undefined, { [healthyAnnotation]: String(isHealthy) }),
    sessions,
    current,
    latest: (address) => own.get(address)?.session
  })
})

/**
 * The runners of one cluster, over the API server of the `RestClient`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options): Layer.Layer<RunnerLeases, never, RestClient> =>
  Layer.effect(RunnerLeases)(make(options))
