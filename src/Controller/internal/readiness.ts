/**
 * Whether the sources of a controller are true to the cluster, and what stands in the way.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { ControllerError } from "../ControllerError.ts"
import type * as Source from "../Source.ts"

export interface Readiness {
  readonly awaitSynced: Effect.Effect<void, ControllerError>
  readonly problems: Effect.Effect<ReadonlyArray<string>>
}

export const make = (
  controller: string,
  sources: ReadonlyArray<Source.Source<never> | Source.Source<unknown>>,
  starting: ReadonlyArray<Fiber.Fiber<Source.Started>>,
  timeout: Duration.Input
): Readiness => {
  // Two sources may have one name, as two selections of a kind.
  const named = starting.map((fiber, index) => ({ fiber, name: sources[index]?.name ?? "" }))

  // Waiting may end without a failure: a rule that is added while we wait is all it took.
  const one = Effect.fnUntraced(function*(source: typeof named[number], waiting: Map<typeof named[number], string>) {
    waiting.set(source, notStarted)
    const { awaitSynced, ready } = yield* Fiber.join(source.fiber)
    waiting.set(source, "no answer yet")
    yield* Effect.catch(ready, (error) => {
      waiting.set(source, error.message)
      return Effect.logWarning("the controller waits for a cache", error.message)
    })
    yield* awaitSynced
    waiting.delete(source)
  })

  const awaitSynced = Effect.suspend(() => {
    const waiting = new Map<typeof named[number], string>()
    return Effect.forEach(named, (source) => one(source, waiting), { concurrency: "unbounded", discard: true }).pipe(
      Effect.annotateLogs({ controller }),
      Effect.timeoutOrElse({
        duration: timeout,
        orElse: () => {
          const missing = Array.from(waiting, ([source, why]) => `${source.name} (${why})`).join(", ")
          const limit = Duration.format(Duration.fromInputUnsafe(timeout))
          return Effect.fail(
            new ControllerError({ controller, description: `its caches did not sync within ${limit}: ${missing}` })
          )
        }
      })
    )
  })

  const problems = Effect.map(
    Effect.forEach(
      named,
      ({ fiber, name }) => Effect.map(problemsOf(fiber), (all) => all.map((problem) => `${name}: ${problem}`))
    ),
    (all) => all.flat()
  )

  return { awaitSynced, problems }
}

const notStarted = "it has not started"

const problemsOf = (fiber: Fiber.Fiber<Source.Started>): Effect.Effect<ReadonlyArray<string>> =>
  Effect.suspend(() => {
    const exit = fiber.pollUnsafe()
    if (exit === undefined) return Effect.succeed([notStarted])
    return Exit.isSuccess(exit)
      ? exit.value.problems ?? Effect.succeed([])
      : Effect.succeed(Cause.prettyErrors(exit.cause).map(({ message }) => message))
  })
