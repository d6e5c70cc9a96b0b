/**
 * A queue of keys for controllers: a key is in it once, is in the hands of one worker at a time, and comes again if it
 * was added meanwhile. client-go's three queues (deduplicating, delaying, rate limiting) and controller-runtime's
 * priority queue in one.
 *
 * Informer handlers feed it with keys, never objects; a controller empties it with `process`. It does not know what a
 * key means, and its memory is bounded by the number of distinct keys.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as DelayHeap from "./internal/delayHeap.ts"
import * as State from "./internal/state.ts"
import * as RateLimiter from "./RateLimiter.ts"
import * as WorkQueueMetrics from "./WorkQueueMetrics.ts"

/**
 * How a key is added.
 *
 * @category models
 * @since 0.1.0
 */
export interface AddOptions {
  /**
   * Higher goes first; equals go in the order they became ready. 0 by default. A key that waits can be raised by being
   * added again, never lowered.
   */
  readonly priority?: number
}

/**
 * The priority for what nobody waits for: the objects of an initial list, and resyncs. controller-runtime's
 * `handler.LowPriority`.
 *
 * @category constants
 * @since 0.1.0
 */
export const lowPriority = -100

/**
 * The side of the queue that event handlers need.
 *
 * After shutdown nothing is added any more.
 *
 * @category models
 * @since 0.1.0
 */
export interface Enqueue<in K> {
  /**
   * Marks a key as needing work. Nothing changes while it waits, except that its priority may rise; a key that is being
   * processed comes again afterwards.
   */
  readonly add: (key: K, options?: AddOptions) => Effect.Effect<void>
  /** Adds many keys in one step: cheaper than one by one, as for an array of watch events. */
  readonly addAll: (keys: Iterable<K>, options?: AddOptions) => Effect.Effect<void>
  /**
   * Adds a key when the delay has passed on the Clock; at once where that is zero or negative. Of several delays for a
   * key the earliest counts. A key that is added meanwhile is processed then, and again when the delay has passed.
   */
  readonly addAfter: (key: K, delay: Duration.Input, options?: AddOptions) => Effect.Effect<void>
  /**
   * Adds a key when the rate limit allows it, and counts a failure of it. Answers the delay; none where the key's
   * schedule has ended: the key is then given up, forgotten and not added.
   */
  readonly addRateLimited: (key: K, options?: AddOptions) => Effect.Effect<Option.Option<Duration.Duration>>
  /** Starts the rate limit of a key afresh, as after a success. Does not take the key out of the queue. */
  readonly forget: (key: K) => Effect.Effect<void>
  /** `forget` in the middle of a step of the caller's own. */
  readonly forgetUnsafe: (key: K) => void
  /** How often a key was added by `addRateLimited` since it was forgotten. */
  readonly requeues: (key: K) => Effect.Effect<number>
}

/**
 * How many workers `process` and `stream` have.
 *
 * @category models
 * @since 0.1.0
 */
export interface ProcessOptions {
  /** How many keys are handled at a time: a whole number from 1; 1 by default, and for anything else. */
  readonly concurrency?: number
}

/**
 * The side of the queue that workers need. Each of its three forms holds the same promise, whatever interrupts it: no
 * key is with two workers at a time, and a key leaves the queue only when its handling succeeded. One whose handling
 * failed, died or was interrupted is ready again.
 *
 * @category models
 * @since 0.1.0
 */
export interface Dequeue<out K> {
  /**
   * Handles keys until the queue is shut down and empty. The first handler that fails ends it with its error and
   * interrupts the others, so a handler that can fail catches, and calls `addRateLimited`.
   *
   * The handler's second argument is the priority the key had, for adding it again with the same.
   */
  readonly process: <X, E, R>(
    handler: (key: K, priority: number) => Effect.Effect<X, E, R>,
    options?: ProcessOptions
  ) => Effect.Effect<void, E, R>
  /**
   * `process` as the Stream of what its handler returns. A key stays in its worker's hands until its result was
   * accepted downstream, so a slow consumer slows the workers and loses nothing. Ends when the queue is shut down and
   * empty.
   */
  readonly stream: <A, E, R>(
    handler: (key: K, priority: number) => Effect.Effect<A, E, R>,
    options?: ProcessOptions
  ) => Stream.Stream<A, E, R>
  /**
   * Takes one key for as long as the scope is open: its exit decides whether the key is done or ready again. Fails with
   * `Cause.Done` once the queue is shut down and empty.
   */
  readonly take: Effect.Effect<K, Cause.Done, Scope.Scope>
}

/**
 * A work queue.
 *
 * @category models
 * @since 0.1.0
 */
