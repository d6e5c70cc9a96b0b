/**
 * What holds of reading: versions, selectors, pages, and watches from any point, with and without a list before them.
 */
import { assert, layer as withLayer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { ReplicaSet } from "../../src/Api/apps/v1.ts"
import { Job } from "../../src/Api/batch/v1.ts"
import { ConfigMap, Event, Node, Pod } from "../../src/Api/core/v1.ts"
import { Event as EventsEvent } from "../../src/Api/events/v1.ts"
import { ResourceSlice } from "../../src/Api/resource/v1.ts"
import * as ResourceClient from "../../src/Clientset/ResourceClient.ts"
import { DynamicClient } from "../../src/Dynamic/DynamicClient.ts"
import type { Kubernetes } from "../../src/Kubernetes.ts"
import * as Patch from "../../src/Machinery/Patch.ts"
import type { AnyResource } from "../../src/Machinery/Resource.ts"
import { RestClient } from "../../src/Rest/RestClient.ts"
import * as WatchEvent from "../../src/Watch/WatchEvent.ts"
import * as namespace from "./namespace.ts"

/** What the cluster itself puts into a namespace carries no such label. */
const labelSelector = "suite=reads"

const setup = Effect.gen(function*() {
  const space = yield* namespace.scoped
  const configMaps = yield* ResourceClient.make(ConfigMap, space)
  const create = (name: string, labels: { readonly [key: string]: string } = {}) =>
    configMaps.create({ metadata: { name, labels: { suite: "reads", ...labels } } })
  return { space, configMaps, create }
})

const namesOf = (items: ReadonlyArray<{ readonly metadata: { readonly name: string } }>) =>
  items.map(({ metadata }) => metadata.name)

const short = (event: WatchEvent.WatchEvent<{ readonly metadata: { readonly name: string } }>) =>
  event.type === "BOOKMARK" ? "BOOKMARK" : `${event.type} ${event.object.metadata.name}`

export const suite = (name: string, layer: Layer.Layer<Kubernetes, unknown>): void =>
  withLayer(layer, { excludeTestServices: true, timeout: 60_000 })(`Reads (${name})`, (it) => {
    it.effect("a list is sorted by name, and narrowed by labels and fields", () =>
      Effect.gen(function*() {
        const { configMaps, create } = yield* setup
        yield* create("c", { tier: "web" })
        yield* create("a", { tier: "db" })
        yield* create("b")
        const list = (selector: string) =>
          Effect.map(configMaps.list({ labelSelector: selector }), ({ items }) => namesOf(items))
        assert.deepStrictEqual(yield* list(labelSelector), ["a", "b", "c"])
        assert.deepStrictEqual(yield* list(`${labelSelector},tier`), ["a", "c"])
        assert.deepStrictEqual(yield* list(`${labelSelector},!tier`), ["b"])
        assert.deepStrictEqual(yield* list(`${labelSelector},tier in (db, cache)`), ["a"])
        assert.deepStrictEqual(yield* list(`${labelSelector},tier!=db`), ["b", "c"])
        const named = yield* configMaps.list({ fieldSelector: "metadata.name=c" })
        assert.deepStrictEqual(namesOf(named.items), ["c"])
        const refused = yield* Effect.flip(configMaps.list({ fieldSelector: "data.x=c" }))
        assert.strictEqual(refused.reason._tag, "BadRequest")
        assert.include(
          refused.message,
          `"data.x" is not a known field selector: only "metadata.name", "metadata.namespace"`
        )
      }))

    it.effect("a pod is selected by its phase and by its node", () =>
      Effect.gen(function*() {
        const { space } = yield* setup
        const pods = yield* ResourceClient.make(Pod, space)
        const pod = (name: string) => ({
          metadata: { name },
          spec: { schedulerName: "nobody", containers: [{ name: "main", image: "none" }] }
        })
        yield* pods.create(pod("first"))
        yield* pods.create(pod("second"))
        const select = (fieldSelector: string) =>
          Effect.map(pods.list({ fieldSelector }), ({ items }) => namesOf(items))
        assert.deepStrictEqual(yield* select("status.phase=Pending"), ["first", "second"])
        assert.deepStrictEqual(yield* select("status.phase!=Pending"), [])
        assert.deepStrictEqual(yield* select("spec.nodeName=,metadata.name!=first"), ["second"])
        assert.include(
          (yield* Effect.flip(pods.list({ fieldSelector: "spec.x=1" }))).message,
          "field label not supported: spec.x"
        )
      }))

    it.effect("events are selected by the fields that their group names", () =>
      Effect.gen(function*() {
        const { space } = yield* setup
        const core = yield* ResourceClient.make(Event, space)
        const events = yield* ResourceClient.make(EventsEvent, space)
        const about = (name: string) => ({ apiVersion: "v1", kind: "Pod", name, namespace: space })
        yield* core.create({
          metadata: { name: "a" },
          involvedObject: about("web-0"),
          reason: "Started",
          type: "Normal"
        })
        yield* events.create({
          metadata: { name: "b" },
          regarding: about("web-1"),
          eventTime: "2026-01-02T03:04:05.000006Z",
          reportingController: "example.com/controller",
          reportingInstance: "controller-0",
          action: "Starting",
          reason: "Failed",
          type: "Warning"
        })
        const ofCore = (fieldSelector: string) =>
          Effect.map(core.list({ fieldSelector }), ({ items }) => namesOf(items))
        const ofEvents = (fieldSelector: string) =>
          Effect.map(events.list({ fieldSelector }), ({ items }) => namesOf(items))
        assert.deepStrictEqual(yield* ofCore("involvedObject.name=web-1"), ["b"])
        assert.deepStrictEqual(yield* ofEvents("regarding.name=web-0"), ["a"])
        assert.deepStrictEqual(yield* ofEvents("regarding.kind=Pod,regarding.apiVersion=v1,type=Warning"), ["b"])
        assert.deepStrictEqual(yield* ofEvents("reportingController=example.com/controller"), ["b"])
        assert.deepStrictEqual(yield* ofCore("reportingComponent=example.com/controller,source!="), ["b"])
        assert.deepStrictEqual(yield* ofEvents("reason!=Started,metadata.name=b"), ["b"])
        for (const label of ["involvedObject.name", "reportingComponent", "source"]) {
          assert.include((yield* Effect.flip(ofEvents(`${label}=x`))).message, `field label not supported: ${label}`)
        }
        for (const label of ["regarding.name", "reportingController", "note"]) {
          assert.include((yield* Effect.flip(ofCore(`${label}=x`))).message, `field label not supported: ${label}`)
        }
      }))

    it.effect("what a kind cannot be selected by is refused in the kind's own words", () =>
      Effect.gen(function*() {
        const client = yield* DynamicClient
        const refusal = (resource: AnyResource, field: string) =>
          Effect.map(
            Effect.flip(client.resource(resource).list({ fieldSelector: `${field}=x` })),
            ({ message }) => message
          )
        const unknown = (field: string) =>
          `"${field}" is not a known field selector: only "metadata.name", "metadata.namespace"`
        assert.include(yield* refusal(ReplicaSet, "status.replicas"), unknown("status.replicas"))
        assert.include(yield* refusal(ConfigMap, "data"), unknown("data"))
        assert.include(yield* refusal(Job, "spec.suspend"), `field label "spec.suspend" not supported for Job`)
        assert.include(
          yield* refusal(ResourceSlice, "spec.pool"),
          "field label not supported for resource.k8s.io/v1, Kind=ResourceSlice: spec.pool"
        )
        assert.include(yield* refusal(Node, "metadata.namespace"), "field label not supported: metadata.namespace")
        assert.deepStrictEqual((yield* client.resource(Pod).list({ fieldSelector: "spec.host=nowhere" })).items, [])
      }))

    it.effect("an exact version shows what was, another what is at least as new", () =>
      Effect.gen(function*() {
        const { configMaps, create } = yield* setup
        yield* create("a")
        const before = yield* configMaps.list({ labelSelector })
        yield* create("b")
        const { resourceVersion } = before.metadata
        const exact = yield* configMaps.list({ labelSelector, resourceVersion, resourceVersionMatch: "Exact" })
        assert.deepStrictEqual(namesOf(exact.items), ["a"])
        assert.strictEqual(exact.metadata.resourceVersion, resourceVersion)
        const newer = yield* configMaps.list({ labelSelector, resourceVersion, resourceVersionMatch: "NotOlderThan" })
        assert.deepStrictEqual(namesOf(newer.items), ["a", "b"])
      }))

    it.effect("options that do not go together are refused with the field", () =>
      Effect.gen(function*() {
        const { configMaps } = yield* setup
        const refusal = (options: Parameters<typeof configMaps.list>[0]) =>
          Effect.map(
            Effect.flip(configMaps.list(options)),
            ({ message, reason }) => [reason._tag, message.split(": ").slice(-2).join(": ")]
          )
        assert.deepStrictEqual(yield* refusal({ resourceVersionMatch: "Exact" }), [
          "Invalid",
          "Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided"
        ])
        assert.deepStrictEqual(yield* refusal({ resourceVersion: "0", resourceVersionMatch: "Exact" }), [
          "Invalid",
          `Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"`
        ])
        const watch = yield* configMaps.watch({ sendInitialEvents: true }).pipe(Stream.runDrain, Effect.flip)
        assert.include(watch.message, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")
      }))

    it.effect("pages belong to the version of the first, whatever is written in between", () =>
      Effect.gen(function*() {
        const { configMaps, create } = yield* setup
        for (const each of ["a", "b", "c", "d", "e"]) yield* create(each)
        const first = yield* configMaps.list({ labelSelector, limit: 2 })
        assert.deepStrictEqual(namesOf(first.items), ["a", "b"])
        yield* create("ba")
        yield* configMaps.delete("d")
        const token = first.metadata.continue
        const second = yield* configMaps.list({ labelSelector, limit: 2, continue: token })
        assert.deepStrictEqual(namesOf(second.items), ["c", "d"])
        assert.strictEqual(second.metadata.resourceVersion, first.metadata.resourceVersion)
        const last = yield* configMaps.list({ labelSelector, limit: 2, continue: second.metadata.continue })
        assert.deepStrictEqual([namesOf(last.items), last.metadata.continue ?? ""], [["e"], ""])
        const broken = yield* Effect.flip(configMaps.list({ limit: 2, continue: "abc" }))
        assert.strictEqual(broken.reason._tag, "BadRequest")
        assert.include(broken.message, "invalid continue token")
      }))

    it.effect("a watch from a version replays what came after it, in order", () =>
      Effect.gen(function*() {
        const { configMaps, create } = yield* setup
        yield* create("before")
        const { metadata } = yield* configMaps.list({ labelSelector })
        yield* create("a")
        yield* configMaps.patch("a", Patch.merge({ data: { x: "1" } }))
        yield* configMaps.delete("a")
        const events = yield* configMaps.watch({ labelSelector, resourceVersion: metadata.resourceVersion }).pipe(
          Stream.take(3),
          Stream.runCollect
        )
        assert.deepStrictEqual(events.map(short), ["ADDED a", "MODIFIED a", "DELETED a"])
        const versions = events.map((event) => Number(event.object.metadata.resourceVersion))
        assert.deepStrictEqual([...versions].sort((left, right) => left - right), versions)
        assert.deepStrictEqual(
          events[2]?.type === "DELETED" ? events[2].object.data : undefined,
          { x: "1" },
          "a deletion carries the last state"
        )
      }))

    it.effect("what begins or ceases to match a selector is added or deleted", () =>
      Effect.gen(function*() {
        const { configMaps, create } = yield* setup
        yield* create("a", { color: "red" })
        const { metadata } = yield* configMaps.list({ labelSelector })
        const paint = (color: string) => configMaps.patch("a", Patch.merge({ metadata: { labels: { color } } }))
        yield* paint("blue")
        yield* paint("green")
        yield* configMaps.patch("a", Patch.merge({ data: { x: "1" } }))
        yield* paint("blue")
        yield* configMaps.delete("a")
        const seen = (selector: string, count: number) =>
          configMaps.watch({ labelSelector: selector, resourceVersion: metadata.resourceVersion }).pipe(
            Stream.take(count),
            Stream.map(short),
            Stream.runCollect
          )
        assert.deepStrictEqual(yield* seen("color=blue", 4), ["ADDED a", "DELETED a", "ADDED a", "DELETED a"])
        assert.deepStrictEqual(yield* seen("color=green", 3), ["ADDED a", "MODIFIED a", "DELETED a"])
        assert.deepStrictEqual(yield* seen("color=red", 1), ["DELETED a"])
      }))

    it.effect("a watch without a version begins with what there is", () =>
      Effect.gen(function*() {
        const { configMaps, create } = yield* setup
        yield* create("a")
        yield* create("b")
        const events = yield* configMaps.watch({ labelSelector }).pipe(
          Stream.take(2),
          Stream.map(short),
          Stream.runCollect
        )
        assert.deepStrictEqual([...events].sort(), ["ADDED a", "ADDED b"])
      }))

    it.effect("initial events end with an annotated bookmark, and the stream goes on", () =>
      Effect.gen(function*() {
        const { configMaps, create } = yield* setup
        yield* create("a")
        const events = yield* configMaps.watch({
          labelSelector,
          sendInitialEvents: true,
          resourceVersionMatch: "NotOlderThan",
          allowWatchBookmarks: true
        }).pipe(
          Stream.tap((event) => event.type === "BOOKMARK" ? Effect.ignore(create("b")) : Effect.void),
          Stream.takeUntil((event) => event.type === "ADDED" && event.object.metadata.name === "b"),
          Stream.runCollect
        )
        assert.deepStrictEqual(events.map(short), ["ADDED a", "BOOKMARK", "ADDED b"])
        const [added, end] = events
        assert.isTrue(end !== undefined && WatchEvent.isInitialEventsEnd(end))
        assert.isAtLeast(
          Number(end?.object.metadata.resourceVersion),
          Number(added?.object.metadata.resourceVersion)
        )
      }))

    it.effect("a timeout ends a watch without an error, after a bookmark", () =>
      Effect.gen(function*() {
        const { configMaps, create } = yield* setup
        yield* create("a")
        const { metadata } = yield* configMaps.list({ labelSelector })
        const events = yield* configMaps.watch({
          labelSelector,
          resourceVersion: metadata.resourceVersion,
          timeoutSeconds: 1
        }).pipe(Stream.runCollect)
        assert.deepStrictEqual(events, [])
      }))

    it.effect("a watch and those who write run side by side", () =>
      Effect.gen(function*() {
        const { configMaps, create } = yield* setup
        const names = Array.from({ length: 20 }, (_, index) => `item-${index}`)
        const { metadata } = yield* configMaps.list({ labelSelector })
        const watching = yield* configMaps.watch({ labelSelector, resourceVersion: metadata.resourceVersion }).pipe(
          Stream.take(names.length),
          Stream.runCollect,
          Effect.forkScoped
        )
        yield* Effect.forEach(names, (each) => create(each), { concurrency: 10 })
        const events = yield* Fiber.join(watching)
        assert.deepStrictEqual(events.map(short).sort(), names.map((each) => `ADDED ${each}`).sort())
      }))

    it.effect("answers tables and metadata to those who ask for them", () =>
      Effect.gen(function*() {
        const { create, space } = yield* setup
        yield* create("a")
        const rest = yield* RestClient
        const request = (accept: string) =>
          rest.json({
            verb: "list",
            method: "GET",
            target: { _tag: "Resource", group: "", version: "v1", plural: "configmaps", namespace: space },
            query: [["labelSelector", labelSelector]],
            accept
          })
        const table = (yield* request("application/json;as=Table;v=v1;g=meta.k8s.io")) as {
          readonly kind: string
          readonly columnDefinitions: ReadonlyArray<{ readonly name: string }>
          readonly rows: ReadonlyArray<
            { readonly cells: ReadonlyArray<unknown>; readonly object: { readonly kind: string } }
          >
        }
        assert.strictEqual(table.kind, "Table")
        assert.deepStrictEqual(table.columnDefinitions.map((column) => column.name), ["Name", "Data", "Age"])
        assert.deepStrictEqual(table.rows[0]?.cells.slice(0, 2), ["a", 0])
        assert.strictEqual(table.rows[0]?.object.kind, "PartialObjectMetadata")
        const partial = (yield* request("application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io")) as {
          readonly kind: string
          readonly items: ReadonlyArray<object>
        }
        assert.strictEqual(partial.kind, "PartialObjectMetadataList")
        assert.notProperty(partial.items[0], "data")
      }))
  })
