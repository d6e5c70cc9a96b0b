import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Reflector from "../../src/Informer/Reflector.ts"
import type { Change, Relist, Store } from "../../src/Informer/Store.ts"
import { broken, ModelServer, type Obj, refused, tooLarge } from "./ModelServer.ts"

interface Recorded {
  readonly replaces: Array<{ readonly names: ReadonlyArray<string>; readonly relist: Relist }>
  readonly changes: Array<Change<Obj>>
  readonly progress: Array<string>
  readonly store: Store<Obj>
}

const record = (): Recorded => {
  const replaces: Recorded["replaces"] = []
  const changes: Recorded["changes"] = []
  const progress: Recorded["progress"] = []
  return {
    replaces,
    changes,
    progress,
    store: {
      apply: (batch) => void changes.push(...batch),
      replace: (objects, relist) =>
        void replaces.push({ names: objects.map((object) => object.metadata.name).sort(), relist }),
      progress: (version) => void progress.push(version)
    }
  }
}

const start = Effect.fnUntraced(function*(server: ModelServer, more: Partial<Reflector.Options<Obj, Obj>> = {}) {
  const recorded = record()
  const reflector = yield* Reflector.make<Obj, Obj>({
    listWatch: server.listWatch,
    store: recorded.store,
    prepare: (object) => object,
    ...more
  })
  yield* Effect.forkScoped(reflector.run)
  yield* settle
  return { ...recorded, reflector }
})

// Lets everything that can run without the clock run.
const settle = TestClock.adjust(0).pipe(Effect.andThen(Effect.yieldNow), Effect.repeat({ times: 20 }))

const paged = { isWatchList: false }

it.effect("lists first from any cached state, then watches from the list's version with bookmarks", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    server.create("a")
    const { changes, replaces } = yield* start(server, paged)
    assert.deepStrictEqual(server.lists.map((list) => list.resourceVersion), ["0"])
    assert.deepStrictEqual(replaces, [{ names: ["a"], relist: { resourceVersion: "11", isRewound: false } }])
    assert.strictEqual(server.watches[0]?.resourceVersion, "11")
    assert.isTrue(server.watches[0]?.allowWatchBookmarks)
    server.create("b")
    server.update("b", 1)
    server.remove("a")
    yield* settle
    assert.deepStrictEqual(changes.map((change) => change.type), ["ADDED", "MODIFIED", "DELETED"])
  }))

it.effect("resumes at the last version after the server ended the watch, without a delay or a list", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    const { changes, reflector } = yield* start(server, paged)
    server.create("a")
    yield* TestClock.adjust("2 seconds")
    server.disconnect()
    yield* settle
    server.create("b")
    yield* settle
    assert.deepStrictEqual(server.watches.map((watch) => watch.resourceVersion), ["10", "11"])
    assert.strictEqual(server.lists.length, 1)
    assert.strictEqual(changes.length, 2)
    assert.strictEqual((yield* reflector.state)._tag, "Live")
  }))

it.effect("resumes at the version of the last bookmark", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    const { progress } = yield* start(server, paged)
    server.version = 99
    server.bookmark()
    yield* TestClock.adjust("2 seconds")
    server.disconnect()
    yield* settle
    assert.deepStrictEqual(progress, ["99"])
    assert.strictEqual(server.watches[1]?.resourceVersion, "99")
  }))

it.effect("takes a duplicated or late bookmark for nothing new", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    const { changes, reflector } = yield* start(server, paged)
    server.create("a")
    server.bookmark()
    server.bookmark()
    server.lateBookmark(0.5)
    server.create("b")
    yield* settle
    assert.strictEqual(changes.length, 2)
    assert.strictEqual(yield* reflector.resourceVersion, "12")
    assert.strictEqual(server.lists.length, 1)
  }))

it.effect("never takes a bookmark for an object", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    const { changes, replaces } = yield* start(server)
    server.bookmark()
    yield* settle
    assert.strictEqual(changes.length, 0)
    assert.deepStrictEqual(replaces[0]?.names, [])
  }))

