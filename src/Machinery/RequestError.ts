/**
 * `RequestError`: a request that got no usable answer.
 *
 * It could not be made (InvalidUrl, Encode), did not reach the server or lost it on the way (Transport, Timeout), or
 * the answer could not be understood (Decode). What the server itself refused is `ApiError`. Messages never hold
 * headers or credentials.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

const id = <const Tag extends string>(tag: Tag) => `effect-kubernetes/RequestError/${tag}` as const

const fields = {
  /** The Kubernetes verb (`get`, `watch`), or the HTTP method where there is none. */
  verb: Schema.String,
  /** The server's address and the path, without query. */
  url: Schema.String,
  /** What happened, in a sentence. */
  description: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}

interface ReasonFields {
  readonly verb: string
  readonly url: string
  readonly description: string
}

const describe = (reason: ReasonFields): string => `${reason.verb} ${reason.url}: ${reason.description}`

/**
 * Why a connection failed: what may pass (`Refused`, `Reset`, `Closed`, `Unreachable`, `Dns`) is apart from what will
 * not (`Tls`, `Proxy`, `Credential`), and `Other` is the rest.
 *
 * @category models
 * @since 0.1.0
 */
export type TransportKind = Schema.Schema.Type<typeof TransportKind>

/**
 * @category schemas
 * @since 0.1.0
 */
export const TransportKind = Schema.Literals([
  "Refused",
  "Reset",
  "Closed",
  "Unreachable",
  "Dns",
  "Tls",
  "Proxy",
  "Credential",
  "Other"
])

/**
 * The connection could not be made, or broke before the answer was whole.
 *
 * @category errors
 * @since 0.1.0
 */
export class Transport extends Schema.TaggedError<Transport>(id("Transport"))("Transport", {
  ...fields,
  kind: TransportKind
}) {
  override get message(): string {
    return describe(this)
  }
  /** False for what waiting does not mend: certificates, proxies, credentials. */
  get isRetryable(): boolean {
    return this.kind !== "Tls" && this.kind !== "Proxy" && this.kind !== "Credential"
  }
}

/**
 * No answer within the client's own limit.
 *
 * @category errors
 * @since 0.1.0
 */
export class Timeout extends Schema.TaggedError<Timeout>(id("Timeout"))("Timeout", fields) {
  override get message(): string {
    return describe(this)
  }
  get isRetryable(): boolean {
    return true
  }
}

/**
 * The body to send could not be written as JSON, or the encoding is not available.
 *
 * @category errors
 * @since 0.1.0
 */
export class Encode extends Schema.TaggedError<Encode>(id("Encode"))("Encode", fields) {
  override get message(): string {
    return describe(this)
  }
  get isRetryable(): boolean {
    return false
  }
}

/**
 * The server answered with success and a body that is not what was asked for, as a login page or a cut JSON text.
 *
 * @category errors
 * @since 0.1.0
 */
export class Decode extends Schema.TaggedError<Decode>(id("Decode"))("Decode", {
  ...fields,
  /** The start of the body. */
  body: Schema.optionalKey(Schema.String)
}) {
  override get message(): string {
    return describe(this)
  }
  get isRetryable(): boolean {
    return false
  }
}

/**
 * The request names something that no path can hold: an empty name, a slash in a segment, a name without namespace.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidUrl extends Schema.TaggedError<InvalidUrl>(id("InvalidUrl"))("InvalidUrl", fields) {
  override get message(): string {
    return describe(this)
  }
  get isRetryable(): boolean {
    return false
  }
}

/**
 * The reasons.
 *
 * @category models
 * @since 0.1.0
 */
export type Reason = Transport | Timeout | Encode | Decode | InvalidUrl

/**
 * @category schemas
 * @since 0.1.0
 */
export const Reason = Schema.Union([Transport, Timeout, Encode, Decode, InvalidUrl])

/**
 * A request without a usable answer.
 *
 * @category errors
 * @since 0.1.0
 */
export class RequestError
  extends Schema.TaggedError<RequestError>("effect-kubernetes/RequestError")("RequestError", { reason: Reason })
{
  override get message(): string {
    return `${this.reason._tag}: ${this.reason.message}`
  }
  /** Whether the same request may succeed later. */
  get isRetryable(): boolean {
    return this.reason.isRetryable
  }
}
