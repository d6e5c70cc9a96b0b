import { assert, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Reflector from "../../src/Informer/Reflector.ts"
import * as SharedInformer from "../../src/Informer/SharedInformer.ts"
import type { ListWatch } from "../../src/Watch/ListWatch.ts"
import type { WatchEvent } from "../../src/Watch/WatchEvent.ts"
import { broken, collection, ModelServer, type Obj, refused } from "./ModelServer.ts"

const settle = TestClock.adjust(0).pipe(Effect.andThen(Effect.yieldNow), Effect.repeat({ times: 20 }))

const start = Effect.fnUntraced(function*(
  listWatch: ListWatch<Obj>,
  isWatchList: boolean,
  timing: Reflector.Timing = {}
) {
  const reflector = yield* Reflector.make<Obj, Obj>({
    listWatch,
    store: { apply: () => {}, replace: () => {}, progress: () => {} },
    prepare: (object) => object,
    isWatchList,
    ...timing
  })
  yield* Effect.forkScoped(reflector.run)
  yield* settle
  return reflector
})

/** A server behind a gate: a watch through it is neither accepted nor refused before the gate opens. */
const behind = (server: ModelServer, gate: Latch.Latch): ListWatch<Obj> => ({
  ...server.listWatch,
  watch: (options) => Stream.unwrap(Effect.map(gate.await, () => server.listWatch.watch(options)))
})

it.effect("a bookmark that comes in one read with changes shows that bookmarks come: silence after it ends the connection", () =>
  Effect.gen(function*() {
    let version = 10
    let watches = 0
    const read = (): ReadonlyArray<WatchEvent<Obj>> => {
      const object = new ModelServer().create("a")
      version += 2
      return [
        { type: "MODIFIED", object: { ...object, metadata: { ...object.metadata, resourceVersion: `${version}` } } },
        { type: "BOOKMARK", object: { metadata: { resourceVersion: `${version + 1}` } } }
      ]
    }
    yield* start({
      collection,
      list: () => Effect.succeed({ apiVersion: "v1", kind: "PodList", metadata: { resourceVersion: "10" }, items: [] }),
      watch: () => {
        watches++
        return Stream.concat(Stream.fromArray(read()), Stream.never)
      }
    }, false)
    yield* TestClock.adjust("4 minutes")
    assert.strictEqual(watches, 2)
  }))

it.effect("a watch that was asked for and not answered is not open: the cache stays stale, and since when", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    const gate = Latch.makeUnsafe(true)
    const reflector = yield* start(behind(server, gate), true)
    assert.strictEqual((yield* reflector.state)._tag, "Live")
    gate.closeUnsafe()
    server.disconnect(broken("Reset"))
    yield* settle
    const stale = yield* reflector.state
    yield* TestClock.adjust("30 seconds")
    assert.deepStrictEqual(yield* reflector.state, stale)
    gate.openUnsafe()
    yield* settle
    yield* TestClock.adjust("1 second")
    assert.strictEqual((yield* reflector.state)._tag, "Live")
  }))

it.effect("a server that takes its time to accept a streamed list, as where it asked for a pause, is still streamed from", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    const gate = Latch.makeUnsafe(false)
    const reflector = yield* start(behind(server, gate), true)
    yield* TestClock.adjust("40 seconds")
    gate.openUnsafe()
    yield* settle
    assert.strictEqual((yield* reflector.state)._tag, "Live")
    assert.lengthOf(server.lists, 0)
    assert.lengthOf(server.watches, 1)
  }))

it.effect("a streamed list that is never answered is listed instead, and streamed the next time", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    const gate = Latch.makeUnsafe(false)
    const reflector = yield* start(behind(server, gate), true)
    yield* TestClock.adjust("71 seconds")
    assert.lengthOf(server.lists, 1)
    assert.strictEqual((yield* reflector.state)._tag, "Live")
    gate.openUnsafe()
    yield* settle
    server.disconnect()
    server.create("a")
    server.compact()
    yield* TestClock.adjust("5 seconds")
    assert.isTrue(server.watches.at(-1)?.sendInitialEvents)
  }))

it.effect("a wall clock that is set back holds back neither the end of a dead connection nor is it taken for a short watch", () =>
  Effect.gen(function*() {
    const clock = yield* Clock.Clock
    let offset = 0
    const wall: Clock.Clock = {
      ...clock,
      currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe() + offset,
      currentTimeMillis: Effect.map(clock.currentTimeMillis, (now) => now + offset)
    }
    const server = new ModelServer()
    yield* Effect.gen(function*() {
      const reflector = yield* start(server.listWatch, false)
      yield* TestClock.adjust("61 seconds")
      offset = -3_600_000
      server.disconnect()
      yield* settle
      assert.strictEqual((yield* reflector.state)._tag, "Live")
      assert.lengthOf(server.watches, 2)
      server.bookmark()
      yield* settle
      server.freeze()
      offset = -7_200_000
      yield* TestClock.adjust("4 minutes")
      assert.lengthOf(server.watches, 3)
    }).pipe(Effect.provideService(Clock.Clock, wall))
  }))

