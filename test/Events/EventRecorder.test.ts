import { assert, describe, it } from "@effect/vitest"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Logger from "effect/Logger"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { ConfigMap, Event as CoreEvent, Namespace } from "../../src/Api/core/v1.ts"
import { Event } from "../../src/Api/events/v1.ts"
import * as ResourceClient from "../../src/Clientset/ResourceClient.ts"
import * as EventRecorder from "../../src/Events/EventRecorder.ts"
import * as EventSelector from "../../src/Events/EventSelector.ts"
import * as ApiError from "../../src/Machinery/ApiError.ts"
import * as FieldSelector from "../../src/Machinery/FieldSelector.ts"
import * as RestClient from "../../src/Rest/RestClient.ts"
import * as ApiServer from "../../src/Testing/ApiServer.ts"

/** Lets everything that is runnable run, before time goes on and after. */
const settle = Effect.repeat(Effect.yieldNow, { times: 300 })
const adjust = (duration: Duration.Input) =>
  settle.pipe(Effect.andThen(TestClock.adjust(duration)), Effect.andThen(settle))

const notFound = ApiError.fromStatus(
  { apiVersion: "v1", kind: "Status", status: "Failure", code: 404, reason: "NotFound", message: "not found" },
  { verb: "patch", resource: "events" }
)

const forbidden = ApiError.fromStatus(
  { apiVersion: "v1", kind: "Status", status: "Failure", code: 403, reason: "Forbidden", message: "no" },
  { verb: "patch", resource: "events" }
)

const start = Effect.fnUntraced(function*(options: Partial<EventRecorder.Options> = {}) {
  const scope = yield* Scope.make()
  const recorder = yield* Scope.provide(EventRecorder.make({ controller: "web-controller", ...options }), scope)
  const configMaps = yield* ResourceClient.make(ConfigMap, "default")
  const subject = yield* configMaps.create({ metadata: { name: "web" } })
  const core = yield* ResourceClient.make(CoreEvent)
  const events = yield* ResourceClient.make(Event)
  return {
    recorder,
    subject,
    close: Scope.close(scope, Exit.void),
    core: Effect.map(core.list(), ({ items }) => items),
    events: Effect.map(events.list(), ({ items }) => items)
  }
})

