import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import type { Scale } from "../../src/Api/autoscaling/v1.ts"
import { Node, Pod } from "../../src/Api/core/v1.ts"
import * as DiscoveryClient from "../../src/Discovery/DiscoveryClient.ts"
import * as RestMapper from "../../src/Discovery/RestMapper.ts"
import * as DynamicClient from "../../src/Dynamic/DynamicClient.ts"
import * as MetadataClient from "../../src/Dynamic/MetadataClient.ts"
import * as ScaleClient from "../../src/Dynamic/ScaleClient.ts"
import * as Patch from "../../src/Machinery/Patch.ts"
import * as RestClient from "../../src/Rest/RestClient.ts"
import * as Transport from "../../src/Rest/Transport.ts"
import * as apiServer from "../Discovery/apiServer.ts"
import * as StubTransport from "../Rest/stubTransport.ts"

const scale = {
  subresource: "scale",
  responseKind: { group: "autoscaling", version: "v1", kind: "Scale" },
  verbs: ["get"]
}
const group = "demo.example.com"
const discovery = {
  "/api": apiServer.aggregated(apiServer.group("", { v1: [apiServer.resource("Pod")] })),
  "/apis": apiServer.aggregated(
    apiServer.group(group, {
      v1: [
        apiServer.resource("Website", { subresources: [scale] }),
        { ...apiServer.resource("Domain"), scope: "Cluster" }
      ],
      v1beta1: [apiServer.resource("Website")]
    })
  )
}

const website = {
  apiVersion: `${group}/v1`,
  kind: "Website",
  metadata: {
    name: "shop",
    namespace: "default",
    uid: "1",
    resourceVersion: "7",
    creationTimestamp: "2026-01-02T03:04:05Z"
  },
  spec: { image: "shop:1" }
}

const run = <A, E>(
  routes: { readonly [path: string]: StubTransport.Answer },
  effect: Effect.Effect<A, E, DynamicClient.DynamicClient | MetadataClient.MetadataClient | ScaleClient.ScaleClient>
) => {
  const stub = apiServer.make({ ...discovery, ...routes })
  const layer = Layer.mergeAll(DynamicClient.layer, MetadataClient.layer, ScaleClient.layer).pipe(
    Layer.provide(RestMapper.layer),
    Layer.provide(DiscoveryClient.layer),
    Layer.provide(RestClient.layer),
    Layer.provide(Layer.succeed(Transport.Transport, stub.transport))
  )
  return Effect.map(Effect.provide(effect, layer), (result) => ({ result, stub }))
}

const shop = `/apis/${group}/v1/namespaces/default/websites/shop`

describe("DynamicClient", () => {
  it.effect("finds the resource of an object, of a kind, and of a kind in a version", () =>
    Effect.gen(function*() {
      const { result } = yield* run(
        { [shop]: apiServer.json(website) },
        Effect.gen(function*() {
          const dynamic = yield* DynamicClient.DynamicClient
          const read = yield* (yield* dynamic.object(website)).get("shop")
          const domains = yield* dynamic.kind({ group, kind: "Domain" }, "ignored")
          const older = yield* dynamic.kind({ group, kind: "Website", version: "v1beta1" })
          const none = yield* Effect.flip(dynamic.object({ ...website, kind: "Nothing" }))
          const malformed = yield* Effect.flip(dynamic.object({ ...website, apiVersion: "a/b/c" }))
          return [read, domains.resource.scope, older.resource.version, none._tag, malformed._tag]
        })
      )
      assert.deepStrictEqual(result, [website, "Cluster", "v1beta1", "DiscoveryError", "ParseError"])
    }))

  it.effect("asks nothing of discovery where the path is known, and takes types from what comes", () =>
    Effect.gen(function*() {
      const { apiVersion: _, kind: _2, ...untyped } = website
      const { result, stub } = yield* run(
        {
          [shop]: apiServer.json(website),
          [`/apis/${group}/v1/websites`]: apiServer.json({
            apiVersion: `${group}/v1`,
            kind: "WebsiteList",
            metadata: {},
            items: [untyped]
          }),
          [`/apis/${group}/v1/domains/a`]: apiServer.json({ ...website, kind: "Domain" })
        },
        Effect.gen(function*() {
          const dynamic = yield* DynamicClient.DynamicClient
          const resource = { group, version: "v1", resource: "websites" }
          const one = yield* dynamic.namespaced(resource, "default").get("shop")
          const list = yield* dynamic.namespaced(resource).list()
          const domain = yield* dynamic.clusterScoped({ ...resource, resource: "domains" }).get("a")
          return [one.kind, list.items[0]?.kind, domain.kind]
        })
      )
      assert.deepStrictEqual(result, ["Website", "Website", "Domain"])
      assert.isFalse(apiServer.paths(stub).includes("/apis"))
    }))

  it.effect("sends objects as they are", () =>
    Effect.gen(function*() {
      const { stub } = yield* run(
        { [shop]: apiServer.json(website), [`${shop}/status`]: apiServer.json(website) },
        Effect.gen(function*() {
          const dynamic = yield* DynamicClient.DynamicClient
          const client = dynamic.namespaced({ group, version: "v1", resource: "websites" }, "default")
          yield* client.update({ ...website, odd: { at: [1] } })
          yield* client.subresource("status").update("shop", { ...website, status: { ok: true } })
          yield* client.patch("shop", Patch.merge({ odd: null }))
        })
      )
      assert.deepStrictEqual(stub.sent.map(({ body, method, path }) => [method, path, JSON.parse(String(body))]), [
        ["PUT", shop, { ...website, odd: { at: [1] } }],
        ["PUT", `${shop}/status`, { ...website, status: { ok: true } }],
        ["PATCH", shop, { odd: null }]
      ])
    }))

  it.effect("refuses segments that would leave the path", () =>
    Effect.gen(function*() {
      const { stub } = yield* run(
        {},
        Effect.gen(function*() {
          const dynamic = yield* DynamicClient.DynamicClient
          const resource = { group, version: "v1", resource: "websites" }
          for (const bad of ["..", ".", "a/b", "a%2f"]) {
            for (
              const client of [
                dynamic.namespaced(resource, bad),
                dynamic.namespaced({ ...resource, resource: bad }, "default"),
                dynamic.namespaced({ ...resource, group: bad }, "default"),
                dynamic.namespaced({ ...resource, version: bad }, "default")
              ]
            ) assert.strictEqual((yield* Effect.flip(client.get("shop"))).reason._tag, "InvalidUrl", bad)
          }
        })
      )
      assert.deepStrictEqual(stub.sent, [])
    }))
})

