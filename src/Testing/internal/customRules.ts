/**
 * The rules of a custom resource's schema (`x-kubernetes-validations`), run over an object and what it was before.
 *
 * @internal
 */
import * as Result from "effect/Result"
import * as Json from "../../Machinery/Json.ts"
import * as ObjectSchema from "../../Machinery/ObjectSchema.ts"
import type { ValidationRule } from "../../Machinery/ObjectSchema.ts"
import * as CelProgram from "./celProgram.ts"
import type * as CelValues from "./celValues.ts"
import * as CustomSchema from "./customSchema.ts"
import * as FieldError from "./fieldError.ts"

type Errors = ReadonlyArray<FieldError.FieldError>

const bounded = 200

const shownValue = (schema: ObjectSchema.ObjectSchema, value: unknown): unknown =>
  schema.type === "object" || schema.type === "array" ? undefined : value

const errorOf = (rule: ValidationRule, field: string, value: unknown, detail: string): FieldError.FieldError => {
  switch (rule.reason) {
    case "FieldValueForbidden":
      return FieldError.forbidden(field, detail)
    case "FieldValueRequired":
      return FieldError.required(field, detail)
    case "FieldValueDuplicate":
      return FieldError.duplicate(field, value, detail)
    default:
      return FieldError.invalid(field, value, detail)
  }
}

type Run = (program: CelProgram.Program) => CelValues.Outcome

const detailOf = (rule: ValidationRule, place: CelProgram.Place, run: Run): string => {
  if (rule.messageExpression !== undefined) {
    const program = CelProgram.compile(rule.messageExpression, { ...place, result: "string" })
    const message = Result.flatMap(program, run)
    if (Result.isSuccess(message) && typeof message.success === "string") {
      const text = message.success.trim()
      if (text !== "" && !text.includes("\n")) return text
    }
  }
  const { message } = rule
  return message === undefined || message === "" ? `failed rule: ${rule.rule.trim()}` : message.trim()
}

const placeOf = (rule: ValidationRule, schema: ObjectSchema.ObjectSchema, isRoot: boolean): CelProgram.Place => ({
  schema,
  isRoot,
  isOptional: rule.optionalOldSelf === true,
  result: "bool"
})

const runRule = (
  rule: ValidationRule,
  schema: ObjectSchema.ObjectSchema,
  value: unknown,
  before: unknown,
  path: string
): Errors => {
  const place = placeOf(rule, schema, path === "")
  const type = schema.type ?? "object"
  if (rule.rule.trim() === "") return []
  const program = CelProgram.compile(rule.rule, place)
  if (Result.isFailure(program)) return [FieldError.invalid(path, type, `rule compile error: ${program.failure}`)]
  if (program.success.usesOldSelf && before === undefined && !place.isOptional) return []
  // What was wrong before and is unchanged is let be.
  if (!program.success.usesOldSelf && before !== undefined && Json.equal(before, value)) return []
  const run: Run = (program) => program.run(value, before)
  const outcome = run(program.success)
  if (Result.isFailure(outcome)) {
    const text = rule.message === undefined || rule.message === "" ? rule.rule.trim() : rule.message.trim()
    const why = outcome.failure.startsWith("no such overload")
      ? `'${outcome.failure}': call arguments did not match a supported operator, function or macro signature for rule: ${text}`
      : `${outcome.failure} evaluating rule: ${text}`
    return [FieldError.invalid(path, type, why)]
  }
  if (outcome.success === true) return []
  const field = `${path}${rule.fieldPath ?? ""}`.replace(/^\./, "")
  return [errorOf(rule, field, shownValue(schema, value), detailOf(rule, place, run))]
}

/** Items of a list before, by what tells them apart. Items of plain lists have no past. */
const pastOf = (schema: ObjectSchema.ObjectSchema, before: unknown): (item: unknown) => unknown => {
  const keys = schema["x-kubernetes-list-map-keys"] ?? []
  if (schema["x-kubernetes-list-type"] !== "map" || !Json.isArray(before)) return () => undefined
  const keyOf = (item: unknown) => Json.print(keys.map((key) => Json.at(item, key) ?? null))
  const past = new Map(before.map((item) => [keyOf(item), item]))
  return (item) => past.get(keyOf(item))
}

const visit = (schema: ObjectSchema.ObjectSchema, value: unknown, before: unknown, path: string): Errors => {
  if (value === undefined || value === null) return []
  const own = (schema["x-kubernetes-validations"] ?? []).flatMap((rule) => runRule(rule, schema, value, before, path))
  if (Json.isArray(value)) {
    const { items } = schema
    const past = pastOf(schema, before)
    return items === undefined
      ? own
      : [...own, ...value.flatMap((item, index) => visit(items, item, past(item), `${path}[${index}]`))]
  }
  if (!Json.isObject(value)) return own
  return [
    ...own,
    ...Object.keys(value).sort().flatMap((key) => {
      const property = ObjectSchema.member(schema, key)
      return property === undefined
        ? []
        : visit(property, value[key], Json.at(before, key), FieldError.child(path, key))
    })
  ]
}

/** What the rules find wrong. They run only on what the schema finds right. */
export const errors = (
  schema: ObjectSchema.ObjectSchema,
  object: Json.JsonObject,
  before: Json.JsonObject | undefined
): Errors => visit(schema, object, before, "").slice(0, bounded)

/** The server shows a rule as its own code names the fields. */
const invalidRule = (field: string, rule: ValidationRule, why: string): FieldError.FieldError => ({
  ...FieldError.invalid(field, rule, why),
  shown: JSON.stringify({
    Rule: rule.rule,
    Message: rule.message ?? "",
    MessageExpression: rule.messageExpression ?? "",
    Reason: rule.reason ?? null,
    FieldPath: rule.fieldPath ?? "",
    OptionalOldSelf: rule.optionalOldSelf ?? null
  })
})

/** Rules that are no expressions, or not of the types that the schema has, with their places in the schema. */
export const syntaxErrors = (schema: ObjectSchema.ObjectSchema, path: string, isRoot = true): Errors => [
  ...(schema["x-kubernetes-validations"] ?? []).flatMap((rule, index) => {
    const field = `${path}.x-kubernetes-validations[${index}]`
    const place = placeOf(rule, schema, isRoot)
    if (rule.rule.trim() === "") return [FieldError.required(`${field}.rule`, "rule is not specified")]
    const program = CelProgram.compile(rule.rule, place)
    if (Result.isFailure(program)) return [invalidRule(`${field}.rule`, rule, program.failure)]
    const message = rule.messageExpression === undefined || rule.messageExpression === ""
      ? undefined
      : CelProgram.compile(rule.messageExpression, { ...place, result: "string" })
    return message === undefined || Result.isSuccess(message)
      ? []
      : [invalidRule(`${field}.messageExpression`, rule, message.failure)]
  }),
  ...CustomSchema.within(schema, path).flatMap(([inner, place]) => syntaxErrors(inner, place, false))
]
