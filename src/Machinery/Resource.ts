/**
 * The descriptor of one kind: what a client, an informer or a server must know about `Deployment` to work with it.
 *
 * A generated descriptor shares its name with its type (`Deployment` is both), so one generic `ResourceClient`
 * serves every kind and importing one kind pulls in no other. A custom resource gets the same with `Resource.make`.
 * A descriptor is data: it holds no client and performs nothing.
 *
 * @since 0.1.0
 */
import type * as Types from "effect/Types"
import type { ListMeta, ObjectMeta } from "./ObjectMeta.ts"
import type { Structure } from "./Structure.ts"

const TypeId = "~effect-kubernetes/Machinery/Resource"

/**
 * Whether objects of a kind live in a namespace.
 *
 * @category models
 * @since 0.1.0
 */
export type Scope = "Namespaced" | "Cluster"

/**
 * The verbs of the Kubernetes API, as discovery and RBAC spell them.
 *
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/#api-verbs
 * @category models
 * @since 0.1.0
 */
export type Verb =
  | "get"
  | "list"
  | "watch"
  | "create"
  | "update"
  | "patch"
  | "delete"
  | "deletecollection"

/**
 * What every Kubernetes object has.
 *
 * @category models
 * @since 0.1.0
 */
export interface KubeObject {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata?: ObjectMeta
}

/**
 * The members of `metadata` that the server always fills in.
 *
 * @category models
 * @since 0.1.0
 */
export type Identity = "name" | "uid" | "resourceVersion" | "creationTimestamp"

/**
 * The metadata of an object that a server returned; `namespace` is present where the kind is namespaced.
 *
 * @category models
 * @since 0.1.0
 */
export type PersistedMeta<S extends Scope> =
  & ObjectMeta
  & { readonly [K in Identity]: string }
  & (S extends "Namespaced" ? { readonly namespace: string } : unknown)

/**
 * An object as the server returned it: its type and identity are known to be present, so that reading them needs no
 * assertion. It may be passed wherever `A` is asked for.
 *
 * @category models
 * @since 0.1.0
 */
export type Persisted<A extends KubeObject, S extends Scope = "Namespaced"> =
  & Omit<A, "metadata" | "apiVersion" | "kind">
  & {
    readonly apiVersion: NonNullable<A["apiVersion"]>
    readonly kind: NonNullable<A["kind"]>
    readonly metadata: PersistedMeta<S>
  }

/**
 * One list or page of objects. `items` carry `apiVersion` and `kind` also where the server leaves them out.
 *
 * @category models
 * @since 0.1.0
 */
export interface KubeList<A> {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: ListMeta
  readonly items: ReadonlyArray<A>
}

/**
 * What is known about one subresource: the verbs it serves and the kind of the body it takes and returns.
 *
 * @category models
 * @since 0.1.0
 */
export interface Subresource {
  readonly verbs: ReadonlyArray<Verb>
  readonly group: string
  readonly version: string
  readonly kind: string
}

/**
 * Stands in for the body of a subresource that takes no object: it answers bytes, as `log` does, or becomes a
 * connection, as `exec` and `portforward` do. `Options` are its query parameters. Such subresources are served by
 * `Streaming`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Connect<Options> {
  readonly _tag: "Connect"
  readonly options: Options
}

/**
 * Stands around the body of a subresource that serves other verbs than get, update and patch: an eviction is only
 * created.
 *
 * @category models
 * @since 0.1.0
 */
export interface Only<V extends Verb, Body> {
  readonly _tag: "Only"
  readonly verbs: V
  readonly body: Body
}

/**
 * The type of a subresource's body.
 *
 * @category models
 * @since 0.1.0
 */
export type BodyOf<S> = S extends Only<Verb, infer Body> ? Body : S

/**
 * The verbs of a subresource.
 *
 * @category models
 * @since 0.1.0
 */
export type VerbsOf<S> = S extends Only<infer V, unknown> ? V : "get" | "update" | "patch"

/**
 * The names of those subresources whose bodies are objects: `status`, `scale`, `eviction`, not `log` or `exec`.
 *
 * @category models
 * @since 0.1.0
 */
export type ObjectSubresource<Sub> = {
  [K in keyof Sub & string]: Sub[K] extends Connect<unknown> ? never : K
}[keyof Sub & string]

/**
 * The body type of each subresource by its name, as in `{ status: Deployment, scale: Scale }`; `Only` where it serves
 * other verbs than get, update and patch, `Connect` where there is no body.
 *
 * @category models
 * @since 0.1.0
 */
export type Subresources = object

/**
 * The descriptor of one kind.
 *
 * `A` is its TypeScript type, `S` its scope and `Sub` maps the names of its subresources to their body types.
 *
 * @category models
 * @since 0.1.0
 */
