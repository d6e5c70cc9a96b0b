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
  /** Where names begin, and where values begin and end. */
  readonly begins: Int32Array
  readonly starts: Int32Array
  readonly ends: Int32Array
  /** Whether the older text has the member as it is; see `compare`. */
  readonly isSame: Uint8Array
}

export const make = (): Members => ({
  count: 0,
  names: [],
  begins: new Int32Array(maxCount),
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
  members.begins[count] = at
  members.starts[count] = start
  members.ends[count] = end
  members.count = count + 1
  return end
}

/** An older text of the same object, in which the members lie between two positions. */
export interface Older {
  readonly bytes: Uint8Array
  readonly from: number
  readonly to: number
}

/**
 * Tells which members an older text has as they are. `scratch` is for its members.
 *
 * Usually one differs, and little of the older text need be read: those before it are at the same distance from the
 * begin, and those behind it from the end. There, what begins with a name after a comma and ends where a member ends is a
 * member: in a string, the quote of the name would close it, before a letter, and that is not JSON.
 */
export const compare = (members: Members, names: Names, bytes: Uint8Array, older: Older, scratch: Members): void => {
  const { begins, count, ends, isSame } = members
  const { bytes: old, from, to } = older
  let first = 0
  let start = from
  for (; first < count; first++) {
    const begin = begins[first] ?? 0
    const length = (ends[first] ?? 0) - begin
    const end = start + length
    if (end > to || (end < to && old[end] !== Json.comma) || !Bytes.isEqual(old, start, bytes, begin, length)) break
    isSame[first] = 1
    start = end + 1
  }
  let last = count - 1
  let end = to
  for (; last >= first; last--) {
    const begin = begins[last] ?? 0
    const length = (ends[last] ?? 0) - begin
    const at = end - length
    if (at < start || (at > start && old[at - 1] !== Json.comma) || !Bytes.isEqual(old, at, bytes, begin, length)) break
    isSame[last] = 1
    end = at - 1
  }
  if (first > last) return
  if (first === last && end - start === (ends[first] ?? 0) - (begins[first] ?? 0)) isSame[first] = 0
  else compareByName(members, names, bytes, { bytes: old, from: start, to: end }, scratch, first, last)
}

const compareByName = (
  members: Members,
  names: Names,
  bytes: Uint8Array,
  between: Older,
  scratch: Members,
  first: number,
  last: number
): void => {
  read(scratch, names, between)
  for (let i = first; i <= last; i++) {
    const before = indexOf(scratch, members.names[i] ?? "")
    const start = members.starts[i] ?? 0
    const length = (members.ends[i] ?? 0) - start
    const oldStart = scratch.starts[before] ?? 0
    members.isSame[i] = before >= 0 && (scratch.ends[before] ?? 0) - oldStart === length &&
        Bytes.isEqual(between.bytes, oldStart, bytes, start, length)
      ? 1
      : 0
  }
}

/** Finds the members of an older text; whether each is there once, and none but for what is better parsed whole. */
export const read = (members: Members, names: Names, { bytes, from, to }: Older): boolean => {
  members.count = 0
  let at = Json.spaceEnd(bytes, from, to)
  while (at >= 0 && at < to) {
    at = add(members, names, bytes, at, to)
    if (at >= 0) at = Json.spaceEnd(bytes, Json.spaceEnd(bytes, at, to) + 1, to)
  }
  return at >= 0
}

const indexOf = ({ count, names }: Members, name: string): number => {
  for (let i = 0; i < count; i++) if (names[i] === name) return i
  return -1
}
