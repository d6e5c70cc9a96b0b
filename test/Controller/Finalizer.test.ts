import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import * as Scheduler from "effect/Scheduler"
import * as TestClock from "effect/testing/TestClock"
import { ConfigMap } from "../../src/Api/core/v1.ts"
import * as ResourceClient from "../../src/Clientset/ResourceClient.ts"
import * as Finalizer from "../../src/Controller/Finalizer.ts"
import * as Patch from "../../src/Machinery/Patch.ts"
import * as ApiServer from "../../src/Testing/ApiServer.ts"

const client = ResourceClient.make(ConfigMap, "default")
const withServer = Effect.provide(Layer.fresh(ApiServer.layer))
const mine = "example.com/mine"
const theirs = "example.com/theirs"

/** Counts the requests of a client. */
const counted = Effect.fnUntraced(function*() {
  const maps = yield* client
  const requests: Array<string> = []
  return {
    maps,
    requests,
    counting: {
      get: ((name, options) =>
        Effect.suspend(() => (requests.push("get"), maps.get(name, options)))) as typeof maps.get,
      patch: ((name, patch, options) =>
        Effect.suspend(() => (requests.push("patch"), maps.patch(name, patch, options)))) as typeof maps.patch
    }
  }
})

describe("Finalizer", () => {
  it.effect("adds to a list that is not there, and to one that is", () =>
    Effect.gen(function*() {
      const maps = yield* client
      const created = yield* maps.create({ metadata: { name: "a" } })
      const once = yield* Finalizer.add(maps, created, mine)
      assert.deepStrictEqual(once.metadata.finalizers, [mine])
      const twice = yield* Finalizer.add(maps, once, theirs)
      assert.deepStrictEqual(twice.metadata.finalizers, [mine, theirs])
      assert.isTrue(Finalizer.has(twice, theirs))
    }).pipe(withServer))

  it.effect("sends nothing where the list is as it should be", () =>
    Effect.gen(function*() {
      const { counting, maps, requests } = yield* counted()
      const created = yield* maps.create({ metadata: { name: "a", finalizers: [mine] } })
      assert.strictEqual(yield* Finalizer.add(counting, created, mine), created)
      assert.strictEqual(yield* Finalizer.remove(counting, created, theirs), created)
      assert.deepStrictEqual(requests, [])
    }).pipe(withServer))

  it.effect("loses nobody's finalizer by an old copy of the object: it reads again", () =>
    Effect.gen(function*() {
      const { counting, maps, requests } = yield* counted()
      const old = yield* maps.create({ metadata: { name: "a" } })
      yield* Finalizer.add(maps, old, theirs)
      const fiber = yield* Effect.forkChild(Finalizer.add(counting, old, mine))
      yield* TestClock.adjust("1 second")
      const { metadata } = yield* Fiber.join(fiber)
      assert.deepStrictEqual(metadata.finalizers, [theirs, mine])
      assert.deepStrictEqual(requests, ["patch", "get", "patch"])
    }).pipe(withServer))

  it.effect("takes off its own entry where the positions moved since the object was read", () =>
    Effect.gen(function*() {
      const maps = yield* client
      const old = yield* maps.create({ metadata: { name: "a", finalizers: [theirs, mine] } })
      yield* Finalizer.remove(maps, old, theirs)
      const fiber = yield* Effect.forkChild(Finalizer.remove(maps, old, mine))
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(fiber)
      assert.isUndefined((yield* maps.get("a")).metadata.finalizers)
    }).pipe(withServer))

  it.effect("takes off its own entry as often as it is listed", () =>
    Effect.gen(function*() {
      const maps = yield* client
      const twice = ["example.com/a", "example.com/b", "example.com/a", "example.com/c", "example.com/a"]
      const object = yield* maps.create({ metadata: { name: "a", finalizers: twice } })
      const left = yield* Finalizer.remove(maps, object, "example.com/a")
      assert.deepStrictEqual(left.metadata.finalizers, ["example.com/b", "example.com/c"])
    }).pipe(withServer))

  it.effect("does not touch another object of the same name", () =>
    Effect.gen(function*() {
      const maps = yield* client
      const old = yield* maps.create({ metadata: { name: "a" } })
      yield* maps.delete("a")
      const { metadata: { uid } } = yield* maps.create({ metadata: { name: "a" } })
      const gone = Effect.fnUntraced(function*(change: typeof Finalizer.add, object: typeof old) {
        const fiber = yield* Effect.forkChild(Effect.flip(change(maps, object, mine)))
        yield* TestClock.adjust("1 second")
        const { message, reason } = yield* Fiber.join(fiber)
        assert.strictEqual(reason._tag, "NotFound")
        assert.include(message, "another object has its name")
      })
      // The one that was asked for is gone: to go on would be to go on without the finalizer.
      yield* gone(Finalizer.add, old)
      yield* gone(Finalizer.remove, { ...old, metadata: { ...old.metadata, finalizers: [mine] } })
      const now = yield* maps.get("a")
      assert.strictEqual(now.metadata.uid, uid)
      assert.isUndefined(now.metadata.finalizers)
    }).pipe(withServer))

  it.effect("fails with NotFound where the object is gone", () =>
    Effect.gen(function*() {
      const maps = yield* client
      const old = yield* maps.create({ metadata: { name: "a" } })
      yield* maps.delete("a")
      const error = yield* Effect.flip(Finalizer.add(maps, old, mine))
      assert.strictEqual(error.reason._tag, "NotFound")
    }).pipe(withServer))

  it.effect("adds no finalizer to an object that is to go", () =>
    Effect.gen(function*() {
      const { counting, maps, requests } = yield* counted()
      yield* maps.create({ metadata: { name: "a", finalizers: [theirs] } })
      yield* maps.delete("a")
      const deleting = yield* maps.get("a")
      assert.isTrue(Finalizer.isDeleting(deleting))
      assert.strictEqual(yield* Finalizer.add(counting, deleting, mine), deleting)
      assert.deepStrictEqual(requests, [])
    }).pipe(withServer))

  it.effect("many that add and remove at once each end with what they asked for", () =>
    Effect.forEach(Array.from({ length: 10 }, (_, seed) => seed), (seed) =>
      Effect.gen(function*() {
        const maps = yield* client
        const old = yield* maps.create({
          metadata: { name: "a", finalizers: ["example.com/out-1", "example.com/out-2"] }
        })
        const one = (effect: Effect.Effect<unknown, unknown>) => Effect.retry(Effect.delay(effect, 5), { times: 20 })
        const fiber = yield* Effect.forkChild(Effect.forEach(
          [
            Finalizer.remove(maps, old, "example.com/out-1"),
            Finalizer.add(maps, old, "example.com/in-1"),
            Finalizer.remove(maps, old, "example.com/out-2"),
            Finalizer.add(maps, old, "example.com/in-2"),
            maps.patch("a", Patch.merge({ metadata: { labels: { seed: String(seed) } } })),
            Finalizer.add(maps, old, "example.com/in-3")
          ],
          one,
          { concurrency: "unbounded" }
        ))
        for (let turn = 0; turn < 200 && fiber.pollUnsafe() === undefined; turn++) yield* TestClock.adjust("10 millis")
        const { metadata } = yield* maps.get("a")
        assert.sameMembers([...metadata.finalizers ?? []], ["example.com/in-1", "example.com/in-2", "example.com/in-3"])
      }).pipe(
        withServer,
        Random.withSeed(`finalizer ${seed}`),
        Effect.provideService(Scheduler.MaxOpsBeforeYield, 3 + seed % 5)
      ), { discard: true }))
})

