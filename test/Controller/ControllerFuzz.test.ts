/**
 * A controller whose workers are interrupted at any point and run again, as leadership comes and goes: 1,000 rounds with
 * fibers that yield after every few operations.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Queue from "effect/Queue"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import * as Scheduler from "effect/Scheduler"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { ConfigMap } from "../../src/Api/core/v1.ts"
import * as Controller from "../../src/Controller/Controller.ts"
import * as Partition from "../../src/Controller/Partition.ts"
import * as Source from "../../src/Controller/Source.ts"
import * as InformerFactory from "../../src/Informer/InformerFactory.ts"
import type { ListWatch } from "../../src/Watch/ListWatch.ts"
import { ListWatchSource } from "../../src/Watch/ListWatchSource.ts"

/** No informers are asked for. */
const open = (): ListWatch<never> => {
  throw new Error("no informer is used here")
}
const informers = InformerFactory.layer.pipe(
  Layer.provide(Layer.succeed(ListWatchSource)({ objects: open, metadata: open }))
)

const names = ["a", "b", "c", "d"].map((name) => `default/${name}`)

const round = (seed: number) =>
  Effect.gen(function*() {
    const edits = yield* Queue.unbounded<string>()
    const desired = new Map<string, number>()
    const handled = new Map<string, number>()
    const active = new Set<string>()
    let failures = 6
    const controller = Controller.make(ConfigMap, {
      concurrency: 3,
      self: Source.stream("edits", Stream.fromQueue(edits)),
      rateLimit: Schedule.spaced("1 millis"),
      ...(seed % 3 === 0 ? { timeout: "4 millis" as const } : {}),
      reconcile: ({ key }) =>
        Effect.acquireUseRelease(
          Effect.sync(() => {
            assert.isFalse(active.has(key), `${key} is with two workers in round ${seed}`)
            active.add(key)
            return desired.get(key) ?? 0
          }),
          (value) =>
            Effect.gen(function*() {
              yield* Effect.sleep(yield* Random.nextIntBetween(0, 3))
              const luck = yield* Random.nextIntBetween(0, 8)
              if (luck === 0 && failures-- > 0) return yield* Effect.fail("no" as const)
              if (luck === 1 && failures-- > 0) return yield* Effect.die("bug")
              if (luck === 2 && failures-- > 0) return Controller.requeue
              handled.set(key, Math.max(handled.get(key) ?? 0, value))
              return undefined
            }),
          () => Effect.sync(() => active.delete(key))
        )
    })
    const running = yield* controller.start
    let workers = yield* Effect.forkChild(Stream.runDrain(running.outcomes))
    for (let step = 1; step <= 12; step++) {
      const key = names[(yield* Random.nextIntBetween(0, 1000)) % names.length] ?? assert.fail()
      desired.set(key, step)
      Queue.offerUnsafe(edits, key)
      if ((yield* Random.nextIntBetween(0, 3)) === 0) {
        // Leadership is lost, and won again.
        yield* Fiber.interrupt(workers)
        assert.strictEqual(active.size, 0)
        workers = yield* Effect.forkChild(Stream.runDrain(running.outcomes))
      }
      yield* TestClock.adjust(yield* Random.nextIntBetween(0, 3))
    }
    for (let turn = 0; turn < 60; turn++) yield* TestClock.adjust("1 millis")
    for (const [key, value] of desired) assert.strictEqual(handled.get(key), value, `${key} in round ${seed}`)
    // In order: what runs ends, and nothing begins.
    const draining = yield* Effect.forkChild(running.drain)
    for (let turn = 0; turn < 10; turn++) yield* TestClock.adjust("1 millis")
    assert.isDefined(draining.pollUnsafe())
    assert.strictEqual(active.size, 0)
    yield* Fiber.interrupt(workers)
  }).pipe(
    Effect.scoped,
    Random.withSeed(`controller fuzz ${seed}`),
    Effect.provideService(Scheduler.MaxOpsBeforeYield, 3 + seed % 5)
  )

