/**
 * The suites of test/conformance on a real control plane: where one passes here, the in-memory server must pass it too.
 */
import * as NodeKubernetes from "../../src/NodeKubernetes.ts"
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
import { cluster } from "./TestCluster.ts"

const layer = NodeKubernetes.layerKubeconfig({ path: cluster.kubeconfig })

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
  suite("kube-apiserver", layer)
}
