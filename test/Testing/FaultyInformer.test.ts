/**
 * An informer over everything real (decoder, client, transport), with faults between it and the in-memory server, and a
 * server that compacts, disconnects and comes back with an older store: once the faults stop, the cache is the server.
 */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Scheduler from "effect/Scheduler"
import * as TestClock from "effect/testing/TestClock"
import { ConfigMap } from "../../src/Api/core/v1.ts"
import * as ResourceClient from "../../src/Clientset/ResourceClient.ts"
import { InformerFactory } from "../../src/Informer/InformerFactory.ts"
import * as Kubernetes from "../../src/Kubernetes.ts"
import * as Patch from "../../src/Machinery/Patch.ts"
import * as RestClient from "../../src/Rest/RestClient.ts"
import * as Transport from "../../src/Rest/Transport.ts"
import * as ApiServer from "../../src/Testing/ApiServer.ts"
import * as Faults from "../../src/Testing/Faults.ts"

const names = ["a", "b", "c", "d", "e"]

/** The test's own hands reach the server past the faults. */
const direct = Effect.gen(function*() {
  const server = yield* ApiServer.ApiServer
  return yield* ResourceClient.make(ConfigMap, "default").pipe(
    Effect.provide(RestClient.layer),
    Effect.provideService(Transport.Transport, server.transport)
  )
})

const run = Effect.fnUntraced(function*(seed: number) {
  const server = yield* ApiServer.ApiServer
  const faults = yield* Faults.Faults
  const client = yield* direct
  const informers = yield* InformerFactory
  const snapshots = [yield* server.snapshot]
  yield* faults.use(Faults.random({ seed, probability: 0.6 }))
  const informer = yield* informers.get(ConfigMap, { namespaces: "default" })

  const step = Effect.fnUntraced(function*() {
    const dice = yield* Random.nextIntBetween(0, 20)
    const name = names[yield* Random.nextIntBetween(0, names.length)] ?? "a"
    if (dice < 6) yield* Effect.ignore(client.create({ metadata: { name } }))
    else if (dice < 12) yield* Effect.ignore(client.patch(name, Patch.merge({ data: { step: String(dice) } })))
    else if (dice < 15) yield* Effect.ignore(client.delete(name))
    else if (dice < 16) yield* server.compact
    else if (dice < 17) yield* server.disconnectWatches(dice % 2 === 0 ? "close" : "reset")
    else if (dice < 18) snapshots.push(yield* server.snapshot)
    else if (dice < 19) {
      yield* server.restart(snapshots[yield* Random.nextIntBetween(0, snapshots.length)], { bumpRevision: true })
    } else yield* server.restart()
    yield* TestClock.adjust((yield* Random.nextIntBetween(0, 40)) * 1000)
  })
  for (let index = 0; index < 25; index++) yield* step()

  yield* faults.stop
  // Longer than the longest watch, so that one on a store that went back has ended, too.
  for (let minute = 0; minute < 15; minute++) yield* TestClock.adjust("1 minute")
  const expected = yield* client.list()
  for (const object of expected.items) {
    const held = yield* informer.get(`default/${object.metadata.name}`)
    assert.deepStrictEqual(
      Option.map(held, ({ data, metadata }) => [metadata.resourceVersion, data]),
      Option.some([
        object.metadata.resourceVersion,
        object.data
      ]),
      `seed ${seed}: ${object.metadata.name}`
    )
  }
  assert.deepStrictEqual(
    [...(yield* informer.keys)].sort(),
    expected.items.map(({ metadata }) => `default/${metadata.name}`).sort(),
    `seed ${seed}`
  )
})

const layer = Kubernetes.layer.pipe(
  Layer.provideMerge(Faults.layer(Faults.none)),
  Layer.provideMerge(ApiServer.layerTransport())
)

const seeds = 60

it.effect(`an informer converges after any of ${seeds} schedules of faults`, () =>
  Effect.gen(function*() {
    for (let seed = 1; seed <= seeds; seed++) {
      yield* Effect.gen(function*() {
        yield* Effect.scoped(run(seed))
        const server = yield* ApiServer.ApiServer
        // Everything that was opened is closed with the informer.
        assert.strictEqual(yield* server.openWatches, 0, `seed ${seed}`)
      }).pipe(
        Effect.provide(Layer.fresh(layer)),
        Effect.provideService(Scheduler.MaxOpsBeforeYield, [2048, 3, 5, 7][seed % 4] ?? 2048),
        Random.withSeed(`faults ${seed}`)
      )
    }
  }).pipe(Effect.provide(Logger.layer([]))), 120_000)
