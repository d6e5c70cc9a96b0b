/**
 * From the body of a request to an object of its kind: read, checked against the kind, stripped of what is unknown,
 * completed with defaults.
 *
 * @internal
 */
import * as Result from "effect/Result"
import * as Yaml from "yaml"
import { ObjectMeta } from "../../Api/schemas/meta/v1.ts"
import * as Json from "../../Machinery/Json.ts"
import * as CustomSchema from "./customSchema.ts"
import * as Defaults from "./defaults.ts"
import * as FieldError from "./fieldError.ts"
import * as JsonText from "./jsonText.ts"
import * as Metadata from "./metadata.ts"
import type { WriteOptions } from "./query.ts"
import * as Registry from "./registry.ts"
import type * as Server from "./server.ts"
import * as StatusError from "./statusError.ts"
import * as Typed from "./typed.ts"

type Outcome<A> = Result.Result<A, StatusError.StatusError>

/** A body and how it says it is written. */
export interface Body {
  readonly text: string
  readonly contentType: string
}

const hex = (text: string): string =>
  [...new TextEncoder().encode(text)].map((byte) => byte.toString(16).padStart(2, "0")).join("")

const summary = (text: string): string => {
  if (text === "") return "<empty>"
  const head = text.startsWith("{") ? text.slice(0, 30) : hex(text.slice(0, 30))
  return text.length > 30 ? `${head} ...` : head
}

const parseYaml = (text: string): JsonText.Read | JsonText.Problem => {
  const document = Yaml.parseDocument(text, { schema: "core", uniqueKeys: false })
  const [error] = document.errors
  if (error !== undefined) return { problem: error.message }
  return JsonText.read(JSON.stringify(document.toJS() ?? null))
}

/** The media type without its parameters. */
export const mediaType = (contentType: string): string => (contentType.split(";")[0] ?? "").trim().toLowerCase()

/** The JSON or YAML value of a text. */
export const parse = ({ contentType, text }: Body): JsonText.Read | JsonText.Problem => {
  const read = JsonText.read(text)
  return JsonText.isProblem(read) && mediaType(contentType).endsWith("yaml") ? parseYaml(text) : read
}

const unrecognized = (kind: string, why: string, text: string) =>
  Result.fail(StatusError.badRequest(
    `the object provided is unrecognized (must be of type ${kind}): ${why} (${summary(text)})`
  ))

const versionsMismatch = (given: string, expected: string) =>
  Result.fail(StatusError.badRequest(
    `the API version in the data (${given}) does not match the expected API version (${expected})`
  ))

const checkKind = (
  server: Server.Server,
  served: Pick<Registry.Served, "group" | "version" | "kind" | "custom" | "table">,
  object: Json.JsonObject,
  text: string
): Outcome<void> => {
  const apiVersion = Json.textOf(object["apiVersion"])
  const kind = Json.textOf(object["kind"])
  const expected = Registry.apiVersion(served)
  if (served.custom !== undefined) {
    if (kind === "") return unrecognized(served.kind, `Object 'Kind' is missing in '${text}'`, text)
    if (apiVersion !== expected) return versionsMismatch(apiVersion, expected)
    return kind === served.kind ? Result.void : Result.fail(StatusError.invalid(
      { group: served.group, kind },
      Metadata.nameOf(object),
      [FieldError.invalid("kind", kind, `must be ${served.kind}`)]
    ))
  }
  if ((apiVersion === "" || apiVersion === expected) && (kind === "" || kind === served.kind)) return Result.void
  const givenVersion = apiVersion === "" ? expected : apiVersion
  const givenKind = kind === "" ? served.kind : kind
  const known = [...server.builtIns.values()].find((each) =>
    each.kind === givenKind && Registry.apiVersion(each) === givenVersion
  )
  if (known !== undefined && known.table === served.table) return versionsMismatch(givenVersion, expected)
  const shortVersion = givenVersion.slice(givenVersion.lastIndexOf("/") + 1)
  const why = known === undefined
    ? `no kind ${JSON.stringify(givenKind)} is registered for version ${
      JSON.stringify(givenVersion)
    } in scheme "pkg/runtime/scheme.go:111"`
    : `converting (${shortVersion}.${givenKind}) to (${
      served.group.split(".")[0] || "core"
    }.${served.kind}): unknown conversion`
  return Result.fail(StatusError.badRequest(
    `${givenKind} in version ${JSON.stringify(shortVersion)} cannot be handled as a ${served.kind}: ${why}`
  ))
}

const cannotHandle = ({ kind, version }: Pick<Registry.Served, "kind" | "version">, why: string) =>
  Result.fail(
    StatusError.badRequest(`${kind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}: ${why}`)
  )

const quoted = (what: string) => (path: string): string => `${what} field ${JSON.stringify(path)}`

