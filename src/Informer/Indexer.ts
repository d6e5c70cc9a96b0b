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
export interface Index<in out A> {
  readonly get: (value: string) => Effect.Effect<ReadonlyArray<A>>
  readonly keys: (value: string) => Effect.Effect<ReadonlyArray<string>>
  /** The values under which at least one object stands, in no particular order. */
  readonly values: Effect.Effect<ReadonlyArray<string>>
  /** The values under which an object stands, or would. */
  readonly valuesOf: IndexFunction<A>
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
  /** By namespace. Needs no memory of its own. */
  readonly byNamespace: Index<A>
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
  /** The place of an object, whether it or another state of it stands there. */
  readonly find: (object: A) => Entry<A> | undefined
  readonly size: () => number
  readonly list: () => ReadonlyArray<A>
  readonly entries: () => ReadonlyArray<Entry<A>>
  /** Makes a place for an object whose place was not found. */
  readonly add: (object: A) => Entry<A>
  /** Puts the next state of an object in its place. */
  readonly replace: (entry: Entry<A>, object: A) => void
  /** Puts an object under its key and returns what stood there. */
  readonly set: (object: A) => A | undefined
  /** Returns what stood there. */
  readonly remove: (key: string) => A | undefined
}

/**
 * A place in the cache.
 *
 * @category models
 * @since 0.1.0
 */
export interface Entry<out A> {
  /**
   * One string for as long as the object is cached, in every event of it and every map: what was hashed once and is the
   * same is found in a third of the time.
   */
  readonly key: string
  readonly object: A
}

// Indexes point to it, so that an update that moves nothing in them costs them nothing.
interface Slot<A> extends Entry<A> {
  object: A
}

/** Most indexes have few objects per value: one slot stands alone, a few in an array, and only many in a Set. */
type Slots<A> = Slot<A> | Array<Slot<A>> | Set<Slot<A>>

/** How many slots an array holds before it becomes a Set. */
const maxArray = 8

interface IndexState<A> {
  readonly f: IndexFunction<A>
  readonly byValue: Map<string, Slots<A>>
  holders: number
}

