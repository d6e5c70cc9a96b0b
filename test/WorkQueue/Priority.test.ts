import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"
import * as Random from "effect/Random"
import * as TestClock from "effect/testing/TestClock"
import * as WorkQueue from "../../src/WorkQueue/WorkQueue.ts"
import * as WorkQueueMetrics from "../../src/WorkQueue/WorkQueueMetrics.ts"
import { takeDone, taken } from "./taken.ts"

const labels = { name: "test", controller: "test" }

const adds = Effect.map(
  Metric.value(Metric.withAttributes(WorkQueueMetrics.adds, labels)),
  ({ count }) => count
)

const retries = Effect.map(
  Metric.value(Metric.withAttributes(WorkQueueMetrics.retries, labels)),
  ({ count }) => count
)

/** The depth series by priority label. */
const depths = Effect.map(
  Metric.snapshot,
  (snapshot) =>
    Object.fromEntries(
      snapshot.flatMap((metric) =>
        metric.id === "workqueue_depth" && metric.type === "Gauge"
          ? [[metric.attributes?.["priority"], metric.state.value]]
          : []
      )
    )
)

/** A named queue, in a metric registry of the test's own. */
const withQueue = <A, E>(f: (queue: WorkQueue.WorkQueue<string>) => Effect.Effect<A, E>) =>
  Effect.scoped(Effect.flatMap(WorkQueue.make<string>({ name: "test" }), f)).pipe(
    Effect.provideService(Metric.MetricRegistry, new Map())
  )

