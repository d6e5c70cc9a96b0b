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
import * as Undici from "@effect/platform-node/Undici"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { ClientConfig } from "../Config/ClientConfig.ts"
import * as Credential from "../Config/Credential.ts"
import type { KubeconfigError } from "../Config/KubeconfigError.ts"
import { InvalidUrl, RequestError } from "../Machinery/RequestError.ts"
import * as Authentication from "./Authentication.ts"
import * as nodeConnector from "./internal/nodeConnector.ts"
import * as nodeError from "./internal/nodeError.ts"
import * as nodeExchange from "./internal/nodeExchange.ts"
import * as nodeProxy from "./internal/nodeProxy.ts"
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
  /** PEM of the authorities that may sign the server's certificate. Those of Node unless given. */
  readonly ca?: string | undefined
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
  /** How long an unused connection is kept. 60 seconds unless given, less than the 90 of kube-apiserver. */
  readonly keepAlive?: Duration.Input | undefined
  /** The most HTTP/1.1 connections. No limit unless given. */
  readonly connections?: number | undefined
  /** The silence after which an HTTP/2 connection is asked for a sign of life. 30 seconds unless given; 0 for never. */
  readonly pingInterval?: Duration.Input | undefined
  /** How long that sign may take before the connection is given up. 15 seconds unless given. */
  readonly pingTimeout?: Duration.Input | undefined
}

/** The connections made with one client certificate. */
interface Generation {
  readonly certificate: Credential.ClientCertificate | undefined
  readonly http2: Undici.Agent
  /** For requests that repeat a header name, which undici would join over HTTP/2. */
  readonly http1: () => Undici.Agent
  readonly destroy: () => Promise<unknown>
  readonly drain: () => void
}

