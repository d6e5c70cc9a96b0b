import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { Lease } from "../../src/Api/coordination/v1.ts"
import { LeaseCandidate } from "../../src/Api/coordination/v1beta1.ts"
import * as ResourceClient from "../../src/Clientset/ResourceClient.ts"
import * as LeaderElection from "../../src/LeaderElection/LeaderElection.ts"
import * as NodeKubernetes from "../../src/NodeKubernetes.ts"
import * as NodeControlPlane from "../../src/Testing/NodeControlPlane.ts"
import { cluster } from "./TestCluster.ts"

layer(NodeServices.layer, { excludeTestServices: true })("coordinated leader election", (it) => {
  it.effect(
    "the server makes the oldest emulation version lead, and whoever led before ends first",
    () =>
      Effect.gen(function*() {
        const { kubeconfig } = yield* NodeControlPlane.make({
          binaries: cluster.binaries,
          profile: "apiserver",
          flags: {
            "kube-apiserver": [
              "--feature-gates=CoordinatedLeaderElection=true",
              "--runtime-config=coordination.k8s.io/v1beta1=true"
            ]
          }
        })
        const said: Array<string> = []
        /** Becomes a candidate, and answers when it has begun to work. */
        const lead = Effect.fnUntraced(function*(identity: string, emulationVersion: string) {
          const elector = yield* LeaderElection.make({
            namespace: "default",
            name: "coordinated",
            identity,
            coordinated: { binaryVersion: "1.36.0", emulationVersion }
          })
          const began = yield* Deferred.make<void>()
          yield* Effect.acquireUseRelease(
            Effect.andThen(Effect.sync(() => said.push(`${identity} begins`)), Deferred.succeed(began, undefined)),
            () => Effect.never,
            () => Effect.sync(() => said.push(`${identity} ended`))
          ).pipe(elector.whileLeading, Effect.forkScoped)
          yield* Deferred.await(began).pipe(
            Effect.timeoutOrElse({
              duration: "60 seconds",
              orElse: () => Effect.die(new Error(`${identity} does not lead: ${said.join(", ")}`))
            })
          )
        })

        yield* Effect.scoped(
          Effect.gen(function*() {
            yield* lead("new", "1.36.0")
            const leases = yield* ResourceClient.make(Lease, "default")
            // Longer than the five seconds that the server hands the lease out for: renewals keep it.
            yield* Effect.sleep("7 seconds")
            const { spec } = yield* leases.get("coordinated")
            assert.deepInclude(spec, {
              holderIdentity: "new",
              strategy: "OldestEmulationVersion",
              leaseDurationSeconds: 15
            })
            yield* lead("old", "1.35.0")
            assert.deepStrictEqual(said, ["new begins", "new ended", "old begins"])
            const candidates = yield* ResourceClient.make(LeaseCandidate, "default")
            const { items } = yield* candidates.list()
            assert.deepStrictEqual(items.map(({ metadata }) => metadata.name).sort(), ["new", "old"])
          })
        ).pipe(Effect.provide(NodeKubernetes.layerKubeconfig({ path: kubeconfig })))
        assert.deepStrictEqual(said, ["new begins", "new ended", "old begins", "old ended"])
      }),
    150_000
  )
})
