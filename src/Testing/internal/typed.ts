/**
 * Decodes objects of built-in kinds as Go does: members of the wrong type are refused in Go's words, unknown members are
 * noted and dropped, nulls and empty collections vanish, times are brought to their canonical text.
 *
 * @internal
 */
import * as Result from "effect/Result"
import { definitions } from "../../Api/schemas.ts"
import * as Json from "../../Machinery/Json.ts"
import * as MicroTime from "../../Machinery/MicroTime.ts"
import * as ObjectSchema from "../../Machinery/ObjectSchema.ts"
import * as Quantity from "../../Machinery/Quantity.ts"
import * as Time from "../../Machinery/Time.ts"
import * as Protobuf from "./protobuf.ts"

/** A decoded object. */
export interface Decoded {
  readonly value: Json.JsonObject
  /** Paths of members that the type does not know. */
  readonly unknown: ReadonlyArray<string>
}

type Schema = ObjectSchema.ObjectSchema

const definitionNames: ReadonlyMap<Schema, string> = new Map(
  Object.entries(definitions).map(([name, schema]) => [schema(), name])
)

const names = {
  get: (schema: Schema): string | undefined => {
    const name = definitionNames.get(schema)
    return name?.slice(name.lastIndexOf(".") + 1)
  }
}

/** What Go does with zeros of one type. */
interface Zeros {
  /** Members whose zero is left out. */
  readonly absent: ReadonlySet<string>
  /** Members that stand in JSON where they are zero. */
  readonly printed: ReadonlySet<string>
}

const known = new Map<Schema, Zeros>()

const zerosOf = (schema: Schema): Zeros => {
  const found = known.get(schema)
  if (found !== undefined) return found
  // The last three parts are group, version and kind.
  const message = (definitionNames.get(schema) ?? "").split(".").slice(-3).join(".")
  const made = { absent: Protobuf.zeroless(message), printed: Protobuf.printed(message) }
  known.set(schema, made)
  return made
}

/** The name of a type as the API description has it; `undefined` for a type without a name. */
export const definitionName = (schema: Schema): string | undefined => definitionNames.get(schema)

/** The schema that a schema refers to, or the schema itself. */
export const targetOf = (schema: Schema): Schema => schema.ref === undefined ? schema : targetOf(schema.ref())

/** The Go type of a value that a message names. */
const goType = (schema: Schema): string => {
  const target = targetOf(schema)
  const name = names.get(target)
  switch (target.type) {
    case "string":
      return target.format === "byte" ? "[]uint8" : "string"
    case "integer":
      return target.format === "int64" ? "int64" : "int32"
    case "number":
      return "float64"
    case "boolean":
      return "bool"
    case "array":
      return `[]${target.items === undefined ? "interface {}" : goType(target.items)}`
    default:
      return name === undefined
        ? typeof target.additionalProperties === "object"
          ? `map[string]${goType(target.additionalProperties)}`
          : "map[string]interface {}"
        : `v1.${name}`
  }
}

const jsonKind = (value: unknown): string =>
  typeof value === "string"
    ? "string"
    : typeof value === "number"
    ? "number"
    : typeof value === "boolean"
    ? "bool"
    : Json.isArray(value)
    ? "array"
    : "object"

