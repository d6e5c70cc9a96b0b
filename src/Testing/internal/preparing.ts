/**
 * What the server does to an object of a kind before it stores it: fields that users cannot set, fields that the server
 * gives.
 *
 * Source: `PrepareForCreate` and `PrepareForUpdate` of the strategies, and the admission plugins that are always on.
 *
 * @internal
 */
import * as Json from "../../Machinery/Json.ts"
import { templateGeneration } from "./defaults.ts"
import * as Metadata from "./metadata.ts"
import type { Served } from "./registry.ts"
import * as Server from "./server.ts"
import * as Typed from "./typed.ts"

type Prepare = (
  server: Server.Server,
  call: Server.Call,
  object: Json.JsonObject,
  live: Json.JsonObject | undefined
) => Json.JsonObject

const withStatus = (object: Json.JsonObject, status: Json.JsonObject): Json.JsonObject => ({ ...object, status })

const notReady = (key: string) => ({ key, operator: "Exists", effect: "NoExecute", tolerationSeconds: 300 })

const tolerated = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"]

const qosClass = (spec: Json.JsonObject): string => {
  const containers = [...Json.itemsOf(spec["containers"]), ...Json.itemsOf(spec["initContainers"])]
  const amounts = containers.map((container) => ({
    limits: Json.objectOf(Json.at(container, "resources", "limits")),
    requests: Json.objectOf(Json.at(container, "resources", "requests"))
  }))
  const isCounted = (each: Json.JsonObject) => each["cpu"] !== undefined || each["memory"] !== undefined
  if (!amounts.some(({ limits, requests }) => isCounted(limits) || isCounted(requests))) return "BestEffort"
  const isGuaranteed = amounts.every(({ limits, requests }) =>
    ["cpu", "memory"].every((name) => limits[name] !== undefined && (requests[name] ?? limits[name]) === limits[name])
  )
  return isGuaranteed ? "Guaranteed" : "Burstable"
}

const pod: Prepare = (_server, _call, object, live) => {
  const given = Json.objectOf(object["spec"])
  const before = Json.objectOf(Json.at(live, "spec"))
  const spec = { ...given, ...tolerant(given), ...prioritized(given, before) }
  return live === undefined
    ? withStatus({ ...object, spec }, { phase: "Pending", qosClass: qosClass(spec) })
    : { ...object, spec }
}

const prioritized = (spec: Json.JsonObject, before: Json.JsonObject): Json.JsonObject => ({
  priority: spec["priority"] ?? before["priority"] ?? 0,
  preemptionPolicy: spec["preemptionPolicy"] ?? before["preemptionPolicy"] ?? "PreemptLowerPriority"
})

const tolerant = (spec: Json.JsonObject): Json.JsonObject => {
  const known = Json.itemsOf(spec["tolerations"])
  const missing = tolerated.filter((key) =>
    !known.some((each) => {
      const given = Json.textOf(Json.at(each, "key"))
      const effect = Json.textOf(Json.at(each, "effect"))
      return (given === key || given === "") && (effect === "NoExecute" || effect === "")
    })
  )
  return { tolerations: [...known, ...missing.map(notReady)] }
}

const nextAddress = (server: Server.Server): string => {
  server.nextAddress += 1
  return `10.96.${(server.nextAddress >> 8) & 255}.${server.nextAddress & 255}`
}

const nodePorts = (server: Server.Server, spec: Json.JsonObject, before: Json.JsonObject) => {
  const isExposed = spec["type"] === "NodePort" || spec["type"] === "LoadBalancer"
  const known = new Map(Json.itemsOf(before["ports"]).map((port) => [Json.at(port, "port"), Json.at(port, "nodePort")]))
  return Json.itemsOf(spec["ports"]).map((given) => {
    const port = Json.objectOf(given)
    if (!isExposed) return Json.without(port, "nodePort")
    if (Json.has(port, "nodePort")) return port
    const nodePort = known.get(port["port"]) ?? 30000 + (server.nextNodePort++)
    return { ...port, nodePort }
  })
}

const service: Prepare = (server, _call, object, live) => {
  const given = Json.objectOf(object["spec"])
  const before = Json.objectOf(Json.at(live, "spec"))
  const isExternal = given["type"] === "ExternalName"
  const address = isExternal
    ? undefined
    : Json.textOf(given["clusterIP"]) || Json.textOf(before["clusterIP"]) || nextAddress(server)
  // Without a selector nothing says which families a headless service has, so it may have all.
  const isOpen = address === "None" && Object.keys(Json.objectOf(given["selector"])).length === 0
  const spec: Json.JsonObject = {
    ...(isExternal ? Json.without(given, "clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy") : given),
    ...(Json.isArray(given["ports"]) ? { ports: nodePorts(server, given, before) } : {}),
    ...(address === undefined ? {} : {
      clusterIP: address,
      clusterIPs: given["clusterIPs"] ?? before["clusterIPs"] ?? [address],
      ipFamilies: given["ipFamilies"] ?? before["ipFamilies"] ?? (isOpen ? ["IPv4", "IPv6"] : ["IPv4"]),
      ipFamilyPolicy: given["ipFamilyPolicy"] ?? before["ipFamilyPolicy"] ??
        (isOpen ? "RequireDualStack" : "SingleStack")
    })
  }
  return withStatus({ ...object, spec }, Json.objectOf(Json.at(live, "status") ?? { loadBalancer: {} }))
}