it.effect("lists again after Expired, at least as fresh as what it had", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    server.create("a")
    const { replaces } = yield* start(server, paged)
    yield* TestClock.adjust("2 seconds")
    server.disconnect(broken("Reset"))
    server.create("b")
    server.remove("a")
    server.compact()
    yield* TestClock.adjust("10 seconds")
    assert.deepStrictEqual(server.lists.map((list) => list.resourceVersion), ["0", "11"])
    assert.deepStrictEqual(replaces.map((replace) => replace.names), [["a"], ["b"]])
    assert.isFalse(replaces[1]?.relist.isRewound)
  }))

it.effect("takes 410 in the refusal of a watch for Expired as well", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    server.failWatch = [refused(410, "Expired")]
    const { replaces } = yield* start(server, paged)
    yield* TestClock.adjust("3 seconds")
    assert.strictEqual(replaces.length, 2)
  }))

it.effect("asks for the newest when the version it had is not (or no longer) there to list at", () =>
  Effect.gen(function*() {
    for (const failure of [refused(410, "Expired", "x", "list"), refused(410, "Gone", "x", "list"), tooLarge()]) {
      const server = new ModelServer()
      server.failWatch = [refused(410, "Expired")]
      server.failList = [undefined, failure]
      yield* Effect.scoped(Effect.andThen(start(server, paged), TestClock.adjust("3 seconds")))
      assert.deepStrictEqual(server.lists.map((list) => list.resourceVersion), ["0", "10", undefined])
    }
  }))

it.effect("pages by 500 from nowhere, and not at a version, so that the server may answer from its cache", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    server.failWatch = [refused(410, "Expired")]
    yield* start(server, paged)
    yield* TestClock.adjust("3 seconds")
    assert.deepStrictEqual(server.lists.map((list) => list.limit), [500, undefined])
  }))

it.effect("goes on paging where the server paged its cached state", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    server.isCacheServed = false
    for (let i = 0; i < 501; i++) server.create(`p${i}`)
    server.failWatch = [refused(410, "Expired")]
    const { replaces } = yield* start(server, paged)
    yield* TestClock.adjust("3 seconds")
    assert.deepStrictEqual(server.lists.map((list) => list.limit), [500, 500, 500, 500])
    assert.deepStrictEqual(replaces.map((replace) => replace.names.length), [501, 501])
  }))

it.effect("uses the page size it was given for every list", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    for (let i = 0; i < 5; i++) server.create(`p${i}`)
    server.isCacheServed = false
    server.failWatch = [refused(410, "Expired")]
    const { replaces } = yield* start(server, { ...paged, pageSize: 2 })
    yield* TestClock.adjust("3 seconds")
    assert.deepStrictEqual(server.lists.map((list) => list.limit), [2, 2, 2, 2, 2, 2])
    assert.deepStrictEqual(replaces.map((replace) => replace.names.length), [5, 5])
  }))

it.effect("reads the list whole when its continue token expires in the middle", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    for (let i = 0; i < 5; i++) server.create(`p${i}`)
    server.isCacheServed = false
    server.failList = [undefined, refused(410, "Expired", "x", "list")]
    const { replaces } = yield* start(server, { ...paged, pageSize: 2 })
    assert.deepStrictEqual(server.lists.map((list) => list.limit), [2, 2, undefined])
    assert.strictEqual(replaces[0]?.names.length, 5)
  }))

it.effect("streams the list, replaces once at its end, and goes on with the same connection", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    server.create("a")
    server.create("b")
    const { changes, reflector, replaces } = yield* start(server)
    assert.strictEqual(server.lists.length, 0)
    assert.deepStrictEqual(server.watches.length, 1)
    const [watch] = server.watches
    assert.isTrue(watch?.sendInitialEvents)
    assert.strictEqual(watch?.resourceVersionMatch, "NotOlderThan")
    assert.isUndefined(watch?.resourceVersion)
    assert.deepStrictEqual(replaces, [{ names: ["a", "b"], relist: { resourceVersion: "12", isRewound: false } }])
    server.create("c")
    yield* settle
    assert.strictEqual(changes.length, 1)
    assert.strictEqual(yield* reflector.resourceVersion, "13")
    assert.strictEqual(server.watches.length, 1)
  }))

