/**
 * Which events of a cache reach a controller.
 *
 * A predicate looks at one event and answers whether it is of interest; `and`, `or` and `not` join them. Sources apply
 * them before a key is queued. An event that is dropped is dropped for good, so a predicate says "cannot matter" and not
 * "does not matter now".
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import type { Added, Deleted, InformerEvent, Updated } from "../Informer/InformerEvent.ts"
import * as LabelSelectors from "../Machinery/LabelSelector.ts"
import type { ParseError } from "../Machinery/ParseError.ts"
import type { KubeObject } from "../Machinery/Resource.ts"

/**
 * @category models
 * @since 0.1.0
 */
export type Predicate<in A> = (event: InformerEvent<A>) => boolean

/**
 * A predicate by kind of event; one that is left out lets all of its events through. controller-runtime's `Funcs`.
 *
 * ```ts
 * const withoutDeletions = Predicate.events({ deleted: () => false })
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const events = <A>(cases: {
  readonly added?: (event: Added<A>) => boolean
  readonly updated?: (event: Updated<A>) => boolean
  readonly deleted?: (event: Deleted<A>) => boolean
}): Predicate<A> =>
(event) => {
  switch (event._tag) {
    case "Added":
      return cases.added?.(event) ?? true
    case "Updated":
      return cases.updated?.(event) ?? true
    case "Deleted":
      return cases.deleted?.(event) ?? true
  }
}

/**
 * Objects that satisfy a condition; of an update, the new state.
 *
 * @category constructors
 * @since 0.1.0
 */
export const object = <A>(predicate: (object: A) => boolean): Predicate<A> => (event) => predicate(event.object)

/**
 * Objects whose labels match; of an update, the new labels. A selector of the source itself (`labelSelector`) is cheaper,
 * as the others are then not cached at all; this is for one source of several on one cache.
 *
 * @category constructors
 * @since 0.1.0
 */
export const labelSelector = (
  selector: LabelSelectors.Input
): Result.Result<Predicate<KubeObject>, ParseError> =>
  Result.map(
    LabelSelectors.fromInput(selector),
    (parsed) => object(({ metadata }: KubeObject) => LabelSelectors.matches(parsed, metadata?.labels))
  )

/**
 * Updates whose two states differ in what `of` answers, compared as JSON; all other events pass.
 *
 * @category constructors
 * @since 0.1.0
 */
export const changed = <A>(of: (object: A) => unknown): Predicate<A> => (event) => {
  if (event._tag !== "Updated") return true
  const before = of(event.old)
  const now = of(event.object)
  return before !== now && JSON.stringify(before) !== JSON.stringify(now)
}

/**
 * Updates that changed the desired state: `metadata.generation` grew. Drops changes of status and of metadata, and
 * resyncs. Kinds without a generation never pass an update. controller-runtime's GenerationChangedPredicate.
 *
 * @category predicates
 * @since 0.1.0
 */
export const generationChanged: Predicate<KubeObject> = (event) =>
  event._tag !== "Updated" || event.old.metadata?.generation !== event.object.metadata?.generation

/**
 * Updates that changed a label.
 *
 * @category predicates
 * @since 0.1.0
 */
export const labelsChanged: Predicate<KubeObject> = (event) =>
  event._tag !== "Updated" || !sameRecord(event.old.metadata?.labels, event.object.metadata?.labels)

/**
 * Updates that changed an annotation.
 *
 * @category predicates
 * @since 0.1.0
 */
export const annotationsChanged: Predicate<KubeObject> = (event) =>
  event._tag !== "Updated" || !sameRecord(event.old.metadata?.annotations, event.object.metadata?.annotations)

/**
 * Updates that changed anything: drops resyncs.
 *
 * @category predicates
 * @since 0.1.0
 */
export const resourceVersionChanged: Predicate<KubeObject> = (event) =>
  event._tag !== "Updated" || event.old.metadata?.resourceVersion !== event.object.metadata?.resourceVersion

/**
 * Updates that asked for the deletion of an object which finalizers hold, or changed its finalizers. Together with
 * `generationChanged` (by `or`) it is what a controller with a `Finalizer` needs to see; the request for deletion also
 * raises the generation.
 *
 * @category predicates
 * @since 0.1.0
 */
export const finalizersChanged: Predicate<KubeObject> = changed(({ metadata }) => [
  metadata?.deletionTimestamp,
  metadata?.finalizers
])

/**
 * Events that pass all predicates; every event where there are none.
 *
 * @category combinators
 * @since 0.1.0
 */
export const and = <A>(...predicates: ReadonlyArray<Predicate<A>>): Predicate<A> => (event) =>
  predicates.every((predicate) => predicate(event))

/**
 * Events that pass one of the predicates; none where there are none.
 *
 * @category combinators
 * @since 0.1.0
 */
export const or = <A>(...predicates: ReadonlyArray<Predicate<A>>): Predicate<A> => (event) =>
  predicates.some((predicate) => predicate(event))

/**
 * Events that do not pass a predicate.
 *
 * @category combinators
 * @since 0.1.0
 */
export const not = <A>(predicate: Predicate<A>): Predicate<A> => (event) => !predicate(event)

const sameRecord = (
  left: { readonly [key: string]: string } = {},
  right: { readonly [key: string]: string } = {}
): boolean => {
  const keys = Object.keys(left)
  return keys.length === Object.keys(right).length
    && keys.every((key) => Object.hasOwn(right, key) && left[key] === right[key])
}
