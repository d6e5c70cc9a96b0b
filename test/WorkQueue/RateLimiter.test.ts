import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/testing/TestClock"
import * as TokenBucket from "../../src/FlowControl/TokenBucket.ts"
import * as RateLimiter from "../../src/WorkQueue/RateLimiter.ts"

/** The waits, in milliseconds, of `count` tries of a key. */
const waits = <K>(limiter: RateLimiter.RateLimiter<K>, key: K, count: number) =>
  Effect.forEach(
    Array.from({ length: count }),
    () => Effect.map(limiter.when(key), (wait) => Option.getOrUndefined(Option.map(wait, Duration.toMillis)))
  )

describe("RateLimiter", () => {
  it.effect("exponential: doubles for each key by itself until it is forgotten", () =>
    Effect.gen(function*() {
      const limiter = yield* RateLimiter.make<string>(RateLimiter.exponential({ base: "1 millis", max: "1 second" }))
      assert.deepStrictEqual(yield* waits(limiter, "one", 5), [1, 2, 4, 8, 16])
      assert.strictEqual(yield* limiter.requeues("one"), 5)
      assert.deepStrictEqual(yield* waits(limiter, "two", 2), [1, 2])
      assert.strictEqual(yield* limiter.requeues("two"), 2)
      yield* limiter.forget("one")
      assert.strictEqual(yield* limiter.requeues("one"), 0)
      assert.deepStrictEqual(yield* waits(limiter, "one", 1), [1])
    }))

  it.effect("exponential: stays at its limit after a thousand tries", () =>
    Effect.gen(function*() {
      const limiter = yield* RateLimiter.make<string>(RateLimiter.exponential({ base: "1 millis" }))
      assert.deepStrictEqual((yield* waits(limiter, "one", 6)).at(-1), 32)
      assert.deepStrictEqual((yield* waits(limiter, "overflow", 2000)).at(-1), 1_000_000)
      const large = yield* RateLimiter.make<string>(RateLimiter.exponential({ base: "1 minute", max: "1 hour" }))
      assert.deepStrictEqual((yield* waits(large, "two", 3)).at(-1), 240_000)
      assert.deepStrictEqual((yield* waits(large, "overflow", 2000)).at(-1), 3_600_000)
    }))

  it.effect("fastSlow: is fast for the given number of tries", () =>
    Effect.gen(function*() {
      const limiter = yield* RateLimiter.make<string>(
        RateLimiter.fastSlow({ fast: "5 millis", slow: "10 seconds", attempts: 3 })
      )
      assert.deepStrictEqual(yield* waits(limiter, "one", 5), [5, 5, 5, 10_000, 10_000])
      assert.deepStrictEqual(yield* waits(limiter, "two", 2), [5, 5])
      yield* limiter.forget("one")
      assert.deepStrictEqual(yield* waits(limiter, "one", 1), [5])
    }))

  it.effect("bucket: is shared by all keys", () =>
    Effect.gen(function*() {
      const tokens = yield* TokenBucket.make({ qps: 10, burst: 2 })
      const limiter = yield* RateLimiter.make<string>(RateLimiter.bucket(tokens))
      assert.deepStrictEqual(yield* waits(limiter, "one", 2), [0, 0])
      assert.deepStrictEqual(yield* waits(limiter, "two", 2), [100, 200])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* waits(limiter, "three", 3), [0, 0, 100])
    }))

  it.effect("Schedule.max: is the longest of its limiters", () =>
    Effect.gen(function*() {
      const limiter = yield* RateLimiter.make<string>(Schedule.max([
        RateLimiter.fastSlow({ fast: "5 millis", slow: "3 seconds", attempts: 3 }),
        RateLimiter.exponential({ base: "1 millis", max: "1 second" })
      ]))
      assert.deepStrictEqual(yield* waits(limiter, "one", 5), [5, 5, 5, 3000, 3000])
      assert.strictEqual(yield* limiter.requeues("one"), 5)
      yield* limiter.forget("one")
      assert.deepStrictEqual(yield* waits(limiter, "one", 1), [5])
    }))

  it.effect("maxWait: caps any schedule", () =>
    Effect.gen(function*() {
      const limiter = yield* RateLimiter.make<string>(
        RateLimiter.fastSlow({ fast: "5 millis", slow: "10 seconds", attempts: 1 }).pipe(
          RateLimiter.maxWait("1 second")
        )
      )
      assert.deepStrictEqual(yield* waits(limiter, "one", 3), [5, 1000, 1000])
    }))

  it.effect("answers none where the schedule has ended, and forgets the key", () =>
    Effect.gen(function*() {
      const limiter = yield* RateLimiter.make<string>(Schedule.spaced("1 second").pipe(Schedule.upTo({ times: 2 })))
      assert.deepStrictEqual(yield* waits(limiter, "one", 4), [1000, 1000, undefined, 1000])
    }))

  it.effect("gives the key to the schedule, and the services the schedule asks for", () =>
    Effect.gen(function*() {
      class Slow extends Context.Service<Slow, { readonly factor: number }>()("test/Slow") {}
      const schedule = Schedule.identity<{ readonly size: number }>().pipe(
        Schedule.modifyDelay(({ input }) => Effect.map(Slow, ({ factor }) => Duration.millis(input.size * factor)))
      )
      const limiter = yield* RateLimiter.make(schedule).pipe(Effect.provideService(Slow, { factor: 10 }))
      assert.deepStrictEqual(yield* waits(limiter, { size: 3 }, 1), [30])
      assert.deepStrictEqual(yield* waits(limiter, { size: 5 }, 1), [50])
    }))

  it.effect("jitters through Random", () =>
    Effect.gen(function*() {
      const limiter = yield* RateLimiter.make<string>(Schedule.spaced("100 millis").pipe(Schedule.jittered))
      const found = yield* waits(limiter, "one", 20)
      assert.isAbove(new Set(found).size, 10)
      for (const wait of found) {
        assert.isAtLeast(wait ?? 0, 80)
        assert.isAtMost(wait ?? 0, 120)
      }
    }).pipe(Random.withSeed("jitter")))
})
