/**
 * `CertificateError`: a certificate that was not issued, or could not be kept.
 *
 * What the API server refused is `ApiError`, and a certificate or key that cannot be read `X509Error`; here is what
 * became of a CertificateSigningRequest, and what happened to the files of a store. No reason holds key material.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

const id = <const Tag extends string>(tag: Tag) => `effect-kubernetes/CertificateError/${tag}` as const

const fields = {
  /** The name of the CertificateSigningRequest. */
  request: Schema.String
}

const decided = {
  ...fields,
  /** `reason` of the condition, where it has one. */
  conditionReason: Schema.optionalKey(Schema.String),
  /** `message` of the condition, where it has one. */
  conditionMessage: Schema.optionalKey(Schema.String)
}

const because = (reason: { readonly conditionReason?: string; readonly conditionMessage?: string }): string =>
  [reason.conditionReason, reason.conditionMessage].filter((text) => text !== undefined && text !== "").join(": ")
  || "no reason given"

/**
 * An approver denied the request.
 *
 * @category errors
 * @since 0.1.0
 */
export class Denied extends Schema.TaggedError<Denied>(id("Denied"))("Denied", decided) {
  override get message(): string {
    return `certificate signing request ${this.request} is denied (${because(this)})`
  }
}

/**
 * The signer could not issue a certificate.
 *
 * @category errors
 * @since 0.1.0
 */
export class Failed extends Schema.TaggedError<Failed>(id("Failed"))("Failed", decided) {
  override get message(): string {
    return `certificate signing request ${this.request} failed (${because(this)})`
  }
}

/**
 * The request is gone, or another one has its name.
 *
 * @category errors
 * @since 0.1.0
 */
export class Deleted extends Schema.TaggedError<Deleted>(id("Deleted"))("Deleted", fields) {
  override get message(): string {
    return `certificate signing request ${this.request} was deleted`
  }
}

/**
 * Nobody approved and signed the request in time.
 *
 * @category errors
 * @since 0.1.0
 */
export class NotIssued extends Schema.TaggedError<NotIssued>(id("NotIssued"))("NotIssued", {
  ...fields,
  /** How long was waited, in words. */
  duration: Schema.String,
  /** Whether it was approved, so that the signer is what is missing. */
  isApproved: Schema.Boolean,
  /** Why it could not be watched at last, where it could not. */
  cause: Schema.optionalKey(Schema.Defect())
}) {
  override get message(): string {
    const missing = this.isApproved ? "is approved, and was not signed" : "was not approved"
    const last = this.cause instanceof Error ? ` (last failure: ${this.cause.message})` : ""
    return `certificate signing request ${this.request} ${missing} in ${this.duration}${last}`
  }
}

/**
 * A request of the wanted name is there, and it asks for something else or with another key.
 *
 * @category errors
 * @since 0.1.0
 */
export class Incompatible extends Schema.TaggedError<Incompatible>(id("Incompatible"))("Incompatible", {
  ...fields,
  description: Schema.String
}) {
  override get message(): string {
    return `certificate signing request ${this.request} cannot be used again: ${this.description}`
  }
}

/**
 * The files of a store cannot be read or written, or are not what they should be.
 *
 * @category errors
 * @since 0.1.0
 */
export class Store extends Schema.TaggedError<Store>(id("Store"))("Store", {
  path: Schema.String,
  description: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {
  override get message(): string {
    return `${this.path}: ${this.description}`
  }
}

/**
 * The reasons.
 *
 * @category models
 * @since 0.1.0
 */
export type Reason = Denied | Failed | Deleted | NotIssued | Incompatible | Store

/**
 * @category schemas
 * @since 0.1.0
 */
export const Reason = Schema.Union([Denied, Failed, Deleted, NotIssued, Incompatible, Store])

/**
 * A certificate that was not issued, or could not be kept.
 *
 * @category errors
 * @since 0.1.0
 */
export class CertificateError
  extends Schema.TaggedError<CertificateError>("effect-kubernetes/CertificateError")("CertificateError", {
    reason: Reason
  })
{
  override get message(): string {
    return `${this.reason._tag}: ${this.reason.message}`
  }
}
