/**
 * Where things stand in the bytes of a JSON text: strings, values, members.
 *
 * Positions in, positions out, -1 where the text is not what was asked for. They check quotes and nesting and not
 * grammar: whoever takes a value parses it as well. Plain loops, as every byte of every event passes here.
 */

export const quote = 34
export const comma = 44
export const colon = 58
export const openBracket = 91
export const closeBracket = 93
export const openBrace = 123
export const closeBrace = 125
const backslash = 92

export const isSpace = (byte: number | undefined): boolean => byte === 32 || byte === 10 || byte === 13 || byte === 9

/** Whether a value may end before this byte. */
export const isDelimiter = (byte: number | undefined): boolean =>
  byte === comma || byte === closeBrace || byte === closeBracket || isSpace(byte)

/** Behind the white space at `at`. */
export const spaceEnd = (bytes: Uint8Array, at: number, end: number): number => {
  let i = at
  while (i < end && isSpace(bytes[i])) i++
  return i
}

/** Behind the string that begins at `at`. */
export const stringEnd = (bytes: Uint8Array, at: number, end: number): number => {
  let i = at + 1
  while (i < end) {
    const byte = bytes[i]
    if (byte === quote) return i + 1
    i += byte === backslash ? 2 : 1
  }
  return -1
}

/** Behind the string that begins at `at`, where what stands between its quotes is what it says. */
export const plainStringEnd = (bytes: Uint8Array, at: number, end: number): number => {
  if (bytes[at] !== quote) return -1
  for (let i = at + 1; i < end; i++) {
    const byte = bytes[i] ?? 0
    if (byte === quote) return i + 1
    if (byte === backslash || byte < 32) return -1
  }
  return -1
}

/** Behind the value that begins at `at`. */
export const valueEnd = (bytes: Uint8Array, at: number, end: number): number => {
  const first = bytes[at]
  if (first === quote) return stringEnd(bytes, at, end)
  let i = at
  if (first !== openBrace && first !== openBracket) {
    while (i < end && !isDelimiter(bytes[i])) i++
    return i > at ? i : -1
  }
  let depth = 0
  while (i < end) {
    const byte = bytes[i]
    if (byte === quote) {
      i = stringEnd(bytes, i, end)
      if (i < 0) return -1
      continue
    }
    i++
    if (byte === openBrace || byte === openBracket) depth++
    else if (byte === closeBrace || byte === closeBracket) {
      depth--
      if (depth === 0) return i
    }
  }
  return -1
}

/** Where the value begins of the member whose name ends at `at`. */
export const memberValue = (bytes: Uint8Array, at: number, end: number): number => {
  const colonAt = spaceEnd(bytes, at, end)
  if (colonAt >= end || bytes[colonAt] !== colon) return -1
  const value = spaceEnd(bytes, colonAt + 1, end)
  return value < end ? value : -1
}

export const isLetter = (byte: number | undefined): boolean =>
  byte !== undefined && ((byte >= 97 && byte <= 122) || (byte >= 65 && byte <= 90))
