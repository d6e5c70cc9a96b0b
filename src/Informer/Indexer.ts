/**
 * `Indexer`: the objects of a cache by key, and by whatever else somebody asks for.
 *
 * `Store` is its only writer and changes it within one synchronous step, so a reader sees the cache before or after a
 * watch array or a relist and never between. Reads hand out the cached objects themselves, which are immutable: nothing
 * is copied. Knows nothing of watches.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"

/**
 * What an object must have to be cached: what the server always fills in.
 *
 * @category models
 * @since 0.1.0
 */
export interface Cacheable {
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly resourceVersion: string
    readonly uid?: string
    readonly labels?: { readonly [key: string]: string }
  }
}

/**
 * The key of an object: `namespace/name`, or `name` where it has no namespace.
 *
 * @category accessors
 * @since 0.1.0
 */
export const keyOf = (
  object: { readonly metadata: { readonly name: string; readonly namespace?: string } }
): string => {
  const { name, namespace } = object.metadata
  return namespace === undefined || namespace === "" ? name : `${namespace}/${name}`
}

/**
 * The values under which an object is found; none leaves it out of the index.
 *
 * Must be pure: what it returned for an object is asked again when that object is replaced.
 *
 * @category models
 * @since 0.1.0
 */
export type IndexFunction<in A> = (object: A) => ReadonlyArray<string>

/**
 * The namespace of an object, as client-go's `MetaNamespaceIndexFunc`.
 *
 * @category combinators
 * @since 0.1.0
 */
export const namespaceIndex: IndexFunction<Cacheable> = (object) => {
  const { namespace } = object.metadata
  return namespace === undefined || namespace === "" ? [] : [namespace]
}

/**
 * One index. A lookup costs what it returns.
 *
 * @category models
 * @since 0.1.0
 */
export interface Index<out A> {
  readonly get: (value: string) => Effect.Effect<ReadonlyArray<A>>
  readonly keys: (value: string) => Effect.Effect<ReadonlyArray<string>>
  /** The values under which at least one object stands, in no particular order. */
  readonly values: Effect.Effect<ReadonlyArray<string>>
}

/**
 * The objects of a cache.
 *
 * @category models
 * @since 0.1.0
 */
export interface Indexer<in out A> {
  readonly get: (key: string) => Effect.Effect<Option.Option<A>>
  /** All objects, in no particular order. The array is made at most once between two changes. */
  readonly list: Effect.Effect<ReadonlyArray<A>>
  readonly keys: Effect.Effect<ReadonlyArray<string>>
  readonly size: Effect.Effect<number>
  /**
   * An index by `f`, kept while the scope is open and shared by all who bring the same function. Made from a filled
   * cache it costs one pass over it.
   */
  readonly index: (f: IndexFunction<A>) => Effect.Effect<Index<A>, never, Scope.Scope>
  /** The synchronous core, for the writer. */
  readonly unsafe: Unsafe<A>
}

/**
 * The synchronous core of an `Indexer`. Calls from outside the single writer break the cache.
 *
 * @category models
 * @since 0.1.0
 */
export interface Unsafe<in out A> {
  readonly get: (key: string) => A | undefined
  readonly has: (key: string) => boolean
  readonly size: () => number
  readonly list: () => ReadonlyArray<A>
  readonly entries: () => Iterable<[string, A]>
  /** An index that stays. */
  readonly index: (f: IndexFunction<A>) => Index<A>
  /** Returns what stood there. */
  readonly set: (key: string, object: A) => A | undefined
  /** Returns what stood there. */
  readonly remove: (key: string) => A | undefined
}

/** One key alone is kept without a Set around it: most indexes have few objects per value. */
type Keys = string | Set<string>

interface IndexState<in A> {
  readonly f: IndexFunction<A>
  readonly byValue: Map<string, Keys>
  holders: number
}

