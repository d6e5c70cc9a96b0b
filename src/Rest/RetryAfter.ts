/**
 * When the same request is sent again: client-go's rules, as pure functions.
 *
 * The server says so with `Retry-After` on 429 and 5xx; a read is also repeated after a connection was lost, one second
 * later. `RestClient` follows these rules at most ten times for one request, and nobody else retries requests.
 *
 * @since 0.1.0
 */
import type { RequestError } from "../Machinery/RequestError.ts"
import type { TransportResponse } from "./Transport.ts"

/**
 * The wait after a lost connection, in seconds.
 *
 * @category models
 * @since 0.1.0
 */
export const lostConnectionSeconds = 1

/**
 * The number of seconds in the `Retry-After` header. A date is not understood, as in client-go.
 *
 * @category accessors
 * @since 0.1.0
 */
export const secondsOf = (headers: TransportResponse["headers"]): number | undefined => {
  const value = headers["retry-after"]
  const text = typeof value === "string" ? value : value?.[0]
  return text !== undefined && /^\s*\d{1,9}\s*$/.test(text) ? Number(text) : undefined
}

/**
 * The seconds to wait before the request is sent again, where the answer asks for it.
 *
 * @category accessors
 * @since 0.1.0
 */
export const ofResponse = (status: number, headers: TransportResponse["headers"]): number | undefined =>
  status === 429 || status >= 500 ? secondsOf(headers) : undefined

/**
 * Whether a connection broke, or was closed before the answer was whole.
 *
 * @category guards
 * @since 0.1.0
 */
export const isLostConnection = ({ reason }: RequestError): boolean =>
  reason._tag === "Transport" && (reason.kind === "Reset" || reason.kind === "Closed")

/**
 * Whether a watch that could not begin counts as one without events: the connection was lost, or no answer came in
 * time.
 *
 * @category guards
 * @since 0.1.0
 */
export const isEmptyWatch = (error: RequestError): boolean => isLostConnection(error) || error.reason._tag === "Timeout"
