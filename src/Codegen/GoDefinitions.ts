/**
 * What the Go definitions of Kubernetes know and its OpenAPI documents leave out: the values of enumerations.
 *
 * An API server serves them, but the documents in the source tree are made with the feature `OpenAPIEnums` off. The
 * definitions (`pkg/generated/openapi/zz_generated.openapi.go`) are themselves generated, one statement per line, so
 * reading lines is enough; what does not look like one of three lines is passed over. Feeds `Spec`.
 *
 * @since 0.1.0
 */

/**
 * The values by type (see `key`) and by field. For a list, the values of its items.
 *
 * @category models
 * @since 0.1.0
 */
export type Enums = ReadonlyMap<string, ReadonlyMap<string, ReadonlyArray<string>>>

const definition = /^func schema_(\w+)\(/
const property = /^\t{5}"([^"]+)": \{$/
const values = /^\t+Enum: +\[\]interface\{\}\{(.*)\},$/

/**
 * Collects the enumerations of all types.
 *
 * @category constructors
 * @since 0.1.0
 */
export const enums = (text: string): Enums => {
  const found = new Map<string, Map<string, ReadonlyArray<string>>>()
  let type = ""
  let field = ""
  for (const line of text.split("\n")) {
    const isDefinition = definition.exec(line)
    if (isDefinition !== null) {
      type = isDefinition[1] ?? ""
      field = ""
      continue
    }
    field = property.exec(line)?.[1] ?? field
    const list = values.exec(line)?.[1]
    if (list === undefined || field === "") continue
    const fields = found.get(type) ?? new Map<string, ReadonlyArray<string>>()
    found.set(type, fields.set(field, [...list.matchAll(/"([^"]*)"/g)].map((match) => match[1] ?? "")))
  }
  return found
}

/**
 * The name of the Go function that defines a schema: `k8sio_api_apps_v1_DeploymentStrategy` for
 * `io.k8s.api.apps.v1.DeploymentStrategy`, `pkg_apis_meta_v1_ObjectMeta` for what lives in `pkg` of its module.
 *
 * @category accessors
 * @since 0.1.0
 */
export const key = (schemaName: string): string => {
  const parts = schemaName.split(".").slice(2)
  return (parts.includes("pkg") ? parts.slice(parts.indexOf("pkg")) : ["k8sio", ...parts]).join("_")
}
