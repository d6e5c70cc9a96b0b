import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { Lease } from "../../src/Api/coordination/v1.ts"
import { ConfigMap } from "../../src/Api/core/v1.ts"
import * as ResourceClient from "../../src/Clientset/ResourceClient.ts"
import * as ShardedController from "../../src/Cluster/ShardedController.ts"
import * as Controller from "../../src/Controller/Controller.ts"
import type { Request } from "../../src/Controller/Reconciler.ts"
import * as ApiServer from "../../src/Testing/ApiServer.ts"

const withServer = <A, E, R>(self: Effect.Effect<A, E, R>) =>
  self.pipe(Effect.scoped, Effect.provide(Layer.fresh(ApiServer.layer)), Effect.provide(Logger.layer([])))

const pass = (seconds: number) => Effect.repeat(TestClock.adjust("200 millis"), { times: Math.ceil(seconds * 5) })

const passUntil = Effect.fnUntraced(function*(holds: () => boolean, seconds: number) {
  for (let step = 0; step < seconds * 5; step++) {
    if (holds()) return step / 5
    yield* TestClock.adjust("200 millis")
  }
  return assert.fail(`not within ${seconds} s`)
})

/** Ends replicas in order, which takes a moment where they get into each other's way. */
const end = Effect.fnUntraced(function*(...replicas: ReadonlyArray<Fiber.Fiber<unknown, unknown>>) {
  const ending = yield* Effect.forkChild(Fiber.interruptAll(replicas))
  return yield* passUntil(() => ending.pollUnsafe() !== undefined, 30)
})

/** A replica in a fiber; to interrupt it is to end the process in order. */
const replica = (
  identity: string,
  reconcile: (request: Request<"Namespaced">) => Effect.Effect<void>,
  outcomes: Array<string> = [],
  handover?: Duration.Input
) =>
  Effect.forkChild(
    Stream.runForEach(
      Controller.make(ConfigMap, { name: identity, namespaces: "default", concurrency: 8, reconcile }).outcomes,
      ({ _tag, request }) => Effect.sync(() => void outcomes.push(`${_tag} ${request.name}`))
    ).pipe(
      Effect.provide(
        ShardedController.layer({
          name: "web",
          namespace: "default",
          identity,
          shards: 16,
          lockExpiration: "12 seconds",
          refreshInterval: "1 second",
          handover
        })
      )
    )
  )

const names = Array.from({ length: 40 }, (_, index) => `object-${index}`)
const create = Effect.fnUntraced(function*() {
  const maps = yield* ResourceClient.make(ConfigMap, "default")
  yield* Effect.forEach(names, (name) => maps.create({ metadata: { name } }))
  return maps
})

