/**
 * `NodeWebSocketTransport`: WebSockets to one API server on Node, over ws.
 *
 * Each upgrade has a connection of its own, opened like those of `NodeTransport`: the same CA, client certificate, server
 * name and proxy. A refused upgrade keeps the server's answer. A peer that answers no PING for a minute is given up, as
 * in client-go.
 *
 * @since 0.1.0
 */
import * as NodeWS from "@effect/platform-node/NodeWS"
import type * as Config from "effect/Config"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as net from "node:net"
import { ClientConfig } from "../Config/ClientConfig.ts"
import type { CredentialResolver } from "../Config/CredentialResolver.ts"
import type { KubeconfigError } from "../Config/KubeconfigError.ts"
import type { RequestError } from "../Machinery/RequestError.ts"
import * as Authentication from "./Authentication.ts"
import * as connectionError from "./internal/connectionError.ts"
import * as nodeConnector from "./internal/nodeConnector.ts"
import * as nodeWebSocket from "./internal/nodeWebSocket.ts"
import * as NodeTransport from "./NodeTransport.ts"
import type { Header } from "./Transport.ts"
import * as WebSocketTransport from "./WebSocketTransport.ts"

/**
 * How to reach the server. Compression, HTTP/2, keep-alive and the number of connections are of no account here.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options extends NodeTransport.Options {
  /** The time between PINGs. 5 seconds unless given, as in client-go; 0 for none. */
  readonly heartbeatInterval?: Duration.Input | undefined
  /** How long a peer may answer no PING and send nothing. 1 minute unless given, as in client-go. */
  readonly heartbeatTimeout?: Duration.Input | undefined
}

/**
 * Opens nothing yet.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  options: Options
): Effect.fn.Return<WebSocketTransport.WebSocketTransport["Service"], RequestError> {
  const { origin, prefix, proxy, url } = yield* NodeTransport.addresses(options)
  const server = `${origin}${prefix}`
  const { ca, credential } = options
  const heartbeat = {
    interval: Duration.toMillis(options.heartbeatInterval ?? "5 seconds"),
    timeout: Duration.toMillis(options.heartbeatTimeout ?? "1 minute")
  }
  const socketFor = (where: connectionError.Where) =>
    Effect.gen(function*() {
      const bundle = ca === undefined ? undefined : yield* ca.get
      const value = credential === undefined
        ? undefined
        : yield* Effect.mapError(credential.get, (error) => error.toRequestError(where))
      return yield* Effect.callback<net.Socket, RequestError>((resume) => {
        let isLeft = false
        try {
          nodeConnector.make({
            isTls: url.protocol === "https:",
            ca: bundle,
            certificate: value?.clientCertificate,
            serverName: options.tlsServerName,
            isInsecure: options.isInsecure ?? false,
            allowsHttp2: false,
            proxy,
            connectTimeout: Duration.toMillis(options.connectTimeout ?? "30 seconds"),
            pingInterval: 0,
            pingTimeout: 0,
            onLookup: () => {}
          })(
            { hostname: url.hostname.replace(/^\[|\]$/g, ""), host: url.host, protocol: url.protocol, port: url.port },
            (...result) => {
              const [error, socket] = result
              if (error !== null) resume(Effect.fail(connectionError.classify(error, where)))
              else if (isLeft) socket.destroy()
              else resume(Effect.succeed(socket))
            }
          )
        } catch (error) {
          resume(Effect.fail(connectionError.classify(error, where)))
        }
        return Effect.sync(() => {
          isLeft = true
        })
      })
    })

  return WebSocketTransport.WebSocketTransport.of({
    server,
    open: (request) => {
      const end = request.path.indexOf("?")
      const where = { verb: request.verb, url: `${server}${end < 0 ? request.path : request.path.slice(0, end)}` }
      return Effect.uninterruptibleMask((restore) =>
        Effect.flatMap(restore(socketFor(where)), (socket) => {
          const webSocket = new NodeWS.WebSocket(
            `${url.protocol === "https:" ? "wss:" : "ws:"}//${url.host}${prefix}${request.path}`,
            [...request.protocols],
            { createConnection: () => socket, headers: headersOf(request.headers), perMessageDeflate: false }
          )
          const opened = nodeWebSocket.opened(webSocket, where, heartbeat)
          return Effect.andThen(
            Effect.addFinalizer(() =>
              Effect.sync(() => {
                // A word to the peer where it can be said; nobody waits for its answer.
                if (webSocket.readyState === webSocket.OPEN) webSocket.close()
                socket.destroySoon()
              })
            ),
            restore(opened)
          )
        })
      )
    }
  })
})

// ws takes the lines of one name as an array.
const headersOf = (lines: ReadonlyArray<Header>): Record<string, string | Array<string>> => {
  const out: Record<string, string | Array<string>> = Object.create(null)
  for (const [name, value] of lines) {
    const key = name.toLowerCase()
    const text = typeof value === "string" ? value : Redacted.value(value)
    const before = out[key]
    out[key] = before === undefined ? text : typeof before === "string" ? [before, text] : [...before, text]
  }
  return out
}

/**
 * The transport to one server, without authentication but for a client certificate.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerOptions = (
  options: Options
): Layer.Layer<WebSocketTransport.WebSocketTransport, RequestError> =>
  Layer.effect(WebSocketTransport.WebSocketTransport, make(options))

/**
 * The authenticated transport to the server of `ClientConfig`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<
  WebSocketTransport.WebSocketTransport,
  RequestError | KubeconfigError | Config.ConfigError,
  ClientConfig | CredentialResolver | FileSystem.FileSystem
> = Layer.effect(
  WebSocketTransport.WebSocketTransport,
  Effect.gen(function*() {
    const { impersonation } = yield* ClientConfig
    const options = yield* NodeTransport.fromConfig
    const transport = yield* make(options)
    return Authentication.makeWebSocket({ credential: options.credential, impersonation })(transport)
  })
)
