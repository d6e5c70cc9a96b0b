/**
 * `MutationCache`: one's own writes laid over an informer until the informer has them.
 *
 * For who writes and reads on without waiting: a read gives the newer of what the informer holds and what was written.
 * Who can wait takes `SharedInformer.awaitVersion` instead. Writes are kept for a while and up to a number.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as ResourceVersion from "../Watch/ResourceVersion.ts"
import type { Cacheable } from "./Indexer.ts"
import { keyOf } from "./Indexer.ts"
import type { SharedInformer } from "./SharedInformer.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** How long a write is kept. 1 minute unless given. */
  readonly timeToLive?: Duration.Input | undefined
  /** How many writes are kept; the oldest goes first. 100 unless given, as in client-go. */
  readonly capacity?: number | undefined
  /**
   * Whether an object that was written and is not (or no longer) in the informer is given. Off unless given: a creation
   * that was not seen yet cannot be told from a deletion that was.
   */
  readonly isAddIncluded?: boolean | undefined
}

/**
 * @category models
 * @since 0.1.0
 */
export interface MutationCache<in out A, in Names extends string = never> {
  /** Lays what a write returned over the informer, unless a newer write of the object already is. */
  readonly mutated: (object: A) => Effect.Effect<void>
  /** The newer of what the informer holds and what was written. */
  readonly get: (key: string) => Effect.Effect<Option.Option<A>>
  /**
   * What the informer has under an index, each object as `get` gives it; where additions are included, also what was
   * written and would stand there.
   */
  readonly byIndex: (name: Names | "namespace", value: string) => Effect.Effect<ReadonlyArray<A>>
}

/**
 * An overlay of an informer.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <A extends Cacheable, Names extends string>(
  informer: SharedInformer<A, Names>,
  options?: Options
): Effect.Effect<MutationCache<A, Names>> =>
  Effect.map(Clock.Clock, (clock) => {
    const timeToLive = Duration.toMillis(options?.timeToLive ?? "1 minute")
    const capacity = options?.capacity ?? 100
    const writes = new Map<string, { readonly object: A; readonly expiresAt: number }>()

    const newer = (key: string, held: A | undefined): A | undefined => {
      const write = writes.get(key)
      if (write === undefined) return held
      const isPast = clock.currentTimeMillisUnsafe() >= write.expiresAt
      const isSeen = held !== undefined &&
        (ResourceVersion.compare(held.metadata.resourceVersion, write.object.metadata.resourceVersion) ?? 0) >= 0
      if (isPast || isSeen) {
        writes.delete(key)
        return held
      }
      return held === undefined && options?.isAddIncluded !== true ? undefined : write.object
    }

    return {
      mutated: (object) =>
        Effect.sync(() => {
          const key = keyOf(object)
          const before = writes.get(key)?.object.metadata.resourceVersion
          // Answers to writes that were under way together come in any order.
          if (before !== undefined && (ResourceVersion.compare(object.metadata.resourceVersion, before) ?? 0) < 0) {
            return
          }
          writes.delete(key)
          writes.set(key, { object, expiresAt: clock.currentTimeMillisUnsafe() + timeToLive })
          for (const oldest of writes.keys()) {
            if (writes.size <= capacity) break
            writes.delete(oldest)
          }
        }),
      get: (key) =>
        Effect.map(informer.get(key), (held) => Option.fromUndefinedOr(newer(key, Option.getOrUndefined(held)))),
      byIndex: Effect.fnUntraced(function*(name, value) {
        const held = yield* informer.byIndex(name, value)
        const found = held.map((object) => newer(keyOf(object), object) ?? object)
        if (options?.isAddIncluded !== true) return found
        const { valuesOf } = informer.index(name)
        const known = new Set(held.map(keyOf))
        for (const [key, { object }] of Array.from(writes)) {
          if (known.has(key) || !valuesOf(object).includes(value)) continue
          if (newer(key, Option.getOrUndefined(yield* informer.get(key))) === object) found.push(object)
        }
        return found
      })
    }
  })
