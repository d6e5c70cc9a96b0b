/**
 * In which form an answer goes out: the object itself, its metadata alone, or a table; as JSON or YAML.
 *
 * @internal
 */
import * as Result from "effect/Result"
import * as StatusError from "./statusError.ts"

/** The form of an answer. */
export interface Form {
  readonly as: "Object" | "PartialObjectMetadata" | "Table"
  /** The version of `meta.k8s.io` for the latter two. */
  readonly version: string
  readonly isYaml: boolean
}

const plain: Form = { as: "Object", version: "v1", isYaml: false }

/** Reads one media range with its parameters. */
const range = (text: string): { readonly type: string; readonly parameters: ReadonlyMap<string, string> } => {
  const [type = "", ...rest] = text.split(";").map((part) => part.trim())
  return {
    type: type.toLowerCase(),
    parameters: new Map(rest.map((part): [string, string] => {
      const at = part.indexOf("=")
      return at === -1 ? [part, ""] : [part.slice(0, at), part.slice(at + 1)]
    }))
  }
}

const formOf = (text: string): Form | undefined => {
  const { parameters, type } = range(text)
  if (type === "*/*" || type === "application/*") return plain
  const isYaml = type === "application/yaml"
  if (type !== "application/json" && !isYaml) return undefined
  const as = parameters.get("as")
  if (as === undefined) return { ...plain, isYaml }
  const version = parameters.get("v") ?? "v1"
  const group = parameters.get("g")
  if (group !== "meta.k8s.io" || (version !== "v1" && version !== "v1beta1")) return undefined
  if (as === "Table") return { as: "Table", version, isYaml }
  return as === "PartialObjectMetadata" || as === "PartialObjectMetadataList"
    ? { as: "PartialObjectMetadata", version, isYaml }
    : undefined
}

/** The first form that the client accepts and this server has. */
export const form = (accept: string): Result.Result<Form, StatusError.StatusError> => {
  if (accept === "") return Result.succeed(plain)
  for (const part of accept.split(",")) {
    const found = formOf(part)
    if (found !== undefined) return Result.succeed(found)
  }
  return Result.fail(StatusError.notAcceptable)
}

/** The version of aggregated discovery that the client prefers to the legacy form; `undefined` for the legacy form. */
export const discovery = (accept: string): "v2" | "v2beta1" | undefined => {
  for (const part of accept.split(",")) {
    const { parameters, type } = range(part)
    if (type !== "application/json") continue
    if (parameters.get("as") !== "APIGroupDiscoveryList") return undefined
    const version = parameters.get("v")
    if (version === "v2" || version === "v2beta1") return version
  }
  return undefined
}
