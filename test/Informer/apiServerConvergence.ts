/**
 * One random schedule against the in-memory API server, through the whole client: transport, requests, retries, frames,
 * the typed clients' `ListWatch`, the informer. Everything random comes from the seed.
 */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Metric from "effect/Metric"
import * as Random from "effect/Random"
import * as Scheduler from "effect/Scheduler"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { ConfigMap } from "../../src/Api/core/v1.ts"
import * as ResourceClient from "../../src/Clientset/ResourceClient.ts"
import * as InformerFactory from "../../src/Informer/InformerFactory.ts"
import * as Transform from "../../src/Informer/Transform.ts"
import * as Kubernetes from "../../src/Kubernetes.ts"
import * as Patch from "../../src/Machinery/Patch.ts"
import type { Persisted } from "../../src/Machinery/Resource.ts"
import * as RestClient from "../../src/Rest/RestClient.ts"
import * as Transport from "../../src/Rest/Transport.ts"
import * as ApiServer from "../../src/Testing/ApiServer.ts"
import * as Faults from "../../src/Testing/Faults.ts"
import { Fold, generator } from "./convergence.ts"
import * as RandomScheduler from "./randomScheduler.ts"

type Held = Persisted<ConfigMap>

const contents = (objects: Iterable<Held>): ReadonlyArray<string> =>
  Array.from(
    objects,
    ({ data, metadata }) =>
      `${metadata.name} ${metadata.uid} v${metadata.resourceVersion} ${JSON.stringify(data ?? {})}`
  ).sort()

const names = ["a", "b", "c", "d"] as const

