/**
 * A candidate's dealings with its lock: single tries by the rules of `election`, and giving the lock up.
 *
 * It keeps what the candidate knows between tries. It neither waits nor repeats; `LeaderElector` does.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as MicroTime from "../../Machinery/MicroTime.ts"
import * as RequestError from "../../Machinery/RequestError.ts"
import type { LeaderElectionConfig } from "../LeaderElectionConfig.ts"
import type { LeaderElectionMetrics } from "../LeaderElectionMetrics.ts"
import type { Failure, Held, ResourceLock } from "../ResourceLock.ts"
import * as Election from "./election.ts"

export interface Tries {
  /** Tries to acquire or renew, for at most `limit` nanoseconds. */
  readonly attempt: (limit: bigint) => Effect.Effect<Election.Outcome>
  /** Writes an empty holder where the lock may be this candidate's; what fails of it is logged. */
  readonly giveUp: Effect.Effect<void>
  /** Forgets what it knows. */
  readonly forget: Effect.Effect<void>
  /** What this candidate wrote last, while it holds the lock as far as it knows. */
  readonly held: () => Held | undefined
  /** What was read or written last. */
  readonly seen: () => Held | undefined
  /** When the last write that succeeded was sent, on the monotonic clock. */
  readonly renewedAt: () => bigint
  /** Who holds the lock as far as the candidate saw. */
  readonly leader: () => Option.Option<string>
}

export const make = Effect.fnUntraced(function*(
  lock: ResourceLock,
  candidate: Election.Candidate,
  config: LeaderElectionConfig,
  metrics: LeaderElectionMetrics
): Effect.fn.Return<Tries> {
  const clock = yield* Clock.Clock
  let knowledge: Election.Knowledge = { _tag: "Unknown" }
  let renewedAt = clock.monotonicTimeNanosUnsafe()
  // A write that reached the server makes the lock this candidate's even if no answer came.
  let mayHold = false

  const present = Effect.map(
    MicroTime.now,
    (wall): Election.Now => ({ monotonic: clock.monotonicTimeNanosUnsafe(), wall })
  )

  const within = <A, E>(limit: bigint, effect: Effect.Effect<A, E>): Effect.Effect<A, E | Failure> =>
    Effect.timeoutOrElse(effect, {
      duration: Duration.nanos(limit),
      orElse: () => Effect.fail(timedOut(lock, Duration.nanos(limit)))
    })

  const write = Effect.fnUntraced(function*(
    command: Exclude<Election.Command, { _tag: "Read" }>
  ): Effect.fn.Return<void, Failure> {
    if (command._tag === "Update" && command.path === "Slow" && command.held.record.holderIdentity === lock.identity) {
      yield* metrics.slowpathExercised
    }
    const sentAt = clock.monotonicTimeNanosUnsafe()
    mayHold = true
    const held = yield* command._tag === "Create"
      ? lock.create(command.record)
      : lock.update(command.held, command.record)
    knowledge = { _tag: "Leads", held, renewedAt: sentAt }
    renewedAt = sentAt
  })

  const read = Effect.fnUntraced(function*(): Effect.fn.Return<Election.Command | Election.Outcome, Failure> {
    const step = Election.read(candidate, knowledge, yield* lock.get, yield* present)
    knowledge = step.knowledge
    return step.next
  })

  const failed = (error: Failure): Election.Outcome =>
    isRace(error) ? { _tag: "Refused", why: "Raced" } : { _tag: "Failed", error }

  const decide = Effect.fnUntraced(function*(): Effect.fn.Return<Election.Outcome> {
    let next: Election.Command | Election.Outcome = Election.begin(candidate, knowledge, yield* present)
    for (;;) {
      if (next._tag === "Read") {
        const result: Result.Result<Election.Command | Election.Outcome, Failure> = yield* Effect.result(read())
        next = Result.isFailure(result) ? failed(result.failure) : result.success
      } else if (next._tag === "Create" || next._tag === "Update") {
        const result: Result.Result<void, Failure> = yield* Effect.result(write(next))
        if (Result.isSuccess(result)) return { _tag: "Won" }
        if (next._tag === "Create" || next.path === "Slow") return failed(result.failure)
        yield* Effect.logDebug("the lease could not be renewed without reading it", result.failure.message)
        next = { _tag: "Read" }
      } else {
        return next
      }
    }
  })

  const release = (held: Held): Effect.Effect<void, Failure> =>
    Effect.flatMap(present, (now) => lock.update(held, Election.released(held, now))).pipe(
      Effect.andThen(Effect.logInfo("released the lease"))
    )

  const reread = Effect.flatMap(
    lock.get,
    (found): Effect.Effect<void, Failure> =>
      Option.isSome(found) && found.value.record.holderIdentity === lock.identity ? release(found.value) : Effect.void
  )

  return {
    attempt: (limit) => {
      const most = limit < config.requestTimeout ? limit : config.requestTimeout
      return Effect.catch(within(most, decide()), (error) => Effect.succeed(failed(error)))
    },
    giveUp: Effect.suspend(() => {
      if (!mayHold) return Effect.void
      const releasing = knowledge._tag === "Leads" ? Effect.catch(release(knowledge.held), () => reread) : reread
      return within(config.renewDeadline, releasing).pipe(
        Effect.catch((error) => Effect.logWarning("the lease could not be released and has to run out", error.message))
      )
    }),
    forget: Effect.sync(() => {
      knowledge = { _tag: "Unknown" }
      mayHold = false
    }),
    held: () => knowledge._tag === "Leads" ? knowledge.held : undefined,
    seen: () => knowledge._tag === "Unknown" ? undefined : knowledge.held,
    renewedAt: () => renewedAt,
    leader: () =>
      knowledge._tag === "Unknown" || knowledge.held.record.holderIdentity === ""
        ? Option.none()
        : Option.some(knowledge.held.record.holderIdentity)
  }
})

const isRace = (error: Failure): boolean =>
  error._tag === "ApiError" && (error.reason._tag === "Conflict" || error.reason._tag === "AlreadyExists")

const timedOut = (lock: ResourceLock, limit: Duration.Duration): RequestError.RequestError =>
  new RequestError.RequestError({
    reason: new RequestError.Timeout({
      verb: "update",
      url: lock.description,
      description: `no answer within ${Duration.format(limit)}`
    })
  })
