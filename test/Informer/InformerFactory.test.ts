import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as InformerFactory from "../../src/Informer/InformerFactory.ts"
import * as Lister from "../../src/Informer/Lister.ts"
import { stripManagedFields } from "../../src/Informer/Transform.ts"
import type { ListOptions } from "../../src/Machinery/Options.ts"
import * as Resource from "../../src/Machinery/Resource.ts"
import type { ListWatch } from "../../src/Watch/ListWatch.ts"
import type { CollectionOptions } from "../../src/Watch/ListWatchSource.ts"
import { ListWatchSource } from "../../src/Watch/ListWatchSource.ts"
import { ModelServer, refused } from "./ModelServer.ts"

interface Pod extends Resource.KubeObject {
  readonly apiVersion?: "v1"
  readonly kind?: "Pod"
  readonly spec?: { readonly value?: number; readonly node?: string }
}
const Pod = Resource.make<Pod>()({ group: "", version: "v1", kind: "Pod", plural: "pods", scope: "Namespaced" })

/** A source over model servers, one per namespace and one for all. */
class Source {
  readonly servers = new Map<string, ModelServer>()
  readonly asked: Array<{ readonly form: string; readonly options: CollectionOptions }> = []

  server(namespace: string | undefined): ModelServer {
    const key = namespace ?? "*"
    const known = this.servers.get(key)
    if (known !== undefined) return known
    const made = new ModelServer()
    this.servers.set(key, made)
    return made
  }

  get layer() {
    const open = (form: string) => (_: unknown, options: CollectionOptions): ListWatch<never> => {
      this.asked.push({ form, options })
      const { listWatch } = this.server(options.namespace)
      return {
        ...listWatch,
        collection: options.namespace === undefined
          ? listWatch.collection
          : { ...listWatch.collection, namespace: options.namespace },
        list: (request: ListOptions) => listWatch.list(request)
      } as unknown as ListWatch<never>
    }
    return Layer.succeed(ListWatchSource)({ objects: open("objects"), metadata: open("metadata") })
  }
}

const withSource = <A, E>(
  use: (source: Source) => Effect.Effect<A, E, InformerFactory.InformerFactory>,
  options?: InformerFactory.FactoryOptions
) =>
  Effect.suspend(() => {
    const source = new Source()
    return use(source).pipe(
      Effect.provide(
        (options === undefined ? InformerFactory.layer : InformerFactory.layerOptions(options)).pipe(
          Layer.provide(source.layer)
        )
      )
    )
  })

const settle = TestClock.adjust(0).pipe(Effect.andThen(Effect.yieldNow), Effect.repeat({ times: 20 }))

it.effect("shares one watch by kind, namespace, selectors and transform, and stops it with the last holder", () =>
  withSource((source) =>
    Effect.gen(function*() {
      const factory = yield* InformerFactory.InformerFactory
      const server = source.server(undefined)
      yield* Effect.scoped(Effect.gen(function*() {
        const first = yield* factory.get(Pod)
        yield* Effect.scoped(Effect.gen(function*() {
          const second = yield* factory.get(Pod, { indexers: { node: (pod) => [pod.spec?.node ?? ""] } })
          yield* second.awaitSynced
          assert.strictEqual(server.open, 1)
          server.create("a", 1, { node: "n" })
          yield* settle
          assert.strictEqual((yield* second.byIndex("node", "n")).length, 1)
        }))
        assert.strictEqual(server.open, 1)
        assert.strictEqual((yield* first.list).length, 1)
      }))
      yield* settle
      assert.strictEqual(server.open, 0)
      yield* Effect.scoped(Effect.flatMap(factory.get(Pod), (again) => again.awaitSynced))
      assert.strictEqual(server.watches.length, 2)
    })
  ))

it.effect("does not share what differs", () =>
  withSource((source) =>
    Effect.scoped(Effect.gen(function*() {
      const factory = yield* InformerFactory.InformerFactory
      yield* factory.get(Pod)
      yield* factory.get(Pod, { labelSelector: { app: "web" } })
      yield* factory.get(Pod, { labelSelector: { app: "web" } })
      yield* factory.get(Pod, { fieldSelector: "spec.nodeName=n" })
      yield* factory.get(Pod, { transform: stripManagedFields })
      yield* factory.get(Pod, { transform: stripManagedFields })
      yield* factory.get(Pod, { namespaces: "a" })
      yield* factory.metadata(Pod)
      yield* factory.awaitSynced
      assert.strictEqual(source.server(undefined).open, 5)
      assert.strictEqual(source.server("a").open, 1)
      assert.deepStrictEqual(source.asked.map((one) => one.form).filter((form) => form === "metadata").length, 1)
    }))
  ))

