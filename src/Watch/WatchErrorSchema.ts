/**
 * `WatchErrorSchema`: the schema of `WatchError`, which is a plain class as the failures of `Machinery` are.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as ErrorSchema from "../Machinery/ErrorSchema.ts"
import * as Watch from "./WatchError.ts"

const text = Schema.optionalKey(Schema.String)
const where = { resource: Schema.String, namespace: text }

/**
 * The reasons.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Reason = Schema.Union([
  ErrorSchema.make(Watch.Expired, Schema.TaggedStruct("Expired", { ...where, error: ErrorSchema.ApiError })),
  ErrorSchema.make(Watch.Api, Schema.TaggedStruct("Api", { ...where, error: ErrorSchema.ApiError })),
  ErrorSchema.make(
    Watch.Frame,
    Schema.TaggedStruct("Frame", { ...where, description: Schema.String, line: Schema.String })
  ),
  ErrorSchema.make(
    Watch.Decode,
    Schema.TaggedStruct("Decode", { ...where, key: text, description: Schema.String })
  )
])

/**
 * A watch that began and could not go on.
 *
 * @category schemas
 * @since 0.1.0
 */
export const WatchError = ErrorSchema.make(
  Watch.WatchError,
  Schema.TaggedStruct("WatchError", { reason: Reason })
)