/**
 * An empty cache.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeUnsafe = <A>(): Indexer<A> => {
  const objects = new Map<string, A>()
  const indexes = new Map<IndexFunction<A>, IndexState<A>>()
  let snapshot: ReadonlyArray<A> | undefined

  const list = (): ReadonlyArray<A> => snapshot ??= Array.from(objects.values())

  const set = (key: string, object: A): A | undefined => {
    const old = objects.get(key)
    objects.set(key, object)
    snapshot = undefined
    for (const index of indexes.values()) move(index, key, old, object)
    return old
  }

  const remove = (key: string): A | undefined => {
    const old = objects.get(key)
    if (old === undefined) return undefined
    objects.delete(key)
    snapshot = undefined
    for (const index of indexes.values()) {
      for (const value of index.f(old)) drop(index.byValue, value, key)
    }
    return old
  }

  const acquire = (f: IndexFunction<A>): IndexState<A> => {
    const existing = indexes.get(f)
    if (existing !== undefined) {
      existing.holders++
      return existing
    }
    const made: IndexState<A> = { f, byValue: new Map(), holders: 1 }
    for (const [key, object] of objects) {
      for (const value of f(object)) put(made.byValue, value, key)
    }
    indexes.set(f, made)
    return made
  }

  const release = (index: IndexState<A>) =>
    Effect.sync(() => {
      if (--index.holders === 0) indexes.delete(index.f)
    })

  const view = (index: IndexState<A>): Index<A> => ({
    get: (value) => Effect.sync(() => found(objects, index.byValue.get(value))),
    keys: (value) =>
      Effect.sync(() => {
        const keys = index.byValue.get(value)
        return keys === undefined ? [] : typeof keys === "string" ? [keys] : Array.from(keys)
      }),
    values: Effect.sync(() => Array.from(index.byValue.keys()))
  })

  return {
    get: (key) => Effect.sync(() => Option.fromUndefinedOr(objects.get(key))),
    list: Effect.sync(list),
    keys: Effect.sync(() => Array.from(objects.keys())),
    size: Effect.sync(() => objects.size),
    index: (f) => Effect.map(Effect.acquireRelease(Effect.sync(() => acquire(f)), release), view),
    unsafe: {
      get: (key) => objects.get(key),
      has: (key) => objects.has(key),
      size: () => objects.size,
      list,
      index: (f) => view(acquire(f)),
      entries: () => objects.entries(),
      set,
      remove
    }
  }
}

/**
 * An empty cache.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <A>(): Effect.Effect<Indexer<A>> => Effect.sync(() => makeUnsafe<A>())

const found = <A>(objects: ReadonlyMap<string, A>, keys: Keys | undefined): ReadonlyArray<A> => {
  if (keys === undefined) return []
  const out: Array<A> = []
  for (const key of typeof keys === "string" ? [keys] : keys) {
    const object = objects.get(key)
    if (object !== undefined) out.push(object)
  }
  return out
}

const put = (byValue: Map<string, Keys>, value: string, key: string): void => {
  const keys = byValue.get(value)
  if (keys === undefined) byValue.set(value, key)
  else if (typeof keys !== "string") keys.add(key)
  else if (keys !== key) byValue.set(value, new Set([keys, key]))
}

const drop = (byValue: Map<string, Keys>, value: string, key: string): void => {
  const keys = byValue.get(value)
  if (keys === undefined) return
  if (typeof keys === "string") {
    if (keys === key) byValue.delete(value)
    return
  }
  keys.delete(key)
  // An emptied Set must go, or values that come and go (pod addresses) leak.
  if (keys.size === 0) byValue.delete(value)
}

const move = <A>(index: IndexState<A>, key: string, old: A | undefined, object: A): void => {
  const after = index.f(object)
  if (old === undefined) {
    for (const value of after) put(index.byValue, value, key)
    return
  }
  const before = index.f(old)
  if (before.length === 1 && after.length === 1 && before[0] === after[0]) return
  for (const value of before) {
    if (!after.includes(value)) drop(index.byValue, value, key)
  }
  for (const value of after) put(index.byValue, value, key)
}
