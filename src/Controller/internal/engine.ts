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
import * as Latch from "effect/Latch"
import * as Option from "effect/Option"
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
import { type Outcome, type Request, type Result, TerminalError } from "../Reconciler.ts"
import type * as Source from "../Source.ts"
import * as Authorship from "./authorship.ts"
import * as Pending from "./pending.ts"
import * as Readiness from "./readiness.ts"

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
  const concurrency = Math.max(1, Math.floor(options.concurrency ?? 1) || 1)
  const awaitWrites = Duration.fromInputUnsafe(options.awaitWrites ?? "5 seconds")
  const clock = yield* Clock.Clock
  const partition = yield* Partition.Partition
  const metrics = yield* ControllerMetrics.make({ controller: name, concurrency })
  const queue = yield* WorkQueue.make<string>({
    name,
    ...(options.rateLimit === undefined ? {} : { rateLimit: options.rateLimit })
  })
  const pending = Pending.make()
  const authorship = Authorship.make()
  const idle = yield* Latch.make(true)
  let active = 0
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
      for (const work of all) {
        const { isBackground, key, priority, reason, seen, span } = work
        if (!partition.isOwn(key)) continue
        pending.addReason(key, reason)
        pending.addSpan(key, span ?? authorship.of(seen))
        const chosen = priority ?? (isBackground ? WorkQueue.lowPriority : 0)
        const keys = byPriority.get(chosen)
        if (keys === undefined) byPriority.set(chosen, [key])
        else keys.push(key)
      }
      return byPriority.size === 1
        ? Effect.forEach(byPriority, ([priority, keys]) => enqueue(keys, priority), { discard: true })
        : Effect.forEach(
          Array.from(byPriority).toSorted(([left], [right]) => right - left),
          ([priority, keys]) => enqueue(keys, priority),
          { discard: true }
        )
    })

  const started = yield* Effect.forEach(sources, (source) => source.start(deliver))
  const readiness = Readiness.make(name, sources, started, options.cacheSyncTimeout ?? "2 minutes")

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
      ([write, kind]) => kind.awaitVersion(write.key, write.resourceVersion, { timeout: awaitWrites }),
      { discard: true }
    )
  }

  const attempt = (request: Request<S>): Effect.Effect<Option.Option<Result | void>, E, R> => {
    const run = Effect.suspend(() => options.reconcile(request))
    return options.timeout === undefined ? Effect.asSome(run) : Effect.timeoutOption(run, options.timeout)
  }

  const settle = Effect.fnUntraced(function*(
    request: Request<S>,
    duration: Duration.Duration,
    exit: Exit.Exit<Option.Option<Result | void>, E>,
    priority: number,
    span: Tracer.Span
  ): Effect.fn.Return<Outcome<S, Failure>> {
    const { key } = request
    const again = (reason: "Retry" | "Requeue") =>
      Effect.map(queue.addRateLimited(key, { priority }), (delay) => {
        if (Option.isNone(delay)) return undefined
        pending.addReason(key, { _tag: reason })
        pending.addSpan(key, span)
        return delay.value
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
      pending.addSpan(key, span)
      yield* queue.addAfter(key, result.delay, { priority: result.priority ?? priority })
      return { ...result, request, duration }
    }
    const error = Cause.findErrorOption(exit.cause)
    if (Option.isNone(error)) {
      yield* Effect.logError("the reconciler died", exit.cause)
      // Without a failure in it the cause holds nothing of type E.
      const cause = exit.cause as Cause.Cause<never>
      return { _tag: "Defect", request, duration, cause, retryAfter: yield* again("Retry") }
    }
    if (error.value instanceof TerminalError) {
      yield* Effect.logError("the reconcile failed and will not be retried", exit.cause)
      yield* queue.forget(key)
      return { _tag: "TerminalFailure", request, duration, error: error.value }
    }
    const retryAfter = yield* again("Retry")
    // Where several write, one of them is late now and then, and the retry mends it: no error to wake anybody for.
    const line = isApiError(error.value) && error.value.reason._tag === "Conflict"
      ? Effect.logInfo("the reconcile met a conflict and runs again", error.value.message)
      : Effect.logError("the reconcile failed", exit.cause)
    yield* Effect.annotateLogs(line, { retryAfter: retryAfter === undefined ? "never" : Duration.format(retryAfter) })
    return { _tag: "Failure", request, duration, error: error.value as Failure, retryAfter }
  })

  // Of a key that is another's nothing is kept: neither why it was queued nor how often it failed.
  const letGo = (key: string): Effect.Effect<void> => {
    pending.drop(key)
    return queue.forget(key)
  }

  /** What the fiber of one reconcile knows, put into its context in one step. */
  const around = (request: Request<S>, span: Tracer.Span) => {
    const observe = (write: WriteObserver.Write): void => {
      // Writes to kinds that no source watches are not waited for: no cache will ever see them.
      if (watching(write).length === 0) return
      pending.addWrite(request.key, write)
      authorship.remember(write, span)
    }
    return (context: Context.Context<R>): Context.Context<R> =>
      context.pipe(
        Context.add(Tracer.ParentSpan, span),
        Context.add(WriteObserver.WriteObserver, observe),
        Context.add(References.CurrentLogAnnotations, {
          ...Context.get(context, References.CurrentLogAnnotations),
          ...annotationsOf(request)
        })
      )
  }

  const annotationsOf = ({ name: objectName, namespace }: Request<S>) => ({
    controller: name,
    ...(namespace === undefined ? {} : { namespace }),
    name: objectName,
    reconcileID: `${id}-${reconciled++}`
  })

  const reconcile = (key: string, priority: number): Effect.Effect<Option.Option<Outcome<S, Failure>>, never, R> => {
    let request: Request<S> | undefined
    let startedAt = 0n
    const elapsed = () => Duration.nanos(clock.monotonicTimeNanosUnsafe() - startedAt)
    const now = Effect.suspend(() => {
      const asked = requestOf<S>(key, pending.takeReasons(key))
      request = asked
      const { name: objectName, namespace } = asked
      const span = {
        // A trace of its own: what led here is linked, as it may have been many things.
        root: true,
        links: pending.takeSpans(key).map((span) => ({ span, attributes: {} })),
        attributes: {
          controller: name,
          ...(namespace === undefined ? {} : { "k8s.namespace.name": namespace }),
          "k8s.object.name": objectName
        }
      }
      startedAt = clock.monotonicTimeNanosUnsafe()
      return Effect.useSpan(spanName, span, (span) => {
        const run: Effect.Effect<Outcome<S, Failure>, never, R> = Effect.exit(attempt(asked)).pipe(
          Effect.flatMap((exit) =>
            Exit.isSuccess(exit) && Option.isSome(exit.value) && exit.value.value === undefined
              ? Effect.as(queue.forget(key), { _tag: "Success" as const, request: asked, duration: elapsed() })
              : settle(asked, elapsed(), exit, priority, span)
          ),
          Effect.tap(metrics.observe)
        )
        return Effect.updateContext(run, around(asked, span))
      })
    })
    const once = Effect.suspend(() => {
      const waiting = awaitOwnWrites(key)
      return waiting === undefined ? now : Effect.andThen(waiting, now)
    })
    return Effect.flatMap(partition.hold(key, once), (outcome) => {
      if (Option.isSome(outcome)) return Effect.succeed(outcome)
      if (request === undefined) return Effect.as(letGo(key), Option.none())
      const handedOver: Outcome<S, Failure> = { _tag: "HandedOver", request, duration: elapsed() }
      return Effect.logWarning("the reconcile was interrupted: its key is handed over to another replica").pipe(
        Effect.annotateLogs(annotationsOf(request)),
        Effect.andThen(letGo(key)),
        Effect.as(Option.some(handedOver))
      )
    })
  }

  const handle = (key: string, priority: number): Effect.Effect<Option.Option<Outcome<S, Failure>>, never, R> =>
    Effect.suspend(() => {
      let isCounted = false
      const counted = Effect.suspend(() => {
        if (isDraining) return Effect.succeedNone
        if (!partition.isOwn(key)) return Effect.as(letGo(key), Option.none())
        isCounted = true
        active++
        idle.closeUnsafe()
        metrics.activeUnsafe(1)
        return reconcile(key, priority)
      })
      // Cheaper than to acquire and release, and as safe: the count and its mark are one step.
      return Effect.onExit(counted, () => {
        if (!isCounted) return Effect.void
        active--
        metrics.activeUnsafe(-1)
        if (active === 0) idle.openUnsafe()
        return Effect.void
      })
    })

  return {
    awaitSynced: readiness.awaitSynced,
    problems: readiness.problems,
    process: queue.process(handle, { concurrency }),
    outcomes: Stream.flattenIterable(Stream.map(queue.stream(handle, { concurrency }), Option.toArray)),
    drain: Effect.suspend(() => {
      isDraining = true
      return Effect.andThen(queue.shutdown, idle.await)
    })
  }
})

const requestOf = <S extends Scope>(key: string, reasons: Request<S>["reasons"]): Request<S> => {
  const slash = key.indexOf("/")
  // A key has a namespace exactly where its kind is namespaced, which is what S says.
  const namespace = (slash < 0 ? undefined : key.slice(0, slash)) as Request<S>["namespace"]
  return { key, name: key.slice(slash + 1), namespace, reasons }
}
