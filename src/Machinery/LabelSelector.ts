/**
 * Label selectors: which objects, by their labels.
 *
 * Three forms of one thing: the text of a query (`app=web,tier in (a, b),!canary`), the object that workloads and
 * policies hold (`matchLabels`, `matchExpressions`), and `Selector`, the checked form that matches. A client sends the
 * text; informers, the in-memory API server and controllers match. Matching allocates nothing.
 *
 * @see https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as GoText from "./internal/goText.ts"
import * as Int64 from "./internal/int64.ts"
import * as Parser from "./internal/labelSelectorParser.ts"
import * as Name from "./Name.ts"
import { ParseError } from "./ParseError.ts"

const TypeId = "~effect-kubernetes/Machinery/LabelSelector"

/**
 * What is accepted where a label selector is asked for: the text form, equalities as a record, the object form, or a
 * selector.
 *
 * @category models
 * @since 0.1.0
 */
export type Input = string | { readonly [key: string]: string } | LabelSelector | Selector

/**
 * The object form, as workloads and policies write it.
 *
 * @category models
 * @since 0.1.0
 */
export interface LabelSelector {
  readonly matchLabels?: { readonly [key: string]: string }
  readonly matchExpressions?: ReadonlyArray<LabelSelectorRequirement>
}

/**
 * One expression of the object form.
 *
 * @category models
 * @since 0.1.0
 */
export interface LabelSelectorRequirement {
  readonly key: string
  /** `In`, `NotIn`, `Exists`, `DoesNotExist`. */
  readonly operator: string
  readonly values?: ReadonlyArray<string>
}

/**
 * How a requirement relates its key to its values, under client-go's names. `=` and `==` mean the same and are kept
 * apart for printing; `!=` and `notin` also hold where the label is absent; `gt` and `lt` compare integers.
 *
 * @category models
 * @since 0.1.0
 */
export type Operator = "=" | "==" | "!=" | "in" | "notin" | "exists" | "!" | "gt" | "lt"

/**
 * One condition on one label. Made by `requirement`, which checks it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Requirement {
  readonly key: string
  readonly operator: Operator
  /** One value for the equalities and comparisons, any number for `in` and `notin`, none for `exists` and `!`. */
  readonly values: ReadonlyArray<string>
}

/**
 * A checked selector: all of its requirements hold, or, for `nothing`, no object matches.
 *
 * @category models
 * @since 0.1.0
 */
export interface Selector {
  readonly [TypeId]: typeof TypeId
  /** Sorted by key. */
  readonly requirements: ReadonlyArray<Requirement>
  /** True for `nothing` alone. */
  readonly matchesNothing: boolean
}

/**
 * Whether a value is a checked selector.
 *
 * @category guards
 * @since 0.1.0
 */
export const isSelector = (input: unknown): input is Selector =>
  typeof input === "object" && input !== null && TypeId in input

const fromRequirements = (requirements: ReadonlyArray<Requirement>): Selector => ({
  [TypeId]: TypeId,
  requirements: requirements.length < 2
    ? requirements
    : [...requirements].sort((left, right) => GoText.compare(left.key, right.key)),
  matchesNothing: false
})

/**
 * Every object, labelled or not.
 *
 * @category constructors
 * @since 0.1.0
 */
export const everything: Selector = fromRequirements([])

/**
 * No object. Its text is empty, as `everything`'s is: never send it, ask nobody instead.
 *
 * @category constructors
 * @since 0.1.0
 */
export const nothing: Selector = { [TypeId]: TypeId, requirements: [], matchesNothing: true }

/**
 * One checked requirement. Fails where the key or a value is no label key or value, or the number of values does not
 * fit the operator; the reason has client-go's words.
 *
 * @category constructors
 * @since 0.1.0
 */
export const requirement = (
  key: string,
  operator: Operator,
  values: ReadonlyArray<string> = []
): Result.Result<Requirement, ParseError> => {
  const problem = Parser.problem(key, operator, values)
  return problem === undefined
    ? Result.succeed({ key, operator, values })
    : Result.fail(
      new ParseError({
        what: "label selector",
        input: problem.culprit,
        position: 0,
        reason: problem.reason
      })
    )
}

