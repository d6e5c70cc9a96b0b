/**
 * `Manager`: runs the controllers of one program together, from the first list to an orderly end.
 *
 * Its controllers share informers through `InformerFactory`. Caches are filled before leadership is sought, so that a
 * standby takes over at once. When it is interrupted, no new reconcile begins, running ones have a limited time to end
 * while the lease is still held, and only then is leadership given up; a standby leaves the election at once. `Endpoints`
 * serves what it knows of its health.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import type * as EffectScope from "effect/Scope"
import * as Elections from "../LeaderElection/ElectionObserver.ts"
import type { Scope } from "../Machinery/Resource.ts"
import type { Controller, Running } from "./Controller.ts"
import { ControllerError } from "./ControllerError.ts"

/**
 * One answer about health.
 *
 * @category models
 * @since 0.1.0
 */
export interface Check {
  /** `controller deployment`, `leaderElection`, or the name the program gave. */
  readonly name: string
  /** What is wrong; empty where nothing is. */
  readonly problems: ReadonlyArray<string>
}

/**
 * Checks of the program's own: a failure is a problem, and its message is shown.
 *
 * @category models
 * @since 0.1.0
 */
export type Checks = { readonly [name: string]: Effect.Effect<unknown, unknown> }

/**
 * Several controllers that run together.
 *
 * @category models
 * @since 0.1.0
 */
