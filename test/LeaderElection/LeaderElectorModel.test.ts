import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Random from "effect/Random"
import * as Scheduler from "effect/Scheduler"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import type { LeaderElectionError } from "../../src/LeaderElection/LeaderElectionError.ts"
import * as LeaderElector from "../../src/LeaderElection/LeaderElector.ts"
import type { Failure, ResourceLock } from "../../src/LeaderElection/ResourceLock.ts"
import * as MemoryLease from "./memoryLease.ts"

/** Mulberry32: a schedule of faults can be run again by its seed. */
const randomOf = (seed: number) => {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
  const between = (low: number, high: number) => low + next() * (high - low)
  return {
    next,
    between,
    pick: <A>(values: readonly [A, ...Array<A>]): A => values[Math.floor(next() * values.length)] ?? values[0]
  }
}

/** A clock that runs `rate` times as fast as the true one, and whose wall time is wrong by `skew` milliseconds. */
const clockAt = (base: Clock.Clock, rate: number, skew: number): Clock.Clock => {
  const monotonic = () => BigInt(Math.round(Number(base.monotonicTimeNanosUnsafe()) * rate))
  const millis = () => base.currentTimeMillisUnsafe() * rate + skew
  const nanos = () => BigInt(Math.round(millis() * 1e6))
  return {
    currentTimeMillisUnsafe: millis,
    currentTimeMillis: Effect.sync(millis),
    currentTimeNanosUnsafe: nanos,
    currentTimeNanos: Effect.sync(nanos),
    monotonicTimeNanosUnsafe: monotonic,
    monotonicTimeNanos: Effect.sync(monotonic),
    sleep: (duration) => base.sleep(Duration.times(duration, 1 / rate))
  }
}

type Link = "up" | "cutBefore" | "cutAfter" | "refused"

interface Wire {
  link: Link
  /** Seconds from the client to the server, and back. */
  delay: () => number
}

/** A lock whose requests travel: one that is on its way arrives even if its sender has given up waiting or is dead. */
const lockOver = (base: Clock.Clock, lease: MemoryLease.MemoryLease, identity: string, wire: Wire): ResourceLock => {
  const server = MemoryLease.lock(lease, identity)
  const travel = base.sleep
  const send = <A>(request: Effect.Effect<A, Failure>): Effect.Effect<A, Failure> =>
    Effect.gen(function*() {
      const { link } = wire
      if (link === "refused") return yield* MemoryLease.broken
      if (link === "cutBefore") return yield* Effect.never
      const answer = yield* Deferred.make<A, Failure>()
      yield* Effect.forkDetach(Effect.gen(function*() {
        yield* travel(Duration.seconds(wire.delay()))
        const exit = yield* Effect.exit(request)
        if (link === "cutAfter" || wire.link !== "up") return
        yield* travel(Duration.seconds(wire.delay()))
        yield* Deferred.done(answer, exit)
      }))
      return yield* Deferred.await(answer)
    })
  return {
    ...server,
    get: send(server.get),
    create: (record) => send(server.create(record)),
    update: (held, record) => send(server.update(held, record))
  }
}

interface World {
  readonly base: Clock.Clock
  readonly lease: MemoryLease.MemoryLease
  /** Who works now. */
  readonly working: Set<string>
  /** When two worked at once: who, from when, for how long, in seconds of the true clock. */
  readonly overlaps: Array<{ readonly who: ReadonlyArray<string>; readonly from: number; seconds: number }>
  readonly terms: Array<string>
}

const makeWorld = Effect.map(Clock.Clock, (base): World => ({
  base,
  lease: MemoryLease.make(),
  working: new Set(),
  overlaps: [],
  terms: []
}))

const seconds = ({ base }: World) => Number(base.monotonicTimeNanosUnsafe()) / 1e9

const enter = (world: World, who: string) => {
  world.working.add(who)
  world.terms.push(who)
  if (world.working.size > 1) world.overlaps.push({ who: [...world.working], from: seconds(world), seconds: Infinity })
}

const leave = (world: World, who: string) => {
  world.working.delete(who)
  const overlap = world.overlaps.at(-1)
  if (overlap !== undefined && overlap.who.includes(who) && overlap.seconds === Infinity) {
    overlap.seconds = seconds(world) - overlap.from
  }
}

interface Process {
  readonly identity: string
  readonly wire: Wire
  readonly elector: LeaderElector.LeaderElector
  readonly fiber: Fiber.Fiber<never, LeaderElectionError>
  readonly scope: Scope.Closeable
  isDead: boolean
}

