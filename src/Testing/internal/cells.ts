/**
 * Cells that many kinds have.
 *
 * @internal
 */
import * as Result from "effect/Result"
import * as Json from "../../Machinery/Json.ts"
import * as LabelSelector from "../../Machinery/LabelSelector.ts"
import { type Cell, type Column, wide } from "./column.ts"

/** What stands where there is nothing. */
export const none = "<none>"

/** What stands where nothing was said. */
export const unset = "<unset>"

/** The text at a path. */
export const text = (...path: ReadonlyArray<string>): Cell => (object) => Json.textOf(Json.at(object, ...path))

/** The text at a path, or another where there is none. */
export const textOr = (otherwise: string, ...path: ReadonlyArray<string>): Cell => (object) =>
  Json.textOf(Json.at(object, ...path)) || otherwise

/** The number at a path, 0 where there is none. */
export const number = (...path: ReadonlyArray<string>): Cell => (object) => Json.numberOf(Json.at(object, ...path), 0)

/** Whether true stands at a path. */
export const boolean = (...path: ReadonlyArray<string>): Cell => (object) => Json.at(object, ...path) === true

/** A scalar as text. */
export const shown = (value: unknown, otherwise: string): string =>
  typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? String(value) : otherwise

/** Texts with commas between. */
export const joined = (items: ReadonlyArray<string>, otherwise = none): string =>
  items.length === 0 ? otherwise : items.join(",")

/** The selector at a path as text. */
export const selector = (...path: ReadonlyArray<string>): Cell => (object) => {
  const value = Json.at(object, ...path)
  if (!Json.isObject(value)) return none
  const isObjectForm = "matchLabels" in value || "matchExpressions" in value
  const parsed = LabelSelector.fromObject(isObjectForm ? value : { matchLabels: Json.textMapOf(value) })
  return Result.isSuccess(parsed) ? LabelSelector.print(parsed.success) || none : "<error>"
}

/** The names and images of the containers of the pod at a path. */
export const containers = (...path: ReadonlyArray<string>): ReadonlyArray<Column> => {
  const each = (key: string): Cell => (object) =>
    Json.itemsOf(Json.at(object, ...path, "containers")).map((container) => Json.textOf(Json.at(container, key))).join(
      ","
    )
  return [wide("Containers", each("name")), wide("Images", each("image"))]
}

/** Where workloads have their pod. */
export const template = ["spec", "template", "spec"]
