/**
 * `NodeTransport`: the door to one API server on Node, over undici.
 *
 * HTTP/2 where the server offers it and HTTP/1.1 else, over TLS with the cluster's own CA and the client certificate of
 * a `Credential`, directly or through a proxy. It adds no `Authorization` header: that is `Authentication`'s work.
 * Connections belong to the scope of `make`, bodies to the scope of their request. A new client certificate or CA means
 * new connections; the old ones end when their last request has ended.
 *
 * @since 0.1.0
 */
import type * as Config from "effect/Config"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { ClientConfig } from "../Config/ClientConfig.ts"
import type * as Credential from "../Config/Credential.ts"
import { CredentialResolver } from "../Config/CredentialResolver.ts"
import type { KubeconfigError } from "../Config/KubeconfigError.ts"
import { InvalidUrl, RequestError } from "../Machinery/RequestError.ts"
import * as Authentication from "./Authentication.ts"
import * as CaBundle from "./CaBundle.ts"
import * as connectionError from "./internal/connectionError.ts"
import * as nodeExchange from "./internal/nodeExchange.ts"
import type * as NodePools from "./internal/nodePools.ts"
import * as nodeProxy from "./internal/nodeProxy.ts"
import * as Proxy from "./Proxy.ts"
import * as RestMetrics from "./RestMetrics.ts"
import * as Transport from "./Transport.ts"

/**
 * How to reach the server.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** `https://HOST:PORT`, with a path where the API is not at the root. */
  readonly server: string
  /** The authorities that may sign the server's certificate. Those of Node unless given. */
  readonly ca?: CaBundle.CaBundle | undefined
  /** The name to ask for and to find in the server's certificate. The host of `server` unless given. */
  readonly tlsServerName?: string | undefined
  /** Accepts any server certificate. Off unless given; logged once, as it hands every credential to who answers. */
  readonly isInsecure?: boolean | undefined
  /** Whose client certificate is presented. None unless given. */
  readonly credential?: Credential.Service | undefined
  /** `http:`, `https:`, `socks5:` or `socks5h:`, with user and password where it asks for them. None unless given. */
  readonly proxyUrl?: string | Redacted.Redacted<string> | undefined
  /** Whether gzip answers are asked for. On unless false, as in client-go. */
  readonly compression?: boolean | undefined
  /** Whether HTTP/2 is offered to the server. On unless false. */
  readonly allowsHttp2?: boolean | undefined
  /** For the TCP connection, the proxy and the TLS handshake. 30 seconds unless given, as Go's dialer. */
  readonly connectTimeout?: Duration.Input | undefined
  /** For the head of an answer, from the request on; what is late is Timeout. No limit unless given, as in client-go. */
  readonly responseTimeout?: Duration.Input | undefined
  /** How long an unused connection is kept. 60 seconds unless given, less than the 90 of kube-apiserver. */
  readonly keepAlive?: Duration.Input | undefined
  /** The most HTTP/1.1 connections. No limit unless given. */
  readonly connections?: number | undefined
  /** The silence after which an HTTP/2 connection is asked for a sign of life. 30 seconds unless given; 0 for never. */
  readonly pingInterval?: Duration.Input | undefined
  /** How long that sign may take before the connection is given up. 15 seconds unless given. */
  readonly pingTimeout?: Duration.Input | undefined
}

