/**
 * The suites of test/conformance on a real control plane: where one passes here, the in-memory server must pass it too.
 */
import * as NodeKubernetes from "../../src/NodeKubernetes.ts"
import * as CustomResources from "../conformance/CustomResourcesTest.ts"
import * as Discovery from "../conformance/DiscoveryTest.ts"
import * as Kinds from "../conformance/KindsTest.ts"
import * as Subresources from "../conformance/SubresourcesTest.ts"
import * as Writes from "../conformance/WritesTest.ts"
import { cluster } from "./TestCluster.ts"

const layer = NodeKubernetes.layerKubeconfig({ path: cluster.kubeconfig })

Kinds.suite("kube-apiserver", layer)
Subresources.suite("kube-apiserver", layer)
Writes.suite("kube-apiserver", layer)
CustomResources.suite("kube-apiserver", layer)
Discovery.suite("kube-apiserver", layer)
