/**
 * Keeps `metadata.managedFields`: who changed what by an update, and what an apply merges, takes and takes away.
 *
 * Source: `pkg/util/managedfields` of apimachinery and the updater of structured-merge-diff.
 *
 * @internal
 */
import * as Result from "effect/Result"
import * as FieldSet from "../../Apply/FieldSet.ts"
import * as ManagedFields from "../../Apply/ManagedFields.ts"
import * as StructuredMerge from "../../Apply/StructuredMerge.ts"
import * as Json from "../../Machinery/Json.ts"
import type { ManagedFieldsEntry } from "../../Machinery/ObjectMeta.ts"
import type { Structure } from "../../Machinery/Structure.ts"
import * as Metadata from "./metadata.ts"
import * as Registry from "./registry.ts"
import * as StatusError from "./statusError.ts"
import * as Typed from "./typed.ts"

type Manager = ManagedFields.Manager
type FieldSetType = FieldSet.FieldSet

/** Who writes, and through what. */
export interface Writer {
  readonly served: Registry.Served
  readonly manager: string
  readonly subresource: string
  readonly time: string
  /** Fields that this way of writing cannot set: `status` of the object itself, `spec` of its status. */
  readonly reset: ReadonlyArray<FieldSet.Path>
}

const stripped = FieldSet.fromPaths([
  ["f:apiVersion"],
  ["f:kind"],
  ["f:metadata"],
  ...[
    "name",
    "namespace",
    "creationTimestamp",
    "selfLink",
    "uid",
    "clusterName",
    "generation",
    "managedFields",
    "resourceVersion"
  ]
    .map((name) => ["f:metadata", `f:${name}`])
])

/** The managers of an object; none where the entries are not understood. */
const managersOf = (object: Json.JsonObject): ReadonlyArray<Manager> => {
  const entries = Metadata.of(object)["managedFields"]
  return Json.isArray(entries)
    ? Result.getOrElse(ManagedFields.decode(entries as ReadonlyArray<ManagedFieldsEntry>), () => [])
    : []
}

const withManagers = (object: Json.JsonObject, managers: ReadonlyArray<Manager>): Json.JsonObject => {
  const entries = ManagedFields.encode(managers)
  return Json.setAt(object, ["metadata", "managedFields"], entries.length === 0 ? undefined : entries)
}

const bare = (object: Json.JsonObject): Json.JsonObject => Json.setAt(object, ["metadata", "managedFields"], undefined)

const excluding = (set: FieldSetType, writer: Writer): FieldSetType =>
  FieldSet.recursiveDifference(set, FieldSet.fromPaths(writer.reset))

/** What every object of a kind has, whoever writes it: nobody owns that it is there. */
const everyObject = ({ custom, schema }: Registry.Served): Json.JsonObject => ({
  ...(custom === undefined && schema !== undefined ? Typed.zeroOf(schema) : {}),
  metadata: {}
})

/** Takes the fields that changed from all other managers. */
const yieldFields = (
  managers: ReadonlyArray<Manager>,
  comparison: StructuredMerge.Comparison,
  isSelf: (manager: Manager) => boolean
): ReadonlyArray<Manager> => {
  const taken = FieldSet.union(comparison.modified, comparison.added)
  return managers
    .map((manager) =>
      isSelf(manager) ? manager : {
        ...manager,
        fields: FieldSet.difference(
          FieldSet.difference(manager.fields, FieldSet.intersection(manager.fields, taken)),
          comparison.removed
        )
      }
    )
    .filter(({ fields }) => !FieldSet.isEmpty(fields))
}

/**
 * The object with the managers it has after an update: who wrote owns what changed. Entries that the object brings are
 * taken as they are, so that managers may be edited; an empty list resets them.
 */
export const update = (
  writer: Writer,
  live: Json.JsonObject | undefined,
  object: Json.JsonObject
): Json.JsonObject => {
  const { served } = writer
  const given = Metadata.of(object)["managedFields"]
  const isReset = Json.isArray(given) && writer.subresource === "" && live !== undefined &&
    (given.length === 0 || (given.length === 1 && Object.keys(Json.objectOf(given[0])).length === 0))
  if (isReset) return bare(object)
  const brought = managersOf(object)
  const known = writer.subresource === "" && brought.length > 0 ? brought : managersOf(live ?? {})
  if (live !== undefined && known.length === 0) return bare(object)
  const before = live === undefined ? everyObject(served) : bare(live)
  const after = bare(object)
  if (served.schema !== undefined && Typed.hasKeylessItem(served.schema, after)) return after
  const comparison = StructuredMerge.compare(before, after, served.structure)
  const filtered = {
    added: excluding(comparison.added, writer),
    modified: excluding(comparison.modified, writer),
    removed: excluding(comparison.removed, writer)
  }
  const self = {
    manager: writer.manager,
    operation: "Update" as const,
    apiVersion: Registry.apiVersion(served),
    subresource: writer.subresource
  }
  const others = yieldFields(known, filtered, () => false)
  const own = FieldSet.difference(FieldSet.union(filtered.added, filtered.modified), stripped)
  // The real server keeps nobody who scaled a custom resource.
  if (FieldSet.isEmpty(own) || (served.custom !== undefined && writer.subresource === "scale")) {
    return withManagers(after, others)
  }
  const previous = others.find((manager) => ManagedFields.isSame(manager, self))
  return withManagers(after, [
    ...others.filter((manager) => manager !== previous),
    {
      ...self,
      time: writer.time,
      fields: previous === undefined ? own : FieldSet.union(own, previous.fields)
    }
  ])
}

