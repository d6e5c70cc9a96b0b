/**
 * `Scheme`: which kinds a program knows, and what it does with the versions of each.
 *
 * The way from an object to its descriptor and back: a descriptor gives an object its type (`typed`), an object's type
 * leads to its descriptor (`resourceOf`), which names the resource that a client addresses; `RestMapper` does the same
 * from what a server says. Defaulting and conversion are functions that are registered, as a webhook or a storage layer
 * has them; clients need neither. A scheme is a value: registering gives a new one.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as GroupVersion from "./GroupVersion.ts"
import type { GroupVersionKind } from "./GroupVersionKind.ts"
import type { ParseError } from "./ParseError.ts"
import * as Resource from "./Resource.ts"
import type { AnyResource, KubeObject } from "./Resource.ts"

const TypeId = "~effect-kubernetes/Machinery/Scheme"

/**
 * The kinds a program knows.
 *
 * @category models
 * @since 0.1.0
 */
export interface Scheme {
  readonly [TypeId]: {
    readonly kinds: ReadonlyMap<string, AnyResource>
    readonly lists: ReadonlyMap<string, AnyResource>
    readonly defaults: ReadonlyMap<string, ReadonlyArray<(object: KubeObject) => KubeObject>>
    readonly conversions: ReadonlyMap<string, (object: KubeObject) => KubeObject>
  }
  /** In the order they were registered. */
  readonly resources: ReadonlyArray<AnyResource>
}

const fields = {
  group: Schema.String,
  version: Schema.String,
  kind: Schema.String
}

/**
 * A scheme does not know a kind, or cannot convert it.
 *
 * @category errors
 * @since 0.1.0
 */
export class SchemeError extends Schema.TaggedError<SchemeError>("effect-kubernetes/SchemeError")("SchemeError", {
  /**
   * `UnknownKind`: the kind is not registered. `NoConversion`: nobody registered a way to `target`. `MissingType`: the
   * object names no kind or no version.
   */
  reason: Schema.Literals(["UnknownKind", "NoConversion", "MissingType"]),
  ...fields,
  /** The version a conversion was to lead to. */
  target: Schema.optionalKey(Schema.String)
}) {
  override get message(): string {
    const apiVersion = Resource.apiVersion(this)
    switch (this.reason) {
      case "UnknownKind":
        return `no kind "${this.kind}" is registered for version "${apiVersion}"`
      case "NoConversion":
        return `no conversion of "${this.kind}" from "${apiVersion}" to "${this.target ?? ""}" is registered`
      case "MissingType":
        return `an object without ${this.kind === "" ? "kind" : "apiVersion"} has no type`
    }
  }
}

const keyOf = ({ group, kind, version }: GroupVersionKind): string => `${group}/${version}/${kind}`

/**
 * The scheme of some kinds; a kind given twice is the last.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (...resources: ReadonlyArray<AnyResource>): Scheme => register(empty, ...resources)

/**
 * The scheme that knows nothing.
 *
 * @category constructors
 * @since 0.1.0
 */
export const empty: Scheme = {
  [TypeId]: { kinds: new Map(), lists: new Map(), defaults: new Map(), conversions: new Map() },
  resources: []
}

/**
 * The scheme with more kinds.
 *
 * @category combinators
 * @since 0.1.0
 */
export const register = (scheme: Scheme, ...resources: ReadonlyArray<AnyResource>): Scheme => {
  const kinds = new Map(scheme[TypeId].kinds)
  const lists = new Map(scheme[TypeId].lists)
  for (const resource of resources) {
    kinds.set(keyOf(resource), resource)
    lists.set(keyOf({ ...resource, kind: resource.listKind }), resource)
  }
  return { [TypeId]: { ...scheme[TypeId], kinds, lists }, resources: [...kinds.values()] }
}

/**
 * The scheme with a function that fills in what objects of a kind leave out. Several of one kind run in the order they
 * were registered.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withDefaults = <A extends KubeObject, S extends Resource.Scope, Sub extends Resource.Subresources>(
  scheme: Scheme,
  resource: Resource.Resource<A, S, Sub>,
  defaults: (object: A) => A
): Scheme => {
  const functions = new Map(scheme[TypeId].defaults)
  const key = keyOf(resource)
  // Only objects of this kind are looked up under its key.
  functions.set(key, [...(functions.get(key) ?? []), defaults as unknown as (object: KubeObject) => KubeObject])
  return { ...scheme, [TypeId]: { ...scheme[TypeId], defaults: functions } }
}

/**
 * The scheme with a function that turns objects of one kind into objects of another, as a rule another version of it.
 * The result's `apiVersion` and `kind` are filled in.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withConversion = <
  A extends KubeObject,
  S extends Resource.Scope,
  Sub extends Resource.Subresources,
  B extends KubeObject,
  T extends Resource.Scope,
  Sup extends Resource.Subresources
>(
  scheme: Scheme,
  from: Resource.Resource<A, S, Sub>,
  to: Resource.Resource<B, T, Sup>,
  convert: (object: A) => B
): Scheme => {
  const conversions = new Map(scheme[TypeId].conversions)
  conversions.set(
    conversionKey(from, Resource.apiVersion(to)),
    ((object: A) => typed(to, convert(object))) as unknown as (object: KubeObject) => KubeObject
  )
  return { ...scheme, [TypeId]: { ...scheme[TypeId], conversions } }
}

const conversionKey = (from: GroupVersionKind, target: string): string => `${keyOf(from)} ${target}`

/**
 * Whether a kind is registered.
 *
 * @category guards
 * @since 0.1.0
 */
