import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Tracer from "effect/Tracer"
import { Deployment, ReplicaSet } from "../../src/Api/apps/v1.ts"
import { ConfigMap, Namespace, Secret } from "../../src/Api/core/v1.ts"
import * as ResourceClient from "../../src/Clientset/ResourceClient.ts"
import * as Controller from "../../src/Controller/Controller.ts"
import * as Predicate from "../../src/Controller/Predicate.ts"
import type * as Reconciler from "../../src/Controller/Reconciler.ts"
import * as Source from "../../src/Controller/Source.ts"
import * as InformerFactory from "../../src/Informer/InformerFactory.ts"
import * as OwnerReference from "../../src/Machinery/OwnerReference.ts"
import * as Patch from "../../src/Machinery/Patch.ts"
import * as ApiServer from "../../src/Testing/ApiServer.ts"

const withServer = <A, E, R>(self: Effect.Effect<A, E, R>) =>
  self.pipe(
    Effect.scoped,
    Effect.provide(Layer.fresh(ApiServer.layerOptions({ garbageCollector: false }))),
    Effect.provide(Logger.layer([]))
  )

const settle = TestClock.adjust(0).pipe(Effect.andThen(Effect.yieldNow), Effect.repeat({ times: 20 }))

/** Starts a source and collects what it delivers. */
const collecting = Effect.fnUntraced(function*<R>(source: Source.Source<R>) {
  let work: Array<Source.Work> = []
  const started = yield* source.start((some) => Effect.sync(() => void work.push(...some)))
  yield* started.awaitSynced
  yield* settle
  return {
    started,
    /** What was delivered since the last time. */
    take: Effect.gen(function*() {
      yield* settle
      const taken = work
      work = []
      return taken
    })
  }
})

const keys = (work: ReadonlyArray<Source.Work>) => work.map(({ key }) => key)
const owner = { metadata: { name: "web", uid: "uid-web", namespace: "default" } }
const other = { metadata: { name: "api", uid: "uid-api", namespace: "default" } }
const references = (...all: ReadonlyArray<OwnerReference.OwnerReference>) =>
  Patch.merge({ metadata: { ownerReferences: [...all] } })

