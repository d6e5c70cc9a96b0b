/**
 * `Controller`: keeps the objects of one kind as they should be, for ever.
 *
 * It assembles the rest: informers see what changes, sources turn that into keys, a work queue holds each key once, and
 * workers hand keys to the user's reconciler, never one key to two at a time. What a reconcile answers decides when its
 * key comes again. A controller is a value: nothing happens before `run`, or before its `outcomes` are pulled, and all
 * of it ends with them.
 *
 * @see https://kubernetes.io/docs/concepts/architecture/controller/
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Schema from "effect/Schema"
import type * as EffectScope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { InformerFactory } from "../Informer/InformerFactory.ts"
import type { KubeObject, Persisted, Resource, Scope, Subresources } from "../Machinery/Resource.ts"
import * as WriteObserver from "../Watch/WriteObserver.ts"
import type * as RateLimiter from "../WorkQueue/RateLimiter.ts"
import * as WorkQueue from "../WorkQueue/WorkQueue.ts"
import * as ControllerMetrics from "./ControllerMetrics.ts"
import * as Pending from "./internal/pending.ts"
import {
  type Outcome,
  type Reconciler,
  type Request,
  requeue,
  requeueAfter,
  type Result,
  terminal,
  TerminalError
} from "./Reconciler.ts"
import * as Source from "./Source.ts"

export {
  /** @see Reconciler.requeue */
  requeue,
  /** @see Reconciler.requeueAfter */
  requeueAfter,
  /** @see Reconciler.terminal */
  terminal
}

/**
 * A controller: a value that describes a program.
 *
 * @category models
 * @since 0.1.0
 */
export interface Controller<S extends Scope, out E, out R> {
  readonly name: string
  /**
   * What became of each request, as it happens. Pulling it is what runs the controller, and a slow consumer slows the
   * workers. It goes on for ever.
   */
  readonly outcomes: Stream.Stream<Outcome<S, E>, ControllerError, R>
  /** Runs the controller until it is interrupted. */
  readonly run: Effect.Effect<void, ControllerError, R>
}

/**
 * How a controller works. Only `reconcile` is required.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options<A extends KubeObject, S extends Scope, E, R, RS> extends Source.KindOptions<Persisted<A, S>> {
  /** Makes the present state of one object what it should be. */
  readonly reconcile: Reconciler<S, E, R>
  /** The name in logs, spans and metrics; two controllers of one program need two. The kind in lower case unless given. */
  readonly name?: string | undefined
  /** Kinds whose objects the reconciled ones control: their changes are work on the owner. */
  readonly owns?: ReadonlyArray<Resource<KubeObject>> | undefined
  /** Further sources of keys. */
  readonly watches?: ReadonlyArray<Source.Source<RS>> | undefined
  /** How many keys are reconciled at a time. 1 unless given, as in controller-runtime. */
  readonly concurrency?: number | undefined
  /**
   * How long a key waits after it failed or asked for `requeue`. `RateLimiter.controllerDefault` unless given: 5 ms
   * doubling to 1000 s per key, at most 10 per second with a burst of 100 for all. A key whose schedule ends is left
   * until its next change.
   */
  readonly rateLimit?: RateLimiter.KeySchedule<string> | undefined
  /** The longest time for one reconcile, which is then interrupted and tried again. None unless given. */
  readonly timeout?: Duration.Input | undefined
  /** How long a key waits after an event, so that a burst of them becomes one reconcile. None unless given. */
  readonly debounce?: Duration.Input | undefined
  /**
   * How long a key waits at most until the caches have seen what its last reconcile wrote, so that none decides by a
   * state older than its own writes. 5 s unless given; zero turns it off.
   */
  readonly awaitWrites?: Duration.Input | undefined
  /** How long the first lists may take before the controller fails. 2 minutes unless given, as in controller-runtime. */
  readonly cacheSyncTimeout?: Duration.Input | undefined
}

