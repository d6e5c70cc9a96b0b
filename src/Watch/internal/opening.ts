/**
 * How texts begin: what begins with the same bytes as the one before means the same, and is not read again.
 */
import * as Bytes from "./bytes.ts"
import type { Cursor } from "./cursor.ts"

/** The longest that is remembered. */
const maxLength = 256

export interface Opening<out A> {
  /** Moves over the opening and answers what it means; undefined where `read` does. */
  readonly take: (cursor: Cursor) => A | undefined
}

/** `read` moves to the value of a member, and looks no further. */
export const make = <A>(read: (cursor: Cursor) => A | undefined): Opening<A> => {
  const bytes = Bytes.allocate(maxLength)
  let length = 0
  let last: A | undefined
  return {
    take: (cursor) => {
      const start = cursor.at
      if (length > 0 && start + length <= cursor.limit && Bytes.isEqual(bytes, 0, cursor.bytes, start, length)) {
        cursor.at = start + length
        return last
      }
      last = read(cursor)
      length = last === undefined || cursor.at - start > maxLength ? 0 : cursor.at - start
      if (length > 0) Bytes.copy(cursor.bytes, start, start + length, bytes, 0)
      return last
    }
  }
}
