import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Metric from "effect/Metric"
import * as Random from "effect/Random"
import * as Scheduler from "effect/Scheduler"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as EventBroadcaster from "../../src/Events/EventBroadcaster.ts"
import * as EventMetrics from "../../src/Events/EventMetrics.ts"
import type { EventSink } from "../../src/Events/EventSink.ts"
import * as ApiError from "../../src/Machinery/ApiError.ts"
import { InvalidUrl, RequestError, Transport } from "../../src/Machinery/RequestError.ts"
import { recorded } from "./recorded.ts"

const down = new RequestError({
  reason: new Transport({ verb: "create", url: "stub", description: "refused", kind: "Refused" })
})
const refusal = (code: number, reason: string) =>
  ApiError.fromStatus(
    { apiVersion: "v1", kind: "Status", status: "Failure", code, reason, message: reason },
    { verb: "create", resource: "events" }
  )

interface Stub {
  readonly sink: EventSink
  /** The reasons of the events that were tried. */
  readonly tried: Array<string>
  answer: Effect.Effect<void, ApiError.ApiError | RequestError>
}

const stub = (): Stub => {
  const tried: Array<string> = []
  const self: Stub = {
    tried,
    answer: Effect.void,
    sink: {
      decide: ({ name, namespace, reason }) =>
        Effect.succeed([{
          name,
          namespace,
          attempt: Effect.suspend(() => {
            tried.push(reason)
            return self.answer
          })
        }]),
      periodic: [],
      flush: Effect.succeed([])
    }
  }
  return self
}

const event = (reason: string) => recorded({ reason })
const counted = (result: EventMetrics.Result) =>
  Effect.map(Metric.value(EventMetrics.total[result]), ({ count }) => Number(count))

/** Random numbers that are always the same. */
const always = (value: number) =>
  Effect.provideService(Random.Random, { nextDoubleUnsafe: () => value, nextIntUnsafe: () => 0 })

/** Lets everything that is runnable run. */
const settle = Effect.repeat(Effect.yieldNow, { times: 50 })