it.effect("shares by what is selected and waited for, however it is written", () =>
  withSource((source) =>
    Effect.scoped(Effect.gen(function*() {
      const factory = yield* InformerFactory.InformerFactory
      yield* factory.get(Pod, { labelSelector: "app=web", fieldSelector: "spec.nodeName=n" })
      yield* factory.get(Pod, { fieldSelector: "spec.nodeName=n", labelSelector: { app: "web" } })
      yield* factory.get(Pod, {
        fieldSelector: { "spec.nodeName": "n" },
        labelSelector: { matchLabels: { app: "web" } }
      })
      yield* factory.awaitSynced
      assert.strictEqual(source.server(undefined).open, 1)
      yield* factory.get(Pod, { timing: { minBackoff: "1 second", maxBackoff: 60_000 } })
      yield* factory.get(Pod, {
        timing: { maxBackoff: "1 minute", minBackoff: 1_000_000_000n, idleTimeout: undefined }
      })
      yield* factory.awaitSynced
      assert.strictEqual(source.server(undefined).open, 2)
    }))
  ))

it.effect("watches only the shard that it is asked for", () =>
  withSource((source) =>
    Effect.scoped(Effect.gen(function*() {
      const shardSelector = "shardRange(object.metadata.uid, '0x0000000000000000', '0x8000000000000000')"
      const factory = yield* InformerFactory.InformerFactory
      yield* factory.get(Pod, { shardSelector })
      yield* factory.metadata(Pod, { shardSelector })
      yield* factory.get(Pod)
      assert.deepStrictEqual(source.asked.map((one) => one.options.shardSelector), [
        shardSelector,
        shardSelector,
        undefined
      ])
    }))
  ))

it.effect("waits for what is held, and no longer for what its last holder left meanwhile", () =>
  withSource((source) =>
    Effect.gen(function*() {
      const factory = yield* InformerFactory.InformerFactory
      source.server("never").isListHanging = true
      source.server("never").initialEvents = "refused"
      source.server("slow").failWatch = [refused(429, "TooManyRequests")]
      const scope = yield* Scope.make()
      yield* Scope.provide(factory.get(Pod, { namespaces: "never" }), scope)
      yield* factory.get(Pod, { namespaces: "slow" })
      const waiting = yield* Effect.forkChild(Effect.all([factory.awaitSynced, factory.ready]))
      yield* settle
      yield* Scope.close(scope, Exit.void)
      yield* settle
      assert.isUndefined(waiting.pollUnsafe())
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(waiting)
    }).pipe(Effect.scoped)
  ))

it.effect("two holders may use one index name for different indexes", () =>
  withSource((source) =>
    Effect.scoped(Effect.gen(function*() {
      source.server(undefined).create("a", 7, { node: "n" })
      const factory = yield* InformerFactory.InformerFactory
      const one = yield* factory.get(Pod, { indexers: { by: (pod) => [pod.spec?.node ?? ""] } })
      const other = yield* factory.get(Pod, { indexers: { by: (pod) => [String(pod.spec?.value)] } })
      yield* factory.ready
      assert.strictEqual((yield* one.byIndex("by", "n")).length, 1)
      assert.strictEqual((yield* other.byIndex("by", "7")).length, 1)
      assert.strictEqual((yield* other.byIndex("by", "n")).length, 0)
      assert.strictEqual(source.server(undefined).open, 1)
    }))
  ))

it.effect("reads several namespaces as one, each with a watch of its own", () =>
  withSource((source) =>
    Effect.scoped(Effect.gen(function*() {
      source.server("a").create("p", 1, { namespace: "a" })
      source.server("b").create("p", 2, { namespace: "b" })
      const factory = yield* InformerFactory.InformerFactory
      const pods = yield* factory.get(Pod, {
        namespaces: ["a", "b", "a"],
        indexers: { value: (pod) => [String(pod.spec?.value)] }
      })
      const seen: Array<string> = []
      const listener = yield* pods.handle((event) => Effect.sync(() => seen.push(event.key)))
      yield* pods.ready
      yield* settle
      assert.isTrue(yield* listener.hasSynced)
      assert.deepStrictEqual([...(yield* pods.keys)].sort(), ["a/p", "b/p"])
      assert.deepStrictEqual(seen.sort(), ["a/p", "b/p"])
      assert.deepStrictEqual((yield* pods.byIndex("value", "2")).map((pod) => pod.metadata.namespace), ["b"])
      assert.strictEqual((yield* pods.get("b/p"))._tag, "Some")
      assert.strictEqual((yield* pods.get("c/p"))._tag, "None")
      source.server("b").update("p", 3, { namespace: "b" })
      assert.isTrue(yield* pods.awaitVersion("b/p", "12"))
      assert.isUndefined(pods.collection.namespace)
    }))
  ))

