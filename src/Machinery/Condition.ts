/**
 * Status conditions: what a controller says about an object, one entry per type.
 *
 * `lastTransitionTime` tells since when the status is what it is, so it changes with the status and with nothing else.
 * Reading works on any list of entries with `type` and `status` (conditions of pods, nodes, deployments); `set` writes
 * the standard form.
 *
 * @see https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md#typical-status-properties
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Time from "./Time.ts"

/**
 * Whether something holds.
 *
 * @category models
 * @since 0.1.0
 */
export type Status = "True" | "False" | "Unknown"

/**
 * The standard form of a condition.
 *
 * @category models
 * @since 0.1.0
 */
export interface Condition {
  /** CamelCase, of one kind or `domain/Name`: `Available`, `Ready`. */
  readonly type: string
  readonly status: Status
  /** The `metadata.generation` that the condition is about. */
  readonly observedGeneration?: number
  /** RFC 3339; since when `status` is what it is. */
  readonly lastTransitionTime: string
  /** CamelCase, for programs. */
  readonly reason: string
  /** A sentence, for people; may be empty. */
  readonly message: string
}

/**
 * What reading needs of a condition.
 *
 * @category models
 * @since 0.1.0
 */
export interface Readable {
  readonly type: string
  readonly status: string
}

/**
 * What `set` needs of the conditions there are: the standard form, or one with fewer or more members.
 *
 * @category models
 * @since 0.1.0
 */
export interface Writable extends Readable {
  readonly observedGeneration?: number
  readonly lastTransitionTime?: string
  readonly reason?: string
  readonly message?: string
}

/**
 * The condition of a type.
 *
 * @category accessors
 * @since 0.1.0
 */
export const find = <C extends Readable>(
  conditions: ReadonlyArray<C> | undefined,
  type: string
): Option.Option<C> => Option.fromUndefinedOr(conditions?.find((condition) => condition.type === type))

/**
 * Whether the condition of a type is there and has a status.
 *
 * @category guards
 * @since 0.1.0
 */
export const is = (conditions: ReadonlyArray<Readable> | undefined, type: string, status: Status): boolean =>
  conditions?.find((condition) => condition.type === type)?.status === status

/**
 * Whether the condition of a type is there and `True`.
 *
 * @category guards
 * @since 0.1.0
 */
export const isTrue = (conditions: ReadonlyArray<Readable> | undefined, type: string): boolean =>
  is(conditions, type, "True")

/**
 * Whether the condition of a type is there and `False`.
 *
 * @category guards
 * @since 0.1.0
 */
export const isFalse = (conditions: ReadonlyArray<Readable> | undefined, type: string): boolean =>
  is(conditions, type, "False")

/**
 * A condition to be set; its time is that of the change unless given.
 *
 * @category models
 * @since 0.1.0
 */
export type Input = Omit<Condition, "lastTransitionTime"> & { readonly lastTransitionTime?: string }

/**
 * The conditions with one set. While the status stays, so does its time. Where nothing changes the very same list is
 * returned, so that `===` tells whether the status must be written.
 *
 * ```ts
 * const conditions = yield* Condition.set(website.status?.conditions, {
 *   type: "Ready", status: "True", reason: "Deployed", message: "", observedGeneration: website.metadata.generation
 * })
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const set = <C extends Writable = Condition>(
  conditions: ReadonlyArray<C> | undefined,
  condition: Input
): Effect.Effect<ReadonlyArray<C | Condition>> =>
  Effect.map(
    condition.lastTransitionTime === undefined ? Time.now : Effect.succeed(condition.lastTransitionTime),
    (time) => {
      const index = conditions?.findIndex(({ type }) => type === condition.type) ?? -1
      const existing = conditions?.[index]
      if (conditions === undefined || existing === undefined) {
        return [...(conditions ?? []), { ...condition, lastTransitionTime: time }]
      }
      const isSame = existing.status === condition.status && existing.reason === condition.reason &&
        existing.message === condition.message && existing.observedGeneration === condition.observedGeneration
      if (isSame) return conditions
      const { observedGeneration: _, ...rest } = existing
      const changed: Condition = {
        ...rest,
        ...condition,
        lastTransitionTime: existing.status === condition.status ? existing.lastTransitionTime ?? time : time
      }
      return conditions.map((other, at) => at === index ? changed : other)
    }
  )

/**
 * The conditions without one; the very same list where it was not there.
 *
 * @category combinators
 * @since 0.1.0
 */
export const remove = <C extends Readable>(conditions: ReadonlyArray<C>, type: string): ReadonlyArray<C> => {
  const rest = conditions.filter((condition) => condition.type !== type)
  return rest.length === conditions.length ? conditions : rest
}
