import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import * as RateLimiter from "../../src/WorkQueue/RateLimiter.ts"
import * as WorkQueue from "../../src/WorkQueue/WorkQueue.ts"
import { takeDone, taken } from "./taken.ts"

setFlagsFromString("--expose-gc")
const collectGarbage: () => void = runInNewContext("gc")

/** Megabytes that the process holds, in and out of the JavaScript heap. */
const megabytes = (): number => {
  collectGarbage()
  const { arrayBuffers, heapUsed } = process.memoryUsage()
  return (arrayBuffers + heapUsed) / 1e6
}

describe("WorkQueue: deduplication", () => {
  it.effect("holds a key once, however often it is added", () =>
    Effect.gen(function*() {
      const queue = yield* WorkQueue.make()
      yield* queue.add("foo")
      assert.strictEqual(yield* queue.size, 1)
      yield* queue.add("bar")
      assert.strictEqual(yield* queue.size, 2)
      yield* queue.add("foo")
      assert.strictEqual(yield* queue.size, 2)
    }))

  it.effect("gives keys in the order they were added", () =>
    Effect.gen(function*() {
      const queue = yield* WorkQueue.make<number>()
      yield* queue.addAll(Array.from({ length: 1000 }, (_, i) => i))
      for (let i = 0; i < 1000; i++) assert.strictEqual(yield* takeDone(queue), i)
    }))

  it.effect("processes 50 producers' keys with 10 workers, none after shutdown", () =>
    Effect.gen(function*() {
      for (const how of ["shutdown", "shutdownWithDrain"] as const) {
        const queue = yield* WorkQueue.make<number>()
        const active = new Set<number>()
        const seen = new Set<number>()
        const workers = yield* Effect.forkChild(
          queue.process(
            (key) =>
              Effect.gen(function*() {
                assert.isFalse(active.has(key))
                active.add(key)
                seen.add(key)
                yield* Effect.sleep("3 millis")
                active.delete(key)
              }),
            { concurrency: 10 }
          )
        )
        const producers = yield* Effect.forkChild(Effect.forEach(
          Array.from({ length: 50 }, (_, i) => i),
          (i) => Effect.repeat(Effect.andThen(queue.add(i), Effect.sleep("1 millis")), { times: 49 }),
          { concurrency: "unbounded", discard: true }
        ))
        yield* TestClock.adjust("50 millis")
        yield* Fiber.join(producers)
        const stop = yield* Effect.forkChild(queue[how], { startImmediately: true })
        yield* queue.add(-1)
        yield* TestClock.adjust("1 second")
        yield* Fiber.join(stop)
        yield* Fiber.join(workers)
        assert.strictEqual(seen.size, 50)
        assert.isFalse(seen.has(-1))
        assert.strictEqual(yield* queue.size, 0)
      }
    }))

  it.effect("gives a key again that was added while it was processed, also during shutdown", () =>
    Effect.gen(function*() {
      for (const how of ["shutdown", "shutdownWithDrain"] as const) {
        const queue = yield* WorkQueue.make<number>()
        const counts = new Map<number, number>()
        yield* queue.addAll(Array.from({ length: 50 }, (_, i) => i))
        yield* queue.process(
          (key) =>
            Effect.gen(function*() {
              const count = (counts.get(key) ?? 0) + 1
              counts.set(key, count)
              if (count < 2) yield* queue.add(key)
              if (key === 49 && count === 1) yield* Effect.forkDetach(queue[how])
            }),
          { concurrency: 10 }
        )
        assert.deepStrictEqual(new Set(Array.from(counts.values()).slice(0, 49)), new Set([2]))
        assert.strictEqual(yield* queue.size, 0)
      }
    }))

  it.effect("gives a key that was added while it was processed only after it is done", () =>
    Effect.gen(function*() {
      const queue = yield* WorkQueue.make()
      yield* queue.add("foo")
      const first = yield* taken(queue)
      yield* queue.add("foo")
      yield* queue.add("foo")
      const other = yield* Effect.forkChild(takeDone(queue))
      for (let i = 0; i < 10; i++) yield* Effect.yieldNow
      assert.isUndefined(other.pollUnsafe())
      assert.strictEqual(yield* queue.size, 0)
      yield* first.done
      assert.strictEqual(yield* Fiber.join(other), "foo")
      assert.strictEqual(yield* queue.size, 0)
    }))

  it.effect("compares keys by structure", () =>
    Effect.gen(function*() {
      const queue = yield* WorkQueue.make<{ readonly namespace: string; readonly name: string }>()
      const key = (name: string) => ({ namespace: "default", name })
      yield* queue.addAll([key("a"), key("b"), key("a")])
      assert.strictEqual(yield* queue.size, 2)
      const first = yield* taken(queue)
      yield* queue.add(key("a"))
      assert.strictEqual(yield* queue.size, 1)
      yield* first.done
      assert.strictEqual(yield* queue.size, 2)
      yield* queue.addAfter(key("c"), "2 seconds")
      yield* queue.addAfter(key("c"), "1 second")
      assert.deepStrictEqual(yield* takeDone(queue), key("b"))
      assert.deepStrictEqual(yield* takeDone(queue), key("a"))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* takeDone(queue), key("c"))
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* queue.size, 0)
      yield* queue.addRateLimited(key("d"))
      yield* queue.addRateLimited(key("d"))
      assert.strictEqual(yield* queue.requeues(key("d")), 2)
    }))

  it.effect("keeps no reference to a key that is done", () =>
    Effect.gen(function*() {
      const queue = yield* WorkQueue.make<{ readonly name: string }>({ name: "garbage" })
      const refs: Array<WeakRef<object>> = []
      const cycle = (name: string, add: (key: { readonly name: string }) => Effect.Effect<unknown>) =>
        Effect.suspend(() => {
          const key = { name }
          refs.push(new WeakRef(key))
          return add(key)
        })
      yield* cycle("at once", (key) => queue.add(key))
      yield* cycle("later", (key) => queue.addAfter(key, "1 second"))
      yield* cycle("raised", (key) => Effect.andThen(queue.add(key), queue.add(key, { priority: 1 })))
      yield* cycle("failed", (key) => Effect.andThen(queue.addRateLimited(key), queue.forget(key)))
      yield* TestClock.adjust("1 second")
      for (let i = 0; i < 4; i++) yield* takeDone(queue)
      // A WeakRef keeps its target until the end of the job that made it.
      yield* TestClock.withLive(Effect.sleep("1 millis"))
      collectGarbage()
      assert.deepStrictEqual(refs.map((ref) => ref.deref()), [undefined, undefined, undefined, undefined])
      assert.strictEqual(yield* queue.size, 0)
    }))
})

