/**
 * JSON merge patches (RFC 7386): computed, applied and merged three ways, without a server.
 *
 * `Patch.merge` sends what `create` computes. Objects are merged member by member, `null` removes a member, everything
 * else is replaced, lists too. Applying follows the API server, which drops nulls from what it adds, in lists too.
 * Values are never changed in place; the parts a patch does not touch are shared with the original.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7386
 * @since 0.1.0
 */
import * as Json from "./Json.ts"
import type { MergeBody } from "./Patch.ts"

/**
 * The object with a merge patch applied. A patch that is no object replaces the whole.
 *
 * @category applying
 * @since 0.1.0
 */
export const apply = <A>(target: A, patch: MergeBody<NoInfer<A>>): A => merge(target, patch) as A

const merge = (target: unknown, patch: unknown): unknown => {
  if (!Json.isObject(patch)) return Json.isObject(target) ? patch : withoutNulls(patch)
  if (!Json.isObject(target)) return withoutNulls(patch)
  const result = Json.copy(target)
  for (const [key, value] of Json.entries(patch)) {
    const current = Json.get(result, key)
    if (value === null) delete result[key]
    else Json.set(result, key, current === undefined || current === null ? withoutNulls(value) : merge(current, value))
  }
  return result
}

// Null items of a list stay: removing them would move the others.
const withoutNulls = (value: unknown): unknown => {
  if (Json.isArray(value)) return value.map(withoutNulls)
  if (!Json.isObject(value)) return value
  const result: Record<string, unknown> = {}
  for (const [key, member] of Json.entries(value)) {
    if (member !== null) Json.set(result, key, withoutNulls(member))
  }
  return result
}

/**
 * The patch that turns one object into another: `apply(from, create(from, to))` equals `to` unless `to` holds nulls,
 * which a merge patch cannot set.
 *
 * @category constructors
 * @since 0.1.0
 */
export const create = <A extends object>(from: A, to: A): MergeBody<A> =>
  diff(from as Json.JsonObject, to as Json.JsonObject) as MergeBody<A>

const diff = (from: Json.JsonObject, to: Json.JsonObject): Record<string, unknown> => {
  const patch: Record<string, unknown> = {}
  for (const [key, wanted] of Json.entries(to)) {
    const current = Json.get(from, key)
    if (Json.isObject(current) && Json.isObject(wanted)) {
      const inner = diff(current, wanted)
      if (Object.keys(inner).length > 0) Json.set(patch, key, inner)
    } else if (!Json.equal(current, wanted)) Json.set(patch, key, wanted)
  }
  for (const [key] of Json.entries(from)) {
    if (!Json.has(to, key)) Json.set(patch, key, null)
  }
  return patch
}

/**
 * The patch that brings `current` to `modified`, and takes away what `original` had and `modified` leaves out: what
 * `kubectl apply` sends for custom resources. What others added to `current` stays. Unlike a strategic one it cannot
 * conflict: it removes only what `modified` leaves out, and sets only what `modified` has.
 *
 * @category constructors
 * @since 0.1.0
 */
export const createThreeWay = <A extends object>(options: {
  /** What was applied last, from the annotation `kubectl.kubernetes.io/last-applied-configuration`. */
  readonly original: A | undefined
  /** What is wanted. */
  readonly modified: A
  /** What the server has. */
  readonly current: A
}): MergeBody<A> => {
  const modified = options.modified as Json.JsonObject
  const changes = select(diff(options.current as Json.JsonObject, modified), "values")
  const removals = select(diff((options.original ?? {}) as Json.JsonObject, modified), "nulls")
  return merge(removals, changes) as MergeBody<A>
}

// An empty object is a value; an object that became empty says nothing.
const select = (patch: Json.JsonObject, wanted: "nulls" | "values"): Record<string, unknown> => {
  const result: Record<string, unknown> = {}
  for (const [key, value] of Json.entries(patch)) {
    if (Json.isObject(value) && Object.keys(value).length > 0) {
      const inner = select(value, wanted)
      if (Object.keys(inner).length > 0) Json.set(result, key, inner)
    } else if ((value === null) === (wanted === "nulls")) Json.set(result, key, value)
  }
  return result
}
