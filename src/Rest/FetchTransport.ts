/**
 * `FetchTransport`: the door to one API server through the runtime's own `fetch`, for Bun, Deno and edge runtimes.
 *
 * Every runtime takes TLS settings in its own way, and none takes all: what this one cannot honour is an error when the
 * transport is made, never ignored. On Node use `NodeTransport`, which can do more and is faster.
 *
 * | | Bun | Deno | others |
 * |---|---|---|---|
 * | private CA, client certificate | yes | yes | no |
 * | another server name, no verification | yes | no | no |
 * | HTTP proxy | yes | yes | no |
 * | SOCKS proxy | no | yes | no |
 * | a header in several lines (impersonated groups) | no | no | no |
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { ClientConfig } from "../Config/ClientConfig.ts"
import type * as Credential from "../Config/Credential.ts"
import { CredentialResolver } from "../Config/CredentialResolver.ts"
import type { KubeconfigError } from "../Config/KubeconfigError.ts"
import { InvalidUrl, RequestError, Transport as Broken, type TransportKind } from "../Machinery/RequestError.ts"
import * as Authentication from "./Authentication.ts"
import type * as connectionError from "./internal/connectionError.ts"
import * as fetchRuntime from "./internal/fetchRuntime.ts"
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
  /** PEM of the authorities that may sign the server's certificate. The runtime's own unless given. */
  readonly ca?: string | undefined
  /** The name to ask for and to find in the server's certificate. The host of `server` unless given. */
  readonly tlsServerName?: string | undefined
  /** Accepts any server certificate. Off unless given; logged once. */
  readonly isInsecure?: boolean | undefined
  /** Whose client certificate is presented. None unless given. */
  readonly credential?: Credential.Service | undefined
  /** None unless given. */
  readonly proxyUrl?: string | Redacted.Redacted<string> | undefined
  /** Whether compressed answers are asked for. On unless false. */
  readonly compression?: boolean | undefined
  /** Called instead of the runtime's `fetch`. */
  readonly fetch?: typeof globalThis.fetch | undefined
}

