import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { Deployment } from "../../src/Api/apps/v1.ts"
import type { Scale } from "../../src/Api/autoscaling/v1.ts"
import { ConfigMap, Node, Pod, ServiceAccount } from "../../src/Api/core/v1.ts"
import * as Clientset from "../../src/Clientset/Clientset.ts"
import * as ResourceClient from "../../src/Clientset/ResourceClient.ts"
import * as Patch from "../../src/Machinery/Patch.ts"
import * as RestClient from "../../src/Rest/RestClient.ts"
import * as Transport from "../../src/Rest/Transport.ts"
import * as StubTransport from "../Rest/stubTransport.ts"

const meta = {
  name: "web",
  namespace: "default",
  uid: "1",
  resourceVersion: "7",
  creationTimestamp: "2026-01-02T03:04:05Z"
}
const web = { apiVersion: "apps/v1", kind: "Deployment", metadata: meta, spec: { replicas: 1 } }
const ok = (body: unknown): StubTransport.Answer => ({ status: 200, body: JSON.stringify(body) })

const over = (answers: ReadonlyArray<StubTransport.Answer>) => {
  const stub = StubTransport.make(answers)
  const rest = Effect.provideService(RestClient.make(), Transport.Transport, stub.transport)
  return { stub, provide: Effect.provideServiceEffect(RestClient.RestClient, rest) }
}

/** What goes out for a call: method and path, content type, and the body. */
const sent = Effect.fnUntraced(function*<A, E>(
  call: Effect.Effect<A, E, RestClient.RestClient>,
  answer: unknown = web
) {
  const { provide, stub } = over([ok(answer)])
  yield* provide(call)
  const [request] = stub.sent
  const [type] = StubTransport.values(request, "content-type")
  const line = `${request?.method} ${request?.path}`
  return request?.body === undefined ? [line] : [line, type, JSON.parse(String(request.body))]
})

const deployments = ResourceClient.make(Deployment, "default")
const pods = ResourceClient.make(Pod, "default")
const path = "/apis/apps/v1/namespaces/default/deployments"

