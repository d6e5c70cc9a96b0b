import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { ConfigMap } from "../../src/Api/core/v1.ts"
import * as ResourceClient from "../../src/Clientset/ResourceClient.ts"
import * as NodeRestClient from "../../src/NodeRestClient.ts"
import * as TlsServer from "./tlsServer.ts"

layer(NodeServices.layer, { excludeTestServices: true })("NodeRestClient", (it) => {
  it.effect("gets one object with what a kubeconfig says, and nothing more provided", () =>
    Effect.gen(function*() {
      const { authority, server } = yield* TlsServer.certificates
      const asked: Array<
        readonly [path: string | undefined, authorization: string | undefined, agent: string | undefined]
      > = []
      const { address } = yield* TlsServer.make({
        certificate: server,
        handler: ({ headers, url }, response) => {
          asked.push([url, headers.authorization, headers["user-agent"]])
          response.setHeader("content-type", "application/json")
          response.end(JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "settings" } }))
        }
      })
      const fs = yield* FileSystem.FileSystem
      const path = `${yield* fs.makeTempDirectoryScoped()}/config`
      yield* fs.writeFileString(
        path,
        JSON.stringify({
          apiVersion: "v1",
          kind: "Config",
          clusters: [{
            name: "c",
            cluster: {
              server: address,
              "certificate-authority-data": Buffer.from(authority.certificate).toString("base64")
            }
          }],
          users: [{ name: "u", user: { token: "secret" } }],
          contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
          "current-context": "x"
        })
      )
      const settings = yield* Effect.flatMap(ResourceClient.make(ConfigMap, "default"), (_) => _.get("settings")).pipe(
        Effect.provide(NodeRestClient.layerKubeconfig({ path }))
      )
      assert.strictEqual(settings.metadata.name, "settings")
      assert.deepStrictEqual(asked.map(([path, authorization]) => [path, authorization]), [
        ["/api/v1/namespaces/default/configmaps/settings", "Bearer secret"]
      ])
      assert.match(asked[0]?.[2] ?? "", /kubernetes\//)
    }))

  it.effect("says what is wrong with a kubeconfig that is not there", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(
        Effect.flatMap(ResourceClient.make(ConfigMap, "default"), (_) => _.get("settings")).pipe(
          Effect.provide(NodeRestClient.layerKubeconfig({ path: "/nowhere/config" }))
        )
      )
      assert.strictEqual(error._tag, "KubeconfigError")
      assert.include(error.message, "/nowhere/config")
    }))
})
