/**
 * What holds of server-side apply: who owns which fields, what is merged, taken and taken away.
 */
import { assert, layer as withLayer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import { ControllerRevision, Deployment } from "../../src/Api/apps/v1.ts"
import { ConfigMap, Event, ReplicationController, Service } from "../../src/Api/core/v1.ts"
import { ResourceClaimTemplate } from "../../src/Api/resource/v1.ts"
import * as ResourceClient from "../../src/Clientset/ResourceClient.ts"
import { DynamicClient } from "../../src/Dynamic/DynamicClient.ts"
import type { Kubernetes } from "../../src/Kubernetes.ts"
import type { ManagedFieldsEntry, ObjectMeta } from "../../src/Machinery/ObjectMeta.ts"
import * as Patch from "../../src/Machinery/Patch.ts"
import * as Resource from "../../src/Machinery/Resource.ts"
import * as namespace from "./namespace.ts"

const configMapsOf = Effect.flatMap(namespace.scoped, (space) => ResourceClient.make(ConfigMap, space))

/** Managers by name and operation; what the cluster's own controllers wrote is left out. */
const managers = ({ metadata }: { readonly metadata: ObjectMeta }) =>
  Object.fromEntries(
    (metadata.managedFields ?? [])
      .filter(({ manager }) => manager !== "kube-controller-manager")
      .map((entry: ManagedFieldsEntry) => [
        `${entry.manager} ${entry.operation}${entry.subresource === undefined ? "" : ` ${entry.subresource}`}`,
        entry.fieldsV1
      ])
  )

const template = <const A>(containers: A) => ({
  selector: { matchLabels: { app: "web" } },
  replicas: 0,
  template: { metadata: { labels: { app: "web" } }, spec: { containers } }
})

export const suite = (name: string, layer: Layer.Layer<Kubernetes, unknown>): void =>
  withLayer(layer, { excludeTestServices: true, timeout: 60_000 })(`Apply (${name})`, (it) => {
    it.effect("creates what is not there, and owns what it said", () =>
      Effect.gen(function*() {
        const configMaps = yield* configMapsOf
        const applied = yield* configMaps.apply(
          { metadata: { name: "a", labels: { x: "1" }, finalizers: [] }, data: { k: "v" } },
          { fieldManager: "one" }
        )
        assert.deepStrictEqual(applied.data, { k: "v" })
        assert.deepStrictEqual(managers(applied), {
          "one Apply": { "f:data": { "f:k": {} }, "f:metadata": { "f:labels": { "f:x": {} } } }
        })
      }))

    it.effect("a null that is applied empties a value and owns it; it takes no list or map that others filled", () =>
      Effect.gen(function*() {
        const space = yield* namespace.scoped
        const configMaps = (yield* DynamicClient).resource(ConfigMap, space)
        const head = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" } }
        yield* configMaps.create({ ...head, data: { k: "v", l: "w" } }, { fieldManager: "one" })
        const emptied = yield* configMaps.apply({ ...head, data: { k: null } }, { fieldManager: "two", force: true })
        assert.deepStrictEqual(emptied["data"], { k: "", l: "w" })
        assert.deepStrictEqual(managers(emptied), {
          "one Update": { "f:data": { ".": {}, "f:l": {} } },
          "two Apply": { "f:data": { "f:k": {} } }
        })
        const kept = yield* configMaps.apply({ ...head, data: null }, { fieldManager: "three" })
        assert.deepStrictEqual(kept["data"], { k: "", l: "w" })
        assert.deepStrictEqual(managers(kept)["three Apply"], { "f:data": {} })
      }))

    it.effect("who owns that a map is there keeps it when another takes all from it", () =>
      Effect.gen(function*() {
        const configMaps = yield* configMapsOf
        yield* configMaps.create({ metadata: { name: "a" }, data: { k: "v" } }, { fieldManager: "one" })
        const metadata = { name: "a" }
        yield* configMaps.apply({ metadata, data: { k: "w" } }, { fieldManager: "two", force: true })
        const gone = yield* configMaps.apply({ metadata }, { fieldManager: "two" })
        assert.deepStrictEqual([gone.data, managers(gone)], [undefined, { "one Update": { "f:data": {} } }])
      }))

    it.effect("nobody owns that there is what every object of a kind has", () =>
      Effect.gen(function*() {
        const space = yield* namespace.scoped
        const client = yield* DynamicClient
        const owned = (resource: Resource.AnyResource, object: object) =>
          Effect.map(
            client.resource(resource, space).create(
              { apiVersion: Resource.apiVersion(resource), kind: resource.kind, metadata: { name: "a" }, ...object },
              { fieldManager: "one", dryRun: "All" }
            ),
            (created) => managers(created)["one Update"]
          )
        // Raw data are one value, whatever they hold.
        assert.deepStrictEqual(
          yield* owned(ControllerRevision, { revision: 1, data: { spec: { replicas: 1, labels: { a: "b" } } } }),
          { "f:data": {}, "f:revision": {} }
        )
        assert.deepStrictEqual(
          yield* owned(ResourceClaimTemplate, {
            spec: {
              spec: { devices: { requests: [{ name: "gpu", exactly: { deviceClassName: "gpu.example.com" } }] } }
            }
          }),
          { "f:spec": { "f:spec": { "f:devices": { "f:requests": {} } } } }
        )
        const pod = { spec: { containers: [{ name: "c", image: "i" }] } }
        const inController = yield* owned(ReplicationController, {
          spec: { selector: { app: "web" }, template: { metadata: { labels: { app: "web" } }, ...pod } }
        })
        assert.hasAllKeys(Object(inController)["f:spec"], ["f:replicas", "f:selector", "f:template"])
        assert.hasAllKeys(Object(inController)["f:spec"]["f:template"], [".", "f:metadata", "f:spec"])
        assert.deepStrictEqual(
          yield* owned(Event, { involvedObject: { kind: "Pod", name: "web", namespace: space }, reason: "Started" }),
          { "f:involvedObject": {}, "f:reason": {} }
        )
      }))

    it.effect("applying the same again writes nothing", () =>
      Effect.gen(function*() {
        const configMaps = yield* configMapsOf
        const configuration = { metadata: { name: "a" }, data: { k: "v" } }
        const first = yield* configMaps.apply(configuration, { fieldManager: "one" })
        const second = yield* configMaps.apply(configuration, { fieldManager: "one" })
        assert.deepStrictEqual(second, first)
      }))

    it.effect("two that say the same share a field, and it stays until both let it go", () =>
      Effect.gen(function*() {
        const configMaps = yield* configMapsOf
        const both = { metadata: { name: "a" }, data: { k: "v" } }
        yield* configMaps.apply(both, { fieldManager: "one" })
        const shared = yield* configMaps.apply(both, { fieldManager: "two" })
        assert.deepStrictEqual(Object.keys(managers(shared)).sort(), ["one Apply", "two Apply"])
        const kept = yield* configMaps.apply({ metadata: { name: "a" } }, { fieldManager: "one" })
        assert.deepStrictEqual([kept.data, Object.keys(managers(kept))], [{ k: "v" }, ["two Apply"]])
        const gone = yield* configMaps.apply({ metadata: { name: "a" } }, { fieldManager: "two" })
        assert.deepStrictEqual([gone.data, managers(gone)], [undefined, {}])
      }))

    it.effect("a conflict names every field and its manager; force takes them", () =>
      Effect.gen(function*() {
        const configMaps = yield* configMapsOf
        yield* configMaps.apply({ metadata: { name: "a" }, data: { k: "1", l: "1" } }, { fieldManager: "one" })
        const wish = { metadata: { name: "a" }, data: { k: "2", l: "2", m: "2" } }
        const error = yield* Effect.flip(configMaps.apply(wish, { fieldManager: "two" }))
        assert.strictEqual(error.reason._tag, "Conflict")
        assert.include(error.message, `Apply failed with 2 conflicts: conflicts with "one":\n- .data.k\n- .data.l`)
        assert.deepStrictEqual(
          error._tag === "ApiError" ? error.reason.status.details?.causes : [],
          ["k", "l"].map((key) => ({
            reason: "FieldManagerConflict",
            message: `conflict with "one"`,
            field: `.data.${key}`
          }))
        )
        const forced = yield* configMaps.apply(wish, { fieldManager: "two", force: true })
        assert.deepStrictEqual([forced.data, managers(forced)], [wish.data, {
          "two Apply": { "f:data": { "f:k": {}, "f:l": {}, "f:m": {} } }
        }])
      }))

    it.effect("an update owns what it changed, and takes it from those who applied it", () =>
      Effect.gen(function*() {
        const configMaps = yield* configMapsOf
        const applied = yield* configMaps.apply({ metadata: { name: "a" }, data: { k: "1", l: "1" } }, {
          fieldManager: "one"
        })
        const updated = yield* configMaps.update({ ...applied, data: { k: "2", l: "1", m: "2" } }, {
          fieldManager: "editor"
        })
        assert.deepStrictEqual(managers(updated), {
          "one Apply": { "f:data": { "f:l": {} } },
          "editor Update": { "f:data": { "f:k": {}, "f:m": {} } }
        })
        const conflict = yield* Effect.flip(
          configMaps.apply({ metadata: { name: "a" }, data: { k: "1" } }, { fieldManager: "one" })
        )
        assert.include(conflict.message, `conflict with "editor" using v1: .data.k`)
        // What nobody applies any more goes; what the editor set stays.
        const less = yield* configMaps.apply({ metadata: { name: "a" } }, { fieldManager: "one" })
        assert.deepStrictEqual(less.data, { k: "2", m: "2" })
      }))

    it.effect("what was there before anybody applied is kept, and belongs to those who wrote it", () =>
      Effect.gen(function*() {
        const configMaps = yield* configMapsOf
        yield* configMaps.create({ metadata: { name: "a" }, data: { k: "1" } }, { fieldManager: "maker" })
        const applied = yield* configMaps.apply({ metadata: { name: "a" }, data: { k: "1", l: "1" } }, {
          fieldManager: "one"
        })
        assert.deepStrictEqual(managers(applied), {
          "maker Update": { "f:data": { ".": {}, "f:k": {} } },
          "one Apply": { "f:data": { "f:k": {}, "f:l": {} } }
        })
        const cleared = yield* configMaps.patch("a", Patch.merge({ metadata: { managedFields: [{}] } }))
        assert.isUndefined(cleared.metadata.managedFields)
        const again = yield* configMaps.apply({ metadata: { name: "a" }, data: { k: "1" } }, { fieldManager: "one" })
        assert.deepStrictEqual(managers(again), {
          "before-first-apply Update": { "f:data": { ".": {}, "f:k": {}, "f:l": {} } },
          "one Apply": { "f:data": { "f:k": {} } }
        })
        assert.deepStrictEqual(again.data, { k: "1", l: "1" })
      }))

    it.effect("items of a list are told apart by their keys, and each has its owners", () =>
      Effect.gen(function*() {
        const space = yield* namespace.scoped
        const deployments = yield* ResourceClient.make(Deployment, space)
        yield* deployments.apply({
          metadata: { name: "web" },
          spec: template([{ name: "main", image: "main:1", env: [{ name: "A", value: "1" }] }, {
            name: "helper",
            image: "helper:1"
          }])
        }, { fieldManager: "one" })
        const mixed = yield* deployments.apply({
          metadata: { name: "web" },
          spec: {
            template: {
              spec: {
                containers: [{ name: "sidecar", image: "sidecar:1" }, {
                  name: "main",
                  env: [{ name: "B", value: "2" }]
                }]
              }
            }
          }
        }, { fieldManager: "two" })
        const containers = mixed.spec?.template.spec?.containers ?? []
        assert.deepStrictEqual(containers.map(({ name }) => name), ["sidecar", "main", "helper"])
        assert.deepStrictEqual(
          containers.find(({ name }) => name === "main")?.env?.map(({ name }) => name).sort(),
          ["A", "B"]
        )
        assert.deepStrictEqual(managers(mixed)["two Apply"], {
          "f:spec": {
            "f:template": {
              "f:spec": {
                "f:containers": {
                  "k:{\"name\":\"main\"}": {
                    ".": {},
                    "f:env": { "k:{\"name\":\"B\"}": { ".": {}, "f:name": {}, "f:value": {} } },
                    "f:name": {}
                  },
                  "k:{\"name\":\"sidecar\"}": { ".": {}, "f:image": {}, "f:name": {} }
                }
              }
            }
          }
        })
        const without = yield* deployments.apply({
          metadata: { name: "web" },
          spec: template([{ name: "main", image: "main:1" }])
        }, { fieldManager: "one" })
        assert.deepStrictEqual(
          without.spec?.template.spec?.containers.map(({ env, name }) => [name, env?.map((each) => each.name)]),
          [["sidecar", undefined], ["main", ["B"]]]
        )
        const removed = yield* deployments.apply({ metadata: { name: "web" } }, { fieldManager: "two" })
        assert.deepStrictEqual(
          removed.spec?.template.spec?.containers.map(({ env, name }) => [name, env]),
          [["main", undefined]]
        )
      }))

    it.effect("keys that have a default may be left out", () =>
      Effect.gen(function*() {
        const space = yield* namespace.scoped
        const services = yield* ResourceClient.make(Service, space)
        const applied = yield* services.apply({
          metadata: { name: "web" },
          spec: {
            selector: { app: "web" },
            ports: [{ name: "http", port: 80 }, { name: "dns", port: 53, protocol: "UDP" }]
          }
        }, { fieldManager: "one" })
        assert.deepStrictEqual(managers(applied)["one Apply"], {
          "f:spec": {
            "f:ports": {
              "k:{\"port\":53,\"protocol\":\"UDP\"}": { ".": {}, "f:name": {}, "f:port": {}, "f:protocol": {} },
              "k:{\"port\":80,\"protocol\":\"TCP\"}": { ".": {}, "f:name": {}, "f:port": {} }
            },
            "f:selector": {}
          }
        })
        const fewer = yield* services.apply({
          metadata: { name: "web" },
          spec: { selector: { app: "web" }, ports: [{ name: "http", port: 80 }] }
        }, { fieldManager: "one" })
        assert.deepStrictEqual(fewer.spec?.ports?.map(({ name, protocol }) => [name, protocol]), [["http", "TCP"]])
      }))

    it.effect("status and scale have managers of their own", () =>
      Effect.gen(function*() {
        const space = yield* namespace.scoped
        const deployments = yield* ResourceClient.make(Deployment, space)
        yield* deployments.apply({ metadata: { name: "web" }, spec: template([{ name: "main", image: "main:1" }]) }, {
          fieldManager: "one"
        })
        const scaled = yield* deployments.subresource("scale").patch("web", Patch.merge({ spec: { replicas: 1 } }), {
          fieldManager: "scaler"
        })
        assert.strictEqual(scaled.spec?.replicas, 1)
        const read = yield* deployments.get("web")
        assert.deepStrictEqual(managers(read)["scaler Update scale"], { "f:spec": { "f:replicas": {} } })
        const conflict = yield* Effect.flip(
          deployments.apply({ metadata: { name: "web" }, spec: template([{ name: "main", image: "main:1" }]) }, {
            fieldManager: "one"
          })
        )
        assert.include(conflict.message, `"scaler" with subresource "scale" using apps/v1: .spec.replicas`)
      }))

    it.effect("lists that are sets are merged by value", () =>
      Effect.gen(function*() {
        const configMaps = yield* configMapsOf
        const finalizers = (...list: ReadonlyArray<string>) => ({ metadata: { name: "a", finalizers: list } })
        yield* configMaps.apply(finalizers("test/one", "test/both"), { fieldManager: "one" })
        const both = yield* configMaps.apply(finalizers("test/both", "test/two"), { fieldManager: "two" })
        assert.deepStrictEqual(both.metadata.finalizers, ["test/one", "test/both", "test/two"])
        assert.deepStrictEqual(managers(both), {
          "one Apply": { "f:metadata": { "f:finalizers": { "v:\"test/both\"": {}, "v:\"test/one\"": {} } } },
          "two Apply": { "f:metadata": { "f:finalizers": { "v:\"test/both\"": {}, "v:\"test/two\"": {} } } }
        })
        const left = yield* configMaps.apply(finalizers(), { fieldManager: "one" })
        assert.deepStrictEqual(left.metadata.finalizers, ["test/both", "test/two"])
        yield* configMaps.apply(finalizers(), { fieldManager: "two" })
      }))

    it.effect("what is not of the kind is refused", () =>
      Effect.gen(function*() {
        const configMaps = yield* configMapsOf
        const refusal = (configuration: object) =>
          Effect.flip(configMaps.patch(
            "a",
            Patch.apply({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, ...configuration }, {
              fieldManager: "one"
            })
          ))
        assert.include((yield* refusal({ datum: { k: "v" } })).message, ".datum: field not declared in schema")
        assert.include(
          (yield* refusal({ metadata: { name: "a", managedFields: [{ manager: "x" }] } })).message,
          "metadata.managedFields must be nil"
        )
        const other = yield* refusal({ metadata: { name: "b" } })
        assert.include(other.message, "the name of the object (b) does not match the name on the URL (a)")
      }))
  })
