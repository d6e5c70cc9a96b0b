/**
 * `OpenApiClient`: the server's own description of its types, one OpenAPI v3 document per group version.
 *
 * The server names each document by a hash of its content, so a document that was read once is read again only when it
 * has changed. It holds what server-side apply and `kubectl explain` know of a kind: fields, list types, merge keys.
 *
 * @see https://kubernetes.io/docs/concepts/overview/kubernetes-api/#openapi-v3
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import type { ApiError } from "../Machinery/ApiError.ts"
import type { GroupVersionKind } from "../Machinery/GroupVersionKind.ts"
import { Decode, RequestError } from "../Machinery/RequestError.ts"
import type * as Request from "../Rest/Request.ts"
import * as RestClient from "../Rest/RestClient.ts"
import { DiscoveryError, NoGroupVersion } from "./DiscoveryError.ts"

/**
 * One OpenAPI v3 document, as the server wrote it.
 *
 * @category models
 * @since 0.1.0
 */
export interface OpenApiDocument {
  readonly openapi: string
  readonly paths?: { readonly [path: string]: unknown }
  readonly components?: { readonly schemas?: { readonly [name: string]: { readonly [member: string]: unknown } } }
  readonly [member: string]: unknown
}

/**
 * The server's own description of its types.
 *
 * @category services
 * @since 0.1.0
 */
export class OpenApiClient extends Context.Service<OpenApiClient, {
  /** Where each document is, by path (`apis/apps/v1`): its URL on the server, the hash in the query. One request. */
  readonly paths: Effect.Effect<ReadonlyMap<string, string>, ApiError | RequestError>
  /** The group versions that have a document, `v1` first. One request. */
  readonly groupVersions: Effect.Effect<ReadonlyArray<string>, ApiError | RequestError>
  /**
   * The document of a group version. One small request, and another for the document where it is new or has changed.
   * Fails with NoGroupVersion where there is none.
   */
  readonly document: (
    groupVersion: string
  ) => Effect.Effect<OpenApiDocument, ApiError | RequestError | DiscoveryError>
}>()("effect-kubernetes/Discovery/OpenApiClient") {}

const Index = Schema.Struct({
  paths: Schema.Record(Schema.String, Schema.Struct({ serverRelativeURL: Schema.String }))
})

const decodeIndex = Schema.decodeUnknownEffect(Index)

const isDocument = (body: unknown): body is OpenApiDocument =>
  Predicate.isObject(body) && typeof body["openapi"] === "string"

const groupVersionOf = (path: string): string | undefined =>
  /^(?:api|apis\/[^/]+)\/[^/]+$/.exec(path)?.[0]
    .replace(/^apis?\//, "")

/**
 * Makes a client that keeps the newest document of each group version it was asked for.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make: Effect.Effect<OpenApiClient["Service"], never, RestClient.RestClient> = Effect.map(
  RestClient.RestClient,
  (rest) => {
    const documents = new Map<string, { readonly url: string; readonly document: OpenApiDocument }>()

    const get = (path: string): Request.Request => ({ method: "GET", verb: "get", target: { _tag: "Path", path } })

    const misunderstood = (path: string, description: string) =>
      new RequestError({ reason: new Decode({ verb: "get", url: `${rest.server}${path}`, description }) })

    const paths = Effect.flatMap(rest.json(get("/openapi/v3")), (body) =>
      decodeIndex(body).pipe(
        Effect.mapError((error) => misunderstood("/openapi/v3", `not an index of OpenAPI documents: ${String(error)}`)),
        Effect.map(({ paths }): ReadonlyMap<string, string> =>
          new Map(Object.entries(paths).map(([path, { serverRelativeURL }]) => [path, serverRelativeURL]))
        )
      ))

    return OpenApiClient.of({
      paths,
      groupVersions: Effect.map(
        paths,
        (paths) =>
          Array.from(paths.keys(), groupVersionOf).filter((groupVersion) => groupVersion !== undefined)
            .sort((a, b) => Number(a.includes("/")) - Number(b.includes("/")) || (a < b ? -1 : 1))
      ),
      document: (groupVersion) =>
        Effect.flatMap(paths, (paths): Effect.Effect<OpenApiDocument, ApiError | RequestError | DiscoveryError> => {
          const url = paths.get(groupVersion.includes("/") ? `apis/${groupVersion}` : `api/${groupVersion}`)
          if (url === undefined) {
            return Effect.fail(new DiscoveryError({ reason: new NoGroupVersion({ groupVersion }) }))
          }
          const known = documents.get(groupVersion)
          // Without a hash nothing tells whether it has changed.
          if (known?.url === url && url.includes("hash=")) return Effect.succeed(known.document)
          return Effect.flatMap(rest.json(get(url)), (document) =>
            isDocument(document)
              ? Effect.sync(() => {
                documents.set(groupVersion, { url, document })
                return document
              })
              : Effect.fail(misunderstood(url, "not an OpenAPI v3 document")))
        })
    })
  }
)

/**
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<OpenApiClient, never, RestClient.RestClient> = Layer.effect(OpenApiClient, make)

/**
 * The schema of a kind in a document, by the name that references to it use; `undefined` where the document has none.
 *
 * @category accessors
 * @since 0.1.0
 */
export const schemaOf = (
  document: OpenApiDocument,
  { group, kind, version }: GroupVersionKind
): readonly [name: string, schema: { readonly [member: string]: unknown }] | undefined =>
  Object.entries(document.components?.schemas ?? {}).find(([, schema]) => {
    const kinds = schema["x-kubernetes-group-version-kind"]
    return Array.isArray(kinds) &&
      kinds.some((its) =>
        Predicate.isObject(its) && its["group"] === group && its["version"] === version && its["kind"] === kind
      )
  })
