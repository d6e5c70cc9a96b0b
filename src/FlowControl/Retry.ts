/**
 * Read, change, write, and again where somebody else wrote in between: client-go's util/retry.
 *
 * Conflict is the one refusal that the caller must answer, because only the caller can read anew and decide again.
 * Other failures are retried elsewhere (see the table of owners in docs/ARCHITECTURE.md) or not at all.
 *
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import * as ApiError from "../Machinery/ApiError.ts"

/** Go's `wait.Backoff`: `steps` counts the tries, so there is one wait less. */
const steps = (options: {
  readonly steps: number
  readonly duration: Duration.Input
  readonly factor: number
  readonly jitter: number
}): Schedule.Schedule<Duration.Duration> =>
  Schedule.exponential(options.duration, options.factor).pipe(
    Schedule.modifyDelay(({ duration }) =>
      Effect.map(Random.next, (random) => Duration.times(duration, 1 + random * options.jitter))
    ),
    Schedule.upTo({ times: options.steps - 1 })
  )

/**
 * For conflicts with writers that are about to be done: 5 tries, 10 ms apart with up to 10 % jitter. client-go's
 * `retry.DefaultRetry`.
 *
 * @category schedules
 * @since 0.1.0
 */
export const defaultRetry: Schedule.Schedule<Duration.Duration> = steps({
  steps: 5,
  duration: "10 millis",
  factor: 1,
  jitter: 0.1
})

/**
 * For conflicts with a writer that works on the object at the same time: 4 tries after 10, 50 and 250 ms, with up to
 * 10 % jitter. client-go's `retry.DefaultBackoff`.
 *
 * @category schedules
 * @since 0.1.0
 */
export const defaultBackoff: Schedule.Schedule<Duration.Duration> = steps({
  steps: 4,
  duration: "10 millis",
  factor: 5,
  jitter: 0.1
})

/**
 * Whether an error says that the object changed since it was read.
 *
 * @category guards
 * @since 0.1.0
 */
export const isConflict = (error: unknown): boolean => ApiError.isApiError(error) && error.reason._tag === "Conflict"

/**
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** When to try again, and when to stop. `defaultRetry` by default. */
  readonly schedule?: Schedule.Schedule<unknown>
}

/**
 * Runs an effect again while it fails with a Conflict. The effect must read the object itself, or each try would write
 * the same stale version. Any other failure, and the Conflict of the last try, is the result.
 *
 * ```ts
 * const scaled = Effect.gen(function*() {
 *   const web = yield* deployments.get("web")
 *   return yield* deployments.update({ ...web, spec: { ...web.spec, replicas: 3 } })
 * }).pipe(Retry.onConflict())
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const onConflict: {
  (options?: Options): <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  <A, E, R>(self: Effect.Effect<A, E, R>, options?: Options): Effect.Effect<A, E, R>
} = dual(
  (args) => Effect.isEffect(args[0]),
  <A, E, R>(self: Effect.Effect<A, E, R>, options?: Options): Effect.Effect<A, E, R> =>
    Effect.retry(self, { schedule: options?.schedule ?? defaultRetry, while: isConflict })
)
