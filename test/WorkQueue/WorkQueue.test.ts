import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { describe } from "vitest"
import * as WorkQueue from "../../src/WorkQueue/WorkQueue.ts"

describe("WorkQueue", () => {
  it.effect("processes each key once, however often it was added", () =>
    Effect.gen(function*() {
      const queue = yield* WorkQueue.make<string>()
      const seen: Array<string> = []
      yield* queue.addAll(["a", "b", "a", "c", "b"])
      assert.strictEqual(yield* queue.size, 3)
      const fiber = yield* Effect.forkChild(
        queue.process((key) =>
          Effect.sync(() => {
            seen.push(key)
          }), { concurrency: 2 })
      )
      yield* queue.shutdownWithDrain
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(seen, ["a", "b", "c"])
    }))

  it.effect("adds a delayed key when its time has come", () =>
    Effect.gen(function*() {
      const queue = yield* WorkQueue.make<string>({ name: "x" })
      const seen: Array<string> = []
      yield* Effect.forkChild(queue.process((key) => Effect.sync(() => seen.push(key))))
      yield* queue.addAfter("late", "2 seconds")
      yield* queue.addAfter("early", "1 second")
      yield* queue.addRateLimited("limited")
      yield* TestClock.adjust("4 millis")
      assert.deepStrictEqual(seen, [])
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(seen, ["limited"])
      yield* TestClock.adjust("995 millis")
      assert.deepStrictEqual(seen, ["limited", "early"])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(seen, ["limited", "early", "late"])
    }))
})
