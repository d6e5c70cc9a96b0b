/**
 * JSON values: what tells them apart. A member that is `undefined` is no member.
 *
 * @internal
 */

/** A JSON object. */
export interface JsonObject {
  readonly [key: string]: unknown
}

/** Whether a value is a JSON object: neither a list nor null. */
export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Whether a value is a JSON list. */
export const isArray: (value: unknown) => value is ReadonlyArray<unknown> = Array.isArray

/** Whether an object has a member with a value. */
export const has = (object: JsonObject, key: string): boolean => Object.hasOwn(object, key) && object[key] !== undefined

/** The member of an object, `undefined` where it has none. */
export const get = (object: JsonObject, key: string): unknown => Object.hasOwn(object, key) ? object[key] : undefined

/** Sets a member of an object under construction; `__proto__` is a key as any other. */
export const set = (object: Record<string, unknown>, key: string, value: unknown): void => {
  if (key === "__proto__") {
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true })
  } else object[key] = value
}

/** The members that have a value. */
export const entries = (object: JsonObject): ReadonlyArray<[string, unknown]> =>
  Object.entries(object).filter(([, value]) => value !== undefined)

/** An object under construction with the same members. */
export const copy = (object: JsonObject): Record<string, unknown> => {
  const out: Record<string, unknown> = {}
  for (const [key, value] of entries(object)) set(out, key, value)
  return out
}

/** How many members or items a container has; none where it is missing or null; `undefined` for other values. */
export const size = (value: unknown): number | undefined =>
  value === undefined || value === null
    ? 0
    : isArray(value)
    ? value.length
    : isObject(value)
    ? entries(value).length
    : undefined

/** Whether two values are the same JSON, whatever the order of members. */
export const equal = (left: unknown, right: unknown): boolean => {
  if (left === right) return true
  if (isArray(left)) {
    return isArray(right) && left.length === right.length && left.every((item, at) => equal(item, right[at]))
  }
  if (!isObject(left) || !isObject(right)) return false
  const members = entries(left)
  return members.length === entries(right).length &&
    members.every(([key, value]) => has(right, key) && equal(value, right[key]))
}
