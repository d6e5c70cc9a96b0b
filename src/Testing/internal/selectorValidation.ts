/**
 * What the server refuses in label selectors of the object form.
 *
 * Source: `pkg/apis/meta/v1/validation` of apimachinery.
 *
 * @internal
 */
import * as Result from "effect/Result"
import * as Json from "../../Machinery/Json.ts"
import * as LabelSelector from "../../Machinery/LabelSelector.ts"
import * as Name from "../../Machinery/Name.ts"
import * as FieldError from "./fieldError.ts"

type Errors = ReadonlyArray<FieldError.FieldError>

const invalid = (path: string, text: string, problems: ReadonlyArray<string>): Errors =>
  problems.map((problem) => FieldError.invalid(path, text, problem))

const requirement = (expression: unknown, path: string): Errors => {
  const operator = Json.textOf(Json.at(expression, "operator"))
  const key = Json.textOf(Json.at(expression, "key"))
  const values = Json.itemsOf(Json.at(expression, "values")).map(Json.textOf)
  const ofOperator = (): Errors => {
    switch (operator) {
      case "In":
      case "NotIn":
        return values.length > 0
          ? []
          : [FieldError.required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'")]
      case "Exists":
      case "DoesNotExist":
        return values.length === 0
          ? []
          : [
            FieldError.forbidden(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")
          ]
      default:
        return [FieldError.invalid(`${path}.operator`, operator, "not a valid selector operator")]
    }
  }
  return [
    ...ofOperator(),
    ...invalid(`${path}.key`, key, Name.qualifiedName(key)),
    ...values.flatMap((value, index) => invalid(`${path}.values[${index}]`, value, Name.labelValue(value)))
  ]
}

/** What is wrong with a selector; one that is absent is right. */
export const errors = (selector: unknown, path: string): Errors => [
  ...Object.entries(Json.textMapOf(Json.at(selector, "matchLabels"))).flatMap(([key, value]) => [
    ...invalid(`${path}.matchLabels`, key, Name.qualifiedName(key)),
    ...invalid(`${path}.matchLabels`, value, Name.labelValue(value))
  ]),
  ...Json.itemsOf(Json.at(selector, "matchExpressions")).flatMap((each, index) =>
    requirement(each, `${path}.matchExpressions[${index}]`)
  )
]

/** Whether a selector that is right names anything. */
export const isEmpty = (selector: unknown): boolean =>
  Object.keys(Json.objectOf(Json.at(selector, "matchLabels"))).length === 0 &&
  Json.itemsOf(Json.at(selector, "matchExpressions")).length === 0

/** Whether labels match a selector. Undefined for one that is not right. */
export const matches = (selector: unknown, labels: unknown): boolean | undefined => {
  if (!Json.isObject(selector)) return false
  const expressions = Json.itemsOf(selector["matchExpressions"]).map((each) => ({
    key: Json.textOf(Json.at(each, "key")),
    operator: Json.textOf(Json.at(each, "operator")),
    values: Json.itemsOf(Json.at(each, "values")).map(Json.textOf)
  }))
  const parsed = LabelSelector.fromObject({
    matchLabels: Json.textMapOf(selector["matchLabels"]),
    matchExpressions: expressions
  })
  return Result.isSuccess(parsed) ? LabelSelector.matches(parsed.success, Json.textMapOf(labels)) : undefined
}
