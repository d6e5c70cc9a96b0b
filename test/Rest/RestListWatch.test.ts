import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { Pod } from "../../src/Api/core/v1.ts"
import * as RestClient from "../../src/Rest/RestClient.ts"
import * as RestListWatch from "../../src/Rest/RestListWatch.ts"
import * as Transport from "../../src/Rest/Transport.ts"
import * as IncrementalDecoder from "../../src/Watch/IncrementalDecoder.ts"
import * as WatchFrame from "../../src/Watch/WatchFrame.ts"
import * as stubTransport from "./stubTransport.ts"

const item = (name: string, version: string, phase: string) => ({
  metadata: { name, namespace: "default", uid: `uid-${name}`, resourceVersion: version, creationTimestamp: null },
  spec: { containers: [{ name: "c", image: "i" }] },
  status: { phase }
})
const page = (items: ReadonlyArray<object>, token = "") =>
  JSON.stringify({ kind: "PodList", apiVersion: "v1", metadata: { resourceVersion: "9", continue: token }, items })
const typed = (object: object) => ({ kind: "Pod", apiVersion: "v1", ...object })

const withBodies = (bodies: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const stub = stubTransport.make(bodies.map((body) => ({ status: 200, body })))
    const rest = yield* RestClient.make().pipe(Effect.provideService(Transport.Transport, stub.transport))
    return RestListWatch.make(rest, Pod, RestListWatch.objects(Pod), {})
  })

const incremental = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.suspend(() => Effect.provideService(effect, WatchFrame.CurrentLineDecoder, IncrementalDecoder.makeUnsafe()))

it.effect("objects of a page, of a later list and of a watch share what did not change, where one decoder reads them", () =>
  Effect.gen(function*() {
    const { list, watch } = yield* withBodies([
      page([item("a", "1", "Pending")], "more"),
      page([item("b", "2", "Running")]),
      `${JSON.stringify({ type: "MODIFIED", object: typed(item("a", "10", "Running")) })}\n`,
      page([item("a", "10", "Running"), item("b", "2", "Running")])
    ])
    const [a] = (yield* list({ limit: 1 })).items
    const [b] = (yield* list({ limit: 1, continue: "more" })).items
    const [event] = yield* Stream.runCollect(watch({}))
    const { items: [a2, b2] } = yield* list({})
    assert.deepStrictEqual<unknown>(a, typed(item("a", "1", "Pending")))
    assert.deepStrictEqual<unknown>(event?.object, typed(item("a", "10", "Running")))
    assert.isTrue(event?.type === "MODIFIED" && event.object.spec === a?.spec && event.object === a2)
    assert.isTrue(b2 === b)
  }).pipe(incremental))

it.effect("lists are the same with and without a decoder that keeps what it read", () =>
  Effect.gen(function*() {
    const bodies = [
      page([]),
      page([item("a", "1", "Pending"), typed(item("b", "2", "Running")), { kind: "Pod", ...item("c", "3", "Failed") }])
    ]
    const read = Effect.gen(function*() {
      const { list } = yield* withBodies(bodies)
      return [yield* list({}), yield* list({})]
    })
    assert.deepStrictEqual(yield* incremental(read), yield* read)
  }))

it.effect("a list that is no JSON, or no list of the kind, fails with Decode under either decoder", () =>
  Effect.gen(function*() {
    const bodies = [
      page([item("a", "1", "Pending")]).slice(0, -2),
      "{\"kind\":\"PodList\"}",
      page([{ kind: "Node", apiVersion: "v1" }])
    ]
    const read = Effect.gen(function*() {
      const { list } = yield* withBodies(bodies)
      return yield* Effect.forEach(bodies, () => Effect.flip(list({})))
    })
    const errors = yield* incremental(read)
    assert.deepStrictEqual(errors.map((error) => error.reason._tag), ["Decode", "Decode", "Decode"])
    assert.deepStrictEqual(errors.map(String).slice(1), (yield* read).map(String).slice(1))
  }))
