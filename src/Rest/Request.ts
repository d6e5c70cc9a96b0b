/**
 * A request in Kubernetes terms: a verb on a resource, before it becomes a path and bytes.
 *
 * Clients make one, `RestClient` sends it. Paths are built here and nowhere else: `/api/v1` for the core group,
 * `/apis/GROUP/VERSION` for all others, `namespaces/NS` only for namespaced kinds, `RESOURCE/NAME/SUBRESOURCE`.
 * Options become query parameters under their JSON names.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import type { Context } from "../Machinery/ApiError.ts"
import * as FieldSelector from "../Machinery/FieldSelector.ts"
import * as LabelSelector from "../Machinery/LabelSelector.ts"
import type { Selection } from "../Machinery/Options.ts"
import { ParseError } from "../Machinery/ParseError.ts"
import { InvalidUrl, RequestError } from "../Machinery/RequestError.ts"
import type { Header, Method } from "./Transport.ts"

/**
 * An object, a collection or a subresource.
 *
 * @category models
 * @since 0.1.0
 */
export interface ResourceTarget {
  readonly _tag: "Resource"
  /** Empty for the core group. */
  readonly group: string
  readonly version: string
  readonly plural: string
  /**
   * Unset where the kind lives in no namespace. Empty for a namespaced kind in all namespaces: good for list, watch and
   * deletecollection, refused with InvalidUrl where a name is given or an object is created.
   */
  readonly namespace?: string | undefined
  readonly name?: string | undefined
  readonly subresource?: string | undefined
  /** Further segments, as for `proxy`. */
  readonly suffix?: string | undefined
}

/**
 * Anything else the server serves: `/healthz`, `/openapi/v3`. Begins with a slash, may hold a query.
 *
 * @category models
 * @since 0.1.0
 */
export interface PathTarget {
  readonly _tag: "Path"
  readonly path: string
}

/**
 * What is addressed.
 *
 * @category models
 * @since 0.1.0
 */
export type Target = ResourceTarget | PathTarget

/**
 * One query parameter. A value that could not be printed, as a selector with a bad label, stands as its error and fails
 * the request with InvalidUrl before it is sent.
 *
 * @category models
 * @since 0.1.0
 */
export type Parameter = readonly [name: string, value: string | ParseError]

/**
 * A verb on a target, and what goes with it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Request {
  readonly method: Method
  /** The Kubernetes verb: `get`, `list`, `watch`, `create`, `update`, `patch`, `apply`, `delete`, `deletecollection`. */
  readonly verb: string
  readonly target: Target
  /** Query parameters in order; a name may repeat. */
  readonly query?: ReadonlyArray<Parameter> | undefined
  /** Plain JSON, or text or bytes that are already encoded. Needs `contentType` unless it is JSON. */
  readonly body?: unknown
  readonly contentType?: string | undefined
  /** `application/json` unless given. */
  readonly accept?: string | undefined
  readonly headers?: ReadonlyArray<Header> | undefined
  /**
   * Whether a read whose connection was lost is sent again, and a watch that got no answer ends without events instead
   * of failing. True unless given; false for those who pace their attempts themselves, as reflectors do.
   */
  readonly isRepeated?: boolean | undefined
  /**
   * How the text of a successful answer becomes a value; what it throws fails the call with Decode. `JSON.parse` unless
   * given.
   */
  readonly parse?: ((text: string) => unknown) | undefined
}

/**
 * The path without query, for messages: nothing is checked.
 *
 * @category accessors
 * @since 0.1.0
 */
export const path = (request: Request): string => {
  const target = request.target
  if (target._tag === "Path") {
    const end = target.path.indexOf("?")
    return end < 0 ? target.path : target.path.slice(0, end)
  }
  let out = target.group === "" ? `/api/${target.version}` : `/apis/${segment(target.group)}/${target.version}`
  if (target.namespace !== undefined && target.namespace !== "") out += `/namespaces/${segment(target.namespace)}`
  out += `/${segment(target.plural)}`
  if (target.name !== undefined) out += `/${segment(target.name)}`
  if (target.subresource !== undefined) out += `/${segment(target.subresource)}`
  if (target.suffix !== undefined && target.suffix !== "") {
    out += `/${target.suffix.replace(/^\//, "").split("/").map(segment).join("/")}`
  }
  return out
}

/**
 * The path with its parameters by name instead of by value (`/api/v1/namespaces/{namespace}/pods/{name}`): a label with
 * few values for spans.
 *
 * @category accessors
 * @since 0.1.0
 */
export const template = (request: Request): string => {
  const target = request.target
  if (target._tag === "Path") {
    // A path that names objects is cut after what is known to be of few values.
    const [, first, second, third] = path(request).split("/")
    return first === "apis"
      ? `/${["apis", second, third].filter((part) => part !== undefined).join("/")}`
      : `/${first ?? ""}`
  }
  const root = target.group === "" ? `/api/${target.version}` : `/apis/${target.group}/${target.version}`
  const namespace = target.namespace === undefined || target.namespace === "" ? "" : "/namespaces/{namespace}"
  const name = target.name === undefined ? "" : "/{name}"
  const subresource = target.subresource === undefined ? "" : `/${target.subresource}`
  return `${root}${namespace}/${target.plural}${name}${subresource}${target.suffix === undefined ? "" : "/{suffix}"}`
}

