/**
 * A list that comes as a stream of events: it is whole at the bookmark that says so, whatever changes meanwhile.
 */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import * as SharedInformer from "../../src/Informer/SharedInformer.ts"
import { broken, ModelServer, type Obj, refused } from "./ModelServer.ts"

const settle = TestClock.adjust(0).pipe(Effect.andThen(Effect.yieldNow), Effect.repeat({ times: 20 }))

const start = Effect.fnUntraced(function*(server: ModelServer) {
  const informer = yield* SharedInformer.make<Obj, Obj>({ listWatch: server.listWatch, prepare: (object) => object })
  yield* settle
  return informer
})

/** A server that has streamed what there is and not yet said that this is all. */
const unclosed = () => {
  const server = new ModelServer()
  server.initialEvents = "unclosed"
  server.create("a", 1)
  server.create("b", 1)
  return server
}

const bookmark = (version: string, annotations?: { readonly [key: string]: string }): string =>
  `${
    JSON.stringify({
      type: "BOOKMARK",
      object: { kind: "Pod", apiVersion: "v1", metadata: { resourceVersion: version, annotations } }
    })
  }\n`

const end = { "k8s.io/initial-events-end": "true" }

it.effect("changes before its end are part of it: what was changed is as it is, what was deleted is not there", () =>
  Effect.gen(function*() {
    const server = unclosed()
    const informer = yield* start(server)
    server.update("a", 2)
    server.remove("b")
    server.create("c", 3)
    yield* settle
    // No reader sees a part of it.
    assert.isFalse(yield* informer.hasSynced)
    assert.deepStrictEqual(yield* informer.list, [])
    server.raw(bookmark(String(server.version), end))
    yield* settle
    assert.isTrue(yield* informer.hasSynced)
    assert.deepStrictEqual(
      (yield* informer.list).map(({ metadata, spec }) => [metadata.name, spec.value]).toSorted(),
      [["a", 2], ["c", 3]]
    )
    server.update("c", 4)
    yield* settle
    assert.deepStrictEqual((yield* informer.list).map(({ spec }) => spec.value).toSorted(), [2, 4])
    assert.deepStrictEqual([server.watches.length, server.lists.length], [1, 0])
  }))

it.effect("a bookmark that does not say that it is the end is not", () =>
  Effect.gen(function*() {
    const server = unclosed()
    const informer = yield* start(server)
    const others = [undefined, { "k8s.io/initial-events-end": "false" }, { "k8s.io/initial-events-end": "" }, {
      other: "true"
    }]
    for (const annotations of others) server.raw(bookmark("12", annotations))
    yield* settle
    assert.isFalse(yield* informer.hasSynced)
    server.raw(bookmark("12", end))
    yield* settle
    assert.isTrue(yield* informer.hasSynced)
    assert.lengthOf(yield* informer.list, 2)
  }))

it.effect("a stream that ends or breaks before its end leaves nothing of itself, and is begun anew", () =>
  Effect.gen(function*() {
    for (const failure of [undefined, broken("Reset"), refused(500, "InternalError")]) {
      const server = unclosed()
      const informer = yield* start(server)
      server.disconnect(failure)
      server.initialEvents = "served"
      server.remove("b")
      yield* TestClock.adjust("10 seconds")
      assert.isTrue(yield* informer.hasSynced)
      assert.deepStrictEqual((yield* informer.list).map(({ metadata }) => metadata.name), ["a"])
    }
  }))