describe("WorkQueue: memory", () => {
  it.effect("does not grow while keys come and go before one that stays", () =>
    Effect.gen(function*() {
      const queue = yield* WorkQueue.make<number>({ ageing: Duration.infinity })
      yield* queue.addAfter(-1, "1 hour")
      yield* queue.add(-2, { priority: -1 })
      const before = megabytes()
      for (let round = 0; round < 150; round++) {
        for (let i = 0; i < 1000; i++) {
          yield* queue.addAfter(round * 1000 + i, "1 millis", { priority: -1 })
        }
        yield* TestClock.adjust("1 millis")
        // Raised before it is taken: what it leaves behind in the low priority must not pile up.
        for (let i = 0; i < 1000; i++) yield* queue.add(round * 1000 + i)
        for (let i = 0; i < 1000; i++) yield* takeDone(queue)
      }
      // Of 150,000 keys that came and went: the process is shared with other tests, so many keys and not a narrow bound.
      assert.isBelow(megabytes() - before, 4)
      assert.strictEqual(yield* takeDone(queue), -2)
    }))

  it.effect("goes back after a burst", () =>
    Effect.gen(function*() {
      const queue = yield* WorkQueue.make<number>()
      const before = megabytes()
      for (let i = 0; i < 200_000; i++) yield* queue.addAfter(i, "1 second")
      const held = megabytes() - before
      yield* Effect.forkChild(queue.process(() => Effect.void))
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* queue.size, 0)
      assert.isAbove(held, 10)
      // The process is shared with other tests, so a part and not an amount.
      assert.isBelow(megabytes() - before, held / 2)
    }))
})

