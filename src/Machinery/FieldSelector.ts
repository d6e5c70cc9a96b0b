/**
 * Field selectors: which objects, by the few fields that the server lets them be selected by.
 *
 * A selector is a list of equalities and inequalities that all hold: `metadata.name=web-0,status.phase!=Running`. A
 * client sends the text; the in-memory API server and fakes match it against the fields of an object. `\`, `,` and `=`
 * in a value are written with a backslash before them.
 *
 * @see https://kubernetes.io/docs/concepts/overview/working-with-objects/field-selectors/
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as GoText from "./internal/goText.ts"
import { ParseError } from "./ParseError.ts"

const TypeId = "~effect-kubernetes/Machinery/FieldSelector"

/**
 * What is accepted where a field selector is asked for: the text form, equalities as a record, or a selector.
 *
 * @category models
 * @since 0.1.0
 */
export type Input = string | { readonly [path: string]: string } | Selector

/**
 * One equality or inequality. A field that an object does not have is empty.
 *
 * @category models
 * @since 0.1.0
 */
export interface Requirement {
  /** The field's path: `metadata.name`, `spec.nodeName`. */
  readonly field: string
  readonly operator: "=" | "!="
  /** As it is, without backslashes. */
  readonly value: string
}

/**
 * Requirements that all hold.
 *
 * @category models
 * @since 0.1.0
 */
export interface Selector {
  readonly [TypeId]: typeof TypeId
  readonly requirements: ReadonlyArray<Requirement>
}

/**
 * Whether a value is a parsed selector.
 *
 * @category guards
 * @since 0.1.0
 */
export const isSelector = (input: unknown): input is Selector =>
  typeof input === "object" && input !== null && TypeId in input

/**
 * The paths of an object's fields that hold a text, a number or a boolean, three members deep: what a field selector of
 * a kind can name. The server supports only some of them; a CustomResourceDefinition lists its own in
 * `selectableFields`.
 *
 * @category models
 * @since 0.1.0
 */
export type Path<A> = PathOf<A, [1, 1]>

type PathOf<A, Depth extends ReadonlyArray<unknown>> = {
  [K in keyof A & string]: NonNullable<A[K]> extends string | number | boolean ? K
    : NonNullable<A[K]> extends ReadonlyArray<unknown> ? never
    : Depth extends [unknown, ...infer Rest] ? `${K}.${PathOf<NonNullable<A[K]>, Rest>}`
    : never
}[keyof A & string]

/**
 * The selector of the requirements given.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (...requirements: ReadonlyArray<Requirement>): Selector => ({ [TypeId]: TypeId, requirements })

/**
 * Every object.
 *
 * @category constructors
 * @since 0.1.0
 */
export const everything: Selector = make()

/**
 * The selector of equal fields. With a type the paths are checked:
 *
 * ```ts
 * const onNode = FieldSelector.fromFields<Pod>({ "spec.nodeName": "node-1" })
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromFields = <A = never>(
  fields: [A] extends [never] ? { readonly [path: string]: string } : { readonly [P in Path<A>]?: string }
): Selector =>
  make(
    ...Object.entries(fields as { readonly [path: string]: string })
      .sort(([left], [right]) => GoText.compare(left, right))
      .map(([field, value]): Requirement => ({ field, operator: "=", value }))
  )

/**
 * The selector of any accepted form.
 *
 * @category parsing
 * @since 0.1.0
 */
export const fromInput = (input: Input): Result.Result<Selector, ParseError> =>
  typeof input === "string"
    ? parse(input)
    : Result.succeed(isSelector(input) ? input : fromFields(input as { readonly [path: string]: string }))

/**
 * The query text of any accepted form. Text passes as it is, for the server to judge.
 *
 * @category printing
 * @since 0.1.0
 */
export const text = (input: Input): string =>
  typeof input === "string"
    ? input
    : print(isSelector(input) ? input : fromFields(input as { readonly [path: string]: string }))

interface Term {
  readonly text: string
  readonly position: number
}

const termsOf = (text: string): ReadonlyArray<Term> => {
  const terms: Array<Term> = []
  let start = 0
  for (let index = 0; index < text.length; index++) {
    const character = text.charAt(index)
    if (character === "\\") index++
    else if (character === ",") {
      terms.push({ text: text.slice(start, index), position: start })
      start = index + 1
    }
  }
  terms.push({ text: text.slice(start), position: start })
  return terms
}

