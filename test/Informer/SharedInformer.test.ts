import { assert, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import { CurrentLogAnnotations } from "effect/References"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import type { InformerEvent } from "../../src/Informer/InformerEvent.ts"
import { isResync } from "../../src/Informer/InformerEvent.ts"
import * as InformerMetrics from "../../src/Informer/InformerMetrics.ts"
import * as MutationDetector from "../../src/Informer/MutationDetector.ts"
import type { Rejection } from "../../src/Informer/Reflector.ts"
import * as SharedInformer from "../../src/Informer/SharedInformer.ts"
import { broken, ModelServer, type Obj, refused } from "./ModelServer.ts"

const settle = TestClock.adjust(0).pipe(Effect.andThen(Effect.yieldNow), Effect.repeat({ times: 20 }))

const make = (server: ModelServer, more: Partial<SharedInformer.Options<Obj, Obj>> = {}) =>
  SharedInformer.make<Obj, Obj>({ listWatch: server.listWatch, prepare: (object) => object, ...more })

const show = (event: InformerEvent<Obj>): string =>
  event._tag === "Updated"
    ? `${isResync(event) ? "Resynced" : "Updated"} ${event.key} ${event.old.spec.value}->${event.object.spec.value}`
    : event._tag === "Added"
    ? `Added ${event.key} ${event.object.spec.value}${event.isInInitialList ? " initial" : ""}`
    : `Deleted ${event.key} ${event.object.spec.value}${event.isFinalStateUnknown ? " unknown" : ""}`

const collect = Effect.fnUntraced(function*(
  informer: SharedInformer.SharedInformer<Obj>,
  options?: SharedInformer.ListenOptions<Obj>
) {
  const seen: Array<string> = []
  const listener = yield* informer.handle((event) => Effect.sync(() => seen.push(show(event))), options)
  return { seen, listener }
})

it.effect("holds what the server holds, and tells Added, Updated with old and new, Deleted with the last state", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    server.create("a", 1)
    const informer = yield* make(server)
    const { seen } = yield* collect(informer)
    yield* informer.awaitSynced
    yield* settle
    server.create("b", 2)
    server.update("b", 3)
    server.remove("a")
    yield* settle
    assert.deepStrictEqual(seen, [
      "Added default/a 1 initial",
      "Added default/b 2",
      "Updated default/b 2->3",
      "Deleted default/a 1"
    ])
    assert.deepStrictEqual((yield* informer.list).map((object) => object.spec.value), [3])
    assert.deepStrictEqual(yield* informer.keys, ["default/b"])
    assert.isTrue(Option.isSome(yield* informer.get("default/b")))
    assert.isTrue(Option.isNone(yield* informer.get("default/a")))
  }))

it.effect("uses one watch for any number of listeners and readers", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    const informer = yield* make(server)
    for (let i = 0; i < 20; i++) yield* collect(informer)
    yield* settle
    assert.strictEqual(server.watches.length, 1)
    assert.strictEqual(server.lists.length, 0)
  }))

it.effect("replays what there is to a late listener, then goes on without a gap", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    server.create("a", 1)
    const informer = yield* make(server)
    yield* informer.awaitSynced
    server.create("b", 2)
    yield* settle
    const { listener, seen } = yield* collect(informer)
    assert.isFalse(yield* listener.hasSynced)
    server.create("c", 3)
    yield* settle
    assert.isTrue(yield* listener.hasSynced)
    assert.deepStrictEqual(seen, ["Added default/a 1 initial", "Added default/b 2 initial", "Added default/c 3"])
  }))

it.effect("calls a listener synced only when it has handled the whole initial list", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    for (let i = 0; i < 5; i++) server.create(`p${i}`)
    const informer = yield* make(server)
    yield* informer.awaitSynced
    let handled = 0
    const listener = yield* informer.handle(() =>
      Effect.andThen(Effect.sleep("1 second"), Effect.sync(() => handled++))
    )
    const waiting = yield* Effect.forkChild(Effect.map(listener.awaitSynced, () => handled))
    yield* settle
    for (let i = 0; i < 4; i++) {
      yield* TestClock.adjust("1 second")
      yield* settle
      assert.strictEqual(handled, i + 1)
      assert.isFalse(yield* listener.hasSynced)
    }
    yield* TestClock.adjust("1 second")
    assert.strictEqual(yield* Fiber.join(waiting), 5)
  }))

