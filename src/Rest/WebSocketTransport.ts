/**
 * `WebSocketTransport`: the second door to an API server, for what needs both directions at once: exec, attach, cp and
 * port-forward.
 *
 * `WebSocketClient` speaks Kubernetes over it, `NodeWebSocketTransport` opens sockets with ws, `Testing` may answer from
 * memory. It knows nothing of channels; a refused upgrade is handed over with the server's answer, not judged.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { RequestError } from "../Machinery/RequestError.ts"
import type { Header, TransportResponse } from "./Transport.ts"

/**
 * An upgrade as it goes out.
 *
 * @category models
 * @since 0.1.0
 */
export interface UpgradeRequest {
  /** Path and query, encoded, with a leading slash. */
  readonly path: string
  readonly headers: ReadonlyArray<Header>
  /** Subprotocols in the order of preference: `v5.channel.k8s.io`, `v4.channel.k8s.io`. */
  readonly protocols: ReadonlyArray<string>
  /** The Kubernetes verb, for errors and logs. */
  readonly verb: string
}

/**
 * How a connection ended.
 *
 * @category models
 * @since 0.1.0
 */
export interface Closed {
  /** 1000 for a normal end; 1006 where no close frame came. */
  readonly code: number
  readonly reason: string
}

/**
 * An open connection. It is closed with its scope.
 *
 * @category models
 * @since 0.1.0
 */
export interface Connection {
  /** The subprotocol that the server chose; empty where it chose none. */
  readonly protocol: string
  /**
   * Messages as they arrive, pulled with back-pressure; to be run once. Ends after a close frame, whatever its code;
   * fails where the connection broke without one, or its peer answers no PING.
   */
  readonly messages: Stream.Stream<string | Uint8Array, RequestError>
  /** Sends one message. Completes when the bytes have been handed to the system, so that a slow peer is felt. */
  readonly send: (message: string | Uint8Array) => Effect.Effect<void, RequestError>
  /** Sends a close frame, 1000 unless given, and waits for the end. */
  readonly close: (closed?: Partial<Closed>) => Effect.Effect<void>
  /** The end, once it is there. */
  readonly closed: Effect.Effect<Closed, RequestError>
}

/**
 * What an upgrade comes to: a connection, or the answer that the server gave instead.
 *
 * @category models
 * @since 0.1.0
 */
export type Upgraded =
  | { readonly _tag: "Open"; readonly connection: Connection }
  | { readonly _tag: "Refused"; readonly response: TransportResponse }

/**
 * The door to one API server for WebSockets.
 *
 * @category services
 * @since 0.1.0
 */
export class WebSocketTransport extends Context.Service<WebSocketTransport, {
  /** The server's address without path and credentials, with `https:` or `http:`. */
  readonly server: string
  /** Asks for an upgrade; fails with `RequestError` where no answer arrives. */
  readonly open: (request: UpgradeRequest) => Effect.Effect<Upgraded, RequestError, Scope.Scope>
}>()("effect-kubernetes/Rest/WebSocketTransport") {}

/**
 * A function from one transport to another.
 *
 * @category models
 * @since 0.1.0
 */
export type Middleware = (transport: WebSocketTransport["Service"]) => WebSocketTransport["Service"]
