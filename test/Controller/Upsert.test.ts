import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as TestClock from "effect/testing/TestClock"
import { ConfigMap } from "../../src/Api/core/v1.ts"
import * as ResourceClient from "../../src/Clientset/ResourceClient.ts"
import * as CachedReader from "../../src/Controller/CachedReader.ts"
import * as Upsert from "../../src/Controller/Upsert.ts"
import * as Patch from "../../src/Machinery/Patch.ts"
import * as ApiServer from "../../src/Testing/ApiServer.ts"

const withServer = <A, E, R>(self: Effect.Effect<A, E, R>) =>
  self.pipe(Effect.scoped, Effect.provide(Layer.fresh(ApiServer.layer)))
const client = ResourceClient.make(ConfigMap, "default")
const settle = TestClock.adjust(0).pipe(Effect.andThen(Effect.yieldNow), Effect.repeat({ times: 20 }))

const driving = Effect.fnUntraced(function*<A, E, R>(effect: Effect.Effect<A, E, R>) {
  const fiber = yield* Effect.forkChild(effect)
  while (fiber.pollUnsafe() === undefined) yield* TestClock.adjust("10 millis")
  return yield* Fiber.join(fiber)
})

const wanting = (data: { readonly [key: string]: string }) => (current: ConfigMap | undefined) =>
  Effect.succeed<ConfigMap>({ ...current, metadata: { ...current?.metadata, name: "a" }, data })

for (const [name, upsert] of [["update", Upsert.update], ["patch", Upsert.patch]] as const) {
  describe(`Upsert.${name}`, () => {
    it.effect("creates what is not there", () =>
      Effect.gen(function*() {
        const maps = yield* client
        const { object, operation } = yield* upsert(maps, "a", wanting({ x: "1" }))
        assert.strictEqual(operation, "Created")
        assert.deepStrictEqual(object.data, { x: "1" })
        assert.deepStrictEqual((yield* maps.get("a")).data, { x: "1" })
      }).pipe(withServer))

    it.effect("writes what differs, and nothing where nothing does", () =>
      Effect.gen(function*() {
        const maps = yield* client
        const created = yield* maps.create({ metadata: { name: "a" }, data: { x: "1" } })
        const same = yield* upsert(maps, "a", wanting({ x: "1" }))
        assert.strictEqual(same.operation, "None")
        assert.strictEqual(same.object.metadata.resourceVersion, created.metadata.resourceVersion)
        const changed = yield* upsert(maps, "a", wanting({ y: "2" }))
        assert.strictEqual(changed.operation, "Updated")
        assert.deepStrictEqual(changed.object.data, { y: "2" })
      }).pipe(withServer))

    it.effect("takes an object that says nothing of what the server decides", () =>
      Effect.gen(function*() {
        const maps = yield* client
        const { metadata: { uid } } = yield* maps.create({ metadata: { name: "a" }, data: { x: "1" } })
        const plain = (data: { readonly [key: string]: string }) => () =>
          Effect.succeed<ConfigMap>({ metadata: { name: "a" }, data })
        assert.strictEqual((yield* upsert(maps, "a", plain({ x: "1" }))).operation, "None")
        const { object, operation } = yield* upsert(maps, "a", plain({ x: "2" }))
        assert.strictEqual(operation, "Updated")
        assert.strictEqual(object.metadata.uid, uid)
      }).pipe(withServer))

    it.effect("fails with what the caller fails with, and writes nothing then", () =>
      Effect.gen(function*() {
        const maps = yield* client
        assert.strictEqual(yield* Effect.flip(upsert(maps, "a", () => Effect.fail("no" as const))), "no")
        assert.strictEqual((yield* maps.list()).items.some(({ metadata }) => metadata.name === "a"), false)
      }).pipe(withServer))

    it.effect("of many writers at once each has its say", () =>
      Effect.gen(function*() {
        const maps = yield* client
        const one = (index: number) =>
          Effect.retry(
            upsert(maps, "a", (current) =>
              Effect.succeed<ConfigMap>({
                ...current,
                metadata: { ...current?.metadata, name: "a" },
                data: { ...current?.data, [`writer-${index}`]: "was here" }
              })),
            { times: 10 }
          )
        const writers = Array.from({ length: 8 }, (_, index) => index)
        yield* driving(Effect.forEach(writers, one, { concurrency: "unbounded" }))
        assert.sameMembers(
          Object.keys((yield* maps.get("a")).data ?? {}),
          writers.map((index) => `writer-${index}`)
        )
      }).pipe(withServer))
  })
}

