/**
 * What a program has of a cluster, whatever cluster it is: clients for kinds known at compile time and at run time,
 * discovery, and shared informers, over one `Transport`.
 *
 * `NodeKubernetes` puts it over sockets and `Testing/ApiServer` over memory, so that a program does not tell them apart.
 * With another transport (`FetchTransport`, one's own) it is `Kubernetes.layer.pipe(Layer.provide(myTransport))`.
 *
 * @since 0.1.0
 */
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
import type { Transport } from "./Rest/Transport.ts"
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

/**
 * Clients and informers over a `RestClient` that is already there, as one with settings of its own.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerRestClient: Layer.Layer<
  Exclude<Kubernetes, RestClient.RestClient>,
  never,
  RestClient.RestClient
> = Layer.mergeAll(
  Clientset.layer,
  MetadataClient.layer,
  OpenApiClient.layer,
  Layer.mergeAll(DynamicClient.layer, ScaleClient.layer).pipe(
    Layer.provideMerge(RestMapper.layer),
    Layer.provideMerge(CachedDiscovery.layerMemory)
  ),
  InformerFactory.layer.pipe(Layer.provideMerge(RestListWatch.layer))
)

/**
 * Clients and informers over a transport.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<Kubernetes, never, Transport> = layerRestClient.pipe(
  Layer.provideMerge(RestClient.layer)
)
