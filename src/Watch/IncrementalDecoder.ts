/**
 * `IncrementalDecoder`: decodes the events of one collection by what changed since the version before.
 *
 * Most events change little: it parses the metadata, compares the bytes of every other member of an object with those
 * of the last version, and where they are equal hands out the member that was parsed then. So `old.spec === new.spec`
 * when the spec did not change, garbage and CPU fall, and what comes out still deep-equals what `JSON.parse` returns.
 * `SharedInformer` provides one to the watch it owns; what it does not recognise it leaves to `JSON.parse`.
 *
 * Bytes are compared exactly, never by a hash. They are kept outside of the garbage-collected heap, up to a limit.
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

/** The members, beside type and metadata, that objects of a kind have, in their order. */
interface Shape {
  readonly names: ReadonlyArray<string>
  readonly next: Map<string, Shape>
}

interface Kept {
  object: Record<string, unknown>
  shape: Shape
  /** Of a block that holds the length of each member as a word, then their bytes. */
  address: number
  size: number
}

const quote = 34
const comma = 44
const colon = 58
const openBracket = 91
const backslash = 92
const closeBracket = 93
const openBrace = 123
const closeBrace = 125

const defaultMaxKeptBytes = 256 * 1024 * 1024

/** More members than this are parsed whole. */
const maxMembers = 16

/** How many names and types are remembered as strings. */
const maxTexts = 64

