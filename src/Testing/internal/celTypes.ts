/**
 * The types of the Common Expression Language, and those that a schema gives its values.
 *
 * @see https://kubernetes.io/docs/reference/using-api/cel/#type-system-integration
 * @internal
 */
import type { ObjectSchema } from "../../Machinery/ObjectSchema.ts"

/** A type. */
export type Type =
  /** Scalars, `dyn`, and types without parts such as `kubernetes.Quantity`. */
  | { readonly kind: "plain"; readonly name: string }
  | { readonly kind: "list"; readonly of: Type }
  | { readonly kind: "map"; readonly key: Type; readonly of: Type }
  | { readonly kind: "optional"; readonly of: Type }
  | { readonly kind: "type"; readonly of: Type }
  | { readonly kind: "object"; readonly name: string; readonly fields: ReadonlyMap<string, Type> }
  /** Stands for any type, the same wherever it stands in a signature. */
  | { readonly kind: "parameter"; readonly name: string }

const plain = (name: string): Type => ({ kind: "plain", name })

/** A list of values of a type. */
export const list = (of: Type): Type => ({ kind: "list", of })

/** A map from keys to values. */
export const map = (key: Type, of: Type): Type => ({ kind: "map", key, of })

/** A value that may be missing. */
export const optional = (of: Type): Type => ({ kind: "optional", of })

export const int = plain("int")
export const uint = plain("uint")
export const double = plain("double")
export const bool = plain("bool")
export const string = plain("string")
export const bytes = plain("bytes")
export const none = plain("null")
export const dyn = plain("dyn")
export const duration = plain("duration")
export const timestamp = plain("timestamp")

/** The type of items that nothing is known of, as of an empty list. */
export const unknown: Type = { kind: "parameter", name: "" }

/** A type as messages print it. */
export const print = (type: Type): string => {
  switch (type.kind) {
    case "list":
      return `list(${print(type.of)})`
    case "map":
      return `map(${print(type.key)}, ${print(type.of)})`
    case "optional":
      return `optional_type(${print(type.of)})`
    case "type":
      return `type(${print(type.of)})`
    case "parameter":
      return "dyn"
    default:
      return type.name
  }
}

/** Reads a type as signatures write it: `list(A)`, `map(string, int)`, `optional(A)`, `kubernetes.IP`. */
export const parse = (text: string): Type => {
  const [, head = "", inner = ""] = /^([\w.]+)(?:\((.*)\))?$/.exec(text.trim()) ?? []
  if (head === "list") return list(parse(inner))
  if (head === "optional") return optional(parse(inner))
  if (head === "type") return { kind: "type", of: parse(inner) }
  if (head === "map") {
    const comma = inner.indexOf(",")
    return map(parse(inner.slice(0, comma)), parse(inner.slice(comma + 1)))
  }
  return /^[A-Z]$/.test(head) ? { kind: "parameter", name: head } : plain(head)
}

/** What the parameters of a signature stand for. */
export type Bindings = Map<string, Type>

const isDyn = (type: Type): boolean => type.kind === "plain" && type.name === "dyn"

const isNull = (type: Type): boolean => type.kind === "plain" && type.name === "null"

/** Types whose values may be null. */
const isNullable = (type: Type): boolean =>
  type.kind === "object" || type.kind === "optional" ||
  (type.kind === "plain" && (type.name === "duration" || type.name === "timestamp" || type.name.includes(".")))

