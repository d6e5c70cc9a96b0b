/**
 * A controller: how soon a watch event becomes a reconcile at 5,000 events per second on a transport in memory, and how
 * soon a controller that finds 10,000 objects at its start is idle, beside the same one on client-go, on a real control
 * plane.
 *
 * Both controllers read the object from their cache and write nothing. Rounds alternate, each in a process of its own;
 * without Go they are left out with a word. Beside them goes a loop that reads the same stream with undici and JSON.parse
 * and does nothing with it. KUBECONFIG names a cluster to use; else a control plane is started.
 */
import type * as NodeServices from "@effect/platform-node/NodeServices"
import * as Console from "effect/Console"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { setImmediate } from "node:timers/promises"
import { ConfigMap, Namespace, Pod } from "../src/Api/core/v1.ts"
import * as ResourceClient from "../src/Clientset/ResourceClient.ts"
import * as Controller from "../src/Controller/Controller.ts"
import * as Kubernetes from "../src/Kubernetes.ts"
import * as NodeKubernetes from "../src/NodeKubernetes.ts"
import * as Transport from "../src/Rest/Transport.ts"
import * as ControlPlane from "../src/Testing/ControlPlane.ts"
import * as NodeControlPlane from "../src/Testing/NodeControlPlane.ts"
import { binaries } from "../test/cluster/binaries.ts"
import * as Figure from "./Figure.ts"
import * as GoController from "./reconcile/GoController.ts"

const perSecond = 5000
const seconds = 6
const pods = 5000
const objects = 10_000
const workers = 8
const rounds = 5

// From a watch event on the wire to the start of its reconcile

const pod = (index: number, version: number) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    name: `pod-${index}`,
    namespace: "default",
    uid: `uid-${index}`,
    resourceVersion: String(version),
    creationTimestamp: "2026-01-01T00:00:00Z",
    labels: { app: "web", "pod-template-hash": "5b8f7c9d4" }
  },
  spec: {
    nodeName: `node-${index % 100}`,
    containers: [{ name: "web", image: "nginx:1.29", resources: { requests: { cpu: "100m", memory: "64Mi" } } }]
  },
  status: { phase: "Running", podIP: `10.0.${index >> 8}.${index & 255}`, hostIP: "192.168.0.1" }
})

const json = { "content-type": "application/json" }

/** An API server of one collection, whose watch sends what it is given. */
const transport = (frames: Queue.Queue<Uint8Array>): Transport.Transport["Service"] => ({
  server: "http://memory",
  execute: ({ path }) => {
    const text = JSON.stringify({
      apiVersion: "v1",
      kind: "PodList",
      metadata: { resourceVersion: "10000" },
      items: Array.from({ length: pods }, (_, index) => pod(index, index + 1))
    })
    const list = { status: 200, headers: json, text: Effect.succeed(text), body: Stream.empty }
    const refused = JSON.stringify({ kind: "Status", status: "Failure", reason: "Invalid", code: 422 })
    if (!path.includes("watch=true")) return Effect.succeed(list)
    return Effect.succeed(
      path.includes("sendInitialEvents=true")
        ? {
          status: 422,
          headers: json,
          text: Effect.succeed(refused),
          body: Stream.make(new TextEncoder().encode(refused))
        }
        : { status: 200, headers: json, text: Effect.never, body: Stream.fromQueue(frames) }
    )
  }
})

const latencies = Effect.gen(function*() {
  const frames = yield* Queue.unbounded<Uint8Array>()
  const sentAt = new Float64Array(pods + perSecond * seconds)
  const found: Array<number> = []
  let isReady = false
  const controller = Controller.make(Pod, {
    concurrency: workers,
    reconcile: ({ name }) =>
      Effect.sync(() => {
        const index = Number(name.slice(4))
        const sent = sentAt[index] ?? 0
        if (isReady && sent > 0) found.push(performance.now() - sent)
      })
  })
  const kubernetes = Kubernetes.layer.pipe(Layer.provide(Layer.succeed(Transport.Transport)(transport(frames))))
  yield* Effect.forkScoped(Effect.provide(controller.run, Layer.fresh(kubernetes)))
  yield* Effect.sleep("1500 millis")
  isReady = true
  const encoder = new TextEncoder()
  yield* Effect.promise(async () => {
    const from = performance.now()
    let sent = 0
    const total = perSecond * seconds
    while (sent < total) {
      // As many as are due: the turn of the event loop is the pace of the wire.
      const due = Math.min(total, Math.floor((performance.now() - from) * perSecond / 1000))
      for (; sent < due; sent++) {
        // Each of an object of its own: two changes of one object may well be one reconcile.
        const index = pods + sent
        const bytes = encoder.encode(`${JSON.stringify({ type: "ADDED", object: pod(index, 10_001 + sent) })}\n`)
        sentAt[index] = performance.now()
        Queue.offerUnsafe(frames, bytes)
      }
      await setImmediate()
    }
  })
  yield* Effect.sync(() => found.length === perSecond * seconds).pipe(
    Effect.repeat({ until: (isDone) => isDone, schedule: Schedule.spaced("50 millis") }),
    Effect.timeoutOption("20 seconds")
  )
  if (found.length !== perSecond * seconds) {
    return yield* Effect.die(`${found.length} of ${perSecond * seconds} events were reconciled`)
  }
  // The first second warms up.
  const sorted = found.slice(perSecond).toSorted((a, b) => a - b)
  const at = (part: number) => sorted[Math.floor(sorted.length * part)] ?? Number.NaN
  return { p50: at(0.5), p99: at(0.99), p999: at(0.999) }
}).pipe(Effect.scoped)

