/**
 * `ParseError`: a text is not what it was taken for.
 *
 * Every parser of this folder (selectors, quantities, times, JSONPath, names of kinds and resources, object keys)
 * fails with it, so that a program can point at the place in what its user typed. It never says that a value is
 * forbidden: that is the server's to say, or `Name`'s.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"

/**
 * What was parsed, the text, where it stops making sense and why. `message` reads
 * `invalid label selector "a in": found end of text, expected: '(' (at position 4)`.
 *
 * @category errors
 * @since 0.1.0
 */
export class ParseError extends Data.TaggedError("ParseError")<{
  /** What the text was taken for: `label selector`, `quantity`, `JSONPath template`. */
  readonly what: string
  readonly input: string
  /** The first character that does not fit, counted from 0 in UTF-16 code units; the length of the text at its end. */
  readonly position: number
  /** What was found and what was expected; where client-go has a text for it, that text. */
  readonly reason: string
}> {
  override get message(): string {
    return `invalid ${this.what} ${JSON.stringify(this.input)}: ${this.reason} (at position ${this.position})`
  }
}