describe("priorities", () => {
  it.effect("returns items in order", () =>
    withQueue((queue) =>
      Effect.gen(function*() {
        yield* queue.add("foo")
        yield* queue.add("bar")
        assert.strictEqual(yield* takeDone(queue), "foo")
        assert.strictEqual(yield* takeDone(queue), "bar")
        assert.deepStrictEqual(yield* depths, { 0: 0 })
        assert.strictEqual(yield* adds, 2)
        assert.strictEqual(yield* retries, 0)
      })
    ))

  it.effect("does not return an item that is being processed", () =>
    withQueue((queue) =>
      Effect.gen(function*() {
        yield* queue.add("foo")
        const foo = yield* taken(queue)
        yield* queue.add("foo")
        yield* queue.add("bar")
        const bar = yield* taken(queue)
        assert.strictEqual(bar.key, "bar")
        assert.deepStrictEqual(yield* depths, { 0: 1 })
        assert.strictEqual(yield* adds, 3)
        yield* queue.add("baz")
        yield* foo.done
        // "foo" waits since before "baz" was added, but it became ready after it.
        assert.strictEqual(yield* takeDone(queue), "baz")
        assert.strictEqual(yield* takeDone(queue), "foo")
        assert.deepStrictEqual(yield* depths, { 0: 0 })
        assert.strictEqual(yield* adds, 4)
      })
    ))

  it.effect("counts an item once, however often it is added", () =>
    withQueue((queue) =>
      Effect.gen(function*() {
        yield* queue.add("foo")
        yield* queue.add("foo")
        assert.strictEqual(yield* queue.size, 1)
        assert.deepStrictEqual(yield* depths, { 0: 1 })
        assert.strictEqual(yield* adds, 1)
      })
    ))

  it.effect("retains the highest priority", () =>
    withQueue((queue) =>
      Effect.gen(function*() {
        for (const priorities of [[1, 2], [2, 1]]) {
          for (const priority of priorities) yield* queue.add("foo", { priority })
          const fiber = yield* Effect.forkChild(queue.process((key, priority) => Effect.fail([key, priority])))
          assert.deepStrictEqual(yield* Effect.flip(Fiber.join(fiber)), ["foo", 2])
          yield* takeDone(queue)
        }
        assert.strictEqual(yield* queue.size, 0)
        assert.deepStrictEqual(yield* depths, { 0: 0, 1: 0, 2: 0 })
      })
    ))

  it.effect("moves an item ahead when its priority rises, behind those that had it before", () =>
    withQueue((queue) =>
      Effect.gen(function*() {
        yield* queue.addAll(["foo", "bar", "baz"])
        yield* queue.add("first", { priority: 1 })
        yield* queue.add("baz", { priority: 1 })
        assert.strictEqual(yield* queue.size, 4)
        assert.deepStrictEqual(yield* depths, { 0: 2, 1: 2 })
        assert.strictEqual(yield* adds, 4)
        for (const key of ["first", "baz", "foo", "bar"]) assert.strictEqual(yield* takeDone(queue), key)
      })
    ))

  it.effect("keeps an item ready that is also added with a delay", () =>
    withQueue((queue) =>
      Effect.gen(function*() {
        yield* queue.addAfter("foo", 0)
        yield* queue.addAfter("foo", "1 hour")
        assert.strictEqual(yield* takeDone(queue), "foo")
        assert.strictEqual(yield* queue.size, 0)
        assert.deepStrictEqual(yield* depths, { 0: 0 })
        assert.strictEqual(yield* adds, 1)
      })
    ))

  it.effect("counts items in size and metrics once they are ready", () =>
    withQueue((queue) =>
      Effect.gen(function*() {
        for (let i = 0; i < 2; i++) {
          yield* queue.addAfter("foo", "500 millis")
          yield* queue.add("baz")
          yield* queue.addAfter("bar", "500 millis")
          yield* queue.add("bal")
          assert.strictEqual(yield* queue.size, 2)
          assert.deepStrictEqual(yield* depths, { 0: 2 })
          yield* TestClock.adjust("1 second")
          assert.strictEqual(yield* queue.size, 4)
          assert.deepStrictEqual(yield* depths, { 0: 4 })
          for (let j = 0; j < 4; j++) yield* takeDone(queue)
          assert.deepStrictEqual(yield* depths, { 0: 0 })
        }
        assert.strictEqual(yield* adds, 8)
        assert.strictEqual(yield* retries, 4)
      })
    ))

  it.effect("returns a delayed item at once when it is added without delay, with the higher priority", () =>
    withQueue((queue) =>
      Effect.gen(function*() {
        yield* queue.addAfter("foo", "1 hour")
        assert.deepStrictEqual(yield* depths, { 0: 0 })
        const waiting = yield* Effect.forkChild(takeDone(queue), { startImmediately: true })
        yield* queue.add("foo", { priority: 1 })
        assert.deepStrictEqual(yield* depths, { 0: 0, 1: 1 })
        assert.strictEqual(yield* Fiber.join(waiting), "foo")
        assert.deepStrictEqual(yield* depths, { 0: 0, 1: 0 })
        assert.strictEqual(yield* adds, 1)
      })
    ))

  it.effect("does not count an item again that is added after its delay has passed", () =>
    withQueue((queue) =>
      Effect.gen(function*() {
        yield* queue.addAfter("foo", "50 millis")
        yield* TestClock.adjust("50 millis")
        assert.deepStrictEqual(yield* depths, { 0: 1 })
        yield* queue.add("foo")
        assert.strictEqual(yield* queue.size, 1)
        assert.deepStrictEqual(yield* depths, { 0: 1 })
        assert.strictEqual(yield* adds, 1)
        yield* takeDone(queue)
        assert.deepStrictEqual(yield* depths, { 0: 0 })
      })
    ))

  it.effect("returns 1000 items of each of five priorities in order, delayed or not", () =>
    Effect.gen(function*() {
      const priorities = [10, 5, 0, -5, -10]
      for (const delay of [-1000, 0, 1000]) {
        yield* withQueue((queue) =>
          Effect.gen(function*() {
            for (let i = 0; i < 1000; i++) {
              for (const priority of priorities.toReversed()) {
                yield* queue.addAfter(`${priority}/${i}`, Duration.millis(delay), { priority })
              }
            }
            if (delay > 0) yield* TestClock.adjust(Duration.millis(delay))
            for (const priority of priorities) {
              for (let i = 0; i < 1000; i++) assert.strictEqual(yield* takeDone(queue), `${priority}/${i}`)
            }
            assert.deepStrictEqual(yield* depths, { "-10": 0, "-5": 0, 0: 0, 5: 0, 10: 0 })
            assert.strictEqual(yield* adds, 5000)
            assert.strictEqual(yield* retries, 5000)
          })
        )
      }
    }))

  it.effect("returns a high priority item that became ready before a low one that waits", () =>
    withQueue((queue) =>
      Effect.gen(function*() {
        yield* queue.add("foo", { priority: WorkQueue.lowPriority })
        yield* queue.addAfter("prio", "1 second")
        yield* TestClock.adjust("1 second")
        assert.strictEqual(yield* takeDone(queue), "prio")
        assert.deepStrictEqual(yield* depths, { "-100": 1, 0: 0 })
        assert.strictEqual(yield* adds, 2)
        assert.strictEqual(yield* retries, 1)
      })
    ))

  it.effect("keeps the highest priority of several delayed adds", () =>
    withQueue((queue) =>
      Effect.gen(function*() {
        yield* queue.addAfter("foo", "1 second", { priority: 3 })
        yield* queue.addAfter("foo", "500 millis", { priority: 1 })
        yield* queue.add("other", { priority: 2 })
        yield* TestClock.adjust("500 millis")
        assert.strictEqual(yield* takeDone(queue), "foo")
        assert.strictEqual(yield* takeDone(queue), "other")
      })
    ))

  it.effect("gives an item that was added while processed the priority of that add, not of the run before", () =>
    withQueue((queue) =>
      Effect.gen(function*() {
        yield* queue.add("foo", { priority: 5 })
        const first = yield* taken(queue)
        yield* queue.add("foo", { priority: -1 })
        yield* queue.add("bar")
        yield* first.done
        assert.strictEqual(yield* takeDone(queue), "bar")
        assert.strictEqual(yield* takeDone(queue), "foo")
      })
    ))

  it.effect("returns many items to many workers, whatever is raised and delayed meanwhile", () =>
    withQueue((queue) =>
      Effect.gen(function*() {
        for (let round = 0; round < 5; round++) {
          for (let i = 0; i < 1000; i++) {
            const priority = yield* Random.nextIntBetween(0, 100)
            if (priority < 10) yield* queue.addAfter(`foo${i}`, Duration.millis(priority), { priority })
            else yield* queue.add(`foo${i}`, { priority })
          }
          yield* TestClock.adjust("10 millis")
          yield* Effect.forEach(
            Array.from({ length: 100 }),
            () => Effect.repeat(takeDone(queue), { times: 9 }),
            { concurrency: "unbounded", discard: true }
          )
          assert.strictEqual(yield* queue.size, 0)
        }
      })
    ).pipe(Random.withSeed("many")))

  it.effect("treats a priority that is no number as none", () =>
    withQueue((queue) =>
      Effect.gen(function*() {
        yield* queue.add("nan", { priority: NaN })
        yield* queue.add("infinite", { priority: Infinity })
        assert.strictEqual(yield* takeDone(queue), "infinite")
        assert.strictEqual(yield* takeDone(queue), "nan")
      })
    ))
})

