/**
 * What is wrong with one field of an object, in the words of the real server.
 *
 * @internal
 */
import * as Json from "../../Machinery/Json.ts"

/** One finding. */
export interface FieldError {
  readonly type: Type
  readonly field: string
  /** The bad value, where the sentence shows it. */
  readonly value?: unknown
  /** The value's text, where its members do not stand in the order of their names. */
  readonly shown?: string
  readonly detail: string
}

/** The kinds of findings; the names of the causes are made from them. */
export type Type =
  | "NotFound"
  | "Required"
  | "Duplicate"
  | "Invalid"
  | "NotSupported"
  | "Forbidden"
  | "TooLong"
  | "TooMany"
  | "InternalError"
  | "TypeInvalid"

const words: { readonly [type in Type]: string } = {
  NotFound: "Not found",
  Required: "Required value",
  Duplicate: "Duplicate value",
  Invalid: "Invalid value",
  NotSupported: "Unsupported value",
  Forbidden: "Forbidden",
  TooLong: "Too long",
  TooMany: "Too many",
  InternalError: "Internal error",
  TypeInvalid: "Invalid value"
}

const make = (type: Type) => (field: string, value: unknown, detail = ""): FieldError => ({
  type,
  field,
  value,
  detail
})

/** A value that may not be so. */
export const invalid = make("Invalid")

/** A value of another type than the schema says. */
export const typeInvalid = make("TypeInvalid")

/** A value that stands there twice. */
export const duplicate = make("Duplicate")

/** A value that names nothing. */
export const notFound = make("NotFound")

/** Nothing where something must be. */
export const required = (field: string, detail = ""): FieldError => ({ type: "Required", field, detail })

/** Something that may not be there, or not be changed. */
export const forbidden = (field: string, detail: string): FieldError => ({ type: "Forbidden", field, detail })

/** A text beyond its limit. */
export const tooLong = (field: string, limit: number): FieldError => ({
  type: "TooLong",
  field,
  detail: `may not be more than ${limit} bytes`
})

/** A list beyond its limit. */
export const tooMany = (field: string, count: number, limit: number): FieldError => ({
  type: "TooMany",
  field,
  value: count,
  detail: `must have at most ${limit} item${limit === 1 ? "" : "s"}`
})

/** A value that is none of those there are. */
export const notSupported = (field: string, value: unknown, supported: ReadonlyArray<string>): FieldError => ({
  type: "NotSupported",
  field,
  value,
  detail: supported.length === 0 ? "" : `supported values: ${supported.map((item) => JSON.stringify(item)).join(", ")}`
})

/** The sentence without the field. */
export const body = (error: FieldError): string => {
  const word = words[error.type]
  const shown = error.type === "Required" || error.type === "Forbidden" || error.type === "TooLong" ||
      error.type === "InternalError" || error.value === undefined
    ? word
    : `${word}: ${
      error.shown ?? (typeof error.value === "string" ? JSON.stringify(error.value) : Json.print(error.value))
    }`
  return error.detail === "" ? shown : `${shown}: ${error.detail}`
}

// The object itself has no path.
const place = ({ field }: FieldError): string => field === "" ? "<nil>" : field

/** The sentence. */
export const message = (error: FieldError): string => `${place(error)}: ${body(error)}`

/** The sentences of several findings, each once. */
export const messages = (errors: ReadonlyArray<FieldError>): string => {
  const each = [...new Set(errors.map(message))]
  return each.length === 1 ? each[0] ?? "" : `[${each.join(", ")}]`
}

/** The cause of a Status. */
export const cause = (
  error: FieldError
): { readonly reason: string; readonly message: string; readonly field: string } => ({
  reason: error.type === "InternalError" ? "InternalError" : `FieldValue${error.type}`,
  message: body(error),
  field: place(error)
})

/** The path of a member: `spec.foo`, or `[key]` of a map. */
export const child = (path: string, name: string): string => path === "" ? name : `${path}.${name}`