it.effect("streams the list again at its version after Expired, and at the newest after that failed", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    const { replaces } = yield* start(server)
    yield* TestClock.adjust("2 seconds")
    server.disconnect(broken("Reset"))
    server.create("a")
    server.compact()
    yield* TestClock.adjust("10 seconds")
    assert.deepStrictEqual(replaces.map((replace) => replace.names), [[], ["a"]])
    assert.deepStrictEqual(
      server.watches.map((watch) => [watch.sendInitialEvents ?? false, watch.resourceVersion]),
      [[true, undefined], [false, "10"], [true, "10"]]
    )
  }))

it.effect("lists instead, and for good, on a server that refuses to stream lists", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    server.initialEvents = "refused"
    server.create("a")
    const { replaces } = yield* start(server)
    assert.deepStrictEqual(replaces.map((replace) => replace.names), [["a"]])
    yield* TestClock.adjust("2 seconds")
    server.disconnect(refused(410, "Expired"))
    yield* TestClock.adjust("10 seconds")
    assert.strictEqual(server.watches.filter((watch) => watch.sendInitialEvents === true).length, 1)
    assert.strictEqual(replaces.length, 2)
  }))

it.effect("lists instead, after a limit, on a server that never closes the initial events", () =>
  Effect.gen(function*() {
    for (const way of ["ignored", "unclosed"] as const) {
      const server = new ModelServer()
      server.initialEvents = way
      server.create("a")
      yield* Effect.scoped(Effect.gen(function*() {
        const { reflector, replaces } = yield* start(server)
        yield* TestClock.adjust("29 seconds")
        assert.strictEqual(replaces.length, 0)
        assert.strictEqual((yield* reflector.state)._tag, "Syncing")
        yield* TestClock.adjust("3 seconds")
        assert.deepStrictEqual(replaces.map((replace) => replace.names), [["a"]])
        assert.strictEqual(server.open, 1)
      }))
    }
  }))

it.effect("lists in the same round when the streamed list breaks, and streams the next time", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    server.create("a")
    server.failWatch = [broken("Reset")]
    const { replaces } = yield* start(server)
    assert.strictEqual(replaces.length, 1)
    assert.strictEqual(server.lists.length, 1)
    yield* TestClock.adjust("2 seconds")
    server.disconnect(refused(410, "Expired"))
    yield* TestClock.adjust("10 seconds")
    assert.strictEqual(server.lists.length, 1)
    assert.strictEqual(replaces.length, 2)
  }))

it.effect("waits and streams again on 429 and on a refused connection", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    server.failWatch = [refused(429, "TooManyRequests"), broken("Refused")]
    const { replaces } = yield* start(server)
    yield* TestClock.adjust("10 seconds")
    assert.strictEqual(server.lists.length, 0)
    assert.strictEqual(replaces.length, 1)
  }))

it.effect("does not stream where the ListWatch says that it cannot", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    yield* start(server, { listWatch: { ...server.listWatch, isWatchListSupported: false } })
    assert.strictEqual(server.lists.length, 1)
    assert.isUndefined(server.watches[0]?.sendInitialEvents)
  }))

it.effect("never lists on 429, a refused or reset connection, or 500 at the start of a watch: it resumes", () =>
  Effect.gen(function*() {
    for (
      const failure of [
        refused(429, "TooManyRequests"),
        broken("Refused"),
        broken("Reset"),
        broken("Closed"),
        refused(500, "InternalError")
      ]
    ) {
      const server = new ModelServer()
      server.failWatch = [failure, failure, failure]
      yield* Effect.scoped(Effect.andThen(start(server, paged), TestClock.adjust("30 seconds")))
      assert.strictEqual(server.lists.length, 1, failure.message)
      assert.strictEqual(server.watches.length, 4, failure.message)
      assert.deepStrictEqual(new Set(server.watches.map((watch) => watch.resourceVersion)), new Set(["10"]))
    }
  }))

it.effect("lists again after the server lost the thread within a watch, but not where it only asks to wait", () =>
  Effect.gen(function*() {
    const reasons = [
      [500, "InternalError", 2],
      // An object that could not be decoded was deleted unsafely: the event of that has no object to show.
      [500, "StoreReadError", 2],
      [504, "Timeout", 2],
      [418, "ReasonOfNextYear", 2],
      [429, "TooManyRequests", 1]
    ] as const
    for (const [code, reason, lists] of reasons) {
      const server = new ModelServer()
      yield* start(server, paged)
      server.error({ kind: "Status", apiVersion: "v1", status: "Failure", code, reason, message: "lost" })
      yield* TestClock.adjust("3 seconds")
      assert.deepStrictEqual([reason, server.lists.length, server.watches.length], [reason, lists, 2])
    }
  }))

