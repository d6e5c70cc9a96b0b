import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as DiscoveryClient from "../../src/Discovery/DiscoveryClient.ts"
import * as StubTransport from "../Rest/stubTransport.ts"
import * as apiServer from "./apiServer.ts"

const core = apiServer.group("", {
  v1: [
    apiServer.resource("Pod", {
      shortNames: ["po"],
      categories: ["all"],
      subresources: [
        { subresource: "log", responseKind: { group: "", version: "v1", kind: "Pod" }, verbs: ["get"] },
        {
          subresource: "eviction",
          responseKind: { group: "policy", version: "v1", kind: "Eviction" },
          verbs: ["create"]
        },
        { subresource: "odd", verbs: ["get"] }
      ]
    }),
    {
      resource: "ghosts",
      scope: "Cluster",
      verbs: null,
      subresources: [
        { subresource: "status", responseKind: { group: "", version: "v1", kind: "Ghost" }, verbs: ["get"] }
      ]
    }
  ]
})
const apps = apiServer.group("apps", {
  v1: [apiServer.resource("Deployment")],
  v1beta1: [apiServer.resource("Deployment")]
})

const list = (groupVersion: string, ...names: ReadonlyArray<string>) =>
  apiServer.json({
    kind: "APIResourceList",
    groupVersion,
    resources: names.map((name) => ({ name, singularName: "", namespaced: true, kind: "K", verbs: ["get"] }))
  })

