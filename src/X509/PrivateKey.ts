/**
 * `PrivateKey`: keys of certificates, made and used by Web Crypto, read and written as PEM.
 *
 * PEM text of a private key is `Redacted` wherever it goes. Keys in memory are those of `effect/crypto`, which show
 * their algorithm alone. ECDSA on the curves of NIST, Ed25519 and RSA with PKCS #1 signatures: what certificates of
 * Kubernetes are made with.
 *
 * @since 0.1.0
 */
import type * as CryptoError from "effect/crypto/CryptoError"
import * as KeyFormat from "effect/crypto/KeyFormat"
import * as SecureRandom from "effect/crypto/SecureRandom"
import * as Signature from "effect/crypto/Signature"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Der from "./Der.ts"
import * as Pem from "./Pem.ts"
import { Crypto, malformed, Unsupported, unsupported, X509Error } from "./X509Error.ts"

/**
 * What a key is for.
 *
 * @category models
 * @since 0.1.0
 */
export type Algorithm = Signature.Ed25519 | Signature.Ecdsa | Signature.RsaPkcs1v15

/**
 * A private key in memory.
 *
 * @category models
 * @since 0.1.0
 */
export type PrivateKey = Signature.PrivateKey<Algorithm>

/**
 * A public key in memory.
 *
 * @category models
 * @since 0.1.0
 */
export type PublicKey = Signature.PublicKey<Algorithm>

/**
 * Both halves of a key.
 *
 * @category models
 * @since 0.1.0
 */
export interface KeyPair {
  readonly privateKey: PrivateKey
  readonly publicKey: PublicKey
}

/**
 * The service that the functions here sign with, over Web Crypto (`effect/crypto/WebCrypto`).
 *
 * @category layers
 * @since 0.1.0
 */
export const layerWebCrypto: Layer.Layer<Signature.Signature> = Layer.provide(
  Signature.layerWebCrypto,
  SecureRandom.layerWebCrypto
)

const failure = (subject: string) => (error: CryptoError.CryptoError): X509Error =>
  error.reason._tag === "Unsupported"
    ? new X509Error({ reason: new Unsupported({ subject, description: error.message }) })
    : new X509Error({ reason: new Crypto({ subject, description: error.message, cause: error }) })

/**
 * A new key: ECDSA on P-256 unless said otherwise, as in client-go's certificate manager.
 *
 * @category constructors
 * @since 0.1.0
 */
export const generate = (
  algorithm: Algorithm = Signature.ecdsaP256
): Effect.Effect<KeyPair, X509Error, Signature.Signature> =>
  Effect.flatMap(
    Signature.Signature,
    (signature) => Effect.mapError(signature.generateKeyPair(algorithm), failure("private key"))
  )

/**
 * The public half, SubjectPublicKeyInfo in DER: the bytes that a certificate of the key holds.
 *
 * @category encoding
 * @since 0.1.0
 */
export const publicKeyBytes = (key: PublicKey): Effect.Effect<Uint8Array, X509Error> =>
  // A key has one algorithm: one of many algorithms is one of many keys.
  Effect.mapError(KeyFormat.encode(KeyFormat.spki, key as KeyFormat.PublicKey<Algorithm>), failure("public key"))

/**
 * The public key of a private one.
 *
 * @category accessors
 * @since 0.1.0
 */
export const publicKeyOf = (key: PrivateKey): Effect.Effect<PublicKey, X509Error, Signature.Signature> =>
  Effect.flatMap(
    Signature.Signature,
    (signature) => Effect.mapError(signature.publicKeyOf(key), failure("private key"))
  )

/**
 * PKCS #8, not encrypted.
 *
 * @category encoding
 * @since 0.1.0
 */
export const toPem = (key: PrivateKey): Effect.Effect<Redacted.Redacted<string>, X509Error> =>
  KeyFormat.encode(KeyFormat.pem(KeyFormat.pkcs8), key as KeyFormat.PrivateKey<Algorithm>).pipe(
    Effect.map((pem) => Redacted.make(pem, { label: "private-key" })),
    Effect.mapError(failure("private key"))
  )

