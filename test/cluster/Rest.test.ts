import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import { ConfigMap } from "../../src/Api/core/v1.ts"
import * as ClientConfig from "../../src/Config/ClientConfig.ts"
import * as Credential from "../../src/Config/Credential.ts"
import * as CredentialResolver from "../../src/Config/CredentialResolver.ts"
import * as NodeOidcHttpClient from "../../src/Config/NodeOidcHttpClient.ts"
import * as InformerFactory from "../../src/Informer/InformerFactory.ts"
import * as Kubernetes from "../../src/Kubernetes.ts"
import * as NodeKubernetes from "../../src/NodeKubernetes.ts"
import * as Authentication from "../../src/Rest/Authentication.ts"
import * as CaBundle from "../../src/Rest/CaBundle.ts"
import * as NodeTransport from "../../src/Rest/NodeTransport.ts"
import * as RestClient from "../../src/Rest/RestClient.ts"
import * as Transport from "../../src/Rest/Transport.ts"
import * as Warning from "../../src/Rest/Warning.ts"
import * as WebSocketClient from "../../src/Rest/WebSocketClient.ts"
import { cluster } from "./TestCluster.ts"

const core = (plural: string, namespace?: string, name?: string, subresource?: string) =>
  ({ _tag: "Resource", group: "", version: "v1", plural, namespace, name, subresource }) as const

