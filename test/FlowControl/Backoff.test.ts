import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as TestClock from "effect/testing/TestClock"
import * as Backoff from "../../src/FlowControl/Backoff.ts"

const seconds = (effect: Effect.Effect<Duration.Duration>) => Effect.map(effect, Duration.toSeconds)

describe("Backoff", () => {
  it.effect("doubles up to its limit, and reset clears it", () =>
    Effect.gen(function*() {
      const backoff = yield* Backoff.make({ initial: "1 second", max: "50 seconds" })
      for (const expected of [0, 1, 2, 4, 8, 16, 32, 50, 50, 50]) {
        yield* TestClock.adjust("1 second")
        assert.strictEqual(yield* seconds(backoff.get("slow")), expected)
        yield* backoff.next("slow")
      }
      yield* backoff.reset("slow")
      assert.strictEqual(yield* seconds(backoff.get("slow")), 0)
    }))

  it.effect("ends when the key has been quiet for twice the limit", () =>
    Effect.gen(function*() {
      const backoff = yield* Backoff.make({ initial: "1 second", max: "5 seconds" })
      for (let i = 0; i <= 5; i++) {
        yield* TestClock.adjust("1 second")
        yield* backoff.next("reset")
      }
      const lastUpdate = yield* DateTime.now
      assert.isTrue(yield* backoff.isInBackoffSince("reset", lastUpdate))
      yield* TestClock.adjust("11 seconds")
      assert.isFalse(yield* backoff.isInBackoffSince("reset", lastUpdate))
    }))

  it.effect("stays at its high-water mark until then", () =>
    Effect.gen(function*() {
      const backoff = yield* Backoff.make({ initial: "1 second", max: "5 seconds" })
      for (let i = 0; i <= 5; i++) {
        yield* TestClock.adjust("1 second")
        yield* backoff.next("high")
      }
      yield* TestClock.adjust("6 seconds")
      assert.strictEqual(yield* seconds(backoff.next("high")), 5)
    }))

  it.effect("gc forgets exactly the keys that are quiet for longer than the reset time", () =>
    Effect.gen(function*() {
      const backoff = yield* Backoff.make({ initial: "1 second", max: "5 seconds" })
      yield* backoff.next("a")
      yield* TestClock.adjust("6 seconds")
      assert.strictEqual(yield* backoff.gc, 0)
      yield* backoff.next("b")
      yield* TestClock.adjust("6 seconds")
      assert.strictEqual(yield* backoff.gc, 1)
      assert.strictEqual(yield* seconds(backoff.get("a")), 0)
      assert.strictEqual(yield* seconds(backoff.get("b")), 1)
    }))

  it.effect("takes another reset time for gc", () =>
    Effect.gen(function*() {
      const backoff = yield* Backoff.make({ initial: "1 second", max: "50 seconds", resetAfter: "200 seconds" })
      yield* backoff.next("alternate")
      yield* TestClock.adjust("101 seconds")
      assert.strictEqual(yield* backoff.gc, 0)
      yield* TestClock.adjust("501 seconds")
      assert.strictEqual(yield* backoff.gc, 1)
    }))

  it.effect("takes another reset time for the next failure", () =>
    Effect.gen(function*() {
      for (
        const [resetAfter, expired] of [[undefined, "101 seconds"], ["8 seconds", "9 seconds"]] as const
      ) {
        const backoff = yield* Backoff.make({
          initial: "1 second",
          max: "50 seconds",
          ...(resetAfter === undefined ? {} : { resetAfter })
        })
        yield* backoff.next("key")
        yield* TestClock.adjust("5 seconds")
        assert.strictEqual(yield* seconds(backoff.next("key")), 2)
        yield* TestClock.adjust(expired)
        assert.strictEqual(yield* seconds(backoff.next("key")), 1)
      }
    }))

  it.effect("tells at each moment whether the wait since the last failure is over", () =>
    Effect.gen(function*() {
      const backoff = yield* Backoff.make({ initial: "1 second", max: "10 seconds" })
      // The second at which a failure is counted, and the wait it earns; every second between is in backoff.
      const failures = new Map([[0, 1], [1, 2], [3, 4], [7, 8], [15, 10], [25, 10], [35, 10], [56, 1], [57, 2]])
      let until = 0
      for (let tick = 0; tick <= 57; tick++) {
        const wait = failures.get(tick)
        const isIn = yield* backoff.isInBackoffSinceUpdate("key")
        assert.strictEqual(isIn, tick < until, `at ${tick}`)
        if (wait !== undefined) {
          assert.isFalse(isIn, `at ${tick}`)
          assert.strictEqual(yield* seconds(backoff.next("key")), wait, `at ${tick}`)
          until = tick + wait
        }
        yield* TestClock.adjust("1 second")
      }
    }))

  it.effect("judges by the time of the event where one is given", () =>
    Effect.gen(function*() {
      const backoff = yield* Backoff.make({ initial: "4 seconds", max: "10 seconds" })
      yield* backoff.next("key")
      const failed = yield* DateTime.now
      assert.isTrue(yield* backoff.isInBackoffSinceUpdate("key", DateTime.add(failed, { seconds: 3 })))
      assert.isFalse(yield* backoff.isInBackoffSinceUpdate("key", DateTime.add(failed, { seconds: 4 })))
      assert.strictEqual(yield* seconds(backoff.next("key", DateTime.add(failed, { seconds: 20 }))), 8)
      assert.strictEqual(yield* seconds(backoff.next("key", DateTime.add(failed, { seconds: 21 }))), 4)
    }))

  it.effect("adds jitter of at most its fraction of the wait before", () =>
    Effect.gen(function*() {
      const backoff = yield* Backoff.make({ initial: "100 millis", max: "1 minute", jitter: 0.1 })
      let before = 100
      let factor = 1
      for (let i = 0; i <= 10; i++) {
        yield* TestClock.adjust("100 millis")
        const wait = Duration.toMillis(yield* backoff.next("jitter"))
        if (wait !== 60_000) {
          assert.isAbove(wait, before * factor)
          assert.isAtMost(wait, before * (factor + 0.1))
        }
        before = wait
        factor = 2
      }
      assert.strictEqual(before, 60_000)
    }).pipe(Random.withSeed("backoff")))

  it.effect("compares keys by structure, and keeps them apart", () =>
    Effect.gen(function*() {
      const backoff = yield* Backoff.make<{ readonly namespace: string; readonly name: string }>({
        initial: "1 second",
        max: "10 seconds"
      })
      yield* backoff.next({ namespace: "default", name: "web" })
      assert.strictEqual(yield* seconds(backoff.next({ namespace: "default", name: "web" })), 2)
      assert.strictEqual(yield* seconds(backoff.next({ namespace: "default", name: "db" })), 1)
    }))

  it.effect("forgets quiet keys by itself, so that a stream of new keys does not fill the memory", () =>
    Effect.gen(function*() {
      const backoff = yield* Backoff.make({ initial: "1 second", max: "5 seconds" })
      for (let i = 0; i < 10_000; i++) {
        yield* backoff.next(`pod-${i}`)
        if (i % 100 === 0) yield* TestClock.adjust("11 seconds")
      }
      yield* TestClock.adjust("11 seconds")
      assert.isBelow(yield* backoff.gc, 600)
    }))
})
