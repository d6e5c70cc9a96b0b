/**
 * The layers of a Node program that works with few kinds: from a kubeconfig or the files of a pod to a `RestClient`, and
 * nothing on top of it.
 *
 * `ResourceClient.make(Deployment)` needs no more. `NodeKubernetes` gives clients of all kinds, discovery, informers
 * and streams besides, which a bundle then carries along: this is for programs that count bytes.
 *
 * @since 0.1.0
 */
import * as NodeChildProcessSpawner from "@effect/platform-node/NodeChildProcessSpawner"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import * as NodeStdio from "@effect/platform-node/NodeStdio"
import type * as Config from "effect/Config"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as ClientConfig from "./Config/ClientConfig.ts"
import * as CredentialResolver from "./Config/CredentialResolver.ts"
import type { KubeconfigError } from "./Config/KubeconfigError.ts"
import * as OidcHttpClient from "./Config/OidcHttpClient.ts"
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
export type NodeRestClient = RestClient.RestClient | Transport | ClientConfig.ClientConfig

/**
 * Why the layers fail to build: the configuration cannot be read or used, or the environment cannot.
 *
 * @category models
 * @since 0.1.0
 */
export type Failure = KubeconfigError | RequestError | Config.ConfigError

// What configuration and credentials need of Node: files, and processes and a terminal for exec plugins.
const services = NodeChildProcessSpawner.layer.pipe(
  Layer.provideMerge(Layer.mergeAll(NodeFileSystem.layer, NodePath.layer, NodeStdio.layer))
)

// Layers are memoized by reference: a second cluster inside the first needs a transport, and a token, of its own.
const isolated = <A, E, R>(layer: Layer.Layer<A, E, R>): Layer.Layer<A, E, R> =>
  Layer.effectContext(Layer.build(Layer.fresh(layer)))

const over = <E>(config: Layer.Layer<ClientConfig.ClientConfig, E>): Layer.Layer<NodeRestClient, E | Failure> =>
  RestClient.layerConfig.pipe(
    Layer.provideMerge(NodeTransport.layer),
    Layer.provideMerge(config),
    isolated,
    Layer.provide(CredentialResolver.layer),
    Layer.provide(Layer.provide(OidcHttpClient.layerHttpClient, FetchHttpClient.layer)),
    Layer.provide(services)
  )

/**
 * The kubeconfig files (`KUBECONFIG`, else `~/.kube/config`); where they choose no cluster, the pod this process runs in.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<NodeRestClient, Failure> = over(
  Layer.provide(ClientConfig.layer, services)
)

/**
 * One context of the kubeconfig files, and nothing else.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerKubeconfig = (
  options?: ClientConfig.KubeconfigOptions
): Layer.Layer<NodeRestClient, Failure> => over(Layer.provide(ClientConfig.layerKubeconfig(options), services))

/**
 * The pod this process runs in, and nothing else.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerInCluster: Layer.Layer<NodeRestClient, Failure> = over(
  Layer.provide(ClientConfig.layerInCluster, services)
)

/**
 * A server and how to reach it, said in the program.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerOptions = (
  options: Parameters<typeof ClientConfig.layerOptions>[0]
): Layer.Layer<NodeRestClient, Failure> => over(ClientConfig.layerOptions(options))
