import { assert, describe, it } from "@effect/vitest"
import * as K8sHttpClient from "effect/cluster/K8sHttpClient"
import * as RunnerAddress from "effect/cluster/RunnerAddress"
import * as RunnerHealth from "effect/cluster/RunnerHealth"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Layer from "effect/Layer"
import * as Scheduler from "effect/Scheduler"
import * as Stream from "effect/Stream"
import { Pod } from "../../src/Api/core/v1.ts"
import * as ResourceClient from "../../src/Clientset/ResourceClient.ts"
import * as KubernetesHttpClient from "../../src/Cluster/KubernetesHttpClient.ts"
import * as LeaseRunnerHealth from "../../src/Cluster/LeaseRunnerHealth.ts"
import { Transport } from "../../src/Rest/Transport.ts"
import * as ApiServer from "../../src/Testing/ApiServer.ts"

const withServer = <A, E, R>(self: Effect.Effect<A, E, R>) =>
  self.pipe(Effect.scoped, Effect.provide(Layer.fresh(ApiServer.layer)))

/** Pods that run, ready or not, under addresses of their own. */
const pods = Effect.gen(function*() {
  const client = yield* ResourceClient.make(Pod, "default")
  const at = "2026-01-01T00:00:00Z"
  const put = Effect.fnUntraced(function*(name: string, podIP: string, ready: "True" | "False", readyAt: string) {
    const pod = yield* client.create({
      metadata: { name, labels: { app: "runner" } },
      spec: { containers: [{ name: "main", image: "runner" }] }
    })
    yield* client.updateStatus({
      ...pod,
      status: {
        phase: "Running",
        podIP,
        hostIP: "192.168.0.1",
        conditions: [
          { type: "Initialized", status: "True", lastTransitionTime: at },
          { type: "Ready", status: ready, lastTransitionTime: readyAt }
        ]
      }
    })
  })
  yield* put("ready", "10.0.0.1", "True", "2026-01-01T00:00:09Z")
  yield* put("starting", "10.0.0.2", "False", at)
  yield* put("broken", "10.0.0.3", "False", "2026-01-01T01:00:00Z")
  return client
})

const alive = Effect.fnUntraced(function*(health: RunnerHealth.RunnerHealth["Service"]) {
  const hosts = ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"]
  return yield* Effect.forEach(hosts, (host) => health.isAlive(RunnerAddress.make(host, 1)))
})

describe("KubernetesHttpClient", () => {
  it.effect("serves effect/cluster's own health of runners", () =>
    Effect.gen(function*() {
      yield* pods
      const context = yield* Layer.build(
        RunnerHealth.layerK8s({ namespace: "default", labelSelector: "app=runner" }).pipe(
          Layer.provide(KubernetesHttpClient.layer)
        )
      )
      assert.deepStrictEqual(
        yield* alive(Context.get(context, RunnerHealth.RunnerHealth)),
        [true, true, false, false]
      )
    }).pipe(withServer))

  it.effect("sends bodies and headers, and gives errors their status", () =>
    Effect.gen(function*() {
      const http = yield* K8sHttpClient.K8sHttpClient
      const created = yield* HttpClientRequest.post("/v1/namespaces/default/configmaps").pipe(
        HttpClientRequest.bodyJsonUnsafe({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" } }),
        http.execute
      )
      assert.strictEqual(created.status, 201)
      const read = yield* http.get("/v1/namespaces/default/configmaps/a", { urlParams: { pretty: "false" } })
      assert.strictEqual((yield* read.json as Effect.Effect<{ kind: string }, unknown>).kind, "ConfigMap")
      const error = yield* Effect.flip(http.get("/v1/namespaces/default/configmaps/none"))
      assert(error.reason._tag === "StatusCodeError")
      assert.strictEqual(error.reason.response.status, 404)
    }).pipe(Effect.provide(KubernetesHttpClient.layer), withServer))

  it.effect("streams, and releases the connection when the reader leaves", () =>
    Effect.gen(function*() {
      const transport = yield* Transport
      let open = 0
      const counting: typeof transport = {
        server: transport.server,
        execute: (request) =>
          Effect.acquireRelease(
            Effect.sync(() => open++),
            () => Effect.sync(() => open--)
          ).pipe(Effect.andThen(transport.execute(request)))
      }
      const http = KubernetesHttpClient.fromTransport(counting)
      const client = yield* ResourceClient.make(Pod, "default")
      yield* client.create({ metadata: { name: "a" }, spec: { containers: [{ name: "main", image: "x" }] } })
      const url = `${transport.server}/api/v1/namespaces/default/pods?watch=true&resourceVersion=0`
      const bytes = Stream.unwrap(Effect.map(HttpClient.withScope(http).get(url), (response) => response.stream))
      const [first] = yield* Effect.scoped(Stream.runCollect(Stream.take(Stream.decodeText(bytes), 1)))
      assert.include(first, "\"ADDED\"")
      yield* Effect.repeat(Effect.yieldNow, { times: 50 })
      assert.strictEqual(open, 0)
    }).pipe(withServer))

  it.effect("keeps no connection of a request that is interrupted, wherever that finds it", () =>
    Effect.gen(function*() {
      for (let steps = 1; steps < 60; steps++) {
        for (let ops = 2; ops <= 7; ops++) {
          let open = 0
          const opened = Effect.acquireRelease(Effect.sync(() => void open++), () => Effect.sync(() => void open--))
          const client = KubernetesHttpClient.fromTransport({
            server: "https://in-memory",
            execute: () => Effect.as(opened, { status: 200, headers: {}, text: Effect.never, body: Stream.never })
          })
          const fiber = yield* HttpClient.withScope(client).get("https://in-memory/api").pipe(
            Effect.flatMap((response) => Stream.runDrain(response.stream)),
            Effect.scoped,
            Effect.provideService(Scheduler.MaxOpsBeforeYield, ops),
            Effect.forkChild
          )
          yield* Effect.repeat(Effect.yieldNow, { times: steps })
          yield* Fiber.interrupt(fiber)
          // Who aborts does not wait for what that ends.
          yield* Effect.repeat(Effect.yieldNow, { times: 20 })
          assert.strictEqual(open, 0, `after ${steps} steps of ${ops}`)
        }
      }
    }))
})

describe("LeaseRunnerHealth.layerPods", () => {
  it.effect("counts a pod that is ready or starting as alive, one that broke or is gone as not", () =>
    Effect.gen(function*() {
      yield* pods
      const context = yield* Layer.build(
        LeaseRunnerHealth.layerPods({ namespace: "default", labelSelector: { app: "runner" } })
      )
      assert.deepStrictEqual(
        yield* alive(Context.get(context, RunnerHealth.RunnerHealth)),
        [true, true, false, false]
      )
    }).pipe(withServer))
})
