/**
 * `JsonPath`: kubectl's templates, text with actions in braces that pick from an object.
 *
 * The dialect is kubectl's, whole: `{.items[*].metadata.name}`, ranges, filters, unions, slices with negative indices,
 * recursive descent, quoted text and the forms without braces that `--sort-by` and custom columns take (`parseRelaxed`).
 * It differs from RFC 9535. Where Go visits the members of a map in no order, here they come as they stand.
 *
 * @see https://kubernetes.io/docs/reference/kubectl/jsonpath/
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as GoText from "./internal/goText.ts"
import * as Parser from "./internal/jsonPathParser.ts"
import * as Json from "./Json.ts"
import { ParseError } from "./ParseError.ts"

const TypeId = "~effect-kubernetes/Machinery/JsonPath"

/**
 * A parsed template.
 *
 * @category models
 * @since 0.1.0
 */
export interface JsonPath {
  readonly [TypeId]: ReadonlyArray<Parser.Action>
  readonly template: string
}

/**
 * A template does not fit the data it was applied to. `message` is kubectl's sentence.
 *
 * @category errors
 * @since 0.1.0
 */
export class JsonPathError extends Schema.TaggedError<JsonPathError>("effect-kubernetes/JsonPathError")(
  "JsonPathError",
  {
    template: Schema.String,
    /**
     * `Missing`: a field is not there. `OutOfBounds`: an index is. `WrongType`: a list was expected. `Comparison`: a
     * filter compares what cannot be compared.
     */
    reason: Schema.Literals(["Missing", "OutOfBounds", "WrongType", "Comparison"]),
    description: Schema.String
  }
) {
  override get message(): string {
    return this.description
  }
}

/**
 * Parses a template.
 *
 * @category parsing
 * @since 0.1.0
 */
export const parse = (template: string): Result.Result<JsonPath, ParseError> =>
  Result.map(Parser.parse(template), (actions) => ({ [TypeId]: actions, template }))

/**
 * Parses a single path in the forms that `kubectl --sort-by` and custom columns accept: `metadata.name`,
 * `.metadata.name`, `{metadata.name}`, `{.metadata.name}`.
 *
 * @category parsing
 * @since 0.1.0
 */
export const parseRelaxed = (expression: string): Result.Result<JsonPath, ParseError> => {
  if (expression === "") return parse("")
  const match = /^\{\.?([^{}]+)\}$|^\.?([^{}]+)$/.exec(expression)
  if (match === null) {
    const second = expression.slice(1).search(/[{}]/)
    return Result.fail(
      new ParseError({
        what: "JSONPath expression",
        input: expression,
        position: second < 0 ? 0 : second + 1,
        reason:
          "unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'"
      })
    )
  }
  return parse(`{.${match[1] ?? match[2] ?? ""}}`)
}

/**
 * How a template is applied.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** Whether a field that is not there is an error, or no result. `error` unless given; kubectl's default is `empty`. */
  readonly missingKeys?: "error" | "empty"
}

type Values = ReadonlyArray<unknown>
type Outcome<A> = Result.Result<A, JsonPathError>

/**
 * What each action of the template picks from the data, in order; text is a result too.
 *
 * @category evaluating
 * @since 0.1.0
 */
export const find = (path: JsonPath, data: unknown, options: Options = {}): Outcome<ReadonlyArray<Values>> =>
  run(path, 0, path[TypeId].length, data, options.missingKeys ?? "error")

/**
 * The text of a template applied to data, as `kubectl -o jsonpath=…` prints it: results of one action with blanks
 * between them, objects and lists as JSON.
 *
 * @category evaluating
 * @since 0.1.0
 */
export const execute = (path: JsonPath, data: unknown, options: Options = {}): Outcome<string> =>
  Result.map(
    find(path, data, options),
    (results) => results.map((values) => values.map(print).join(" ")).join("")
  )

/**
 * As `execute`, with the results of each action as one JSON list, as `kubectl -o jsonpath-as-json=…` prints them.
 *
 * @category evaluating
 * @since 0.1.0
 */
export const executeAsJson = (path: JsonPath, data: unknown, options: Options = {}): Outcome<string> =>
  Result.map(
    find(path, data, options),
    (results) => results.map((values) => `${toJson(values, 4)}\n`).join("")
  )

const print = (value: unknown): string => {
  if (value === null || value === undefined) return "null"
  return typeof value === "object" ? toJson(value) : GoText.print(value)
}

