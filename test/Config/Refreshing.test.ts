import { assert, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import * as References from "effect/References"
import * as Scheduler from "effect/Scheduler"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import * as Credential from "../../src/Config/Credential.ts"
import * as Refreshing from "../../src/Config/internal/refreshing.ts"

interface Probe {
  runs: number
  running: number
  most: number
  interrupted: number
}

/** A source that takes a second, gives a new token each time, good for ten seconds. */
const make = (probe: Probe, fails: () => boolean = () => false) =>
  Refreshing.make({
    source: "Custom",
    refresh: () =>
      Effect.acquireUseRelease(
        Effect.sync(() => {
          probe.runs++
          probe.running++
          probe.most = Math.max(probe.most, probe.running)
          return probe.runs
        }),
        Effect.fnUntraced(function*(run) {
          yield* Effect.sleep("1 second")
          if (fails()) return yield* new Credential.CredentialError({ source: "Custom", description: `run ${run}` })
          return {
            value: { authorization: Redacted.make(`token-${run}`), clientCertificate: undefined },
            freshUntil: (yield* Clock.currentTimeMillis) + 10_000
          }
        }),
        (_, exit) =>
          Effect.sync(() => {
            probe.running--
            if (Exit.hasInterrupts(exit)) probe.interrupted++
          })
      )
  })

const probe = (): Probe => ({ runs: 0, running: 0, most: 0, interrupted: 0 })

const text = (value: Credential.Value) => value.authorization && Redacted.value(value.authorization)

it.effect("runs once for all who wait", () =>
  Effect.gen(function*() {
    const its = probe()
    const credential = yield* make(its)
    const fiber = yield* Effect.forkChild(
      Effect.all(Array.from({ length: 20 }, () => credential.get), { concurrency: 20 })
    )
    yield* TestClock.adjust("1 second")
    const values = yield* Fiber.join(fiber)
    assert.strictEqual(its.runs, 1)
    assert.strictEqual(new Set(values).size, 1)
    assert.strictEqual(text(yield* credential.get), "token-1")
    yield* TestClock.adjust("10 seconds")
    const next = yield* Effect.forkChild(credential.get)
    yield* TestClock.adjust("1 second")
    assert.strictEqual(text(yield* Fiber.join(next)), "token-2")
  }))

it.effect("goes on for the others when one who waits is interrupted, the first included", () =>
  Effect.gen(function*() {
    const its = probe()
    const credential = yield* make(its)
    const first = yield* Effect.forkChild(credential.get)
    const second = yield* Effect.forkChild(credential.get)
    yield* TestClock.adjust("500 millis")
    yield* Fiber.interrupt(first)
    yield* TestClock.adjust("500 millis")
    assert.strictEqual(text(yield* Fiber.join(second)), "token-1")
    assert.deepStrictEqual(its, { runs: 1, running: 0, most: 1, interrupted: 0 })
  }))

it.effect("stops when nobody waits any more, and the next one starts afresh", () =>
  Effect.gen(function*() {
    const its = probe()
    const credential = yield* make(its)
    const only = yield* Effect.forkChild(credential.get)
    yield* TestClock.adjust("500 millis")
    yield* Fiber.interrupt(only)
    assert.deepStrictEqual(its, { runs: 1, running: 0, most: 1, interrupted: 1 })
    const next = yield* Effect.forkChild(credential.get)
    yield* TestClock.adjust("1 second")
    assert.strictEqual(text(yield* Fiber.join(next)), "token-2")
  }))

it.effect("gives a failure to all who wait, and tries again for the next", () =>
  Effect.gen(function*() {
    const its = probe()
    let isBroken = true
    const credential = yield* make(its, () => isBroken)
    const waiting = yield* Effect.forkChild(
      Effect.all([Effect.flip(credential.get), Effect.flip(credential.get)], { concurrency: 2 })
    )
    yield* TestClock.adjust("1 second")
    const [one, other] = yield* Fiber.join(waiting)
    assert.strictEqual(one.message, "getting credentials: run 1")
    assert.strictEqual(other.message, "getting credentials: run 1")
    isBroken = false
    const next = yield* Effect.forkChild(credential.get)
    yield* TestClock.adjust("1 second")
    assert.strictEqual(text(yield* Fiber.join(next)), "token-2")
  }))

it.effect("a late refusal of an old value does not cost a new one", () =>
  Effect.gen(function*() {
    const its = probe()
    const credential = yield* make(its)
    const one = yield* Effect.forkChild(credential.get)
    yield* TestClock.adjust("1 second")
    const first = yield* Fiber.join(one)
    yield* credential.invalidate(first)
    const two = yield* Effect.forkChild(credential.get)
    yield* TestClock.adjust("1 second")
    const second = yield* Fiber.join(two)
    assert.notStrictEqual(second, first)
    yield* credential.invalidate(first)
    assert.strictEqual(yield* credential.get, second)
    assert.strictEqual(its.runs, 2)
  }))

it.effect("ends its refresh with the scope", () =>
  Effect.gen(function*() {
    const its = probe()
    const scope = yield* Scope.make()
    const credential = yield* Scope.provide(make(its), scope)
    const waiting = yield* Effect.forkChild(credential.get)
    yield* TestClock.adjust("500 millis")
    yield* Scope.close(scope, Exit.void)
    assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(waiting)))
    assert.deepStrictEqual(its, { runs: 1, running: 0, most: 1, interrupted: 1 })
  }))

