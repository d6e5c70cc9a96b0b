import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import * as ConsistencyDetector from "../../src/Informer/ConsistencyDetector.ts"
import * as ExpiringStore from "../../src/Informer/ExpiringStore.ts"
import * as Indexer from "../../src/Informer/Indexer.ts"
import { coalesce } from "../../src/Informer/InformerEvent.ts"
import type { InformerEvent } from "../../src/Informer/InformerEvent.ts"
import * as MutationCache from "../../src/Informer/MutationCache.ts"
import * as SharedInformer from "../../src/Informer/SharedInformer.ts"
import * as Store from "../../src/Informer/Store.ts"
import { stripManagedFields } from "../../src/Informer/Transform.ts"
import { ModelServer, type Obj } from "./ModelServer.ts"

interface Item extends Indexer.Cacheable {
  readonly values: ReadonlyArray<string>
}
const itemOf = (key: string, values: ReadonlyArray<string>): Item => {
  const [first = "", second] = key.split("/")
  return {
    metadata: second === undefined
      ? { name: first, resourceVersion: "1" }
      : { name: second, namespace: first, resourceVersion: "1" },
    values
  }
}
const byValue = (item: Item) => item.values

const settle = TestClock.adjust(0).pipe(Effect.andThen(Effect.yieldNow), Effect.repeat({ times: 20 }))

const Operation = Schema.Struct({
  type: Schema.Literals(["set", "set", "set", "remove", "index", "drop"]),
  key: Schema.Literals(["a", "n/a", "n/b", "m/b"]),
  values: Schema.Array(Schema.Literals(["x", "y", "z", ""]))
})

it.effect.prop("agrees with a filter over all objects, whatever is set, removed and indexed when", [
  Schema.Array(Operation)
], ([operations]) =>
  Effect.scoped(Effect.gen(function*() {
    const indexer = yield* Indexer.make<Item>()
    const model = new Map<string, Item>()
    let index = yield* indexer.index(byValue)
    for (const { key, type, values } of operations) {
      const item = itemOf(key, values)
      switch (type) {
        case "set":
          assert.strictEqual(indexer.unsafe.set(item), model.get(key))
          model.set(key, item)
          break
        case "remove":
          assert.strictEqual(indexer.unsafe.remove(key), model.get(key))
          model.delete(key)
          break
        case "index":
          index = yield* indexer.index(byValue)
          break
        case "drop":
          // An index of a function of one's own, held for a moment only.
          yield* Effect.scoped(indexer.index((one) => one.values))
          break
      }
      for (const value of ["x", "y", "z", ""]) {
        const found = (yield* index.get(value)).map(Indexer.keyOf).sort()
        const wanted = Array.from(model.values()).filter((one) => one.values.includes(value)).map(Indexer.keyOf)
          .sort()
        assert.deepStrictEqual(found, wanted)
        assert.deepStrictEqual([...(yield* index.keys(value))].sort(), wanted)
      }
      for (const namespace of ["n", "m", ""]) {
        assert.deepStrictEqual(
          [...(yield* indexer.byNamespace.keys(namespace))].sort(),
          [...model.keys()].filter((one) => namespace !== "" && one.startsWith(`${namespace}/`)).sort()
        )
      }
      assert.deepStrictEqual(Option.getOrUndefined(yield* indexer.get(key)), model.get(key))
      // An emptied value is gone, or values that come and go would leak.
      assert.deepStrictEqual(
        [...(yield* index.values)].sort(),
        [...new Set(Array.from(model.values()).flatMap((one) => one.values))].sort()
      )
      assert.strictEqual(yield* indexer.size, model.size)
      assert.deepStrictEqual([...(yield* indexer.keys)].sort(), [...model.keys()].sort())
    }
  })))

it.effect("gives the objects themselves, and one array for all reads between two changes", () =>
  Effect.gen(function*() {
    const indexer = yield* Indexer.make<Item>()
    const item = itemOf("a", [])
    indexer.unsafe.set(item)
    assert.strictEqual(Option.getOrUndefined(yield* indexer.get("a")), item)
    const list = yield* indexer.list
    assert.strictEqual(yield* indexer.list, list)
    indexer.unsafe.set(itemOf("b", []))
    assert.notStrictEqual(yield* indexer.list, list)
    assert.strictEqual(list.length, 1)
  }))

it("keys by namespace and name, or by name alone", () => {
  assert.strictEqual(Indexer.keyOf({ metadata: { name: "a", namespace: "n" } }), "n/a")
  assert.strictEqual(Indexer.keyOf({ metadata: { name: "a" } }), "a")
  assert.strictEqual(Indexer.keyOf({ metadata: { name: "a", namespace: "" } }), "a")
})

const object = (name: string, version: string, uid = name) => ({ metadata: { name, resourceVersion: version, uid } })

