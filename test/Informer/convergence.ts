/**
 * One random schedule of writes, faults, listeners and time against an informer, and what must hold after it.
 *
 * Everything random comes from the seed, the informer's own jitter included, so a seed replays exactly.
 */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Logger from "effect/Logger"
import * as Metric from "effect/Metric"
import * as Random from "effect/Random"
import * as Scheduler from "effect/Scheduler"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import type { InformerEvent } from "../../src/Informer/InformerEvent.ts"
import * as SharedInformer from "../../src/Informer/SharedInformer.ts"
import type * as ApiError from "../../src/Machinery/ApiError.ts"
import type * as RequestError from "../../src/Machinery/RequestError.ts"
import { broken, ModelServer, type Obj, refused, tooLarge } from "./ModelServer.ts"
import * as RandomScheduler from "./randomScheduler.ts"

/** A small generator of good enough numbers (mulberry32). */
export const generator = (seed: number) => {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  const below = (n: number): number => Math.floor(next() * n)
  const pick = <A>(values: readonly [A, ...ReadonlyArray<A>]): A => values[below(values.length)] ?? values[0]
  return { next, below, pick, isLikely: (share: number) => next() < share }
}

/** What a listener was told, folded, with everything that contradicts itself. */
export class Fold<A> {
  readonly objects = new Map<string, A>()
  readonly contradictions: Array<string> = []

  take(event: InformerEvent<A>): void {
    const held = this.objects.get(event.key)
    switch (event._tag) {
      case "Added":
        if (held !== undefined) this.contradictions.push(`Added ${event.key}, which was there`)
        this.objects.set(event.key, event.object)
        break
      case "Updated":
        if (held === undefined) this.contradictions.push(`Updated ${event.key}, which was not there`)
        this.objects.set(event.key, event.object)
        break
      case "Deleted":
        if (held === undefined) this.contradictions.push(`Deleted ${event.key}, which was not there`)
        this.objects.delete(event.key)
        break
    }
  }
}

const contents = (objects: Iterable<readonly [string, Obj]>): ReadonlyArray<string> =>
  Array.from(
    objects,
    ([key, object]) => `${key} ${object.metadata.uid} v${object.metadata.resourceVersion} =${object.spec.value}`
  )
    .sort()

const names = ["a", "b", "c", "d", "e"] as const

const listFailures: ReadonlyArray<() => ApiError.ApiError | RequestError.RequestError> = [
  () => refused(429, "TooManyRequests", "slow down", "list"),
  () => refused(500, "InternalError", "oops", "list"),
  () => refused(503, "ServiceUnavailable", "away", "list"),
  () => refused(403, "Forbidden", "no", "list"),
  () => refused(401, "Unauthorized", "no", "list"),
  () => refused(410, "Expired", "old", "list"),
  () => tooLarge(),
  () => broken("Refused", "list"),
  () => broken("Reset", "list"),
  () => broken("Tls", "list")
]

