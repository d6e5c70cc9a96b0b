/**
 * `ErrorSchema`: the schemas of the failures that any call may end with.
 *
 * `ApiError`, `RequestError` and `ParseError` are plain classes, so that a program that only makes calls does not load
 * Schema. One that sends failures elsewhere (an Rpc, a Workflow, a queue) finds their schemas here: instances on the
 * one side; on the other their fields and `_tag`, which are JSON. `WatchError`'s is `Watch/WatchErrorSchema`.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as SchemaGetter from "effect/SchemaGetter"
import * as SchemaIssue from "effect/SchemaIssue"
import * as Api from "./ApiError.ts"
import * as Parse from "./ParseError.ts"
import * as Request from "./RequestError.ts"
import type * as Machinery from "./Status.ts"

/**
 * The schema of a tagged error class, from that of its fields: it decodes to instances and encodes nothing else.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <
  Error extends Fields & { readonly cause?: unknown },
  Fields extends { readonly _tag: string },
  Encoded
>(
  error: new(fields: Omit<Fields, "_tag">) => Error,
  fields: Schema.Codec<Fields, Encoded>
): Schema.Codec<Error, Encoded> => {
  const transformation = {
    decode: SchemaGetter.transform(({ _tag, ...details }: Fields) => new error(details)),
    // What it owns, and no more: an Error without a `name` of its own has one by inheritance. `cause` is not enumerable.
    encode: SchemaGetter.transform((value: Error): Fields =>
      Object.hasOwn(value, "cause") ? { ...value, cause: value.cause } : { ...value }
    )
  }
  const instance = Schema.declareConstructor<Error>()(
    [Schema.toType(fields)],
    () => (value, ast, options) =>
      value instanceof error
        ? Effect.succeed(value)
        : Effect.fail(new SchemaIssue.InvalidType(ast, value, options)),
    {
      expected: error.name,
      toCodec: ([of]) => Schema.link<Error>()(of, transformation),
      toEquivalence: ([of]) => of
    }
  )
  return fields.pipe(Schema.decodeTo(instance, transformation))
}

const text = Schema.optionalKey(Schema.String)
const number = Schema.optionalKey(Schema.Number)

/**
 * `Status`, as `Machinery/Status` has it. Members that this version does not know are left out.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Status: Schema.Codec<Machinery.Status> = Schema.Struct({
  apiVersion: text,
  kind: text,
  metadata: Schema.optionalKey(
    Schema.Struct({ resourceVersion: text, continue: text, remainingItemCount: number, selfLink: text })
  ),
  status: text,
  message: text,
  reason: text,
  details: Schema.optionalKey(Schema.Struct({
    name: text,
    group: text,
    kind: text,
    uid: text,
    causes: Schema.optionalKey(Schema.Array(Schema.Struct({ reason: text, message: text, field: text }))),
    retryAfterSeconds: number
  })),
  code: number
})

const refusal = {
  status: Status,
  verb: Schema.String,
  resource: Schema.String,
  subresource: text,
  namespace: text,
  name: text
}

/**
 * The reasons of `ApiError`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ApiErrorReason = Schema.Union([
  make(Api.BadRequest, Schema.TaggedStruct("BadRequest", refusal)),
  make(Api.Unauthorized, Schema.TaggedStruct("Unauthorized", refusal)),
  make(Api.Forbidden, Schema.TaggedStruct("Forbidden", refusal)),
  make(Api.NotFound, Schema.TaggedStruct("NotFound", refusal)),
  make(Api.MethodNotAllowed, Schema.TaggedStruct("MethodNotAllowed", refusal)),
  make(Api.NotAcceptable, Schema.TaggedStruct("NotAcceptable", refusal)),
  make(Api.AlreadyExists, Schema.TaggedStruct("AlreadyExists", refusal)),
  make(Api.Conflict, Schema.TaggedStruct("Conflict", refusal)),
  make(Api.Gone, Schema.TaggedStruct("Gone", refusal)),
  make(Api.Expired, Schema.TaggedStruct("Expired", refusal)),
  make(Api.RequestEntityTooLarge, Schema.TaggedStruct("RequestEntityTooLarge", refusal)),
  make(Api.UnsupportedMediaType, Schema.TaggedStruct("UnsupportedMediaType", refusal)),
  make(Api.Invalid, Schema.TaggedStruct("Invalid", refusal)),
  make(Api.TooManyRequests, Schema.TaggedStruct("TooManyRequests", refusal)),
  make(Api.InternalError, Schema.TaggedStruct("InternalError", refusal)),
  make(Api.ServerTimeout, Schema.TaggedStruct("ServerTimeout", refusal)),
  make(Api.StoreReadError, Schema.TaggedStruct("StoreReadError", refusal)),
  make(Api.ServiceUnavailable, Schema.TaggedStruct("ServiceUnavailable", refusal)),
  make(Api.Timeout, Schema.TaggedStruct("Timeout", refusal)),
  make(Api.Unknown, Schema.TaggedStruct("Unknown", refusal))
])

/**
 * The server's refusal.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ApiError = make(
  Api.ApiError,
  Schema.TaggedStruct("ApiError", { reason: ApiErrorReason })
)

const failed = {
  verb: Schema.String,
  url: Schema.String,
  description: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}

/**
 * The reasons of `RequestError`. A cause is sent as its name and message.
 *
 * @category schemas
 * @since 0.1.0
 */
export const RequestErrorReason = Schema.Union([
  make(
    Request.Transport,
    Schema.TaggedStruct("Transport", {
      ...failed,
      kind: Schema.Literals([
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
    })
  ),
  make(Request.Timeout, Schema.TaggedStruct("Timeout", failed)),
  make(Request.Encode, Schema.TaggedStruct("Encode", failed)),
  make(Request.Decode, Schema.TaggedStruct("Decode", { ...failed, body: text })),
  make(Request.InvalidUrl, Schema.TaggedStruct("InvalidUrl", failed))
])

/**
 * A request without a usable answer.
 *
 * @category schemas
 * @since 0.1.0
 */
export const RequestError = make(
  Request.RequestError,
  Schema.TaggedStruct("RequestError", { reason: RequestErrorReason })
)

/**
 * A text that is not what it was taken for.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ParseError = make(
  Parse.ParseError,
  Schema.TaggedStruct("ParseError", {
    what: Schema.String,
    input: Schema.String,
    position: Schema.Int,
    reason: Schema.String
  })
)
