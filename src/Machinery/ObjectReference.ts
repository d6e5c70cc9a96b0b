/**
 * `ObjectReference`: how an Event, a binding or a status points to an object.
 *
 * The same shape as `ObjectReference` of `core/v1`. An owner is pointed to by an `OwnerReference` instead.
 *
 * @see https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-reference/
 * @since 0.1.0
 */
import type { KubeObject } from "./Resource.ts"

/**
 * A reference to an object, or to a part of it.
 *
 * @category models
 * @since 0.1.0
 */
export interface ObjectReference {
  readonly apiVersion?: string
  readonly kind?: string
  readonly namespace?: string
  readonly name?: string
  readonly uid?: string
  readonly resourceVersion?: string
  /** The part: `spec.containers{web}`. */
  readonly fieldPath?: string
}

/**
 * The reference to an object that names its type, as every object does that a server returned; `Scheme.typed` adds it
 * to others.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromObject = (
  object: KubeObject & { readonly apiVersion: string; readonly kind: string },
  options?: {
    /** The part of the object that is meant. The whole unless given. */
    readonly fieldPath?: string
  }
): ObjectReference => {
  const { name, namespace, resourceVersion, uid } = object.metadata ?? {}
  return {
    apiVersion: object.apiVersion,
    kind: object.kind,
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
    ...(options?.fieldPath === undefined ? {} : { fieldPath: options.fieldPath })
  }
}