describe("EventRecorder over core/v1", () => {
  it.effect("what is recorded about an object stands in its namespace, and repetitions count", () =>
    Effect.gen(function*() {
      const { close, core, recorder, subject } = yield* start({ host: "node-1" })
      const occurrence = { reason: "Scaled", message: "to 3", action: "Scaling", annotations: { a: "b" } }
      yield* recorder.record(subject, occurrence)
      yield* adjust("2 seconds")
      yield* recorder.record(subject, occurrence)
      yield* close
      const [event, ...others] = yield* core
      assert.deepStrictEqual(others, [])
      const { apiVersion, kind, name, namespace, resourceVersion, uid } = {
        ...subject,
        ...subject.metadata
      }
      assert.deepStrictEqual(event?.involvedObject, { apiVersion, kind, name, namespace, resourceVersion, uid })
      assert.match(event?.metadata.name ?? "", /^web\.[0-9a-f]+$/)
      assert.deepInclude(event, {
        type: "Normal",
        reason: "Scaled",
        message: "to 3",
        action: "Scaling",
        count: 2,
        source: { component: "web-controller", host: "node-1" }
      })
      assert.deepStrictEqual(event?.metadata.annotations, { a: "b" })
      assert.notStrictEqual(event?.firstTimestamp, event?.lastTimestamp)
    }).pipe(Effect.provide(ApiServer.layer)))

  it.effect("an event that somebody deleted is created again with its count", () =>
    Effect.gen(function*() {
      const { close, core, recorder, subject } = yield* start()
      const events = yield* ResourceClient.make(CoreEvent, "default")
      yield* recorder.record(subject, { reason: "A", message: "a" })
      yield* adjust(0)
      const [event] = yield* core
      yield* events.delete(event?.metadata.name ?? "")
      yield* recorder.record(subject, { reason: "A", message: "a" })
      yield* close
      assert.deepStrictEqual((yield* core).map(({ count }) => count), [2])
    }).pipe(Effect.provide(ApiServer.layer)))

  it.effect("events of two objects that differ by their uid alone are two, and each counts by itself", () =>
    Effect.gen(function*() {
      const { close, core, recorder } = yield* start()
      const first = { apiVersion: "v1", kind: "Pod", namespace: "default", name: "web", uid: "one" }
      const second = { ...first, uid: "two" }
      const started = { reason: "Started", message: "it started", fieldPath: "spec.containers{web}" }
      yield* recorder.record(first, started)
      yield* recorder.record(first, { ...started, reason: "Killed" })
      yield* recorder.record(first, started)
      yield* recorder.record(second, started)
      yield* recorder.record(first, started)
      yield* recorder.record(second, { ...started, reason: "Killed" })
      yield* recorder.record(second, { ...started, reason: "Killed" })
      yield* close
      const counted = (yield* core).map(({ count, involvedObject, reason }) =>
        `${involvedObject.uid ?? ""} ${reason ?? ""} ×${count ?? 0}`
      )
      assert.sameMembers(counted, ["one Started ×3", "one Killed ×1", "two Started ×1", "two Killed ×2"])
    }).pipe(Effect.provide(ApiServer.layer)))

  it.effect("two events of one moment are two, and names that no Event can have are replaced", () =>
    Effect.gen(function*() {
      const { close, core, recorder } = yield* start()
      const reference = { apiVersion: "v1", kind: "Thing", namespace: "default" }
      yield* recorder.record({ ...reference, name: "a" }, { reason: "A", message: "a" })
      yield* recorder.record({ ...reference, name: "a" }, { reason: "B", message: "b", type: "Warning" })
      yield* recorder.record({ ...reference, name: "Not:A_Name" }, { reason: "C", message: "c" })
      yield* recorder.record({ ...reference, name: "x".repeat(300) }, { reason: "D", message: "d" })
      yield* close
      const all = yield* core
      assert.deepStrictEqual(all.map(({ reason }) => reason).sort(), ["A", "B", "C", "D"])
      for (const { metadata, reason } of all) {
        if (reason === "C" || reason === "D") {
          assert.match(metadata.name, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/)
        }
      }
    }).pipe(Effect.provide(ApiServer.layer)))

  it.effect("events about objects without namespace stand in `default`, about a part of one name the part", () =>
    Effect.gen(function*() {
      const { close, core, recorder, subject } = yield* start()
      const namespaces = yield* ResourceClient.make(Namespace)
      const namespace = yield* namespaces.create({ metadata: { name: "team" } })
      yield* recorder.record(namespace, { reason: "A", message: "a", related: subject })
      yield* recorder.record(subject, { reason: "B", message: "b", fieldPath: "data{x}" })
      yield* close
      const all = yield* core
      const of = (reason: string) => all.find((event) => event.reason === reason)
      assert.strictEqual(of("A")?.metadata.namespace, "default")
      assert.strictEqual(of("A")?.related?.name, "web")
      assert.strictEqual(of("B")?.involvedObject.fieldPath, "data{x}")
    }).pipe(Effect.provide(ApiServer.layer)))
})

