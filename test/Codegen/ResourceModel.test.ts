import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as ResourceModel from "../../src/Codegen/ResourceModel.ts"
import * as Spec from "../../src/Codegen/Spec.ts"
import * as SpecPatches from "../../src/Codegen/SpecPatches.ts"
import { document, id } from "./website.ts"

const model = Effect.map(
  Spec.fromDocuments([{ name: "demo.json", content: document }]),
  (spec) =>
    ResourceModel.make(spec, {
      ...SpecPatches.none,
      shortNames: { websites: ["ws"] },
      categories: { websites: ["all"] },
      repeated: ["WebsiteShellOptions.command"]
    })
)

const member = (model: ResourceModel.ResourceModel, type: string, name: string) =>
  ResourceModel.membersOf(model, { _tag: "Reference", id: type }).find((member) => member.name === name)

describe("ResourceModel", () => {
  it.effect("puts each type into the module of its group and version, under client-go's name", () =>
    Effect.gen(function*() {
      const { modules } = yield* model
      assert.deepStrictEqual(
        modules.map(({ accessor, path, types }) => [path, accessor, types.map(({ name }) => name)]),
        [
          ["autoscaling/v1", "autoscalingV1", ["Scale"]],
          ["demo/v1", "demoV1", [
            "Page",
            "Website",
            "WebsiteList",
            "WebsiteLogOptions",
            "WebsiteShellOptions",
            "WebsiteSpec",
            "WebsiteStatus"
          ]],
          ["meta/v1", "metaV1", ["ObjectMeta"]]
        ]
      )
    }))

  it.effect("describes a resource by what its paths say and its patches add", () =>
    Effect.gen(function*() {
      const { modules } = yield* model
      const resources = modules.flatMap(({ resources }) => resources)
      assert.deepStrictEqual(resources, [{
        group: "demo.example.com",
        version: "v1",
        kind: "Website",
        type: `${id}.Website`,
        plural: "websites",
        singular: "website",
        listKind: "WebsiteList",
        scope: "Namespaced",
        shortNames: ["ws"],
        categories: ["all"],
        verbs: ["create", "delete", "get", "list", "patch", "update", "watch"],
        subresources: [
          {
            name: "log",
            kind: { group: "demo.example.com", version: "v1", kind: "Website" },
            verbs: ["get"],
            body: { _tag: "Connect", id: `${id}.WebsiteLogOptions` }
          },
          {
            name: "scale",
            kind: { group: "autoscaling", version: "v1", kind: "Scale" },
            verbs: ["get", "update"],
            body: { _tag: "Object", id: "io.k8s.api.autoscaling.v1.Scale" }
          },
          {
            name: "shell",
            kind: { group: "demo.example.com", version: "v1", kind: "WebsiteShellOptions" },
            verbs: ["create", "get"],
            body: { _tag: "Connect", id: `${id}.WebsiteShellOptions` }
          },
          {
            name: "status",
            kind: { group: "demo.example.com", version: "v1", kind: "Website" },
            verbs: ["get", "patch", "update"],
            body: { _tag: "Object", id: `${id}.Website` }
          }
        ]
      }])
    }))

  it.effect("makes a type of the query parameters of a connection, without those every request has", () =>
    Effect.gen(function*() {
      const found = yield* model
      const members = (name: string) =>
        ResourceModel.membersOf(found, { _tag: "Reference", id: `${id}.${name}` }).map(({ name, type }) => [name, type])
      assert.deepStrictEqual(members("WebsiteLogOptions"), [["follow", { _tag: "Boolean" }]])
      assert.deepStrictEqual(members("WebsiteShellOptions"), [
        ["command", { _tag: "List", item: { _tag: "String", format: undefined, values: [] } }]
      ])
    }))

  it.effect("orders the members of a kind as people write them", () =>
    Effect.gen(function*() {
      const names = ResourceModel.membersOf(yield* model, { _tag: "Reference", id: `${id}.Website` })
        .map(({ name }) => name)
      assert.deepStrictEqual(names, ["apiVersion", "kind", "metadata", "spec", "status"])
    }))

  it.effect("tells a default from Go's zero value", () =>
    Effect.gen(function*() {
      const found = yield* model
      assert.strictEqual(member(found, `${id}.WebsiteSpec`, "replicas")?.default, 3)
      assert.isUndefined(member(found, `${id}.WebsiteSpec`, "image")?.default)
      assert.isUndefined(member(found, `${id}.Website`, "spec")?.default)
    }))

  it.effect("asks of list items for the keys that are required and have no default", () =>
    Effect.gen(function*() {
      const found = yield* model
      const pages = member(found, `${id}.WebsiteSpec`, "pages")
      assert.deepStrictEqual(pages?.listMapKeys, ["path", "language"])
      assert.deepStrictEqual(pages === undefined ? [] : ResourceModel.identifyingKeys(found, pages), ["path"])
    }))

  it.effect("knows the fields that have a type", () =>
    Effect.gen(function*() {
      const { types } = yield* model
      assert.deepStrictEqual(types.get(`${id}.Page`)?.type.usedBy, ["WebsiteSpec.pages"])
    }))
})
