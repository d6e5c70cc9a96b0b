/**
 * From when until when a client certificate is valid. Whether it is right otherwise is for TLS to say.
 */
import * as DateTime from "effect/DateTime"
import * as Result from "effect/Result"
import * as Certificate from "../../X509/Certificate.ts"

/** In milliseconds since 1970. */
export interface Validity {
  readonly notBefore: number
  readonly notAfter: number
}

/** The validity of the first certificate in a PEM text, or nothing where there is none that can be read. */
export const ofPem = (pem: string): Validity | undefined =>
  Result.match(Certificate.fromPem(pem), {
    onFailure: () => undefined,
    onSuccess: ({ notAfter, notBefore }) => ({
      notBefore: DateTime.toEpochMillis(notBefore),
      notAfter: DateTime.toEpochMillis(notAfter)
    })
  })