it.effect("calls a listener of an empty collection synced", () =>
  Effect.gen(function*() {
    const informer = yield* make(new ModelServer())
    const { listener } = yield* collect(informer)
    yield* settle
    assert.isTrue(yield* informer.hasSynced)
    assert.isTrue(yield* listener.hasSynced)
  }))

it.effect("a list or watch that dies is told and begun anew, as one that fails", () =>
  Effect.gen(function*() {
    const logged: Array<unknown> = []
    const logger = Logger.make(({ logLevel, message }) =>
      void (logLevel === "Error" && logged.push(Array.isArray(message) ? message[0] : message))
    )
    yield* Effect.gen(function*() {
      const server = new ModelServer()
      server.create("a", 1)
      let isDead = true
      const { list, watch } = server.listWatch
      const informer = yield* make(server, {
        listWatch: {
          ...server.listWatch,
          list: (given) => isDead ? Effect.die(new Error("bug")) : list(given),
          watch: (given) => isDead ? Stream.die(new Error("bug")) : watch(given)
        }
      })
      yield* settle
      const [reflector] = informer.reflectors
      const state = yield* reflector?.state ?? Effect.die("there is one")
      assert.strictEqual(state._tag === "Syncing" && state.failures, 1)
      assert.match(state._tag === "Syncing" ? state.lastError?.message ?? "" : "", /it died of a defect: Error: bug/)
      assert.deepStrictEqual(logged, ["a list or watch died, and is begun anew"])
      isDead = false
      yield* TestClock.adjust("2 seconds")
      yield* settle
      assert.deepStrictEqual(yield* informer.keys, ["default/a"])
      assert.strictEqual((yield* reflector?.state ?? Effect.die("there is one"))._tag, "Live")
    }).pipe(Effect.provide(Logger.layer([logger])))
  }))

it.effect("an index function or a filter that throws for one object is told and counted, and stops nothing", () =>
  Effect.gen(function*() {
    const lines: Array<string> = []
    const logger = Logger.make(({ fiber, message }) => {
      const { informer, key } = fiber.getRef(CurrentLogAnnotations)
      lines.push(`${Array.isArray(message) ? message[0] : message}: ${informer} ${key}`)
    })
    const failures = Metric.value(Metric.withAttributes(InformerMetrics.handlerFailures, {
      name: "guarded",
      group: "",
      version: "v1",
      resource: "pods"
    }))
    const server = new ModelServer()
    server.create("good", 1)
    yield* Effect.gen(function*() {
      const plain = yield* make(server, { name: "guarded" })
      const bug = (object: Obj) => {
        if (object.metadata.name === "bad") throw new Error("bug")
        return object.metadata.name
      }
      const byName = (object: Obj) => [bug(object)]
      const informer = yield* plain.addIndexers({ byName })
      const again = yield* plain.addIndexers({ same: byName })
      const { seen } = yield* collect(plain, { filter: (object) => bug(object) !== "unwanted" })
      yield* settle
      server.create("bad", 1)
      server.create("unwanted", 1)
      yield* settle
      server.update("good", 2)
      server.remove("bad")
      yield* settle
      assert.deepStrictEqual(seen, [
        "Added default/good 1 initial",
        "Added default/bad 1",
        "Updated default/good 1->2",
        "Deleted default/bad 1"
      ])
      assert.deepStrictEqual(yield* informer.index("byName").values, ["good", "unwanted"])
      assert.deepStrictEqual((yield* again.byIndex("same", "good")).map(({ spec }) => spec.value), [2])
      assert.sameMembers(lines, [
        "an index function of an informer failed: guarded default/bad",
        "the filter of a listener of an informer failed: guarded default/bad",
        "an index function of an informer failed: guarded default/bad",
        "the filter of a listener of an informer failed: guarded default/bad"
      ])
      assert.strictEqual((yield* failures).count, 4)
    }).pipe(Effect.provide(Logger.layer([logger])))
  }).pipe(Effect.provideService(Metric.MetricRegistry, new Map())))

it.effect("tells a deletion that only a relist showed as one whose final state is unknown", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    server.create("a", 1)
    server.create("b", 1)
    const informer = yield* make(server)
    const { seen } = yield* collect(informer)
    yield* settle
    server.disconnect(refused(410, "Expired"))
    server.remove("a")
    server.update("b", 2)
    server.create("c", 1)
    server.compact()
    yield* TestClock.adjust("5 seconds")
    assert.deepStrictEqual(seen.slice(2), [
      "Deleted default/a 1 unknown",
      "Updated default/b 1->2",
      "Added default/c 1"
    ])
  }))

