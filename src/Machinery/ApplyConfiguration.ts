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
export type ApplyConfiguration<A> = Fields<Omit<A, "metadata">> & { readonly metadata: Metadata }

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
 * A part of an object with every field optional, at any depth: `Fields<PodTemplateSpec>`.
 *
 * @category models
 * @since 0.1.0
 */
export type Fields<A> = { readonly [K in keyof A]?: Value<A[K]> }

/**
 * An item of a list that the server treats as a map: its keys are required, all else is optional.
 *
 * @category models
 * @since 0.1.0
 */
export type Item<A, Key extends keyof A> = Fields<A> & { readonly [K in Key]-?: A[K] }

/**
 * The value of a field in an apply configuration. Scalars and the keys of maps stay what they are, objects and the
 * items of lists become `Fields`, the items of a `ListMap` become `Item`.
 *
 * @category models
 * @since 0.1.0
 */
export type Value<A> = A extends string | number | boolean | null | undefined ? A
  : A extends ReadonlyArray<infer Member> ? ReadonlyArray<ListItem<A, Member>>
  : A extends object ? string extends keyof A ? { readonly [K in keyof A]: Value<A[K]> } : Fields<A>
  : A

type ListItem<List, Member> = List extends Marker<infer Key>
  ? PropertyKey extends Key ? Value<Member> : Item<Member, Key & keyof Member>
  : Value<Member>
