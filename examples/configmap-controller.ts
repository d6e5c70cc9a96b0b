/**
 * The first controller: every ConfigMap with the label `copy-to` is copied into the namespaces the label names, and the
 * copies follow it.
 *
 *     node --conditions=@effect-kubernetes/source examples/configmap-controller.ts    the cluster of your kubeconfig; runs until Ctrl-C
 *     ... configmap-controller.ts --once                                              ends once it has seen a copy follow a change
 */
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Fiber, Schedule, Stream } from "effect"
import { Clientset, Controller } from "effect-kubernetes"
import { ConfigMap } from "effect-kubernetes/Api/core/v1"
import * as CachedReader from "effect-kubernetes/Controller/CachedReader"
import * as Predicate from "effect-kubernetes/Controller/Predicate"
import * as Source from "effect-kubernetes/Controller/Source"
import * as NodeKubernetes from "effect-kubernetes/NodeKubernetes"

const label = "example.com/copy-to"
const origin = "example.com/copy-of"

const controller = Effect.gen(function*() {
  const { coreV1 } = yield* Clientset.Clientset
  const maps = yield* CachedReader.make(ConfigMap)
  return Controller.make(ConfigMap, {
    name: "configmap-copier",
    concurrency: 4,
    predicate: Predicate.object((map: ConfigMap) => map.metadata?.labels?.[label] !== undefined),
    // A copy that somebody changed or deleted is work on its original.
    watches: [
      Source.kindMetadata(ConfigMap, { toKeys: ({ metadata }) => metadata.annotations?.[origin]?.split(" ") ?? [] })
    ],
    grants: [{ resource: ConfigMap, verbs: ["create", "patch"] }],
    reconcile: Effect.fnUntraced(function*({ key, name }) {
      const map = yield* maps.get(key)
      if (map._tag === "None") return yield* Console.log(`${key} is gone; its copies stay`)
      const targets = map.value.metadata.labels?.[label]?.split(".") ?? []
      yield* Effect.forEach(targets, (namespace) =>
        coreV1.configMaps(namespace).apply(
          { metadata: { name, annotations: { [origin]: key } }, data: map.value.data ?? {} },
          { fieldManager: "configmap-copier", force: true }
        ))
      yield* Console.log(`${key} is in ${targets.join(", ")}`)
    })
  })
})

const forever = Effect.flatMap(
  controller,
  ({ outcomes }) => Stream.runForEach(outcomes, ({ _tag, request }) => Effect.logDebug(_tag, request.key))
)

const once = Effect.gen(function*() {
  const { coreV1 } = yield* Clientset.Clientset
  const options = { fieldManager: "example", force: true }
  yield* Effect.forEach(["copy-from", "copy-to"], (name) =>
    Effect.acquireRelease(
      coreV1.namespaces().apply({ metadata: { name } }, options),
      () => Effect.ignore(coreV1.namespaces().delete(name))
    ))
  const running = yield* Effect.forkScoped((yield* controller).run)
  const original = { metadata: { name: "settings", labels: { [label]: "copy-to" } } }
  for (const color of ["red", "blue"]) {
    yield* coreV1.configMaps("copy-from").apply({ ...original, data: { color } }, options)
    yield* coreV1.configMaps("copy-to").get("settings").pipe(
      Effect.filterOrFail(({ data }) => data?.["color"] === color),
      Effect.retry(Schedule.spaced("50 millis"))
    )
    yield* Console.log(`the copy is ${color}`)
  }
  yield* Fiber.interrupt(running)
})

const program = Effect.gen(function*() {
  if (process.argv.includes("--once")) yield* once
  else yield* forever
})

program.pipe(Effect.scoped, Effect.provide(NodeKubernetes.layer), NodeRuntime.runMain)