it.effect("lists again after a line that is no event, having applied the events before it", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    const { changes, reflector } = yield* start(server, paged)
    server.create("a")
    server.raw("{\"type\":\"MODI\n")
    yield* settle
    assert.strictEqual(changes.length, 1)
    const state = yield* reflector.state
    assert.strictEqual(state._tag === "Stale" ? state.lastError.reason._tag : "", "Malformed")
    yield* TestClock.adjust("3 seconds")
    assert.strictEqual(server.lists.length, 2)
  }))

it.effect("lists again after a line that was cut by the end of the connection", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    yield* start(server, paged)
    server.cutLine()
    yield* TestClock.adjust("3 seconds")
    assert.strictEqual(server.lists.length, 2)
  }))

it.effect("lists the newest, as rewound, when the server came back with an older store", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    server.create("a")
    const state = server.save()
    const { replaces } = yield* start(server, paged)
    server.create("b")
    server.create("c")
    yield* settle
    server.restore(state, broken("Reset"))
    yield* TestClock.adjust("10 seconds")
    assert.deepStrictEqual(replaces.at(-1), { names: ["a"], relist: { resourceVersion: "11", isRewound: true } })
    assert.isUndefined(server.lists.at(-1)?.resourceVersion)
  }))

it.effect("notices a rewind that shows only in the versions of events", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    const { reflector } = yield* start(server, paged)
    server.create("a")
    yield* settle
    server.version = 5
    server.create("b")
    yield* settle
    const state = yield* reflector.state
    assert.strictEqual(state._tag === "Stale" ? state.lastError.reason._tag : "", "Rewound")
    yield* TestClock.adjust("3 seconds")
    assert.strictEqual(server.lists.length, 2)
  }))

it.effect("notices a rewind that shows only in a bookmark older than where the watch began", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    yield* start(server, paged)
    server.version = 5
    server.bookmark()
    yield* TestClock.adjust("3 seconds")
    assert.strictEqual(server.lists.length, 2)
  }))

it.effect("lists again when a second connection in a row stays silent, as one that waits for lost versions does", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    yield* start(server, paged)
    yield* TestClock.adjust("61 seconds")
    server.freeze()
    server.isSilent = true
    yield* TestClock.adjust("4 minutes")
    assert.strictEqual(server.lists.length, 1)
    yield* TestClock.adjust("4 minutes")
    assert.strictEqual(server.lists.length, 2)
  }))

it.effect("does not list for ever on a server whose versions are not in order", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    const { changes } = yield* start(server, paged)
    for (let i = 0; i < 40; i++) {
      server.version = 100 - 2 * i
      server.create(`p${i}`)
      yield* TestClock.adjust("5 seconds")
    }
    assert.isBelow(server.lists.length, 5)
    assert.isAbove(changes.length, 30)
  }))

it.effect("moves the version of a watch from nowhere only after the first event that is not ADDED", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    server.create("a")
    server.create("b")
    server.version = 0
    const listWatch = {
      ...server.listWatch,
      list: () => Effect.succeed({ apiVersion: "v1", kind: "PodList", metadata: { resourceVersion: "0" }, items: [] })
    }
    const { reflector } = yield* start(server, { ...paged, listWatch })
    assert.strictEqual(yield* reflector.resourceVersion, "0")
    server.version = 12
    server.update("a", 2)
    yield* settle
    assert.strictEqual(yield* reflector.resourceVersion, "13")
  }))

it.effect("asks for 5 to 10 minutes at random", () =>
  Effect.gen(function*() {
    const seconds = new Set<number>()
    for (let i = 0; i < 30; i++) {
      const server = new ModelServer()
      yield* Effect.scoped(start(server, paged))
      const asked = server.watches[0]?.timeoutSeconds ?? 0
      assert.isAtLeast(asked, 300)
      assert.isAtMost(asked, 600)
      seconds.add(asked)
    }
    assert.isAbove(seconds.size, 5)
  }))

