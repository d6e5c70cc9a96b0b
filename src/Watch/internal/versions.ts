/**
 * The last version of every object: what was handed out, and its bytes from the metadata on.
 *
 * Found by the bytes of its uid: a hash leads to the place and the bytes decide. The bytes lie outside of the
 * garbage-collected heap, up to a limit. An entry is small, as there may be 100,000 of them.
 */
import * as Arena from "./arena.ts"
import * as Bytes from "./bytes.ts"
import * as Json from "./json.ts"

export interface Version {
  object: Record<string, unknown>
  /** The block of the text and its size. Positions below count from its begin, which is the brace of the metadata. */
  address: number
  size: number
  /** Where the letters of the uid begin. */
  uidAt: number
  /** The letters of the resourceVersion; -1 where it has none. */
  versionAt: number
  versionEnd: number
  metadataEnd: number
  /** Whether the members behind the metadata are known to be there once each. */
  isTailScanned: boolean
  /** The next one with the same hash. */
  next: Version | undefined
}

/** Where the parts of a new text stand in the bytes that it came in; -1 for what it has not. */
export interface Text {
  start: number
  end: number
  /** What is to be left out. */
  cutStart: number
  cutEnd: number
  uidStart: number
  uidEnd: number
  versionStart: number
  versionEnd: number
  metadataEnd: number
  isTailScanned: boolean
}

export interface Versions {
  readonly find: (bytes: Uint8Array, start: number, end: number) => Version | undefined
  /** Puts a text in the place of `old`, or beside the others. */
  readonly keep: (old: Version | undefined, bytes: Uint8Array, text: Text, object: Record<string, unknown>) => void
  /** Puts letters of the same number in the place of the resourceVersion of `old`. */
  readonly touch: (old: Version, bytes: Uint8Array, text: Text, object: Record<string, unknown>) => void
  readonly forget: (version: Version) => void
  readonly retain: (isKept: (uid: string) => boolean) => void
  /** The bytes a version lies in, and where. */
  readonly bytesOf: (version: Version) => Uint8Array
  readonly offsetOf: (version: Version) => number
  readonly count: () => number
  readonly keptBytes: () => number
}

export const make = (maxBytes: number): Versions => {
  const arena = Arena.make(maxBytes, Bytes.allocate)
  const byHash = new Map<number, Version>()
  let count = 0

  const bytesOf = (version: Version): Uint8Array => arena.bytesOf(version.address)
  const offsetOf = (version: Version): number => arena.offsetOf(version.address)

  const find: Versions["find"] = (bytes, start, end) => {
    let version = byHash.get(hash(bytes, start, end))
    while (version !== undefined) {
      const length = end - start
      const kept = bytesOf(version)
      const at = offsetOf(version) + version.uidAt
      if (kept[at + length] === Json.quote && Bytes.isEqual(kept, at, bytes, start, length)) return version
      version = version.next
    }
    return undefined
  }

  const hashOf = (version: Version): number => {
    const kept = bytesOf(version)
    const start = offsetOf(version) + version.uidAt
    return hash(kept, start, uidEnd(kept, start))
  }

  const forget = (version: Version): void => {
    const key = hashOf(version)
    const first = byHash.get(key)
    if (first !== version) {
      let before = first
      while (before !== undefined && before.next !== version) before = before.next
      if (before === undefined) return
      before.next = version.next
    } else if (version.next === undefined) byHash.delete(key)
    else byHash.set(key, version.next)
    count--
    arena.free(version.address, version.size)
  }

  return {
    find,
    keep: (old, bytes, text, object) => {
      const { cutEnd, cutStart, end, start } = text
      const cut = cutEnd - cutStart
      const size = end - start - cut
      const isFitting = old !== undefined && Arena.classOf(old.size) === Arena.classOf(size)
      if (old !== undefined && !isFitting) forget(old)
      if (size > Arena.maxBlock) return
      const address = isFitting ? old.address : arena.allocate(size)
      if (address < 0) return
      const to = arena.bytesOf(address)
      const at = arena.offsetOf(address)
      if (cut === 0) Bytes.copy(bytes, start, end, to, at)
      else {
        Bytes.copy(bytes, start, cutStart, to, at)
        Bytes.copy(bytes, cutEnd, end, to, at + cutStart - start)
      }
      const place = (position: number) => position < 0 ? -1 : position - start - (position >= cutEnd ? cut : 0)
      const version = isFitting ? old : emptyVersion()
      version.object = object
      version.address = address
      version.size = size
      version.uidAt = place(text.uidStart)
      version.versionAt = place(text.versionStart)
      version.versionEnd = place(text.versionEnd)
      version.metadataEnd = place(text.metadataEnd)
      version.isTailScanned = text.isTailScanned
      if (isFitting) return
      const key = hash(bytes, text.uidStart, text.uidEnd)
      version.next = byHash.get(key)
      byHash.set(key, version)
      count++
    },
    touch: (old, bytes, { versionEnd, versionStart }, object) => {
      Bytes.copy(bytes, versionStart, versionEnd, bytesOf(old), offsetOf(old) + old.versionAt)
      old.object = object
    },
    forget,
    retain: (isKept) => {
      for (const first of byHash.values()) {
        for (let version: Version | undefined = first; version !== undefined; version = version.next) {
          const kept = bytesOf(version)
          const start = offsetOf(version) + version.uidAt
          if (!isKept(Bytes.text(kept, start, uidEnd(kept, start)))) forget(version)
        }
      }
    },
    bytesOf,
    offsetOf,
    count: () => count,
    keptBytes: arena.size
  }
}

export const emptyText = (): Text => ({
  start: 0,
  end: 0,
  cutStart: -1,
  cutEnd: -1,
  uidStart: -1,
  uidEnd: -1,
  versionStart: -1,
  versionEnd: -1,
  metadataEnd: 0,
  isTailScanned: false
})

const emptyVersion = (): Version => ({
  object: {},
  address: 0,
  size: 0,
  uidAt: 0,
  versionAt: 0,
  versionEnd: 0,
  metadataEnd: 0,
  isTailScanned: false,
  next: undefined
})

// FNV-1a.
const hash = (bytes: Uint8Array, start: number, end: number): number => {
  let sum = -2128831035
  for (let i = start; i < end; i++) sum = Math.imul(sum ^ (bytes[i] ?? 0), 16777619)
  return sum
}

const uidEnd = (bytes: Uint8Array, start: number): number => {
  let i = start
  while (bytes[i] !== Json.quote) i++
  return i
}