// From the start to idle

const cluster: Layer.Layer<ControlPlane.ControlPlane, unknown> = Layer.suspend(() =>
  NodeControlPlane.layer({ binaries: binaries(), profile: "apiserver" })
)

const kubeconfig = Effect.suspend(() => {
  const given = process.env["KUBECONFIG"]
  return given === undefined
    ? Effect.map(Layer.build(cluster), (context) => Context.get(context, ControlPlane.ControlPlane).kubeconfig)
    : Effect.succeed(given)
})

const namespace = `bench-reconcile-${process.pid}`

const script = (name: string, args: ReadonlyArray<string>) =>
  GoController.timed(process.execPath, [
    "--conditions=@effect-kubernetes/source",
    new URL(`./reconcile/${name}`, import.meta.url).pathname,
    ...args
  ])

const start = Effect.fnUntraced(function*(path: string) {
  const goController = yield* GoController.make
  if (goController === undefined) yield* Console.log("client-go is left out: it cannot be built on this machine")
  const ours: Array<number> = []
  const theirs: Array<number> = []
  const loops: Array<number> = []
  for (let round = 0; round <= rounds; round++) {
    const mine = yield* script("ours.ts", [path, namespace, String(objects), String(workers)])
    const loop = yield* script("undici.ts", [path, namespace])
    const go = goController === undefined
      ? undefined
      : yield* goController({ kubeconfig: path, namespace, objects, workers })
    // The first round warms up the server.
    if (round === 0) continue
    ours.push(mine)
    loops.push(loop)
    if (go !== undefined) theirs.push(go)
  }
  return {
    ours: Figure.median(ours),
    loop: Figure.median(loops),
    theirs: theirs.length === 0 ? undefined : Figure.median(theirs)
  }
})

const fill = Effect.gen(function*() {
  const options = { fieldManager: "bench", force: true }
  const namespaces = yield* ResourceClient.make(Namespace)
  const maps = yield* ResourceClient.make(ConfigMap, namespace)
  yield* Effect.acquireRelease(
    namespaces.apply({ metadata: { name: namespace } }, options),
    () => Effect.ignore(namespaces.delete(namespace))
  )
  yield* Effect.forEach(
    Array.from({ length: objects }, (_, index) => index),
    (index) =>
      maps.create({ metadata: { name: `object-${index}`, labels: { app: "web" } }, data: { value: String(index) } }),
    { concurrency: 32, discard: true }
  )
})

export const run: Effect.Effect<ReadonlyArray<Figure.Figure>, unknown, NodeServices.NodeServices> = Effect.scoped(
  Effect.gen(function*() {
    const { p50, p99, p999 } = yield* latencies
    const path = yield* kubeconfig
    const { loop, ours, theirs } = yield* Effect.provide(
      // A scope of its own: the namespace goes while there is a client to ask for it.
      Effect.scoped(Effect.andThen(fill, start(path))),
      NodeKubernetes.layerKubeconfig({ path })
    )
    const figures: ReadonlyArray<Figure.Figure> = [
      { name: "event to reconcile, p50", value: p50, unit: "ms", bar: { atMost: 0.2 } },
      { name: "event to reconcile, p99", value: p99, unit: "ms", bar: { atMost: 2 } },
      { name: "event to reconcile, p99.9", value: p999, unit: "ms" },
      theirs === undefined
        ? { name: "10,000 objects at start, until idle", value: ours, unit: "ms" }
        : {
          name: "10,000 objects at start, until idle",
          value: ours,
          unit: "ms",
          against: { name: "client-go", value: theirs },
          bar: { atMost: 1 }
        },
      { name: "the same list by undici and JSON.parse, no cache and no controller", value: loop, unit: "ms" }
    ]
    return figures
  })
)
