/**
 * A finalizer: a ConfigMap stands for a record in a directory outside of the cluster, which is removed before the
 * ConfigMap may go.
 *
 *     node --conditions=@effect-kubernetes/source examples/finalizer.ts    the cluster of your kubeconfig; ends by itself
 */
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Schedule } from "effect"
import { Clientset, Controller } from "effect-kubernetes"
import { ConfigMap } from "effect-kubernetes/Api/core/v1"
import * as Finalizer from "effect-kubernetes/Controller/Finalizer"
import * as NodeKubernetes from "effect-kubernetes/NodeKubernetes"

const namespace = "finalizer-example"

/** What is outside of the cluster, and would be left behind. */
const directory = new Map<string, string>()

const finalizer = "example.com/directory"

const controller = Controller.make(ConfigMap, {
  // Not by a selector: of one that lost its label no more would be heard, and its finalizer would keep it for ever.
  namespaces: namespace,
  reconcile: Effect.fnUntraced(function*({ name }) {
    const maps = (yield* Clientset.Clientset).coreV1.configMaps(namespace)
    const map = yield* maps.get(name).pipe(Effect.catchReason("ApiError", "NotFound", () => Effect.undefined))
    if (map === undefined) return
    // May run twice, as after a crash, and does not mind.
    const cleanup = Effect.sync(() => directory.delete(name))
    if (map.metadata.labels?.["record"] !== "true") {
      if (!Finalizer.has(map, finalizer)) return
      yield* cleanup
      yield* Finalizer.remove(maps, map, finalizer)
    } else {
      yield* Finalizer.around(maps, map, {
        finalizer,
        apply: ({ data }) => Effect.sync(() => directory.set(name, data?.["phone"] ?? "")),
        cleanup: () => cleanup
      })
    }
    yield* Console.log(`directory: ${JSON.stringify(Object.fromEntries(directory))}`)
  })
})

const program = Effect.gen(function*() {
  const { coreV1 } = yield* Clientset.Clientset
  const maps = coreV1.configMaps(namespace)
  const until = (holds: () => boolean) =>
    Effect.sync(holds).pipe(Effect.repeat({ until: (is) => is, schedule: Schedule.spaced("20 millis") }))
  yield* Effect.acquireRelease(
    coreV1.namespaces().apply({ metadata: { name: namespace } }, { fieldManager: "example", force: true }),
    () => Effect.ignore(coreV1.namespaces().delete(namespace))
  )
  yield* Effect.forkScoped(controller.run)
  yield* maps.create({ metadata: { name: "ada", labels: { record: "true" } }, data: { phone: "36 1815" } })
  yield* until(() => directory.has("ada"))
  // Taken from the directory and put back: the label says whether it is in.
  for (const record of ["false", "true"]) {
    yield* maps.apply({ metadata: { name: "ada", labels: { record } } }, { fieldManager: "example", force: true })
    yield* until(() => directory.has("ada") === (record === "true"))
  }
  yield* maps.delete("ada")
  yield* until(() => !directory.has("ada"))
  yield* Effect.flip(maps.get("ada")).pipe(Effect.retry(Schedule.spaced("20 millis")))
  yield* Console.log("the record is removed, and only then the ConfigMap is gone")
})

program.pipe(Effect.scoped, Effect.provide(NodeKubernetes.layer), NodeRuntime.runMain)