describe("WorkQueue: delays", () => {
  it.effect("adds a key once its delay has passed, and only once", () =>
    Effect.gen(function*() {
      const queue = yield* WorkQueue.make()
      yield* queue.addAfter("foo", "50 millis")
      yield* TestClock.adjust("49 millis")
      assert.strictEqual(yield* queue.size, 0)
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(yield* queue.size, 1)
      yield* takeDone(queue)
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(yield* queue.size, 0)
    }))

  it.effect("adds at once where the delay is zero or negative", () =>
    Effect.gen(function*() {
      const queue = yield* WorkQueue.make()
      yield* queue.addAfter("zero", 0)
      yield* queue.addAfter("negative", Duration.millis(-5))
      assert.strictEqual(yield* queue.size, 2)
    }))

  it.effect("keeps the earlier of two deadlines, whichever came first", () =>
    Effect.gen(function*() {
      const queue = yield* WorkQueue.make()
      for (const [first, second, due] of [[50, 70, 50], [50, 30, 30]] as const) {
        yield* queue.addAfter("foo", Duration.millis(first))
        yield* queue.addAfter("foo", Duration.millis(second))
        yield* TestClock.adjust(Duration.millis(due - 1))
        assert.strictEqual(yield* queue.size, 0)
        yield* TestClock.adjust("1 millis")
        assert.strictEqual(yield* takeDone(queue), "foo")
        yield* TestClock.adjust("100 millis")
        assert.strictEqual(yield* queue.size, 0)
      }
    }))

  it.effect("adds each key at its own time", () =>
    Effect.gen(function*() {
      const queue = yield* WorkQueue.make()
      yield* queue.addAfter("first", "1 second")
      yield* queue.addAfter("second", "50 millis")
      yield* TestClock.adjust("60 millis")
      assert.strictEqual(yield* takeDone(queue), "second")
      yield* queue.addAfter("third", "2 seconds")
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* takeDone(queue), "first")
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(yield* takeDone(queue), "third")
    }))

  it.effect("adds keys that fall due together by their deadlines", () =>
    Effect.gen(function*() {
      const queue = yield* WorkQueue.make()
      yield* queue.addAfter("foo", "1 second")
      yield* queue.addAfter("bar", "500 millis")
      yield* queue.addAfter("baz", "250 millis")
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(yield* queue.size, 3)
      for (const key of ["baz", "bar", "foo"]) assert.strictEqual(yield* takeDone(queue), key)
    }))

  it.effect("keeps a deadline when the key is added before it: a promised visit is not lost", () =>
    Effect.gen(function*() {
      const queue = yield* WorkQueue.make()
      yield* queue.addAfter("foo", "10 seconds")
      yield* queue.add("foo")
      assert.strictEqual(yield* takeDone(queue), "foo")
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(yield* takeDone(queue), "foo")
    }))

  it.effect("marks a key that falls due while it is processed", () =>
    Effect.gen(function*() {
      const queue = yield* WorkQueue.make()
      yield* queue.addAfter("foo", "1 second")
      yield* queue.add("foo")
      const first = yield* taken(queue)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* queue.size, 0)
      yield* first.done
      assert.strictEqual(yield* takeDone(queue), "foo")
    }))

  it.effect("moves 20,000 keys that fall due in ten moments", () =>
    Effect.gen(function*() {
      const queue = yield* WorkQueue.make<number>()
      for (let i = 0; i < 20_000; i++) yield* queue.addAfter(i, Duration.seconds(1 + (i * 7919) % 10))
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(yield* queue.size, 10_000)
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(yield* queue.size, 20_000)
    }))

  it.effect("waits for ever where the delay is infinite", () =>
    Effect.gen(function*() {
      const queue = yield* WorkQueue.make()
      yield* queue.addAfter("foo", Duration.infinity)
      yield* TestClock.adjust("3650 days")
      assert.strictEqual(yield* queue.size, 0)
      yield* queue.addAfter("foo", "1 second")
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* queue.size, 1)
    }))

  it.effect("follows a clock that runs since 1970, to the microsecond", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(1_790_000_000_000)
      const queue = yield* WorkQueue.make()
      yield* queue.addAfter("foo", "1 nanos")
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(yield* queue.size, 1)
    }))
})

