/**
 * The layers of a Node program that works with few kinds: from a kubeconfig or the files of a pod to a `RestClient`, and
 * nothing on top of it.
 *
 * `ResourceClient.make(Deployment)` needs no more. `NodeKubernetes` gives clients of all kinds, discovery, informers
 * and streams besides, which a bundle then carries along: this is for programs that count bytes and milliseconds. What a
 * connection needs is loaded when the layer is built. An OIDC provider is asked with the runtime's `fetch`, so one whose
 * certificate only `idp-certificate-authority` vouches for is refused here.
 *
 * @since 0.1.0
 */
import type * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import type * as Path from "effect/Path"
import type * as ClientConfig from "./Config/ClientConfig.ts"
import type { KubeconfigError } from "./Config/KubeconfigError.ts"
import * as TokenBucket from "./FlowControl/TokenBucket.ts"
import type { RequestError } from "./Machinery/RequestError.ts"
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

// Layers are memoized by reference: a second cluster inside the first needs a transport, and a token, of its own.
const isolated = <A, E, R>(layer: Layer.Layer<A, E, R>): Layer.Layer<A, E, R> =>
  Layer.effectContext(Layer.build(Layer.fresh(layer)))

// A program that is only asked for its version should not have to load YAML, TLS and HTTP.
const modules = Effect.promise(() =>
  Promise.all([
    import("./Config/ClientConfig.ts"),
    import("./Config/CredentialResolver.ts"),
    import("./Config/OidcHttpClient.ts"),
    import("./Rest/NodeTransport.ts"),
    import("effect/http/FetchHttpClient"),
    import("@effect/platform-node/NodeChildProcessSpawner"),
    import("@effect/platform-node/NodeFileSystem"),
    import("@effect/platform-node/NodePath"),
    import("@effect/platform-node/NodeStdio")
  ])
)

// As `RestClient.layerConfig`, which would load the reading of kubeconfigs with it.
const fromConfig = (config: typeof ClientConfig) =>
  Effect.gen(function*() {
    const { rateLimit, timeout, userAgent } = yield* config.ClientConfig
    const rateLimiter = rateLimit === undefined ? undefined : yield* TokenBucket.make(rateLimit)
    return yield* RestClient.make({ userAgent, timeout, rateLimiter })
  })

const over = <E>(
  choose: (
    module: typeof ClientConfig
  ) => Layer.Layer<ClientConfig.ClientConfig, E, FileSystem.FileSystem | Path.Path>
): Layer.Layer<NodeRestClient, E | Failure> =>
  Layer.unwrap(Effect.map(modules, ([config, resolver, oidc, transport, fetch, spawner, files, path, stdio]) => {
    // Files, and for exec plugins processes and a terminal.
    const services = spawner.layer.pipe(Layer.provideMerge(Layer.mergeAll(files.layer, path.layer, stdio.layer)))
    return Layer.effect(RestClient.RestClient, fromConfig(config)).pipe(
      Layer.provideMerge(transport.layer),
      Layer.provideMerge(choose(config)),
      isolated,
      Layer.provide(resolver.layer),
      Layer.provide(Layer.provide(oidc.layerHttpClient, fetch.layer)),
      Layer.provide(services)
    )
  }))

/**
 * The kubeconfig files (`KUBECONFIG`, else `~/.kube/config`); where they choose no cluster, the pod this process runs in.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<NodeRestClient, Failure> = over((config) => config.layer)

/**
 * One context of the kubeconfig files, and nothing else.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerKubeconfig = (
  options?: ClientConfig.KubeconfigOptions
): Layer.Layer<NodeRestClient, Failure> => over((config) => config.layerKubeconfig(options))

/**
 * The pod this process runs in, and nothing else.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerInCluster: Layer.Layer<NodeRestClient, Failure> = over((config) => config.layerInCluster)

/**
 * A server and how to reach it, said in the program.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerOptions = (
  options: Parameters<typeof ClientConfig.layerOptions>[0]
): Layer.Layer<NodeRestClient, Failure> => over((config) => config.layerOptions(options))
