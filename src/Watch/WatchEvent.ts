/**
 * One change as a watch reports it.
 *
 * The shape is the wire's: `{ "type": "MODIFIED", "object": … }`. An ERROR frame never becomes an event; it ends the
 * stream as a `WatchError`. `ListWatch` gives streams of these, `Reflector` feeds them to a store.
 *
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
 * @since 0.1.0
 */

/**
 * An object appeared, or came to match the selectors.
 *
 * @category models
 * @since 0.1.0
 */
export interface Added<out A> {
  readonly type: "ADDED"
  readonly object: A
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Modified<out A> {
  readonly type: "MODIFIED"
  readonly object: A
}

/**
 * An object is gone, or no longer matches the selectors; `object` is its last state.
 *
 * @category models
 * @since 0.1.0
 */
export interface Deleted<out A> {
  readonly type: "DELETED"
  readonly object: A
}

/**
 * Nothing older than `object.metadata.resourceVersion` will follow: where a later watch may resume.
 *
 * @category models
 * @since 0.1.0
 */
export interface Bookmark {
  readonly type: "BOOKMARK"
  readonly object: {
    readonly apiVersion?: string
    readonly kind?: string
    readonly metadata: {
      readonly resourceVersion: string
      readonly annotations?: { readonly [key: string]: string }
    }
  }
}

/**
 * A change of an object.
 *
 * @category models
 * @since 0.1.0
 */
export type Change<A> = Added<A> | Modified<A> | Deleted<A>

/**
 * What a watch delivers. Bookmarks come only when `allowWatchBookmarks` asked for them.
 *
 * @category models
 * @since 0.1.0
 */
export type WatchEvent<A> = Change<A> | Bookmark

/**
 * The annotation of the bookmark that ends the initial events of a watch begun with `sendInitialEvents`.
 *
 * @category models
 * @since 0.1.0
 */
export const initialEventsEndAnnotation = "k8s.io/initial-events-end"

/**
 * Whether an event is the bookmark after which the initial events are complete.
 *
 * @category guards
 * @since 0.1.0
 */
export const isInitialEventsEnd = (event: WatchEvent<unknown>): event is Bookmark =>
  event.type === "BOOKMARK" && event.object.metadata.annotations?.[initialEventsEndAnnotation] === "true"
