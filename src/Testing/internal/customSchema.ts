/**
 * Custom resources against their schema: unknown fields dropped, defaults filled in, values checked with the sentences of
 * the real server.
 *
 * @internal
 */
import * as Result from "effect/Result"
import * as Json from "../../Machinery/Json.ts"
import * as ObjectSchema from "../../Machinery/ObjectSchema.ts"
import * as Time from "../../Machinery/Time.ts"
import * as FieldError from "./fieldError.ts"
import * as RegularExpression from "./regularExpression.ts"

/** The schemas within a schema, with their places. */
export const within = (
  schema: ObjectSchema.ObjectSchema,
  path: string
): ReadonlyArray<readonly [schema: ObjectSchema.ObjectSchema, path: string]> => [
  ...Object.entries(schema.properties ?? {}).map(([name, property]) =>
    [property, `${path}.properties[${name}]`] as const
  ),
  ...(schema.items === undefined ? [] : [[schema.items, `${path}.items`] as const]),
  ...(typeof schema.additionalProperties === "object"
    ? [[schema.additionalProperties, `${path}.additionalProperties`] as const]
    : [])
]

/** Patterns that are no regular expressions. */
export const patternErrors = (
  schema: ObjectSchema.ObjectSchema,
  path: string
): ReadonlyArray<FieldError.FieldError> => {
  const made = schema.pattern === undefined ? undefined : RegularExpression.make(schema.pattern)
  return [
    ...(made === undefined || Result.isSuccess(made) ? [] : [
      FieldError.invalid(
        `${path}.pattern`,
        schema.pattern,
        `must be a valid regular expression, but isn't: ${made.failure}`
      )
    ]),
    ...within(schema, path).flatMap(([inner, place]) => patternErrors(inner, place))
  ]
}

/** What pruning left, and what it took. */
export interface Pruned {
  readonly value: Json.JsonObject
  readonly unknown: ReadonlyArray<string>
}

const envelope = new Set(["apiVersion", "kind", "metadata"])

/** Drops the fields that the schema does not know. */
export const prune = (schema: ObjectSchema.ObjectSchema, object: Json.JsonObject): Pruned => {
  const unknown: Array<string> = []
  const visit = (schema: ObjectSchema.ObjectSchema, value: unknown, path: string, isRoot: boolean): unknown => {
    if (Json.isArray(value)) {
      const { items } = schema
      return items === undefined ? value : value.map((item, index) => visit(items, item, `${path}[${index}]`, false))
    }
    if (!Json.isObject(value)) return value
    const keeps = schema["x-kubernetes-preserve-unknown-fields"] === true
    const isResource = isRoot || schema["x-kubernetes-embedded-resource"] === true
    const draft: Json.Draft = {}
    for (const key of Object.keys(value)) {
      const inner = path === "" ? key : `${path}.${key}`
      const known = ObjectSchema.member(schema, key)
      if (isResource && envelope.has(key)) Json.set(draft, key, value[key])
      else if (known !== undefined) Json.set(draft, key, visit(known, value[key], inner, false))
      else if (keeps || schema.additionalProperties === true) Json.set(draft, key, value[key])
      else unknown.push(inner)
    }
    return draft
  }
  const value = Json.objectOf(visit(schema, object, "", true))
  return { value, unknown }
}

/** Fills in the schema's defaults; drops nulls where null is no value. */
export const applyDefaults = (schema: ObjectSchema.ObjectSchema, object: Json.JsonObject): Json.JsonObject => {
  const visit = (schema: ObjectSchema.ObjectSchema, value: unknown): unknown => {
    if (Json.isArray(value)) {
      const { items } = schema
      return items === undefined ? value : value.map((item) => visit(items, item))
    }
    if (!Json.isObject(value)) return value
    const draft = Json.copy(value)
    for (const [key, property] of Object.entries(schema.properties ?? {})) {
      const given = Object.hasOwn(value, key) ? value[key] : undefined
      const isMissing = given === undefined || (given === null && property.nullable !== true)
      if (isMissing && property.default !== undefined) draft[key] = visit(property, property.default)
      else if (given === null && property.nullable !== true) delete draft[key]
      else if (given !== undefined) Json.set(draft, key, visit(property, given))
    }
    if (typeof schema.additionalProperties === "object") {
      for (const key of Object.keys(value)) Json.set(draft, key, visit(schema.additionalProperties, value[key]))
    }
    return draft
  }
  return Json.objectOf(visit(schema, object))
}

