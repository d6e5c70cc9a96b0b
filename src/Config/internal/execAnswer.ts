/**
 * What an exec plugin printed: an ExecCredential, as JSON or YAML.
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Credential from "../Credential.ts"
import type { Exec } from "../CredentialSource.ts"
import * as CertificateValidity from "./certificateValidity.ts"
import * as YamlDocument from "./yamlDocument.ts"

const optional = <S extends Schema.Constraint>(schema: S) => Schema.optionalKey(Schema.NullOr(schema))

const Answer = Schema.Struct({
  apiVersion: optional(Schema.String),
  kind: optional(Schema.String),
  status: optional(Schema.Struct({
    expirationTimestamp: optional(Schema.String),
    token: optional(Schema.RedactedFromValue(Schema.String, { label: "token" })),
    clientCertificateData: optional(Schema.String),
    clientKeyData: optional(Schema.RedactedFromValue(Schema.String, { label: "client-key" }))
  }))
})

const decode = Schema.decodeUnknownResult(Answer)

export interface ExecAnswer {
  readonly authorization: Redacted.Redacted<string> | undefined
  readonly clientCertificate: Credential.ClientCertificate | undefined
  /** In milliseconds of the Clock. */
  readonly expiresAt: number | undefined
}

/** Fails with `CredentialError`; no message quotes the answer. */
export const parse = (
  source: Exec,
  output: string
): Effect.Effect<ExecAnswer, Credential.CredentialError> => {
  const fail = (what: string) =>
    Effect.fail(
      new Credential.CredentialError({ source: "Exec", description: `the plugin ${source.command} ${what}` })
    )
  if (output.trim() === "") return fail("printed nothing")
  const document = YamlDocument.parse(output)
  if (Result.isFailure(document)) return fail("printed what is neither JSON nor YAML")
  const decoded = decode(document.success.value)
  if (Result.isFailure(decoded)) return fail("printed what is no ExecCredential")
  const { apiVersion, kind, status } = decoded.success
  if (kind !== "ExecCredential") return fail("printed what is no ExecCredential")
  if (apiVersion !== source.apiVersion) {
    return fail(`is configured for ${source.apiVersion} and answered in ${apiVersion ?? "no version"}`)
  }
  if (status === undefined || status === null) return fail("gave no status")
  const token = status.token === null || status.token === undefined || Redacted.value(status.token) === ""
    ? undefined
    : status.token
  const certificate = status.clientCertificateData ?? ""
  const key = status.clientKeyData ?? Redacted.make("")
  const hasKey = Redacted.value(key) !== ""
  if (token === undefined && certificate === "" && !hasKey) return fail("gave neither a token nor a certificate")
  if ((certificate === "") === hasKey) return fail("gave only one of certificate and key")
  if (certificate !== "" && CertificateValidity.ofPem(certificate) === undefined) {
    return fail("gave a certificate that cannot be read")
  }
  if (hasKey && !Redacted.value(key).includes("PRIVATE KEY-----")) return fail("gave a key that is not PEM")
  const expiry = status.expirationTimestamp ?? undefined
  const expiresAt = expiry === undefined ? undefined : Option.getOrUndefined(DateTime.make(expiry))
  if (expiry !== undefined && expiresAt === undefined) return fail("gave an expirationTimestamp that is no time")
  return Effect.succeed({
    authorization: token === undefined ? undefined : Credential.bearer(token),
    clientCertificate: certificate === "" ? undefined : { certificate, key },
    expiresAt: expiresAt === undefined ? undefined : DateTime.toEpochMillis(expiresAt)
  })
}
