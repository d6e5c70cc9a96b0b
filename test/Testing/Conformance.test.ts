/**
 * The suites that a real kube-apiserver passes in `test/cluster`, on the server in memory.
 */
import * as Layer from "effect/Layer"
import * as Kubernetes from "../../src/Kubernetes.ts"
import * as ApiServer from "../../src/Testing/ApiServer.ts"
import * as Apply from "../conformance/ApplyTest.ts"
import * as CustomResources from "../conformance/CustomResourcesTest.ts"
import * as CustomRules from "../conformance/CustomRulesTest.ts"
import * as Discovery from "../conformance/DiscoveryTest.ts"
import * as Handover from "../conformance/HandoverTest.ts"
import * as Informers from "../conformance/InformersTest.ts"
import * as Kinds from "../conformance/KindsTest.ts"
import * as Reads from "../conformance/ReadsTest.ts"
import * as Refusals from "../conformance/RefusalsTest.ts"
import * as Subresources from "../conformance/SubresourcesTest.ts"
import * as Writes from "../conformance/WritesTest.ts"

const layer = Kubernetes.layer.pipe(Layer.provideMerge(ApiServer.layerTransport()))

for (
  const { suite } of [
    Apply,
    CustomResources,
    CustomRules,
    Discovery,
    Handover,
    Informers,
    Kinds,
    Reads,
    Refusals,
    Subresources,
    Writes
  ]
) {
  suite("in memory", layer)
}
