/**
 * Listeners that come and go at any point, in any number, while objects change and relists happen: each is told a story
 * without a gap from what there was when it came, and leaves nothing behind.
 */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Metric from "effect/Metric"
import * as Scheduler from "effect/Scheduler"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import * as SharedInformer from "../../src/Informer/SharedInformer.ts"
import { Fold, generator } from "./convergence.ts"
import { ModelServer, type Obj, refused } from "./ModelServer.ts"
import * as RandomScheduler from "./randomScheduler.ts"

const names = ["a", "b", "c"] as const

interface Listening {
  readonly scope: Scope.Closeable
  readonly fold: Fold<Obj>
}

const versions = (objects: Iterable<Obj>): ReadonlyArray<string> =>
  Array.from(objects, ({ metadata }) => `${metadata.name} ${metadata.uid} ${metadata.resourceVersion}`).sort()

const run = Effect.fnUntraced(function*(seed: number, settle: Effect.Effect<void>) {
  const random = generator(seed)
  const server = new ModelServer()
  const scope = yield* Scope.make()
  const informer = yield* Scope.provide(
    SharedInformer.make<Obj, Obj>({ listWatch: server.listWatch, prepare: (object) => object, name: "listened" }),
    scope
  )
  const listening: Array<Listening> = []
  const come = Effect.gen(function*() {
    const fold = new Fold<Obj>()
    const own = yield* Scope.fork(scope)
    const delay = random.pick([0, 0, 5])
    const handler = informer.handle(
      (event) => Effect.andThen(delay === 0 ? Effect.void : Effect.sleep(delay), Effect.sync(() => fold.take(event))),
      { capacity: random.pick([8192, 1]) }
    )
    yield* Scope.provide(handler, own)
    listening.push({ scope: own, fold })
  })
  const leave = Effect.suspend(() => {
    const [one] = listening.splice(random.below(listening.length), 1)
    if (one === undefined) return Effect.succeed(Effect.void)
    return Effect.andThen(
      Scope.close(one.scope, Exit.void),
      Effect.sync(() => {
        const told = versions(one.fold.objects.values())
        // Whoever left is told nothing more.
        return Effect.sync(() => {
          assert.deepStrictEqual(one.fold.contradictions, [], `seed ${seed}`)
          assert.deepStrictEqual(versions(one.fold.objects.values()), told, `seed ${seed}`)
        })
      })
    )
  })
  const checks: Array<Effect.Effect<void>> = []
  for (let step = 0; step < 30; step++) {
    const choice = random.below(10)
    if (choice < 4) {
      const name = random.pick(names)
      if (random.isLikely(0.3)) server.remove(name)
      else server.update(name, step)
    } else if (choice < 6) yield* come
    else if (choice < 8) checks.push(yield* leave)
    else if (choice === 8) {
      server.disconnect(random.isLikely(0.5) ? undefined : refused(410, "Expired"))
      if (random.isLikely(0.5)) server.compact()
    } else yield* TestClock.adjust(random.pick([1, 10, 2000]))
    if (random.isLikely(0.4)) yield* settle
  }
  for (let turn = 0; turn < 20; turn++) yield* Effect.andThen(TestClock.adjust("10 seconds"), settle)
  for (const check of checks) yield* check
  const held = versions(yield* informer.list)
  assert.deepStrictEqual(held, versions(server.objects.values()), `seed ${seed}`)
  for (const { fold } of listening) {
    assert.deepStrictEqual(fold.contradictions, [], `seed ${seed}`)
    assert.deepStrictEqual(versions(fold.objects.values()), held, `seed ${seed}`)
  }
  yield* Scope.close(scope, Exit.void)
  yield* settle
  assert.strictEqual(server.watchers.size, 0, `seed ${seed}`)
  assert.deepStrictEqual(yield* Metric.snapshot, [], `seed ${seed}`)
})

it.live("each is told all from where it came to where it left, in 300 schedules", () =>
  Effect.gen(function*() {
    for (let seed = 1; seed <= 300; seed++) {
      const { scheduler, settle } = RandomScheduler.make(generator(seed ^ 0x11).next)
      yield* run(seed, settle).pipe(
        Effect.provideService(Scheduler.MaxOpsBeforeYield, 3 + seed % 5),
        Effect.provideService(Scheduler.Scheduler, scheduler),
        Effect.provideService(Metric.MetricRegistry, new Map()),
        Effect.provide(TestClock.layer())
      )
    }
  }))
