/**
 * `Transform`: what is kept of an object before it is cached.
 *
 * A transform is a pure function from an object to what stands for it in the cache. Informers call it once per object
 * that arrives, page by page, so what it drops is never held.
 *
 * @since 0.1.0
 */
import type { Cacheable } from "./Indexer.ts"

/**
 * Drops `metadata.managedFields`: often half of an object, and of use only to who applies. The rest is kept as it is.
 *
 * The metadata is copied without it rather than having it deleted, which would put each object into the engine's
 * dictionary mode (750 bytes more per object).
 *
 * @category combinators
 * @since 0.1.0
 */
export const stripManagedFields = <A extends Cacheable>(object: A): A => {
  const { metadata } = object
  if (!("managedFields" in metadata)) return object
  const { managedFields: _, ...rest } = metadata
  // Every type of metadata has the member optional, so what is left is still of type A.
  return ofClass(object, { ...object, metadata: ofClass(metadata, rest) }) as A
}

// What a Schema of a class decoded stays one of it.
const ofClass = (original: object, copy: object): object => {
  const prototype: object | null = Object.getPrototypeOf(original)
  return prototype === Object.prototype ? copy : Object.assign(Object.create(prototype), copy)
}

/**
 * Several transforms as one, applied from left to right.
 *
 * @category combinators
 * @since 0.1.0
 */
export const compose = <A>(...transforms: ReadonlyArray<(object: A) => A>): (object: A) => A => (object) =>
  transforms.reduce((value, transform) => transform(value), object)
