/**
 * `ApiError`: the server was reached, understood the request, and answered no.
 *
 * Its `reason` is tagged with the StatusReason the server gave, so `Effect.catchReason("ApiError", "NotFound", …)`
 * handles exactly what the server calls NotFound and removes it from the error type. Answers are classified here and
 * nowhere else: the reason string first, the HTTP code where there is none. What never became an answer is
 * `RequestError`. Where the server quotes a Secret the quotation is left out.
 *
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/
 * @since 0.1.0
 */
import type * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Status from "./Status.ts"

/**
 * What each reason says besides its name.
 *
 * @category models
 * @since 0.1.0
 */
export interface Details {
  /** What the server answered, whole. */
  readonly status: Status.Status
  /** The Kubernetes verb of the request: `get`, `list`, `create`… */
  readonly verb: string
  /** The resource type with its group: `pods`, `deployments.apps`; the path where no resource is addressed. */
  readonly resource: string
  /** `status`, `eviction`…, where the request was for one. */
  readonly subresource?: string
  readonly namespace?: string
  readonly name?: string
}

const describe = (reason: Details): string => {
  // Without a name of its own, an Error answers with the name of its class.
  const name = Object.hasOwn(reason, "name") ? reason.name : undefined
  const resource = reason.subresource === undefined ? reason.resource : `${reason.resource}/${reason.subresource}`
  const what = name === undefined
    ? `${resource}${reason.namespace === undefined ? "" : ` in namespace ${reason.namespace}`}`
    : `${resource} ${reason.namespace === undefined ? "" : `${reason.namespace}/`}${name}`
  return `${reason.verb} ${what}: ${textOf(reason)}`
}

/** What servers say that tells nobody what to look at. */
const bare: { readonly [message: string]: string } = {
  Unauthorized: "the server does not know the credential of this client, or it has expired",
  "the server rejected our request due to an error in our request":
    "as a JSON patch has it that tests a value or changes a path that is not there"
}

const textOf = ({ status: { message, reason }, verb }: Details): string => {
  const text = message ?? reason ?? "no message"
  const hint = text === "Unauthorized" || verb === "patch" ? bare[text] : undefined
  return hint === undefined ? text : `${text} (${hint})`
}

/** The class of one reason; schemas are `ErrorSchema`'s, so that a program without one does not load them. */
const reason = <const Tag extends string>(tag: Tag, isRetryable: boolean): new(details: Details) => Refusal<Tag> =>
  class extends Data.TaggedError(tag)<Details> {
    override get message(): string {
      return describe(this)
    }
    get isRetryable(): boolean {
      return isRetryable
    }
  }

type Refusal<Tag extends string> = Cause.YieldableError & Details & {
  readonly _tag: Tag
  /** Whether the same request may succeed later. */
  readonly isRetryable: boolean
}

/**
 * 400: the request itself is malformed.
 *
 * @category errors
 * @since 0.1.0
 */
export class BadRequest extends reason("BadRequest", false) {}

/**
 * 401: the credential is missing, expired or unknown. The transport has already refreshed it once.
 *
 * @category errors
 * @since 0.1.0
 */
export class Unauthorized extends reason("Unauthorized", false) {}

/**
 * 403: the user may not do this, or an admission rule refuses it.
 *
 * @category errors
 * @since 0.1.0
 */
export class Forbidden extends reason("Forbidden", false) {}

/**
 * 404: the object, the resource type or the namespace does not exist.
 *
 * @category errors
 * @since 0.1.0
 */
export class NotFound extends reason("NotFound", false) {}

/**
 * 405: the resource does not serve this verb.
 *
 * @category errors
 * @since 0.1.0
 */
export class MethodNotAllowed extends reason("MethodNotAllowed", false) {}

/**
 * 406: the server has no representation that was asked for.
 *
 * @category errors
 * @since 0.1.0
 */
export class NotAcceptable extends reason("NotAcceptable", false) {}

/**
 * 409 on create: an object of that name exists.
 *
 * @category errors
 * @since 0.1.0
 */
export class AlreadyExists extends reason("AlreadyExists", false) {}

/**
 * 409: the object changed since it was read, or a precondition fails. Read again, then retry.
 *
 * @category errors
 * @since 0.1.0
 */
export class Conflict extends reason("Conflict", false) {}

/**
 * 410: what was asked for no longer exists and will not come back.
 *
 * @category errors
 * @since 0.1.0
 */
export class Gone extends reason("Gone", false) {}

/**
 * 410: the resourceVersion or continue token is too old. List again.
 *
 * @category errors
 * @since 0.1.0
 */
export class Expired extends reason("Expired", false) {}

/**
 * 413: the object is larger than the server accepts.
 *
 * @category errors
 * @since 0.1.0
 */
export class RequestEntityTooLarge extends reason("RequestEntityTooLarge", false) {}

