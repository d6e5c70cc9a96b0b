import { assert, it } from "@effect/vitest"
import * as Signature from "effect/crypto/Signature"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as crypto from "node:crypto"
import { inspect } from "node:util"
import * as PrivateKey from "../../src/X509/PrivateKey.ts"

const spki = (key: crypto.KeyObject) => Buffer.from(crypto.createPublicKey(key).export({ type: "spki", format: "der" }))

const publicBytes = (pem: string) =>
  PrivateKey.fromPem(Redacted.make(pem)).pipe(
    Effect.flatMap(PrivateKey.publicKeyOf),
    Effect.flatMap(PrivateKey.publicKeyBytes),
    Effect.map((bytes) => Buffer.from(bytes)),
    Effect.provide(PrivateKey.layerWebCrypto)
  )

const nodeKeys: ReadonlyArray<
  readonly [name: string, make: () => crypto.KeyObject, other: "sec1" | "pkcs1" | undefined]
> = [
  ["P-256", () => crypto.generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey, "sec1"],
  ["P-384", () => crypto.generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey, "sec1"],
  ["P-521", () => crypto.generateKeyPairSync("ec", { namedCurve: "P-521" }).privateKey, "sec1"],
  ["Ed25519", () => crypto.generateKeyPairSync("ed25519").privateKey, undefined],
  ["RSA", () => crypto.generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey, "pkcs1"]
]

for (const [name, make, other] of nodeKeys) {
  it.effect(`reads keys of ${name} in each form, whatever stands before them`, () =>
    Effect.gen(function*() {
      const key = make()
      for (const type of ["pkcs8" as const, ...(other === undefined ? [] : [other])]) {
        const pem = key.export({ type, format: "pem" } as crypto.KeyExportOptions<"pem">).toString()
        assert.deepStrictEqual(yield* publicBytes(pem), spki(key), type)
        assert.deepStrictEqual(
          yield* publicBytes(`-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n${pem}`),
          spki(key),
          type
        )
      }
    }))
}

for (const algorithm of [Signature.ecdsaP256, Signature.ecdsaP384, Signature.ed25519, Signature.rsaPkcs1v15Sha256]) {
  it.effect(`Node reads a key of ${algorithm.name} that was made here, and it comes back the same`, () =>
    Effect.gen(function*() {
      const { privateKey, publicKey } = yield* PrivateKey.generate(algorithm)
      const pem = Redacted.value(yield* PrivateKey.toPem(privateKey))
      const bytes = Buffer.from(yield* PrivateKey.publicKeyBytes(publicKey))
      assert.deepStrictEqual(spki(crypto.createPrivateKey(pem)), bytes)
      assert.deepStrictEqual(yield* publicBytes(pem), bytes)
      assert.notDeepEqual(
        bytes,
        Buffer.from(yield* PrivateKey.publicKeyBytes((yield* PrivateKey.generate()).publicKey))
      )
    }).pipe(Effect.provide(PrivateKey.layerWebCrypto)))
}

const refused: ReadonlyArray<readonly [what: string, pem: () => string, reason: string]> = [
  ["no key", () => "text", "Malformed"],
  [
    "a public key",
    () => crypto.generateKeyPairSync("ed25519").publicKey.export({ type: "spki", format: "pem" }).toString(),
    "Malformed"
  ],
  ["bytes that are none", () => "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "Malformed"],
  ["an encrypted key", () =>
    crypto.generateKeyPairSync("ed25519").privateKey.export({
      type: "pkcs8",
      format: "pem",
      cipher: "aes-256-cbc",
      passphrase: "planted"
    }).toString(), "Unsupported"],
  [
    "a curve beside those of NIST",
    () =>
      crypto.generateKeyPairSync("ec", { namedCurve: "secp256k1" }).privateKey.export({ type: "pkcs8", format: "pem" })
        .toString(),
    "Unsupported"
  ],
  [
    "an algorithm that does not sign",
    () => crypto.generateKeyPairSync("x25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    "Unsupported"
  ]
]

for (const [what, pem, reason] of refused) {
  it.effect(`refuses ${what}, and shows nothing of it`, () =>
    Effect.gen(function*() {
      const text = pem()
      const error = yield* Effect.flip(PrivateKey.fromPem(Redacted.make(text)))
      assert.strictEqual(error.reason._tag, reason)
      const line = text.split("\n")[1] ?? "-"
      if (line.length > 8) assert.notInclude(inspect(error, { depth: 20, showHidden: true }), line)
    }))
}

it.effect("keys and their PEM show nothing of themselves", () =>
  Effect.gen(function*() {
    const keys = yield* PrivateKey.generate()
    const pem = yield* PrivateKey.toPem(keys.privateKey)
    const secret = Redacted.value(pem).split("\n")[1] ?? ""
    assert.isAbove(secret.length, 60)
    for (const value of [keys, pem]) {
      for (const view of [inspect(value, { depth: 20 }), String(value), JSON.stringify(value)]) {
        assert.notInclude(view, secret)
        assert.notInclude(view, "BEGIN")
      }
    }
  }).pipe(Effect.provide(PrivateKey.layerWebCrypto)))
