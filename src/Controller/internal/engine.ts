/**
 * What runs inside a controller: from work that sources deliver, through the queue, to what became of each request.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Random from "effect/Random"
import * as References from "effect/References"
import type * as EffectScope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import type { InformerFactory } from "../../Informer/InformerFactory.ts"
import { isApiError } from "../../Machinery/ApiError.ts"
import type { KubeObject, Scope } from "../../Machinery/Resource.ts"
import * as WriteObserver from "../../Watch/WriteObserver.ts"
import * as WorkQueue from "../../WorkQueue/WorkQueue.ts"
import type { Options, Running } from "../Controller.ts"
import * as ControllerMetrics from "../ControllerMetrics.ts"
import * as Partition from "../Partition.ts"
import { type Ending, type Outcome, type Request, type Result, TerminalError } from "../Reconciler.ts"
import type * as Source from "../Source.ts"
import * as Authorship from "./authorship.ts"
import * as Pending from "./pending.ts"
import * as Readiness from "./readiness.ts"
import * as Tracing from "./tracing.ts"

export const start = Effect.fnUntraced(function*<A extends KubeObject, S extends Scope, E, R, RS>(
  name: string,
  sources: ReadonlyArray<Source.Source<RS | InformerFactory>>,
  options: Options<A, S, E, R, RS>
): Effect.fn.Return<
  Running<S, Exclude<E, TerminalError>, R>,
  never,
  RS | InformerFactory | EffectScope.Scope
> {
  type Failure = Exclude<E, TerminalError>
  const asked = options.concurrency ?? 1
  const concurrency = Number.isFinite(asked) ? Math.max(1, Math.floor(asked)) : 1
  const awaitWrites = Duration.fromInputUnsafe(options.awaitWrites ?? "5 seconds")
  const clock = yield* Clock.Clock
  const partition = yield* Partition.Partition
  const running = new Set<Run<S>>()
  const metrics = yield* ControllerMetrics.make({ controller: name, concurrency, active: () => running.size })
  const queue = yield* WorkQueue.make<string>({
    name,
    ...(options.rateLimit === undefined ? {} : { rateLimit: options.rateLimit })
  })
  const pending = Pending.make()
  const authorship = Authorship.make()
  const idle = yield* Latch.make(true)
  let isDraining = false
  const spanName = `reconcile ${name}`
  const id = (yield* Random.nextIntBetween(0, 0xffffffff)).toString(16).padStart(8, "0")
  let reconciled = 0

  const enqueue = (keys: ReadonlyArray<string>, priority: number) =>
    options.debounce === undefined
      ? queue.addAll(keys, { priority })
      : Effect.forEach(keys, (key) => queue.addAfter(key, options.debounce ?? 0, { priority }), { discard: true })

  const deliver = (all: ReadonlyArray<Source.Work>): Effect.Effect<void> =>
    Effect.suspend(() => {
      const byPriority = new Map<number, Array<string>>()
      let last: number | undefined
      let keys: Array<string> = []
      for (const work of all) {
        const { isBackground, key, priority, reason, seen, span } = work
        if (!partition.isOwn(key)) continue
        pending.addReason(key, reason)
        pending.addSpan(key, span ?? authorship.of(seen))
        const chosen = priority ?? (isBackground ? WorkQueue.lowPriority : 0)
        if (chosen !== last) {
          last = chosen
          keys = byPriority.get(chosen) ?? []
          byPriority.set(chosen, keys)
        }
        keys.push(key)
      }
      if (byPriority.size === 1 && last !== undefined) return enqueue(keys, last)
      return Effect.forEach(
        Array.from(byPriority).toSorted(([left], [right]) => right - left),
        ([priority, keys]) => enqueue(keys, priority),
        { discard: true }
      )
    })

  // Side by side, and not waited for: one that never starts must not keep the rest from being told of.
  const started: Array<Source.Started> = []
  const starting = yield* Effect.forEach(sources, (source) =>
    Effect.forkScoped(
      Effect.tap(source.start(deliver), (one) => Effect.sync(() => started.push(one))),
      { startImmediately: true }
    ))
  const readiness = Readiness.make(name, sources, starting, options.cacheSyncTimeout ?? "2 minutes")

  // What happened to these keys before they were this replica's own was dropped, so each is due once.
  const replay = Effect.fnUntraced(function*(isGained: (key: string) => boolean) {
    const all = yield* Effect.forEach(started, (one) => one.replay ?? Effect.succeed([]))
    const keys = new Set(all.flat().flatMap(({ key }) => isGained(key) ? [key] : []))
    yield* deliver(
      Array.from(keys, (key) => ({ key, reason: { _tag: "Gained" as const }, isBackground: true }))
    )
  })
  yield* Effect.forkScoped(Stream.runForEach(partition.gains, replay))

  const watching = (write: WriteObserver.Write) =>
    started.flatMap(({ kind }) =>
      kind !== undefined && kind.group === write.group && kind.plural === write.plural ? [kind] : []
    )

  const awaitOwnWrites = (key: string): Effect.Effect<void> | undefined => {
    const writes = pending.takeWrites(key)
    if (writes.length === 0) return undefined
    return Effect.forEach(
      writes.flatMap((write) => watching(write).map((kind) => [write, kind] as const)),
      ([write, kind]) => kind.awaitWrite(write, { timeout: awaitWrites }),
      { discard: true }
    ).pipe(
      // Whoever runs the key next waits for them again.
      Effect.onInterrupt(() =>
        Effect.sync(() => {
          for (const write of writes) pending.addWrite(key, write)
        })
      )
    )
  }

  const elapsed = (run: Run<S>): bigint => clock.monotonicTimeNanosUnsafe() - run.startedAt

  /** The last step of a reconcile, whatever became of it. */
  const end = (run: Run<S>, exit: Exit.Exit<unknown, unknown>): void => {
    running.delete(run)
    if (running.size === 0) idle.openUnsafe()
    if (run.span !== undefined) run.worker.spans.end(run.span, exit)
    if (run.fiber !== undefined && run.outside !== undefined) run.fiber.setContext(run.outside)
  }

  const ended = (
    run: Run<S>,
    took: bigint,
    exit: Exit.Exit<unknown, unknown>,
    ending: Ending<Failure>
  ): Outcome<S, Failure> | undefined => {
    metrics.observe(ending._tag, took)
    end(run, exit)
    if (!run.worker.isObserved || run.request === undefined) return undefined
    return { ...ending, request: run.request, duration: Duration.nanos(took) }
  }

  const again = ({ key, priority, span }: Run<S>, reason: "Retry" | "Requeue", asked = priority) =>
    Effect.map(queue.addRateLimited(key, { priority: asked }), (delay) => {
      if (Option.isNone(delay)) return undefined
      pending.addReason(key, { _tag: reason })
      pending.addSpan(key, span)
      return delay.value
    })

  const succeeded = (run: Run<S>, result: Result | void): Effect.Effect<Outcome<S, Failure> | undefined> => {
    const { key, priority, span } = run
    const took = elapsed(run)
    if (result?._tag === "Requeue") {
      const exit = Exit.succeed(result)
      return Effect.map(again(run, "Requeue", result.priority), () => ended(run, took, exit, result))
    }
    queue.forgetUnsafe(key)
    // Where nothing is expected anything may come: a function that returns a value is assignable to one that does not.
    if (result?._tag !== "RequeueAfter") return Effect.succeed(ended(run, took, Exit.void, success))
    const exit = Exit.succeed(result)
    pending.addReason(key, { _tag: "RequeueAfter" })
    pending.addSpan(key, span)
    return Effect.map(
      queue.addAfter(key, result.delay, { priority: result.priority ?? priority }),
      () => ended(run, took, exit, result)
    )
  }

  const late = Effect.fnUntraced(function*(run: Run<S>) {
    const took = elapsed(run)
    yield* Effect.logError("the reconcile took too long")
    const retryAfter = yield* again(run, "Retry")
    return ended(run, took, Exit.interrupt(), { _tag: "Timeout", retryAfter })
  })

  const failed = Effect.fnUntraced(function*(run: Run<S>, cause: Cause.Cause<E>) {
    const took = elapsed(run)
    const exit = Exit.failCause(cause)
    const error = Cause.findErrorOption(cause)
    if (Option.isNone(error)) {
      yield* Effect.logError("the reconciler died", cause)
      const retryAfter = yield* again(run, "Retry")
      // Without a failure in it the cause holds nothing of type E.
      return ended(run, took, exit, { _tag: "Defect", cause: cause as Cause.Cause<never>, retryAfter })
    }
    if (error.value instanceof TerminalError) {
      yield* Effect.logError("the reconcile failed and will not be retried", cause)
      queue.forgetUnsafe(run.key)
      return ended(run, took, exit, { _tag: "TerminalFailure", error: error.value })
    }
    const retryAfter = yield* again(run, "Retry")
    // Where several write, one of them is late now and then, and the retry mends it: no error to wake anybody for.
    const line = isApiError(error.value) && error.value.reason._tag === "Conflict"
      ? Effect.logInfo("the reconcile met a conflict and runs again", error.value.message)
      : Effect.logError("the reconcile failed", cause)
    yield* Effect.annotateLogs(line, { retryAfter: retryAfter === undefined ? "never" : Duration.format(retryAfter) })
    return ended(run, took, exit, { _tag: "Failure", error: error.value as Failure, retryAfter })
  })

  // Of a key that is another's nothing is kept: neither why it was queued nor how often it failed.
  const letGo = (key: string): void => {
    pending.drop(key)
    queue.forgetUnsafe(key)
  }

  const annotationsOf = (request: Request<S>) => {
    const reconcileID = `${id}-${reconciled++}`
    return request.namespace === undefined
      ? { controller: name, name: request.name, reconcileID }
      : { controller: name, namespace: request.namespace, name: request.name, reconcileID }
  }

  /** What the fiber of one reconcile knows. */
  const inside = (outside: Context.Context<R>, request: Request<S>, span: Tracer.Span): Context.Context<R> => {
    const observe = (write: WriteObserver.Write): void => {
      // Writes to kinds that no source watches are not waited for: no cache will ever see them.
      if (watching(write).length === 0) return
      pending.addWrite(request.key, write)
      authorship.remember(write, span)
    }
    const annotations = Context.get(outside, References.CurrentLogAnnotations)
    // The span first: a context keeps what it derives from its span, and the next two share that.
    const spanned = Context.add(outside, Tracer.ParentSpan, span)
    const observed = Context.add(spanned, WriteObserver.WriteObserver, observe)
    return Context.add(observed, References.CurrentLogAnnotations, { ...annotations, ...annotationsOf(request) })
  }

  const attempt = (run: Run<S>, request: Request<S>): Effect.Effect<Outcome<S, Failure> | undefined, never, R> => {
    const reconcile = Effect.suspend(() => options.reconcile(request))
    const onFailure = (cause: Cause.Cause<E>) => failed(run, cause)
    return options.timeout === undefined
      ? Effect.matchCauseEffect(reconcile, { onFailure, onSuccess: (result) => succeeded(run, result) })
      : Effect.matchCauseEffect(Effect.timeoutOption(reconcile, options.timeout), {
        onFailure,
        onSuccess: (result) => Option.isNone(result) ? late(run) : succeeded(run, result.value)
      })
  }

  const reconcile = (run: Run<S>): Effect.Effect<Outcome<S, Failure> | undefined, never, R> =>
    Effect.withFiber((fiber) => {
      const { key } = run
      const request = requestOf<S>(key, pending.takeReasons(key))
      const span = run.worker.spans.start(pending.takeSpans(key))
      span.attribute("controller", name)
      if (request.namespace !== undefined) span.attribute("k8s.namespace.name", request.namespace)
      span.attribute("k8s.object.name", request.name)
      // A worker's fiber has what its workers are provided with.
      const outside = fiber.context as Context.Context<R>
      run.request = request
      run.span = span
      run.startedAt = clock.monotonicTimeNanosUnsafe()
      // `Effect.updateContext` would restore it by a finalizer, at three times the price. Here `end` does, which every
      // reconcile comes to but one that is interrupted, and with that its fiber is at its end.
      run.fiber = fiber
      run.outside = outside
      fiber.setContext(inside(outside, request, span))
      return attempt(run, request)
    })

  const unlessDraining = (run: Run<S>): Effect.Effect<Outcome<S, Failure> | undefined, never, R> =>
    Effect.suspend(() => {
      if (!isDraining) return reconcile(run)
      end(run, Exit.void)
      return Effect.undefined
    })

  const held = (run: Run<S>, once: Effect.Effect<Outcome<S, Failure> | undefined, never, R>) =>
    Effect.flatMap(partition.hold(run.key, once), (outcome): Effect.Effect<Outcome<S, Failure> | undefined> => {
      if (Option.isSome(outcome)) return Effect.succeed(outcome.value)
      const { key, request } = run
      letGo(key)
      if (request === undefined) {
        end(run, Exit.void)
        return Effect.undefined
      }
      const handedOver = ended(run, elapsed(run), Exit.interrupt(), { _tag: "HandedOver" })
      return Effect.logWarning("the reconcile was interrupted: its key is handed over to another replica").pipe(
        Effect.annotateLogs(annotationsOf(request)),
        Effect.as(handedOver)
      )
    })

  /** The path of every key, in as few steps of the runtime as its promises allow (`npm run bench -- reconcile`). */
  const handle = (
    key: string,
    priority: number,
    worker: Worker
  ): Effect.Effect<Outcome<S, Failure> | undefined, never, R> =>
    Effect.suspend(() => {
      if (isDraining) return Effect.undefined
      if (!partition.isOwn(key)) {
        letGo(key)
        return Effect.undefined
      }
      const run = begin<S>(key, priority, worker)
      running.add(run)
      idle.closeUnsafe()
      const waiting = awaitOwnWrites(key)
      const once = waiting === undefined ? reconcile(run) : Effect.andThen(waiting, unlessDraining(run))
      return partition === Partition.all ? once : held(run, once)
    })

  const work = <X>(
    isObserved: boolean,
    handler: (key: string, priority: number, worker: Worker) => Effect.Effect<X, never, R>
  ): Effect.Effect<void, never, R> =>
    Effect.flatMap(Tracing.make(spanName), (spans) => {
      const worker: Worker = { spans, isObserved }
      const workers = queue.process((key, priority) => handler(key, priority, worker), { concurrency })
      // What a worker that is interrupted leaves behind is ended here: once for all keys, where a finalizer of each one's
      // own would cost a reconcile as much as all the rest.
      return Effect.onExit(Effect.updateContext(workers, flattened<R>), (exit) =>
        Effect.sync(() => {
          for (const run of running) if (run.worker === worker) end(run, exit)
        }))
    })

  return {
    awaitSynced: readiness.awaitSynced,
    problems: readiness.problems,
    process: work(false, handle),
    outcomes: Stream.callback<Outcome<S, Failure>, never, R>(
      // A slow consumer slows the workers: nothing waits between them.
      (outcomes) =>
        Effect.andThen(
          work(true, (key, priority, worker) =>
            Effect.flatMap(
              handle(key, priority, worker),
              (outcome) => outcome === undefined ? Effect.void : Queue.offer(outcomes, outcome)
            )),
          Queue.end(outcomes)
        ),
      { bufferSize: 0, strategy: "suspend" }
    ),
    drain: Effect.suspend(() => {
      isDraining = true
      return Effect.andThen(queue.shutdown, idle.await)
    })
  }
})