/**
 * Describes a controller of one kind.
 *
 * ```ts
 * const controller = Controller.make(Deployment, {
 *   owns: [ReplicaSet],
 *   concurrency: 8,
 *   reconcile: ({ name, namespace }) => Effect.log("reconciling", namespace, name)
 * })
 * ```
 *
 * Whatever the reconciler fails with is logged and counted, and its key is tried again: `run` does not fail with it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <
  A extends KubeObject,
  S extends Scope,
  Sub extends Subresources,
  E = never,
  R = never,
  RS = never
>(
  resource: Resource<A, S, Sub>,
  options: Options<A, S, E, R, RS>
): Controller<S, Exclude<E, TerminalError>, R | RS | InformerFactory> => {
  const name = options.name ?? resource.kind.toLowerCase()
  const sources: ReadonlyArray<Source.Source<RS | InformerFactory>> = [
    Source.self(resource, options),
    ...(options.owns ?? []).map((owned) => Source.owned(owned, resource, { namespaces: options.namespaces })),
    ...(options.watches ?? [])
  ]
  const outcomes = Stream.unwrap(start(name, sources, options))
  return { name, outcomes, run: Stream.runDrain(outcomes) }
}

const start = Effect.fnUntraced(function*<A extends KubeObject, S extends Scope, E, R, RS>(
  name: string,
  sources: ReadonlyArray<Source.Source<RS | InformerFactory>>,
  options: Options<A, S, E, R, RS>
): Effect.fn.Return<
  Stream.Stream<Outcome<S, Exclude<E, TerminalError>>, never, R>,
  ControllerError,
  RS | InformerFactory | EffectScope.Scope
> {
  const concurrency = Math.max(1, Math.floor(options.concurrency ?? 1) || 1)
  const awaitWrites = Duration.fromInputUnsafe(options.awaitWrites ?? "5 seconds")
  const clock = yield* Clock.Clock
  const metrics = yield* ControllerMetrics.make({ controller: name, concurrency })
  const queue = yield* WorkQueue.make<string>({
    name,
    ...(options.rateLimit === undefined ? {} : { rateLimit: options.rateLimit })
  })
  const pending = Pending.make()

  const debounce = options.debounce
  const deliver = (work: ReadonlyArray<Source.Work>): Effect.Effect<void> => {
    pending.add(work)
    const enqueue = (some: ReadonlyArray<Source.Work>, priority: number) => {
      if (some.length === 0) return Effect.void
      return debounce === undefined
        ? queue.addAll(some.map(({ key }) => key), { priority })
        : Effect.forEach(some, ({ key }) => queue.addAfter(key, debounce, { priority }), { discard: true })
    }
    return Effect.andThen(
      enqueue(work.filter(({ isBackground }) => !isBackground), 0),
      enqueue(work.filter(({ isBackground }) => isBackground), WorkQueue.lowPriority)
    )
  }

  const started = yield* Effect.forEach(sources, (source) => source.start(deliver))
  yield* awaitSynced(name, sources, started, options.cacheSyncTimeout ?? "2 minutes")

  const watching = (write: WriteObserver.Write) =>
    started.flatMap(({ kind }) =>
      kind !== undefined && kind.group === write.group && kind.plural === write.plural ? [kind] : []
    )

  // Writes to kinds that no source watches are not waited for: no cache will ever see them.
  const observe = (key: string) => (write: WriteObserver.Write): void => {
    if (watching(write).length > 0) pending.addWrite(key, write)
  }

  const awaitOwnWrites = (key: string): Effect.Effect<void> => {
    const writes = pending.takeWrites(key)
    if (writes.length === 0) return Effect.void
    return Effect.forEach(
      writes.flatMap((write) => watching(write).map((kind) => [write, kind] as const)),
      ([write, kind]) => kind.awaitVersion(write.key, write.resourceVersion, { timeout: awaitWrites }),
      { discard: true }
    )
  }

  const attempt = (request: Request<S>): Effect.Effect<Option.Option<Result | void>, E, R> => {
    const run = Effect.suspend(() => options.reconcile(request)).pipe(
      Effect.provideService(WriteObserver.WriteObserver, observe(request.key))
    )
    return options.timeout === undefined ? Effect.asSome(run) : Effect.timeoutOption(run, options.timeout)
  }

  const settle = Effect.fnUntraced(function*(
    request: Request<S>,
    duration: Duration.Duration,
    exit: Exit.Exit<Option.Option<Result | void>, E>,
    priority: number
  ): Effect.fn.Return<Outcome<S, Exclude<E, TerminalError>>> {
    const { key } = request
    const again = (reason: "Retry" | "Requeue") =>
      Effect.map(queue.addRateLimited(key, { priority }), (delay) => {
        if (Option.isSome(delay)) pending.addReason(key, { _tag: reason })
        return Option.getOrUndefined(delay)
      })
    if (Exit.isSuccess(exit)) {
      if (Option.isNone(exit.value)) {
        yield* Effect.logError("the reconcile took too long")
        return { _tag: "Timeout", request, duration, retryAfter: yield* again("Retry") }
      }
      const result = exit.value.value
      if (result?._tag === "Requeue") {
        yield* again("Requeue")
        return { ...result, request, duration }
      }
      yield* queue.forget(key)
      if (result?._tag !== "RequeueAfter") return { _tag: "Success", request, duration }
      pending.addReason(key, { _tag: "RequeueAfter" })
      yield* queue.addAfter(key, result.delay, { priority })
      return { ...result, request, duration }
    }
    const error = Cause.findErrorOption(exit.cause)
    if (Option.isNone(error)) {
      yield* Effect.logError("the reconciler died", exit.cause)
      // Without a failure in it the cause holds nothing of type E.
      return {
        _tag: "Defect",
        request,
        duration,
        cause: exit.cause as Cause.Cause<never>,
        retryAfter: yield* again("Retry")
      }
    }
    if (error.value instanceof TerminalError) {
      yield* Effect.logError("the reconcile failed and will not be retried", exit.cause)
      yield* queue.forget(key)
      return { _tag: "TerminalFailure", request, duration, error: error.value }
    }
    const retryAfter = yield* again("Retry")
    yield* Effect.logError("the reconcile failed", exit.cause)
    return { _tag: "Failure", request, duration, error: error.value as Exclude<E, TerminalError>, retryAfter }
  })

  const handle = Effect.fnUntraced(function*(
    key: string,
    priority: number
  ): Effect.fn.Return<Outcome<S, Exclude<E, TerminalError>>, never, R> {
    yield* awaitOwnWrites(key)
    const request = requestOf<S>(key, pending.takeReasons(key))
    const id = yield* Random.nextIntBetween(0, 0xffffffff)
    const startedAt = clock.monotonicTimeNanosUnsafe()
    const run = Effect.gen(function*() {
      const exit = yield* metrics.whileActive(Effect.exit(attempt(request)))
      const duration = Duration.nanos(clock.monotonicTimeNanosUnsafe() - startedAt)
      const outcome = yield* settle(request, duration, exit, priority)
      yield* metrics.observe(outcome)
      return outcome
    })
    const { namespace, name: objectName } = request
    return yield* run.pipe(
      Effect.annotateLogs({
        controller: name,
        ...(namespace === undefined ? {} : { namespace }),
        name: objectName,
        reconcileID: id.toString(16).padStart(8, "0")
      }),
      Effect.withSpan(`reconcile ${name}`, {
        attributes: {
          controller: name,
          ...(namespace === undefined ? {} : { "k8s.namespace.name": namespace }),
          "k8s.object.name": objectName
        }
      }, { captureStackTrace: false })
    )
  })

  return queue.stream(handle, { concurrency })
})

const requestOf = <S extends Scope>(key: string, reasons: Request<S>["reasons"]): Request<S> => {
  const slash = key.indexOf("/")
  // A key has a namespace exactly where its kind is namespaced, which is what S says.
  const namespace = (slash < 0 ? undefined : key.slice(0, slash)) as Request<S>["namespace"]
  return { key, name: key.slice(slash + 1), namespace, reasons }
}

const awaitSynced = Effect.fnUntraced(function*(
  name: string,
  sources: ReadonlyArray<Source.Source<unknown>>,
  started: ReadonlyArray<Source.Started>,
  timeout: Duration.Input
): Effect.fn.Return<void, ControllerError> {
  const waiting = new Map<string, string>()
  const one = Effect.fnUntraced(function*(source: Source.Source<unknown>, { awaitSynced, ready }: Source.Started) {
    waiting.set(source.name, "no answer yet")
    yield* ready.pipe(
      Effect.catch((error) => {
        waiting.set(source.name, error.message)
        return Effect.logWarning("the controller waits for a cache", error.message)
      })
    )
    yield* awaitSynced
    waiting.delete(source.name)
  })
  yield* Effect.forEach(sources, (source, index) => {
    const it = started[index]
    return it === undefined ? Effect.void : one(source, it)
  }, { concurrency: "unbounded", discard: true }).pipe(
    Effect.annotateLogs({ controller: name }),
    Effect.timeoutOrElse({
      duration: timeout,
      orElse: () =>
        Effect.fail(
          new ControllerError({
            controller: name,
            description: `its caches did not sync within ${Duration.format(Duration.fromInputUnsafe(timeout))}: ${
              Array.from(waiting, ([source, why]) => `${source} (${why})`).join(", ")
            }`
          })
        )
    })
  )
})

/**
 * A controller could not begin: what it watches did not sync in time. The description names each kind that is missing
 * and why, as a permission that the user lacks.
 *
 * @category errors
 * @since 0.1.0
 */
export class ControllerError
  extends Schema.TaggedError<ControllerError>("effect-kubernetes/Controller/ControllerError")(
    "ControllerError",
    { controller: Schema.String, description: Schema.String }
  )
{
  override get message(): string {
    return `controller ${this.controller}: ${this.description}`
  }
}
