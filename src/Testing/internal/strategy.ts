/**
 * What differs between resource types in the way the server keeps them: names, generations, updates, field selectors.
 *
 * Source: the `strategy.go` files under `pkg/registry` of Kubernetes, and its field label conversions.
 *
 * @internal
 */
import * as Name from "../../Machinery/Name.ts"
import * as Json from "./json.ts"

/** How one resource type is kept. */
export interface Strategy {
  /** Whether an update without resourceVersion overwrites. */
  readonly unconditionalUpdate: boolean
  /** Whether an update of what is not there creates it. */
  readonly createOnUpdate: boolean
  /** What is wrong with a name. */
  readonly nameProblems: (name: string) => ReadonlyArray<string>
  /** Whether `metadata.generation` counts. */
  readonly hasGeneration: boolean
  /** The fields that field selectors may name, beyond `metadata.name` and `metadata.namespace`. */
  readonly selectable: ReadonlyArray<string>
  /** Whether the kind has a list of its own of what field selectors may name, which words the refusal. */
  readonly hasOwnSelectors: boolean
}

const group = (...names: ReadonlyArray<string>) => new Set(names)

const conditionalOnly = group(
  "admissionregistration.k8s.io/mutatingadmissionpolicies",
  "admissionregistration.k8s.io/mutatingadmissionpolicybindings",
  "admissionregistration.k8s.io/mutatingwebhookconfigurations",
  "admissionregistration.k8s.io/validatingadmissionpolicies",
  "admissionregistration.k8s.io/validatingadmissionpolicybindings",
  "admissionregistration.k8s.io/validatingwebhookconfigurations",
  "apiextensions.k8s.io/customresourcedefinitions",
  "apiregistration.k8s.io/apiservices",
  "certificates.k8s.io/clustertrustbundles",
  "certificates.k8s.io/podcertificaterequests",
  "coordination.k8s.io/leases",
  "coordination.k8s.io/leasecandidates",
  "internal.apiserver.k8s.io/storageversions",
  "node.k8s.io/runtimeclasses",
  "policy/poddisruptionbudgets",
  "resource.k8s.io/resourcepoolstatusrequests",
  "storage.k8s.io/csidrivers",
  "storage.k8s.io/csinodes",
  "storage.k8s.io/csistoragecapacities",
  "storage.k8s.io/volumeattachments",
  "storagemigration.k8s.io/storageversionmigrations"
)

const createdByUpdate = group(
  "/endpoints",
  "/events",
  "/limitranges",
  "/services",
  "coordination.k8s.io/leasecandidates",
  "coordination.k8s.io/leases",
  "node.k8s.io/runtimeclasses",
  "rbac.authorization.k8s.io/clusterrolebindings",
  "rbac.authorization.k8s.io/clusterroles",
  "rbac.authorization.k8s.io/rolebindings",
  "rbac.authorization.k8s.io/roles"
)

const generations = group(
  "/pods",
  "/podtemplates",
  "/replicationcontrollers",
  "admissionregistration.k8s.io/mutatingadmissionpolicies",
  "admissionregistration.k8s.io/mutatingadmissionpolicybindings",
  "admissionregistration.k8s.io/mutatingwebhookconfigurations",
  "admissionregistration.k8s.io/validatingadmissionpolicies",
  "admissionregistration.k8s.io/validatingadmissionpolicybindings",
  "admissionregistration.k8s.io/validatingwebhookconfigurations",
  "apiextensions.k8s.io/customresourcedefinitions",
  "apps/daemonsets",
  "apps/deployments",
  "apps/replicasets",
  "apps/statefulsets",
  "batch/cronjobs",
  "batch/jobs",
  "discovery.k8s.io/endpointslices",
  "flowcontrol.apiserver.k8s.io/flowschemas",
  "flowcontrol.apiserver.k8s.io/prioritylevelconfigurations",
  "networking.k8s.io/ingressclasses",
  "networking.k8s.io/ingresses",
  "networking.k8s.io/networkpolicies",
  "policy/poddisruptionbudgets",
  "resource.k8s.io/deviceclasses",
  "resource.k8s.io/devicetaintrules",
  "resource.k8s.io/resourceslices",
  "scheduling.k8s.io/priorityclasses"
)

