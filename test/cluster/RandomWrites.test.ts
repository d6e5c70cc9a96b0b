/**
 * The in-memory server against a real one, write by write: what a real one takes is taken, and both make the same of it.
 */
import { assert, layer } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Kubernetes from "../../src/Kubernetes.ts"
import * as NodeKubernetes from "../../src/NodeKubernetes.ts"
import * as ApiServer from "../../src/Testing/ApiServer.ts"
import { compare } from "./randomWrites.ts"
import { cluster } from "./TestCluster.ts"

class Servers extends Context.Service<Servers, {
  readonly memory: Context.Context<Kubernetes.Kubernetes>
  readonly real: Context.Context<Kubernetes.Kubernetes>
}>()("test/cluster/RandomWrites/Servers") {}

const servers = Layer.effect(Servers)(Effect.all({
  memory: Layer.build(Kubernetes.layer.pipe(Layer.provide(ApiServer.layerTransport()))),
  real: Layer.build(NodeKubernetes.layerKubeconfig({ path: cluster.kubeconfig }))
}))

// Controllers write annotations of Deployments and finalizers of claims between two of our writes.
const shared = new Set(["Deployment", "PersistentVolumeClaim"])

layer(servers, { excludeTestServices: true, timeout: 60_000 })("Random writes", (it) => {
  for (const seed of [1, 4, 5, 7]) {
    it.effect(`400 writes of seed ${seed} are taken and have the same results`, () =>
      Effect.gen(function*() {
        const { memory, real } = yield* Servers
        const only = ({ resource }: { readonly resource: { readonly kind: string } }) => !shared.has(resource.kind)
        const report = yield* compare({ memory, real, seed, steps: 400, only })
        // As text, so that a failure shows all of it.
        assert.strictEqual(JSON.stringify(report.tooStrict, undefined, 1), "[]")
        assert.strictEqual(JSON.stringify(report.results, undefined, 1), "[]")
        assert.isAtLeast(report.steps, 400)
      }))
  }
})
