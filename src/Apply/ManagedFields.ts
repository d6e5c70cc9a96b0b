/**
 * `ManagedFields`: who set which fields of an object, read from and written to `metadata.managedFields`.
 *
 * A manager is told apart by name, operation, version and subresource: `kubectl` that applies and `kubectl` that updates
 * are two. The server keeps the entries; clients read them to see who owns a field (`owners`), and `Extract` to
 * find what they applied last.
 *
 * @see https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import type { ManagedFieldsEntry, ObjectMeta } from "../Machinery/ObjectMeta.ts"
import type { ParseError } from "../Machinery/ParseError.ts"
import * as FieldSet from "./FieldSet.ts"

/**
 * One manager with its fields.
 *
 * @category models
 * @since 0.1.0
 */
export interface Manager {
  readonly manager: string
  readonly operation: "Apply" | "Update"
  /** The version in which the fields are spelled. */
  readonly apiVersion: string
  /** Empty for the object itself, `status` or `scale` for what was set through that subresource. */
  readonly subresource: string
  /** RFC 3339; when the fields changed last. */
  readonly time: string | undefined
  readonly fields: FieldSet.FieldSet
}

/**
 * Whether two descriptions of a manager mean the same one. One that applies may change the version it applies in.
 *
 * @category guards
 * @since 0.1.0
 */
export const isSame = (
  left: Omit<Manager, "fields" | "time">,
  right: Omit<Manager, "fields" | "time">
): boolean =>
  left.manager === right.manager && left.operation === right.operation && left.subresource === right.subresource &&
  (left.operation === "Apply" || left.apiVersion === right.apiVersion)

/**
 * Reads the entries. Fails with `ParseError` where the fields of one are not understood.
 *
 * @category parsing
 * @since 0.1.0
 */
export const decode = (
  entries: ReadonlyArray<ManagedFieldsEntry> | undefined
): Result.Result<ReadonlyArray<Manager>, ParseError> =>
  Result.all(
    (entries ?? []).map((entry) =>
      Result.map(FieldSet.fromFieldsV1(entry.fieldsV1 ?? {}), (fields): Manager => ({
        manager: entry.manager ?? "",
        operation: entry.operation === "Apply" ? "Apply" : "Update",
        apiVersion: entry.apiVersion ?? "",
        subresource: entry.subresource ?? "",
        time: entry.time,
        fields
      }))
    )
  )

/**
 * Writes the entries in the server's order: appliers first, then by time, then by name. A manager without fields is
 * left out.
 *
 * @category printing
 * @since 0.1.0
 */
export const encode = (managers: ReadonlyArray<Manager>): ReadonlyArray<ManagedFieldsEntry> =>
  managers
    .filter(({ fields }) => !FieldSet.isEmpty(fields))
    .toSorted((left, right) =>
      order(left.operation, right.operation) || order(left.time ?? "", right.time ?? "") ||
      order(left.manager, right.manager) || order(left.apiVersion, right.apiVersion) ||
      order(left.subresource, right.subresource)
    )
    .map(({ apiVersion, fields, manager, operation, subresource, time }) => ({
      manager,
      operation,
      apiVersion,
      ...(time === undefined ? {} : { time }),
      fieldsType: "FieldsV1",
      fieldsV1: FieldSet.toFieldsV1(fields),
      ...(subresource === "" ? {} : { subresource })
    }))

const order = (left: string, right: string): number => left < right ? -1 : left > right ? 1 : 0

/**
 * The managers that own a field of an object. Empty where nobody does, or where the entries are not understood.
 *
 * @category accessors
 * @since 0.1.0
 */
export const owners = (
  object: { readonly metadata?: ObjectMeta },
  path: FieldSet.Path
): ReadonlyArray<Manager> =>
  Result.getOrElse(decode(object.metadata?.managedFields), (): ReadonlyArray<Manager> => []).filter(({ fields }) =>
    FieldSet.has(fields, path)
  )