/**
 * The selector of all the requirements given.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (...requirements: ReadonlyArray<Requirement>): Selector => fromRequirements(requirements)

/**
 * The selector with more requirements; `nothing` stays `nothing`.
 *
 * @category combinators
 * @since 0.1.0
 */
export const add = (selector: Selector, ...requirements: ReadonlyArray<Requirement>): Selector =>
  selector.matchesNothing ? selector : fromRequirements([...selector.requirements, ...requirements])

/**
 * Parses the text form.
 *
 * ```ts
 * const selector = LabelSelector.parse("app in (web, api), !canary, replicas > 1")
 * ```
 *
 * @category parsing
 * @since 0.1.0
 */
export const parse = (text: string): Result.Result<Selector, ParseError> =>
  Result.map(Parser.parse(text), fromRequirements)

/**
 * The selector of equal labels, unchecked: for labels that the API server has accepted, as a Service's
 * `spec.selector`. A value that holds a comma would print as two requirements; `fromInput` checks.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromLabels = (labels: { readonly [key: string]: string } | undefined): Selector =>
  labels === undefined
    ? everything
    : fromRequirements(Object.entries(labels).map(([key, value]) => ({ key, operator: "=", values: [value] })))

const operators: { readonly [operator: string]: Operator } = {
  In: "in",
  NotIn: "notin",
  Exists: "exists",
  DoesNotExist: "!"
}

/**
 * The selector of the object form. An empty one selects everything, an absent one nothing, as the API defines.
 *
 * @category parsing
 * @since 0.1.0
 */
export const fromObject = (object: LabelSelector | undefined): Result.Result<Selector, ParseError> => {
  if (object === undefined) return Result.succeed(nothing)
  const requirements: Array<Requirement> = []
  for (const [key, value] of Object.entries(object.matchLabels ?? {})) {
    const made = requirement(key, "=", [value])
    if (Result.isFailure(made)) return Result.fail(made.failure)
    requirements.push(made.success)
  }
  for (const expression of object.matchExpressions ?? []) {
    const operator = Object.hasOwn(operators, expression.operator) ? operators[expression.operator] : undefined
    if (operator === undefined) {
      return Result.fail(
        new ParseError({
          what: "label selector",
          input: expression.operator,
          position: 0,
          reason: `${GoText.quote(expression.operator)} is not a valid label selector operator`
        })
      )
    }
    const made = requirement(expression.key, operator, expression.values ?? [])
    if (Result.isFailure(made)) return Result.fail(made.failure)
    requirements.push(made.success)
  }
  return Result.succeed(fromRequirements(requirements))
}

// A record of labels has strings only, so an object under one of these names can only be the object form.
const isObjectForm = (input: object): input is LabelSelector =>
  ("matchLabels" in input && typeof input.matchLabels === "object") ||
  ("matchExpressions" in input && typeof input.matchExpressions === "object")

/**
 * The selector of any accepted form; all but a `Selector` is checked.
 *
 * @category parsing
 * @since 0.1.0
 */
export const fromInput = (input: Input): Result.Result<Selector, ParseError> => {
  if (typeof input === "string") return parse(input)
  if (isSelector(input)) return Result.succeed(input)
  return fromObject(isObjectForm(input) ? input : { matchLabels: input })
}

/**
 * The query text of any accepted form. Text passes as it is, for the server to judge; the other forms are checked.
 *
 * @category printing
 * @since 0.1.0
 */
export const text = (input: Input): Result.Result<string, ParseError> =>
  typeof input === "string" ? Result.succeed(input) : Result.map(fromInput(input), print)

const printRequirement = ({ key, operator, values }: Requirement): string => {
  switch (operator) {
    case "exists":
      return key
    case "!":
      return `!${key}`
    case "in":
    case "notin":
      return `${key} ${operator} (${[...values].sort(GoText.compare).join(",")})`
    case "gt":
    case "lt":
      return `${key}${operator === "gt" ? ">" : "<"}${values.join(",")}`
    default:
      return `${key}${operator}${values.join(",")}`
  }
}

/**
 * The canonical text: requirements by key, values sorted. It parses back to the same selector.
 *
 * @category printing
 * @since 0.1.0
 */
export const print = (selector: Selector): string => selector.requirements.map(printRequirement).join(",")

