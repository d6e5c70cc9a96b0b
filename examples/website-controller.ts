/**
 * A controller for a custom resource, from nothing to convergence: every Website gets a Deployment and a Service.
 *
 *     npm run demo                                          in memory, no cluster needed
 *     npm run demo -- --kubeconfig FILE [--context NAME]    on that cluster; what it made is removed at the end
 */
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Console, Duration, Effect, Option, Stream } from "effect"
import { Clientset, Condition, Controller, OwnerReference, Resource, ResourceClient, Retry } from "effect-kubernetes"
import { Deployment } from "effect-kubernetes/Api/apps/v1"
import { Service } from "effect-kubernetes/Api/core/v1"
import * as Wait from "effect-kubernetes/Clientset/Wait"
import * as WaitCondition from "effect-kubernetes/Clientset/WaitCondition"
import * as NodeKubernetes from "effect-kubernetes/NodeKubernetes"
import * as ApiServer from "effect-kubernetes/Testing/ApiServer"
import { Command, Flag } from "effect/cli"

interface Website extends Resource.KubeObject {
  readonly spec: { readonly image: string; readonly replicas: number }
  readonly status?: { readonly observedGeneration?: number; readonly conditions?: ReadonlyArray<Condition.Condition> }
}
const Website = Resource.make<Website, { status: Website }>()({
  group: "demo.effect-kubernetes.dev",
  version: "v1",
  kind: "Website",
  plural: "websites",
  scope: "Namespaced",
  subresources: ["status"]
})
const openAPIV3Schema = { type: "object", "x-kubernetes-preserve-unknown-fields": true }
const crd = {
  metadata: { name: "websites.demo.effect-kubernetes.dev" },
  spec: {
    group: Website.group,
    scope: Website.scope,
    names: { kind: Website.kind, plural: Website.plural },
    versions: [{ name: "v1", served: true, storage: true, subresources: { status: {} }, schema: { openAPIV3Schema } }]
  }
}

const namespace = "website-demo"
const names = ["blog", "docs", "shop", "status", "wiki"]
const mine = { fieldManager: "website-controller", force: true }
const tally = { reconciles: 0, conflicts: 0, took: Array.of<number>() }

/** Runs an effect again while another writer was faster, and counts how often. */
const retryOnConflict = <A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.tapError(self, (error) => Effect.sync(() => Retry.isConflict(error) && tally.conflicts++)).pipe(
    Retry.onConflict()
  )

/** Makes the present what it should be, whatever it was called for. */
const reconcile = Effect.fnUntraced(function*(name: string) {
  const { appsV1, coreV1 } = yield* Clientset.Clientset
  const websites = yield* ResourceClient.make(Website, namespace)
  const website = yield* websites.get(name).pipe(Effect.catchReason("ApiError", "NotFound", () => Effect.undefined))
  const labels = { [`${Website.group}/website`]: name }
  if (website === undefined) {
    // The garbage collector does so too, half a minute later where a kind is new to it.
    yield* appsV1.deployments(namespace).deleteCollection({ labelSelector: labels })
    yield* coreV1.services(namespace).deleteCollection({ labelSelector: labels })
    return yield* Console.log(`      ${name}: gone`)
  }

  const metadata = { name, labels, ownerReferences: [OwnerReference.makeController(website, Website)] }
  const { image, replicas } = website.spec
  const template = { metadata: { labels }, spec: { containers: [{ name: "web", image }] } }
  const spec = { replicas, selector: { matchLabels: labels }, template }
  yield* appsV1.deployments(namespace).apply({ metadata, spec }, mine)
  yield* coreV1.services(namespace).apply({ metadata, spec: { selector: labels, ports: [{ port: 80 }] } }, mine)

  const observedGeneration = website.metadata.generation ?? 0
  if (website.status?.observedGeneration === observedGeneration) return
  const message = `Deployment of ${replicas} and Service applied`
  const ready = { type: "Ready", status: "True", reason: "Applied", message } as const
  const conditions = yield* Condition.set(website.status?.conditions, ready)
  yield* websites.updateStatus({ ...website, status: { observedGeneration, conditions } })
  yield* Console.log(`      ${name}: ${message}`)
}, retryOnConflict)

