import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as LabelSelector from "../../src/Machinery/LabelSelector.ts"
import * as Request from "../../src/Rest/Request.ts"

const server = "https://server:6443"
const core = { _tag: "Resource", group: "", version: "v1", plural: "pods" } as const
const apps = { _tag: "Resource", group: "apps", version: "v1", plural: "deployments" } as const

const get = (target: Request.Target, query?: Request.Request["query"]): Request.Request => ({
  method: "GET",
  verb: "get",
  target,
  query
})

const encoded = (request: Request.Request): string => {
  const result = Request.encode(request, server)
  return Result.isSuccess(result) ? result.success : result.failure.message
}

it("the core group lives under /api, all others under /apis", () => {
  assert.strictEqual(encoded(get(core)), "/api/v1/pods")
  assert.strictEqual(encoded(get(apps)), "/apis/apps/v1/deployments")
})

it("namespace, name, subresource and further segments stand in this order", () => {
  assert.strictEqual(
    encoded(get({ ...core, namespace: "ns", name: "web", subresource: "proxy", suffix: "metrics/cpu" })),
    "/api/v1/namespaces/ns/pods/web/proxy/metrics/cpu"
  )
  assert.strictEqual(
    encoded(
      get({ _tag: "Resource", group: "", version: "v1", plural: "namespaces", name: "ns", subresource: "finalize" })
    ),
    "/api/v1/namespaces/ns/finalize"
  )
})

it("an empty namespace lists all namespaces", () => {
  assert.strictEqual(encoded(get({ ...core, namespace: "" })), "/api/v1/pods")
})

it("a name or a create without the namespace of a namespaced kind is refused", () => {
  assert.strictEqual(
    encoded(get({ ...core, namespace: "", name: "web" })),
    "InvalidUrl: get https://server:6443/api/v1/pods/web: an empty namespace may not be set when a resource name is provided"
  )
  assert.include(
    encoded({ ...get({ ...core, namespace: "" }), method: "POST", verb: "create" }),
    "an empty namespace may not be set during creation"
  )
})

it("segments that would change the path are refused", () => {
  for (
    const [text, why] of [["", "may not be empty"], [".", "may not be '.'"], ["..", "may not be '..'"], [
      "a/b",
      "may not contain '/'"
    ], ["a%2fb", "may not contain '%'"]] as const
  ) {
    assert.include(encoded(get({ ...core, namespace: "ns", name: text })), why)
    assert.include(encoded(get({ ...core, namespace: "ns", name: "web", subresource: text })), why)
    assert.include(encoded(get({ ...core, plural: text })), why)
    if (text !== "") assert.include(encoded(get({ ...core, namespace: text })), why)
  }
  assert.include(encoded(get({ ...core, namespace: "ns", name: "web", suffix: "a/../b" })), "may not be '.' or '..'")
})

it("names keep what a path may hold and escape the rest", () => {
  assert.strictEqual(
    encoded(
      get({
        _tag: "Resource",
        group: "rbac.authorization.k8s.io",
        version: "v1",
        plural: "clusterroles",
        name: "system:node"
      })
    ),
    "/apis/rbac.authorization.k8s.io/v1/clusterroles/system:node"
  )
  assert.strictEqual(
    encoded(get({ ...core, namespace: "ns", name: "a b?c#d" })),
    "/api/v1/namespaces/ns/pods/a%20b%3Fc%23d"
  )
  assert.strictEqual(encoded(get({ ...core, namespace: "ns", name: "\ud800" })), "/api/v1/namespaces/ns/pods/%EF%BF%BD")
})

it("other paths begin with a slash, keep their query, and hold nothing that ends a request line", () => {
  assert.strictEqual(
    encoded(get({ _tag: "Path", path: "/openapi/v3?hash=1" }, [["timeout", "32s"]])),
    "/openapi/v3?hash=1&timeout=32s"
  )
  assert.include(encoded(get({ _tag: "Path", path: "healthz" })), "a path begins with '/'")
  assert.include(encoded(get({ _tag: "Path", path: "/a b" })), "a path may not contain")
  assert.include(encoded(get({ _tag: "Path", path: "/a\r\nHost: evil" })), "a path may not contain")
})

it("options become parameters under their JSON names, and zero values stay away", () => {
  assert.deepStrictEqual(Request.query(undefined), [])
  assert.deepStrictEqual(
    Request.query({
      resourceVersion: "",
      limit: 0,
      continue: undefined,
      timeoutSeconds: 0,
      allowWatchBookmarks: false,
      sendInitialEvents: false,
      force: false,
      fieldManager: "me",
      dryRun: "All"
    }),
    [["timeoutSeconds", "0"], ["sendInitialEvents", "false"], ["force", "false"], ["fieldManager", "me"], [
      "dryRun",
      "All"
    ]]
  )
})

it("selectors are printed in every form they may take", () => {
  assert.deepStrictEqual(Request.query({ labelSelector: "a in (b)", fieldSelector: "metadata.name=x" }), [
    ["labelSelector", "a in (b)"],
    ["fieldSelector", "metadata.name=x"]
  ])
  assert.deepStrictEqual(
    Request.query({ labelSelector: { app: "web", tier: "x" }, fieldSelector: { "status.phase": "Running" } }),
    [
      ["labelSelector", "app=web,tier=x"],
      ["fieldSelector", "status.phase=Running"]
    ]
  )
  assert.deepStrictEqual(
    Request.query({ labelSelector: { matchExpressions: [{ key: "a", operator: "In", values: ["c", "b"] }] } }),
    [["labelSelector", "a in (b,c)"]]
  )
  assert.deepStrictEqual(Request.query({ labelSelector: {}, fieldSelector: "" }), [])
})

it("a selector that cannot be printed fails the request before it is sent", () => {
  assert.include(encoded(get(core, Request.query({ labelSelector: { app: "a,b" } }))), "InvalidUrl")
  assert.include(encoded(get(core, Request.query({ labelSelector: LabelSelector.nothing }))), "selects no object")
})

it("spans and metrics see a path without values", () => {
  assert.strictEqual(
    Request.template(get({ ...apps, namespace: "ns", name: "web", subresource: "scale" })),
    "/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale"
  )
  assert.strictEqual(
    Request.template(get({ _tag: "Path", path: "/apis/apps/v1/namespaces/secret-name" })),
    "/apis/apps/v1"
  )
  assert.strictEqual(Request.template(get({ _tag: "Path", path: "/healthz?verbose" })), "/healthz")
})

it.effect.prop(
  "any text comes back from a query as it went in",
  [Schema.String, Schema.String],
  ([name, value]) =>
    Effect.sync(() => {
      const url = new URL(`${server}${encoded(get(core, [[`k${name}`, value]]))}`)
      assert.strictEqual(url.searchParams.get(`k${name.toWellFormed()}`), value.toWellFormed())
    })
)

it.effect.prop(
  "any name either is one segment of the path or is refused",
  [Schema.String],
  ([name]) =>
    Effect.sync(() => {
      const result = Request.encode(get({ ...core, namespace: "ns", name }), server)
      if (Result.isFailure(result)) {
        assert.isTrue(name === "" || name === "." || name === ".." || name.includes("/") || name.includes("%"))
      } else {
        const segments = new URL(`${server}${result.success}`).pathname.split("/")
        assert.strictEqual(segments.length, 7)
        assert.strictEqual(decodeURIComponent(segments[6] ?? ""), name.toWellFormed())
      }
    })
)
