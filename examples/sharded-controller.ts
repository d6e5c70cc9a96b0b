/**
 * A controller whose replicas share the work: run it as often as you like, and stop or kill any of them.
 *
 *     node --conditions=@effect-kubernetes/source examples/sharded-controller.ts           a replica on the cluster of your kubeconfig
 *     ... sharded-controller.ts --once                                                     three replicas in this process; ends by itself
 *
 * Its only store are Leases in the namespace; replicas need not reach each other.
 */
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Fiber, Layer, Schedule } from "effect"
import { Clientset, Controller } from "effect-kubernetes"
import { ConfigMap } from "effect-kubernetes/Api/core/v1"
import * as ShardedController from "effect-kubernetes/Cluster/ShardedController"
import * as NodeKubernetes from "effect-kubernetes/NodeKubernetes"

const namespace = "sharded-example"

const replica = (identity: string, seen: (name: string) => void) =>
  Controller.make(ConfigMap, {
    name: `sharded-${identity}`,
    namespaces: namespace,
    labelSelector: { sharded: "true" },
    concurrency: 8,
    reconcile: ({ name }) => Effect.sync(() => seen(name))
  }).run.pipe(
    Effect.provide(
      Layer.fresh(ShardedController.layer({ name: "example", namespace, identity, refreshInterval: "1 second" }))
    )
  )

const once = Effect.gen(function*() {
  const { coreV1 } = yield* Clientset.Clientset
  yield* Effect.acquireRelease(
    coreV1.namespaces().apply({ metadata: { name: namespace } }, { fieldManager: "example", force: true }),
    () => Effect.ignore(coreV1.namespaces().delete(namespace))
  )
  const names = Array.from({ length: 60 }, (_, index) => `object-${index}`)
  yield* Effect.forEach(
    names,
    (name) => coreV1.configMaps(namespace).create({ metadata: { name, labels: { sharded: "true" } } }),
    { concurrency: 8 }
  )
  const by = new Map<string, string>()
  const start = (identity: string) => Effect.forkScoped(replica(identity, (name) => by.set(name, identity)))
  const [first] = yield* Effect.all([start("a"), start("b"), start("c")])
  const settled = Effect.sync(() => names.every((name) => by.has(name))).pipe(
    Effect.repeat({ until: (is) => is, schedule: Schedule.spaced("100 millis") }),
    Effect.andThen(Effect.sync(() => {
      const shares: Record<string, number> = {}
      for (const identity of by.values()) shares[identity] = (shares[identity] ?? 0) + 1
      return shares
    }))
  )
  yield* Console.log("shares of three replicas:", yield* settled)
  for (const [name, identity] of by) if (identity === "a") by.delete(name)
  yield* Fiber.interrupt(first)
  yield* Console.log("after the first one went:", yield* settled)
})

const forever = Effect.suspend(() => {
  const identity = process.env["POD_NAME"] ?? `replica-${process.pid}`
  return replica(identity, (name) => console.log(`${identity} reconciles ${name}`))
})

const program = Effect.gen(function*() {
  if (process.argv.includes("--once")) yield* Effect.scoped(once)
  else yield* forever
})

program.pipe(Effect.provide(NodeKubernetes.layer), NodeRuntime.runMain)
