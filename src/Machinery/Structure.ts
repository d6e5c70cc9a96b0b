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
  /** The structure of every member that `fields` does not name: the object is a map, and this is what its values are. */
  readonly values?: () => Structure
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
  /** The structure of the field's value, or of the items of a list. That of a map names its `values`. */
  readonly of?: () => Structure
}

/**
 * How a structure treats one member: as its field, else as one of its values; `undefined` where the defaults apply.
 *
 * @category accessors
 * @since 0.1.0
 */
export const field = (structure: Structure | undefined, name: string): Field | undefined => {
  if (structure === undefined) return undefined
  if (structure.fields !== undefined && Object.hasOwn(structure.fields, name)) return structure.fields[name]
  return structure.values === undefined ? undefined : { of: structure.values }
}

/**
 * The structure of a field's value, or of the items of a list; `undefined` where the defaults apply.
 *
 * @category accessors
 * @since 0.1.0
 */
export const of = (field: Field | undefined): Structure | undefined => field?.of?.()