/**
 * Fails with InvalidUrl where `server` is no address, and with Transport where the runtime cannot honour an option.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  options: Options
): Effect.fn.Return<Transport.Transport["Service"], RequestError, Scope.Scope> {
  const url = URL.parse(options.server)
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:")) {
    return yield* new RequestError({
      reason: new InvalidUrl({
        verb: "connect",
        url: "server",
        description: "the server must be an address that begins with http://, https://"
      })
    })
  }
  const server = `${url.origin}${url.pathname.replace(/\/+$/, "")}`
  const send = options.fetch ?? globalThis.fetch
  const isInsecure = options.isInsecure ?? false
  const proxy = options.proxyUrl === undefined || typeof options.proxyUrl !== "string"
    ? options.proxyUrl
    : Redacted.make(options.proxyUrl)
  const refused = (kind: TransportKind, description: string) =>
    new RequestError({ reason: new Broken({ verb: "connect", url: server, kind, description }) })

  const runtime = fetchRuntime.current()
  const fault = fetchRuntime.unsupported(runtime, {
    ca: options.ca !== undefined,
    serverName: options.tlsServerName !== undefined,
    isInsecure,
    proxy: proxy === undefined ? undefined : URL.parse(Redacted.value(proxy))?.protocol ?? "unknown:"
  })
  if (fault !== undefined) return yield* refused(fault.kind, fault.description)
  if (isInsecure) {
    yield* Effect.logWarning("the server's certificate is not verified (insecure-skip-tls-verify)").pipe(
      Effect.annotateLogs({ server })
    )
  }

  const materials = fetchRuntime.make(runtime, {
    ca: options.ca,
    serverName: options.tlsServerName,
    isInsecure,
    proxy
  })
  yield* Effect.addFinalizer(() => Effect.sync(materials.close))

  const { credential } = options
  const encoding: ReadonlyArray<Transport.Header> = options.compression ?? true ? [] : [["accept-encoding", "identity"]]
  const initFor = (where: connectionError.Where): Effect.Effect<object, RequestError> =>
    credential === undefined
      ? Effect.succeed(materials.init(undefined))
      : credential.get.pipe(
        Effect.mapError((error) => error.toRequestError(where)),
        Effect.flatMap((value) =>
          value.clientCertificate !== undefined && runtime === "other"
            ? Effect.fail(refused("Tls", "this runtime's fetch cannot present a client certificate"))
            : Effect.try({
              try: () => materials.init(value.clientCertificate),
              catch: (error) => fetchRuntime.classify(error, where)
            })
        )
      )

  return Transport.Transport.of({
    server,
    execute: (request) => {
      const end = request.path.indexOf("?")
      const where = { verb: request.verb, url: `${server}${end < 0 ? request.path : request.path.slice(0, end)}` }
      const headers = headersOf([...request.headers, ...encoding])
      if (headers === undefined) {
        return Effect.fail(refused(
          "Other",
          "fetch joins the lines of one header, so several impersonated groups or "
            + "values would become one; use NodeTransport for them"
        ))
      }
      return Effect.flatMap(initFor(where), (init) =>
        exchange(send, `${server}${request.path}`, {
          ...init,
          method: request.method,
          headers,
          redirect: "manual",
          ...(request.body === undefined
            ? {}
            : { body: typeof request.body === "string" ? request.body : new Uint8Array(request.body) })
        }, where))
    }
  })
})

const exchange = Effect.fnUntraced(function*(
  send: typeof globalThis.fetch,
  address: string,
  init: RequestInit,
  where: connectionError.Where
): Effect.fn.Return<Transport.TransportResponse, RequestError, Scope.Scope> {
  // Closes the connection of a body that is left; does nothing to one that has been read to its end.
  const signal = yield* Effect.abortSignal
  const fail = (error: unknown) => fetchRuntime.classify(error, where)
  const response = yield* Effect.tryPromise({ try: () => send(address, { ...init, signal }), catch: fail })
  const headers: Record<string, string | ReadonlyArray<string>> = Object.create(null)
  for (const [name, value] of response.headers) headers[name] = value
  const { body } = response
  return {
    status: response.status,
    headers,
    text: Effect.tryPromise({ try: () => response.text(), catch: fail }),
    body: body === null ? Stream.empty : Stream.fromReadableStream({ evaluate: () => body, onError: fail })
  }
})

const headersOf = (lines: ReadonlyArray<Transport.Header>): Headers | undefined => {
  const headers = new Headers()
  for (const [name, value] of lines) {
    if (headers.has(name)) return undefined
    headers.set(name, typeof value === "string" ? value : Redacted.value(value))
  }
  return headers
}

/**
 * The transport to one server, without authentication but for a client certificate.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerOptions = (options: Options): Layer.Layer<Transport.Transport, RequestError> =>
  Layer.effect(Transport.Transport, make(options))

/**
 * The authenticated transport to the server of `ClientConfig`, within `Transport.UserMiddleware`. The CA must be data: a
 * runtime without files has nothing to read it from, and one with files can read it first.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<
  Transport.Transport,
  RequestError | KubeconfigError,
  ClientConfig | CredentialResolver
> = Layer.effect(
  Transport.Transport,
  Effect.gen(function*() {
    const config = yield* ClientConfig
    const { certificateAuthority, clientCertificate, insecureSkipVerify, serverName } = config.tls
    if (certificateAuthority?._tag === "File") {
      return yield* new RequestError({
        reason: new Broken({
          verb: "connect",
          url: config.server,
          kind: "Tls",
          description: `the certificate authority must be data here, not the file ${certificateAuthority.path}`
        })
      })
    }
    const credential = yield* (yield* CredentialResolver).get({ credential: config.credential, clientCertificate })
    const transport = yield* make({
      server: config.server,
      ca: certificateAuthority?.pem,
      tlsServerName: serverName,
      isInsecure: insecureSkipVerify,
      credential,
      proxyUrl: config.proxyUrl,
      compression: !config.disableCompression
    })
    const middleware = yield* Transport.UserMiddleware
    return middleware(Authentication.make({ credential, impersonation: config.impersonation })(transport))
  })
)