describe("Controller under interruption", () => {
  it.effect(
    "loses no key, and never has one with two workers, in 1,000 rounds",
    () =>
      Effect.forEach(Array.from({ length: 1000 }, (_, seed) => seed), round, { discard: true }).pipe(
        Effect.provide(informers),
        Effect.provide(Logger.layer([]))
      ),
    120_000
  )

  it.effect(
    "whatever moves between two replicas: each key on one at a time, and all handled in the end",
    () =>
      Effect.forEach(Array.from({ length: 200 }, (_, seed) => seed), (seed) =>
        Effect.gen(function*() {
          const desired = new Map<string, number>()
          const handled = new Map<string, number>()
          const active = new Map<string, string>()
          // A lock for each key, opened when the work under it has ended, as a shard's is.
          const holder = new Map<string, string>()
          const running = new Map<string, number>()
          const gains = new Map<string, Queue.Queue<string>>()
          const edits = new Map<string, Queue.Queue<string>>()
          for (const replica of ["one", "two"]) {
            gains.set(replica, yield* Queue.unbounded<string>())
            edits.set(replica, yield* Queue.unbounded<string>())
          }
          const leaving = new Set<string>()
          const partitionOf = (replica: string): Partition.Partition => {
            const isOwn = (key: string) => holder.get(key) === replica && !leaving.has(key)
            return {
              isOwn,
              gains: Stream.map(
                Stream.fromQueue(gains.get(replica) ?? assert.fail()),
                (key) => (other) => other === key
              ),
              hold: (key, effect) =>
                Effect.suspend(() => {
                  if (!isOwn(key)) {
                    return Effect.succeedNone
                  }
                  running.set(key, (running.get(key) ?? 0) + 1)
                  return Effect.ensuring(
                    Effect.asSome(effect),
                    Effect.sync(() => running.set(key, (running.get(key) ?? 0) - 1))
                  )
                })
            }
          }
          const move = Effect.fnUntraced(function*(key: string, to: string) {
            leaving.add(key)
            while ((running.get(key) ?? 0) > 0) yield* Effect.sleep("1 millis")
            holder.set(key, to)
            leaving.delete(key)
            Queue.offerUnsafe(gains.get(to) ?? assert.fail(), key)
          })
          for (const replica of ["one", "two"]) {
            const source = Source.stream("edits", Stream.fromQueue(edits.get(replica) ?? assert.fail()))
            const replayed: Source.Source = {
              ...source,
              start: (deliver) =>
                Effect.map(source.start(deliver), (started) => ({
                  ...started,
                  replay: Effect.sync(() =>
                    names.map((key) => ({ key, reason: { _tag: "Gained" as const }, isBackground: true }))
                  )
                }))
            }
            const controller = Controller.make(ConfigMap, {
              name: replica,
              concurrency: 2,
              self: replayed,
              reconcile: ({ key }) =>
                Effect.gen(function*() {
                  assert.isUndefined(active.get(key), `${key} in round ${seed}`)
                  active.set(key, replica)
                  const value = desired.get(key) ?? 0
                  yield* Effect.sleep(yield* Random.nextIntBetween(0, 4))
                  handled.set(key, value)
                  active.delete(key)
                })
            })
            yield* Effect.forkChild(
              Effect.provideService(controller.run, Partition.Partition, partitionOf(replica))
            )
          }
          for (const key of names) yield* move(key, "one")
          for (let step = 1; step <= 15; step++) {
            const key = names[(yield* Random.nextIntBetween(0, 1000)) % names.length] ?? assert.fail()
            desired.set(key, step)
            for (const queue of edits.values()) Queue.offerUnsafe(queue, key)
            const other = names[(yield* Random.nextIntBetween(0, 1000)) % names.length] ?? assert.fail()
            if (!leaving.has(other)) yield* Effect.forkChild(move(other, holder.get(other) === "one" ? "two" : "one"))
            yield* TestClock.adjust(yield* Random.nextIntBetween(0, 3))
          }
          for (let turn = 0; turn < 60; turn++) yield* TestClock.adjust("1 millis")
          for (const [key, value] of desired) assert.strictEqual(handled.get(key), value, `${key} in round ${seed}`)
        }).pipe(
          Effect.scoped,
          Random.withSeed(`handover ${seed}`),
          Effect.provideService(Scheduler.MaxOpsBeforeYield, 3 + seed % 5)
        ), { discard: true }).pipe(Effect.provide(informers), Effect.provide(Logger.layer([]))),
    120_000
  )
})