const typeOf = (value: unknown): string =>
  value === null
    ? "null"
    : Json.isArray(value)
    ? "array"
    : typeof value === "number"
    ? Number.isInteger(value) ? "integer" : "number"
    : typeof value

const isOfType = (schema: ObjectSchema.ObjectSchema, value: unknown): boolean => {
  if (schema["x-kubernetes-int-or-string"] === true) return typeof value === "string" || Number.isInteger(value)
  const type = typeOf(value)
  return schema.type === undefined || type === schema.type || (schema.type === "number" && type === "integer")
}

const formats: { readonly [format: string]: (text: string) => boolean } = {
  "date-time": (text) => Result.isSuccess(Time.parse(text)),
  date: (text) => /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(text),
  uuid: (text) => /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i.test(text),
  email: (text) => /^[^@\s]+@[^@\s]+$/.test(text),
  ipv4: (text) => /^(?:(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])(?:\.(?!$)|$)){4}$/.test(text),
  uri: (text) => URL.canParse(text),
  byte: (text) => /^[A-Za-z0-9+/]*={0,2}$/.test(text) && text.length % 4 === 0
}

const stringErrors = (
  schema: ObjectSchema.ObjectSchema,
  value: string,
  path: string
): ReadonlyArray<FieldError.FieldError> => {
  const errors: Array<FieldError.FieldError> = []
  const length = [...value].length
  const refuse = (detail: string) => errors.push(FieldError.invalid(path, value, `${path} in body ${detail}`))
  if (schema.maxLength !== undefined && length > schema.maxLength) {
    errors.push(FieldError.tooLong(path, schema.maxLength))
  }
  if (schema.minLength !== undefined && length < schema.minLength) {
    refuse(`should be at least ${schema.minLength} chars long`)
  }
  const pattern = schema.pattern === undefined ? undefined : RegularExpression.make(schema.pattern)
  if (pattern !== undefined && Result.isSuccess(pattern) && !pattern.success.test(value)) {
    refuse(`should match '${schema.pattern}'`)
  }
  const format = schema.format === undefined ? undefined : formats[schema.format]
  if (format !== undefined && !format(value)) refuse(`must be of type ${schema.format}: ${JSON.stringify(value)}`)
  return errors
}

const numberErrors = (
  schema: ObjectSchema.ObjectSchema,
  value: number,
  path: string
): ReadonlyArray<FieldError.FieldError> => {
  const errors: Array<FieldError.FieldError> = []
  const refuse = (detail: string) => errors.push(FieldError.invalid(path, value, `${path} in body should be ${detail}`))
  const { maximum, minimum, multipleOf } = schema
  if (maximum !== undefined && (schema.exclusiveMaximum === true ? value >= maximum : value > maximum)) {
    refuse(schema.exclusiveMaximum === true ? `less than ${maximum}` : `less than or equal to ${maximum}`)
  }
  if (minimum !== undefined && (schema.exclusiveMinimum === true ? value <= minimum : value < minimum)) {
    refuse(schema.exclusiveMinimum === true ? `greater than ${minimum}` : `greater than or equal to ${minimum}`)
  }
  if (multipleOf !== undefined && value % multipleOf !== 0) refuse(`a multiple of ${multipleOf}`)
  return errors
}

const itemKey = (schema: ObjectSchema.ObjectSchema, item: unknown): unknown =>
  schema["x-kubernetes-list-type"] === "map"
    ? Object.fromEntries((schema["x-kubernetes-list-map-keys"] ?? []).map((key) => [key, Json.at(item, key)]))
    : item

const listErrors = (
  schema: ObjectSchema.ObjectSchema,
  value: ReadonlyArray<unknown>,
  path: string
): ReadonlyArray<FieldError.FieldError> => {
  const errors: Array<FieldError.FieldError> = []
  const { maxItems, minItems } = schema
  if (maxItems !== undefined && value.length > maxItems) errors.push(FieldError.tooMany(path, value.length, maxItems))
  if (minItems !== undefined && value.length < minItems) {
    errors.push(FieldError.invalid(path, value.length, `${path} in body should have at least ${minItems} items`))
  }
  const listType = schema["x-kubernetes-list-type"]
  if (listType === "map" || listType === "set") {
    const seen = new Set<string>()
    for (const [index, item] of value.entries()) {
      const key = itemKey(schema, item)
      const text = Json.print(key)
      if (seen.has(text)) errors.push(FieldError.duplicate(`${path}[${index}]`, key))
      seen.add(text)
    }
  }
  return errors
}

