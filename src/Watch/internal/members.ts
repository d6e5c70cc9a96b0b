/**
 * The members of one object as they stand in its bytes, and which of them stand in an older text as well.
 */
import * as Bytes from "./bytes.ts"
import * as Json from "./json.ts"
import type { Names } from "./names.ts"

/** Objects with more members than this are parsed whole. */
const maxCount = 48

export interface Members {
  count: number
  readonly names: Array<string>
  /** Where values begin and end. */
  readonly starts: Int32Array
  readonly ends: Int32Array
  /** Whether the older text has the member as it is; see `compare`. */
  readonly isSame: Uint8Array
}

export const make = (): Members => ({
  count: 0,
  names: [],
  starts: new Int32Array(maxCount),
  ends: new Int32Array(maxCount),
  isSame: new Uint8Array(maxCount)
})

/** Adds the member whose name begins at `at` and answers where its value ends, or -1 for what is better parsed whole. */
export const add = (members: Members, names: Names, bytes: Uint8Array, at: number, limit: number): number => {
  const { count } = members
  const nameEnd = Json.plainStringEnd(bytes, at, limit)
  if (nameEnd < 0 || count === maxCount || !Json.isLetter(bytes[at + 1])) return -1
  const start = Json.memberValue(bytes, nameEnd, limit)
  if (start < 0) return -1
  const end = Json.valueEnd(bytes, start, limit)
  if (end < 0) return -1
  const name = names.get(bytes, at + 1, nameEnd - 1)
  for (let i = 0; i < count; i++) if (members.names[i] === name) return -1
  members.names[count] = name
  members.starts[count] = start
  members.ends[count] = end
  members.count = count + 1
  return end
}

/** Reads all members of a text that was read before, from the name of the first up to `end`. */
export const read = (members: Members, names: Names, bytes: Uint8Array, start: number, end: number): void => {
  members.count = 0
  let at = Json.spaceEnd(bytes, start, end)
  while (at >= 0 && at < end && bytes[at] === Json.quote) {
    at = add(members, names, bytes, at, end)
    if (at >= 0) at = Json.spaceEnd(bytes, Json.spaceEnd(bytes, at, end) + 1, end)
  }
}

/** Tells which members an older text has as they are. */
export const compare = (members: Members, bytes: Uint8Array, old: Members, oldBytes: Uint8Array): void => {
  for (let i = 0; i < members.count; i++) {
    const before = indexOf(old, members.names[i] ?? "", i)
    const start = members.starts[i] ?? 0
    const length = (members.ends[i] ?? 0) - start
    const oldStart = old.starts[before] ?? 0
    members.isSame[i] = before >= 0 && (old.ends[before] ?? 0) - oldStart === length &&
        Bytes.isEqual(oldBytes, oldStart, bytes, start, length)
      ? 1
      : 0
  }
}

// Members usually stand where they stood.
const indexOf = ({ count, names }: Members, name: string, guess: number): number => {
  if (guess < count && names[guess] === name) return guess
  for (let i = 0; i < count; i++) if (names[i] === name) return i
  return -1
}
