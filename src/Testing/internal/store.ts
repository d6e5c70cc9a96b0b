/**
 * The store: objects by resource type and key under one growing revision, with the changes that led here.
 *
 * It is etcd and watch cache in one. Every change is one synchronous step, so nobody sees half of one. A change keeps
 * the object before and after it: watches replay changes, and a list at an older revision takes them back. What is older
 * than the history or was compacted is gone, which is when the server answers 410.
 *
 * @internal
 */
import type * as Json from "../../Machinery/Json.ts"
import * as Metadata from "./metadata.ts"
import type { Wakeups } from "./wakeups.ts"

/** One change of one object. */
export interface Change {
  readonly revision: number
  readonly key: string
  /** The object after the change; `undefined` where it was deleted. */
  readonly after: Json.JsonObject | undefined
  /** The object before the change; `undefined` where it was created. */
  readonly before: Json.JsonObject | undefined
  /** What a DELETED event carries: the last state under the revision of the deletion. */
  readonly last: Json.JsonObject | undefined
}

/** The objects of one resource type. */
export interface Table {
  readonly objects: Map<string, Json.JsonObject>
  /** Oldest first. */
  history: Array<Change>
  /** Changes up to this revision are gone. */
  oldest: number
  /** How many changes were dropped from the history's beginning. */
  dropped: number
  /** The keys in order, where they are known. */
  sorted: ReadonlyArray<string> | undefined
  /** Wakes those who wait for a change. */
  readonly changed: Wakeups
}

/** The whole. */
export interface Store {
  revision: number
  /** Reads at revisions below this one are refused. */
  compacted: number
  readonly tables: Map<string, Table>
  /** The tables that changed since their waiters were woken, which must not happen within a step. */
  readonly dirty: Set<Table>
  /** The changes that the controllers have not seen. */
  readonly pending: Array<{ readonly table: string; readonly change: Change }>
  /** How many changes of one resource type are kept. */
  readonly historyLimit: number
}

/** An empty store. etcd begins at 1. */
export const make = (historyLimit: number): Store => ({
  revision: 1,
  compacted: 0,
  tables: new Map(),
  dirty: new Set(),
  pending: [],
  historyLimit
})

/** The table of a resource type; it is made where there is none. */
export const table = (store: Store, name: string): Table => {
  const known = store.tables.get(name)
  if (known !== undefined) return known
  const made: Table = {
    objects: new Map(),
    history: [],
    oldest: store.compacted,
    dropped: 0,
    sorted: undefined,
    changed: new Set()
  }
  store.tables.set(name, made)
  return made
}

/** The key of an object: `namespace/name`, or `name`. */
export const keyOf = (namespace: string, name: string): string => namespace === "" ? name : `${namespace}/${name}`

/** The object under a key. */
export const get = (store: Store, name: string, key: string): Json.JsonObject | undefined =>
  store.tables.get(name)?.objects.get(key)

const stamp = (object: Json.JsonObject, revision: number): Json.JsonObject => ({
  ...object,
  metadata: orderedMetadata({ ...Metadata.of(object), resourceVersion: String(revision) })
})

const metadataOrder = [
  "name",
  "generateName",
  "namespace",
  "selfLink",
  "uid",
  "resourceVersion",
  "generation",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "labels",
  "annotations",
  "ownerReferences",
  "finalizers",
  "managedFields"
]

/** Metadata with its members in the order of the real server. */
export const orderedMetadata = (metadata: Json.JsonObject): Json.JsonObject => {
  const draft: Json.Draft = {}
  for (const key of metadataOrder) if (metadata[key] !== undefined) draft[key] = metadata[key]
  return draft
}

const record = (store: Store, name: string, table: Table, change: Change): void => {
  store.pending.push({ table: name, change })
  table.history.push(change)
  // Trimmed in blocks, so that a long history costs no copy per change.
  if (table.history.length > store.historyLimit * 2) {
    const dropped = table.history.splice(0, table.history.length - store.historyLimit)
    table.oldest = dropped.at(-1)?.revision ?? table.oldest
    table.dropped += dropped.length
  }
  store.dirty.add(table)
}

