/**
 * Patches: the four kinds, applied to the live object and written as an update.
 *
 * Source: `endpoints/handlers/patch.go` of apiserver.
 *
 * @internal
 */
import * as Result from "effect/Result"
import * as FieldSet from "../../Apply/FieldSet.ts"
import * as StructuredMerge from "../../Apply/StructuredMerge.ts"
import * as Json from "../../Machinery/Json.ts"
import * as JsonMergePatch from "../../Machinery/JsonMergePatch.ts"
import * as JsonPatch from "../../Machinery/JsonPatch.ts"
import type { PatchError } from "../../Machinery/PatchError.ts"
import * as StrategicMergePatch from "../../Machinery/StrategicMergePatch.ts"
import * as Decoding from "./decoding.ts"
import * as JsonText from "./jsonText.ts"
import * as Managed from "./managed.ts"
import * as Metadata from "./metadata.ts"
import * as Registry from "./registry.ts"
import * as Scale from "./scale.ts"
import * as StatusError from "./statusError.ts"
import * as Write from "./write.ts"

type Outcome<A> = Result.Result<A, StatusError.StatusError>

const json = "application/json-patch+json"
const merge = "application/merge-patch+json"
const strategic = "application/strategic-merge-patch+json"
const apply = "application/apply-patch+yaml"

const known = new Set([json, merge, strategic, apply])

/** Whether a patch of this media type is a server-side apply. */
export const isApply = (contentType: string): boolean => Decoding.mediaType(contentType) === apply

const fromPatchError = (error: PatchError): StatusError.StatusError =>
  error.reason._tag === "Malformed" ? StatusError.badRequest(error.reason.message) : StatusError.unprocessable

/** As a real server, which does not expect an item without its key, and takes it for a fault of its own. */
const fromStrategicError = (error: PatchError): StatusError.StatusError => {
  const { description } = error.reason
  return description.includes("does not contain declared merge key")
    ? StatusError.plain(500, description)
    : fromPatchError(error)
}

/** Refuses a patch whose media type the resource does not take. */
export const checkType = (served: Registry.Served, contentType: string): Outcome<string> => {
  const type = Decoding.mediaType(contentType)
  if (!known.has(type)) return Result.fail(StatusError.unknownPatchType)
  return type === strategic && served.custom !== undefined
    ? Result.fail(StatusError.unsupportedMediaType([json, merge, apply]))
    : Result.succeed(type)
}

const parse = (body: Decoding.Body): Outcome<JsonText.Read> => {
  const read = Decoding.parse(body)
  return JsonText.isProblem(read)
    ? Result.fail(StatusError.badRequest(`error decoding patch: ${read.problem}`))
    : Result.succeed(read)
}

const change = (
  type: string,
  served: Registry.Served,
  patch: unknown
): Outcome<(live: Json.JsonObject) => Outcome<Json.JsonObject>> => {
  if (type === json) {
    return Result.map(
      Result.mapError(JsonPatch.decode(patch), fromPatchError),
      (operations) => (live) =>
        Result.map(Result.mapError(JsonPatch.apply(live, operations), fromPatchError), Json.objectOf)
    )
  }
  if (!Json.isObject(patch)) {
    const kind = Json.isArray(patch) ? "array" : typeof patch
    return Result.fail(StatusError.badRequest(
      `error decoding patch: json: cannot unmarshal ${kind} into Go value of type map[string]interface {}`
    ))
  }
  return Result.succeed(
    type === strategic
      ? (live) => Result.mapError(StrategicMergePatch.apply(served, live, patch), fromStrategicError)
      : (live) => Result.succeed(JsonMergePatch.apply<Json.JsonObject>(live, patch))
  )
}

/** Patches an object. `view` and `back` stand between it and what the patch sees, for subresources such as scale. */
export const patch = (write: Write.Write, body: Decoding.Body): Outcome<Write.Updated> =>
  Result.gen(function*() {
    const { name, served } = write
    const type = yield* checkType(served, body.contentType)
    if (type === apply) return yield* applyConfiguration(write, body)
    const read = yield* parse(body)
    const patched = yield* change(type, served, read.value)
    return yield* Write.update(write, (live) =>
      Result.gen(function*() {
        if (live === undefined) return yield* Result.fail(StatusError.notFound(served, name))
        const object = yield* patched(live)
        yield* Decoding.checkName(name, object)
        return yield* Decoding.refine(write.call, served, object, read.duplicates, write.options.fieldValidation).pipe(
          Result.mapError((error) => invalidPatch(error, served))
        )
      }))
  })

