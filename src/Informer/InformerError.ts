/**
 * `InformerError`: why a cache is not, or no longer, being kept true.
 *
 * A `Reflector` meets these and goes on by itself; it never ends with one. They stand in its state and its logs, and
 * `SharedInformer.ready` fails with those that waiting alone does not mend. Each failure of a list or a watch is sorted
 * here and nowhere else.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import type { ApiError } from "../Machinery/ApiError.ts"
import * as ErrorSchema from "../Machinery/ErrorSchema.ts"
import { qualifiedName } from "../Machinery/Resource.ts"
import type { Collection, Failure } from "../Watch/ListWatch.ts"
import * as WatchErrorSchema from "../Watch/WatchErrorSchema.ts"

const id = <const Tag extends string>(tag: Tag) => `effect-kubernetes/InformerError/${tag}` as const

const AnyFailure = Schema.Union([ErrorSchema.ApiError, ErrorSchema.RequestError, WatchErrorSchema.WatchError])

const fields = {
  /** The resource type: `pods`, `deployments.apps`. */
  resource: Schema.String,
  namespace: Schema.optionalKey(Schema.String)
}

interface ReasonFields {
  readonly resource: string
  readonly namespace?: string
}

const describe = (reason: ReasonFields, text: string): string =>
  `informer of ${reason.resource}${reason.namespace === undefined ? "" : ` in namespace ${reason.namespace}`}: ${text}`

/**
 * The user may not list or watch: `rule` is what a Role (or ClusterRole) must say.
 *
 * @category errors
 * @since 0.1.0
 */
export class Forbidden extends Schema.TaggedError<Forbidden>(id("Forbidden"))("Forbidden", {
  ...fields,
  verb: Schema.Literals(["list", "watch"]),
  /** The RBAC rule, as YAML writes it in one line. */
  rule: Schema.String,
  error: AnyFailure
}) {
  override get message(): string {
    return describe(this, `missing permission to ${this.verb}; needs the rule ${this.rule}: ${this.error.message}`)
  }
}

/**
 * The credential is refused, after the transport refreshed it.
 *
 * @category errors
 * @since 0.1.0
 */
export class Unauthorized extends Schema.TaggedError<Unauthorized>(id("Unauthorized"))("Unauthorized", {
  ...fields,
  error: AnyFailure
}) {
  override get message(): string {
    return describe(this, this.error.message)
  }
}

/**
 * The server does not serve this resource, or not this verb of it: a CustomResourceDefinition that is not there (yet).
 *
 * @category errors
 * @since 0.1.0
 */
export class NotServed extends Schema.TaggedError<NotServed>(id("NotServed"))("NotServed", {
  ...fields,
  error: AnyFailure
}) {
  override get message(): string {
    // Only built-in groups have no dot or end like this.
    const isCustom = /\..+\./.test(this.resource) && !this.resource.endsWith(".k8s.io")
    const hint = isCustom ? "; is its CustomResourceDefinition installed?" : ""
    return describe(this, `the server does not serve it${hint} (${this.error.message})`)
  }
}

/**
 * The connection cannot be trusted or made: certificate, proxy, credential plugin.
 *
 * @category errors
 * @since 0.1.0
 */
export class Untrusted extends Schema.TaggedError<Untrusted>(id("Untrusted"))("Untrusted", {
  ...fields,
  error: AnyFailure
}) {
  override get message(): string {
    return describe(this, this.error.message)
  }
}

/**
 * The list is refused as it is asked for: a selector that does not parse or that the kind does not know, a namespace
 * that no path can hold.
 *
 * @category errors
 * @since 0.1.0
 */
export class Refused extends Schema.TaggedError<Refused>(id("Refused"))("Refused", { ...fields, error: AnyFailure }) {
  override get message(): string {
    return describe(this, `the list is refused as it is asked for (${this.error.message})`)
  }
}

/**
 * The version to resume from is no longer, or not yet, in the server's history.
 *
 * @category errors
 * @since 0.1.0
 */
export class Expired extends Schema.TaggedError<Expired>(id("Expired"))("Expired", { ...fields, error: AnyFailure }) {
  override get message(): string {
    return describe(this, this.error.message)
  }
}

/**
 * What the server sent cannot be understood, so nothing after it can be trusted.
 *
 * @category errors
 * @since 0.1.0
 */
export class Malformed extends Schema.TaggedError<Malformed>(id("Malformed"))("Malformed", {
  ...fields,
  error: AnyFailure
}) {
  override get message(): string {
    return describe(this, this.error.message)
  }
}

/**
 * The server sent an older version than it had sent before: its store was restored from a backup.
 *
 * @category errors
 * @since 0.1.0
 */
export class Rewound extends Schema.TaggedError<Rewound>(id("Rewound"))("Rewound", {
  ...fields,
  reached: Schema.String,
  received: Schema.String
}) {
  override get message(): string {
    return describe(this, `the server went back from version ${this.reached} to ${this.received}`)
  }
}

/**
 * Nothing came for longer than a living connection is silent.
 *
 * @category errors
 * @since 0.1.0
 */
export class Idle extends Schema.TaggedError<Idle>(id("Idle"))("Idle", {
  ...fields,
  /** How long nothing came. */
  milliseconds: Schema.Number
}) {
  override get message(): string {
    return describe(
      this,
      `nothing was received for ${Math.round(this.milliseconds / 1000)} s; the connection is given up`
    )
  }
}

