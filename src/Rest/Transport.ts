/**
 * `Transport`: the one door to an API server. Bytes out, bytes in.
 *
 * `RestClient` speaks Kubernetes over it; `NodeTransport` opens sockets with undici, `FetchTransport` uses the
 * runtime's fetch, and `Testing/ApiServer` answers from memory. A middleware (`Authentication`, the user's own) is a
 * function from one transport to another. It follows no redirect and classifies nothing but the loss of a connection;
 * it sends again only what the server said it had not looked at.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import type * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { RequestError } from "../Machinery/RequestError.ts"

/**
 * One header line. A name may stand in several lines, as impersonated groups need. Values that are secret are
 * `Redacted` until the socket.
 *
 * @category models
 * @since 0.1.0
 */
export type Header = readonly [name: string, value: string | Redacted.Redacted<string>]

/**
 * The HTTP methods that the API server knows.
 *
 * @category models
 * @since 0.1.0
 */
export type Method = "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS"

/**
 * A request as it goes out.
 *
 * @category models
 * @since 0.1.0
 */
export interface TransportRequest {
  readonly method: Method
  /** Path and query, encoded, with a leading slash; the transport puts the server's address before it. */
  readonly path: string
  readonly headers: ReadonlyArray<Header>
  readonly body?: string | Uint8Array
  /** The Kubernetes verb, for errors and logs. */
  readonly verb: string
}

/**
 * An answer whose head has arrived. Its body is read once, either way, or not at all; the connection is released when
 * the scope closes.
 *
 * @category models
 * @since 0.1.0
 */
export interface TransportResponse {
  readonly status: number
  /** By name in lower case; several lines of one name are an array. */
  readonly headers: { readonly [name: string]: string | ReadonlyArray<string> | undefined }
  /** The whole body as UTF-8 text. */
  readonly text: Effect.Effect<string, RequestError>
  /** The body as it arrives, pulled with back-pressure. */
  readonly body: Stream.Stream<Uint8Array, RequestError>
}

/**
 * The door to one API server.
 *
 * @category services
 * @since 0.1.0
 */
export class Transport extends Context.Service<Transport, {
  /** The server's address without path and credentials, for errors, metrics and logs. */
  readonly server: string
  /** Sends one request; fails with `RequestError` where no head of an answer arrives. */
  readonly execute: (
    request: TransportRequest
  ) => Effect.Effect<TransportResponse, RequestError, Scope.Scope>
}>()("effect-kubernetes/Rest/Transport") {}

/**
 * A function from one transport to another: adds headers, records, delays, breaks.
 *
 * @category models
 * @since 0.1.0
 */
export type Middleware = (transport: Transport["Service"]) => Transport["Service"]

/**
 * The program's own middleware: what the layers of `NodeTransport` and `FetchTransport` put around their authenticated
 * transport. It sees each request once, before credentials are added. Nothing unless provided.
 *
 * ```ts
 * const counted: Transport.Middleware = (transport) => ({
 *   ...transport,
 *   execute: (request) => Effect.andThen(Metric.update(calls, 1), transport.execute(request))
 * })
 * const layer = NodeKubernetes.layer.pipe(Layer.provide(Layer.succeed(Transport.UserMiddleware)(counted)))
 * ```
 *
 * @category services
 * @since 0.1.0
 */
export const UserMiddleware: Context.Reference<Middleware> = Context.Reference<Middleware>(
  "effect-kubernetes/Rest/Transport/UserMiddleware",
  { defaultValue: () => identity }
)

/**
 * The values of a response header, none where it is absent.
 *
 * @category accessors
 * @since 0.1.0
 */
export const header = (response: TransportResponse, name: string): ReadonlyArray<string> => {
  const value = response.headers[name]
  return value === undefined ? [] : typeof value === "string" ? [value] : value
}
