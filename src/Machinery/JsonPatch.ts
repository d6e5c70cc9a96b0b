/**
 * JSON patches (RFC 6902): computed, decoded and applied, without a server.
 *
 * `Patch.json` sends them. Applying follows the API server, which is more lenient than the RFC: a negative index counts
 * from the end of a list, `replace` of a missing member adds it, and a missing member tests equal to null. All
 * operations apply or none does; values are never changed in place, and what a patch does not touch is shared with the
 * original.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6902
 * @since 0.1.0
 */
import * as EffectJsonPatch from "effect/JsonPatch"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import { quote } from "./internal/goText.ts"
import * as Json from "./Json.ts"
import { Inapplicable, Malformed, PatchError, TestFailed } from "./PatchError.ts"

/**
 * One operation. Paths are JSON Pointers: `/` in a key is written `~1`, `~` is written `~0`; `-` is the place behind the
 * last item of a list.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6901
 * @category models
 * @since 0.1.0
 */
export type Operation =
  | { readonly op: "add"; readonly path: string; readonly value: unknown }
  | { readonly op: "remove"; readonly path: string }
  | { readonly op: "replace"; readonly path: string; readonly value: unknown }
  | { readonly op: "move"; readonly from: string; readonly path: string }
  | { readonly op: "copy"; readonly from: string; readonly path: string }
  | { readonly op: "test"; readonly path: string; readonly value: unknown }

/**
 * The path of a member or item, from its keys and indices: `pointer("metadata", "labels", "example.com/tier")` is
 * `/metadata/labels/example.com~1tier`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const pointer = (...keys: ReadonlyArray<string | number>): string =>
  keys.map((key) => `/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("")

/**
 * Operations that turn one value into another: `apply(from, create(from, to))` equals `to`. Lists are compared index by
 * index, so the patch is right and not always the shortest. It tests nothing: add a `test` of the resourceVersion where
 * the change depends on what was read.
 *
 * @category constructors
 * @since 0.1.0
 */
export const create = <A>(from: A, to: A): ReadonlyArray<Operation> =>
  EffectJsonPatch.get(Json.clone(from) as Schema.Json, Json.clone(to) as Schema.Json)

const refuse = (
  reason: typeof Inapplicable | typeof TestFailed | typeof Malformed,
  description: string,
  operation?: number
): Result.Result<never, PatchError> =>
  Result.fail(
    new PatchError({ reason: new reason({ description, ...(operation === undefined ? {} : { operation }) }) })
  )

/**
 * Checks a decoded JSON body. Fails with `PatchError`: Malformed where it is no list of objects (the server's 400),
 * Inapplicable where an operation is unknown or lacks its paths (422).
 *
 * @category parsing
 * @since 0.1.0
 */
export const decode = (body: unknown): Result.Result<ReadonlyArray<Operation>, PatchError> => {
  if (!Json.isArray(body)) {
    return refuse(Malformed, `json: cannot unmarshal ${Json.kindOf(body)} into Go value of type jsonpatch.Patch`)
  }
  for (const [index, operation] of body.entries()) {
    if (!Json.isObject(operation)) {
      return refuse(
        Malformed,
        `json: cannot unmarshal ${Json.kindOf(operation)} into Go value of type jsonpatch.Operation`,
        index
      )
    }
    const kind = operation["op"]
    if (typeof kind !== "string" || !kinds.includes(kind)) {
      return refuse(Inapplicable, `Unexpected kind: ${typeof kind === "string" ? kind : "unknown"}`, index)
    }
    const needed = kind === "move" || kind === "copy" ? ["from", "path"] : ["path"]
    const absent = needed.find((name) => typeof operation[name] !== "string")
    if (absent !== undefined) {
      const detail = absent === "from"
        ? "operation, missing from field: "
        : ["replace", "move", "test"].includes(kind)
        ? "operation missing path field: "
        : ""
      return refuse(Inapplicable, `${kind} operation failed to decode ${absent}: ${detail}${missing}`, index)
    }
  }
  return Result.succeed(body as ReadonlyArray<Operation>)
}

const kinds: ReadonlyArray<string> = ["add", "remove", "replace", "move", "copy", "test"]

/**
 * The value with all operations applied. Fails with `PatchError`: TestFailed or Inapplicable, with the operation's
 * index and the API server's sentence.
 *
 * @category applying
 * @since 0.1.0
 */
export const apply = <A>(target: A, operations: ReadonlyArray<Operation>): Result.Result<A, PatchError> => {
  let document: unknown = target
  for (const [index, operation] of operations.entries()) {
    const applied = step(document, operation)
    if (Result.isFailure(applied)) {
      return refuse(operation.op === "test" ? TestFailed : Inapplicable, applied.failure, index)
    }
    document = applied.success
  }
  return Result.succeed(document as A)
}

type Outcome<A = unknown> = Result.Result<A, string>

const missing = "missing value"
const invalidIndex = (index: number): string => `Unable to access invalid index: ${index}: invalid index referenced`