it.effect("a watch that the server keeps open beyond its timeout lives for as long as something comes", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    server.hasBookmarks = false
    const { listWatch } = server
    const reflector = yield* start({
      ...listWatch,
      watch: (options) => listWatch.watch({ ...options, timeoutSeconds: 86_400 })
    }, false)
    for (let i = 0; i < 60; i++) {
      server.create(`p${i}`)
      yield* TestClock.adjust("20 seconds")
    }
    assert.lengthOf(server.watches, 1)
    assert.strictEqual((yield* reflector.state)._tag, "Live")
    server.freeze()
    yield* TestClock.adjust("1 minute")
    assert.lengthOf(server.watches, 2)
  }))

it.effect("changes do not keep a streamed list open that the server never closes", () =>
  Effect.gen(function*() {
    for (const initialEvents of ["ignored", "unclosed"] as const) {
      const server = new ModelServer()
      server.initialEvents = initialEvents
      server.create("a")
      const reflector = yield* start(server.listWatch, true)
      for (let value = 1; value <= 8; value++) {
        server.update("a", value)
        yield* TestClock.adjust("5 seconds")
      }
      assert.strictEqual((yield* reflector.state)._tag, "Live", initialEvents)
      assert.lengthOf(server.lists, 1)
    }
  }))

it.effect("each sign of life counts as one: initial objects, and bookmarks that come late", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    server.initialEvents = "unclosed"
    yield* TestClock.adjust("1 minute")
    const reflector = yield* start(server.listWatch, true)
    assert.strictEqual(yield* reflector.lastActivity, 0)
    server.create("a")
    yield* settle
    assert.strictEqual((yield* reflector.state)._tag, "Syncing")
    assert.strictEqual(yield* reflector.lastActivity, 60_000)
    yield* TestClock.adjust("1 minute")
    assert.strictEqual((yield* reflector.state)._tag, "Live")
    yield* TestClock.adjust("10 seconds")
    server.bookmark(server.version)
    yield* settle
    yield* TestClock.adjust("10 seconds")
    server.bookmark(server.version - 1)
    server.bookmark(server.version)
    yield* settle
    assert.strictEqual(yield* reflector.lastActivity, 140_000)
  }))

it.effect("bookmarks that come seldom, or no more, do not make a quiet watch a dead one", () =>
  Effect.gen(function*() {
    const seldom = new ModelServer()
    seldom.hasBookmarks = false
    yield* start(seldom.listWatch, true, { minWatchTimeout: "1 hour" })
    for (let i = 0; i < 6; i++) {
      yield* TestClock.adjust("4 minutes")
      seldom.bookmark()
      yield* settle
    }
    assert.lengthOf(seldom.watches, 1)
    const noMore = new ModelServer()
    const other = yield* start(noMore.listWatch, true)
    yield* TestClock.adjust("5 minutes")
    noMore.hasBookmarks = false
    noMore.disconnect()
    // Silent twice, it may be a server that waits for versions it lost; after a new list it is a quiet one.
    yield* TestClock.adjust("8 minutes")
    assert.lengthOf(noMore.watches.filter((watch) => watch.sendInitialEvents), 2)
    for (let i = 0; i < 30; i++) {
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* other.state)._tag, "Live")
    }
    assert.lengthOf(noMore.watches.filter((watch) => watch.sendInitialEvents), 2)
  }))

it.effect("resumes where it was after an object that came without a version", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    yield* start(server.listWatch, true)
    server.create("a")
    server.raw(`${JSON.stringify({ type: "ADDED", object: { metadata: { name: "unversioned" } } })}\n`)
    yield* settle
    yield* TestClock.adjust("2 seconds")
    server.disconnect()
    yield* settle
    assert.deepStrictEqual(server.watches.map((watch) => watch.resourceVersion), [undefined, "11"])
  }))

it.effect("what may be listed and not watched is not ready: the missing rule is named", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    server.failWatch = [refused(403, "Forbidden"), refused(403, "Forbidden")]
    const informer = yield* SharedInformer.make<Obj, Obj>({
      listWatch: server.listWatch,
      prepare: (object) => object,
      isWatchList: true
    })
    const error = yield* Effect.flip(informer.ready)
    assert.include(error.message, "missing permission to watch; needs the rule")
    assert.lengthOf(server.lists, 0)
    yield* TestClock.adjust("10 seconds")
    yield* informer.ready
  }))
