import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as LeaderElectionMetrics from "../../src/LeaderElection/LeaderElectionMetrics.ts"
import * as LeaderElector from "../../src/LeaderElection/LeaderElector.ts"
import * as MemoryLease from "./memoryLease.ts"

interface Probe {
  readonly events: Array<string>
  readonly work: Effect.Effect<never>
}

/** Work that tells when it begins and ends, on the test's clock; ending takes `takes`. */
const probe = (name: string, takes = 0): Probe => {
  const events: Array<string> = []
  const tell = (what: string) =>
    Effect.map(Clock.currentTimeMillis, (now) => void events.push(`${name} ${what} ${now / 1000}`))
  return {
    events,
    work: Effect.acquireUseRelease(
      tell("begins"),
      () => Effect.never,
      () => Effect.andThen(Effect.sleep(takes), tell("ended"))
    )
  }
}

const renewals = (lease: MemoryLease.MemoryLease) => lease.calls.filter((call) => call.endsWith("update")).length

const run = (
  lease: MemoryLease.MemoryLease,
  identity: string,
  probe: Probe,
  options: LeaderElector.Options = {},
  access: MemoryLease.Access = { link: "up" },
  events?: Array<string>
) =>
  Effect.gen(function*() {
    const elector = yield* LeaderElector.make(MemoryLease.lock(lease, identity, access, events), options)
    const fiber = yield* Effect.forkChild(elector.whileLeading(probe.work))
    yield* TestClock.adjust(0)
    return { elector, fiber }
  })

