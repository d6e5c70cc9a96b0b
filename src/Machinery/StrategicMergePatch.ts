/**
 * Strategic merge patches: computed, applied and merged three ways, without a server.
 *
 * They are merge patches that know the type: lists whose structure says so are merged item by item, told apart by a
 * key, and directives (`$patch`, `$retainKeys`, `$setElementOrder/…`, `$deleteFromPrimitiveList/…`) say what plain
 * members cannot. What is merged how stands in the `Structure` of a kind's descriptor; custom resources have none and
 * their servers refuse this kind of patch. Values are never changed in place.
 *
 * @see https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import * as Diff from "./internal/strategicDiff.ts"
import * as Merge from "./internal/strategicMerge.ts"
import type { JsonObject } from "./Json.ts"
import type { StrategicBody } from "./Patch.ts"
import * as PatchError from "./PatchError.ts"
import type { Structure } from "./Structure.ts"

/**
 * What must be known of a kind: its descriptor has it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Structured {
  readonly structure: Structure | undefined
}

/**
 * The object with a patch applied, as the API server does it.
 *
 * ```ts
 * const patched = StrategicMergePatch.apply(Deployment, deployment, {
 *   spec: { template: { spec: { containers: [{ name: "sidecar", $patch: "delete" }] } } }
 * })
 * ```
 *
 * Fails with `PatchError`: Malformed for a directive that breaks its rules, Inapplicable for a list item without its
 * merge key or a list of lists.
 *
 * @category applying
 * @since 0.1.0
 */
export const apply = <A extends object>(
  kind: Structured,
  target: A,
  patch: StrategicBody<NoInfer<A>>
): Result.Result<A, PatchError.PatchError> =>
  Result.map(
    Merge.merge(target as JsonObject, patch as JsonObject, kind.structure, "object"),
    (merged) => merged as A
  )

/**
 * The patch that turns one object into another: `apply(kind, from, create(kind, from, to))` equals `to`, unless `to`
 * holds nulls or lists a key twice.
 *
 * @category constructors
 * @since 0.1.0
 */
export const create = <A extends object>(
  kind: Structured,
  from: A,
  to: A
): Result.Result<StrategicBody<A>, PatchError.PatchError> =>
  Result.map(
    Diff.diff(from as JsonObject, to as JsonObject, kind.structure, { changes: true, deletions: true, order: true }),
    (patch) => patch as StrategicBody<A>
  )

/**
 * The three objects of `createThreeWay`.
 *
 * @category models
 * @since 0.1.0
 */
export interface ThreeWay<A> {
  /** What was applied last, from the annotation `kubectl.kubernetes.io/last-applied-configuration`. */
  readonly original: A | undefined
  /** What is wanted. */
  readonly modified: A
  /** What the server has. */
  readonly current: A
  /** Whether changes that others made to fields of `modified` are overwritten. True unless given, as in `kubectl apply`. */
  readonly overwrite?: boolean
}

/**
 * The patch that brings `current` to `modified`, and takes away what `original` had and `modified` leaves out: what
 * `kubectl apply` sends for built-in kinds. What others added to `current` stays.
 *
 * Fails with `PatchError`: Conflict where `overwrite` is false and somebody changed a field that `modified` changes
 * otherwise.
 *
 * @category constructors
 * @since 0.1.0
 */
export const createThreeWay = <A extends object>(
  kind: Structured,
  { current, modified, original, overwrite = true }: ThreeWay<A>
): Result.Result<StrategicBody<A>, PatchError.PatchError> =>
  Result.gen(function*() {
    const before = (original ?? {}) as JsonObject
    const wanted = modified as JsonObject
    const now = current as JsonObject
    const changes = yield* Diff.diff(now, wanted, kind.structure, { changes: true, deletions: false, order: true })
    const removals = yield* Diff.diff(before, wanted, kind.structure, { changes: false, deletions: true, order: true })
    const patch = yield* Merge.merge(removals, changes, kind.structure, "patch")
    if (!overwrite) {
      const theirs = yield* Diff.diff(before, now, kind.structure, { changes: true, deletions: true, order: false })
      if (Diff.conflicts(patch, theirs, kind.structure)) {
        return yield* Result.fail(
          new PatchError.PatchError({
            reason: new PatchError.Conflict({
              description: `the patch ${JSON.stringify(patch)} conflicts with changes made from original to current ${
                JSON.stringify(theirs)
              }`
            })
          })
        )
      }
    }
    return patch as StrategicBody<A>
  })
