/**
 * The rules of an election, without effects: what a candidate knows, and what it does next for it.
 *
 * One try goes `begin` → (a write without reading, for a leader) → `read` → a write or a refusal. Times are nanoseconds
 * of the candidate's own monotonic clock; no time that another process wrote is compared with it.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import * as LeaderElectionRecord from "../LeaderElectionRecord.ts"
import type { Failure, Held } from "../ResourceLock.ts"

/** Nothing was read yet. */
export interface Unknown {
  readonly _tag: "Unknown"
}

/** Another holds the lock, or nobody does. */
export interface Observed {
  readonly _tag: "Observed"
  readonly held: Held
  /** When this record was first read. */
  readonly at: bigint
}

/** The last write was this candidate's. */
export interface Leads {
  readonly _tag: "Leads"
  readonly held: Held
  /** When that write was sent: others can have seen it no earlier, so what is counted from here ends before theirs. */
  readonly renewedAt: bigint
}

export type Knowledge = Unknown | Observed | Leads

export type Command =
  | { readonly _tag: "Read" }
  | { readonly _tag: "Create"; readonly record: LeaderElectionRecord.LeaderElectionRecord }
  | {
    readonly _tag: "Update"
    readonly held: Held
    readonly record: LeaderElectionRecord.LeaderElectionRecord
    /** Whether it was decided without reading. */
    readonly path: "Fast" | "Slow"
  }

/** `Raced` was refused by the server because another wrote meanwhile; the next try will see what. */
export type Refusal = "Held" | "Raced" | "Unassigned" | "EndOfTerm"

export type Outcome =
  | { readonly _tag: "Won" }
  | { readonly _tag: "Refused"; readonly why: Refusal }
  | { readonly _tag: "Failed"; readonly error: Failure }

export interface Candidate {
  readonly identity: string
  readonly leaseSeconds: number
  /** Whether the server picks the leader. */
  readonly isCoordinated: boolean
}

export interface Now {
  /** Of the monotonic clock. */
  readonly monotonic: bigint
  /** For people: `MicroTime`. */
  readonly wall: string
}

export interface Step {
  readonly knowledge: Knowledge
  readonly next: Command | Outcome
}

const record = (
  { identity, leaseSeconds }: Candidate,
  now: Now
): LeaderElectionRecord.LeaderElectionRecord => ({
  holderIdentity: identity,
  leaseDurationSeconds: leaseSeconds,
  acquireTime: now.wall,
  renewTime: now.wall,
  leaderTransitions: 0
})

const renewal = (
  candidate: Candidate,
  now: Now,
  { record: old }: Held
): LeaderElectionRecord.LeaderElectionRecord => ({
  ...record(candidate, now),
  // The server hands a lease out without this time.
  acquireTime: old.acquireTime ?? now.wall,
  leaderTransitions: old.leaderTransitions,
  ...(candidate.isCoordinated && old.strategy !== undefined ? { strategy: old.strategy } : {})
})

/** How a try begins: a leader writes over its own last write, everyone else reads. */
export const begin = (candidate: Candidate, knowledge: Knowledge, now: Now): Command =>
  // The server may have ended the term meanwhile, which only a read tells.
  knowledge._tag === "Leads" && !candidate.isCoordinated
    ? { _tag: "Update", path: "Fast", held: knowledge.held, record: renewal(candidate, now, knowledge.held) }
    : { _tag: "Read" }

/** What is known after a read, and what follows. */
export const read = (candidate: Candidate, knowledge: Knowledge, found: Option.Option<Held>, now: Now): Step => {
  if (Option.isNone(found)) return missing(candidate, knowledge, now)
  const held = found.value
  const { holderIdentity, leaderTransitions, preferredHolder } = held.record
  const isMine = holderIdentity === candidate.identity
  const known = observe(candidate, knowledge, held, now)
  const refuse = (why: Refusal): Step => ({
    knowledge: known._tag === "Leads" ? { _tag: "Observed", held, at: known.renewedAt } : known,
    next: { _tag: "Refused", why }
  })
  const isExpired = hasExpired(known, now)

  if (candidate.isCoordinated) {
    if (!isMine) return refuse(holderIdentity === "" ? "Unassigned" : "Held")
    if (isExpired) return refuse("Unassigned")
    if (preferredHolder !== undefined && preferredHolder !== "") return refuse("EndOfTerm")
  } else if (!isMine && holderIdentity !== "" && !isExpired) {
    return refuse("Held")
  }
  return {
    knowledge: known,
    next: {
      _tag: "Update",
      path: "Slow",
      held,
      record: isMine
        ? renewal(candidate, now, held)
        : { ...record(candidate, now), leaderTransitions: leaderTransitions + 1 }
    }
  }
}

const hasExpired = (knowledge: Knowledge, now: Now): boolean =>
  knowledge._tag === "Observed" &&
  now.monotonic - knowledge.at >= BigInt(knowledge.held.record.leaseDurationSeconds) * 1_000_000_000n

/**
 * Who knows of no leader creates the lock. Somebody who deletes it does not end the leader by that: those who saw one
 * wait for its time to pass, and the leader itself creates the lock again. Terms are counted on in any case.
 */
const missing = (candidate: Candidate, knowledge: Knowledge, now: Now): Step => {
  if (candidate.isCoordinated) {
    return { knowledge: { _tag: "Unknown" }, next: { _tag: "Refused", why: "Unassigned" } }
  }
  if (knowledge._tag === "Unknown") return { knowledge, next: { _tag: "Create", record: record(candidate, now) } }
  const { held } = knowledge
  const { holderIdentity, leaderTransitions } = held.record
  if (holderIdentity === candidate.identity) {
    return { knowledge, next: { _tag: "Create", record: renewal(candidate, now, held) } }
  }
  if (holderIdentity !== "" && !hasExpired(knowledge, now)) {
    return { knowledge, next: { _tag: "Refused", why: "Held" } }
  }
  return {
    knowledge,
    next: { _tag: "Create", record: { ...record(candidate, now), leaderTransitions: leaderTransitions + 1 } }
  }
}

/** A record that says nothing new is as old as when it was first read; what else changed of the object does not count. */
const observe = (candidate: Candidate, knowledge: Knowledge, held: Held, now: Now): Observed | Leads => {
  if (knowledge._tag === "Leads" && held.record.holderIdentity === candidate.identity) return { ...knowledge, held }
  return knowledge._tag === "Observed" && LeaderElectionRecord.equals(knowledge.held.record, held.record)
    ? { _tag: "Observed", held, at: knowledge.at }
    : { _tag: "Observed", held, at: now.monotonic }
}

/** The record of a lock that its holder gives up: free at once, its history kept. */
export const released = ({ record: old }: Held, now: Now): LeaderElectionRecord.LeaderElectionRecord => ({
  holderIdentity: "",
  leaseDurationSeconds: 1,
  acquireTime: now.wall,
  renewTime: now.wall,
  leaderTransitions: old.leaderTransitions,
  // A lease that the server coordinates stays so.
  ...(old.strategy === undefined ? {} : { strategy: old.strategy })
})