it("takes ADDED of a known key for an update, MODIFIED of an unknown one for an addition, and repeats for nothing", () => {
  const indexer = Indexer.makeUnsafe<ReturnType<typeof object>>()
  const tags = (changes: Parameters<typeof Store.applyUnsafe<ReturnType<typeof object>>>[1]) =>
    Store.applyUnsafe(indexer, changes).map((event) => event._tag)
  assert.deepStrictEqual(tags([{ type: "MODIFIED", object: object("a", "1") }]), ["Added"])
  assert.deepStrictEqual(tags([{ type: "ADDED", object: object("a", "2") }]), ["Updated"])
  assert.deepStrictEqual(tags([{ type: "MODIFIED", object: object("a", "2") }]), [])
  assert.deepStrictEqual(tags([{ type: "MODIFIED", object: object("a", "2", "other") }]), ["Updated"])
  assert.deepStrictEqual(tags([{ type: "DELETED", object: object("b", "3") }]), [])
  assert.deepStrictEqual(tags([{ type: "REJECTED", key: "b" }]), [])
  assert.deepStrictEqual(
    tags([{ type: "DELETED", object: object("a", "3") }, { type: "ADDED", object: object("a", "4") }, {
      type: "REJECTED",
      key: "a"
    }]),
    ["Deleted", "Added", "Deleted"]
  )
  // A server without versions must not make changes invisible.
  assert.deepStrictEqual(
    tags([{ type: "ADDED", object: object("v", "") }, { type: "MODIFIED", object: object("v", "") }]),
    ["Added", "Updated"]
  )
})

const Step = Schema.Struct({ isThere: Schema.Boolean, value: Schema.Int })

it.effect.prop(
  "a joined event folds to the same state as those it joins",
  [Schema.Boolean, Schema.Array(Step)],
  ([isThere, steps]) =>
    Effect.sync(() => {
      let state: number | undefined = isThere ? 0 : undefined
      const events: Array<InformerEvent<number>> = []
      for (const step of steps) {
        const next = step.isThere ? step.value : undefined
        if (state === undefined && next !== undefined) {
          events.push({ _tag: "Added", key: "k", object: next, isInInitialList: false })
        }
        if (state !== undefined && next !== undefined) {
          events.push({ _tag: "Updated", key: "k", old: state, object: next })
        }
        if (state !== undefined && next === undefined) {
          events.push({ _tag: "Deleted", key: "k", object: state, isFinalStateUnknown: false })
        }
        state = next
      }
      let joined: InformerEvent<number> | undefined
      for (const event of events) {
        joined = joined === undefined ? event : coalesce(joined, event)
      }
      const folded = joined === undefined
        ? (isThere ? 0 : undefined)
        : joined._tag === "Deleted"
        ? undefined
        : joined.object
      if (joined !== undefined) {
        assert.strictEqual(joined._tag === "Added", !isThere)
      }
      if (events.length > 0) {
        assert.strictEqual(folded, joined === undefined && isThere ? 0 : state)
      }
    })
)

it("strips managedFields and leaves nothing else out", () => {
  const given = {
    metadata: { name: "a", resourceVersion: "1", managedFields: [{ manager: "m" }], labels: { x: "y" } },
    spec: { a: 1 }
  }
  const stripped = stripManagedFields(given)
  assert.deepStrictEqual(stripped as object, {
    metadata: { name: "a", resourceVersion: "1", labels: { x: "y" } },
    spec: { a: 1 }
  })
  assert.strictEqual(stripped.spec, given.spec)
  assert.isTrue("managedFields" in given.metadata)
  assert.strictEqual(stripManagedFields(stripped), stripped)
})

it("what a class decoded stays one of the class when managedFields are stripped", () => {
  class Widget extends Schema.Class<Widget>("Widget")({
    metadata: Schema.StructWithRest(Schema.Struct({ name: Schema.String, resourceVersion: Schema.String }), [
      Schema.Record(Schema.String, Schema.Unknown)
    ])
  }) {
    get title(): string {
      return `widget ${this.metadata.name}`
    }
  }
  const stripped = stripManagedFields(
    new Widget({ metadata: { name: "a", resourceVersion: "1", managedFields: [] } }) as Widget & Indexer.Cacheable
  )
  assert.strictEqual(stripped.title, "widget a")
  assert.deepStrictEqual(Object.keys(stripped.metadata), ["name", "resourceVersion"])
})

it.effect("forgets what has expired, for every reader at once", () =>
  Effect.gen(function*() {
    const store = yield* ExpiringStore.make<number>({ timeToLive: (n) => n === 0 ? undefined : n * 1000 })
    yield* store.replace([["one", 1], ["two", 2], ["ever", 0]])
    yield* TestClock.adjust("999 millis")
    assert.strictEqual((yield* store.list).length, 3)
    yield* TestClock.adjust("1 millis")
    assert.strictEqual((yield* store.get("one"))._tag, "None")
    assert.deepStrictEqual(yield* store.keys, ["two", "ever"])
    yield* store.set("two", 2)
    yield* TestClock.adjust("1500 millis")
    assert.deepStrictEqual(yield* store.list, [2, 0])
    yield* store.remove("two")
    yield* TestClock.adjust("1 hour")
    assert.deepStrictEqual(yield* store.keys, ["ever"])
  }))

