/**
 * `Equality`: whether two objects mean the same, although their texts differ.
 *
 * An absent list and an empty one are the same, and so are an absent member and null. With the schema of the kind more
 * is known: maps that are absent or empty are the same (an absent `emptyDir` and an empty one are not), quantities
 * compare by amount and times by the point in time. A controller compares what it wants with what is there, so as not
 * to write without need.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import * as Json from "./Json.ts"
import * as ObjectSchema from "./ObjectSchema.ts"
import * as Quantity from "./Quantity.ts"
import * as Time from "./Time.ts"

/**
 * What is known of the values, and what is asked.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** The schema of the values. Without one only lists may be left out. */
  readonly schema?: ObjectSchema.ObjectSchema | undefined
  /**
   * Whether what the first value leaves out may be anything in the second, as a server fills in defaults. False unless
   * given. client-go's `DeepDerivative`.
   */
  readonly ignoreUnset?: boolean
}

/**
 * Whether two values mean the same.
 *
 * ```ts
 * if (!Equality.equal(wanted.spec, actual.spec, { ignoreUnset: true })) yield* deployments.update(wanted)
 * ```
 *
 * @category comparing
 * @since 0.1.0
 */
export const equal = (left: unknown, right: unknown, options: Options = {}): boolean =>
  same(left, right, options.schema, options.ignoreUnset ?? false)

type Known = ObjectSchema.ObjectSchema | undefined

const resolve = (schema: Known): Known => schema === undefined ? undefined : ObjectSchema.resolve(schema)

const isMap = (schema: Known): boolean =>
  schema?.additionalProperties !== undefined && schema.additionalProperties !== false &&
  schema.properties === undefined

const isUnset = (value: unknown, schema: Known): boolean =>
  value === undefined || value === null || (Json.isArray(value) && value.length === 0) ||
  (isMap(schema) && Json.isObject(value) && Json.entries(value).length === 0)

const same = (left: unknown, right: unknown, given: Known, ignoreUnset: boolean): boolean => {
  if (left === right) return true
  const schema = resolve(given)
  if (isUnset(left, schema)) return ignoreUnset || isUnset(right, schema)
  if (Json.isArray(left)) {
    return Json.isArray(right) && (ignoreUnset ? left.length <= right.length : left.length === right.length) &&
      left.every((item, index) => same(item, right[index], schema?.items, ignoreUnset))
  }
  if (Json.isObject(left)) {
    if (!Json.isObject(right)) return false
    return Json.entries(left).every(([key, value]) =>
      same(value, Json.get(right, key), member(schema, key), ignoreUnset)
    ) &&
      (ignoreUnset ||
        Json.entries(right).every(([key, value]) =>
          Json.has(left, key) || isUnset(value, resolve(member(schema, key)))
        ))
  }
  if (schema?.format === "quantity") return sameQuantity(left, right)
  return (schema?.format === "date-time" || schema?.format === "micro-time") && typeof left === "string" &&
    typeof right === "string" && Result.getOrElse(Time.compare(left, right), () => undefined) === 0
}

const member = (schema: Known, key: string): Known =>
  schema === undefined ? undefined : ObjectSchema.member(schema, key)

const isQuantity = (value: unknown): value is string | number => typeof value === "string" || typeof value === "number"

const sameQuantity = (left: unknown, right: unknown): boolean =>
  isQuantity(left) && isQuantity(right) &&
  Result.getOrElse(
    Result.flatMap(Quantity.fromInput(left), (first) =>
      Result.map(Quantity.fromInput(right), (second) => Quantity.equals(first, second))),
    () =>
      false
  )
