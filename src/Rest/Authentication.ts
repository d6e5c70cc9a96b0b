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
export const make = ({ credential, impersonation }: Options): Transport.Middleware => {
  const impersonating = impersonation === undefined ? [] : Impersonation.headers(impersonation)
  return (transport) => {
    const send = (request: Transport.TransportRequest, value: Credential.Value) =>
      transport.execute(
        value.authorization === undefined && impersonating.length === 0
          ? request
          : {
            ...request,
            headers: value.authorization === undefined
              ? [...request.headers, ...impersonating]
              : [...request.headers, ["authorization", value.authorization], ...impersonating]
          }
      )
    const get = (request: Transport.TransportRequest) =>
      Effect.mapError(
        credential.get,
        (error) => error.toRequestError({ verb: request.verb, url: `${transport.server}${pathOf(request)}` })
      )
    return Transport.Transport.of({
      server: transport.server,
      execute: (request) => {
        if (request.headers.some(([name]) => name.toLowerCase() === "authorization")) {
          return impersonating.length === 0
            ? transport.execute(request)
            : transport.execute({ ...request, headers: [...request.headers, ...impersonating] })
        }
        if (!credential.refreshable) return Effect.flatMap(get(request), (value) => send(request, value))
        return Effect.flatMap(get(request), (value) => sendTwice(request, value))
      }
    })

    function sendTwice(
      request: Transport.TransportRequest,
      value: Credential.Value
    ): Effect.Effect<Transport.TransportResponse, RequestError, Scope.Scope> {
      return inOwnScope(send(request, value), ({ close, response }) => {
        if (response.status !== 401) return Effect.succeed(response)
        return credential.invalidate(value).pipe(
          Effect.andThen(get(request)),
          Effect.flatMap((next) =>
            next.authorization === value.authorization && next.clientCertificate === value.clientCertificate
              ? Effect.succeed(response)
              : Effect.andThen(close, send(request, next))
          )
        )
      })
    }
  }
}

interface Opened {
  readonly response: Transport.TransportResponse
  readonly close: Effect.Effect<void>
}

// The refused answer is let go of before the second is asked for, or the scope of the caller would hold two.
const inOwnScope = <A, E, E2, R>(
  open: Effect.Effect<Transport.TransportResponse, E, Scope.Scope>,
  use: (opened: Opened) => Effect.Effect<A, E2, R>
): Effect.Effect<A, E | E2, R | Scope.Scope> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function*() {
      const own = yield* Scope.fork(yield* Effect.scope)
      const response = yield* restore(Effect.provideService(open, Scope.Scope, own)).pipe(
        Effect.onError((cause) => Scope.close(own, Exit.failCause(cause)))
      )
      return yield* restore(use({ response, close: Scope.close(own, Exit.void) }))
    })
  )

const pathOf = ({ path }: Transport.TransportRequest): string => {
  const end = path.indexOf("?")
  return end < 0 ? path : path.slice(0, end)
}