/**
 * Opens nothing yet: connections are made when they are needed and closed with the scope.
 *
 * Fails with InvalidUrl where `server` or `proxyUrl` is no address, and with Transport (`Tls`) where the CA is no PEM.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  options: Options
): Effect.fn.Return<Transport.Transport["Service"], RequestError, Scope.Scope> {
  const url = yield* addressOf(options.server, "server", ["http:", "https:"])
  const proxy = options.proxyUrl === undefined
    ? undefined
    : nodeProxy.parse(
      yield* addressOf(
        typeof options.proxyUrl === "string" ? options.proxyUrl : Redacted.value(options.proxyUrl),
        "proxy-url",
        ["http:", "https:", "socks5:", "socks5h:"]
      )
    )
  const origin = url.origin
  const prefix = url.pathname.replace(/\/+$/, "")
  const server = `${origin}${prefix}`
  const compression = options.compression ?? true
  const credential = options.credential
  if (options.isInsecure === true) {
    yield* Effect.logWarning("TLS certificates of the server are not verified (insecure-skip-tls-verify)").pipe(
      Effect.annotateLogs({ server })
    )
  }

  const keepAliveTimeout = Duration.toMillis(options.keepAlive ?? "60 seconds")
  const pingInterval = Duration.toMillis(options.pingInterval ?? "30 seconds")
  const agent = (certificate: Credential.ClientCertificate | undefined, allowsHttp2: boolean) =>
    new Undici.Agent({
      connect: nodeConnector.make({
        ca: options.ca,
        certificate,
        serverName: options.tlsServerName,
        isInsecure: options.isInsecure ?? false,
        allowsHttp2,
        proxy,
        connectTimeout: Duration.toMillis(options.connectTimeout ?? "30 seconds"),
        pingInterval,
        pingTimeout: Duration.toMillis(options.pingTimeout ?? "15 seconds")
      }),
      allowH2: allowsHttp2,
      h2Options: { pingInterval },
      pipelining: 1,
      keepAliveTimeout,
      keepAliveMaxTimeout: keepAliveTimeout,
      headersTimeout: 0,
      bodyTimeout: 0,
      ...(options.connections === undefined ? {} : { connections: options.connections })
    })
  const generationOf = (certificate: Credential.ClientCertificate | undefined): Generation => {
    const http2 = agent(certificate, options.allowsHttp2 ?? true)
    let http1: Undici.Agent | undefined
    return {
      certificate,
      http2,
      http1: () => http1 ??= agent(certificate, false),
      destroy: () => Promise.all([http2.destroy(), http1?.destroy()]),
      drain: () => {
        // Resolves when the last request has ended; nobody waits for it.
        void http2.close()
        void http1?.close()
      }
    }
  }

  const generations = new Set<Generation>()
  let current: Generation | undefined
  yield* Effect.addFinalizer(() => Effect.promise(() => Promise.all([...generations].map((its) => its.destroy()))))
  const withCertificate = (
    certificate: Credential.ClientCertificate | undefined,
    where: nodeError.Where
  ): Effect.Effect<Generation, RequestError> => {
    if (current !== undefined && current.certificate === certificate) return Effect.succeed(current)
    return Effect.try({
      try: () => {
        const next = generationOf(certificate)
        current?.drain()
        generations.add(next)
        current = next
        return next
      },
      catch: (error) => nodeError.classify(error, where)
    })
  }

  return Transport.Transport.of({
    server,
    execute: (request) => {
      const end = request.path.indexOf("?")
      const where = { verb: request.verb, url: `${server}${end < 0 ? request.path : request.path.slice(0, end)}` }
      const outgoing: Transport.TransportRequest = {
        ...request,
        path: `${prefix}${request.path}`,
        headers: compression ? [...request.headers, ["accept-encoding", "gzip"]] : request.headers
      }
      const send = (generation: Generation) =>
        nodeExchange.send(
          hasRepeatedName(request.headers) ? generation.http1() : generation.http2,
          origin,
          outgoing,
          where
        )
      if (credential === undefined) {
        return Effect.flatMap(withCertificate(undefined, where), send)
      }
      return credential.get.pipe(
        Effect.mapError((error) => error.toRequestError(where)),
        Effect.flatMap((value) => withCertificate(value.clientCertificate, where)),
        Effect.flatMap(send)
      )
    }
  })
})

/**
 * The transport to one server.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerOptions = (options: Options): Layer.Layer<Transport.Transport, RequestError> =>
  Layer.effect(Transport.Transport, make(options))

/**
 * The authenticated transport to the server of `ClientConfig`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<
  Transport.Transport,
  RequestError | KubeconfigError,
  ClientConfig | FileSystem.FileSystem
> = Layer.effect(
  Transport.Transport,
  Effect.gen(function*() {
    const config = yield* ClientConfig
    const credential = yield* provisional(config)
    const transport = yield* make({
      server: config.server,
      ca: config.tls.certificateAuthority === undefined ? undefined : yield* pemOf(config.tls.certificateAuthority),
      tlsServerName: config.tls.serverName,
      isInsecure: config.tls.insecureSkipVerify,
      credential,
      proxyUrl: config.proxyUrl,
      compression: !config.disableCompression
    })
    return Authentication.make({ credential, impersonation: config.impersonation })(transport)
  })
)

const pemOf = (
  source: { readonly _tag: "Data"; readonly pem: string } | { readonly _tag: "File"; readonly path: string }
) =>
  source._tag === "Data"
    ? Effect.succeed(source.pem)
    : Effect.flatMap(FileSystem.FileSystem, (files) => Effect.orDie(files.readFileString(source.path)))

const provisional = Effect.fnUntraced(function*(config: ClientConfig["Service"]) {
  const { clientCertificate: pair } = config.tls
  const files = yield* FileSystem.FileSystem
  const { credential } = config
  const authorization = credential._tag === "Token"
    ? Credential.bearer(credential.token)
    : credential._tag === "TokenFile"
    ? Credential.bearer(Redacted.make(yield* Effect.orDie(files.readFileString(credential.path))))
    : credential._tag === "Basic"
    ? Credential.basic(credential.username, credential.password)
    : undefined
  return Credential.fixed({
    authorization,
    clientCertificate: pair === undefined ? undefined : {
      certificate: yield* pemOf(pair.certificate),
      key: pair.key._tag === "Data" ? pair.key.pem : Redacted.make(yield* pemOf(pair.key))
    }
  })
})

const hasRepeatedName = (headers: ReadonlyArray<Transport.Header>): boolean => {
  for (let i = 1; i < headers.length; i++) {
    const name = headers[i]?.[0].toLowerCase()
    for (let j = 0; j < i; j++) if (headers[j]?.[0].toLowerCase() === name) return true
  }
  return false
}

const addressOf = (text: string, what: string, protocols: ReadonlyArray<string>): Effect.Effect<URL, RequestError> => {
  const url = URL.parse(text)
  return url !== null && protocols.includes(url.protocol)
    ? Effect.succeed(url)
    : Effect.fail(
      new RequestError({
        reason: new InvalidUrl({
          verb: "connect",
          // What does not parse may hold a password anywhere, so none of it is shown.
          url: url === null ? what : `${url.protocol}//${url.host}`,
          description: `the ${what} must be an address that begins with ${
            protocols.map((its) => `${its}//`).join(", ")
          }`
        })
      })
    )
}
