/**
 * `CertificateFiles`: a client certificate and its key that somebody else renews in files.
 *
 * Both are read again after a minute and when the server refused the client, together, so that a certificate is never
 * paired with the key of another one for long. While they cannot be read the last pair stays in use, with an error in
 * the log and in the metrics. The transport opens new connections when the pair is another one.
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
import type { CertificateSource } from "./CredentialSource.ts"
import * as Files from "./internal/files.ts"
import * as Refreshing from "./internal/refreshing.ts"

const lifetime = 60_000

const kept = Metric.withAttributes(CredentialMetrics.refreshes, { source: "CertificateFiles", result: "kept" })

/**
 * A credential that presents a certificate. One that is data on both sides never changes and needs no file.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  source: CertificateSource
): Effect.Effect<Credential.Service, never, FileSystem.FileSystem | Scope.Scope> =>
  Refreshing.make({
    source: "CertificateFiles",
    refresh: Effect.fnUntraced(function*(previous) {
      const read = yield* Effect.result(readPair(source))
      const now = yield* Clock.currentTimeMillis
      if (read._tag === "Success") {
        return { value: { authorization: undefined, clientCertificate: read.success }, freshUntil: now + lifetime }
      }
      if (previous === undefined) return yield* read.failure
      yield* Effect.logError("the client certificate cannot be read; the one before stays in use").pipe(
        Effect.annotateLogs({ reason: read.failure.description })
      )
      yield* Metric.update(kept, 1)
      return { value: previous.value, freshUntil: now + lifetime }
    })
  })

const readPair = Effect.fnUntraced(function*(source: CertificateSource) {
  const certificate = source.certificate._tag === "Data"
    ? source.certificate.pem
    : yield* readPem(source.certificate.path)
  const key = source.key._tag === "Data"
    ? source.key.pem
    : Redacted.make(yield* readPem(source.key.path), { label: "client-key" })
  return { certificate, key }
})

const readPem = Effect.fnUntraced(function*(path: string) {
  const fs = yield* FileSystem.FileSystem
  const text = yield* fs.readFileString(path).pipe(
    Effect.mapError((cause) =>
      new Credential.CredentialError({
        source: "CertificateFiles",
        description: `cannot read ${path}: ${Files.describe(cause)}`,
        cause
      })
    )
  )
  if (!text.includes("-----BEGIN ")) {
    return yield* new Credential.CredentialError({
      source: "CertificateFiles",
      description: `${path} holds no PEM block`
    })
  }
  return text
})
