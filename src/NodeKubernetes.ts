/**
 * The layers of a Node program: from a kubeconfig or the files of a pod to a client of the cluster.
 *
 * Provide one of them at the edge of a program and nothing else is needed: `ClientConfig` is resolved, its credential
 * made live, connections opened with undici when they are needed and closed with the layer's scope.
 *
 * @since 0.1.0
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import type * as Config from "effect/Config"
import * as Layer from "effect/Layer"
import * as ClientConfig from "./Config/ClientConfig.ts"
import * as CredentialResolver from "./Config/CredentialResolver.ts"
import type { KubeconfigError } from "./Config/KubeconfigError.ts"
import * as NodeOidcHttpClient from "./Config/NodeOidcHttpClient.ts"
import * as Kubernetes from "./Kubernetes.ts"
import type { RequestError } from "./Machinery/RequestError.ts"
import * as NodeTransport from "./Rest/NodeTransport.ts"
import * as NodeWebSocketTransport from "./Rest/NodeWebSocketTransport.ts"
import * as RestClient from "./Rest/RestClient.ts"
import type { Transport } from "./Rest/Transport.ts"
import * as WebSocketClient from "./Rest/WebSocketClient.ts"

/**
 * What the layers give.
 *
 * @category models
 * @since 0.1.0
 */
export type NodeKubernetes =
  | Kubernetes.Kubernetes
  | Transport
  | WebSocketClient.WebSocketClient
  | ClientConfig.ClientConfig

/**
 * Why the layers fail to build: the configuration cannot be read or used, or the environment cannot.
 *
 * @category models
 * @since 0.1.0
 */
export type Failure = KubeconfigError | RequestError | Config.ConfigError

// Layers are memoized by reference, and those above `ClientConfig` are the same for all clusters: without a memory of its
// own, a program that provides a second cluster inside the first would get the transport, and the token, of the first.
const isolated = <A, E, R>(layer: Layer.Layer<A, E, R>): Layer.Layer<A, E, R> =>
  Layer.effectContext(Layer.build(Layer.fresh(layer)))

const over = <E>(config: Layer.Layer<ClientConfig.ClientConfig, E>): Layer.Layer<NodeKubernetes, E | Failure> =>
  Kubernetes.layerRestClient.pipe(
    Layer.provideMerge(RestClient.layerConfig),
    Layer.provideMerge(NodeTransport.layer),
    Layer.merge(WebSocketClient.layerConfig.pipe(Layer.provide(NodeWebSocketTransport.layer))),
    Layer.provideMerge(config),
    isolated,
    Layer.provide(CredentialResolver.layer),
    Layer.provide(NodeOidcHttpClient.layer),
    Layer.provide(NodeServices.layer)
  )

/**
 * The kubeconfig files (`KUBECONFIG`, else `~/.kube/config`); where they choose no cluster, the pod this process runs in.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<NodeKubernetes, Failure> = over(
  Layer.provide(ClientConfig.layer, NodeServices.layer)
)

/**
 * One context of the kubeconfig files, and nothing else.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerKubeconfig = (
  options?: ClientConfig.KubeconfigOptions
): Layer.Layer<NodeKubernetes, Failure> =>
  over(Layer.provide(ClientConfig.layerKubeconfig(options), NodeServices.layer))

/**
 * The pod this process runs in, and nothing else.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerInCluster: Layer.Layer<NodeKubernetes, Failure> = over(
  Layer.provide(ClientConfig.layerInCluster, NodeServices.layer)
)

/**
 * A server and how to reach it, said in the program.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerOptions = (
  options: Parameters<typeof ClientConfig.layerOptions>[0]
): Layer.Layer<NodeKubernetes, Failure> => over(ClientConfig.layerOptions(options))
