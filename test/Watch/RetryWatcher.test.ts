import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { InvalidUrl, RequestError } from "../../src/Machinery/RequestError.ts"
import type { Failure } from "../../src/Watch/ListWatch.ts"
import * as RetryWatcher from "../../src/Watch/RetryWatcher.ts"
import * as Until from "../../src/Watch/Until.ts"
import { broken, ModelServer, refused } from "../Informer/ModelServer.ts"

const settle = TestClock.adjust(0).pipe(Effect.andThen(Effect.yieldNow), Effect.repeat({ times: 20 }))

const follow = Effect.fnUntraced(function*(server: ModelServer, options: Partial<RetryWatcher.Options> = {}) {
  const seen: Array<string> = []
  const fiber = yield* RetryWatcher.make(server.listWatch, { resourceVersion: "10", ...options }).pipe(
    Stream.runForEach((event) => Effect.sync(() => seen.push(`${event.type} ${event.object.metadata.name}`))),
    Effect.forkScoped
  )
  yield* settle
  return { seen, fiber }
})

it.effect("delivers each change once and in order across every kind of interruption", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    const { seen } = yield* follow(server)
    const interruptions: ReadonlyArray<Failure | undefined> = [
      undefined,
      broken("Reset"),
      broken("Closed"),
      refused(500, "InternalError"),
      refused(429, "TooManyRequests"),
      refused(504, "Timeout")
    ]
    const expected: Array<string> = []
    for (const [i, interruption] of interruptions.entries()) {
      server.create(`p${i}`)
      yield* settle
      server.disconnect(interruption)
      server.create(`q${i}`)
      expected.push(`ADDED p${i}`, `ADDED q${i}`)
      yield* TestClock.adjust("2 seconds")
    }
    server.cutLine(undefined)
    server.create("last")
    expected.push("ADDED last")
    yield* TestClock.adjust("2 seconds")
    assert.deepStrictEqual(seen, expected)
    assert.strictEqual(server.lists.length, 0)
  }))

it.effect("goes on from the last bookmark, which it keeps to itself", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    const { seen } = yield* follow(server)
    server.version = 50
    server.bookmark()
    yield* settle
    server.disconnect()
    yield* TestClock.adjust("1 second")
    assert.deepStrictEqual(seen, [])
    assert.deepStrictEqual(server.watches.map((watch) => watch.resourceVersion), ["10", "50"])
    assert.isTrue(server.watches[0]?.allowWatchBookmarks)
  }))

it.effect("delivers nothing twice after a bookmark that came late, and begins nowhere else after an object without a version", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    const { seen } = yield* follow(server)
    server.create("a")
    yield* settle
    server.bookmark(10)
    server.raw(`${JSON.stringify({ type: "ADDED", object: { metadata: { name: "unversioned" } } })}\n`)
    yield* settle
    server.disconnect()
    server.create("b")
    yield* TestClock.adjust("1 second")
    assert.deepStrictEqual(seen, ["ADDED a", "ADDED unversioned", "ADDED b"])
    assert.deepStrictEqual(server.watches.map((watch) => watch.resourceVersion), ["10", "11"])
  }))

it.effect("begins at most once a second", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    server.failWatch = Array.from({ length: 1000 }, () => broken("Refused"))
    yield* follow(server)
    yield* TestClock.adjust("10 seconds")
    assert.strictEqual(server.watches.length, 11)
  }))

it.effect("waits as long as the server asks", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    yield* follow(server)
    server.error({
      kind: "Status",
      apiVersion: "v1",
      code: 500,
      reason: "InternalError",
      details: { retryAfterSeconds: 30 }
    })
    yield* TestClock.adjust("29 seconds")
    assert.strictEqual(server.watches.length, 1)
    yield* TestClock.adjust("1 second")
    assert.strictEqual(server.watches.length, 2)
  }))

