/**
 * `ClientConfig`: everything a client has to know about its API server, resolved.
 *
 * The layers here choose where it comes from: kubeconfig files, the files of a pod, environment variables or options.
 * Rest opens connections with it and CredentialResolver makes its credential live. Certificates in files stay names:
 * the transport reads them again as they change; that they can be read was checked when the layer was built.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Path from "effect/Path"
import * as Redacted from "effect/Redacted"
import type { CertificateSource, CredentialSource, PemSource } from "./CredentialSource.ts"
import type { Impersonation } from "./Impersonation.ts"
import * as InCluster from "./InCluster.ts"
import * as Resolve from "./internal/resolve.ts"
import * as ServerAddress from "./internal/serverAddress.ts"
import * as KubeconfigError from "./KubeconfigError.ts"
import * as KubeconfigLoader from "./KubeconfigLoader.ts"
import type { KubeconfigOverrides } from "./KubeconfigOverrides.ts"

/**
 * How the server is recognised, and how the client presents itself in the handshake.
 *
 * @category models
 * @since 0.1.0
 */
export interface Tls {
  /** What the server's certificate is checked with; absent: the authorities of the system. */
  readonly certificateAuthority: PemSource | undefined
  /** The name to ask for and to check instead of the host of `server`. */
  readonly serverName: string | undefined
  /** Accepts any certificate, this client only. Excludes `certificateAuthority`. */
  readonly insecureSkipVerify: boolean
  readonly clientCertificate: CertificateSource | undefined
}

/**
 * Client-side limits on requests, as client-go has them: 5 a second and 10 at once unless set. Off here unless set, as
 * servers have priority and fairness.
 *
 * @category models
 * @since 0.1.0
 */
export interface RateLimit {
  /** Requests per second. */
  readonly qps: number
  /** Requests at once. */
  readonly burst: number
}

/**
 * The configuration of one client.
 *
 * @category services
 * @since 0.1.0
 */
export class ClientConfig extends Context.Service<ClientConfig, {
  /** The address: scheme, host, port and path without a slash at its end. */
  readonly server: string
  readonly tls: Tls
  readonly credential: CredentialSource
  readonly impersonation: Impersonation | undefined
  /**
   * The namespace of the context or of the pod, `default` where neither says one. Clients do not go by it, as in
   * client-go: a program that works in it passes it, and one that passes none sees all namespaces.
   */
  readonly namespace: string
  /** `http`, `https`, `socks5` or `socks5h`, perhaps with a password; absent: what HTTPS_PROXY and NO_PROXY say. */
  readonly proxyUrl: Redacted.Redacted<string> | undefined
  /** Does not ask the server for compressed answers. */
  readonly disableCompression: boolean
  /** The longest time for one request that is no watch and no stream; absent: none. */
  readonly timeout: Duration.Input | undefined
  readonly rateLimit: RateLimit | undefined
  /** The `User-Agent`; absent: what the transport builds. */
  readonly userAgent: string | undefined
}>()("effect-kubernetes/Config/ClientConfig") {}

/**
 * What `yield* ClientConfig` gives.
 *
 * @category models
 * @since 0.1.0
 */
export type Service = ClientConfig["Service"]

/**
 * Everything but the server: anonymous, the namespace `default`, no limits.
 *
 * @category constructors
 * @since 0.1.0
 */
export const defaults: Omit<Service, "server"> = {
  tls: {
    certificateAuthority: undefined,
    serverName: undefined,
    insecureSkipVerify: false,
    clientCertificate: undefined
  },
  credential: { _tag: "Anonymous" },
  impersonation: undefined,
  namespace: "default",
  proxyUrl: undefined,
  disableCompression: false,
  timeout: undefined,
  rateLimit: undefined,
  userAgent: undefined
}

// What no source may say, however it is made.
const checked = (config: Service): Effect.Effect<Service, KubeconfigError.KubeconfigError> => {
  const { rateLimit, tls } = config
  if (tls.insecureSkipVerify && tls.certificateAuthority !== undefined) {
    return Effect.fail(KubeconfigError.invalid({
      member: "tls",
      description: "a certificate authority and insecureSkipVerify exclude each other"
    }))
  }
  if (rateLimit !== undefined && !(rateLimit.qps > 0 && rateLimit.burst >= 1)) {
    return Effect.fail(KubeconfigError.invalid({
      member: "rateLimit",
      description: "expected more than 0 requests per second and at least 1 at once"
    }))
  }
  return Effect.succeed(ClientConfig.of(config))
}

