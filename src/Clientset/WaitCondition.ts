/**
 * Conditions to wait for: what must hold of one object, or of its absence.
 *
 * They are values that compose with `and`, `or` and `not`, and say in words what they wait for, so that a timeout can
 * tell what was missing. `Wait` waits for them; a controller may ask them directly with `isMet`.
 *
 * @since 0.1.0
 */
import type { KubeObject } from "../Machinery/Resource.ts"

/**
 * What must hold of an object; `undefined` stands for an object that is not there.
 *
 * @category models
 * @since 0.1.0
 */
export interface WaitCondition<in A = KubeObject> {
  /** What is waited for, as in "Ready=True". */
  readonly description: string
  readonly isMet: (object: A | undefined) => boolean
}

/**
 * A condition of one's own.
 *
 * ```ts
 * const bound = WaitCondition.make<PersistentVolumeClaim>("bound", (claim) => claim?.status?.phase === "Bound")
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <A>(description: string, isMet: (object: A | undefined) => boolean): WaitCondition<A> => ({
  description,
  isMet
})

/**
 * Both hold.
 *
 * @category combinators
 * @since 0.1.0
 */
export const and = <A, B>(left: WaitCondition<A>, right: WaitCondition<B>): WaitCondition<A & B> =>
  make(`${left.description} and ${right.description}`, (object) => left.isMet(object) && right.isMet(object))

/**
 * One of them holds, or both.
 *
 * @category combinators
 * @since 0.1.0
 */
export const or = <A, B>(left: WaitCondition<A>, right: WaitCondition<B>): WaitCondition<A & B> =>
  make(`(${left.description} or ${right.description})`, (object) => left.isMet(object) || right.isMet(object))

/**
 * It does not hold; `not(ready)` holds of what is not there.
 *
 * @category combinators
 * @since 0.1.0
 */
export const not = <A>(condition: WaitCondition<A>): WaitCondition<A> =>
  make(
    // It is read as one, as in "not (Ready=True and created)".
    `not ${condition.description.includes(" and ") ? `(${condition.description})` : condition.description}`,
    (object) => !condition.isMet(object)
  )

/**
 * The object is there.
 *
 * @category conditions
 * @since 0.1.0
 */
export const created: WaitCondition = make("created", (object) => object !== undefined)

/**
 * The object is not there.
 *
 * @category conditions
 * @since 0.1.0
 */
export const deleted: WaitCondition = make("deleted", (object) => object === undefined)

/**
 * The object of this `metadata.uid` is not there: either none is, or another of the same name.
 *
 * @category conditions
 * @since 0.1.0
 */
export const gone = (uid: string): WaitCondition => make("gone", (object) => object?.metadata?.uid !== uid)

/**
 * What has status conditions, as far as they are read here.
 *
 * @category models
 * @since 0.1.0
 */
export interface Conditioned extends KubeObject {
  readonly status?: {
    readonly observedGeneration?: number
    readonly conditions?: ReadonlyArray<{
      readonly type: string
      readonly status: string
      readonly observedGeneration?: number
    }>
  }
}

/**
 * A status condition of a type has a status, `True` unless given, and is about the object as it is: one whose
 * `observedGeneration`, or else that of the status, is behind `metadata.generation` does not count.
 *
 * @category conditions
 * @since 0.1.0
 */
export const condition = (type: string, status: "True" | "False" | "Unknown" = "True"): WaitCondition<Conditioned> =>
  make(`${type}=${status}`, (object) => {
    const found = object?.status?.conditions?.find((condition) => condition.type === type)
    if (found?.status !== status) return false
    const observed = found.observedGeneration ?? object?.status?.observedGeneration
    return observed === undefined || observed >= (object?.metadata?.generation ?? 0)
  })

/**
 * A CustomResourceDefinition is served.
 *
 * @category conditions
 * @since 0.1.0
 */
export const established: WaitCondition<Conditioned> = condition("Established")

/**
 * A Deployment has the replicas it needs; an APIService answers.
 *
 * @category conditions
 * @since 0.1.0
 */
export const available: WaitCondition<Conditioned> = condition("Available")

/**
 * A Job is done and has succeeded. `or(complete, failed)` ends either way.
 *
 * @category conditions
 * @since 0.1.0
 */
export const complete: WaitCondition<Conditioned> = condition("Complete")

/**
 * A Job has failed for good.
 *
 * @category conditions
 * @since 0.1.0
 */
export const failed: WaitCondition<Conditioned> = condition("Failed")

/**
 * A Pod or a Node is ready.
 *
 * @category conditions
 * @since 0.1.0
 */
export const ready: WaitCondition<Conditioned> = condition("Ready")
