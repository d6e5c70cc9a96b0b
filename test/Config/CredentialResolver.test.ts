import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as ClientConfig from "../../src/Config/ClientConfig.ts"
import * as Credential from "../../src/Config/Credential.ts"
import * as CredentialResolver from "../../src/Config/CredentialResolver.ts"
import type { CredentialSource } from "../../src/Config/CredentialSource.ts"
import * as OidcHttpClient from "../../src/Config/OidcHttpClient.ts"
import * as MemoryFiles from "./memoryFiles.ts"
import * as Plugins from "./plugins.ts"

const runtime = (runs: Array<Plugins.Run>, files: MemoryFiles.MemoryFiles = MemoryFiles.make({})) =>
  Layer.mergeAll(
    MemoryFiles.layer(files, { HOME: "/home/ada" }),
    Plugins.layer(runs, (_, count) => ({ stdout: Plugins.printed({ token: `t${count}` }) })),
    Layer.provide(
      OidcHttpClient.layerHttpClient,
      Layer.succeed(HttpClient.HttpClient, HttpClient.make(() => Effect.never))
    )
  )

const provide = (runs: Array<Plugins.Run>, files?: MemoryFiles.MemoryFiles) =>
  Effect.provide(Layer.provideMerge(CredentialResolver.layer, runtime(runs, files)))

const get = (credential: CredentialSource) =>
  Effect.flatMap(
    CredentialResolver.CredentialResolver,
    (resolver) => resolver.get({ credential, clientCertificate: undefined })
  )

const header = (credential: Credential.Service) =>
  Effect.map(credential.get, ({ authorization }) => authorization && Redacted.value(authorization))

it.effect("equal sources are one credential while anyone holds it, whatever their users are called", () => {
  const runs: Array<Plugins.Run> = []
  return Effect.gen(function*() {
    const stanza = () => Plugins.source({ args: [Redacted.make("a")], env: [{ name: "A", value: Redacted.make("b") }] })
    yield* Effect.scoped(Effect.gen(function*() {
      const one = yield* get(stanza())
      const other = yield* get(stanza())
      assert.strictEqual(one, other)
      assert.strictEqual(yield* header(one), "Bearer t1")
      assert.strictEqual(yield* header(other), "Bearer t1")
      assert.strictEqual(runs.length, 1)
    }))
    const later = yield* Effect.scoped(Effect.flatMap(get(stanza()), header))
    assert.strictEqual(later, "Bearer t2")
  }).pipe(provide(runs))
})

it.effect("sources that differ in one secret, one argument or the cluster share nothing", () => {
  const runs: Array<Plugins.Run> = []
  return Effect.gen(function*() {
    const base = Plugins.source({ env: [{ name: "A", value: Redacted.make("b") }] })
    const sources = [
      base,
      { ...base, env: [{ name: "A", value: Redacted.make("c") }] },
      { ...base, args: [Redacted.make("x")] },
      { ...base, cluster: { ...base.cluster, server: "https://other" } },
      { ...base, command: "other" }
    ]
    const headers = yield* Effect.forEach(sources, (source) => Effect.flatMap(get(source), header))
    assert.deepStrictEqual(headers, ["Bearer t1", "Bearer t2", "Bearer t3", "Bearer t4", "Bearer t5"])
  }).pipe(provide(runs))
})

it.effect("two clusters whose users have the same name do not share a token", () => {
  const kubeconfig = (server: string, token: string) =>
    `current-context: c\nclusters: [{name: c, cluster: {server: "${server}"}}]\nusers: [{name: admin, user: {token: ${token}}}]\ncontexts: [{name: c, context: {cluster: c, user: admin}}]\n`
  const files = MemoryFiles.make({ "/a": kubeconfig("https://a", "one"), "/b": kubeconfig("https://b", "two") })
  const of = (path: string) =>
    Effect.flatMap(Credential.Credential, header).pipe(
      Effect.provide(CredentialResolver.layerCredential.pipe(Layer.provide(ClientConfig.layerKubeconfig({ path }))))
    )
  return Effect.gen(function*() {
    assert.deepStrictEqual([yield* of("/a"), yield* of("/b")], ["Bearer one", "Bearer two"])
  }).pipe(provide([], files))
})

const pem = (kind: string, text: string) => `-----BEGIN ${kind}-----\n${btoa(text)}\n-----END ${kind}-----\n`

it.effect("joins a header and a certificate, and keeps the value while both stay", () => {
  const files = MemoryFiles.make({ "/t": "one", "/c": pem("CERTIFICATE", "c"), "/k": pem("PRIVATE KEY", "k") })
  return Effect.gen(function*() {
    const resolver = yield* CredentialResolver.CredentialResolver
    const credential = yield* resolver.get({
      credential: { _tag: "TokenFile", path: "/t", initial: undefined },
      clientCertificate: { certificate: { _tag: "File", path: "/c" }, key: { _tag: "File", path: "/k" } }
    })
    assert.isTrue(credential.refreshable)
    const first = yield* credential.get
    assert.strictEqual(first.authorization && Redacted.value(first.authorization), "Bearer one")
    assert.strictEqual(first.clientCertificate?.certificate, pem("CERTIFICATE", "c"))
    assert.strictEqual(yield* credential.get, first)
    files.set("/t", { content: "two", mode: 0o600 })
    yield* credential.invalidate(first)
    const second = yield* credential.get
    assert.strictEqual(second.authorization && Redacted.value(second.authorization), "Bearer two")
    assert.strictEqual(second.clientCertificate, first.clientCertificate)
  }).pipe(provide([], files))
})

it.effect("makes basic, token and anonymous credentials that never change", () =>
  Effect.gen(function*() {
    const basic = yield* get({ _tag: "Basic", username: "ada", password: Redacted.make("pässword") })
    assert.strictEqual(yield* header(basic), `Basic ${Buffer.from("ada:pässword").toString("base64")}`)
    assert.isFalse(basic.refreshable)
    assert.strictEqual(yield* header(yield* get({ _tag: "Token", token: Redacted.make("t\n") })), "Bearer t")
    assert.strictEqual(yield* header(yield* get({ _tag: "Anonymous" })), undefined)
  }).pipe(provide([])))

it.effect("serves what never changes without files and processes, and refuses the rest", () =>
  Effect.gen(function*() {
    const resolver = yield* CredentialResolver.CredentialResolver
    const fixed = yield* resolver.get({
      credential: { _tag: "Token", token: Redacted.make("t") },
      clientCertificate: {
        certificate: { _tag: "Data", pem: "cert" },
        key: { _tag: "Data", pem: Redacted.make("key") }
      }
    })
    assert.strictEqual((yield* fixed.get).clientCertificate?.certificate, "cert")
    for (const credential of [Plugins.source(), { _tag: "TokenFile", path: "/t", initial: undefined } as const]) {
      const error = yield* Effect.flip(resolver.get({ credential, clientCertificate: undefined }))
      assert.strictEqual(
        error.message,
        "credential: this runtime has neither files nor processes: give a token, a password or a certificate as data"
      )
    }
  }).pipe(Effect.provide(CredentialResolver.layerStatic)))