it.effect("leaves nobody waiting when it is asked after its scope has closed", () =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    const credential = yield* Scope.provide(make(probe()), scope)
    yield* Scope.close(scope, Exit.void)
    const fiber = yield* Effect.forkChild(credential.get)
    yield* TestClock.adjust("2 seconds")
    const exit = fiber.pollUnsafe()
    assert.isTrue(exit !== undefined && Exit.hasInterrupts(exit))
  }))

it.effect("refreshes with the services of its making and the log annotations of who asks", () =>
  Effect.gen(function*() {
    class Word extends Context.Service<Word, string>()("test/Word") {}
    const seen: Array<unknown> = []
    const credential = yield* Refreshing.make({
      source: "Custom",
      refresh: () =>
        Effect.gen(function*() {
          seen.push(yield* Word, yield* References.CurrentLogAnnotations)
          return { value: { authorization: undefined, clientCertificate: undefined }, freshUntil: undefined }
        })
    }).pipe(Effect.provideService(Word, "made"), Effect.annotateLogs({ when: "made" }))
    yield* Effect.annotateLogs(credential.get, { when: "asked" })
    assert.deepStrictEqual(seen, ["made", { when: "asked" }])
  }))

it.effect("never runs twice at once and never leaves one waiting, however callers come, go and refuse", () =>
  Effect.gen(function*() {
    for (let round = 0; round < 500; round++) {
      const its = probe()
      const scope = yield* Scope.make()
      const credential = yield* Scope.provide(make(its), scope)
      const caller = Effect.gen(function*() {
        yield* Effect.sleep(yield* Random.nextIntBetween(0, 3000))
        const value = yield* credential.get
        if (yield* Random.nextBoolean) yield* credential.invalidate(value)
      })
      const callers = yield* Effect.forEach(
        Array.from({ length: 6 }),
        () => Effect.forkChild(Effect.provideService(caller, Scheduler.MaxOpsBeforeYield, 3 + round % 5))
      )
      for (let step = 0; step < 8; step++) {
        yield* TestClock.adjust(yield* Random.nextIntBetween(0, 1200))
        const victim = callers[yield* Random.nextIntBetween(0, 12)]
        if (victim !== undefined) yield* Effect.forkChild(Fiber.interrupt(victim))
      }
      // Fibers that yield often need many turns to get to their sleep.
      for (let turn = 0; turn < 1000 && callers.some((fiber) => fiber.pollUnsafe() === undefined); turn++) {
        yield* TestClock.adjust("1 second")
      }
      assert.isTrue(callers.every((fiber) => fiber.pollUnsafe() !== undefined), "one waits for ever")
      for (const fiber of callers) {
        const exit = yield* Fiber.await(fiber)
        assert.isTrue(Exit.isSuccess(exit) || Exit.hasInterrupts(exit))
      }
      assert.strictEqual(its.running, 0)
      assert.isAtMost(its.most, 1)
      yield* Scope.close(scope, Exit.void)
    }
  }))
