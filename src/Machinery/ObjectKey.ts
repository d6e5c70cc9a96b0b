/**
 * `ObjectKey`: the name of an object within its kind, as caches and work queues key by it: `namespace/name`, or just
 * `name` for an object without a namespace.
 *
 * Informers file objects under it, `WorkQueue` deduplicates by it, reconcilers split it. Neither part can hold a slash,
 * so the two forms cannot be confused.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import { quote } from "./internal/goText.ts"
import { ParseError } from "./ParseError.ts"
import type { KubeObject } from "./Resource.ts"

/**
 * A key, taken apart.
 *
 * @category models
 * @since 0.1.0
 */
export interface Parts {
  /** Absent for cluster-scoped objects. */
  readonly namespace: string | undefined
  readonly name: string
}

/**
 * The key of a name; an empty namespace is none.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (namespace: string | undefined, name: string): string =>
  namespace === undefined || namespace === "" ? name : `${namespace}/${name}`

/**
 * The key of an object; empty for one that has no name yet.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromObject = (object: KubeObject): string => make(object.metadata?.namespace, object.metadata?.name ?? "")

/**
 * Takes a key apart. Fails for more than one slash.
 *
 * @category parsing
 * @since 0.1.0
 */
export const split = (key: string): Result.Result<Parts, ParseError> => {
  const slash = key.indexOf("/")
  if (slash < 0) return Result.succeed({ namespace: undefined, name: key })
  const second = key.indexOf("/", slash + 1)
  if (second >= 0) {
    return Result.fail(
      new ParseError({
        what: "object key",
        input: key,
        position: second,
        reason: `unexpected key format: ${quote(key)}`
      })
    )
  }
  const namespace = key.slice(0, slash)
  return Result.succeed({ namespace: namespace === "" ? undefined : namespace, name: key.slice(slash + 1) })
}
