/**
 * `TokenFile`: a bearer token that somebody else keeps fresh in a file, as the kubelet does for a service account.
 *
 * The file is read again after 50 seconds (client-go: a period of a minute less a leeway of ten seconds) and when the
 * server refused the token. While the file cannot be read the last token stays in use, with an error in the log and in
 * the metrics.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Metric from "effect/Metric"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Credential from "./Credential.ts"
import * as CredentialMetrics from "./CredentialMetrics.ts"
import * as Files from "./internal/files.ts"
import * as Refreshing from "./internal/refreshing.ts"

const lifetime = 50_000

// A file that stays unreadable is tried, and complained of, once a second at most.
const pause = 1_000

const kept = Metric.withAttributes(CredentialMetrics.refreshes, { source: "TokenFile", result: "kept" })

/**
 * A credential that lives in a file. Reads nothing until the first `get`.
 *
 * `get` fails with `CredentialError` where the file cannot be read or is empty and there is no token to fall back to.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make: (options: {
  readonly path: string
  /** Sent as long as the file has never been read. */
  readonly initial?: Redacted.Redacted<string> | undefined
}) => Effect.Effect<Credential.Service, never, FileSystem.FileSystem | Scope.Scope> = ({ initial, path }) =>
  Refreshing.make({
    source: "TokenFile",
    refresh: Effect.fnUntraced(function*(previous) {
      const read = yield* Effect.result(readToken(path))
      const now = yield* Clock.currentTimeMillis
      if (read._tag === "Success") {
        return { value: { authorization: read.success, clientCertificate: undefined }, freshUntil: now + lifetime }
      }
      const fallback = previous?.value ??
        (initial === undefined
          ? undefined
          : { authorization: Credential.bearer(initial), clientCertificate: undefined })
      if (fallback === undefined) return yield* read.failure
      yield* Effect.logError("the token file cannot be read; the token before stays in use").pipe(
        Effect.annotateLogs({ path, reason: read.failure.description })
      )
      yield* Metric.update(kept, 1)
      return { value: fallback, freshUntil: now + pause }
    })
  })

const readToken = Effect.fnUntraced(function*(path: string) {
  const fs = yield* FileSystem.FileSystem
  const text = yield* fs.readFileString(path).pipe(
    Effect.mapError((cause) =>
      new Credential.CredentialError({
        source: "TokenFile",
        description: `cannot read the token file ${path}: ${Files.describe(cause)}`,
        cause
      })
    )
  )
  if (text.trim() === "") {
    return yield* new Credential.CredentialError({
      source: "TokenFile",
      description: `the token file ${path} is empty`
    })
  }
  return Credential.bearer(Redacted.make(text))
})
