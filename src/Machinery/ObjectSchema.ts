/**
 * `ObjectSchema`: all that is known of a type's fields, for those who must check, default or prune objects.
 *
 * It is the dialect of OpenAPI v3 that CustomResourceDefinitions are written in, so `openAPIV3Schema` of a CRD is one
 * as it stands; those of the built-in kinds are generated (`Api/schemas`). Clients have no use for it: the in-memory
 * API server reads it. `Structure` is the small part of it that patches need.
 *
 * @see https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/
 * @since 0.1.0
 */

/**
 * The schema of a value.
 *
 * @category models
 * @since 0.1.0
 */
export interface ObjectSchema {
  /**
   * Another schema to be used instead; generated schemas refer to one another so. Facts that stand beside it are about
   * the field and win over those of the schema referred to.
   */
  readonly ref?: () => ObjectSchema
  /** Absent: any, or as the other members say. */
  readonly type?: "string" | "integer" | "number" | "boolean" | "object" | "array"
  /**
   * `int32`, `int64`, `double`, `byte` (Base64), `date-time` and whatever a CRD says. Generated schemas add `quantity`
   * (a string or a number) and `micro-time` (six digits of a second).
   */
  readonly format?: string
  /** Filled in where the field is absent. Generated schemas leave out Go's zero values. */
  readonly default?: unknown
  readonly enum?: ReadonlyArray<unknown>
  readonly nullable?: boolean
  /** The fields of an object. A field that is not here is unknown, and pruned, unless it is preserved. */
  readonly properties?: { readonly [name: string]: ObjectSchema }
  readonly required?: ReadonlyArray<string>
  /** The values of a map. */
  readonly additionalProperties?: ObjectSchema | boolean
  /** The items of an array. */
  readonly items?: ObjectSchema
  readonly "x-kubernetes-list-type"?: "atomic" | "map" | "set"
  readonly "x-kubernetes-list-map-keys"?: ReadonlyArray<string>
  readonly "x-kubernetes-map-type"?: "atomic" | "granular"
  readonly "x-kubernetes-patch-strategy"?: string
  readonly "x-kubernetes-patch-merge-key"?: string
  readonly "x-kubernetes-int-or-string"?: boolean
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean
  /** The value is an object with `apiVersion`, `kind` and `metadata` of its own. */
  readonly "x-kubernetes-embedded-resource"?: boolean
  readonly "x-kubernetes-validations"?: ReadonlyArray<ValidationRule>
  readonly pattern?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: boolean
  readonly exclusiveMaximum?: boolean
  readonly multipleOf?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly uniqueItems?: boolean
  readonly minProperties?: number
  readonly maxProperties?: number
  readonly allOf?: ReadonlyArray<ObjectSchema>
  readonly anyOf?: ReadonlyArray<ObjectSchema>
  readonly oneOf?: ReadonlyArray<ObjectSchema>
  readonly not?: ObjectSchema
}

/**
 * A rule of validation in the Common Expression Language.
 *
 * @category models
 * @since 0.1.0
 */
export interface ValidationRule {
  readonly rule: string
  readonly message?: string
  readonly messageExpression?: string
  readonly reason?: string
  readonly fieldPath?: string
  readonly optionalOldSelf?: boolean
}

/**
 * Schemas by kind. Keys are `apiVersion/kind`: `apps/v1/Deployment`, `v1/Pod`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Registry {
  readonly [kind: string]: () => ObjectSchema
}

/**
 * The schema of a kind; `undefined` where the registry does not know it.
 *
 * @category accessors
 * @since 0.1.0
 */
export const lookup = (
  registry: Registry,
  { group, version, kind }: { readonly group: string; readonly version: string; readonly kind: string }
): ObjectSchema | undefined => {
  const key = group === "" ? `${version}/${kind}` : `${group}/${version}/${kind}`
  return Object.hasOwn(registry, key) ? registry[key]?.() : undefined
}

/**
 * The schema of a member of an object: that of the property of the name, else that of all further members; `undefined`
 * where neither is described.
 *
 * @category accessors
 * @since 0.1.0
 */
export const member = (schema: ObjectSchema, name: string): ObjectSchema | undefined =>
  schema.properties !== undefined && Object.hasOwn(schema.properties, name)
    ? schema.properties[name]
    : typeof schema.additionalProperties === "object"
    ? schema.additionalProperties
    : undefined

/**
 * The schema itself where it refers to another: the facts of both, those beside the reference winning.
 *
 * @category combinators
 * @since 0.1.0
 */
export const resolve = (schema: ObjectSchema): ObjectSchema => {
  if (schema.ref === undefined) return schema
  const { ref, ...facts } = schema
  return { ...resolve(ref()), ...facts }
}