describe("Source.self", () => {
  it.effect("makes each event of an object work on its key, with what happened and the version that was seen", () =>
    Effect.gen(function*() {
      const maps = yield* ResourceClient.make(ConfigMap, "default")
      const { metadata } = yield* maps.create({ metadata: { name: "a" } })
      const { take } = yield* collecting(Source.self(ConfigMap, { namespaces: "default" }))
      assert.deepStrictEqual(yield* take, [{
        key: "default/a",
        reason: { _tag: "Changed", change: "Initial" },
        isBackground: true,
        priority: undefined,
        seen: { group: "", plural: "configmaps", key: "default/a", resourceVersion: metadata.resourceVersion }
      }])
      yield* maps.create({ metadata: { name: "b" } })
      yield* maps.patch("a", Patch.merge({ data: { x: "y" } }))
      yield* maps.delete("b")
      assert.deepStrictEqual(
        (yield* take).map(({ isBackground, key, reason }) => [key, "change" in reason && reason.change, isBackground]),
        [["default/b", "Added", false], ["default/a", "Updated", false], ["default/b", "Deleted", false]]
      )
    }).pipe(withServer))

  it.effect("tells of all again at each resync, in the background", () =>
    Effect.gen(function*() {
      const maps = yield* ResourceClient.make(ConfigMap, "default")
      yield* maps.create({ metadata: { name: "a" } })
      const { take } = yield* collecting(Source.self(ConfigMap, { namespaces: "default", resync: "1 minute" }))
      yield* take
      yield* TestClock.adjust("61 seconds")
      assert.deepStrictEqual((yield* take).map(({ isBackground, reason }) => [reason, isBackground]), [
        [{ _tag: "Changed", change: "Resynced" }, true]
      ])
    }).pipe(withServer))

  it.effect("keys of a kind of cluster scope are names alone", () =>
    Effect.gen(function*() {
      const namespaces = yield* ResourceClient.make(Namespace)
      const { take } = yield* collecting(Source.self(Namespace))
      yield* take
      yield* namespaces.create({ metadata: { name: "extra" } })
      assert.deepStrictEqual(new Set(keys(yield* take)), new Set(["extra"]))
    }).pipe(withServer))

  it.effect("waits for no version of an object in a namespace that it does not watch", () =>
    Effect.gen(function*() {
      for (
        const [namespaces, unseen] of [["a", ["b", "c", "ab"]], [["a", "b"], ["c", "ab"]], ["", []], [[], []]] as const
      ) {
        const { started } = yield* collecting(Source.self(ConfigMap, { namespaces }))
        const wait = (namespace: string) =>
          Effect.map(
            Effect.forkScoped(
              started.kind?.awaitWrite(
                { group: "", plural: "configmaps", key: `${namespace}/x`, resourceVersion: "1000000" },
                { timeout: "5 seconds" }
              ) ?? Effect.never
            ),
            (fiber) => [namespace, fiber] as const
          )
        const waiting = yield* Effect.forEach(["a", "b", "c", "ab"], wait)
        yield* settle
        const through = waiting.flatMap(([namespace, fiber]) => fiber.pollUnsafe() === undefined ? [] : [namespace])
        assert.sameMembers(through, [...unseen], String(namespaces))
      }
    }).pipe(withServer))

  it.effect("waits for a write that its selector shows, or that takes away what it showed, and for no other", () =>
    Effect.gen(function*() {
      const maps = yield* ResourceClient.make(ConfigMap, "default")
      const labels = { watched: "true" }
      yield* maps.create({ metadata: { name: "shown", labels } })
      const { started } = yield* collecting(Source.self(ConfigMap, { labelSelector: labels }))
      yield* settle
      const wait = (name: string, labels?: { readonly [name: string]: string }) =>
        Effect.forkScoped(
          started.kind?.awaitWrite(
            { group: "", plural: "configmaps", key: `default/${name}`, resourceVersion: "1000000", labels },
            { timeout: "5 seconds" }
          ) ?? Effect.never
        )
      const waiting = [yield* wait("new", labels), yield* wait("shown", {}), yield* wait("told nothing of")]
      const through = yield* wait("other", {})
      yield* settle
      for (const fiber of waiting) assert.isUndefined(fiber.pollUnsafe())
      assert.isDefined(through.pollUnsafe())
    }).pipe(withServer))

  it.effect("of metadata alone sees the same, and predicates see metadata", () =>
    Effect.gen(function*() {
      const maps = yield* ResourceClient.make(ConfigMap, "default")
      yield* maps.create({ metadata: { name: "a", labels: { x: "y" } }, data: { big: "value" } })
      yield* maps.create({ metadata: { name: "b" } })
      let sawData = false
      const { take } = yield* collecting(Source.selfMetadata(ConfigMap, {
        namespaces: "default",
        predicate: Predicate.object((object) => {
          sawData ||= "data" in object
          return object.metadata.labels?.["x"] === "y"
        })
      }))
      assert.deepStrictEqual(keys(yield* take), ["default/a"])
      assert.isFalse(sawData)
    }).pipe(withServer))

  it.effect("replays what it would find if it had just begun, predicates included", () =>
    Effect.gen(function*() {
      const maps = yield* ResourceClient.make(ConfigMap, "default")
      yield* maps.create({ metadata: { name: "a", labels: { x: "y" } } })
      yield* maps.create({ metadata: { name: "b" } })
      const { started } = yield* collecting(Source.self(ConfigMap, {
        namespaces: "default",
        predicate: Predicate.object((object: ConfigMap) => object.metadata?.labels?.["x"] === "y")
      }))
      yield* maps.create({ metadata: { name: "c", labels: { x: "y" } } })
      yield* settle
      assert.sameMembers(keys(yield* started.replay ?? Effect.succeed([])), ["default/a", "default/c"])
    }).pipe(withServer))
})