export interface WorkQueue<in out K> extends Enqueue<K>, Dequeue<K> {
  readonly name: string
  /** How many keys are ready: neither delayed nor being processed. */
  readonly size: Effect.Effect<number>
  readonly isShutdown: Effect.Effect<boolean>
  /**
   * Ignores what is added from now on and drops what is delayed; workers end when what is ready is done. Does not wait;
   * also ends the waiting of `shutdownWithDrain`.
   */
  readonly shutdown: Effect.Effect<void>
  /**
   * As `shutdown`, and waits until every key that was ready or being processed is done. From within a handler it would
   * wait for itself.
   */
  readonly shutdownWithDrain: Effect.Effect<void>
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Options<in K, out R = never> {
  /**
   * The name in the metrics. Without one there are no metrics, as in client-go. Two queues of one name at a time show
   * only the later one.
   */
  readonly name?: string
  /** The label `controller` of the metrics; the name by default, as in controller-runtime. */
  readonly controller?: string
  /**
   * The delays of `addRateLimited`: a schedule that is driven once per key and started afresh by `forget`.
   * `RateLimiter.controllerDefault` by default: 5 ms doubling to 1000 s, at most 10 per second with a burst of 100.
   */
  readonly rateLimit?: RateLimiter.KeySchedule<K, R>
  /**
   * How long a key may wait behind higher priorities; of those that waited longer, the oldest is every tenth to be
   * taken, so that nothing starves and a backlog does not crowd out what is urgent. 30 s by default.
   */
  readonly ageing?: Duration.Input
}

interface Waiter {
  readonly fiber: Fiber.Fiber<unknown, unknown>
  readonly resume: (effect: Effect.Effect<void>) => void
}

const priorityOf = (options: AddOptions | undefined): number => {
  const priority = options?.priority
  return priority === undefined || Number.isNaN(priority) ? 0 : priority
}

const concurrencyOf = (options: ProcessOptions | undefined): number => {
  const concurrency = options?.concurrency ?? 1
  return Number.isSafeInteger(concurrency) && concurrency > 0 ? concurrency : 1
}

/** Delayed keys that become ready in one step, so that a million of them do not block the process. */
const batchSize = 4096

/**
 * Makes a queue that lives until the scope closes. Then whatever it still holds is dropped, workers and waiters end,
 * and its metrics are gone.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*<K = string, R = never>(
  options: Options<K, R> = {}
): Effect.fn.Return<WorkQueue<K>, never, Scope.Scope | R> {
  const clock = yield* Clock.Clock
  const limiter = options.rateLimit === undefined
    ? yield* RateLimiter.make<K>(yield* RateLimiter.controllerDefault)
    : yield* RateLimiter.make<K, R>(options.rateLimit)
  // Nanoseconds fit a double for 104 days of uptime, and lose single nanoseconds after.
  const now = (): number => Number(clock.monotonicTimeNanosUnsafe())
  const ageing = Duration.toMillis(Duration.fromInputUnsafe(options.ageing ?? "30 seconds")) * 1e6
  const state = State.make<K>(now, ageing)
  const delays = DelayHeap.make<K>()
  const name = options.name ?? ""
  const seen = name === ""
    ? undefined
    : yield* WorkQueueMetrics.register(state, { name, controller: options.controller ?? name })

  // Workers and takers that wait for a key. They are woken, not handed a key, and woken until nobody waits or nothing is
  // ready: one that is interrupted between waking and taking has nothing to lose and nothing to pass on.
  let waiters: Array<Waiter> = []
  let drainers: Array<Waiter> = []
  let isWaking = false
  let isShutdown = false
  let wakeTimer: (() => void) | undefined

  const mustWait = (): boolean => !isShutdown && state.size() === 0

  const release = () => {
    isWaking = false
    while (waiters.length > 0 && !mustWait()) waiters.shift()?.resume(Effect.void)
  }

  /** Through the dispatcher: resuming at once would run a worker on the stack of whoever adds a key. */
  const wake = () => {
    const first = waiters[0]
    if (isWaking || first === undefined) return
    isWaking = true
    first.fiber.currentDispatcher.scheduleTask(release, 0)
  }

  const awaitReady: Effect.Effect<void> = Effect.withFiber((fiber) =>
    Effect.callback<void>((resume) => {
      // The fiber may have yielded since it looked.
      if (!mustWait()) return resume(Effect.void)
      const waiter: Waiter = { fiber, resume }
      waiters.push(waiter)
      return Effect.sync(() => {
        waiters = waiters.filter((other) => other !== waiter)
      })
    })
  )

  let lastPriority = 0
  const addUnsafe = (key: K, priority: number, at = -1) => {
    if (isShutdown) return
    if (priority !== lastPriority) {
      lastPriority = priority
      seen?.(priority)
    }
    if (state.add(key, priority, at)) wake()
  }

  const done = (entry: State.Entry<K>, putBack: boolean, at: number) => {
    if (state.done(entry, putBack, at)) wake()
    else if (drainers.length > 0 && state.isIdle()) releaseDrainers()
  }

  const releaseDrainers = () => {
    for (const { fiber, resume } of drainers) fiber.currentDispatcher.scheduleTask(() => resume(Effect.void), 0)
    drainers = []
  }

  const addAfterUnsafe = (key: K, delay: Duration.Duration, priority: number) => {
    if (isShutdown) return
    state.countRetry()
    const millis = Duration.toMillis(delay)
    // No finer than a microsecond: less than that gets lost in a clock that counts milliseconds since 1970.
    const nanos = Math.max(1, Math.round(millis * 1e3)) * 1e3
    if (millis <= 0) addUnsafe(key, priority)
    else if (delays.add(key, now() + nanos, priority)) wakeTimer?.()
  }

