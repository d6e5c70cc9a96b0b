/**
 * Owner references: which objects an object belongs to, and which one controls it.
 *
 * A controller sets itself as the controller of what it creates; the garbage collector deletes dependents when their
 * last owner is gone; `Controller.owns` maps events of dependents back to their controller. All functions return new
 * objects.
 *
 * @see https://kubernetes.io/docs/concepts/overview/working-with-objects/owners-dependents/
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as GroupVersion from "./GroupVersion.ts"
import type { ObjectMeta, OwnerReference } from "./ObjectMeta.ts"
import * as Resource from "./Resource.ts"
import type { KubeObject } from "./Resource.ts"

export type {
  /**
   * One owner.
   *
   * @category models
   * @since 0.1.0
   */
  OwnerReference
} from "./ObjectMeta.ts"

/**
 * An object that the server has stored: only such a one can own others, as it has a uid.
 *
 * @category models
 * @since 0.1.0
 */
export interface Owner {
  readonly metadata: ObjectMeta & { readonly name: string; readonly uid: string }
}

/**
 * What must be known of the owner's kind; its descriptor has it.
 *
 * @category models
 * @since 0.1.0
 */
export interface OwnerKind {
  readonly group: string
  readonly version: string
  readonly kind: string
}

/**
 * An owner that Kubernetes does not allow.
 *
 * @category errors
 * @since 0.1.0
 */
export class OwnerReferenceError
  extends Schema.TaggedError<OwnerReferenceError>("effect-kubernetes/OwnerReferenceError")("OwnerReferenceError", {
    /**
     * `AlreadyControlled`: the object has another controller. `CrossNamespace`: the owner lives in another namespace.
     * `ClusterScoped`: the owner has a namespace and the object has none.
     */
    reason: Schema.Literals(["AlreadyControlled", "CrossNamespace", "ClusterScoped"]),
    description: Schema.String
  })
{
  override get message(): string {
    return this.description
  }
}

/**
 * How an object holds its owner.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /**
   * Whether the owner's deletion in the foreground waits until the object is gone. True for the controller and absent for
   * other owners unless given. Setting it takes the right to update the owner's `finalizers` where the server checks that.
   */
  readonly blockOwnerDeletion?: boolean | undefined
}

/**
 * The reference to an owner that is not the controller.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (owner: Owner, kind: OwnerKind, { blockOwnerDeletion }: Options = {}): OwnerReference => ({
  apiVersion: Resource.apiVersion(kind),
  kind: kind.kind,
  name: owner.metadata.name,
  uid: owner.metadata.uid,
  ...(blockOwnerDeletion === undefined ? {} : { blockOwnerDeletion })
})

/**
 * The reference to the controlling owner; it holds back the owner's deletion in the foreground until the object is gone.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeController = (owner: Owner, kind: OwnerKind, options: Options = {}): OwnerReference => ({
  ...make(owner, kind),
  controller: true,
  blockOwnerDeletion: options.blockOwnerDeletion ?? true
})

/**
 * The controlling owner of an object.
 *
 * @category accessors
 * @since 0.1.0
 */
export const controllerOf = (object: KubeObject): Option.Option<OwnerReference> =>
  Option.fromUndefinedOr(object.metadata?.ownerReferences?.find((reference) => reference.controller === true))

/**
 * Whether an owner controls an object. The uid decides: an owner that was deleted and made again under its old name
 * controls nothing.
 *
 * @category guards
 * @since 0.1.0
 */
export const isControlledBy = (object: KubeObject, owner: Owner): boolean =>
  object.metadata?.ownerReferences?.find((reference) => reference.controller === true)?.uid === owner.metadata.uid

/**
 * Whether an object has an owner, controlling or not.
 *
 * @category guards
 * @since 0.1.0
 */
export const isOwnedBy = (object: KubeObject, owner: Owner): boolean =>
  object.metadata?.ownerReferences?.some((reference) => reference.uid === owner.metadata.uid) ?? false

const groupOf = (apiVersion: string): string =>
  Result.getOrElse(Result.map(GroupVersion.parse(apiVersion), ({ group }) => group), () => apiVersion)

/** Whether two references are about one object; the version and the uid play no part, as both may change. */
const isSameOwner = (left: OwnerReference, right: OwnerReference): boolean =>
  left.kind === right.kind && left.name === right.name && groupOf(left.apiVersion) === groupOf(right.apiVersion)

const withReferences = <A extends KubeObject>(object: A, ownerReferences: ReadonlyArray<OwnerReference>): A => ({
  ...object,
  metadata: { ...object.metadata, ownerReferences }
})

const checkNamespaces = (object: KubeObject, owner: Owner): Result.Result<void, OwnerReferenceError> => {
  const theirs = owner.metadata.namespace ?? ""
  const ours = object.metadata?.namespace ?? ""
  if (theirs === "" || theirs === ours) return Result.succeed(undefined)
  return Result.fail(
    ours === ""
      ? new OwnerReferenceError({
        reason: "ClusterScoped",
        description: `cluster-scoped resource must not have a namespace-scoped owner, owner's namespace ${theirs}`
      })
      : new OwnerReferenceError({
        reason: "CrossNamespace",
        description:
          `cross-namespace owner references are disallowed, owner's namespace ${theirs}, obj's namespace ${ours}`
      })
  )
}

const put = <A extends KubeObject>(object: A, reference: OwnerReference): A => {
  const references = object.metadata?.ownerReferences ?? []
  const index = references.findIndex((other) => isSameOwner(other, reference))
  return withReferences(object, index < 0 ? [...references, reference] : references.with(index, reference))
}

/**
 * The object with one more owner; a reference to the same owner is replaced. Fails where namespaces forbid it.
 *
 * @category combinators
 * @since 0.1.0
 */
export const set = <A extends KubeObject>(
  object: A,
  owner: Owner,
  kind: OwnerKind,
  options?: Options
): Result.Result<A, OwnerReferenceError> =>
  Result.map(checkNamespaces(object, owner), () => put(object, make(owner, kind, options)))

/**
 * The object under the control of an owner. Fails where namespaces forbid it and where another object controls it.
 *
 * @category combinators
 * @since 0.1.0
 */
export const setController = <A extends KubeObject>(
  object: A,
  owner: Owner,
  kind: OwnerKind,
  options?: Options
): Result.Result<A, OwnerReferenceError> =>
  Result.flatMap(checkNamespaces(object, owner), () => {
    const reference = makeController(owner, kind, options)
    const other = object.metadata?.ownerReferences?.find((existing) =>
      existing.controller === true && !isSameOwner(existing, reference)
    )
    return other === undefined
      ? Result.succeed(put(object, reference))
      : Result.fail(
        new OwnerReferenceError({
          reason: "AlreadyControlled",
          description: `Object ${object.metadata?.namespace ?? ""}/${
            object.metadata?.name ?? ""
          } is already owned by another ${other.kind} controller ${other.name}`
        })
      )
  })

/**
 * The object without an owner; the same object where it was none.
 *
 * @category combinators
 * @since 0.1.0
 */
export const remove = <A extends KubeObject>(object: A, owner: Owner, kind: OwnerKind): A => {
  const reference = make(owner, kind)
  const references = object.metadata?.ownerReferences ?? []
  const rest = references.filter((other) => !isSameOwner(other, reference))
  return rest.length === references.length ? object : withReferences(object, rest)
}
