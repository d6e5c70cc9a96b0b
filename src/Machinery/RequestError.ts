/**
 * `RequestError`: a request that got no usable answer.
 *
 * It could not be made (InvalidUrl, Encode), did not reach the server or lost it on the way (Transport, Timeout), or
 * the answer could not be understood (Decode). What the server itself refused is `ApiError`. Messages never hold
 * headers or credentials.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"

/**
 * What each reason says besides its name.
 *
 * @category models
 * @since 0.1.0
 */
export interface Details {
  /** The Kubernetes verb (`get`, `watch`), or the HTTP method where there is none. */
  readonly verb: string
  /** The server's address and the path, without query. */
  readonly url: string
  /** What happened, in a sentence. */
  readonly description: string
  readonly cause?: unknown
}

const describe = (reason: Details): string => `${reason.verb} ${reason.url}: ${reason.description}`

/**
 * Why a connection failed: what may pass (`Refused`, `Reset`, `Closed`, `Unreachable`, `Dns`) is apart from what will
 * not (`Tls`, `Proxy`, `Credential`), and `Other` is the rest.
 *
 * @category models
 * @since 0.1.0
 */
export type TransportKind =
  | "Refused"
  | "Reset"
  | "Closed"
  | "Unreachable"
  | "Dns"
  | "Tls"
  | "Proxy"
  | "Credential"
  | "Other"

/**
 * The connection could not be made, or broke before the answer was whole.
 *
 * @category errors
 * @since 0.1.0
 */
export class Transport extends Data.TaggedError("Transport")<Details & { readonly kind: TransportKind }> {
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
export class Timeout extends Data.TaggedError("Timeout")<Details> {
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
export class Encode extends Data.TaggedError("Encode")<Details> {
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
export class Decode extends Data.TaggedError("Decode")<
  Details & {
    /** The start of the body. */
    readonly body?: string
  }
> {
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
export class InvalidUrl extends Data.TaggedError("InvalidUrl")<Details> {
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
 * A request without a usable answer.
 *
 * @category errors
 * @since 0.1.0
 */
export class RequestError extends Data.TaggedError("RequestError")<{ readonly reason: Reason }> {
  override get message(): string {
    return `${this.reason._tag}: ${this.reason.message}`
  }
  /** Whether the same request may succeed later. */
  get isRetryable(): boolean {
    return this.reason.isRetryable
  }
}
