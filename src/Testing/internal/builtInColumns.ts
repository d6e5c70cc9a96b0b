/**
 * The columns of built-in kinds, with the cells of the real server's printers.
 *
 * Source: `pkg/printers/internalversion` of Kubernetes.
 *
 * @internal
 */
import * as Json from "../../Machinery/Json.ts"
import { boolean, joined, none, number, selector, shown, text, textOr, unset } from "./cells.ts"
import { age, type Cell, type Column, column, name, since, wide } from "./column.ts"
import * as Metadata from "./metadata.ts"
import { workloadColumns } from "./workloadColumns.ts"

const ports = (object: Json.JsonObject): string =>
  joined(
    Json.itemsOf(Json.at(object, "spec", "ports")).map((port) => {
      const nodePort = Json.numberOf(Json.at(port, "nodePort"), 0)
      const protocol = Json.textOf(Json.at(port, "protocol"))
      return `${shown(Json.at(port, "port"), "")}${nodePort > 0 ? `:${nodePort}` : ""}/${protocol}`
    })
  )

const externalAddress: Cell = (object) => {
  const given = Json.itemsOf(Json.at(object, "spec", "externalIPs")).map(Json.textOf)
  switch (Json.at(object, "spec", "type")) {
    case "LoadBalancer": {
      const balanced = Json.itemsOf(Json.at(object, "status", "loadBalancer", "ingress"))
        .map((each) => Json.textOf(Json.at(each, "ip")) || Json.textOf(Json.at(each, "hostname")))
      return joined([...balanced, ...given], "<pending>")
    }
    case "ExternalName":
      return Json.textOf(Json.at(object, "spec", "externalName"))
    default:
      return joined(given)
  }
}

const size = (...keys: ReadonlyArray<string>): Cell => (object) =>
  keys.reduce((sum, key) => sum + Object.keys(Json.objectOf(object[key])).length, 0)

const nodeStatus: Cell = (object) => {
  const ready = Json.itemsOf(Json.at(object, "status", "conditions")).find((each) => Json.at(each, "type") === "Ready")
  const status = ready === undefined ? "Unknown" : Json.at(ready, "status") === "True" ? "Ready" : "NotReady"
  return Json.at(object, "spec", "unschedulable") === true ? `${status},SchedulingDisabled` : status
}

const nodeRoles: Cell = (object) => {
  const prefix = "node-role.kubernetes.io/"
  const labels = Object.entries(Json.textMapOf(Metadata.of(object)["labels"]))
  return joined(
    labels.flatMap(([key, value]) =>
      key.startsWith(prefix) && key.length > prefix.length
        ? [key.slice(prefix.length)]
        : key === "kubernetes.io/role" && value !== ""
        ? [value]
        : []
    ).sort()
  )
}

const nodeAddress = (type: string): Cell => (object) =>
  Json.textOf(Json.at(
    Json.itemsOf(Json.at(object, "status", "addresses")).find((each) => Json.at(each, "type") === type),
    "address"
  )) || none

const modes: { readonly [mode: string]: string } = {
  ReadWriteOnce: "RWO",
  ReadOnlyMany: "ROX",
  ReadWriteMany: "RWX",
  ReadWriteOncePod: "RWOP"
}

const accessModes = (...path: ReadonlyArray<string>): Cell => (object) =>
  Json.itemsOf(Json.at(object, ...path)).map((mode) => modes[Json.textOf(mode)] ?? "").filter((mode) => mode !== "")
    .join(",")

const phase: Cell = (object) =>
  Metadata.of(object)["deletionTimestamp"] === undefined
    ? Json.textOf(Json.at(object, "status", "phase"))
    : "Terminating"

const subjects = (kind: string): Cell => (object) =>
  Json.itemsOf(object["subjects"]).filter((each) => Json.at(each, "kind") === kind).map((each) => {
    const namespace = Json.textOf(Json.at(each, "namespace"))
    const subject = Json.textOf(Json.at(each, "name"))
    return kind === "ServiceAccount" ? `${namespace}/${subject}` : subject
  }).join(", ")

const roleRef: Cell = (object) =>
  `${Json.textOf(Json.at(object, "roleRef", "kind"))}/${Json.textOf(Json.at(object, "roleRef", "name"))}`

const bindings: ReadonlyArray<Column> = [
  name,
  column("Role", roleRef),
  age,
  wide("Users", subjects("User")),
  wide("Groups", subjects("Group")),
  wide("ServiceAccounts", subjects("ServiceAccount"))
]

// The real server prints the creation time of these roles as it is.
const created: Column = column("Created At", text("metadata", "creationTimestamp"), "date")

