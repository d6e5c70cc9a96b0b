/**
 * `CaBundle`: the authorities that may sign the server's certificate, and their renewal.
 *
 * A bundle in a file is looked at again every five minutes while requests are made, as client-go does, and at once
 * after a server was not trusted. What cannot be read or is empty never replaces what is in use. The transport opens
 * new connections when the text is another one.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Metric from "effect/Metric"
import type { PemSource } from "../Config/CredentialSource.ts"
import * as KubeconfigError from "../Config/KubeconfigError.ts"
import * as RestMetrics from "./RestMetrics.ts"

/**
 * A bundle that may change.
 *
 * @category models
 * @since 0.1.0
 */
export interface CaBundle {
  /** The PEM text in use, renewed first where it is time to look. */
  readonly get: Effect.Effect<string>
  /** Looks again at the next `get`. */
  readonly expire: Effect.Effect<void>
}

/**
 * A bundle that never changes.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fixed = (pem: string): CaBundle => ({ get: Effect.succeed(pem), expire: Effect.void })

/**
 * How a bundle in a file is kept current.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** How long the text of a file is taken for current. 5 minutes unless given, as client-go's `caRefreshDuration`. */
  readonly refreshInterval?: Duration.Input | undefined
}

/**
 * The bundle of a configuration. A file is read at once, and has to be readable.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  source: PemSource,
  options?: Options
): Effect.fn.Return<CaBundle, KubeconfigError.KubeconfigError, FileSystem.FileSystem> {
  if (source._tag === "Data") return fixed(source.pem)
  const { path } = source
  const files = yield* FileSystem.FileSystem
  const interval = Duration.toMillis(options?.refreshInterval ?? "5 minutes")
  let pem = yield* Effect.mapError(
    files.readFileString(path),
    (cause) =>
      new KubeconfigError.KubeconfigError({
        reason: new KubeconfigError.UnreadableFile({
          path,
          member: "certificate-authority",
          description: cause.message,
          cause
        })
      })
  )
  let checkedAt = yield* Clock.currentTimeMillis

  const reload = Effect.fnUntraced(function*(now: number) {
    // One look for all who wait, and one for each interval even if it fails.
    checkedAt = now
    const read = yield* Effect.result(files.readFileString(path))
    const count = (result: "success" | "failure", reason: string) =>
      Metric.update(Metric.withAttributes(RestMetrics.caReloads, { result, reason }), 1)
    const keep = (reason: string) =>
      Effect.andThen(
        count("failure", reason),
        Effect.logError("the CA bundle cannot be renewed; the one before stays in use").pipe(
          Effect.annotateLogs({ path, reason })
        )
      )
    if (read._tag === "Failure") yield* keep("read_error")
    else if (read.success.trim() === "") yield* keep("empty")
    else if (!read.success.includes("-----BEGIN CERTIFICATE-----")) yield* keep("ca_parse_error")
    else if (read.success === pem) yield* count("success", "unchanged")
    else {
      pem = read.success
      yield* count("success", "updated")
    }
    return pem
  })

  return {
    get: Effect.flatMap(
      Clock.currentTimeMillis,
      (now) => now - checkedAt < interval ? Effect.succeed(pem) : reload(now)
    ),
    expire: Effect.sync(() => {
      checkedAt = Number.NEGATIVE_INFINITY
    })
  }
})
