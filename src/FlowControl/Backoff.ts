/**
 * How long to leave each key alone after its failures: client-go's flowcontrol.Backoff.
 *
 * A wait doubles with each failure up to a limit, and starts afresh when the key has been quiet for twice that limit.
 * It answers questions and waits for nothing; a loop over many keys asks it which to skip. For delays in front of a
 * queue see `WorkQueue/RateLimiter`.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as MutableHashMap from "effect/MutableHashMap"
import * as Option from "effect/Option"
import * as Random from "effect/Random"

/**
 * @category models
 * @since 0.1.0
 */
export interface Backoff<in K> {
  /** The key's present wait; zero where it has none. */
  readonly get: (key: K) => Effect.Effect<Duration.Duration>
  /**
   * Counts a failure and answers the wait it earns: `initial` for the first one and for one whose event came longer
   * than `resetAfter` after the last, else twice the wait before, jitter added, at most `max`.
   *
   * @param eventTime when the failure happened; now by default.
   */
  readonly next: (key: K, eventTime?: DateTime.DateTime) => Effect.Effect<Duration.Duration>
  /** Whether less than the key's wait has passed from `eventTime` until now. */
  readonly isInBackoffSince: (key: K, eventTime: DateTime.DateTime) => Effect.Effect<boolean>
  /**
   * Whether less than the key's wait has passed from its last failure until `eventTime`.
   *
   * @param eventTime now by default.
   */
  readonly isInBackoffSinceUpdate: (key: K, eventTime?: DateTime.DateTime) => Effect.Effect<boolean>
  /** Forgets a key, as after a success. */
  readonly reset: (key: K) => Effect.Effect<void>
  /**
   * Forgets the keys that have been quiet for longer than `resetAfter`; how many. `next` does so by itself whenever the
   * number of keys has doubled, so calling it is needed only to give memory back at a time of one's choice.
   */
  readonly gc: Effect.Effect<number>
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** The wait after the first failure. */
  readonly initial: Duration.Input
  /** The longest wait. */
  readonly max: Duration.Input
  /** Adds up to this fraction of the wait before, at random. 0 by default: no jitter. */
  readonly jitter?: number
  /** How long without failure makes a key start afresh. Twice `max` by default, as in client-go. */
  readonly resetAfter?: Duration.Input
}

interface Entry {
  wait: number
  updatedAt: number
}

/** No sweep below this many keys. */
const minimumSweep = 256

/**
 * Makes an empty Backoff. Keys are compared by structure.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*<K = string>(options: Options): Effect.fn.Return<Backoff<K>> {
  const clock = yield* Clock.Clock
  const initial = Duration.toMillis(Duration.fromInputUnsafe(options.initial))
  const max = Duration.toMillis(Duration.fromInputUnsafe(options.max))
  const resetAfter = options.resetAfter === undefined
    ? max * 2
    : Duration.toMillis(Duration.fromInputUnsafe(options.resetAfter))
  const jitter = options.jitter ?? 0
  const entries = MutableHashMap.empty<K, Entry>()
  let sweepAt = minimumSweep

  const now = (): number => clock.currentTimeMillisUnsafe()
  const find = (key: K): Entry | undefined => Option.getOrUndefined(MutableHashMap.get(entries, key))
  const hasExpired = (entry: Entry, at: number): boolean => at - entry.updatedAt > resetAfter

  const sweep = (): number => {
    const at = now()
    const expired = Array.from(entries).filter(([, entry]) => hasExpired(entry, at))
    for (const [key] of expired) MutableHashMap.remove(entries, key)
    sweepAt = Math.max(minimumSweep, MutableHashMap.size(entries) * 2)
    return expired.length
  }

  const fail = (key: K, eventTime: DateTime.DateTime | undefined, random: number): Duration.Duration => {
    const at = now()
    const entry = find(key)
    if (entry === undefined || hasExpired(entry, eventTime === undefined ? at : DateTime.toEpochMillis(eventTime))) {
      const wait = Math.min(max, initial * (1 + random * jitter))
      MutableHashMap.set(entries, key, { wait, updatedAt: at })
      if (MutableHashMap.size(entries) >= sweepAt) sweep()
      return Duration.millis(wait)
    }
    entry.wait = Math.min(max, entry.wait * (2 + random * jitter))
    entry.updatedAt = at
    return Duration.millis(entry.wait)
  }

  const isIn = (key: K, eventTime: number, elapsed: (entry: Entry) => number): boolean => {
    const entry = find(key)
    return entry !== undefined && !hasExpired(entry, eventTime) && elapsed(entry) < entry.wait
  }

  return {
    get: (key) => Effect.sync(() => Duration.millis(find(key)?.wait ?? 0)),
    next: (key, eventTime) =>
      jitter > 0
        ? Effect.map(Random.next, (random) => fail(key, eventTime, random))
        : Effect.sync(() => fail(key, eventTime, 0)),
    isInBackoffSince: (key, eventTime) =>
      Effect.sync(() => {
        const since = DateTime.toEpochMillis(eventTime)
        return isIn(key, since, () => now() - since)
      }),
    isInBackoffSinceUpdate: (key, eventTime) =>
      Effect.sync(() => {
        const at = eventTime === undefined ? now() : DateTime.toEpochMillis(eventTime)
        return isIn(key, at, (entry) => at - entry.updatedAt)
      }),
    reset: (key) =>
      Effect.sync(() => {
        MutableHashMap.remove(entries, key)
      }),
    gc: Effect.sync(sweep)
  }
})
