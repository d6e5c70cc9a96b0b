/**
 * `ControllerError`: why a controller could not begin, or a manager could not go on.
 *
 * What a reconciler fails with is not among it: that is an outcome, and its key is tried again.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * A controller could not begin: what it watches did not sync in time. The description names each kind that is missing
 * and why, as a permission that the user lacks.
 *
 * @category errors
 * @since 0.1.0
 */
export class ControllerError
  extends Schema.TaggedError<ControllerError>("effect-kubernetes/Controller/ControllerError")(
    "ControllerError",
    { controller: Schema.String, description: Schema.String }
  )
{
  override get message(): string {
    return `controller ${this.controller}: ${this.description}`
  }
}