const report = (
  call: Server.Call,
  served: Pick<Registry.Served, "kind" | "version">,
  complaints: ReadonlyArray<string>,
  validation: WriteOptions["fieldValidation"]
): Outcome<void> => {
  if (complaints.length === 0 || validation === "Ignore") return Result.void
  if (validation === "Strict") return cannotHandle(served, `strict decoding error: ${complaints.join(", ")}`)
  call.warnings.push(...complaints)
  return Result.void
}

const metadataFirst = (object: Json.JsonObject): Json.JsonObject => {
  const { apiVersion, kind, metadata, ...rest } = object
  return { kind, apiVersion, metadata, ...rest }
}

/**
 * An object as the kind has it: of the right types, without what is unknown, with defaults. Complaints are warnings or
 * a refusal, as asked.
 */
export const refine = (
  call: Server.Call,
  served: Registry.Served,
  object: Json.JsonObject,
  duplicates: ReadonlyArray<string>,
  validation: WriteOptions["fieldValidation"]
): Outcome<Json.JsonObject> =>
  Result.gen(function*() {
    const head = { ...object, kind: served.kind, apiVersion: Registry.apiVersion(served) }
    if (served.custom === undefined) {
      if (served.schema === undefined) return head
      const decoded = Typed.decode(served.schema, head)
      if (Result.isFailure(decoded)) return yield* cannotHandle(served, decoded.failure)
      const { unknown, value } = decoded.success
      yield* report(
        call,
        served,
        [...unknown.map(quoted("unknown")), ...duplicates.map(quoted("duplicate"))],
        validation
      )
      return metadataFirst(Defaults.apply(served.schema, { ...value, metadata: Metadata.of(value) }))
    }
    const metadata = Typed.decode(ObjectMeta, Metadata.of(object))
    if (Result.isFailure(metadata)) return yield* cannotHandle(served, metadata.failure)
    const { unknown, value } = CustomSchema.prune(served.custom.schema, head)
    const strangers = [...metadata.success.unknown.map((path) => `metadata.${path}`), ...unknown]
    yield* report(
      call,
      served,
      [...strangers.map(quoted("unknown")), ...duplicates.map(quoted("duplicate"))],
      validation
    )
    return metadataFirst(
      CustomSchema.applyDefaults(served.custom.schema, { ...value, metadata: metadata.success.value })
    )
  })

/** The paths of fields that the kind does not have. */
export const unknownFields = (served: Registry.Served, object: Json.JsonObject): ReadonlyArray<string> => {
  if (served.custom !== undefined) {
    const metadata = Typed.decode(ObjectMeta, Metadata.of(object))
    const strangers = Result.isSuccess(metadata) ? metadata.success.unknown.map((path) => `metadata.${path}`) : []
    return [...strangers, ...CustomSchema.prune(served.custom.schema, object).unknown]
  }
  const decoded = served.schema === undefined ? undefined : Typed.decode(served.schema, object)
  return decoded !== undefined && Result.isSuccess(decoded) ? decoded.success.unknown : []
}

const accepted = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"]

/** The object in a body, without a look at its kind's schema. */
export const object = (
  server: Server.Server,
  served: Pick<Registry.Served, "group" | "version" | "kind" | "custom" | "table">,
  body: Body
): Outcome<{ readonly object: Json.JsonObject; readonly duplicates: ReadonlyArray<string> }> =>
  Result.gen(function*() {
    const type = mediaType(body.contentType)
    if (type !== "" && type !== "application/json" && type !== "application/yaml") {
      return yield* Result.fail(StatusError.unsupportedMediaType(
        served.custom === undefined ? accepted : accepted.slice(0, 2)
      ))
    }
    const read = parse(body)
    if (JsonText.isProblem(read)) {
      return yield* unrecognized(served.kind, `couldn't get version/kind; json parse error: ${read.problem}`, body.text)
    }
    if (!Json.isObject(read.value)) {
      const kind = Json.isArray(read.value) ? "array" : typeof read.value === "boolean" ? "bool" : typeof read.value
      return yield* unrecognized(
        served.kind,
        `couldn't get version/kind; json parse error: json: cannot unmarshal ${kind} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`,
        body.text
      )
    }
    yield* checkKind(server, served, read.value, body.text)
    return { object: read.value, duplicates: read.duplicates }
  })

/** Refuses an object that is not the one that the path names. */
export const checkName = (name: string, object: Json.JsonObject): Outcome<void> => {
  const given = Metadata.nameOf(object)
  return given === name ? Result.void : Result.fail(StatusError.badRequest(
    given === ""
      ? `the name of the object (${name} based on URL) was undeterminable: name must be provided`
      : `the name of the object (${given}) does not match the name on the URL (${name})`
  ))
}