// Go's encoder sorts the members and writes these characters so that the text may stand in HTML.
const toJson = (value: unknown, indent?: number): string =>
  JSON.stringify(sorted(value), undefined, indent).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`
  )

const sorted = (value: unknown): unknown => {
  if (Json.isArray(value)) return value.map(sorted)
  if (!Json.isObject(value)) return value
  const result: Record<string, unknown> = {}
  for (const key of Object.keys(value).sort(GoText.compare)) Json.set(result, key, sorted(value[key]))
  return result
}

/** The index of the action that ends the range begun at `start`; behind the last one where none does. */
const endOf = (actions: ReadonlyArray<Parser.Action>, start: number): number => {
  let depth = 0
  for (let index = start; index < actions.length; index++) {
    for (const node of actions[index] ?? []) {
      if (node._tag === "Range") depth++
      if (node._tag === "End" && --depth === 0) return index
    }
  }
  return actions.length
}

const run = (
  path: JsonPath,
  start: number,
  end: number,
  data: unknown,
  missing: "error" | "empty"
): Outcome<ReadonlyArray<Values>> =>
  Result.gen(function*() {
    const actions = path[TypeId]
    const results: Array<Values> = []
    for (let index = start; index < end; index++) {
      const action = actions[index] ?? []
      const values = yield* evaluate(path, action, [data], missing)
      if (action.some((node) => node._tag === "Range")) {
        const last = Math.min(endOf(actions, index), end)
        for (const value of values) results.push(...yield* run(path, index + 1, last, value, missing))
        index = last
      } else results.push(values)
    }
    return results
  })

const refuse = (path: JsonPath, reason: JsonPathError["reason"], description: string): Outcome<never> =>
  Result.fail(new JsonPathError({ template: path.template, reason, description }))

const evaluate = (
  path: JsonPath,
  action: Parser.Action,
  input: Values,
  missing: "error" | "empty"
): Outcome<Values> =>
  Result.gen(function*() {
    let values = input
    for (const node of action) values = yield* step(path, node, values, missing)
    return values
  })

const step = (path: JsonPath, node: Parser.Node, input: Values, missing: "error" | "empty"): Outcome<Values> => {
  switch (node._tag) {
    case "Text":
      return Result.succeed([node.text])
    case "Value":
      return Result.succeed(input.map(() => node.value))
    case "Range":
      return Result.succeed(input)
    case "End":
      return Result.succeed([])
    case "Wildcard":
      return Result.succeed(input.flatMap(members))
    case "Recursive":
      return Result.succeed(input.flatMap(descend))
    case "Field": {
      const found = input.flatMap((value) =>
        Json.isObject(value) && Json.has(value, node.name) ? [value[node.name]] : []
      )
      return found.length > 0 || input.length === 0 || missing === "empty"
        ? Result.succeed(found)
        : refuse(path, "Missing", `${node.name} is not found`)
    }
    case "Union":
      return Result.map(
        Result.all(node.actions.map((action) => evaluate(path, action, input, missing))),
        (results) => results.flat()
      )
    case "Slice":
      return slice(path, node, input)
    case "Filter":
      return filter(path, node, input, missing)
  }
}

// Go sees a text as its bytes here.
const members = (value: unknown): Values =>
  Json.isArray(value)
    ? value
    : Json.isObject(value)
    ? Json.entries(value).map(([, member]) => member)
    : typeof value === "string"
    ? [...new TextEncoder().encode(value)]
    : []

const descend = (value: unknown): Values => {
  const inner = members(value)
  return inner.length === 0 ? [] : typeof value === "string" ? [value] : [value, ...inner.flatMap(descend)]
}

const slice = (
  path: JsonPath,
  node: Parser.Node & { readonly _tag: "Slice" },
  input: Values
): Outcome<Values> => {
  const results: Array<unknown> = []
  for (const value of input) {
    if (value === null || value === undefined) continue
    if (!Json.isArray(value)) return refuse(path, "WrongType", `${GoText.typeName(value)} is not array or slice`)
    const { length } = value
    let start = node.start ?? 0
    if (start < 0) start += length
    let end = node.end?.value ?? length
    if (end < 0 || (end === 0 && node.end?.derived === true)) end += length
    if (start === end) return Result.succeed(results)
    const outOfBounds = (index: number) =>
      refuse(path, "OutOfBounds", `array index out of bounds: index ${index}, length ${length}`)
    if (start >= length || start < 0) return outOfBounds(start)
    if (end > length || end < 0) return outOfBounds(end - 1)
    if (start > end) {
      return refuse(path, "OutOfBounds", `starting index ${start} is greater than ending index ${end}`)
    }
    const by = node.step ?? 1
    if (by <= 0) return refuse(path, "OutOfBounds", "step must be > 0")
    for (let index = start; index < end; index += by) results.push(value[index])
  }
  return Result.succeed(results)
}

const filter = (
  path: JsonPath,
  node: Parser.Node & { readonly _tag: "Filter" },
  input: Values,
  missing: "error" | "empty"
): Outcome<Values> =>
  Result.gen(function*() {
    const results: Array<unknown> = []
    for (const value of input) {
      if (!Json.isArray(value)) {
        return yield* refuse(path, "WrongType", `${GoText.print(value)} is not array or slice and cannot be filtered`)
      }
      for (const item of value) {
        const lefts = evaluate(path, node.left, [item], missing)
        if (node.operator === "exists") {
          if (Result.isSuccess(lefts) && lefts.success.length > 0) results.push(item)
          continue
        }
        const left = yield* lefts
        if (left.length === 0) continue
        const right = left.length > 1 ? [] : yield* evaluate(path, node.right, [item], missing)
        if (left.length > 1 || right.length > 1) {
          return yield* refuse(path, "Comparison", "can only compare one element at a time")
        }
        if (right.length > 0 && (yield* holds(path, node.operator, left[0], right[0]))) results.push(item)
      }
    }
    return results
  })

const holds = (path: JsonPath, operator: Parser.Operator, left: unknown, right: unknown): Outcome<boolean> => {
  const comparable = (value: unknown) => value !== null && typeof value !== "object"
  if (!comparable(left) || !comparable(right)) return refuse(path, "Comparison", "invalid type for comparison")
  if (typeof left !== typeof right) return refuse(path, "Comparison", "incompatible types for comparison")
  if (operator === "==" || operator === "!=") return Result.succeed((left === right) === (operator === "=="))
  if (typeof left === "number" && typeof right === "number") return Result.succeed(ordered(operator, left - right))
  return typeof left === "string" && typeof right === "string"
    ? Result.succeed(ordered(operator, GoText.compare(left, right)))
    : refuse(path, "Comparison", "invalid type for comparison")
}

const ordered = (operator: Parser.Operator, order: number): boolean => {
  switch (operator) {
    case "<":
      return order < 0
    case "<=":
      return order <= 0
    case ">":
      return order > 0
    default:
      return order >= 0
  }
}
