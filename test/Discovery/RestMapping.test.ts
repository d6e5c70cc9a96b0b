import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import type { APIResource } from "../../src/Api/meta/v1.ts"
import type { DiscoveryError } from "../../src/Discovery/DiscoveryError.ts"
import type { DynamicResource } from "../../src/Discovery/DynamicResource.ts"
import * as RestMapping from "../../src/Discovery/RestMapping.ts"
import * as ServerResources from "../../src/Discovery/ServerResources.ts"

const resource = (kind: string, name: string, extra: Partial<APIResource> = {}): APIResource => ({
  name,
  kind,
  singularName: kind.toLowerCase(),
  namespaced: true,
  verbs: ["get", "list"],
  ...extra
})

const served = (
  groups: { readonly [group: string]: { readonly [version: string]: ReadonlyArray<APIResource> } },
  preferred: { readonly [group: string]: string } = {},
  failures: ReadonlyArray<string> = []
): ServerResources.ServerResources => {
  const named = (group: string, version: string) => group === "" ? version : `${group}/${version}`
  return {
    groups: Object.entries(groups).map(([name, its]) => {
      const versions = Object.keys(its).map((version) => ({ groupVersion: named(name, version), version }))
      const preferredVersion = versions.find(({ version }) => version === preferred[name]) ?? versions[0]
      return { name, versions, ...(preferredVersion === undefined ? {} : { preferredVersion }) }
    }),
    lists: Object.entries(groups).flatMap(([name, its]) =>
      Object.entries(its).map(([version, resources]) => ({ groupVersion: named(name, version), resources }))
    ),
    failures: failures.map((groupVersion) => ({ groupVersion, reason: "Stale" as const }))
  }
}

const deployments = resource("Deployment", "deployments", { shortNames: ["deploy"], categories: ["all"] })

const all = served(
  {
    apps: {
      v1: [deployments, resource("Scale", "deployments/scale", { group: "autoscaling", version: "v1" })],
      v1beta1: [deployments]
    },
    extensions: { v1beta1: [deployments, resource("Ingress", "ingresses")] },
    "": {
      v1: [
        resource("Pod", "pods", { shortNames: ["po"], categories: ["all"] }),
        resource("Event", "events", { shortNames: ["ev"] }),
        resource("Endpoints", "endpoints", { singularName: "endpoints" }),
        resource("Node", "nodes", { namespaced: false, singularName: "" })
      ]
    },
    "events.k8s.io": { v1: [resource("Event", "events", { shortNames: ["ev"] })] },
    "storage.k8s.io": { v1: [resource("StorageClass", "storageclasses", { namespaced: false, shortNames: ["sc"] })] },
    "demo.example.com": {
      v1alpha1: [resource("Website", "websites", { shortNames: ["ws"] }), resource("Old", "olds")],
      v1: [resource("Website", "websites", { shortNames: ["ws"] })]
    },
    "odd.example.com": {
      v1: [
        resource("Metric", "pod-metrics"),
        resource("Metric", "node-metrics"),
        resource("X", "y"),
        resource("Y", "x", { singularName: "y" })
      ]
    }
  },
  { "demo.example.com": "v1" },
  ["metrics.k8s.io/v1"]
)

const mapping = RestMapping.make(all)

const name = ({ group, kind, plural, version }: DynamicResource) => `${group}/${version} ${plural} ${kind}`
const shown = (result: Result.Result<DynamicResource, DiscoveryError>): string =>
  Result.match(result, { onSuccess: name, onFailure: (error) => error.message })

