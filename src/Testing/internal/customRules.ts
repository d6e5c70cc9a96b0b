/**
 * The rules of a custom resource's schema (`x-kubernetes-validations`), run over an object and what it was before.
 *
 * @internal
 */
import * as Result from "effect/Result"
import * as Json from "../../Machinery/Json.ts"
import type { ObjectSchema, ValidationRule } from "../../Machinery/ObjectSchema.ts"
import * as CelEvaluation from "./celEvaluation.ts"
import * as CelFunctions from "./celFunctions.ts"
import * as CelSyntax from "./celSyntax.ts"
import * as FieldError from "./fieldError.ts"

type Errors = ReadonlyArray<FieldError.FieldError>

const parsed = new Map<string, Result.Result<CelSyntax.Expression, string>>()

const expressionOf = (rule: string): Result.Result<CelSyntax.Expression, string> => {
  const known = parsed.get(rule)
  if (known !== undefined) return known
  const made = CelSyntax.parse(rule)
  parsed.set(rule, made)
  return made
}

const bounded = 200

const shownValue = (schema: ObjectSchema, value: unknown): unknown =>
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

const detailOf = (rule: ValidationRule, variables: CelEvaluation.Variables): string => {
  if (rule.messageExpression !== undefined) {
    const expression = expressionOf(rule.messageExpression)
    const message = Result.flatMap(expression, (each) => CelEvaluation.evaluate(each, variables))
    if (Result.isSuccess(message) && typeof message.success === "string" && message.success !== "") {
      return message.success
    }
  }
  const { message } = rule
  return message === undefined || message === "" ? `failed rule: ${rule.rule.trim()}` : message.trim()
}

const runRule = (
  rule: ValidationRule,
  schema: ObjectSchema,
  value: unknown,
  before: unknown,
  path: string
): Errors => {
  const { rule: text } = rule
  const expression = expressionOf(text)
  const type = schema.type ?? "object"
  if (Result.isFailure(expression)) return [FieldError.invalid(path, type, `rule compile error: ${expression.failure}`)]
  const isTransition = CelSyntax.uses(expression.success, "oldSelf")
  const isOptional = rule.optionalOldSelf === true
  if (isTransition && before === undefined && !isOptional) return []
  // What was wrong before and is unchanged is let be.
  if (!isTransition && before !== undefined && Json.equal(before, value)) return []
  const oldSelf = isOptional ? before === undefined ? CelFunctions.nothing : new CelFunctions.Maybe(before) : before
  const variables = new Map<string, unknown>([["self", value], ["oldSelf", oldSelf]])
  const outcome = CelEvaluation.evaluate(expression.success, variables)
  if (Result.isFailure(outcome)) {
    const why = outcome.failure.startsWith("no such overload")
      ? `'${outcome.failure}': call arguments did not match a supported operator, function or macro signature for rule: ${text}`
      : `${outcome.failure} evaluating rule: ${text}`
    return [FieldError.invalid(path, type, why)]
  }
  if (outcome.success === true) return []
  const field = `${path}${rule.fieldPath ?? ""}`.replace(/^\./, "")
  return [errorOf(rule, field, shownValue(schema, value), detailOf(rule, variables))]
}

/** Items of a list before, by what tells them apart. Items of plain lists have no past. */
const pastOf = (schema: ObjectSchema, before: unknown): (item: unknown) => unknown => {
  const keys = schema["x-kubernetes-list-map-keys"] ?? []
  if (schema["x-kubernetes-list-type"] !== "map" || !Json.isArray(before)) return () => undefined
  const keyOf = (item: unknown) => Json.print(keys.map((key) => Json.at(item, key) ?? null))
  const past = new Map(before.map((item) => [keyOf(item), item]))
  return (item) => past.get(keyOf(item))
}

const visit = (schema: ObjectSchema, value: unknown, before: unknown, path: string): Errors => {
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
      const property = schema.properties !== undefined && Object.hasOwn(schema.properties, key)
        ? schema.properties[key]
        : typeof schema.additionalProperties === "object"
        ? schema.additionalProperties
        : undefined
      return property === undefined
        ? []
        : visit(property, value[key], Json.at(before, key), FieldError.child(path, key))
    })
  ]
}

/** What the rules find wrong. They run only on what the schema finds right. */
export const errors = (schema: ObjectSchema, object: Json.JsonObject, before: Json.JsonObject | undefined): Errors =>
  visit(schema, object, before, "").slice(0, bounded)

/** Rules that are no expressions, with their places in the schema. */
export const syntaxErrors = (schema: ObjectSchema, path: string): Errors => [
  ...(schema["x-kubernetes-validations"] ?? []).flatMap(({ rule }, index) => {
    const expression = expressionOf(rule)
    return Result.isSuccess(expression)
      ? []
      : [FieldError.invalid(
        `${path}.x-kubernetes-validations[${index}].rule`,
        rule,
        `compilation failed: ERROR: <input>:1:1: ${expression.failure}`
      )]
  }),
  ...Object.entries(schema.properties ?? {}).flatMap(([name, property]) =>
    syntaxErrors(property, `${path}.properties[${name}]`)
  ),
  ...(schema.items === undefined ? [] : syntaxErrors(schema.items, `${path}.items`)),
  ...(typeof schema.additionalProperties === "object"
    ? syntaxErrors(schema.additionalProperties, `${path}.additionalProperties`)
    : [])
]