const controller = Controller.make(Website, {
  namespaces: namespace,
  owns: [Deployment, Service],
  concurrency: 4,
  reconcile: ({ name }) => reconcile(name)
})

/** Changes something, and says how long it took from there until all was as it should be. */
const step = Effect.fnUntraced(function*<E, R, E2, R2>(
  title: string,
  change: Effect.Effect<unknown, E, R>,
  converged: Effect.Effect<unknown, E2, R2>
) {
  yield* Console.log(`\n  ${title}`)
  yield* change
  const [took] = yield* Effect.timed(converged)
  tally.took.push(Duration.toMillis(took))
  yield* Console.log(`    ✔ converged after ${Duration.toMillis(took).toFixed(0)} ms`)
})

const demo = Effect.gen(function*() {
  const { apiextensionsV1, appsV1, coreV1 } = yield* Clientset.Clientset
  const [crds, namespaces] = [apiextensionsV1.customResourceDefinitions(), coreV1.namespaces()]
  const [deployments, services] = [appsV1.deployments(namespace), coreV1.services(namespace)]
  const websites = yield* ResourceClient.make(Website, namespace)
  yield* Effect.acquireRelease(
    Effect.andThen(crds.apply(crd, mine), namespaces.apply({ metadata: { name: namespace } }, mine)),
    () => Effect.andThen(Effect.ignore(crds.delete(crd.metadata.name)), Effect.ignore(namespaces.delete(namespace)))
  )
  yield* Wait.until(crds, crd.metadata.name, WaitCondition.established)
  yield* Effect.forkScoped(Stream.runForEach(controller.outcomes, () => Effect.sync(() => tally.reconciles++)))

  yield* step(
    `${names.length} websites are created`,
    Effect.forEach(names, (name) => websites.create({ metadata: { name }, spec: { image: "nginx", replicas: 1 } })),
    Effect.forEach(names, (name) => Wait.until(websites, name, WaitCondition.ready), { concurrency: "unbounded" })
  )
  yield* step(
    "blog is scaled to 3",
    retryOnConflict(
      Effect.flatMap(websites.get("blog"), (blog) => websites.update({ ...blog, spec: { ...blog.spec, replicas: 3 } }))
    ),
    Wait.until(deployments, "blog", WaitCondition.make("scaled", (it?: Deployment) => it?.spec?.replicas === 3))
  )
  const { metadata: { uid } } = yield* deployments.get("shop")
  yield* step(
    "somebody deletes the Deployment of shop",
    deployments.delete("shop"),
    Wait.until(deployments, "shop", WaitCondition.and(WaitCondition.created, WaitCondition.gone(uid)))
  )
  yield* step(
    "wiki is deleted, and what it owns goes with it",
    websites.delete("wiki"),
    Wait.untilState(deployments, "wiki", WaitCondition.deleted)
  )
  const lists = yield* Effect.all([websites.list(), deployments.list(), services.list()])
  const objects = lists.reduce((sum, { items }) => sum + items.length, 0)
  yield* Console.log(`\n  ${objects} objects, ${tally.reconciles} reconciles, ${tally.conflicts} conflicts retried,`)
  yield* Console.log(`  ${Math.max(...tally.took).toFixed(0)} ms at most from change to convergence\n`)
}).pipe(Effect.scoped)

const flags = { kubeconfig: Flag.optional(Flag.String("kubeconfig")), context: Flag.optional(Flag.String("context")) }
const command = Command.make("demo", flags, ({ context, kubeconfig }) => {
  const options = { path: Option.getOrUndefined(kubeconfig), context: Option.getOrUndefined(context) }
  const isReal = options.path !== undefined || options.context !== undefined
  return isReal ? Effect.provide(demo, NodeKubernetes.layerKubeconfig(options)) : Effect.provide(demo, ApiServer.layer)
})

Command.run(command, { version: "0.1.0" }).pipe(Effect.provide(NodeServices.layer), NodeRuntime.runMain)
