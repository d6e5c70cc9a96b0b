/**
 * One replica of a sharded controller, as a process: `shardedReplica.ts KUBECONFIG NAMESPACE IDENTITY`.
 *
 * It carries out every ConfigMap of the namespace that is not done as `wanted` says, and writes into it when it begins
 * and when it ends, so that the history of each object tells who held it when. Ends in order on SIGTERM.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { ConfigMap } from "../../src/Api/core/v1.ts"
import * as ResourceClient from "../../src/Clientset/ResourceClient.ts"
import * as ShardedController from "../../src/Cluster/ShardedController.ts"
import * as CachedReader from "../../src/Controller/CachedReader.ts"
import * as Controller from "../../src/Controller/Controller.ts"
import * as Manager from "../../src/Controller/Manager.ts"
import * as Patch from "../../src/Machinery/Patch.ts"
import * as NodeKubernetes from "../../src/NodeKubernetes.ts"

const [path = "", namespace = "", identity = ""] = process.argv.slice(2)

const program = Effect.gen(function*() {
  const maps = yield* ResourceClient.make(ConfigMap, namespace)
  const reader = yield* CachedReader.make(ConfigMap, { namespaces: namespace, labelSelector: "sharded=true" })
  const controller = Controller.make(ConfigMap, {
    name: "sharded",
    namespaces: namespace,
    labelSelector: "sharded=true",
    concurrency: 16,
    reconcile: Effect.fnUntraced(function*({ key, name }) {
      const seen = yield* reader.get(key)
      if (seen._tag === "None" || seen.value.data?.["done"] === seen.value.data?.["wanted"]) return
      const wanted = seen.value.data?.["wanted"] ?? ""
      yield* maps.patch(name, Patch.merge({ data: { holder: identity } }))
      yield* Effect.sleep("20 millis")
      yield* maps.patch(name, Patch.merge({ data: { holder: null, done: wanted, by: identity } }))
    })
  })
  const manager = yield* Manager.make({ controllers: [controller], drain: "5 seconds" })
  yield* manager.run
}).pipe(
  Effect.scoped,
  Effect.provide(
    ShardedController.layer({
      name: "sharded",
      namespace,
      identity,
      shards: 64,
      lockExpiration: "9 seconds",
      refreshInterval: "1 second"
    }).pipe(Layer.provideMerge(NodeKubernetes.layerKubeconfig({ path })))
  )
)

NodeRuntime.runMain(program)