const namespace: Prepare = (_server, _call, object, live) => {
  if (live !== undefined) return { ...object, spec: live["spec"], status: live["status"] }
  const finalizers = Json.itemsOf(Json.at(object, "spec", "finalizers"))
  const labelled = Json.setAt(
    object,
    ["metadata", "labels", "kubernetes.io/metadata.name"],
    Metadata.nameOf(object)
  )
  return withStatus({
    ...labelled,
    spec: { finalizers: finalizers.includes("kubernetes") ? finalizers : [...finalizers, "kubernetes"] }
  }, { phase: "Active" })
}

const job: Prepare = (_server, _call, object, live) => {
  if (live !== undefined || Json.at(object, "spec", "manualSelector") === true) return object
  const uid = Metadata.of(object)["uid"]
  const name = Metadata.nameOf(object)
  const labels = {
    ...Json.objectOf(Json.at(object, "spec", "template", "metadata", "labels")),
    "batch.kubernetes.io/controller-uid": uid,
    "batch.kubernetes.io/job-name": name,
    "controller-uid": uid,
    "job-name": name
  }
  const spec = Json.setAt(Json.objectOf(object["spec"]), ["template", "metadata", "labels"], labels)
  const own = Json.objectOf(Metadata.of(object)["labels"])
  return {
    ...Json.setAt(object, ["metadata", "labels"], Object.keys(own).length === 0 ? labels : own),
    spec: { ...spec, selector: { matchLabels: { "batch.kubernetes.io/controller-uid": uid } } }
  }
}

const signingRequest: Prepare = (_server, call, object, live) =>
  live === undefined
    ? {
      ...object,
      spec: {
        ...Json.objectOf(object["spec"]),
        groups: call.user.groups,
        username: call.user.name,
        ...(call.user.uid === undefined ? {} : { uid: call.user.uid })
      }
    }
    : { ...object, spec: live["spec"] }

const definition: Prepare = (_server, _call, object, live) => {
  if (live !== undefined) return object
  const stored = Json.itemsOf(Json.at(object, "spec", "versions"))
    .filter((version) => Json.at(version, "storage") === true).map((version) => Json.at(version, "name"))
  return withStatus(object, { conditions: null, acceptedNames: { plural: "", kind: "" }, storedVersions: stored })
}

const ingress: Prepare = (_server, _call, object, live) =>
  live === undefined ? withStatus(object, { loadBalancer: {} }) : object

// Go prints these where they are empty, too.
const event: Prepare = (_server, _call, object) => ({
  eventTime: null,
  ...(object["apiVersion"] === "v1" ? { reportingComponent: "", reportingInstance: "" } : {}),
  ...object
})

const copied = ["PersistentVolumeClaim.", "VolumeSnapshot.snapshot.storage.k8s.io"]

/** What a claim is filled from: sources of other kinds count only under the newer name, and each name fills the other. */
const withSources = (spec: Json.JsonObject, before: Json.JsonObject): Json.JsonObject => {
  const { dataSource, dataSourceRef, ...rest } = spec
  const wasFilled = before["dataSource"] !== undefined || before["dataSourceRef"] !== undefined
  // Sources in other namespaces are a feature that is off.
  const ref = Json.textOf(Json.at(dataSourceRef, "namespace")) === "" || before["dataSourceRef"] !== undefined
    ? dataSourceRef
    : undefined
  const kind = `${Json.textOf(Json.at(dataSource, "kind"))}.${Json.textOf(Json.at(dataSource, "apiGroup"))}`
  const source = wasFilled || ref !== undefined || copied.includes(kind) ? dataSource : undefined
  const either = source ?? (Json.at(ref, "namespace") === undefined ? ref : undefined)
  return {
    ...rest,
    ...(either === undefined ? {} : { dataSource: either }),
    ...(ref === undefined && source === undefined ? {} : { dataSourceRef: ref ?? source })
  }
}

const claim: Prepare = (server, call, object, live) =>
  pending(
    server,
    call,
    { ...object, spec: withSources(Json.objectOf(object["spec"]), Json.objectOf(Json.at(live, "spec"))) },
    live
  )