const subject = "private key"

const curves: { readonly [identifier: string]: Algorithm } = {
  "1.2.840.10045.3.1.7": Signature.ecdsaP256,
  "1.3.132.0.34": Signature.ecdsaP384,
  "1.3.132.0.35": Signature.ecdsaP521
}

/**
 * The algorithm of a public key (SubjectPublicKeyInfo in DER); nothing for one that is not supported. RSA keys are used
 * with SHA-256.
 *
 * @category decoding
 * @since 0.1.0
 */
export const algorithmOfPublicKey = (bytes: Uint8Array): Option.Option<Algorithm> =>
  Option.flatMap(Der.members(bytes), ([identifier]) => algorithmOf(identifier))

const algorithmOf = (identifier: Der.Element | undefined): Option.Option<Algorithm> =>
  Option.gen(function*() {
    const [type, parameter] = yield* Der.members(identifier?.encoded ?? new Uint8Array())
    switch (yield* Der.toObjectIdentifier(type)) {
      case "1.2.840.10045.2.1":
        return yield* Option.fromUndefinedOr(curves[yield* Der.toObjectIdentifier(parameter)])
      case "1.2.840.113549.1.1.1":
        return Signature.rsaPkcs1v15Sha256
      case "1.3.101.112":
        return Signature.ed25519
      default:
        return yield* Option.none()
    }
  })

const curveOfSec1 = (bytes: Uint8Array): Option.Option<Algorithm> =>
  Option.gen(function*() {
    const parameters = (yield* Der.members(bytes)).find((field) => field.tag === Der.contextTag(0, true))
    const [curve] = yield* Der.elements(parameters?.content ?? new Uint8Array())
    return yield* Option.fromUndefinedOr(curves[yield* Der.toObjectIdentifier(curve)])
  })

/**
 * The first private key of a text: PKCS #8, PKCS #1 (RSA) or SEC 1 (EC), as `openssl` and the kubelet write them.
 *
 * Fails with Malformed where there is none or it is none, and with Unsupported where it is encrypted or of another
 * algorithm.
 *
 * @category decoding
 * @since 0.1.0
 */
export const fromPem = Effect.fnUntraced(function*(
  text: Redacted.Redacted<string>
): Effect.fn.Return<PrivateKey, X509Error> {
  const block = blockOf(text)
  if (block === undefined) return yield* malformed(subject, "there is no PRIVATE KEY block")
  const { bytes, label } = block
  const decode = (algorithm: Option.Option<Algorithm>, format: typeof KeyFormat.pkcs8 | typeof KeyFormat.sec1) =>
    Option.match(algorithm, {
      onNone: () => Effect.fail(unsupported(subject, "its algorithm is none of ECDSA, Ed25519 and RSA")),
      onSome: (known) => Effect.mapError(KeyFormat.decodePrivate(format, known, bytes), failure(subject))
    })
  switch (label) {
    case "PRIVATE KEY": {
      const fields = Der.members(bytes)
      return Option.isNone(fields)
        ? yield* malformed(subject, "it is not PKCS #8 in DER")
        : yield* decode(algorithmOf(fields.value[1]), KeyFormat.pkcs8)
    }
    case "EC PRIVATE KEY":
      return yield* decode(curveOfSec1(bytes), KeyFormat.sec1)
    case "RSA PRIVATE KEY":
      return yield* decode(Option.some(Signature.rsaPkcs1v15Sha256), KeyFormat.pkcs1)
    default:
      return yield* unsupported(subject, `${label} blocks cannot be read`)
  }
})

/**
 * The block of the first private key in a text, whatever its form; nothing where there is none. A file may hold
 * certificates and EC PARAMETERS before it.
 *
 * @category decoding
 * @since 0.1.0
 */
export const blockOf = (text: Redacted.Redacted<string>): Pem.Block | undefined =>
  Pem.blocks(Redacted.value(text)).find(({ label }) => /(?:^| )PRIVATE KEY$/.test(label))
