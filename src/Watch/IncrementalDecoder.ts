/**
 * `IncrementalDecoder`: decodes the events of one collection by what changed since the version before.
 *
 * Most events change little: it parses the metadata, compares the bytes of every other member of an object with those
 * of the last version, and where they are equal hands out the member that was parsed then. So `old.spec === new.spec`
 * when the spec did not change, garbage and CPU fall, and what comes out still deep-equals what `JSON.parse` returns.
 * `SharedInformer` provides one to the watch it owns; what it does not recognise it leaves to `JSON.parse`.
 *
 * Bytes are compared exactly, never by a hash. They are kept outside of the garbage-collected heap, up to a limit. One
 * closure over one cursor, longer than most modules: a scanner of its own would cost a call per member of each event.
 *
 * @since 0.1.0
 */
import * as Arena from "./internal/arena.ts"
import * as Bytes from "./internal/bytes.ts"
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
  /** Forgets the objects for which `isKept` is false, by their uid: after a relist, which tells of no deletions. */
  readonly retain: (isKept: (uid: string) => boolean) => void
  /** How often a member was handed out again, how often one was parsed, and how many bytes are kept. */
  readonly stats: () => { readonly reused: number; readonly parsed: number; readonly keptBytes: number }
}

/** The names of members in their order. */
interface Shape {
  readonly names: ReadonlyArray<string>
  readonly next: Map<string, Shape>
}

/** Which members an object and its metadata have. One for all objects that have the same. */
interface Layout {
  readonly shape: Shape
  readonly metaShape: Shape
}

/** What is kept of an object; small, as there may be 100,000 of them. */
interface Kept {
  object: Members
  layout: Layout
  /** Of a block: where each member of both begins and its length, as words, then the bytes of the object. */
  address: number
  size: number
}

type Members = Record<string, unknown>

const quote = 34
const comma = 44
const colon = 58
const openBracket = 91
const backslash = 92
const closeBracket = 93
const openBrace = 123
const closeBrace = 125

const defaultMaxKeptBytes = 256 * 1024 * 1024

/** Objects with more members than this, their metadata's included, are parsed whole. */
const maxMembers = 48

/** The members of metadata that many objects have alike. */
const sharedMembers = ["namespace", "generateName", "labels", "ownerReferences"]

/** How many values are kept for all who have them, and the longest text of one. */
const maxShared = 4096
const maxSharedText = 1024

/** How many names and types are remembered as strings. */
const maxTexts = 64