describe("ShardedController", () => {
  it.effect("reconciles each object on one replica, and a change on the replica that has the object", () =>
    Effect.gen(function*() {
      const maps = yield* create()
      const by = new Map<string, Array<string>>()
      const note = (identity: string) => ({ name }: Request) =>
        Effect.sync(() => void by.set(name, [...by.get(name) ?? [], identity]))
      const all = yield* Effect.forEach(["a", "b", "c"], (identity) => replica(identity, note(identity)))
      yield* passUntil(() => by.size === names.length, 30)
      yield* pass(5)
      const replicas = new Set(Array.from(by.values()).flat())
      assert.deepStrictEqual([...replicas].toSorted(), ["a", "b", "c"])
      const before = new Map(Array.from(by, ([name, all]) => [name, all.at(-1)]))
      by.clear()
      yield* Effect.forEach(
        names,
        (name) => maps.apply({ metadata: { name }, data: { a: "b" } }, { fieldManager: "test" })
      )
      yield* pass(2)
      for (const name of names) assert.deepStrictEqual(by.get(name), [before.get(name)])
      yield* end(...all)
    }).pipe(withServer))

  it.effect("gives the keys of a replica that came or went to one that is there, each reconciled anew", () =>
    Effect.gen(function*() {
      yield* create()
      const by: Record<string, Set<string>> = { a: new Set(), b: new Set() }
      const note = (identity: string) => ({ name, reasons }: Request) =>
        Effect.sync(() => {
          assert.deepStrictEqual(reasons.map(({ _tag }) => _tag), ["Gained"])
          by[identity]?.add(name)
        })
      const a = yield* replica("a", note("a"))
      yield* passUntil(() => by["a"]?.size === names.length, 30)
      by["a"]?.clear()
      const b = yield* replica("b", note("b"))
      yield* pass(10)
      const moved = by["b"]?.size ?? 0
      assert.isAbove(moved, 0)
      assert.isBelow(moved, names.length)
      // What did not move is not reconciled again.
      assert.strictEqual(by["a"]?.size, 0)
      assert.isBelow(yield* end(a), 2)
      assert.isBelow(yield* passUntil(() => by["b"]?.size === names.length, 10), 3)
      yield* end(b)
    }).pipe(withServer))

  it.effect("lets a running reconcile end before another replica begins the key, and holds back only that shard", () =>
    Effect.gen(function*() {
      yield* create()
      const gate = yield* Deferred.make<void>()
      const running = new Set<string>()
      const taken = new Set<string>()
      const outcomes: Array<string> = []
      const a = yield* replica("a", ({ name }) =>
        Effect.acquireUseRelease(
          Effect.sync(() => running.add(name)),
          () => name === "object-7" ? Deferred.await(gate) : Effect.void,
          () => Effect.sync(() => running.delete(name))
        ), outcomes)
      yield* passUntil(() => outcomes.length === names.length - 1, 30)
      assert.deepStrictEqual([...running], ["object-7"])
      const note = (identity: string) => ({ name }: Request) =>
        Effect.sync(() => {
          assert.isFalse(running.has(name), `${identity} began ${name}, which still runs`)
          taken.add(name)
        })
      // So many others that the key is sure to move.
      const others = yield* Effect.forEach(
        Array.from({ length: 6 }, (_, index) => `b${index}`),
        (identity) => replica(identity, note(identity))
      )
      yield* passUntil(() => taken.size > 5, 10)
      assert.isTrue(running.has("object-7"))
      assert.isFalse(taken.has("object-7"))
      yield* Deferred.succeed(gate, undefined)
      yield* passUntil(() => taken.has("object-7"), 10)
      assert.include(outcomes, "Success object-7")
      assert.isFalse(outcomes.some((outcome) => outcome.startsWith("HandedOver")))
      yield* end(a, ...others)
    }).pipe(withServer))

  it.effect("interrupts a reconcile that takes longer than the handover waits, and begins it elsewhere only then", () =>
    Effect.gen(function*() {
      yield* create()
      const events: Array<string> = []
      const reconcile = (identity: string) => ({ name }: Request) =>
        name !== "object-7" ? Effect.void : Effect.acquireUseRelease(
          Effect.sync(() => void events.push(`${identity} begins`)),
          () => identity === "a" ? Effect.never : Effect.void,
          // Cleaning up takes its time, and is waited for.
          () => Effect.andThen(Effect.sleep("2 seconds"), Effect.sync(() => void events.push(`${identity} ends`)))
        )
      const outcomes: Array<string> = []
      const a = yield* replica("a", reconcile("a"), outcomes)
      yield* passUntil(() => outcomes.length === names.length - 1, 30)
      const others = yield* Effect.forEach(
        Array.from({ length: 6 }, (_, index) => `b${index}`),
        (identity) => replica(identity, reconcile(identity))
      )
      yield* passUntil(() => events.length === 4, 30)
      assert.deepStrictEqual(events.map((event) => event.replace(/b\d/, "b")), [
        "a begins",
        "a ends",
        "b begins",
        "b ends"
      ])
      assert.include(outcomes, "HandedOver object-7")
      yield* end(a, ...others)
    }).pipe(withServer))

  it.effect("interrupts at once what runs on shards that are lost: another may hold them already", () =>
    Effect.gen(function*() {
      yield* create()
      const running = new Set<string>()
      const reconcile = ({ name }: Request) =>
        name !== "object-7" ? Effect.void : Effect.acquireUseRelease(
          Effect.sync(() => running.add(name)),
          () => Effect.never,
          () => Effect.sync(() => running.delete(name))
        )
      const a = yield* replica("a", reconcile, [], "1 minute")
      yield* passUntil(() => running.size === 1, 30)
      // As one that takes it for dead does.
      const leases = yield* ResourceClient.make(Lease, "default")
      const [mine] = (yield* leases.list()).items.filter(({ spec }) => spec?.holderIdentity === "a:0")
      assert(mine !== undefined)
      yield* leases.delete(mine.metadata.name)
      yield* passUntil(() => running.size === 0, 5)
      // Begun anew once the shards are its own again.
      yield* passUntil(() => running.size === 1, 30)
      const ending = yield* Effect.forkChild(Fiber.interrupt(a))
      yield* passUntil(() => ending.pollUnsafe() !== undefined, 90)
    }).pipe(withServer))
})
