/**
 * `ResourceVersion`: which of two versions of one resource type is newer.
 *
 * A version is opaque except that two versions of the same resource type from the same server may be ordered when both
 * are whole numbers (KEP-5504). Where one is not, only equality is left. `Reflector` watches for a server that went
 * back in time with it, `SharedInformer.awaitVersion` for one's own writes.
 *
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions
 * @since 0.1.0
 */

const number = /^(?:0|[1-9]\d*)$/

/**
 * Whether a version may be ordered at all.
 *
 * @category guards
 * @since 0.1.0
 */
export const isComparable = (version: string): boolean => number.test(version)

/**
 * Negative when `a` is older than `b`, positive when it is newer, zero when both are the same, `undefined` when they
 * cannot be ordered. Exact for any number of digits.
 *
 * @category combinators
 * @since 0.1.0
 */
export const compare = (a: string, b: string): number | undefined => {
  if (a === b) return 0
  if (!isComparable(a) || !isComparable(b)) return undefined
  if (a.length !== b.length) return a.length - b.length
  return a < b ? -1 : 1
}

/**
 * Whether `version` is known to be at least as new as `wanted`.
 *
 * @category guards
 * @since 0.1.0
 */
export const isAtLeast = (version: string, wanted: string): boolean => (compare(version, wanted) ?? -1) >= 0
