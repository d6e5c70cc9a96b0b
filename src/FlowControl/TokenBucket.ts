/**
 * A token bucket: `qps` tokens a second, at most `burst` in store, on the Clock.
 *
 * It is client-go's flowcontrol.RateLimiter: the REST client takes a token for each request, and a work queue's rate
 * limit reserves one for each retry. Takers are served in the order they came; one that is interrupted leaves no trace,
 * so those behind it move up.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"

/**
 * @category models
 * @since 0.1.0
 */
export interface TokenBucket {
  /** Tokens per second; `Infinity` where the bucket does not limit. */
  readonly qps: number
  /** The most tokens that can be taken at once. */
  readonly burst: number
  /** Takes a token, waiting for one where none is left, behind all who wait already. */
  readonly take: Effect.Effect<void>
  /** Takes a token if one is left and nobody waits; whether it did. */
  readonly tryTake: Effect.Effect<boolean>
  /**
   * Takes a token from the future and answers how long until it is due, for callers that wait by other means. The
   * store may become negative. Goes before those who wait in `take`.
   */
  readonly reserve: Effect.Effect<Duration.Duration>
}

/**
 * How a bucket fills.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** Tokens per second. Not positive: no limit, as a negative QPS means in client-go's rest.Config. */
  readonly qps: number
  /** The most tokens in store, at least 1. The bucket starts full. */
  readonly burst: number
}

/**
 * A bucket that never limits.
 *
 * @category constructors
 * @since 0.1.0
 */
export const unlimited: TokenBucket = {
  qps: Infinity,
  burst: Infinity,
  take: Effect.void,
  tryTake: Effect.succeed(true),
  reserve: Effect.succeed(Duration.zero)
}

/**
 * A timer cannot hit a fraction of a nanosecond; a token due within a microsecond is there. What is taken early is not
 * gained, since the next one is counted from when this one was due.
 */
const tolerance = 1000

/**
 * Makes a full bucket.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(options: Options): Effect.fn.Return<TokenBucket> {
  if (!(options.qps > 0) || options.qps === Infinity) return unlimited
  const clock = yield* Clock.Clock
  const line = yield* Semaphore.make(1)
  const burst = Math.max(1, options.burst)
  // Never infinite, as the difference of two infinities would be no number.
  const interval = Math.min(1e9 / options.qps, 1e290)
  const store = burst * interval
  // The time at which the bucket is full again (the virtual time of a GCRA), in nanoseconds of the monotonic clock.
  let full = -Infinity
  let waiting = 0

  const now = (): number => Number(clock.monotonicTimeNanosUnsafe())

  /** Nanoseconds until a token is due to one who came at `since`; takes it where that is none. */
  const attempt = (since: number, at: number): number => {
    const next = Math.max(full, since) + interval
    const wait = next - store - at
    if (wait > tolerance) return wait
    full = next
    return 0
  }

  const wait = (since: number): Effect.Effect<void> =>
    Effect.suspend(() => {
      const nanos = attempt(since, now())
      return nanos === 0 ? Effect.void : Effect.flatMap(clock.sleep(Duration.millis(nanos / 1e6)), () => wait(since))
    })

  // The finalizer is there before the place in line is counted: an interruption in between would count it for ever.
  const waitInLine = Effect.suspend(() => {
    let isCounted = false
    const inLine = Effect.suspend(() => {
      isCounted = true
      waiting++
      return line.withPermit(wait(now()))
    })
    return Effect.ensuring(
      inLine,
      Effect.sync(() => {
        if (isCounted) waiting--
      })
    )
  })

  return {
    qps: options.qps,
    burst,
    take: Effect.suspend(() => {
      const at = now()
      return waiting === 0 && attempt(at, at) === 0 ? Effect.void : waitInLine
    }),
    tryTake: Effect.sync(() => {
      const at = now()
      return waiting === 0 && attempt(at, at) === 0
    }),
    reserve: Effect.sync(() => {
      const at = now()
      full = Math.max(full, at) + interval
      return Duration.millis(Math.max(0, full - store - at) / 1e6)
    })
  }
})