/**
 * Parses the text form. Terms without field and value are skipped, the others are sorted, as client-go does; `==` is `=`.
 *
 * @category parsing
 * @since 0.1.0
 */
export const parse = (text: string): Result.Result<Selector, ParseError> => {
  const requirements: Array<Requirement> = []
  const fail = (position: number, reason: string) =>
    Result.fail(new ParseError({ what: "field selector", input: text, position, reason }))
  for (const term of [...termsOf(text)].sort((left, right) => GoText.compare(left.text, right.text))) {
    if (term.text === "") continue
    const operator = /!=|==?/.exec(term.text)
    if (operator === null) {
      return fail(term.position, `invalid selector: '${text}'; can't understand '${term.text}'`)
    }
    const start = operator.index + operator[0].length
    const value = unescape(term.text.slice(start))
    if (Result.isFailure(value)) return fail(term.position + start + value.failure.position, value.failure.reason)
    const field = term.text.slice(0, operator.index)
    if (field === "" && value.success === "") continue
    requirements.push({ field, operator: operator[0] === "!=" ? "!=" : "=", value: value.success })
  }
  return Result.succeed(make(...requirements))
}

const unescape = (value: string): Result.Result<string, { readonly position: number; readonly reason: string }> => {
  if (!/[\\,=]/.test(value)) return Result.succeed(value)
  let plain = ""
  for (let index = 0; index < value.length; index++) {
    const character = value.charAt(index)
    if (character === "\\") {
      const escaped = String.fromCodePoint(...[value.codePointAt(index + 1)].filter((code) => code !== undefined))
      if (escaped !== "\\" && escaped !== "," && escaped !== "=") {
        return Result.fail({
          position: index,
          reason: `invalid field selector: invalid escape sequence: \\${escaped}`
        })
      }
      plain += escaped
      index++
    } else if (character === "," || character === "=") {
      return Result.fail({
        position: index,
        reason: `invalid field selector: unescaped character in value: ${character.charCodeAt(0)}`
      })
    } else plain += character
  }
  return Result.succeed(plain)
}

/**
 * A value with a backslash before each `\`, `,` and `=`.
 *
 * @category printing
 * @since 0.1.0
 */
export const escape = (value: string): string => value.replace(/[\\,=]/g, "\\$&")

/**
 * The text form. It parses back to the same requirements.
 *
 * @category printing
 * @since 0.1.0
 */
export const print = (selector: Selector): string =>
  selector.requirements.map(({ field, operator, value }) => `${field}${operator}${escape(value)}`).join(",")

/**
 * Whether an object's fields meet every requirement. A field that is not there is empty. Allocates nothing.
 *
 * @category matching
 * @since 0.1.0
 */
export const matches = (selector: Selector, fields: { readonly [path: string]: string }): boolean => {
  const { requirements } = selector
  for (let index = 0; index < requirements.length; index++) {
    const requirement = requirements[index]
    if (requirement === undefined) continue
    const value = Object.hasOwn(fields, requirement.field) ? fields[requirement.field] ?? "" : ""
    if ((value === requirement.value) !== (requirement.operator === "=")) return false
  }
  return true
}

/**
 * Whether a selector restricts nothing.
 *
 * @category guards
 * @since 0.1.0
 */
export const isEverything = (selector: Selector): boolean => selector.requirements.length === 0

/**
 * The one value that a selector demands of a field, as the name in a watch of one object.
 *
 * @category accessors
 * @since 0.1.0
 */
export const requiredValue = (selector: Selector, field: string): Option.Option<string> => {
  const equal = selector.requirements.find((requirement) => requirement.field === field && requirement.operator === "=")
  return equal === undefined ? Option.none() : Option.some(equal.value)
}

/**
 * The selector with every requirement replaced by what `change` makes of it, as a server translates the fields of one
 * version to those of another. A requirement that becomes an empty field with an empty value is dropped.
 *
 * @category combinators
 * @since 0.1.0
 */
export const transform = <E>(
  selector: Selector,
  change: (requirement: Requirement) => Result.Result<Requirement, E>
): Result.Result<Selector, E> =>
  Result.map(
    Result.all(selector.requirements.map(change)),
    (requirements) => make(...requirements.filter(({ field, value }) => field !== "" || value !== ""))
  )
