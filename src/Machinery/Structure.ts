/**
 * What a patch must know of a type's fields: which lists are maps or sets, which maps and structs are atomic, and how
 * a strategic merge patch merges them.
 *
 * A `Structure` is sparse: a field that is not named merges by default (an object is merged member by member, a list
 * is replaced whole). Generated descriptors carry one; server-side apply, strategic merge patch and the in-memory
 * API server read it. Validation is not its business.
 *
 * @see https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy
 * @since 0.1.0
 */

/**
 * The structure of an object: its fields that differ from the defaults, by JSON name. A member is a function so that
 * types may refer to themselves and unused ones fall away in a bundle.
 *
 * @category models
 * @since 0.1.0
 */
export interface Structure {
  readonly fields?: { readonly [name: string]: Field }
  /** `x-kubernetes-map-type: atomic`: the object is replaced whole. */
  readonly atomic?: true
}

/**
 * The structure of one field.
 *
 * @category models
 * @since 0.1.0
 */
export interface Field {
  /** `x-kubernetes-list-type`. Absent: atomic. */
  readonly listType?: "map" | "set" | "atomic"
  /** `x-kubernetes-list-map-keys`. */
  readonly listMapKeys?: ReadonlyArray<string>
  /** `x-kubernetes-patch-strategy`, as strategic merge patch knows it. */
  readonly patchStrategy?: ReadonlyArray<"merge" | "replace" | "retainKeys">
  /** `x-kubernetes-patch-merge-key`. */
  readonly patchMergeKey?: string
  /** `x-kubernetes-map-type` of the field itself. */
  readonly atomic?: true
  /** The structure of the field's value, of the items of a list, or of the values of a map. */
  readonly of?: () => Structure
}
