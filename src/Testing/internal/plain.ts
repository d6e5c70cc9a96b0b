/**
 * Paths that are no resources: discovery, version, health.
 *
 * @internal
 */
import * as Result from "effect/Result"
import * as Json from "../../Machinery/Json.ts"
import * as Discovery from "./discovery.ts"
import * as Negotiation from "./negotiation.ts"
import * as OpenApi from "./openApi.ts"
import * as Reply from "./reply.ts"
import type * as Router from "./router.ts"
import type * as Server from "./server.ts"
import * as StatusError from "./statusError.ts"

type Outcome<A> = Result.Result<A, StatusError.StatusError>

interface Request {
  readonly method: string
  readonly accept: string
  readonly address: string
}

const unreachable = StatusError.unavailable("error trying to reach service: no endpoints available for service")

/** A path to no resource: a text where nothing of the group version is served, a Status where something is. */
export const unknownResource = (server: Server.Server, path: Router.ResourcePath): Outcome<Reply.Reply> =>
  Discovery.isAggregated(server, path.group, path.version)
    ? Result.fail(unreachable)
    : Discovery.hasVersion(server, path.group, path.version) || isBuiltInGroup(server, path.group)
    ? Result.fail(StatusError.unknownResource)
    : Result.succeed(Reply.notFound)

const isBuiltInGroup = (server: Server.Server, group: string): boolean =>
  [...server.builtIns.values()].some((served) => served.group === group)

/** There are no kubelets here, so nobody can answer for a pod's containers. */
export const noKubelet = (path: Router.ResourcePath, object: Json.JsonObject): StatusError.StatusError => {
  const node = Json.textOf(Json.at(object, "spec", "nodeName"))
  return node === ""
    ? StatusError.badRequest(
      `${path.plural === "pods" ? "pod" : path.plural} ${path.name} does not have a host assigned`
    )
    : StatusError.notFound({ group: "", plural: "nodes" }, node)
}

const group = (server: Server.Server, path: Router.GroupPath): Reply.Reply => {
  if (path.version === "") {
    const found = Discovery.group(server, path.group)
    return found === undefined ? Reply.notFound : Reply.json(200, found)
  }
  if (Discovery.isAggregated(server, path.group, path.version)) return Reply.status(unreachable)
  const found = Discovery.resourceList(server, path.group, path.version)
  if (found !== undefined) return Reply.json(200, found)
  return isBuiltInGroup(server, path.group) ? Reply.status(StatusError.unknownResource) : Reply.notFound
}

const aggregated = (server: Server.Server, request: Request, isCore: boolean): Reply.Reply => {
  const version = Negotiation.discovery(request.accept)
  if (version !== undefined) {
    return Reply.json(
      200,
      Discovery.aggregated(server, isCore, version),
      undefined,
      `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`
    )
  }
  return Reply.json(200, isCore ? Discovery.coreVersions(request.address) : Discovery.groupList(server))
}

const health = new Set(["/healthz", "/livez", "/readyz"])

/** The answer for a path that is no resource. */
export const answer = (
  server: Server.Server,
  path: Router.GroupPath | Router.PlainPath,
  request: Request
): Outcome<Reply.Reply> => {
  if (request.method !== "GET" && request.method !== "HEAD") return Result.fail(StatusError.methodNotAllowed)
  if (path._tag === "Group") return Result.succeed(group(server, path))
  const plain = path.path.length > 1 ? path.path.replace(/\/$/, "") : path.path
  if (plain === "/") return Result.succeed(Reply.json(200, Discovery.rootPaths(server)))
  if (plain === "/api" || plain === "/apis") return Result.succeed(aggregated(server, request, plain === "/api"))
  if (plain === "/version") return Result.succeed(Reply.json(200, Discovery.version))
  if ([...health].some((each) => plain === each || plain.startsWith(`${each}/`))) {
    return Result.succeed(Reply.text(200, "ok"))
  }
  if (plain === "/openapi/v3" || plain.startsWith("/openapi/v3/")) {
    return Result.succeed(OpenApi.answer(server, plain.slice("/openapi/v3".length)) ?? Reply.notFound)
  }
  return Result.succeed(Reply.notFound)
}
