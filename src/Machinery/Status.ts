/**
 * `Status`: what the API server answers when there is no object to return, above all its errors.
 *
 * `ApiError` wraps a failed one; a delete answers a successful one. Causes are kept whatever their reason;
 * members that are not listed here are not, as in client-go.
 *
 * @see https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/
 * @since 0.1.0
 */
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"

/**
 * One cause of a failure: which field, why, and a sentence.
 *
 * @category models
 * @since 0.1.0
 */
export interface StatusCause extends Schema.Schema.Type<typeof StatusCause> {}

/**
 * @category schemas
 * @since 0.1.0
 */
export const StatusCause = Schema.Struct({
  /** A CauseType such as `FieldValueRequired`, `FieldValueInvalid`, `FieldManagerConflict`. */
  reason: Schema.optionalKey(Schema.String),
  message: Schema.optionalKey(Schema.String),
  /** The field's path as JSON names it: `spec.containers[0].image`. */
  field: Schema.optionalKey(Schema.String)
})

/**
 * What a failure is about, and when to try again.
 *
 * @category models
 * @since 0.1.0
 */
export interface StatusDetails extends Schema.Schema.Type<typeof StatusDetails> {}

/**
 * @category schemas
 * @since 0.1.0
 */
export const StatusDetails = Schema.Struct({
  name: Schema.optionalKey(Schema.String),
  group: Schema.optionalKey(Schema.String),
  /** The resource (`pods`), in spite of its name; of a kind where the server knows no resource. */
  kind: Schema.optionalKey(Schema.String),
  uid: Schema.optionalKey(Schema.String),
  causes: Schema.optionalKey(Schema.Array(StatusCause)),
  /** Seconds. */
  retryAfterSeconds: Schema.optionalKey(Schema.Number)
})

/**
 * An answer of the API server that is not an object.
 *
 * @category models
 * @since 0.1.0
 */
export interface Status extends Schema.Schema.Type<typeof Status> {}

/**
 * @category schemas
 * @since 0.1.0
 */
export const Status = Schema.Struct({
  apiVersion: Schema.optionalKey(Schema.String),
  kind: Schema.optionalKey(Schema.String),
  metadata: Schema.optionalKey(Schema.Struct({
    resourceVersion: Schema.optionalKey(Schema.String),
    continue: Schema.optionalKey(Schema.String),
    remainingItemCount: Schema.optionalKey(Schema.Number),
    selfLink: Schema.optionalKey(Schema.String)
  })),
  /** `Success` or `Failure`. */
  status: Schema.optionalKey(Schema.String),
  /** A sentence for people. */
  message: Schema.optionalKey(Schema.String),
  /** A StatusReason such as `NotFound`; empty when there is nothing to add to the code. */
  reason: Schema.optionalKey(Schema.String),
  details: Schema.optionalKey(StatusDetails),
  /** The HTTP status code. */
  code: Schema.optionalKey(Schema.Number)
})

/**
 * Whether a decoded body says of itself that it is a `Status` of `v1`.
 *
 * @category guards
 * @since 0.1.0
 */
export const isStatus = (body: unknown): body is Status =>
  Predicate.isObject(body) && body["kind"] === "Status" &&
  (body["apiVersion"] === "v1" || body["apiVersion"] === undefined)
