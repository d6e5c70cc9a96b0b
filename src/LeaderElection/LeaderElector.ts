/**
 * `LeaderElector`: one candidate for one lock, client-go's leaderelection.
 *
 * It reads and writes a `ResourceLock` by the rules of `internal/election` and runs an effect while it leads. What the
 * effect acquires is released before the lock is: the next leader begins after this one has ended. Leadership that
 * cannot be renewed ends the effect before another may take the lease, by this candidate's own monotonic clock.
 *
 * @see https://kubernetes.io/docs/concepts/architecture/leases/
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import { ElectionObserver } from "./ElectionObserver.ts"
import type * as Election from "./internal/election.ts"
import * as Tries from "./internal/tries.ts"
import * as LeaderElectionConfig from "./LeaderElectionConfig.ts"
import { LeaderElectionError, LeadershipLost, LeaseOverdue, LockUnavailable } from "./LeaderElectionError.ts"
import * as LeaderElectionMetrics from "./LeaderElectionMetrics.ts"
import * as LeaderState from "./LeaderState.ts"
import type { LeaseCandidate } from "./LeaseCandidate.ts"
import type { ResourceLock } from "./ResourceLock.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface LeaderElector {
  readonly identity: string
  /** Where the candidate stands. */
  readonly state: Effect.Effect<LeaderState.LeaderState>
  /** The present state, then each that follows. Never ends. */
  readonly states: Stream.Stream<LeaderState.LeaderState>
  /** Whether the candidate leads: now, then each time that changes. */
  readonly isLeader: Stream.Stream<boolean>
  /** Who leads, as far as this candidate saw: now, then each time that changes. */
  readonly observedLeader: Stream.Stream<Option.Option<string>>
  /**
   * Waits for the leadership, runs the effect while it lasts, gives the lock up when the effect has ended, and answers
   * what it answered.
   *
   * Interrupting it interrupts the effect first and goes on renewing until that has ended. When the leadership is lost
   * the effect is interrupted; it has `leaseDuration - renewDeadline` to end in before another may lead. After that
   * `onLost` decides. What must end with the leadership belongs into the effect (`Effect.scoped`): a scope that it asks
   * for is the caller's and outlives it. One call at a time: a second one waits for the first. An `ElectionObserver` in
   * the context is told of it.
   */
  readonly whileLeading: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E | LeaderElectionError, R>
  /**
   * For liveness: fails with LeaseOverdue where the lease ran out longer than `tolerance` ago and the effect still runs,
   * because it does not let itself be interrupted. client-go's `HealthzAdaptor`.
   */
  readonly checkHealth: (tolerance: Duration.Input) => Effect.Effect<void, LeaderElectionError>
  /**
   * For readiness: fails with LockUnavailable where the candidate cannot use its lock; at once where waiting will not
   * mend it, as for a missing permission, else after the renew deadline.
   */
  readonly checkReady: Effect.Effect<void, LeaderElectionError>
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Options extends LeaderElectionConfig.Timing {
  /** The label `name` in metrics. The lock's description unless given. */
  readonly name?: string | undefined
  /**
   * What follows when the leadership was lost: `campaign`, to be a candidate again and run the effect anew, or `fail`,
   * with LeadershipLost. `campaign` unless given.
   */
  readonly onLost?: "campaign" | "fail" | undefined
  /**
   * Whether the lock is given up at the end, so that the next candidate need not wait for the lease to run out. True
   * unless given: the effect has ended by then, which in client-go `ReleaseOnCancel` must take on trust.
   */
  readonly releaseOnEnd?: boolean | undefined
  /**
   * Whether a candidate watches the lock, so that it follows a leader that gave it up at once and not when it looks
   * next, up to 4.4 s later. Needs the verb watch on leases. False unless given.
   */
  readonly watch?: boolean | undefined
  /** The candidate by which the server may pick this one as the leader. Candidates pick by themselves unless given. */
  readonly candidate?: Pick<LeaseCandidate, "failure"> | undefined
}