const start = Effect.fnUntraced(function*(world: World, options: {
  readonly identity: string
  readonly rate: number
  readonly skew?: number
  readonly timing?: LeaderElector.Options
  readonly wire?: Wire
  /** How long the work takes to end, in true seconds. */
  readonly ending?: () => number
}) {
  const { identity } = options
  const wire = options.wire ?? { link: "up", delay: () => 0 }
  const scope = yield* Scope.make()
  const clock = clockAt(world.base, options.rate, options.skew ?? 0)
  const process: { isDead: boolean } = { isDead: false }
  const work = Effect.acquireUseRelease(
    Effect.sync(() => {
      if (!process.isDead) enter(world, identity)
    }),
    () => Effect.never,
    () =>
      Effect.andThen(
        Effect.suspend(() =>
          process.isDead ? Effect.void : world.base.sleep(Duration.seconds(options.ending?.() ?? 0))
        ),
        Effect.sync(() => {
          if (!process.isDead) leave(world, identity)
        })
      )
  )
  const elector = yield* LeaderElector.make(lockOver(world.base, world.lease, identity, wire), options.timing).pipe(
    Scope.provide(scope),
    Effect.provideService(Clock.Clock, clock)
  )
  const fiber = yield* Effect.forkDetach(Effect.provideService(elector.whileLeading(work), Clock.Clock, clock))
  return Object.assign(process, { identity, wire, elector, fiber, scope })
})

/** What it did stops at once; what it sent arrives. */
const kill = Effect.fnUntraced(function*(world: World, process: Process) {
  process.isDead = true
  process.wire.link = "cutBefore"
  if (world.working.has(process.identity)) leave(world, process.identity)
  yield* Effect.forkDetach(Fiber.interrupt(process.fiber))
})

const end = Effect.fnUntraced(function*(processes: ReadonlyArray<Process>) {
  for (const { fiber, wire } of processes) {
    wire.link = "refused"
    yield* Effect.forkDetach(Fiber.interrupt(fiber))
  }
  yield* TestClock.adjust("10 minutes")
  yield* Effect.forEach(processes, ({ scope }) => Scope.close(scope, Exit.void))
})

const quiet = Effect.provide(Logger.layer([]))

/** Clocks from half to double speed: a ratio of 4, so the lease is more than four times the deadline. */
const timing = { leaseDuration: "60 seconds", renewDeadline: "12 seconds", retryPeriod: "3 seconds" } as const

// The slowest leader stops 24 true seconds after it last renewed, the fastest candidate waits for 30.
const longestEnding = 5.9

/** Observing the last renewal (13.2 s of a slow clock and a request), the lease (120), two more looks (2 × 13.2), requests. */
const soon = 200

const history = Effect.fnUntraced(function*(seed: number) {
  const random = randomOf(seed)
  const world = yield* makeWorld
  const all: Array<Process> = []
  const boot = Effect.suspend(() =>
    Effect.tap(
      start(world, {
        identity: `p${all.length}`,
        rate: random.pick([0.5, 2, random.between(0.5, 2)]),
        skew: random.between(0, 1e10),
        timing,
        wire: { link: "up", delay: () => random.pick([0, 0.01, random.between(0, 2)]) },
        ending: () => random.pick([0, random.between(0, longestEnding)])
      }),
      (process) => Effect.sync(() => all.push(process))
    )
  )
  const alive = () => all.filter(({ isDead }) => !isDead)
  yield* Effect.repeat(boot, { times: 4 })
  for (let step = 0; step < 12; step++) {
    for (const process of alive()) {
      const dice = random.next()
      const isLeader = world.working.has(process.identity)
      if (process.wire.link !== "up") {
        // Cut off for a while: long enough for others to wait for the lease.
        if (dice < 0.35) process.wire.link = "up"
      } else if (dice < (isLeader ? 0.6 : 0.2)) {
        process.wire.link = random.pick(["cutBefore", "cutAfter", "refused"])
      } else if (dice < (isLeader ? 0.75 : 0.25)) {
        yield* kill(world, process)
        yield* boot
      } else if (dice < (isLeader ? 0.85 : 0.28)) {
        // As SIGTERM: it ends in order, and another comes for it.
        yield* Effect.forkDetach(Fiber.interrupt(process.fiber))
        process.wire.link = random.pick(["up", "up", "cutAfter"])
        yield* boot
      }
    }
    yield* TestClock.adjust(Duration.seconds(random.pick([random.between(0, 4), random.between(0, 40), 60])))
  }
  for (const { wire } of alive()) {
    wire.link = "up"
    // Two seconds each way are half of what the fastest clock allows a request: a leader may be lost by that again.
    wire.delay = () => random.between(0, 0.5)
  }
  yield* TestClock.adjust(Duration.seconds(soon))
  const leaders = [...world.working]
  yield* end(alive())
  return { leaders, overlaps: world.overlaps, terms: world.terms.length, after: [...world.working] }
})

