/**
 * What a reflector makes of its failures: whether it lists again, streams again, or gives a version up.
 *
 * `InformerError` says what happened; here stands what to do about it.
 *
 * @internal
 */
import type { ApiError } from "../../Machinery/ApiError.ts"
import * as RequestError from "../../Machinery/RequestError.ts"
import type { Failure } from "../../Watch/ListWatch.ts"
import * as InformerError from "../InformerError.ts"

export const dead = (resource: string, defect: unknown) =>
  new RequestError.RequestError({
    reason: new RequestError.Transport({
      verb: "watch",
      url: resource,
      description: `it died of a defect: ${String(defect)}`,
      kind: "Other"
    })
  })

export const listTimeout = (resource: string, milliseconds: number) =>
  new RequestError.RequestError({
    reason: new RequestError.Timeout({
      verb: "list",
      url: resource,
      description: `no answer within ${Math.round(milliseconds / 1000)} s`
    })
  })

export const isTooLarge = (error: Failure): boolean =>
  error._tag === "ApiError"
    ? InformerError.isTooLarge(error)
    : error._tag === "WatchError" && error.reason._tag === "Api" && InformerError.isTooLarge(error.reason.error)

export const isVersionUseless = (error: ApiError | RequestError.RequestError): boolean =>
  error._tag === "ApiError" &&
  (error.reason._tag === "Expired" || error.reason._tag === "Gone" || InformerError.isTooLarge(error))

/** Whether what was delivered so far, or the version it led to, is worth nothing for a resume. */
export const isRelistNeeded = (error: InformerError.InformerError): boolean => {
  switch (error.reason._tag) {
    case "Expired":
    case "Malformed":
    case "Rewound":
    case "NotServed":
      return true
    case "Failed": {
      // The server lost the thread within a watch, as when etcd dropped the previous value of a key, or an object that
      // could not be decoded was deleted: the same version would lead to the same place.
      const { error: failure } = error.reason
      return failure._tag === "WatchError" && failure.reason._tag === "Api" &&
        failure.reason.error.reason._tag !== "TooManyRequests"
    }
    default:
      return false
  }
}

/**
 * Whether a failed streamed list is to be tried again as one: the server is overloaded, away, or has another version; or
 * what is listed may not be watched, and would never be kept true.
 */
export const isWorthWaiting = (error: InformerError.InformerError): boolean => {
  if (error.reason._tag === "Expired" || error.reason._tag === "Forbidden") return true
  if (error.reason._tag !== "Failed") return false
  const failure = error.reason.error
  return failure._tag === "ApiError"
    ? failure.reason._tag === "TooManyRequests"
    : failure._tag === "RequestError" && failure.reason._tag === "Transport" && failure.reason.kind === "Refused"
}

/** Whether this server will never stream a list, so that asking again is waste. */
export const isWatchListRefused = (error: InformerError.InformerError): boolean =>
  (error.reason._tag === "InitialEventsMissing" && !error.reason.isEnded) ||
  (error.reason._tag === "Failed" && error.reason.error._tag === "ApiError" &&
    (error.reason.error.reason._tag === "Invalid" || error.reason.error.reason._tag === "BadRequest"))
