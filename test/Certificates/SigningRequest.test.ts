import { assert, it } from "@effect/vitest"
import * as Signature from "effect/crypto/Signature"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { TestClock } from "effect/testing"
import * as SigningRequest from "../../src/Certificates/SigningRequest.ts"
import * as ApiError from "../../src/Machinery/ApiError.ts"
import * as ApiServer from "../../src/Testing/ApiServer.ts"
import * as NodeCertificate from "../../src/Testing/NodeCertificate.ts"
import * as Certificate from "../../src/X509/Certificate.ts"
import * as CertificateRequest from "../../src/X509/CertificateRequest.ts"
import * as PrivateKey from "../../src/X509/PrivateKey.ts"
import * as Signer from "./signer.ts"

const layer = Layer.merge(ApiServer.layer, PrivateKey.layerWebCrypto)

const signerName = "kubernetes.io/kube-apiserver-client"

const asking = Effect.fnUntraced(function*(commonName = "jane") {
  const keys = yield* PrivateKey.generate()
  const request = yield* CertificateRequest.make({ commonName }, keys)
  return { keys, options: { request, signerName, usages: SigningRequest.clientUsages(Signature.ecdsaP256) } }
})

/** Asks, apart from the waiting: Web Crypto knows no test clock. */
const ask = (verdict: Signer.Verdict) =>
  Effect.gen(function*() {
    const client = yield* Signer.requests
    const { options } = yield* asking()
    yield* Signer.run(() => verdict)
    const created = yield* SigningRequest.create(client, options)
    return { client, created }
  })

const wait = ({ client, created }: Effect.Success<ReturnType<typeof ask>>) =>
  SigningRequest.awaitCertificate(client, created)

const waitFor = (verdict: Signer.Verdict) => Effect.flatMap(ask(verdict), wait)

it.effect("a request that is approved and signed answers its certificate", () =>
  Effect.gen(function*() {
    const certificate = yield* waitFor({ _tag: "Sign", validFor: "1 hour" })
    assert.strictEqual((yield* Effect.fromResult(Certificate.fromPem(certificate))).identity.commonName, "jane")
  }).pipe(Effect.scoped, Effect.provide(layer)))

for (const [verdict, reason] of [["Deny", "Denied"], ["Fail", "Failed"], ["Delete", "Deleted"]] as const) {
  it.effect(`a request that the signer's verdict is ${verdict} for fails with ${reason}`, () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(waitFor({ _tag: verdict }))
      assert.strictEqual(error.reason._tag, reason)
      if (verdict !== "Delete") assert.include(error.message, "Test: by the test's signer")
    }).pipe(Effect.scoped, Effect.provide(layer)))
}

for (
  const [verdict, words] of [["Leave", "was not approved"], ["Approve", "is approved, and was not signed"]] as const
) {
  it.effect(`a request that ${words} fails with NotIssued after 15 minutes`, () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(Effect.flip(wait(yield* ask({ _tag: verdict }))))
      yield* TestClock.adjust("14 minutes")
      yield* Effect.yieldNow
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("2 minutes")
      const error = yield* Fiber.join(fiber)
      assert.strictEqual(error.reason._tag, "NotIssued")
      assert.include(error.message, `${words} in 15m`)
    }).pipe(Effect.scoped, Effect.provide(layer)))
}

it.effect("another request of the same name is not taken for ours", () =>
  Effect.gen(function*() {
    const client = yield* Signer.requests
    const { keys, options } = yield* asking()
    const named = { name: "mine", publicKey: keys.publicKey }
    const first = yield* SigningRequest.create(client, { ...options, named })
    yield* client.delete("mine")
    const second = yield* SigningRequest.create(client, { ...options, named })
    assert.notStrictEqual(first.uid, second.uid)
    const error = yield* Effect.flip(SigningRequest.awaitCertificate(client, first))
    assert.strictEqual(error.reason._tag, "Deleted")
  }).pipe(Effect.provide(layer)))

it.effect("a request says usages, signer and lifetime in whole seconds, and the server names it", () =>
  Effect.gen(function*() {
    const client = yield* Signer.requests
    const { options } = yield* asking()
    const { name } = yield* SigningRequest.create(client, { ...options, lifetime: "1 hour" })
    assert.match(name, /^csr-/)
    const { spec } = yield* client.get(name)
    assert.deepStrictEqual(spec.usages, ["digital signature", "client auth"])
    assert.strictEqual(spec.signerName, signerName)
    assert.strictEqual(spec.expirationSeconds, 3600)
    assert.strictEqual(Signer.pemOf(spec.request), options.request)
  }).pipe(Effect.provide(layer)))

it("keys of RSA also encipher keys", () => {
  assert.deepStrictEqual(SigningRequest.clientUsages(Signature.rsaPkcs1v15Sha256), [
    "digital signature",
    "key encipherment",
    "client auth"
  ])
  assert.deepStrictEqual(SigningRequest.serverUsages(Signature.ed25519), ["digital signature", "server auth"])
})