const pending: Prepare = (_server, _call, object, live) =>
  live === undefined ? withStatus(object, { phase: "Pending" }) : object

const inTemplate = ["spec", "template", "spec", "schedulingGroup"]

/** Fields that the server drops, as their features are off. */
const gated: { readonly [table: string]: ReadonlyArray<ReadonlyArray<string>> } = {
  "/pods": [["spec", "schedulingGroup"]],
  "/podtemplates": [["template", "spec", "schedulingGroup"]],
  "/replicationcontrollers": [inTemplate],
  "apps/daemonsets": [inTemplate],
  "apps/deployments": [inTemplate],
  "apps/replicasets": [inTemplate],
  "apps/statefulsets": [inTemplate, ["spec", "updateStrategy", "rollingUpdate", "maxUnavailable"]],
  "batch/cronjobs": [["spec", "jobTemplate", ...inTemplate]],
  "batch/jobs": [inTemplate],
  "storage.k8s.io/csidrivers": [["spec", "preventPodSchedulingIfMissing"]]
}

const withoutPaths = (object: Json.JsonObject, paths: ReadonlyArray<ReadonlyArray<string>>): Json.JsonObject =>
  paths.reduce((rest, path) => Json.at(rest, ...path) === undefined ? rest : Json.setAt(rest, path, undefined), object)

const serviceAccount: Prepare = (_server, _call, object) =>
  Json.isArray(object["secrets"])
    ? {
      ...object,
      secrets: object["secrets"].map((secret) => {
        const name = Json.at(secret, "name")
        return name === undefined ? {} : { name }
      })
    }
    : object

const daemonSet: Prepare = (_server, _call, object, live) => {
  const before = Number(Json.textOf(Json.at(live, ...templateGeneration)))
  const isChanged = live !== undefined &&
    !Json.equal(Json.at(object, "spec", "template"), Json.at(live, "spec", "template"))
  return Json.setAt(object, templateGeneration, String(live === undefined ? 1 : isChanged ? before + 1 : before))
}

/** The fields of coordinated leader election, which a server has where it serves its candidates. */
const lease: Prepare = (server, _call, object) =>
  Server.served(server, "coordination.k8s.io", "v1beta1", "leasecandidates") === undefined
    ? withoutPaths(object, [["spec", "strategy"], ["spec", "preferredHolder"]])
    : object

const prepares: { readonly [table: string]: Prepare } = {
  "/events": event,
  "/namespaces": namespace,
  "/persistentvolumeclaims": claim,
  "/persistentvolumes": pending,
  "/pods": pod,
  "/serviceaccounts": serviceAccount,
  "/services": service,
  "apps/daemonsets": daemonSet,
  "coordination.k8s.io/leases": lease,
  "apiextensions.k8s.io/customresourcedefinitions": definition,
  "batch/jobs": job,
  "networking.k8s.io/ingresses": ingress,
  "certificates.k8s.io/certificatesigningrequests": signingRequest
}

// A node brings its status, as the kubelet that registers it knows it.
const keepsStatus = new Set(["/nodes"])

const hasStatus = (served: Served): boolean => Object.hasOwn(served.subresources, "status")

// Numbers that the description does not call required, and that Go prints all the same.
const zeros: { readonly [table: string]: Json.JsonObject } = {
  "apps/statefulsets": { availableReplicas: 0 },
  "autoscaling/horizontalpodautoscalers": { currentMetrics: null },
  "policy/poddisruptionbudgets": { currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 }
}

/** What Go prints of a status that nobody has set. */
const zeroStatus = (served: Served): Json.JsonObject => {
  const property = served.schema?.properties?.["status"]
  if (property === undefined) return {}
  const schema = Typed.targetOf(property)
  const draft: Json.Draft = { ...zeros[served.table] }
  for (const name of schema.required ?? []) {
    const { type } = Typed.targetOf(schema.properties?.[name] ?? {})
    if (type === "integer") draft[name] = 0
    else if (type === "array") draft[name] = null
  }
  return draft
}

/** The object without what users cannot set through it, and with what the server gives. */
export const prepare = (
  server: Server.Server,
  call: Server.Call,
  served: Served,
  given: Json.JsonObject,
  live: Json.JsonObject | undefined
): Json.JsonObject => {
  const object = withoutPaths(given, gated[served.table] ?? [])
  const isKept = live === undefined && keepsStatus.has(served.table)
  const status = live === undefined ? undefined : live["status"]
  const bare = !hasStatus(served) || isKept
    ? object
    : status === undefined
    ? served.custom === undefined
      ? { ...Json.without(object, "status"), status: zeroStatus(served) }
      : Json.without(object, "status")
    : { ...Json.without(object, "status"), status }
  return prepares[served.table]?.(server, call, bare, live) ?? bare
}
