/**
 * The columns that a CustomResourceDefinition asks for.
 *
 * @internal
 */
import * as Result from "effect/Result"
import * as Json from "../../Machinery/Json.ts"
import * as JsonPath from "../../Machinery/JsonPath.ts"
import * as Column from "./column.ts"

const creation = ".metadata.creationTimestamp"

const cell = (type: string, path: string): Column.Cell => {
  const parsed = JsonPath.parse(`{${path}}`)
  return (object, now) => {
    if (Result.isFailure(parsed)) return null
    const found = JsonPath.find(parsed.success, object)
    const [value] = Result.isSuccess(found) ? found.success[0] ?? [] : []
    if (value === undefined || value === null) return null
    if (type === "date") return Column.since(value, now)
    if (type === "integer" || type === "number" || type === "boolean") return value
    return typeof value === "string" ? value : Json.print(value)
  }
}

const defaults: ReadonlyArray<Column.Column> = [Column.name, Column.age]

/** The columns of a custom resource: the name, and those of its definition, or the age where it has none. */
export const of = (columns: ReadonlyArray<Json.JsonObject>): ReadonlyArray<Column.Column> =>
  columns.length === 0 ? defaults : [
    Column.name,
    ...columns.map((given): Column.Column => {
      const path = Json.textOf(given["jsonPath"])
      const type = Json.textOf(given["type"])
      return {
        name: Json.textOf(given["name"]),
        type,
        format: Json.textOf(given["format"]),
        description: Json.textOf(given["description"]) ||
          `Custom resource definition column (in JSONPath format): ${path}`,
        priority: Json.numberOf(given["priority"], 0),
        cell: path === creation ? Column.age.cell : cell(type, path)
      }
    })
  ]
