import { assert, describe, it } from "@effect/vitest"
import * as Option from "effect/Option"
import * as Election from "../../src/LeaderElection/internal/election.ts"
import * as LeaderElectionRecord from "../../src/LeaderElection/LeaderElectionRecord.ts"
import * as MemoryLease from "./memoryLease.ts"

const seconds = (n: number) => BigInt(n) * 1_000_000_000n
const now = (n: number): Election.Now => ({
  monotonic: seconds(n),
  wall: `2026-01-01T00:00:${String(n).padStart(2, "0")}.000000Z`
})
const me: Election.Candidate = { identity: "me", leaseSeconds: 15, isCoordinated: false }
const coordinated: Election.Candidate = { ...me, isCoordinated: true }
const unknown: Election.Knowledge = { _tag: "Unknown" }

const record = (
  fields: Partial<LeaderElectionRecord.LeaderElectionRecord>
): LeaderElectionRecord.LeaderElectionRecord => ({
  holderIdentity: "other",
  leaseDurationSeconds: 15,
  leaderTransitions: 3,
  acquireTime: "2025-12-31T00:00:00.000000Z",
  renewTime: "2025-12-31T00:00:01.000000Z",
  ...fields
})
const held = (fields: Partial<LeaderElectionRecord.LeaderElectionRecord> = {}) =>
  MemoryLease.put(MemoryLease.make(), record(fields))
const observed = (fields: Partial<LeaderElectionRecord.LeaderElectionRecord>, at: number): Election.Knowledge => ({
  _tag: "Observed",
  held: held(fields),
  at: seconds(at)
})
const read = (
  candidate: Election.Candidate,
  knowledge: Election.Knowledge,
  fields: Partial<LeaderElectionRecord.LeaderElectionRecord> | undefined,
  at: number
) => Election.read(candidate, knowledge, fields === undefined ? Option.none() : Option.some(held(fields)), now(at))

describe("the rules of an election", () => {
  it("a lock that does not exist is created, with the first term of its history", () => {
    assert.deepStrictEqual(read(me, unknown, undefined, 1).next, {
      _tag: "Create",
      record: {
        holderIdentity: "me",
        leaseDurationSeconds: 15,
        acquireTime: now(1).wall,
        renewTime: now(1).wall,
        leaderTransitions: 0
      }
    })
  })

  it("a lock that somebody deleted is created by its leader at once, by others when the leader's time has passed", () => {
    const leads: Election.Knowledge = { _tag: "Leads", held: held({ holderIdentity: "me" }), renewedAt: seconds(1) }
    const created = read(me, leads, undefined, 2).next
    assert.deepStrictEqual(created._tag === "Create" && created.record, {
      ...record({ holderIdentity: "me" }),
      renewTime: now(2).wall
    })
    assert.deepStrictEqual(read(me, observed({}, 1), undefined, 15).next, { _tag: "Refused", why: "Held" })
    const late = read(me, observed({}, 1), undefined, 16).next
    assert.strictEqual(late._tag === "Create" && late.record.leaderTransitions, 4)
    assert.strictEqual(read(me, observed({ holderIdentity: "" }, 1), undefined, 2).next._tag, "Create")
  })

  it("a lock that another holds is left alone when it is first seen, however old its times are", () => {
    assert.deepStrictEqual(read(me, unknown, {}, 1).next, { _tag: "Refused", why: "Held" })
  })

  it("a lock is left alone until its own duration has passed since its record was first seen", () => {
    const first = read(me, unknown, { leaseDurationSeconds: 7 }, 1).knowledge
    const again = read(me, first, { leaseDurationSeconds: 7 }, 7)
    assert.deepStrictEqual(again.next, { _tag: "Refused", why: "Held" })
    const late = read(me, again.knowledge, { leaseDurationSeconds: 7 }, 8).next
    assert.deepStrictEqual(late._tag === "Update" && late.record, {
      holderIdentity: "me",
      leaseDurationSeconds: 15,
      acquireTime: now(8).wall,
      renewTime: now(8).wall,
      leaderTransitions: 4
    })
  })

  it("a record that says something new restarts the wait; another version of the object does not", () => {
    const renewed = read(me, observed({}, 1), { renewTime: "2025-12-31T00:00:03.000000Z" }, 16)
    assert.deepStrictEqual(renewed.next, { _tag: "Refused", why: "Held" })
    assert.strictEqual(renewed.knowledge._tag === "Observed" && renewed.knowledge.at, seconds(16))
    assert.strictEqual(read(me, observed({}, 1), {}, 16).next._tag, "Update")
  })

  it("a lock whose holder gave it up may be taken at once", () => {
    const { next } = read(me, unknown, { holderIdentity: "", leaseDurationSeconds: 1 }, 1)
    assert.strictEqual(next._tag === "Update" && next.record.leaderTransitions, 4)
  })

  it("a lock without a duration has run out when it is seen", () => {
    assert.strictEqual(read(me, unknown, { leaseDurationSeconds: 0 }, 1).next._tag, "Update")
  })

  it("a candidate that finds itself goes on with its term", () => {
    const { next } = read(me, unknown, { holderIdentity: "me" }, 5)
    assert.deepStrictEqual(next._tag === "Update" && next.record, {
      ...record({ holderIdentity: "me" }),
      renewTime: now(5).wall
    })
  })

  it("a leader writes over its own last write without reading, and keeps when it acquired", () => {
    const mine = held({ holderIdentity: "me" })
    const command = Election.begin(me, { _tag: "Leads", held: mine, renewedAt: seconds(1) }, now(3))
    assert.deepStrictEqual(command, {
      _tag: "Update",
      path: "Fast",
      held: mine,
      record: { ...record({ holderIdentity: "me" }), renewTime: now(3).wall }
    })
    assert.deepStrictEqual(Election.begin(me, unknown, now(3)), { _tag: "Read" })
    assert.deepStrictEqual(Election.begin(me, observed({}, 1), now(3)), { _tag: "Read" })
  })

  it("a leader that finds another in its place has lost, however fresh its own lease is", () => {
    const leads: Election.Knowledge = { _tag: "Leads", held: held({ holderIdentity: "me" }), renewedAt: seconds(1) }
    const step = read(me, leads, { holderIdentity: "other" }, 2)
    assert.deepStrictEqual(step.next, { _tag: "Refused", why: "Held" })
    assert.strictEqual(step.knowledge._tag, "Observed")
  })

  it("a lock that is given up is empty, short and keeps its history", () => {
    assert.deepStrictEqual(
      Election.released(held({ strategy: "OldestEmulationVersion", preferredHolder: "b" }), now(9)),
      {
        holderIdentity: "",
        leaseDurationSeconds: 1,
        acquireTime: now(9).wall,
        renewTime: now(9).wall,
        leaderTransitions: 3,
        strategy: "OldestEmulationVersion"
      }
    )
  })
})