const combinationErrors = (
  schema: ObjectSchema.ObjectSchema,
  value: unknown,
  path: string
): ReadonlyArray<FieldError.FieldError> => {
  const count = (schemas: ReadonlyArray<ObjectSchema.ObjectSchema>) =>
    schemas.filter((each) => visit(each, value, path).length === 0).length
  const refuse = (detail: string) => [FieldError.invalid(path, value, `${JSON.stringify(path)} ${detail}`)]
  const valid = schema.oneOf === undefined ? 1 : count(schema.oneOf)
  return [
    ...(schema.allOf ?? []).flatMap((each) => visit(each, value, path)),
    ...(schema.anyOf !== undefined && schema["x-kubernetes-int-or-string"] !== true && count(schema.anyOf) === 0
      ? refuse("must validate at least one schema (anyOf)")
      : []),
    ...(valid === 1 ? [] : refuse(
      `must validate one and only one schema (oneOf). Found ${
        valid === 0 ? "none valid" : `${valid} valid alternatives`
      }`
    )),
    ...(schema.not !== undefined && visit(schema.not, value, path).length === 0
      ? refuse("must not validate the schema (not)")
      : [])
  ]
}

const objectErrors = (
  schema: ObjectSchema.ObjectSchema,
  value: Json.JsonObject,
  path: string
): ReadonlyArray<FieldError.FieldError> => {
  const errors: Array<FieldError.FieldError> = []
  const count = Object.keys(value).length
  if (schema.minProperties !== undefined && count < schema.minProperties) {
    errors.push(
      FieldError.invalid(path, count, `${path} in body should have at least ${schema.minProperties} properties`)
    )
  }
  if (schema.maxProperties !== undefined && count > schema.maxProperties) {
    errors.push(
      FieldError.invalid(path, count, `${path} in body should have at most ${schema.maxProperties} properties`)
    )
  }
  for (const key of schema.required ?? []) {
    if (!Json.has(value, key)) errors.push(FieldError.required(FieldError.child(path, key)))
  }
  for (const key of Object.keys(value).sort()) {
    const property = schema.properties !== undefined && Object.hasOwn(schema.properties, key)
      ? schema.properties[key]
      : undefined
    if (property !== undefined) errors.push(...visit(property, value[key], FieldError.child(path, key)))
    else if (typeof schema.additionalProperties === "object") {
      errors.push(...visit(schema.additionalProperties, value[key], FieldError.child(path, key)))
    }
  }
  return errors
}

const visit = (
  schema: ObjectSchema.ObjectSchema,
  value: unknown,
  path: string
): ReadonlyArray<FieldError.FieldError> => {
  if (value === undefined || (value === null && schema.nullable === true)) return []
  if (!isOfType(schema, value)) {
    const found = typeOf(value)
    return [
      FieldError.typeInvalid(
        path,
        found,
        `${path} in body must be of type ${schema.type ?? "integer,string"}: "${found}"`
      )
    ]
  }
  const errors: Array<FieldError.FieldError> = []
  if (schema.enum !== undefined && !schema.enum.some((each) => Json.equal(each, value))) {
    errors.push(FieldError.notSupported(
      path,
      value,
      schema.enum.map((each) => typeof each === "string" ? each : Json.print(each))
    ))
  }
  if (typeof value === "string") errors.push(...stringErrors(schema, value, path))
  else if (typeof value === "number") errors.push(...numberErrors(schema, value, path))
  else if (Json.isArray(value)) {
    errors.push(...listErrors(schema, value, path))
    const { items } = schema
    if (items !== undefined) {
      for (const [index, item] of value.entries()) errors.push(...visit(items, item, `${path}[${index}]`))
    }
  } else if (Json.isObject(value)) errors.push(...objectErrors(schema, value, path))
  return [...errors, ...combinationErrors(schema, value, path)]
}

/** What is wrong with the values of a custom resource. */
export const errors = (
  schema: ObjectSchema.ObjectSchema,
  object: Json.JsonObject
): ReadonlyArray<FieldError.FieldError> => visit(schema, Json.without(object, "apiVersion", "kind", "metadata"), "")