it.effect("asks for no less than the shortest and no more than the longest it was given, and a second at least", () =>
  Effect.gen(function*() {
    const asked = Effect.fnUntraced(function*(timing: Reflector.Timing) {
      const server = new ModelServer()
      yield* Effect.scoped(start(server, { ...paged, ...timing }))
      return server.watches[0]?.timeoutSeconds ?? 0
    })
    for (let i = 0; i < 10; i++) {
      assert.isAtLeast(yield* asked({ minWatchTimeout: "30 minutes" }), 1800)
      assert.isAtMost(yield* asked({ maxWatchTimeout: "1 minute" }), 60)
    }
    assert.strictEqual(yield* asked({ minWatchTimeout: "1 hour", maxWatchTimeout: "1 hour" }), 3600)
    assert.strictEqual(yield* asked({ maxWatchTimeout: "200 millis" }), 1)
  }))

it.effect("counts a streamed list that was answered by a paged one, and a version that was of no use", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    server.failWatch = [broken("Reset")]
    server.failList = [refused(410, "Expired", "too old", "list")]
    const { replaces } = yield* start(server)
    assert.lengthOf(replaces, 1)
    const counted = (yield* Metric.snapshot).flatMap((one) =>
      one.type === "Counter" && one.id === "reflector_failures_total"
        ? [`${one.attributes?.["reason"]} ${one.state.count}`]
        : []
    )
    assert.deepStrictEqual(counted.sort(), ["Expired 1", "Failed 1"])
  }).pipe(Effect.provideService(Metric.MetricRegistry, new Map())))

it.effect("takes a watch that ends within a second for a failure and slows down", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    yield* start(server, paged)
    for (let i = 0; i < 600; i++) {
      server.create(`p${i}`)
      server.disconnect()
      yield* TestClock.adjust("1 second")
    }
    assert.isBelow(server.watches.length, 60)
    assert.strictEqual(server.lists.length, 1)
  }))

it.effect("asks fewer than forty times in ten minutes of outage, ever more slowly, and goes on for ever", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    yield* start(server, paged)
    yield* TestClock.adjust("5 seconds")
    server.failWatch = Array.from({ length: 1000 }, () => broken("Refused"))
    server.failList = Array.from({ length: 1000 }, () => broken("Refused", "list"))
    const before = server.watches.length + server.lists.length
    server.disconnect(broken("Reset"))
    yield* TestClock.adjust("10 minutes")
    const asked = server.watches.length + server.lists.length - before
    assert.isBelow(asked, 40)
    assert.isAbove(asked, 8)
    yield* TestClock.adjust("10 minutes")
    assert.isAbove(server.watches.length + server.lists.length - before, asked)
    server.failWatch = []
    server.failList = []
    yield* TestClock.adjust("61 seconds")
    assert.strictEqual(server.open, 1)
  }))

it.effect("starts the delays over after two minutes without trouble, and not before", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    const { reflector } = yield* start(server, paged)
    const fail = Effect.gen(function*() {
      server.disconnect(broken("Reset"))
      yield* settle
      const state = yield* reflector.state
      return state._tag === "Stale" ? state.failures : 0
    })
    assert.strictEqual(yield* fail, 1)
    yield* TestClock.adjust("10 seconds")
    assert.strictEqual(yield* fail, 2)
    yield* TestClock.adjust("60 seconds")
    assert.strictEqual(yield* fail, 3)
    yield* TestClock.adjust("150 seconds")
    assert.strictEqual(yield* fail, 1)
  }))

it.effect("gives up a connection that went silent after bookmarks, within four minutes, and resumes", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    const { changes, reflector } = yield* start(server, paged)
    yield* TestClock.adjust("61 seconds")
    server.freeze()
    server.create("a")
    yield* TestClock.adjust("4 minutes")
    assert.strictEqual(changes.length, 1)
    assert.strictEqual(server.open, 1)
    assert.strictEqual(server.lists.length, 1)
    assert.strictEqual((yield* reflector.state)._tag, "Live")
  }))

it.effect("gives up a silent connection where bookmarks never come once its own timeout has passed", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    server.hasBookmarks = false
    const { changes } = yield* start(server, paged)
    server.freeze()
    server.create("a")
    yield* TestClock.adjust("11 minutes")
    assert.strictEqual(changes.length, 1)
    assert.strictEqual(server.lists.length, 1)
  }))