/**
 * 415: the server does not take this content type, as with a strategic merge patch of a custom resource.
 *
 * @category errors
 * @since 0.1.0
 */
export class UnsupportedMediaType extends reason("UnsupportedMediaType", false) {}

/**
 * 422: the object does not validate; `status.details.causes` names the fields.
 *
 * @category errors
 * @since 0.1.0
 */
export class Invalid extends reason("Invalid", false) {}

/**
 * 429: the server asks to slow down. Retry-After was honoured until the attempts ran out.
 *
 * @category errors
 * @since 0.1.0
 */
export class TooManyRequests extends reason("TooManyRequests", true) {}

/**
 * 500: the server failed.
 *
 * @category errors
 * @since 0.1.0
 */
export class InternalError extends reason("InternalError", true) {}

/**
 * 500: the server could not finish in time and names when to try again.
 *
 * @category errors
 * @since 0.1.0
 */
export class ServerTimeout extends reason("ServerTimeout", true) {}

/**
 * 500: stored data could not be read or decoded.
 *
 * @category errors
 * @since 0.1.0
 */
export class StoreReadError extends reason("StoreReadError", true) {}

/**
 * 503: the server or an aggregated API is down.
 *
 * @category errors
 * @since 0.1.0
 */
export class ServiceUnavailable extends reason("ServiceUnavailable", true) {}

/**
 * 504: the request took longer than its deadline on the server.
 *
 * @category errors
 * @since 0.1.0
 */
export class Timeout extends reason("Timeout", true) {}

/**
 * Any other answer. `status.code` has the HTTP status and the cause `UnexpectedServerResponse` the raw body.
 *
 * @category errors
 * @since 0.1.0
 */
export class Unknown extends reason("Unknown", false) {}

/**
 * The reasons, by the server's own names.
 *
 * @category models
 * @since 0.1.0
 */
export type Reason =
  | BadRequest
  | Unauthorized
  | Forbidden
  | NotFound
  | MethodNotAllowed
  | NotAcceptable
  | AlreadyExists
  | Conflict
  | Gone
  | Expired
  | RequestEntityTooLarge
  | UnsupportedMediaType
  | Invalid
  | TooManyRequests
  | InternalError
  | ServerTimeout
  | StoreReadError
  | ServiceUnavailable
  | Timeout
  | Unknown

/**
 * The server's refusal: `reason` says which, `message` reads as "verb resource namespace/name: the server's text".
 *
 * @category errors
 * @since 0.1.0
 */
export class ApiError extends Data.TaggedError("ApiError")<{ readonly reason: Reason }> {
  override get message(): string {
    return `${this.reason._tag}: ${this.reason.message}`
  }
  /** Whether the same request may succeed later. */
  get isRetryable(): boolean {
    return this.reason.isRetryable
  }
}

/**
 * Which request an answer belongs to.
 *
 * @category models
 * @since 0.1.0
 */
export interface Context {
  readonly verb: string
  readonly resource: string
  readonly subresource?: string | undefined
  readonly namespace?: string | undefined
  readonly name?: string | undefined
}

const byReason = {
  BadRequest,
  Unauthorized,
  Forbidden,
  NotFound,
  MethodNotAllowed,
  NotAcceptable,
  AlreadyExists,
  Conflict,
  Gone,
  Expired,
  RequestEntityTooLarge,
  UnsupportedMediaType,
  Invalid,
  TooManyRequests,
  InternalError,
  ServerTimeout,
  StoreReadError,
  ServiceUnavailable,
  Timeout,
  Unknown
} as const

const isReasonName = (reason: string): reason is keyof typeof byReason => Object.hasOwn(byReason, reason)

const byCode: { readonly [code: number]: Exclude<keyof typeof byReason, "Unknown"> } = {
  400: "BadRequest",
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  405: "MethodNotAllowed",
  406: "NotAcceptable",
  409: "Conflict",
  410: "Gone",
  413: "RequestEntityTooLarge",
  415: "UnsupportedMediaType",
  422: "Invalid",
  429: "TooManyRequests",
  500: "InternalError",
  503: "ServiceUnavailable",
  504: "Timeout"
}

const reasonOf = (status: Status.Status, verb: string): keyof typeof byReason => {
  if (status.reason !== undefined && status.reason !== "" && isReasonName(status.reason)) return status.reason
  if (status.code === 409 && verb === "create") return "AlreadyExists"
  return byCode[status.code ?? 0] ?? "Unknown"
}

