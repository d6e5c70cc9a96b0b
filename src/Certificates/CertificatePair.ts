/**
 * `CertificatePair`: a certificate with the private key it was issued for, ready for TLS.
 *
 * It is what a store keeps, a manager renews and a transport presents. A pair is made only of what belongs together,
 * so that no handshake finds out that it does not.
 *
 * @since 0.1.0
 */
import type * as Signature from "effect/crypto/Signature"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Redacted from "effect/Redacted"
import type { ClientCertificate } from "../Config/Credential.ts"
import * as Certificate from "../X509/Certificate.ts"
import * as Pem from "../X509/Pem.ts"
import * as PrivateKey from "../X509/PrivateKey.ts"
import { malformed, mismatch, type X509Error } from "../X509/X509Error.ts"

/**
 * A certificate and its key. The members of `ClientCertificate` are PEM, for TLS.
 *
 * @category models
 * @since 0.1.0
 */
export interface CertificatePair extends ClientCertificate {
  /** What the certificate says; of several, the first. */
  readonly leaf: Certificate.Certificate
}

/**
 * Reads both from PEM text, which may be the same for both and hold more than them, and keeps the certificates and the
 * first private key. Fails with Malformed or Unsupported where one cannot be read, and with Mismatch where the key is
 * not that of the first certificate.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  certificate: string,
  key: Redacted.Redacted<string>
): Effect.fn.Return<CertificatePair, X509Error, Signature.Signature> {
  const certificates = yield* Effect.fromResult(Certificate.bundleFromPem(certificate))
  const leaf = certificates[0]
  if (leaf === undefined) return yield* malformed("certificate", "there is no CERTIFICATE block")
  const privateKey = yield* PrivateKey.fromPem(key)
  const publicKey = yield* Effect.flatMap(PrivateKey.publicKeyOf(privateKey), PrivateKey.publicKeyBytes)
  if (!Equal.equals(publicKey, leaf.publicKey)) {
    return yield* mismatch("private key", "it is not the key that the certificate was issued for")
  }
  const block = PrivateKey.blockOf(key)
  return {
    leaf,
    certificate: certificates.map(Certificate.toPem).join(""),
    key: block === undefined ? key : Redacted.make(Pem.encode(block), { label: "private-key" })
  }
})
