/**
 * `WebSocketClient`: Kubernetes requests that become WebSockets.
 *
 * It builds the path as `RestClient` does, asks for the upgrade and classifies a refusal once: a 403 is `Forbidden` with
 * the server's Status, as for any other request. Nothing is retried: what runs in a container has perhaps run already.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import { ClientConfig } from "../Config/ClientConfig.ts"
import * as ApiError from "../Machinery/ApiError.ts"
import type { RequestError } from "../Machinery/RequestError.ts"
import * as Request from "./Request.ts"
import * as RetryAfter from "./RetryAfter.ts"
import * as Tracing from "./Tracing.ts"
import type { Header } from "./Transport.ts"
import * as UserAgent from "./UserAgent.ts"
import * as WebSocketTransport from "./WebSocketTransport.ts"

/**
 * Opens WebSockets to one API server.
 *
 * @category services
 * @since 0.1.0
 */
export class WebSocketClient extends Context.Service<WebSocketClient, {
  /** The server's address without path and credentials. */
  readonly server: string
  /** Opens one; it is closed with the scope. The body and content type of the request are not used. */
  readonly open: (
    request: Request.Request,
    protocols: ReadonlyArray<string>
  ) => Effect.Effect<WebSocketTransport.Connection, ApiError.ApiError | RequestError, Scope.Scope>
}>()("effect-kubernetes/Rest/WebSocketClient") {}

/**
 * How a client presents itself.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** `UserAgent.Default` unless given. */
  readonly userAgent?: string | undefined
}

/**
 * Makes a client over the transport in context.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  options?: Options
): Effect.fn.Return<WebSocketClient["Service"], never, WebSocketTransport.WebSocketTransport> {
  const transport = yield* WebSocketTransport.WebSocketTransport
  const userAgent = options?.userAgent ?? (yield* UserAgent.Default)
  const { server } = transport
  const peer = Tracing.peer(server)

  const upgrade = Effect.fnUntraced(function*(
    request: Request.Request,
    protocols: ReadonlyArray<string>,
    more: ReadonlyArray<Header>
  ) {
    const path = yield* Result.match(Request.encode(request, server), {
      onFailure: Effect.fail,
      onSuccess: Effect.succeed
    })
    const headers: ReadonlyArray<Header> = [["user-agent", userAgent], ...more, ...(request.headers ?? [])]
    const upgraded = yield* transport.open({ path, headers, protocols, verb: request.verb })
    if (upgraded._tag === "Open") return upgraded.connection
    const { response } = upgraded
    return yield* ApiError.fromResponse(
      {
        status: response.status,
        body: yield* response.text,
        retryAfterSeconds: RetryAfter.secondsOf(response.headers)
      },
      Request.context(request)
    )
  })

  return WebSocketClient.of({
    server,
    open: (request, protocols) =>
      Effect.withFiber((fiber) => {
        if (!Tracing.isWanted(fiber)) return upgrade(request, protocols, [])
        return Effect.flatMap(Tracing.start(request, peer), (span) => {
          const traceparent = Tracing.traceparent(span)
          return Effect.andThen(
            Effect.addFinalizer((exit) => Tracing.end(span, exit)),
            upgrade(request, protocols, traceparent === undefined ? [] : [["traceparent", traceparent]]).pipe(
              Effect.onExit((exit) => exit._tag === "Failure" ? Tracing.end(span, exit) : Effect.void)
            )
          )
        })
      })
  })
})

/**
 * A client over the transport in context.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<WebSocketClient, never, WebSocketTransport.WebSocketTransport> = Layer.effect(
  WebSocketClient,
  make()
)

/**
 * A client with the User-Agent of `ClientConfig`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerConfig: Layer.Layer<WebSocketClient, never, WebSocketTransport.WebSocketTransport | ClientConfig> =
  Layer
    .effect(WebSocketClient, Effect.flatMap(ClientConfig, ({ userAgent }) => make({ userAgent })))
