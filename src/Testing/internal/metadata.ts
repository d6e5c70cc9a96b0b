/**
 * What every object says of itself.
 *
 * @internal
 */
import * as Json from "../../Machinery/Json.ts"

/** The object's `metadata`. */
export const of = (object: Json.JsonObject): Json.JsonObject => Json.objectOf(object["metadata"])

/** The object's name. */
export const nameOf = (object: Json.JsonObject): string => Json.textOf(of(object)["name"])

/** The object's namespace, empty where it has none. */
export const namespaceOf = (object: Json.JsonObject): string => Json.textOf(of(object)["namespace"])
