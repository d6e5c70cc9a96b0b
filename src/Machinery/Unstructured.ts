/**
 * `Unstructured`: an object of a kind known only at run time, which is plain JSON.
 *
 * The dynamic client returns it. Members are read and changed by path, and a value of another type than expected is a
 * typed error that names the place: never `undefined`, which would be read as absent. Nothing is changed in place.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Json from "./Json.ts"
import type { KubeList, KubeObject } from "./Resource.ts"

/**
 * An object of any kind.
 *
 * @category models
 * @since 0.1.0
 */
export interface Unstructured extends KubeObject {
  readonly apiVersion: string
  readonly kind: string
  readonly [member: string]: unknown
}

/**
 * A list or page of objects of any kind.
 *
 * @category models
 * @since 0.1.0
 */
export type UnstructuredList = KubeList<Unstructured>

/**
 * The way to a member: keys of objects, indices of lists. `["spec", "containers", 0, "image"]`.
 *
 * @category models
 * @since 0.1.0
 */
export type Path = ReadonlyArray<string | number>

/**
 * A value is not of the type it was taken for. `message` reads
 * `.spec.replicas: expected a number, found the string "3"`.
 *
 * @category errors
 * @since 0.1.0
 */
export class WrongTypeError extends Schema.TaggedError<WrongTypeError>("effect-kubernetes/WrongTypeError")(
  "WrongTypeError",
  {
    /** `.spec.containers[0].image`; `.` for the object itself. */
    path: Schema.String,
    /** With its article: `a string`, `an object`. */
    expected: Schema.String,
    /** The type found, and the value where it is short. */
    found: Schema.String
  }
) {
  override get message(): string {
    return `${this.path}: expected ${this.expected}, found ${this.found}`
  }
}

const printPath = (path: Path): string =>
  path.length === 0
    ? "."
    : path.map((key) => typeof key === "number" ? `[${key}]` : /^[\w$-]+$/.test(key) ? `.${key}` : `['${key}']`).join(
      ""
    )

const describe = (value: unknown): string => {
  switch (Json.kindOf(value)) {
    case "null":
      return "null"
    case "object":
      return "an object"
    case "array":
      return "a list"
    default:
      return `the ${typeof value} ${JSON.stringify(value).slice(0, 64)}`
  }
}

const wrong = (path: Path, expected: string, value: unknown): Result.Result<never, WrongTypeError> =>
  Result.fail(new WrongTypeError({ path: printPath(path), expected, found: describe(value) }))

/**
 * The types that a member can be read as.
 *
 * @category models
 * @since 0.1.0
 */
export interface Types {
  readonly string: string
  readonly number: number
  /** A number without a fraction that is exact as a double. */
  readonly integer: number
  readonly boolean: boolean
  readonly object: { readonly [key: string]: unknown }
  readonly list: ReadonlyArray<unknown>
  /** A list of strings, as finalizers are. */
  readonly strings: ReadonlyArray<string>
  /** An object of strings, as labels are. */
  readonly stringMap: { readonly [key: string]: string }
}

const names: { readonly [T in keyof Types]: string } = {
  string: "a string",
  number: "a number",
  integer: "an integer",
  boolean: "a boolean",
  object: "an object",
  list: "a list",
  strings: "a list of strings",
  stringMap: "an object of strings"
}

const isString = (value: unknown): value is string => typeof value === "string"

const guards: { readonly [T in keyof Types]: (value: unknown) => value is Types[T] } = {
  string: isString,
  number: (value) => typeof value === "number",
  integer: (value): value is number => Number.isSafeInteger(value),
  boolean: (value) => typeof value === "boolean",
  object: Json.isObject,
  list: Json.isArray,
  strings: (value): value is ReadonlyArray<string> => Json.isArray(value) && value.every(isString),
  stringMap: (value): value is { readonly [key: string]: string } =>
    Json.isObject(value) && Object.values(value).every(isString)
}

/** The value at a path; `undefined` for an absent one. Null on the way is as absent as nothing. */
const at = (object: unknown, path: Path): Result.Result<unknown, WrongTypeError> => {
  let value = object
  for (const [depth, key] of path.entries()) {
    if (value === undefined || value === null) return Result.succeed(undefined)
    if (typeof key === "number") {
      if (!Json.isArray(value)) return wrong(path.slice(0, depth), names.list, value)
      value = value.at(key)
    } else {
      if (!Json.isObject(value)) return wrong(path.slice(0, depth), names.object, value)
      value = Json.get(value, key)
    }
  }
  return Result.succeed(value)
}