describe("WorkQueue: rate limit", () => {
  it.effect("delays each key by its own failures, until it is forgotten", () =>
    Effect.gen(function*() {
      const queue = yield* WorkQueue.make<string>({
        rateLimit: RateLimiter.exponential({ base: "1 millis", max: "1 second" })
      })
      const add = (key: string) => Effect.map(queue.addRateLimited(key), Option.map(Duration.toMillis))
      assert.deepStrictEqual(yield* add("one"), Option.some(1))
      assert.deepStrictEqual(yield* add("one"), Option.some(2))
      assert.strictEqual(yield* queue.requeues("one"), 2)
      assert.deepStrictEqual(yield* add("two"), Option.some(1))
      assert.deepStrictEqual(yield* add("two"), Option.some(2))
      yield* queue.forget("one")
      assert.strictEqual(yield* queue.requeues("one"), 0)
      assert.deepStrictEqual(yield* add("one"), Option.some(1))
      yield* TestClock.adjust("2 millis")
      assert.strictEqual(yield* queue.size, 2)
    }))

  it.effect("limits by default as client-go's controllers: 5 ms doubling per key, 10 per second in all after 100", () =>
    Effect.gen(function*() {
      const queue = yield* WorkQueue.make<number>()
      const delay = (key: number) =>
        Effect.map(queue.addRateLimited(key), (delay) => Duration.toMillis(Option.getOrThrow(delay)))
      for (const expected of [5, 10, 20, 40, 80]) assert.strictEqual(yield* delay(0), expected)
      for (let i = 5; i < 100; i++) assert.strictEqual(yield* delay(i), 5)
      assert.strictEqual(yield* delay(100), 100)
      assert.strictEqual(yield* delay(101), 200)
    }))

  it.effect("gives up a key whose schedule has ended, and starts it afresh the next time", () =>
    Effect.gen(function*() {
      const queue = yield* WorkQueue.make<string>({ rateLimit: Schedule.recurs(1) })
      assert.isTrue(Option.isSome(yield* queue.addRateLimited("foo")))
      assert.strictEqual(yield* takeDone(queue), "foo")
      assert.isTrue(Option.isNone(yield* queue.addRateLimited("foo")))
      assert.strictEqual(yield* queue.size, 0)
      assert.strictEqual(yield* queue.requeues("foo"), 0)
      assert.isTrue(Option.isSome(yield* queue.addRateLimited("foo")))
    }))
})

