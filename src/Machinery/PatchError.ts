/**
 * `PatchError`: a patch could not be computed or applied here, without a server.
 *
 * `JsonPatch`, `StrategicMergePatch` and `JsonMergePatch` fail with it. Its reasons are told apart as the API server
 * tells them apart: a malformed patch is its 400, one that does not fit the object its 422, a conflict is what
 * `kubectl apply` asks about.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

const id = <const Tag extends string>(tag: Tag) => `effect-kubernetes/PatchError/${tag}` as const

const fields = {
  /** The sentence, in client-go's words where it has any. */
  description: Schema.String,
  /** The operation of a JSON patch, counted from 0. */
  operation: Schema.optionalKey(Schema.Int)
}

/**
 * The patch is no patch of its kind, whatever it is applied to.
 *
 * @category errors
 * @since 0.1.0
 */
export class Malformed extends Schema.TaggedError<Malformed>(id("Malformed"))("Malformed", fields) {
  override get message(): string {
    return this.description
  }
}

/**
 * The patch does not fit this object: a path that is not there, a list item without its merge key.
 *
 * @category errors
 * @since 0.1.0
 */
export class Inapplicable extends Schema.TaggedError<Inapplicable>(id("Inapplicable"))("Inapplicable", fields) {
  override get message(): string {
    return this.description
  }
}

/**
 * A `test` operation of a JSON patch found another value.
 *
 * @category errors
 * @since 0.1.0
 */
export class TestFailed extends Schema.TaggedError<TestFailed>(id("TestFailed"))("TestFailed", fields) {
  override get message(): string {
    return this.description
  }
}

/**
 * A three-way patch would undo a change that somebody made to the current object.
 *
 * @category errors
 * @since 0.1.0
 */
export class Conflict extends Schema.TaggedError<Conflict>(id("Conflict"))("Conflict", fields) {
  override get message(): string {
    return this.description
  }
}

/**
 * The reasons.
 *
 * @category models
 * @since 0.1.0
 */
export type Reason = Malformed | Inapplicable | TestFailed | Conflict

/**
 * @category schemas
 * @since 0.1.0
 */
export const Reason = Schema.Union([Malformed, Inapplicable, TestFailed, Conflict])

/**
 * A patch that cannot be.
 *
 * @category errors
 * @since 0.1.0
 */
export class PatchError
  extends Schema.TaggedError<PatchError>("effect-kubernetes/PatchError")("PatchError", { reason: Reason })
{
  override get message(): string {
    return `${this.reason._tag}: ${this.reason.message}`
  }
}