const selectors: { readonly [table: string]: ReadonlyArray<string> } = {
  "/events": [
    "involvedObject.kind",
    "involvedObject.namespace",
    "involvedObject.name",
    "involvedObject.uid",
    "involvedObject.apiVersion",
    "involvedObject.resourceVersion",
    "involvedObject.fieldPath",
    "reason",
    "reportingComponent",
    "source",
    "type"
  ],
  "/namespaces": ["status.phase"],
  "/nodes": ["spec.unschedulable"],
  "/pods": [
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "spec.hostNetwork",
    "status.phase",
    "status.podIP",
    "status.podIPs",
    "status.nominatedNodeName"
  ],
  "/replicationcontrollers": ["status.replicas"],
  "/secrets": ["type"],
  "/services": ["spec.clusterIP", "spec.type"],
  "apps/replicasets": ["status.replicas"],
  "batch/jobs": ["status.successful"],
  "certificates.k8s.io/certificatesigningrequests": ["spec.signerName"],
  "certificates.k8s.io/clustertrustbundles": ["spec.signerName"],
  "certificates.k8s.io/podcertificaterequests": ["spec.signerName", "spec.podName", "spec.nodeName"],
  "resource.k8s.io/resourceslices": ["spec.nodeName", "spec.driver"]
}

const nameRules: { readonly [table: string]: (name: string) => ReadonlyArray<string> } = {
  "/namespaces": Name.dns1123Label,
  "/services": Name.dns1123Label,
  "apps/statefulsets": Name.dns1123Label,
  "rbac.authorization.k8s.io/clusterroles": Name.pathSegment,
  "rbac.authorization.k8s.io/clusterrolebindings": Name.pathSegment,
  "rbac.authorization.k8s.io/roles": Name.pathSegment,
  "rbac.authorization.k8s.io/rolebindings": Name.pathSegment,
  "/events": () => [],
  "certificates.k8s.io/clustertrustbundles": (name) => Name.dns1123Subdomain(name.replaceAll(":", ".")),
  "flowcontrol.apiserver.k8s.io/flowschemas": Name.dns1123Subdomain,
  "apiregistration.k8s.io/apiservices": Name.pathSegment,
  "networking.k8s.io/ipaddresses": () => []
}

/** The strategy of a built-in resource type, by its table. */
export const builtIn = (table: string): Strategy => ({
  unconditionalUpdate: !conditionalOnly.has(table),
  createOnUpdate: createdByUpdate.has(table),
  nameProblems: nameRules[table] ?? Name.dns1123Subdomain,
  hasGeneration: generations.has(table),
  selectable: selectors[table] ?? [],
  hasOwnSelectors: Object.hasOwn(selectors, table)
})

/** The strategy of a custom resource. */
export const custom = (selectable: ReadonlyArray<string>): Strategy => ({
  unconditionalUpdate: false,
  createOnUpdate: false,
  nameProblems: Name.dns1123Subdomain,
  hasGeneration: true,
  selectable,
  hasOwnSelectors: false
})

const shown = (value: unknown): string =>
  typeof value === "string"
    ? value
    : typeof value === "number" || typeof value === "boolean"
    ? String(value)
    : ""

/** The value of one selectable field as text; Go's zero value where the field is absent. */
const fieldText = (table: string, object: Json.JsonObject, field: string): string => {
  if (table === "/events" && field === "source") {
    return shown(Json.at(object, "source", "component")) || shown(object["reportingComponent"])
  }
  if (field === "status.successful") return shown(Json.at(object, "status", "succeeded")) || "0"
  if (field === "status.podIPs") {
    return Json.itemsOf(Json.at(object, "status", "podIPs")).map((item) => shown(Json.at(item, "ip"))).join(",")
  }
  const text = shown(Json.at(object, ...field.split(".")))
  if (text !== "") return text
  if (field === "spec.hostNetwork" || field === "spec.unschedulable") return "false"
  return field === "status.replicas" ? "0" : ""
}

/** The fields of an object that selectors may name. */
export const fieldsOf = (
  table: string,
  strategy: Strategy,
  object: Json.JsonObject
): { readonly [field: string]: string } => {
  const fields: Record<string, string> = {
    "metadata.name": Json.nameOf(object),
    "metadata.namespace": Json.namespaceOf(object)
  }
  for (const field of strategy.selectable) fields[field] = fieldText(table, object, field)
  return fields
}