describe("Source.owned", () => {
  const start = Effect.fnUntraced(
    function*(options?: Parameters<typeof Source.owned<ReplicaSet, "Namespaced", {}>>[2]) {
      const sets = yield* ResourceClient.make(ConfigMap, "default")
      const { take } = yield* collecting(
        Source.ownedMetadata(ConfigMap, Deployment, { namespaces: "default", owners: options?.owners })
      )
      return { sets, take }
    }
  )

  it.effect("is work on the controlling owner, under its namespace and name", () =>
    Effect.gen(function*() {
      const { sets, take } = yield* start()
      const ownerReferences = [OwnerReference.makeController(owner, Deployment)]
      yield* sets.create({ metadata: { name: "a", ownerReferences } })
      assert.deepStrictEqual((yield* take).map(({ key, reason }) => [key, reason]), [
        ["default/web", { _tag: "Owned", change: "Added", kind: "ConfigMap", key: "default/a" }]
      ])
      yield* sets.delete("a")
      assert.deepStrictEqual(keys(yield* take), ["default/web"])
    }).pipe(withServer))

  it.effect("is no work where nothing, another kind or another group owns, or the owner does not control", () =>
    Effect.gen(function*() {
      const { sets, take } = yield* start()
      yield* sets.create({ metadata: { name: "free" } })
      yield* sets.create({
        metadata: { name: "kind", ownerReferences: [OwnerReference.makeController(owner, ReplicaSet)] }
      })
      yield* sets.create({
        metadata: {
          name: "group",
          ownerReferences: [OwnerReference.makeController(owner, { ...Deployment, group: "example.com" })]
        }
      })
      yield* sets.create({ metadata: { name: "owner", ownerReferences: [OwnerReference.make(owner, Deployment)] } })
      const broken = { ...OwnerReference.makeController(owner, Deployment), apiVersion: "apps/v1/fail" }
      yield* sets.create({ metadata: { name: "version", ownerReferences: [broken] } })
      assert.deepStrictEqual(keys(yield* take), [])
    }).pipe(withServer))

  it.effect("finds an owner whatever version its reference names", () =>
    Effect.gen(function*() {
      const { sets, take } = yield* start()
      yield* sets.create({
        metadata: {
          name: "a",
          ownerReferences: [OwnerReference.makeController(owner, { ...Deployment, version: "v1beta1" })]
        }
      })
      assert.deepStrictEqual(keys(yield* take), ["default/web"])
    }).pipe(withServer))

  it.effect("is work on both owners where the object changed hands, and on one where it stays", () =>
    Effect.gen(function*() {
      const { sets, take } = yield* start()
      const ofWeb = OwnerReference.makeController(owner, Deployment)
      yield* sets.create({ metadata: { name: "a", ownerReferences: [ofWeb] } })
      yield* take
      yield* sets.patch("a", Patch.merge({ data: { x: "y" } }))
      assert.deepStrictEqual(keys(yield* take), ["default/web"])
      yield* sets.patch("a", references(OwnerReference.makeController(other, Deployment)))
      assert.sameMembers(keys(yield* take), ["default/web", "default/api"])
      yield* sets.patch("a", references())
      assert.deepStrictEqual(keys(yield* take), ["default/api"])
    }).pipe(withServer))

  it.effect("is work on every owner of the kind where that is asked for", () =>
    Effect.gen(function*() {
      const { sets, take } = yield* start({ owners: "All" })
      yield* sets.create({
        metadata: {
          name: "a",
          ownerReferences: [
            OwnerReference.makeController(owner, Deployment),
            OwnerReference.make(other, Deployment),
            OwnerReference.make(other, ReplicaSet)
          ]
        }
      })
      assert.sameMembers(keys(yield* take), ["default/web", "default/api"])
    }).pipe(withServer))

  it.effect("is no work where an object of cluster scope names an owner that has a namespace: nobody can be meant", () =>
    Effect.gen(function*() {
      const namespaces = yield* ResourceClient.make(Namespace)
      const { take } = yield* collecting(Source.owned(Namespace, Deployment))
      yield* take
      yield* namespaces.create({
        metadata: { name: "a", ownerReferences: [OwnerReference.makeController(owner, Deployment)] }
      })
      assert.deepStrictEqual(keys(yield* take), [])
    }).pipe(withServer))

  it.effect("names an owner of cluster scope without a namespace", () =>
    Effect.gen(function*() {
      const maps = yield* ResourceClient.make(ConfigMap, "default")
      const { take } = yield* collecting(Source.owned(ConfigMap, Namespace, { namespaces: "default" }))
      const cluster = { metadata: { name: "team", uid: "uid-team" } }
      yield* maps.create({
        metadata: { name: "a", ownerReferences: [OwnerReference.makeController(cluster, Namespace)] }
      })
      assert.deepStrictEqual(keys(yield* take), ["team"])
    }).pipe(withServer))
})