/** Whether a value of one type may stand where another is wanted, whose parameters are bound by it. */
export const accepts = (wanted: Type, given: Type, bindings: Bindings): boolean => {
  if (wanted.kind === "parameter") {
    const bound = bindings.get(wanted.name)
    if (wanted.name === "") return true
    if (bound === undefined || isDyn(given) || bound === unknown) {
      bindings.set(wanted.name, given)
      return true
    }
    return accepts(bound, given, bindings)
  }
  if (given.kind === "parameter" || isDyn(wanted) || isDyn(given)) return true
  if (isNull(given) && isNullable(wanted)) return true
  if (isNull(wanted) && isNullable(given)) return true
  if (wanted.kind === "plain" || given.kind === "plain") {
    return wanted.kind === "plain" && given.kind === "plain" && wanted.name === given.name
  }
  if (wanted.kind === "object" || given.kind === "object") {
    return wanted.kind === "object" && given.kind === "object" && wanted.name === given.name
  }
  if (wanted.kind === "map" || given.kind === "map") {
    return wanted.kind === "map" && given.kind === "map" && accepts(wanted.key, given.key, bindings) &&
      accepts(wanted.of, given.of, bindings)
  }
  // Types are values of one kind, whatever they are of.
  return wanted.kind === given.kind && (wanted.kind === "type" || accepts(wanted.of, given.of, bindings))
}

/** A type of a signature with what its parameters stand for. */
export const bound = (type: Type, bindings: Bindings): Type => {
  switch (type.kind) {
    case "parameter":
      return bindings.get(type.name) ?? unknown
    case "list":
    case "optional":
    case "type":
      return { kind: type.kind, of: bound(type.of, bindings) }
    case "map":
      return map(bound(type.key, bindings), bound(type.of, bindings))
    default:
      return type
  }
}

const reserved = new Set(
  "true false null in as break const continue else for function if import let loop package namespace return var void while"
    .split(" ")
)

/** The names under which an expression selects a field; none where it cannot. */
export const fieldNames = (name: string): ReadonlyArray<string> => {
  if (!/^[A-Za-z_][\w./-]*$/.test(name)) return []
  // A word that only the language's users may not name variables by is also good as it is.
  if (reserved.has(name)) return [`__${name}__`, name]
  return [
    name.replaceAll("__", "__underscores__").replaceAll(".", "__dot__").replaceAll("-", "__dash__").replaceAll(
      "/",
      "__slash__"
    )
  ]
}

const envelope: { readonly [name: string]: ObjectSchema } = {
  apiVersion: { type: "string" },
  kind: { type: "string" },
  metadata: { type: "object", properties: { name: { type: "string" }, generateName: { type: "string" } } }
}

/** The fields of an object's schema, with what every resource has. */
export const propertiesOf = (schema: ObjectSchema, isRoot: boolean): { readonly [name: string]: ObjectSchema } =>
  isRoot || schema["x-kubernetes-embedded-resource"] === true
    ? { ...schema.properties, ...envelope }
    : schema.properties ?? {}

const byFormat: { readonly [format: string]: Type } = {
  byte: bytes,
  date: timestamp,
  "date-time": timestamp,
  duration
}

/** The type of the values of a schema; `undefined` where expressions cannot see them. */
export const ofSchema = (schema: ObjectSchema, name: string, isRoot = false): Type | undefined => {
  if (schema["x-kubernetes-int-or-string"] === true) return dyn
  switch (schema.type) {
    case "integer":
      return int
    case "number":
      return double
    case "boolean":
      return bool
    case "string":
      return byFormat[schema.format ?? ""] ?? string
    case "array": {
      const items = schema.items === undefined ? undefined : ofSchema(schema.items, `${name}.@idx`)
      return items === undefined ? undefined : list(items)
    }
    case "object": {
      if (typeof schema.additionalProperties === "object") {
        const values = ofSchema(schema.additionalProperties, `${name}.@elem`)
        return values === undefined ? undefined : map(string, values)
      }
      const fields = new Map<string, Type>()
      for (const [field, property] of Object.entries(propertiesOf(schema, isRoot))) {
        const type = ofSchema(property, `${name}.${field}`)
        if (type !== undefined) { for (const each of fieldNames(field)) fields.set(each, type) }
      }
      return { kind: "object", name, fields }
    }
    default:
      return undefined
  }
}
