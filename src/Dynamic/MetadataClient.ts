/**
 * `MetadataClient`: the metadata of objects of any kind, without the rest.
 *
 * The server sends `PartialObjectMetadata` where it is asked to, about a fifth of the bytes: enough to count, label,
 * garbage collect, or watch by owner. Its clients hand out `ListWatch` values, so metadata-only informers are the same
 * code as others.
 *
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/#metadata-only-fetches
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ResourceClient from "../Clientset/ResourceClient.ts"
import type { GroupVersionResource } from "../Machinery/GroupVersionResource.ts"
import * as Resource from "../Machinery/Resource.ts"
import type { AnyResource, Scope } from "../Machinery/Resource.ts"
import * as RestClient from "../Rest/RestClient.ts"
import * as RestListWatch from "../Rest/RestListWatch.ts"
import type { PartialObjectMetadata } from "../Watch/ListWatchSource.ts"

/**
 * The client of the metadata of one kind. What it returns is of the kind `PartialObjectMetadata`; a patch may change
 * metadata alone.
 *
 * @category models
 * @since 0.1.0
 */
export interface MetadataResourceClient<S extends Scope = Scope> extends
  Pick<
    ResourceClient.ResourceClient<PartialObjectMetadata, S>,
    "get" | "list" | "watch" | "patch" | "delete" | "deleteCollection" | "listWatch" | "namespace" | "resource"
  >
{}

/**
 * Clients of the metadata of any kind.
 *
 * @category services
 * @since 0.1.0
 */
export class MetadataClient extends Context.Service<MetadataClient, {
  /** The client of a kind by its descriptor. `namespace` is without meaning where the kind lives in none. */
  readonly resource: (resource: AnyResource, namespace?: string) => MetadataResourceClient
  /** The client of a path in a namespace; without one it sees all namespaces. */
  readonly namespaced: (resource: GroupVersionResource, namespace?: string) => MetadataResourceClient<"Namespaced">
  /** The client of a path outside of namespaces. */
  readonly clusterScoped: (resource: GroupVersionResource) => MetadataResourceClient<"Cluster">
}>()("effect-kubernetes/Dynamic/MetadataClient") {}

const describe = <S extends Scope>(resource: Pick<AnyResource, "group" | "version" | "kind" | "plural">, scope: S) =>
  Resource.make<PartialObjectMetadata>()({
    group: resource.group,
    version: resource.version,
    kind: resource.kind,
    plural: resource.plural,
    scope
  })

const client = <S extends Scope>(
  rest: RestClient.RestClient["Service"],
  resource: Pick<AnyResource, "group" | "version" | "kind" | "plural">,
  scope: S,
  namespace: string | undefined
): MetadataResourceClient<S> =>
  ResourceClient.fromRepresentation(rest, describe(resource, scope), RestListWatch.metadata<S>(), namespace)

const ofPath = ({ group, resource, version }: GroupVersionResource) => ({ group, version, kind: "", plural: resource })

/**
 * Makes the client over a `RestClient`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make: Effect.Effect<MetadataClient["Service"], never, RestClient.RestClient> = Effect.map(
  RestClient.RestClient,
  (rest) =>
    MetadataClient.of({
      resource: (resource, namespace) => client(rest, resource, resource.scope, namespace),
      namespaced: (resource, namespace) => client(rest, ofPath(resource), "Namespaced", namespace),
      clusterScoped: (resource) => client(rest, ofPath(resource), "Cluster", undefined)
    })
)

/**
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<MetadataClient, never, RestClient.RestClient> = Layer.effect(MetadataClient, make)
