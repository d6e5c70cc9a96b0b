/**
 * Random JSON for tests that print and parse it.
 *
 * Without names of one letter that JSON escapes: once an object was made with a lone backslash as a name, `JSON.parse` of
 * V8 13.6 (Node 24) takes any such letter for a backslash where that object had it, so that the same text parses to one
 * thing or another, depending on what ran before.
 */
import * as Schema from "effect/Schema"

const hasSafeNames = (value: unknown): boolean => {
  if (Array.isArray(value)) return value.every(hasSafeNames)
  if (typeof value !== "object" || value === null) return true
  return Object.entries(value).every(([name, member]) =>
    (name.length !== 1 || JSON.stringify(name).length === 3) && hasSafeNames(member)
  )
}

export const Json = Schema.Json.check(Schema.makeFilter(hasSafeNames))

export const Members = Schema.Record(Schema.String, Schema.Json).check(Schema.makeFilter(hasSafeNames))
