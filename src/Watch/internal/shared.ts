/**
 * What objects of a namespace or of a set have in common, kept once for all: values of the same text are the same.
 */
import * as Bytes from "./bytes.ts"
import type { Members } from "./members.ts"

/** The members of metadata that many objects have alike. */
const sharedMembers = ["namespace", "generateName", "labels", "ownerReferences"]

/** How many values are kept, and the longest text of one. */
const maxCount = 4096
const maxLength = 1024

export interface Shared {
  /** Puts the one value of each text in the place of what was parsed from it. */
  readonly unify: (metadata: Record<string, unknown>, members: Members, bytes: Uint8Array) => void
}

export const make = (): Shared => {
  const values = new Map<string, unknown>()
  return {
    unify: (metadata, { count, ends, names, starts }, bytes) => {
      for (let i = 0; i < count; i++) {
        const name = names[i] ?? ""
        const start = starts[i] ?? 0
        const end = ends[i] ?? 0
        if (end - start > maxLength || !sharedMembers.includes(name)) continue
        const text = Bytes.text(bytes, start, end)
        const known = values.get(text)
        if (known !== undefined) metadata[name] = known
        else if (values.size < maxCount) values.set(text, metadata[name])
      }
    }
  }
}