const eventTime = (object: Json.JsonObject, now: number): string => {
  const series = Json.at(object, "series", "lastObservedTime")
  if (series !== undefined) return since(series, now)
  return since(object["lastTimestamp"] ?? object["firstTimestamp"] ?? object["eventTime"], now)
}

const eventTarget: Cell = (object) => {
  const kind = Json.textOf(Json.at(object, "involvedObject", "kind")).toLowerCase()
  const target = Json.textOf(Json.at(object, "involvedObject", "name"))
  return target === "" ? kind : `${kind}/${target}`
}

const eventSource: Cell = (object) => {
  const component = Json.textOf(Json.at(object, "source", "component")) || Json.textOf(object["reportingComponent"])
  const host = Json.textOf(Json.at(object, "source", "host")) || Json.textOf(object["reportingInstance"])
  return host === "" ? component : `${component}, ${host}`
}

const ingressPorts: Cell = (object) => Json.itemsOf(Json.at(object, "spec", "tls")).length > 0 ? "80, 443" : "80"

const ingressHosts: Cell = (object) => {
  const hosts = Json.itemsOf(Json.at(object, "spec", "rules")).map((rule) => Json.textOf(Json.at(rule, "host")))
    .filter((host) => host !== "")
  const more = hosts.length - 3
  return hosts.length === 0 ? "*" : more > 0 ? `${hosts.slice(0, 3).join(",")} + ${more} more...` : hosts.join(",")
}

const ingressAddress: Cell = (object) =>
  Json.itemsOf(Json.at(object, "status", "loadBalancer", "ingress"))
    .map((each) => Json.textOf(Json.at(each, "ip")) || Json.textOf(Json.at(each, "hostname"))).join(",")

const amountOf = (...path: ReadonlyArray<string>): Cell => (object) => shown(Json.at(object, ...path), "")

const quota = (key: (name: string) => boolean): Cell => (object) => {
  const used = Json.objectOf(Json.at(object, "status", "used"))
  return Object.entries(Json.objectOf(Json.at(object, "status", "hard"))).filter(([name]) => key(name)).sort()
    .map(([name, amount]) => `${name}: ${shown(used[name], "0")}/${shown(amount, "0")}`).join(", ")
}

const isLimit = (name: string) => name.startsWith("limits")

const endpoints: Cell = (object) => {
  const all = Json.itemsOf(object["subsets"]).flatMap((subset) =>
    Json.itemsOf(Json.at(subset, "ports")).flatMap((port) =>
      Json.itemsOf(Json.at(subset, "addresses")).map((address) =>
        `${Json.textOf(Json.at(address, "ip"))}:${shown(Json.at(port, "port"), "")}`
      )
    )
  )
  const more = all.length - 3
  return more > 0 ? `${all.slice(0, 3).join(",")} + ${more} more...` : joined(all)
}

const sliceEndpoints: Cell = (object) =>
  joined(
    Json.itemsOf(object["endpoints"]).flatMap((each) => Json.itemsOf(Json.at(each, "addresses")).map(Json.textOf)),
    unset
  )

const slicePorts: Cell = (object) =>
  joined(Json.itemsOf(object["ports"]).map((port) => shown(Json.at(port, "port"), "*")), unset)