/**
 * A decoder for one watch at a time.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeUnsafe = (options?: Options): IncrementalDecoder => {
  const isStripped = options?.isManagedFieldsStripped ?? false
  const arena = Arena.make(options?.maxKeptBytes ?? defaultMaxKeptBytes, Bytes.allocate)
  const kept = new Map<string, Kept>()
  const root: Shape = { names: [], next: new Map() }
  const texts: Array<Array<{ readonly value: string; readonly bytes: Uint8Array }>> = []
  let textCount = 0
  const shared = new Map<string, unknown>()
  const starts = new Int32Array(maxMembers)
  const ends = new Int32Array(maxMembers)
  let bytes: Uint8Array = new Uint8Array(0)
  let at = 0
  let limit = 0
  let reused = 0
  let parsed = 0

  const skipSpace = (): number => {
    let byte = bytes[at]
    while (at < limit && (byte === 32 || byte === 10 || byte === 13 || byte === 9)) byte = bytes[++at]
    return at < limit ? (byte ?? -1) : -1
  }

  // Moves behind the value at `at`; false where it does not end. Checks quotes and nesting, not grammar: what is kept of
  // it is parsed as well.
  const skipValue = (): boolean => {
    const b = bytes
    const end = limit
    let i = at
    const first = b[i]
    if (first === quote) {
      i = stringEnd(b, i, end)
      at = i
      return i > 0
    }
    if (first !== openBrace && first !== openBracket) {
      for (; i < end; i++) {
        const byte = b[i]
        if (byte === comma || byte === closeBrace || byte === closeBracket || byte === 32 || byte === 10) break
      }
      const isSome = i > at
      at = i
      return isSome
    }
    let depth = 0
    while (i < end) {
      const byte = b[i]
      if (byte === quote) {
        i = stringEnd(b, i, end)
        if (i < 0) return false
        continue
      }
      i++
      // The four brackets and no other byte above the quotes of ASCII letters: `[`, `]`, `{`, `}` differ by two bits.
      if (byte === openBrace || byte === openBracket) depth++
      else if (byte === closeBrace || byte === closeBracket) {
        depth--
        if (depth === 0) {
          at = i
          return true
        }
      }
    }
    return false
  }

  // The text of the name at `at`, having moved to its value; undefined where it is not plain.
  const name = (): string | undefined => {
    if (skipSpace() !== quote) return undefined
    const start = at + 1
    let i = start
    while (i < limit && bytes[i] !== quote) {
      if (bytes[i] === backslash || (bytes[i] ?? 0) < 32) return undefined
      i++
    }
    const found = textOf(start, i)
    at = i + 1
    if (skipSpace() !== colon) return undefined
    at++
    return skipSpace() < 0 ? undefined : found
  }

  // Names and types repeat from line to line: their strings are made once.
  const textOf = (start: number, end: number): string => {
    const length = end - start
    const alike = texts[length]
    if (alike !== undefined) {
      for (const known of alike) {
        if (Bytes.isEqual(known.bytes, 0, bytes, start, length)) return known.value
      }
    }
    const value = Bytes.text(bytes, start, end)
    if (textCount < maxTexts && length <= 64) {
      textCount++
      const known = { value, bytes: new Uint8Array(bytes.subarray(start, end)) }
      if (alike === undefined) texts[length] = [known]
      else alike.push(known)
    }
    return value
  }

  // A string without escapes at `at`.
  const plainText = (): string | undefined => {
    if (bytes[at] !== quote) return undefined
    const start = at + 1
    let i = start
    for (; i < limit && bytes[i] !== quote; i++) {
      if (bytes[i] === backslash || (bytes[i] ?? 0) < 32) return undefined
    }
    if (i >= limit) return undefined
    at = i + 1
    return textOf(start, i)
  }

  const parse = (start: number, end: number): unknown => JSON.parse(Bytes.text(bytes, start, end))

  // After a member: whether another follows. Undefined for what is neither.
  const hasNext = (): boolean | undefined => {
    const byte = skipSpace()
    if (byte !== comma && byte !== closeBrace) return undefined
    at++
    return byte === comma
  }

  // Members of the metadata stand before those of the object in `starts` and `ends`.
  let metaCount = 0
  const layouts = new Map<Shape, Map<Shape, Layout>>()
  let metaShape = root
  let metaStart = -1
  let metaEnd = -1
  let cutStart = -1
  let cutEnd = -1
  let uid: string | undefined

  // Finds the members of the metadata at `at`; false for what is better parsed whole.
  const scanMetadata = (): boolean => {
    if (bytes[at] !== openBrace) return false
    metaStart = at
    let previous = ++at
    if (skipSpace() === closeBrace) {
      metaEnd = ++at
      return true
    }
    while (true) {
      const memberStart = at
      const member = name()
      if (member === undefined || metaCount === maxMembers) return false
      const start = at
      if (!skipValue()) return false
      const end = at
      const more = hasNext()
      if (more === undefined) return false
      if (isStripped && member === "managedFields") {
        if (cutStart >= 0) return false
        // With the comma that follows, or, for the last member, the one before.
        cutStart = more ? memberStart : previous
        cutEnd = more ? at : end
      } else {
        if (member === "__proto__" || metaShape.names.includes(member)) return false
        if (member === "uid") uid = plainString(start, end)
        starts[metaCount] = start
        ends[metaCount] = end
        metaCount++
        metaShape = following(metaShape, member)
      }
      previous = end
      if (!more) break
    }
    metaEnd = at
    return true
  }

  const plainString = (start: number, end: number): string | undefined => {
    if (bytes[start] !== quote) return undefined
    for (let i = start + 1; i < end - 1; i++) {
      const byte = bytes[i] ?? 0
      if (byte === backslash || byte < 32) return undefined
    }
    return Bytes.text(bytes, start + 1, end - 1)
  }

  // What stands between two positions, without the managedFields that were cut.
  const parseAround = (start: number, end: number): unknown =>
    cutStart < start || cutEnd > end
      ? parse(start, end)
      : JSON.parse(Bytes.text(bytes, start, cutStart) + Bytes.text(bytes, cutEnd, end))

  // The members of the metadata that changed and kept their length, with where their bytes stand; usually one, the
  // version. When nothing else changed, only they are written.
  let changed: Array<number> = []
  let isInPlace = false

  // The metadata that was scanned, with what did not change taken from before.
  const metadata = (old: Kept): Members | undefined => {
    if (old.layout.metaShape !== metaShape) return asMembers(parseAround(metaStart, metaEnd))
    const words = arena.wordsOf(old.address)
    const kept = arena.bytesOf(old.address)
    const offset = arena.offsetOf(old.address)
    const base = offset + (metaCount + old.layout.shape.names.length) * 8
    const made: Members = { ...(old.object["metadata"] as Members) }
    for (let i = 0; i < metaCount; i++) {
      const start = starts[i] ?? 0
      const end = ends[i] ?? 0
      const from = base + (words[(offset >> 2) + 2 * i] ?? 0)
      const length = words[(offset >> 2) + 2 * i + 1] ?? 0
      if (length !== end - start || !Bytes.isEqual(kept, from, bytes, start, length)) {
        made[metaShape.names[i] ?? ""] = plainString(start, end) ?? parse(start, end)
        if (length === end - start) changed.push(i, from)
        else isInPlace = false
      }
    }
    return made
  }

  // The object at `at`, or undefined for what is better parsed whole.
  const object = (isGone: boolean): Members | undefined => {
    if (skipSpace() !== openBrace) return undefined
    const objectStart = at
    at++
    let kind: string | undefined
    let apiVersion: string | undefined
    let old: Kept | undefined
    let shape = root
    let count = 0
    let sameCount = 0
    const values: Array<unknown> = []
    metaCount = 0
    metaShape = root
    metaStart = -1
    cutStart = -1
    uid = undefined
    changed = []
    while (true) {
      const member = name()
      if (member === undefined) return undefined
      if (member === "metadata") {
        // Members before it would have to move: only types stand there in what servers write.
        if (metaStart >= 0 || count > 0 || !scanMetadata()) return undefined
        if (uid !== undefined) old = kept.get(uid)
      } else if (member === "kind") {
        if (kind !== undefined) return undefined
        kind = plainText()
        if (kind === undefined) return undefined
      } else if (member === "apiVersion") {
        if (apiVersion !== undefined) return undefined
        apiVersion = plainText()
        if (apiVersion === undefined) return undefined
      } else {
        if (
          metaStart < 0 || metaCount + count === maxMembers || member === "__proto__" || shape.names.includes(member)
        ) {
          return undefined
        }
        const start = at
        const same = old === undefined ? -1 : lengthOfSame(old, member)
        if (same >= 0 && old !== undefined) {
          at += same
          values.push(old.object[member])
          sameCount++
        } else {
          if (!skipValue()) return undefined
          if (old !== undefined) values.push(parse(start, at))
        }
        starts[metaCount + count] = start
        ends[metaCount + count] = at
        count++
        shape = following(shape, member)
      }
      const more = hasNext()
      if (more === undefined) return undefined
      if (!more) break
    }
    if (metaStart < 0) return undefined
    // What was never seen is parsed in one piece.
    isInPlace = old !== undefined && sameCount === count && old.layout.shape === shape &&
      old.layout.metaShape === metaShape
    const made = old === undefined
      ? asMembers(parseAround(objectStart, at))
      : assemble(kind, apiVersion, metadata(old), shape.names, values)
    if (made === undefined) return undefined
    reused += sameCount
    parsed += count - sameCount
    if (uid === undefined) return made
    if (isGone) forget(uid, old)
    else if (old !== undefined && isInPlace) touch(old, made)
    else keep(uid, old, made, shape, count)
    return made
  }

  // The length of a member's bytes when those at `at` are the ones kept for it, else -1. A number is the same only where
  // it ends as well.
  const lengthOfSame = (old: Kept, name: string): number => {
    const { names } = old.layout.shape
    const index = names.indexOf(name)
    if (index < 0) return -1
    const words = arena.wordsOf(old.address)
    const offset = arena.offsetOf(old.address)
    const member = old.layout.metaShape.names.length + index
    const from = offset + (old.layout.metaShape.names.length + names.length) * 8 +
      (words[(offset >> 2) + 2 * member] ?? 0)
    const length = words[(offset >> 2) + 2 * member + 1] ?? 0
    const end = at + length
    if (end >= limit) return -1
    const after = bytes[end]
    if (after !== comma && after !== closeBrace && after !== 32 && after !== 10 && after !== 13 && after !== 9) {
      return -1
    }
    return Bytes.isEqual(arena.bytesOf(old.address), from, bytes, at, length) ? length : -1
  }

  const forget = (uid: string, old: Kept | undefined): void => {
    if (old === undefined) return
    arena.free(old.address, old.size)
    kept.delete(uid)
  }

  const touch = (old: Kept, made: Members): void => {
    const target = arena.bytesOf(old.address)
    for (let i = 0; i < changed.length; i += 2) {
      const member = changed[i] ?? 0
      Bytes.copy(bytes, starts[member] ?? 0, ends[member] ?? 0, target, changed[i + 1] ?? 0)
    }
    old.object = made
  }

  const layoutOf = (shape: Shape): Layout => {
    let byMeta = layouts.get(shape)
    if (byMeta === undefined) {
      byMeta = new Map()
      layouts.set(shape, byMeta)
    }
    let layout = byMeta.get(metaShape)
    if (layout === undefined) {
      layout = { shape, metaShape }
      byMeta.set(metaShape, layout)
    }
    return layout
  }

  const keep = (uid: string, old: Kept | undefined, made: Members, shape: Shape, count: number): void => {
    const total = metaCount + count
    const cut = cutStart < 0 ? 0 : cutEnd - cutStart
    const size = total * 8 + at - metaStart - cut
    const isFitting = old !== undefined && Arena.classOf(old.size) === Arena.classOf(size)
    if (!isFitting) forget(uid, old)
    if (size > Arena.maxBlock) return
    const address = isFitting ? old.address : arena.allocate(size)
    if (address < 0) return
    const target = arena.bytesOf(address)
    const words = arena.wordsOf(address)
    const offset = arena.offsetOf(address)
    for (let i = 0; i < total; i++) {
      const start = starts[i] ?? 0
      words[(offset >> 2) + 2 * i] = start - metaStart - (cut > 0 && start >= cutEnd ? cut : 0)
      words[(offset >> 2) + 2 * i + 1] = (ends[i] ?? 0) - start
    }
    const to = offset + total * 8
    if (cut === 0) {
      Bytes.copy(bytes, metaStart, at, target, to)
    } else {
      Bytes.copy(bytes, metaStart, cutStart, target, to)
      Bytes.copy(bytes, cutEnd, at, target, to + cutStart - metaStart)
    }
    const layout = old !== undefined && isSameLayout(old.layout, shape) ? old.layout : layoutOf(shape)
    if (isFitting) {
      old.object = made
      old.layout = layout
      old.size = size
    } else {
      // The object's own string, so that none is kept for the key alone.
      const metadata = made["metadata"] as Members
      shareMembers(metadata)
      const own = metadata["uid"]
      kept.set(typeof own === "string" ? own : uid, { object: made, layout, address, size })
    }
  }

  // What objects of a namespace or of a set have in common is kept once for all: values of the same text are the same.
  const shareMembers = (metadata: Members): void => {
    for (const name of sharedMembers) {
      const index = metaShape.names.indexOf(name)
      if (index < 0) continue
      const start = starts[index] ?? 0
      const end = ends[index] ?? 0
      if (end - start > maxSharedText) continue
      const text = Bytes.text(bytes, start, end)
      if (shared.has(text)) metadata[name] = shared.get(text)
      else if (shared.size < maxShared) shared.set(text, metadata[name])
    }
  }

  const isSameLayout = (layout: Layout, shape: Shape): boolean =>
    layout.shape === shape && layout.metaShape === metaShape

  // The event in the line, or undefined for what is better parsed whole.
  const event = (): unknown => {
    if (skipSpace() !== openBrace) return undefined
    at++
    if (name() !== "type") return undefined
    const type = plainText()
    if ((type !== "MODIFIED" && type !== "ADDED" && type !== "DELETED") || hasNext() !== true) return undefined
    if (name() !== "object") return undefined
    const found = object(type === "DELETED")
    if (found === undefined || hasNext() !== false || skipSpace() >= 0) return undefined
    return { type, object: found }
  }

  return {
    decode: (given, start, end) => {
      bytes = Bytes.wrap(given)
      at = start
      limit = end
      return event() ?? json.decode(given, start, end)
    },
    retain: (isKept) => {
      for (const [uid, old] of kept) {
        if (!isKept(uid)) forget(uid, old)
      }
    },
    stats: () => ({ reused, parsed, keptBytes: arena.size() })
  }
}

const asMembers = (value: unknown): Members | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? value as Members : undefined

// Behind the string that begins at `start`, or -1.
const stringEnd = (bytes: Uint8Array, start: number, end: number): number => {
  let i = start + 1
  while (i < end) {
    const byte = bytes[i]
    if (byte === quote) return i + 1
    i += byte === backslash ? 2 : 1
  }
  return -1
}

const following = (shape: Shape, name: string): Shape => {
  const known = shape.next.get(name)
  if (known !== undefined) return known
  const made: Shape = { names: [...shape.names, name], next: new Map() }
  shape.next.set(name, made)
  return made
}

// Literals for the usual shapes give objects without slack, and one hidden class for all of a kind.
const assemble = (
  kind: string | undefined,
  apiVersion: string | undefined,
  metadata: Members | undefined,
  names: ReadonlyArray<string>,
  values: ReadonlyArray<unknown>
): Members | undefined => {
  if (metadata === undefined) return undefined
  if (kind !== undefined && apiVersion !== undefined) {
    if (names.length === 2 && names[0] === "spec" && names[1] === "status") {
      return { kind, apiVersion, metadata, spec: values[0], status: values[1] }
    }
    if (names.length === 1 && names[0] === "spec") return { kind, apiVersion, metadata, spec: values[0] }
    if (names.length === 1 && names[0] === "data") return { kind, apiVersion, metadata, data: values[0] }
  }
  const made: Members = {}
  if (kind !== undefined) made["kind"] = kind
  if (apiVersion !== undefined) made["apiVersion"] = apiVersion
  made["metadata"] = metadata
  for (let i = 0; i < names.length; i++) made[names[i] ?? ""] = values[i]
  return made
}
