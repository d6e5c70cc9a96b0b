/**
 * Objects, lists and events in the form that the client accepts.
 *
 * @internal
 */
import * as Json from "../../Machinery/Json.ts"
import * as Metadata from "./metadata.ts"
import type { Form } from "./negotiation.ts"
import type { Listed } from "./reading.ts"
import type { Served } from "./registry.ts"
import * as Registry from "./registry.ts"
import type { Call } from "./server.ts"
import * as Tables from "./tables.ts"
import type { Frame } from "./watching.ts"

const included = (call: Call): Tables.IncludeObject => {
  const asked = call.query.get("includeObject")
  return asked === "Object" || asked === "None" ? asked : "Metadata"
}

const table = (
  call: Call,
  served: Served,
  form: Form,
  objects: ReadonlyArray<Json.JsonObject>,
  metadata: Json.JsonObject,
  hasColumns = true
): Json.JsonObject =>
  Tables.make({
    served,
    objects,
    metadata,
    include: included(call),
    hasColumns,
    now: call.now,
    version: form.version
  })

/** One object. */
export const one = (call: Call, served: Served, form: Form, object: Json.JsonObject): Json.JsonObject => {
  if (object["kind"] === "Status" || form.as === "Object") return object
  if (form.as === "PartialObjectMetadata") return Tables.partial(object)
  return table(call, served, form, [object], { resourceVersion: Metadata.of(object)["resourceVersion"] })
}

const listMetadata = (listed: Listed): Json.JsonObject => ({
  resourceVersion: listed.resourceVersion,
  ...(listed.continue === "" ? {} : { continue: listed.continue }),
  ...(listed.remainingItemCount === undefined ? {} : { remainingItemCount: listed.remainingItemCount })
})

/** A list. Items of built-in kinds come without `kind` and `apiVersion`, as the real server sends them. */
export const many = (call: Call, served: Served, form: Form, listed: Listed): Json.JsonObject => {
  const metadata = listMetadata(listed)
  if (form.as === "Table") return table(call, served, form, listed.items, metadata)
  if (form.as === "PartialObjectMetadata") {
    return {
      kind: "PartialObjectMetadataList",
      apiVersion: `meta.k8s.io/${form.version}`,
      metadata,
      items: listed.items.map(Tables.partial)
    }
  }
  return {
    kind: served.listKind,
    apiVersion: Registry.apiVersion(served),
    metadata,
    items: served.custom === undefined
      ? listed.items.map((item) => Json.without(item, "kind", "apiVersion"))
      : listed.items
  }
}

/** What turns the events of one watch into the client's form. Only the first table says what its columns are. */
export const events = (call: Call, served: Served, form: Form): (frame: Frame) => Frame => {
  let hasColumns = true
  return (frame) => {
    if (form.as === "Object" || frame.type === "ERROR" || !Json.isObject(frame.object)) return frame
    if (form.as === "PartialObjectMetadata") return { ...frame, object: Tables.partial(frame.object) }
    const rows = frame.type === "BOOKMARK" ? [] : [frame.object]
    const object = table(call, served, form, rows, {
      resourceVersion: Metadata.of(frame.object)["resourceVersion"]
    }, hasColumns)
    hasColumns = false
    return { ...frame, object }
  }
}
