/**
 * A list that the server treats as a map: items are told apart by the values of a few of their fields.
 *
 * `readonly containers: ListMap<Container, "name">` is an array as far as programs are concerned. The second parameter
 * exists for the compiler alone: it lets `ApplyConfiguration` ask for the keys of an item, and for nothing else.
 *
 * @see https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy
 * @since 0.1.0
 */

declare const Keys: unique symbol

/**
 * An array of `A` whose items server-side apply merges by `K`. `K` leaves out keys that have a default, as `protocol`
 * of a port has. Any array of `A` may be given where one is asked for.
 *
 * @category models
 * @since 0.1.0
 */
export type ListMap<A, K extends keyof A> = ReadonlyArray<A> & Marker<K>

/**
 * What only the compiler sees of a `ListMap`; no value has it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Marker<K extends PropertyKey> {
  readonly [Keys]?: K
}
