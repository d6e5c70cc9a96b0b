/**
 * The metadata every Kubernetes object and every list carries.
 *
 * Plain shapes as they stand on the wire: times are RFC 3339 strings, versions are opaque strings, and what these
 * interfaces do not name still travels with the object. They are the leaves of every generated `Api` module and of
 * `Resource.Persisted`. Reading and changing them is the business of `OwnerReference`, `Condition` and `Time`.
 *
 * @since 0.1.0
 */

/**
 * A type's name on the wire: `apiVersion` is `version` for the core group and `group/version` for all others.
 *
 * @category models
 * @since 0.1.0
 */
export interface TypeMeta {
  readonly apiVersion?: string
  readonly kind?: string
}

/**
 * Who owns an object. The garbage collector deletes the object when its last owner is gone; the owner with
 * `controller: true` is the one that reconciles it.
 *
 * @see https://kubernetes.io/docs/concepts/overview/working-with-objects/owners-dependents/
 * @category models
 * @since 0.1.0
 */
export interface OwnerReference {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid: string
  readonly controller?: boolean
  readonly blockOwnerDeletion?: boolean
}

/**
 * The fields one manager set with one operation, as the server records them.
 *
 * @see https://kubernetes.io/docs/reference/using-api/server-side-apply/
 * @category models
 * @since 0.1.0
 */
export interface ManagedFieldsEntry {
  readonly manager?: string
  readonly operation?: string
  readonly apiVersion?: string
  readonly time?: string
  readonly fieldsType?: string
  readonly fieldsV1?: FieldsV1
  readonly subresource?: string
}

/**
 * A set of field paths as nested keys: `f:name`, `k:{"key":"value"}`, `v:value`, `i:index` and `.`.
 *
 * @category models
 * @since 0.1.0
 */
export interface FieldsV1 {
  readonly [path: string]: FieldsV1
}

/**
 * The metadata of one object.
 *
 * Every member is optional because what a user writes need not have it; what the server answered is
 * `Resource.PersistedMeta`, in which the identity is present.
 *
 * @see https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/
 * @category models
 * @since 0.1.0
 */
export interface ObjectMeta {
  readonly name?: string
  readonly generateName?: string
  readonly namespace?: string
  /** @deprecated Set by old servers only. */
  readonly selfLink?: string
  readonly uid?: string
  /** Opaque; compare for equality. Two versions of one resource type may be ordered (KEP-5504). */
  readonly resourceVersion?: string
  /** Grows with each change of the desired state. */
  readonly generation?: number
  /** RFC 3339, whole seconds. */
  readonly creationTimestamp?: string
  /** RFC 3339, whole seconds; present once a graceful deletion was asked for. */
  readonly deletionTimestamp?: string
  readonly deletionGracePeriodSeconds?: number
  readonly labels?: { readonly [key: string]: string }
  readonly annotations?: { readonly [key: string]: string }
  readonly ownerReferences?: ReadonlyArray<OwnerReference>
  readonly finalizers?: ReadonlyArray<string>
  readonly managedFields?: ReadonlyArray<ManagedFieldsEntry>
}

/**
 * The metadata of one list or page.
 *
 * `resourceVersion` is where a watch may start; `continue` is present while more pages follow.
 *
 * @category models
 * @since 0.1.0
 */
export interface ListMeta {
  readonly selfLink?: string
  readonly resourceVersion?: string
  readonly continue?: string
  readonly remainingItemCount?: number
  /** Present where the list is the part that a `shardSelector` asked for. */
  readonly shardInfo?: ShardInfo
}

/**
 * Which part of a collection a list is: the server repeats the `shardSelector` of the request.
 *
 * @category models
 * @since 0.1.0
 */
export interface ShardInfo {
  readonly selector: string
}
