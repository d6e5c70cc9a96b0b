/**
 * Rules of a schema as programs: read, checked against the types of the schema, and run over values of it.
 *
 * Source: `pkg/apiserver/schema/cel` of apiextensions-apiserver.
 *
 * @internal
 */
import * as Result from "effect/Result"
import type { ObjectSchema } from "../../Machinery/ObjectSchema.ts"
import * as CelCheck from "./celCheck.ts"
import * as CelEvaluation from "./celEvaluation.ts"
import * as CelFormat from "./celFormat.ts"
import type { Expression } from "./celSyntax.ts"
import * as CelSyntax from "./celSyntax.ts"
import type { Problem } from "./celTokens.ts"
import * as CelTypes from "./celTypes.ts"
import * as CelValues from "./celValues.ts"
import * as RegularExpression from "./regularExpression.ts"

/** What a rule is compiled for. */
export interface Place {
  readonly schema: ObjectSchema
  /** Whether it is a rule of the whole object, so that its kind and name can be seen. */
  readonly isRoot: boolean
  /** Whether `oldSelf` may be missing. */
  readonly isOptional: boolean
  /** The type that it must give. */
  readonly result: "bool" | "string"
}

/** A compiled rule. */
export interface Program {
  readonly expression: Expression
  readonly usesOldSelf: boolean
  readonly run: (self: unknown, oldSelf: unknown) => CelValues.Outcome
}

/** A problem as the server prints it: the place in the text, and a line that points there. */
const printed = (text: string, { at, why }: Problem): string => {
  const before = text.slice(0, at)
  const start = before.lastIndexOf("\n") + 1
  const line = text.slice(start).split("\n")[0] ?? ""
  const column = Array.from(text.slice(start, at)).length
  const row = before.split("\n").length
  return `ERROR: <input>:${row}:${column + 1}: ${why}\n | ${line}\n | ${".".repeat(column)}^`
}

const conversions = new Set(["int", "uint", "double", "bool", "string", "bytes"])

type Call = Extract<Expression, { readonly _tag: "Call" }>

/** A bad value is named where it stands, all else by the call. */
const placeOfFormat = ({ arguments: [only], at }: Call, why: string): number =>
  why.startsWith("error during formatting") && only?._tag === "List" ? only.items[0]?.value.at ?? at : at

/** What the compiler finds wrong with constants: what they are can be seen before anything is run. */
const constantProblem = (call: Call): Problem | undefined => {
  const { arguments: given, name, on } = call
  const [only, second] = given
  const of = (each: Expression | undefined): unknown => each?._tag === "Literal" ? each.value.value : undefined
  const constant = of(only)
  if (on === undefined && name === "duration" && typeof constant === "string") {
    return CelValues.parseDuration(constant) === undefined
      ? { at: only?.at ?? 0, why: "invalid duration argument" }
      : undefined
  }
  if (on === undefined && name === "timestamp" && typeof constant === "string") {
    return CelValues.parseTimestamp(constant) === undefined
      ? { at: only?.at ?? 0, why: "invalid timestamp argument" }
      : undefined
  }
  if (name === "matches") {
    const pattern = on === undefined ? second : only
    const text = of(pattern)
    return typeof text === "string" && Result.isFailure(RegularExpression.make(text))
      ? { at: pattern?.at ?? 0, why: "invalid matches argument" }
      : undefined
  }
  if (name === "format" && only?._tag === "List") {
    const text = of(on)
    const values = only.items.map(({ value }) => CelEvaluation.evaluate(value, new Map()))
    if (typeof text !== "string" || !values.every(Result.isSuccess)) return undefined
    const made = CelFormat.format(text, values.map(({ success }) => success))
    return Result.isFailure(made) ? { at: placeOfFormat(call, made.failure), why: made.failure } : undefined
  }
  return undefined
}

const all = (expression: Expression): ReadonlyArray<Expression> => [
  expression,
  ...CelSyntax.partsOf(expression).flatMap(all)
]

const isConversion = (each: Expression): each is Call =>
  each._tag === "Call" && each.on === undefined && conversions.has(each.name) && each.arguments[0]?._tag === "Literal"

const compiled = (text: string, { isOptional, isRoot, result, schema }: Place): Result.Result<Program, string> => {
  const what = result === "bool" ? "" : "messageExpression "
  const refuse = (problem: Problem) => Result.fail(`${what}compilation failed: ${printed(text, problem)}`)
  const parsed = CelSyntax.parse(text)
  if (Result.isFailure(parsed)) return refuse(parsed.failure)
  const expression = parsed.success
  const self = CelTypes.ofSchema(schema, "selfType", isRoot) ?? CelTypes.dyn
  const oldSelf = isOptional ? CelTypes.optional(self) : self
  const checked = CelCheck.check(expression, new Map([["self", self], ["oldSelf", oldSelf]]))
  if (Result.isFailure(checked)) return refuse(checked.failure)
  const parts = all(expression)
  for (const part of parts) {
    const problem = part._tag === "Call" ? constantProblem(part) : undefined
    if (problem !== undefined) return refuse(problem)
  }
  const type = CelTypes.print(checked.success)
  if (type !== result) {
    return Result.fail(
      result === "bool" ? "cel expression must evaluate to a bool" : "messageExpression must evaluate to a string"
    )
  }
  for (const part of parts.filter(isConversion)) {
    const value = CelEvaluation.evaluate(part, new Map())
    if (Result.isFailure(value)) {
      return Result.fail(`${what === "" ? "program " : what}instantiation failed: ${value.failure}`)
    }
  }
  const convert = (value: unknown) => CelValues.ofJson(schema, value, isRoot)
  return Result.succeed({
    expression,
    usesOldSelf: CelSyntax.uses(expression, "oldSelf"),
    run: (value, before) => {
      const old = before === undefined ? undefined : convert(before)
      const variables = new Map<string, unknown>([["self", convert(value)]])
      if (isOptional) variables.set("oldSelf", old === undefined ? CelValues.nothing : new CelValues.Maybe(old))
      else if (old !== undefined) variables.set("oldSelf", old)
      return CelEvaluation.evaluate(expression, variables)
    }
  })
}

const known = new WeakMap<ObjectSchema, Map<string, Result.Result<Program, string>>>()

/** Compiles a rule for a place, once. Fails with the server's words for why it cannot be. */
export const compile = (text: string, place: Place): Result.Result<Program, string> => {
  const key = `${place.isRoot} ${place.isOptional} ${place.result} ${text}`
  let ofSchema = known.get(place.schema)
  if (ofSchema === undefined) {
    ofSchema = new Map()
    known.set(place.schema, ofSchema)
  }
  const found = ofSchema.get(key)
  if (found !== undefined) return found
  const made = compiled(text, place)
  ofSchema.set(key, made)
  return made
}