describe("RestMapping", () => {
  it("finds the resource that a plural, a singular, a short name or part of it means", () => {
    const cases: ReadonlyArray<readonly [RestMapping.PartialResource, string]> = [
      [{ resource: "pods" }, "/v1 pods Pod"],
      [{ resource: "Pod" }, "/v1 pods Pod"],
      [{ resource: "po" }, "/v1 pods Pod"],
      [{ resource: "node" }, "/v1 nodes Node"],
      [{ resource: "endpoints" }, "/v1 endpoints Endpoints"],
      [{ resource: "deploy" }, "apps/v1 deployments Deployment"],
      [{ resource: "deployments", group: "extensions" }, "extensions/v1beta1 deployments Deployment"],
      [{ resource: "deploy", group: "apps", version: "v1beta1" }, "apps/v1beta1 deployments Deployment"],
      [{ resource: "deployments", version: "v1beta1" }, "apps/v1beta1 deployments Deployment"],
      [{ resource: "storageclasses", group: "storage" }, "storage.k8s.io/v1 storageclasses StorageClass"],
      [{ resource: "sc", group: "storage" }, "storage.k8s.io/v1 storageclasses StorageClass"],
      [{ resource: "events" }, "/v1 events Event"],
      [{ resource: "events", group: "events.k8s.io" }, "events.k8s.io/v1 events Event"],
      [{ resource: "websites" }, "demo.example.com/v1 websites Website"],
      [{ resource: "olds" }, "demo.example.com/v1alpha1 olds Old"],
      [
        { resource: "nothings" },
        `NoResourceMatch: the server has no resource type "nothings" (and could not be asked for metrics.k8s.io/v1)`
      ],
      [
        { resource: "pods", group: "nobody", version: "v1" },
        `NoResourceMatch: the server has no resource type "pods.v1.nobody" (and could not be asked for metrics.k8s.io/v1)`
      ],
      [
        { resource: "y", group: "odd.example.com" },
        `AmbiguousResource: "y" matches multiple resources: odd.example.com/v1, Resource=y; odd.example.com/v1, Resource=x`
      ]
    ]
    for (const [partial, wanted] of cases) {
      assert.strictEqual(shown(RestMapping.resourceFor(mapping, partial)), wanted, JSON.stringify(partial))
    }
  })

  it("lists all that a name may mean, the preferred one first", () => {
    const found = Result.getOrThrow(RestMapping.resourcesFor(mapping, { resource: "deployments" }))
    assert.deepStrictEqual(found.map(({ group, version }) => `${group}/${version}`), [
      "apps/v1",
      "apps/v1beta1",
      "extensions/v1beta1"
    ])
  })

  it("maps a kind to its resource: in the versions asked for, or the preferred one", () => {
    const demo = { group: "demo.example.com", kind: "Website" }
    const cases: ReadonlyArray<readonly [Parameters<typeof RestMapping.mapping>[1], ReadonlyArray<string>, string]> = [
      [demo, [], "demo.example.com/v1 websites Website"],
      [demo, ["v1alpha1"], "demo.example.com/v1alpha1 websites Website"],
      [demo, ["v2", "v1alpha1", "v1"], "demo.example.com/v1alpha1 websites Website"],
      [{ ...demo, kind: "website" }, [], "demo.example.com/v1 websites Website"],
      [{ ...demo, kind: "Old" }, [], "demo.example.com/v1alpha1 olds Old"],
      [
        demo,
        ["v2"],
        `NoKindMatch: no matches for kind "Website" in version "demo.example.com/v2"; there is one in demo.example.com/v1, demo.example.com/v1alpha1 (and could not be asked for metrics.k8s.io/v1)`
      ],
      [
        { group: "", kind: "Old" },
        [],
        `NoKindMatch: no matches for kind "Old" in group ""; there is one in demo.example.com/v1alpha1 (and could not be asked for metrics.k8s.io/v1)`
      ],
      [
        { group: "", kind: "Nothing" },
        [],
        `NoKindMatch: no matches for kind "Nothing" in group "" (and could not be asked for metrics.k8s.io/v1)`
      ],
      [
        { group: "odd.example.com", kind: "Metric" },
        [],
        `AmbiguousKind: kind "Metric" of group "odd.example.com" matches multiple resources: odd.example.com/v1, Resource=pod-metrics; odd.example.com/v1, Resource=node-metrics`
      ]
    ]
    for (const [kind, versions, wanted] of cases) {
      assert.strictEqual(shown(RestMapping.mapping(mapping, kind, versions)), wanted)
    }
  })

  it("maps every resource to its kind and back", () => {
    for (const resource of mapping.resources.filter(({ group }) => group !== "odd.example.com")) {
      const { group, kind, plural, version } = resource
      assert.strictEqual(shown(RestMapping.mapping(mapping, { group, kind }, [version])), name(resource))
      assert.strictEqual(
        shown(RestMapping.resourceFor(mapping, { resource: plural, ...(group === "" ? {} : { group }), version })),
        name(resource)
      )
    }
  })

  it("reads what a user types as kubectl does", () => {
    const cases: ReadonlyArray<readonly [string, string]> = [
      ["deploy", "apps/v1 deployments Deployment"],
      ["deployments.extensions", "extensions/v1beta1 deployments Deployment"],
      ["deployments.v1beta1.apps", "apps/v1beta1 deployments Deployment"],
      ["Deployment.v1beta1.apps", "apps/v1beta1 deployments Deployment"],
      ["Website.demo.example.com", "demo.example.com/v1 websites Website"],
      ["Website", "demo.example.com/v1 websites Website"],
      ["ws.v1alpha1.demo.example.com", "demo.example.com/v1alpha1 websites Website"],
      [
        "y.odd.example.com",
        `AmbiguousResource: "y" matches multiple resources: odd.example.com/v1, Resource=y; odd.example.com/v1, Resource=x`
      ],
      ["", `NoResourceMatch: the server has no resource type "" (and could not be asked for metrics.k8s.io/v1)`],
      ["...", `NoResourceMatch: the server has no resource type "..." (and could not be asked for metrics.k8s.io/v1)`]
    ]
    for (const [text, wanted] of cases) assert.strictEqual(shown(RestMapping.find(mapping, text)), wanted, text)
  })

  it("knows scope, subresources, categories, and whom a short name hides", () => {
    const found = Result.getOrThrow(RestMapping.resourceFor(mapping, { resource: "deploy" }))
    assert.deepStrictEqual([found.scope, found.listKind], ["Namespaced", ""])
    assert.deepStrictEqual(found.subresources["scale"], {
      verbs: ["get", "list"],
      group: "autoscaling",
      version: "v1",
      kind: "Scale"
    })
    assert.deepStrictEqual(RestMapping.category(mapping, "all"), [
      { group: "", resource: "pods" },
      { group: "apps", resource: "deployments" },
      { group: "extensions", resource: "deployments" }
    ])
    assert.deepStrictEqual(RestMapping.category(mapping, "none"), [])
    const events = Result.getOrThrow(RestMapping.resourceFor(mapping, { resource: "ev" }))
    assert.deepStrictEqual(RestMapping.shadowed(mapping, "ev", events), [{
      group: "events.k8s.io",
      resource: "events"
    }])
    assert.deepStrictEqual(RestMapping.shadowed(mapping, "events", events), [])
  })
})