it.effect("does not tell objects again that a relist left unchanged", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    server.create("a", 1)
    const informer = yield* make(server)
    const { seen } = yield* collect(informer)
    yield* settle
    for (let i = 0; i < 5; i++) {
      server.disconnect(refused(410, "Expired"))
      yield* TestClock.adjust("3 minutes")
    }
    assert.deepStrictEqual(seen, ["Added default/a 1 initial"])
  }))

it.effect("tells everything that differs after the server came back with an older store", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    server.create("a", 1)
    const old = server.save()
    const informer = yield* make(server)
    const { seen } = yield* collect(informer)
    yield* settle
    server.update("a", 2)
    yield* settle
    server.restore(old, broken("Reset"))
    server.version = 11
    server.update("a", 3)
    server.version = 11
    yield* TestClock.adjust("10 seconds")
    assert.strictEqual((yield* informer.list)[0]?.spec.value, 3)
    assert.strictEqual(seen.at(-1), "Updated default/a 2->3")
  }))

it.effect("applies a relist in one step: no reader sees half of it", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    for (let i = 0; i < 50; i++) server.create(`old${i}`)
    const informer = yield* make(server)
    yield* settle
    const sizes = new Set<number>()
    yield* informer.list.pipe(
      Effect.tap((all) => Effect.sync(() => sizes.add(all.length))),
      Effect.andThen(Effect.yieldNow),
      Effect.forever,
      Effect.forkScoped
    )
    server.disconnect(refused(410, "Expired"))
    for (let i = 0; i < 50; i++) server.remove(`old${i}`)
    for (let i = 0; i < 20; i++) server.create(`new${i}`)
    server.compact()
    yield* TestClock.adjust("5 seconds")
    assert.deepStrictEqual([...sizes].sort(), [20, 50])
  }))

it.effect("applies all events of one read in one step", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    const informer = yield* make(server)
    yield* settle
    const batches: Array<number> = []
    const listener = yield* informer.listen()
    yield* listener.events.pipe(
      Stream.runForEachArray((events) => Effect.sync(() => batches.push(events.length))),
      Effect.forkScoped
    )
    for (let i = 0; i < 10; i++) server.create(`p${i}`)
    yield* settle
    assert.deepStrictEqual(batches, [10])
  }))

it.effect("tells each listener that asked for it everything again, as often as it asked", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    server.create("a", 1)
    const informer = yield* make(server)
    const often = yield* collect(informer, { resync: "2 seconds" })
    const seldom = yield* collect(informer, { resync: "5 seconds" })
    const never = yield* collect(informer)
    const least = yield* collect(informer, { resync: "1 millis" })
    yield* TestClock.adjust("10500 millis")
    const resyncs = (seen: ReadonlyArray<string>) => seen.filter((one) => one === "Resynced default/a 1->1").length
    assert.strictEqual(resyncs(often.seen), 5)
    assert.strictEqual(resyncs(seldom.seen), 2)
    assert.strictEqual(resyncs(never.seen), 0)
    assert.strictEqual(resyncs(least.seen), 10)
  }))

it.effect("stops telling a listener whose scope has closed, and no other", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    const informer = yield* make(server)
    const stays = yield* collect(informer)
    const gone = yield* Effect.scoped(Effect.tap(collect(informer), () => settle))
    server.create("a", 1)
    yield* settle
    assert.deepStrictEqual(stays.seen, ["Added default/a 1"])
    assert.deepStrictEqual(gone.seen, [])
  }))

it.effect("isolates a handler that fails, dies or never returns", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    const informer = yield* make(server, { name: "pods" })
    let tried = 0
    yield* informer.handle((): Effect.Effect<never, string> => {
      tried++
      return tried % 2 === 0 ? Effect.fail("no") : Effect.die("dead")
    })
    yield* informer.handle((): Effect.Effect<void> => {
      tried++
      // oxlint-disable-next-line no-throw-literal -- A handler may be anybody's code.
      throw new Error("thrown")
    })
    yield* informer.handle(() => Effect.never)
    const { seen } = yield* collect(informer)
    for (let i = 0; i < 4; i++) server.create(`p${i}`, i)
    yield* settle
    assert.strictEqual(seen.length, 4)
    assert.strictEqual(tried, 8)
    const failures = (yield* Metric.snapshot).find((one) => one.id === "informer_handler_failures_total")
    assert.deepStrictEqual(failures?.state, { count: 8, incremental: true })
  }).pipe(Effect.provideService(Metric.MetricRegistry, new Map())))