const run = Effect.fnUntraced(
  function*(seed: number, random: ReturnType<typeof generator>, settle: Effect.Effect<void>) {
    const trace: Array<string> = []
    let fibers = 0
    const counting: Metric.FiberRuntimeMetricsService = {
      recordFiberStart: () => void fibers++,
      recordFiberEnd: () => void fibers--
    }
    const server = new ModelServer()
    server.chunkSize = random.pick([Number.POSITIVE_INFINITY, 1 + random.below(7), 40])
    server.isCacheServed = random.isLikely(0.5)
    for (const name of names) if (random.isLikely(0.5)) server.create(name, random.below(10))
    let saved = server.save()
    let isRestored = false

    const operations: ReadonlyArray<readonly [weight: number, name: string, run: () => void]> = [
      [8, "create", () => void server.create(`${random.pick(names)}`, random.below(10))],
      [12, "update", () => void server.update(random.pick(names), random.below(1000))],
      [6, "remove", () => server.remove(random.pick(names))],
      [2, "end", () => server.disconnect()],
      [3, "reset", () => server.disconnect(broken(random.pick(["Reset", "Closed", "Other"])))],
      [2, "cut", () => server.cutLine(random.isLikely(0.5) ? undefined : broken("Reset"))],
      [1, "garbage", () => server.raw(random.pick(["{\"type\":\"NEW\",\"object\":{}}\n", "nonsense\n", "[]\n"]))],
      [1, "blank", () => server.raw("\n\r\n")],
      [
        2,
        "error 410",
        () => server.error({ kind: "Status", apiVersion: "v1", code: 410, reason: "Expired", message: "x" })
      ],
      [
        1,
        "error 500",
        () => server.error({ kind: "Status", apiVersion: "v1", code: 500, reason: "InternalError", message: "x" })
      ],
      [
        1,
        "error 429",
        () => server.error({ kind: "Status", apiVersion: "v1", code: 429, reason: "TooManyRequests", message: "x" })
      ],
      [2, "compact", () => server.compact()],
      [2, "fail lists", () => {
        for (let i = random.below(4); i >= 0; i--) {
          server.failList.push(listFailures[random.below(listFailures.length)]?.())
        }
      }],
      [2, "fail watches", () => {
        for (let i = random.below(4); i >= 0; i--) {
          server.failWatch.push(listFailures[random.below(listFailures.length)]?.())
        }
      }],
      [3, "bookmark", () => server.bookmark()],
      [1, "late bookmark", () => server.lateBookmark(random.next())],
      [1, "freeze", () => server.freeze()],
      [1, "silent", () => server.isSilent = random.isLikely(0.5)],
      [1, "hang", () => server.isListHanging = random.isLikely(0.3)],
      [1, "bookmarks", () => server.hasBookmarks = random.isLikely(0.7)],
      [
        1,
        "initial events",
        () => server.initialEvents = random.pick(["served", "served", "refused", "ignored", "unclosed"])
      ],
      [1, "save", () => saved = isRestored ? saved : server.save()]
    ]
    const total = operations.reduce((sum, [weight]) => sum + weight, 0)
    const operation = () => {
      let at = random.below(total)
      for (const one of operations) {
        at -= one[0]
        if (at < 0) {
          return one
        }
      }
      return operations[0]
    }

    const isEqual = (left: ReadonlyArray<string>, right: ReadonlyArray<string>, what: string): void =>
      assert.deepStrictEqual(left, right, `${what}; seed ${seed}: ${trace.join(", ")}`)

    const scope = yield* Scope.make()
    const folds: Array<Fold<Obj>> = []
    const body = Effect.gen(function*() {
      const pageSize = random.pick([undefined, 1, 2, 3])
      const informer = yield* SharedInformer.make<Obj, Obj>({
        listWatch: server.listWatch,
        prepare: (object) => object,
        isWatchList: random.isLikely(0.6),
        ...(random.isLikely(0.5) ? { incremental: { isManagedFieldsStripped: random.isLikely(0.5) } } : {}),
        ...(pageSize === undefined ? {} : { pageSize })
      })
      const listen = Effect.suspend(() => {
        const delay = random.pick([0, 0, 1, 1000, 30_000])
        const capacity = random.pick([8192, 1, 3])
        const isByArray = random.isLikely(0.5)
        const fold = new Fold<Obj>()
        const take = (event: InformerEvent<Obj>) =>
          Effect.andThen(delay === 0 ? Effect.void : Effect.sleep(delay), Effect.sync(() => fold.take(event)))
        const byArray = Effect.flatMap(informer.listen({ capacity }), (listener) =>
          listener.events.pipe(
            Stream.runForEachArray((events) => Effect.forEach(events, take, { discard: true })),
            Effect.forkScoped
          ))
        return isByArray ? Effect.as(byArray, fold) : Effect.as(informer.handle(take, { capacity }), fold)
      })
      folds.push(yield* listen)
      for (let step = 0; step < 25; step++) {
        const one = operation()
        if (one !== undefined) {
          trace.push(one[1])
          one[2]()
        }
        if (random.isLikely(0.06)) {
          trace.push("listen")
          folds.push(yield* listen)
        }
        if (random.isLikely(0.05)) {
          // A listener that is interrupted at some later moment must leave nothing behind.
          trace.push("brief listener")
          yield* listen.pipe(
            Effect.andThen(Effect.sleep(random.pick([0, 1, 5000, 100_000]))),
            Effect.scoped,
            Effect.forkScoped
          )
        }
        if (!isRestored && random.isLikely(0.02)) {
          // Until the informer has been back, or the restored server could catch up unseen with what it had given out.
          trace.push("restore")
          isRestored = true
          server.failList = []
          server.failWatch = []
          server.isSilent = false
          server.isListHanging = false
          server.restore(saved, broken("Reset"))
          for (let step = 0; step < 90; step++) {
            yield* settle
            yield* TestClock.adjust("10 seconds")
          }
        }
        if (random.isLikely(0.7)) yield* settle
        const pause = random.pick([undefined, undefined, 0, 10, 1000, 1000, 10_000, 60_000, 240_000])
        if (pause !== undefined) {
          trace.push(`${pause} ms`)
          yield* TestClock.adjust(pause)
        }
      }
      trace.push("faults stop")
      server.failList = []
      server.failWatch = []
      server.isSilent = false
      server.isListHanging = false
      server.update("last", 1)
      const wanted = contents(server.objects)
      const cached = Effect.map(
        informer.list,
        (all) => contents(all.map((object) => [`default/${object.metadata.name}`, object] as const))
      )
      // In small steps, because a fiber that yields every few operations needs many turns between two of its sleeps.
      for (let step = 0; step < 100; step++) {
        yield* settle
        const isThere = [yield* cached, ...folds.map((fold) => contents(fold.objects))]
          .every((held) => held.length === wanted.length && held.every((one, i) => one === wanted[i]))
        const [state] = yield* Effect.forEach(informer.reflectors, (reflector) => reflector.state)
        if (isThere && server.open === 1 && state?._tag === "Live") break
        yield* TestClock.adjust("10 seconds")
      }
      isEqual(yield* cached, wanted, "the cache")
      for (const [index, fold] of folds.entries()) {
        isEqual(fold.contradictions, [], `listener ${index}`)
        isEqual(contents(fold.objects), wanted, `the fold of listener ${index}`)
      }
      const [reflector] = informer.reflectors
      isEqual([reflector === undefined ? "" : (yield* reflector.state)._tag], ["Live"], "the state")
      isEqual([`${server.open} open`], ["1 open"], "connections")
    }).pipe(
      Scope.provide(scope),
      Effect.provideService(Metric.FiberRuntimeMetrics, counting)
    )
    const exit = yield* Effect.exit(body)
    yield* Scope.close(scope, Exit.void)
    yield* settle
    if (Exit.isFailure(exit)) return yield* exit
    isEqual([`${server.open} open`, `${fibers} fibers`], ["0 open", "0 fibers"], "after the end")
    return undefined
  }
)

/** Runs one seed in a world of its own. */
export const check = (seed: number): Effect.Effect<void> =>
  Effect.suspend(() => {
    const random = generator(seed)
    const { scheduler, settle } = RandomScheduler.make(generator(seed ^ 0x5eed).next)
    return run(seed, random, settle).pipe(
      Random.withSeed(seed),
      Effect.provideService(Scheduler.MaxOpsBeforeYield, 3 + (seed % 5)),
      Effect.provideService(Metric.MetricRegistry, new Map()),
      Effect.provide(TestClock.layer()),
      Effect.provideService(Logger.CurrentLoggers, new Set()),
      Effect.provideService(Scheduler.Scheduler, scheduler)
    )
  })
