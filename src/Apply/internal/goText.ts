/**
 * How Go measures and writes text, where a limit or a message of the API server depends on it.
 *
 * @internal
 */

/** The bytes of the UTF-8 form. */
export const byteLength = (text: string): number => {
  let length = 0
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0
    length += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
  }
  return length
}

/** Letters, marks, numbers, punctuation, symbols and the blank. */
export const isPrintable = (character: string): boolean => /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u.test(character)

/** Go's `%#U`. */
export const codeOf = (character: string): string => {
  const code = `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`
  return isPrintable(character) ? `${code} '${character}'` : code
}