describe("EventBroadcaster", () => {
  it.effect("writes in the order of recording, and never makes the recorder wait", () =>
    Effect.gen(function*() {
      const server = stub()
      server.answer = Effect.sleep("1 minute")
      const broadcaster = yield* EventBroadcaster.make(server.sink)
      assert.isTrue(yield* broadcaster.publish(event("A")))
      assert.isTrue(yield* broadcaster.publish(event("B")))
      yield* TestClock.adjust("30 seconds")
      assert.deepStrictEqual(server.tried, ["A"])
      yield* TestClock.adjust("30 seconds")
      assert.deepStrictEqual(server.tried, ["A", "B"])
      yield* TestClock.adjust("1 minute")
    }))

  it.effect("drops what finds the queue full, and counts it", () =>
    Effect.gen(function*() {
      const server = stub()
      server.answer = Effect.never
      const before = yield* counted("dropped")
      const broadcaster = yield* EventBroadcaster.make(server.sink, { capacity: 3, flushTimeout: 0 })
      yield* broadcaster.publish(event("in hand"))
      yield* TestClock.adjust(0)
      const taken = yield* Effect.forEach([1, 2, 3, 4, 5], (n) => broadcaster.publish(event(String(n))))
      assert.deepStrictEqual(taken, [true, true, true, false, false])
      assert.strictEqual((yield* counted("dropped")) - before, 2)
    }))

  it.effect("tries again after a random part of ten seconds, then every ten, twelve times in all", () =>
    Effect.gen(function*() {
      const server = stub()
      server.answer = Effect.fail(down)
      const before = yield* counted("failed")
      const broadcaster = yield* EventBroadcaster.make(server.sink)
      yield* broadcaster.publish(event("A"))
      yield* TestClock.adjust(0)
      yield* TestClock.adjust("3999 millis")
      assert.strictEqual(server.tried.length, 1)
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(server.tried.length, 2)
      // Then with up to a quarter more: 11 s each with the 0.4 that the test draws.
      yield* TestClock.adjust("10999 millis")
      assert.strictEqual(server.tried.length, 2)
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(server.tried.length, 3)
      yield* TestClock.adjust("10 minutes")
      assert.strictEqual(server.tried.length, 12)
      assert.strictEqual((yield* counted("failed")) - before, 1)
      server.answer = Effect.void
      yield* broadcaster.publish(event("B"))
      yield* TestClock.adjust(0)
      assert.strictEqual(server.tried.at(-1), "B")
    }).pipe(always(0.4)))

  it.effect("does not try again what the server refuses, or what makes no request", () =>
    Effect.gen(function*() {
      const server = stub()
      const before = yield* counted("rejected")
      const broadcaster = yield* EventBroadcaster.make(server.sink)
      const answers = [
        refusal(403, "Forbidden"),
        refusal(409, "AlreadyExists"),
        refusal(500, "InternalError"),
        new RequestError({ reason: new InvalidUrl({ verb: "create", url: "stub", description: "no name" }) })
      ]
      for (const answer of answers) {
        server.answer = Effect.fail(answer)
        yield* broadcaster.publish(event("A"))
        yield* TestClock.adjust("1 minute")
      }
      assert.strictEqual(server.tried.length, answers.length)
      assert.strictEqual((yield* counted("rejected")) - before, answers.length)
    }))

  it.effect("an event that its sink dies of is told and counted, and silences no other", () =>
    Effect.gen(function*() {
      const server = stub()
      const before = yield* counted("failed")
      const broadcaster = yield* EventBroadcaster.make({
        ...server.sink,
        decide: (event) => {
          if (event.reason === "thrown") throw new Error("bug")
          return event.reason === "died" ? Effect.die("bug") : server.sink.decide(event)
        }
      })
      yield* Effect.forEach(["A", "thrown", "B", "died", "C"], (reason) => broadcaster.publish(event(reason)))
      yield* settle
      assert.deepStrictEqual(server.tried, ["A", "B", "C"])
      assert.strictEqual((yield* counted("failed")) - before, 2)
      server.answer = Effect.die("bug")
      yield* broadcaster.publish(event("D"))
      yield* settle
      server.answer = Effect.void
      yield* broadcaster.publish(event("E"))
      yield* settle
      assert.deepStrictEqual(server.tried, ["A", "B", "C", "D", "E"])
      assert.strictEqual((yield* counted("failed")) - before, 3)
    }).pipe(Effect.provide(Logger.layer([]))))

  it.effect("closing the scope writes what is left, each once, and takes no more", () =>
    Effect.gen(function*() {
      const server = stub()
      const scope = yield* Scope.make()
      const flushed = stub()
      const broadcaster = yield* EventBroadcaster.make({
        ...server.sink,
        flush: Effect.map(flushed.sink.decide(event("series")), (writes) => typeof writes === "string" ? [] : writes)
      }).pipe(Scope.provide(scope))
      server.answer = Effect.fail(down)
      yield* Effect.forEach(["A", "B", "C"], (reason) => broadcaster.publish(event(reason)))
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(server.tried, ["A"])
      const closed = yield* Effect.forkChild(Scope.close(scope, Exit.void))
      yield* TestClock.adjust(0)
      yield* Fiber.join(closed)
      assert.deepStrictEqual(server.tried, ["A", "A", "B", "C"])
      assert.deepStrictEqual(flushed.tried, ["series"])
      assert.isFalse(yield* broadcaster.publish(event("late")))
    }))

  it.effect("closing the scope waits no longer than it may", () =>
    Effect.gen(function*() {
      const server = stub()
      server.answer = Effect.never
      const scope = yield* Scope.make()
      const broadcaster = yield* Scope.provide(EventBroadcaster.make(server.sink), scope)
      yield* broadcaster.publish(event("A"))
      const closed = yield* Effect.forkChild(Scope.close(scope, Exit.void))
      yield* TestClock.adjust("4999 millis")
      assert.isUndefined(closed.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      yield* Fiber.join(closed)
    }))

  it.effect("a thousand events at once, each of which fails four times, are all written and seen, none twice", () =>
    Effect.gen(function*() {
      const tried = new Map<string, number>()
      const written: Array<string> = []
      const sink: EventSink = {
        decide: ({ name, namespace, reason }) =>
          Effect.succeed([{
            name,
            namespace,
            attempt: Effect.suspend(() => {
              const tries = (tried.get(reason) ?? 0) + 1
              tried.set(reason, tries)
              if (tries < 5) return Effect.fail(down)
              written.push(reason)
              return Effect.void
            })
          }]),
        periodic: [],
        flush: Effect.succeed([])
      }
      const broadcaster = yield* EventBroadcaster.make(sink, { retryDelay: 0 })
      const reasons = Array.from({ length: 1000 }, (_, index) => `Reason-${index}`)
      const seen = yield* Effect.forkChild(Stream.runCollect(Stream.take(broadcaster.events, reasons.length)))
      yield* TestClock.adjust(0)
      const taken = yield* Effect.forEach(reasons, (reason) => broadcaster.publish(event(reason)), {
        concurrency: "unbounded"
      })
      assert.isTrue(taken.every((isTaken) => isTaken))
      for (let turn = 0; turn < 5000 && written.length < reasons.length; turn++) yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(written, reasons)
      assert.deepStrictEqual(new Set(tried.values()), new Set([5]))
      assert.deepStrictEqual((yield* Fiber.join(seen)).map(({ reason }) => reason), reasons)
    }).pipe(Effect.provide(Logger.layer([]))))

  it.effect("whatever was recorded before the scope closes is written or counted as dropped, at every pace", () =>
    Effect.forEach([3, 4, 5, 6, 7, 2048], (pace) =>
      Effect.gen(function*() {
        for (let round = 0; round < 20; round++) {
          const server = stub()
          const scope = yield* Scope.make()
          const broadcaster = yield* EventBroadcaster.make(server.sink, { capacity: 60 }).pipe(
            Effect.provideService(Scheduler.MaxOpsBeforeYield, pace),
            Scope.provide(scope)
          )
          const recording = yield* Effect.forEach(
            Array.from({ length: 100 }, (_, index) => index),
            (index) =>
              broadcaster.publish(event(String(index))).pipe(
                Effect.map((isTaken) => isTaken ? [String(index)] : []),
                Effect.provideService(Scheduler.MaxOpsBeforeYield, pace),
                Effect.forkChild
              )
          )
          for (let turn = 0; turn < round; turn++) yield* Effect.yieldNow
          yield* Scope.close(scope, Exit.void)
          const taken = (yield* Effect.forEach(recording, Fiber.join)).flat()
          assert.deepStrictEqual(server.tried, taken, `pace ${pace}, round ${round}`)
        }
      }), { discard: true }).pipe(Effect.provide(Logger.layer([]))))

  it.effect("runs what a sink writes from time to time, one write at a time", () =>
    Effect.gen(function*() {
      const server = stub()
      const decided = server.sink.decide(event("periodic"))
      const writes = Effect.map(decided, (decision) => typeof decision === "string" ? [] : decision)
      const broadcaster = yield* EventBroadcaster.make({
        ...server.sink,
        periodic: [{ interval: Duration.minutes(30), writes }]
      })
      yield* TestClock.adjust("29 minutes")
      assert.deepStrictEqual(server.tried, [])
      server.answer = Effect.sleep("2 minutes")
      yield* broadcaster.publish(event("A"))
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(server.tried, ["A"])
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(server.tried, ["A", "periodic"])
      yield* TestClock.adjust("2 minutes")
    }))

  it.effect("shows what is recorded to whoever looks", () =>
    Effect.gen(function*() {
      const broadcaster = yield* EventBroadcaster.make(stub().sink)
      const [one, two] = yield* Effect.forEach([1, 2], () =>
        Effect.forkChild(Stream.runCollect(Stream.take(broadcaster.events, 2))))
      yield* TestClock.adjust(0)
      yield* Effect.forEach(["A", "B", "C"], (reason) =>
        broadcaster.publish(event(reason)))
      for (const fiber of [one, two]) {
        assert.isDefined(fiber)
        if (fiber !== undefined) {
          assert.deepStrictEqual((yield* Fiber.join(fiber)).map(({ reason }) => reason), ["A", "B"])
        }
      }
    }))

  it.effect("the stream of events ends with the broadcaster", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const broadcaster = yield* Scope.provide(EventBroadcaster.make(stub().sink), scope)
      const seen = yield* Effect.forkChild(Stream.runCollect(broadcaster.events))
      yield* TestClock.adjust(0)
      yield* broadcaster.publish(event("A"))
      yield* TestClock.adjust(0)
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual((yield* Fiber.join(seen)).map(({ reason }) => reason), ["A"])
      assert.deepStrictEqual(yield* Stream.runCollect(broadcaster.events), [])
      assert.isFalse(yield* broadcaster.publish(event("late")))
    }))
})
