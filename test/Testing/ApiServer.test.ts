import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Clientset from "../../src/Clientset/Clientset.ts"
import * as ApiServer from "../../src/Testing/ApiServer.ts"

it.effect("answers the program's own clients", () =>
  Effect.gen(function*() {
    const { appsV1, coreV1 } = yield* Clientset.Clientset
    const made = yield* appsV1.deployments("default").create({
      metadata: { name: "web" },
      spec: {
        selector: { matchLabels: { app: "web" } },
        template: { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "web", image: "nginx" }] } }
      }
    })
    assert.strictEqual(made.spec?.replicas, 1)
    assert.strictEqual(made.metadata.generation, 1)
    const got = yield* appsV1.deployments("default").get("web")
    assert.deepStrictEqual(got, made)
    const namespaces = yield* coreV1.namespaces().list()
    assert.deepStrictEqual(namespaces.items.map((item) => item.metadata.name), [
      "default",
      "kube-node-lease",
      "kube-public",
      "kube-system"
    ])
    const events = yield* appsV1.deployments("default").watch({}).pipe(Stream.take(1), Stream.runCollect)
    assert.strictEqual(events[0]?.type, "ADDED")
  }).pipe(Effect.provide(ApiServer.layer)))