type Lost = LeadershipLost["why"]

type Restore = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

/**
 * Makes a candidate; it does nothing before `whileLeading` runs. Fails with InvalidOptions. The scope holds its metrics.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  lock: ResourceLock,
  options: Options = {}
): Effect.fn.Return<LeaderElector, LeaderElectionError, Scope.Scope> {
  const config = yield* LeaderElectionConfig.make(options)
  const clock = yield* Clock.Clock
  const metrics = yield* LeaderElectionMetrics.make(options.name ?? lock.description)
  const state = yield* SubscriptionRef.make<LeaderState.LeaderState>(LeaderState.idle)
  const turn = yield* Semaphore.make(1)
  const isCoordinated = options.candidate !== undefined
  const { identity } = lock
  const tries = yield* Tries.make(
    lock,
    { identity, leaseSeconds: config.leaseSeconds, isCoordinated },
    config,
    metrics
  )

  /** Logs of the guarded effect are its own; only the elector's say whose they are. */
  const annotated: Restore = Effect.annotateLogs({ lock: lock.description, identity })

  /** Nanoseconds until `duration` has passed since the last renewal. */
  const until = (duration: bigint): bigint => tries.renewedAt() + duration - clock.monotonicTimeNanosUnsafe()

  const elapsed = (duration: bigint): Effect.Effect<void> =>
    Effect.suspend(() => {
      const left = until(duration)
      if (left <= 0n) return Effect.void
      // No timer hits a nanosecond: one that fires early must not spin until it is late enough.
      return Effect.andThen(Effect.sleep(Duration.nanos(left < 1000n ? 1000n : left)), elapsed(duration))
    })

  const tell = (outcome: Election.Outcome): Effect.Effect<void> =>
    Effect.flatMap(DateTime.now, (now) =>
      SubscriptionRef.updateSome(state, (old) => {
        const next = follow(old, outcome, tries.leader(), tries.held()?.record.leaderTransitions, now)
        return next === old ? Option.none() : Option.some(next)
      }))

  const attempt = (limit: bigint, operation: "acquire" | "renew"): Effect.Effect<Election.Outcome> =>
    tries.attempt(limit).pipe(
      // Whom the server does not know it does not pick.
      Effect.flatMap((outcome) =>
        outcome._tag !== "Refused" || options.candidate === undefined
          ? Effect.succeed(outcome)
          : Effect.map(options.candidate.failure, (failure): Election.Outcome =>
            operation === "renew" || Option.isNone(failure) ? outcome : { _tag: "Failed", error: failure.value })
      ),
      Effect.tap((outcome) =>
        outcome._tag === "Failed"
          ? Effect.logWarning("the lease could not be read or written", outcome.error.message)
          : Effect.void
      ),
      Effect.tap(tell),
      Effect.withSpan(`LeaderElector.${operation}`, { attributes: { lock: lock.description, identity } }, {
        captureStackTrace: false
      })
    )

  /** Opens the latch each time that the lock is given up, until the watch fails for good. */
  const watching = (freed: Latch.Latch): Effect.Effect<void> =>
    Effect.suspend(() => {
      const seen = tries.seen()
      if (seen === undefined) return Effect.void
      return Stream.runForEach(lock.freed(seen), () => freed.open).pipe(
        Effect.catch((error) =>
          error._tag === "WatchError" && error.reason._tag === "Expired"
            // What was seen last meanwhile is a place to begin again.
            ? Effect.andThen(Effect.sleep(Duration.nanos(config.retryPeriod)), watching(freed))
            : Effect.logWarning("the lease cannot be watched, and is looked at from time to time", error.message)
        )
      )
    })

  const campaign = Effect.gen(function*() {
    yield* Effect.logInfo("attempting to acquire the lease")
    const freed = yield* Latch.make(false)
    let isWatched = options.watch !== true
    for (;;) {
      const outcome = yield* attempt(config.renewDeadline, "acquire")
      // A process that was stopped meanwhile may have won a lease that is no longer its own.
      if (outcome._tag === "Won" && until(config.renewDeadline) > 0n) return
      // A watch begins at what was seen.
      if (!isWatched && tries.seen() !== undefined) {
        isWatched = true
        yield* Effect.forkScoped(watching(freed))
      }
      const jitter = 1 + LeaderElectionConfig.jitterFactor * (yield* Random.next)
      const pause = Effect.sleep(Duration.nanos(BigInt(Math.round(Number(config.retryPeriod) * jitter))))
      yield* Effect.raceFirst(pause, freed.await)
      yield* freed.close
    }
  }).pipe(Effect.scoped)

  /**
   * Renews until another holds the lease, and answers why it cannot go on. The deadline does not end it: what still
   * runs after that is safer with the lease than without.
   */
  const renewing = Effect.gen(function*() {
    for (;;) {
      yield* Effect.sleep(Duration.nanos(config.retryPeriod))
      // After the process was stopped for a while, this timer may be served before that of the deadline.
      if (until(config.renewDeadline) <= 0n && LeaderState.isLeading(SubscriptionRef.getUnsafe(state))) continue
      const outcome = yield* attempt(config.renewDeadline, "renew")
      if (outcome._tag === "Refused" && outcome.why !== "Raced") return outcome.why
    }
  })

  const overdue = Effect.andThen(
    elapsed(BigInt(config.leaseSeconds) * 1_000_000_000n),
    Effect.logError("the lease ran out and what it guards has not ended: another may lead meanwhile")
  )

  const begin = Effect.gen(function*() {
    yield* SubscriptionRef.set(state, {
      _tag: "Leading",
      leader: Option.some(identity),
      since: yield* DateTime.now,
      transitions: tries.held()?.record.leaderTransitions ?? 0,
      renewalError: Option.none()
    })
    yield* metrics.leads(true)
    yield* Effect.logInfo("became leader")
    yield* record("became leader")
  })

  const end = (why: Lost | undefined) =>
    Effect.gen(function*() {
      yield* SubscriptionRef.set(state, { _tag: "Stopping", leader: tries.leader() })
      yield* metrics.leads(false)
      yield* why === undefined
        ? Effect.logInfo("stops leading")
        : Effect.logWarning("lost the leadership", lost(why).message)
    })

  const record = (message: string) =>
    Effect.suspend(() => {
      const held = tries.held()
      return held === undefined ? Effect.void : lock.recordEvent(held, message)
    })

  const lost = (why: Lost): LeaderElectionError =>
    new LeaderElectionError({ reason: new LeadershipLost({ lock: lock.description, why }) })

  const lead = Effect.fnUntraced(function*<A, E, R>(effect: Effect.Effect<A, E, R>, restore: Restore) {
    yield* annotated(begin)
    // Forked, so that they can be interrupted whatever surrounds the call.
    const work = yield* Effect.forkChild(effect)
    const renewal = yield* Effect.forkChild(annotated(renewing))
    const deadline = yield* Effect.forkChild(elapsed(config.renewDeadline))
    const ended = yield* Effect.exit(restore(Effect.raceAllFirst([
      Effect.as(Fiber.await(work), undefined),
      Fiber.join(renewal),
      Effect.as(Fiber.join(deadline), "RenewDeadline" as const)
    ])))
    const why = Exit.isSuccess(ended) ? ended.value : undefined
    yield* annotated(end(why))
    const watchdog = yield* Effect.forkChild(annotated(overdue))
    yield* Fiber.interrupt(work)
    yield* Fiber.interruptAll([watchdog, renewal, deadline])
    yield* annotated(Effect.andThen(
      record("stopped leading"),
      options.releaseOnEnd === false ? Effect.void : tries.giveUp
    ))
    // A defect of the lock is no end that anybody asked for.
    if (Exit.isFailure(ended) && !Exit.hasInterrupts(ended)) return yield* Effect.failCause(ended.cause)
    return { exit: yield* Fiber.await(work), why }
  })

  const whileLeading = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | LeaderElectionError, R> =>
    Effect.uninterruptibleMask((restore) =>
      Effect.gen(function*() {
        for (;;) {
          yield* tries.forget
          yield* SubscriptionRef.set(state, LeaderState.standby)
          yield* restore(annotated(campaign)).pipe(Effect.onInterrupt(() => annotated(tries.giveUp)))
          const { exit, why } = yield* lead(effect, restore)
          // What ended by itself has its answer, whatever became of the lease.
          if (why === undefined || !Exit.hasInterrupts(exit)) return yield* exit
          if (options.onLost === "fail") return yield* lost(why)
        }
      }).pipe(Effect.ensuring(SubscriptionRef.set(state, LeaderState.idle)))
    ).pipe(
      (candidacy) => Effect.flatMap(ElectionObserver, (observe) => observe(elector, candidacy)),
      turn.withPermit
    )

  const changes = <B>(f: (state: LeaderState.LeaderState) => B, isSame: (left: B, right: B) => boolean) =>
    SubscriptionRef.changes(state).pipe(Stream.map(f), Stream.changesWith(isSame))

  const elector: LeaderElector = {
    identity,
    state: SubscriptionRef.get(state),
    states: SubscriptionRef.changes(state),
    isLeader: changes(LeaderState.isLeading, (left, right) => left === right),
    observedLeader: changes(LeaderState.leader, isSameLeader),
    whileLeading,
    checkHealth: (tolerance) =>
      Effect.suspend(() => {
        const { _tag } = SubscriptionRef.getUnsafe(state)
        if (_tag !== "Leading" && _tag !== "Stopping") return Effect.void
        const lease = BigInt(config.leaseSeconds) * 1_000_000_000n
        return until(lease + Duration.toNanosUnsafe(Duration.fromInputUnsafe(tolerance))) < 0n
          ? Effect.fail(new LeaderElectionError({ reason: new LeaseOverdue({ lock: lock.description }) }))
          : Effect.void
      }),
    checkReady: Effect.gen(function*() {
      const current = SubscriptionRef.getUnsafe(state)
      if (current._tag !== "Blocked") return
      const { error, since } = current
      const lasted = Duration.toNanosUnsafe(DateTime.distance(since, yield* DateTime.now))
      if (error.reason.isRetryable && lasted < config.renewDeadline) return
      return yield* new LeaderElectionError({
        reason: new LockUnavailable({ lock: lock.description, description: error.message, cause: error })
      })
    })
  }
  return elector
})

const isSameLeader = (left: Option.Option<string>, right: Option.Option<string>): boolean =>
  Option.getOrUndefined(left) === Option.getOrUndefined(right)

/** The state after a try; the very same where nothing changed. Beginning and ending to lead are not its business. */
const follow = (
  old: LeaderState.LeaderState,
  outcome: Election.Outcome,
  leader: Option.Option<string>,
  transitions: number | undefined,
  now: DateTime.Utc
): LeaderState.LeaderState => {
  if (old._tag === "Stopping") return old
  if (old._tag === "Leading") {
    const renewalError = outcome._tag === "Failed" ? Option.some(outcome.error) : Option.none()
    const isSame = Option.isNone(renewalError) && Option.isNone(old.renewalError) &&
      (transitions === undefined || transitions === old.transitions)
    return isSame ? old : { ...old, renewalError, transitions: transitions ?? old.transitions }
  }
  switch (outcome._tag) {
    case "Won":
      return old
    case "Failed":
      return { _tag: "Blocked", leader, error: outcome.error, since: old._tag === "Blocked" ? old.since : now }
    case "Refused":
      return old._tag === "Standby" && isSameLeader(old.leader, leader) ? old : { _tag: "Standby", leader }
  }
}