it.effect("keeps a healthy watch through ten minutes of silence and ten minutes of drip", () =>
  Effect.gen(function*() {
    const quiet = new ModelServer()
    quiet.hasBookmarks = false
    const long = { ...paged, minWatchTimeout: "30 minutes", maxWatchTimeout: "30 minutes" } as const
    yield* start(quiet, long)
    yield* TestClock.adjust("10 minutes")
    assert.strictEqual(quiet.watches.length, 1)
    const drip = new ModelServer()
    const { changes } = yield* start(drip, long)
    for (let i = 0; i < 60; i++) {
      drip.create(`p${i}`)
      yield* TestClock.adjust("10 seconds")
    }
    assert.strictEqual(drip.watches.length, 1)
    assert.strictEqual(changes.length, 60)
  }))

it.effect("gives up a list that is not answered, and tries again", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    server.isListHanging = true
    const { reflector, replaces } = yield* start(server, paged)
    yield* TestClock.adjust("70 seconds")
    const state = yield* reflector.state
    assert.include(state._tag === "Syncing" ? state.lastError?.message : "", "no answer within 70 s")
    server.isListHanging = false
    yield* TestClock.adjust("3 seconds")
    assert.strictEqual(replaces.length, 1)
  }))

it.effect("names the missing rule and keeps trying when it may not list or watch", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    server.failList = [refused(403, "Forbidden", "pods is forbidden", "list")]
    const { reflector, replaces } = yield* start(server, paged)
    const state = yield* reflector.state
    const error = state._tag === "Syncing" ? state.lastError : undefined
    assert.isTrue(error?.isFatal)
    assert.include(
      error?.message,
      "missing permission to list; needs the rule {apiGroups: [\"\"], resources: [\"pods\"], verbs: [\"list\", \"watch\"]}"
    )
    yield* TestClock.adjust("3 seconds")
    assert.strictEqual(replaces.length, 1)
  }))

it.effect("sorts what only somebody else can mend apart from what passes", () =>
  Effect.gen(function*() {
    const cases = [
      [refused(403, "Forbidden"), "Forbidden", true],
      [refused(401, "Unauthorized"), "Unauthorized", true],
      [refused(404, "NotFound"), "NotServed", true],
      [refused(405, "MethodNotAllowed"), "NotServed", true],
      [broken("Tls"), "Untrusted", true],
      [broken("Proxy"), "Untrusted", true],
      [broken("Credential"), "Untrusted", true],
      [broken("Dns"), "Failed", false],
      [refused(503, "ServiceUnavailable"), "Failed", false],
      [refused(429, "TooManyRequests"), "Failed", false],
      [refused(410, "Gone"), "Expired", false]
    ] as const
    for (const [failure, tag, isFatal] of cases) {
      const server = new ModelServer()
      server.failWatch = [failure]
      yield* Effect.scoped(Effect.gen(function*() {
        const { reflector } = yield* start(server, paged)
        const state = yield* reflector.state
        const error = state._tag === "Stale" ? state.lastError : undefined
        assert.strictEqual(error?.reason._tag, tag)
        assert.strictEqual(error?.isFatal, isFatal)
      }))
    }
  }))

it.effect("takes a list that is refused as it is asked for to be what somebody else has to mend, and asks without a version", () =>
  Effect.gen(function*() {
    for (const isWatchList of [true, false]) {
      for (const [code, reason] of [[400, "BadRequest"], [422, "Invalid"], [415, "UnsupportedMediaType"]] as const) {
        const server = new ModelServer()
        if (isWatchList) server.failWatch = [refused(code, reason)]
        server.failList = [refused(code, reason, "no such field", "list")]
        const { reflector, replaces } = yield* start(server, { isWatchList })
        const state = yield* reflector.state
        const error = state._tag === "Syncing" ? state.lastError : undefined
        assert.deepStrictEqual([error?.reason._tag, error?.isFatal], ["Refused", true])
        yield* TestClock.adjust("5 seconds")
        assert.deepStrictEqual(server.lists.at(-1)?.resourceVersion, isWatchList && code === 415 ? "0" : undefined)
        assert.lengthOf(replaces, 1)
      }
    }
  }))

