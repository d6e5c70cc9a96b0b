import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { ConfigMap } from "../../src/Api/core/v1.ts"
import * as ResourceClient from "../../src/Clientset/ResourceClient.ts"
import * as Controller from "../../src/Controller/Controller.ts"
import * as InformerFactory from "../../src/Informer/InformerFactory.ts"
import * as Resource from "../../src/Machinery/Resource.ts"
import * as ApiServer from "../../src/Testing/ApiServer.ts"
import type { ListWatch } from "../../src/Watch/ListWatch.ts"
import { ListWatchSource } from "../../src/Watch/ListWatchSource.ts"
import { WriteObserver } from "../../src/Watch/WriteObserver.ts"
import { ModelServer } from "../Informer/ModelServer.ts"

const Pod = Resource.make<Resource.KubeObject>()({
  group: "",
  version: "v1",
  kind: "Pod",
  plural: "pods",
  scope: "Namespaced"
})

const settle = TestClock.adjust(0).pipe(Effect.andThen(Effect.yieldNow), Effect.repeat({ times: 60 }))

const from = (server: ModelServer) => {
  const open = (): ListWatch<never> => server.listWatch as unknown as ListWatch<never>
  return InformerFactory.layer.pipe(Layer.provide(Layer.succeed(ListWatchSource)({ objects: open, metadata: open })))
}

/** A controller whose first run makes a write that its cache does not see, and asks to run again in a second. */
const stale = Effect.fnUntraced(function*(server: ModelServer) {
  server.create("a")
  const seen: Array<string> = []
  const running = yield* Controller.make(Pod, {
    reconcile: Effect.fnUntraced(function*({ key }) {
      seen.push(key)
      if (seen.length > 1) return
      server.freeze()
      const { metadata: { resourceVersion } } = server.update("a", 2)
      const tell = yield* WriteObserver
      tell({ group: "", plural: "pods", key, resourceVersion })
      return Controller.requeueAfter("1 second")
    })
  }).start
  yield* running.awaitSynced
  const worker = yield* Effect.forkChild(running.process)
  yield* settle
  yield* TestClock.adjust("1 second")
  yield* settle
  assert.strictEqual(seen.length, 1)
  return { running, seen, worker }
})

it.effect("a key that is interrupted while it waits for its own writes waits for them again", () =>
  Effect.suspend(() => {
    const server = new ModelServer()
    return Effect.gen(function*() {
      const { running, seen, worker } = yield* stale(server)
      yield* Fiber.interrupt(worker)
      yield* Effect.forkChild(running.process)
      yield* settle
      assert.strictEqual(seen.length, 1)
      yield* TestClock.adjust("5 seconds")
      yield* settle
      assert.strictEqual(seen.length, 2)
    }).pipe(Effect.scoped, Effect.provide(from(server)))
  }))

it.effect("a drain begins no reconcile of a key that waits for its own writes", () =>
  Effect.suspend(() => {
    const server = new ModelServer()
    return Effect.gen(function*() {
      const { running, seen } = yield* stale(server)
      const draining = yield* Effect.forkChild(running.drain)
      yield* settle
      yield* TestClock.adjust("5 seconds")
      yield* settle
      assert.strictEqual(seen.length, 1)
      assert.isDefined(draining.pollUnsafe())
    }).pipe(Effect.scoped, Effect.provide(from(server)))
  }))

const labelSelector = { watched: "true" }

it.effect("a write to an object that the selector never shows is not waited for", () =>
  Effect.gen(function*() {
    const maps = yield* ResourceClient.make(ConfigMap, "default")
    yield* maps.create({ metadata: { name: "a", labels: labelSelector } })
    let runs = 0
    const controller = Controller.make(ConfigMap, {
      labelSelector,
      reconcile: () =>
        ++runs > 1
          ? Effect.void
          : Effect.as(maps.create({ metadata: { name: "other" } }), Controller.requeueAfter("1 second"))
    })
    yield* Effect.forkScoped(controller.run)
    yield* settle
    assert.strictEqual(runs, 1)
    yield* TestClock.adjust("1 second")
    yield* settle
    assert.strictEqual(runs, 2)
  }).pipe(Effect.scoped, Effect.provide(Layer.fresh(ApiServer.layer))))
