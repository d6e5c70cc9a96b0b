/**
 * Which resource and which verb a method and a path mean.
 *
 * Source: `endpoints/request/requestinfo.go` of apiserver.
 *
 * @internal
 */

/** A path under `/api` or `/apis` that names a resource. */
export interface ResourcePath {
  readonly _tag: "Resource"
  readonly group: string
  readonly version: string
  readonly namespace: string
  readonly plural: string
  readonly name: string
  readonly subresource: string
}

/** A group, or one of its versions. */
export interface GroupPath {
  readonly _tag: "Group"
  readonly group: string
  /** Empty: the group itself. */
  readonly version: string
}

/** Any other path. */
export interface PlainPath {
  readonly _tag: "Plain"
  readonly path: string
}

/** What a path means. */
export type Path = ResourcePath | GroupPath | PlainPath

/** Subresources of namespaces, so that `namespaces/x/status` is no resource called `status`. */
const ofNamespaces = new Set(["status", "finalize"])

const decode = (segment: string): string | undefined => {
  if (!segment.includes("%")) return segment
  // A broken escape cannot be a name, so nothing is found under it.
  return /%(?![0-9a-fA-F]{2})/.test(segment) ? undefined : decodeURIComponent(segment)
}

/** Reads a path without its query. */
export const parse = (path: string): Path => {
  const plain: PlainPath = { _tag: "Plain", path }
  const segments: Array<string> = []
  for (const segment of path.split("/").slice(1)) {
    const decoded = decode(segment)
    if (decoded === undefined) return plain
    segments.push(decoded)
  }
  if (segments.at(-1) === "") segments.pop()
  if (segments.includes("")) return plain
  const [root, ...rest] = segments
  if (root !== "api" && root !== "apis") return plain
  const isCore = root === "api"
  const group = isCore ? "" : rest.shift()
  const version = rest.shift()
  if (group === undefined || (isCore && version === undefined)) return plain
  if (version === undefined) return { _tag: "Group", group, version: "" }
  if (rest.length === 0) return { _tag: "Group", group, version }
  let namespace = ""
  const [first, second, third] = rest
  if (first === "namespaces" && second !== undefined && third !== undefined && !ofNamespaces.has(third)) {
    namespace = second
    rest.splice(0, 2)
  }
  const [plural = "", name = "", ...sub] = rest
  return { _tag: "Resource", group, version, namespace, plural, name, subresource: sub.join("/") }
}

/** The verb of a request for a resource; `undefined` where the method is none. */
export const verb = (method: string, { name }: ResourcePath, isWatch: boolean): string | undefined => {
  switch (method) {
    case "GET":
    case "HEAD":
      return isWatch ? "watch" : name === "" ? "list" : "get"
    case "POST":
      return "create"
    case "PUT":
      return "update"
    case "PATCH":
      return "patch"
    case "DELETE":
      return name === "" ? "deletecollection" : "delete"
    default:
      return undefined
  }
}