/** Decodes an object by its schema. Fails with the sentence of Go's decoder. */
export const decode = (schema: Schema, object: Json.JsonObject): Result.Result<Decoded, string> => {
  const unknown: Array<string> = []
  let problem: string | undefined

  const mismatch = (value: unknown, schema: Schema, owner: string, field: string, number?: number): undefined => {
    const kind = number === undefined ? jsonKind(value) : `number ${number}`
    problem ??= owner === ""
      ? `json: cannot unmarshal ${kind} into Go value of type ${goType(schema)}`
      : `json: cannot unmarshal ${kind} into Go struct field ${owner}.${field} of type ${goType(schema)}`
    return undefined
  }
  const time = (
    value: string,
    parsed: Result.Result<bigint, { readonly reason: string }>,
    print: (t: bigint) => string
  ) => {
    if (Result.isSuccess(parsed)) return print(parsed.success)
    problem ??= parsed.failure.reason
    return value
  }
  const text = (value: string, schema: Schema): string => {
    if (schema.format === "date-time") return time(value, Time.parse(value), Time.fromNanoseconds)
    if (schema.format === "micro-time") return time(value, MicroTime.parse(value), MicroTime.fromNanoseconds)
    if (schema.format === "byte" && !/^[A-Za-z0-9+/\r\n]*={0,2}[\r\n]*$/.test(value)) {
      const at = value.search(/[^A-Za-z0-9+/\r\n]/)
      problem ??= `illegal base64 data at input byte ${at}`
    }
    return value
  }

  const quantity = (text: string): string => {
    const parsed = Quantity.parse(text)
    if (Result.isSuccess(parsed)) return Quantity.print(parsed.success)
    problem ??= parsed.failure.reason
    return text
  }

  const visit = (given: Schema, value: unknown, path: string, owner: string, field: string): unknown => {
    const schema = targetOf(given)
    if (value === null || value === undefined || problem !== undefined) return undefined
    if (schema.properties !== undefined) {
      return Json.isObject(value)
        ? struct(schema, schema.properties, value, path, field)
        : mismatch(value, given, owner, field)
    }
    if (schema["x-kubernetes-preserve-unknown-fields"] === true) return value
    if (schema["x-kubernetes-int-or-string"] === true) {
      return typeof value === "string" || typeof value === "number"
        ? value
        : mismatch(value, { type: "integer" }, owner, field)
    }
    if (schema.format === "quantity") {
      return typeof value === "number" || typeof value === "string"
        ? quantity(String(value))
        : mismatch(value, given, owner, field)
    }
    switch (schema.type) {
      case "array":
        return Json.isArray(value)
          ? value.map((item, index) =>
            visit(schema.items ?? {}, item, `${path}[${index}]`, owner, field) ?? zero(schema.items ?? {})
          )
          : mismatch(value, given, owner, field)
      case "string":
        return typeof value === "string" ? text(value, schema) : mismatch(value, given, owner, field)
      case "integer":
        return typeof value === "number" && Number.isInteger(value)
          ? value
          : mismatch(value, given, owner, field, typeof value === "number" ? value : undefined)
      case "number":
        return typeof value === "number" ? value : mismatch(value, given, owner, field)
      case "boolean":
        return typeof value === "boolean" ? value : mismatch(value, given, owner, field)
      case "object":
        if (!Json.isObject(value)) return mismatch(value, given, owner, field)
        return typeof schema.additionalProperties === "object"
          ? map(schema.additionalProperties, value, path, owner, field)
          : value
      default:
        return value
    }
  }
  const map = (values: Schema, value: Json.JsonObject, path: string, owner: string, field: string) => {
    const draft: Json.Draft = {}
    for (const key of Object.keys(value)) {
      const each = visit(values, value[key], `${path}.${key}`, owner, field) ?? zero(values)
      Json.set(draft, key, each)
    }
    return draft
  }
  const struct = (
    schema: Schema,
    properties: { readonly [name: string]: Schema },
    value: Json.JsonObject,
    path: string,
    outer: string
  ) => {
    const name = names.get(schema) ?? ""
    const { absent, printed } = zerosOf(schema)
    const draft: Json.Draft = {}
    for (const key of Object.keys(value)) {
      const known = Object.hasOwn(properties, key) ? properties[key] : undefined
      const inner = path === "" ? key : `${path}.${key}`
      if (known === undefined) {
        if (schema["x-kubernetes-preserve-unknown-fields"] === true) Json.set(draft, key, value[key])
        else unknown.push(inner)
        continue
      }
      const decoded = visit(known, value[key], inner, name, outer === "" ? key : `${outer}.${key}`)
      const isRequired = schema.required?.includes(key) === true || printed.has(key)
      const isZero = !isRequired && (decoded === "" || decoded === 0 || decoded === false) && absent.has(key)
      if (decoded !== undefined && !isZero && !isVoid(known, decoded, isRequired)) Json.set(draft, key, decoded)
    }
    for (const key of printed) {
      const member = Object.hasOwn(properties, key) ? properties[key] : undefined
      if (member !== undefined && draft[key] === undefined) Json.set(draft, key, zero(member))
    }
    return draft
  }

  const value = visit(schema, object, "", "", "")
  return problem === undefined
    ? Result.succeed({ value: Json.objectOf(value), unknown })
    : Result.fail(problem)
}