describe("five candidates", () => {
  const rounds = 40
  it.effect(
    `never are two leaders, and soon one, in ${rounds} histories of crashes, partitions, delays and clocks from half to double speed`,
    () =>
      Effect.gen(function*() {
        let terms = 0
        for (let seed = 1; seed <= rounds; seed++) {
          const outcome = yield* history(seed).pipe(
            Effect.provideService(Scheduler.MaxOpsBeforeYield, 3 + seed % 5),
            Random.withSeed(seed)
          )
          assert.deepStrictEqual(outcome.overlaps, [], `seed ${seed}`)
          assert.strictEqual(outcome.leaders.length, 1, `seed ${seed}`)
          assert.deepStrictEqual(outcome.after, [], `seed ${seed}`)
          terms += outcome.terms
        }
        // The histories are worth something only if leadership changes hands in them.
        assert.isAbove(terms, 3 * rounds)
      }).pipe(quiet),
    120_000
  )
})

describe("outside the assumptions", () => {
  it.effect("clocks that differ by more than leaseDuration / renewDeadline give two leaders for the difference", () =>
    Effect.gen(function*() {
      const world = yield* makeWorld
      // The defaults stand a ratio of 1.5; here it is 4.
      const slow = yield* start(world, { identity: "slow", rate: 0.5 })
      yield* TestClock.adjust("1 second")
      const fast = yield* start(world, { identity: "fast", rate: 2 })
      yield* TestClock.adjust("60 seconds")
      assert.deepStrictEqual(world.overlaps, [])
      const cutAt = seconds(world)
      slow.wire.link = "refused"
      yield* TestClock.adjust("60 seconds")
      assert.strictEqual(world.overlaps.length, 1)
      const [overlap] = world.overlaps
      assert.deepStrictEqual(overlap?.who, ["slow", "fast"])
      // The slow one stops at most 20 s after its last renewal; the fast one begins 7.5 s to 11.9 s after it saw that.
      assert.isAtMost(overlap === undefined ? Infinity : overlap.from - cutAt, 11.9)
      assert.isAtMost(overlap === undefined ? Infinity : overlap.seconds, 12.5)
      yield* end([slow, fast])
    }).pipe(quiet))

  it.effect("work that takes longer to end than leaseDuration - renewDeadline runs beside the next leader's", () =>
    Effect.gen(function*() {
      const world = yield* makeWorld
      const stubborn = yield* start(world, { identity: "stubborn", rate: 1, ending: () => 30 })
      yield* TestClock.adjust("1 second")
      const next = yield* start(world, { identity: "next", rate: 1 })
      yield* TestClock.adjust("60 seconds")
      stubborn.wire.link = "refused"
      yield* TestClock.adjust("25 seconds")
      assert.deepStrictEqual(world.overlaps.map(({ who }) => who), [["stubborn", "next"]])
      // It is not silent about it.
      assert.strictEqual((yield* Effect.flip(stubborn.elector.checkHealth(0))).reason._tag, "LeaseOverdue")
      yield* end([stubborn, next])
    }).pipe(quiet))

  it.effect("the same clocks and the same work are safe where the times allow for them", () =>
    Effect.gen(function*() {
      const world = yield* makeWorld
      const slow = yield* start(world, { identity: "slow", rate: 0.5, timing, ending: () => longestEnding })
      yield* TestClock.adjust("1 second")
      const fast = yield* start(world, { identity: "fast", rate: 2, timing })
      yield* TestClock.adjust("60 seconds")
      slow.wire.link = "refused"
      yield* TestClock.adjust("120 seconds")
      assert.deepStrictEqual(world.overlaps, [])
      assert.deepStrictEqual(world.terms, ["slow", "fast"])
      yield* end([slow, fast])
    }).pipe(quiet))
})