const columns: { readonly [table: string]: ReadonlyArray<Column> } = {
  ...workloadColumns,
  "/configmaps": [name, column("Data", size("data", "binaryData")), age],
  "/endpoints": [name, column("Endpoints", endpoints), age],
  "/resourcequotas": [
    name,
    column("Request", quota((name) => !isLimit(name))),
    column("Limit", quota(isLimit)),
    age
  ],
  "discovery.k8s.io/endpointslices": [
    name,
    column("AddressType", text("addressType")),
    column("Ports", slicePorts),
    column("Endpoints", sliceEndpoints),
    age
  ],
  "networking.k8s.io/ingressclasses": [
    name,
    column("Controller", text("spec", "controller")),
    column("Parameters", (object) => {
      const parameters = Json.at(object, "spec", "parameters")
      const group = Json.textOf(Json.at(parameters, "apiGroup"))
      const kind = Json.textOf(Json.at(parameters, "kind"))
      return Json.isObject(parameters)
        ? `${group === "" ? kind : `${kind}.${group}`}/${Json.textOf(Json.at(parameters, "name"))}`
        : none
    }),
    age
  ],
  "node.k8s.io/runtimeclasses": [name, column("Handler", text("handler")), age],
  "/events": [
    column("Last Seen", eventTime),
    column("Type", text("type")),
    column("Reason", text("reason")),
    column("Object", eventTarget),
    wide("Subobject", text("involvedObject", "fieldPath")),
    wide("Source", eventSource),
    column("Message", (object) => Json.textOf(object["message"]).trim()),
    wide("First Seen", (object, now) => since(object["firstTimestamp"] ?? object["eventTime"], now)),
    wide("Count", (object) => Json.at(object, "series", "count") ?? Json.numberOf(object["count"], 1)),
    { ...name, priority: 1 }
  ],
  "/namespaces": [name, column("Status", text("status", "phase")), age],
  "/nodes": [
    name,
    column("Status", nodeStatus),
    column("Roles", nodeRoles),
    age,
    column("Version", text("status", "nodeInfo", "kubeletVersion")),
    wide("Internal-IP", nodeAddress("InternalIP")),
    wide("External-IP", nodeAddress("ExternalIP")),
    wide("OS-Image", textOr("<unknown>", "status", "nodeInfo", "osImage")),
    wide("Kernel-Version", textOr("<unknown>", "status", "nodeInfo", "kernelVersion")),
    wide("Container-Runtime", textOr("<unknown>", "status", "nodeInfo", "containerRuntimeVersion"))
  ],
  "/persistentvolumeclaims": [
    name,
    column("Status", phase),
    column("Volume", text("spec", "volumeName")),
    column("Capacity", amountOf("status", "capacity", "storage")),
    column("Access Modes", accessModes("status", "accessModes")),
    column("StorageClass", text("spec", "storageClassName")),
    column("VolumeAttributesClass", textOr(unset, "spec", "volumeAttributesClassName")),
    age,
    wide("VolumeMode", textOr(unset, "spec", "volumeMode"))
  ],
  "/persistentvolumes": [
    name,
    column("Capacity", amountOf("spec", "capacity", "storage")),
    column("Access Modes", accessModes("spec", "accessModes")),
    column("Reclaim Policy", text("spec", "persistentVolumeReclaimPolicy")),
    column("Status", phase),
    column("Claim", (object) => {
      const claim = Json.at(object, "spec", "claimRef")
      return Json.isObject(claim) ? `${Json.textOf(claim["namespace"])}/${Json.textOf(claim["name"])}` : ""
    }),
    column("StorageClass", text("spec", "storageClassName")),
    column("VolumeAttributesClass", textOr(unset, "spec", "volumeAttributesClassName")),
    column("Reason", text("status", "reason")),
    age,
    wide("VolumeMode", textOr(unset, "spec", "volumeMode"))
  ],
  "/secrets": [name, column("Type", text("type")), column("Data", size("data")), age],
  "/serviceaccounts": [name, age],
  "/services": [
    name,
    column("Type", text("spec", "type")),
    column("Cluster-IP", textOr(none, "spec", "clusterIP")),
    column("External-IP", externalAddress),
    column("Port(s)", ports),
    age,
    wide("Selector", selector("spec", "selector"))
  ],
  "apiextensions.k8s.io/customresourcedefinitions": [name, created],
  "coordination.k8s.io/leases": [name, column("Holder", text("spec", "holderIdentity")), age],
  "networking.k8s.io/ingresses": [
    name,
    column("Class", textOr(none, "spec", "ingressClassName")),
    column("Hosts", ingressHosts),
    column("Address", ingressAddress),
    column("Ports", ingressPorts),
    age
  ],
  "networking.k8s.io/networkpolicies": [name, column("Pod-Selector", selector("spec", "podSelector")), age],
  "rbac.authorization.k8s.io/clusterrolebindings": bindings,
  "rbac.authorization.k8s.io/clusterroles": [name, created],
  "rbac.authorization.k8s.io/rolebindings": bindings,
  "rbac.authorization.k8s.io/roles": [name, created],
  "scheduling.k8s.io/priorityclasses": [
    name,
    column("Value", number("value"), "integer"),
    column("Global-Default", boolean("globalDefault"), "boolean"),
    age,
    column("PreemptionPolicy", textOr(unset, "preemptionPolicy"))
  ],
  "storage.k8s.io/storageclasses": [
    name,
    column("Provisioner", text("provisioner")),
    column("ReclaimPolicy", textOr("Delete", "reclaimPolicy")),
    column("VolumeBindingMode", textOr(unset, "volumeBindingMode")),
    column("AllowVolumeExpansion", boolean("allowVolumeExpansion")),
    age
  ]
}

const defaults: ReadonlyArray<Column> = [name, created]

/** The columns of a built-in resource type; name and creation time where it has none of its own. */
export const of = (table: string): ReadonlyArray<Column> => columns[table] ?? defaults