const managedFields = Array.from("managedFields", (letter) => letter.charCodeAt(0))

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

  // Moves behind the name at `at`, to its value, and tells whether it is `managedFields`.
  const skipName = (): boolean | undefined => {
    if (skipSpace() !== quote) return undefined
    const b = bytes
    const start = at + 1
    let i = start
    for (; i < limit && b[i] !== quote; i++) {
      if (b[i] === backslash || (b[i] ?? 0) < 32) return undefined
    }
    at = i + 1
    if (skipSpace() !== colon) return undefined
    at++
    if (skipSpace() < 0) return undefined
    return i - start === managedFields.length && managedFields.every((letter, k) => b[start + k] === letter)
  }

  // The metadata at `at`, without its managedFields where they are stripped.
  const metadata = (): Record<string, unknown> | undefined => {
    if (bytes[at] !== openBrace) return undefined
    const start = at
    if (!isStripped) return skipValue() ? asObject(parse(start, at)) : undefined
    let cutStart = -1
    let cutEnd = -1
    let previous = start
    at++
    if (skipSpace() === closeBrace) {
      at++
      return {}
    }
    while (true) {
      const memberStart = at
      const isCut = skipName()
      if (isCut === undefined || !skipValue()) return undefined
      const memberEnd = at
      const more = hasNext()
      if (more === undefined) return undefined
      if (isCut) {
        if (cutStart >= 0) return undefined
        // With the comma that follows, or, for the last member, the one before.
        cutStart = more ? memberStart : previous
        cutEnd = more ? at : memberEnd
      }
      previous = memberEnd
      if (!more) break
    }
    if (cutStart < 0) return asObject(parse(start, at))
    const before = cutStart === start ? "{" : Bytes.text(bytes, start, cutStart)
    return asObject(JSON.parse(before + Bytes.text(bytes, cutEnd, at)))
  }

  // The object at `at`, or undefined for what is better parsed whole.
  const object = (isGone: boolean): Record<string, unknown> | undefined => {
    if (skipSpace() !== openBrace) return undefined
    at++
    let kind: string | undefined
    let apiVersion: string | undefined
    let meta: Record<string, unknown> | undefined
    let old: Kept | undefined
    let shape = root
    let count = 0
    let isChanged = false
    const values: Array<unknown> = []
    while (true) {
      const member = name()
      if (member === undefined) return undefined
      if (member === "metadata") {
        if (meta !== undefined) return undefined
        meta = metadata()
        if (meta === undefined) return undefined
        const { uid } = meta
        if (typeof uid === "string") old = kept.get(uid)
      } else if (member === "kind") {
        if (kind !== undefined) return undefined
        kind = plainText()
        if (kind === undefined) return undefined
      } else if (member === "apiVersion") {
        if (apiVersion !== undefined) return undefined
        apiVersion = plainText()
        if (apiVersion === undefined) return undefined
      } else {
        if (count === maxMembers || member === "__proto__" || shape.names.includes(member)) return undefined
        const start = at
        const same = old === undefined ? -1 : lengthOfSame(old, member)
        if (same >= 0 && old !== undefined) {
          at += same
          values.push(old.object[member])
          reused++
        } else {
          if (!skipValue()) return undefined
          isChanged = true
          // What comes before the metadata is looked at again when it is known which object this is.
          values.push(meta === undefined ? notYet : parse(start, at))
          parsed++
        }
        starts[count] = start
        ends[count] = at
        count++
        shape = following(shape, member)
      }
      const more = hasNext()
      if (more === undefined) return undefined
      if (!more) break
    }
    if (meta === undefined) return undefined
    for (let i = 0; i < count; i++) {
      if (values[i] === notYet) values[i] = parse(starts[i] ?? 0, ends[i] ?? 0)
    }
    const made = assemble(kind, apiVersion, meta, shape.names, values)
    const { uid } = meta
    if (typeof uid !== "string") return made
    if (isGone) forget(uid, old)
    else if (old !== undefined && !isChanged && old.shape === shape) old.object = made
    else keep(uid, old, made, shape, count)
    return made
  }

  // The length of a member's bytes when those at `at` are the ones kept for it, else -1. A number is the same only where
  // it ends as well.
  const lengthOfSame = (old: Kept, member: string): number => {
    const { names } = old.shape
    const index = names.indexOf(member)
    if (index < 0) return -1
    const words = arena.wordsOf(old.address)
    const offset = arena.offsetOf(old.address)
    let from = offset + names.length * 4
    for (let i = 0; i < index; i++) from += words[(offset >> 2) + i] ?? 0
    const length = words[(offset >> 2) + index] ?? 0
    const end = at + length
    if (end >= limit) return -1
    const after = bytes[end]
    if (after !== comma && after !== closeBrace && after !== 32 && after !== 10 && after !== 13 && after !== 9) return -1
    return Bytes.isEqual(arena.bytesOf(old.address), from, bytes, at, length) ? length : -1
  }

  const forget = (uid: string, old: Kept | undefined): void => {
    if (old === undefined) return
    arena.free(old.address, old.size)
    kept.delete(uid)
  }

  const keep = (
    uid: string,
    old: Kept | undefined,
    made: Record<string, unknown>,
    shape: Shape,
    count: number
  ): void => {
    let size = count * 4
    for (let i = 0; i < count; i++) size += (ends[i] ?? 0) - (starts[i] ?? 0)
    const isFitting = old !== undefined && Arena.classOf(old.size) === Arena.classOf(size)
    if (!isFitting) forget(uid, old)
    if (count === 0 || size > Arena.maxBlock) return
    const address = isFitting ? old.address : arena.allocate(size)
    if (address < 0) return
    const target = arena.bytesOf(address)
    const words = arena.wordsOf(address)
    const offset = arena.offsetOf(address)
    let to = offset + count * 4
    for (let i = 0; i < count; i++) {
      const start = starts[i] ?? 0
      const end = ends[i] ?? 0
      words[(offset >> 2) + i] = end - start
      target.set(bytes.subarray(start, end), to)
      to += end - start
    }
    if (isFitting) {
      old.object = made
      old.shape = shape
      old.size = size
    } else {
      kept.set(uid, { object: made, shape, address, size })
    }
  }

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

const notYet = Symbol()

const asObject = (value: unknown): Record<string, unknown> | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? value as Record<string, unknown> : undefined

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
  metadata: Record<string, unknown>,
  names: ReadonlyArray<string>,
  values: ReadonlyArray<unknown>
): Record<string, unknown> => {
  if (kind !== undefined && apiVersion !== undefined) {
    if (names.length === 2 && names[0] === "spec" && names[1] === "status") {
      return { kind, apiVersion, metadata, spec: values[0], status: values[1] }
    }
    if (names.length === 1 && names[0] === "spec") return { kind, apiVersion, metadata, spec: values[0] }
    if (names.length === 1 && names[0] === "data") return { kind, apiVersion, metadata, data: values[0] }
  }
  const made: Record<string, unknown> = {}
  if (kind !== undefined) made["kind"] = kind
  if (apiVersion !== undefined) made["apiVersion"] = apiVersion
  made["metadata"] = metadata
  for (let i = 0; i < names.length; i++) made[names[i] ?? ""] = values[i]
  return made
}