/**
 * Reads a member as a type: none where it is absent or null, a failure where it, or something on the way, is of another
 * type.
 *
 * ```ts
 * const replicas = Unstructured.get(object, ["spec", "replicas"], "integer")
 * ```
 *
 * @category accessors
 * @since 0.1.0
 */
export const get = <T extends keyof Types>(
  object: object,
  path: Path,
  type: T
): Result.Result<Option.Option<Types[T]>, WrongTypeError> =>
  Result.flatMap(at(object, path), (value): Result.Result<Option.Option<Types[T]>, WrongTypeError> => {
    if (value === undefined || value === null) return Result.succeed(Option.none())
    const guard: (value: unknown) => value is Types[T] = guards[type]
    return guard(value) ? Result.succeed(Option.some(value)) : wrong(path, names[type], value)
  })

/**
 * Whether a path leads to a value, null included.
 *
 * @category accessors
 * @since 0.1.0
 */
export const has = (object: object, path: Path): boolean =>
  Result.match(at(object, path), { onSuccess: (value) => value !== undefined, onFailure: () => false })

const edit = (
  value: unknown,
  path: Path,
  depth: number,
  change: (value: unknown) => unknown
): Result.Result<unknown, WrongTypeError> => {
  const key = path[depth]
  if (key === undefined) return Result.succeed(change(value))
  if (typeof key === "number") {
    if (!Json.isArray(value)) return wrong(path.slice(0, depth), names.list, value)
    const index = key < 0 ? key + value.length : key
    if (index < 0 || index > value.length) {
      return wrong(path.slice(0, depth), `a list of at least ${index < 0 ? -key : index} items`, value)
    }
    return Result.map(
      edit(value[index], path, depth + 1, change),
      (item) => item === undefined ? value.toSpliced(index, 1) : value.toSpliced(index, 1, item)
    )
  }
  if (value !== undefined && value !== null && !Json.isObject(value)) {
    return wrong(path.slice(0, depth), names.object, value)
  }
  const result = Json.copy(value ?? {})
  return Result.map(edit(Json.get(result, key), path, depth + 1, change), (member) => {
    if (member === undefined) delete result[key]
    else Json.set(result, key, member)
    return result
  })
}

/**
 * The object with a member set. Objects on the way are made; the index behind the last item of a list appends. Fails
 * where something on the way is of another type.
 *
 * @category combinators
 * @since 0.1.0
 */
export const set = <A extends object>(object: A, path: Path, value: unknown): Result.Result<A, WrongTypeError> =>
  Result.map(edit(object, path, 0, () => value), (changed) => changed as A)

/**
 * The object without a member or item; the very same object where there is none. Fails where something on the way is of
 * another type.
 *
 * @category combinators
 * @since 0.1.0
 */
export const remove = <A extends object>(object: A, path: Path): Result.Result<A, WrongTypeError> =>
  Result.flatMap(at(object, path), (value) =>
    value === undefined
      ? Result.succeed(object)
      : Result.map(edit(object, path, 0, () => undefined), (changed) => changed as A))

/**
 * Takes decoded JSON for an object: it must be one and name its type.
 *
 * @category parsing
 * @since 0.1.0
 */
export const fromUnknown = (value: unknown): Result.Result<Unstructured, WrongTypeError> => {
  if (!Json.isObject(value)) return wrong([], names.object, value)
  for (const member of ["apiVersion", "kind"]) {
    const text = Json.get(value, member)
    if (typeof text !== "string" || text === "") return wrong([member], "a string that is not empty", text ?? null)
  }
  const metadata = Json.get(value, "metadata")
  return metadata === undefined || Json.isObject(metadata)
    ? Result.succeed(value as Unstructured)
    : wrong(["metadata"], names.object, metadata)
}

/**
 * Whether an object is a list, as `kubectl get -o json` of several objects gives: it has `items`.
 *
 * @category guards
 * @since 0.1.0
 */
export const isList = (object: object): object is UnstructuredList => "items" in object && Json.isArray(object.items)

/**
 * A copy that shares nothing with the object, for code that changes in place.
 *
 * @category combinators
 * @since 0.1.0
 */
export const copy = <A>(object: A): A => Json.clone(object) as A