it.effect("counts how long handlers take, under client-go's name, until the informer ends", () =>
  Effect.gen(function*() {
    const read = Effect.map(
      Metric.snapshot,
      (all) =>
        all.flatMap((one) =>
          one.id === "informer_processing_latency_seconds" && one.type === "Histogram"
            ? [[one.attributes, one.state.count, one.state.sum]]
            : []
        )
    )
    const server = new ModelServer()
    for (const name of ["a", "b"]) server.create(name, 1)
    const scope = yield* Scope.make()
    const listening = yield* Scope.make()
    const informer = yield* Scope.provide(make(server, { name: "slow" }), scope)
    yield* informer.awaitSynced
    yield* Scope.provide(informer.handle(() => Effect.sleep("2 seconds")), listening)
    yield* settle
    for (let second = 0; second < 4; second++) yield* Effect.andThen(TestClock.adjust("1 second"), settle)
    const attributes = { name: "slow", group: "", version: "v1", resource: "pods" }
    // Both waited for it at once.
    assert.deepStrictEqual(yield* read, [[attributes, 1, 4]])
    server.update("a", 2)
    yield* settle
    yield* Scope.close(scope, Exit.void)
    yield* TestClock.adjust("1 minute")
    assert.deepStrictEqual(yield* read, [])
    yield* Scope.close(listening, Exit.void)
  }).pipe(Effect.provideService(Metric.MetricRegistry, new Map())))

it.effect("has series of its own also where another informer of that name runs, and ends none of the other's", () =>
  Effect.gen(function*() {
    const [one, two] = [new ModelServer(), new ModelServer()]
    one.create("a")
    two.create("a")
    two.create("b")
    const stored = Effect.map(
      Metric.snapshot,
      (all) =>
        all.flatMap((metric) =>
          metric.type === "Gauge" && metric.id === "informer_stored_items"
            ? [`${metric.attributes?.["name"]} ${metric.state.value}`]
            : []
        )
    )
    yield* Effect.scoped(Effect.gen(function*() {
      yield* (yield* make(one)).ready
      yield* Effect.scoped(Effect.gen(function*() {
        yield* (yield* make(two)).ready
        assert.deepStrictEqual(yield* stored, ["pods 1", "pods#2 2"])
      }))
      assert.deepStrictEqual(yield* stored, ["pods 1"])
      yield* Effect.scoped(Effect.andThen(make(two), Effect.map(stored, (names) => assert.lengthOf(names, 2))))
    }))
    assert.deepStrictEqual(yield* stored, [])
  }).pipe(Effect.provideService(Metric.MetricRegistry, new Map())))

it.effect("joins what waits for a slow listener by key beyond its capacity, losing nothing", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    server.create("kept", 0)
    server.create("gone", 0)
    const informer = yield* make(server)
    yield* informer.awaitSynced
    const listener = yield* informer.listen({ capacity: 10 })
    for (let i = 1; i <= 500; i++) {
      server.update("kept", i)
      if (i % 50 === 0) yield* settle
    }
    server.remove("gone")
    server.create("brief", 1)
    server.remove("brief")
    server.create("new", 1)
    server.update("new", 2)
    yield* settle
    const seen = yield* listener.events.pipe(Stream.take(2), Stream.map(show), Stream.runCollect)
    // The replay waited as well: what was told of none of it yet is joined with it, and `gone` was never told at all.
    assert.deepStrictEqual(seen, ["Added default/kept 500 initial", "Added default/new 2"])
  }))

it.effect("ends the streams of its listeners when it stops", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    server.create("a", 1)
    const seen: Array<string> = []
    const fiber = yield* Effect.scoped(Effect.gen(function*() {
      const informer = yield* make(server)
      yield* informer.awaitSynced
      const fiber = yield* informer.changes.pipe(
        Stream.runForEach((event) => Effect.sync(() => seen.push(show(event)))),
        Effect.forkDetach
      )
      yield* settle
      return fiber
    }))
    yield* Fiber.join(fiber)
    assert.deepStrictEqual(seen, ["Added default/a 1 initial"])
    assert.strictEqual(server.open, 0)
  }))

it.effect("ends a listener that joins after it stopped", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    server.create("a", 1)
    const informer = yield* Effect.scoped(Effect.tap(make(server), (one) => one.awaitSynced))
    const seen = yield* Stream.runCollect(informer.changes)
    assert.deepStrictEqual(seen, [])
  }))