describe("WorkQueue: how handling ends", () => {
  it.effect("take: success takes the key out, anything else puts it back", () =>
    Effect.gen(function*() {
      const queue = yield* WorkQueue.make()
      for (const how of ["fail", "interrupt"] as const) {
        yield* queue.add("foo")
        const first = yield* taken(queue)
        assert.strictEqual(yield* queue.size, 0)
        yield* first[how]
        assert.strictEqual(yield* queue.size, 1)
        const second = yield* taken(queue)
        yield* second.done
        assert.strictEqual(yield* queue.size, 0)
      }
    }))

  it.effect("process: a failure is the result, and its key is ready again", () =>
    Effect.gen(function*() {
      const queue = yield* WorkQueue.make()
      yield* queue.addAll(["a", "b", "c"])
      const error = yield* Effect.flip(queue.process((key) => key === "b" ? Effect.fail("broken") : Effect.void))
      assert.strictEqual(error, "broken")
      assert.strictEqual(yield* takeDone(queue), "c")
      assert.strictEqual(yield* takeDone(queue), "b")
    }))

  it.effect("process: a failure interrupts the other workers, whose keys are ready again", () =>
    Effect.gen(function*() {
      const queue = yield* WorkQueue.make()
      yield* queue.addAll(["a", "b", "c"])
      const exit = yield* Effect.exit(
        queue.process((key) => key === "c" ? Effect.die("defect") : Effect.never, { concurrency: 3 })
      )
      assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
      assert.strictEqual(yield* queue.size, 3)
    }))

  it.effect("process: a handler that throws is a defect like any other", () =>
    Effect.gen(function*() {
      const queue = yield* WorkQueue.make()
      yield* queue.add("a")
      const exit = yield* Effect.exit(queue.process((): Effect.Effect<void> => {
        throw new Error("thrown")
      }))
      assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
      assert.strictEqual(yield* takeDone(queue), "a")
    }))

  it.effect("process: interrupted, it puts back what it held and ends", () =>
    Effect.gen(function*() {
      const queue = yield* WorkQueue.make()
      yield* queue.addAll(["a", "b", "c"])
      const fiber = yield* Effect.forkChild(queue.process(() => Effect.never, { concurrency: 2 }))
      yield* Effect.yieldNow
      assert.strictEqual(yield* queue.size, 1)
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(yield* queue.size, 3)
      for (const key of ["c", "a", "b"]) assert.strictEqual(yield* takeDone(queue), key)
    }))

  it.effect("process: hands the priority to the handler, and never more keys at a time than asked for", () =>
    Effect.gen(function*() {
      const queue = yield* WorkQueue.make<number>()
      for (let i = 0; i < 20; i++) yield* queue.add(i, { priority: i % 3 })
      let active = 0
      let most = 0
      const fiber = yield* Effect.forkChild(queue.process((key, priority) =>
        Effect.gen(function*() {
          assert.strictEqual(priority, key % 3)
          most = Math.max(most, ++active)
          yield* Effect.sleep("1 millis")
          active--
        }), { concurrency: 4 }))
      yield* TestClock.adjust("5 millis")
      yield* queue.shutdown
      yield* Fiber.join(fiber)
      assert.strictEqual(most, 4)
    }))

  it.effect("process: takes a number of workers that is none for one", () =>
    Effect.gen(function*() {
      for (const concurrency of [0, -1, NaN, Infinity, 1.5]) {
        const queue = yield* WorkQueue.make<number>()
        yield* queue.addAll([1, 2, 3])
        const fiber = yield* Effect.forkChild(queue.process(() => Effect.never, { concurrency }))
        yield* Effect.yieldNow
        assert.strictEqual(yield* queue.size, 2)
        yield* Fiber.interrupt(fiber)
      }
    }))

  it.effect("stream: emits what handlers return, and keeps a key until its result is taken", () =>
    Effect.gen(function*() {
      const queue = yield* WorkQueue.make<number>()
      yield* queue.addAll([1, 2, 3, 4])
      const gate = yield* Deferred.make<void>()
      const results: Array<number> = []
      const fiber = yield* queue.stream((key) => Effect.succeed(key * 10)).pipe(
        Stream.tap(() => Deferred.await(gate)),
        Stream.runForEach((result) => Effect.sync(() => results.push(result))),
        Effect.forkChild
      )
      for (let i = 0; i < 20; i++) yield* Effect.yieldNow
      // The first result is downstream, the second waits in its worker's hands.
      assert.deepStrictEqual(results, [])
      assert.strictEqual(yield* queue.size, 2)
      yield* Deferred.succeed(gate, undefined)
      yield* queue.shutdownWithDrain
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(results, [10, 20, 30, 40])
    }))

  it.effect("stream: a handler's failure fails it, and downstream's end puts back what is held", () =>
    Effect.gen(function*() {
      const queue = yield* WorkQueue.make<number>()
      yield* queue.addAll([1, 2])
      const failing = queue.stream((key) => key === 2 ? Effect.fail("broken") : Effect.succeed(key))
      assert.strictEqual(yield* Effect.flip(Stream.runDrain(failing)), "broken")
      assert.strictEqual(yield* queue.size, 1)
      yield* queue.addAll([3, 4, 5, 6])
      const first = yield* queue.stream((key) => Effect.succeed(key), { concurrency: 2 }).pipe(
        Stream.take(1),
        Stream.runCollect
      )
      assert.strictEqual(first.length, 1)
      yield* queue.shutdown
      const rest: Array<number> = []
      yield* queue.process((key) => Effect.sync(() => rest.push(key)))
      assert.strictEqual(rest.length, 4)
      assert.strictEqual(yield* queue.size, 0)
    }))
})