const whoAmI = Effect.gen(function*() {
  const rest = yield* RestClient.RestClient
  const review = yield* rest.json({
    method: "POST",
    verb: "create",
    target: { _tag: "Resource", group: "authentication.k8s.io", version: "v1", plural: "selfsubjectreviews" },
    body: { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" }
  })
  const { userInfo } =
    (review as { status: { userInfo: { username: string; groups: ReadonlyArray<string>; extra?: unknown } } }).status
  return userInfo
})

const as = (options: ClientConfig.KubeconfigOptions) =>
  NodeKubernetes.layerKubeconfig({ path: cluster.kubeconfig, ...options })

layer(NodeServices.layer, { excludeTestServices: true })("Rest", (it) => {
  it.effect("a token, a client certificate, and a user whom both act as with several groups", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* Effect.provide(whoAmI, as({}))).username, "admin")
      assert.strictEqual((yield* Effect.provide(whoAmI, as({ context: "cert" }))).username, "cert")
      const acting = yield* Effect.provide(
        whoAmI,
        as({
          context: "cert",
          impersonation: { user: "bob", groups: ["a", "b, c", "d"], extra: { "example.com/scope": ["x", "y"] } }
        })
      )
      assert.strictEqual(acting.username, "bob")
      assert.includeMembers([...acting.groups], ["a", "b, c", "d"])
      assert.deepStrictEqual(acting.extra, { "example.com/scope": ["x", "y"] })
    }))

  it.effect("a user without rights reads what he may not do", () =>
    Effect.gen(function*() {
      const rest = yield* RestClient.RestClient
      const error = yield* Effect.flip(rest.json({ method: "GET", verb: "list", target: core("pods", "default") }))
      assert.include(
        error.message,
        `Forbidden: list pods in namespace default: pods is forbidden: User "nobody" cannot list resource "pods"`
      )
      const watch = yield* Effect.flip(
        Stream.runDrain(rest.watch({ method: "GET", verb: "watch", target: core("pods", "default") }))
      )
      assert.strictEqual(watch.reason._tag, "Forbidden")
    }).pipe(Effect.provide(as({ context: "nobody" }))))

  it.effect("warnings of the server reach the handler, and a large answer comes compressed", () =>
    Effect.gen(function*() {
      const rest = yield* RestClient.RestClient
      const seen: Array<string> = []
      yield* rest.json({
        method: "POST",
        verb: "create",
        target: core("configmaps", "default"),
        query: [["dryRun", "All"], ["fieldValidation", "Warn"]],
        body: { apiVersion: "v1", kind: "ConfigMap", metadata: { generateName: "warned-" }, dataa: {} }
      }).pipe(
        Effect.provideService(Warning.CurrentWarningHandler, ({ text }) => Effect.sync(() => void seen.push(text)))
      )
      assert.deepStrictEqual(seen, [`unknown field "dataa"`])
      yield* Effect.scoped(Effect.gen(function*() {
        const answer = yield* rest.response({
          method: "GET",
          verb: "get",
          target: { _tag: "Path", path: "/openapi/v2" }
        })
        assert.strictEqual(answer.headers["content-encoding"], "gzip")
        assert.strictEqual((JSON.parse(yield* answer.text) as { swagger: string }).swagger, "2.0")
      }))
    }).pipe(Effect.provide(as({}))))

  it.effect("a token that is renewed in its file is taken up under an open watch, at the first 401 too", () =>
    Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      const admin = yield* RestClient.RestClient
      const tokenFor = (seconds: number) =>
        Effect.map(
          admin.json({
            method: "POST",
            verb: "create",
            target: core("serviceaccounts", "kube-system", "namespace-controller", "token"),
            body: { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { expirationSeconds: seconds } }
          }),
          (answer) => (answer as { status: { token: string } }).status.token
        )
      yield* Effect.ignore(admin.json({
        method: "POST",
        verb: "create",
        target: core("serviceaccounts", "kube-system"),
        body: { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "namespace-controller" } }
      }))
      const path = yield* files.makeTempFileScoped()
      yield* files.writeFileString(path, yield* tokenFor(3600))
      const config = yield* ClientConfig.ClientConfig
      const holder = NodeKubernetes.layerOptions({
        ...config,
        credential: { _tag: "TokenFile", path, initial: undefined }
      })
      yield* Effect.gen(function*() {
        const rest = yield* RestClient.RestClient
        const names = yield* Ref.make<ReadonlyArray<string>>([])
        const watch = yield* Effect.forkChild(
          rest.watch({ method: "GET", verb: "watch", target: core("namespaces") }).pipe(
            Stream.runForEach(({ object }) =>
              Ref.update(names, (all) => [...all, (object as { metadata: { name: string } }).metadata.name])
            )
          )
        )
        assert.include((yield* whoAmI).username, "system:serviceaccount:kube-system:namespace-controller")
        yield* files.writeFileString(path, "expired")
        // The cached token serves until the server refuses one.
        yield* whoAmI
        yield* files.writeFileString(path, yield* tokenFor(3600))
        yield* whoAmI
        const name = `rotated-${Date.now()}`
        yield* admin.json({
          method: "POST",
          verb: "create",
          target: core("namespaces"),
          body: { apiVersion: "v1", kind: "Namespace", metadata: { name } }
        })
        while (!(yield* Ref.get(names)).includes(name)) {
          // A watch that has ended shows why.
          if (watch.pollUnsafe() !== undefined) return assert.fail(String(yield* Effect.exit(Fiber.join(watch))))
          yield* Effect.sleep("50 millis")
        }
        yield* Fiber.interrupt(watch)
        yield* admin.json({ method: "DELETE", verb: "delete", target: core("namespaces", undefined, name) })
      }).pipe(Effect.provide(holder))

      // A client that begins with a token the server refuses, and finds the good one in the file.
      yield* files.writeFileString(path, "expired")
      yield* Effect.gen(function*() {
        const refused = yield* Effect.flip(whoAmI)
        assert.include(refused.message, "Unauthorized")
        yield* files.writeFileString(path, yield* tokenFor(3600))
        assert.include((yield* whoAmI).username, "namespace-controller")
      }).pipe(
        Effect.provide(
          NodeKubernetes.layerOptions({ ...config, credential: { _tag: "TokenFile", path, initial: undefined } })
        )
      )
    }).pipe(Effect.scoped, Effect.provide(as({}))))

  it.effect("exec over a WebSocket answers, and a refused one is the server's Status", () =>
    Effect.gen(function*() {
      const rest = yield* RestClient.RestClient
      const name = `exec-${Date.now()}`
      yield* rest.json({
        method: "POST",
        verb: "create",
        target: core("pods", "default"),
        body: {
          apiVersion: "v1",
          kind: "Pod",
          metadata: { name },
          spec: { nodeName: "node-0", containers: [{ name: "c", image: "busybox" }] }
        }
      })
      yield* rest.watch({
        method: "GET",
        verb: "watch",
        target: core("pods", "default"),
        query: [["fieldSelector", `metadata.name=${name}`]]
      }).pipe(
        Stream.takeUntil(({ object }) => (object as { status?: { phase?: string } }).status?.phase === "Running"),
        Stream.runDrain
      )
      const exec = (context?: string) =>
        Effect.gen(function*() {
          const client = yield* WebSocketClient.WebSocketClient
          const connection = yield* client.open({
            method: "GET",
            verb: "create",
            target: core("pods", "default", name, "exec"),
            query: [["container", "c"], ["command", "echo"], ["command", "hello there"], ["stdout", "true"]]
          }, ["v5.channel.k8s.io"])
          assert.strictEqual(connection.protocol, "v5.channel.k8s.io")
          return yield* Stream.runCollect(connection.messages)
        }).pipe(Effect.scoped, Effect.provide(as(context === undefined ? {} : { context })))
      const frames = yield* exec()
      const stdout = frames.filter((frame) => typeof frame !== "string" && frame[0] === 1 && frame.length > 1)
      assert.strictEqual(
        stdout.map((frame) => typeof frame === "string" ? frame : Buffer.from(frame.subarray(1)).toString()).join(""),
        "hello there\n"
      )
      const refused = yield* Effect.flip(exec("nobody"))
      assert.include(
        refused.message,
        `Forbidden: create pods/exec default/${name}: pods "${name}" is forbidden: User "nobody"`
      )
      yield* rest.json({ method: "DELETE", verb: "delete", target: core("pods", "default", name) })
    }).pipe(Effect.provide(as({}))))

  it.effect("an informer sees each object once while token and certificate take turns", () =>
    Effect.gen(function*() {
      const admin = yield* RestClient.RestClient
      const resolver = yield* CredentialResolver.CredentialResolver
      const { tls } = yield* ClientConfig.ClientConfig
      const valueOf = (config: ClientConfig.Service) =>
        Effect.flatMap(
          resolver.get({ credential: config.credential, clientCertificate: config.tls.clientCertificate }),
          (credential) => credential.get
        )
      const fromContext = (context: string) =>
        Effect.flatMap(ClientConfig.fromKubeconfig({ path: cluster.kubeconfig, context }), valueOf)
      const values = [yield* fromContext("admin"), yield* fromContext("cert")] as const
      const turn = yield* Ref.make(0)
      const credential = Credential.Credential.of({
        refreshable: true,
        get: Effect.map(Ref.get(turn), (count) => count % 2 === 0 ? values[0] : values[1]),
        invalidate: () => Effect.void
      })
      const transport = yield* NodeTransport.make({
        server: cluster.server,
        ca: tls.certificateAuthority === undefined ? undefined : yield* CaBundle.make(tls.certificateAuthority),
        credential
      })
      const namespace = `rotation-${Date.now()}`
      yield* admin.json({
        method: "POST",
        verb: "create",
        target: core("namespaces"),
        body: { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } }
      })
      yield* Effect.gen(function*() {
        const informers = yield* InformerFactory.InformerFactory
        const rest = yield* RestClient.RestClient
        const informer = yield* informers.get(ConfigMap, { namespaces: [namespace] })
        yield* informer.awaitSynced
        const seen = yield* Ref.make<ReadonlyArray<string>>([])
        yield* Effect.forkScoped(
          Stream.runForEach(
            informer.changes,
            (event) => Ref.update(seen, (all) => [...all, `${event._tag} ${event.object.metadata.name}`])
          )
        )
        const expected = yield* Effect.forEach(Array.from({ length: 60 }), (_, index) =>
          Effect.gen(function*() {
            const name = `c${String(index).padStart(2, "0")}`
            if (index % 10 === 9) yield* Ref.update(turn, (count) => count + 1)
            yield* rest.json({
              method: "POST",
              verb: "create",
              target: core("configmaps", namespace),
              body: { apiVersion: "v1", kind: "ConfigMap", metadata: { name } }
            })
            return `Added ${name}`
          }))
        const done = Effect.map(Ref.get(seen), (all) => expected.every((line) => all.includes(line)))
        while (!(yield* done)) yield* Effect.sleep("20 millis")
        assert.deepStrictEqual((yield* Ref.get(seen)).filter((line) => / c\d\d$/.test(line)), expected)
      }).pipe(
        Effect.scoped,
        Effect.provide(Kubernetes.layer.pipe(
          Layer.provide(Layer.succeed(Transport.Transport, Authentication.make({ credential })(transport))),
          Layer.fresh
        ))
      )
      yield* admin.json({ method: "DELETE", verb: "delete", target: core("namespaces", undefined, namespace) })
    }).pipe(
      Effect.scoped,
      Effect.provide(CredentialResolver.layer.pipe(Layer.provide(NodeOidcHttpClient.layer))),
      Effect.provide(as({}))
    ))

  it.effect("an exec plugin whose first token is refused runs once more, for all who wait", () =>
    Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      const { credential, server } = yield* ClientConfig.fromKubeconfig({ path: cluster.kubeconfig })
      assert.strictEqual(credential._tag, "Token")
      const token = credential._tag === "Token" ? Redacted.value(credential.token) : ""
      const folder = yield* files.makeTempDirectoryScoped()
      const [runs, plugin, kubeconfig] = [`${folder}/runs`, `${folder}/plugin.sh`, `${folder}/config`]
      yield* files.writeFileString(
        plugin,
        `#!/bin/sh
echo run >> ${runs}
[ "$(wc -l < ${runs})" = 1 ] && token=expired || token=${token}
echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"'$token'"}}'
`
      )
      yield* files.chmod(plugin, 0o700)
      yield* files.writeFileString(
        kubeconfig,
        `apiVersion: v1
kind: Config
current-context: c
clusters: [{name: c, cluster: {server: "${server}", certificate-authority: "${cluster.directory}/authority.crt"}}]
users: [{name: u, user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: "${plugin}", interactiveMode: Never}}}]
contexts: [{name: c, context: {cluster: c, user: u}}]
`
      )
      yield* Effect.gen(function*() {
        const users = yield* Effect.forEach(Array.from({ length: 20 }), () => whoAmI, { concurrency: "unbounded" })
        assert.deepStrictEqual(new Set(users.map((user) => user.username)), new Set(["admin"]))
      }).pipe(Effect.provide(NodeKubernetes.layerKubeconfig({ path: kubeconfig })))
      assert.strictEqual(yield* files.readFileString(runs), "run\nrun\n")
    }).pipe(Effect.scoped))
})
