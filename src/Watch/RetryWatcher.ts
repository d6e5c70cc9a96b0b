/**
 * `RetryWatcher`: every change from a version on, in order and without a gap, across lost connections.
 *
 * It watches a `ListWatch` and begins again where it was whenever that can be done without missing anything. What it
 * cannot bridge ends it: a version that is no longer in the server's history, or rights that are not there. A cache
 * that may skip intermediate states is `Reflector`; this is for those who need each edge.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as ApiError from "../Machinery/ApiError.ts"
import type { WatchOptions } from "../Machinery/Options.ts"
import * as RequestError from "../Machinery/RequestError.ts"
import { qualifiedName } from "../Machinery/Resource.ts"
import type { Failure, ListWatch } from "./ListWatch.ts"
import * as ResourceVersion from "./ResourceVersion.ts"
import type { Bookmark, Change, WatchEvent } from "./WatchEvent.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** After which changes are wanted: the version of an object or a list. Neither empty nor `"0"`. */
  readonly resourceVersion: string
  /** The least time between two beginnings of a watch. 1 s unless given, as client-go's. */
  readonly minRestartDelay?: Duration.Input | undefined
  /** Selectors and a timeout for each connection. */
  readonly watchOptions?:
    | Omit<WatchOptions, "resourceVersion" | "allowWatchBookmarks" | "sendInitialEvents">
    | undefined
}

/**
 * The changes of a collection after a version. Never ends by itself.
 *
 * Fails with Expired, Forbidden, Unauthorized, with BadRequest and Invalid for what the server will never take, and with
 * InvalidUrl for what no request can hold and for a version that a watch without gaps cannot begin at. Everything else
 * (lost connections, 429, 5xx, ERROR events, lines that are no events) is tried again from the last version, after the
 * delay the server asked for; what waiting does not mend by itself (TLS, a kind that is not there) is logged as a warning.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <A extends { readonly metadata: { readonly resourceVersion: string } }>(
  listWatch: ListWatch<A>,
  options: Options
): Stream.Stream<Change<A>, Failure> =>
  Stream.suspend(() => {
    if (options.resourceVersion === "" || options.resourceVersion === "0") return Stream.fail(noVersion(listWatch))
    const minDelay = Duration.toMillis(options.minRestartDelay ?? "1 second")
    let version = options.resourceVersion
    let mayStartAt = Number.NEGATIVE_INFINITY

    const reached = (event: WatchEvent<A>): void => {
      const received = event.object.metadata.resourceVersion
      // Without a version there is no going on from it, and a bookmark may come late.
      if (!received || (isBookmark(event) && (ResourceVersion.compare(received, version) ?? 0) < 0)) return
      version = received
    }

    const connect = Stream.suspend(() =>
      listWatch.watch({ ...options.watchOptions, resourceVersion: version, allowWatchBookmarks: true }).pipe(
        Stream.tap((event) => Effect.sync(() => reached(event))),
        Stream.filter((event): event is Change<A> => !isBookmark(event)),
        Stream.catch((error) => {
          if (isFinal(error)) return Stream.fail(error)
          return Stream.fromEffectDrain(
            Effect.andThen(
              (isPassing(error) ? Effect.logDebug : Effect.logWarning)(
                "a watch failed and is begun again",
                error.message
              ),
              Effect.map(Clock.currentTimeMillis, (now) => {
                mayStartAt = Math.max(mayStartAt, now + askedDelay(error))
              })
            )
          )
        })
      )
    )

    const pause = Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const delay = Math.max(0, mayStartAt - now)
      mayStartAt = now + delay + minDelay
      return delay === 0 ? Effect.void : Effect.sleep(delay)
    })

    return Stream.forever(Stream.concat(Stream.fromEffectDrain(pause), connect))
  })

const isBookmark = <A>(event: WatchEvent<A>): event is Bookmark => event.type === "BOOKMARK"

const noVersion = (listWatch: ListWatch<unknown>): RequestError.RequestError =>
  new RequestError.RequestError({
    reason: new RequestError.InvalidUrl({
      verb: "watch",
      url: qualifiedName(listWatch.collection),
      description: "a watch without gaps needs a resourceVersion to begin after, neither empty nor \"0\""
    })
  })

const apiErrorOf = (error: Failure): ApiError.ApiError | undefined => {
  if (error._tag === "ApiError") return error
  if (error._tag === "RequestError") return undefined
  return error.reason._tag === "Api" || error.reason._tag === "Expired" ? error.reason.error : undefined
}

const isFinal = (error: Failure): boolean => {
  if (error._tag === "WatchError" && error.reason._tag === "Expired") return true
  if (error._tag === "RequestError") return error.reason._tag === "InvalidUrl"
  switch (apiErrorOf(error)?.reason._tag) {
    case "BadRequest":
    case "Invalid":
    case "Expired":
    case "Gone":
    case "Forbidden":
    case "Unauthorized":
      return true
    default:
      return false
  }
}

const isPassing = (error: Failure): boolean => error._tag === "WatchError" || error.isRetryable

const askedDelay = (error: Failure): number => {
  const failure = apiErrorOf(error)
  return failure === undefined
    ? 0
    : Option.match(ApiError.retryAfter(failure), { onNone: () => 0, onSome: Duration.toMillis })
}