it.effect("tells its state as a stream: syncing, live, stale since, live", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    server.failList = [broken("Refused", "list")]
    const recorded = record()
    const reflector = yield* Reflector.make<Obj, Obj>({
      listWatch: server.listWatch,
      store: recorded.store,
      prepare: (object) => object,
      ...paged
    })
    const seen: Array<string> = []
    yield* reflector.states.pipe(
      Stream.runForEach((state) =>
        Effect.sync(() => seen.push("failures" in state ? `${state._tag} ${state.failures}` : state._tag))
      ),
      Effect.forkScoped({ startImmediately: true })
    )
    yield* Effect.forkScoped(reflector.run)
    yield* TestClock.adjust("5 seconds")
    server.disconnect(broken("Reset"))
    yield* TestClock.adjust("10 seconds")
    assert.deepStrictEqual(seen, ["Syncing 0", "Syncing 1", "Live", "Stale 2", "Live"])
  }))

it.effect("closes the connection when it is interrupted, whatever it was doing", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    yield* Effect.scoped(Effect.gen(function*() {
      yield* start(server, paged)
      assert.strictEqual(server.open, 1)
    }))
    assert.strictEqual(server.open, 0)
    server.failList = Array.from({ length: 100 }, () => broken("Refused", "list"))
    const lists = server.lists.length
    yield* Effect.scoped(start(server, paged))
    yield* TestClock.adjust("10 minutes")
    assert.strictEqual(server.lists.length, lists + 1)
  }))

it.effect("shows its state in metrics, and for how long the cache has not been known to be true", () =>
  Effect.gen(function*() {
    const read = Effect.map(Metric.snapshot, (all) => {
      const values = all.flatMap((one) =>
        one.type === "Gauge" && (one.id === "reflector_state" || one.id === "reflector_stale_seconds")
          ? [[one.attributes?.["state"] ?? "seconds", Number(one.state.value)] as const]
          : []
      )
      const state = values.find(([name, value]) => name !== "seconds" && value === 1)?.[0]
      return [values.length, state, values.find(([name]) => name === "seconds")?.[1]]
    })
    const server = new ModelServer()
    server.failList = [broken("Refused", "list")]
    yield* start(server, { ...paged, minBackoff: "10 seconds" })
    assert.deepStrictEqual(yield* read, [4, "Syncing", 0])
    yield* TestClock.adjust("5 seconds")
    assert.deepStrictEqual(yield* read, [4, "Syncing", 5])
    yield* TestClock.adjust("30 seconds")
    assert.deepStrictEqual(yield* read, [4, "Live", 0])
    server.failWatch = [broken("Refused")]
    server.disconnect(broken("Reset"))
    yield* settle
    yield* TestClock.adjust("3 seconds")
    assert.deepStrictEqual(yield* read, [4, "Stale", 3])
  }).pipe(Effect.provideService(Metric.MetricRegistry, new Map())))

it.effect("leaves no metric series behind", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    const names = Effect.map(Metric.snapshot, (all) =>
      all.map((one) => one.id).filter((id) => id.startsWith("reflector_")))
    yield* Effect.scoped(Effect.gen(function*() {
      server.failWatch = [broken("Reset")]
      yield* start(server, paged)
      const series = yield* names
      assert.includeMembers(series, [
        "reflector_lists_total",
        "reflector_watches_total",
        "reflector_failures_total",
        "reflector_last_resource_version",
        "reflector_state",
        "reflector_stale_seconds"
      ])
    }))
    assert.deepStrictEqual(yield* names, [])
  }).pipe(Effect.provideService(Metric.MetricRegistry, new Map())))

it.effect("does not let one object that is rejected hold back the others", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    server.create("bad")
    server.create("good")
    const { changes, replaces } = yield* start(server, {
      ...paged,
      prepare: (object) =>
        object.metadata.name.startsWith("bad")
          ? new Reflector.Rejection(`default/${object.metadata.name}`, "bad", undefined)
          : object
    })
    assert.deepStrictEqual(replaces[0]?.names, ["good"])
    server.create("bad2")
    server.create("good2")
    yield* settle
    assert.deepStrictEqual(changes.map((change) => change.type), ["REJECTED", "ADDED"])
  }))