/**
 * A watch ended within a second of its start.
 *
 * @category errors
 * @since 0.1.0
 */
export class ShortWatch extends Schema.TaggedError<ShortWatch>(id("ShortWatch"))("ShortWatch", fields) {
  override get message(): string {
    return describe(this, "the watch ended within a second of its start")
  }
}

/**
 * The server took `sendInitialEvents` and did not close the initial events with the bookmark that belongs there.
 *
 * @category errors
 * @since 0.1.0
 */
export class InitialEventsMissing
  extends Schema.TaggedError<InitialEventsMissing>(id("InitialEventsMissing"))("InitialEventsMissing", {
    ...fields,
    /** Whether the connection ended before the bookmark; else it stayed open in silence, as with servers that never send it. */
    isEnded: Schema.Boolean
  })
{
  override get message(): string {
    return describe(this, "the initial events were not closed by a bookmark; listing instead")
  }
}

/**
 * Any other failure of a list or a watch: the same may succeed later.
 *
 * @category errors
 * @since 0.1.0
 */
export class Failed extends Schema.TaggedError<Failed>(id("Failed"))("Failed", { ...fields, error: AnyFailure }) {
  override get message(): string {
    return describe(this, this.error.message)
  }
}

/**
 * The reasons.
 *
 * @category models
 * @since 0.1.0
 */
export type Reason =
  | Forbidden
  | Unauthorized
  | NotServed
  | Untrusted
  | Refused
  | Expired
  | Malformed
  | Rewound
  | Idle
  | ShortWatch
  | InitialEventsMissing
  | Failed

/**
 * @category schemas
 * @since 0.1.0
 */
export const Reason = Schema.Union([
  Forbidden,
  Unauthorized,
  NotServed,
  Untrusted,
  Refused,
  Expired,
  Malformed,
  Rewound,
  Idle,
  ShortWatch,
  InitialEventsMissing,
  Failed
])

/**
 * Why a cache is not, or no longer, being kept true.
 *
 * @category errors
 * @since 0.1.0
 */
export class InformerError
  extends Schema.TaggedError<InformerError>("effect-kubernetes/InformerError")("InformerError", { reason: Reason })
{
  override get message(): string {
    return `${this.reason._tag}: ${this.reason.message}`
  }
  /**
   * Whether somebody has to change something (a rule, a credential, a certificate, a definition, the selectors) before it
   * can go on.
   */
  get isFatal(): boolean {
    const tag = this.reason._tag
    return tag === "Forbidden" || tag === "Unauthorized" || tag === "NotServed" || tag === "Untrusted" ||
      tag === "Refused"
  }
}

/**
 * Where a collection is, as the reasons carry it.
 *
 * @category accessors
 * @since 0.1.0
 */
export const where = (collection: Collection): { readonly resource: string; readonly namespace?: string } => ({
  resource: qualifiedName(collection),
  ...(collection.namespace === undefined ? {} : { namespace: collection.namespace })
})

const ruleOf = (collection: Collection): string =>
  `{apiGroups: ["${collection.group}"], resources: ["${collection.plural}"], verbs: ["list", "watch"]}`

/**
 * Sorts a failure of a list or a watch.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromFailure = (error: Failure, verb: "list" | "watch", collection: Collection): InformerError =>
  new InformerError({ reason: reasonOf(error, verb, collection) })

const reasonOf = (error: Failure, verb: "list" | "watch", collection: Collection): Reason => {
  const fields = { ...where(collection), error }
  switch (error._tag) {
    case "WatchError":
      switch (error.reason._tag) {
        case "Expired":
          return new Expired(fields)
        case "Frame":
        case "Decode":
          return new Malformed(fields)
        case "Api":
          return reasonOfApi(error.reason.error, fields, verb, collection)
      }
      break
    case "ApiError":
      return reasonOfApi(error, fields, verb, collection)
    case "RequestError": {
      const { reason } = error
      if (reason._tag === "Transport" && !reason.isRetryable) return new Untrusted(fields)
      if (reason._tag === "InvalidUrl") return new Refused(fields)
      return reason._tag === "Decode" ? new Malformed(fields) : new Failed(fields)
    }
  }
}

const reasonOfApi = (
  error: ApiError,
  fields: ReasonFields & { readonly error: Failure },
  verb: "list" | "watch",
  collection: Collection
): Reason => {
  switch (error.reason._tag) {
    case "Forbidden":
      return new Forbidden({ ...fields, verb, rule: ruleOf(collection) })
    case "Unauthorized":
      return new Unauthorized(fields)
    case "NotFound":
    case "MethodNotAllowed":
      return new NotServed(fields)
    case "Expired":
    case "Gone":
      return new Expired(fields)
    case "BadRequest":
    case "Invalid":
    case "NotAcceptable":
    case "UnsupportedMediaType":
      // A watch may also be refused for what only watches have, as initial events.
      return verb === "list" ? new Refused(fields) : new Failed(fields)
    default:
      return isTooLarge(error) ? new Expired(fields) : new Failed(fields)
  }
}

/**
 * Whether the server said that a version lies in its future: `Too large resource version`.
 *
 * @category guards
 * @since 0.1.0
 */
export const isTooLarge = (error: ApiError): boolean => {
  const { details, message } = error.reason.status
  return details?.causes?.some((cause) => cause.reason === "ResourceVersionTooLarge") === true ||
    (error.reason._tag === "Timeout" && message?.includes("Too large resource version") === true)
}
