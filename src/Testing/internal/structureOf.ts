/**
 * The structure that patches need, read from the structural schema of a custom resource.
 *
 * @internal
 */
import type { ObjectSchema } from "../../Machinery/ObjectSchema.ts"
import type { Field, Structure } from "../../Machinery/Structure.ts"

const ownerReferences: Field = { listType: "map", listMapKeys: ["uid"] }

/** The structure of `metadata`, whatever the kind. */
export const metadata: Structure = {
  fields: { finalizers: { listType: "set" }, ownerReferences }
}

const structure = (schema: ObjectSchema): Structure => ({
  ...(schema["x-kubernetes-map-type"] === "atomic" ? { atomic: true } : {}),
  ...(schema.properties === undefined
    ? {}
    : { fields: Object.fromEntries(Object.entries(schema.properties).map(([name, each]) => [name, field(each)])) }),
  ...(typeof schema.additionalProperties === "object"
    ? { values: () => structure(schema.additionalProperties as ObjectSchema) }
    : {})
})

const field = (schema: ObjectSchema): Field => {
  const listType = schema["x-kubernetes-list-type"]
  const listMapKeys = schema["x-kubernetes-list-map-keys"]
  const of = schema.items ?? schema
  return {
    ...(listType === undefined ? {} : { listType }),
    ...(listMapKeys === undefined ? {} : { listMapKeys }),
    ...(schema["x-kubernetes-map-type"] === "atomic" ? { atomic: true } : {}),
    of: () => structure(of)
  }
}

/** The structure of a custom resource with a schema. */
export const structureOf = (schema: ObjectSchema): Structure => {
  const own = structure(schema)
  return { ...own, fields: { ...own.fields, metadata: { of: () => metadata } } }
}