// The real server words what does not decode as a fault of the patch.
const invalidPatch = (error: StatusError.StatusError, served: Registry.Served): StatusError.StatusError => {
  const prefix = `${served.kind} in version ${JSON.stringify(served.version)} cannot be handled as a ${served.kind}: `
  const message = error.message ?? ""
  if (error.code !== 400 || !message.startsWith(prefix)) return error
  return message.includes("strict decoding error") ? error : StatusError.invalid({ group: "", kind: "" }, "", [{
    type: "Invalid",
    field: "patch",
    value: message.slice(prefix.length),
    detail: message.slice(prefix.length)
  }])
}

/** Patches the scale of an object. */
export const scale = (write: Write.Write, body: Decoding.Body): Outcome<Json.JsonObject> =>
  Result.gen(function*() {
    const kind = Scale.served(write.served)
    const type = yield* checkType(kind, body.contentType)
    const read = yield* parse(type === apply ? { ...body, contentType: "application/yaml" } : body)
    const patched = yield* change(type === apply ? merge : type, kind, read.value)
    return yield* Scale.update(write, (before) =>
      Result.flatMap(patched(before), (after) =>
        Decoding.refine(write.call, kind, after, read.duplicates, write.options.fieldValidation)))
  })

const checkConfiguration = (
  write: Write.Write,
  configuration: Json.JsonObject
): Outcome<void> => {
  const { name, namespace, served } = write
  const apiVersion = Json.textOf(configuration["apiVersion"])
  const kind = Json.textOf(configuration["kind"])
  if (kind === "" || apiVersion === "") {
    return Result.fail(StatusError.badRequest(`invalid object type: ${apiVersion || "/"}, Kind=${kind}`))
  }
  if (kind !== served.kind || apiVersion !== Registry.apiVersion(served)) {
    return Result.fail(StatusError.badRequest(
      `Incorrect version specified in apply patch. Specified patch version: ${apiVersion}, expected: ${
        Registry.apiVersion(served)
      }`
    ))
  }
  if (Metadata.of(configuration)["managedFields"] !== undefined) {
    return Result.fail(StatusError.badRequest("metadata.managedFields must be nil"))
  }
  const given = Metadata.namespaceOf(configuration)
  if (given !== "" && given !== namespace) {
    return Result.fail(StatusError.badRequest(
      "the namespace of the provided object does not match the namespace sent on the request"
    ))
  }
  return Decoding.checkName(name, configuration)
}

/** Fields that the schema does not have, and list items that stand there twice: what cannot be owned. */
const checkTyped = (
  { call, served }: Write.Write,
  configuration: Json.JsonObject,
  duplicates: ReadonlyArray<string>
): Outcome<void> => {
  const problems = [
    ...Decoding.unknownFields(served, configuration).map((path) => `.${path}: field not declared in schema`),
    ...StructuredMerge.duplicates(configuration, served.structure).map(({ element, path }) =>
      `${FieldSet.printPath(path)}: duplicate entries for key ${FieldSet.printPath([element])}`
    )
  ]
  call.warnings.push(...duplicates.map((path) => `duplicate field ${JSON.stringify(path)}`))
  if (problems.length === 0) return Result.void
  const what = `${Metadata.namespaceOf(configuration)}/${Metadata.nameOf(configuration)}; ${
    Registry.apiVersion(served)
  }, Kind=${served.kind}`
  return Result.fail(StatusError.plain(
    500,
    `failed to create typed patch object (${what}): ${
      problems.length === 1 ? problems.join() : `errors:\n  ${problems.join("\n  ")}`
    }`
  ))
}

const applyConfiguration = (write: Write.Write, body: Decoding.Body): Outcome<Write.Updated> =>
  Result.gen(function*() {
    const { call, namespace, options, served } = write
    const read = Decoding.parse({ ...body, contentType: "application/yaml" })
    if (JsonText.isProblem(read) || !Json.isObject(read.value)) {
      return yield* Result.fail(StatusError.badRequest(
        `error decoding YAML: ${JsonText.isProblem(read) ? read.problem : "expected an object"}`
      ))
    }
    yield* checkConfiguration(write, read.value)
    const withNamespace = served.isNamespaced
      ? Json.setAt(read.value, ["metadata", "namespace"], namespace)
      : read.value
    // Checked for its types; defaults are left to the result.
    yield* Decoding.refine({ ...call, warnings: [] }, served, withNamespace, [], "Ignore")
    yield* checkTyped(write, read.value, read.duplicates)
    const writer = Write.writerOf(write)
    const quiet = { ...call, warnings: [] }
    const refine = (object: Json.JsonObject) =>
      Result.getOrElse(Decoding.refine(quiet, served, object, [], "Ignore"), () => object)
    return yield* Write.update(
      write,
      (live) => {
        const base = live ?? { apiVersion: Registry.apiVersion(served), kind: served.kind, metadata: {} }
        return Managed.apply(writer, base, withNamespace, options.force === true, refine)
      },
      true
    )
  })
