/**
 * `DiscoveryClient`: asks the server what it serves.
 *
 * It asks for aggregated discovery (two requests for everything) and understands servers that only know the old form
 * (one request per group version); the answer's Content-Type decides. What does not answer is kept beside what does.
 * This one asks anew each time: `CachedDiscovery` gives the same service from memory or from files, `RestMapper` maps
 * kinds to resources by it.
 *
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/#aggregated-discovery
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type { APIGroup, APIResourceList } from "../Api/meta/v1.ts"
import type { ApiError } from "../Machinery/ApiError.ts"
import { Decode, RequestError, Timeout } from "../Machinery/RequestError.ts"
import type * as Request from "../Rest/Request.ts"
import * as RestClient from "../Rest/RestClient.ts"
import * as Transport from "../Rest/Transport.ts"
import * as document from "./internal/document.ts"
import type { GroupFailure, ServerResources } from "./ServerResources.ts"
import { ServerVersion } from "./ServerVersion.ts"

/**
 * What a server serves.
 *
 * @category services
 * @since 0.1.0
 */
export class DiscoveryClient extends Context.Service<DiscoveryClient, {
  /** The groups in the server's order, the core group first. Two requests. */
  readonly groups: Effect.Effect<ReadonlyArray<APIGroup>, ApiError | RequestError>
  /**
   * The resources of a group version (`v1`, `apps/v1`), subresources as `pods/log`. Fails with NotFound where there is
   * none. One request.
   */
  readonly resources: (groupVersion: string) => Effect.Effect<APIResourceList, ApiError | RequestError>
  /**
   * Everything. Fails only where the groups are not to be had; group versions that fail stand in `failures`, after a
   * second try. Two requests, or with a server before 1.26 one more for each group version.
   */
  readonly all: Effect.Effect<ServerResources, ApiError | RequestError>
  /** The version of the server. One request. */
  readonly version: Effect.Effect<ServerVersion, ApiError | RequestError>
  /** Whether all answers since the last `invalidate` came from the server: if not, asking after one may tell more. */
  readonly isFresh: Effect.Effect<boolean>
  /** Forgets what is cached: the next answer comes from the server. */
  readonly invalidate: Effect.Effect<void>
}>()("effect-kubernetes/Discovery/DiscoveryClient") {}

/**
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** The longest time for one request. 32 s unless given, as client-go's `defaultTimeout`. */
  readonly timeout?: Duration.Input | undefined
  /** Asks for the old form alone. False unless given. */
  readonly isLegacy?: boolean | undefined
  /**
   * Asks for what this one API server serves, without what it knows of its peers, as a health check of a server needs.
   * False unless given.
   */
  readonly isWithoutPeers?: boolean | undefined
}

const aggregated = (version: string) => `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`

const acceptOf = ({ isLegacy, isWithoutPeers }: Options): string =>
  isLegacy === true ? "application/json" : [
    ...(isWithoutPeers === true ? [`${aggregated("v2")};profile=nopeer`] : []),
    aggregated("v2"),
    aggregated("v2beta1"),
    "application/json"
  ].join(",")

/**
 * Whether a Content-Type says that a document is aggregated discovery, in a version that is understood. The order of
 * its parameters and what proxies add do not matter.
 *
 * @category guards
 * @since 0.1.0
 */
export const isAggregated = (contentType: string): boolean => {
  const [type = "", ...rest] = contentType.split(";").map((part) => part.trim())
  const parameters = new Map(rest.map((parameter) => {
    const [name = "", value = ""] = parameter.split("=", 2)
    return [name.trim().toLowerCase(), value.trim().replace(/^"(.*)"$/, "$1")]
  }))
  const version = parameters.get("v")
  return type.toLowerCase() === "application/json" && parameters.get("g") === "apidiscovery.k8s.io" &&
    parameters.get("as") === "APIGroupDiscoveryList" && (version === "v2" || version === "v2beta1")
}

