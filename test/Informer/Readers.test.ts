/**
 * What readers of one informer rely on, whatever the schedule: an index is what a filter over all objects gives, a
 * listener's filter holds for all it is told, a write that was seen is read, and objects that are refused hold back
 * nothing else.
 */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Scheduler from "effect/Scheduler"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import * as SharedInformer from "../../src/Informer/SharedInformer.ts"
import * as ResourceVersion from "../../src/Watch/ResourceVersion.ts"
import { Fold, generator } from "./convergence.ts"
import { broken, ModelServer, type Obj, refused } from "./ModelServer.ts"
import * as RandomScheduler from "./randomScheduler.ts"

const names = ["a", "b", "c", "d"] as const

const show = (objects: Iterable<Obj>): ReadonlyArray<string> =>
  Array.from(
    objects,
    ({ metadata, spec }) => `${metadata.name} ${metadata.uid} ${metadata.resourceVersion} ${spec.value}`
  )
    .sort()

const factors = (object: Obj): ReadonlyArray<string> =>
  [2, 3, 5].filter((factor) => object.spec.value % factor === 0).map(String)

const isRefused = (object: Obj): boolean => object.spec.value % 7 === 6

/** All of it before another fiber runs. */
const atOnce = Effect.provideService(Scheduler.MaxOpsBeforeYield, Number.MAX_SAFE_INTEGER)

const run = Effect.fnUntraced(function*(seed: number, settle: Effect.Effect<void>) {
  const random = generator(seed)
  const server = new ModelServer()
  server.chunkSize = random.pick([Number.POSITIVE_INFINITY, 30])
  for (const name of names) if (random.isLikely(0.5)) server.create(name, random.below(20))
  const scope = yield* Scope.make()
  const informer = yield* SharedInformer.make<Obj, Obj>({
    listWatch: server.listWatch,
    isWatchList: random.isLikely(0.5),
    prepare: (object) => {
      if (isRefused(object)) throw new Error("refused")
      return object
    }
  }).pipe(Effect.flatMap((made) => made.addIndexers({ factors })), Scope.provide(scope))
  const listening: Array<{ readonly fold: Fold<Obj>; readonly filter: (object: Obj) => boolean }> = []
  const waiting: Array<Fiber.Fiber<void>> = []

  const listen = Effect.suspend(() => {
    const divisor = 1 + random.below(4)
    const filter = (object: Obj) => object.spec.value % divisor === 0
    const fold = new Fold<Obj>()
    const delay = random.pick([0, 5, 3000])
    listening.push({ fold, filter })
    return informer.handle((event) =>
      Effect.andThen(
        delay === 0 ? Effect.void : Effect.sleep(delay),
        Effect.sync(() => {
          fold.take(event)
          if (!filter(event.object)) fold.contradictions.push(`${event._tag} ${event.key} does not pass the filter`)
        })
      ), {
      capacity: random.pick([8192, 1, 0]),
      filter,
      // Longer than four objects take the slowest of them.
      resync: random.pick([undefined, "20 seconds"])
    })
  }).pipe(Scope.provide(scope))

  const readOwn = (written: Obj) =>
    informer.awaitVersion(`default/${written.metadata.name}`, written.metadata.resourceVersion, {
      timeout: random.pick(["1 second", "100 seconds"])
    }).pipe(
      Effect.flatMap((isSeen) =>
        Effect.map(informer.get(`default/${written.metadata.name}`), (read) => {
          if (!isSeen || Option.isNone(read)) return
          const { resourceVersion } = read.value.metadata
          assert.isTrue(ResourceVersion.isAtLeast(resourceVersion, written.metadata.resourceVersion), `seed ${seed}`)
        })
      )
    )

  const indexMidway = Effect.gen(function*() {
    const own = yield* Scope.fork(scope)
    const more = yield* Scope.provide(informer.addIndexers({ again: (object) => factors(object) }), own)
    yield* atOnce(Effect.gen(function*() {
      assert.deepStrictEqual(show(yield* more.byIndex("again", "2")), show(yield* informer.byIndex("factors", "2")))
    }))
    if (random.isLikely(0.5)) yield* Scope.close(own, Exit.void)
  })

  for (let step = 0; step < 40; step++) {
    const choice = random.below(12)
    if (choice < 5) {
      const name = random.pick(names)
      if (random.isLikely(0.3)) server.remove(name)
      else {
        const written = server.update(name, random.below(20))
        if (random.isLikely(0.5)) waiting.push(yield* Effect.forkChild(readOwn(written)))
      }
    } else if (choice === 5) {
      const [one] = waiting.splice(random.below(waiting.length), 1)
      if (one !== undefined) yield* Fiber.interrupt(one)
    } else if (choice < 8) yield* listen
    else if (choice === 8) yield* indexMidway
    else if (choice === 9) {
      server.disconnect(random.pick([undefined, refused(410, "Expired"), broken("Reset")]))
      if (random.isLikely(0.5)) server.compact()
    } else yield* TestClock.adjust(random.pick([1, 10, 2000]))
    if (random.isLikely(0.4)) yield* settle
    yield* atOnce(Effect.gen(function*() {
      const all = yield* informer.list
      for (const factor of ["2", "3", "5"]) {
        const expected = all.filter((object) => factors(object).includes(factor))
        assert.deepStrictEqual(show(yield* informer.byIndex("factors", factor)), show(expected), `seed ${seed}`)
      }
    }))
  }
  for (let turn = 0; turn < 30; turn++) yield* Effect.andThen(TestClock.adjust("5 seconds"), settle)
  for (const one of waiting) yield* Fiber.join(one)
  const held = yield* informer.list
  const accepted = Array.from(server.objects.values()).filter((object) => !isRefused(object))
  assert.deepStrictEqual(show(held), show(accepted), `seed ${seed}`)
  for (const { filter, fold } of listening) {
    assert.deepStrictEqual(fold.contradictions, [], `seed ${seed}`)
    assert.deepStrictEqual(show(fold.objects.values()), show(held.filter(filter)), `seed ${seed}`)
  }
  yield* Scope.close(scope, Exit.void)
  yield* settle
  assert.strictEqual(server.watchers.size, 0, `seed ${seed}`)
})

it.live("indexes, filters, one's own writes and refused objects hold in 300 schedules", () =>
  Effect.gen(function*() {
    for (let seed = 1; seed <= 300; seed++) {
      const { scheduler, settle } = RandomScheduler.make(generator(seed ^ 0x2b).next)
      yield* run(seed, settle).pipe(
        Random.withSeed(seed),
        Effect.provideService(Scheduler.MaxOpsBeforeYield, 3 + seed % 5),
        Effect.provideService(Scheduler.Scheduler, scheduler),
        Effect.provideService(Metric.MetricRegistry, new Map()),
        Effect.provideService(Logger.CurrentLoggers, new Set()),
        Effect.provide(TestClock.layer())
      )
    }
  }))