/** The parts of an object that its last configuration had and nobody wants any more, taken away. */
const prune = (
  merged: Json.JsonObject,
  last: FieldSetType,
  managers: ReadonlyArray<Manager>,
  structure: Structure | undefined
): Json.JsonObject => {
  if (FieldSet.isEmpty(last)) return merged
  const named = (set: FieldSetType) => StructuredMerge.withContainers(set, structure)
  const fields = (object: Json.JsonObject) => named(StructuredMerge.fieldsOf(object, structure))
  const without = (set: FieldSetType) => StructuredMerge.remove(merged, set, structure)
  const owned = named(
    managers.reduce<FieldSetType>((set, manager) => FieldSet.union(set, manager.fields), FieldSet.empty)
  )
  const mergedFields = fields(merged)
  const pruned = without(
    FieldSet.difference(mergedFields, FieldSet.union(fields(without(named(last))), owned))
  )
  return without(FieldSet.intersection(FieldSet.difference(mergedFields, fields(pruned)), named(last)))
}

const quoted = (manager: Manager): string => {
  const name = JSON.stringify(manager.manager) +
    (manager.subresource === "" ? "" : ` with subresource ${JSON.stringify(manager.subresource)}`)
  return manager.operation === "Apply" ? name : `${name} using ${manager.apiVersion}`
}

interface Conflict {
  readonly manager: string
  readonly path: string
}

/** The paths of a set as a real server names them: at each step first the members, then what lies below. */
const inOrder = (set: FieldSet.FieldSet, prefix: FieldSet.Path = []): ReadonlyArray<FieldSet.Path> => [
  ...[...set.members].sort().map((element) => [...prefix, element]),
  ...[...set.children].sort(([left], [right]) => left < right ? -1 : 1).flatMap(([element, child]) =>
    inOrder(child, [...prefix, element])
  )
]

const conflictError = (conflicts: ReadonlyArray<Conflict>): StatusError.StatusError => {
  const [first] = conflicts
  const managers = [...new Set(conflicts.map(({ manager }) => manager))].sort()
  const message = conflicts.length === 1 && first !== undefined
    ? `Apply failed with 1 conflict: conflict with ${first.manager}: ${first.path}`
    : `Apply failed with ${conflicts.length} conflicts: ${
      managers.flatMap((manager) => [
        `conflicts with ${manager}:`,
        ...conflicts.filter((conflict) => conflict.manager === manager).map(({ path }) => `- ${path}`)
      ]).join("\n")
    }`
  return StatusError.applyConflict(
    conflicts.map(({ manager, path }) => ({
      reason: "FieldManagerConflict",
      message: `conflict with ${manager}`,
      field: path
    })),
    message
  )
}

/**
 * The live object with a configuration applied, and the managers it has then. Fails with the conflicts where other
 * managers own a field that the configuration changes, unless forced.
 */
export const apply = (
  writer: Writer,
  live: Json.JsonObject,
  configuration: Json.JsonObject,
  force: boolean,
  refine: (object: Json.JsonObject) => Json.JsonObject
): Result.Result<Json.JsonObject, StatusError.StatusError> => {
  const { structure } = writer.served
  const apiVersion = Registry.apiVersion(writer.served)
  const self = { manager: writer.manager, operation: "Apply" as const, apiVersion, subresource: writer.subresource }
  const isSelf = (manager: Manager) => ManagedFields.isSame(manager, self)
  const before = bare(live)
  const isNew = Object.keys(Metadata.of(live)).length === 0
  let known = managersOf(live)
  // What was there before anybody applied belongs to one manager of that name.
  if (known.length === 0 && !isNew) {
    known = managersOf(update({ ...writer, manager: "before-first-apply" }, undefined, before))
  }
  const fields = excluding(StructuredMerge.fieldsOf(configuration, structure), writer)
  const last = known.find(isSelf)?.fields ?? FieldSet.empty
  const mine: Manager = {
    ...self,
    time: known.find(isSelf)?.time ?? writer.time,
    fields: FieldSet.difference(fields, stripped)
  }
  const managers = [...known.filter((manager) => !isSelf(manager)), mine]
  const merged = StructuredMerge.merge(before, configuration, structure)
  const pruned = prune(merged, last, [...known.filter((manager) => !isSelf(manager)), { ...mine, fields }], structure)
  const comparison = StructuredMerge.compare(isNew ? everyObject(writer.served) : before, pruned, structure)
  const changed = {
    added: excluding(comparison.added, writer),
    modified: excluding(comparison.modified, writer),
    removed: excluding(comparison.removed, writer)
  }
  const taken = FieldSet.union(changed.modified, changed.added)
  const conflicts = managers.filter((manager) => !isSelf(manager)).flatMap((manager) =>
    inOrder(FieldSet.intersection(manager.fields, taken)).map((path): Conflict => ({
      manager: quoted(manager),
      path: FieldSet.printPath(path)
    }))
  )
  if (conflicts.length > 0 && !force) return Result.fail(conflictError(conflicts))
  const refined = refine(pruned)
  const isUnchanged = Json.equal(before, refined)
  return Result.succeed(withManagers(
    refined,
    yieldFields(managers, changed, isSelf).map((manager) =>
      isSelf(manager) && !isUnchanged ? { ...manager, time: writer.time } : manager
    )
  ))
}