it.effect("a named request is found again with the same key and subject, and not with others", () =>
  Effect.gen(function*() {
    const client = yield* Signer.requests
    const { keys, options } = yield* asking()
    const named = { name: "mine", publicKey: keys.publicKey }
    const first = yield* SigningRequest.create(client, { ...options, named })
    const again = yield* SigningRequest.create(client, {
      ...options,
      // Signed anew: ECDSA signatures differ each time.
      request: yield* CertificateRequest.make({ commonName: "jane" }, keys),
      named
    })
    assert.deepStrictEqual(again, first)

    const other = yield* asking()
    const wrong = [
      [{ ...other.options, named: { name: "mine", publicKey: other.keys.publicKey } }, "another key"],
      [{ ...options, signerName: "example.com/other", named }, "its signer is kubernetes.io/kube-apiserver-client"],
      [{ ...options, request: yield* CertificateRequest.make({ commonName: "joe" }, keys), named }, "subject"]
    ] as const
    for (const [attempt, description] of wrong) {
      const error = yield* Effect.flip(SigningRequest.create(client, attempt))
      assert.strictEqual(error.reason._tag, "Incompatible")
      assert.include(error.message, description)
    }
  }).pipe(Effect.provide(layer)))

it.effect("a named request whose certificate has expired is not used again", () =>
  Effect.gen(function*() {
    const client = yield* Signer.requests
    const { keys, options } = yield* asking()
    const named = { name: "mine", publicKey: keys.publicKey }
    yield* SigningRequest.create(client, { ...options, named })
    const issuer = yield* NodeCertificate.make({ commonName: "authority", isAuthority: true })
    yield* Signer.carryOut(yield* client.get("mine"), { _tag: "Sign", validFor: "1 hour" }, issuer)
    yield* SigningRequest.create(client, { ...options, named })
    yield* TestClock.adjust("61 minutes")
    const error = yield* Effect.flip(SigningRequest.create(client, { ...options, named }))
    assert.include(error.message, "its certificate expired at 1970-01-01T01:00:00.000Z")
  }).pipe(Effect.provide(layer)))

// client-go's TestEnsureCompatible.
for (
  const [theirs, ours, isCompatible] of [
    ["", "example.com/test", true],
    ["example.com/test", undefined, true],
    ["example.com/test", "example.com/test", true],
    ["example.com/test", "example.com/not-test", false]
  ] as const
) {
  it.effect(`a request of signer "${theirs}" is ${isCompatible ? "" : "in"}compatible with one of ${ours}`, () =>
    Effect.gen(function*() {
      const { keys, options } = yield* asking()
      const exit = yield* Effect.exit(SigningRequest.ensureCompatible(
        { spec: { request: Buffer.from(options.request).toString("base64"), signerName: theirs } },
        { request: options.request, signerName: ours, publicKey: keys.publicKey }
      ))
      assert.strictEqual(exit._tag, isCompatible ? "Success" : "Failure")
    }).pipe(Effect.provide(PrivateKey.layerWebCrypto)))
}

it.effect("a request that cannot be read is tried again, and the last failure is told when the time is over", () =>
  Effect.gen(function*() {
    const client = yield* Signer.requests
    const { options } = yield* asking()
    const created = yield* SigningRequest.create(client, options)
    const issuer = yield* NodeCertificate.make({ commonName: "authority", isAuthority: true })
    let lists = 0
    let failures = Number.POSITIVE_INFINITY
    const forbidden = ApiError.fromStatus(
      { status: "Failure", reason: "Forbidden", code: 403, message: "may not list" },
      { verb: "list", resource: "certificatesigningrequests" }
    )
    const flaky: SigningRequest.Client = {
      ...client,
      listWatch: (selection) => {
        const listWatch = client.listWatch(selection)
        return {
          ...listWatch,
          list: (options) =>
            Effect.suspend(() => ++lists <= failures ? Effect.fail(forbidden) : listWatch.list(options))
        }
      }
    }
    const fiber = yield* Effect.forkChild(
      Effect.flip(SigningRequest.awaitCertificate(flaky, created, { timeout: "10 minutes" }))
    )
    yield* TestClock.adjust("10 minutes")
    const error = yield* Fiber.join(fiber)
    assert.include(error.message, "may not list")
    // 1, 2, 4, 8, 16 and then every 30 seconds.
    assert.isBelow(lists, 30)
    assert.isAbove(lists, 15)

    failures = lists + 3
    yield* Signer.carryOut(yield* client.get(created.name), { _tag: "Sign", validFor: "1 hour" }, issuer)
    const waiting = yield* Effect.forkChild(SigningRequest.awaitCertificate(flaky, created))
    yield* TestClock.adjust("1 minute")
    assert.include(yield* Fiber.join(waiting), "BEGIN CERTIFICATE")
  }).pipe(Effect.provide(layer)))

it.effect("a decision that was made stays as it is", () =>
  Effect.gen(function*() {
    const client = yield* Signer.requests
    const { name } = yield* SigningRequest.create(client, (yield* asking()).options)
    const first = yield* SigningRequest.approve(client, name, { reason: "A", message: "a" })
    const second = yield* SigningRequest.approve(client, name, { reason: "B", message: "b" })
    assert.deepStrictEqual(second, first)
    assert.strictEqual(first.status?.conditions?.[0]?.reason, "A")
  }).pipe(Effect.provide(layer)))
