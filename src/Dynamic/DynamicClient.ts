/**
 * `DynamicClient`: the verbs of `ResourceClient` for kinds that are known only at run time.
 *
 * It works on `Unstructured`, plain JSON with the members as the server sent them, and names a kind by descriptor, by
 * path (`GroupVersionResource`, nothing is asked), or by what an object says of itself (`RestMapper` asks discovery).
 * Its clients are `ResourceClient`s, so informers, `Pager`, `Wait` and `Entry` take them.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ResourceClient from "../Clientset/ResourceClient.ts"
import * as DynamicResource from "../Discovery/DynamicResource.ts"
import * as RestMapper from "../Discovery/RestMapper.ts"
import * as GroupVersion from "../Machinery/GroupVersion.ts"
import type { GroupKind } from "../Machinery/GroupVersionKind.ts"
import type { GroupVersionResource } from "../Machinery/GroupVersionResource.ts"
import type { ParseError } from "../Machinery/ParseError.ts"
import type { AnyResource, Scope } from "../Machinery/Resource.ts"
import type { Unstructured } from "../Machinery/Unstructured.ts"
import * as RestClient from "../Rest/RestClient.ts"
import * as RestListWatch from "../Rest/RestListWatch.ts"

/**
 * The client of a kind that is known only at run time.
 *
 * @category models
 * @since 0.1.0
 */
export interface DynamicResourceClient<S extends Scope = Scope>
  extends ResourceClient.ResourceClient<Unstructured, S, DynamicResource.DynamicSubresources>
{}

/**
 * Clients for kinds that are known only at run time.
 *
 * @category services
 * @since 0.1.0
 */
export class DynamicClient extends Context.Service<DynamicClient, {
  /**
   * The client of a kind by its descriptor: generated, made by hand, or of `RestMapper`. `namespace` is without meaning
   * where the kind lives in none.
   */
  readonly resource: (resource: AnyResource, namespace?: string) => DynamicResourceClient
  /**
   * The client of a path in a namespace, of which nothing else is known. Objects that are written bring their own
   * `apiVersion` and `kind`. Without a namespace it sees all namespaces.
   */
  readonly namespaced: (resource: GroupVersionResource, namespace?: string) => DynamicResourceClient<"Namespaced">
  /** The client of a path outside of namespaces, of which nothing else is known. */
  readonly clusterScoped: (resource: GroupVersionResource) => DynamicResourceClient<"Cluster">
  /** The client of a kind, in the version that the server prefers unless `version` says which. */
  readonly kind: (
    kind: GroupKind & { readonly version?: string | undefined },
    namespace?: string
  ) => Effect.Effect<DynamicResourceClient, RestMapper.Failure>
  /** The client of the kind and the namespace that an object names, as of a manifest. */
  readonly object: (object: Unstructured) => Effect.Effect<DynamicResourceClient, RestMapper.Failure | ParseError>
}>()("effect-kubernetes/Dynamic/DynamicClient") {}

const client = <S extends Scope>(
  rest: RestClient.RestClient["Service"],
  resource: DynamicResource.DynamicResource<S>,
  namespace: string | undefined
): DynamicResourceClient<S> =>
  ResourceClient.fromRepresentation(rest, resource, RestListWatch.objects(resource), namespace)

/**
 * Makes the client over a `RestClient` and a `RestMapper`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make: Effect.Effect<
  DynamicClient["Service"],
  never,
  RestClient.RestClient | RestMapper.RestMapper
> = Effect.gen(function*() {
  const rest = yield* RestClient.RestClient
  const mapper = yield* RestMapper.RestMapper

  const kind: DynamicClient["Service"]["kind"] = ({ group, kind, version }, namespace) =>
    Effect.map(
      mapper.mapping({ group, kind }, version === undefined || version === "" ? [] : [version]),
      (resource) => client(rest, resource, namespace)
    )

  return DynamicClient.of({
    resource: (resource, namespace) => client(rest, DynamicResource.fromResource(resource), namespace),
    namespaced: (resource, namespace) =>
      client(rest, DynamicResource.fromGroupVersionResource(resource, "Namespaced"), namespace),
    clusterScoped: (resource) => client(rest, DynamicResource.fromGroupVersionResource(resource, "Cluster"), undefined),
    kind,
    object: (object) =>
      Effect.flatMap(
        Effect.fromResult(GroupVersion.parse(object.apiVersion)),
        (groupVersion) => kind({ ...groupVersion, kind: object.kind }, object.metadata?.namespace)
      )
  })
})

/**
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<DynamicClient, never, RestClient.RestClient | RestMapper.RestMapper> = Layer.effect(
  DynamicClient,
  make
)
