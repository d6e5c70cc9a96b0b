import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import * as Scheduler from "effect/Scheduler"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import * as TokenBucket from "../../src/FlowControl/TokenBucket.ts"

/** Runs `count` takers one after the other and collects the millisecond at which each got its token. */
const takeTimes = (bucket: TokenBucket.TokenBucket, count: number, times: Array<number>) =>
  Effect.forEach(
    Array.from({ length: count }),
    () =>
      Effect.flatMap(Effect.andThen(bucket.take, Clock.currentTimeMillis), (at) => Effect.sync(() => times.push(at))),
    { discard: true }
  )

describe("TokenBucket", () => {
  it.effect("gives the burst at once and no more", () =>
    Effect.gen(function*() {
      const bucket = yield* TokenBucket.make({ qps: 1, burst: 3 })
      for (let i = 0; i < 3; i++) assert.isTrue(yield* bucket.tryTake)
      assert.isFalse(yield* bucket.tryTake)
    }))

  it.effect("refills with time, never above the burst", () =>
    Effect.gen(function*() {
      const bucket = yield* TokenBucket.make({ qps: 1, burst: 1 })
      assert.isTrue(yield* bucket.tryTake)
      assert.isFalse(yield* bucket.tryTake)
      yield* TestClock.adjust("2 seconds")
      assert.isTrue(yield* bucket.tryTake)
      assert.isFalse(yield* bucket.tryTake)
    }))

  it.effect("spaces what exceeds the burst by the rate", () =>
    Effect.gen(function*() {
      const bucket = yield* TokenBucket.make({ qps: 10, burst: 5 })
      const times: Array<number> = []
      const fiber = yield* Effect.forkChild(takeTimes(bucket, 16, times))
      yield* TestClock.adjust("1100 millis")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(times, [0, 0, 0, 0, 0, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1000, 1100])
    }))

  it.effect("limits many takers together as it limits one", () =>
    Effect.gen(function*() {
      const bucket = yield* TokenBucket.make({ qps: 100, burst: 1 })
      yield* bucket.take
      const times: Array<number> = []
      const fiber = yield* Effect.forkChild(
        Effect.forEach(Array.from({ length: 10 }), () => takeTimes(bucket, 10, times), { concurrency: "unbounded" })
      )
      yield* TestClock.adjust("990 millis")
      assert.strictEqual(times.length, 99)
      yield* TestClock.adjust("10 millis")
      yield* Fiber.join(fiber)
      assert.strictEqual(times.length, 100)
    }))

  it.effect("serves takers in the order they came", () =>
    Effect.gen(function*() {
      const bucket = yield* TokenBucket.make({ qps: 1, burst: 1 })
      yield* bucket.take
      const order: Array<number> = []
      for (let i = 0; i < 5; i++) {
        yield* Effect.forkChild(Effect.andThen(bucket.take, Effect.sync(() => order.push(i))), {
          startImmediately: true
        })
      }
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(order, [0, 1, 2, 3, 4])
    }))

  it.effect("does not let tryTake pass those who wait", () =>
    Effect.gen(function*() {
      const bucket = yield* TokenBucket.make({ qps: 1, burst: 1 })
      yield* bucket.take
      const waiting = yield* Effect.forkChild(bucket.take, { startImmediately: true })
      assert.isFalse(yield* bucket.tryTake)
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(waiting)
      assert.isFalse(yield* bucket.tryTake)
      yield* TestClock.adjust("1 second")
      assert.isTrue(yield* bucket.tryTake)
    }))

  it.effect("lets those behind an interrupted taker move up", () =>
    Effect.gen(function*() {
      const bucket = yield* TokenBucket.make({ qps: 1, burst: 1 })
      yield* bucket.take
      const times: Array<number> = []
      const head = yield* Effect.forkChild(bucket.take, { startImmediately: true })
      const middle = yield* Effect.forkChild(bucket.take, { startImmediately: true })
      const last = yield* Effect.forkChild(takeTimes(bucket, 1, times), { startImmediately: true })
      yield* TestClock.adjust("400 millis")
      yield* Fiber.interrupt(middle)
      yield* Fiber.interrupt(head)
      yield* TestClock.adjust("600 millis")
      yield* Fiber.join(last)
      assert.deepStrictEqual(times, [1000])
    }))

  it.effect("gives back what an interrupted taker would have got", () =>
    Effect.gen(function*() {
      const bucket = yield* TokenBucket.make({ qps: 0.0001, burst: 1 })
      yield* bucket.take
      const fiber = yield* Effect.forkChild(Effect.timeoutOption(bucket.take, "1 second"))
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "None")
      yield* TestClock.adjust("9999 seconds")
      assert.isTrue(yield* bucket.tryTake)
    }))

  it.effect("reserves into the future", () =>
    Effect.gen(function*() {
      const bucket = yield* TokenBucket.make({ qps: 10, burst: 100 })
      for (let i = 0; i < 100; i++) assert.strictEqual(Duration.toMillis(yield* bucket.reserve), 0)
      assert.strictEqual(Duration.toMillis(yield* bucket.reserve), 100)
      assert.strictEqual(Duration.toMillis(yield* bucket.reserve), 200)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(Duration.toMillis(yield* bucket.reserve), 0)
    }))

  it.effect("keeps its precision where the interval is no round number", () =>
    Effect.gen(function*() {
      const bucket = yield* TokenBucket.make({ qps: 1e9 / 1_031_425_000, burst: 1 })
      for (let i = 0; i < 60; i++) {
        assert.isTrue(yield* bucket.tryTake, `after ${i * 2} seconds`)
        yield* TestClock.adjust("2 seconds")
      }
    }))

  it.effect("keeps its rate where timers are too coarse for it", () =>
    Effect.gen(function*() {
      const clock = yield* Clock.Clock
      const coarse: Clock.Clock = {
        ...clock,
        sleep: (duration) => clock.sleep(Duration.millis(Math.ceil(Duration.toMillis(duration) / 4) * 4))
      }
      const bucket = yield* Effect.provideService(
        TokenBucket.make({ qps: 10_000, burst: 1 }),
        Clock.Clock,
        coarse
      )
      const times: Array<number> = []
      yield* bucket.take
      const fiber = yield* Effect.forkChild(
        Effect.forEach(Array.from({ length: 100 }), () => takeTimes(bucket, 1, times), { concurrency: "unbounded" })
      )
      for (const due of [40, 80, 100]) {
        yield* TestClock.adjust("4 millis")
        assert.strictEqual(times.length, due)
      }
      yield* Fiber.join(fiber)
    }))

  it.effect("forgets interrupted takers wherever the interruption finds them", () =>
    Effect.gen(function*() {
      for (let round = 0; round < 300; round++) {
        const bucket = yield* TokenBucket.make({ qps: 1, burst: 1 })
        yield* bucket.take
        const fibers: Array<Fiber.Fiber<void>> = []
        for (let i = 0; i < 4; i++) {
          fibers.push(
            yield* bucket.take.pipe(Effect.provideService(Scheduler.MaxOpsBeforeYield, 2 + round % 6), Effect.forkChild)
          )
        }
        for (const fiber of fibers) {
          const yields = yield* Random.nextIntBetween(0, 5)
          for (let i = 0; i < yields; i++) yield* Effect.yieldNow
          yield* Fiber.interrupt(fiber)
        }
        yield* TestClock.adjust("1 second")
        assert.isTrue(yield* bucket.tryTake, `round ${round}`)
      }
    }).pipe(Random.withSeed("bucket")))

  it.effect("gives its burst and no more where the rate is next to nothing", () =>
    Effect.gen(function*() {
      for (const qps of [1e-9, 1e-200, 1e-300, Number.MIN_VALUE]) {
        const bucket = yield* TokenBucket.make({ qps, burst: 2 })
        const taken = yield* Effect.all([bucket.tryTake, bucket.tryTake, bucket.tryTake])
        assert.deepStrictEqual(taken, [true, true, false], String(qps))
        yield* TestClock.adjust("1 day")
        assert.isFalse(yield* bucket.tryTake)
      }
    }))

  it.effect("does not limit where the rate is not positive", () =>
    Effect.gen(function*() {
      for (const qps of [-1, 0, Infinity]) {
        const bucket = yield* TokenBucket.make({ qps, burst: 1 })
        for (let i = 0; i < 1000; i++) yield* bucket.take
        assert.isTrue(yield* bucket.tryTake)
        assert.strictEqual(Duration.toMillis(yield* bucket.reserve), 0)
      }
    }))

  it.effect.prop(
    "never gives more than burst + rate × time in any window, and wastes nothing while somebody waits",
    {
      qps: Schema.Literals([1, 3, 7, 10, 250]),
      burst: Schema.Literals([1, 2, 10]),
      gaps: Schema.Array(Schema.Literals([0, 1, 50, 333, 1000])).check(Schema.isMinLength(1), Schema.isMaxLength(30))
    },
    ({ burst, gaps, qps }) =>
      Effect.gen(function*() {
        const bucket = yield* TokenBucket.make({ qps, burst })
        const times: Array<number> = []
        for (const gap of gaps) {
          yield* Effect.forkChild(takeTimes(bucket, 1, times), { startImmediately: true })
          yield* TestClock.adjust(Duration.millis(gap))
        }
        yield* TestClock.adjust("60 seconds")
        assert.strictEqual(times.length, gaps.length)
        for (let i = 0; i < times.length; i++) {
          for (let j = i; j < times.length; j++) {
            const window = ((times[j] ?? 0) - (times[i] ?? 0)) / 1000
            assert.isAtMost(j - i + 1, burst + window * qps + 0.01)
          }
        }
      })
  )
})
