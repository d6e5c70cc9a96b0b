/**
 * How X.509 names the algorithm of a signature, and how it writes the signature.
 *
 * Web Crypto's signatures with ECDSA are two numbers of the curve's size side by side; X.509 has them as a SEQUENCE of
 * two INTEGERs. All others are the same bytes in both.
 */
import * as Signature from "effect/crypto/Signature"
import * as Option from "effect/Option"
import * as Der from "../Der.ts"
import type { Algorithm } from "../PrivateKey.ts"

const ecdsa: { readonly [curve in Signature.Curve]: string } = {
  "P-256": "1.2.840.10045.4.3.2",
  "P-384": "1.2.840.10045.4.3.3",
  "P-521": "1.2.840.10045.4.3.4"
}

// SHA-1 is not among them: no signer takes it any more.
const rsa: { readonly [hash: string]: string } = {
  "SHA-256": "1.2.840.113549.1.1.11",
  "SHA-384": "1.2.840.113549.1.1.12",
  "SHA-512": "1.2.840.113549.1.1.13"
}

const ed25519 = "1.3.101.112"

/** The AlgorithmIdentifier; nothing for a hash that is not signed with. */
export const encode = (algorithm: Algorithm): Option.Option<Uint8Array> => {
  switch (algorithm._tag) {
    case "Ed25519":
      return Option.some(Der.sequence(Der.objectIdentifier(ed25519)))
    case "Ecdsa":
      return Option.some(Der.sequence(Der.objectIdentifier(ecdsa[algorithm.namedCurve])))
    case "RsaPkcs1v15":
      return Option.map(
        Option.fromUndefinedOr(rsa[algorithm.hash.name]),
        (identifier) => Der.sequence(Der.objectIdentifier(identifier), Der.nothing)
      )
  }
}

/** How a key of an algorithm made a signature with this identifier; nothing where it did not, or it is not supported. */
export const decode = (algorithm: Algorithm, identifier: string): Option.Option<Algorithm> => {
  switch (algorithm._tag) {
    case "Ed25519":
      return identifier === ed25519 ? Option.some(algorithm) : Option.none()
    case "Ecdsa":
      return identifier === ecdsa[algorithm.namedCurve] ? Option.some(algorithm) : Option.none()
    case "RsaPkcs1v15":
      return Option.fromUndefinedOr(
        [Signature.rsaPkcs1v15Sha256, Signature.rsaPkcs1v15Sha384, Signature.rsaPkcs1v15Sha512].find((one) =>
          rsa[one.hash.name] === identifier
        )
      )
  }
}

const coordinateSizes = { "P-256": 32, "P-384": 48, "P-521": 66 } as const

/** From Web Crypto to X.509. */
export const toDer = (algorithm: Algorithm, signature: Uint8Array): Uint8Array => {
  if (algorithm._tag !== "Ecdsa") return signature
  const size = coordinateSizes[algorithm.namedCurve]
  return Der.sequence(Der.integer(signature.subarray(0, size)), Der.integer(signature.subarray(size)))
}

/** From X.509 to Web Crypto; nothing where it cannot be a signature of the algorithm. */
export const fromDer = (algorithm: Algorithm, signature: Uint8Array): Option.Option<Uint8Array> => {
  if (algorithm._tag !== "Ecdsa") return Option.some(signature)
  const size = coordinateSizes[algorithm.namedCurve]
  return Option.flatMap(Der.members(signature), (numbers) => {
    const raw = new Uint8Array(2 * size)
    for (const [index, { content }] of numbers.entries()) {
      const digits = content.subarray(Math.max(0, content.findIndex((byte) => byte !== 0)))
      if (index > 1 || digits.length > size) return Option.none()
      raw.set(digits, (index + 1) * size - digits.length)
    }
    return Option.some(raw)
  })
}
