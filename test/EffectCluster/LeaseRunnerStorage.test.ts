import { assert, describe, it } from "@effect/vitest"
import * as Runner from "effect/cluster/Runner"
import * as RunnerAddress from "effect/cluster/RunnerAddress"
import * as RunnerHealth from "effect/cluster/RunnerHealth"
import * as RunnerStorage from "effect/cluster/RunnerStorage"
import * as ShardId from "effect/cluster/ShardId"
import * as ShardingConfig from "effect/cluster/ShardingConfig"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import * as Scheduler from "effect/Scheduler"
import * as TestClock from "effect/testing/TestClock"
import { Lease } from "../../src/Api/coordination/v1.ts"
import * as ResourceClient from "../../src/Clientset/ResourceClient.ts"
import * as LeaseRunnerHealth from "../../src/Cluster/LeaseRunnerHealth.ts"
import * as LeaseRunnerStorage from "../../src/Cluster/LeaseRunnerStorage.ts"
import { RunnerLeases } from "../../src/Cluster/RunnerLeases.ts"
import * as ApiServer from "../../src/Testing/ApiServer.ts"

const withServer = <A, E, R>(self: Effect.Effect<A, E, R>) =>
  self.pipe(Effect.scoped, Effect.provide(Layer.fresh(ApiServer.layer)))

/** One process: a storage with nothing in its memory. */
const lasting = (shardLockExpiration: Duration.Input) =>
  Effect.fnUntraced(function*(host: string) {
    const context = yield* Layer.build(
      Layer.fresh(
        LeaseRunnerHealth.layer.pipe(
          Layer.provideMerge(LeaseRunnerStorage.layer({ name: "web", namespace: "default" })),
          Layer.provide(ShardingConfig.layer({ shardLockExpiration }))
        )
      )
    )
    const storage = Context.get(context, RunnerStorage.RunnerStorage)
    const address = RunnerAddress.make(host, 1)
    return {
      host,
      address,
      storage,
      leases: Context.get(context, RunnerLeases),
      health: Context.get(context, RunnerHealth.RunnerHealth),
      register: storage.register(Runner.make({ address, groups: ["default"], weight: 1 }), true),
      acquire: (...shards: ReadonlyArray<number>) => numbers(storage.acquire(address, ids(shards))),
      refresh: (...shards: ReadonlyArray<number>) => numbers(storage.refresh(address, ids(shards))),
      release: (shard: number) => storage.release(address, ShardId.make("default", shard)),
      members: Effect.map(storage.getRunners, (runners) => runners.map(([runner]) => runner.address.host).toSorted())
    }
  })
const process = lasting("30 seconds")

const ids = (shards: ReadonlyArray<number>) => shards.map((shard) => ShardId.make("default", shard))
const numbers = <E>(shards: Effect.Effect<ReadonlyArray<ShardId.ShardId>, E>) =>
  Effect.map(shards, (all) => all.map(({ id }) => id))

/** Time passes, and the processes look around as `Sharding` does. */
const pass = (seconds: number, each: Effect.Effect<unknown, unknown>) =>
  Effect.gen(function*() {
    for (let second = 0; second < seconds; second += 3) {
      yield* TestClock.adjust("3 seconds")
      yield* Effect.orDie(each)
    }
  })

/** Runs what waits for a moment before it tries again. */
const driving = Effect.fnUntraced(function*<A, E, R>(effect: Effect.Effect<A, E, R>) {
  const fiber = yield* Effect.forkChild(effect)
  while (fiber.pollUnsafe() === undefined) yield* TestClock.adjust("10 millis")
  return yield* Fiber.join(fiber)
})

