import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scheduler from "effect/Scheduler"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as MergedInformer from "../../src/Informer/MergedInformer.ts"
import * as SharedInformer from "../../src/Informer/SharedInformer.ts"
import { ModelServer, type Obj } from "./ModelServer.ts"

const settle = TestClock.adjust(0).pipe(Effect.andThen(Effect.yieldNow), Effect.repeat({ times: 20 }))

const make = (server: ModelServer) =>
  SharedInformer.make<Obj, Obj>({ listWatch: server.listWatch, prepare: (object) => object })

/** Servers of two namespaces with three objects each, and what reads them as one. */
const two = Effect.gen(function*() {
  const [a, b] = [new ModelServer(), new ModelServer()]
  for (const name of ["p", "q", "r"]) {
    a.create(name, 1, { namespace: "a" })
    b.create(name, 1, { namespace: "b" })
  }
  const merged = MergedInformer.make([yield* make(a), yield* make(b)])
  yield* merged.awaitSynced
  return { a, b, merged }
})

it.effect("calls a handler for one event after the other, whatever part they come from", () =>
  Effect.gen(function*() {
    const { merged } = yield* two
    let running = 0
    let handled = 0
    const listener = yield* merged.handle(() =>
      Effect.gen(function*() {
        assert.strictEqual(running, 0)
        running++
        yield* Effect.sleep("1 second")
        running--
        handled++
      })
    )
    yield* settle
    yield* TestClock.adjust("3 seconds")
    assert.strictEqual(handled, 3)
    yield* TestClock.adjust("3 seconds")
    assert.strictEqual(handled, 6)
    assert.isTrue(yield* listener.hasSynced)
  }))

it.effect("calls a listener synced only when it has handled what there was in all parts", () =>
  Effect.gen(function*() {
    const { merged } = yield* two
    const listener = yield* merged.listen()
    let handled = 0
    yield* listener.events.pipe(
      Stream.runForEach(() => Effect.andThen(Effect.sleep("1 second"), Effect.sync(() => handled++))),
      Effect.forkScoped
    )
    const waiting = yield* Effect.forkChild(Effect.map(listener.awaitSynced, () => handled))
    yield* settle
    yield* TestClock.adjust("5 seconds")
    assert.isFalse(yield* listener.hasSynced)
    yield* TestClock.adjust("1 second")
    assert.strictEqual(yield* Fiber.join(waiting), 6)
  }))

it.effect("joins what waits for a slow listener as each part does: nothing is read ahead", () =>
  Effect.gen(function*() {
    const { a, merged } = yield* two
    const listener = yield* merged.listen({ capacity: 1 })
    const seen: Array<string> = []
    yield* listener.events.pipe(
      Stream.runForEachArray((events) => {
        for (const event of events) if (event._tag === "Updated") seen.push(`${event.key} ${event.object.spec.value}`)
        return Effect.sleep("1 second")
      }),
      Effect.forkScoped
    )
    yield* settle
    for (let value = 2; value <= 40; value++) {
      a.update("p", value, { namespace: "a" })
      yield* settle
    }
    yield* TestClock.adjust("5 seconds")
    assert.deepStrictEqual(seen, ["a/p 40"])
  }))

it.effect("the fold of what a listener got is what the parts hold, and its stream ends with them, in 100 schedules", () =>
  Effect.gen(function*() {
    for (let round = 0; round < 100; round++) {
      yield* Effect.gen(function*() {
        const scope = yield* Scope.make()
        const { a, b, merged } = yield* Scope.provide(two, scope)
        const folded = new Map<string, number>()
        const listening = yield* Effect.forkChild(Stream.runForEach(merged.changes, (event) =>
          Effect.sync(() => {
            if (event._tag === "Deleted") folded.delete(event.key)
            else folded.set(event.key, event.object.spec.value)
          })))
        for (let value = 0; value < 10; value++) {
          a.update(["p", "q", "s"][(value + round) % 3] ?? "p", value, { namespace: "a" })
          if (value % 4 === round % 4) b.remove("q", "b")
          else b.update("q", value, { namespace: "b" })
          if (value % 3 === 0) yield* settle
        }
        yield* settle
        const held = new Map(
          (yield* merged.list).map(({ metadata: { name, namespace }, spec }) =>
            [`${namespace}/${name}`, spec.value] as const
          )
        )
        yield* Scope.close(scope, Exit.void)
        yield* Fiber.join(listening)
        assert.deepStrictEqual([...folded].sort(), [...held].sort())
      }).pipe(Effect.provideService(Scheduler.MaxOpsBeforeYield, 3 + round % 5))
    }
  }))