describe("MetadataClient", () => {
  it.effect("asks for metadata alone in every verb, and gives a ListWatch of it", () =>
    Effect.gen(function*() {
      const partial = { apiVersion: "meta.k8s.io/v1", kind: "PartialObjectMetadata", metadata: website.metadata }
      const path = "/api/v1/namespaces/default/pods"
      const { stub } = yield* run(
        {
          [`${path}/shop`]: apiServer.json(partial),
          [path]: apiServer.json({
            apiVersion: "meta.k8s.io/v1",
            kind: "PartialObjectMetadataList",
            metadata: {},
            items: [partial]
          }),
          [`${path}?watch=true`]: {
            status: 200,
            body: Stream.make(new TextEncoder().encode(`${JSON.stringify({ type: "ADDED", object: partial })}\n`))
          }
        },
        Effect.gen(function*() {
          const client = (yield* MetadataClient.MetadataClient).resource(Pod, "default")
          assert.deepStrictEqual<unknown>(yield* client.get("shop"), partial)
          assert.deepStrictEqual<unknown>((yield* client.list()).items, [partial])
          const events = yield* Stream.runCollect(client.listWatch().watch({}))
          assert.deepStrictEqual<unknown>(events, [{ type: "ADDED", object: partial }])
          yield* client.patch("shop", Patch.merge({ metadata: { labels: { a: "b" } } }))
          yield* client.delete("shop")
          assert.strictEqual(client.listWatch().collection.kind, "Pod")
        })
      )
      const one = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
      const list = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
      assert.deepStrictEqual(
        stub.sent.map((request) => [request.method, StubTransport.values(request, "accept")[0]]),
        [["GET", one], ["GET", list], ["GET", one], ["PATCH", one], ["DELETE", one]]
      )
    }))

  it.effect("says when a server does not know metadata alone", () =>
    Effect.gen(function*() {
      const { result } = yield* run(
        { "/api/v1/nodes/shop": apiServer.json({ ...website, apiVersion: "v1", kind: "Node" }) },
        Effect.flatMap(MetadataClient.MetadataClient, (client) => Effect.flip(client.resource(Node).get("shop")))
      )
      assert.include(result.message, "expected a PartialObjectMetadata of meta.k8s.io/v1, got a Node of v1")
    }))
})

describe("ScaleClient", () => {
  it.effect("reads and sets the scale of what discovery says is scalable", () =>
    Effect.gen(function*() {
      const answer: Scale = {
        apiVersion: "autoscaling/v1",
        kind: "Scale",
        metadata: { name: "shop" },
        spec: { replicas: 1 }
      }
      const { result, stub } = yield* run(
        { [`${shop}/scale`]: apiServer.json(answer) },
        Effect.gen(function*() {
          const scales = yield* ScaleClient.ScaleClient
          const ref = { resource: "website", namespace: "default", name: "shop" }
          yield* scales.get(ref)
          yield* scales.update(ref, { metadata: { name: "shop" }, spec: { replicas: 2 } })
          yield* scales.patch(ref, Patch.merge<Scale>({ spec: { replicas: 3 } }))
          const unscalable = yield* Effect.flip(scales.get({ ...ref, resource: "pods" }))
          const unknown = yield* Effect.flip(scales.get({ ...ref, resource: "nothings" }))
          return [unscalable.message, unknown.reason._tag]
        })
      )
      assert.deepStrictEqual(result, ["NotScalable: /v1, Resource=pods has no scale subresource", "NoResourceMatch"])
      assert.deepStrictEqual(
        stub.sent.filter(({ path }) => path.endsWith("/scale")).map(({ body, method }) => [
          method,
          body === undefined ? undefined : JSON.parse(String(body))
        ]),
        [
          ["GET", undefined],
          ["PUT", { apiVersion: "autoscaling/v1", kind: "Scale", metadata: { name: "shop" }, spec: { replicas: 2 } }],
          ["PATCH", { spec: { replicas: 3 } }]
        ]
      )
    }))
})