describe("WorkQueue: the end", () => {
  it.effect("shutdown does not wait for what is being processed", () =>
    Effect.gen(function*() {
      const queue = yield* WorkQueue.make()
      yield* queue.addAll(["foo", "bar"])
      yield* taken(queue)
      yield* taken(queue)
      yield* queue.shutdown
      assert.isTrue(yield* queue.isShutdown)
    }))

  it.effect("shutdownWithDrain waits for what is being processed", () =>
    Effect.gen(function*() {
      const queue = yield* WorkQueue.make()
      yield* queue.addAll(["foo", "bar"])
      const first = yield* taken(queue)
      const second = yield* taken(queue)
      const draining = yield* Effect.forkChild(queue.shutdownWithDrain, { startImmediately: true })
      assert.isTrue(Cause.isDone(yield* Effect.flip(Effect.scoped(queue.take))))
      yield* first.done
      yield* Effect.yieldNow
      assert.isUndefined(draining.pollUnsafe())
      yield* second.done
      yield* Fiber.join(draining)
    }))

  it.effect("shutdownWithDrain waits for what was added while it was processed", () =>
    Effect.gen(function*() {
      const queue = yield* WorkQueue.make()
      yield* queue.add("foo")
      const first = yield* taken(queue)
      yield* queue.add("foo")
      const draining = yield* Effect.forkChild(queue.shutdownWithDrain, { startImmediately: true })
      assert.isTrue(Cause.isDone(yield* Effect.flip(Effect.scoped(queue.take))))
      yield* first.done
      yield* Effect.yieldNow
      assert.isUndefined(draining.pollUnsafe())
      assert.strictEqual(yield* takeDone(queue), "foo")
      assert.isTrue(Cause.isDone(yield* Effect.flip(Effect.scoped(queue.take))))
      yield* Fiber.join(draining)
    }))

  it.effect("shutdown ends the waiting of shutdownWithDrain", () =>
    Effect.gen(function*() {
      const queue = yield* WorkQueue.make()
      yield* queue.addAll(["foo", "bar"])
      yield* taken(queue)
      yield* taken(queue)
      const draining = yield* Effect.forkChild(queue.shutdownWithDrain, { startImmediately: true })
      yield* Effect.yieldNow
      assert.isUndefined(draining.pollUnsafe())
      yield* queue.shutdown
      yield* Fiber.join(draining)
    }))

  it.effect("shutdown ends idle workers, takers and streams", () =>
    Effect.gen(function*() {
      const queue = yield* WorkQueue.make()
      const process = yield* Effect.forkChild(queue.process(() => Effect.void, { concurrency: 3 }))
      const take = yield* Effect.forkChild(Effect.flip(Effect.scoped(queue.take)))
      const stream = yield* Effect.forkChild(Stream.runCollect(queue.stream(() => Effect.void)))
      yield* Effect.yieldNow
      yield* queue.shutdown
      yield* Fiber.join(process)
      assert.isTrue(Cause.isDone(yield* Fiber.join(take)))
      assert.deepStrictEqual(yield* Fiber.join(stream), [])
    }))

  it.effect("shutdown ignores what is added and drops what is delayed", () =>
    Effect.gen(function*() {
      const queue = yield* WorkQueue.make()
      yield* queue.addAfter("delayed", "1 second")
      yield* queue.shutdown
      yield* queue.add("now")
      yield* queue.addAfter("later", "1 second")
      yield* queue.addRateLimited("limited")
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* queue.size, 0)
      yield* queue.shutdown
      yield* queue.shutdownWithDrain
    }))

  it.effect("closing the scope drops everything and ends workers, drainers and takers", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const queue = yield* Scope.provide(WorkQueue.make<string>({ name: "closing" }), scope)
      yield* queue.addAll(["a", "b", "c"])
      const held = yield* taken(queue)
      const process = yield* Effect.forkChild(queue.process(() => Effect.never))
      yield* Effect.yieldNow
      const draining = yield* Effect.forkChild(queue.shutdownWithDrain, { startImmediately: true })
      yield* Scope.close(scope, Exit.void)
      yield* Fiber.join(draining)
      assert.strictEqual(yield* queue.size, 0)
      yield* held.fail
      yield* Fiber.interrupt(process)
      assert.strictEqual(yield* queue.size, 0)
      yield* queue.process(() => Effect.die("nothing is left"))
    }))
})
