/**
 * What objects of a namespace or of a set have in common, kept once for all: values of the same text are the same.
 */
import * as Bytes from "./bytes.ts"
import type { Members } from "./members.ts"

/** The members of metadata that many objects have alike. */
const sharedMembers = new Set(["namespace", "generateName", "labels", "ownerReferences"])

/** How many values are kept, and the longest text of one. */
const maxCount = 4096
const maxLength = 1024

/** Below it a text costs no more than what it is compared with. */
const minRemembered = 32

export interface Shared {
  /** Puts the one value of each text in the place of what was parsed from it. */
  readonly unify: (metadata: Record<string, unknown>, members: Members, bytes: Uint8Array) => void
}

interface Last {
  readonly bytes: Uint8Array
  length: number
  value: unknown
}

export const make = (): Shared => {
  const values = new Map<string, unknown>()
  // Objects of a set come one after the other in a list, and their bytes are compared faster than a text is made.
  const last = new Map<string, Last>()

  const valueOf = (name: string, bytes: Uint8Array, start: number, end: number, own: unknown): unknown => {
    const length = end - start
    const before = last.get(name)
    if (before !== undefined && before.length === length && Bytes.isEqual(before.bytes, 0, bytes, start, length)) {
      return before.value
    }
    const text = Bytes.text(bytes, start, end)
    const known = values.get(text)
    if (known === undefined && values.size < maxCount) values.set(text, own)
    const value = known ?? own
    if (length > minRemembered) remember(name, before, bytes, start, end, value)
    return value
  }

  const remember = (
    name: string,
    before: Last | undefined,
    bytes: Uint8Array,
    start: number,
    end: number,
    value: unknown
  ): void => {
    const target = before ?? { bytes: Bytes.allocate(maxLength), length: 0, value: undefined }
    Bytes.copy(bytes, start, end, target.bytes, 0)
    target.length = end - start
    target.value = value
    if (before === undefined) last.set(name, target)
  }

  return {
    unify: (metadata, { count, ends, names, starts }, bytes) => {
      for (let i = 0; i < count; i++) {
        const name = names[i] ?? ""
        const start = starts[i] ?? 0
        const end = ends[i] ?? 0
        if (end - start > maxLength || !sharedMembers.has(name)) continue
        metadata[name] = valueOf(name, bytes, start, end, metadata[name])
      }
    }
  }
}
