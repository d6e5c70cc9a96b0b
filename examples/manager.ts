/**
 * What the probes of a pod and Prometheus ask: health, readiness and metrics of controllers that run under leadership.
 *
 *     node --conditions=@effect-kubernetes/source examples/manager.ts                      in memory; ends by itself
 *     node --conditions=@effect-kubernetes/source examples/manager.ts --kubeconfig FILE    on that cluster, port 8080
 */
import { NodeHttpServer, NodeRuntime, NodeServices } from "@effect/platform-node"
import { Console, Effect, Layer, Option, Schedule } from "effect"
import { Clientset, Controller, LeaderElection } from "effect-kubernetes"
import { ConfigMap } from "effect-kubernetes/Api/core/v1"
import type { Role } from "effect-kubernetes/Api/rbac/v1"
import * as Endpoints from "effect-kubernetes/Controller/Endpoints"
import * as Manager from "effect-kubernetes/Controller/Manager"
import * as Rbac from "effect-kubernetes/Controller/Rbac"
import * as Kubernetes from "effect-kubernetes/Kubernetes"
import * as NodeKubernetes from "effect-kubernetes/NodeKubernetes"
import { Transport } from "effect-kubernetes/Rest/Transport"
import * as ApiServer from "effect-kubernetes/Testing/ApiServer"
import { Command, Flag } from "effect/cli"
import { HttpClient } from "effect/http"
import { createServer } from "node:http"

const namespace = "default"
const lease = { namespace, name: "manager-example" }

const controller = Controller.make(ConfigMap, {
  namespaces: namespace,
  reconcile: ({ key }) => Console.log(`    reconciles ${key}`)
})

/** The whole program: its probes answer from the start, and its work begins when it leads. */
const program = Effect.gen(function*() {
  const manager = yield* Manager.make({ controllers: [controller], leading: LeaderElection.whileLeading(lease) })
  yield* Endpoints.serve(manager)
  yield* manager.run
}).pipe(Effect.scoped)

const user = { name: "manager", groups: ["system:authenticated"] }

/** What an administrator does: grants the roles that the program's own description asks for. */
const grant = (name: string, rules: ReadonlyArray<Rbac.Rule>) =>
  Effect.gen(function*() {
    const { rbacV1 } = yield* Clientset.Clientset
    for (const role of Rbac.manifests({ rules }, { name })) {
      yield* rbacV1.roles(namespace).create(role as Role)
      yield* rbacV1.roleBindings(namespace).create({
        metadata: { name },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name },
        subjects: [{ kind: "User", name: user.name, apiGroup: "rbac.authorization.k8s.io" }]
      })
    }
  })

const inMemory = Effect.gen(function*() {
  const server = yield* ApiServer.ApiServer
  const administrator = Kubernetes.layer.pipe(
    Layer.provide(Layer.succeed(Transport)(server.as(ApiServer.administrator)))
  )
  const ask = (path: string) => Effect.flatMap(HttpClient.get(path), (answer) => answer.text)
  const until = (path: string, text: string) =>
    ask(path).pipe(
      Effect.repeat({ until: (answer) => answer.includes(text), schedule: Schedule.spaced("50 millis") }),
      Effect.timeout("20 seconds")
    )
  const show = (text: string) => Console.log(text.trimEnd().replace(/^/gm, "    "))

  const setUp = Effect.gen(function*() {
    yield* grant("controller", controller.rules)
    const { coreV1 } = yield* Clientset.Clientset
    yield* coreV1.configMaps(namespace).create({ metadata: { name: "settings" }, data: { colour: "blue" } })
  })

  yield* Effect.provide(setUp, administrator)
  yield* Effect.forkChild(program)
  yield* Console.log("\n  it may not use its lease, and says so at /readyz:")
  yield* Effect.flatMap(until("/readyz", "[-]leaderElection"), show)
  yield* Console.log("\n  it may now, and leads:")
  yield* grant("election", Rbac.leaderElection(namespace)).pipe(Effect.provide(administrator))
  yield* Effect.flatMap(until("/readyz", "readyz check passed"), show)
  yield* Console.log("\n  what Prometheus reads at /metrics, for one:")
  const metrics = yield* until(
    "/metrics",
    "controller_runtime_reconcile_total{controller=\"configmap\",result=\"success\"} 1"
  )
  yield* show(
    metrics.split("\n").filter((line) =>
      /^(?:leader_election_master_status|controller_runtime_reconcile_total)/.test(line)
    ).join("\n")
  )
})

const flags = { kubeconfig: Flag.optional(Flag.String("kubeconfig")) }
const command = Command.make(
  "manager",
  flags,
  Effect.fnUntraced(function*({ kubeconfig }) {
    if (Option.isSome(kubeconfig)) {
      return yield* program.pipe(
        Effect.provide([
          NodeKubernetes.layerKubeconfig({ path: kubeconfig.value }),
          NodeHttpServer.layer(createServer, { port: 8080 })
        ])
      )
    }
    const kubernetes = Layer.provideMerge(Kubernetes.layer, ApiServer.layerOptions({ authorization: "RBAC", user }))
    return yield* Effect.provide(inMemory, [kubernetes, NodeHttpServer.layerTest])
  })
)

Command.run(command, { version: "0.1.0" }).pipe(Effect.provide(NodeServices.layer), NodeRuntime.runMain)
