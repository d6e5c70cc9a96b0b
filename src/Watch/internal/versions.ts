/**
 * The last version of every object: what was handed out, and its bytes from the metadata on.
 *
 * Found by the bytes of its uid: a hash leads to the place and the bytes decide. The bytes lie outside of the
 * garbage-collected heap, up to a limit. An entry is small, as there may be 100,000 of them.
 */
import * as Arena from "./arena.ts"
import * as Bytes from "./bytes.ts"

export interface Version {
  object: Record<string, unknown>
  /** Of the uid. */
  readonly hash: number
  /** The block of the text, which begins with the brace of the metadata, and its size. */
  address: number
  size: number
  /** Where the metadata ends in the text; -1 as long as its members are not known to be there once each. */
  metadataEnd: number
  /** Whether the members behind the metadata are known to be there once each. */
  isTailScanned: boolean
  /** The next one with the same hash. */
  next: Version | undefined
}

/** Where the parts of a new text stand in the bytes that it came in; -1 for what it has not or what was not looked for. */
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
  /** The version before of the object whose text this is. */
  readonly find: (bytes: Uint8Array, text: Text) => Version | undefined
  /** Keeps the text of an object in the place of `old`, or beside the others; not one whose uid is not ASCII. */
  readonly keep: (old: Version | undefined, bytes: Uint8Array, text: Text, object: Record<string, unknown>) => void
  /** As `keep`, of an object of that uid; false, and nothing is done, where one is kept. */
  readonly keepNew: (uid: string, bytes: Uint8Array, text: Text, object: Record<string, unknown>) => boolean
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

  // The metadata of an object mostly begins as it did before, up to its uid and beyond.
  const isOf = (version: Version, bytes: Uint8Array, { start, uidEnd, uidStart }: Text): boolean => {
    const length = uidEnd + 1 - start
    return length <= version.size && Bytes.isEqual(bytesOf(version), offsetOf(version), bytes, start, length) ||
      uidOf(version.object) === Bytes.text(bytes, uidStart, uidEnd)
  }

  const forget = (version: Version): void => {
    const first = byHash.get(version.hash)
    if (first !== version) {
      let before = first
      while (before !== undefined && before.next !== version) before = before.next
      if (before === undefined) return
      before.next = version.next
    } else if (version.next === undefined) byHash.delete(version.hash)
    else byHash.set(version.hash, version.next)
    count--
    arena.free(version.address, version.size)
  }

  // Of what takes no room of another.
  const add = (key: number | undefined, bytes: Uint8Array, text: Text, object: Record<string, unknown>): void => {
    const size = sizeOf(text)
    const address = key === undefined || size > Arena.maxBlock ? -1 : arena.allocate(size)
    if (key === undefined || address < 0) return
    write(bytes, text, address)
    const { isTailScanned } = text
    const metadataEnd = metadataEndOf(text)
    byHash.set(key, { object, hash: key, address, size, metadataEnd, isTailScanned, next: byHash.get(key) })
    count++
  }

  const write = (bytes: Uint8Array, { cutEnd, cutStart, end, start }: Text, address: number): void => {
    const to = arena.bytesOf(address)
    const at = arena.offsetOf(address)
    if (cutStart < 0) Bytes.copy(bytes, start, end, to, at)
    else {
      Bytes.copy(bytes, start, cutStart, to, at)
      Bytes.copy(bytes, cutEnd, end, to, at + cutStart - start)
    }
  }

  return {
    find: (bytes, text) => {
      let version = byHash.get(hash(bytes, text.uidStart, text.uidEnd))
      while (version !== undefined && !isOf(version, bytes, text)) version = version.next
      return version
    },
    keep: (old, bytes, text, object) => {
      const size = sizeOf(text)
      if (old === undefined || Arena.classOf(old.size) !== Arena.classOf(size)) {
        if (old !== undefined) forget(old)
        return add(hashOf(uidOf(object)), bytes, text, object)
      }
      write(bytes, text, old.address)
      old.object = object
      old.size = size
      old.metadataEnd = metadataEndOf(text)
      old.isTailScanned = text.isTailScanned
    },
    keepNew: (uid, bytes, text, object) => {
      const key = hashOf(uid)
      let version = key === undefined ? undefined : byHash.get(key)
      while (version !== undefined && uidOf(version.object) !== uid) version = version.next
      if (version !== undefined) return false
      add(key, bytes, text, object)
      return true
    },
    touch: (old, bytes, text, object) => {
      const { start, versionEnd, versionStart } = text
      Bytes.copy(bytes, versionStart, versionEnd, bytesOf(old), offsetOf(old) + versionStart - start)
      old.object = object
      if (old.metadataEnd < 0) old.metadataEnd = metadataEndOf(text)
    },
    forget,
    retain: (isKept) => {
      for (const first of byHash.values()) {
        for (let version: Version | undefined = first; version !== undefined; version = version.next) {
          if (!isKept(uidOf(version.object))) forget(version)
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
  metadataEnd: -1,
  isTailScanned: false
})

const sizeOf = ({ cutEnd, cutStart, end, start }: Text): number => end - start - (cutEnd - cutStart)

const metadataEndOf = ({ cutEnd, cutStart, metadataEnd, start }: Text): number =>
  metadataEnd < 0 ? -1 : metadataEnd - start - (cutEnd - cutStart)

const uidOf = ({ metadata }: Record<string, unknown>): string => (metadata as { readonly uid: string }).uid

// FNV-1a.
const basis = -2128831035
const prime = 16777619

const hash = (bytes: Uint8Array, start: number, end: number): number => {
  let sum = basis
  for (let i = start; i < end; i++) sum = Math.imul(sum ^ (bytes[i] ?? 0), prime)
  return sum
}

/** The same of a text; of one that is not ASCII there is none, and it is never found. */
const hashOf = (text: string): number | undefined => {
  let sum = basis
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code > 127) return undefined
    sum = Math.imul(sum ^ code, prime)
  }
  return sum
}