/**
 * What takes the place of what a kubeconfig says. An option that is absent or empty changes nothing.
 *
 * @category models
 * @since 0.1.0
 */
export interface KubeconfigOptions extends KubeconfigOverrides {
  /** Read this file only, relative to the working directory; it has to exist. Default: `KUBECONFIG`, else `~/.kube/config`. */
  readonly path?: string | undefined
}

/**
 * Reads the kubeconfig files and resolves one context.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromKubeconfig: (
  options?: KubeconfigOptions
) => Effect.Effect<Service, KubeconfigError.KubeconfigError, FileSystem.FileSystem | Path.Path> = Effect.fnUntraced(
  function*(options) {
    const loaded = yield* KubeconfigLoader.load(options)
    const { config } = yield* Resolve.resolve(loaded, options ?? {})
    return yield* checked(config)
  }
)

/** The pod as a kubeconfig of one context, so that overrides mean the same for both. */
const loadedOf = (pod: InCluster.InCluster): KubeconfigLoader.Loaded => {
  const name = "in-cluster"
  return {
    searchPath: { paths: [], origin: "Environment" },
    files: [],
    kubeconfig: {
      clusters: [{
        name,
        cluster: {
          server: pod.server,
          ...(pod.certificateAuthorityFile === undefined
            ? {}
            : { "certificate-authority": pod.certificateAuthorityFile })
        }
      }],
      users: [{ name, user: { tokenFile: pod.tokenFile } }],
      contexts: [{ name, context: { cluster: name, user: name, namespace: pod.namespace } }],
      "current-context": name
    }
  }
}

