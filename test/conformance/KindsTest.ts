/**
 * What holds of every kind: each verb, on each of many kinds, by the typed client, the dynamic one and the one of
 * metadata.
 */
import { assert, layer as withLayer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as Wait from "../../src/Clientset/Wait.ts"
import { DynamicClient } from "../../src/Dynamic/DynamicClient.ts"
import { MetadataClient } from "../../src/Dynamic/MetadataClient.ts"
import * as Retry from "../../src/FlowControl/Retry.ts"
import type { Kubernetes } from "../../src/Kubernetes.ts"
import * as Patch from "../../src/Machinery/Patch.ts"
import * as Resource from "../../src/Machinery/Resource.ts"
import * as Warning from "../../src/Rest/Warning.ts"
import { type Manifest, manifests } from "./manifests.ts"
import * as namespace from "./namespace.ts"

const clientsOf = Effect.fnUntraced(function*({ object, resource }: Manifest) {
  const space = yield* namespace.scoped
  const itsNamespace = resource.scope === "Namespaced" ? space : undefined
  const client = (yield* DynamicClient).resource(resource, itsNamespace)
  const partial = (yield* MetadataClient).resource(resource, itsNamespace)
  const name = space
  const manifest = (suffix = "", labels: { readonly [key: string]: string } = { suite: space }) => ({
    apiVersion: Resource.apiVersion(resource),
    kind: resource.kind,
    ...object(space),
    metadata: { name: `${suffix}${name}`, labels, ...(itsNamespace === undefined ? {} : { namespace: itsNamespace }) }
  })
  return { client, partial, name, manifest, labelSelector: { suite: space }, space }
})

// Some of the kinds are deprecated, and the server says so with every answer.
const withoutWarnings = Effect.provideService(Warning.CurrentWarningHandler, Warning.ignore)

const deleteNow = { gracePeriodSeconds: 0, timeout: "30 seconds" } as const

export const suite = (name: string, layer: Layer.Layer<Kubernetes, unknown>): void =>
  withLayer(layer, { excludeTestServices: true, timeout: 60_000 })(`Kinds (${name})`, (it) => {
    for (const row of manifests) {
      const title = `${Resource.qualifiedName(row.resource)} ${row.resource.version}`

      it.effect(`${title}: is created, read, listed, changed in every way and deleted`, () =>
        Effect.gen(function*() {
          const { client, labelSelector, manifest, name, partial, space } = yield* clientsOf(row)

          const dry = yield* client.create(manifest(), { dryRun: "All" })
          assert.strictEqual(dry.metadata.name, name)
          assert.strictEqual((yield* Effect.flip(client.get(name))).reason._tag, "NotFound")

          const before = yield* client.list({ labelSelector })
          assert.deepStrictEqual(before.items, [])
          const watching = yield* client.watch({ labelSelector, resourceVersion: before.metadata.resourceVersion })
            .pipe(
              Stream.takeUntil(({ type }) => type === "DELETED"),
              Stream.runCollect,
              Effect.forkScoped
            )

          const created = yield* client.create(manifest(), { fieldManager: "creator" })
          assert.strictEqual(created.apiVersion, Resource.apiVersion(row.resource))
          assert.strictEqual(created.kind, row.resource.kind)
          assert.strictEqual((yield* Effect.flip(client.create(manifest()))).reason._tag, "AlreadyExists")

          const read = yield* client.get(name)
          assert.strictEqual(read.metadata.uid, created.metadata.uid)
          const metadata = yield* partial.get(name)
          assert.strictEqual(metadata.kind, "PartialObjectMetadata")
          assert.strictEqual(metadata.metadata.uid, created.metadata.uid)
          const listed = yield* client.list({ labelSelector, limit: 10 })
          assert.deepStrictEqual(listed.items.map(({ kind, metadata }) => [kind, metadata.uid]), [
            [row.resource.kind, created.metadata.uid]
          ])
          assert.deepStrictEqual(
            (yield* partial.list({ labelSelector })).items.map(({ metadata }) => metadata.uid),
            [created.metadata.uid]
          )

          const annotate = (key: string) => ({ metadata: { annotations: { [key]: "yes" } } })
          yield* client.patch(name, Patch.merge(annotate("merge")))
          yield* client.patch(name, Patch.json([{ op: "add", path: "/metadata/annotations/json", value: "yes" }]))
          yield* client.patch(name, Patch.strategic(annotate("strategic")))
          yield* partial.patch(name, Patch.merge(annotate("partial")))
          const applied = yield* client.apply({ metadata: { name, ...annotate("apply").metadata } }, {
            fieldManager: "applier"
          })
          for (const way of ["merge", "json", "strategic", "partial", "apply"]) {
            assert.strictEqual(applied.metadata.annotations?.[way], "yes", way)
          }
          assert.include(applied.metadata.managedFields?.map(({ manager }) => manager) ?? [], "applier")

          const stale = yield* Effect.flip(client.update({ ...created, metadata: created.metadata }))
          assert.strictEqual(stale.reason._tag, "Conflict")
          const updated = yield* Effect.flatMap(client.get(name), (newest) =>
            client.update({
              ...newest,
              metadata: { ...newest.metadata, annotations: { ...newest.metadata.annotations, update: "yes" } }
            })).pipe(Retry.onConflict())
          assert.strictEqual(updated.metadata.annotations?.["update"], "yes")
          assert.strictEqual(updated.metadata.annotations?.["merge"], "yes")

          const precondition = yield* Effect.flip(client.delete(name, { preconditions: { uid: "another" } }))
          assert.strictEqual(precondition.reason._tag, "Conflict")
          yield* Wait.deletion(client, name, deleteNow)
          assert.strictEqual((yield* Effect.flip(client.get(name))).reason._tag, "NotFound")

          const events = yield* Fiber.join(watching)
          assert.strictEqual(events[0]?.type, "ADDED")
          assert.isAtLeast(events.filter(({ type }) => type === "MODIFIED").length, 6)
          assert.strictEqual(events.at(-1)?.type, "DELETED")
          assert.isTrue(events.every(({ object }) => object.kind === row.resource.kind))
          assert.isAbove(space.length, 0)
        }).pipe(withoutWarnings), 60_000)
    }

    for (const row of manifests.filter(({ resource }) => resource.verbs.includes("deletecollection")).slice(0, 12)) {
      it.effect(
        `${Resource.qualifiedName(row.resource)} ${row.resource.version}: is deleted by selector`,
        () =>
          Effect.gen(function*() {
            const { client, labelSelector, manifest, name, partial } = yield* clientsOf(row)
            yield* client.create(manifest("a-"))
            yield* client.create(manifest("b-"))
            yield* client.create(manifest("c-", { suite: "other" }))
            yield* partial.deleteCollection({ labelSelector }, { gracePeriodSeconds: 0 })
            yield* Wait.untilState(client, `a-${name}`, gone, { timeout: "30 seconds" })
            yield* Wait.untilState(client, `b-${name}`, gone, { timeout: "30 seconds" })
            assert.deepStrictEqual((yield* client.list({ labelSelector })).items, [])
            assert.strictEqual((yield* client.get(`c-${name}`)).metadata.labels?.["suite"], "other")
          }).pipe(withoutWarnings),
        60_000
      )
    }
  })

const gone = { description: "deleted", isMet: (object: unknown) => object === undefined }