const step = (document: unknown, operation: Operation): Outcome => {
  const { op, path } = operation
  const inPath = (problem: string) => `error in ${op === "replace" ? "remove" : op} for path: '${path}': ${problem}`
  switch (op) {
    case "add":
      return edit(
        document,
        path,
        `add operation does not apply: doc is missing path: "${path}"`,
        (container, key) => Result.mapError(add(container, key, operation.value), inPath)
      )
    case "remove":
      return edit(
        document,
        path,
        `remove operation does not apply: doc is missing path: "${path}"`,
        (container, key) => Result.mapError(remove(container, key), inPath)
      )
    case "replace":
      if (path === "") {
        return typeof operation.value === "object" && operation.value !== null
          ? Result.succeed(operation.value)
          : Result.fail("replace operation value must be object or array")
      }
      return edit(
        document,
        path,
        `replace operation does not apply: doc is missing path: ${path}`,
        (container, key) => replace(container, key, operation.value, path)
      )
    case "move":
    case "copy": {
      const { from } = operation
      const source = find(document, from)
      if (source === undefined) {
        return Result.fail(`${op} operation does not apply: doc is missing from path: ${from}: ${missing}`)
      }
      const wrongSource = (problem: string) =>
        op === "move"
          ? `error in move for path: '${source.key}': ${problem}`
          : `error in copy for from: '${from}': ${problem}`
      const value = Result.mapError(read(source.container, source.key), wrongSource)
      if (Result.isFailure(value)) return value
      const rest = op === "move"
        ? edit(document, from, "", (container, key) => Result.mapError(remove(container, key), wrongSource))
        : Result.succeed(document)
      if (Result.isFailure(rest)) return rest
      return edit(
        rest.success,
        path,
        `${op} operation does not apply: doc is missing destination path: ${path}`,
        (container, key) =>
          Result.mapError(
            add(container, key, value.success ?? null),
            op === "move" ? inPath : (problem) => `error while adding value during copy: ${problem}`
          )
      )
    }
    case "test": {
      const failed = `testing value ${path} failed: test failed`
      if (path === "") return Json.equal(document, operation.value) ? Result.succeed(document) : Result.fail(failed)
      const found = find(document, path)
      if (found === undefined) {
        return Result.fail(`test operation does not apply: is missing path: ${path}: ${missing}`)
      }
      const value = Result.mapError(read(found.container, found.key), inPath)
      if (Result.isFailure(value)) return value
      return Json.equal(value.success ?? null, operation.value ?? null) ? Result.succeed(document) : Result.fail(failed)
    }
  }
}

type Container = Json.JsonObject | ReadonlyArray<unknown>

const isContainer = (value: unknown): value is Container => Json.isObject(value) || Json.isArray(value)

const tokensOf = (path: string): ReadonlyArray<string> | undefined =>
  path.startsWith("/")
    ? path.slice(1).split("/").map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"))
    : undefined

const indexOf = (list: ReadonlyArray<unknown>, key: string, length = list.length): Outcome<number> => {
  if (!/^[+-]?\d+$/.test(key)) return Result.fail(`strconv.Atoi: parsing ${quote(key)}: invalid syntax`)
  const index = Number(key)
  return index >= length || index < -length
    ? Result.fail(invalidIndex(index))
    : Result.succeed(index < 0 ? index + length : index)
}

const read = (container: Container, key: string): Outcome =>
  Json.isArray(container)
    ? Result.map(indexOf(container, key), (index) => container[index])
    : Result.succeed(Json.get(container, key))

const add = (container: Container, key: string, value: unknown): Outcome<Container> => {
  if (!Json.isArray(container)) return Result.succeed(withMember(container, key, value))
  if (key === "-") return Result.succeed([...container, value])
  const index = indexOf(container, key, container.length + 1)
  if (Result.isSuccess(index)) return Result.succeed(container.toSpliced(index.success, 0, value))
  return Result.fail(
    index.failure.startsWith("strconv")
      ? `value was not a proper array index: '${key}': ${index.failure}`
      : index.failure
  )
}

const remove = (container: Container, key: string): Outcome<Container> => {
  if (Json.isArray(container)) {
    return Result.map(indexOf(container, key), (index) => container.toSpliced(index, 1))
  }
  if (!Json.has(container, key)) return Result.fail(`Unable to remove nonexistent key: ${key}: ${missing}`)
  const result = Json.copy(container)
  delete result[key]
  return Result.succeed(result)
}

const replace = (container: Container, key: string, value: unknown, path: string): Outcome<Container> =>
  Json.isArray(container)
    ? Result.mapBoth(indexOf(container, key), {
      onSuccess: (index) => container.with(index, value),
      onFailure: () => `replace operation does not apply: doc is missing key: ${path}: ${missing}`
    })
    : Result.succeed(withMember(container, key, value))

const withMember = (object: Json.JsonObject, key: string, value: unknown): Container => {
  const result = Json.copy(object)
  Json.set(result, key, value)
  return result
}

const find = (
  document: unknown,
  path: string
): { readonly container: Container; readonly key: string } | undefined => {
  const tokens = tokensOf(path)
  const key = tokens?.at(-1)
  if (tokens === undefined || key === undefined) return undefined
  let container = document
  for (const token of tokens.slice(0, -1)) {
    if (!isContainer(container)) return undefined
    const next = read(container, token)
    if (Result.isFailure(next)) return undefined
    container = next.success
  }
  return isContainer(container) ? { container, key } : undefined
}

/** Replaces the container that holds the last key of a path by what `change` makes of it, and copies those above. */
const edit = (
  document: unknown,
  path: string,
  notFound: string,
  change: (container: Container, key: string) => Outcome<Container>
): Outcome => {
  const tokens = tokensOf(path)
  const absent = Result.fail(`${notFound}: ${missing}`)
  if (tokens === undefined) return absent
  const descend = (container: unknown, depth: number): Outcome => {
    const key = tokens[depth]
    if (!isContainer(container) || key === undefined) return absent
    if (depth === tokens.length - 1) return change(container, key)
    const next = read(container, key)
    if (Result.isFailure(next)) return absent
    const changed = descend(next.success, depth + 1)
    return Result.isFailure(changed) ? changed : replace(container, key, changed.success, path)
  }
  return descend(document, 0)
}
