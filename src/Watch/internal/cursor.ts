/**
 * A place in the bytes of a JSON text, and the steps over what stands between values.
 */
import * as Json from "./json.ts"
import type { Names } from "./names.ts"

export interface Cursor {
  bytes: Uint8Array
  at: number
  limit: number
}

/** Moves over white space; whether `byte` follows. */
export const isAt = (cursor: Cursor, byte: number): boolean => {
  cursor.at = Json.spaceEnd(cursor.bytes, cursor.at, cursor.limit)
  return cursor.at < cursor.limit && cursor.bytes[cursor.at] === byte
}

/** As `isAt`, and moves over the byte. */
export const take = (cursor: Cursor, byte: number): boolean => {
  if (!isAt(cursor, byte)) return false
  cursor.at++
  return true
}

/** Moves over a string without escapes, of those that repeat. */
export const plainString = (cursor: Cursor, names: Names): string | undefined => {
  const { at, bytes, limit } = cursor
  const end = Json.plainStringEnd(bytes, at, limit)
  if (end < 0) return undefined
  cursor.at = end
  return names.get(bytes, at + 1, end - 1)
}

/** Moves from the name of a member to its value. */
export const name = (cursor: Cursor, names: Names): string | undefined => {
  if (!isAt(cursor, Json.quote)) return undefined
  const found = plainString(cursor, names)
  if (found === undefined) return undefined
  const value = Json.memberValue(cursor.bytes, cursor.at, cursor.limit)
  if (value < 0) return undefined
  cursor.at = value
  return found
}

/** Moves behind a member: whether another follows, or else the end of its object. Undefined for what is neither. */
export const hasNext = (cursor: Cursor): boolean | undefined =>
  take(cursor, Json.comma) ? true : take(cursor, Json.closeBrace) ? false : undefined