/**
 * Reads what the kubelet gave to this pod.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromInCluster: Effect.Effect<Service, KubeconfigError.KubeconfigError, FileSystem.FileSystem> = Effect
  .flatMap(
    InCluster.load,
    (pod) => Effect.map(Resolve.resolve(loadedOf(pod), {}), ({ config }) => ClientConfig.of(config))
  )

/**
 * The default chain: the kubeconfig files; where they choose no cluster, the pod this process runs in; else the failure
 * `NotConfigured`, which says where was looked. In a pod, a context without namespace uses the pod's. Overrides apply to
 * either; one that names a server keeps the pod out of it, as its token is not meant for others.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeWith: (
  options: KubeconfigOptions
) => Effect.Effect<Service, KubeconfigError.KubeconfigError, FileSystem.FileSystem | Path.Path> = Effect.fnUntraced(
  function*(options) {
    const loaded = yield* KubeconfigLoader.load(options)
    const isInCluster = yield* InCluster.isPossible
    const resolved = yield* Resolve.resolve(loaded, options).pipe(
      Effect.catchReason(
        "KubeconfigError",
        "NotConfigured",
        (reason) =>
          isInCluster
            ? Effect.flatMap(InCluster.load, (pod) => Resolve.resolve(loadedOf(pod), options))
            : Effect.fail(new KubeconfigError.KubeconfigError({ reason }))
      )
    )
    const { config, isNamespaceChosen } = resolved
    return yield* checked(
      isNamespaceChosen || !isInCluster ? config : { ...config, namespace: yield* InCluster.namespace }
    )
  }
)

/**
 * The default chain without overrides: see `makeWith`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make: Effect.Effect<
  Service,
  KubeconfigError.KubeconfigError,
  FileSystem.FileSystem | Path.Path
> = makeWith({})

/**
 * The default chain: see `makeWith`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<ClientConfig, KubeconfigError.KubeconfigError, FileSystem.FileSystem | Path.Path> =
  Layer.effect(ClientConfig, make)

/**
 * The default chain with overrides, as the flags of a command give them: see `makeWith`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerWith = (
  options: KubeconfigOptions
): Layer.Layer<ClientConfig, KubeconfigError.KubeconfigError, FileSystem.FileSystem | Path.Path> =>
  Layer.effect(ClientConfig, makeWith(options))

/**
 * One context of the kubeconfig files, and nothing else: no pod is tried.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerKubeconfig = (
  options?: KubeconfigOptions
): Layer.Layer<ClientConfig, KubeconfigError.KubeconfigError, FileSystem.FileSystem | Path.Path> =>
  Layer.effect(ClientConfig, fromKubeconfig(options))

/**
 * The pod this process runs in, and nothing else.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerInCluster: Layer.Layer<ClientConfig, KubeconfigError.KubeconfigError, FileSystem.FileSystem> = Layer
  .effect(ClientConfig, fromInCluster)

/**
 * The server and whatever differs from `defaults`. Fails with `Invalid` where the server is not an address or options
 * contradict each other.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerOptions = (
  options: Pick<Service, "server"> & Partial<Service>
): Layer.Layer<ClientConfig, KubeconfigError.KubeconfigError> =>
  Layer.effect(
    ClientConfig,
    Effect.flatMap(
      ServerAddress.parse(options.server, { member: "server" }),
      (server) => checked({ ...defaults, ...options, server })
    )
  )

const optional = <A>(config: Config.Config<A>) => Effect.map(Config.option(config), Option.getOrUndefined)

/**
 * Environment variables alone, for runtimes without files. The names are those of the Terraform provider for
 * Kubernetes: `KUBE_HOST` (required), `KUBE_NAMESPACE`, `KUBE_TOKEN`, or `KUBE_USER` and `KUBE_PASSWORD`;
 * `KUBE_CLUSTER_CA_CERT_DATA`, `KUBE_CLIENT_CERT_DATA` and `KUBE_CLIENT_KEY_DATA` as PEM; `KUBE_TLS_SERVER_NAME`,
 * `KUBE_INSECURE` and `KUBE_PROXY_URL`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromEnv: Effect.Effect<Service, Config.ConfigError | KubeconfigError.KubeconfigError> = Effect.gen(
  function*() {
    const server = yield* Config.NonEmptyString("KUBE_HOST")
    const token = yield* optional(Config.Redacted("KUBE_TOKEN"))
    const username = yield* optional(Config.NonEmptyString("KUBE_USER"))
    const password = yield* optional(Config.Redacted("KUBE_PASSWORD"))
    const authority = yield* optional(Config.NonEmptyString("KUBE_CLUSTER_CA_CERT_DATA"))
    const certificate = yield* optional(Config.NonEmptyString("KUBE_CLIENT_CERT_DATA"))
    const key = yield* optional(Config.Redacted("KUBE_CLIENT_KEY_DATA"))
    if ((certificate === undefined) !== (key === undefined)) {
      return yield* KubeconfigError.invalid({
        member: certificate === undefined ? "KUBE_CLIENT_CERT_DATA" : "KUBE_CLIENT_KEY_DATA",
        description: "a client certificate needs both the certificate and its key"
      })
    }
    return yield* checked({
      ...defaults,
      server: yield* ServerAddress.parse(server, { member: "KUBE_HOST" }),
      namespace: (yield* optional(Config.NonEmptyString("KUBE_NAMESPACE"))) ?? defaults.namespace,
      credential: token !== undefined
        ? { _tag: "Token", token }
        : username !== undefined
        ? { _tag: "Basic", username, password: password ?? Redacted.make("") }
        : defaults.credential,
      tls: {
        certificateAuthority: authority === undefined ? undefined : { _tag: "Data", pem: authority },
        serverName: yield* optional(Config.NonEmptyString("KUBE_TLS_SERVER_NAME")),
        insecureSkipVerify: (yield* optional(Config.Boolean("KUBE_INSECURE"))) ?? false,
        clientCertificate: certificate === undefined || key === undefined
          ? undefined
          : { certificate: { _tag: "Data", pem: certificate }, key: { _tag: "Data", pem: key } }
      },
      proxyUrl: yield* optional(Config.Redacted("KUBE_PROXY_URL"))
    })
  }
)

/**
 * Environment variables alone: see `fromEnv`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerFromEnv: Layer.Layer<ClientConfig, Config.ConfigError | KubeconfigError.KubeconfigError> = Layer
  .effect(ClientConfig, fromEnv)
