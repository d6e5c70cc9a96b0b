/**
 * Which events of a cache reach a controller.
 *
 * A predicate looks at one event and answers whether it is of interest; `effect/Predicate` joins them (`and`, `or`,
 * `not`). Sources apply them before a key is queued. An event that is dropped is dropped for good, so a predicate says
 * "cannot matter" and not "does not matter now".
 *
 * @since 0.1.0
 */
import type { InformerEvent } from "../Informer/InformerEvent.ts"
import type { KubeObject } from "../Machinery/Resource.ts"

/**
 * @category models
 * @since 0.1.0
 */
export type Predicate<in A> = (event: InformerEvent<A>) => boolean

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
 * Objects that satisfy a condition; of an update, the new state.
 *
 * @category predicates
 * @since 0.1.0
 */
export const object = <A>(predicate: (object: A) => boolean): Predicate<A> => (event) => predicate(event.object)

const sameRecord = (
  left: { readonly [key: string]: string } = {},
  right: { readonly [key: string]: string } = {}
): boolean => {
  const keys = Object.keys(left)
  return keys.length === Object.keys(right).length
    && keys.every((key) => Object.hasOwn(right, key) && left[key] === right[key])
}
