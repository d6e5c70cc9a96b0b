/**
 * `RestClient`: Kubernetes verbs over a `Transport`.
 *
 * Every client stands on it. It builds the path, waits its turn, sends, waits as long as the server's Retry-After says
 * (here and only here), classifies the answer once, reports warnings and counts. It knows no kinds: what it decodes is
 * plain JSON.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { ApiError } from "../Machinery/ApiError.ts"
import type { RequestError } from "../Machinery/RequestError.ts"
import type { Failure } from "../Watch/ListWatch.ts"
import type { WatchEvent } from "../Watch/WatchEvent.ts"
import type { Request } from "./Request.ts"
import type { TransportResponse } from "./Transport.ts"

/**
 * Kubernetes verbs over a transport.
 *
 * @category services
 * @since 0.1.0
 */
export class RestClient extends Context.Service<RestClient, {
  /** The server's address without path and credentials. */
  readonly server: string
  /** The decoded JSON body of a successful answer; `undefined` where the body is empty. */
  readonly json: (request: Request) => Effect.Effect<unknown, ApiError | RequestError>
  /** The text of a successful answer. */
  readonly text: (request: Request) => Effect.Effect<string, ApiError | RequestError>
  /** The bytes of a successful answer as they arrive, as of followed logs. The connection closes with the stream. */
  readonly bytes: (request: Request) => Stream.Stream<Uint8Array, ApiError | RequestError>
  /** The events of one watch connection, as they arrive; one pull is one read of the socket. */
  readonly watch: (request: Request) => Stream.Stream<WatchEvent<unknown>, Failure>
  /** A successful answer with its head, for callers that need the headers. */
  readonly response: (request: Request) => Effect.Effect<TransportResponse, ApiError | RequestError, Scope.Scope>
}>()("effect-kubernetes/Rest/RestClient") {}