  const timer: Effect.Effect<never> = Effect.forever(Effect.suspend(() => {
    if (delays.takeDue(now(), batchSize, addUnsafe) === batchSize) return Effect.yieldNow
    const next = delays.next()
    const poked = Effect.withFiber((fiber) =>
      Effect.callback<void>((resume) => {
        // The fiber may have yielded since it looked.
        if (delays.next() < next) return resume(Effect.void)
        // Once for all the keys of one turn, and not on the stack of whoever adds them.
        wakeTimer = () => {
          wakeTimer = undefined
          fiber.currentDispatcher.scheduleTask(() => resume(Effect.void), 0)
        }
        return Effect.sync(() => {
          wakeTimer = undefined
        })
      })
    )
    return next === Infinity ? poked : Effect.raceFirst(clock.sleep(Duration.millis((next - now()) / 1e6)), poked)
  }))

  // The finalizer is installed once per worker and not once per key, and what it must put back is set in the same step
  // that takes the key: there is no moment at which an interruption finds a key that nobody answers for.
  const worker = <X, E, R>(handler: (key: K, priority: number) => Effect.Effect<X, E, R>): Effect.Effect<void, E, R> =>
    Effect.suspend(() => {
      let current: State.Entry<K> | undefined
      let at = -1
      const loop = Effect.whileLoop<unknown, E, R>({
        while: () => !isShutdown || state.size() > 0,
        body: () => {
          const entry = state.take(at < 0 ? now() : at)
          at = -1
          if (entry === undefined) return awaitReady
          current = entry
          return handler(entry.key, entry.priority)
        },
        step: () => {
          if (current === undefined) return
          // One look at the clock serves the end of this key and the start of the next.
          at = now()
          done(current, false, at)
          current = undefined
        }
      })
      return Effect.onExit(loop, () =>
        Effect.sync(() => {
          if (current !== undefined) done(current, true, now())
        }))
    })

  const process: Dequeue<K>["process"] = (handler, options) => {
    const concurrency = concurrencyOf(options)
    return concurrency === 1
      ? worker(handler)
      : Effect.forEach(Array.from({ length: concurrency }), () => worker(handler), { concurrency, discard: true })
  }

  const stream: Dequeue<K>["stream"] = <A, E, R>(
    handler: (key: K, priority: number) => Effect.Effect<A, E, R>,
    options?: ProcessOptions
  ) =>
    Stream.callback<A, E, R>(
      (results) =>
        process((key, priority) => Effect.flatMap(handler(key, priority), (a) => Queue.offer(results, a)), options)
          .pipe(Effect.andThen(Queue.end(results))),
      { bufferSize: 0, strategy: "suspend" }
    )

  const take: Dequeue<K>["take"] = Effect.uninterruptibleMask((restore) => {
    const wait = restore(awaitReady)
    const loop: Effect.Effect<K, Cause.Done, Scope.Scope> = Effect.suspend(() => {
      const entry = state.take(now())
      if (entry === undefined) return isShutdown ? Cause.done() : Effect.flatMap(wait, () => loop)
      return Effect.as(
        Effect.addFinalizer((exit) => Effect.sync(() => done(entry, !Exit.isSuccess(exit), now()))),
        entry.key
      )
    })
    return loop
  })

  const close = () => {
    isShutdown = true
    delays.clear()
    wake()
  }

  const shutdown = Effect.sync(() => {
    close()
    releaseDrainers()
  })

  yield* Effect.addFinalizer(() => Effect.andThen(Effect.sync(state.clear), shutdown))
  yield* Effect.forkScoped(timer)

  return {
    name,
    add: (key, options) => Effect.sync(() => addUnsafe(key, priorityOf(options))),
    addAll: (keys, options) =>
      Effect.sync(() => {
        const priority = priorityOf(options)
        const at = now()
        for (const key of keys) addUnsafe(key, priority, at)
      }),
    addAfter: (key, delay, options) =>
      Effect.sync(() => addAfterUnsafe(key, Duration.fromInputUnsafe(delay), priorityOf(options))),
    addRateLimited: (key, options) =>
      Effect.map(limiter.when(key), (delay) => {
        if (Option.isSome(delay)) addAfterUnsafe(key, delay.value, priorityOf(options))
        return delay
      }),
    forget: limiter.forget,
    forgetUnsafe: limiter.forgetUnsafe,
    requeues: limiter.requeues,
    process,
    stream,
    take,
    size: Effect.sync(() => state.size()),
    isShutdown: Effect.sync(() => isShutdown),
    shutdown,
    shutdownWithDrain: Effect.withFiber((fiber) =>
      Effect.callback<void>((resume) => {
        close()
        if (state.isIdle()) return resume(Effect.void)
        const drainer: Waiter = { fiber, resume }
        drainers.push(drainer)
        return Effect.sync(() => {
          drainers = drainers.filter((other) => other !== drainer)
        })
      })
    )
  }
})