it.effect("filters before a listener wakes; what comes to match is Added and what ceases to is Deleted as it last matched", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    server.create("a", 1)
    server.create("b", 100)
    const informer = yield* make(server)
    const { seen } = yield* collect(informer, { filter: (object) => object.spec.value >= 10 })
    yield* settle
    server.update("a", 5)
    server.update("a", 20)
    server.update("a", 30)
    server.update("a", 2)
    server.remove("a")
    yield* settle
    assert.deepStrictEqual(seen, [
      "Added default/b 100 initial",
      "Added default/a 20",
      "Updated default/a 20->30",
      "Deleted default/a 30"
    ])
  }))

it.effect("finds by namespace and by indexes given at any time", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    server.create("a", 1, { node: "n1" })
    server.create("b", 2, { node: "n1", namespace: "other" })
    server.create("c", 3)
    const informer = yield* make(server)
    yield* informer.awaitSynced
    const indexed = yield* informer.addIndexers({
      node: (object) => object.spec.node === undefined ? [] : [object.spec.node]
    })
    const names = (objects: ReadonlyArray<Obj>) => objects.map((object) => object.metadata.name).sort()
    assert.deepStrictEqual(names(yield* indexed.byIndex("node", "n1")), ["a", "b"])
    assert.deepStrictEqual(names(yield* indexed.byIndex("namespace", "default")), ["a", "c"])
    server.update("c", 3, { node: "n1" })
    server.update("a", 3, { node: "n2" })
    yield* settle
    assert.deepStrictEqual(names(yield* indexed.byIndex("node", "n1")), ["b", "c"])
    assert.deepStrictEqual([...(yield* indexed.index("node").values)].sort(), ["n1", "n2"])
    assert.deepStrictEqual(yield* indexed.index("node").keys("n2"), ["default/a"])
  }))

it.effect("has nothing under an index whose last scope has closed, in place of what was there then", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    server.create("a", 1)
    const informer = yield* make(server)
    yield* informer.awaitSynced
    const byValue = (object: Obj) => [String(object.spec.value)]
    const holder = yield* informer.addIndexers({ value: byValue })
    const left = yield* Effect.scoped(informer.addIndexers({ value: byValue, other: byValue }))
    yield* settle
    assert.lengthOf(yield* left.byIndex("value", "1"), 1)
    assert.lengthOf(yield* holder.byIndex("value", "1"), 1)
    const alone = yield* Effect.scoped(informer.addIndexers({ name: (object) => [object.metadata.name] }))
    assert.deepStrictEqual(yield* alone.byIndex("name", "a"), [])
  }))

it.effect("an index that was never given dies by its name, in place of answering for another", () =>
  Effect.gen(function*() {
    const informer = yield* make(new ModelServer())
    const indexed = yield* informer.addIndexers({ node: () => [] })
    const unknown = "nodes" as "node"
    const asked: ReadonlyArray<Effect.Effect<unknown>> = [
      indexed.byIndex(unknown, "default"),
      indexed.index(unknown).keys("default"),
      indexed.index(unknown).values
    ]
    for (const ask of asked) {
      const exit = yield* Effect.exit(ask)
      assert.include(Exit.isFailure(exit) ? String(Cause.squash(exit.cause)) : "", "pods has no index \"nodes\"")
    }
  }))

it.effect("transforms before it stores, and survives a transform that throws", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    server.create("a", 1)
    server.create("bad", 1)
    const informer = yield* make(server, {
      prepare: (object) => {
        if (object.metadata.name === "bad") throw new Error("bad transform")
        return { ...object, spec: { value: object.spec.value * 10 } }
      }
    })
    const rejections: Array<Rejection> = []
    yield* informer.rejections.pipe(
      Stream.runForEach((one) => Effect.sync(() => rejections.push(one))),
      Effect.forkScoped({ startImmediately: true })
    )
    yield* informer.awaitSynced
    server.update("a", 2)
    server.update("bad", 2)
    yield* settle
    assert.deepStrictEqual((yield* informer.list).map((object) => object.spec.value), [20])
    assert.deepStrictEqual(rejections.map((one) => one.key), ["default/bad", "default/bad"])
    assert.include(rejections[0]?.description, "bad transform")
  }))

