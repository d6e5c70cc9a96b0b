/**
 * Rules for `metadata`, the same for all kinds.
 *
 * Source: `pkg/api/validation/objectmeta.go` of apimachinery.
 *
 * @internal
 */
import * as Json from "../../Machinery/Json.ts"
import * as Name from "../../Machinery/Name.ts"
import * as FieldError from "./fieldError.ts"
import * as JsonText from "./jsonText.ts"
import * as Metadata from "./metadata.ts"
import type { Served } from "./registry.ts"

type Errors = ReadonlyArray<FieldError.FieldError>

const annotationLimit = 256 * 1024

const standardFinalizers = new Set(["kubernetes", "orphan", "foregroundDeletion"])

const ownerErrors = (references: ReadonlyArray<unknown>): Errors => {
  const errors: Array<FieldError.FieldError> = []
  let controller = ""
  for (const reference of references) {
    for (const key of ["apiVersion", "kind", "name", "uid"]) {
      if (Json.textOf(Json.at(reference, key)) === "") {
        const detail = key === "apiVersion" ? "version must not be empty" : "must not be empty"
        errors.push(FieldError.invalid(`metadata.ownerReferences.${key}`, "", detail))
      }
    }
    if (Json.at(reference, "controller") !== true) continue
    const name = `${Json.textOf(Json.at(reference, "kind"))}/${Json.textOf(Json.at(reference, "name"))}`
    if (controller === "") controller = name
    else {
      errors.push(FieldError.invalid(
        "metadata.ownerReferences",
        references,
        `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${name}`
      ))
    }
  }
  return errors
}

const finalizerErrors = (finalizers: ReadonlyArray<unknown>, isStrict: boolean): Errors =>
  finalizers.flatMap((finalizer, index) => {
    const name = Json.textOf(finalizer)
    const field = `metadata.finalizers[${index}]`
    const problems = Name.qualifiedName(name)
    if (problems.length > 0) return problems.map((problem) => FieldError.invalid("metadata.finalizers", name, problem))
    return !isStrict || name.includes("/") || standardFinalizers.has(name)
      ? []
      : [FieldError.invalid(field, name, "name is neither a standard finalizer name nor is it fully qualified")]
  })

const labelErrors = (field: string, labels: Json.JsonObject): Errors =>
  Object.entries(labels).flatMap(([key, value]) => [
    ...Name.qualifiedName(key).map((problem) => FieldError.invalid(field, key, problem)),
    ...Name.labelValue(Json.textOf(value)).map((problem) => FieldError.invalid(field, value, problem))
  ])

const annotationErrors = (annotations: Json.JsonObject): Errors => {
  const field = "metadata.annotations"
  const size = Object.entries(annotations).reduce(
    (sum, [key, value]) => sum + JsonText.byteLength(key) + JsonText.byteLength(Json.textOf(value)),
    0
  )
  return [
    ...Object.keys(annotations).flatMap((key) =>
      Name.qualifiedName(key.toLowerCase()).map((problem) => FieldError.invalid(field, key, problem))
    ),
    ...(size > annotationLimit ? [FieldError.tooLong(field, annotationLimit)] : [])
  ]
}

const namespaceErrors = (served: Served, namespace: string): Errors =>
  served.isNamespaced
    ? namespace === ""
      ? [FieldError.required("metadata.namespace")]
      : Name.dns1123Label(namespace).map((problem) => FieldError.invalid("metadata.namespace", namespace, problem))
    : namespace === ""
    ? []
    : [FieldError.forbidden("metadata.namespace", "not allowed on this type")]

/** What is wrong with the metadata of an object. */
export const errors = (served: Served, object: Json.JsonObject): Errors => {
  const metadata = Metadata.of(object)
  const name = Json.textOf(metadata["name"])
  const { nameProblems } = served.strategy
  const generated = Json.textOf(metadata["generateName"])
  return [
    ...(generated === ""
      ? []
      : Name.prefixOf(nameProblems)(generated).map((problem) =>
        FieldError.invalid("metadata.generateName", generated, problem)
      )),
    ...(name === ""
      ? [FieldError.required("metadata.name", "name or generateName is required")]
      : nameProblems(name).map((problem) => FieldError.invalid("metadata.name", name, problem))),
    ...namespaceErrors(served, Json.textOf(metadata["namespace"])),
    ...labelErrors("metadata.labels", Json.objectOf(metadata["labels"])),
    ...annotationErrors(Json.objectOf(metadata["annotations"])),
    ...ownerErrors(Json.itemsOf(metadata["ownerReferences"])),
    ...finalizerErrors(Json.itemsOf(metadata["finalizers"]), served.strategy.checksFinalizers)
  ]
}

const goStrings = (items: ReadonlyArray<unknown>): string =>
  `[]string{${items.map((item) => JSON.stringify(item)).join(", ")}}`

const immutable = (field: string, value: unknown) => FieldError.invalid(field, value ?? null, "field is immutable")

/** What is wrong with a change of the metadata. */
export const updateErrors = (object: Json.JsonObject, live: Json.JsonObject): Errors => {
  const after = Metadata.of(object)
  const before = Metadata.of(live)
  const errors: Array<FieldError.FieldError> = []
  if (before["deletionTimestamp"] !== undefined) {
    const known = Json.itemsOf(before["finalizers"])
    const added = Json.itemsOf(after["finalizers"]).filter((finalizer) => !known.includes(finalizer)).sort()
    if (added.length > 0) {
      errors.push(FieldError.forbidden(
        "metadata.finalizers",
        `no new finalizers can be added if the object is being deleted, found new finalizers ${goStrings(added)}`
      ))
    }
  }
  for (const key of ["name", "namespace", "uid", "creationTimestamp"]) {
    if (after[key] !== before[key]) errors.push(immutable(`metadata.${key}`, after[key] ?? ""))
  }
  return errors
}

export { immutable }
