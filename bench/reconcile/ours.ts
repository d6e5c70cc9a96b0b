/**
 * One round in a process of its own: `ours.ts KUBECONFIG NAMESPACE OBJECTS WORKERS` reconciles every ConfigMap of a
 * namespace from the cache and prints how long that took, in milliseconds from the making of its client to the end of
 * the last reconcile.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { ConfigMap } from "../../src/Api/core/v1.ts"
import * as CachedReader from "../../src/Controller/CachedReader.ts"
import * as Controller from "../../src/Controller/Controller.ts"
import * as NodeKubernetes from "../../src/NodeKubernetes.ts"

const [path = "", namespace = "", objects = "", workers = ""] = process.argv.slice(2)
const from = performance.now()

Effect.gen(function*() {
  const done = yield* Deferred.make<number>()
  const maps = yield* CachedReader.make(ConfigMap, { namespaces: namespace })
  let reconciled = 0
  const controller = Controller.make(ConfigMap, {
    namespaces: namespace,
    concurrency: Number(workers),
    reconcile: ({ key }) =>
      Effect.flatMap(maps.get(key), (map) => {
        if (map._tag === "Some") reconciled++
        return reconciled === Number(objects) ? Deferred.succeed(done, performance.now()) : Effect.void
      })
  })
  yield* Effect.forkScoped(controller.run)
  const at = yield* Deferred.await(done)
  process.stdout.write(`${(at - from).toFixed(3)}\n`)
}).pipe(
  Effect.scoped,
  Effect.provide(NodeKubernetes.layerKubeconfig({ path })),
  NodeRuntime.runMain
)
