/**
 * `LeaderState`: where a candidate stands.
 *
 * `LeaderElector` moves it; health checks, logs and user interfaces read it, as its newest value or as a Stream.
 *
 * @since 0.1.0
 */
import type * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import type { Failure } from "./ResourceLock.ts"

/**
 * Not a candidate: `whileLeading` does not run.
 *
 * @category models
 * @since 0.1.0
 */
export interface Idle {
  readonly _tag: "Idle"
}

/**
 * A candidate that waits. `leader` is whom it saw last; none where it saw nobody.
 *
 * @category models
 * @since 0.1.0
 */
export interface Standby {
  readonly _tag: "Standby"
  readonly leader: Option.Option<string>
}

/**
 * A candidate that could not read or write its lock, and would not lead if the leader were gone: a missing permission,
 * a namespace that is not there, a server that does not answer; or, where the server picks the leader, one that could not
 * make itself known. It tries on.
 *
 * @category models
 * @since 0.1.0
 */
export interface Blocked {
  readonly _tag: "Blocked"
  readonly leader: Option.Option<string>
  /** Why the last try failed. */
  readonly error: Failure
  /** Since when no try succeeded. */
  readonly since: DateTime.Utc
}

/**
 * The leader. `leader` is itself.
 *
 * @category models
 * @since 0.1.0
 */
export interface Leading {
  readonly _tag: "Leading"
  readonly leader: Option.Option<string>
  /** Since when. */
  readonly since: DateTime.Utc
  /** Grows with each leader, so that it can fence off what an earlier one writes late. */
  readonly transitions: number
  /** Why the last renewal failed; none where it did not. */
  readonly renewalError: Option.Option<Failure>
}

/**
 * Leadership is over, and what it guarded is being interrupted; the lock is given up when that has ended.
 *
 * @category models
 * @since 0.1.0
 */
export interface Stopping {
  readonly _tag: "Stopping"
  readonly leader: Option.Option<string>
}

/**
 * @category models
 * @since 0.1.0
 */
export type LeaderState = Idle | Standby | Blocked | Leading | Stopping

/**
 * Where every candidate begins and ends.
 *
 * @category constructors
 * @since 0.1.0
 */
export const idle: LeaderState = { _tag: "Idle" }

/**
 * A candidate that saw nothing yet.
 *
 * @category constructors
 * @since 0.1.0
 */
export const standby: LeaderState = { _tag: "Standby", leader: Option.none() }

/**
 * Whether the candidate leads.
 *
 * @category guards
 * @since 0.1.0
 */
export const isLeading = (state: LeaderState): state is Leading => state._tag === "Leading"

/**
 * Whom the candidate saw leading, itself included.
 *
 * @category accessors
 * @since 0.1.0
 */
export const leader = (state: LeaderState): Option.Option<string> =>
  state._tag === "Idle" ? Option.none() : state.leader