describe("ResourceClient", () => {
  it.effect("asks for each verb what client-go asks", () =>
    Effect.gen(function*() {
      const cases: ReadonlyArray<readonly [Effect.Effect<ReadonlyArray<unknown>, unknown>, ReadonlyArray<unknown>]> = [
        [sent(Effect.flatMap(deployments, (_) => _.get("web", { resourceVersion: "0" }))), [
          `GET ${path}/web?resourceVersion=0`
        ]],
        [
          sent(
            Effect.flatMap(deployments, (_) =>
              _.list({
                labelSelector: { app: "web" },
                limit: 2,
                continue: "x",
                resourceVersionMatch: "Exact",
                resourceVersion: "5"
              })),
            { apiVersion: "apps/v1", kind: "DeploymentList", metadata: {}, items: [] }
          ),
          [`GET ${path}?limit=2&continue=x&resourceVersionMatch=Exact&resourceVersion=5&labelSelector=app%3Dweb`]
        ],
        [
          sent(Effect.flatMap(deployments, (_) =>
            _.create({ metadata: { name: "web" } }, { fieldManager: "me", dryRun: "All" }))),
          [`POST ${path}?fieldManager=me&dryRun=All`, "application/json", {
            apiVersion: "apps/v1",
            kind: "Deployment",
            metadata: { name: "web" }
          }]
        ],
        [
          sent(Effect.flatMap(deployments, (_) =>
            _.update({ metadata: { name: "web" } }, { fieldValidation: "Strict" }))),
          [`PUT ${path}/web?fieldValidation=Strict`, "application/json", {
            apiVersion: "apps/v1",
            kind: "Deployment",
            metadata: { name: "web" }
          }]
        ],
        [
          sent(Effect.flatMap(deployments, (_) =>
            _.updateStatus({ metadata: { name: "web" }, status: { replicas: 1 } }))),
          [`PUT ${path}/web/status`, "application/json", {
            apiVersion: "apps/v1",
            kind: "Deployment",
            metadata: { name: "web" },
            status: { replicas: 1 }
          }]
        ],
        [
          sent(Effect.flatMap(deployments, (_) =>
            _.patch("web", Patch.merge({ spec: { replicas: null } })))),
          [`PATCH ${path}/web`, "application/merge-patch+json", { spec: { replicas: null } }]
        ],
        [
          sent(Effect.flatMap(deployments, (_) =>
            _.patch("web", Patch.json([{ op: "remove", path: "/spec/paused" }])))),
          [`PATCH ${path}/web`, "application/json-patch+json", [{ op: "remove", path: "/spec/paused" }]]
        ],
        [
          sent(Effect.flatMap(deployments, (_) =>
            _.patch("web", Patch.strategic({ spec: { $retainKeys: ["replicas"] } })))),
          [`PATCH ${path}/web`, "application/strategic-merge-patch+json", { spec: { $retainKeys: ["replicas"] } }]
        ],
        [
          sent(
            Effect.flatMap(deployments, (_) =>
              _.apply({ metadata: { name: "web" }, spec: { replicas: 2 } }, { fieldManager: "me", force: true }))
          ),
          [`PATCH ${path}/web?fieldManager=me&force=true`, "application/apply-patch+yaml", {
            apiVersion: "apps/v1",
            kind: "Deployment",
            metadata: { name: "web" },
            spec: { replicas: 2 }
          }]
        ],
        [
          sent(
            Effect.flatMap(deployments, (_) =>
              _.patch("web", Patch.apply<Deployment>({ metadata: { name: "web" } }, { fieldManager: "me" })))
          ),
          [`PATCH ${path}/web?fieldManager=me`, "application/apply-patch+yaml", {
            apiVersion: "apps/v1",
            kind: "Deployment",
            metadata: { name: "web" }
          }]
        ],
        [
          sent(
            Effect.flatMap(deployments, (_) =>
              _.delete("web", {
                gracePeriodSeconds: 0,
                propagationPolicy: "Foreground",
                preconditions: { uid: "1" },
                dryRun: "All"
              })),
            { kind: "Status", apiVersion: "v1", status: "Success" }
          ),
          [`DELETE ${path}/web`, "application/json", {
            apiVersion: "v1",
            kind: "DeleteOptions",
            gracePeriodSeconds: 0,
            propagationPolicy: "Foreground",
            preconditions: { uid: "1" },
            dryRun: ["All"]
          }]
        ],
        [
          sent(
            Effect.flatMap(deployments, (_) =>
              _.deleteCollection({ labelSelector: "app in (web)" })),
            { kind: "Status", apiVersion: "v1", status: "Success" }
          ),
          [`DELETE ${path}?labelSelector=app%20in%20(web)`]
        ],
        [
          sent(
            Effect.flatMap(deployments, (_) =>
              _.subresource("scale").update("web", { spec: { replicas: 3 } })),
            { kind: "Scale", apiVersion: "autoscaling/v1" }
          ),
          [`PUT ${path}/web/scale`, "application/json", {
            apiVersion: "autoscaling/v1",
            kind: "Scale",
            spec: { replicas: 3 }
          }]
        ],
        [
          sent(
            Effect.flatMap(deployments, (_) =>
              _.subresource("scale").patch(
                "web",
                Patch.apply<Scale>({ metadata: { name: "web" }, spec: { replicas: 3 } }, { fieldManager: "me" })
              )),
            { kind: "Scale", apiVersion: "autoscaling/v1" }
          ),
          [`PATCH ${path}/web/scale?fieldManager=me`, "application/apply-patch+yaml", {
            apiVersion: "autoscaling/v1",
            kind: "Scale",
            metadata: { name: "web" },
            spec: { replicas: 3 }
          }]
        ],
        [
          sent(
            Effect.flatMap(ResourceClient.make(ServiceAccount, "default"), (_) =>
              _.subresource("token").create("robot", { spec: { audiences: ["a"] } })),
            { kind: "TokenRequest", apiVersion: "authentication.k8s.io/v1" }
          ),
          ["POST /api/v1/namespaces/default/serviceaccounts/robot/token", "application/json", {
            apiVersion: "authentication.k8s.io/v1",
            kind: "TokenRequest",
            spec: { audiences: ["a"] }
          }]
        ],
        [
          sent(
            Effect.flatMap(ResourceClient.make(Node), (_) =>
              _.get("node-0")),
            { apiVersion: "v1", kind: "Node", metadata: { name: "node-0" } }
          ),
          ["GET /api/v1/nodes/node-0"]
        ]
      ]
      for (const [call, wanted] of cases) {
        assert.deepStrictEqual(yield* call, wanted)
      }
    }))

  it.effect("puts objects where they say they live when it was made for all namespaces", () =>
    Effect.gen(function*() {
      const configMaps = ResourceClient.make(ConfigMap)
      const settings = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "settings", namespace: "a" } } as const
      const at = (call: Effect.Effect<unknown, unknown, RestClient.RestClient>) =>
        Effect.map(sent(call, settings), ([line]) => line)
      assert.strictEqual(
        yield* at(Effect.flatMap(configMaps, (_) => _.create({ metadata: { name: "settings", namespace: "a" } }))),
        "POST /api/v1/namespaces/a/configmaps"
      )
      assert.strictEqual(
        yield* at(Effect.flatMap(configMaps, (_) => _.update(settings))),
        "PUT /api/v1/namespaces/a/configmaps/settings"
      )
      const { provide, stub } = over([])
      const nowhere = yield* Effect.flip(
        provide(Effect.flatMap(configMaps, (_) => _.create({ metadata: { name: "x" } })))
      )
      assert.strictEqual(nowhere.reason._tag, "InvalidUrl")
      const nameless = yield* Effect.flip(provide(Effect.flatMap(deployments, (_) => _.update({}))))
      assert.include(nameless.message, "the Deployment has no metadata.name")
      for (const name of ["", "..", "a/b", "a%2fb"]) {
        assert.strictEqual(
          (yield* Effect.flip(provide(Effect.flatMap(deployments, (_) => _.get(name))))).reason._tag,
          "InvalidUrl"
        )
      }
      assert.deepStrictEqual(stub.sent, [])
    }))

  it.effect("says what came instead of what was asked for", () =>
    Effect.gen(function*() {
      const answers: ReadonlyArray<readonly [unknown, string]> = [
        [{ apiVersion: "v1", kind: "Pod" }, "expected a Deployment of apps/v1, got a Pod of v1"],
        [{ apiVersion: "apps/v1beta1", kind: "Deployment" }, "got a Deployment of apps/v1beta1"],
        [{}, "got an object without kind"],
        ["text", "got a string"]
      ]
      for (const [answer, description] of answers) {
        const { provide } = over([ok(answer)])
        const error = yield* Effect.flip(provide(Effect.flatMap(deployments, (_) => _.get("web"))))
        assert.strictEqual(error.reason._tag, "Decode")
        assert.include(error.message, description)
      }
      const { provide } = over([
        ok({ apiVersion: "apps/v1", kind: "DeploymentList", metadata: {}, items: [{ kind: "Pod" }] })
      ])
      const error = yield* Effect.flip(provide(Effect.flatMap(deployments, (_) => _.list())))
      assert.include(error.message, "expected a Deployment as every item, got a Pod of apps/v1")
    }))

  it.effect("fills in the type of listed items", () =>
    Effect.gen(function*() {
      const { provide } = over([ok({
        apiVersion: "apps/v1",
        kind: "DeploymentList",
        metadata: { resourceVersion: "9" },
        items: [{ metadata: meta, spec: { replicas: 1 } }]
      })])
      const list = yield* provide(Effect.flatMap(deployments, (_) => _.list()))
      assert.deepStrictEqual<ReadonlyArray<unknown>>(list.items, [web])
      assert.strictEqual(list.metadata.resourceVersion, "9")
    }))

  it.effect("gives out its collection as a value, with the selection in it", () =>
    Effect.gen(function*() {
      const { provide, stub } = over([ok({ apiVersion: "apps/v1", kind: "DeploymentList", metadata: {}, items: [] })])
      yield* provide(Effect.flatMap(deployments, (client) => {
        const half = "shardRange(object.metadata.uid, '0x0000000000000000', '0x8000000000000000')"
        const { collection, list } = client.listWatch({ labelSelector: { app: "web" }, shardSelector: half })
        assert.deepStrictEqual([collection.plural, collection.namespace], ["deployments", "default"])
        return Effect.andThen(list({ limit: 5 }), list({ labelSelector: { app: "other" } }))
      }))
      const queries = stub.sent.map(({ path }) => new URL(path, "https://stub").searchParams)
      assert.deepStrictEqual(queries.map((query) => query.get("labelSelector")), ["app=web", "app=web"])
      assert.isTrue(queries.every((query) => query.get("shardSelector")?.startsWith("shardRange(") === true))
    }))

  it.effect("reads a log as text and as bytes", () =>
    Effect.gen(function*() {
      const { provide, stub } = over([{ status: 200, headers: { "content-type": "text/plain" }, body: "one\ntwo\n" }])
      const text = yield* provide(Effect.flatMap(pods, (_) => _.log("web-0", { container: "web", tailLines: 2 })))
      assert.strictEqual(text, "one\ntwo\n")
      const bytes = yield* provide(
        Effect.flatMap(pods, (_) => Stream.mkString(Stream.decodeText(_.logBytes("web-0", { follow: true }))))
      )
      assert.strictEqual(bytes, text)
      assert.deepStrictEqual(stub.sent.map(({ path }) => path), [
        "/api/v1/namespaces/default/pods/web-0/log?container=web&tailLines=2",
        "/api/v1/namespaces/default/pods/web-0/log?follow=true"
      ])
      assert.strictEqual(stub.open.size, 0)
    }))

  it.effect("is the same under its name in the clientset", () =>
    Effect.gen(function*() {
      const { provide, stub } = over([ok(web)])
      yield* provide(Effect.gen(function*() {
        const clientset = yield* Clientset.make
        yield* clientset.appsV1.deployments("default").get("web")
        assert.strictEqual(clientset.storageV1.csiDrivers().resource.plural, "csidrivers")
      }))
      assert.strictEqual(stub.sent[0]?.path, `${path}/web`)
    }))
})
