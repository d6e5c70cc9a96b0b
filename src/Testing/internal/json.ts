/**
 * JSON objects as the in-memory API server keeps them: plain, never changed in place, shared between versions.
 *
 * @internal
 */

/** A JSON object. */
export interface JsonObject {
  readonly [key: string]: unknown
}

/** A JSON object under construction. */
export type Draft = Record<string, unknown>

/** Whether a value is a JSON object: neither a list nor null. */
export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Whether a value is a JSON list. */
export const isArray: (value: unknown) => value is ReadonlyArray<unknown> = Array.isArray

const nothing: JsonObject = {}

/** The value where it is an object, an empty one where it is not. */
export const objectOf = (value: unknown): JsonObject => isObject(value) ? value : nothing

/** The items where the value is a list, none where it is not. */
export const itemsOf = (value: unknown): ReadonlyArray<unknown> => isArray(value) ? value : []

/** The text where the value is one, empty where it is not. */
export const textOf = (value: unknown): string => typeof value === "string" ? value : ""

/** The number where the value is one, `otherwise` where it is not. */
export const numberOf = (value: unknown, otherwise: number): number => typeof value === "number" ? value : otherwise

/** Whether an object has a member with a value. */
export const has = (object: JsonObject, key: string): boolean => Object.hasOwn(object, key) && object[key] !== undefined

/** The value at a path of members, `undefined` where one is missing. */
export const at = (value: unknown, ...path: ReadonlyArray<string>): unknown => {
  let current = value
  for (const key of path) {
    if (!isObject(current) || !Object.hasOwn(current, key)) return undefined
    current = current[key]
  }
  return current
}

/** Sets a member of a draft; `__proto__` is a key as any other. */
export const put = (draft: Draft, key: string, value: unknown): void => {
  if (key === "__proto__") {
    Object.defineProperty(draft, key, { value, writable: true, enumerable: true, configurable: true })
  } else draft[key] = value
}

/** A draft with the object's members. */
export const copy = (object: JsonObject): Draft => {
  const draft: Draft = {}
  for (const key of Object.keys(object)) put(draft, key, object[key])
  return draft
}

/** The object without some members. */
export const without = (object: JsonObject, ...keys: ReadonlyArray<string>): JsonObject => {
  if (!keys.some((key) => Object.hasOwn(object, key))) return object
  const draft = copy(object)
  for (const key of keys) delete draft[key]
  return draft
}

/** The object with a value at a path; the objects on the way are made where they are missing. `undefined` removes. */
export const setAt = (object: JsonObject, path: ReadonlyArray<string>, value: unknown): JsonObject => {
  const [key, ...rest] = path
  if (key === undefined) return object
  if (rest.length === 0) {
    if (value === undefined) return without(object, key)
    const draft = copy(object)
    put(draft, key, value)
    return draft
  }
  const inner = Object.hasOwn(object, key) ? object[key] : undefined
  if (value === undefined && !isObject(inner)) return object
  const draft = copy(object)
  put(draft, key, setAt(objectOf(inner), rest, value))
  return draft
}

/** Whether two values are the same JSON, whatever the order of members. A member that is `undefined` is none. */
export const equal = (left: unknown, right: unknown): boolean => {
  if (left === right) return true
  if (isArray(left)) {
    return isArray(right) && left.length === right.length && left.every((item, index) => equal(item, right[index]))
  }
  if (!isObject(left) || !isObject(right)) return false
  const keys = Object.keys(left).filter((key) => left[key] !== undefined)
  return keys.length === Object.keys(right).filter((key) => right[key] !== undefined).length &&
    keys.every((key) => Object.hasOwn(right, key) && equal(left[key], right[key]))
}

/** JSON with the members of every object sorted, as Go prints maps. */
export const print = (value: unknown): string => {
  if (isArray(value)) return `[${value.map(print).join(",")}]`
  if (!isObject(value)) return JSON.stringify(value) ?? "null"
  return `{${
    Object.keys(value).filter((key) => value[key] !== undefined).sort().map((key) =>
      `${JSON.stringify(key)}:${print(value[key])}`
    ).join(",")
  }}`
}

/** The object's `metadata`. */
export const metadataOf = (object: JsonObject): JsonObject => objectOf(object["metadata"])

/** The object's name. */
export const nameOf = (object: JsonObject): string => textOf(metadataOf(object)["name"])

/** The object's namespace, empty where it has none. */
export const namespaceOf = (object: JsonObject): string => textOf(metadataOf(object)["namespace"])

/** A map of texts, such as labels. */
export const textMapOf = (value: unknown): { readonly [key: string]: string } => {
  const draft: Record<string, string> = {}
  for (const [key, text] of Object.entries(objectOf(value))) if (typeof text === "string") put(draft, key, text)
  return draft
}
