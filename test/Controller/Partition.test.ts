import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { ConfigMap } from "../../src/Api/core/v1.ts"
import * as ResourceClient from "../../src/Clientset/ResourceClient.ts"
import * as Controller from "../../src/Controller/Controller.ts"
import * as Partition from "../../src/Controller/Partition.ts"
import type { Request } from "../../src/Controller/Reconciler.ts"
import * as Patch from "../../src/Machinery/Patch.ts"
import * as ApiServer from "../../src/Testing/ApiServer.ts"

const withServer = <A, E, R>(self: Effect.Effect<A, E, R>) =>
  self.pipe(Effect.scoped, Effect.provide(Layer.fresh(ApiServer.layer)), Effect.provide(Logger.layer([])))

const settle = TestClock.adjust(0).pipe(Effect.andThen(Effect.yieldNow), Effect.repeat({ times: 20 }))

/** A partition in the test's hands. */
const make = Effect.fnUntraced(function*() {
  const own = new Set<string>()
  const gained = yield* Queue.unbounded<(key: string) => boolean>()
  const expelled = yield* Deferred.make<void>()
  const partition: Partition.Partition = {
    isOwn: (key) => own.has(key),
    gains: Stream.fromQueue(gained),
    hold: (key, effect) =>
      own.has(key)
        ? Effect.raceFirst(Effect.asSome(effect), Effect.as(Deferred.await(expelled), Option.none()))
        : Effect.succeedNone
  }
  return {
    partition,
    own,
    expel: Deferred.succeed(expelled, undefined),
    gain: (...keys: ReadonlyArray<string>) => {
      for (const key of keys) own.add(key)
      return Queue.offer(gained, (key) => keys.includes(key))
    }
  }
})

const running = Effect.fnUntraced(function*(
  partition: Partition.Partition,
  reconcile: (request: Request<"Namespaced">) => Effect.Effect<void, string>
) {
  const outcomes: Array<string> = []
  const controller = Controller.make(ConfigMap, {
    labelSelector: { mine: "true" },
    concurrency: 4,
    reconcile
  })
  yield* Effect.forkChild(
    Stream.runForEach(
      controller.outcomes,
      ({ _tag, request }) => Effect.sync(() => void outcomes.push(`${_tag} ${request.name}`))
    ).pipe(Effect.provideService(Partition.Partition, partition))
  )
  yield* settle
  return outcomes
})

const create = Effect.fnUntraced(function*(...names: ReadonlyArray<string>) {
  const maps = yield* ResourceClient.make(ConfigMap, "default")
  for (const name of names) yield* maps.create({ metadata: { name, labels: { mine: "true" } } })
  return maps
})

const change = Patch.merge({ data: { a: "b" } })

describe("Partition", () => {
  it.effect("reconciles only keys that are one's own", () =>
    Effect.gen(function*() {
      const maps = yield* create("a", "b")
      const { own, partition } = yield* make()
      own.add("default/a")
      const outcomes = yield* running(partition, () => Effect.void)
      assert.deepStrictEqual(outcomes, ["Success a"])
      yield* maps.patch("b", change)
      yield* maps.patch("a", change)
      yield* settle
      assert.deepStrictEqual(outcomes, ["Success a", "Success a"])
    }).pipe(withServer))

  it.effect("reconciles once each key that becomes one's own, whatever changed before, and says so", () =>
    Effect.gen(function*() {
      yield* create("a", "b", "c")
      const { gain, partition } = yield* make()
      const reasons: Array<unknown> = []
      const outcomes = yield* running(partition, (request) => Effect.sync(() => void reasons.push(request.reasons)))
      assert.deepStrictEqual(outcomes, [])
      yield* gain("default/a", "default/c")
      yield* settle
      assert.sameMembers(outcomes, ["Success a", "Success c"])
      assert.deepStrictEqual(reasons, [[{ _tag: "Gained" }], [{ _tag: "Gained" }]])
    }).pipe(withServer))

  it.effect("drops a key that became another's while it waited, with its retries", () =>
    Effect.gen(function*() {
      yield* create("a")
      const { gain, own, partition } = yield* make()
      own.add("default/a")
      let fails = true
      const outcomes = yield* running(partition, () => fails ? Effect.fail("no") : Effect.void)
      assert.isAtLeast(outcomes.length, 1)
      own.delete("default/a")
      outcomes.length = 0
      yield* TestClock.adjust("1 hour")
      yield* settle
      assert.deepStrictEqual(outcomes, [])
      fails = false
      yield* gain("default/a")
      yield* settle
      assert.deepStrictEqual(outcomes, ["Success a"])
    }).pipe(withServer))

  it.effect("ends a reconcile that is expelled as handed over, and does not retry it", () =>
    Effect.gen(function*() {
      yield* create("a")
      const { expel, own, partition } = yield* make()
      own.add("default/a")
      let interrupted = 0
      const outcomes = yield* running(partition, () =>
        Effect.onInterrupt(Effect.never, () => Effect.sync(() => void interrupted++)))
      own.delete("default/a")
      yield* expel
      yield* settle
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(interrupted, 1)
      assert.deepStrictEqual(outcomes, ["HandedOver a"])
    }).pipe(withServer))
})
