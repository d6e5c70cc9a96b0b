/**
 * What holds of informers: they hold what they were asked for, in one namespace, in several and in all, as whole objects
 * and as metadata; they see one's own writes, and say what cannot be listed.
 */
import { assert, layer as withLayer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { ConfigMap, Pod } from "../../src/Api/core/v1.ts"
import * as ResourceClient from "../../src/Clientset/ResourceClient.ts"
import { RestMapper } from "../../src/Discovery/RestMapper.ts"
import { InformerFactory } from "../../src/Informer/InformerFactory.ts"
import * as Lister from "../../src/Informer/Lister.ts"
import type { Kubernetes } from "../../src/Kubernetes.ts"
import * as Patch from "../../src/Machinery/Patch.ts"
import * as Resource from "../../src/Machinery/Resource.ts"
import * as namespace from "./namespace.ts"

const Nothing = Resource.make()({
  group: "nobody.example.com",
  version: "v1",
  kind: "Nothing",
  plural: "nothings",
  scope: "Namespaced"
})

const patient = Schedule.upTo(Schedule.spaced("20 millis"), { times: 250 })

export const suite = (name: string, layer: Layer.Layer<Kubernetes, unknown>): void =>
  withLayer(layer, { excludeTestServices: true, timeout: 60_000 })(`Informers (${name})`, (it) => {
    it.effect("hold what is selected, in one namespace, in several and in all, and each sees one's own writes", () =>
      Effect.gen(function*() {
        const informers = yield* InformerFactory
        const [first, second, third] = [yield* namespace.scoped, yield* namespace.scoped, yield* namespace.scoped]
        const labels = { suite: first }
        const mine = { labelSelector: labels }
        const clients = yield* Effect.forEach([first, second, third], (space) => ResourceClient.make(ConfigMap, space))
        for (const client of clients) {
          yield* client.create({ metadata: { name: "mine", labels }, data: { value: "1" } })
          yield* client.create({ metadata: { name: "other" } })
        }
        const [client] = clients
        if (client === undefined) return assert.fail()
        const one = yield* informers.get(ConfigMap, { namespaces: first, ...mine })
        const two = yield* informers.get(ConfigMap, { namespaces: [first, second], ...mine })
        const all = yield* informers.get(ConfigMap, mine)
        const metadata = yield* informers.metadata(ConfigMap, { ...mine, namespaces: first })
        const named = yield* informers.get(ConfigMap, {
          namespaces: first,
          fieldSelector: { "metadata.name": "other" }
        })
        for (const informer of [one, two, all, metadata, named]) yield* informer.ready
        const size = (informer: { readonly keys: Effect.Effect<ReadonlyArray<string>> }) =>
          Effect.map(informer.keys, (keys) => keys.length)
        assert.deepStrictEqual(yield* Effect.forEach([one, two, all, metadata, named], size), [1, 2, 3, 1, 1])
        assert.isFalse((yield* metadata.list).some((object) => "data" in object))

        const key = `${first}/mine`
        const changed = yield* client.patch("mine", Patch.merge({ data: { value: "2" } }))
        for (const informer of [one, two, all]) {
          assert.isTrue(yield* informer.awaitVersion(key, changed.metadata.resourceVersion))
          assert.strictEqual(Option.getOrUndefined(yield* informer.get(key))?.data?.["value"], "2")
        }
        // What no longer matches is gone for those who selected it, and there for others.
        yield* client.patch("mine", Patch.merge({ metadata: { labels: { suite: null } } }))
        for (const informer of [one, two, all, metadata]) {
          const isThere = Effect.map(informer.keys, (keys) => keys.includes(key))
          yield* isThere.pipe(Effect.filterOrFail((isIt) => !isIt), Effect.retry(patient))
        }
        const lister = Lister.make(all)
        assert.lengthOf(yield* lister.namespace(second).list(), 1)
      }))

    it.effect("of kinds known at run time hold what they are, and tell each change once", () =>
      Effect.gen(function*() {
        const informers = yield* InformerFactory
        const space = yield* namespace.scoped
        const client = yield* ResourceClient.make(ConfigMap, space)
        yield* client.create({ metadata: { name: "a" }, data: { value: "1" } })
        const kind = yield* (yield* RestMapper).find("configmaps")
        const informer = yield* informers.get(kind, { namespaces: space, fieldSelector: { "metadata.name": "a" } })
        yield* informer.awaitSynced
        const seen = yield* informer.changes.pipe(
          Stream.map((event) => event._tag),
          Stream.takeUntil((tag) => tag === "Deleted"),
          Stream.runCollect,
          Effect.forkScoped({ startImmediately: true })
        )
        yield* client.patch("a", Patch.merge({ data: { value: "2" } }))
        const last = yield* client.patch("a", Patch.merge({ data: { value: "3" } }))
        assert.isTrue(yield* informer.awaitVersion(`${space}/a`, last.metadata.resourceVersion))
        const held = Option.getOrUndefined(yield* informer.get(`${space}/a`))
        assert.deepStrictEqual([held?.kind, held?.["data"]], ["ConfigMap", { value: "3" }])
        yield* client.delete("a")
        assert.deepStrictEqual(yield* Fiber.join(seen), ["Added", "Updated", "Updated", "Deleted"])
      }))

    const impossible = [
      ["a label selector that does not parse", Pod, { labelSelector: "app in (web" }, "Refused"],
      ["a label selector whose value cannot be one", Pod, { labelSelector: { app: "not a value" } }, "Refused"],
      ["a field that the kind is not selected by", Pod, { fieldSelector: "spec.color=red" }, "Refused"],
      ["a field selector that does not parse", Pod, { fieldSelector: "spec.nodeName" }, "Refused"],
      ["a namespace that no path can hold", Pod, { namespaces: "a/b" }, "Refused"],
      ["a kind that is not served", Nothing, {}, "NotServed"]
    ] as const
    for (const [what, kind, options, reason] of impossible) {
      it.effect(`of ${what} are not ready, and say why`, () =>
        Effect.gen(function*() {
          const informers = yield* InformerFactory
          for (const isWatchList of [true, false]) {
            const informer = yield* informers.get<Resource.KubeObject, "Namespaced", {}>(
              kind as Resource.Resource<Resource.KubeObject, "Namespaced">,
              { ...options, isWatchList }
            )
            const error = yield* Effect.timeout(Effect.flip(informer.ready), "10 seconds")
            assert.strictEqual(error._tag === "InformerError" ? error.reason._tag : "", reason)
            assert.include(error.message, Resource.qualifiedName(kind))
          }
        }).pipe(Effect.provide(Logger.layer([]))))
    }
  })
