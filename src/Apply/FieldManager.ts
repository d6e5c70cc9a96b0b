/**
 * `FieldManager`: the name under which a program owns fields.
 *
 * Every write has one. Applies must give it (`ApplyOptions.fieldManager`); for other writes the API server derives it
 * from the User-Agent. Choose one name per controller, not per replica or version: what a manager applied earlier and
 * leaves out now is removed, so a new name orphans the old one's fields.
 *
 * @see https://kubernetes.io/docs/reference/using-api/server-side-apply/#managers
 * @since 0.1.0
 */
import { byteLength, codeOf, isPrintable } from "./internal/goText.ts"

/**
 * The most bytes that a name may have.
 *
 * @category constants
 * @since 0.1.0
 */
export const maximumLength = 128

/**
 * What is wrong with a name, in the API server's words; empty when nothing is.
 *
 * @category validation
 * @since 0.1.0
 */
export const problems = (name: string): ReadonlyArray<string> => {
  const found: Array<string> = []
  if (byteLength(name) > maximumLength) found.push(`Too long: may not be more than ${maximumLength} bytes`)
  let position = 0
  for (const character of name) {
    if (!isPrintable(character)) {
      found.push(
        `Invalid value: ${JSON.stringify(name)}: invalid character ${codeOf(character)} (at position ${position})`
      )
    }
    position += byteLength(character)
  }
  return found
}

/**
 * The name that the API server gives a write without one: the User-Agent up to its first slash, printable characters
 * only, cut to `maximumLength` bytes.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromUserAgent = (userAgent: string): string => {
  let name = ""
  for (const character of userAgent.split("/", 1)[0] ?? "") {
    if (isPrintable(character) && byteLength(name) + byteLength(character) <= maximumLength) name += character
  }
  return name
}
