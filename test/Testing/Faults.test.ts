import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { ConfigMap } from "../../src/Api/core/v1.ts"
import * as ResourceClient from "../../src/Clientset/ResourceClient.ts"
import * as RestClient from "../../src/Rest/RestClient.ts"
import * as ApiServer from "../../src/Testing/ApiServer.ts"
import * as Faults from "../../src/Testing/Faults.ts"

const layer = RestClient.layerOptions({ maxRetries: 0 }).pipe(
  Layer.provideMerge(Faults.layer(Faults.none)),
  Layer.provideMerge(ApiServer.layerTransport())
)

const setup = Effect.gen(function*() {
  const faults = yield* Faults.Faults
  const client = yield* ResourceClient.make(ConfigMap, "default")
  for (const name of ["a", "b", "c"]) yield* client.create({ metadata: { name } })
  const seen: Array<string> = []
  const watch = (options: Parameters<typeof client.watch>[0] = { timeoutSeconds: 100 }) =>
    client.watch(options).pipe(
      Stream.runForEach((event) =>
        Effect.sync(() => {
          seen.push(event.type === "BOOKMARK" ? "BOOKMARK" : `${event.type} ${event.object.metadata.name}`)
        })
      ),
      Effect.exit
    )
  return { faults, client, seen, watch }
})

const reasonOf = (exit: Exit.Exit<unknown, { readonly reason: { readonly _tag: string } }>) =>
  Exit.isFailure(exit) && exit.cause.reasons[0]?._tag === "Fail" ? exit.cause.reasons[0].error.reason._tag : "none"

it.effect("refuses connections and answers with codes, one per request of a sequence", () =>
  Effect.gen(function*() {
    const { client, faults } = yield* setup
    yield* faults.use(({ index }) =>
      ([
        { _tag: "Refuse" },
        { _tag: "Answer", code: 410 },
        { _tag: "Answer", code: 429, retryAfterSeconds: 7 },
        { _tag: "Answer", code: 500 }
      ] as const)[index - 3]
    )
    const reasons: Array<string> = []
    for (let index = 0; index < 4; index++) {
      const error = yield* Effect.flip(client.list())
      reasons.push(error.reason._tag)
    }
    assert.deepStrictEqual(reasons, ["Transport", "Expired", "TooManyRequests", "InternalError"])
    assert.strictEqual((yield* client.list()).items.length, 3)
    assert.deepStrictEqual((yield* faults.injected).map(({ fault, verb }) => [fault._tag, verb]), [
      ["Refuse", "list"],
      ["Answer", "list"],
      ["Answer", "list"],
      ["Answer", "list"]
    ])
  }).pipe(Effect.provide(layer)))

it.effect("cuts a watch in the middle of a line", () =>
  Effect.gen(function*() {
    const { faults, seen, watch } = yield* setup
    yield* faults.use(Faults.onWatches(Faults.sequence([{ _tag: "Cut", afterBytes: 300 }])))
    assert.strictEqual(reasonOf(yield* watch()), "Transport")
    assert.isBelow(seen.length, 3)
  }).pipe(Effect.provide(layer)))

it.effect("a half-open watch says nothing for ever, until the faults stop", () =>
  Effect.gen(function*() {
    const { client, faults, seen, watch } = yield* setup
    yield* faults.use(Faults.onWatches(Faults.sequence([{ _tag: "Stall", afterBytes: 0 }])))
    const watching = yield* Effect.forkScoped(watch())
    yield* client.create({ metadata: { name: "d" } })
    yield* TestClock.adjust("1 hour")
    assert.deepStrictEqual(seen, [])
    assert.isUndefined(watching.pollUnsafe())
    yield* faults.stop
    assert.strictEqual(reasonOf(yield* Fiber.join(watching)), "Transport")
  }).pipe(Effect.scoped, Effect.provide(layer)))

it.effect("expires a watch, garbles it, or ends it as if it were whole", () =>
  Effect.gen(function*() {
    const { faults, seen, watch } = yield* setup
    yield* faults.use(Faults.onWatches(Faults.sequence([
      { _tag: "Expire", afterEvents: 2 },
      { _tag: "Garble", afterEvents: 1 },
      { _tag: "End", afterBytes: 0 }
    ])))
    assert.strictEqual(reasonOf(yield* watch()), "Expired")
    assert.deepStrictEqual(seen.splice(0), ["ADDED a", "ADDED b"])
    assert.strictEqual(reasonOf(yield* watch()), "Frame")
    assert.deepStrictEqual(seen.splice(0), ["ADDED a"])
    assert.strictEqual(reasonOf(yield* watch()), "none")
    assert.deepStrictEqual(seen, [])
  }).pipe(Effect.provide(layer)))

it.effect("repeats, delays and drops bookmarks", () =>
  Effect.gen(function*() {
    const { client, faults, seen, watch } = yield* setup
    yield* faults.use(Faults.onWatches(Faults.sequence([
      { _tag: "RepeatBookmarks" },
      { _tag: "DelayBookmarks" },
      { _tag: "DropBookmarks" }
    ])))
    const { metadata } = yield* client.list()
    const run = Effect.fnUntraced(function*(name: string) {
      const watching = yield* Effect.forkScoped(watch({
        resourceVersion: metadata.resourceVersion,
        fieldSelector: { "metadata.name": name },
        allowWatchBookmarks: true,
        timeoutSeconds: 90
      }))
      yield* TestClock.adjust("61 seconds")
      yield* client.create({ metadata: { name } })
      yield* TestClock.adjust("10 seconds")
      const events = seen.splice(0)
      yield* Fiber.interrupt(watching)
      return events
    })
    assert.deepStrictEqual(yield* run("x"), ["BOOKMARK", "BOOKMARK", "ADDED x"])
    assert.deepStrictEqual(yield* run("y"), ["ADDED y", "BOOKMARK"])
    assert.deepStrictEqual(yield* run("z"), ["ADDED z"])
  }).pipe(Effect.scoped, Effect.provide(layer)))

it.effect("a slow reader gets everything, later", () =>
  Effect.gen(function*() {
    const { faults, seen, watch } = yield* setup
    yield* faults.use(Faults.onWatches(Faults.sequence([{ _tag: "Slow", delay: "10 seconds" }])))
    yield* Effect.forkScoped(watch())
    yield* TestClock.adjust("9 seconds")
    assert.deepStrictEqual(seen, [])
    yield* TestClock.adjust("10 seconds")
    assert.deepStrictEqual(seen, ["ADDED a", "ADDED b", "ADDED c"])
  }).pipe(Effect.scoped, Effect.provide(layer)))

it("a seed gives the same faults to the same requests", () => {
  const attempts = Array.from({ length: 200 }, (_, index): Faults.Attempt => ({
    index,
    verb: "watch",
    isWatch: index % 2 === 0,
    path: "/"
  }))
  const run = (seed: number) => attempts.map(Faults.random({ seed, probability: 0.7 }))
  assert.deepStrictEqual(run(1), run(1))
  assert.notDeepEqual(run(1), run(2))
  const kinds = new Set(run(1).map((fault) => fault?._tag ?? "none"))
  assert.isAtLeast(kinds.size, 11, "every kind of fault has its turn")
})
