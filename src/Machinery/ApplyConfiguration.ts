/**
 * What a field manager wants of an object: the type of a server-side apply.
 *
 * An apply names the fields its manager cares for and no others, so everything a kind requires of a whole object is
 * optional here, down to the leaves. What stays required is what tells the server which object, and which item of a
 * list, is meant: `metadata.name`, and the map keys of list items (`name` of a container).
 * The client fills in `apiVersion` and `kind`.
 *
 * @see https://kubernetes.io/docs/reference/using-api/server-side-apply/
 * @since 0.1.0
 */
import type { Marker } from "./ListMap.ts"
import type { ObjectMeta } from "./ObjectMeta.ts"

/**
 * The apply configuration of a kind: `ApplyConfiguration<Deployment>`.
 *
 * @category models
 * @since 0.1.0
 */
export type ApplyConfiguration<A> =
  & { readonly [K in Exclude<keyof A, "metadata">]?: Fields<A[K]> }
  & { readonly metadata: Metadata }

/**
 * The metadata of an apply. The server refuses `managedFields` in one, so they have no place here; `uid` and
 * `resourceVersion` are allowed and must then match.
 *
 * @category models
 * @since 0.1.0
 */
export interface Metadata extends Omit<ObjectMeta, "name" | "managedFields"> {
  readonly name: string
  readonly managedFields?: never
}

/**
 * The apply configuration of a part of an object: `Fields<PodTemplateSpec>`. Lists that are not maps keep the type of
 * their items' fields, all optional; maps and scalars stay what they are.
 *
 * @category models
 * @since 0.1.0
 */
export type Fields<A> = A extends string | number | boolean | null | undefined ? A
  : A extends ReadonlyArray<infer Item> ? ReadonlyArray<ItemFields<A, Item>>
  : A extends object
    ? string extends keyof A ? { readonly [K in keyof A]: Fields<A[K]> } : { readonly [K in keyof A]?: Fields<A[K]> }
  : A

type ItemFields<List, Item> = List extends Marker<infer Key>
  ? PropertyKey extends Key ? Fields<Item> : Fields<Item> & { readonly [K in Key & keyof Item]-?: Item[K] }
  : Fields<Item>