describe("Upsert", () => {
  const meanwhile = (maps: Effect.Success<typeof client>) => {
    let asked = 0
    return {
      asked: () => asked,
      desired: (current: ConfigMap | undefined) =>
        Effect.gen(function*() {
          asked++
          if (asked === 1) yield* maps.patch("a", Patch.merge({ metadata: { labels: { other: "writer" } } }))
          return { ...current, metadata: { ...current?.metadata, name: "a" }, data: { x: "2" } } as ConfigMap
        }).pipe(Effect.orDie)
    }
  }

  it.effect("update asks again where another wrote meanwhile", () =>
    Effect.gen(function*() {
      const maps = yield* client
      yield* maps.create({ metadata: { name: "a" }, data: { x: "1" } })
      const { asked, desired } = meanwhile(maps)
      const { object } = yield* driving(Upsert.update(maps, "a", desired))
      assert.deepStrictEqual([object.data, object.metadata.labels, asked()], [{ x: "2" }, { other: "writer" }, 2])
    }).pipe(withServer))

  it.effect("update replaces what another wrote last where the object it is given says so", () =>
    Effect.gen(function*() {
      const maps = yield* client
      yield* maps.create({ metadata: { name: "a", labels: { old: "label" } }, data: { x: "1" } })
      const { object } = yield* Upsert.update(
        maps,
        "a",
        () => Effect.succeed<ConfigMap>({ metadata: { name: "a" }, data: { x: "1" } })
      )
      assert.isUndefined(object.metadata.labels)
    }).pipe(withServer))
})

describe("CachedReader", () => {
  it.effect("reads from the cache, and from the server where that is asked for", () =>
    Effect.gen(function*() {
      const server = yield* ApiServer.ApiServer
      const maps = yield* client
      yield* maps.create({ metadata: { name: "a", labels: { x: "y" } }, data: { v: "1" } })
      yield* maps.create({ metadata: { name: "b" } })
      const reader = yield* CachedReader.make(ConfigMap, {
        namespaces: "default",
        indexers: { v: ({ data }) => [data?.["v"] ?? ""] }
      })
      assert.deepStrictEqual(
        Option.map(yield* reader.get("default/a"), ({ data }) => data),
        Option.some({ v: "1" })
      )
      assert.isTrue(Option.isNone(yield* reader.get("default/none")))
      const names = (objects: ReadonlyArray<ConfigMap>) => objects.map(({ metadata }) => metadata?.name)
      assert.deepStrictEqual(names(yield* reader.list({ labelSelector: { x: "y" } })), ["a"])
      assert.deepStrictEqual(names(yield* reader.list({ namespace: "elsewhere" })), [])
      assert.deepStrictEqual(names(yield* reader.byIndex("v", "1")), ["a"])
      // The cache is cut off, and the server goes on.
      yield* server.disconnectWatches("reset")
      yield* maps.delete("b")
      assert.isTrue(Option.isSome(yield* reader.get("default/b")))
      assert.isTrue(Option.isNone(yield* reader.live.get("default/b")))
      yield* TestClock.adjust("5 seconds")
      yield* settle
      assert.isTrue(Option.isNone(yield* reader.get("default/b")))
    }).pipe(withServer))
})
