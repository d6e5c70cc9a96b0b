import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Metric from "effect/Metric"
import * as Queue from "effect/Queue"
import * as Random from "effect/Random"
import { CurrentLogAnnotations } from "effect/References"
import * as Schedule from "effect/Schedule"
import * as Scheduler from "effect/Scheduler"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Controller from "../../src/Controller/Controller.ts"
import * as ControllerMetrics from "../../src/Controller/ControllerMetrics.ts"
import * as Predicate from "../../src/Controller/Predicate.ts"
import type * as Reconciler from "../../src/Controller/Reconciler.ts"
import type { Outcome, Request } from "../../src/Controller/Reconciler.ts"
import * as Source from "../../src/Controller/Source.ts"
import * as InformerFactory from "../../src/Informer/InformerFactory.ts"
import * as InformerMetrics from "../../src/Informer/InformerMetrics.ts"
import * as ApiError from "../../src/Machinery/ApiError.ts"
import * as Resource from "../../src/Machinery/Resource.ts"
import type { ListWatch } from "../../src/Watch/ListWatch.ts"
import { ListWatchSource } from "../../src/Watch/ListWatchSource.ts"
import { WriteObserver } from "../../src/Watch/WriteObserver.ts"
import { ModelServer, refused } from "../Informer/ModelServer.ts"

interface Pod extends Resource.KubeObject {
  readonly spec?: { readonly value?: number }
}
const Pod = Resource.make<Pod>()({ group: "", version: "v1", kind: "Pod", plural: "pods", scope: "Namespaced" })

/** A model of one collection, and the informers over it. */
const withServer = <A, E>(
  use: (server: ModelServer) => Effect.Effect<A, E, InformerFactory.InformerFactory | Scope.Scope>
) =>
  Effect.suspend(() => {
    const server = new ModelServer()
    const open = (): ListWatch<never> => server.listWatch as unknown as ListWatch<never>
    const source = Layer.succeed(ListWatchSource)({ objects: open, metadata: open })
    return Effect.scoped(use(server)).pipe(Effect.provide(InformerFactory.layer.pipe(Layer.provide(source))))
  })

const quiet = Effect.provide(Logger.layer([]))

/** Runs a controller beside the test and keeps what became of its requests. */
const running = Effect.fnUntraced(function*<E, R>(controller: Controller.Controller<"Namespaced", E, R>) {
  const outcomes: Array<Outcome<"Namespaced", E>> = []
  const fiber = yield* Effect.forkChild(
    Stream.runForEach(controller.outcomes, (outcome) => Effect.sync(() => outcomes.push(outcome)))
  )
  yield* settle
  return { outcomes, fiber, tags: () => outcomes.map((outcome) => `${outcome._tag} ${outcome.request.key}`) }
})

/** Lets everything run that needs no time. */
const settle = TestClock.adjust(0).pipe(Effect.andThen(Effect.yieldNow), Effect.repeat({ times: 20 }))

/** Moves the time on, and lets everything run that was due. */
const adjust = (duration: Duration.Input) => Effect.andThen(TestClock.adjust(duration), settle)

const keys = (requests: ReadonlyArray<Request>) => requests.map(({ key }) => key)

