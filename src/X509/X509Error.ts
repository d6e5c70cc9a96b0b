/**
 * `X509Error`: a certificate, a request for one or a key that cannot be used.
 *
 * Nothing in it shows key material: messages name what was read and what is wrong with it.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

const id = <const Tag extends string>(tag: Tag) => `effect-kubernetes/X509Error/${tag}` as const

const fields = {
  /** What was read or made: `certificate`, `certificate request`, `private key`, `IP address`. */
  subject: Schema.String,
  /** What is wrong, in a sentence. */
  description: Schema.String
}

const describe = (reason: { readonly subject: string; readonly description: string }): string =>
  `${reason.subject}: ${reason.description}`

/**
 * The text or the bytes are not what they should be.
 *
 * @category errors
 * @since 0.1.0
 */
export class Malformed extends Schema.TaggedError<Malformed>(id("Malformed"))("Malformed", fields) {
  override get message(): string {
    return describe(this)
  }
}

/**
 * They are, of a kind that is not supported: an encrypted key, an algorithm that Web Crypto does not have.
 *
 * @category errors
 * @since 0.1.0
 */
export class Unsupported extends Schema.TaggedError<Unsupported>(id("Unsupported"))("Unsupported", fields) {
  override get message(): string {
    return describe(this)
  }
}

/**
 * Two things that belong together do not: a certificate and a private key, a request and its signature.
 *
 * @category errors
 * @since 0.1.0
 */
export class Mismatch extends Schema.TaggedError<Mismatch>(id("Mismatch"))("Mismatch", fields) {
  override get message(): string {
    return describe(this)
  }
}

/**
 * Web Crypto failed.
 *
 * @category errors
 * @since 0.1.0
 */
export class Crypto extends Schema.TaggedError<Crypto>(id("Crypto"))("Crypto", {
  ...fields,
  cause: Schema.Defect()
}) {
  override get message(): string {
    return describe(this)
  }
}

/**
 * The reasons.
 *
 * @category models
 * @since 0.1.0
 */
export type Reason = Malformed | Unsupported | Mismatch | Crypto

/**
 * @category schemas
 * @since 0.1.0
 */
export const Reason = Schema.Union([Malformed, Unsupported, Mismatch, Crypto])

/**
 * A certificate, a request for one or a key that cannot be used.
 *
 * @category errors
 * @since 0.1.0
 */
export class X509Error extends Schema.TaggedError<X509Error>("effect-kubernetes/X509Error")("X509Error", {
  reason: Reason
}) {
  override get message(): string {
    return `${this.reason._tag}: ${this.reason.message}`
  }
}

/**
 * Something that is not what it should be.
 *
 * @category constructors
 * @since 0.1.0
 */
export const malformed = (subject: string, description: string): X509Error =>
  new X509Error({ reason: new Malformed({ subject, description }) })

/**
 * Something of a kind that is not supported.
 *
 * @category constructors
 * @since 0.1.0
 */
export const unsupported = (subject: string, description: string): X509Error =>
  new X509Error({ reason: new Unsupported({ subject, description }) })

/**
 * Something that does not belong to something else.
 *
 * @category constructors
 * @since 0.1.0
 */
export const mismatch = (subject: string, description: string): X509Error =>
  new X509Error({ reason: new Mismatch({ subject, description }) })