/** Creates or replaces an object; returns it with its new resourceVersion. */
export const put = (store: Store, name: string, key: string, object: Json.JsonObject): Json.JsonObject => {
  const into = table(store, name)
  const before = into.objects.get(key)
  store.revision += 1
  const after = stamp(object, store.revision)
  into.objects.set(key, after)
  if (before === undefined) into.sorted = undefined
  record(store, name, into, { revision: store.revision, key, after, before, last: undefined })
  return after
}

/** Deletes an object; returns its last state under the revision of the deletion. */
export const remove = (
  store: Store,
  name: string,
  key: string,
  last?: Json.JsonObject
): Json.JsonObject | undefined => {
  const from = table(store, name)
  const before = from.objects.get(key)
  if (before === undefined) return undefined
  store.revision += 1
  from.objects.delete(key)
  from.sorted = undefined
  const stamped = stamp(last ?? before, store.revision)
  record(store, name, from, { revision: store.revision, key, after: undefined, before, last: stamped })
  return stamped
}

/** The keys of a table in order. */
export const keys = (table: Table): ReadonlyArray<string> => {
  table.sorted ??= [...table.objects.keys()].sort()
  return table.sorted
}

/** Where the changes after a revision begin in the history. */
export const positionAfter = (table: Table, revision: number): number => {
  const { history } = table
  let low = 0
  let high = history.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((history[middle]?.revision ?? 0) <= revision) low = middle + 1
    else high = middle
  }
  return low
}

/** The oldest revision that can be read or watched from. */
export const oldestReadable = (store: Store, table: Table): number => Math.max(table.oldest, store.compacted)

/** The objects as they were at a revision, which must be readable. */
export const objectsAt = (
  store: Store,
  name: string,
  revision: number
): { readonly keys: ReadonlyArray<string>; readonly objects: ReadonlyMap<string, Json.JsonObject> } => {
  const from = table(store, name)
  const start = positionAfter(from, revision)
  if (start >= from.history.length) return { keys: keys(from), objects: from.objects }
  const objects = new Map(from.objects)
  for (let index = from.history.length - 1; index >= start; index--) {
    const change = from.history[index]
    if (change === undefined) continue
    if (change.before === undefined) objects.delete(change.key)
    else objects.set(change.key, change.before)
  }
  return { keys: [...objects.keys()].sort(), objects }
}

/** Forgets all changes so far: older revisions answer 410, watches that have seen everything go on. */
export const compact = (store: Store): void => {
  store.compacted = store.revision
  for (const each of store.tables.values()) {
    each.dropped += each.history.length
    each.history = []
    each.oldest = store.revision
  }
}

/** The content at one moment, to come back to. */
export interface Snapshot {
  readonly revision: number
  readonly tables: ReadonlyMap<string, ReadonlyMap<string, Json.JsonObject>>
}

/** The content now. Objects are shared, as nobody changes them. */
export const snapshot = (store: Store): Snapshot => ({
  revision: store.revision,
  tables: new Map([...store.tables].map(([name, { objects }]) => [name, new Map(objects)]))
})

/** Goes on from a later revision; everything before it is forgotten. */
export const advance = (store: Store, revision: number): void => {
  store.revision = Math.max(store.revision, revision)
  compact(store)
}

/** Goes back to a snapshot, with its revision: what came after has never been. History is lost. */
export const restore = (store: Store, { revision, tables }: Snapshot): void => {
  store.revision = revision
  for (const [name, each] of store.tables) {
    each.objects.clear()
    for (const [key, object] of tables.get(name) ?? []) each.objects.set(key, object)
    each.sorted = undefined
  }
  for (const [name, objects] of tables) {
    if (store.tables.has(name)) continue
    const made = table(store, name)
    for (const [key, object] of objects) made.objects.set(key, object)
  }
  compact(store)
}