const quotedObject = /"\{\\"(?:[^"\\]|\\.)*"/g

/** Of a patch that does not fit, the server quotes the whole object, which is of a Secret what it keeps. */
const withoutObjects = (status: Status.Status): Status.Status => {
  const conceal = (text: string | undefined) => text?.replace(quotedObject, "\"<secret contents redacted>\"")
  const message = conceal(status.message)
  if (message === undefined || message === status.message) return status
  const causes = status.details?.causes?.map((cause) => {
    const told = conceal(cause.message)
    return told === undefined ? cause : { ...cause, message: told }
  })
  return { ...status, message, ...(causes === undefined ? {} : { details: { ...status.details, causes } }) }
}

/**
 * Classifies a failed `Status`: its reason where it is one of the known names, else its code.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromStatus = (status: Status.Status, context: Context): ApiError => {
  const Reason = byReason[reasonOf(status, context.verb)]
  return new ApiError({
    reason: new Reason({
      status: context.resource === "secrets" ? withoutObjects(status) : status,
      verb: context.verb,
      resource: context.resource,
      ...(context.subresource === undefined ? {} : { subresource: context.subresource }),
      ...(context.namespace === undefined ? {} : { namespace: context.namespace }),
      ...(context.name === undefined ? {} : { name: context.name })
    })
  })
}

/**
 * What is known of a refused HTTP exchange.
 *
 * @category models
 * @since 0.1.0
 */
export interface Response {
  readonly status: number
  /** The body's text, whatever it is. */
  readonly body: string
  /** The `Retry-After` header in seconds, where the server sent one. */
  readonly retryAfterSeconds?: number | undefined
}

/** The longest raw body that is kept in a made Status, as client-go keeps (`maxBodyTruncateSize` is its log limit). */
const maxBodyLength = 2048

const decodeJson = Option.liftThrowable((text: string): unknown => JSON.parse(text))

const redirected = "the server redirects elsewhere, which is not followed; is this the API server's address?"

const madeMessage: { readonly [code: number]: string } = {
  301: redirected,
  302: redirected,
  303: redirected,
  307: redirected,
  308: redirected,
  401: "the server has asked for the client to provide credentials",
  403: "the server does not allow this user to do this",
  404: "the server could not find the requested resource",
  405: "the server does not allow this method on the requested resource",
  406: "the server can not produce a representation that the client accepts",
  410: "the requested version is no longer available",
  413: "the request is too large for the server",
  415: "the server does not understand the media type of the request",
  429: "the server has received too many requests and has asked to try again later",
  502: "a gateway in front of the server got no valid answer from it",
  503: "the server is currently unable to handle the request",
  504: "the server was unable to answer in the time allotted"
}

/**
 * Classifies a refused HTTP exchange. A body that is a `Status` is the error; anything else (a proxy's HTML page, plain
 * text, nothing) becomes a made one that keeps the code, the start of the body as the cause
 * `UnexpectedServerResponse`, and the delay the server asked for.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromResponse = (response: Response, context: Context): ApiError => {
  const decoded = decodeJson(response.body).pipe(
    Option.flatMap(Status.fromUnknown),
    Option.getOrUndefined
  )
  if (decoded !== undefined && decoded.status !== "Success") {
    return fromStatus(
      {
        ...decoded,
        code: decoded.code ?? response.status,
        ...retryAfterDetails(decoded.details, response.retryAfterSeconds)
      },
      context
    )
  }
  const text = response.body.trim()
  const isReadable = text !== "" && text.length <= 200 && !text.startsWith("<") && !text.startsWith("{")
  const says = madeMessage[response.status] ?? `the server answered with HTTP status ${response.status}`
  // The API server sends no pages, so whoever reads this is looking at something in front of it.
  const page = /^<(?:!doctype html|html)\b/i.test(text) ? pageOf(text) : undefined
  return fromStatus(
    {
      apiVersion: "v1",
      kind: "Status",
      status: "Failure",
      code: response.status,
      message: isReadable ? `${says} (${text})` : page === undefined ? says : `${says} (${page})`,
      details: {
        ...(context.name === undefined ? {} : { name: context.name }),
        kind: context.resource,
        causes: [{
          reason: "UnexpectedServerResponse",
          message: text === "" ? "unknown" : text.slice(0, maxBodyLength)
        }],
        ...(response.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: response.retryAfterSeconds })
      }
    },
    context
  )
}

const pageOf = (text: string): string => {
  const title = /<title[^>]*>([^<]{1,100})<\/title>/i.exec(text)?.[1]?.replace(/\s+/g, " ").trim()
  return title === undefined || title === "" ? "an HTML page" : `an HTML page titled "${title}"`
}

const retryAfterDetails = (details: Status.StatusDetails | undefined, seconds: number | undefined) =>
  seconds === undefined || details?.retryAfterSeconds !== undefined
    ? {}
    : { details: { ...details, retryAfterSeconds: seconds } }

/**
 * How long the server asked to wait, where it did.
 *
 * @category accessors
 * @since 0.1.0
 */
export const retryAfter = (error: ApiError): Option.Option<Duration.Duration> =>
  Option.fromNullishOr(error.reason.status.details?.retryAfterSeconds).pipe(Option.map(Duration.seconds))

/**
 * Whether a failure is the server's refusal.
 *
 * @category guards
 * @since 0.1.0
 */
export const isApiError = (error: unknown): error is ApiError => error instanceof ApiError
