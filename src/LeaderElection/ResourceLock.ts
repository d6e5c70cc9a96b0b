/**
 * `ResourceLock`: one object in the API server that says who leads, read and written by compare and swap.
 *
 * `LeaderElector` holds it; whoever writes it first against the version that was read has won, because the server
 * refuses the others with Conflict. A lock decides nothing and keeps nothing: rules and times are the elector's.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { Lease } from "../Api/coordination/v1.ts"
import * as ResourceClient from "../Clientset/ResourceClient.ts"
import { EventRecorder } from "../Events/EventRecorder.ts"
import type { ApiError } from "../Machinery/ApiError.ts"
import type { RequestError } from "../Machinery/RequestError.ts"
import type { Persisted } from "../Machinery/Resource.ts"
import type { RestClient } from "../Rest/RestClient.ts"
import type { Failure as WatchFailure } from "../Watch/ListWatch.ts"
import * as RetryWatcher from "../Watch/RetryWatcher.ts"
import * as LeaderElectionRecord from "./LeaderElectionRecord.ts"

/**
 * Why a lock could not be read or written.
 *
 * @category models
 * @since 0.1.0
 */
export type Failure = ApiError | RequestError

/**
 * The record as it was read or written, with the object that held it; a write against it fails where the object has
 * changed since.
 *
 * @category models
 * @since 0.1.0
 */
export interface Held {
  readonly record: LeaderElectionRecord.LeaderElectionRecord
  readonly lease: Persisted<Lease>
}

/**
 * @category models
 * @since 0.1.0
 */
export interface ResourceLock {
  /** Who the candidate is, among all that compete for the lock. Not empty. */
  readonly identity: string
  /** `namespace/name`, for logs and messages. */
  readonly description: string
  /** Reads the lock; none where the object does not exist. */
  readonly get: Effect.Effect<Option.Option<Held>, Failure>
  /** Creates the object; AlreadyExists where another was faster. */
  readonly create: (record: LeaderElectionRecord.LeaderElectionRecord) => Effect.Effect<Held, Failure>
  /** Replaces what was held; Conflict where another was faster. */
  readonly update: (
    held: Held,
    record: LeaderElectionRecord.LeaderElectionRecord
  ) => Effect.Effect<Held, Failure>
  /**
   * Tells each time that a holder gave the lock up since a record was read. It may miss some and fail; a candidate that
   * hears of none looks for itself.
   */
  readonly freed: (since: Held) => Stream.Stream<void, WatchFailure>
  /** Tells people what happened, as an Event on the object; does nothing where no recorder is provided. */
  readonly recordEvent: (held: Held, message: string) => Effect.Effect<void>
}

/**
 * @category models
 * @since 0.1.0
 */
export interface LeaseOptions {
  /** Of the Lease. */
  readonly namespace: string
  /** Of the Lease. */
  readonly name: string
  readonly identity: string
  /** Labels that the Lease gets; others on it stay. None unless given. */
  readonly labels?: { readonly [name: string]: string } | undefined
}

const heldBy = (lease: Persisted<Lease>): Held => ({ record: LeaderElectionRecord.fromLeaseSpec(lease.spec), lease })

/**
 * A lock that is a Lease of `coordination.k8s.io/v1`. Its user needs the verbs get, create and update on leases in the
 * namespace, and watch where `freed` is pulled. Events are recorded where an `EventRecorder` is in the context.
 *
 * @category constructors
 * @since 0.1.0
 */
export const lease = Effect.fnUntraced(function*(
  options: LeaseOptions
): Effect.fn.Return<ResourceLock, never, RestClient> {
  const { identity, labels, name, namespace } = options
  const leases = yield* ResourceClient.make(Lease, namespace)
  const listWatch = leases.listWatch({ fieldSelector: `metadata.name=${name}` })
  const recorder = yield* Effect.serviceOption(EventRecorder)

  return {
    identity,
    description: `${namespace}/${name}`,
    get: leases.get(name).pipe(
      Effect.map((lease) => Option.some(heldBy(lease))),
      Effect.catchReason("ApiError", "NotFound", () => Effect.succeedNone)
    ),
    create: (record) =>
      Effect.map(
        leases.create({
          metadata: { name, namespace, ...(labels === undefined ? {} : { labels }) },
          spec: LeaderElectionRecord.toLeaseSpec(record)
        }),
        heldBy
      ),
    update: ({ lease }, record) =>
      Effect.map(
        leases.update({
          ...lease,
          metadata: labels === undefined
            ? lease.metadata
            : { ...lease.metadata, labels: { ...lease.metadata.labels, ...labels } },
          spec: LeaderElectionRecord.toLeaseSpec(record)
        }),
        heldBy
      ),
    freed: ({ lease }) =>
      RetryWatcher.make(listWatch, { resourceVersion: lease.metadata.resourceVersion }).pipe(
        Stream.filter(({ object, type }) => type !== "DELETED" && heldBy(object).record.holderIdentity === ""),
        Stream.map(() => undefined)
      ),
    recordEvent: ({ lease }, message) =>
      Option.match(recorder, {
        onNone: () => Effect.void,
        onSome: (events) =>
          events.record(lease, {
            type: "Normal",
            reason: "LeaderElection",
            action: "LeaderElection",
            message: `${identity} ${message}`
          })
      })
  }
})
