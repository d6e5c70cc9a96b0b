/**
 * `LeaderElectionConfig`: the times of an election and the rules they must obey.
 *
 * A leader stops at its renew deadline; others wait for the lease duration. What lies between the two is what an
 * interrupted leader has to end in, and what clocks may differ by: two clocks of which one runs `r` times as fast as
 * the other never give two leaders while `leaseDuration > r × renewDeadline`.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { InvalidOptions, LeaderElectionError } from "./LeaderElectionError.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface Timing {
  /**
   * How long others leave a lease alone after they last saw it renewed. Whole seconds count, rounded up. 15 s unless
   * given, as in Kubernetes' own components.
   */
  readonly leaseDuration?: Duration.Input | undefined
  /**
   * How long after its last renewal a leader goes on leading while it cannot renew. 10 s unless given. It counts from
   * the moment the last successful renewal was sent, which is earlier than client-go counts.
   */
  readonly renewDeadline?: Duration.Input | undefined
  /** How long to wait between tries; candidates wait up to 2.2 times as long, at random. 2 s unless given. */
  readonly retryPeriod?: Duration.Input | undefined
}

/**
 * How much longer than the retry period a candidate waits at most, as a part of it: client-go's `JitterFactor`.
 *
 * @category models
 * @since 0.1.0
 */
export const jitterFactor = 1.2

/**
 * Times that obey the rules, in nanoseconds.
 *
 * @category models
 * @since 0.1.0
 */
export interface LeaderElectionConfig {
  readonly leaseSeconds: number
  readonly renewDeadline: bigint
  readonly retryPeriod: bigint
  /** The longest time for one try, so that one dead connection does not cost the leadership: half the renew deadline. */
  readonly requestTimeout: bigint
}

/**
 * Checks the rules: all times are positive, the lease outlasts the renew deadline, the deadline outlasts a retry with
 * its jitter. Fails with InvalidOptions.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(
  function*(timing: Timing): Effect.fn.Return<LeaderElectionConfig, LeaderElectionError> {
    const lease = yield* positive("leaseDuration", timing.leaseDuration ?? "15 seconds")
    const renewDeadline = yield* positive("renewDeadline", timing.renewDeadline ?? "10 seconds")
    const retryPeriod = yield* positive("retryPeriod", timing.retryPeriod ?? "2 seconds")
    if (lease <= renewDeadline) return yield* invalid("leaseDuration", "must be greater than renewDeadline")
    if (Number(renewDeadline) <= jitterFactor * Number(retryPeriod)) {
      return yield* invalid("renewDeadline", `must be greater than retryPeriod × ${jitterFactor}`)
    }
    return {
      leaseSeconds: Math.ceil(Number(lease) / 1e9),
      renewDeadline,
      retryPeriod,
      requestTimeout: renewDeadline / 2n
    }
  }
)

const positive = Effect.fnUntraced(function*(
  option: string,
  input: Duration.Input
): Effect.fn.Return<bigint, LeaderElectionError> {
  const duration = Duration.fromInput(input)
  if (duration._tag === "None") return yield* invalid(option, "is not a duration")
  if (!Duration.isFinite(duration.value)) return yield* invalid(option, "must be finite")
  const nanos = Duration.toNanosUnsafe(duration.value)
  return nanos > 0n ? nanos : yield* invalid(option, "must be greater than zero")
})

/** The error of an option that cannot be. */
const invalid = (option: string, description: string): LeaderElectionError =>
  new LeaderElectionError({ reason: new InvalidOptions({ option, description }) })