describe("EventRecorder over events.k8s.io/v1", () => {
  it.effect("a repeated event becomes a series, whose last count is written at the end", () =>
    Effect.gen(function*() {
      const { close, core, events, recorder, subject } = yield* start({ api: "events.k8s.io/v1", host: "node-1" })
      for (let n = 0; n < 5; n++) {
        yield* recorder.record(subject, { reason: "Scaled", action: "Scaling", message: "to 3" })
        yield* adjust("1 second")
      }
      const [begun] = yield* events
      assert.strictEqual(begun?.series?.count, 2)
      yield* close
      const [event, ...others] = yield* events
      assert.deepStrictEqual(others, [])
      assert.deepInclude(event, {
        action: "Scaling",
        reason: "Scaled",
        note: "to 3",
        type: "Normal",
        reportingController: "web-controller",
        reportingInstance: "web-controller-node-1"
      })
      assert.strictEqual(event?.series?.count, 5)
      assert.match(event?.series?.lastObservedTime ?? "", /\.\d{6}Z$/)
      assert.strictEqual((yield* core).length, 1)
    }).pipe(Effect.provide(ApiServer.layer)))

  it.effect("a series that goes on is written again after half an hour", () =>
    Effect.gen(function*() {
      const { events, recorder, subject } = yield* start({ api: "events.k8s.io/v1" })
      const count = Effect.map(events, ([event]) => event?.series?.count)
      for (let minute = 0; minute < 30; minute++) {
        yield* recorder.record(subject, { reason: "A", message: "a" })
        yield* adjust("59 seconds")
      }
      assert.strictEqual(yield* count, 2)
      yield* adjust("30 seconds")
      assert.strictEqual(yield* count, 30)
    }).pipe(Effect.provide(ApiServer.layer)))

  it.effect("a series whose first Event arrives between its patch and its creation is patched", () =>
    Effect.gen(function*() {
      const rest = yield* RestClient.RestClient
      yield* Effect.scoped(Effect.gen(function*() {
        let isFirst = true
        // The first patch finds nothing yet, as when the first Event is still on its way.
        const late: RestClient.RestClient["Service"] = {
          ...rest,
          json: (request) =>
            Effect.suspend(() => {
              if (request.verb !== "patch" || !isFirst) return rest.json(request)
              isFirst = false
              return Effect.fail(notFound)
            })
        }
        const recorder = yield* EventRecorder.make({ controller: "web-controller", api: "events.k8s.io/v1" }).pipe(
          Effect.provideService(RestClient.RestClient, late)
        )
        const subject = { apiVersion: "v1", kind: "ConfigMap", namespace: "default", name: "web" }
        yield* recorder.record(subject, { reason: "A", message: "a" })
        yield* recorder.record(subject, { reason: "A", message: "a" })
        yield* settle
      }))
      const { items } = yield* Effect.flatMap(ResourceClient.make(Event), (events) => events.list())
      assert.deepStrictEqual(items.map(({ series }) => series?.count), [2])
    }).pipe(Effect.provide(ApiServer.layer)))

  it.effect("a series whose refresh the server refuses is kept, and written the next time", () =>
    Effect.gen(function*() {
      const rest = yield* RestClient.RestClient
      let patches = 0
      const flaky: RestClient.RestClient["Service"] = {
        ...rest,
        json: (request) =>
          // The second patch is the first refresh.
          Effect.suspend(() =>
            request.verb === "patch" && ++patches === 2 ? Effect.fail(forbidden) : rest.json(request)
          )
      }
      const recorder = yield* EventRecorder.make({ controller: "web-controller", api: "events.k8s.io/v1" }).pipe(
        Effect.provideService(RestClient.RestClient, flaky)
      )
      const subject = { apiVersion: "v1", kind: "ConfigMap", namespace: "default", name: "web" }
      const client = yield* ResourceClient.make(Event)
      const count = Effect.map(client.list(), ({ items }) => items[0]?.series?.count)
      for (let minute = 0; minute < 60; minute++) {
        yield* recorder.record(subject, { reason: "A", message: "a" })
        yield* adjust("59 seconds")
        if (minute === 31) assert.deepStrictEqual([yield* count, patches], [2, 2])
      }
      yield* adjust("2 minutes")
      assert.deepStrictEqual([yield* count, patches], [60, 3])
    }).pipe(Effect.provide(Logger.layer([])), Effect.provide(ApiServer.layer)))

  it.effect("a series that is over is written a last time and forgotten", () =>
    Effect.gen(function*() {
      const { events, recorder, subject } = yield* start({ api: "events.k8s.io/v1" })
      const record = recorder.record(subject, { reason: "A", message: "a" })
      const count = Effect.map(events, ([event]) => event?.series?.count)
      for (let n = 0; n < 3; n++) yield* record
      yield* adjust("2 minutes")
      assert.strictEqual(yield* count, 2)
      yield* adjust("10 minutes")
      assert.strictEqual(yield* count, 3)
      // Forgotten: the next one is a new Event.
      yield* record
      yield* adjust(0)
      assert.strictEqual((yield* events).length, 2)
    }).pipe(Effect.provide(ApiServer.layer)))

  it.effect("a series whose Event somebody deleted is created again", () =>
    Effect.gen(function*() {
      const { close, events, recorder, subject } = yield* start({ api: "events.k8s.io/v1" })
      const client = yield* ResourceClient.make(Event, "default")
      const record = recorder.record(subject, { reason: "A", message: "a" })
      yield* record
      yield* adjust(0)
      const [event] = yield* events
      yield* client.delete(event?.metadata.name ?? "")
      yield* record
      yield* close
      assert.deepStrictEqual((yield* events).map(({ series }) => series?.count), [2])
    }).pipe(Effect.provide(ApiServer.layer)))
})