it.effect("the empty namespace, and no namespace of several, are all namespaces, read through the one watch of them", () =>
  withSource((source) =>
    Effect.scoped(Effect.gen(function*() {
      source.server(undefined).create("a")
      const factory = yield* InformerFactory.InformerFactory
      for (const namespaces of [undefined, "", [], ["a", ""]]) {
        const pods = yield* factory.get(Pod, { namespaces })
        yield* pods.ready
        assert.lengthOf(yield* pods.list, 1)
      }
      assert.deepStrictEqual(source.asked.map((one) => one.options.namespace), [
        undefined,
        undefined,
        undefined,
        undefined
      ])
      assert.strictEqual(source.server(undefined).open, 1)
    }))
  ))

it.effect("fails ready for the one informer that may not list", () =>
  withSource((source) =>
    Effect.scoped(Effect.gen(function*() {
      source.server("a").failWatch = [refused(403, "Forbidden")]
      source.server("a").failList = [refused(403, "Forbidden", "forbidden", "list")]
      const factory = yield* InformerFactory.InformerFactory
      yield* factory.get(Pod, { namespaces: ["a", "b"] })
      const error = yield* Effect.flip(factory.ready)
      assert.strictEqual(error.reason._tag, "Forbidden")
      assert.strictEqual(error.reason.namespace, "a")
    }))
  ))

it.effect("takes from the defaults of a kind what a request does not say", () =>
  withSource((source) =>
    Effect.scoped(Effect.gen(function*() {
      const factory = yield* InformerFactory.InformerFactory
      yield* factory.get(Pod)
      yield* factory.get(Pod, { namespaces: "mine" })
      // What is undefined is not said.
      yield* factory.get(Pod, { namespaces: undefined, labelSelector: "z" })
      assert.deepStrictEqual(source.asked.map((one) => one.options.namespace), ["only", "mine", "only"])
      assert.deepStrictEqual(source.asked.map((one) => one.options.labelSelector), ["x=y", "x=y", "z"])
    })), { defaults: (resource) => resource.kind === "Pod" ? { namespaces: "only", labelSelector: "x=y" } : {} }))

it.effect("tells the listeners of a holder again as often as it or the defaults say, unless they say it themselves", () =>
  withSource((source) =>
    Effect.scoped(Effect.gen(function*() {
      source.server("a").create("one", 1)
      source.server("b").create("one", 1, { namespace: "b" })
      const factory = yield* InformerFactory.InformerFactory
      const counts = new Map<string, number>()
      const count = (who: string) => () => Effect.sync(() => counts.set(who, (counts.get(who) ?? 0) + 1))
      const byDefault = yield* factory.get(Pod, { namespaces: "a" })
      const often = yield* factory.get(Pod, { namespaces: "a", resync: "2 seconds" })
      const both = yield* factory.get(Pod, { namespaces: ["a", "b"], resync: "5 seconds" })
      yield* byDefault.handle(count("by default"))
      yield* often.handle(count("often"))
      yield* (yield* often.addIndexers({ none: () => [] })).handle(count("indexed"))
      yield* often.handle(count("of its own"), { resync: "30 seconds" })
      yield* both.handle(count("both"))
      yield* often.changes.pipe(Stream.runForEach(count("changes")), Effect.forkScoped({ startImmediately: true }))
      yield* settle
      for (let second = 0; second < 10; second++) yield* Effect.andThen(TestClock.adjust("1 second"), settle)
      assert.deepStrictEqual(Object.fromEntries(counts), {
        "by default": 2,
        often: 6,
        indexed: 6,
        "of its own": 1,
        both: 6,
        changes: 6
      })
      assert.deepStrictEqual([source.server("a").watches.length, source.server("b").watches.length], [1, 1])
    })), { defaults: () => ({ resync: "10 seconds" }) }))

it.effect("keeps an informer for a while after its last holder when asked", () =>
  withSource((source) =>
    Effect.gen(function*() {
      const factory = yield* InformerFactory.InformerFactory
      yield* Effect.scoped(Effect.flatMap(factory.get(Pod), (pods) => pods.awaitSynced))
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual(source.server(undefined).open, 1)
      yield* TestClock.adjust("31 seconds")
      assert.strictEqual(source.server(undefined).open, 0)
    }), { idleTimeToLive: "1 minute" }))