it.effect("ends with Expired, Forbidden and Unauthorized, and with what no server will ever take, and nothing else", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    server.version = 100
    server.compact()
    const { fiber } = yield* follow(server)
    const expired = yield* Effect.flip(Fiber.join(fiber))
    assert.strictEqual(expired.reason._tag, "Expired")
    const final = [
      refused(403, "Forbidden"),
      refused(401, "Unauthorized"),
      refused(410, "Gone"),
      refused(400, "BadRequest"),
      refused(422, "Invalid"),
      new RequestError({ reason: new InvalidUrl({ verb: "watch", url: "pods", description: "a/b is no namespace" }) })
    ]
    for (const failure of final) {
      const other = new ModelServer()
      other.failWatch = [failure]
      const { fiber } = yield* follow(other)
      assert.strictEqual(yield* Effect.flip(Fiber.join(fiber)), failure)
    }
  }))

it.effect("goes on through what somebody else may mend, and says it in a warning", () =>
  Effect.gen(function*() {
    const warned: Array<unknown> = []
    const logger = Logger.make<unknown, void>(({ logLevel, message }) => {
      if (logLevel === "Warn") warned.push(message)
    })
    const server = new ModelServer()
    server.failWatch = [broken("Tls"), refused(404, "NotFound"), broken("Reset"), refused(503, "ServiceUnavailable")]
    const { seen } = yield* follow(server).pipe(Effect.provide(Logger.layer([logger])))
    yield* TestClock.adjust("10 seconds")
    server.create("a")
    yield* TestClock.adjust("1 second")
    assert.lengthOf(seen, 1)
    assert.lengthOf(warned, 2)
  }))

it.effect("refuses to begin where it could miss something", () =>
  Effect.gen(function*() {
    for (const resourceVersion of ["", "0"]) {
      const { fiber } = yield* follow(new ModelServer(), { resourceVersion })
      const error = yield* Effect.flip(Fiber.join(fiber))
      assert.include(error.message, "needs a resourceVersion")
    }
  }))

it.effect("closes its connection when it is interrupted with events unread", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    server.create("a")
    server.create("b")
    yield* RetryWatcher.make(server.listWatch, { resourceVersion: "10" }).pipe(Stream.take(1), Stream.runDrain)
    assert.strictEqual(server.open, 0)
  }))

const named = (name: string) =>
  Until.when<{ readonly object: { readonly metadata: { readonly name: string } } }>((event) =>
    event.object.metadata.name === name
  )

it.effect("Until meets conditions in order and returns the event that met the last", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    for (const name of ["x", "b", "a", "b", "c"]) server.update(name, 1)
    const event = yield* Until.changes(server.listWatch, { resourceVersion: "10" }, named("a"), named("b"))
    assert.strictEqual(event.object.metadata.resourceVersion, "14")
    assert.strictEqual(server.open, 0)
  }))

it.effect("Until lets one event meet several conditions", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    server.create("a")
    const event = yield* Until.changes(server.listWatch, { resourceVersion: "10" }, named("a"), Until.when(() => true))
    assert.strictEqual(event.object.metadata.name, "a")
  }))

it.effect("Until says how far it came when the stream ends", () =>
  Effect.gen(function*() {
    const error = yield* Effect.flip(
      Until.stream(Stream.range(1, 2), Until.when((n: number) => n === 1), Until.when((n: number) => n === 3))
    )
    assert.strictEqual(error.message, "the watch ended with 1 of 2 conditions met")
  }))

it.effect("Until ends with the failure of a condition, and can be bounded", () =>
  Effect.gen(function*() {
    assert.strictEqual(yield* Effect.flip(Until.stream(Stream.make(1), () => Effect.fail("no" as const))), "no")
    const server = new ModelServer()
    const fiber = yield* Effect.forkChild(
      Until.changes(server.listWatch, { resourceVersion: "10" }, named("a")).pipe(Effect.timeoutOption("5 seconds"))
    )
    yield* TestClock.adjust("5 seconds")
    assert.strictEqual((yield* Fiber.join(fiber))._tag, "None")
    assert.strictEqual(server.open, 0)
  }))
