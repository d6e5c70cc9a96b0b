/**
 * `Authentication`: a transport that proves who the client is, and as whom it acts.
 *
 * It puts the `Authorization` header of a `Credential` and the impersonation headers on each request. When the server
 * answers 401, the credential is refreshed once, shared by all who wait, and the request is sent once more: watches and
 * followed logs included. Client certificates are presented by the transport below, from the same credential.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type * as Credential from "../Config/Credential.ts"
import * as Impersonation from "../Config/Impersonation.ts"
import type { RequestError } from "../Machinery/RequestError.ts"
import * as Transport from "./Transport.ts"
import * as WebSocketTransport from "./WebSocketTransport.ts"

/**
 * Who, and as whom.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  readonly credential: Credential.Service
  /** Nobody else unless given. */
  readonly impersonation?: Impersonation.Impersonation | undefined
}

/**
 * The middleware. A request that carries an `Authorization` header of its own keeps it and is not repeated.
 *
 * Where no credential can be had the request fails with Transport of kind `Credential`.
 *
 * @category combinators
 * @since 0.1.0
 */
export const make = (options: Options): Transport.Middleware => (transport) =>
  Transport.Transport.of({
    server: transport.server,
    execute: authenticated(options, transport.server, transport.execute, (response) => response.status === 401)
  })

/**
 * The same for WebSockets.
 *
 * @category combinators
 * @since 0.1.0
 */
export const makeWebSocket = (options: Options): WebSocketTransport.Middleware => (transport) =>
  WebSocketTransport.WebSocketTransport.of({
    server: transport.server,
    open: authenticated(
      options,
      transport.server,
      transport.open,
      (upgraded) => upgraded._tag === "Refused" && upgraded.response.status === 401
    )
  })

interface Outgoing {
  readonly verb: string
  readonly path: string
  readonly headers: ReadonlyArray<Transport.Header>
}

const authenticated = <Request extends Outgoing, A>(
  { credential, impersonation }: Options,
  server: string,
  execute: (request: Request) => Effect.Effect<A, RequestError, Scope.Scope>,
  isRefused: (answer: A) => boolean
): (request: Request) => Effect.Effect<A, RequestError, Scope.Scope> => {
  const impersonating = impersonation === undefined ? [] : Impersonation.headers(impersonation)
  const send = (request: Request, value: Credential.Value) => {
    if (value.authorization === undefined && impersonating.length === 0) return execute(request)
    const authorization: ReadonlyArray<Transport.Header> = value.authorization === undefined
      ? []
      : [["authorization", value.authorization]]
    return execute({ ...request, headers: [...request.headers, ...authorization, ...impersonating] })
  }
  const get = (request: Request) =>
    Effect.mapError(
      credential.get,
      (error) => error.toRequestError({ verb: request.verb, url: `${server}${pathOf(request)}` })
    )
  const sendTwice = (request: Request, value: Credential.Value) =>
    inOwnScope(send(request, value), (answer, close) => {
      if (!isRefused(answer)) return Effect.succeed(answer)
      return credential.invalidate(value).pipe(
        Effect.andThen(get(request)),
        Effect.flatMap((next) =>
          next.authorization === value.authorization && next.clientCertificate === value.clientCertificate
            ? Effect.succeed(answer)
            : Effect.andThen(close, send(request, next))
        )
      )
    })
  return (request) => {
    if (request.headers.some(([name]) => name.toLowerCase() === "authorization")) {
      return impersonating.length === 0
        ? execute(request)
        : execute({ ...request, headers: [...request.headers, ...impersonating] })
    }
    return Effect.flatMap(
      get(request),
      (value) => credential.refreshable ? sendTwice(request, value) : send(request, value)
    )
  }
}

// The refused answer is let go of before the second is asked for, or the scope of the caller would hold two.
const inOwnScope = <A, B, E, E2, R>(
  open: Effect.Effect<A, E, Scope.Scope>,
  use: (answer: A, close: Effect.Effect<void>) => Effect.Effect<B, E2, R>
): Effect.Effect<B, E | E2, R | Scope.Scope> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function*() {
      const own = yield* Scope.fork(yield* Effect.scope)
      const answer = yield* restore(Effect.provideService(open, Scope.Scope, own)).pipe(
        Effect.onError((cause) => Scope.close(own, Exit.failCause(cause)))
      )
      return yield* restore(use(answer, Scope.close(own, Exit.void)))
    })
  )

const pathOf = ({ path }: Outgoing): string => {
  const end = path.indexOf("?")
  return end < 0 ? path : path.slice(0, end)
}