/**
 * Makes a client that asks the server each time.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  rest: RestClient.RestClient["Service"],
  options: Options = {}
): DiscoveryClient["Service"] => {
  const accept = acceptOf(options)
  const timeout = options.timeout ?? "32 seconds"

  const read = <A>(
    path: string,
    accept: string,
    decode: (document: unknown, contentType: string) => Effect.Effect<A, string>
  ): Effect.Effect<A, ApiError | RequestError> => {
    const request: Request.Request = { method: "GET", verb: "get", target: { _tag: "Path", path }, accept }
    const place = { verb: "get", url: `${rest.server}${path}` }
    const answer = Effect.scoped(
      Effect.flatMap(rest.response(request), (response) =>
        Effect.map(response.text, (text) => {
          const [contentType = ""] = Transport.header(response, "content-type")
          return { text, contentType }
        }))
    )
    return answer.pipe(
      Effect.timeoutOrElse({
        duration: timeout,
        orElse: () => {
          const description = `no answer within ${Duration.format(Duration.fromInputUnsafe(timeout))}`
          return Effect.fail(new RequestError({ reason: new Timeout({ ...place, description }) }))
        }
      }),
      Effect.flatMap(({ contentType, text }) =>
        document.json(text).pipe(
          Effect.flatMap((body) => decode(body, contentType)),
          Effect.mapError((fault) => {
            const description = `the discovery document is not understood: ${fault}`
            return new RequestError({ reason: new Decode({ ...place, description, body: text.slice(0, 256) }) })
          })
        )
      )
    )
  }

  const resources = (groupVersion: string): Effect.Effect<APIResourceList, ApiError | RequestError> =>
    read(
      groupVersion.includes("/") ? `/apis/${groupVersion}` : `/api/${groupVersion}`,
      "application/json",
      document.resources
    )

  const part = (
    path: "/api" | "/apis",
    legacy: (document: unknown) => Effect.Effect<ReadonlyArray<APIGroup>, string>
  ) =>
    read(path, accept, (body, contentType): Effect.Effect<Part, string> =>
      isAggregated(contentType)
        ? Effect.map(document.aggregated(body), (all) => ({ ...all, isWhole: true }))
        : Effect.map(legacy(body), (groups) => ({ groups, lists: [], failures: [], isWhole: false })))

  // A server that is only part of a cluster need not have the core group.
  const core = part("/api", document.coreGroup).pipe(
    Effect.catchReason(
      "ApiError",
      "NotFound",
      () => Effect.succeed<Part>({ groups: [], lists: [], failures: [], isWhole: true })
    )
  )

  const parts = Effect.map(
    Effect.all([core, part("/apis", document.groups)], { concurrency: 2 }),
    ([core, named]): Part => ({
      groups: [...core.groups, ...named.groups],
      lists: [...core.lists, ...named.lists],
      failures: [...core.failures, ...named.failures],
      isWhole: core.isWhole && named.isWhole
    })
  )

  const once = Effect.flatMap(parts, (found): Effect.Effect<ServerResources, ApiError | RequestError> => {
    const { failures, groups, isWhole, lists } = found
    return isWhole ? Effect.succeed({ groups, lists, failures }) : Effect.map(
      Effect.forEach(
        groups.flatMap(({ versions }) => versions),
        ({ groupVersion }) =>
          Effect.match(resources(groupVersion), {
            onSuccess: (list) => ({ lists: [list], failures: [] }),
            onFailure: (reason): Pick<ServerResources, "lists" | "failures"> => ({
              lists: [],
              failures: [{ groupVersion, reason }]
            })
          }),
        { concurrency: 16 }
      ),
      (all) => ({
        groups,
        lists: all.flatMap(({ lists }) => lists),
        failures: all.flatMap(({ failures }): ReadonlyArray<GroupFailure> => failures)
      })
    )
  })

  return DiscoveryClient.of({
    groups: Effect.map(parts, ({ groups }) => groups),
    resources,
    // Groups may have come and gone between the first answer and the last.
    all: Effect.flatMap(once, (all) => all.failures.length === 0 ? Effect.succeed(all) : once),
    version: read(
      "/version",
      "application/json",
      (body) => Effect.mapError(decodeVersion(body), (error) => String(error))
    ),
    isFresh: Effect.succeed(true),
    invalidate: Effect.void
  })
}

interface Part extends ServerResources {
  /** Whether resources came with the groups. */
  readonly isWhole: boolean
}

const decodeVersion = Schema.decodeUnknownEffect(ServerVersion)

/**
 * A client that asks the server each time, with settings of its own.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerOptions = (options: Options): Layer.Layer<DiscoveryClient, never, RestClient.RestClient> =>
  Layer.effect(DiscoveryClient, Effect.map(RestClient.RestClient, (rest) => make(rest, options)))

/**
 * A client that asks the server each time.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<DiscoveryClient, never, RestClient.RestClient> = layerOptions({})