const run = Effect.fnUntraced(function*(
  seed: number,
  random: ReturnType<typeof generator>,
  settle: Effect.Effect<void>
) {
  const trace: Array<string> = []
  const server = yield* ApiServer.ApiServer
  const faults = yield* Faults.Faults
  const factory = yield* InformerFactory.InformerFactory
  const rest = yield* Effect.provideService(RestClient.make(), Transport.Transport, server.transport)
  const direct = ResourceClient.fromRestClient(rest, ConfigMap, "default")
  const isEqual = (left: ReadonlyArray<string>, right: ReadonlyArray<string>, what: string): void =>
    assert.deepStrictEqual(left, right, `${what}; seed ${seed}: ${trace.join(", ")}`)

  const write = Effect.suspend(() => {
    const name = random.pick(names)
    const data = { value: String(random.below(1000)) }
    switch (random.below(6)) {
      case 0:
        return direct.delete(name)
      case 1:
        return direct.patch(name, Patch.merge({ metadata: { labels: data } }))
      default:
        return Effect.flatMap(direct.get(name), (held) => direct.update({ ...held, data }))
    }
  }).pipe(
    Effect.catch(() => direct.create({ metadata: { name: random.pick(names) }, data: { value: "new" } })),
    // Conflicts and missing objects are part of a schedule.
    Effect.ignore
  )

  for (const name of names) {
    if (random.isLikely(0.5)) yield* direct.create({ metadata: { name }, data: { value: "first" } })
  }
  const saved = yield* server.snapshot
  let isRestored = false
  const scope = yield* Scope.make()
  const folds: Array<Fold<Held>> = []
  const body = Effect.gen(function*() {
    const pageSize = random.pick([undefined, 1, 2])
    const informer = yield* factory.get(ConfigMap, {
      namespaces: "default",
      isWatchList: random.isLikely(0.6),
      ...(random.isLikely(0.7) ? { transform: Transform.stripManagedFields } : {}),
      ...(pageSize === undefined ? {} : { pageSize })
    })
    const listen = Effect.suspend(() => {
      const fold = new Fold<Held>()
      const delay = random.pick([0, 0, 1000, 20_000])
      return Effect.as(
        informer.handle(
          (event) =>
            Effect.andThen(delay === 0 ? Effect.void : Effect.sleep(delay), Effect.sync(() => fold.take(event))),
          { capacity: random.pick([8192, 2]) }
        ),
        fold
      )
    })
    folds.push(yield* listen)
    for (let step = 0; step < 12; step++) {
      const choice = random.below(20)
      if (choice < 12) {
        trace.push("write")
        yield* write
      } else if (choice < 14) {
        trace.push("compact")
        yield* server.compact
      } else if (choice < 17) {
        const how = random.pick(["close", "reset"] as const)
        trace.push(how)
        yield* server.disconnectWatches(how)
      } else if (choice === 17) {
        trace.push("restart")
        yield* server.restart()
      } else if (choice === 18) {
        trace.push("listen")
        folds.push(yield* listen)
      } else if (!isRestored) {
        // Until the informer has been back, or the restored server could catch up unseen with what it had given out.
        trace.push("restore")
        isRestored = true
        yield* faults.stop
        yield* server.restart(saved)
        for (let minute = 0; minute < 15; minute++) {
          yield* settle
          yield* TestClock.adjust("1 minute")
        }
        yield* faults.use(Faults.random({ seed: seed + 1, probability: 0.5 }))
      }
      if (random.isLikely(0.7)) yield* settle
      const pause = random.pick([undefined, 0, 10, 1000, 10_000, 60_000, 240_000])
      if (pause !== undefined) {
        trace.push(`${pause} ms`)
        yield* TestClock.adjust(pause)
      }
    }
    trace.push("faults stop")
    yield* faults.stop
    yield* direct.create({ metadata: { name: "last" } })
    const wanted = contents(
      (yield* direct.list()).items.map((item) => {
        const { managedFields: _, ...metadata } = item.metadata
        return { ...item, metadata } as Held
      })
    )
    for (let step = 0; step < 100; step++) {
      yield* settle
      const isThere = [contents(yield* informer.list), ...folds.map((fold) => contents(fold.objects.values()))]
        .every((held) => held.length === wanted.length && held.every((one, i) => one === wanted[i]))
      if (isThere && (yield* server.openWatches) === 1) break
      yield* TestClock.adjust("10 seconds")
    }
    isEqual(contents(yield* informer.list), wanted, "the cache")
    for (const [index, fold] of folds.entries()) {
      isEqual(fold.contradictions, [], `listener ${index}`)
      isEqual(contents(fold.objects.values()), wanted, `the fold of listener ${index}`)
    }
    isEqual([`${yield* server.openWatches} open`], ["1 open"], "connections")
  }).pipe(Scope.provide(scope))
  const exit = yield* Effect.exit(body)
  yield* Scope.close(scope, Exit.void)
  yield* settle
  if (Exit.isFailure(exit)) return yield* exit
  isEqual([`${yield* server.openWatches} open`], ["0 open"], "after the end")
  return undefined
})

/** Runs one seed in a cluster of its own. */
export const check = (seed: number): Effect.Effect<void, unknown> =>
  Effect.suspend(() => {
    const random = generator(seed)
    const { scheduler, settle } = RandomScheduler.make(generator(seed ^ 0x5eed).next)
    const layer = Kubernetes.layer.pipe(
      Layer.provideMerge(Faults.layer(Faults.random({ seed, probability: random.next() }))),
      Layer.provideMerge(ApiServer.layerTransport({ historyLimit: random.pick([3, 10_000]) }))
    )
    return run(seed, random, settle).pipe(
      Effect.provide(layer),
      Effect.scoped,
      Random.withSeed(seed),
      Effect.provideService(Scheduler.MaxOpsBeforeYield, 3 + (seed % 5)),
      Effect.provideService(Metric.MetricRegistry, new Map()),
      Effect.provide(TestClock.layer()),
      Effect.provideService(Logger.CurrentLoggers, new Set()),
      Effect.provideService(Scheduler.Scheduler, scheduler)
    )
  })