export interface Manager<out E, out R> {
  /** Runs the controllers until one cannot begin, leadership ends, or it is interrupted. To be run once. */
  readonly run: Effect.Effect<void, ControllerError | E, R>
  /**
   * Whether the process is worth keeping: not where the lease ran out and what it guards cannot be interrupted. By the
   * program's own checks besides.
   */
  readonly liveness: Effect.Effect<ReadonlyArray<Check>>
  /**
   * Whether it can do its work: every cache is filled and up to date, nothing is being shut down. A right that is missing
   * is named by its rule. A standby that waits for leadership is ready; one that cannot use its lease, and so would not
   * take over, is not.
   */
  readonly readiness: Effect.Effect<ReadonlyArray<Check>>
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Options<R, E2 = never, R2 = never> {
  /**
   * Controllers that run while this process leads; all the time where there is no `leading`. Names are different: `run`
   * fails where two are the same.
   */
  readonly controllers: ReadonlyArray<Controller<Scope, unknown, R>>
  /** Controllers that run all the time, whoever leads. None unless given. */
  readonly unelected?: ReadonlyArray<Controller<Scope, unknown, R>> | undefined
  /**
   * Runs an effect while this process leads: `LeaderElection.whileLeading(options)`, or `whileLeading` of an elector. The
   * candidate's health becomes part of the manager's, as the check `leaderElection`. Always leading unless given.
   */
  readonly leading?:
    | ((work: Effect.Effect<void, ControllerError, R>) => Effect.Effect<unknown, E2, R2>)
    | undefined
  /** How long running reconciles have to end when the manager is interrupted. 30 s unless given, as in controller-runtime. */
  readonly drain?: Duration.Input | undefined
  /**
   * How long ago a lease may have run out while what it guards still runs, before liveness fails. 20 s unless given, as
   * in Kubernetes' own components.
   */
  readonly leaseTolerance?: Duration.Input | undefined
  /** Further checks of liveness. */
  readonly livenessChecks?: Checks | undefined
  /** Further checks of readiness. */
  readonly readinessChecks?: Checks | undefined
}

interface Started<R> {
  readonly name: string
  readonly running: Running<Scope, unknown, R>
}

/**
 * Starts the sources of all controllers: caches fill, keys queue up, and nothing is reconciled before `run`.
 *
 * ```ts
 * const program = Effect.gen(function*() {
 *   const manager = yield* Manager.make({ controllers: [websites, domains], leading: LeaderElection.whileLeading(lease) })
 *   yield* Endpoints.serve(manager)
 *   yield* manager.run
 * }).pipe(Effect.scoped, Effect.provide(NodeHttpServer.layer(createServer, { port: 8080 })))
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*<R = never, E2 = ControllerError, R2 = R>(
  options: Options<R, E2, R2>
): Effect.fn.Return<Manager<E2, R | R2>, never, R | EffectScope.Scope> {
  const start = (controllers: ReadonlyArray<Controller<Scope, unknown, R>>) =>
    Effect.forEach(
      controllers,
      (controller): Effect.Effect<Started<R>, never, R | EffectScope.Scope> =>
        Effect.map(controller.start, (running) => ({ name: controller.name, running }))
    )
  const unelected = yield* start(options.unelected ?? [])
  const elected = yield* start(options.controllers)
  const all = [...unelected, ...elected]
  const limit = Duration.fromInputUnsafe(options.drain ?? "30 seconds")
  const leaseTolerance = options.leaseTolerance ?? "20 seconds"
  const candidates = new Set<Elections.Candidate>()
  const standDown = yield* Latch.make(false)
  let isStopping = false
  let isLeading = false

  const work = (started: ReadonlyArray<Started<R>>): Effect.Effect<void, ControllerError, R> =>
    Effect.forEach(
      started,
      ({ running }) => Effect.andThen(running.awaitSynced, running.process),
      { concurrency: "unbounded", discard: true }
    )

  const observe: Elections.ElectionObserver = (candidate, candidacy) =>
    Effect.acquireUseRelease(
      Effect.sync(() => candidates.add(candidate)),
      () => candidacy,
      () => Effect.sync(() => candidates.delete(candidate))
    )

  const led = Effect.suspend(() => {
    isLeading = true
    return work(elected)
  }).pipe(Effect.onExit(() => {
    isLeading = false
    return isStopping ? standDown.open : Effect.void
  }))

  // Where nobody leads, what the work fails with is the manager's own failure.
  const lead: Effect.Effect<unknown, ControllerError | E2, R | R2> = options.leading === undefined
    ? work(elected)
    : Effect.raceFirst(
      Effect.provideService(options.leading(led), Elections.ElectionObserver, observe),
      standDown.await
    )
  const main = unelected.length === 0 ? lead : Effect.raceFirst(
    Effect.andThen(work(unelected), Effect.never),
    // The others may still be draining when the elected ones have ended.
    Effect.andThen(lead, Effect.suspend(() => isStopping ? Effect.never : Effect.void))
  )

  const drain = Effect.suspend(() => {
    isStopping = true
    // Who does not lead now would keep the lease from others and do nothing with it.
    if (!isLeading) standDown.openUnsafe()
    return Effect.forEach(all, ({ running }) => running.drain, { concurrency: "unbounded", discard: true }).pipe(
      Effect.interruptible,
      Effect.timeoutOption(limit),
      Effect.flatMap((done) =>
        done._tag === "Some"
          ? Effect.void
          : Effect.logWarning("reconciles that still run are interrupted", `they had ${Duration.format(limit)}`)
      )
    )
  })

  const run = Effect.scoped(Effect.gen(function*() {
    const twice = all.find(({ name }, index) => all.findIndex((other) => other.name === name) !== index)
    if (twice !== undefined) {
      return yield* new ControllerError({
        controller: twice.name,
        description: "another controller of this manager has the same name"
      })
    }
    const fiber = yield* Effect.forkScoped(main)
    // The work goes on, and the lease is renewed, while running reconciles end; closing the scope ends both.
    yield* Effect.onInterrupt(Fiber.join(fiber), () => drain)
  }))

  const own = (checks: Checks = {}) =>
    Effect.forEach(Object.entries(checks), ([name, check]) => answer(name, check), { concurrency: "unbounded" })

  const elections = (check: (candidate: Elections.Candidate) => Effect.Effect<unknown, unknown>) =>
    Effect.suspend(() => Effect.forEach(candidates, (candidate) => answer("leaderElection", check(candidate))))

  const caches = Effect.forEach(
    all,
    ({ name, running }) => Effect.map(running.problems, (problems): Check => ({ name: `controller ${name}`, problems }))
  )

  return {
    run: Effect.asVoid(run),
    liveness: Effect.map(
      Effect.all([elections(({ checkHealth }) => checkHealth(leaseTolerance)), own(options.livenessChecks)]),
      (all) => all.flat()
    ),
    readiness: Effect.map(
      Effect.all([caches, elections(({ checkReady }) => checkReady), own(options.readinessChecks)]),
      (all) => [
        ...(isStopping ? [{ name: "shutdown", problems: ["the process is shutting down"] }] : []),
        ...all.flat()
      ]
    )
  }
})

const answer = (name: string, check: Effect.Effect<unknown, unknown>): Effect.Effect<Check> =>
  Effect.map(Effect.exit(check), (exit) => ({
    name,
    problems: Exit.isSuccess(exit) ? [] : Cause.prettyErrors(exit.cause).map(({ message }) => message)
  }))