/**
 * Opens nothing yet: connections are made when they are needed and closed with the scope.
 *
 * Fails with InvalidUrl where `server` or `proxyUrl` is no address. Certificates that cannot be used fail each request
 * with Transport of kind `Tls`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  options: Options
): Effect.fn.Return<Transport.Transport["Service"], RequestError, Scope.Scope> {
  const { origin, prefix, proxy, url } = yield* addresses(options)
  const server = `${origin}${prefix}`
  const isInsecure = options.isInsecure ?? false
  const encoding: ReadonlyArray<Transport.Header> = options.compression ?? true ? [["accept-encoding", "gzip"]] : []
  if (isInsecure) {
    yield* Effect.logWarning("the server's certificate is not verified (insecure-skip-tls-verify)").pipe(
      Effect.annotateLogs({ server })
    )
  }

  const context = yield* Effect.context<never>()
  const dns = Metric.withAttributes(RestMetrics.dnsDuration, { host: url.host })
  // undici is half of what a program has to load, so it is loaded where it is needed first.
  const nodePools = yield* Effect.promise(() => import("./internal/nodePools.ts"))
  const pools = nodePools.make({
    isTls: url.protocol === "https:",
    isInsecure,
    serverName: options.tlsServerName,
    allowsHttp2: options.allowsHttp2 ?? true,
    proxy,
    connectTimeout: Duration.toMillis(options.connectTimeout ?? "30 seconds"),
    pingInterval: Duration.toMillis(options.pingInterval ?? "30 seconds"),
    pingTimeout: Duration.toMillis(options.pingTimeout ?? "15 seconds"),
    keepAliveTimeout: Duration.toMillis(options.keepAlive ?? "60 seconds"),
    connections: options.connections,
    onLookup: (seconds) => dns.updateUnsafe(seconds, context),
    onChange: (_open, reason) => {
      RestMetrics.transportEntries.modifyUnsafe(reason === "closed" ? -1 : 1, context)
      if (reason !== "closed") {
        Metric.withAttributes(RestMetrics.transportCreations, { result: reason }).updateUnsafe(1, context)
      }
    }
  })
  yield* Effect.addFinalizer(() => Effect.promise(() => pools.destroy()))

  const responseTimeout = options.responseTimeout === undefined ? 0 : Duration.toMillis(options.responseTimeout)
  const { ca, credential } = options
  const poolFor = (where: connectionError.Where): Effect.Effect<NodePools.Pool, RequestError> => {
    if (ca === undefined && credential === undefined) return get(nothing, where)
    const bundle = ca === undefined ? Effect.undefined : ca.get
    const value = credential === undefined
      ? Effect.undefined
      : Effect.mapError(credential.get, (error) => error.toRequestError(where))
    return Effect.flatMap(
      bundle,
      (ca) => Effect.flatMap(value, (value) => get({ ca, certificate: value?.clientCertificate }, where))
    )
  }
  const get = (
    material: NodePools.Material,
    where: connectionError.Where
  ): Effect.Effect<NodePools.Pool, RequestError> =>
    Effect.try({ try: () => pools.get(material), catch: (error) => connectionError.classify(error, where) })

  return Transport.Transport.of({
    server,
    execute: (request) => {
      const end = request.path.indexOf("?")
      const where = { verb: request.verb, url: `${server}${end < 0 ? request.path : request.path.slice(0, end)}` }
      const send = Effect.flatMap(poolFor(where), (pool) =>
        nodeExchange.send(
          hasRepeatedName(request.headers) ? pool.http1() : pool.any,
          origin,
          { ...request, path: `${prefix}${request.path}`, headers: [...request.headers, ...encoding] },
          where,
          responseTimeout
        ))
      const sent = sendUnprocessed(send, 0)
      return ca === undefined ? sent : Effect.tapError(sent, ({ reason }) =>
        // Perhaps the authority has changed since the file was last read.
        reason._tag === "Transport" && reason.kind === "Tls" ? ca.expire : Effect.void)
    }
  })
})

// A server that sheds or refuses clients may close one connection after another: kube-apiserver answers 401 with GOAWAY.
// As often as Go's HTTP/2 client, with shorter waits.
const sendUnprocessed = <A, R>(
  send: Effect.Effect<A, RequestError, R>,
  resends: number
): Effect.Effect<A, RequestError, R> =>
  resends === 6
    ? send
    : Effect.catchIf(send, connectionError.isUnprocessed, () =>
      Effect.andThen(
        resends === 0 ? Effect.void : Effect.sleep(10 * 2 ** resends),
        sendUnprocessed(send, resends + 1)
      ))

const nothing: NodePools.Material = { ca: undefined, certificate: undefined }

/**
 * The transport to one server, without authentication but for a client certificate.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerOptions = (options: Options): Layer.Layer<Transport.Transport, RequestError> =>
  Layer.effect(Transport.Transport, make(options))

/**
 * What `ClientConfig` says, with its credential made live and its CA read. Without a `proxy-url` the environment is
 * asked for a proxy.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromConfig: Effect.Effect<
  Options & { readonly credential: Credential.Service },
  RequestError | KubeconfigError | Config.ConfigError,
  ClientConfig | CredentialResolver | FileSystem.FileSystem | Scope.Scope
> = Effect.gen(function*() {
  const { credential, disableCompression, proxyUrl, server, tls } = yield* ClientConfig
  const resolver = yield* CredentialResolver
  return {
    server,
    ca: tls.certificateAuthority === undefined ? undefined : yield* CaBundle.make(tls.certificateAuthority),
    tlsServerName: tls.serverName,
    isInsecure: tls.insecureSkipVerify,
    credential: yield* resolver.get({ credential, clientCertificate: tls.clientCertificate }),
    proxyUrl: proxyUrl ?? Proxy.forServer(yield* Proxy.fromEnv, server),
    compression: !disableCompression
  }
})

/**
 * The authenticated transport to the server of `ClientConfig` (see `fromConfig`), within `Transport.UserMiddleware`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<
  Transport.Transport,
  RequestError | KubeconfigError | Config.ConfigError,
  ClientConfig | CredentialResolver | FileSystem.FileSystem
> = Layer.effect(
  Transport.Transport,
  Effect.gen(function*() {
    const { impersonation } = yield* ClientConfig
    const options = yield* fromConfig
    const transport = yield* make(options)
    const middleware = yield* Transport.UserMiddleware
    return middleware(Authentication.make({ credential: options.credential, impersonation })(transport))
  })
)

const hasRepeatedName = (headers: ReadonlyArray<Transport.Header>): boolean => {
  for (let i = 1; i < headers.length; i++) {
    const name = headers[i]?.[0].toLowerCase()
    for (let j = 0; j < i; j++) if (headers[j]?.[0].toLowerCase() === name) return true
  }
  return false
}

/**
 * The addresses in options, read. Fails with InvalidUrl.
 *
 * @category constructors
 * @since 0.1.0
 */
export const addresses = Effect.fnUntraced(function*(options: Pick<Options, "server" | "proxyUrl">) {
  const url = yield* addressOf(options.server, "server", ["http:", "https:"])
  const { proxyUrl } = options
  const proxy = proxyUrl === undefined
    ? undefined
    : nodeProxy.parse(
      yield* addressOf(
        typeof proxyUrl === "string" ? proxyUrl : Redacted.value(proxyUrl),
        "proxy-url",
        ["http:", "https:", "socks5:", "socks5h:"]
      )
    )
  return { url, origin: url.origin, prefix: url.pathname.replace(/\/+$/, ""), proxy }
})

const addressOf = (text: string, what: string, protocols: ReadonlyArray<string>): Effect.Effect<URL, RequestError> => {
  const url = URL.parse(text)
  return url !== null && protocols.includes(url.protocol)
    ? Effect.succeed(url)
    : Effect.fail(
      new RequestError({
        reason: new InvalidUrl({
          verb: "connect",
          // What does not parse may hold a password anywhere, so none of it is shown.
          url: url === null || url.host === "" ? what : `${url.protocol}//${url.host}`,
          description: `the ${what} must be an address that begins with ${
            protocols.map((its) => `${its}//`).join(", ")
          }`
        })
      })
    )
}
