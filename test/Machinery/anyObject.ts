/**
 * Random objects of any kind that has a schema, with fields that no schema knows at random depths. Lists that a
 * strategic merge patch merges name each item once, as the API server demands.
 */
import * as ObjectSchema from "../../src/Machinery/ObjectSchema.ts"

type Schema = ObjectSchema.ObjectSchema
type Random = () => number

/** A generator with a seed, so that a failure can be repeated. */
export const seeded = (seed: number): Random => {
  let state = seed
  return () => {
    state = (state * 1664525 + 1013904223) % 4294967296
    return state / 4294967296
  }
}

const pick = <A>(random: Random, options: ReadonlyArray<A>): A => options[Math.floor(random() * options.length)] as A

const unknownValue = (random: Random, depth: number): unknown => {
  switch (Math.floor(random() * (depth > 2 ? 3 : 5))) {
    case 0:
      return pick(random, ["", "a", "ü\u2028"])
    case 1:
      return pick(random, [0, 1.5, -1])
    case 2:
      return random() < 0.5
    case 3:
      return Array.from({ length: Math.floor(random() * 3) }, () => unknownValue(random, depth + 1))
    default:
      return { deep: unknownValue(random, depth + 1), "x-kubernetes-other": unknownValue(random, depth + 1) }
  }
}

/** A value that a schema allows, in as far as patches care. */
export const make = (given: Schema, random: Random, depth = 0): unknown => {
  const schema = ObjectSchema.resolve(given)
  if (schema["x-kubernetes-int-or-string"] === true) return pick<unknown>(random, [1, "50%"])
  switch (schema.type) {
    case "string":
      return pick(random, ["a", "b", "c"])
    case "integer":
    case "number":
      return Math.floor(random() * 3)
    case "boolean":
      return random() < 0.5
    case "array": {
      const items = Array.from(
        { length: depth > 8 ? 0 : Math.floor(random() * 4) },
        () => make(schema.items ?? {}, random, depth + 1)
      )
      const mergeKey = given["x-kubernetes-patch-merge-key"]
      if (given["x-kubernetes-patch-strategy"]?.includes("merge") !== true) return items
      const keyed = items.map((item, index) =>
        mergeKey === undefined ? item : { ...item as object, [mergeKey]: pick(random, [index, index + 1, index + 2]) }
      )
      const keyOf = (item: unknown) => mergeKey === undefined ? item : (item as { [key: string]: unknown })[mergeKey]
      return keyed.filter((item, index) => keyed.findIndex((other) => keyOf(other) === keyOf(item)) === index)
    }
    default: {
      const result: Record<string, unknown> = {}
      if (schema.type === undefined && schema.properties === undefined) return unknownValue(random, depth)
      for (const [name, property] of Object.entries(schema.properties ?? {})) {
        if (random() < Math.max(0.05, 0.5 - depth * 0.08)) result[name] = make(property, random, depth + 1)
      }
      if (typeof schema.additionalProperties === "object" && depth < 8) {
        for (const key of ["k", "l", "m"]) {
          if (random() < 0.4) result[key] = make(schema.additionalProperties, random, depth + 1)
        }
      } else if (random() < 0.3) result["unknownField"] = unknownValue(random, depth)
      return result
    }
  }
}
