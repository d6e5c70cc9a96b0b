import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { LeaderElectionRecord } from "../../src/LeaderElection/LeaderElectionRecord.ts"
import type { Failure, Held, ResourceLock } from "../../src/LeaderElection/ResourceLock.ts"
import * as ApiError from "../../src/Machinery/ApiError.ts"
import { RequestError, Transport as Broken } from "../../src/Machinery/RequestError.ts"

/** One lease with compare and swap, and what was asked of it. */
export interface MemoryLease {
  held: Held | undefined
  readonly calls: Array<string>
  readonly history: Array<LeaderElectionRecord>
}

/** What becomes of a candidate's requests. */
export type Link =
  /** They are answered. */
  | "up"
  /** They fail at once, unseen by the server. */
  | "refused"
  /** They are never answered, unseen by the server. */
  | "silent"
  /** The server does what they ask, and the answer is lost. */
  | "deaf"
  /** Reads are answered, writes are Forbidden. */
  | "readOnly"

export interface Access {
  link: Link
  /** Before the server sees a request, and before the answer arrives. */
  delay?: () => Effect.Effect<void>
}

export const make = (): MemoryLease => ({ held: undefined, calls: [], history: [] })

export const failure = (code: number, reason: string): ApiError.ApiError =>
  ApiError.fromStatus(
    { apiVersion: "v1", kind: "Status", status: "Failure", code, reason, message: reason },
    { verb: "update", resource: "leases" }
  )

export const broken = new RequestError({
  reason: new Broken({ verb: "update", url: "memory", description: "connection refused", kind: "Refused" })
})

let versions = 0

const held = (record: LeaderElectionRecord): Held => ({
  record,
  lease: {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: {
      name: "lease",
      namespace: "default",
      uid: "uid",
      resourceVersion: String(++versions),
      creationTimestamp: "2026-01-01T00:00:00Z"
    }
  }
})

export const put = (lease: MemoryLease, record: LeaderElectionRecord): Held => {
  const stored = held(record)
  lease.held = stored
  lease.history.push(record)
  return stored
}

export const lock = (
  lease: MemoryLease,
  identity: string,
  access: Access = { link: "up" },
  events: Array<string> = []
): ResourceLock => {
  const request = <A>(call: string, answer: () => Effect.Effect<A, Failure>): Effect.Effect<A, Failure> =>
    Effect.suspend((): Effect.Effect<A, Failure> => {
      const wait = access.delay ?? (() => Effect.void)
      return Effect.andThen(
        wait(),
        Effect.suspend((): Effect.Effect<A, Failure> => {
          lease.calls.push(`${identity} ${call}`)
          switch (access.link) {
            case "up":
              return Effect.tap(answer(), wait)
            case "refused":
              return Effect.fail(broken)
            case "silent":
              return Effect.never
            case "deaf":
              return Effect.andThen(Effect.ignore(answer()), Effect.never)
            case "readOnly":
              return call === "get" ? answer() : Effect.fail(failure(403, "Forbidden"))
          }
        })
      )
    })
  return {
    identity,
    description: "default/lease",
    get: request("get", () => Effect.sync(() => Option.fromUndefinedOr(lease.held))),
    create: (record) =>
      request("create", () =>
        lease.held === undefined
          ? Effect.sync(() => put(lease, record))
          : Effect.fail(failure(409, "AlreadyExists"))),
    update: (old, record) =>
      request("update", () =>
        lease.held?.lease.metadata.resourceVersion === old.lease.metadata.resourceVersion
          ? Effect.sync(() => put(lease, record))
          : Effect.fail(failure(409, "Conflict"))),
    freed: () => Stream.never,
    recordEvent: (_, message) => Effect.sync(() => void events.push(`${identity} ${message}`))
  }
}
