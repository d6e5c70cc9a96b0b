/**
 * `LeaderElectionError`: why an election cannot be, has ended, or is not healthy.
 *
 * What the guarded effect fails with is not among these: it passes through as it is. A candidate that cannot reach or
 * write its lock does not fail either, it tries again and says so in its state.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

const id = <const Tag extends string>(tag: Tag) => `effect-kubernetes/LeaderElectionError/${tag}` as const

/**
 * The options contradict each other: the lease must outlast the renew deadline, and the deadline the retries.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidOptions extends Schema.TaggedError<InvalidOptions>(id("InvalidOptions"))("InvalidOptions", {
  option: Schema.String,
  description: Schema.String
}) {
  override get message(): string {
    return `${this.option} ${this.description}`
  }
}

/**
 * Leadership ended by itself: the lease could not be renewed in time (`RenewDeadline`), another holds it (`Held`), the
 * server wants another leader (`EndOfTerm`), or has taken the lease from the candidate (`Unassigned`).
 *
 * @category errors
 * @since 0.1.0
 */
export class LeadershipLost extends Schema.TaggedError<LeadershipLost>(id("LeadershipLost"))("LeadershipLost", {
  lock: Schema.String,
  why: Schema.Literals(["RenewDeadline", "Held", "EndOfTerm", "Unassigned"])
}) {
  override get message(): string {
    switch (this.why) {
      case "RenewDeadline":
        return `the lease ${this.lock} could not be renewed in time`
      case "Held":
        return `the lease ${this.lock} is held by another`
      case "EndOfTerm":
        return `the server wants another holder for the lease ${this.lock}`
      case "Unassigned":
        return `the server has not assigned the lease ${this.lock} any more`
    }
  }
}

/**
 * The lease ran out and what it guards still runs here. A liveness probe that reports it gets the process restarted.
 *
 * @category errors
 * @since 0.1.0
 */
export class LeaseOverdue extends Schema.TaggedError<LeaseOverdue>(id("LeaseOverdue"))("LeaseOverdue", {
  lock: Schema.String
}) {
  override get message(): string {
    return `what the lease ${this.lock} guards still runs though the lease ran out`
  }
}

/**
 * The candidate cannot read or write its lock, so it would not lead if the leader were gone.
 *
 * @category errors
 * @since 0.1.0
 */
export class LockUnavailable extends Schema.TaggedError<LockUnavailable>(id("LockUnavailable"))("LockUnavailable", {
  lock: Schema.String,
  description: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {
  override get message(): string {
    return `the lease ${this.lock} cannot be used: ${this.description}`
  }
}

/**
 * The reasons.
 *
 * @category models
 * @since 0.1.0
 */
export type Reason = InvalidOptions | LeadershipLost | LeaseOverdue | LockUnavailable

/**
 * @category schemas
 * @since 0.1.0
 */
export const Reason = Schema.Union([InvalidOptions, LeadershipLost, LeaseOverdue, LockUnavailable])

/**
 * What an election fails with.
 *
 * @category errors
 * @since 0.1.0
 */
export class LeaderElectionError
  extends Schema.TaggedError<LeaderElectionError>("effect-kubernetes/LeaderElectionError")(
    "LeaderElectionError",
    { reason: Reason }
  )
{
  override get message(): string {
    return `${this.reason._tag}: ${this.reason.message}`
  }
}
