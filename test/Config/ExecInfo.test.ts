import { assert, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as ClientConfig from "../../src/Config/ClientConfig.ts"
import * as ExecInfo from "../../src/Config/ExecInfo.ts"
import * as ExecAnswer from "../../src/Config/internal/execAnswer.ts"
import * as ExecPlugin from "../../src/Config/internal/execPlugin.ts"
import * as NodeCertificate from "../../src/Testing/NodeCertificate.ts"
import * as MemoryFiles from "./memoryFiles.ts"
import * as Plugins from "./plugins.ts"

const withInfo = (text: string) =>
  Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnvRecord({ KUBERNETES_EXEC_INFO: text }))

const authority = "-----BEGIN CERTIFICATE-----\nQ0E=\n-----END CERTIFICATE-----\n"

const told = Plugins.source({
  provideClusterInfo: true,
  cluster: {
    server: "https://c:6443",
    tlsServerName: "name",
    insecureSkipTlsVerify: false,
    certificateAuthority: { _tag: "Data", pem: authority },
    proxyUrl: Redacted.make("http://proxy"),
    disableCompression: true,
    config: { audience: "a" }
  }
})

it.effect("a plugin understands what a client tells it, and reaches the same cluster anonymously", () =>
  Effect.gen(function*() {
    const text = yield* ExecPlugin.info(told, true)
    const info = yield* ExecInfo.fromEnv.pipe(withInfo(text))
    assert.strictEqual(info.spec.interactive, true)
    assert.deepStrictEqual(info.spec.cluster?.config, { audience: "a" })
    const config = yield* Effect.provide(ClientConfig.ClientConfig, ExecInfo.layerClientConfig).pipe(withInfo(text))
    assert.deepStrictEqual(config, {
      ...ClientConfig.defaults,
      server: "https://c:6443",
      tls: {
        certificateAuthority: { _tag: "Data", pem: authority },
        serverName: "name",
        insecureSkipVerify: false,
        clientCertificate: undefined
      },
      proxyUrl: config.proxyUrl,
      disableCompression: true
    })
    assert.strictEqual(config.proxyUrl && Redacted.value(config.proxyUrl), "http://proxy")
  }).pipe(Effect.provide(MemoryFiles.layer({}))))

it.effect("a client understands what a plugin answers", () =>
  Effect.gen(function*() {
    const info = yield* ExecInfo.fromEnv.pipe(withInfo(yield* ExecPlugin.info(told, false)))
    const { certificate, key } = yield* NodeCertificate.make({ commonName: "ada" })
    const answer = yield* ExecAnswer.parse(
      told,
      ExecInfo.print(info, {
        token: Redacted.make("t"),
        clientCertificate: { certificate, key: Redacted.make(key) },
        expiresAt: DateTime.makeUnsafe(60_000)
      })
    )
    assert.strictEqual(answer.authorization && Redacted.value(answer.authorization), "Bearer t")
    assert.strictEqual(answer.clientCertificate?.certificate, certificate)
    assert.strictEqual(answer.expiresAt, 60_000)
  }).pipe(Effect.provide(MemoryFiles.layer({}))))

it.effect("says why there is nothing to understand", () =>
  Effect.gen(function*() {
    const message = (text: string) =>
      Effect.map(Effect.flip(Effect.flatMap(ExecInfo.fromEnv, ExecInfo.toClientConfig)), (error) => error.message).pipe(
        withInfo(text)
      )
    assert.strictEqual(yield* message(""), "KUBERNETES_EXEC_INFO: is not set: a Kubernetes client sets it")
    assert.strictEqual(
      yield* message("{\"kind\":\"Pod\"}"),
      "KUBERNETES_EXEC_INFO: is no ExecCredential of version v1 or v1beta1"
    )
    assert.strictEqual(
      yield* message(yield* ExecPlugin.info(Plugins.source(), false)),
      "KUBERNETES_EXEC_INFO.spec.cluster: is absent: the kubeconfig has to say provideClusterInfo: true"
    )
  }).pipe(Effect.provide(MemoryFiles.layer({}))))