describe("ageing", () => {
  /** Keeps one high item in the queue at all times, and collects what a single worker gets in `count` turns. */
  const turns = (queue: WorkQueue.WorkQueue<string>, count: number) =>
    Effect.gen(function*() {
      const keys: Array<string> = []
      for (let i = 0; i < count; i++) {
        yield* queue.add(`high-${i}`, { priority: 1 })
        keys.push(yield* takeDone(queue))
      }
      return keys
    })

  it.effect("does not touch the order while nothing has waited long", () =>
    Effect.gen(function*() {
      const queue = yield* WorkQueue.make<string>({ ageing: "30 seconds" })
      yield* queue.addAll(["low-0", "low-1"], { priority: WorkQueue.lowPriority })
      yield* TestClock.adjust("29 seconds")
      assert.isTrue((yield* turns(queue, 100)).every((key) => key.startsWith("high")))
    }))

  it.effect("gives every tenth turn to the oldest of those that have waited long, and no more", () =>
    Effect.gen(function*() {
      const queue = yield* WorkQueue.make<string>({ ageing: "30 seconds" })
      yield* queue.add("low-0", { priority: -2 })
      yield* TestClock.adjust("1 second")
      yield* queue.addAll(["low-1", "low-2"], { priority: -1 })
      yield* TestClock.adjust("30 seconds")
      yield* queue.add("young", { priority: -1 })
      const keys = yield* turns(queue, 50)
      assert.deepStrictEqual(keys.filter((key) => !key.startsWith("high")), ["low-0", "low-1", "low-2"])
      for (let i = 0; i + 10 <= keys.length; i++) {
        assert.isAtLeast(keys.slice(i, i + 10).filter((key) => key.startsWith("high")).length, 9)
      }
    }))

  it.effect("starves nothing, however busy the higher priorities are", () =>
    Effect.gen(function*() {
      const queue = yield* WorkQueue.make<string>({ ageing: "1 second" })
      const low = Array.from({ length: 50 }, (_, i) => `low-${i}`)
      yield* queue.addAll(low, { priority: WorkQueue.lowPriority })
      yield* TestClock.adjust("1 second")
      const keys = yield* turns(queue, 510)
      assert.deepStrictEqual(keys.filter((key) => key.startsWith("low")), low)
    }))

  it.effect("counts the waiting of a raised item from when it was first added", () =>
    Effect.gen(function*() {
      const queue = yield* WorkQueue.make<string>({ ageing: "10 seconds" })
      yield* queue.add("low", { priority: -5 })
      yield* TestClock.adjust("9 seconds")
      yield* queue.add("low", { priority: -1 })
      yield* TestClock.adjust("1 second")
      assert.isTrue((yield* turns(queue, 20)).includes("low"))
    }))
})