describe("the rules of a coordinated election", () => {
  it("a candidate waits for the server to write it into the lease", () => {
    assert.deepStrictEqual(read(coordinated, unknown, undefined, 1).next, { _tag: "Refused", why: "Unassigned" })
    assert.deepStrictEqual(read(coordinated, unknown, { holderIdentity: "" }, 1).next, {
      _tag: "Refused",
      why: "Unassigned"
    })
    assert.deepStrictEqual(read(coordinated, observed({}, 1), {}, 99).next, { _tag: "Refused", why: "Held" })
  })

  it("the one that the server chose renews, and keeps the strategy", () => {
    const { next } = Election.read(
      coordinated,
      unknown,
      Option.some(MemoryLease.put(MemoryLease.make(), {
        holderIdentity: "me",
        leaseDurationSeconds: 5,
        leaderTransitions: 0,
        strategy: "OldestEmulationVersion"
      })),
      now(1)
    )
    assert.deepStrictEqual(next._tag === "Update" && next.record, {
      holderIdentity: "me",
      leaseDurationSeconds: 15,
      acquireTime: now(1).wall,
      renewTime: now(1).wall,
      leaderTransitions: 0,
      strategy: "OldestEmulationVersion"
    })
  })

  it("a leader reads before it renews, and its term ends when the server prefers another", () => {
    const leads: Election.Knowledge = { _tag: "Leads", held: held({ holderIdentity: "me" }), renewedAt: seconds(1) }
    assert.deepStrictEqual(Election.begin(coordinated, leads, now(2)), { _tag: "Read" })
    const step = read(coordinated, leads, { holderIdentity: "me", preferredHolder: "b", strategy: "s" }, 2)
    assert.deepStrictEqual(step.next, { _tag: "Refused", why: "EndOfTerm" })
  })

  it("a lease that ran out is the server's to hand out again", () => {
    assert.deepStrictEqual(
      read(coordinated, observed({ holderIdentity: "me" }, 1), { holderIdentity: "me" }, 16).next,
      {
        _tag: "Refused",
        why: "Unassigned"
      }
    )
  })
})

describe("LeaderElectionRecord", () => {
  it("comes back from a lease as it went in", () => {
    const full = record({ strategy: "s", preferredHolder: "b" })
    assert.deepStrictEqual(LeaderElectionRecord.fromLeaseSpec(LeaderElectionRecord.toLeaseSpec(full)), full)
    const bare = { holderIdentity: "", leaseDurationSeconds: 1, leaderTransitions: 0 }
    assert.deepStrictEqual(LeaderElectionRecord.fromLeaseSpec(LeaderElectionRecord.toLeaseSpec(bare)), bare)
    assert.deepStrictEqual(LeaderElectionRecord.fromLeaseSpec(undefined), { ...bare, leaseDurationSeconds: 0 })
  })

  it("tells every field apart", () => {
    const full = record({ strategy: "s", preferredHolder: "b" })
    assert.isTrue(LeaderElectionRecord.equals(full, { ...full }))
    for (
      const change of [
        { holderIdentity: "x" },
        { leaseDurationSeconds: 1 },
        { leaderTransitions: 9 },
        { acquireTime: "x" },
        { renewTime: "x" },
        { strategy: "x" },
        { preferredHolder: "x" }
      ]
    ) assert.isFalse(LeaderElectionRecord.equals(full, { ...full, ...change }), JSON.stringify(change))
  })
})
