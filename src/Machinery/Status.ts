/**
 * `Status`: what the API server answers when there is no object to return, above all its errors.
 *
 * `ApiError` wraps a failed one; a delete answers a successful one. Causes are kept whatever their reason;
 * members that are not listed here are not, as in client-go. Its Schema is `ErrorSchema.Status`.
 *
 * @see https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"

/**
 * One cause of a failure: which field, why, and a sentence.
 *
 * @category models
 * @since 0.1.0
 */
export interface StatusCause {
  /** A CauseType such as `FieldValueRequired`, `FieldValueInvalid`, `FieldManagerConflict`. */
  readonly reason?: string
  readonly message?: string
  /** The field's path as JSON names it: `spec.containers[0].image`. */
  readonly field?: string
}

/**
 * What a failure is about, and when to try again.
 *
 * @category models
 * @since 0.1.0
 */
export interface StatusDetails {
  readonly name?: string
  readonly group?: string
  /** The resource (`pods`), in spite of its name; of a kind where the server knows no resource. */
  readonly kind?: string
  readonly uid?: string
  readonly causes?: ReadonlyArray<StatusCause>
  /** Seconds. */
  readonly retryAfterSeconds?: number
}

/**
 * An answer of the API server that is not an object.
 *
 * @category models
 * @since 0.1.0
 */
export interface Status {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata?: {
    readonly resourceVersion?: string
    readonly continue?: string
    readonly remainingItemCount?: number
    readonly selfLink?: string
  }
  /** `Success` or `Failure`. */
  readonly status?: string
  /** A sentence for people. */
  readonly message?: string
  /** A StatusReason such as `NotFound`; empty when there is nothing to add to the code. */
  readonly reason?: string
  readonly details?: StatusDetails
  /** The HTTP status code. */
  readonly code?: number
}

/**
 * Whether a decoded body says of itself that it is a `Status` of `v1`.
 *
 * @category guards
 * @since 0.1.0
 */
export const isStatus = (body: unknown): body is Status =>
  Predicate.isObject(body) && body["kind"] === "Status" &&
  (body["apiVersion"] === "v1" || body["apiVersion"] === undefined)

/**
 * The `Status` that a decoded body says it is, where each member that is there is of its type.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromUnknown = (body: unknown): Option.Option<Status> =>
  // `shape` is that of a Status.
  isStatus(body) ? Option.fromUndefinedOr(known(body, shape) as Status | undefined) : Option.none()

/** Types of values: of members by name, of all items of an array, or as `typeof` says. */
type Shape = { readonly [member: string]: Shape } | readonly [Shape] | "string" | "number"

const shape: Shape = {
  apiVersion: "string",
  kind: "string",
  metadata: { resourceVersion: "string", continue: "string", remainingItemCount: "number", selfLink: "string" },
  status: "string",
  message: "string",
  reason: "string",
  details: {
    name: "string",
    group: "string",
    kind: "string",
    uid: "string",
    causes: [{ reason: "string", message: "string", field: "string" }],
    retryAfterSeconds: "number"
  },
  code: "number"
}

/** What a value has of a shape; undefined where it does not have that shape. */
const known = (value: unknown, shape: Shape): unknown => {
  if (typeof shape === "string") return typeof value === shape ? value : undefined
  if (isItems(shape)) {
    if (!Array.isArray(value)) return undefined
    const items = value.map((item) => known(item, shape[0]))
    return items.includes(undefined) ? undefined : items
  }
  if (!Predicate.isObject(value)) return undefined
  const members: { [member: string]: unknown } = {}
  for (const [member, of] of Object.entries(shape)) {
    if (value[member] === undefined) continue
    const found = known(value[member], of)
    if (found === undefined) return undefined
    members[member] = found
  }
  return members
}

const isItems = (shape: Shape): shape is readonly [Shape] => Array.isArray(shape)
