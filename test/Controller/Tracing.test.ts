import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Random from "effect/Random"
import * as References from "effect/References"
import * as Scheduler from "effect/Scheduler"
import * as TestClock from "effect/testing/TestClock"
import * as Tracer from "effect/Tracer"
import { ConfigMap } from "../../src/Api/core/v1.ts"
import * as ResourceClient from "../../src/Clientset/ResourceClient.ts"
import * as Controller from "../../src/Controller/Controller.ts"
import * as ApiServer from "../../src/Testing/ApiServer.ts"

const withServer = <A, E, R>(self: Effect.Effect<A, E, R>) =>
  self.pipe(
    Effect.scoped,
    Effect.provide(Layer.fresh(ApiServer.layerOptions({ garbageCollector: false }))),
    Effect.provide(Logger.layer([]))
  )

const settle = TestClock.adjust(0).pipe(Effect.andThen(Effect.yieldNow), Effect.repeat({ times: 20 }))

/** A tracer that keeps what it was asked for, without the spans of requests. */
const recording = () => {
  const spans: Array<Tracer.NativeSpan> = []
  const tracer = Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options)
      if (options.name.startsWith("reconcile ")) spans.push(span)
      return span
    }
  })
  return { spans, layer: Layer.succeed(Tracer.Tracer)(tracer) }
}

const endOf = ({ status }: Tracer.NativeSpan): string =>
  status._tag === "Started"
    ? "Started"
    : Exit.isSuccess(status.exit)
    ? "Success"
    : Exit.hasInterrupts(status.exit)
    ? "Interrupted"
    : "Failure"

it.effect("the span of a reconcile ends as the reconcile does, and names its object", () => {
  const { layer, spans } = recording()
  return Effect.gen(function*() {
    const maps = yield* ResourceClient.make(ConfigMap, "default")
    for (const name of ["fails", "goes", "hangs"]) yield* maps.create({ metadata: { name } })
    const controller = Controller.make(ConfigMap, {
      namespaces: "default",
      concurrency: 3,
      reconcile: ({ name }) => name === "fails" ? Effect.fail("no") : name === "hangs" ? Effect.never : Effect.void
    })
    const fiber = yield* Effect.forkChild(controller.run)
    yield* settle
    const ends = () => new Map(spans.map((span) => [span.attributes.get("k8s.object.name"), endOf(span)]))
    assert.deepStrictEqual(ends(), new Map([["fails", "Failure"], ["goes", "Success"], ["hangs", "Started"]]))
    yield* Fiber.interrupt(fiber)
    assert.strictEqual(ends().get("hangs"), "Interrupted")
    for (const span of spans) {
      assert.strictEqual(span.name, "reconcile configmap")
      assert.strictEqual(span.parent._tag, "None")
      assert.strictEqual(span.attributes.get("k8s.namespace.name"), "default")
    }
  }).pipe(withServer, Effect.provide(layer))
})

it.effect("a reconcile below the minimum trace level has a span that is not sampled", () => {
  const { layer, spans } = recording()
  return Effect.gen(function*() {
    const maps = yield* ResourceClient.make(ConfigMap, "default")
    yield* maps.create({ metadata: { name: "a" } })
    yield* Effect.forkScoped(Controller.make(ConfigMap, { namespaces: "default", reconcile: () => Effect.void }).run)
    yield* settle
    assert.deepStrictEqual(spans.map(({ sampled }) => sampled), [false])
  }).pipe(withServer, Effect.provide(layer), Effect.provideService(References.MinimumTraceLevel, "Error"))
})

it.effect("nothing of one reconcile is in the context of the next, nor in that of whoever runs the controller", () =>
  Effect.forEach([3, 4, 5, 7, 2048], (operations) =>
    Effect.gen(function*() {
      const maps = yield* ResourceClient.make(ConfigMap, "default")
      const names = Array.from({ length: 10 }, (_, index) => `map-${index}`)
      for (const name of names) yield* maps.create({ metadata: { name } })
      const seen: Array<readonly [name: string, annotations: unknown, own: Tracer.Span, inner: Tracer.Span]> = []
      const controller = Controller.make(ConfigMap, {
        namespaces: "default",
        reconcile: Effect.fnUntraced(function*({ name }) {
          const own = yield* Effect.currentSpan
          if ((yield* Random.nextIntBetween(0, 2)) === 0) yield* Effect.yieldNow
          const inner = yield* Effect.withSpan(Effect.currentSpan, "inner")
          seen.push([name, (yield* References.CurrentLogAnnotations)["name"], own, inner])
          if (name.endsWith("3")) return yield* Effect.fail("no")
          if (name.endsWith("5")) return yield* Effect.die("dead")
          // The last in the order of the list: the others come to an end of their own.
          if (name.endsWith("9")) return yield* Effect.never
        })
      })
      // One worker runs on the fiber that runs the controller.
      const run = Effect.gen(function*() {
        const before = yield* References.CurrentLogAnnotations
        yield* Effect.onExit(Effect.exit(controller.run), () =>
          Effect.gen(function*() {
            assert.strictEqual(yield* References.CurrentLogAnnotations, before)
            assert.isTrue((yield* Effect.option(Effect.currentParentSpan))._tag === "None")
          }))
      })
      const fiber = yield* Effect.forkChild(Effect.provideService(run, Scheduler.MaxOpsBeforeYield, operations))
      yield* Effect.sync(() => seen.length >= names.length).pipe(
        Effect.tap(settle),
        Effect.repeat({ until: (isDone) => isDone, times: 1000 })
      )
      assert.isTrue(names.every((name) => seen.some(([other]) => other === name)))
      for (const [name, annotated, own, inner] of seen) {
        assert.strictEqual(annotated, name)
        assert.strictEqual(own.attributes.get("k8s.object.name"), name)
        assert.isTrue(inner.parent._tag === "Some" && inner.parent.value === own)
        assert.strictEqual(own.parent._tag, "None")
      }
      assert.strictEqual(new Set(seen.map(([, , own]) => own)).size, seen.length)
      yield* Fiber.interrupt(fiber)
      assert.isTrue(seen.every(([, , own]) => own.status._tag === "Ended"))
    }).pipe(withServer), { discard: true }))