export const recognizes = (scheme: Scheme, kind: GroupVersionKind): boolean => scheme[TypeId].kinds.has(keyOf(kind))

/**
 * The descriptor of a kind. Fails with `SchemeError` (UnknownKind).
 *
 * @category accessors
 * @since 0.1.0
 */
export const resource = (scheme: Scheme, kind: GroupVersionKind): Result.Result<AnyResource, SchemeError> =>
  found(scheme[TypeId].kinds.get(keyOf(kind)), kind)

/**
 * The descriptor of the items of a list kind, as `Deployment` for `DeploymentList`. Fails with `SchemeError`
 * (UnknownKind).
 *
 * @category accessors
 * @since 0.1.0
 */
export const resourceOfList = (scheme: Scheme, listKind: GroupVersionKind): Result.Result<AnyResource, SchemeError> =>
  found(scheme[TypeId].lists.get(keyOf(listKind)), listKind)

const found = (
  resource: AnyResource | undefined,
  { group, kind, version }: GroupVersionKind
): Result.Result<AnyResource, SchemeError> =>
  resource === undefined
    ? Result.fail(new SchemeError({ reason: "UnknownKind", group, version, kind }))
    : Result.succeed(resource)

/**
 * The descriptor of an object, from the type it names. Fails with `SchemeError` (MissingType, UnknownKind), or with
 * `ParseError` for an `apiVersion` with two slashes.
 *
 * @category accessors
 * @since 0.1.0
 */
export const resourceOf = (
  scheme: Scheme,
  object: KubeObject
): Result.Result<AnyResource, SchemeError | ParseError> => {
  const { apiVersion = "", kind = "" } = object
  if (apiVersion === "" || kind === "") {
    return Result.fail(new SchemeError({ reason: "MissingType", group: "", version: apiVersion, kind }))
  }
  return Result.flatMap(
    GroupVersion.parse(apiVersion),
    ({ group, version }): Result.Result<AnyResource, SchemeError> => resource(scheme, { group, version, kind })
  )
}

/**
 * The kinds of one group and version.
 *
 * @category accessors
 * @since 0.1.0
 */
export const kindsOf = (scheme: Scheme, { group, version }: GroupVersion.GroupVersion): ReadonlyArray<AnyResource> =>
  scheme.resources.filter((resource) => resource.group === group && resource.version === version)

/**
 * The versions of a group, the one to prefer first.
 *
 * @category accessors
 * @since 0.1.0
 */
export const versionsOf = (scheme: Scheme, group: string): ReadonlyArray<string> => {
  const versions = scheme.resources.filter((resource) => resource.group === group).map(({ version }) => version)
  return [...new Set(versions)].sort(GroupVersion.comparePriority)
}

/**
 * An object with the type of a descriptor: what a program builds leaves it out. A type that the object has is replaced.
 *
 * @category combinators
 * @since 0.1.0
 */
export const typed = <A extends KubeObject>(
  resource: GroupVersionKind,
  object: A
): A & { readonly apiVersion: string; readonly kind: string } => ({
  ...object,
  apiVersion: Resource.apiVersion(resource),
  kind: resource.kind
})

/**
 * The object with the defaults of its kind. An unknown kind, or one without defaults, stays as it is.
 *
 * @category combinators
 * @since 0.1.0
 */
export const applyDefaults = <A extends KubeObject>(scheme: Scheme, object: A): A => {
  const known = resourceOf(scheme, object)
  if (Result.isFailure(known)) return object
  const functions = scheme[TypeId].defaults.get(keyOf(known.success)) ?? []
  // A default keeps the kind, and so the type.
  return functions.reduce<KubeObject>((current, apply) => apply(current), object) as A
}

/**
 * The object in another version. An object that has that version already is returned as it is. Fails with `SchemeError`
 * (MissingType, UnknownKind, NoConversion), or with `ParseError` for an `apiVersion` with two slashes.
 *
 * @category combinators
 * @since 0.1.0
 */
export const convert = (
  scheme: Scheme,
  object: KubeObject,
  target: GroupVersion.GroupVersion
): Result.Result<KubeObject, SchemeError | ParseError> =>
  Result.flatMap(resourceOf(scheme, object), (known): Result.Result<KubeObject, SchemeError> => {
    const wanted = Resource.apiVersion(target)
    if (object.apiVersion === wanted) return Result.succeed(object)
    const conversion = scheme[TypeId].conversions.get(conversionKey(known, wanted))
    const { group, kind, version } = known
    return conversion === undefined
      ? Result.fail(new SchemeError({ reason: "NoConversion", group, version, kind, target: wanted }))
      : Result.succeed(conversion(object))
  })
