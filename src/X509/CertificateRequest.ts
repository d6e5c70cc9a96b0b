/**
 * `CertificateRequest`: PKCS #10, what is sent to a signer to get a certificate.
 *
 * It holds an identity and a public key, signed with the private one to prove that its maker has it. In Kubernetes it
 * is the field `spec.request` of a CertificateSigningRequest; how long the certificate lives and what it may be used
 * for stand beside it there, not in it.
 *
 * @see https://www.rfc-editor.org/rfc/rfc2986
 * @since 0.1.0
 */
import * as KeyFormat from "effect/crypto/KeyFormat"
import * as Signature from "effect/crypto/Signature"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Der from "./Der.ts"
import * as Identity from "./Identity.ts"
import * as extension from "./internal/extension.ts"
import * as signatureAlgorithm from "./internal/signatureAlgorithm.ts"
import * as Pem from "./Pem.ts"
import * as PrivateKey from "./PrivateKey.ts"
import { Crypto, malformed, mismatch, unsupported, X509Error } from "./X509Error.ts"

/**
 * A request that was read.
 *
 * @category models
 * @since 0.1.0
 */
export interface CertificateRequest {
  readonly identity: Identity.Identity
  /** All attributes of the subject in their order. */
  readonly subject: ReadonlyArray<Identity.Attribute>
  /** SubjectPublicKeyInfo in DER. */
  readonly publicKey: Uint8Array
  /** What is signed, in DER. */
  readonly toBeSigned: Uint8Array
  /** The numbers of its algorithm: `1.2.840.10045.4.3.2`. */
  readonly signatureAlgorithm: string
  readonly signature: Uint8Array
}

const what = "certificate request"
const label = "CERTIFICATE REQUEST"
const extensionRequest = "1.2.840.113549.1.9.14"
const attributesTag = Der.contextTag(0, true)

/**
 * Asks for a certificate of this identity and key: PEM text. Fails with Malformed where a name cannot
 * be written, and with Unsupported where the key is one of RSA with SHA-1.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  identity: Identity.Input,
  { privateKey, publicKey }: PrivateKey.KeyPair
): Effect.fn.Return<string, X509Error, Signature.Signature> {
  const signing = yield* Signature.Signature
  const algorithm = signatureAlgorithm.encode(privateKey.algorithm)
  if (Option.isNone(algorithm)) {
    return yield* unsupported(what, `keys of ${privateKey.algorithm.name} cannot sign it`)
  }
  const names = yield* Effect.fromResult(Identity.encodeAlternativeNames(identity))
  const attributes = Option.map(names, (content) =>
    Der.sequence(
      Der.objectIdentifier(extensionRequest),
      Der.set(Der.sequence(extension.encode(extension.subjectAlternativeName, content)))
    ))
  const toBeSigned = Der.sequence(
    Der.integer(Uint8Array.of(0)),
    Identity.encodeSubject(identity),
    yield* PrivateKey.publicKeyBytes(publicKey),
    Der.context(0, true, ...Option.toArray(attributes))
  )
  const signature = yield* Effect.mapError(signing.sign(privateKey, toBeSigned), failed)
  return Pem.encode({
    label,
    bytes: Der.sequence(
      toBeSigned,
      algorithm.value,
      Der.bits(signatureAlgorithm.toDer(privateKey.algorithm, signature))
    )
  })
})

const failed = (error: { readonly message: string }) =>
  new X509Error({ reason: new Crypto({ subject: what, description: error.message, cause: error }) })

/**
 * Reads the first request of a text. Fails with Malformed.
 *
 * @category decoding
 * @since 0.1.0
 */
export const fromPem = (text: string): Result.Result<CertificateRequest, X509Error> => {
  const block = Pem.blocks(text).find((each) => each.label === label)
  return block === undefined
    ? Result.fail(malformed(what, `there is no ${label} block`))
    : Result.fromOption(decode(block.bytes), () => malformed(what, "it is not PKCS #10 in DER"))
}

const decode = (bytes: Uint8Array): Option.Option<CertificateRequest> =>
  Option.gen(function*() {
    const [toBeSigned, algorithm, signature] = yield* Der.members(bytes)
    if (toBeSigned === undefined || algorithm === undefined) return yield* Option.none()
    const [_version, name, publicKey, ...more] = yield* Der.members(toBeSigned.encoded)
    if (name === undefined || publicKey === undefined) return yield* Option.none()
    const subject = yield* Identity.decodeSubject(name)
    const attributes = more.find((field) => field.tag === attributesTag)
    const extensions = attributes && requested(attributes)
    return {
      identity: Identity.decode(subject, extensions && extension.find(extensions, extension.subjectAlternativeName)),
      subject,
      publicKey: publicKey.encoded,
      toBeSigned: toBeSigned.encoded,
      signatureAlgorithm: yield* Der.toObjectIdentifier((yield* Der.elements(algorithm.content))[0]),
      signature: yield* Der.toBits(signature)
    }
  })

const requested = (attributes: Der.Element): Uint8Array | undefined => {
  const none = (): ReadonlyArray<Der.Element> => []
  for (const attribute of Option.getOrElse(Der.elements(attributes.content), none)) {
    const [type, values] = Option.getOrElse(Der.elements(attribute.content), none)
    if (Option.contains(Der.toObjectIdentifier(type), extensionRequest)) return values?.content
  }
  return undefined
}

/**
 * Checks that a request was signed with its own key, and that this is the one of `by` where given. Fails with Mismatch
 * where it was not, and with Unsupported where the algorithm is none that can be checked.
 *
 * @category combinators
 * @since 0.1.0
 */
export const verify = Effect.fnUntraced(function*(
  request: CertificateRequest,
  by?: PrivateKey.PublicKey
): Effect.fn.Return<void, X509Error, Signature.Signature> {
  const signing = yield* Signature.Signature
  const notSigned = mismatch(what, "it was not signed with this key")
  if (by !== undefined) {
    const bytes = yield* PrivateKey.publicKeyBytes(by)
    if (!Equal.equals(bytes, request.publicKey)) return yield* notSigned
  }
  const algorithm = PrivateKey.algorithmOfPublicKey(request.publicKey).pipe(
    Option.flatMap((known) => signatureAlgorithm.decode(known, request.signatureAlgorithm))
  )
  if (Option.isNone(algorithm)) {
    return yield* unsupported(what, `its signature ${request.signatureAlgorithm} is none of ECDSA, Ed25519 and RSA`)
  }
  const key = yield* Effect.mapError(
    KeyFormat.decodePublic(KeyFormat.spki, algorithm.value, request.publicKey),
    failed
  )
  const signature = signatureAlgorithm.fromDer(algorithm.value, request.signature)
  const isGood = Option.isSome(signature)
    && (yield* Effect.mapError(signing.verify(key, signature.value, request.toBeSigned), failed))
  if (!isGood) return yield* notSigned
})
