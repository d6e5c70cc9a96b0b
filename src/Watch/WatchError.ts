/**
 * `WatchError`: a watch that began and could not go on.
 *
 * `Expired` asks for a new list, `Api` is any other refusal the server sent into the stream, `Frame` is a line that is
 * no event, `Decode` an event whose object is not of the kind. A watch that could not begin fails with `ApiError` or
 * `RequestError`, except that 410 is `Expired` in both places. The normal end of a watch is no error.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import type { ApiError } from "../Machinery/ApiError.ts"

/**
 * What each reason says besides its name.
 *
 * @category models
 * @since 0.1.0
 */
export interface Details {
  /** The resource type that is watched: `pods`, `deployments.apps`. */
  readonly resource: string
  readonly namespace?: string
}

const describe = (reason: Details, text: string): string =>
  `watch ${reason.resource}${reason.namespace === undefined ? "" : ` in namespace ${reason.namespace}`}: ${text}`

// Verb and resource are said once.
const said = ({ reason }: ApiError): string => reason.status.message || reason._tag

/**
 * The version the watch started from, or had reached, is no longer in the server's history. List again.
 *
 * @category errors
 * @since 0.1.0
 */
export class Expired extends Data.TaggedError("Expired")<Details & { readonly error: ApiError }> {
  override get message(): string {
    return describe(this, said(this.error))
  }
}

/**
 * The server sent an ERROR event.
 *
 * @category errors
 * @since 0.1.0
 */
export class Api extends Data.TaggedError("Api")<Details & { readonly error: ApiError }> {
  override get message(): string {
    return describe(this, `${this.error.reason._tag}: ${said(this.error)}`)
  }
}

/**
 * A line of the stream is no watch event, is longer than the limit, or was cut.
 *
 * @category errors
 * @since 0.1.0
 */
export class Frame extends Data.TaggedError("Frame")<
  Details & {
    readonly description: string
    /** The start of the line's text. */
    readonly line: string
  }
> {
  override get message(): string {
    return describe(this, `${this.description}: ${this.line}`)
  }
}

/**
 * An event's object does not decode as the kind that was asked for.
 *
 * @category errors
 * @since 0.1.0
 */
export class Decode extends Data.TaggedError("Decode")<
  Details & {
    /** `namespace/name`, or `name`, where the object has one. */
    readonly key?: string
    readonly description: string
  }
> {
  override get message(): string {
    return describe(this, `${this.key ?? "an object"} does not decode: ${this.description}`)
  }
}

/**
 * The reasons.
 *
 * @category models
 * @since 0.1.0
 */
export type Reason = Expired | Api | Frame | Decode

/**
 * A watch that began and could not go on.
 *
 * @category errors
 * @since 0.1.0
 */
export class WatchError extends Data.TaggedError("WatchError")<{ readonly reason: Reason }> {
  override get message(): string {
    return `${this.reason._tag}: ${this.reason.message}`
  }
}
