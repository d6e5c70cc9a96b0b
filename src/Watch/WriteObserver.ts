/**
 * `WriteObserver`: who is told of the writes that a fiber makes.
 *
 * Clients call it with what a successful write returned. A controller sets it around a reconcile, so that the next one
 * of the same key can wait until the cache has seen those versions. Nobody listens by default, and then it costs a
 * look-up.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"

/**
 * One successful write.
 *
 * @category models
 * @since 0.1.0
 */
export interface Write {
  readonly group: string
  /** The resource: `deployments`. */
  readonly plural: string
  /** `namespace/name`, or `name` for a kind of cluster scope. */
  readonly key: string
  /** The version that the write made. */
  readonly resourceVersion: string
  /** The labels that the object has since; absent where the writer does not say. */
  readonly labels?: { readonly [name: string]: string } | undefined
}

/**
 * Who is told of the writes that a fiber makes; nobody unless set.
 *
 * @category references
 * @since 0.1.0
 */
export const WriteObserver: Context.Reference<(write: Write) => void> = Context.Reference(
  "effect-kubernetes/Watch/WriteObserver",
  { defaultValue: () => (_write: Write) => {} }
)