describe("Source.kind", () => {
  it.effect("asks both states of an update, and names each key once", () =>
    Effect.gen(function*() {
      const maps = yield* ResourceClient.make(Secret, "default")
      const toKeys = ({ metadata }: { readonly metadata?: Secret["metadata"] }) =>
        (metadata?.annotations?.["for"] ?? "").split(",").filter((key) => key !== "")
      const { take } = yield* collecting(Source.kind(Secret, { namespaces: "default", toKeys }))
      yield* maps.create({ metadata: { name: "s", annotations: { for: "default/a,default/b,default/a" } } })
      assert.deepStrictEqual(keys(yield* take), ["default/a", "default/b"])
      yield* maps.patch("s", Patch.merge({ metadata: { annotations: { for: "default/b,default/c" } } }))
      assert.deepStrictEqual(keys(yield* take), ["default/b", "default/c", "default/a"])
      yield* maps.delete("s")
      assert.deepStrictEqual(keys(yield* take), ["default/b", "default/c"])
    }).pipe(withServer))
})

describe("Source: priorities", () => {
  it.effect("edits go before what was there at the start, and a source's own priority before both", () =>
    Effect.gen(function*() {
      const maps = yield* ResourceClient.make(ConfigMap, "default")
      const secrets = yield* ResourceClient.make(Secret, "default")
      for (const name of ["old-1", "old-2"]) yield* maps.create({ metadata: { name } })
      yield* secrets.create({ metadata: { name: "urgent" } })
      const seen: Array<string> = []
      const controller = Controller.make(ConfigMap, {
        namespaces: "default",
        watches: [
          Source.stream("edits", Stream.make("default/edit")),
          Source.kind(Secret, { namespaces: "default", priority: 10, toKeys: () => ["default/urgent"] })
        ],
        reconcile: ({ name }) => Effect.sync(() => void seen.push(name))
      })
      const running = yield* controller.start
      yield* running.awaitSynced
      yield* settle
      yield* Effect.forkChild(Stream.runDrain(running.outcomes))
      yield* settle
      assert.deepStrictEqual(seen, ["urgent", "edit", "old-1", "old-2"])
    }).pipe(withServer))

  it.effect("a key comes again with the priority it had, or the one that was asked for", () =>
    Effect.gen(function*() {
      const order: Array<string> = []
      const results = new Map([["default/a", Controller.requeueAfter("1 second", { priority: 5 })]])
      const controller = Controller.make(ConfigMap, {
        self: Source.stream("keys", Stream.make("default/b", "default/a")),
        reconcile: ({ key }) =>
          Effect.sync(() => {
            order.push(key)
            const result = results.get(key) ?? (order.length < 3 ? Controller.requeueAfter("1 second") : undefined)
            results.delete(key)
            return result
          })
      })
      yield* Effect.forkChild(controller.run)
      yield* settle
      yield* TestClock.adjust("1 second")
      yield* settle
      assert.deepStrictEqual(order, ["default/b", "default/a", "default/a", "default/b"])
    }).pipe(withServer))
})

