/**
 * Names and types repeat from line to line: their strings are made once.
 */
import * as Bytes from "./bytes.ts"

/** How many are remembered, and the longest that is. */
const maxCount = 64
const maxLength = 64

export interface Names {
  /** The text between two positions. */
  readonly get: (bytes: Uint8Array, start: number, end: number) => string
}

export const make = (): Names => {
  const byLength: Array<Array<{ readonly value: string; readonly bytes: Uint8Array }>> = []
  let count = 0
  return {
    get: (bytes, start, end) => {
      const length = end - start
      const alike = byLength[length]
      if (alike !== undefined) {
        for (const known of alike) {
          if (Bytes.isEqual(known.bytes, 0, bytes, start, length)) return known.value
        }
      }
      const value = Bytes.text(bytes, start, end)
      if (count < maxCount && length <= maxLength) {
        count++
        const known = { value, bytes: new Uint8Array(bytes.subarray(start, end)) }
        if (alike === undefined) byLength[length] = [known]
        else alike.push(known)
      }
      return value
    }
  }
}
