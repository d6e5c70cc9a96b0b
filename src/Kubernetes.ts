/**
 * What a program has of a cluster, whatever cluster it is: clients for kinds known at compile time and at run time,
 * discovery, and shared informers, over one `Transport`.
 *
 * `NodeKubernetes` puts it over sockets and `Testing/ApiServer` over memory, so that a program does not tell them apart.
 * With another transport (`FetchTransport`, one's own) it is `Kubernetes.layer.pipe(Layer.provide(myTransport))`.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Clientset from "./Clientset/Clientset.ts"
import * as CachedDiscovery from "./Discovery/CachedDiscovery.ts"
import type { DiscoveryClient } from "./Discovery/DiscoveryClient.ts"
import * as OpenApiClient from "./Discovery/OpenApiClient.ts"
import * as RestMapper from "./Discovery/RestMapper.ts"
import * as DynamicClient from "./Dynamic/DynamicClient.ts"
import * as MetadataClient from "./Dynamic/MetadataClient.ts"
import * as ScaleClient from "./Dynamic/ScaleClient.ts"
import * as InformerFactory from "./Informer/InformerFactory.ts"
import * as RestClient from "./Rest/RestClient.ts"
import * as RestListWatch from "./Rest/RestListWatch.ts"
import { Transport } from "./Rest/Transport.ts"
import type { ListWatchSource } from "./Watch/ListWatchSource.ts"

/**
 * What a program has of a cluster.
 *
 * @category models
 * @since 0.1.0
 */
export type Kubernetes =
  | RestClient.RestClient
  | Clientset.Clientset
  | DynamicClient.DynamicClient
  | MetadataClient.MetadataClient
  | ScaleClient.ScaleClient
  | DiscoveryClient
  | OpenApiClient.OpenApiClient
  | RestMapper.RestMapper
  | ListWatchSource
  | InformerFactory.InformerFactory

const own = <A, R, Connection extends object>(
  connection: Effect.Effect<Connection, never, R>,
  layer: Layer.Layer<A, never, R>
): Layer.Layer<A, never, R> => {
  const layers = new WeakMap<Connection, Layer.Layer<A, never, R>>()
  const layerOf = (connection: Connection): Layer.Layer<A, never, R> => {
    const known = layers.get(connection)
    if (known !== undefined) return known
    const made = Layer.effectContext(Layer.build(Layer.fresh(layer)))
    layers.set(connection, made)
    return made
  }
  // Layers are memoized by reference, and these are the same for all clusters: without one per connection, a program
  // that provides a second cluster inside the first would read and write the first.
  return Layer.fromBuild((memoMap, scope) =>
    Effect.flatMap(connection, (connection) => Layer.buildWithMemoMap(layerOf(connection), memoMap, scope))
  )
}

/**
 * Clients and informers over a `RestClient` that is already there, as one with settings of its own. Two parts of a
 * program over the same one share them; over another one they are others.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerRestClient: Layer.Layer<
  Exclude<Kubernetes, RestClient.RestClient>,
  never,
  RestClient.RestClient
> = own(
  RestClient.RestClient,
  Layer.mergeAll(
    Clientset.layer,
    MetadataClient.layer,
    OpenApiClient.layer,
    Layer.mergeAll(DynamicClient.layer, ScaleClient.layer).pipe(
      Layer.provideMerge(RestMapper.layer),
      Layer.provideMerge(CachedDiscovery.layerMemory)
    ),
    InformerFactory.layer.pipe(Layer.provideMerge(RestListWatch.layer))
  )
)

/**
 * Clients and informers over a transport. Two parts of a program over the same one share them; over another one they
 * are others.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<Kubernetes, never, Transport> = own(
  Transport,
  layerRestClient.pipe(Layer.provideMerge(RestClient.layer))
)