describe("LeaderElector", () => {
  it.effect("runs the effect once the lease is its own, and renews without reading", () =>
    Effect.gen(function*() {
      const lease = MemoryLease.make()
      const a = probe("a")
      const { elector } = yield* run(lease, "a", a)
      assert.deepStrictEqual(a.events, ["a begins 0"])
      yield* TestClock.adjust("20 seconds")
      assert.deepStrictEqual(lease.calls, ["a get", "a create", ...Array.from({ length: 10 }, () => "a update")])
      assert.strictEqual(lease.held?.record.renewTime, "1970-01-01T00:00:20.000000Z")
      assert.strictEqual(lease.held?.record.acquireTime, "1970-01-01T00:00:00.000000Z")
      assert.strictEqual((yield* elector.state)._tag, "Leading")
    }))

  it.effect("answers what the effect answers, and gives the lease up", () =>
    Effect.gen(function*() {
      const lease = MemoryLease.make()
      const elector = yield* LeaderElector.make(MemoryLease.lock(lease, "a"))
      assert.strictEqual(yield* elector.whileLeading(Effect.succeed(42)), 42)
      assert.deepStrictEqual(lease.held?.record, {
        holderIdentity: "",
        leaseDurationSeconds: 1,
        leaderTransitions: 0,
        acquireTime: "1970-01-01T00:00:00.000000Z",
        renewTime: "1970-01-01T00:00:00.000000Z"
      })
      assert.deepStrictEqual(yield* Effect.exit(elector.whileLeading(Effect.fail("no"))), Exit.fail("no"))
      assert.strictEqual((yield* Effect.exit(elector.whileLeading(Effect.die("bug"))))._tag, "Failure")
      assert.strictEqual(lease.held?.record.holderIdentity, "")
      assert.strictEqual((yield* elector.state)._tag, "Idle")
    }))

  it.effect("a second candidate waits, and leads soon after the first has given up", () =>
    Effect.gen(function*() {
      const lease = MemoryLease.make()
      const [a, b] = [probe("a"), probe("b")]
      const first = yield* run(lease, "a", a)
      const second = yield* run(lease, "b", b)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(b.events, [])
      assert.deepStrictEqual(yield* second.elector.state, { _tag: "Standby", leader: Option.some("a") })
      yield* Fiber.interrupt(first.fiber)
      assert.deepStrictEqual(a.events, ["a begins 0", "a ended 60"])
      // The retry period with its jitter.
      yield* TestClock.adjust("4.4 seconds")
      assert.strictEqual(b.events.length, 1)
      assert.strictEqual(lease.held?.record.leaderTransitions, 1)
    }))

  it.effect("a leader that cannot renew is interrupted at the renew deadline, before another may take the lease", () =>
    Effect.gen(function*() {
      for (const link of ["refused", "silent"] as const) {
        const lease = MemoryLease.make()
        const access: MemoryLease.Access = { link: "up" }
        const [a, b] = [probe("a"), probe("b")]
        const begin = (yield* Clock.currentTimeMillis) / 1000
        const { elector, fiber } = yield* run(lease, "a", a, {}, access)
        const second = yield* run(lease, "b", b)
        yield* TestClock.adjust("5 seconds")
        // The last renewal was sent 4 s after the beginning.
        access.link = link
        yield* TestClock.adjust("8.999 seconds")
        assert.deepStrictEqual(a.events, [`a begins ${begin}`], link)
        const state = yield* elector.state
        assert.isTrue(state._tag === "Leading" && Option.isSome(state.renewalError))
        yield* TestClock.adjust("0.001 seconds")
        assert.deepStrictEqual(a.events, [`a begins ${begin}`, `a ended ${begin + 14}`], link)
        yield* TestClock.adjust("4.999 seconds")
        assert.deepStrictEqual(b.events, [], link)
        // It saw the last renewal up to 4.4 s late, and looks every 4.4 s at least.
        yield* TestClock.adjust("8.9 seconds")
        assert.strictEqual(b.events.length, 1, link)
        yield* Effect.forEach([fiber, second.fiber], (fiber) => Effect.forkChild(Fiber.interrupt(fiber)))
        yield* TestClock.adjust("20 seconds")
      }
    }))

  it.effect("what counts is when a renewal was sent, not when its answer came", () =>
    Effect.gen(function*() {
      const lease = MemoryLease.make()
      const access: MemoryLease.Access = { link: "up" }
      const a = probe("a")
      yield* run(lease, "a", a, { releaseOnEnd: false }, access)
      // The renewal that is sent at 2 arrives at 4 and is answered at 6.
      access.delay = () => Effect.sleep("2 seconds")
      yield* TestClock.adjust("6 seconds")
      assert.strictEqual(renewals(lease), 1)
      access.link = "refused"
      yield* TestClock.adjust("5.999 seconds")
      assert.deepStrictEqual(a.events, ["a begins 0"])
      yield* TestClock.adjust("0.001 seconds")
      assert.deepStrictEqual(a.events, ["a begins 0", "a ended 12"])
    }))

  it.effect("one request that hangs costs half the deadline, not the leadership", () =>
    Effect.gen(function*() {
      const lease = MemoryLease.make()
      const access: MemoryLease.Access = { link: "up" }
      const a = probe("a")
      yield* run(lease, "a", a, {}, access)
      access.link = "silent"
      yield* TestClock.adjust("2 seconds")
      access.link = "up"
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(a.events, ["a begins 0"])
    }))

  it.effect("a renewal whose answer was lost is found again by reading, and told by the metric", () =>
    Effect.gen(function*() {
      const lease = MemoryLease.make()
      const access: MemoryLease.Access = { link: "up" }
      const a = probe("a")
      yield* run(lease, "a", a, { name: "slow" }, access)
      const slowpath = Metric.value(Metric.withAttributes(LeaderElectionMetrics.slowpath, { name: "slow" }))
      const before = (yield* slowpath).count
      assert.strictEqual(before, 0)
      access.link = "deaf"
      yield* TestClock.adjust("2 seconds")
      access.link = "up"
      lease.calls.length = 0
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(lease.calls.slice(0, 3), ["a update", "a get", "a update"])
      assert.strictEqual((yield* slowpath).count, 1)
      assert.deepStrictEqual(a.events, ["a begins 0"])
    }))

  it.effect("a leader that finds another in its place ends at once", () =>
    Effect.gen(function*() {
      const lease = MemoryLease.make()
      const a = probe("a")
      const { fiber } = yield* run(lease, "a", a, { onLost: "fail" })
      yield* TestClock.adjust("3 seconds")
      MemoryLease.put(lease, { holderIdentity: "thief", leaseDurationSeconds: 15, leaderTransitions: 7 })
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(a.events, ["a begins 0", "a ended 4"])
      const exit = yield* Fiber.await(fiber)
      const error = Exit.isFailure(exit) ? Option.getOrUndefined(Cause.findErrorOption(exit.cause)) : undefined
      assert.strictEqual(error?.message, "LeadershipLost: the lease default/lease is held by another")
      assert.strictEqual(lease.held?.record.holderIdentity, "thief")
    }))

  it.effect("after a loss it is a candidate again and runs the effect anew", () =>
    Effect.gen(function*() {
      const lease = MemoryLease.make()
      const access: MemoryLease.Access = { link: "up" }
      const a = probe("a")
      const { elector } = yield* run(lease, "a", a, {}, access)
      access.link = "refused"
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(a.events, ["a begins 0", "a ended 10"])
      assert.strictEqual((yield* elector.state)._tag, "Blocked")
      access.link = "up"
      yield* TestClock.adjust("4.4 seconds")
      assert.strictEqual(a.events.length, 3)
      assert.strictEqual((yield* elector.state)._tag, "Leading")
    }))

  it.effect("an interruption ends the effect first, renews until it has ended, and then gives the lease up", () =>
    Effect.gen(function*() {
      const lease = MemoryLease.make()
      const [a, b] = [probe("a", 40_000), probe("b")]
      const { elector, fiber } = yield* run(lease, "a", a)
      yield* run(lease, "b", b)
      yield* TestClock.adjust("5 seconds")
      const interrupted = yield* Effect.forkChild(Fiber.interrupt(fiber))
      yield* TestClock.adjust("39.999 seconds")
      assert.deepStrictEqual(yield* elector.state, { _tag: "Stopping", leader: Option.some("a") })
      assert.strictEqual(lease.held?.record.holderIdentity, "a")
      assert.deepStrictEqual(b.events, [])
      yield* TestClock.adjust("0.001 seconds")
      yield* Fiber.join(interrupted)
      assert.deepStrictEqual(a.events, ["a begins 0", "a ended 45"])
      yield* TestClock.adjust("4.4 seconds")
      assert.strictEqual(b.events.length, 1)
    }))

  it.effect("an effect that does not let itself be interrupted fails the health check once the lease ran out", () =>
    Effect.gen(function*() {
      const lease = MemoryLease.make()
      const access: MemoryLease.Access = { link: "up" }
      const { elector } = yield* run(lease, "a", probe("a", 60_000), {}, access)
      access.link = "refused"
      yield* TestClock.adjust("16 seconds")
      yield* elector.checkHealth("1 second")
      assert.strictEqual((yield* elector.state)._tag, "Stopping")
      yield* TestClock.adjust("1 millis")
      const error = yield* Effect.flip(elector.checkHealth("1 second"))
      assert.strictEqual(error.reason._tag, "LeaseOverdue")
      yield* elector.checkHealth("1 minute")
      yield* TestClock.adjust("2 minutes")
      yield* elector.checkHealth(0)
    }))

  it.effect("who does not lead is healthy, however long ago the lease it saw ran out", () =>
    Effect.gen(function*() {
      const lease = MemoryLease.make()
      MemoryLease.put(lease, { holderIdentity: "b", leaseDurationSeconds: 60, leaderTransitions: 0 })
      const access: MemoryLease.Access = { link: "up" }
      const idle = yield* LeaderElector.make(MemoryLease.lock(lease, "idle"))
      yield* idle.checkHealth(0)
      const { elector } = yield* run(lease, "a", probe("a"), {}, access)
      access.link = "refused"
      yield* TestClock.adjust("1 hour")
      yield* elector.checkHealth("20 seconds")
      yield* idle.checkHealth(0)
    }))

  it.effect("an effect that ends late keeps the lease while nobody else took it", () =>
    Effect.gen(function*() {
      const lease = MemoryLease.make()
      const access: MemoryLease.Access = { link: "up" }
      const [a, b] = [probe("a", 30_000), probe("b")]
      yield* run(lease, "a", a, { onLost: "fail" }, access)
      yield* run(lease, "b", b)
      access.link = "refused"
      yield* TestClock.adjust("11 seconds")
      access.link = "up"
      yield* TestClock.adjust("28 seconds")
      assert.deepStrictEqual([a.events, b.events], [["a begins 0"], []])
      yield* TestClock.adjust("6 seconds")
      assert.deepStrictEqual(a.events, ["a begins 0", "a ended 40"])
      assert.strictEqual(b.events.length, 1)
    }))

  it.effect("a candidate that may not write says so, and is not ready at once", () =>
    Effect.gen(function*() {
      const lease = MemoryLease.make()
      const { elector } = yield* run(lease, "a", probe("a"), {}, { link: "readOnly" })
      const state = yield* elector.state
      assert.strictEqual(state._tag === "Blocked" && state.error.reason._tag, "Forbidden")
      const error = yield* Effect.flip(elector.checkReady)
      assert.strictEqual(error.reason._tag, "LockUnavailable")
      assert.include(error.message, "default/lease")
    }))

  it.effect("a candidate that does not reach the server is ready until the renew deadline, and again afterwards", () =>
    Effect.gen(function*() {
      const lease = MemoryLease.make()
      MemoryLease.put(lease, { holderIdentity: "b", leaseDurationSeconds: 3600, leaderTransitions: 0 })
      const access: MemoryLease.Access = { link: "refused" }
      const { elector } = yield* run(lease, "a", probe("a"), {}, access)
      assert.strictEqual((yield* elector.state)._tag, "Blocked")
      yield* elector.checkReady
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual((yield* Effect.flip(elector.checkReady)).reason._tag, "LockUnavailable")
      access.link = "up"
      yield* TestClock.adjust("4.4 seconds")
      yield* elector.checkReady
      assert.deepStrictEqual(yield* elector.state, { _tag: "Standby", leader: Option.some("b") })
    }))

  it.effect("a process that was stopped for longer than the deadline stops leading when it goes on", () =>
    Effect.gen(function*() {
      const lease = MemoryLease.make()
      const [a, b] = [probe("a"), probe("b")]
      // Its clock jumps while its timers sleep, as after SIGSTOP and SIGCONT.
      let stopped = 0n
      const clock = yield* Clock.Clock
      const jumping: Clock.Clock = {
        ...clock,
        monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe() + stopped,
        monotonicTimeNanos: Effect.sync(() => clock.monotonicTimeNanosUnsafe() + stopped)
      }
      yield* Effect.provideService(run(lease, "a", a, { onLost: "fail" }), Clock.Clock, jumping)
      yield* run(lease, "b", b)
      yield* TestClock.adjust("1 second")
      stopped = 60_000_000_000n
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(a.events[0], "a begins 0")
      assert.strictEqual(a.events.length, 2)
    }))

  it.effect("its state can be asked at every moment of a campaign, and never names a leader that nobody was", () =>
    Effect.gen(function*() {
      const lease = MemoryLease.make()
      const access: MemoryLease.Access = { link: "up", delay: () => Effect.sleep("10 millis") }
      const { elector } = yield* run(lease, "a", probe("a"), {}, access)
      const leaders = new Set<string>()
      for (let tick = 0; tick < 400; tick++) {
        const state = yield* elector.state
        if (state._tag !== "Idle") leaders.add(Option.getOrElse(state.leader, () => "nobody"))
        yield* elector.checkHealth(0)
        yield* elector.checkReady
        yield* TestClock.adjust("5 millis")
      }
      assert.deepStrictEqual(leaders, new Set(["nobody", "a"]))
      // The end of the test moves no clock.
      access.delay = () => Effect.void
    }))

  it.effect("tells who leads as streams, once for each change", () =>
    Effect.gen(function*() {
      const lease = MemoryLease.make()
      MemoryLease.put(lease, { holderIdentity: "b", leaseDurationSeconds: 5, leaderTransitions: 0 })
      const elector = yield* LeaderElector.make(MemoryLease.lock(lease, "a"))
      const leaders = yield* Effect.forkChild(Stream.runCollect(Stream.take(elector.observedLeader, 3)))
      const leading = yield* Effect.forkChild(Stream.runCollect(Stream.take(elector.isLeader, 3)))
      yield* TestClock.adjust(0)
      yield* Effect.forkChild(elector.whileLeading(Effect.sleep("1 minute")))
      yield* TestClock.adjust("2 minutes")
      assert.deepStrictEqual(yield* Fiber.join(leaders), [Option.none(), Option.some("b"), Option.some("a")])
      assert.deepStrictEqual(yield* Fiber.join(leading), [false, true, false])
    }))

  it.effect("the metric is 0, then 1 while it leads, and goes with the elector", () =>
    Effect.gen(function*() {
      const status = Metric.withAttributes(LeaderElectionMetrics.masterStatus, { name: "web" })
      const values: Array<number> = []
      const look = Effect.map(Metric.value(status), ({ value }) => void values.push(value))
      yield* Effect.scoped(Effect.gen(function*() {
        const elector = yield* LeaderElector.make(MemoryLease.lock(MemoryLease.make(), "a"), { name: "web" })
        yield* look
        yield* elector.whileLeading(look)
        yield* look
      }))
      assert.deepStrictEqual(values, [0, 1, 0])
      const names = (yield* Metric.snapshot).filter(({ attributes, id }) =>
        id.startsWith("leader_election_") && attributes?.["name"] === "web"
      )
      assert.deepStrictEqual(names, [])
    }))

  it.effect("the end of an elector leaves the series of a later one of the same name", () =>
    Effect.gen(function*() {
      const status = Metric.withAttributes(LeaderElectionMetrics.masterStatus, { name: "web" })
      const make = LeaderElector.make(MemoryLease.lock(MemoryLease.make(), "a"), { name: "web" })
      const scope = yield* Scope.make()
      yield* Scope.provide(make, scope)
      const later = yield* make
      yield* later.whileLeading(Effect.gen(function*() {
        yield* Scope.close(scope, Exit.void)
        assert.strictEqual((yield* Metric.value(status)).value, 1)
        const page = yield* Metric.snapshot
        assert.strictEqual(
          page.filter(({ attributes, id }) => id.startsWith("leader_election_") && attributes?.["name"] === "web")
            .length,
          2
        )
      }))
    }))

  it.effect("records an event when it begins and when it stops leading", () =>
    Effect.gen(function*() {
      const events: Array<string> = []
      const { fiber } = yield* run(MemoryLease.make(), "a", probe("a"), {}, { link: "up" }, events)
      assert.deepStrictEqual(events, ["a became leader"])
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(events, ["a became leader", "a stopped leading"])
    }))

  it.effect("a lease that changed since the last renewal is read before it is given up", () =>
    Effect.gen(function*() {
      const lease = MemoryLease.make()
      const { fiber } = yield* run(lease, "a", probe("a"))
      const record = lease.held?.record
      assert.isDefined(record)
      // As a label that somebody set: another version, the same holder.
      if (record !== undefined) MemoryLease.put(lease, record)
      lease.calls.length = 0
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(lease.calls, ["a update", "a get", "a update"])
      assert.strictEqual(lease.held?.record.holderIdentity, "")
    }))

  for (const hanging of ["update", "get"] as const) {
    it.effect(`a leader that is interrupted while the ${hanging} of a renewal hangs gives the lease up`, () =>
      Effect.gen(function*() {
        const lease = MemoryLease.make()
        const events: Array<string> = []
        const lock = MemoryLease.lock(lease, "a", { link: "up" }, events)
        const a = probe("a")
        let isRenewing = false
        const hangs = <A, E>(call: "update" | "get", request: Effect.Effect<A, E>) =>
          Effect.suspend(() => isRenewing && call === hanging ? Effect.never : request)
        const elector = yield* LeaderElector.make({
          ...lock,
          get: hangs("get", lock.get),
          // A write without reading that fails makes the renewal read first.
          update: (held, record) =>
            hangs(
              "update",
              Effect.suspend(() => isRenewing ? Effect.fail(MemoryLease.broken) : lock.update(held, record))
            )
        })
        const fiber = yield* Effect.forkChild(elector.whileLeading(a.work))
        yield* TestClock.adjust("1 second")
        isRenewing = true
        yield* TestClock.adjust("2 seconds")
        assert.deepStrictEqual(a.events, ["a begins 0"])
        const interrupted = yield* Effect.forkChild(Fiber.interrupt(fiber))
        isRenewing = false
        yield* TestClock.adjust(0)
        yield* Fiber.join(interrupted)
        assert.strictEqual(lease.held?.record.holderIdentity, "")
        assert.deepStrictEqual(events, ["a became leader", "a stopped leading"])
      }))
  }

  it.effect("keeps the lease at the end where it is told to", () =>
    Effect.gen(function*() {
      const lease = MemoryLease.make()
      const { fiber } = yield* run(lease, "a", probe("a"), { releaseOnEnd: false })
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(lease.held?.record.holderIdentity, "a")
    }))

  it.effect("giving up ends after the renew deadline where the server does not answer", () =>
    Effect.gen(function*() {
      const lease = MemoryLease.make()
      const access: MemoryLease.Access = { link: "up" }
      const { fiber } = yield* run(lease, "a", probe("a"), {}, access)
      access.link = "silent"
      const interrupted = yield* Effect.forkChild(Fiber.interrupt(fiber))
      yield* TestClock.adjust("9.999 seconds")
      assert.isUndefined(interrupted.pollUnsafe())
      yield* TestClock.adjust("0.001 seconds")
      yield* Fiber.join(interrupted)
    }))

  it.effect("a candidate that is interrupted while its write is on the way gives up what it may have won", () =>
    Effect.gen(function*() {
      const lease = MemoryLease.make()
      const access: MemoryLease.Access = { link: "deaf" }
      MemoryLease.put(lease, { holderIdentity: "", leaseDurationSeconds: 1, leaderTransitions: 0 })
      const lock = MemoryLease.lock(lease, "a", access)
      // The read is answered, the answer to the write is lost.
      const elector = yield* LeaderElector.make({ ...lock, get: Effect.sync(() => Option.fromUndefinedOr(lease.held)) })
      const fiber = yield* Effect.forkChild(elector.whileLeading(Effect.never))
      yield* TestClock.adjust("1 second")
      assert.strictEqual(lease.held?.record.holderIdentity, "a")
      access.link = "up"
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(lease.held?.record.holderIdentity, "")
    }))

  it.effect("a defect of the lock ends the call after the effect has ended", () =>
    Effect.gen(function*() {
      const lease = MemoryLease.make()
      const a = probe("a")
      const lock = MemoryLease.lock(lease, "a")
      let isBroken = false
      const elector = yield* LeaderElector.make({
        ...lock,
        update: (held, record) => isBroken ? Effect.die("bug") : lock.update(held, record)
      })
      const fiber = yield* Effect.forkChild(elector.whileLeading(a.work))
      yield* TestClock.adjust("1 second")
      isBroken = true
      yield* TestClock.adjust("1 second")
      const exit = yield* Fiber.await(fiber)
      assert.isTrue(Exit.hasDies(exit))
      assert.deepStrictEqual(a.events, ["a begins 0", "a ended 2"])
    }))

  it.effect("runs one effect at a time", () =>
    Effect.gen(function*() {
      const lease = MemoryLease.make()
      const [a, b] = [probe("a"), probe("b")]
      const elector = yield* LeaderElector.make(MemoryLease.lock(lease, "me"))
      const first = yield* Effect.forkChild(elector.whileLeading(a.work))
      yield* Effect.forkChild(elector.whileLeading(b.work))
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual([a.events.length, b.events.length], [1, 0])
      yield* Fiber.interrupt(first)
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual([a.events.length, b.events.length], [2, 1])
    }))

  it.effect("a coordinated leader ends its term when the server prefers another, and gives the lease up", () =>
    Effect.gen(function*() {
      const lease = MemoryLease.make()
      const a = probe("a")
      const assigned = { leaseDurationSeconds: 5, leaderTransitions: 0, strategy: "OldestEmulationVersion" }
      yield* run(lease, "a", a, { candidate: { failure: Effect.succeedNone } })
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(a.events, [])
      MemoryLease.put(lease, { ...assigned, holderIdentity: "a" })
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual(a.events.length, 1)
      const record = lease.held?.record
      if (record !== undefined) MemoryLease.put(lease, { ...record, preferredHolder: "b" })
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(a.events.length, 2)
      assert.strictEqual(lease.held?.record.holderIdentity, "")
      assert.strictEqual(lease.held?.record.strategy, "OldestEmulationVersion")
    }))
})