/**
 * An empty cache.
 *
 * Objects stand under namespace and name apart: strings that a decoder hands out again find their place without being
 * joined and hashed for each event.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeUnsafe = <A extends Cacheable>(): Indexer<A> => {
  const namespaces = new Map<string, Map<string, Slot<A>>>()
  const indexes = new Map<IndexFunction<A>, IndexState<A>>()
  let snapshot: ReadonlyArray<A> | undefined
  // Made by the first read by key. Of the objects themselves: a read of a large cache waits for memory and for little
  // else, and this is one place less to wait for.
  let byKey: Map<string, A> | undefined
  let size = 0

  const list = (): ReadonlyArray<A> => {
    if (snapshot !== undefined) return snapshot
    const out: Array<A> = []
    for (const slots of namespaces.values()) {
      for (const slot of slots.values()) out.push(slot.object)
    }
    snapshot = out
    return out
  }

  const entries = (): ReadonlyArray<Slot<A>> => {
    const out: Array<Slot<A>> = []
    for (const slots of namespaces.values()) {
      for (const slot of slots.values()) out.push(slot)
    }
    return out
  }

  const keyed = (): Map<string, A> => {
    if (byKey !== undefined) return byKey
    const made = new Map<string, A>()
    for (const slots of namespaces.values()) {
      for (const slot of slots.values()) made.set(slot.key, slot.object)
    }
    byKey = made
    return made
  }

  const find = ({ metadata: { name, namespace = "" } }: A): Slot<A> | undefined => namespaces.get(namespace)?.get(name)

  const add = (object: A): Slot<A> => {
    const { name, namespace = "" } = object.metadata
    const made = { key: keyOf(object), object }
    let slots = namespaces.get(namespace)
    if (slots === undefined) {
      slots = new Map()
      namespaces.set(namespace, slots)
    }
    slots.set(name, made)
    byKey?.set(made.key, object)
    size++
    snapshot = undefined
    for (const index of indexes.values()) {
      for (const value of index.f(object)) put(index.byValue, value, made)
    }
    return made
  }

  // Whoever has an entry has it from here: it is a slot.
  const replace = (slot: Slot<A>, object: A): void => {
    const old = slot.object
    slot.object = object
    byKey?.set(slot.key, object)
    snapshot = undefined
    for (const index of indexes.values()) move(index, slot, old, object)
  }

  const set = (object: A): A | undefined => {
    const slot = find(object)
    const old = slot?.object
    if (slot === undefined) add(object)
    else replace(slot, object)
    return old
  }

  const remove = (key: string): A | undefined => {
    const slash = key.indexOf("/")
    const namespace = slash < 0 ? "" : key.slice(0, slash)
    const name = key.slice(slash + 1)
    const slots = namespaces.get(namespace)
    const slot = slots?.get(name)
    if (slots === undefined || slot === undefined) return undefined
    slots.delete(name)
    if (slots.size === 0) namespaces.delete(namespace)
    byKey?.delete(key)
    size--
    snapshot = undefined
    for (const index of indexes.values()) {
      for (const value of index.f(slot.object)) drop(index.byValue, value, slot)
    }
    return slot.object
  }

  const acquire = (f: IndexFunction<A>): IndexState<A> => {
    const existing = indexes.get(f)
    if (existing !== undefined) {
      existing.holders++
      return existing
    }
    const made: IndexState<A> = { f, byValue: new Map(), holders: 1 }
    for (const slots of namespaces.values()) {
      for (const slot of slots.values()) {
        for (const value of f(slot.object)) put(made.byValue, value, slot)
      }
    }
    indexes.set(f, made)
    return made
  }

  const release = (index: IndexState<A>) =>
    Effect.sync(() => {
      if (--index.holders > 0) return
      indexes.delete(index.f)
      // Nobody keeps it true any more.
      index.byValue.clear()
    })

  const view = (index: IndexState<A>): Index<A> => ({
    get: (value) => Effect.sync(() => objectsOf(index.byValue.get(value))),
    keys: (value) => Effect.sync(() => slotsOf(index.byValue.get(value)).map((slot) => slot.key)),
    values: Effect.sync(() => Array.from(index.byValue.keys())),
    valuesOf: index.f
  })

  const inNamespace = (namespace: string): Iterable<Slot<A>> =>
    namespace === "" ? [] : namespaces.get(namespace)?.values() ?? []

  return {
    get: (key) => Effect.sync(() => Option.fromUndefinedOr(keyed().get(key))),
    list: Effect.sync(list),
    keys: Effect.sync(() => entries().map((slot) => slot.key)),
    size: Effect.sync(() => size),
    byNamespace: {
      get: (namespace) => Effect.sync(() => Array.from(inNamespace(namespace), (slot) => slot.object)),
      keys: (namespace) => Effect.sync(() => Array.from(inNamespace(namespace), (slot) => slot.key)),
      values: Effect.sync(() => Array.from(namespaces.keys()).filter((namespace) => namespace !== "")),
      valuesOf: namespaceIndex
    },
    index: (f) => Effect.map(Effect.acquireRelease(Effect.sync(() => acquire(f)), release), view),
    unsafe: {
      get: (key) => keyed().get(key),
      find,
      size: () => size,
      list,
      entries,
      add,
      replace,
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
export const make = <A extends Cacheable>(): Effect.Effect<Indexer<A>> => Effect.sync(() => makeUnsafe<A>())

const slotsOf = <A>(slots: Slots<A> | undefined): ReadonlyArray<Slot<A>> => {
  if (slots === undefined) return []
  if (slots instanceof Set) return Array.from(slots)
  return Array.isArray(slots) ? slots : [slots]
}

const objectsOf = <A>(slots: Slots<A> | undefined): ReadonlyArray<A> =>
  slots instanceof Set ? Array.from(slots, (slot) => slot.object) : slotsOf(slots).map((slot) => slot.object)

const put = <A>(byValue: Map<string, Slots<A>>, value: string, slot: Slot<A>): void => {
  const slots = byValue.get(value)
  if (slots === undefined) byValue.set(value, slot)
  else if (slots instanceof Set) slots.add(slot)
  else if (!Array.isArray(slots)) {
    if (slots !== slot) byValue.set(value, [slots, slot])
  } else if (!slots.includes(slot)) {
    // A new array of the exact size: one that grows by `push` keeps room for many more.
    byValue.set(value, slots.length < maxArray ? [...slots, slot] : new Set([...slots, slot]))
  }
}

const drop = <A>(byValue: Map<string, Slots<A>>, value: string, slot: Slot<A>): void => {
  const slots = byValue.get(value)
  if (slots instanceof Set) {
    slots.delete(slot)
    // An emptied Set must go, or values that come and go (pod addresses) leak.
    if (slots.size === 0) byValue.delete(value)
  } else if (Array.isArray(slots)) {
    const [first, ...rest] = slots.filter((one) => one !== slot)
    if (first === undefined) byValue.delete(value)
    else byValue.set(value, rest.length === 0 ? first : [first, ...rest])
  } else if (slots === slot) {
    byValue.delete(value)
  }
}

const move = <A>(index: IndexState<A>, slot: Slot<A>, old: A, object: A): void => {
  const before = index.f(old)
  const after = index.f(object)
  if (before.length === 1 && after.length === 1 && before[0] === after[0]) return
  for (const value of before) {
    if (!after.includes(value)) drop(index.byValue, value, slot)
  }
  for (const value of after) put(index.byValue, value, slot)
}