/** Whether a list whose items are told apart by keys has one without, so that nobody can own it. */
export const hasKeylessItem = (given: Schema, value: unknown): boolean => {
  const schema = targetOf(given)
  if (Json.isArray(value)) {
    const items = targetOf(schema.items ?? {})
    const keys = schema["x-kubernetes-list-type"] === "map" ? schema["x-kubernetes-list-map-keys"] ?? [] : []
    const lacks = (item: unknown) => (key: string) =>
      Json.at(item, key) === undefined && items.properties?.[key]?.default === undefined
    return value.some((item) => keys.some(lacks(item)) || hasKeylessItem(items, item))
  }
  return Json.isObject(value) && Json.entries(value).some(([key, member]) => {
    const property = ObjectSchema.member(schema, key)
    return property !== undefined && hasKeylessItem(property, member)
  })
}

/** The object as it is read back from the store, which does not tell an empty list from none. */
export const stored = (schema: Schema, object: Json.JsonObject): Json.JsonObject =>
  Json.objectOf(emptied(schema, object))

const emptied = (given: Schema, value: unknown): unknown => {
  const schema = targetOf(given)
  const { items } = schema
  if (Json.isArray(value)) {
    return value.length === 0
      ? null
      : items === undefined
      ? value
      : same(value, value.map((each) => emptied(items, each)))
  }
  if (!Json.isObject(value)) return value
  const draft: Json.Draft = {}
  let isChanged = false
  for (const [key, member] of Json.entries(value)) {
    const property = ObjectSchema.member(schema, key)
    const after = property === undefined ? member : emptied(property, member)
    isChanged ||= after !== member
    Json.set(draft, key, after)
  }
  return isChanged ? draft : value
}

const same = (before: ReadonlyArray<unknown>, after: ReadonlyArray<unknown>): ReadonlyArray<unknown> =>
  after.every((each, index) => each === before[index]) ? before : after

/** What Go prints of a value that is zero. */
const zero = (schema: Schema): unknown => {
  const target = targetOf(schema)
  if (target["x-kubernetes-int-or-string"] === true) return 0
  if (target.format === "quantity") return "0"
  switch (target.type) {
    case "string":
      return target.format === undefined || target.format === "byte" ? "" : null
    case "integer":
    case "number":
      return 0
    case "boolean":
      return false
    case "object":
      return target.properties === undefined ? null : zeroStruct(target, target.properties)
    default:
      return null
  }
}

/** What Go prints of an object of a kind that says nothing. */
export const zeroOf = (given: Schema): Json.JsonObject => Json.objectOf(zero(given))

const zeroStruct = (schema: Schema, properties: { readonly [name: string]: Schema }): Json.JsonObject =>
  Object.fromEntries(
    [...zerosOf(schema).printed].flatMap((key) => {
      const member = Object.hasOwn(properties, key) ? properties[key] : undefined
      return member === undefined ? [] : [[key, zero(member)]]
    })
  )

// Collections that are empty are left out (`omitempty`); structs may be pointers, and their being there means something.
const isVoid = (schema: Schema, value: unknown, isRequired: boolean): boolean => {
  if (isRequired) return false
  if (Json.isArray(value)) return value.length === 0
  const target = targetOf(schema)
  return target.properties === undefined && target.type === "object" &&
    target["x-kubernetes-preserve-unknown-fields"] !== true && Json.isObject(value) && Object.keys(value).length === 0
}
