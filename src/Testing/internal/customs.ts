/**
 * The resource types that CustomResourceDefinitions add.
 *
 * @internal
 */
import * as Json from "../../Machinery/Json.ts"
import type { ObjectSchema } from "../../Machinery/ObjectSchema.ts"
import type { Subresource } from "../../Machinery/Resource.ts"
import * as Metadata from "./metadata.ts"
import * as Registry from "./registry.ts"
import * as Strategy from "./strategy.ts"
import { structureOf } from "./structureOf.ts"

/** The table of the definitions themselves. */
export const definitions = "apiextensions.k8s.io/customresourcedefinitions"

const texts = (value: unknown): ReadonlyArray<string> =>
  Json.itemsOf(value).filter((item): item is string => typeof item === "string")

const verbs = ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"]

const subresourcesOf = (
  version: Json.JsonObject,
  self: { readonly group: string; readonly version: string; readonly kind: string }
): { readonly [name: string]: Subresource } => {
  const given = Json.objectOf(version["subresources"])
  const writable = ["get", "patch", "update"] as const
  return {
    ...(given["status"] === undefined ? {} : { status: { verbs: writable, ...self } }),
    ...(given["scale"] === undefined
      ? {}
      : { scale: { verbs: writable, group: "autoscaling", version: "v1", kind: "Scale" } })
  }
}

const servedVersion = (definition: Json.JsonObject, given: unknown): Registry.Served => {
  const spec = Json.objectOf(definition["spec"])
  const names = Json.objectOf(spec["names"])
  const version = Json.objectOf(given)
  const group = Json.textOf(spec["group"])
  const kind = Json.textOf(names["kind"])
  const name = Json.textOf(version["name"])
  const plural = Json.textOf(names["plural"])
  const schema = Json.objectOf(Json.at(version, "schema", "openAPIV3Schema")) as ObjectSchema
  const preserves = spec["preserveUnknownFields"] === true
  const stored = Json.itemsOf(spec["versions"]).find((each) => Json.at(each, "storage") === true)
  const scale = Json.at(version, "subresources", "scale")
  const selectable = Json.itemsOf(version["selectableFields"]).map((field) =>
    Json.textOf(Json.at(field, "jsonPath")).replace(/^\./, "")
  )
  const isDeprecated = version["deprecated"] === true
  return {
    group,
    version: name,
    kind,
    listKind: Json.textOf(names["listKind"]) || `${kind}List`,
    plural,
    singular: Json.textOf(names["singular"]) || kind.toLowerCase(),
    shortNames: texts(names["shortNames"]),
    categories: texts(names["categories"]),
    isNamespaced: spec["scope"] === "Namespaced",
    verbs,
    subresources: subresourcesOf(version, { group, version: name, kind }),
    table: `${group}/${plural}`,
    storedAs: `${group}/${Json.textOf(Json.at(stored, "name")) || name}`,
    schema,
    structure: structureOf(schema),
    strategy: Strategy.custom(selectable),
    custom: {
      schema: preserves ? { ...schema, "x-kubernetes-preserve-unknown-fields": true } : schema,
      columns: Json.itemsOf(version["additionalPrinterColumns"]).map(Json.objectOf),
      scale: Json.isObject(scale) ? scale : undefined,
      warning: isDeprecated
        ? Json.textOf(version["deprecationWarning"]) || `${group}/${name} ${kind} is deprecated`
        : undefined,
      isTerminating: Metadata.of(definition)["deletionTimestamp"] !== undefined
    }
  }
}

/** Whether a definition's names were accepted and its resources are served. */
export const isEstablished = (definition: Json.JsonObject): boolean =>
  Json.itemsOf(Json.at(definition, "status", "conditions")).some((condition) =>
    Json.at(condition, "type") === "Established" && Json.at(condition, "status") === "True"
  )

/** The resource types of all definitions, by `group/version/plural`. */
export const servedBy = (objects: Iterable<Json.JsonObject>): ReadonlyMap<string, Registry.Served> => {
  const served = new Map<string, Registry.Served>()
  for (const definition of objects) {
    if (!isEstablished(definition)) continue
    for (const version of Json.itemsOf(Json.at(definition, "spec", "versions"))) {
      if (Json.at(version, "served") !== true) continue
      const each = servedVersion(definition, version)
      served.set(Registry.keyOf(each.group, each.version, each.plural), each)
    }
  }
  return served
}

const conflictOf = (definition: Json.JsonObject, others: Iterable<Json.JsonObject>): string | undefined => {
  const names = Json.objectOf(Json.at(definition, "spec", "names"))
  const group = Json.at(definition, "spec", "group")
  for (const other of others) {
    if (Metadata.nameOf(other) === Metadata.nameOf(definition) || Json.at(other, "spec", "group") !== group) continue
    const taken = Json.objectOf(Json.at(other, "status", "acceptedNames"))
    const used = new Set([taken["plural"], taken["singular"], ...texts(taken["shortNames"])])
    for (const key of ["plural", "singular"]) {
      if (used.has(names[key])) return `${JSON.stringify(names[key])} is already in use`
    }
    for (const key of ["kind", "listKind"]) {
      if (taken["kind"] === names[key] || taken["listKind"] === names[key]) {
        return `${JSON.stringify(names[key])} is already in use`
      }
    }
  }
  return undefined
}

/** The definition with the status that the server gives it. */
export const withStatus = (
  definition: Json.JsonObject,
  others: Iterable<Json.JsonObject>,
  time: string
): Json.JsonObject => {
  const conflict = conflictOf(definition, others)
  const before = Json.objectOf(definition["status"])
  const condition = (type: string, isTrue: boolean, reason: string, message: string) => {
    const known = Json.itemsOf(before["conditions"]).find((each) => Json.at(each, "type") === type)
    const status = isTrue ? "True" : "False"
    return Json.at(known, "status") === status
      ? known
      : { type, status, lastTransitionTime: time, reason, message }
  }
  const wasEstablished = isEstablished(definition)
  const stored = Json.itemsOf(Json.at(definition, "spec", "versions"))
    .filter((version) => Json.at(version, "storage") === true).map((version) => Json.at(version, "name"))
  const versions = [...new Set([...Json.itemsOf(before["storedVersions"]), ...stored])]
  const rest = Json.itemsOf(before["conditions"]).filter((each) =>
    !["NamesAccepted", "Established"].includes(Json.textOf(Json.at(each, "type")))
  )
  return {
    ...definition,
    status: {
      conditions: [
        conflict === undefined
          ? condition("NamesAccepted", true, "NoConflicts", "no conflicts found")
          : condition("NamesAccepted", false, "NameConflict", conflict),
        conflict === undefined || wasEstablished
          ? condition("Established", true, "InitialNamesAccepted", "the initial names have been accepted")
          : condition("Established", false, "NotAccepted", "not all names are accepted"),
        ...rest
      ],
      acceptedNames: conflict === undefined
        ? Json.at(definition, "spec", "names")
        : before["acceptedNames"] ?? { plural: "", kind: "" },
      storedVersions: versions
    }
  }
}