describe("Source: priorities of what comes again", () => {
  type Answer = Effect.Effect<Reconciler.Result | void, "no">
  const cases: ReadonlyArray<readonly [what: string, answer: Answer, goes: "first" | "last"]> = [
    ["a failure keeps it", Effect.fail("no"), "first"],
    ["a defect keeps it", Effect.die("bug"), "first"],
    ["requeue keeps it", Effect.succeed(Controller.requeue), "first"],
    ["requeue lowers it where that is asked for", Effect.succeed({ ...Controller.requeue, priority: -5 }), "last"],
    ["requeueAfter keeps it", Effect.succeed(Controller.requeueAfter("1 second")), "first"],
    [
      "requeueAfter lowers it where that is asked for",
      Effect.succeed(Controller.requeueAfter("1 second", { priority: -5 })),
      "last"
    ]
  ]
  for (const [what, answer, goes] of cases) {
    it.effect(what, () =>
      Effect.gen(function*() {
        const order: Array<string> = []
        const again = new Set(["default/urgent", "default/other"])
        const controller = Controller.make(ConfigMap, {
          self: Source.stream("keys", Stream.make({ key: "default/urgent", priority: 5 }, "default/other")),
          rateLimit: Schedule.spaced("1 second"),
          reconcile: ({ key }): Answer =>
            Effect.suspend((): Answer => {
              order.push(key)
              if (!again.delete(key)) return Effect.void
              return key === "default/urgent" ? answer : Effect.succeed(Controller.requeueAfter("1 second"))
            })
        })
        yield* Effect.forkChild(controller.run)
        yield* settle
        yield* TestClock.adjust("1 second")
        yield* settle
        const comesAgain = goes === "first" ? ["default/urgent", "default/other"] : ["default/other", "default/urgent"]
        assert.deepStrictEqual(order, ["default/urgent", "default/other", ...comesAgain])
      }).pipe(withServer, Effect.provide(Logger.layer([]))))
  }
})

describe("Source.inCluster", () => {
  it.effect("watches the other cluster, and does not wait there for writes to one's own", () =>
    Effect.gen(function*() {
      const east = yield* Layer.build(Layer.fresh(ApiServer.layer))
      const eastern = yield* Effect.provideContext(ResourceClient.make(ConfigMap, "default"), east)
      const factory = yield* InformerFactory.InformerFactory
      const source = Source.inCluster(
        "east",
        Source.kind(ConfigMap, {
          namespaces: "default",
          toKeys: ({ metadata }) => [`${metadata.namespace}/${metadata.name}`]
        }),
        east
      )
      const { started, take } = yield* collecting(source)
      yield* take
      yield* eastern.create({ metadata: { name: "from-the-east" } })
      assert.deepStrictEqual(keys(yield* take), ["default/from-the-east"])
      assert.isUndefined(started.kind)
      assert.isUndefined(source.rules)
      const western = yield* factory.get(ConfigMap, { namespaces: "default" })
      yield* western.awaitSynced
      assert.notInclude(yield* western.keys, "default/from-the-east")
      assert.isDefined(Context.get(east, InformerFactory.InformerFactory))
    }).pipe(withServer))
})

describe("Source: traces", () => {
  it.effect("a reconcile is a trace of its own, linked to what asked for it and to the reconcile that wrote what it sees", () =>
    Effect.gen(function*() {
      const maps = yield* ResourceClient.make(ConfigMap, "default")
      const spans = new Map<string, Tracer.AnySpan>()
      const links = new Map<string, ReadonlyArray<string>>()
      const asked = Tracer.externalSpan({ spanId: "webhook", traceId: "elsewhere" })
      const controller = Controller.make(ConfigMap, {
        name: "traced",
        labelSelector: { mine: "true" },
        watches: [Source.stream("webhook", Stream.make({ key: "default/first", span: asked }))],
        reconcile: Effect.fnUntraced(function*({ name }) {
          const span = yield* Effect.currentSpan
          spans.set(name, span)
          links.set(name, [...links.get(name) ?? [], ...span.links.map((link) => link.span.spanId)])
          assert.isTrue(span.parent._tag === "None")
          if (name === "first") yield* maps.create({ metadata: { name: "second", labels: { mine: "true" } } })
        })
      })
      yield* Effect.forkChild(controller.run)
      yield* settle
      assert.deepStrictEqual(links.get("first"), ["webhook"])
      assert.deepStrictEqual(links.get("second"), [spans.get("first")?.spanId ?? ""])
    }).pipe(withServer))
})
