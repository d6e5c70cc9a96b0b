/**
 * What looks over an informer's shoulder: the detector of caches that differ from the server, and the one of objects
 * that somebody changes in the cache.
 */
import { assert, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Metric from "effect/Metric"
import * as TestClock from "effect/testing/TestClock"
import * as ConsistencyDetector from "../../src/Informer/ConsistencyDetector.ts"
import * as MutationDetector from "../../src/Informer/MutationDetector.ts"
import * as Reflector from "../../src/Informer/Reflector.ts"
import * as SharedInformer from "../../src/Informer/SharedInformer.ts"
import type { ListWatch } from "../../src/Watch/ListWatch.ts"
import { ModelServer, type Obj } from "./ModelServer.ts"

const settle = TestClock.adjust(0).pipe(Effect.andThen(Effect.yieldNow), Effect.repeat({ times: 20 }))

/** What an informer that checks itself reports of a server whose lists are changed on their way. */
const reported = Effect.fnUntraced(function*(
  server: ModelServer,
  onTheWay: (object: Obj) => Obj,
  prepare: (object: Obj) => Obj | Reflector.Rejection = (object) => object
) {
  const listWatch: ListWatch<Obj> = {
    ...server.listWatch,
    list: (options) =>
      Effect.map(server.listWatch.list(options), (list) => ({ ...list, items: list.items.map(onTheWay) }))
  }
  yield* SharedInformer.make<Obj, Obj>({ listWatch, prepare, name: "test" })
  yield* settle
  return yield* Effect.map(Metric.snapshot, (all) => {
    const found = all.find(({ id }) => id === "informer_inconsistencies_total")
    return found?.type === "Counter" ? Number(found.state.count) : 0
  })
}, (effect) =>
  effect.pipe(
    Effect.scoped,
    Effect.provideService(ConsistencyDetector.Enabled, true),
    Effect.provideService(Metric.MetricRegistry, new Map())
  ))

it.effect("an informer that checks itself says what it holds otherwise than the server, and counts it", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    server.create("a", 1)
    server.create("b", 1)
    const output: Array<string> = []
    const logger = Logger.make<unknown, void>(({ message }) => {
      output.push(JSON.stringify(message))
    })
    const other = (object: Obj): Obj =>
      object.metadata.name === "b"
        ? { ...object, metadata: { ...object.metadata, resourceVersion: "99" } }
        : object
    const count = yield* Effect.provide(reported(server, other), Logger.layer([logger]))
    assert.strictEqual(count, 1)
    assert.lengthOf(output.filter((line) => line.includes("the cache differs") && line.includes("default/b")), 1)
  }))

it.effect("an object that an informer was told not to cache is no difference", () =>
  Effect.gen(function*() {
    const server = new ModelServer()
    server.create("a", 1)
    server.create("b", 1)
    const prepare = (object: Obj) =>
      object.metadata.name === "b" ? new Reflector.Rejection("default/b", "not wanted", undefined) : object
    assert.strictEqual(yield* reported(server, (object) => object, prepare), 0)
  }))

it.effect("client-go's environment variables turn the detectors on", () =>
  Effect.gen(function*() {
    const inEnvironment = <A>(effect: Effect.Effect<A>, environment: { readonly [name: string]: string }) =>
      Effect.provide(effect, ConfigProvider.layer(ConfigProvider.fromUnknown(environment)))
    const consistency = "KUBE_WATCHLIST_INCONSISTENCY_DETECTOR"
    const mutation = "KUBE_CACHE_MUTATION_DETECTOR"
    assert.isTrue(yield* inEnvironment(ConsistencyDetector.isEnabled, { [consistency]: "true" }))
    assert.isFalse(yield* inEnvironment(ConsistencyDetector.isEnabled, { [consistency]: "false" }))
    assert.isFalse(yield* inEnvironment(ConsistencyDetector.isEnabled, {}))
    assert.isTrue(yield* inEnvironment(MutationDetector.isEnabled, { [mutation]: "true" }))
    assert.isFalse(yield* inEnvironment(MutationDetector.isEnabled, {}))
    // As Go's ParseBool reads them; what it does not read is as if it were not there.
    assert.isTrue(yield* inEnvironment(ConsistencyDetector.isEnabled, { [consistency]: "1" }))
    assert.isTrue(yield* inEnvironment(MutationDetector.isEnabled, { [mutation]: "T" }))
    assert.isFalse(yield* inEnvironment(MutationDetector.isEnabled, { NODE_ENV: "test", [mutation]: "0" }))
    assert.isTrue(yield* inEnvironment(MutationDetector.isEnabled, { NODE_ENV: "test", [mutation]: "maybe" }))
    // In tests it is on unless turned off.
    assert.isTrue(yield* inEnvironment(MutationDetector.isEnabled, { NODE_ENV: "test" }))
    assert.isFalse(yield* inEnvironment(MutationDetector.isEnabled, { NODE_ENV: "test", [mutation]: "false" }))
  }))

it("what cannot be frozen, as bytes, is left as it is within what is", () => {
  const object = { metadata: { name: "a" }, data: { key: new Uint8Array([1]) } }
  assert.isTrue(Object.isFrozen(MutationDetector.freeze(object).data))
  assert.deepStrictEqual(object.data.key, new Uint8Array([1]))
})