export interface Resource<A extends KubeObject, S extends Scope = Scope, Sub extends Subresources = {}> {
  readonly [TypeId]: {
    readonly _A: Types.Covariant<A>
    readonly _Sub: Types.Covariant<Sub>
  }
  /** Empty for the core group. */
  readonly group: string
  readonly version: string
  readonly kind: string
  /** Usually the kind with `List` appended. */
  readonly listKind: string
  /** The name in paths and in RBAC: `deployments`. */
  readonly plural: string
  readonly singular: string
  readonly shortNames: ReadonlyArray<string>
  readonly categories: ReadonlyArray<string>
  readonly scope: S
  readonly verbs: ReadonlyArray<Verb>
  readonly subresources: { readonly [K in keyof Sub]: Subresource }
  /**
   * What patches must know of its fields: list types, map keys, patch strategies. `undefined` where nothing differs
   * from the defaults (lists are atomic, objects are merged) or nothing is known.
   */
  readonly structure: Structure | undefined
}

/**
 * Any descriptor, where code does not care for the kind.
 *
 * @category models
 * @since 0.1.0
 */
export interface AnyResource extends Omit<Resource<KubeObject>, typeof TypeId | "subresources"> {
  readonly [TypeId]: unknown
  readonly subresources: { readonly [name: string]: Subresource }
}

/**
 * The TypeScript type of a descriptor's objects.
 *
 * @category models
 * @since 0.1.0
 */
export type ObjectOf<R> = R extends Resource<infer A, infer _S, infer _Sub> ? A : never

/**
 * What must be said of a kind; the rest has defaults.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options<S extends Scope, Names extends PropertyKey> {
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly plural: string
  readonly scope: S
  /** Defaults to the kind with `List` appended. */
  readonly listKind?: string
  /** Defaults to the kind in lower case. */
  readonly singular?: string
  readonly shortNames?: ReadonlyArray<string>
  readonly categories?: ReadonlyArray<string>
  /** Defaults to all eight verbs. */
  readonly verbs?: ReadonlyArray<Verb>
  /**
   * Either the names, as in `["status"]`: get, update and patch with the object itself as the body; or the facts of
   * each.
   */
  readonly subresources?: ReadonlyArray<Names> | { readonly [K in Names]: Subresource }
  readonly structure?: Structure
}

const allVerbs: ReadonlyArray<Verb> = [
  "create",
  "delete",
  "deletecollection",
  "get",
  "list",
  "patch",
  "update",
  "watch"
]

const subresourceFacts = (
  options: Options<Scope, PropertyKey>
): { readonly [name: string]: Subresource } => {
  const given = options.subresources
  if (given === undefined) return {}
  if (!Array.isArray(given)) return given as { readonly [name: string]: Subresource }
  const { group, kind, version } = options
  return Object.fromEntries(
    given.map((
      name
    ): [string, Subresource] => [String(name), { verbs: ["get", "patch", "update"], group, version, kind }])
  )
}

/**
 * Describes a kind. The type is given first and the facts second, so that the scope and the names of the
 * subresources are inferred:
 *
 * ```ts
 * interface Website extends Resource.KubeObject { readonly spec: { readonly image: string } }
 * const Website = Resource.make<Website, { status: Website }>()({
 *   group: "demo.example.com", version: "v1", kind: "Website", plural: "websites", scope: "Namespaced",
 *   subresources: ["status"]
 * })
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make =
  <A extends KubeObject, Sub extends Subresources = {}>() =>
  <const S extends Scope>(options: Options<S, keyof Sub>): Resource<A, S, Sub> => ({
    [TypeId]: variance,
    group: options.group,
    version: options.version,
    kind: options.kind,
    listKind: options.listKind ?? `${options.kind}List`,
    plural: options.plural,
    singular: options.singular ?? options.kind.toLowerCase(),
    shortNames: options.shortNames ?? [],
    categories: options.categories ?? [],
    scope: options.scope,
    verbs: options.verbs ?? allVerbs,
    subresources: subresourceFacts(options) as { readonly [K in keyof Sub]: Subresource },
    structure: options.structure
  })

const variance = {
  _A: (value: never) => value,
  _Sub: (value: never) => value
}

/**
 * The wire's `apiVersion` of a descriptor: `v1` or `apps/v1`.
 *
 * @category accessors
 * @since 0.1.0
 */
export const apiVersion = (resource: { readonly group: string; readonly version: string }): string =>
  resource.group === "" ? resource.version : `${resource.group}/${resource.version}`

/**
 * The name of a resource type as errors, metrics and `kubectl` write it: `pods`, `deployments.apps`.
 *
 * @category accessors
 * @since 0.1.0
 */
export const qualifiedName = (resource: { readonly group: string; readonly plural: string }): string =>
  resource.group === "" ? resource.plural : `${resource.plural}.${resource.group}`
