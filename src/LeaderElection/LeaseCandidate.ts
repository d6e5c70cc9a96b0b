/**
 * `LeaseCandidate`: stands for election where the server picks the leader (coordinated leader election, KEP-4355).
 *
 * A candidate is an object that says which versions it runs; the server compares the candidates for a Lease, asks them
 * whether they are alive, and writes the chosen one into the Lease. `LeaderElector` then finds itself there. The
 * server's feature gate `CoordinatedLeaderElection` and the API `coordination.k8s.io/v1beta1` must be on.
 *
 * @see https://github.com/kubernetes/enhancements/tree/master/keps/sig-api-machinery/4355-coordinated-leader-election
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import * as CoordinationV1Beta1 from "../Api/coordination/v1beta1.ts"
import * as ResourceClient from "../Clientset/ResourceClient.ts"
import type { ApiError } from "../Machinery/ApiError.ts"
import * as MicroTime from "../Machinery/MicroTime.ts"
import type { RequestError } from "../Machinery/RequestError.ts"
import type { Persisted } from "../Machinery/Resource.ts"
import type { RestClient } from "../Rest/RestClient.ts"
import type { Failure } from "../Watch/ListWatch.ts"
import * as RetryWatcher from "../Watch/RetryWatcher.ts"

/**
 * What the server compares candidates by.
 *
 * @category models
 * @since 0.1.0
 */
export interface Versions {
  /** The version of the program, as `1.36.0`. */
  readonly binaryVersion: string
  /** The version it behaves like; at most the binary's. The binary's unless given. */
  readonly emulationVersion?: string | undefined
  /**
   * How the server picks. `OldestEmulationVersion` unless given, the one strategy that Kubernetes itself knows; others
   * are names of one's own (`example.com/strategy`) for a coordinator of one's own.
   */
  readonly strategy?: string | undefined
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Options extends Versions {
  /** Of the candidate and of the Lease. */
  readonly namespace: string
  /** Of the candidate, which must be the identity of its elector. */
  readonly name: string
  /** The Lease it stands for. */
  readonly leaseName: string
}

/**
 * A candidate that can stand for election.
 *
 * @category models
 * @since 0.1.0
 */
export interface LeaseCandidate {
  /**
   * Stands for election until it is interrupted: creates the candidate, answers the server's pings, renews it every 5
   * minutes, creates it again when somebody deletes it, and takes it away at the end. What fails is logged and tried
   * again.
   */
  readonly run: Effect.Effect<never>
  /** Why the server does not know the candidate at present: the last try to write it failed. None where it did not. */
  readonly failure: Effect.Effect<Option.Option<ApiError | RequestError>>
}

/** client-go's `requeueInterval`; the server forgets candidates that are silent for 30 minutes. */
const renewInterval = Duration.minutes(5)

type Candidate = Persisted<CoordinationV1Beta1.LeaseCandidate>

/**
 * Whether the server asks a candidate to show that it is alive.
 *
 * @category guards
 * @since 0.1.0
 */
export const isPinged = ({ spec }: CoordinationV1Beta1.LeaseCandidate): boolean => {
  if (spec.pingTime === undefined) return false
  if (spec.renewTime === undefined) return true
  return Result.getOrElse(MicroTime.compare(spec.pingTime, spec.renewTime), () => 0) > 0
}

/**
 * Makes a candidate; the server hears of it when it runs.
 *
 * Needs the verbs get, create, update, watch and delete on leasecandidates in the namespace.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  options: Options
): Effect.fn.Return<LeaseCandidate, never, RestClient> {
  let failure = Option.none<ApiError | RequestError>()
  const { leaseName, name, namespace } = options
  const candidates = yield* ResourceClient.make(CoordinationV1Beta1.LeaseCandidate, namespace)
  const listWatch = candidates.listWatch({ fieldSelector: `metadata.name=${name}` })

  const ensure = Effect.gen(function*(): Effect.fn.Return<Candidate, ApiError | RequestError> {
    const renewTime = yield* MicroTime.now
    const found = yield* candidates.get(name).pipe(
      Effect.asSome,
      Effect.catchReason("ApiError", "NotFound", () => Effect.succeedNone)
    )
    const spec = {
      leaseName,
      binaryVersion: options.binaryVersion,
      emulationVersion: options.emulationVersion ?? options.binaryVersion,
      strategy: options.strategy ?? "OldestEmulationVersion",
      renewTime
    }
    return yield* Option.match(found, {
      onNone: () => candidates.create({ metadata: { name, namespace }, spec }),
      // A program that was updated since says what it runs now.
      onSome: (existing) => candidates.update({ ...existing, spec: { ...existing.spec, ...spec } })
    })
  })

  const untilAsked = (candidate: Candidate): Effect.Effect<unknown, Failure> =>
    RetryWatcher.make(listWatch, { resourceVersion: candidate.metadata.resourceVersion }).pipe(
      Stream.filter(({ object, type }) => type === "DELETED" || isPinged(object)),
      Stream.take(1),
      Stream.runDrain,
      Effect.timeoutOption(renewInterval)
    )

  // One that cannot be taken away does not answer the next ping, and is forgotten later.
  const withdraw = candidates.delete(name).pipe(
    Effect.timeoutOption("5 seconds"),
    Effect.catch((error) => Effect.logDebug("the lease candidate could not be taken away", error.message))
  )

  const round = ensure.pipe(
    Effect.onExit((exit) =>
      Effect.sync(() => {
        failure = Exit.findErrorOption(exit)
      })
    ),
    Effect.flatMap(untilAsked)
  )

  const run = Effect.forever(
    round.pipe(
      Effect.tapError((error) => Effect.logWarning("the lease candidate could not be renewed", error.message)),
      Effect.retry(
        Schedule.exponential("1 second").pipe(
          Schedule.modifyDelay(({ duration }) => Effect.succeed(Duration.min(duration, Duration.seconds(30)))),
          Schedule.jittered
        )
      ),
      // The schedule has no end.
      Effect.orDie
    )
  ).pipe(
    Effect.ensuring(withdraw),
    Effect.annotateLogs({ leaseCandidate: `${namespace}/${name}`, lock: leaseName })
  )
  return { run, failure: Effect.sync(() => failure) }
})

/**
 * Makes a candidate and runs it until it is interrupted.
 *
 * @category constructors
 * @since 0.1.0
 */
export const run = (options: Options): Effect.Effect<never, never, RestClient> =>
  Effect.flatMap(make(options), (candidate) => candidate.run)
