/**
 * What a probe reads while a controller cannot do its work: the rule that is missing, and how long a cache is behind.
 */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as TestClock from "effect/testing/TestClock"
import { ConfigMap } from "../../src/Api/core/v1.ts"
import { ClusterRole, ClusterRoleBinding } from "../../src/Api/rbac/v1.ts"
import * as ResourceClient from "../../src/Clientset/ResourceClient.ts"
import * as Controller from "../../src/Controller/Controller.ts"
import * as Endpoints from "../../src/Controller/Endpoints.ts"
import * as Manager from "../../src/Controller/Manager.ts"
import * as Kubernetes from "../../src/Kubernetes.ts"
import type { RequestError } from "../../src/Machinery/RequestError.ts"
import * as Transport from "../../src/Rest/Transport.ts"
import * as ApiServer from "../../src/Testing/ApiServer.ts"
import { broken } from "../Rest/stubTransport.ts"

const user: ApiServer.User = { name: "bot", groups: ["system:authenticated"] }

/** A manager of one controller whose user has no rights yet, and whose server may be away. */
const prepare = Effect.gen(function*() {
  const server = yield* ApiServer.make({ authorization: "RBAC", user })
  const way: { fault: RequestError | undefined } = { fault: undefined }
  const transport = Transport.Transport.of({
    server: server.transport.server,
    execute: (request) =>
      Effect.suspend(() => way.fault === undefined ? server.transport.execute(request) : Effect.fail(way.fault))
  })
  const over = (transport: Transport.Transport["Service"]) =>
    Kubernetes.layer.pipe(Layer.provide(Layer.succeed(Transport.Transport)(transport)))
  const allow = Effect.gen(function*() {
    const roles = yield* ResourceClient.make(ClusterRole)
    const bindings = yield* ResourceClient.make(ClusterRoleBinding)
    yield* roles.create({
      metadata: { name: "bot" },
      rules: [{ apiGroups: [""], resources: ["configmaps"], verbs: ["list", "watch"] }]
    })
    yield* bindings.create({
      metadata: { name: "bot" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "bot" },
      subjects: [{ kind: "User", apiGroup: "rbac.authorization.k8s.io", name: "bot" }]
    })
  }).pipe(Effect.provide(over(server.as(ApiServer.administrator))))
  const manager = yield* Manager.make({
    controllers: [Controller.make(ConfigMap, { reconcile: () => Effect.void })]
  }).pipe(Effect.provide(yield* Layer.build(over(transport))))
  /** Status and text of `/readyz`. */
  const probe = Endpoints.handler(manager).pipe(
    Effect.provideService(
      HttpServerRequest.HttpServerRequest,
      HttpServerRequest.fromWeb(new Request("http://127.0.0.1/readyz"))
    ),
    Effect.map((response) => HttpServerResponse.toWeb(response)),
    Effect.flatMap((response) =>
      Effect.map(Effect.promise(() => response.text()), (text) => [response.status, text] as const)
    )
  )
  return { allow, probe, server, way }
})

/** Moves the time on in steps, so that what waits for an answer begins to wait for the time. */
const pass = (seconds: number) => TestClock.adjust("1 second").pipe(Effect.repeat({ times: seconds - 1 }))

const quiet = Effect.provide(Logger.layer([]))

it.effect("a missing right is named by the rule that would give it, until it is given", () =>
  Effect.gen(function*() {
    const { allow, probe } = yield* prepare
    yield* pass(5)
    const [status, text] = yield* probe
    assert.strictEqual(status, 503)
    assert.include(text, `needs the rule {apiGroups: [""], resources: ["configmaps"], verbs: ["list", "watch"]}`)
    yield* allow
    yield* pass(60)
    assert.deepStrictEqual(yield* probe, [200, "[+]ping ok\n[+]controller configmap ok\nreadyz check passed\n"])
  }).pipe(quiet))

it.effect("a cache that is behind is no problem for a minute, then one that says for how long and why", () =>
  Effect.gen(function*() {
    const { allow, probe, server, way } = yield* prepare
    yield* allow
    yield* pass(60)
    assert.strictEqual((yield* probe)[0], 200)
    way.fault = broken("Refused")
    yield* server.disconnectWatches("reset")
    yield* pass(50)
    assert.strictEqual((yield* probe)[0], 200)
    yield* pass(20)
    const [status, text] = yield* probe
    assert.strictEqual(status, 503)
    assert.match(text, /\[-\]controller configmap failed: ConfigMap: behind for 70 s: .*broken: Refused/)
    way.fault = undefined
    yield* pass(60)
    assert.strictEqual((yield* probe)[0], 200)
  }).pipe(quiet))
