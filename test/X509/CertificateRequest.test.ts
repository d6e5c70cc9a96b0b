/**
 * Requests are held against openssl where the machine has one, and against our own reading of them everywhere.
 */
import { assert, it } from "@effect/vitest"
import * as Signature from "effect/crypto/Signature"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as childProcess from "node:child_process"
import * as crypto from "node:crypto"
import * as CertificateRequest from "../../src/X509/CertificateRequest.ts"
import * as PrivateKey from "../../src/X509/PrivateKey.ts"

const layer = PrivateKey.layerWebCrypto

const identity = {
  commonName: "system:node:zürich-1",
  organizations: ["system:nodes", "b"],
  dnsNames: ["node.example", "*.svc"],
  ipAddresses: ["10.0.0.7", "fd00::12:ab", "::ffff:10.0.0.8"],
  emailAddresses: ["a@example.com"],
  uris: ["spiffe://example.com/a"]
}

const algorithms = [
  Signature.ecdsaP256,
  Signature.ecdsaP384,
  Signature.ecdsaP521,
  Signature.ed25519,
  Signature.rsaPkcs1v15({ hash: Signature.rsaPkcs1v15Sha256.hash, modulusLength: 2048 }),
  Signature.rsaPkcs1v15({ hash: Signature.rsaPkcs1v15Sha512.hash, modulusLength: 2048 })
]

const hasOpenssl = childProcess.spawnSync("openssl", ["version"]).status === 0

const openssl = (args: ReadonlyArray<string>, input: string): string => {
  const run = childProcess.spawnSync("openssl", args, { input, encoding: "utf8" })
  assert.strictEqual(run.status, 0, run.stderr)
  return run.stdout + run.stderr
}

for (const algorithm of algorithms) {
  it.effect(`a request signed with ${algorithm.name} says what was asked for, and is signed with its own key`, () =>
    Effect.gen(function*() {
      const keys = yield* PrivateKey.generate(algorithm)
      const pem = yield* CertificateRequest.make(identity, keys)
      const request = yield* Effect.fromResult(CertificateRequest.fromPem(pem))
      assert.deepStrictEqual(request.identity, {
        ...identity,
        ipAddresses: ["10.0.0.7", "fd00::12:ab", "10.0.0.8"]
      })
      assert.deepStrictEqual(request.publicKey, yield* PrivateKey.publicKeyBytes(keys.publicKey))
      yield* CertificateRequest.verify(request)
      yield* CertificateRequest.verify(request, keys.publicKey)

      const other = yield* PrivateKey.generate(algorithm)
      const wrongKey = yield* Effect.flip(CertificateRequest.verify(request, other.publicKey))
      assert.strictEqual(wrongKey.reason._tag, "Mismatch")
      const signature = Uint8Array.from(request.signature)
      signature[signature.length - 1] = (signature.at(-1) ?? 0) ^ 1
      const forged = yield* Effect.flip(CertificateRequest.verify({ ...request, signature }))
      assert.strictEqual(forged.reason._tag, "Mismatch")
    }).pipe(Effect.provide(layer)))

  it.skipIf(!hasOpenssl)(
    `openssl verifies a request signed with ${algorithm.name}${hasOpenssl ? "" : " (skipped: no openssl here)"}`,
    () =>
      Effect.runPromise(
        Effect.gen(function*() {
          const pem = yield* CertificateRequest.make(identity, yield* PrivateKey.generate(algorithm))
          const text = openssl(["req", "-verify", "-noout", "-text", "-nameopt", "utf8,sep_comma_plus"], pem)
          assert.include(text, "verify OK")
          assert.include(text, "O=system:nodes,O=b,CN=system:node:zürich-1")
          for (
            const name of [
              "DNS:node.example",
              "DNS:*.svc",
              "IP Address:10.0.0.7",
              "IP Address:FD00:0:0:0:0:0:12:AB",
              "IP Address:10.0.0.8",
              "email:a@example.com",
              "URI:spiffe://example.com/a"
            ]
          ) assert.include(text, name)
        }).pipe(Effect.provide(layer))
      )
  )
}

