/**
 * Whether the sources of a controller are true to the cluster, and what stands in the way.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { ControllerError } from "../ControllerError.ts"
import type * as Source from "../Source.ts"

export interface Readiness {
  readonly awaitSynced: Effect.Effect<void, ControllerError>
  readonly problems: Effect.Effect<ReadonlyArray<string>>
}

export const make = (
  controller: string,
  sources: ReadonlyArray<Source.Source<never> | Source.Source<unknown>>,
  started: ReadonlyArray<Source.Started>,
  timeout: Duration.Input
): Readiness => {
  const named = started.map((one, index) => ({ ...one, name: sources[index]?.name ?? "" }))

  // Waiting may end without a failure: a rule that is added while we wait is all it took.
  const one = ({ awaitSynced, name, ready }: typeof named[number], waiting: Map<string, string>) => {
    waiting.set(name, "no answer yet")
    return ready.pipe(
      Effect.catch((error) => {
        waiting.set(name, error.message)
        return Effect.logWarning("the controller waits for a cache", error.message)
      }),
      Effect.andThen(awaitSynced),
      Effect.andThen(Effect.sync(() => waiting.delete(name)))
    )
  }

  const awaitSynced = Effect.suspend(() => {
    const waiting = new Map<string, string>()
    return Effect.forEach(named, (source) => one(source, waiting), { concurrency: "unbounded", discard: true }).pipe(
      Effect.annotateLogs({ controller }),
      Effect.timeoutOrElse({
        duration: timeout,
        orElse: () => {
          const missing = Array.from(waiting, ([source, why]) => `${source} (${why})`).join(", ")
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
      ({ name, problems = Effect.succeed([]) }) =>
        Effect.map(problems, (all) => all.map((problem) => `${name}: ${problem}`))
    ),
    (all) => all.flat()
  )

  return { awaitSynced, problems }
}
