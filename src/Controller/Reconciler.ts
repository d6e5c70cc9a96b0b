/**
 * The contract between a controller and the user's code: a request comes in, a result or an error goes out.
 *
 * A request names an object and never carries one: the reconciler reads the present state and makes it so
 * (level-triggered). `Controller` makes requests from keys of its work queue and turns what comes back into the next
 * step: done, again later, again with a rate limit, or given up.
 *
 * @see https://kubernetes.io/docs/concepts/architecture/controller/
 * @since 0.1.0
 */
import type * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Scope } from "../Machinery/Resource.ts"

/**
 * Why a key was put into the queue.
 *
 * `Changed` is the object itself; `Owned` and `Watched` name the object whose change led here; `Source` is a stream of
 * keys; `Gained` is a key that became this replica's own (`Partition`); the rest are what an earlier reconcile of the key
 * asked for.
 *
 * @category models
 * @since 0.1.0
 */
export type Reason =
  | { readonly _tag: "Changed"; readonly change: Change }
  | { readonly _tag: "Owned"; readonly change: Change; readonly kind: string; readonly key: string }
  | { readonly _tag: "Watched"; readonly change: Change; readonly kind: string; readonly key: string }
  | { readonly _tag: "Source"; readonly name: string }
  | { readonly _tag: "Gained" }
  | { readonly _tag: "RequeueAfter" }
  | { readonly _tag: "Requeue" }
  | { readonly _tag: "Retry" }

/**
 * What happened to an object: `Initial` is its first sight when the controller starts, `Resynced` a repetition of a
 * known state.
 *
 * @category models
 * @since 0.1.0
 */
export type Change = "Initial" | "Added" | "Updated" | "Deleted" | "Resynced"

/**
 * Which object to reconcile.
 *
 * @category models
 * @since 0.1.0
 */
export interface Request<S extends Scope = Scope> {
  /** `namespace/name`, or `name` for a kind of cluster scope. */
  readonly key: string
  readonly name: string
  /** Present for a namespaced kind. */
  readonly namespace: S extends "Namespaced" ? string : undefined
  /**
   * Why, oldest first. For logs and metrics: many changes fall into one request, at most the last eight are kept, and a
   * reconciler that decides by them is not level-triggered.
   */
  readonly reasons: ReadonlyArray<Reason>
}

/**
 * What a reconciler may ask for when it succeeded.
 *
 * @category models
 * @since 0.1.0
 */
export type Result = RequeueAfter | Requeue

/**
 * Done, and once more after the delay.
 *
 * @category models
 * @since 0.1.0
 */
export interface RequeueAfter {
  readonly _tag: "RequeueAfter"
  readonly delay: Duration.Duration
  /** The priority it comes again with; the one it had unless given. */
  readonly priority?: number
}

/**
 * Not done: once more, as slowly as the rate limit says.
 *
 * @category models
 * @since 0.1.0
 */
export interface Requeue {
  readonly _tag: "Requeue"
  /** The priority it comes again with; the one it had unless given. */
  readonly priority?: number
}

/**
 * Asks for the same key again after a delay, for what no event announces. A change in between comes at once and leaves
 * the delay in place. A delay that is zero or negative is over at once; in controller-runtime it would be no request.
 *
 * @category constructors
 * @since 0.1.0
 */
export const requeueAfter = (
  delay: Duration.Input,
  options?: {
    /** Higher goes first; the one it had unless given. `WorkQueue.lowPriority` suits what nobody waits for. */
    readonly priority?: number
  }
): RequeueAfter => ({
  _tag: "RequeueAfter",
  delay: Duration.fromInputUnsafe(delay),
  ...(options?.priority === undefined ? {} : { priority: options.priority })
})

/**
 * Asks for the same key again under the rate limit, as after an error that is none. With another priority:
 * `{ ...Controller.requeue, priority: 5 }`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const requeue: Requeue = { _tag: "Requeue" }

/**
 * An error that trying again will not mend, as a spec that names what cannot exist. It is counted and logged, and the
 * key waits for the next change.
 *
 * @category errors
 * @since 0.1.0
 */
export class TerminalError extends Schema.TaggedError<TerminalError>("effect-kubernetes/Controller/TerminalError")(
  "TerminalError",
  { cause: Schema.Defect() }
) {
  override get message(): string {
    return this.cause instanceof Error ? this.cause.message : String(this.cause)
  }
}

/**
 * Marks an error as terminal: `Effect.mapError(Reconciler.terminal)`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const terminal = (cause: unknown): TerminalError => new TerminalError({ cause })

/**
 * The user's code: makes the present state of one object what it should be.
 *
 * It may be interrupted at any point (shutdown, a lost lease, a timeout), and may run again for the same state.
 *
 * @category models
 * @since 0.1.0
 */
export type Reconciler<S extends Scope, E, R> = (request: Request<S>) => Effect.Effect<Result | void, E, R>

/**
 * What became of one request.
 *
 * @category models
 * @since 0.1.0
 */
export type Outcome<S extends Scope = Scope, E = never> = Ending<E> & {
  readonly request: Request<S>
  /** How long the reconciler ran. */
  readonly duration: Duration.Duration
}

/**
 * How a reconcile ended.
 *
 * @category models
 * @since 0.1.0
 */
export type Ending<E> =
  | { readonly _tag: "Success" }
  | RequeueAfter
  | Requeue
  /** It failed, and is tried again after `retryAfter`; not at all where the rate limit gave up. */
  | { readonly _tag: "Failure"; readonly error: E; readonly retryAfter: Duration.Duration | undefined }
  | { readonly _tag: "TerminalFailure"; readonly error: TerminalError }
  /** It died with what no type foretold, and is tried again. */
  | {
    readonly _tag: "Defect"
    readonly cause: Cause.Cause<never>
    readonly retryAfter: Duration.Duration | undefined
  }
  /** It took longer than the controller's `timeout`, was interrupted, and is tried again. */
  | { readonly _tag: "Timeout"; readonly retryAfter: Duration.Duration | undefined }
  /** It was interrupted because its key became another replica's, which reconciles it anew. */
  | { readonly _tag: "HandedOver" }