/**
 * The object form. Fails for `gt` and `lt`, which it does not have, for `nothing`, and for two equalities on one key,
 * which a record cannot hold.
 *
 * @category printing
 * @since 0.1.0
 */
export const toObject = (selector: Selector): Result.Result<LabelSelector, ParseError> => {
  const matchLabels: Record<string, string> = {}
  const matchExpressions: Array<LabelSelectorRequirement> = []
  const refuse = (reason: string) =>
    Result.fail(new ParseError({ what: "label selector", input: print(selector), position: 0, reason }))
  if (selector.matchesNothing) return refuse("a selector of nothing has no object form")
  for (const { key, operator, values } of selector.requirements) {
    switch (operator) {
      case "=":
      case "==": {
        const value = values[0] ?? ""
        if (Object.hasOwn(matchLabels, key) && matchLabels[key] !== value) {
          matchExpressions.push({ key, operator: "In", values: [value] })
        } else matchLabels[key] = value
        break
      }
      case "in":
        matchExpressions.push({ key, operator: "In", values: [...values].sort(GoText.compare) })
        break
      case "!=":
      case "notin":
        matchExpressions.push({ key, operator: "NotIn", values: [...values].sort(GoText.compare) })
        break
      case "exists":
        matchExpressions.push({ key, operator: "Exists" })
        break
      case "!":
        matchExpressions.push({ key, operator: "DoesNotExist" })
        break
      default:
        return refuse(`${GoText.quote(operator)} isn't supported in label selectors`)
    }
  }
  return Result.succeed({
    ...(Object.keys(matchLabels).length === 0 ? {} : { matchLabels }),
    ...(matchExpressions.length === 0 ? {} : { matchExpressions })
  })
}

/**
 * Labels as objects carry them.
 *
 * @category models
 * @since 0.1.0
 */
export type Labels = { readonly [key: string]: string } | undefined

const holds = ({ key, operator, values }: Requirement, labels: Labels): boolean => {
  const value = labels !== undefined && Object.hasOwn(labels, key) ? labels[key] : undefined
  switch (operator) {
    case "=":
    case "==":
    case "in":
      return value !== undefined && values.includes(value)
    case "!=":
    case "notin":
      return value === undefined || !values.includes(value)
    case "exists":
      return value !== undefined
    case "!":
      return value === undefined
    case "gt":
    case "lt": {
      const bound = values[0]
      if (value === undefined || bound === undefined || !Int64.isInt64(value) || !Int64.isInt64(bound)) return false
      const order = Int64.compare(value, bound)
      return operator === "gt" ? order > 0 : order < 0
    }
  }
}

/**
 * Whether labels meet every requirement. Absent labels are no labels. Allocates nothing.
 *
 * @category matching
 * @since 0.1.0
 */
export const matches = (selector: Selector, labels: Labels): boolean => {
  if (selector.matchesNothing) return false
  const { requirements } = selector
  for (let index = 0; index < requirements.length; index++) {
    const requirement = requirements[index]
    if (requirement !== undefined && !holds(requirement, labels)) return false
  }
  return true
}

/**
 * Whether a selector restricts nothing.
 *
 * @category guards
 * @since 0.1.0
 */
export const isEverything = (selector: Selector): boolean =>
  !selector.matchesNothing && selector.requirements.length === 0

/**
 * The one value that a selector demands of a label, where its first requirement on that label demands one: what an
 * index by that label can be asked for.
 *
 * @category accessors
 * @since 0.1.0
 */
export const requiredValue = (selector: Selector, key: string): Option.Option<string> => {
  const first = selector.requirements.find((requirement) => requirement.key === key)
  const value = first?.values[0]
  return first !== undefined && value !== undefined && first.values.length === 1 &&
      (first.operator === "=" || first.operator === "==" || first.operator === "in")
    ? Option.some(value)
    : Option.none()
}

/**
 * What is wrong with a set of labels, each sentence with the key it is about; empty when nothing is.
 *
 * @category validation
 * @since 0.1.0
 */
export const problemsOfLabels = (labels: Labels): ReadonlyArray<{ readonly key: string; readonly problem: string }> =>
  Object.entries(labels ?? {}).flatMap(([key, value]) =>
    [...Name.qualifiedName(key), ...Name.labelValue(value)].map((problem) => ({ key, problem }))
  )
