/**
 * `IncrementalDecoder`: decodes the objects of one collection by what changed since the version before.
 *
 * Most events change little: it compares the bytes of an object with those of the last version, and what is equal it
 * hands out as it was parsed then. So `old.spec === new.spec` when the spec did not change, garbage and CPU fall, and
 * what comes out still deep-equals what `JSON.parse` returns. `SharedInformer` provides one to the lists and watches it
 * owns; what it does not recognise it leaves to `JSON.parse`.
 *
 * Bytes are compared exactly, never by a hash. They are kept outside of the garbage-collected heap, up to a limit.
 *
 * @since 0.1.0
 */
import * as Bytes from "./internal/bytes.ts"
import type { Cursor } from "./internal/cursor.ts"
import * as Place from "./internal/cursor.ts"
import * as Json from "./internal/json.ts"
import * as Names from "./internal/names.ts"
import * as Objects from "./internal/objects.ts"
import * as Opening from "./internal/opening.ts"
import type { LineDecoder } from "./WatchFrame.ts"
import { json } from "./WatchFrame.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /**
   * Leaves `metadata.managedFields` out without parsing it, as `Transform.stripManagedFields` would. What it holds is then
   * checked for its brackets and quotes alone. Off unless given.
   */
  readonly isManagedFieldsStripped?: boolean | undefined
  /** The most bytes that are kept for comparison. 256 MiB unless given; objects beyond it are parsed whole. */
  readonly maxKeptBytes?: number | undefined
}

/**
 * @category models
 * @since 0.1.0
 */
export interface IncrementalDecoder extends LineDecoder {
  readonly list: NonNullable<LineDecoder["list"]>
  /** Forgets the objects for which `isKept` is false, by their uid: after a relist, which tells of no deletions. */
  readonly retain: (isKept: (uid: string) => boolean) => void
  /** How many objects are known, and what their bytes take. */
  readonly stats: () => { readonly objects: number; readonly keptBytes: number }
}

const defaultMaxKeptBytes = 256 * 1024 * 1024

/**
 * A decoder for one list or watch at a time.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeUnsafe = (options?: Options): IncrementalDecoder => {
  const cursor: Cursor = { bytes: new Uint8Array(0), at: 0, limit: 0 }
  const names = Names.make()
  const { read, readAdded, readGone, versions } = Objects.make(cursor, names, {
    isManagedFieldsStripped: options?.isManagedFieldsStripped ?? false,
    maxKeptBytes: options?.maxKeptBytes ?? defaultMaxKeptBytes
  })

  // Moves to the metadata in an event and answers what stands before it.
  const eventOpening = Opening.make(() => {
    const start = cursor.at
    if (!Place.take(cursor, Json.openBrace) || Place.name(cursor, names) !== "type") return undefined
    const type = Place.plainString(cursor, names)
    if ((type !== "MODIFIED" && type !== "ADDED" && type !== "DELETED") || Place.hasNext(cursor) !== true) {
      return undefined
    }
    if (Place.name(cursor, names) !== "object") return undefined
    const at = cursor.at - start
    const types = Objects.types(cursor, names)
    return types === undefined ? undefined : { type, at, types }
  })

  // As `eventOpening`, in an item of a list.
  const itemOpening = Opening.make(() => Objects.types(cursor, names))

  // The event in the line, or undefined for what is better parsed whole.
  const event = (): unknown => {
    const start = cursor.at
    const opened = eventOpening.take(cursor)
    if (opened === undefined) return undefined
    const { at, type, types } = opened
    const last = cursor.limit - 1
    const end = cursor.bytes[last] === Json.closeBrace ? last : -1
    const object = type === "DELETED"
      ? readGone(start + at, types)
      : type === "ADDED"
      ? readAdded(start + at, types, end)
      : read(start + at, types, end)
    if (object === undefined || Place.hasNext(cursor) !== false || !isAtEnd()) return undefined
    return { type, object }
  }

  // The list, or undefined for what is better parsed whole. What stands around the items is parsed without them.
  const list = (type: Objects.Type | undefined): unknown => {
    if (!Place.take(cursor, Json.openBrace)) return undefined
    let items: ReadonlyArray<unknown> | undefined
    let start = 0
    let end = 0
    let more: boolean | undefined = true
    while (more) {
      const name = Place.name(cursor, names)
      if (name === undefined) return undefined
      if (name === "items") {
        if (items !== undefined || cursor.bytes[cursor.at] !== Json.openBracket) return undefined
        start = cursor.at
        items = array(type)
        end = cursor.at
        if (items === undefined) return undefined
      } else {
        const behind = Json.valueEnd(cursor.bytes, cursor.at, cursor.limit)
        if (behind < 0) return undefined
        cursor.at = behind
      }
      more = Place.hasNext(cursor)
    }
    if (more === undefined || items === undefined || !isAtEnd()) return undefined
    const { bytes, limit } = cursor
    return { ...JSON.parse(`${Bytes.text(bytes, 0, start)}[]${Bytes.text(bytes, end, limit)}`), items }
  }

  const array = (type: Objects.Type | undefined): ReadonlyArray<unknown> | undefined => {
    const items: Array<unknown> = []
    cursor.at++
    if (Place.take(cursor, Json.closeBracket)) return items
    while (true) {
      if (!Place.isAt(cursor, Json.openBrace)) return undefined
      const start = cursor.at
      const types = itemOpening.take(cursor)
      const item = types === undefined ? undefined : read(start, types, -1, type)
      if (item !== undefined) items.push(item)
      else {
        cursor.at = Json.valueEnd(cursor.bytes, start, cursor.limit)
        if (cursor.at < 0) return undefined
        items.push(JSON.parse(Bytes.text(cursor.bytes, start, cursor.at)))
      }
      if (Place.take(cursor, Json.closeBracket)) return items
      if (!Place.take(cursor, Json.comma)) return undefined
    }
  }

  const isAtEnd = (): boolean => Json.spaceEnd(cursor.bytes, cursor.at, cursor.limit) === cursor.limit

  return {
    decode: (bytes, start, end) => {
      cursor.bytes = Bytes.wrap(bytes)
      cursor.at = start
      cursor.limit = end
      return event() ?? json.decode(bytes, start, end)
    },
    list: (text, type) => {
      cursor.bytes = Bytes.encode(text)
      cursor.at = 0
      cursor.limit = cursor.bytes.length
      try {
        return list(type) ?? JSON.parse(text)
      } finally {
        // A page is large, and the next may never come.
        cursor.bytes = new Uint8Array(0)
      }
    },
    retain: versions.retain,
    stats: () => ({ objects: versions.count(), keptBytes: versions.keptBytes() })
  }
}
