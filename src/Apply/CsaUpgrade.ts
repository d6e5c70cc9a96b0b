/**
 * `CsaUpgrade`: hand over to server-side apply what client-side apply owns.
 *
 * An object that was written with `kubectl apply` or with updates keeps a manager of operation `Update`. Once the same
 * program applies on the server, that entry would keep every field alive that the program leaves out. The upgrade turns
 * it into an entry of the applying manager. Do it once, before or after the first apply; it cannot be undone.
 *
 * @see https://kubernetes.io/docs/reference/using-api/server-side-apply/#upgrading-from-client-side-apply-to-server-side-apply
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type { ManagedFieldsEntry } from "../Machinery/ObjectMeta.ts"
import type { ParseError } from "../Machinery/ParseError.ts"
import * as Patch from "../Machinery/Patch.ts"
import type { KubeObject } from "../Machinery/Resource.ts"
import * as FieldSet from "./FieldSet.ts"

/**
 * Who hands over to whom.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** The managers that updated: `kubectl-client-side-apply`, the User-Agent of an older release. */
  readonly from: ReadonlyArray<string>
  /** The manager that applies. */
  readonly to: string
  /** The subresource both wrote to, as `status`. The object itself unless given. */
  readonly subresource?: string
}

const fieldsOf = (entry: ManagedFieldsEntry): Result.Result<FieldSet.FieldSet, ParseError> =>
  FieldSet.fromFieldsV1(entry.fieldsV1 ?? {})

/**
 * The entries after the upgrade; the very same list where there is nothing to upgrade. Fields of an old manager go to the
 * applying one where both speak the same API version; its other entries are dropped. Fails with `ParseError` where the
 * fields of an entry are not understood.
 *
 * @category combinators
 * @since 0.1.0
 */
export const upgrade = (
  entries: ReadonlyArray<ManagedFieldsEntry>,
  options: Options
): Result.Result<ReadonlyArray<ManagedFieldsEntry>, ParseError> => {
  let current = entries
  for (const from of options.from) {
    const upgraded = upgradeOne(current, from, options)
    if (Result.isFailure(upgraded)) return upgraded
    current = upgraded.success
  }
  return Result.succeed(current)
}

const upgradeOne = (
  entries: ReadonlyArray<ManagedFieldsEntry>,
  from: string,
  { subresource = "", to }: Options
): Result.Result<ReadonlyArray<ManagedFieldsEntry>, ParseError> => {
  const isFrom = (entry: ManagedFieldsEntry) =>
    entry.manager === from && entry.operation === "Update" && (entry.subresource ?? "") === subresource
  const isTo = (entry: ManagedFieldsEntry) =>
    entry.manager === to && entry.operation === "Apply" && (entry.subresource ?? "") === subresource
  // The first of several is the newest.
  const applied = entries.findIndex(isTo)
  const index = applied < 0 ? entries.findIndex(isFrom) : applied
  const target = entries[index]
  if (target === undefined || !entries.some(isFrom)) return Result.succeed(entries)
  const source = entries.find((entry) => isFrom(entry) && entry.apiVersion === target.apiVersion)
  return Result.gen(function*() {
    const own = yield* fieldsOf(target)
    const fields = source === undefined ? own : FieldSet.union(own, yield* fieldsOf(source))
    return entries
      .with(index, { ...target, manager: to, operation: "Apply", fieldsV1: FieldSet.toFieldsV1(fields) })
      .filter((entry) => !isFrom(entry))
  })
}

/**
 * The JSON patch that upgrades an object on the server; none where there is nothing to upgrade. It fails there with
 * Conflict when the object was changed in between: read again and retry.
 *
 * @category constructors
 * @since 0.1.0
 */
export const patch = (
  object: KubeObject,
  options: Options
): Result.Result<Option.Option<Patch.Json>, ParseError> => {
  const entries = object.metadata?.managedFields ?? []
  return Result.map(upgrade(entries, options), (upgraded) =>
    upgraded === entries
      ? Option.none()
      : Option.some(
        Patch.json([
          { op: "replace", path: "/metadata/managedFields", value: upgraded },
          // Not a test: a failed test would be 422, a changed resourceVersion is the 409 that callers retry.
          { op: "replace", path: "/metadata/resourceVersion", value: object.metadata?.resourceVersion ?? "" }
        ])
      ))
}

/**
 * The entries of an operation that own all of some fields. Entries that are not understood own nothing.
 *
 * @category accessors
 * @since 0.1.0
 */
export const findOwners = (
  entries: ReadonlyArray<ManagedFieldsEntry>,
  operation: "Apply" | "Update",
  fields: FieldSet.FieldSet
): ReadonlyArray<ManagedFieldsEntry> =>
  entries.filter((entry) =>
    entry.operation === operation && Result.match(fieldsOf(entry), {
      onFailure: () => false,
      onSuccess: (owned) => FieldSet.isEmpty(FieldSet.difference(fields, owned))
    })
  )
