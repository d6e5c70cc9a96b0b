/**
 * One controller over two clusters: ConfigMaps with the label `mirror` in the east are kept in the west as well.
 *
 *     node --conditions=@effect-kubernetes/source examples/multi-cluster.ts --east CONTEXT --west CONTEXT [--once]
 *
 * Without contexts both are clusters in memory, and the program ends once it has seen a change arrive.
 */
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Console, Context, Effect, Layer, Option, Schedule } from "effect"
import { Clientset, Controller } from "effect-kubernetes"
import { ConfigMap } from "effect-kubernetes/Api/core/v1"
import * as Source from "effect-kubernetes/Controller/Source"
import type * as Kubernetes from "effect-kubernetes/Kubernetes"
import * as NodeKubernetes from "effect-kubernetes/NodeKubernetes"
import * as ApiServer from "effect-kubernetes/Testing/ApiServer"
import { Command, Flag } from "effect/cli"

const label = { mirror: "true" }

const program = Effect.fnUntraced(function*(
  east: Context.Context<Clientset.Clientset>,
  west: Context.Context<Clientset.Clientset>,
  watching: Source.Source,
  isOnce: boolean
) {
  const source = Context.get(east, Clientset.Clientset).coreV1
  const target = Context.get(west, Clientset.Clientset).coreV1
  // The controller runs in the west, whose copies are its own kind; the east is one more source of keys.
  const controller = Controller.make(ConfigMap, {
    name: "mirror",
    labelSelector: label,
    watches: [watching],
    reconcile: Effect.fnUntraced(function*({ name, namespace }) {
      const original = yield* source.configMaps(namespace).get(name).pipe(
        Effect.catchReason("ApiError", "NotFound", () => Effect.undefined)
      )
      // One that lost the label is not to be mirrored any more, and is still there.
      if (original?.metadata.labels?.["mirror"] !== label.mirror) {
        return yield* Effect.catchReason(
          Effect.asVoid(target.configMaps(namespace).delete(name)),
          "ApiError",
          "NotFound",
          () => Effect.void
        )
      }
      yield* target.configMaps(namespace).apply(
        { metadata: { name, labels: label }, data: original.data ?? {} },
        { fieldManager: "mirror", force: true }
      )
      yield* Console.log(`${namespace}/${name} is in the west`)
    })
  })
  if (!isOnce) return yield* controller.run
  yield* Effect.forkScoped(controller.run)
  yield* source.configMaps("default").apply(
    { metadata: { name: "motto", labels: label }, data: { text: "twice is better" } },
    { fieldManager: "example", force: true }
  )
  const copy = yield* Effect.retry(target.configMaps("default").get("motto"), Schedule.spaced("20 millis"))
  yield* Console.log(`the west says: ${copy.data?.["text"]}`)
  yield* source.configMaps("default").delete("motto")
  yield* Effect.flip(target.configMaps("default").get("motto")).pipe(Effect.retry(Schedule.spaced("20 millis")))
  yield* Console.log("gone in the east, gone in the west")
})

const flags = {
  east: Flag.optional(Flag.String("east")),
  west: Flag.optional(Flag.String("west")),
  once: Flag.withDefault(Flag.Boolean("once"), false)
}
const command = Command.make("multi-cluster", flags, ({ east, once, west }) =>
  Effect.gen(function*() {
    // Each cluster is a context of its own, built once: clients, informers and credentials of one never meet the other's.
    const cluster = (context: Option.Option<string>) =>
      Layer.build(
        Layer.fresh<Kubernetes.Kubernetes, NodeKubernetes.Failure, never>(
          Option.isNone(context) ? ApiServer.layer : NodeKubernetes.layerKubeconfig({ context: context.value })
        )
      )
    const ofEast = yield* cluster(east)
    const ofWest = yield* cluster(west)
    const watching = Source.inCluster(
      "east",
      Source.kind(ConfigMap, {
        labelSelector: label,
        toKeys: ({ metadata }) => [`${metadata.namespace}/${metadata.name}`]
      }),
      ofEast
    )
    yield* Effect.provideContext(program(ofEast, ofWest, watching, once || Option.isNone(east)), ofWest)
  }).pipe(Effect.scoped))

Command.run(command, { version: "0.1.0" }).pipe(Effect.provide(NodeServices.layer), NodeRuntime.runMain)