describe("DiscoveryClient", () => {
  it.effect("reads everything from two aggregated documents, whose subresources become names with a slash", () =>
    Effect.gen(function*() {
      const stub = apiServer.make({ "/api": apiServer.aggregated(core), "/apis": apiServer.aggregated(apps) })
      const all = yield* DiscoveryClient.make(yield* apiServer.rest(stub)).all
      assert.deepStrictEqual(apiServer.paths(stub), ["/api", "/apis"])
      assert.deepStrictEqual(StubTransport.values(stub.sent[0], "accept"), [
        "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
        + "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json"
      ])
      assert.deepStrictEqual(all.groups, [
        {
          name: "",
          versions: [{ groupVersion: "v1", version: "v1" }],
          preferredVersion: { groupVersion: "v1", version: "v1" }
        },
        {
          name: "apps",
          versions: [{ groupVersion: "apps/v1", version: "v1" }, { groupVersion: "apps/v1beta1", version: "v1beta1" }],
          preferredVersion: { groupVersion: "apps/v1", version: "v1" }
        }
      ])
      assert.deepStrictEqual(all.failures, [])
      assert.deepStrictEqual(
        all.lists.map(({ groupVersion, resources }) => [groupVersion, resources.map(({ name }) => name)]),
        [
          ["v1", ["pods", "pods/log", "pods/eviction", "ghosts/status"]],
          ["apps/v1", ["deployments"]],
          ["apps/v1beta1", ["deployments"]]
        ]
      )
      assert.deepStrictEqual(all.lists[0]?.resources[2], {
        name: "pods/eviction",
        namespaced: true,
        singularName: "pod",
        group: "policy",
        version: "v1",
        kind: "Eviction",
        verbs: ["create"]
      })
    }))

  it.effect("tells a stale group version apart and prefers the first that is not", () =>
    Effect.gen(function*() {
      const metrics = apiServer.group("metrics.k8s.io", { v1: "Stale", v1beta1: [apiServer.resource("PodMetric")] })
      const stub = apiServer.make({ "/api": apiServer.aggregated(core), "/apis": apiServer.aggregated(metrics) })
      const all = yield* DiscoveryClient.make(yield* apiServer.rest(stub)).all
      assert.deepStrictEqual(all.failures, [{ groupVersion: "metrics.k8s.io/v1", reason: "Stale" }])
      assert.strictEqual(all.groups[1]?.preferredVersion?.version, "v1beta1")
      assert.strictEqual(apiServer.paths(stub).length, 4, "a second try")
    }))

  it.effect("asks each group version of a server that knows only the old form, and keeps what fails apart", () =>
    Effect.gen(function*() {
      const stub = apiServer.make({
        "/api": apiServer.json({ kind: "APIVersions", versions: ["v1"] }),
        "/apis": apiServer.json({
          kind: "APIGroupList",
          groups: [
            { name: "apps", versions: [{ groupVersion: "apps/v1", version: "v1" }] },
            {
              name: "down.example.com",
              versions: [{ groupVersion: "down.example.com/v1", version: "v1" }]
            },
            { name: "empty.example.com", versions: null }
          ]
        }),
        "/api/v1": list("v1", "pods", "pods/log"),
        "/apis/apps/v1": list("apps/v1", "deployments"),
        "/apis/down.example.com/v1": { status: 503 }
      })
      const all = yield* DiscoveryClient.make(yield* apiServer.rest(stub)).all
      assert.deepStrictEqual(all.groups.map(({ name }) => name), ["", "apps", "down.example.com", "empty.example.com"])
      assert.deepStrictEqual(all.lists.map(({ groupVersion }) => groupVersion), ["v1", "apps/v1"])
      const [failure] = all.failures
      assert.strictEqual(failure?.groupVersion, "down.example.com/v1")
      assert.isTrue(typeof failure?.reason === "object" && failure.reason.reason._tag === "ServiceUnavailable")
    }))

  it.effect("mends in a second try what came up in the meantime", () =>
    Effect.gen(function*() {
      let asked = 0
      const stub = apiServer.make({
        "/api": apiServer.json({ versions: [] }),
        "/apis": apiServer.json({ groups: [{ name: "apps", versions: [{ groupVersion: "apps/v1", version: "v1" }] }] }),
        "/apis/apps/v1": () => asked++ === 0 ? { status: 503 } : list("apps/v1", "deployments")
      })
      const all = yield* DiscoveryClient.make(yield* apiServer.rest(stub)).all
      assert.deepStrictEqual(all.failures, [])
      assert.strictEqual(all.lists.length, 1)
    }))

  it.effect("takes no resources from one aggregated document beside an old one", () =>
    Effect.gen(function*() {
      const stub = apiServer.make({
        "/api": apiServer.aggregated(core),
        "/apis": apiServer.json({ groups: [] }),
        "/api/v1": list("v1", "pods")
      })
      const all = yield* DiscoveryClient.make(yield* apiServer.rest(stub)).all
      assert.deepStrictEqual(all.lists.map(({ resources }) => resources.map(({ name }) => name)), [["pods"]])
    }))

  it.effect("does without a core group, but not without the others", () =>
    Effect.gen(function*() {
      const partial = apiServer.make({ "/apis": apiServer.aggregated(apps) })
      const all = yield* DiscoveryClient.make(yield* apiServer.rest(partial)).all
      assert.deepStrictEqual(all.groups.map(({ name }) => name), ["apps"])
      assert.strictEqual(all.lists.length, 2)
      const broken = apiServer.make({ "/api": apiServer.aggregated(core) })
      const error = yield* Effect.flip(DiscoveryClient.make(yield* apiServer.rest(broken)).all)
      assert.strictEqual(error.reason._tag, "NotFound")
    }))

  it.effect("asks for the old form alone, or for one server alone, where told to", () =>
    Effect.gen(function*() {
      const stub = apiServer.make({ "/apis": apiServer.json({ groups: [] }) })
      const rest = yield* apiServer.rest(stub)
      yield* DiscoveryClient.make(rest, { isLegacy: true }).groups
      assert.deepStrictEqual(StubTransport.values(stub.sent[0], "accept"), ["application/json"])
      yield* DiscoveryClient.make(rest, { isWithoutPeers: true }).groups
      const [accept] = StubTransport.values(stub.sent[2], "accept")
      assert.match(
        String(accept),
        /^application\/json;g=apidiscovery\.k8s\.io;v=v2;as=APIGroupDiscoveryList;profile=nopeer,/
      )
    }))

  it.effect("says what is wrong with a document, and where", () =>
    Effect.gen(function*() {
      const cases: ReadonlyArray<readonly [StubTransport.Answer, string]> = [
        [
          { status: 200, body: "<html>" },
          "get https://stub:6443/apis: the discovery document is not understood: Unexpected token"
        ],
        [apiServer.json({ groups: [{ name: 7 }] }), `["groups"][0]["name"]`],
        [apiServer.json({ groups: [{ name: "apps", versions: ["v1"] }] }), `["groups"][0]["versions"][0]`],
        [apiServer.json([]), "the discovery document is not understood"],
        [
          apiServer.aggregated({
            metadata: { name: "apps" },
            versions: [{ version: "v1", resources: [{ resource: 7 }] }]
          }),
          `["resource"]`
        ]
      ]
      for (const [answer, text] of cases) {
        const stub = apiServer.make({ "/apis": answer })
        const error = yield* Effect.flip(DiscoveryClient.make(yield* apiServer.rest(stub)).all)
        assert.strictEqual(error.reason._tag, "Decode")
        assert.include(error.message, text)
      }
    }))

  it.effect("gives up a request after 32 seconds", () =>
    Effect.gen(function*() {
      const stub = apiServer.make({ "/version": { status: 200, body: Stream.never } })
      const rest = yield* apiServer.rest({
        ...stub,
        transport: { ...stub.transport, execute: () => Effect.never }
      })
      const fiber = yield* Effect.forkChild(Effect.flip(DiscoveryClient.make(rest).version))
      yield* TestClock.adjust("31 seconds")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 second")
      assert.include((yield* Fiber.join(fiber)).message, "no answer within 32s")
    }))

  it("knows aggregated discovery by the parameters of its type, in any order", () => {
    for (
      const type of [
        "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
        "application/json; as=APIGroupDiscoveryList;v=v2beta1;g=apidiscovery.k8s.io;charset=utf-8",
        "application/json;g=\"apidiscovery.k8s.io\"; v=v2 ;as=APIGroupDiscoveryList;profile=nopeer"
      ]
    ) assert.isTrue(DiscoveryClient.isAggregated(type), type)
    for (
      const type of [
        "application/json",
        "application/json; charset=UTF-8",
        "application/json;g=apidiscovery.k8s.io;v=v3;as=APIGroupDiscoveryList",
        "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupList",
        "text/plain;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
        ";;=",
        ""
      ]
    ) assert.isFalse(DiscoveryClient.isAggregated(type), type)
  })
})