it.effect("freezes what it holds when the mutation detector is on", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    server.create("a", 1)
    const read = Effect.scoped(Effect.gen(function*() {
      const informer = yield* make(server)
      yield* informer.awaitSynced
      const [object] = yield* informer.list
      return object
    }))
    const frozen = yield* Effect.provideService(read, MutationDetector.Enabled, true)
    assert.isTrue(Object.isFrozen(frozen?.spec))
    assert.throws(() => Object.assign(frozen?.spec ?? {}, { value: 2 }))
    const free = yield* Effect.provideService(read, MutationDetector.Enabled, false)
    assert.isFalse(Object.isFrozen(free?.spec))
  }))

it.effect("is ready once synced, and fails naming the rule when it may not list", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    yield* Effect.scoped(Effect.flatMap(make(server), (informer) => informer.ready))
    const forbidden = new ModelServer()
    forbidden.failWatch = [refused(403, "Forbidden", "no watch")]
    forbidden.failList = [refused(403, "Forbidden", "no list", "list")]
    const informer = yield* make(forbidden)
    const error = yield* Effect.flip(informer.ready)
    assert.strictEqual(error.reason._tag, "Forbidden")
    assert.include(error.message, "verbs: [\"list\", \"watch\"]")
    assert.isFalse(yield* informer.hasSynced)
    yield* TestClock.adjust("3 seconds")
    assert.isTrue(yield* informer.hasSynced)
    yield* informer.ready
  }))

it.effect("is ready after failures that pass", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    server.failWatch = [broken("Reset")]
    server.failList = [broken("Reset", "list"), refused(503, "ServiceUnavailable", "x", "list")]
    const informer = yield* make(server)
    const fiber = yield* Effect.forkChild(informer.ready)
    yield* TestClock.adjust("10 seconds")
    yield* Fiber.join(fiber)
  }))

it.effect("waits until the cache has seen a write, however it learns of it", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    server.create("a", 1)
    const informer = yield* make(server)
    yield* informer.awaitSynced
    assert.isTrue(yield* informer.awaitVersion("default/a", "11"))
    assert.isTrue(yield* informer.awaitVersion("default/a", "5"))
    const seen = yield* Effect.forkChild(informer.awaitVersion("default/a", "12"))
    yield* settle
    assert.isUndefined(seen.pollUnsafe())
    server.update("a", 2)
    assert.isTrue(yield* Fiber.join(seen))
    const passed = yield* Effect.forkChild(informer.awaitVersion("default/x", "20"))
    yield* settle
    server.version = 21
    server.bookmark()
    assert.isTrue(yield* Fiber.join(passed))
  }))

it.effect("does not wait for a write for ever", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    const informer = yield* make(server)
    yield* informer.awaitSynced
    const fiber = yield* Effect.forkChild(informer.awaitVersion("default/a", "99"))
    yield* TestClock.adjust("5 seconds")
    assert.isFalse(yield* Fiber.join(fiber))
    const short = yield* Effect.forkChild(informer.awaitVersion("default/a", "99", { timeout: "1 second" }))
    yield* TestClock.adjust("1 second")
    assert.isFalse(yield* Fiber.join(short))
  }))

it.effect("compares versions that are no numbers by equality alone", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    const listWatch = {
      ...server.listWatch,
      list: () =>
        Effect.map(server.listWatch.list({}), (list) => ({
          ...list,
          metadata: { resourceVersion: "zz" },
          items: list.items.map((item) => ({ ...item, metadata: { ...item.metadata, resourceVersion: "abc" } }))
        }))
    }
    server.create("a", 1)
    const informer = yield* make(server, { listWatch, isWatchList: false })
    yield* informer.awaitSynced
    assert.isTrue(yield* informer.awaitVersion("default/a", "abc"))
    const other = yield* Effect.forkChild(informer.awaitVersion("default/a", "abb"))
    yield* TestClock.adjust("5 seconds")
    assert.isFalse(yield* Fiber.join(other))
  }))

it.effect("a thousand informers, started and stopped, leave no connection and no series", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    server.create("a", 1)
    for (let i = 0; i < 1000; i++) {
      yield* Effect.scoped(Effect.gen(function*() {
        const informer = yield* make(server, { name: `informer-${i}` })
        yield* collect(informer)
        yield* informer.awaitSynced
      }))
    }
    assert.strictEqual(server.open, 0)
    assert.deepStrictEqual((yield* Metric.snapshot).map((one) => one.id), [])
  }).pipe(Effect.provideService(Metric.MetricRegistry, new Map())))
