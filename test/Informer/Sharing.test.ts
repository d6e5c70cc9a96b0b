/**
 * Holders of informers that come and go at any point: who asks for the same has the same, each is true for as long as it
 * is held, and what nobody holds is gone, with its watch and its series.
 */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Scheduler from "effect/Scheduler"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import * as InformerFactory from "../../src/Informer/InformerFactory.ts"
import * as Resource from "../../src/Machinery/Resource.ts"
import type { ListWatch } from "../../src/Watch/ListWatch.ts"
import { ListWatchSource } from "../../src/Watch/ListWatchSource.ts"
import { generator } from "./convergence.ts"
import { ModelServer } from "./ModelServer.ts"
import * as RandomScheduler from "./randomScheduler.ts"

interface Pod extends Resource.KubeObject {
  readonly spec?: { readonly value?: number }
}
const Pod = Resource.make<Pod>()({ group: "", version: "v1", kind: "Pod", plural: "pods", scope: "Namespaced" })

const spaces = ["a", "b"] as const

const run = Effect.fnUntraced(function*(seed: number, settle: Effect.Effect<void>) {
  const random = generator(seed)
  const servers = new Map<string, ModelServer>(spaces.map((space) => [space, new ModelServer()]))
  const serverOf = (space: string): ModelServer => servers.get(space) ?? assert.fail()
  for (const space of spaces) serverOf(space).create("first", 1, { namespace: space })
  const open = (_: unknown, { namespace = "" }: { readonly namespace?: string | undefined }): ListWatch<never> => {
    const { listWatch } = serverOf(namespace)
    return { ...listWatch, collection: { ...listWatch.collection, namespace } } as unknown as ListWatch<never>
  }
  const idleTimeToLive = random.isLikely(0.3) ? "1 second" as const : undefined
  const holding = Effect.gen(function*() {
    const factory = yield* InformerFactory.InformerFactory
    const hold = Effect.suspend(() => {
      const space = random.pick(spaces)
      const patience = random.below(3)
      return Effect.scoped(Effect.gen(function*() {
        const informer = yield* factory.get(Pod, {
          namespaces: space,
          indexers: { name: ({ metadata }) => [metadata.name] }
        })
        yield* informer.awaitSynced
        for (let turn = 0; turn < patience; turn++) {
          yield* Effect.yieldNow
          const { objects } = serverOf(space)
          const written = serverOf(space).update("first", random.below(100), { namespace: space })
          assert.isTrue(yield* informer.awaitVersion(`${space}/first`, written.metadata.resourceVersion))
          assert.lengthOf(yield* informer.byIndex("name", "first"), 1)
          assert.strictEqual((yield* informer.list).length, objects.size)
        }
      }))
    })
    const holders: Array<Fiber.Fiber<void>> = []
    for (let step = 0; step < 15; step++) {
      if (random.isLikely(0.7)) holders.push(yield* Effect.forkChild(hold))
      const [first] = random.isLikely(0.3) ? holders.splice(random.below(holders.length), 1) : []
      if (first !== undefined) yield* Fiber.interrupt(first)
      if (random.isLikely(0.3)) yield* TestClock.adjust(random.pick([1, 500, 3000]))
      if (random.isLikely(0.5)) yield* settle
      // One watch for all who hold the same; the one before it may not have been let go yet.
      for (const server of servers.values()) assert.isAtMost(server.watchers.size, 2, `seed ${seed}`)
    }
    for (let turn = 0; turn < 10; turn++) yield* Effect.andThen(TestClock.adjust("1 second"), settle)
    for (const holder of holders) {
      assert.isTrue(Exit.isSuccess(yield* Fiber.await(holder)), `seed ${seed}`)
    }
    for (const server of servers.values()) assert.strictEqual(server.watchers.size, 0, `seed ${seed}`)
    assert.deepStrictEqual(yield* Metric.snapshot, [], `seed ${seed}`)
  })
  const scope = yield* Scope.make()
  const layer = InformerFactory.layerOptions({ idleTimeToLive }).pipe(
    Layer.provide(Layer.succeed(ListWatchSource)({ objects: open, metadata: open }))
  )
  yield* Scope.provide(Effect.flatMap(Layer.build(layer), (context) => Effect.provideContext(holding, context)), scope)
  yield* Scope.close(scope, Exit.void)
})

it.live("each holder has a true cache while it holds it, and nobody pays for it afterwards, in 200 schedules", () =>
  Effect.gen(function*() {
    for (let seed = 301; seed <= 500; seed++) {
      const { scheduler, settle } = RandomScheduler.make(generator(seed ^ 0x22).next)
      yield* run(seed, settle).pipe(
        Effect.provideService(Scheduler.MaxOpsBeforeYield, 3 + seed % 5),
        Effect.provideService(Scheduler.Scheduler, scheduler),
        Effect.provideService(Metric.MetricRegistry, new Map()),
        Effect.provide(TestClock.layer())
      )
    }
  }))