const informerOf = (server: ModelServer) =>
  Effect.tap(
    SharedInformer.make<Obj, Obj>({ listWatch: server.listWatch, prepare: (one) => one }),
    (informer) => informer.awaitSynced
  )

it.effect("gives the newer of the cache and one's own write", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    const first = server.create("a", 1)
    const informer = yield* informerOf(server)
    const cache = yield* MutationCache.make(informer)
    const written = { ...first, metadata: { ...first.metadata, resourceVersion: "12" }, spec: { value: 2 } }
    yield* cache.mutated(written)
    assert.strictEqual(Option.getOrUndefined(yield* cache.get("default/a"))?.spec.value, 2)
    assert.deepStrictEqual((yield* cache.byIndex("namespace", "default")).map((one) => one.spec.value), [2])
    server.update("a", 2)
    server.update("a", 3)
    yield* settle
    assert.strictEqual(Option.getOrUndefined(yield* cache.get("default/a"))?.spec.value, 3)
    const unseen = { ...first, metadata: { ...first.metadata, name: "new", resourceVersion: "20" } }
    yield* cache.mutated(unseen)
    assert.strictEqual((yield* cache.get("default/new"))._tag, "None")
    const adding = yield* MutationCache.make(informer, { isAddIncluded: true, capacity: 1, timeToLive: "10 seconds" })
    yield* adding.mutated(written)
    yield* adding.mutated(unseen)
    assert.strictEqual((yield* adding.get("default/new"))._tag, "Some")
    yield* TestClock.adjust("10 seconds")
    assert.strictEqual((yield* adding.get("default/new"))._tag, "None")
  }))

it.effect("finds under an index what was written and not seen yet, where additions are included", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    const seen = server.create("a", 1, { node: "n" })
    const informer = yield* (yield* informerOf(server)).addIndexers({
      node: (object) => object.spec.node === undefined ? [] : [object.spec.node]
    })
    const names = <N extends string>(
      cache: MutationCache.MutationCache<Obj, N>,
      index: N | "namespace",
      value: string
    ) => Effect.map(cache.byIndex(index, value), (objects) => objects.map((object) => object.metadata.name).sort())
    const written = (name: string, node: string, resourceVersion: string): Obj => ({
      ...seen,
      metadata: { ...seen.metadata, name, resourceVersion },
      spec: { value: 2, node }
    })
    for (const isAddIncluded of [true, false]) {
      const cache = yield* MutationCache.make(informer, { isAddIncluded, timeToLive: "10 seconds" })
      yield* cache.mutated(written("b", "n", "20"))
      yield* cache.mutated(written("c", "m", "21"))
      yield* cache.mutated(written("a", "m", "22"))
      assert.deepStrictEqual(yield* names(cache, "node", "n"), isAddIncluded ? ["a", "b"] : ["a"])
      assert.deepStrictEqual(yield* names(cache, "node", "m"), isAddIncluded ? ["a", "c"] : [])
      assert.deepStrictEqual(yield* names(cache, "namespace", "default"), isAddIncluded ? ["a", "b", "c"] : ["a"])
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(yield* names(cache, "node", "n"), ["a"])
      assert.deepStrictEqual(yield* names(cache, "node", "m"), [])
    }
  }))

it.effect("keeps the newer of two writes, in whatever order their answers come", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    const first = server.create("a", 1)
    const cache = yield* MutationCache.make(yield* informerOf(server))
    const written = (resourceVersion: string, value: number) =>
      cache.mutated({ ...first, metadata: { ...first.metadata, resourceVersion }, spec: { value } })
    yield* written("14", 4)
    yield* written("13", 3)
    assert.strictEqual(Option.getOrUndefined(yield* cache.get("default/a"))?.spec.value, 4)
    yield* written("15", 5)
    assert.strictEqual(Option.getOrUndefined(yield* cache.get("default/a"))?.spec.value, 5)
  }))

it.effect("finds what a cache has otherwise than the server at the same version", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    server.create("a", 1)
    server.create("b", 1)
    server.create("c", 1)
    const differences = yield* ConsistencyDetector.check(
      server.listWatch,
      "13",
      new Map([["default/a", "11"], ["default/b", "10"], ["default/x", "9"]])
    )
    assert.deepStrictEqual(differences, [
      { key: "default/b", held: "10", listed: "12" },
      { key: "default/c", held: undefined, listed: "13" },
      { key: "default/x", held: "9", listed: undefined }
    ])
    assert.strictEqual(server.lists.at(-1)?.resourceVersionMatch, "Exact")
    yield* informerOf(server)
    yield* settle
    assert.strictEqual(server.lists.length, 1)
    yield* Effect.provideService(informerOf(server), ConsistencyDetector.Enabled, true)
    yield* settle
    assert.deepStrictEqual(server.lists.at(-1)?.resourceVersion, "13")
    assert.strictEqual(server.lists.length, 2)
  }))