/** What all reconciles of one run of the workers share. */
interface Worker {
  readonly spans: Tracing.Spans
  /** Whether somebody wants to know what became of them. */
  readonly isObserved: boolean
}

/** One reconcile, from the taking of its key to its end. */
interface Run<S extends Scope> {
  readonly key: string
  readonly priority: number
  readonly worker: Worker
  /** Not yet known while the key waits for its own writes, as are the rest. */
  request: Request<S> | undefined
  span: Tracer.Span | undefined
  startedAt: bigint
  fiber: Fiber.Fiber<unknown, unknown> | undefined
  /** The context of the fiber before and after. */
  outside: Context.Context<never> | undefined
}

const begin = <S extends Scope>(key: string, priority: number, worker: Worker): Run<S> => ({
  key,
  priority,
  worker,
  request: undefined,
  span: undefined,
  startedAt: 0n,
  fiber: undefined,
  outside: undefined
})

const success = { _tag: "Success" } as const

// Every reconcile adds to it and looks things up in it, which is quicker without a past of additions.
const flattened = <R>(context: Context.Context<R>): Context.Context<R> => Context.makeUnsafe(context.mapUnsafe)

const requestOf = <S extends Scope>(key: string, reasons: Request<S>["reasons"]): Request<S> => {
  const slash = key.indexOf("/")
  // A key has a namespace exactly where its kind is namespaced, which is what S says.
  const namespace = (slash < 0 ? undefined : key.slice(0, slash)) as Request<S>["namespace"]
  return { key, name: key.slice(slash + 1), namespace, reasons }
}
