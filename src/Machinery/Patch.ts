/**
 * `Patch`: a change to one object, in one of the four forms the API knows.
 *
 * A patch carries its content type, so it cannot be sent under the wrong one. `ResourceClient.patch` and
 * `DynamicClient.patch` send it; `JsonMergePatch`, `JsonPatch` and `StrategicMergePatch` compute and apply the first
 * three without a server. A typed patch (`Patch.merge<Deployment>`, or inferred where one is expected) is checked
 * against the fields of the type.
 *
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/#patch-and-apply
 * @since 0.1.0
 */
import { identity } from "effect/Function"
import type * as Types from "effect/Types"
import type { ApplyConfiguration } from "./ApplyConfiguration.ts"
import type { Operation } from "./JsonPatch.ts"
import type { ApplyOptions } from "./Options.ts"
import type { KubeObject } from "./Resource.ts"

const TypeId = "~effect-kubernetes/Machinery/Patch"

interface Proto<in A> {
  readonly [TypeId]: { readonly _A: Types.Contravariant<A> }
}

/**
 * A change to an object of type `A`. A patch of no particular type may be sent to any object.
 *
 * @category models
 * @since 0.1.0
 */
export type Patch<A = unknown> = Merge<A> | Json<A> | Strategic<A> | Apply<A>

/**
 * RFC 7386: members replace members, objects are merged, `null` removes, lists are replaced whole. Every kind takes it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Merge<in A = unknown> extends Proto<A> {
  readonly _tag: "Merge"
  readonly contentType: "application/merge-patch+json"
  readonly body: unknown
}

/**
 * RFC 6902: operations on paths, all or none of them. Every kind takes it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Json<in A = unknown> extends Proto<A> {
  readonly _tag: "Json"
  readonly contentType: "application/json-patch+json"
  readonly body: ReadonlyArray<Operation>
}

/**
 * As `Merge`, with lists of objects merged by key where the type says so, and directives (`$patch`, `$retainKeys`,
 * `$setElementOrder/…`, `$deleteFromPrimitiveList/…`). Built-in kinds only; custom resources answer 415.
 *
 * @category models
 * @since 0.1.0
 */
export interface Strategic<in A = unknown> extends Proto<A> {
  readonly _tag: "Strategic"
  readonly contentType: "application/strategic-merge-patch+json"
  readonly body: unknown
}

/**
 * Server-side apply: all a field manager wants, and nothing else. Creates the object where there is none.
 *
 * @category models
 * @since 0.1.0
 */
export interface Apply<in A = unknown> extends Proto<A> {
  readonly _tag: "Apply"
  readonly contentType: "application/apply-patch+yaml"
  readonly body: unknown
  /** Who applies and whether by force; these travel as query parameters. */
  readonly options: ApplyOptions
}

/**
 * What a merge patch of `A` may say: any of its members at any depth, `null` to remove one. Lists are given whole.
 *
 * @category models
 * @since 0.1.0
 */
export type MergeBody<A> = unknown extends A ? unknown
  : A extends ReadonlyArray<infer _> ? A
  : A extends object ? { readonly [K in keyof A]?: MergeBody<A[K]> | null }
  : A

/**
 * What a strategic merge patch of `A` may say: as `MergeBody`, with partial items in lists, and directives at any depth.
 *
 * @category models
 * @since 0.1.0
 */
export type StrategicBody<A> = unknown extends A ? unknown
  : A extends ReadonlyArray<infer B> ? ReadonlyArray<StrategicBody<B>>
  : A extends object ? string extends keyof A ? { readonly [key: string]: StrategicBody<A[keyof A]> | null }
    : { readonly [K in keyof A]?: StrategicBody<A[K]> | null } & Directives
  : A

/**
 * The directives of a strategic merge patch.
 *
 * @see https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/
 * @category models
 * @since 0.1.0
 */
export interface Directives {
  /** What happens to the object or list item that holds it, instead of merging. */
  readonly $patch?: "replace" | "delete"
  /** The members to keep; all others go, as a union's other branches. */
  readonly $retainKeys?: ReadonlyArray<string>
  /** The order of a merged list, by keys or by values. */
  readonly [order: `$setElementOrder/${string}`]: ReadonlyArray<unknown>
  /** Values to take out of a merged list of primitives. */
  readonly [values: `$deleteFromPrimitiveList/${string}`]: ReadonlyArray<unknown>
}

const variance: { readonly _A: Types.Contravariant<unknown> } = { _A: identity }

/**
 * A JSON merge patch.
 *
 * ```ts
 * yield* deployments.patch("web", Patch.merge({ spec: { replicas: 3, paused: null } }))
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const merge = <A = unknown>(body: MergeBody<NoInfer<A>>): Merge<A> => ({
  [TypeId]: variance,
  _tag: "Merge",
  contentType: "application/merge-patch+json",
  body
})

/**
 * A JSON patch.
 *
 * ```ts
 * yield* pods.patch("web-0", Patch.json([{ op: "remove", path: "/metadata/labels/canary" }]))
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const json = (operations: ReadonlyArray<Operation>): Json => ({
  [TypeId]: variance,
  _tag: "Json",
  contentType: "application/json-patch+json",
  body: operations
})

/**
 * A strategic merge patch.
 *
 * ```ts
 * yield* deployments.patch("web", Patch.strategic({
 *   spec: { template: { spec: { containers: [{ name: "web", image: "nginx:1.29" }] } } }
 * }))
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const strategic = <A = unknown>(body: StrategicBody<NoInfer<A>>): Strategic<A> => ({
  [TypeId]: variance,
  _tag: "Strategic",
  contentType: "application/strategic-merge-patch+json",
  body
})

/**
 * A server-side apply. `fieldManager` is required: the server keeps what each manager applied, and refuses a patch that
 * names none. `ResourceClient.apply` is the same with the kind filled in.
 *
 * @category constructors
 * @since 0.1.0
 */
export const apply = <A extends KubeObject>(
  configuration: ApplyConfiguration<A>,
  options: ApplyOptions
): Apply<A> => ({
  [TypeId]: variance,
  _tag: "Apply",
  contentType: "application/apply-patch+yaml",
  body: configuration,
  options
})