describe("ServerResources", () => {
  it("prefers each resource in the preferred version, else in the first that has it", () => {
    const lists = ServerResources.preferred(all).filter(({ groupVersion }) => groupVersion.startsWith("demo"))
    assert.deepStrictEqual(
      lists.map(({ groupVersion, resources }) => [groupVersion, resources.map(({ name }) => name)]),
      [
        ["demo.example.com/v1alpha1", ["olds"]],
        ["demo.example.com/v1", ["websites"]]
      ]
    )
    const apps = ServerResources.preferred(all).filter(({ groupVersion }) => groupVersion.startsWith("apps"))
    assert.deepStrictEqual(apps.map(({ resources }) => resources.map(({ name }) => name)), [["deployments"], []])
  })

  it("filters by verbs and scope, and drops what becomes empty", () => {
    assert.deepStrictEqual(ServerResources.filter(all.lists, ServerResources.supports("get", "watch")), [])
    assert.strictEqual(
      ServerResources.filter(all.lists, ServerResources.supports("get", "list")).length,
      all.lists.length
    )
    assert.notInclude(
      ServerResources.filter(all.lists, ServerResources.isNamespaced).map(({ groupVersion }) => groupVersion),
      "storage.k8s.io/v1"
    )
    assert.isTrue(ServerResources.serves(all, { group: "", version: "v1", resource: "pods" }))
    assert.isFalse(ServerResources.serves(all, { group: "apps", version: "v2", resource: "deployments" }))
  })
})
