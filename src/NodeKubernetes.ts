/**
 * The layers of a Node program: from a kubeconfig or the files of a pod to a client of the cluster.
 *
 * Provide one of them at the edge of a program and nothing else is needed: `ClientConfig` is resolved, its credential
 * made live, connections opened with undici when they are needed and closed with the layer's scope.
 *
 * @since 0.1.0
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Layer from "effect/Layer"
import * as ClientConfig from "./Config/ClientConfig.ts"
import type { KubeconfigError } from "./Config/KubeconfigError.ts"
import type { RequestError } from "./Machinery/RequestError.ts"
import * as NodeTransport from "./Rest/NodeTransport.ts"
import * as RestClient from "./Rest/RestClient.ts"
import type { Transport } from "./Rest/Transport.ts"

/**
 * What the layers give.
 *
 * @category models
 * @since 0.1.0
 */
export type Kubernetes = RestClient.RestClient | Transport | ClientConfig.ClientConfig

const over = <E>(
  config: Layer.Layer<ClientConfig.ClientConfig, E>
): Layer.Layer<Kubernetes, E | KubeconfigError | RequestError> =>
  RestClient.layerConfig.pipe(
    Layer.provideMerge(NodeTransport.layer),
    Layer.provideMerge(config),
    Layer.provide(NodeServices.layer)
  )

/**
 * The kubeconfig files (`KUBECONFIG`, else `~/.kube/config`); where they choose no cluster, the pod this process runs in.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<Kubernetes, KubeconfigError | RequestError> = over(
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
): Layer.Layer<Kubernetes, KubeconfigError | RequestError> =>
  over(Layer.provide(ClientConfig.layerKubeconfig(options), NodeServices.layer))

/**
 * The pod this process runs in, and nothing else.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerInCluster: Layer.Layer<Kubernetes, KubeconfigError | RequestError> = over(
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
): Layer.Layer<Kubernetes, KubeconfigError | RequestError> => over(ClientConfig.layerOptions(options))
