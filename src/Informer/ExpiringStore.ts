/**
 * `ExpiringStore`: objects by key that are there for a while.
 *
 * What has expired is gone for every reader at once and dropped when it is next looked at. For what a cluster does not
 * tell the end of, as results of requests; what an informer holds needs none.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

/**
 * @category models
 * @since 0.1.0
 */
export interface ExpiringStore<in out A> {
  /** Stores an object, whose time begins anew. */
  readonly set: (key: string, object: A) => Effect.Effect<void>
  readonly remove: (key: string) => Effect.Effect<void>
  /** Stores exactly these, each with its time beginning now. */
  readonly replace: (objects: Iterable<readonly [key: string, object: A]>) => Effect.Effect<void>
  readonly get: (key: string) => Effect.Effect<Option.Option<A>>
  readonly list: Effect.Effect<ReadonlyArray<A>>
  readonly keys: Effect.Effect<ReadonlyArray<string>>
}

/**
 * An empty store.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <A>(options: {
  /** How long an object is there; for ever where the function gives none. */
  readonly timeToLive: Duration.Input | ((object: A) => Duration.Input | undefined)
}): Effect.Effect<ExpiringStore<A>> =>
  Effect.map(Clock.Clock, (clock) => {
    const { timeToLive } = options
    let entries = new Map<string, { readonly object: A; readonly expiresAt: number }>()
    const now = () => clock.currentTimeMillisUnsafe()
    const entryOf = (object: A) => {
      const given = typeof timeToLive === "function" ? timeToLive(object) : timeToLive
      return {
        object,
        expiresAt: given === undefined ? Number.POSITIVE_INFINITY : now() + Duration.toMillis(given)
      }
    }
    const dropExpired = (): void => {
      const at = now()
      for (const [key, entry] of entries) if (entry.expiresAt <= at) entries.delete(key)
    }
    return {
      set: (key, object) => Effect.sync(() => entries.set(key, entryOf(object))),
      remove: (key) => Effect.sync(() => entries.delete(key)),
      replace: (objects) =>
        Effect.sync(() => {
          entries = new Map(Array.from(objects, ([key, object]) => [key, entryOf(object)] as const))
        }),
      get: (key) =>
        Effect.sync(() => {
          const entry = entries.get(key)
          if (entry === undefined) return Option.none()
          if (entry.expiresAt > now()) return Option.some(entry.object)
          entries.delete(key)
          return Option.none()
        }),
      list: Effect.sync(() => {
        dropExpired()
        return Array.from(entries.values(), (entry) => entry.object)
      }),
      keys: Effect.sync(() => {
        dropExpired()
        return Array.from(entries.keys())
      })
    }
  })