describe("Controller", () => {
  it.effect("reconciles what is there at the start, then what changes, and nothing else", () =>
    withServer(Effect.fnUntraced(function*(server) {
      server.create("a")
      server.create("b")
      const requests: Array<Request> = []
      yield* running(Controller.make(Pod, { reconcile: (request) => Effect.sync(() => void requests.push(request)) }))
      assert.deepStrictEqual(keys(requests), ["default/a", "default/b"])
      assert.deepStrictEqual(requests[0]?.reasons, [{ _tag: "Changed", change: "Initial" }])
      server.update("b", 2)
      yield* settle
      server.remove("a")
      yield* settle
      yield* adjust("1 hour")
      assert.deepStrictEqual(keys(requests), ["default/a", "default/b", "default/b", "default/a"])
      assert.deepStrictEqual(requests.slice(2).map(({ name, namespace, reasons }) => [namespace, name, reasons]), [
        ["default", "b", [{ _tag: "Changed", change: "Updated" }]],
        ["default", "a", [{ _tag: "Changed", change: "Deleted" }]]
      ])
    })))

  it.effect("retries a failure under the rate limit, and starts the limit afresh after a success", () =>
    withServer(Effect.fnUntraced(function*(server) {
      server.create("a")
      let failures = 2
      const { outcomes, tags } = yield* running(Controller.make(Pod, {
        rateLimit: Schedule.exponential("1 second"),
        reconcile: () => Effect.suspend(() => failures-- > 0 ? Effect.fail("no" as const) : Effect.void)
      }))
      assert.deepStrictEqual(tags(), ["Failure default/a"])
      yield* adjust("999 millis")
      assert.strictEqual(outcomes.length, 1)
      yield* adjust("1 millis")
      yield* adjust("2 seconds")
      assert.deepStrictEqual(tags(), ["Failure default/a", "Failure default/a", "Success default/a"])
      assert.deepStrictEqual(outcomes[2]?.request.reasons, [{ _tag: "Retry" }])
      failures = 1
      server.update("a", 2)
      yield* settle
      yield* adjust("1 second")
      assert.deepStrictEqual(tags().slice(3), ["Failure default/a", "Success default/a"])
    })).pipe(quiet))

  it.effect("gives up a key whose schedule ends, until its next change", () =>
    withServer(Effect.fnUntraced(function*(server) {
      server.create("a")
      const { outcomes } = yield* running(Controller.make(Pod, {
        rateLimit: Schedule.spaced("1 second").pipe(Schedule.upTo({ times: 1 })),
        reconcile: () => Effect.fail("no" as const)
      }))
      yield* adjust("1 hour")
      assert.strictEqual(outcomes.length, 2)
      const last = outcomes[1]
      assert(last?._tag === "Failure")
      assert.isUndefined(last.retryAfter)
      server.update("a", 2)
      yield* settle
      assert.strictEqual(outcomes.length, 3)
      assert.deepStrictEqual(outcomes[2]?.request.reasons, [{ _tag: "Changed", change: "Updated" }])
    })).pipe(quiet))

  it.effect("tells a failure as one error line with the delay, and a conflict as information", () =>
    withServer(Effect.fnUntraced(function*(server) {
      server.create("a")
      const lines: Array<readonly [level: string, message: string, retryAfter: unknown]> = []
      const logger = Logger.make(({ fiber, logLevel, message }) => {
        lines.push([
          logLevel,
          String(Array.isArray(message) ? message[0] : message),
          fiber.getRef(CurrentLogAnnotations)["retryAfter"]
        ])
      })
      const conflict = ApiError.fromResponse({ status: 409, body: "" }, { verb: "update", resource: "pods" })
      const failures = [conflict, "no" as const]
      yield* running(Controller.make(Pod, {
        rateLimit: Schedule.exponential("1 second").pipe(Schedule.upTo({ times: 1 })),
        reconcile: () => Effect.suspend(() => Effect.fail(failures.shift() ?? ("again" as const)))
      })).pipe(Effect.provide(Logger.layer([logger])))
      yield* adjust("1 minute")
      assert.deepStrictEqual(lines, [
        ["Info", "the reconcile met a conflict and runs again", "1s"],
        ["Error", "the reconcile failed", "never"]
      ])
    })))

  it.effect("takes whatever else a reconcile comes to for a success", () =>
    withServer(Effect.fnUntraced(function*(server) {
      const values: ReadonlyArray<unknown> = [null, 7, "Requeue", new Map(), { _tag: "Success" }]
      for (const index of values.keys()) server.create(`a${index}`)
      // As TypeScript has it: a function that returns something is assignable to one that returns nothing.
      const valueOf: (name: string) => void = (name) => values[Number(name.slice(1))]
      const controller = Controller.make(Pod, { reconcile: ({ name }) => Effect.sync(() => valueOf(name)) })
      const { fiber, tags } = yield* running(controller)
      assert.deepStrictEqual(tags(), Array.from(values.keys(), (index) => `Success default/a${index}`))
      assert.isUndefined(fiber.pollUnsafe())
    })))

  it.effect("comes again after requeueAfter, and under the rate limit after requeue", () =>
    withServer(Effect.fnUntraced(function*(server) {
      server.create("a")
      const results = [Controller.requeueAfter("30 seconds"), Controller.requeue, undefined]
      const { tags } = yield* running(Controller.make(Pod, {
        rateLimit: Schedule.exponential("1 second"),
        reconcile: () => Effect.sync(() => results.shift())
      }))
      yield* adjust("29999 millis")
      assert.deepStrictEqual(tags(), ["RequeueAfter default/a"])
      yield* adjust("1 millis")
      yield* adjust("1 second")
      assert.deepStrictEqual(tags(), ["RequeueAfter default/a", "Requeue default/a", "Success default/a"])
    })))

  it.effect("does not retry a terminal error, and counts it apart", () =>
    withServer(Effect.fnUntraced(function*(server) {
      server.create("a")
      const { outcomes } = yield* running(Controller.make(Pod, {
        reconcile: () => Effect.fail(Controller.terminal(new Error("the spec names a planet")))
      }))
      yield* adjust("1 hour")
      assert.strictEqual(outcomes.length, 1)
      const [outcome] = outcomes
      assert(outcome?._tag === "TerminalFailure")
      assert.strictEqual(outcome.error.message, "the spec names a planet")
    })).pipe(quiet))

  it.effect("contains a defect and retries the key while others go on", () =>
    withServer(Effect.fnUntraced(function*(server) {
      server.create("a")
      server.create("b")
      let deaths = 1
      const { tags } = yield* running(Controller.make(Pod, {
        rateLimit: Schedule.spaced("1 second"),
        reconcile: ({ name }) => name === "a" && deaths-- > 0 ? Effect.die(new Error("bug")) : Effect.void
      }))
      assert.deepStrictEqual(tags(), ["Defect default/a", "Success default/b"])
      yield* adjust("1 second")
      assert.deepStrictEqual(tags().slice(2), ["Success default/a"])
    })).pipe(quiet))

  it.effect("takes an interruption inside the reconciler for a defect, not for its own end", () =>
    withServer(Effect.fnUntraced(function*(server) {
      server.create("a")
      let interruptions = 1
      const { outcomes, tags } = yield* running(Controller.make(Pod, {
        rateLimit: Schedule.spaced("1 second"),
        reconcile: () =>
          interruptions-- > 0
            ? Effect.flatMap(Effect.forkChild(Effect.never), (fiber) =>
              Effect.andThen(Fiber.interrupt(fiber), Fiber.join(fiber)))
            : Effect.void
      }))
      yield* adjust("1 second")
      assert.deepStrictEqual(tags(), ["Defect default/a", "Success default/a"])
      const [first] = outcomes
      assert(first?._tag === "Defect" && Cause.hasInterrupts(first.cause))
    })).pipe(quiet))

  it.effect("interrupts a reconcile that takes longer than the timeout and retries it", () =>
    withServer(Effect.fnUntraced(function*(server) {
      server.create("a")
      const events: Array<string> = []
      let hangs = 1
      const { tags } = yield* running(Controller.make(Pod, {
        timeout: "10 seconds",
        rateLimit: Schedule.spaced("1 second"),
        reconcile: () =>
          hangs-- > 0
            ? Effect.onInterrupt(Effect.never, () => Effect.sync(() => events.push("interrupted")))
            : Effect.void
      }))
      yield* adjust("10 seconds")
      assert.deepStrictEqual(tags(), ["Timeout default/a"])
      assert.deepStrictEqual(events, ["interrupted"])
      yield* adjust("1 second")
      assert.deepStrictEqual(tags(), ["Timeout default/a", "Success default/a"])
    })).pipe(quiet))

  it.effect("waits before a key runs again until the cache has seen what its last run wrote", () =>
    withServer(Effect.fnUntraced(function*(server) {
      server.create("a")
      const informers = yield* InformerFactory.InformerFactory
      const pods = yield* informers.get(Pod)
      const seen: Array<string | undefined> = []
      const first = server.version
      yield* running(Controller.make(Pod, {
        reconcile: Effect.fnUntraced(function*({ key, reasons }) {
          const pod = yield* pods.get(key)
          seen.push(pod._tag === "Some" ? pod.value.metadata.resourceVersion : undefined)
          if (seen.length > 1) return
          // The write is stored, and its event is late.
          server.freeze()
          const { metadata } = server.update("a", 2)
          const tell = yield* WriteObserver
          tell({ group: "", plural: "pods", key, resourceVersion: metadata.resourceVersion })
          assert.strictEqual(reasons.length, 1)
          return Controller.requeueAfter("1 second")
        })
      }))
      yield* adjust("1 second")
      assert.strictEqual(seen.length, 1)
      server.disconnect()
      yield* adjust("2 seconds")
      assert.deepStrictEqual(seen.slice(0, 2), [String(first), String(first + 1)])
    })))

  it.effect("waits for its own writes no longer than awaitWrites", () =>
    withServer(Effect.fnUntraced(function*(server) {
      server.create("a")
      let runs = 0
      yield* running(Controller.make(Pod, {
        awaitWrites: "3 seconds",
        reconcile: Effect.fnUntraced(function*({ key }) {
          runs++
          if (runs > 1) return
          const tell = yield* WriteObserver
          tell({ group: "", plural: "pods", key, resourceVersion: "1000000" })
          return Controller.requeueAfter("1 second")
        })
      }))
      yield* adjust("3999 millis")
      assert.strictEqual(runs, 1)
      yield* adjust("1 millis")
      assert.strictEqual(runs, 2)
    })))

  it.effect("reconciles only what its predicate lets through", () =>
    withServer(Effect.fnUntraced(function*(server) {
      server.create("a", 1)
      const { tags } = yield* running(Controller.make(Pod, {
        predicate: Predicate.object((pod: Pod) => (pod.spec?.value ?? 0) > 1),
        reconcile: () => Effect.void
      }))
      assert.deepStrictEqual(tags(), [])
      server.update("a", 2)
      yield* settle
      assert.deepStrictEqual(tags(), ["Success default/a"])
    })))

  it.effect("makes one reconcile of a burst of changes when it debounces", () =>
    withServer(Effect.fnUntraced(function*(server) {
      server.create("a")
      const { tags } = yield* running(Controller.make(Pod, { debounce: "1 second", reconcile: () => Effect.void }))
      for (let value = 1; value <= 5; value++) {
        yield* adjust("100 millis")
        server.update("a", value)
      }
      yield* adjust("499 millis")
      assert.deepStrictEqual(tags(), [])
      yield* adjust("1 millis")
      assert.deepStrictEqual(tags(), ["Success default/a"])
    })))

  it.effect("takes keys from any stream, whose failure ends that source alone", () =>
    withServer(Effect.fnUntraced(function*(server) {
      server.create("a")
      const { outcomes, tags } = yield* running(Controller.make(Pod, {
        watches: [
          Source.stream("webhook", Stream.concat(Stream.make("default/x"), Stream.fail("gone"))),
          Source.kind(Pod, { toKeys: (pod) => [`default/of-${pod.metadata.name}`] })
        ],
        reconcile: () => Effect.void
      }))
      assert.sameMembers(tags(), ["Success default/a", "Success default/x", "Success default/of-a"])
      assert.deepStrictEqual(outcomes.find(({ request }) => request.name === "x")?.request.reasons, [
        { _tag: "Source", name: "webhook" }
      ])
      server.update("a", 2)
      yield* settle
      assert.sameMembers(tags().slice(3), ["Success default/a", "Success default/of-a"])
    })).pipe(quiet))

  it.effect("a predicate or a mapping that throws for one object is told and counted, and hurts no other", () =>
    withServer(Effect.fnUntraced(function*(server) {
      const lines: Array<readonly [level: string, message: string, key: unknown]> = []
      const logger = Logger.make(({ fiber, logLevel, message }) => {
        lines.push([
          logLevel,
          String(Array.isArray(message) ? message[0] : message),
          fiber.getRef(CurrentLogAnnotations)["key"]
        ])
      })
      server.create("bad")
      server.create("good")
      const bug = (pod: Pod) => {
        if (pod.metadata?.name === "bad") throw new Error("bug")
        return pod.metadata?.name ?? ""
      }
      const failures = Metric.withAttributes(InformerMetrics.handlerFailures, {
        name: "pods",
        group: "",
        version: "v1",
        resource: "pods"
      })
      const { tags } = yield* running(Controller.make(Pod, {
        predicate: Predicate.object((pod: Pod) => bug(pod) !== "unwanted"),
        watches: [Source.kind(Pod, { toKeys: (pod) => [`default/of-${bug(pod)}`] })],
        reconcile: () => Effect.void
      })).pipe(Effect.provide(Logger.layer([logger])))
      // What a predicate could not decide is of interest: a reconcile too many does no harm.
      assert.sameMembers(tags(), ["Success default/bad", "Success default/good", "Success default/of-good"])
      assert.deepStrictEqual(
        lines,
        Array.from({ length: 2 }, () => [
          "Error",
          "a source could not tell which keys an event is about",
          "default/bad"
        ])
      )
      assert.strictEqual((yield* Metric.value(failures)).count, 2)
      server.update("good", 2)
      yield* settle
      assert.sameMembers(tags().slice(3), ["Success default/good", "Success default/of-good"])
    })).pipe(Effect.provideService(Metric.MetricRegistry, new Map())))

  it.effect("keeps what a stream had before the controller began, and goes on when the stream ends", () =>
    withServer(Effect.fnUntraced(function*(server) {
      const keys = yield* Queue.unbounded<string, Cause.Done>()
      for (const key of ["default/x", "default/y", "default/x"]) Queue.offerUnsafe(keys, key)
      const { tags } = yield* running(Controller.make(Pod, {
        watches: [Source.stream("keys", Stream.fromQueue(keys))],
        reconcile: () => Effect.void
      }))
      assert.deepStrictEqual(tags(), ["Success default/x", "Success default/y"])
      Queue.offerUnsafe(keys, "default/z")
      yield* Queue.end(keys)
      yield* settle
      server.create("a")
      yield* settle
      assert.deepStrictEqual(tags().slice(2), ["Success default/z", "Success default/a"])
    })))

  it.effect("does not begin before its caches are filled, and fails naming the kind and the missing permission", () =>
    withServer(Effect.fnUntraced(function*(server) {
      server.failList = Array.from({ length: 1000 }, () => refused(403, "Forbidden", "pods is forbidden", "list"))
      server.initialEvents = "refused"
      const controller = Controller.make(Pod, { cacheSyncTimeout: "1 minute", reconcile: () => Effect.void })
      const fiber = yield* Effect.forkChild(Effect.exit(controller.run))
      yield* adjust("1 minute")
      const exit = yield* Fiber.join(fiber)
      assert(Exit.isFailure(exit))
      const error = Cause.squash(exit.cause)
      assert(error instanceof Controller.ControllerError)
      assert.match(
        error.message,
        /^controller pod: its caches did not sync within 1m: Pod \(.*missing permission to list/
      )
    })).pipe(quiet))

  it.effect("a source that never starts fails the controller in the end by its name, and holds up no other", () =>
    withServer(Effect.fnUntraced(function*(server) {
      server.create("a")
      const started: Array<string> = []
      const source = (name: string, start: Effect.Effect<unknown>): Source.Source => ({
        name,
        start: () =>
          Effect.andThen(
            start,
            Effect.sync(() => {
              started.push(name)
              return { ready: Effect.void, awaitSynced: Effect.void }
            })
          )
      })
      // Of two with one name, the one that started must not answer for the other.
      const controller = Controller.make(Pod, {
        cacheSyncTimeout: "1 minute",
        watches: [
          source("feed", Effect.never),
          source("feed", Effect.void),
          source("late", Effect.sleep("30 seconds"))
        ],
        reconcile: () => Effect.die("nothing is reconciled")
      })
      const { awaitSynced, problems } = yield* controller.start
      yield* settle
      assert.deepStrictEqual(started, ["feed"])
      assert.deepStrictEqual(yield* problems, ["feed: it has not started", "late: it has not started"])
      const fiber = yield* Effect.forkChild(Effect.flip(awaitSynced))
      yield* adjust("1 minute")
      assert.strictEqual(
        (yield* Fiber.join(fiber)).message,
        "controller pod: its caches did not sync within 1m: feed (it has not started)"
      )
      assert.deepStrictEqual(started, ["feed", "late"])
      assert.deepStrictEqual(yield* problems, ["feed: it has not started"])
    })))

  it.effect("a source that dies where it starts is a defect of the controller, at once", () =>
    withServer(Effect.fnUntraced(function*() {
      const controller = Controller.make(Pod, {
        watches: [{ name: "feed", start: () => Effect.die(new Error("no such feed")) }],
        reconcile: () => Effect.void
      })
      const exit = yield* Effect.exit(controller.run)
      assert(Exit.isFailure(exit))
      assert.strictEqual(String(Cause.squash(exit.cause)), "Error: no such feed")
      const { problems } = yield* controller.start
      assert.include(yield* problems, "feed: no such feed")
    })))

  it.effect("ends at once and quietly when it is interrupted while it waits for its caches", () =>
    withServer(Effect.fnUntraced(function*(server) {
      server.isListHanging = true
      server.initialEvents = "refused"
      const logged: Array<unknown> = []
      const logger = Logger.make(({ logLevel, message }) => void (logLevel === "Error" && logged.push(message)))
      const controller = Controller.make(Pod, { reconcile: () => Effect.void })
      const fiber = yield* Effect.forkChild(Effect.provide(controller.run, Logger.layer([logger])))
      yield* adjust("10 seconds")
      assert.isUndefined(fiber.pollUnsafe())
      yield* Fiber.interrupt(fiber)
      const exit = fiber.pollUnsafe()
      assert(exit !== undefined && Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause))
      assert.deepStrictEqual(logged, [])
      assert.strictEqual(server.open, 0)
    })))

  it.effect("keeps what happens before it processes, and goes on where it was interrupted", () =>
    withServer(Effect.fnUntraced(function*(server) {
      server.create("a")
      const seen: Array<string> = []
      const running = yield* Controller.make(Pod, {
        reconcile: ({ name }) => Effect.sync(() => void seen.push(name))
      }).start
      yield* running.awaitSynced
      server.create("b")
      yield* settle
      assert.deepStrictEqual(seen, [])
      const first = yield* Effect.forkChild(running.process)
      yield* settle
      assert.deepStrictEqual(seen, ["b", "a"])
      yield* Fiber.interrupt(first)
      server.update("a", 1)
      yield* settle
      assert.strictEqual(seen.length, 2)
      yield* Effect.forkChild(running.process)
      yield* settle
      assert.deepStrictEqual(seen.slice(2), ["a"])
    })))

  it.effect("gives its metrics controller-runtime's names, and takes them along when it ends", () =>
    withServer(Effect.fnUntraced(function*(server) {
      server.create("a")
      server.create("b")
      const { fiber } = yield* running(Controller.make(Pod, {
        name: "metered",
        concurrency: 3,
        reconcile: ({ name }) => name === "a" ? Effect.fail("no") : Effect.void
      }))
      const series = Effect.map(Metric.snapshot, (all) =>
        Object.fromEntries(
          all.filter(({ attributes, id }) =>
            id.startsWith("controller_runtime_") && attributes?.["controller"] === "metered"
          ).map(({ attributes, id, state }) => [
            attributes?.["result"] === undefined ? id : `${id} ${attributes["result"]}`,
            "count" in state ? state.count : "value" in state ? state.value : undefined
          ])
        ))
      assert.deepInclude(yield* series, {
        "controller_runtime_reconcile_total success": 1,
        "controller_runtime_reconcile_total error": 1,
        "controller_runtime_reconcile_total requeue": 0,
        "controller_runtime_reconcile_errors_total": 1,
        "controller_runtime_terminal_reconcile_errors_total": 0,
        "controller_runtime_reconcile_time_seconds": 2,
        "controller_runtime_max_concurrent_reconciles": 3,
        "controller_runtime_active_workers": 0
      })
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(yield* series, {})
    })).pipe(quiet))

  it.effect("counts what became of reconciles, each kind apart: no timeout where nothing timed out", () =>
    withServer(Effect.fnUntraced(function*(server) {
      const answers: Record<string, Effect.Effect<Reconciler.Result | void, string | Reconciler.TerminalError>> = {
        success: Effect.sleep("9 seconds"),
        failure: Effect.fail("no"),
        terminal: Effect.fail(Controller.terminal("never")),
        defect: Effect.die("bug"),
        // What it interrupts itself is no timeout.
        interruption: Effect.interrupt,
        timeout: Effect.never,
        requeue: Effect.succeed(Controller.requeue),
        later: Effect.succeed(Controller.requeueAfter("1 day"))
      }
      for (const name of Object.keys(answers)) server.create(name)
      const { awaitSynced, process } = yield* Controller.make(Pod, {
        name: "counted",
        concurrency: 8,
        timeout: "10 seconds",
        rateLimit: Schedule.spaced("1 day"),
        reconcile: ({ name }) => answers[name] ?? Effect.void
      }).start
      yield* awaitSynced
      const fiber = yield* Effect.forkChild(process)
      yield* settle
      const count = (metric: Metric.Counter<number>, attributes: Record<string, string> = {}) =>
        Effect.map(
          Metric.value(Metric.withAttributes(metric, { controller: "counted", ...attributes })),
          ({ count }) => count
        )
      const active = Effect.map(
        Metric.value(Metric.withAttributes(ControllerMetrics.activeWorkers, { controller: "counted" })),
        ({ value }) => value
      )
      assert.strictEqual(yield* active, 2)
      yield* adjust("10 seconds")
      const results = yield* Effect.forEach(
        ["success", "error", "requeue", "requeue_after"],
        (result) => count(ControllerMetrics.reconciles, { result })
      )
      assert.deepStrictEqual(results, [1, 5, 1, 1])
      const { errors, panics, terminalErrors, timeouts } = ControllerMetrics
      const counts = Effect.forEach([errors, terminalErrors, panics, timeouts], (metric) => count(metric))
      assert.deepStrictEqual(yield* counts, [5, 1, 2, 1])
      // One that ran into its timeout may do so again; one that the end of the controller interrupts has not.
      server.update("timeout", 1)
      yield* settle
      yield* adjust("10 seconds")
      assert.deepStrictEqual(yield* counts, [6, 1, 2, 2])
      server.update("timeout", 2)
      yield* settle
      assert.strictEqual(yield* active, 1)
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(yield* active, 0)
      assert.deepStrictEqual(yield* counts, [6, 1, 2, 2])
    })).pipe(quiet))

  for (
    const [asked, workers] of [[undefined, 1], [0, 1], [-3, 1], [NaN, 1], [Infinity, 1], [2, 2], [2.5, 2]] as const
  ) {
    it.effect(`has ${workers} of ${asked} workers, as its metric says`, () =>
      withServer(Effect.fnUntraced(function*(server) {
        for (const name of ["a", "b", "c", "d"]) server.create(name)
        let active = 0
        yield* running(Controller.make(Pod, {
          name: "workers",
          concurrency: asked,
          reconcile: () => Effect.andThen(Effect.sync(() => active++), Effect.never)
        }))
        assert.strictEqual(active, workers)
        const limit = Metric.withAttributes(ControllerMetrics.maxConcurrent, { controller: "workers" })
        assert.strictEqual((yield* Metric.value(limit)).value, workers)
      })))
  }

  it.effect("tells each reconcile's log lines by an id of its own", () =>
    withServer(Effect.fnUntraced(function*(server) {
      server.create("a")
      const ids: Array<unknown> = []
      const logger = Logger.make(({ fiber }) => {
        const { controller, name, namespace, reconcileID } = fiber.getRef(CurrentLogAnnotations)
        assert.deepStrictEqual([controller, namespace, name], ["pod", "default", "a"])
        ids.push(reconcileID)
      })
      yield* running(Controller.make(Pod, {
        reconcile: () => Effect.andThen(Effect.logInfo("one"), Effect.logInfo("two"))
      })).pipe(Effect.provide(Logger.layer([logger])))
      server.update("a", 1)
      yield* settle
      assert.deepStrictEqual([ids[0], ids[2]], [ids[1], ids[3]])
      assert.notStrictEqual(ids[0], ids[2])
      assert.match(String(ids[0]), /^[0-9a-f]{8}-0$/)
    })))

  it.effect("makes no reconcile of the first objects before the events of all of them are in the queue", () =>
    withServer(Effect.fnUntraced(function*(server) {
      for (let i = 0; i < 20; i++) server.create(`pod-${i}`)
      let delivered = 0
      let atFirst: number | undefined
      yield* running(Controller.make(Pod, {
        predicate: () => {
          delivered++
          return true
        },
        reconcile: () => Effect.sync(() => void (atFirst ??= delivered))
      }))
      assert.strictEqual(atFirst, 20)
    })))

  it.effect("never has two reconciles on one key, nor more than its concurrency, and loses no change", () =>
    Effect.forEach(
      Array.from({ length: 40 }, (_, seed) => seed),
      (seed) =>
        withServer(Effect.fnUntraced(function*(server) {
          const active = new Set<string>()
          const handled = new Map<string, number>()
          let most = 0
          const controller = Controller.make(Pod, {
            concurrency: 3,
            reconcile: Effect.fnUntraced(function*({ key, name }) {
              assert.isFalse(active.has(key))
              active.add(key)
              most = Math.max(most, active.size)
              const value = server.objects.get(key)?.spec.value ?? -1
              yield* Effect.yieldNow
              yield* Effect.sleep(yield* Random.nextIntBetween(0, 5))
              handled.set(name, value)
              active.delete(key)
            })
          })
          const done = yield* Deferred.make<void>()
          const fiber = yield* Effect.forkChild(controller.run)
          yield* Effect.forkChild(Effect.gen(function*() {
            for (let step = 0; step < 30; step++) {
              server.update(`pod-${yield* Random.nextIntBetween(0, 5)}`, step)
              yield* Effect.sleep(yield* Random.nextIntBetween(0, 3))
            }
            yield* Deferred.succeed(done, undefined)
          }))
          for (let turn = 0; turn < 100; turn++) yield* TestClock.adjust("1 millis")
          yield* Deferred.await(done)
          yield* Fiber.interrupt(fiber)
          assert.isAtMost(most, 3)
          for (const object of server.objects.values()) {
            assert.strictEqual(handled.get(object.metadata.name), object.spec.value)
          }
        })).pipe(
          Random.withSeed(`controller ${seed}`),
          // Below 3 no fiber of Effect 4.1 advances.
          Effect.provideService(Scheduler.MaxOpsBeforeYield, 3 + seed % 5)
        ),
      { discard: true }
    ))
})