const Decoded = Schema.Struct({
  metadata: Schema.Struct({
    name: Schema.String,
    namespace: Schema.String,
    resourceVersion: Schema.String
  }),
  spec: Schema.Struct({ value: Schema.Number.check(Schema.isLessThan(100)) })
})

it.effect("decodes by a Schema and leaves out what does not decode, with what was there before", () =>
  withSource((source) =>
    Effect.scoped(Effect.gen(function*() {
      const server = source.server(undefined)
      server.create("good", 1)
      server.create("bad", 1000)
      const factory = yield* InformerFactory.InformerFactory
      const pods = yield* factory.decoded(Pod, { schema: Decoded })
      const rejected: Array<string> = []
      yield* pods.rejections.pipe(
        Stream.runForEach((one) => Effect.sync(() => rejected.push(one.key))),
        Effect.forkScoped({ startImmediately: true })
      )
      yield* pods.ready
      assert.deepStrictEqual(yield* pods.keys, ["default/good"])
      server.update("good", 2000)
      server.update("bad", 2)
      yield* settle
      assert.deepStrictEqual(yield* pods.keys, ["default/bad"])
      assert.deepStrictEqual(rejected, ["default/bad", "default/good"])
    }))
  ))

it.effect("says where an object does not decode, and nothing of what it holds", () =>
  withSource((source) =>
    Effect.scoped(Effect.gen(function*() {
      const factory = yield* InformerFactory.InformerFactory
      const pods = yield* factory.decoded(Pod, {
        schema: Schema.Struct({
          metadata: Schema.Struct({ name: Schema.String, resourceVersion: Schema.String }),
          spec: Schema.Struct({ value: Schema.Literals([1, 2]) })
        })
      })
      const told = yield* Effect.forkChild(Stream.runHead(pods.rejections), { startImmediately: true })
      yield* pods.ready
      source.server(undefined).create("a", 1234)
      const rejection = Option.getOrThrow(yield* Fiber.join(told))
      assert.strictEqual(rejection.key, "default/a")
      assert.strictEqual(rejection.description, "Expected 1 | 2\n  at [\"spec\"][\"value\"]")
    }))
  ))

it.effect("stops at an object that does not decode when told so, and goes on when it does", () =>
  withSource((source) =>
    Effect.scoped(Effect.gen(function*() {
      const server = source.server(undefined)
      server.create("a", 1)
      const factory = yield* InformerFactory.InformerFactory
      const pods = yield* factory.decoded(Pod, { schema: Decoded, onDecodeFailure: "Fail" })
      yield* pods.ready
      server.update("a", 2000)
      yield* settle
      const [reflector] = pods.reflectors
      const state = reflector === undefined ? undefined : yield* reflector.state
      assert.strictEqual(state?._tag === "Stale" ? state.lastError.reason._tag : "", "Malformed")
      assert.deepStrictEqual((yield* pods.list).map((pod) => pod.spec.value), [1])
      server.update("a", 3)
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual((yield* pods.list).map((pod) => pod.spec.value), [3])
    }))
  ))

it.effect("lists by name, namespace and labels", () =>
  withSource((source) =>
    Effect.scoped(Effect.gen(function*() {
      const server = source.server(undefined)
      server.create("a", 1, { labels: { app: "web" } })
      server.create("b", 1, { labels: { app: "db" } })
      server.create("a", 1, { namespace: "other", labels: { app: "web" } })
      const factory = yield* InformerFactory.InformerFactory
      const pods = yield* factory.get(Pod)
      yield* pods.ready
      const lister = Lister.make(pods)
      assert.strictEqual((yield* lister.list()).length, 3)
      assert.strictEqual((yield* lister.list({ labelSelector: { app: "web" } })).length, 2)
      assert.strictEqual((yield* lister.namespace("default").list({ labelSelector: "app in (web)" })).length, 1)
      assert.strictEqual((yield* lister.namespace("other").get("a"))._tag, "Some")
      assert.strictEqual((yield* lister.namespace("other").get("b"))._tag, "None")
      // As client-go's NamespaceAll.
      assert.strictEqual((yield* lister.namespace("").list({ labelSelector: "app=web" })).length, 2)
      const error = yield* Effect.flip(lister.list({ labelSelector: "a in (" }))
      assert.include(error.message, "a in (")
    }))
  ))
