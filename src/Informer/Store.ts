/**
 * `Store`: turns what a `Reflector` saw into the state of an `Indexer` and the events for listeners.
 *
 * The one place where the rules of a cache stand: what is new, changed, gone or told again. Each call is one
 * synchronous step and cannot fail. It forks nothing and knows neither listeners nor versions of collections.
 *
 * @since 0.1.0
 */
import type * as WatchEvent from "../Watch/WatchEvent.ts"
import type { Cacheable, Entry, Indexer } from "./Indexer.ts"
import type { InformerEvent } from "./InformerEvent.ts"

/**
 * An object that may not be cached, as one that does not decode: whatever stood under its key is out of date.
 *
 * @category models
 * @since 0.1.0
 */
export interface Rejected {
  readonly type: "REJECTED"
  readonly key: string
}

/**
 * @category models
 * @since 0.1.0
 */
export type Change<A> = WatchEvent.Change<A> | Rejected

/**
 * What a relist says beside its objects.
 *
 * @category models
 * @since 0.1.0
 */
export interface Relist {
  readonly resourceVersion: string
  /** Whether the list is older than what was known before, so that equal versions may stand for different contents. */
  readonly isRewound: boolean
}

/**
 * What a `Reflector` feeds. Calls are synchronous, come from one fiber and cannot fail.
 *
 * @category models
 * @since 0.1.0
 */
export interface Store<in A> {
  /** Applies changes in order, as one step, after which everything up to `resourceVersion` is known. */
  readonly apply: (changes: ReadonlyArray<Change<A>>, resourceVersion: string) => void
  /** Makes the cache hold exactly these objects, as one step. */
  readonly replace: (objects: ReadonlyArray<A>, relist: Relist) => void
  /** Everything up to `resourceVersion` is known. */
  readonly progress: (resourceVersion: string) => void
}

/**
 * What `changes` do to `indexer`, having done it.
 *
 * An ADDED of a known key is an update and a MODIFIED of an unknown one an addition, because a resumed watch knows
 * nothing of this cache. An object whose resourceVersion is already cached is not told again, and the deletion of an
 * unknown key is nothing.
 *
 * @category combinators
 * @since 0.1.0
 */
export const applyUnsafe = <A extends Cacheable>(
  indexer: Indexer<A>,
  changes: ReadonlyArray<Change<A>>
): Array<InformerEvent<A>> => {
  const { find, remove } = indexer.unsafe
  const events: Array<InformerEvent<A>> = []
  for (const change of changes) {
    switch (change.type) {
      case "DELETED": {
        const entry = find(change.object)
        if (entry !== undefined) {
          remove(entry.key)
          events.push({ _tag: "Deleted", key: entry.key, object: change.object, isFinalStateUnknown: false })
        }
        break
      }
      case "REJECTED": {
        const old = remove(change.key)
        if (old !== undefined) events.push({ _tag: "Deleted", key: change.key, object: old, isFinalStateUnknown: true })
        break
      }
      default:
        put(indexer, change.object, false, false, events)
    }
  }
  return events
}

/**
 * What a relist does to `indexer`, having done it: objects that are missing from it are gone without a known final
 * state, objects whose version is unchanged stay as they are and are not told.
 *
 * @category combinators
 * @since 0.1.0
 */
export const replaceUnsafe = <A extends Cacheable>(
  indexer: Indexer<A>,
  objects: ReadonlyArray<A>,
  options: { readonly isInInitialList: boolean; readonly isRewound: boolean }
): Array<InformerEvent<A>> => {
  const { entries, find, remove, size } = indexer.unsafe
  const events: Array<InformerEvent<A>> = []
  if (size() > 0) {
    const present = new Set<Entry<A>>()
    for (const object of objects) {
      const entry = find(object)
      if (entry !== undefined) present.add(entry)
    }
    for (const entry of entries()) {
      if (present.has(entry)) continue
      remove(entry.key)
      events.push({ _tag: "Deleted", key: entry.key, object: entry.object, isFinalStateUnknown: true })
    }
  }
  for (const object of objects) put(indexer, object, options.isInInitialList, options.isRewound, events)
  return events
}

const put = <A extends Cacheable>(
  indexer: Indexer<A>,
  object: A,
  isInInitialList: boolean,
  isForced: boolean,
  events: Array<InformerEvent<A>>
): void => {
  const { add, find, replace } = indexer.unsafe
  const entry = find(object)
  if (entry === undefined) {
    const { key } = add(object)
    events.push({ _tag: "Added", key, object, isInInitialList })
    return
  }
  const { key, object: old } = entry
  if (!isForced && isSame(old, object)) return
  replace(entry, object)
  events.push({ _tag: "Updated", key, old, object })
}

// A recreated object may carry the version of its predecessor only on servers that restarted their count.
const isSame = (old: Cacheable, object: Cacheable): boolean =>
  old.metadata.resourceVersion === object.metadata.resourceVersion &&
  object.metadata.resourceVersion !== "" &&
  object.metadata.resourceVersion !== undefined &&
  old.metadata.uid === object.metadata.uid