describe("LeaseRunnerStorage", () => {
  it.effect("registers runners, each with a machine id of its own, and all see all", () =>
    Effect.gen(function*() {
      const a = yield* process("a")
      const b = yield* process("b")
      assert.notStrictEqual(yield* a.register, yield* b.register)
      assert.deepStrictEqual(yield* a.members, ["a", "b"])
      assert.deepStrictEqual(yield* b.members, ["a", "b"])
    }).pipe(withServer))

  it.effect("keeps the machine id of a runner that registers again, and gives that of one that ended to the next", () =>
    Effect.gen(function*() {
      const a = yield* process("a")
      const first = yield* a.register
      assert.strictEqual(yield* a.register, first)
      yield* a.storage.unregister(a.address)
      yield* a.storage.releaseAll(a.address)
      const b = yield* process("b")
      assert.strictEqual(yield* b.register, first)
    }).pipe(withServer))

  it.effect("never gives a shard to two, and says which it gave", () =>
    Effect.gen(function*() {
      const a = yield* process("a")
      const b = yield* process("b")
      yield* a.register
      yield* b.register
      assert.deepStrictEqual(yield* a.acquire(1, 2, 3), [1, 2, 3])
      assert.deepStrictEqual(yield* b.acquire(3, 4), [4])
      assert.deepStrictEqual(yield* a.acquire(3), [3])
      assert.deepStrictEqual(yield* a.refresh(1, 2, 3, 4), [1, 2, 3])
      yield* a.release(3)
      assert.deepStrictEqual(yield* a.refresh(1, 2, 3), [1, 2])
      assert.deepStrictEqual(yield* b.acquire(3), [3])
    }).pipe(withServer))

  it.effect("gives nothing to a runner that is not registered", () =>
    Effect.gen(function*() {
      const a = yield* process("a")
      assert.deepStrictEqual(yield* a.acquire(1), [])
      assert.deepStrictEqual(yield* a.refresh(1), [])
    }).pipe(withServer))

  it.effect("frees the shards of a runner that stopped renewing once its lease has run out, and not before", () =>
    Effect.gen(function*() {
      const a = yield* process("a")
      const b = yield* process("b")
      yield* a.register
      yield* b.register
      yield* a.acquire(1)
      yield* pass(27, Effect.andThen(b.members, b.refresh()))
      assert.deepStrictEqual(yield* b.acquire(1), [])
      assert.isTrue(yield* b.health.isAlive(a.address))
      yield* pass(9, Effect.andThen(b.members, b.refresh()))
      assert.deepStrictEqual(yield* b.members, ["b"])
      assert.isFalse(yield* b.health.isAlive(a.address))
      assert.deepStrictEqual(yield* b.acquire(1), [1])
      // Who was given up is told so, and may begin anew.
      assert.isUndefined(a.leases.current("a:1"))
      assert.deepStrictEqual(yield* a.refresh(1), [])
      assert.deepStrictEqual(yield* a.acquire(1, 2), [])
      yield* a.register
      assert.deepStrictEqual(yield* a.acquire(1, 2), [2])
    }).pipe(withServer))

  it.effect("keeps the shards of a runner that renews, whatever its clock says", () =>
    Effect.gen(function*() {
      const a = yield* process("a")
      const b = yield* process("b")
      yield* a.register
      yield* b.register
      yield* a.acquire(1)
      // The times in a Lease are told and not compared: an hour in the past expires nothing.
      const leases = yield* ResourceClient.make(Lease, "default")
      yield* pass(
        120,
        Effect.gen(function*() {
          yield* a.refresh(1)
          yield* b.refresh()
          const { items } = yield* leases.list({ labelSelector: "effect-kubernetes.dev/role=runner" })
          assert.strictEqual(items.length, 2)
          assert.deepStrictEqual(yield* b.acquire(1), [])
        })
      )
      assert.deepStrictEqual(yield* a.refresh(1), [1])
    }).pipe(withServer))

  it.effect("a session that ran out by its own clock is over, also where nobody else has noticed", () =>
    Effect.gen(function*() {
      const a = yield* process("a")
      const b = yield* process("b")
      yield* a.register
      yield* a.acquire(1)
      // It stands still: what comes after that and before the next renewal is turned away, and nobody tells of it again.
      yield* TestClock.adjust("30 seconds")
      assert.isUndefined(a.leases.current("a:1"))
      assert.deepStrictEqual(yield* a.refresh(1), [])
      assert.isUndefined(a.leases.current("a:1"))
      // Nobody waits for it any more.
      yield* b.register
      assert.deepStrictEqual(yield* b.acquire(1), [1])
      assert.deepStrictEqual(yield* b.members, ["b"])
      yield* a.register
      assert.deepStrictEqual(yield* a.acquire(1, 2), [2])
    }).pipe(withServer))

  it.effect("a lease lasts as long as its runner said, also for a process of another setting", () =>
    Effect.gen(function*() {
      // As while a new setting is rolled out.
      const patient = yield* lasting("60 seconds")("a")
      const hasty = yield* lasting("9 seconds")("b")
      yield* patient.register
      yield* hasty.register
      yield* patient.acquire(1)
      yield* pass(48, Effect.andThen(hasty.members, hasty.refresh()))
      assert.deepStrictEqual(yield* hasty.acquire(1), [])
      assert.deepStrictEqual(yield* patient.refresh(1), [1])
      // The other way round nobody waits for longer than the runner does itself.
      yield* hasty.acquire(2)
      yield* pass(15, Effect.andThen(patient.members, patient.refresh(1)))
      assert.deepStrictEqual(yield* patient.acquire(2), [2])
    }).pipe(withServer))

  it.effect("a process that has just come watches a whole lease before it gives anybody up", () =>
    Effect.gen(function*() {
      const a = yield* process("a")
      yield* a.register
      yield* a.acquire(1)
      yield* TestClock.adjust("1 hour")
      const b = yield* process("b")
      yield* b.register
      yield* pass(27, Effect.andThen(b.members, b.refresh()))
      assert.deepStrictEqual(yield* b.acquire(1), [])
      yield* pass(9, Effect.andThen(b.members, b.refresh()))
      assert.deepStrictEqual(yield* b.acquire(1), [1])
    }).pipe(withServer))

  it.effect("keeps the locks of a runner that unregistered until it released them", () =>
    Effect.gen(function*() {
      const a = yield* process("a")
      const b = yield* process("b")
      yield* a.register
      yield* b.register
      yield* a.acquire(1, 2)
      yield* a.storage.unregister(a.address)
      assert.deepStrictEqual(yield* b.members, ["b"])
      assert.deepStrictEqual(yield* b.acquire(1, 2), [])
      yield* a.release(1)
      assert.deepStrictEqual(yield* b.acquire(1, 2), [1])
      assert.deepStrictEqual(yield* a.refresh(2), [2])
      yield* a.storage.releaseAll(a.address)
      assert.deepStrictEqual(yield* b.acquire(2), [2])
      const leases = yield* ResourceClient.make(Lease, "default")
      assert.deepStrictEqual((yield* leases.list()).items.map(({ spec }) => spec?.holderIdentity), [undefined, "b:1"])
    }).pipe(withServer))

  it.effect("ends the session of a process whose address another one has now", () =>
    Effect.gen(function*() {
      const old = yield* process("a")
      yield* old.register
      yield* old.acquire(1)
      const restarted = yield* process("a")
      yield* restarted.register
      assert.deepStrictEqual(yield* restarted.acquire(1), [1])
      assert.deepStrictEqual(yield* old.refresh(1), [])
    }).pipe(withServer))

  it.effect("writes the releases of one moment at once", () =>
    Effect.gen(function*() {
      const a = yield* process("a")
      yield* a.register
      const shards = Array.from({ length: 64 }, (_, index) => index + 1)
      yield* a.acquire(...shards)
      const leases = yield* ResourceClient.make(Lease, "default")
      const before = Number((yield* leases.get("web")).metadata.resourceVersion)
      yield* Effect.forEach(shards, a.release, { concurrency: "unbounded" })
      const after = Number((yield* leases.get("web")).metadata.resourceVersion)
      assert.isAtMost(after - before, 2)
      assert.deepStrictEqual(yield* a.refresh(...shards), [])
    }).pipe(withServer))

  it.effect("does not keep from others what nobody asks for any more", () =>
    Effect.gen(function*() {
      const a = yield* process("a")
      const b = yield* process("b")
      yield* a.register
      yield* b.register
      // An acquisition whose answer came too late: `Sharding` knows of shard 1 alone.
      yield* a.acquire(1, 2)
      const look = Effect.all([a.members, b.members, a.refresh(1), b.refresh()])
      yield* pass(27, look)
      assert.deepStrictEqual(yield* b.acquire(1, 2), [])
      yield* pass(9, look)
      assert.deepStrictEqual(yield* b.acquire(1, 2), [2])
    }).pipe(withServer))

  it.effect("fails where the Lease of the shards holds something else", () =>
    Effect.gen(function*() {
      const leases = yield* ResourceClient.make(Lease, "default")
      yield* leases.create({ metadata: { name: "web", annotations: { "effect-kubernetes.dev/ledger": "[]" } } })
      const a = yield* process("a")
      const error = yield* Effect.flip(a.register)
      assert.match(String(error.cause), /default\/web does not hold a ledger/)
    }).pipe(withServer))

  it.effect("whatever processes do, stand still or die: no shard is held by two at a time, and none is lost for good", () =>
    Effect.forEach(Array.from({ length: 12 }, (_, seed) => seed), (seed) =>
      Effect.gen(function*() {
        const all = yield* Effect.forEach(["a", "b", "c"], process)
        const shards = [1, 2, 3, 4]
        /** What each process believes to hold, and in which session: it goes by that while its own clock allows it. */
        const held = new Map(all.map(({ host }) => [host, new Map<number, string | undefined>()]))
        const frozen = new Map<string, number>()
        const check = () => {
          for (const shard of shards) {
            const holders = all.filter(({ host, leases }) => {
              const session = held.get(host)?.get(shard)
              return session !== undefined && leases.current(`${host}:1`)?.id === session
            })
            assert.isAtMost(holders.length, 1, `shard ${shard} in step ${step} of seed ${seed}`)
          }
        }
        let step = 0
        const act = Effect.fnUntraced(function*(one: typeof all[number]) {
          const mine = held.get(one.host) ?? new Map<number, string | undefined>()
          if ((frozen.get(one.host) ?? 0) > step) return
          const members = yield* one.members
          if (!members.includes(one.host)) yield* one.register
          const kept = new Set(yield* one.refresh(...mine.keys()))
          for (const shard of mine.keys()) if (!kept.has(shard)) mine.delete(shard)
          const shard = yield* Random.nextIntBetween(1, 5)
          switch (yield* Random.nextIntBetween(0, 5)) {
            case 0:
              // Gone from the mind first, as `Sharding` stops before it releases.
              if (mine.delete(shard)) yield* one.release(shard)
              return
            case 1:
              frozen.set(one.host, step + (yield* Random.nextIntBetween(3, 25)))
              return
            default:
              for (const got of yield* one.acquire(shard)) mine.set(got, one.leases.current(`${one.host}:1`)?.id)
          }
          check()
        })
        for (const one of all) yield* one.register
        for (step = 0; step < 60; step++) {
          yield* driving(Effect.forEach(all, act, { concurrency: "unbounded", discard: true }))
          check()
          yield* TestClock.adjust("3 seconds")
          check()
        }
        // One that goes on alone gets all of them.
        const [last] = all
        assert(last !== undefined)
        yield* pass(60, Effect.andThen(last.members, last.refresh()))
        if (!(yield* last.members).includes("a")) yield* last.register
        assert.sameMembers([...yield* last.acquire(...shards)], shards)
      }).pipe(
        withServer,
        Random.withSeed(`storage ${seed}`),
        Effect.provideService(Scheduler.MaxOpsBeforeYield, 3 + seed % 5)
      ), { discard: true }))
})
