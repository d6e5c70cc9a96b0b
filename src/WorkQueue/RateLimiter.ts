/**
 * How long a key waits before it is tried again: any `Schedule`, driven once per key.
 *
 * A limiter keeps one step of the schedule per key that was not forgotten. client-go's limiters are schedules here:
 * `exponential`, `fastSlow`, `bucket`, `maxWait`, and `Schedule.max([…])` for its MaxOf. The queue asks it in
 * `addRateLimited`; it does not wait and knows no queue.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Option from "effect/Option"
import * as Pull from "effect/Pull"
import * as Schedule from "effect/Schedule"
import * as TokenBucket from "../FlowControl/TokenBucket.ts"
import * as KeyMap from "./internal/keyMap.ts"

/**
 * A schedule per key.
 *
 * @category models
 * @since 0.1.0
 */
export interface RateLimiter<in K> {
  /**
   * Counts a try of the key and answers how long it must wait; none where the schedule has ended, and then the key is
   * forgotten. Takes a few microseconds.
   */
  readonly when: (key: K) => Effect.Effect<Option.Option<Duration.Duration>>
  /** Starts the key's schedule afresh. To be called when a key succeeded, or is given up. */
  readonly forget: (key: K) => Effect.Effect<void>
  /** `forget` in the middle of a step of the caller's own. */
  readonly forgetUnsafe: (key: K) => void
  /** How often the key was tried since it was forgotten. */
  readonly requeues: (key: K) => Effect.Effect<number>
}

/**
 * The schedules a limiter takes: their input is the key, their output is of no interest.
 *
 * @category models
 * @since 0.1.0
 */
export type KeySchedule<K, R = never> = Schedule.Schedule<unknown, K, never, R>

/**
 * Makes a limiter that drives one copy of `schedule` for each key, on the `Clock` and `Random` of whoever makes it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*<K, R = never>(
  schedule: KeySchedule<K, R>
): Effect.fn.Return<RateLimiter<K>, never, R> {
  interface Entry {
    readonly step: (now: number, input: K) => Pull.Pull<[unknown, Duration.Duration], never, unknown, R>
    count: number
  }
  const context = yield* Effect.context<R>()
  const clock = yield* Clock.Clock
  const entries = KeyMap.make<K, Entry>()

  const drive = (key: K, entry: Entry): Effect.Effect<Option.Option<Duration.Duration>, never, R> => {
    entry.count++
    return Pull.matchEffect(entry.step(clock.currentTimeMillisUnsafe(), key), {
      onSuccess: ([, delay]) => Effect.succeedSome(delay),
      onFailure: Effect.failCause,
      onDone: () =>
        Effect.sync(() => {
          entries.delete(key)
          return Option.none<Duration.Duration>()
        })
    })
  }

  const when = (key: K): Effect.Effect<Option.Option<Duration.Duration>, never, R> => {
    const known = entries.get(key)
    if (known !== undefined) return drive(key, known)
    return Effect.flatMap(Schedule.toStep(schedule), (step) => {
      // Making the step may have suspended, and another fiber may have been here.
      let entry = entries.get(key)
      if (entry === undefined) {
        entry = { step, count: 0 }
        entries.set(key, entry)
      }
      return drive(key, entry)
    })
  }

  const forgetUnsafe = (key: K): void => {
    entries.delete(key)
  }

  return {
    when: (key) => Effect.provideContext(Effect.suspend(() => when(key)), context),
    forget: (key) => Effect.sync(() => forgetUnsafe(key)),
    forgetUnsafe,
    requeues: (key) => Effect.sync(() => entries.get(key)?.count ?? 0)
  }
})

/**
 * Doubles from `base` to `max` with each try: client-go's ItemExponentialFailureRateLimiter.
 *
 * @category schedules
 * @since 0.1.0
 */
export const exponential = (options?: {
  /** The wait after the first failure. 5 ms by default, as in client-go's controller limiter. */
  readonly base?: Duration.Input
  /** The longest wait. 1000 s by default, as in client-go's controller limiter. */
  readonly max?: Duration.Input
}): Schedule.Schedule<Duration.Duration> =>
  Schedule.exponential(options?.base ?? "5 millis").pipe(maxWait(options?.max ?? "1000 seconds"))

/**
 * Waits `fast` for the first `attempts` tries and `slow` from then on: client-go's ItemFastSlowRateLimiter.
 *
 * @category schedules
 * @since 0.1.0
 */
export const fastSlow = (options: {
  readonly fast: Duration.Input
  readonly slow: Duration.Input
  /** How many tries are fast. */
  readonly attempts: number
}): Schedule.Schedule<number> =>
  Schedule.forever.pipe(
    Schedule.modifyDelay(({ attempt }) => Effect.succeed(attempt <= options.attempts ? options.fast : options.slow))
  )

/**
 * Draws on a token bucket that all keys share: client-go's BucketRateLimiter. A token is reserved at each try, so a
 * burst of failures is spread over time instead of released at once.
 *
 * @category schedules
 * @since 0.1.0
 */
export const bucket = (tokens: TokenBucket.TokenBucket): Schedule.Schedule<Duration.Duration> =>
  Schedule.forever.pipe(
    Schedule.modifyDelay(() => tokens.reserve),
    Schedule.map(({ duration }) => duration)
  )

/**
 * Caps every wait of a schedule: client-go's WithMaxWaitRateLimiter.
 *
 * @category combinators
 * @since 0.1.0
 */
export const maxWait: {
  (max: Duration.Input): <A, I, E, R>(self: Schedule.Schedule<A, I, E, R>) => Schedule.Schedule<A, I, E, R>
  <A, I, E, R>(self: Schedule.Schedule<A, I, E, R>, max: Duration.Input): Schedule.Schedule<A, I, E, R>
} = dual(
  2,
  <A, I, E, R>(self: Schedule.Schedule<A, I, E, R>, max: Duration.Input): Schedule.Schedule<A, I, E, R> => {
    const cap = Duration.fromInputUnsafe(max)
    return Schedule.modifyDelay(self, ({ duration }) => Effect.succeed(Duration.min(duration, cap)))
  }
)

/**
 * client-go's DefaultTypedControllerRateLimiter: the longer of an exponential wait per key (5 ms to 1000 s) and a bucket
 * for all keys (10 per second, burst 100). Each run makes a bucket of its own.
 *
 * @category schedules
 * @since 0.1.0
 */
export const controllerDefault: Effect.Effect<Schedule.Schedule<Duration.Duration>> = Effect.map(
  TokenBucket.make({ qps: 10, burst: 100 }),
  (tokens) => Schedule.max([exponential(), bucket(tokens)])
)
