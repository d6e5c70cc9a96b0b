import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { ConfigMap, Event as CoreEvent, Namespace } from "../../src/Api/core/v1.ts"
import { Event } from "../../src/Api/events/v1.ts"
import * as ResourceClient from "../../src/Clientset/ResourceClient.ts"
import * as EventRecorder from "../../src/Events/EventRecorder.ts"
import * as EventSelector from "../../src/Events/EventSelector.ts"
import * as NodeKubernetes from "../../src/NodeKubernetes.ts"
import { cluster } from "./TestCluster.ts"

const namespace = "events-test"

describe("Events on a real control plane", () => {
  for (const api of ["core/v1", "events.k8s.io/v1"] as const) {
    it.live(`what is recorded through ${api} is one Event that counts, found through both`, () =>
      Effect.gen(function*() {
        const namespaces = yield* ResourceClient.make(Namespace)
        yield* namespaces.apply({ metadata: { name: namespace } }, { fieldManager: "test" })
        const configMaps = yield* ResourceClient.make(ConfigMap, namespace)
        const subject = yield* configMaps.create({ metadata: { generateName: "web-" } })
        yield* Effect.scoped(Effect.gen(function*() {
          const recorder = yield* EventRecorder.make({ controller: "web-controller", host: "node-1", api })
          for (let n = 0; n < 5; n++) {
            yield* recorder.record(subject, { type: "Warning", reason: "Scaled", action: "Scale", message: "to 3" })
          }
          yield* recorder.record(subject, { reason: "Done", message: "all" })
        }))
        const core = yield* ResourceClient.make(CoreEvent, namespace)
        const events = yield* ResourceClient.make(Event, namespace)
        const about = { fieldSelector: EventSelector.regarding(subject) }
        const bySeries = { fieldSelector: EventSelector.regarding(subject, { api: "events.k8s.io/v1" }) }
        const seen = (yield* core.list(about)).items
        assert.deepStrictEqual(seen.map(({ reason, type }) => `${type} ${reason}`).sort(), [
          "Normal Done",
          "Warning Scaled"
        ])
        const scaled = seen.find(({ reason }) => reason === "Scaled")
        assert.strictEqual(api === "core/v1" ? scaled?.count : scaled?.series?.count, 5)
        assert.strictEqual((yield* events.list(bySeries)).items.length, 2)
      }).pipe(Effect.provide(NodeKubernetes.layerKubeconfig({ path: cluster.kubeconfig }))))
  }
})
