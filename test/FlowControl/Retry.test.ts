import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/testing/TestClock"
import * as Retry from "../../src/FlowControl/Retry.ts"
import * as ApiError from "../../src/Machinery/ApiError.ts"

const failed = (reason: string, code: number) =>
  ApiError.fromStatus({ kind: "Status", apiVersion: "v1", status: "Failure", reason, code }, {
    verb: "update",
    resource: "tests",
    name: "other"
  })

const conflict = failed("Conflict", 409)
const forbidden = failed("Forbidden", 403)

const delays = (schedule: Schedule.Schedule<unknown>) =>
  Effect.gen(function*() {
    const step = yield* Schedule.toStep(schedule)
    const found: Array<number> = []
    while (true) {
      const next = yield* Effect.option(step(0, undefined))
      if (next._tag === "None") return found
      found.push(Duration.toMillis(next.value[1]))
    }
  })

describe("Retry.onConflict", () => {
  it.effect("tries again until the write succeeds", () =>
    Effect.gen(function*() {
      let tries = 0
      const write = Effect.suspend(() => ++tries < 3 ? Effect.fail(conflict) : Effect.succeed(tries))
      const fiber = yield* Effect.forkChild(Retry.onConflict(write))
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* Fiber.join(fiber), 3)
    }))

  it.effect("fails with the last conflict after five tries, 10 ms apart", () =>
    Effect.gen(function*() {
      const times: Array<number> = []
      const write = Effect.flatMap(Clock.currentTimeMillis, (at) => {
        times.push(at)
        return Effect.fail(conflict)
      })
      const fiber = yield* Effect.forkChild(Effect.flip(write.pipe(Retry.onConflict())))
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* Fiber.join(fiber), conflict)
      assert.strictEqual(times.length, 5)
      for (let i = 1; i < 5; i++) {
        const wait = (times[i] ?? 0) - (times[i - 1] ?? 0)
        assert.isAtLeast(wait, 10)
        assert.isAtMost(wait, 11)
      }
    }))

  it.effect("does not try again after any other failure", () =>
    Effect.gen(function*() {
      let tries = 0
      const write = Effect.suspend(() => {
        tries++
        return Effect.fail(forbidden)
      })
      assert.strictEqual(yield* Effect.flip(Retry.onConflict(write)), forbidden)
      assert.strictEqual(tries, 1)
    }))

  it.effect("keeps the error type of other failures", () =>
    Effect.gen(function*() {
      const write: Effect.Effect<number, "mine" | ApiError.ApiError> = Effect.fail("mine")
      const result: Effect.Effect<number, "mine" | ApiError.ApiError> = write.pipe(Retry.onConflict())
      assert.strictEqual(yield* Effect.flip(result), "mine")
    }))

  it.effect("takes another schedule", () =>
    Effect.gen(function*() {
      let tries = 0
      const write = Effect.suspend(() => {
        tries++
        return Effect.fail(conflict)
      })
      yield* Effect.flip(Retry.onConflict(write, { schedule: Schedule.recurs(2) }))
      assert.strictEqual(tries, 3)
    }))
})

describe("Retry schedules", () => {
  it.effect("are client-go's DefaultRetry and DefaultBackoff", () =>
    Effect.gen(function*() {
      for (
        const [schedule, expected] of [
          [Retry.defaultRetry, [10, 10, 10, 10]],
          [Retry.defaultBackoff, [10, 50, 250]]
        ] as const
      ) {
        const found = yield* delays(schedule)
        assert.strictEqual(found.length, expected.length)
        found.forEach((delay, index) => {
          const base = expected[index] ?? NaN
          assert.isAtLeast(delay, base)
          assert.isAtMost(delay, base * 1.1)
        })
      }
    }).pipe(Random.withSeed("retry")))
})
