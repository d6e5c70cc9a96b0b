/**
 * `ListWatch`: one collection as a value, the only thing a cache needs to know of a cluster.
 *
 * Every client hands one out (typed, dynamic, metadata), and a test may make one by hand. `Reflector`, `Pager`,
 * `RetryWatcher` and `Until` take it. It performs nothing by itself and retries nothing: each call of `list` is one
 * page, each run of `watch` one connection.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { ApiError } from "../Machinery/ApiError.ts"
import type { ListOptions, WatchOptions } from "../Machinery/Options.ts"
import type { RequestError } from "../Machinery/RequestError.ts"
import type { KubeList, Scope } from "../Machinery/Resource.ts"
import type { WatchError } from "./WatchError.ts"
import type { WatchEvent } from "./WatchEvent.ts"

/**
 * Which collection it is: for logs, metrics, error messages and the sharing of informers.
 *
 * @category models
 * @since 0.1.0
 */
export interface Collection {
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly plural: string
  readonly scope: Scope
  /** All namespaces unless given. */
  readonly namespace?: string
}

/**
 * How a watch may end other than normally.
 *
 * @category models
 * @since 0.1.0
 */
export type Failure = ApiError | RequestError | WatchError

/**
 * One collection as a value. Selectors that belong to the collection are already part of `list` and `watch`; the
 * options given to them add versions, limits and timeouts.
 *
 * @category models
 * @since 0.1.0
 */
export interface ListWatch<out A> {
  readonly collection: Collection
  /** False where `watch` does not honour `sendInitialEvents`. Taken for true unless given; a refusal is noticed anyway. */
  readonly isWatchListSupported?: boolean
  /** One page. */
  readonly list: (options: ListOptions) => Effect.Effect<KubeList<A>, ApiError | RequestError>
  /**
   * One connection, closed when the stream is left. One pull is what one read of the socket held. It ends normally
   * when the server ends it. One that is not made by `WatchFrame.decode` tells `WatchFrame.CurrentAcceptance` itself, or
   * is taken for accepted with the first event.
   */
  readonly watch: (options: WatchOptions) => Stream.Stream<WatchEvent<A>, Failure>
}