describe("the options of an election", () => {
  const refused: ReadonlyArray<readonly [options: LeaderElector.Options, option: string]> = [
    [{ leaseDuration: "10 seconds", renewDeadline: "10 seconds" }, "leaseDuration"],
    [{ leaseDuration: 0 }, "leaseDuration"],
    [{ leaseDuration: Infinity }, "leaseDuration"],
    [{ renewDeadline: 0 }, "renewDeadline"],
    [{ renewDeadline: "2.4 seconds" }, "renewDeadline"],
    [{ renewDeadline: "2 seconds" }, "renewDeadline"],
    [{ retryPeriod: 0 }, "retryPeriod"],
    [{ retryPeriod: -1 }, "retryPeriod"]
  ]
  for (const [options, option] of refused) {
    it.effect(`${JSON.stringify(options)} is refused for its ${option}`, () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(LeaderElector.make(MemoryLease.lock(MemoryLease.make(), "a"), options))
        assert.strictEqual(error.reason._tag === "InvalidOptions" && error.reason.option, option)
      }))
  }

  it.effect("a lease of broken seconds is written as the next whole one", () =>
    Effect.gen(function*() {
      const lease = MemoryLease.make()
      const options = {
        leaseDuration: "1.5 seconds",
        renewDeadline: "1.4 seconds",
        retryPeriod: "0.5 seconds"
      } as const
      yield* run(lease, "a", probe("a"), options)
      assert.strictEqual(lease.held?.record.leaseDurationSeconds, 2)
    }))
})
