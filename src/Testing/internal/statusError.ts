/**
 * Refusals, as `Status` objects with the sentences, reasons and details of the real server.
 *
 * @internal
 */
import type * as Status from "../../Machinery/Status.ts"
import * as FieldError from "./fieldError.ts"

/** A refusal. */
export interface StatusError extends Status.Status {
  readonly code: number
}

/** A resource type: the group and the plural. */
export interface GroupResource {
  readonly group: string
  readonly plural: string
}

/** A kind. */
export interface GroupKind {
  readonly group: string
  readonly kind: string
}

const make = (
  code: number,
  reason: string,
  message: string,
  details?: Status.StatusDetails
): StatusError => ({
  kind: "Status",
  apiVersion: "v1",
  metadata: {},
  status: "Failure",
  message,
  ...(reason === "" ? {} : { reason }),
  ...(details === undefined ? {} : { details }),
  code
})

/** `deployments.apps`, `pods`. */
export const qualified = ({ group, plural }: GroupResource): string => group === "" ? plural : `${plural}.${group}`

/** `Deployment.apps`, `Pod`. */
export const qualifiedKind = ({ group, kind }: GroupKind): string => group === "" ? kind : `${kind}.${group}`

const detailsOf = (group: string, kind: string, name: string): Status.StatusDetails => ({
  ...(name === "" ? {} : { name }),
  ...(group === "" ? {} : { group }),
  kind
})

/** No such object. */
export const notFound = (resource: GroupResource, name: string): StatusError =>
  make(
    404,
    "NotFound",
    `${qualified(resource)} ${JSON.stringify(name)} not found`,
    detailsOf(resource.group, resource.plural, name)
  )

/** No such path. */
export const unknownResource: StatusError = make(
  404,
  "NotFound",
  "the server could not find the requested resource",
  {}
)

/** The path is there and does not take this method. */
export const methodNotAllowed: StatusError = make(
  405,
  "MethodNotAllowed",
  "the server does not allow this method on the requested resource",
  {}
)

/** An object of that name is there. */
export const alreadyExists = (resource: GroupResource, name: string): StatusError =>
  make(
    409,
    "AlreadyExists",
    `${qualified(resource)} ${JSON.stringify(name)} already exists`,
    detailsOf(resource.group, resource.plural, name)
  )

/** The words of a stale write. */
export const modified = "the object has been modified; please apply your changes to the latest version and try again"

/** The object is not as the request expected. */
export const conflict = (resource: GroupResource, name: string, why: string): StatusError =>
  make(
    409,
    "Conflict",
    `Operation cannot be fulfilled on ${qualified(resource)} ${JSON.stringify(name)}: ${why}`,
    detailsOf(resource.group, resource.plural, name)
  )

/** Fields that other managers own. */
export const applyConflict = (causes: ReadonlyArray<Status.StatusCause>, message: string): StatusError =>
  make(409, "Conflict", message, { causes })

/** Fields that are wrong. */
export const invalid = (kind: GroupKind, name: string, errors: ReadonlyArray<FieldError.FieldError>): StatusError =>
  make(
    422,
    "Invalid",
    `${qualifiedKind(kind)} ${JSON.stringify(name)} is invalid: ${FieldError.messages(errors)}`,
    { ...detailsOf(kind.group, kind.kind, name), causes: errors.map(FieldError.cause) }
  )

/** A patch that does not fit its object. */
export const unprocessable: StatusError = make(
  422,
  "Invalid",
  "the server rejected our request due to an error in our request",
  {}
)

/** A request with a body beyond the limit in bytes. */
export const tooLarge = (limit: number): StatusError =>
  make(413, "RequestEntityTooLarge", `Request entity too large: limit is ${limit}`)

/** A request that says nothing the server understands. */
export const badRequest = (message: string): StatusError => make(400, "BadRequest", message)

/** The rules do not allow it. */
export const forbidden = (
  resource: GroupResource,
  name: string,
  why: string,
  causes?: ReadonlyArray<Status.StatusCause>
): StatusError =>
  make(
    403,
    "Forbidden",
    name === ""
      ? `${qualified(resource)} is forbidden: ${why}`
      : `${qualified(resource)} ${JSON.stringify(name)} is forbidden: ${why}`,
    { ...detailsOf(resource.group, resource.plural, name), ...(causes === undefined ? {} : { causes }) }
  )

/** A path that is no resource, and not allowed. */
export const forbiddenPath = (why: string): StatusError => make(403, "Forbidden", `forbidden: ${why}`, {})

/** Nobody knows who asks. */
export const unauthorized: StatusError = make(401, "Unauthorized", "Unauthorized")

/** A body in a format the resource does not take. */
export const unsupportedMediaType = (accepted: ReadonlyArray<string>): StatusError =>
  make(
    415,
    "UnsupportedMediaType",
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(", ")}`
  )

/** A patch whose format no resource takes. */
export const unknownPatchType: StatusError = make(
  415,
  "UnsupportedMediaType",
  "415: Unsupported Media Type",
  {}
)

/** No format that the client accepts. */
export const notAcceptable: StatusError = make(
  406,
  "NotAcceptable",
  "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, application/json;stream=watch",
  {}
)

/** History that is gone. */
export const expired = (message: string, metadata?: StatusError["metadata"]): StatusError => ({
  ...make(410, "Expired", message),
  ...(metadata === undefined ? {} : { metadata })
})

/** A version this server has not reached. */
export const tooLargeResourceVersion = (asked: number, current: number): StatusError =>
  make(504, "Timeout", `Timeout: Too large resource version: ${asked}, current: ${current}`, {
    causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
    retryAfterSeconds: 1
  })

/** Too much at once, or a budget that is used up. */
export const tooManyRequests = (
  message: string,
  retryAfterSeconds: number,
  causes?: ReadonlyArray<Status.StatusCause>
): StatusError =>
  make(429, "TooManyRequests", message, {
    ...(causes === undefined ? {} : { causes }),
    ...(retryAfterSeconds === 0 ? {} : { retryAfterSeconds })
  })

/** What the real server answers with a code and nothing else. */
export const plain = (code: number, message: string): StatusError => make(code, "", message)

/** A server that cannot answer now. */
export const unavailable = (message: string, retryAfterSeconds?: number): StatusError =>
  make(
    503,
    "ServiceUnavailable",
    message,
    retryAfterSeconds === undefined ? undefined : { retryAfterSeconds }
  )

/** A failure of the server's own. */
export const internal = (why: string): StatusError =>
  make(500, "InternalError", `Internal error occurred: ${why}`, { causes: [{ message: why }] })

/** What a deletion answers where the object is gone at once. */
export const deleted = (resource: GroupResource, name: string, uid: string): Status.Status => ({
  kind: "Status",
  apiVersion: "v1",
  metadata: {},
  status: "Success",
  details: { ...detailsOf(resource.group, resource.plural, name), uid }
})