describe("EventRecorder.makeMemory", () => {
  it.effect("keeps what was recorded, in order", () =>
    Effect.gen(function*() {
      const { recorded, recorder } = yield* EventRecorder.makeMemory
      const subject = { kind: "Pod", name: "web" }
      yield* recorder.record(subject, { reason: "A", message: "a" })
      yield* recorder.record(subject, { reason: "B", message: "b", type: "Warning" })
      assert.deepStrictEqual(yield* recorded, [
        { subject, reason: "A", message: "a" },
        { subject, reason: "B", message: "b", type: "Warning" }
      ])
    }))
})

describe("EventSelector", () => {
  it.effect("finds the events about an object", () =>
    Effect.gen(function*() {
      const { close, recorder, subject } = yield* start()
      yield* recorder.record(subject, { reason: "A", message: "a" })
      yield* recorder.record({ kind: "ConfigMap", namespace: "default", name: "other" }, { reason: "B", message: "b" })
      yield* close
      const core = yield* ResourceClient.make(CoreEvent, "default")
      const { items } = yield* core.list({ fieldSelector: EventSelector.regarding(subject) })
      assert.deepStrictEqual(items.map(({ reason }) => reason), ["A"])
    }).pipe(Effect.provide(ApiServer.layer)))

  it.effect("says only what the reference says", () =>
    Effect.sync(() => {
      const print = (reference: Parameters<typeof EventSelector.regarding>[0]) =>
        FieldSelector.print(EventSelector.regarding(reference))
      assert.strictEqual(print({}), "")
      assert.strictEqual(print({ kind: "Pod", name: "" }), "involvedObject.kind=Pod")
      assert.strictEqual(
        print({ apiVersion: "apps/v1", name: "web", uid: "u" }),
        "involvedObject.apiVersion=apps/v1,involvedObject.name=web,involvedObject.uid=u"
      )
      const web = { apiVersion: "apps/v1", kind: "Deployment", namespace: "default", name: "web", uid: "u" }
      const fields = (prefix: string) =>
        ["apiVersion=apps/v1", "kind=Deployment", "name=web", "namespace=default", "uid=u"]
          .map((field) => `${prefix}.${field}`).join(",")
      assert.strictEqual(print(web), fields("involvedObject"))
      assert.strictEqual(
        FieldSelector.print(EventSelector.regarding(web, { api: "events.k8s.io/v1" })),
        fields("regarding")
      )
    }))
})
