import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as TestClock from "effect/testing/TestClock"
import { Deployment, type DeploymentStatus } from "../../src/Api/apps/v1.ts"
import { ConfigMap } from "../../src/Api/core/v1.ts"
import * as ResourceClient from "../../src/Clientset/ResourceClient.ts"
import * as CachedReader from "../../src/Controller/CachedReader.ts"
import * as Upsert from "../../src/Controller/Upsert.ts"
import * as Patch from "../../src/Machinery/Patch.ts"
import * as ApiServer from "../../src/Testing/ApiServer.ts"
import * as MemoryLease from "../LeaderElection/memoryLease.ts"

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

    it.effect("does not write what it made of one object to another of its name: it asks again", () =>
      Effect.gen(function*() {
        const maps = yield* client
        yield* maps.create({ metadata: { name: "a" }, data: { x: "1" } })
        const asked: Array<string | undefined> = []
        const { object } = yield* driving(upsert(maps, "a", (current) =>
          Effect.gen(function*() {
            asked.push(current?.data?.["x"])
            if (asked.length === 1) {
              yield* maps.delete("a")
              yield* maps.create({ metadata: { name: "a" }, data: { x: "5", y: "kept" } })
            }
            return { ...current, metadata: { ...current?.metadata, name: "a" }, data: { ...current?.data, z: "1" } }
          })))
        assert.deepStrictEqual(asked, ["1", "5"])
        assert.deepStrictEqual(object.data, { x: "5", y: "kept", z: "1" })
      }).pipe(withServer))

    it.effect("writes nothing to an object that is to go, where nothing but that differs", () =>
      Effect.gen(function*() {
        const maps = yield* client
        const metadata = { name: "a", finalizers: ["example.com/mine"] }
        yield* maps.create({ metadata, data: { x: "1" } })
        yield* maps.delete("a")
        const { object, operation } = yield* upsert(maps, "a", () => Effect.succeed({ metadata, data: { x: "1" } }))
        assert.isDefined(object.metadata.deletionTimestamp)
        assert.strictEqual(operation, "None")
      }).pipe(withServer))

    it.effect("fails with what the caller fails with, and writes nothing then", () =>
      Effect.gen(function*() {
        const maps = yield* client
        assert.strictEqual(yield* Effect.flip(upsert(maps, "a", () => Effect.fail("no" as const))), "no")
        assert.strictEqual((yield* maps.list()).items.some(({ metadata }) => metadata.name === "a"), false)
      }).pipe(withServer))

    it.effect("refuses an object of another name or namespace, and sends nothing", () =>
      Effect.gen(function*() {
        const maps = yield* client
        const named = (metadata: ConfigMap["metadata"]) => () => Effect.succeed<ConfigMap>({ metadata: metadata ?? {} })
        for (const metadata of [{ name: "b" }, { name: "b", namespace: "default" }]) {
          const error = yield* Effect.flip(upsert(maps, "a", named(metadata)))
          assert.strictEqual(error.reason._tag, "InvalidUrl")
          assert.match(error.message, /the desired object is another one, b/)
        }
        const { metadata: { resourceVersion } } = yield* maps.create({ metadata: { name: "a" } })
        for (const metadata of [{ name: "b" }, { name: "a", namespace: "kube-system" }]) {
          assert.strictEqual((yield* Effect.flip(upsert(maps, "a", named(metadata)))).reason._tag, "InvalidUrl")
        }
        assert.strictEqual((yield* maps.get("a")).metadata.resourceVersion, resourceVersion)
        assert.strictEqual((yield* Effect.flip(maps.get("b"))).reason._tag, "NotFound")
        // A name that is left out is the one that was asked for.
        yield* maps.delete("a")
        assert.strictEqual((yield* upsert(maps, "a", named({ labels: { x: "1" } }))).object.metadata.name, "a")
      }).pipe(withServer))

    it.effect("asks nobody what is desired where the object cannot be read", () =>
      Effect.gen(function*() {
        const maps = yield* client
        const refused = MemoryLease.failure(403, "Forbidden")
        const blind = { ...maps, get: () => Effect.fail(refused) }
        const error = yield* Effect.flip(upsert(blind, "a", () => Effect.die("must not be asked")))
        assert.strictEqual(error, refused)
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

describe("Upsert.status", () => {
  const deployments = ResourceClient.make(Deployment, "default")
  const labels = { app: "web" }
  const deployment = {
    metadata: { name: "web" },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: "web", image: "web" }] } }
    }
  } satisfies Deployment
  const ready = (readyReplicas: number) => (current: Deployment) =>
    Effect.succeed<DeploymentStatus>({ ...current.status, replicas: 3, readyReplicas })

  it.effect("writes a status that differs, and nothing where none does, and leaves the rest alone", () =>
    Effect.gen(function*() {
      const client = yield* deployments
      const { metadata: { generation } } = yield* client.create(deployment)
      const first = yield* Upsert.status(client, "web", ready(1))
      assert.strictEqual(first.operation, "Updated")
      assert.deepInclude(first.object.status, { replicas: 3, readyReplicas: 1 })
      assert.strictEqual(first.object.metadata.generation, generation)
      const second = yield* Upsert.status(client, "web", ready(1))
      assert.strictEqual(second.operation, "None")
      assert.strictEqual(second.object.metadata.resourceVersion, first.object.metadata.resourceVersion)
      // Of an object and its status each is a write of its own.
      const scaled = yield* Upsert.patch(
        client,
        "web",
        (current) =>
          Effect.succeed<Deployment>({ ...current, ...deployment, spec: { ...deployment.spec, replicas: 3 } })
      )
      assert.strictEqual(scaled.operation, "Updated")
      const third = yield* Upsert.status(client, "web", ready(2))
      assert.strictEqual(third.object.status?.readyReplicas, 2)
      assert.strictEqual(third.object.spec?.replicas, 3)
    }).pipe(withServer))

  it.effect("asks again where another wrote meanwhile, and fails where there is no object", () =>
    Effect.gen(function*() {
      const client = yield* deployments
      yield* client.create(deployment)
      let asked = 0
      const { object } = yield* driving(Upsert.status(client, "web", (current) =>
        Effect.gen(function*() {
          if (++asked === 1) yield* client.patch("web", Patch.merge({ metadata: { labels: { other: "writer" } } }))
          return yield* ready(asked)(current)
        })))
      assert.deepStrictEqual([object.status?.readyReplicas, object.metadata.labels], [2, { other: "writer" }])
      const error = yield* Effect.flip(Upsert.status(client, "gone", ready(1)))
      assert.strictEqual(error.reason._tag, "NotFound")
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
