/**
 * `InformerEvent`: one change of a cache as a listener sees it.
 *
 * `Store` makes them from watch events and relists, `SharedInformer` delivers them. The fold of the events a listener
 * got is what the cache holds.
 *
 * @since 0.1.0
 */

/**
 * An object is new to the listener.
 *
 * @category models
 * @since 0.1.0
 */
export interface Added<out A> {
  readonly _tag: "Added"
  /** `namespace/name`, or `name` for a kind of cluster scope. */
  readonly key: string
  readonly object: A
  /** Whether it was there before the listener was: part of the first list, or of the replay to a late listener. */
  readonly isInInitialList: boolean
}

/**
 * An object changed. `old === object` when nothing did and a resync tells of it again.
 *
 * @category models
 * @since 0.1.0
 */
export interface Updated<out A> {
  readonly _tag: "Updated"
  readonly key: string
  readonly old: A
  readonly object: A
}

/**
 * An object is gone.
 *
 * @category models
 * @since 0.1.0
 */
export interface Deleted<out A> {
  readonly _tag: "Deleted"
  readonly key: string
  /** The last state that is known. */
  readonly object: A
  /** Whether the deletion itself was missed, so that `object` may be older than the final state. */
  readonly isFinalStateUnknown: boolean
}

/**
 * @category models
 * @since 0.1.0
 */
export type InformerEvent<A> = Added<A> | Updated<A> | Deleted<A>

/**
 * Whether an event repeats a state that was already delivered.
 *
 * @category guards
 * @since 0.1.0
 */
export const isResync = <A>(event: InformerEvent<A>): event is Updated<A> =>
  event._tag === "Updated" && event.old === event.object

/**
 * Joins a pending event with the next of the same key into the one event that has the effect of both; `undefined` when
 * nothing is left to tell. A listener that saw the result holds the same state as one that saw both.
 *
 * @category combinators
 * @since 0.1.0
 */
export const coalesce = <A>(pending: InformerEvent<A>, next: InformerEvent<A>): InformerEvent<A> | undefined => {
  switch (pending._tag) {
    case "Added":
      switch (next._tag) {
        case "Deleted":
          return undefined
        default:
          return { ...pending, object: next.object }
      }
    case "Updated":
      switch (next._tag) {
        case "Deleted":
          return next
        default:
          return { ...pending, object: next.object }
      }
    case "Deleted":
      return next._tag === "Deleted"
        ? next
        : { _tag: "Updated", key: next.key, old: pending.object, object: next.object }
  }
}
