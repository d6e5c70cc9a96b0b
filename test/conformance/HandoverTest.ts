/**
 * What holds of objects that are handed on: nothing that a type does not know is lost on any way through the clients and
 * the caches, and what one manager applied can be read back, changed and taken over by another.
 */
import { assert, layer as withLayer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import { CustomResourceDefinition } from "../../src/Api/apiextensions/v1.ts"
import { Deployment } from "../../src/Api/apps/v1.ts"
import { ConfigMap } from "../../src/Api/core/v1.ts"
import * as CsaUpgrade from "../../src/Apply/CsaUpgrade.ts"
import * as Extract from "../../src/Apply/Extract.ts"
import * as ResourceClient from "../../src/Clientset/ResourceClient.ts"
import * as Wait from "../../src/Clientset/Wait.ts"
import * as WaitCondition from "../../src/Clientset/WaitCondition.ts"
import { DynamicClient } from "../../src/Dynamic/DynamicClient.ts"
import { InformerFactory } from "../../src/Informer/InformerFactory.ts"
import type { Kubernetes } from "../../src/Kubernetes.ts"
import * as Patch from "../../src/Machinery/Patch.ts"
import * as Resource from "../../src/Machinery/Resource.ts"
import * as namespace from "./namespace.ts"

type Properties = NonNullable<
  NonNullable<CustomResourceDefinition["spec"]["versions"][number]["schema"]>["openAPIV3Schema"]
>["properties"]

/** One of each `x-kubernetes-` member, deep in a schema. */
const properties: Properties = {
  spec: {
    type: "object",
    properties: {
      port: { "x-kubernetes-int-or-string": true },
      embedded: {
        type: "object",
        "x-kubernetes-embedded-resource": true,
        "x-kubernetes-preserve-unknown-fields": true
      },
      hosts: {
        type: "array",
        maxItems: 5,
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["name"],
        items: {
          type: "object",
          required: ["name"],
          "x-kubernetes-map-type": "granular",
          properties: {
            name: {
              type: "string",
              maxLength: 9,
              "x-kubernetes-validations": [{ rule: "self != 'no'", message: "no is no name" }]
            }
          }
        }
      },
      tags: { type: "array", "x-kubernetes-list-type": "set", items: { type: "string" } },
      free: { type: "object", "x-kubernetes-preserve-unknown-fields": true }
    }
  }
}

interface Shop extends Resource.KubeObject {
  readonly spec?: { readonly port?: number | string }
}

const deep = {
  "x-kubernetes-odd": [{ $ref: "#/x", "f:name": { ".": {} } }, [1, [2.5, "3"]], true],
  constructor: { prototype: "" },
  "a/b~c": { metadata: { name: 7 } }
}

const restless = Schedule.upTo(Schedule.spaced("50 millis"), { times: 100 })

export const suite = (name: string, layer: Layer.Layer<Kubernetes, unknown>): void =>
  withLayer(layer, { excludeTestServices: true, timeout: 60_000 })(`Handover (${name})`, (it) => {
    it.effect("members of a definition and of its objects pass through all clients and caches as they are", () =>
      Effect.gen(function*() {
        const space = yield* namespace.scoped
        const group = `${space}.example.com`
        const definitions = yield* ResourceClient.make(CustomResourceDefinition)
        const dynamic = yield* DynamicClient
        const informers = yield* InformerFactory
        const crd = `shops.${group}`
        const created = yield* Effect.acquireRelease(
          definitions.create({
            metadata: { name: crd },
            spec: {
              group,
              scope: "Namespaced",
              names: { kind: "Shop", plural: "shops" },
              versions: [
                { name: "v1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object", properties } } }
              ]
            }
          }),
          () => Effect.ignore(definitions.delete(crd))
        )
        const schemaOf = (definition: CustomResourceDefinition) =>
          definition.spec.versions[0]?.schema?.openAPIV3Schema?.properties
        assert.deepStrictEqual(schemaOf(created), properties)
        yield* Wait.until(definitions, crd, WaitCondition.established, { timeout: "20 seconds" })
        const labelled = Effect.gen(function*() {
          const read = yield* definitions.get(crd)
          return yield* definitions.update({ ...read, metadata: { ...read.metadata, labels: { suite: space } } })
        }).pipe(Effect.retry({ schedule: restless, while: ({ reason }) => reason._tag === "Conflict" }))
        assert.deepStrictEqual(schemaOf(yield* labelled), properties)
        const patched = yield* definitions.patch(crd, Patch.merge({ spec: { names: { shortNames: [space] } } }))
        assert.deepStrictEqual(schemaOf(patched), properties)
        const kind = yield* dynamic.kind({ group: "apiextensions.k8s.io", kind: "CustomResourceDefinition" })
        const again = yield* kind.get(crd)
        yield* kind.apply({
          apiVersion: again.apiVersion,
          kind: again.kind,
          metadata: { name: crd },
          spec: again["spec"]
        }, {
          fieldManager: "handover",
          force: true
        })
        const cached = yield* informers.get(CustomResourceDefinition, { labelSelector: { suite: space } })
        yield* cached.awaitSynced
        assert.deepStrictEqual((yield* cached.list).map(schemaOf), [properties])

        const Shop = Resource.make<Shop>()({ group, version: "v1", kind: "Shop", plural: "shops", scope: "Namespaced" })
        const shops = yield* ResourceClient.make(Shop, space)
        const embedded = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "inner" }, ...deep }
        const rest = { embedded, hosts: [{ name: "a" }], tags: ["x"], free: { deep, list: [deep] } }
        const first = yield* Effect.retry(
          shops.create({ metadata: { name: "one" }, spec: { port: "http", ...rest } }),
          { schedule: restless, while: ({ reason }) => reason._tag === "NotFound" }
        )
        assert.deepStrictEqual<unknown>(first.spec, { port: "http", ...rest })
        const second = yield* shops.update({ ...first, spec: { ...first.spec, port: 80 } })
        assert.deepStrictEqual<unknown>(second.spec, { port: 80, ...rest })
        const third = yield* shops.patch("one", Patch.merge({ spec: { port: 81 } }))
        assert.deepStrictEqual<unknown>(third.spec, { port: 81, ...rest })
        const client = dynamic.resource(Shop, space)
        const fourth = yield* client.update({ ...(yield* client.get("one")), metadata: third.metadata })
        assert.deepStrictEqual(fourth["spec"], { port: 81, ...rest })
        const fifth = yield* shops.apply({ metadata: { name: "one" }, spec: { port: 82 } }, {
          fieldManager: "handover",
          force: true
        })
        assert.deepStrictEqual<unknown>(fifth.spec, { port: 82, ...rest })
        const informer = yield* informers.get(Shop, { namespaces: space })
        yield* informer.awaitSynced
        assert.deepStrictEqual<unknown>((yield* informer.list).map(({ spec }) => spec), [{ port: 82, ...rest }])
        yield* shops.patch("one", Patch.merge({ spec: { port: 83 } }))
        const changed = informer.list.pipe(
          Effect.filterOrFail(([held]) => held?.spec?.port === 83),
          Effect.retry({ schedule: restless })
        )
        assert.deepStrictEqual<unknown>((yield* changed).map(({ spec }) => spec), [{ port: 83, ...rest }])
      }))

    it.effect("what a manager applied is extracted, and applying it again changes nothing", () =>
      Effect.gen(function*() {
        const deployments = yield* ResourceClient.make(Deployment, yield* namespace.scoped)
        const manager = { fieldManager: "web-controller" }
        const applied = yield* deployments.apply({
          metadata: { name: "web", labels: { app: "web" } },
          spec: {
            replicas: 0,
            selector: { matchLabels: { app: "web" } },
            template: {
              metadata: { labels: { app: "web" } },
              spec: {
                containers: [{
                  name: "web",
                  image: "web:1",
                  ports: [{ containerPort: 80, protocol: "TCP" }],
                  env: [{ name: "A", value: "1" }]
                }]
              }
            }
          }
        }, manager)
        yield* deployments.patch(
          "web",
          Patch.strategic({
            metadata: { annotations: { other: "yes" } },
            spec: { template: { spec: { containers: [{ name: "web", env: [{ name: "B", value: "2" }] }] } } }
          })
        )
        const current = yield* deployments.get("web")
        const own = yield* Effect.fromResult(Extract.extract(Deployment, current, manager))
        const [container] = own.spec?.template?.spec?.containers ?? []
        assert.deepStrictEqual<unknown>(container?.env, [{ name: "A", value: "1" }])
        assert.isUndefined(own.metadata?.annotations)
        // What the server filled in is nobody's.
        assert.isUndefined(own.spec?.strategy)
        const same = yield* deployments.apply(own, manager)
        const entry = (object: Deployment) =>
          object.metadata?.managedFields?.find(({ operation }) => operation === "Apply")
        assert.deepStrictEqual([entry(same), same.spec], [entry(current), current.spec])
        assert.strictEqual(same.metadata.generation, current.metadata.generation)
        const scaled = yield* deployments.apply({ ...own, spec: { ...own.spec, replicas: 1 } }, manager)
        assert.strictEqual(scaled.spec?.replicas, 1)
        assert.strictEqual(scaled.metadata.uid, applied.metadata.uid)
        assert.lengthOf(scaled.spec?.template?.spec?.containers?.[0]?.env ?? [], 2)
      }))

    it.effect("what client-side apply owned goes with the applying manager once it was handed over", () =>
      Effect.gen(function*() {
        const configMaps = yield* ResourceClient.make(ConfigMap, yield* namespace.scoped)
        const applyingAs = { fieldManager: "kubectl" }
        const [old, other] = ["kubectl-client-side-apply", "editor"]
        const make = Effect.fnUntraced(function*(name: string) {
          yield* configMaps.create({ metadata: { name }, data: { kept: "1", dropped: "1" } }, { fieldManager: old })
          yield* configMaps.patch(name, Patch.merge({ data: { theirs: "1" } }), { fieldManager: other })
        })
        yield* make("left")
        // Without the upgrade the old entry keeps alive what the new manager does not name.
        const left = yield* configMaps.apply({ metadata: { name: "left" }, data: { kept: "1" } }, applyingAs)
        assert.deepStrictEqual(left.data, { kept: "1", dropped: "1", theirs: "1" })

        yield* make("taken")
        const before = yield* configMaps.get("taken")
        const upgrade = (object: ConfigMap) =>
          Effect.fromResult(CsaUpgrade.patch(object, { from: [old], to: applyingAs.fieldManager }))
        const patch = Option.getOrThrow(yield* upgrade(before))
        const upgraded = yield* configMaps.patch("taken", patch)
        const entries = upgraded.metadata.managedFields ?? []
        assert.deepStrictEqual(
          entries.map(({ manager, operation }) => `${manager} ${operation}`).toSorted(),
          ["editor Update", "kubectl Apply"]
        )
        assert.isTrue(Option.isNone(yield* upgrade(upgraded)))
        const taken = yield* configMaps.apply({ metadata: { name: "taken" }, data: { kept: "1" } }, applyingAs)
        assert.deepStrictEqual(taken.data, { kept: "1", theirs: "1" })
        // Of an object that was written meanwhile the patch is a Conflict, which callers retry.
        const late = yield* Effect.flip(configMaps.patch("taken", patch))
        assert.strictEqual(late.reason._tag, "Conflict")
      }))
  })
