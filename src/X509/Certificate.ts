/**
 * `Certificate`: what an X.509 certificate says, read from PEM.
 *
 * Who it is for, from when until when, and whose key. Whether its signature is good, and whether to trust who signed
 * it, is for TLS to say: nothing here verifies anything.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Der from "./Der.ts"
import * as Identity from "./Identity.ts"
import * as extension from "./internal/extension.ts"
import * as Pem from "./Pem.ts"
import { malformed, type X509Error } from "./X509Error.ts"

/**
 * What a certificate says.
 *
 * @category models
 * @since 0.1.0
 */
export interface Certificate {
  readonly identity: Identity.Identity
  readonly notBefore: DateTime.Utc
  readonly notAfter: DateTime.Utc
  /** SubjectPublicKeyInfo in DER. */
  readonly publicKey: Uint8Array
  /** The certificate in DER. */
  readonly bytes: Uint8Array
}

const label = "CERTIFICATE"

/**
 * The first certificate of a text, which is the one that the others, if there are any, vouch for. Fails with Malformed.
 *
 * @category decoding
 * @since 0.1.0
 */
export const fromPem = (text: string): Result.Result<Certificate, X509Error> => {
  const [first] = blocksOf(text)
  return first === undefined
    ? Result.fail(malformed("certificate", "there is no CERTIFICATE block"))
    : fromBytes(first.bytes)
}

const blocksOf = (text: string): ReadonlyArray<Pem.Block> => Pem.blocks(text).filter((block) => block.label === label)

/**
 * All certificates of a text in their order; none where it has none. Fails with Malformed at the first that cannot be
 * read.
 *
 * @category decoding
 * @since 0.1.0
 */
export const bundleFromPem = (text: string): Result.Result<ReadonlyArray<Certificate>, X509Error> =>
  Result.all(blocksOf(text).map((block) => fromBytes(block.bytes)))

/**
 * The certificate as PEM text.
 *
 * @category encoding
 * @since 0.1.0
 */
export const toPem = (certificate: Certificate): string => Pem.encode({ label, bytes: certificate.bytes })

const versionTag = Der.contextTag(0, true)
const extensionsTag = Der.contextTag(3, true)

/**
 * A certificate from its DER. Fails with Malformed.
 *
 * @category decoding
 * @since 0.1.0
 */
export const fromBytes = (bytes: Uint8Array): Result.Result<Certificate, X509Error> =>
  Result.fromOption(
    Option.gen(function*() {
      const [toBeSigned] = yield* Der.members(bytes)
      const fields = yield* Der.members(toBeSigned?.encoded ?? new Uint8Array())
      const [_serial, _algorithm, _issuer, validity, subject, publicKey, ...more] = fields[0]?.tag === versionTag
        ? fields.slice(1)
        : fields
      if (validity === undefined || subject === undefined || publicKey === undefined) return yield* Option.none()
      const [notBefore, notAfter] = yield* Der.elements(validity.content)
      const extensions = more.find((field) => field.tag === extensionsTag)
      return {
        identity: Identity.decode(
          yield* Identity.decodeSubject(subject),
          extensions && extension.find(extensions.content, extension.subjectAlternativeName)
        ),
        notBefore: yield* Der.toTime(notBefore),
        notAfter: yield* Der.toTime(notAfter),
        publicKey: publicKey.encoded,
        bytes
      }
    }),
    () => malformed("certificate", "it is not an X.509 certificate in DER")
  )

/**
 * From its beginning to its end.
 *
 * @category accessors
 * @since 0.1.0
 */
export const lifetime = (certificate: Certificate): Duration.Duration =>
  Duration.millis(DateTime.toEpochMillis(certificate.notAfter) - DateTime.toEpochMillis(certificate.notBefore))

/**
 * Whether its end has passed, in milliseconds since 1970.
 *
 * @category guards
 * @since 0.1.0
 */
export const hasExpired = (certificate: Certificate, nowMillis: number): boolean =>
  nowMillis > DateTime.toEpochMillis(certificate.notAfter)
