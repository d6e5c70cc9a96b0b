/**
 * What holds of kinds that a CustomResourceDefinition adds: they are found, in every version, and treated as others.
 */
import { assert, layer as withLayer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { CustomResourceDefinition } from "../../src/Api/apiextensions/v1.ts"
import * as ResourceClient from "../../src/Clientset/ResourceClient.ts"
import * as Wait from "../../src/Clientset/Wait.ts"
import * as WaitCondition from "../../src/Clientset/WaitCondition.ts"
import { DiscoveryClient } from "../../src/Discovery/DiscoveryClient.ts"
import { RestMapper } from "../../src/Discovery/RestMapper.ts"
import { DynamicClient } from "../../src/Dynamic/DynamicClient.ts"
import { MetadataClient } from "../../src/Dynamic/MetadataClient.ts"
import { ScaleClient } from "../../src/Dynamic/ScaleClient.ts"
import type { Kubernetes } from "../../src/Kubernetes.ts"
import * as Patch from "../../src/Machinery/Patch.ts"
import * as namespace from "./namespace.ts"

const pause = Schedule.spaced("50 millis")

type Schema = NonNullable<
  NonNullable<CustomResourceDefinition["spec"]["versions"][number]["schema"]>["openAPIV3Schema"]
>

const schema: Schema = {
  type: "object",
  properties: {
    spec: {
      type: "object",
      properties: {
        image: { type: "string" },
        replicas: { type: "integer", default: 1 },
        free: { type: "object", "x-kubernetes-preserve-unknown-fields": true }
      }
    },
    status: { type: "object", properties: { replicas: { type: "integer" } } }
  }
}

/** A kind in two versions, in a group of its own, for as long as the scope is open. */
const definition = Effect.gen(function*() {
  const space = yield* namespace.scoped
  const group = `${space}.example.com`
  const definitions = yield* ResourceClient.make(CustomResourceDefinition)
  const version = (name: string, isStored: boolean) => ({
    name,
    served: true,
    storage: isStored,
    schema: { openAPIV3Schema: schema },
    subresources: { status: {}, scale: { specReplicasPath: ".spec.replicas", statusReplicasPath: ".status.replicas" } }
  })
  const name = `websites.${group}`
  yield* Effect.acquireRelease(
    definitions.create({
      metadata: { name },
      spec: {
        group,
        scope: "Namespaced",
        names: {
          kind: "Website",
          listKind: "WebsiteCollection",
          plural: "websites",
          shortNames: [`ws-${space}`],
          categories: [space]
        },
        versions: [version("v1beta1", false), version("v1", true)]
      }
    }),
    () => Effect.ignore(definitions.delete(name))
  )
  yield* Wait.until(definitions, name, WaitCondition.established, { timeout: "20 seconds" })
  return { group, space, definitions, name }
})

export const suite = (name: string, layer: Layer.Layer<Kubernetes, unknown>): void =>
  withLayer(layer, { excludeTestServices: true, timeout: 60_000 })(`Custom resources (${name})`, (it) => {
    it.effect("are found by kind, name, short name and category as soon as they are established", () =>
      Effect.gen(function*() {
        const mapper = yield* RestMapper
        // What is known from before must not hide what is new.
        yield* mapper.mapping({ group: "apps", kind: "Deployment" })
        const { group, space } = yield* definition
        const served = Effect.retry(mapper.mapping({ group, kind: "Website" }, ["v1"]), { times: 100, schedule: pause })
        const website = yield* served
        assert.deepStrictEqual(
          [website.version, website.plural, website.scope, Object.keys(website.subresources).sort()],
          ["v1", "websites", "Namespaced", ["scale", "status"]]
        )
        assert.strictEqual((yield* mapper.mapping({ group, kind: "Website" })).version, "v1")
        assert.deepStrictEqual(
          (yield* mapper.mappings({ group, kind: "Website" })).map(({ version }) => version),
          ["v1", "v1beta1"]
        )
        assert.strictEqual((yield* mapper.find(`ws-${space}`)).group, group)
        assert.strictEqual((yield* mapper.find(`websites.v1beta1.${group}`)).version, "v1beta1")
        assert.strictEqual((yield* mapper.find(`Website.${group}`)).version, "v1")
        assert.deepStrictEqual(yield* mapper.category(space), [{ group, resource: "websites" }])
        const none = yield* Effect.flip(mapper.mapping({ group, kind: "Website" }, ["v2"]))
        assert.strictEqual(none.reason._tag, "NoKindMatch")
        const list = yield* (yield* DiscoveryClient).resources(`${group}/v1`)
        assert.deepStrictEqual(list.resources.map(({ name }) => name), [
          "websites",
          "websites/status",
          "websites/scale"
        ])
      }))

    it.effect("are read and written in every version by the dynamic client", () =>
      Effect.gen(function*() {
        const { group, space } = yield* definition
        const dynamic = yield* DynamicClient
        const website = {
          apiVersion: `${group}/v1`,
          kind: "Website",
          metadata: { name: "shop", namespace: space },
          spec: { image: "shop:1", unknown: 1, free: { anything: { at: ["all", { "x-kubernetes-odd": true }] } } }
        }
        const client = yield* Effect.retry(dynamic.object(website), { times: 100, schedule: pause })
        const watching = yield* client.watch({ allowWatchBookmarks: false }).pipe(
          Stream.takeUntil(({ type }) => type === "DELETED"),
          Stream.runCollect,
          Effect.forkScoped
        )
        const created = yield* client.create(website)
        assert.deepStrictEqual(created["spec"], { image: "shop:1", replicas: 1, free: website.spec.free })
        const older = dynamic.namespaced({ group, version: "v1beta1", resource: "websites" }, space)
        const read = yield* older.get("shop")
        assert.deepStrictEqual([read.apiVersion, read["spec"]], [`${group}/v1beta1`, created["spec"]])
        const listed = yield* older.list()
        assert.deepStrictEqual(
          [listed.kind, listed.items.map(({ apiVersion, kind }) => [apiVersion, kind])],
          ["WebsiteCollection", [[`${group}/v1beta1`, "Website"]]]
        )
        yield* older.patch("shop", Patch.merge({ spec: { image: "shop:2" } }))
        yield* client.patch("shop", Patch.json([{ op: "test", path: "/spec/image", value: "shop:2" }]))
        const strategic = yield* Effect.flip(client.patch("shop", Patch.strategic({ spec: { image: "shop:3" } })))
        assert.strictEqual(strategic.reason._tag, "UnsupportedMediaType")
        const applied = yield* client.apply({
          apiVersion: `${group}/v1`,
          kind: "Website",
          metadata: { name: "shop" },
          spec: { free: { more: 1 } }
        }, { fieldManager: "me" })
        assert.deepInclude(applied["spec"], { image: "shop:2", free: { ...website.spec.free, more: 1 } })
        const invalid = yield* Effect.flip(client.patch("shop", Patch.merge({ spec: { image: 7 } })))
        assert.strictEqual(invalid.reason._tag, "Invalid")

        const status = yield* client.subresource("status").patch("shop", Patch.merge({ status: { replicas: 1 } }))
        assert.deepStrictEqual(status["status"], { replicas: 1 })
        const scales = yield* ScaleClient
        const ref = { group, resource: "websites", namespace: space, name: "shop" }
        assert.strictEqual((yield* scales.get(ref)).status?.replicas, 1)
        yield* scales.patch(ref, Patch.merge({ spec: { replicas: 5 } }))
        assert.deepInclude((yield* client.get("shop"))["spec"], { replicas: 5 })

        const partial = (yield* MetadataClient).namespaced({ group, version: "v1", resource: "websites" }, space)
        const metadata = yield* partial.get("shop")
        assert.deepStrictEqual([metadata.kind, metadata.metadata.uid], ["PartialObjectMetadata", created.metadata.uid])
        assert.strictEqual((yield* partial.list()).items.length, 1)
        yield* partial.delete("shop")
        const events = yield* Fiber.join(watching)
        assert.deepStrictEqual([events[0]?.type, events.at(-1)?.type], ["ADDED", "DELETED"])
      }))

    it.effect("are gone with their definition, and the mapper notices", () =>
      Effect.gen(function*() {
        const { definitions, group, name, space } = yield* definition
        const mapper = yield* RestMapper
        const resource = yield* Effect.retry(mapper.mapping({ group, kind: "Website" }), {
          times: 100,
          schedule: pause
        })
        const client = (yield* DynamicClient).resource(resource, space)
        yield* client.create({ apiVersion: `${group}/v1`, kind: "Website", metadata: { name: "shop" } })
        yield* Wait.deletion(definitions, name, { timeout: "20 seconds" })
        assert.strictEqual((yield* Effect.flip(client.get("shop"))).reason._tag, "NotFound")
        yield* mapper.reset
        const missed = yield* Effect.flip(mapper.mapping({ group, kind: "Website" })).pipe(
          Effect.retry({ times: 100, schedule: pause })
        )
        assert.strictEqual(missed.reason._tag, "NoKindMatch")
      }))
  })