describe("Finalizer.around", () => {
  const life = (log: Array<string>) => ({
    finalizer: mine,
    apply: (object: { readonly metadata: { readonly finalizers?: ReadonlyArray<string> } }) =>
      Effect.sync(() => void log.push(`apply under ${object.metadata.finalizers?.join()}`)),
    cleanup: () => Effect.sync(() => void log.push("cleanup"))
  })

  it.effect("applies under the finalizer, cleans up once the object is to go, and lets it go", () =>
    Effect.gen(function*() {
      const maps = yield* client
      const log: Array<string> = []
      const created = yield* maps.create({ metadata: { name: "a" } })
      yield* Finalizer.around(maps, created, life(log))
      yield* Finalizer.around(maps, yield* maps.get("a"), life(log))
      yield* maps.delete("a")
      yield* Finalizer.around(maps, yield* maps.get("a"), life(log))
      assert.deepStrictEqual(log, [`apply under ${mine}`, `apply under ${mine}`, "cleanup"])
      assert.strictEqual((yield* Effect.flip(maps.get("a"))).reason._tag, "NotFound")
    }).pipe(withServer))

  it.effect("keeps the object where cleaning up fails", () =>
    Effect.gen(function*() {
      const maps = yield* client
      yield* maps.create({ metadata: { name: "a", finalizers: [mine] } })
      yield* maps.delete("a")
      const failing = { ...life([]), cleanup: () => Effect.fail("not yet" as const) }
      assert.strictEqual(yield* Effect.flip(Finalizer.around(maps, yield* maps.get("a"), failing)), "not yet")
      assert.deepStrictEqual((yield* maps.get("a")).metadata.finalizers, [mine])
    }).pipe(withServer))

  it.effect("does nothing for an object that is to go without its finalizer, or is gone", () =>
    Effect.gen(function*() {
      const maps = yield* client
      const log: Array<string> = []
      const created = yield* maps.create({ metadata: { name: "a", finalizers: [theirs] } })
      yield* maps.delete("a")
      assert.isUndefined(yield* Finalizer.around(maps, yield* maps.get("a"), life(log)))
      // The cache does not know of the deletion.
      assert.isUndefined(
        yield* Finalizer.around(
          maps,
          { ...created, metadata: { ...created.metadata, finalizers: [theirs] } },
          life(log)
        ).pipe(
          Effect.raceFirst(Effect.forever(TestClock.adjust("50 millis")))
        )
      )
      yield* Finalizer.remove(maps, yield* maps.get("a"), theirs)
      assert.isUndefined(yield* Finalizer.around(maps, created, life(log)))
      assert.deepStrictEqual(log, [])
    }).pipe(withServer))

  it.effect("cleans up where the object was asked to go after it was read", () =>
    Effect.gen(function*() {
      const maps = yield* client
      const log: Array<string> = []
      yield* maps.create({ metadata: { name: "a", finalizers: [mine] } })
      const stale = yield* maps.get("a")
      yield* maps.delete("a")
      yield* Finalizer.around(maps, { ...stale, metadata: { ...stale.metadata, finalizers: [] } }, life(log)).pipe(
        Effect.raceFirst(Effect.forever(TestClock.adjust("50 millis")))
      )
      assert.deepStrictEqual(log, ["cleanup"])
    }).pipe(withServer))
})
