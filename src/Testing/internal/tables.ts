/**
 * Objects as tables: what `kubectl get` prints.
 *
 * @internal
 */
import type * as Json from "../../Machinery/Json.ts"
import * as Columns from "./columns.ts"
import * as Metadata from "./metadata.ts"
import type { Served } from "./registry.ts"

/** What goes into a row beside its cells. */
export type IncludeObject = "Metadata" | "Object" | "None"

/** An object's metadata alone, as a kind of its own. */
export const partial = (object: Json.JsonObject): Json.JsonObject => ({
  kind: "PartialObjectMetadata",
  apiVersion: "meta.k8s.io/v1",
  metadata: Metadata.of(object)
})

/** A table of some objects. `hasColumns` says whether it describes its columns: later events of a watch do not. */
export const make = (options: {
  readonly served: Served
  readonly objects: ReadonlyArray<Json.JsonObject>
  readonly metadata: Json.JsonObject
  readonly include: IncludeObject
  readonly hasColumns: boolean
  readonly now: number
  readonly version: string
}): Json.JsonObject => {
  const { hasColumns, include, metadata, now, objects, served, version } = options
  const columns = Columns.of(served)
  return {
    kind: "Table",
    apiVersion: `meta.k8s.io/${version}`,
    metadata,
    columnDefinitions: hasColumns
      ? columns.map(({ description, format, name, priority, type }) => ({ name, type, format, description, priority }))
      : null,
    rows: objects.map((object) => ({
      cells: columns.map(({ cell }) => cell(object, now)),
      ...(include === "None"
        ? { object: null }
        : { object: include === "Object" ? object : { ...partial(object), metadata: Metadata.of(object) } })
    }))
  }
}
