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

/**
 * Finds the members that an older text of the same object has as they are: those before the first that differs, by their
 * distance from its begin, and those behind the last, by that from its end. So nothing need be known of the older text
 * but where its first member begins and its last ends.
 *
 * No string and no deeper object can be taken for a member: in a string, the quote that opens the member's name would
 * close it, before a letter, and that is not JSON; and brackets that close at the same end were opened at the same depth.
 */
export const compare = (members: Members, bytes: Uint8Array, old: Uint8Array, from: number, to: number): void => {
  const { begins, count, ends, isSame } = members
  isSame.fill(0, 0, count)
  let first = 0
  let at = from
  for (; first < count; first++) {
    const begin = begins[first] ?? 0
    const length = (ends[first] ?? 0) - begin
    const end = at + length
    if (end > to || (end < to && old[end] !== Json.comma) || !Bytes.isEqual(old, at, bytes, begin, length)) break
    isSame[first] = 1
    at = end + 1
  }
  let end = to
  for (let i = count - 1; i >= first; i--) {
    const begin = begins[i] ?? 0
    const length = (ends[i] ?? 0) - begin
    const start = end - length
    if (start < at || (start > at && old[start - 1] !== Json.comma) || !Bytes.isEqual(old, start, bytes, begin, length)) break
    isSame[i] = 1
    end = start - 1
  }
}
