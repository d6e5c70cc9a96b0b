import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { TestClock } from "effect/testing"
import type * as tls from "node:tls"
import * as CertificateCredential from "../../src/Certificates/CertificateCredential.ts"
import * as CertificateManager from "../../src/Certificates/CertificateManager.ts"
import * as CertificateStore from "../../src/Certificates/CertificateStore.ts"
import * as Credential from "../../src/Config/Credential.ts"
import * as CredentialResolver from "../../src/Config/CredentialResolver.ts"
import * as CaBundle from "../../src/Rest/CaBundle.ts"
import * as NodeTransport from "../../src/Rest/NodeTransport.ts"
import * as ApiServer from "../../src/Testing/ApiServer.ts"
import * as NodeCertificate from "../../src/Testing/NodeCertificate.ts"
import * as PrivateKey from "../../src/X509/PrivateKey.ts"
import * as TlsServer from "../Rest/tlsServer.ts"
import * as Signer from "./signer.ts"

const given = Effect.fnUntraced(function*(commonName: string, issuer?: NodeCertificate.Certificate) {
  const made = yield* NodeCertificate.make({ commonName, validFor: "1 hour", issuer })
  return { certificate: made.certificate, key: Redacted.make(made.key) }
})

it.effect("the bootstrap credential stands in before the first certificate and after the last has expired", () =>
  Effect.gen(function*() {
    const store = yield* CertificateStore.make()
    const refused: Array<Credential.Value> = []
    const fixed = Credential.fixed({
      authorization: Credential.bearer(Redacted.make("bootstrap")),
      clientCertificate: undefined
    })
    const bootstrap = Credential.Credential.of({
      ...fixed,
      refreshable: true,
      invalidate: (value) => Effect.sync(() => refused.push(value))
    })
    const credential = CertificateCredential.make(store, bootstrap)
    const first = yield* credential.get
    assert.strictEqual(first, yield* fixed.get)
    assert.isTrue(credential.refreshable)
    yield* credential.invalidate(first)
    assert.deepStrictEqual(refused, [first])

    const { certificate, key } = yield* given("a")
    const pair = yield* store.update(certificate, key)
    const second = yield* credential.get
    assert.strictEqual(second.clientCertificate, pair)
    assert.isUndefined(second.authorization)
    // The identity says that nothing has changed.
    assert.strictEqual(yield* credential.get, second)
    yield* credential.invalidate(second)
    assert.strictEqual(refused.length, 1)

    const other = yield* given("b")
    yield* store.update(other.certificate, other.key)
    assert.notStrictEqual((yield* credential.get).clientCertificate, pair)
    yield* TestClock.adjust("61 minutes")
    assert.strictEqual(yield* credential.get, first)
  }).pipe(Effect.provide(PrivateKey.layerWebCrypto)))

it.effect("without a bootstrap credential nobody is who asks", () =>
  Effect.gen(function*() {
    const store = yield* CertificateStore.CertificateStore
    assert.strictEqual(yield* CertificateCredential.make(store).get, yield* Credential.anonymous.get)
  }).pipe(Effect.provide(CertificateStore.layerMemory())))

it.effect("whatever a configuration resolves to stands in", () =>
  Effect.gen(function*() {
    const resolver = yield* CredentialResolver.CredentialResolver
    const store = yield* CertificateStore.CertificateStore
    const credential = yield* resolver.get({
      credential: { _tag: "Token", token: Redacted.make("bootstrap") },
      clientCertificate: undefined
    })
    const { authorization } = yield* credential.get
    assert.strictEqual(authorization && Redacted.value(authorization), "Bearer bootstrap")
    const { certificate, key } = yield* given("a")
    const pair = yield* store.update(certificate, key)
    assert.strictEqual((yield* credential.get).clientCertificate, pair)
  }).pipe(
    Effect.scoped,
    Effect.provide(CertificateCredential.layerResolver.pipe(
      Layer.provide(CredentialResolver.layerStatic),
      Layer.provideMerge(CertificateStore.layerMemory())
    ))
  ))

it.effect("a memory store begins with what it is given, and fails with what is no pair", () =>
  Effect.gen(function*() {
    const { certificate, key } = yield* given("a")
    const store = yield* Effect.provide(
      CertificateStore.CertificateStore,
      CertificateStore.layerMemory({ certificate, key })
    )
    assert.isTrue(Option.isSome(yield* store.current))
    const error = yield* Effect.flip(Effect.provide(
      CertificateStore.CertificateStore,
      CertificateStore.layerMemory({ certificate: "", key })
    ))
    assert.strictEqual(error.reason._tag, "Malformed")
  }))

it.live("connections made after a rotation present the new certificate, over real TLS", () =>
  Effect.gen(function*() {
    const authority = yield* NodeCertificate.make({ commonName: "authority", isAuthority: true })
    const its = yield* TlsServer.make({
      certificate: yield* NodeCertificate.make({ commonName: "server", hosts: ["127.0.0.1"], issuer: authority }),
      clientCa: authority.certificate,
      handler: (request, response) => {
        const socket = ("stream" in request && request.stream?.session?.socket || request.socket) as tls.TLSSocket
        response.end(JSON.stringify(socket.getPeerCertificate().subject.CN))
      }
    })
    const store = yield* CertificateStore.make()
    const transport = yield* NodeTransport.make({
      server: its.address,
      ca: CaBundle.fixed(authority.certificate),
      credential: CertificateCredential.make(store)
    })
    const whoAmI = Effect.scoped(Effect.gen(function*() {
      const response = yield* transport.execute({ method: "GET", verb: "get", path: "/", headers: [] })
      return JSON.parse(yield* response.text)
    }))
    // The server asks for a certificate, and there is none.
    assert.strictEqual((yield* Effect.exit(whoAmI))._tag, "Failure")
    for (const name of ["a", "b", "c"]) {
      const { certificate, key } = yield* given(name, authority)
      yield* store.update(certificate, key)
      assert.strictEqual(yield* whoAmI, name)
      assert.strictEqual(yield* whoAmI, name)
    }
  }).pipe(Effect.scoped, Effect.provide(PrivateKey.layerWebCrypto)))

it.effect("the layers of a program: the store, the credential over it, and the manager that renews", () =>
  Effect.gen(function*() {
    yield* Signer.run(() => ({ _tag: "Sign", validFor: "1 day" }))
    yield* Effect.gen(function*() {
      const manager = yield* CertificateManager.CertificateManager
      const store = yield* CertificateStore.CertificateStore
      const pair = yield* manager.awaitCurrent
      assert.strictEqual((yield* CertificateCredential.make(store).get).clientCertificate, pair)
    }).pipe(Effect.provide(
      CertificateManager.layer({
        identity: { commonName: "jane" },
        signerName: "kubernetes.io/kube-apiserver-client",
        usages: "client"
      }).pipe(Layer.provideMerge(CertificateStore.layerMemory()))
    ))
  }).pipe(Effect.scoped, Effect.provide(ApiServer.layer)))