/**
 * The resource type as errors and metrics name it (`pods`, `deployments.apps`); the path where none is addressed.
 *
 * @category accessors
 * @since 0.1.0
 */
export const resource = (request: Request): string => {
  const target = request.target
  if (target._tag === "Path") return path(request)
  return target.group === "" ? target.plural : `${target.plural}.${target.group}`
}

/**
 * What the errors of a request name.
 *
 * @category accessors
 * @since 0.1.0
 */
export const context = (request: Request): Context => {
  const { target } = request
  return {
    verb: request.verb,
    resource: resource(request),
    ...(target._tag === "Resource"
      ? {
        namespace: target.namespace === "" ? undefined : target.namespace,
        name: target.name,
        subresource: target.subresource
      }
      : {})
  }
}

/**
 * Path and query as they are sent. Fails with InvalidUrl, by the rules of client-go: a segment may not be empty, `.` or
 * `..`, nor hold `/` or `%`; a name, or a create, needs the namespace of a namespaced kind.
 *
 * @param server What the error's URL begins with.
 * @category combinators
 * @since 0.1.0
 */
export const encode = (request: Request, server: string): Result.Result<string, RequestError> => {
  const fail = (description: string) =>
    Result.fail(
      new RequestError({
        reason: new InvalidUrl({ verb: request.verb, url: `${server}${path(request)}`, description })
      })
    )
  const fault = faultOf(request)
  if (fault !== undefined) return fail(fault)
  const target = request.target
  const base = target._tag === "Path" ? target.path : path(request)
  const parameters = request.query
  if (parameters === undefined || parameters.length === 0) return Result.succeed(base)
  let query = ""
  for (const [name, value] of parameters) {
    if (typeof value !== "string") return fail(value.message)
    query += `${query === "" ? "" : "&"}${encodeURIComponent(name.toWellFormed())}=${
      encodeURIComponent(value.toWellFormed())
    }`
  }
  return Result.succeed(`${base}${base.includes("?") ? "&" : "?"}${query}`)
}

/**
 * The query parameters of options. What is unset, empty or no more than the zero value is left out, as client-go does.
 *
 * @category constructors
 * @since 0.1.0
 */
export const query = (options: object | undefined): ReadonlyArray<Parameter> => {
  if (options === undefined) return []
  const out: Array<Parameter> = []
  for (const [name, value] of Object.entries(options)) {
    if (name === "labelSelector" || name === "fieldSelector") continue
    if (typeof value === "string") {
      if (value !== "") out.push([name, value])
    } else if (typeof value === "number") {
      if (value !== 0 || name !== "limit") out.push([name, String(value)])
    } else if (typeof value === "boolean") {
      // Only these two tell false from unset on the wire.
      if (value || name === "sendInitialEvents" || name === "force") out.push([name, String(value)])
    }
  }
  const { fieldSelector, labelSelector } = options as Selection
  if (labelSelector !== undefined) {
    const text = labelText(labelSelector)
    if (text !== "") out.push(["labelSelector", text])
  }
  if (fieldSelector !== undefined) {
    const text = FieldSelector.text(fieldSelector)
    if (text !== "") out.push(["fieldSelector", text])
  }
  return out
}

const labelText = (input: LabelSelector.Input): string | ParseError => {
  // The text of `nothing` is empty, and an empty selector asks for everything.
  if (LabelSelector.isSelector(input) && input.matchesNothing) {
    return new ParseError({
      what: "label selector",
      input: "",
      position: 0,
      reason: "a selector of nothing selects no object"
    })
  }
  return Result.merge(LabelSelector.text(input))
}

const plain = /^[\w.~:@!$&'()*+,;=-]*$/

const segment = (text: string): string => plain.test(text) ? text : encodeURIComponent(text.toWellFormed())

const segmentFault = (what: string, text: string): string | undefined => {
  if (text === "") return `${what} may not be empty`
  if (text === "." || text === "..") return `invalid ${what} ${JSON.stringify(text)}: may not be '${text}'`
  if (text.includes("/")) return `invalid ${what} ${JSON.stringify(text)}: may not contain '/'`
  if (text.includes("%")) return `invalid ${what} ${JSON.stringify(text)}: may not contain '%'`
  return undefined
}

const unprintable = /[\u0000-\u0020\u007f#\\]/

const faultOf = ({ method, target }: Request): string | undefined => {
  if (target._tag === "Path") {
    if (!target.path.startsWith("/")) return "a path begins with '/'"
    return unprintable.test(target.path) ? "a path may not contain spaces, control characters, '#' or '\\'" : undefined
  }
  if (target.namespace === "") {
    if (target.name !== undefined) return "an empty namespace may not be set when a resource name is provided"
    if (method === "POST") return "an empty namespace may not be set during creation"
  }
  return (target.group === "" ? undefined : segmentFault("group", target.group))
    ?? segmentFault("version", target.version)
    ?? segmentFault("resource", target.plural)
    ?? (target.namespace === undefined || target.namespace === ""
      ? undefined
      : segmentFault("namespace", target.namespace))
    ?? (target.name === undefined ? undefined : segmentFault("resource name", target.name))
    ?? (target.subresource === undefined ? undefined : segmentFault("subresource", target.subresource))
    ?? suffixFault(target.suffix)
}

const suffixFault = (suffix: string | undefined): string | undefined =>
  suffix?.split("/").some((part) => part === "." || part === "..") === true
    ? "further segments may not be '.' or '..'"
    : undefined
