/**
 * JSON values: what tells them apart, and the few operations every patch needs. A member whose value is `undefined` is
 * no member, as `JSON.stringify` has it.
 *
 * @internal
 */

/** A JSON object. */
export type JsonObject = { readonly [key: string]: unknown }

/** The kinds of JSON values. */
export type Kind = "object" | "array" | "string" | "number" | "boolean" | "null"

/** Whether a value is a JSON object: neither a list nor null. */
export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Whether a value is a JSON list. */
export const isArray: (value: unknown) => value is ReadonlyArray<unknown> = Array.isArray

/** The kind of a JSON value; what JSON cannot hold counts as null. */
export const kindOf = (value: unknown): Kind => {
  switch (typeof value) {
    case "string":
    case "number":
    case "boolean":
      return typeof value as Kind
    case "object":
      return value === null ? "null" : Array.isArray(value) ? "array" : "object"
    default:
      return "null"
  }
}

/** Whether an object has a member. */
export const has = (object: JsonObject, key: string): boolean => Object.hasOwn(object, key) && object[key] !== undefined

/** The member of an object, `undefined` where it has none, whatever its prototype has. */
export const get = (object: JsonObject, key: string): unknown => Object.hasOwn(object, key) ? object[key] : undefined

/** Sets a member of an object under construction; `__proto__` is a key as any other. */
export const set = (object: Record<string, unknown>, key: string, value: unknown): void => {
  if (key === "__proto__") {
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true })
  } else object[key] = value
}

/** The object's members, those with a value. */
export const entries = (object: JsonObject): ReadonlyArray<[string, unknown]> =>
  Object.entries(object).filter(([, value]) => value !== undefined)

/** A copy of the object's members, to be changed. */
export const copy = (object: JsonObject): Record<string, unknown> => {
  const result: Record<string, unknown> = {}
  for (const [key, value] of entries(object)) set(result, key, value)
  return result
}

/** Whether two values are the same JSON, whatever the order of members. */
export const equal = (left: unknown, right: unknown): boolean => {
  if (left === right) return true
  if (isArray(left)) {
    return isArray(right) && left.length === right.length && left.every((item, index) => equal(item, right[index]))
  }
  if (!isObject(left) || !isObject(right)) return false
  const members = entries(left)
  return members.length === entries(right).length &&
    members.every(([key, value]) => has(right, key) && equal(value, right[key]))
}

/** A copy that shares nothing with the value. */
export const clone = (value: unknown): unknown => {
  if (isArray(value)) return value.map(clone)
  if (!isObject(value)) return value
  const result: Record<string, unknown> = {}
  for (const [key, member] of entries(value)) set(result, key, clone(member))
  return result
}
