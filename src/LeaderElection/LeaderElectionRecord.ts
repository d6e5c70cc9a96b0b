/**
 * `LeaderElectionRecord`: what a lock says about who leads: client-go's record, which is the `spec` of a Lease.
 *
 * Candidates read it to learn whether they must wait and write it to lead. Its times are those of whoever wrote it:
 * they are for people, and no candidate compares them with its own clock.
 *
 * @see https://kubernetes.io/docs/concepts/architecture/leases/
 * @since 0.1.0
 */
import type { LeaseSpec } from "../Api/coordination/v1.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface LeaderElectionRecord {
  /** Who leads. Empty where the last leader gave the lease up: it may be taken at once. */
  readonly holderIdentity: string
  /** For how long after the last renewal nobody else may take the lease. Whole seconds. */
  readonly leaseDurationSeconds: number
  /** When the holder took the lease, six digits. Absent where nobody wrote it. */
  readonly acquireTime?: string
  /** When the holder renewed it last, six digits. */
  readonly renewTime?: string
  /** How often the holder changed. It grows with each term, so it can fence off writes of an earlier one. */
  readonly leaderTransitions: number
  /** How the server picks the leader of a coordinated election. */
  readonly strategy?: string
  /** Whom the server wants instead of the holder, whose term ends by that. */
  readonly preferredHolder?: string
}

/**
 * Reads the spec of a Lease. What is absent there is empty, or zero.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromLeaseSpec = (spec: LeaseSpec | undefined): LeaderElectionRecord => ({
  holderIdentity: spec?.holderIdentity ?? "",
  leaseDurationSeconds: spec?.leaseDurationSeconds ?? 0,
  leaderTransitions: spec?.leaseTransitions ?? 0,
  ...(spec?.acquireTime === undefined ? {} : { acquireTime: spec.acquireTime }),
  ...(spec?.renewTime === undefined ? {} : { renewTime: spec.renewTime }),
  ...(spec?.strategy === undefined ? {} : { strategy: spec.strategy }),
  ...(spec?.preferredHolder === undefined ? {} : { preferredHolder: spec.preferredHolder })
})

/**
 * The spec of a Lease that says the same. An empty holder is written as such: it says that the lease is free.
 *
 * @category converting
 * @since 0.1.0
 */
export const toLeaseSpec = (record: LeaderElectionRecord): LeaseSpec => ({
  holderIdentity: record.holderIdentity,
  leaseDurationSeconds: record.leaseDurationSeconds,
  leaseTransitions: record.leaderTransitions,
  ...(record.acquireTime === undefined ? {} : { acquireTime: record.acquireTime }),
  ...(record.renewTime === undefined ? {} : { renewTime: record.renewTime }),
  ...(record.strategy === undefined || record.strategy === "" ? {} : { strategy: record.strategy }),
  ...(record.preferredHolder === undefined || record.preferredHolder === ""
    ? {}
    : { preferredHolder: record.preferredHolder })
})

/**
 * Whether two records say the same. One that says something new restarts the wait of those who observe it.
 *
 * @category comparing
 * @since 0.1.0
 */
export const equals = (left: LeaderElectionRecord, right: LeaderElectionRecord): boolean =>
  left.holderIdentity === right.holderIdentity &&
  left.leaseDurationSeconds === right.leaseDurationSeconds &&
  left.acquireTime === right.acquireTime &&
  left.renewTime === right.renewTime &&
  left.leaderTransitions === right.leaderTransitions &&
  left.strategy === right.strategy &&
  left.preferredHolder === right.preferredHolder
