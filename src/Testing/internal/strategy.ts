/**
 * What differs between resource types in the way the server keeps them: names, generations, updates, field selectors.
 *
 * Source: the `strategy.go` files under `pkg/registry` of Kubernetes, and its field label conversions.
 *
 * @internal
 */
import * as Json from "../../Machinery/Json.ts"
import * as Name from "../../Machinery/Name.ts"
import type { AnyResource } from "../../Machinery/Resource.ts"

/** How one resource type is kept. */
export interface Strategy {
  /** Whether an update without resourceVersion overwrites. */
  readonly unconditionalUpdate: boolean
  /** Whether an update of what is not there creates it. */
  readonly createOnUpdate: boolean
  /** What is wrong with a name. */
  readonly nameProblems: (name: string) => ReadonlyArray<string>
  /** Whether finalizers that no group qualifies must be the known ones. */
  readonly checksFinalizers: boolean
  /** Whether `metadata.generation` counts. */
  readonly hasGeneration: boolean
  /** What field selectors may name, each with the field of stored objects that it means. */
  readonly selectable: ReadonlyMap<string, string>
  /** Why a field selector may not name something else. */
  readonly selectorRefusal: (label: string) => string
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

/** Kinds whose validation is that of apimachinery alone. */
const anyFinalizer = group(
  "/events",
  "admissionregistration.k8s.io/mutatingadmissionpolicies",
  "admissionregistration.k8s.io/mutatingadmissionpolicybindings",
  "admissionregistration.k8s.io/mutatingwebhookconfigurations",
  "admissionregistration.k8s.io/validatingadmissionpolicies",
  "admissionregistration.k8s.io/validatingadmissionpolicybindings",
  "admissionregistration.k8s.io/validatingwebhookconfigurations",
  "apiextensions.k8s.io/customresourcedefinitions",
  "apiregistration.k8s.io/apiservices",
  "coordination.k8s.io/leasecandidates",
  "coordination.k8s.io/leases",
  "node.k8s.io/runtimeclasses",
  "policy/poddisruptionbudgets"
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

/** What one kind lets field selectors name. */
interface Selectors {
  /** Labels that mean the field of the same path. */
  readonly fields: ReadonlyArray<string>
  /** Labels that mean another field. */
  readonly renamed?: { readonly [label: string]: string }
  readonly refusal?: (label: string) => string
}

const ofNamespaced = (...fields: ReadonlyArray<string>): Selectors => ({
  fields: ["metadata.name", "metadata.namespace", ...fields]
})

const ofCluster = (...fields: ReadonlyArray<string>): Selectors => ({ fields: ["metadata.name", ...fields] })

const aboutObject = ["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"]

const anyKind: Selectors = {
  ...ofNamespaced(),
  refusal: (label) =>
    `${JSON.stringify(label)} is not a known field selector: only "metadata.name", "metadata.namespace"`
}

/** By group and plural, as the versions of a kind have the same; events of the two groups do not. */
const selectors: { readonly [resource: string]: Selectors } = {
  "/events": ofNamespaced(
    ...aboutObject.map((field) => `involvedObject.${field}`),
    "reason",
    "reportingComponent",
    "source",
    "type"
  ),
  "events.k8s.io/events": {
    ...ofNamespaced("reason", "type"),
    renamed: {
      ...Object.fromEntries(aboutObject.map((field) => [`regarding.${field}`, `involvedObject.${field}`])),
      reportingController: "reportingComponent"
    }
  },
  "/namespaces": ofCluster("status.phase"),
  "/nodes": ofCluster("spec.unschedulable"),
  "/pods": {
    ...ofNamespaced(
      "spec.nodeName",
      "spec.restartPolicy",
      "spec.schedulerName",
      "spec.serviceAccountName",
      "spec.hostNetwork",
      "status.phase",
      "status.podIP",
      "status.podIPs",
      "status.nominatedNodeName"
    ),
    renamed: { "spec.host": "spec.nodeName" }
  },
  "/replicationcontrollers": ofNamespaced("status.replicas"),
  "/secrets": ofNamespaced("type"),
  "/services": ofNamespaced("spec.clusterIP", "spec.type"),
  "batch/jobs": {
    ...ofNamespaced("status.successful"),
    refusal: (label) => `field label ${JSON.stringify(label)} not supported for Job`
  },
  "certificates.k8s.io/certificatesigningrequests": ofCluster("spec.signerName"),
  "certificates.k8s.io/clustertrustbundles": ofCluster("spec.signerName"),
  "certificates.k8s.io/podcertificaterequests": ofCluster("spec.signerName", "spec.podName", "spec.nodeName"),
  "resource.k8s.io/resourceslices": ofCluster("spec.nodeName", "spec.driver")
}

const notSupported = (label: string): string => `field label not supported: ${label}`

const selectableOf = ({ fields, renamed = {} }: Selectors): ReadonlyMap<string, string> =>
  new Map([...fields.map((field): [string, string] => [field, field]), ...Object.entries(renamed)])

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

/** The strategy of a built-in resource type, by where its objects lie and what it is called. */
export const builtIn = (
  table: string,
  { group, kind, plural, version }: Pick<AnyResource, "group" | "version" | "kind" | "plural">
): Strategy => {
  const own = selectors[`${group}/${plural}`] ?? anyKind
  const named = (label: string) => `field label not supported for ${group}/${version}, Kind=${kind}: ${label}`
  return {
    unconditionalUpdate: !conditionalOnly.has(table),
    createOnUpdate: createdByUpdate.has(table),
    nameProblems: nameRules[table] ?? Name.dns1123Subdomain,
    checksFinalizers: !anyFinalizer.has(table),
    hasGeneration: generations.has(table),
    selectable: selectableOf(own),
    selectorRefusal: own.refusal ?? (table === "resource.k8s.io/resourceslices" ? named : notSupported)
  }
}

/** The strategy of a custom resource, by the fields that its definition makes selectable. */
export const custom = (fields: ReadonlyArray<string>): Strategy => ({
  unconditionalUpdate: false,
  createOnUpdate: false,
  nameProblems: Name.dns1123Subdomain,
  checksFinalizers: false,
  hasGeneration: true,
  selectable: selectableOf(ofNamespaced(...fields)),
  selectorRefusal: notSupported
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

/** What field selectors may name of a stored object. */
export const fieldsOf = (
  table: string,
  { selectable }: Strategy,
  object: Json.JsonObject
): { readonly [label: string]: string } => {
  const fields: Record<string, string> = {}
  for (const [label, field] of selectable) fields[label] = fieldText(table, object, field)
  return fields
}
