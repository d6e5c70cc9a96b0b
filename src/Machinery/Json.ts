/**
 * `Json`: JSON values as they are: what tells them apart, how they compare, and the few changes that patches, field
 * managers and the in-memory API server make to them.
 *
 * Objects are never changed in place: a change gives a new object that shares what did not change. A member whose value
 * is `undefined` is no member, as `JSON.stringify` has it, and `__proto__` is a key as any other. What objects of
 * Kubernetes have in common is `Unstructured`; changes written down are patches.
 *
 * @since 0.1.0
 */

/**
 * A JSON object.
 *
 * @category models
 * @since 0.1.0
 */
export interface JsonObject {
  readonly [key: string]: unknown
}

/**
 * A JSON object under construction.
 *
 * @category models
 * @since 0.1.0
 */
export type Draft = Record<string, unknown>

/**
 * The kinds of JSON values.
 *
 * @category models
 * @since 0.1.0
 */
export type Kind = "object" | "array" | "string" | "number" | "boolean" | "null"

/**
 * Whether a value is a JSON object: neither a list nor null.
 *
 * @category guards
 * @since 0.1.0
 */
export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/**
 * Whether a value is a JSON list.
 *
 * @category guards
 * @since 0.1.0
 */
export const isArray: (value: unknown) => value is ReadonlyArray<unknown> = Array.isArray

/**
 * The kind of a JSON value; what JSON cannot hold counts as null.
 *
 * @category accessors
 * @since 0.1.0
 */
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

/**
 * Whether an object has a member with a value.
 *
 * @category accessors
 * @since 0.1.0
 */
export const has = (object: JsonObject, key: string): boolean => Object.hasOwn(object, key) && object[key] !== undefined

/**
 * The member of an object, `undefined` where it has none, whatever its prototype has.
 *
 * @category accessors
 * @since 0.1.0
 */
export const get = (object: JsonObject, key: string): unknown => Object.hasOwn(object, key) ? object[key] : undefined

/**
 * The value at a path of members, `undefined` where one is missing.
 *
 * @category accessors
 * @since 0.1.0
 */
export const at = (value: unknown, ...path: ReadonlyArray<string>): unknown => {
  let current = value
  for (const key of path) {
    if (!isObject(current) || !Object.hasOwn(current, key)) return undefined
    current = current[key]
  }
  return current
}

/**
 * The object's members, those with a value.
 *
 * @category accessors
 * @since 0.1.0
 */
export const entries = (object: JsonObject): ReadonlyArray<[string, unknown]> =>
  Object.entries(object).filter(([, value]) => value !== undefined)

/**
 * How many members or items a container has; none where it is missing or null; `undefined` for other values.
 *
 * @category accessors
 * @since 0.1.0
 */
export const size = (value: unknown): number | undefined =>
  value === undefined || value === null
    ? 0
    : isArray(value)
    ? value.length
    : isObject(value)
    ? entries(value).length
    : undefined

const nothing: JsonObject = {}

/**
 * The value where it is an object, an empty one where it is not.
 *
 * @category accessors
 * @since 0.1.0
 */
export const objectOf = (value: unknown): JsonObject => isObject(value) ? value : nothing

/**
 * The items where the value is a list, none where it is not.
 *
 * @category accessors
 * @since 0.1.0
 */
export const itemsOf = (value: unknown): ReadonlyArray<unknown> => isArray(value) ? value : []

/**
 * The text where the value is one, empty where it is not.
 *
 * @category accessors
 * @since 0.1.0
 */
export const textOf = (value: unknown): string => typeof value === "string" ? value : ""

/**
 * The number where the value is one, `otherwise` where it is not.
 *
 * @category accessors
 * @since 0.1.0
 */
export const numberOf = (value: unknown, otherwise: number): number => typeof value === "number" ? value : otherwise

/**
 * The members that are texts, as of labels; none where the value is no object.
 *
 * @category accessors
 * @since 0.1.0
 */
export const textMapOf = (value: unknown): { readonly [key: string]: string } => {
  const draft: Record<string, string> = {}
  for (const [key, text] of Object.entries(objectOf(value))) if (typeof text === "string") set(draft, key, text)
  return draft
}

/**
 * Sets a member of an object under construction.
 *
 * @category combinators
 * @since 0.1.0
 */
export const set = (draft: Draft, key: string, value: unknown): void => {
  if (key === "__proto__") {
    Object.defineProperty(draft, key, { value, writable: true, enumerable: true, configurable: true })
  } else draft[key] = value
}

/**
 * A copy of the object's members, to be changed. What they hold is shared.
 *
 * @category combinators
 * @since 0.1.0
 */
export const copy = (object: JsonObject): Draft => {
  const draft: Draft = {}
  for (const [key, value] of entries(object)) set(draft, key, value)
  return draft
}

/**
 * A copy that shares nothing with the value.
 *
 * @category combinators
 * @since 0.1.0
 */
export const clone = (value: unknown): unknown => {
  if (isArray(value)) return value.map(clone)
  if (!isObject(value)) return value
  const draft: Draft = {}
  for (const [key, member] of entries(value)) set(draft, key, clone(member))
  return draft
}

/**
 * The object without some members; the object itself where it has none of them.
 *
 * @category combinators
 * @since 0.1.0
 */
export const without = (object: JsonObject, ...keys: ReadonlyArray<string>): JsonObject => {
  if (!keys.some((key) => Object.hasOwn(object, key))) return object
  const draft = copy(object)
  for (const key of keys) delete draft[key]
  return draft
}

/**
 * The object with a value at a path; the objects on the way are made where they are missing. `undefined` removes.
 *
 * @category combinators
 * @since 0.1.0
 */
export const setAt = (object: JsonObject, path: ReadonlyArray<string>, value: unknown): JsonObject => {
  const [key, ...rest] = path
  if (key === undefined) return object
  if (rest.length === 0 && value === undefined) return without(object, key)
  const inner = get(object, key)
  if (value === undefined && !isObject(inner)) return object
  const draft = copy(object)
  set(draft, key, rest.length === 0 ? value : setAt(objectOf(inner), rest, value))
  return draft
}

/**
 * Whether two values are the same JSON, whatever the order of members.
 *
 * @category comparing
 * @since 0.1.0
 */
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

/**
 * JSON with the members of every object sorted, as Go prints maps: equal values give equal texts.
 *
 * @category printing
 * @since 0.1.0
 */
export const print = (value: unknown): string => {
  if (isArray(value)) return `[${value.map(print).join(",")}]`
  if (!isObject(value)) return JSON.stringify(value) ?? "null"
  const members = [...entries(value)].sort(([left], [right]) => left < right ? -1 : 1)
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${print(member)}`).join(",")}}`
}
