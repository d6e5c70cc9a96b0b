/**
 * Informers on a real kube-apiserver: many objects, compaction under an open watch, a killed and restarted server, a
 * namespace that is deleted with all it holds.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { ConfigMap, Namespace } from "../../src/Api/core/v1.ts"
import * as ResourceClient from "../../src/Clientset/ResourceClient.ts"
import * as InformerFactory from "../../src/Informer/InformerFactory.ts"
import type { SharedInformer } from "../../src/Informer/SharedInformer.ts"
import * as Transform from "../../src/Informer/Transform.ts"
import * as Patch from "../../src/Machinery/Patch.ts"
import type { Persisted } from "../../src/Machinery/Resource.ts"
import * as NodeKubernetes from "../../src/NodeKubernetes.ts"
import * as NodeControlPlane from "../../src/Testing/NodeControlPlane.ts"
import { cluster } from "./TestCluster.ts"

type Held = Persisted<ConfigMap>

/** What a listener of an informer was told, folded. */
const follow = Effect.fnUntraced(function*(informer: SharedInformer<Held>) {
  const fold = new Map<string, string>()
  yield* informer.handle((event) =>
    Effect.sync(() => {
      if (event._tag === "Deleted") fold.delete(event.key)
      else fold.set(event.key, event.object.metadata.resourceVersion)
    })
  )
  return fold
})

/** Waits until a cache and the fold of its listener are what the server lists. */
const converged = (informer: SharedInformer<Held>, fold: ReadonlyMap<string, string>, namespace: string) =>
  Effect.gen(function*() {
    const configMaps = yield* ResourceClient.make(ConfigMap, namespace)
    const listed = (yield* configMaps.list()).items
      .map(({ metadata }) => `${metadata.namespace}/${metadata.name} ${metadata.resourceVersion}`).sort()
    const cached = (yield* informer.list)
      .map(({ metadata }) => `${metadata.namespace}/${metadata.name} ${metadata.resourceVersion}`).sort()
    assert.deepStrictEqual(cached, listed)
    assert.deepStrictEqual(Array.from(fold, ([key, version]) => `${key} ${version}`).sort(), listed)
    return listed.length
  }).pipe(
    Effect.catchDefect((defect) => Effect.fail(defect)),
    Effect.retry({ schedule: Schedule.spaced("200 millis"), times: 200 })
  )

const fill = Effect.fnUntraced(function*(namespace: string, from: number, to: number) {
  const configMaps = yield* ResourceClient.make(ConfigMap, namespace)
  yield* Effect.forEach(
    Array.from({ length: to - from }, (_, i) => from + i),
    (i) => configMaps.create({ metadata: { name: `object-${i}` }, data: { value: String(i) } }),
    { concurrency: 32, discard: true }
  )
})

const inNamespace = <A, E, R>(name: string, use: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const namespaces = yield* ResourceClient.make(Namespace)
    return yield* Effect.acquireUseRelease(
      namespaces.create({ metadata: { name } }),
      () => use,
      () => Effect.ignore(namespaces.delete(name))
    )
  })

layer(NodeServices.layer, { excludeTestServices: true })("informers on a real server", (it) => {
  it.effect("hold 10,000 objects, streamed or listed in pages, and follow their changes", () =>
    inNamespace(
      "informer-many",
      Effect.gen(function*() {
        yield* fill("informer-many", 0, 10_000)
        const factory = yield* InformerFactory.InformerFactory
        for (const isWatchList of [true, false]) {
          yield* Effect.scoped(Effect.gen(function*() {
            const informer = yield* factory.get(ConfigMap, {
              namespaces: "informer-many",
              isWatchList,
              transform: Transform.stripManagedFields
            })
            const fold = yield* follow(informer)
            yield* informer.ready
            assert.strictEqual(yield* converged(informer, fold, "informer-many"), 10_001)
            const configMaps = yield* ResourceClient.make(ConfigMap, "informer-many")
            const key = isWatchList ? "object-1" : "object-2"
            const written = yield* configMaps.patch(key, Patch.merge({ data: { value: "changed" } }))
            assert.isTrue(yield* informer.awaitVersion(`informer-many/${key}`, written.metadata.resourceVersion))
          }))
        }
      })
    ).pipe(Effect.scoped, Effect.provide(NodeKubernetes.layerKubeconfig({ path: cluster.kubeconfig }))), 180_000)

  it.effect(
    "come back after compaction under an open watch and after a killed server, with what happened meanwhile",
    () =>
      Effect.gen(function*() {
        const plane = yield* NodeControlPlane.make({ binaries: cluster.binaries, profile: "apiserver" })
        yield* Effect.gen(function*() {
          yield* fill("default", 0, 200)
          const factory = yield* InformerFactory.InformerFactory
          const informer = yield* factory.get(ConfigMap, { namespaces: "default" })
          const fold = yield* follow(informer)
          yield* informer.ready
          yield* converged(informer, fold, "default")
          yield* plane.compact
          yield* fill("default", 200, 250)
          yield* converged(informer, fold, "default")
          for (let round = 0; round < 2; round++) {
            yield* plane.kill("kube-apiserver")
            yield* Effect.sleep("2 seconds")
            const [reflector] = informer.reflectors
            assert.strictEqual(reflector === undefined ? "" : (yield* reflector.state)._tag, "Stale")
            if (round === 1) yield* plane.compact
            yield* plane.start("kube-apiserver")
            yield* fill("default", 300 + 50 * round, 350 + 50 * round)
            const configMaps = yield* ResourceClient.make(ConfigMap, "default")
            yield* configMaps.delete(`object-${round}`)
            yield* converged(informer, fold, "default")
          }
        }).pipe(Effect.scoped, Effect.provide(NodeKubernetes.layerKubeconfig({ path: plane.kubeconfig })))
      }).pipe(Effect.scoped),
    180_000
  )

  it.effect("see a namespace go with 2,000 objects in it", () =>
    inNamespace(
      "informer-gone",
      Effect.gen(function*() {
        yield* fill("informer-gone", 0, 2000)
        const factory = yield* InformerFactory.InformerFactory
        const informer = yield* factory.get(ConfigMap, { namespaces: "informer-gone" })
        const fold = yield* follow(informer)
        yield* informer.ready
        assert.strictEqual(yield* converged(informer, fold, "informer-gone"), 2001)
        const namespaces = yield* ResourceClient.make(Namespace)
        yield* namespaces.delete("informer-gone")
        yield* Effect.repeat(converged(informer, fold, "informer-gone"), {
          until: (count) => count === 0,
          schedule: Schedule.spaced("500 millis"),
          times: 100
        })
        assert.strictEqual(fold.size, 0)
      })
    ).pipe(Effect.scoped, Effect.provide(NodeKubernetes.layerKubeconfig({ path: cluster.kubeconfig }))), 180_000)
})