it.effect("without alternative names there is no extension, and without a common name none is written", () =>
  Effect.gen(function*() {
    const pem = yield* CertificateRequest.make({ commonName: "" }, yield* PrivateKey.generate())
    const request = yield* Effect.fromResult(CertificateRequest.fromPem(pem))
    assert.deepStrictEqual(request.subject, [])
    assert.deepStrictEqual(request.identity.dnsNames, [])
    if (hasOpenssl) assert.notInclude(openssl(["req", "-verify", "-noout", "-text"], pem), "Alternative")
  }).pipe(Effect.provide(layer)))

it.effect("names that cannot stand in a certificate are refused", () =>
  Effect.gen(function*() {
    const keys = yield* PrivateKey.generate()
    for (const names of [{ ipAddresses: ["10.0.0.256"] }, { ipAddresses: ["node"] }, { dnsNames: ["zürich"] }]) {
      const error = yield* Effect.flip(CertificateRequest.make({ commonName: "a", ...names }, keys))
      assert.strictEqual(error.reason._tag, "Malformed")
    }
  }).pipe(Effect.provide(layer)))

it.effect("a key of RSA with SHA-1 signs nothing", () =>
  Effect.gen(function*() {
    const { publicKey, privateKey } = crypto.generateKeyPairSync("rsa", { modulusLength: 2048 })
    assert.isDefined(publicKey)
    const pem = Redacted.make(privateKey.export({ type: "pkcs8", format: "pem" }).toString())
    const key = yield* PrivateKey.fromPem(pem)
    const weak = {
      privateKey: Object.create(key, { algorithm: { value: { _tag: "RsaPkcs1v15", hash: { name: "SHA-1" } } } }),
      publicKey: yield* PrivateKey.publicKeyOf(key)
    }
    const error = yield* Effect.flip(CertificateRequest.make({ commonName: "a" }, weak))
    assert.strictEqual(error.reason._tag, "Unsupported")
  }).pipe(Effect.provide(layer)))

it("what is no request is Malformed, and never a defect", () => {
  const texts = [
    "",
    "no PEM",
    "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----",
    "-----BEGIN CERTIFICATE REQUEST-----\n!!\n-----END CERTIFICATE REQUEST-----",
    "-----BEGIN CERTIFICATE REQUEST-----\nMAQwAgUA\n-----END CERTIFICATE REQUEST-----",
    "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"
  ]
  for (const text of texts) {
    const read = CertificateRequest.fromPem(text)
    assert.isTrue(Result.isFailure(read) && read.failure.reason._tag === "Malformed", text)
  }
})

it.effect("a request cut or changed anywhere is read or refused, and never a defect", () =>
  Effect.gen(function*() {
    const keys = yield* PrivateKey.generate()
    const pem = yield* CertificateRequest.make(identity, keys)
    const bytes = Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ""), "base64")
    const wrap = (some: Uint8Array) =>
      `-----BEGIN CERTIFICATE REQUEST-----\n${Buffer.from(some).toString("base64")}\n-----END CERTIFICATE REQUEST-----`
    for (let end = 0; end < bytes.length; end++) {
      assert.isTrue(Result.isFailure(CertificateRequest.fromPem(wrap(bytes.subarray(0, end)))), `cut at ${end}`)
    }
    let readable = 0
    for (let at = 0; at < bytes.length; at++) {
      for (const flip of [0x01, 0x80, 0xff]) {
        const changed = Uint8Array.from(bytes)
        changed[at] = (changed[at] ?? 0) ^ flip
        if (Result.isSuccess(CertificateRequest.fromPem(wrap(changed)))) readable++
      }
    }
    // Most of a request are names and numbers, which may be any.
    assert.isAbove(readable, bytes.length)
  }).pipe(Effect.provide(layer)))
