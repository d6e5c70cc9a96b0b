/**
 * What the server fills in where an object of a built-in kind says nothing.
 *
 * Defaults belong to types, so a container gets the same wherever it stands. Most stand in the generated schemas; those
 * that Kubernetes sets in code (`pkg/apis/<group>/<version>/defaults.go`) are here, for the kinds that programs use.
 *
 * @internal
 */
import * as Base64 from "effect/encoding/Base64"
import * as Json from "../../Machinery/Json.ts"
import type { ObjectSchema } from "../../Machinery/ObjectSchema.ts"
import * as Metadata from "./metadata.ts"
import * as Typed from "./typed.ts"

type Fill = (object: Json.JsonObject) => Json.JsonObject

const isBlank = (value: unknown): boolean => value === undefined || value === null || value === ""

/** The object with values for the members that have none. */
const fill = (object: Json.JsonObject, values: Json.JsonObject): Json.JsonObject => {
  const missing = Object.keys(values).filter((key) => isBlank(object[key]))
  if (missing.length === 0) return object
  const draft = Json.copy(object)
  for (const key of missing) draft[key] = values[key]
  return draft
}

/** The object with a member changed, where it is an object or is to be made. */
const within = (object: Json.JsonObject, key: string, change: Fill): Json.JsonObject => {
  const before = Json.objectOf(object[key])
  const after = change(before)
  return after === before && object[key] !== undefined ? object : { ...object, [key]: after }
}

const filling = (values: Json.JsonObject): Fill => (object) => fill(object, values)

const inSpec = (change: Fill): Fill => (object) => within(object, "spec", change)

const imageTag = (image: string): string => {
  if (image.includes("@")) return ""
  const last = image.slice(image.lastIndexOf("/") + 1)
  return last.includes(":") ? last.slice(last.indexOf(":") + 1) : "latest"
}

const container: Fill = (object) =>
  fill(object, {
    resources: {},
    terminationMessagePath: "/dev/termination-log",
    terminationMessagePolicy: "File",
    imagePullPolicy: imageTag(Json.textOf(object["image"])) === "latest" ? "Always" : "IfNotPresent"
  })

const podSpec: Fill = (spec) => {
  const filled = fill(spec, {
    restartPolicy: "Always",
    terminationGracePeriodSeconds: 30,
    dnsPolicy: "ClusterFirst",
    securityContext: {},
    schedulerName: "default-scheduler"
  })
  const account = isBlank(filled["serviceAccountName"]) ? filled["serviceAccount"] : filled["serviceAccountName"]
  return isBlank(account) ? filled : { ...filled, serviceAccountName: account, serviceAccount: account }
}

const requestsFromLimits: Fill = (container) => {
  const limits = Json.objectOf(Json.at(container, "resources", "limits"))
  return Object.keys(limits).length === 0 ? container : within(
    container,
    "resources",
    (resources) => within(resources, "requests", filling(limits))
  )
}

const pod: Fill = inSpec((spec) => {
  const each = (key: string): Json.JsonObject =>
    Json.isArray(spec[key])
      ? { [key]: Json.itemsOf(spec[key]).map((item) => requestsFromLimits(Json.objectOf(item))) }
      : {}
  return fill({ ...spec, ...each("containers"), ...each("initContainers") }, { enableServiceLinks: true })
})

const servicePort: Fill = (port) =>
  fill(port["targetPort"] === 0 ? Json.without(port, "targetPort") : port, {
    protocol: "TCP",
    targetPort: port["port"]
  })

const affinityLimit = { clientIP: { timeoutSeconds: 10800 } }

const service: Fill = inSpec((given) => {
  const type = isBlank(given["type"]) ? "ClusterIP" : given["type"]
  const affinity = isBlank(given["sessionAffinity"]) ? "None" : given["sessionAffinity"]
  const isLimited = Json.at(given, "sessionAffinityConfig", "clientIP", "timeoutSeconds") !== undefined
  const spec = affinity === "None" || !isLimited ? Json.without(given, "sessionAffinityConfig") : given
  const isExposed = type === "NodePort" || type === "LoadBalancer" ||
    (type === "ClusterIP" && Json.itemsOf(given["externalIPs"]).length > 0)
  return fill(
    Json.isArray(spec["ports"])
      ? { ...spec, ports: Json.itemsOf(spec["ports"]).map((port) => servicePort(Json.objectOf(port))) }
      : spec,
    {
      type,
      sessionAffinity: affinity,
      ...(affinity === "ClientIP" ? { sessionAffinityConfig: affinityLimit } : {}),
      ...(isExposed ? { externalTrafficPolicy: "Cluster" } : {}),
      ...(type === "ExternalName" ? {} : { internalTrafficPolicy: "Cluster" }),
      ...(type === "LoadBalancer" ? { allocateLoadBalancerNodePorts: true } : {})
    }
  )
})

const rolling = (key: string, values: Json.JsonObject): Fill => (spec) =>
  within(spec, key, (strategy) => {
    const typed = fill(strategy, { type: "RollingUpdate" })
    return typed["type"] === "RollingUpdate" ? within(typed, "rollingUpdate", filling(values)) : typed
  })

const deployment: Fill = inSpec((spec) =>
  rolling("strategy", { maxUnavailable: "25%", maxSurge: "25%" })(
    fill(spec, { replicas: 1, revisionHistoryLimit: 10, progressDeadlineSeconds: 600 })
  )
)

const daemonSetSpec: Fill = inSpec((spec) =>
  rolling("updateStrategy", { maxUnavailable: 1, maxSurge: 0 })(fill(spec, { revisionHistoryLimit: 10 }))
)

/** Where the annotation stands that old clients read the number of the template from. */
export const templateGeneration = ["metadata", "annotations", "deprecated.daemonset.template.generation"]

const daemonSet: Fill = (object) => {
  const filled = daemonSetSpec(object)
  return Json.at(filled, ...templateGeneration) === undefined ? Json.setAt(filled, templateGeneration, "0") : filled
}

const retained = filling({ whenDeleted: "Retain", whenScaled: "Retain" })

const statefulSet: Fill = inSpec((spec) =>
  rolling("updateStrategy", { partition: 0 })(
    within(
      fill(spec, { podManagementPolicy: "OrderedReady", replicas: 1, revisionHistoryLimit: 10 }),
      "persistentVolumeClaimRetentionPolicy",
      retained
    )
  )
)

const jobSpec: Fill = (spec) => {
  const isUnset = spec["completions"] === undefined && spec["parallelism"] === undefined
  return fill(spec, {
    ...(isUnset ? { completions: 1 } : {}),
    parallelism: 1,
    backoffLimit: spec["backoffLimitPerIndex"] === undefined ? 6 : 2147483647,
    completionMode: "NonIndexed",
    suspend: false,
    manualSelector: false,
    podReplacementPolicy: spec["podFailurePolicy"] === undefined ? "TerminatingOrFailed" : "Failed"
  })
}

const byPercent = { type: "Percent", value: 100, periodSeconds: 15 }

const scaleUp: Fill = (rules) => ({
  ...fill(rules, { selectPolicy: "Max", policies: [{ type: "Pods", value: 4, periodSeconds: 15 }, byPercent] }),
  stabilizationWindowSeconds: rules["stabilizationWindowSeconds"] ?? 0
})

const scaleDown = filling({ selectPolicy: "Max", policies: [byPercent] })

const autoscaler: Fill = inSpec((spec) => {
  const filled = fill(spec, {
    minReplicas: 1,
    metrics: [{ type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 80 } } }]
  })
  return Json.isObject(filled["behavior"])
    ? within(filled, "behavior", (behavior) => within(within(behavior, "scaleUp", scaleUp), "scaleDown", scaleDown))
    : filled
})

const networkPolicy: Fill = inSpec((spec) => {
  const hasEgress = Json.itemsOf(spec["egress"]).length > 0
  return fill(spec, { policyTypes: hasEgress ? ["Ingress", "Egress"] : ["Ingress"], podSelector: {} })
})

const definitionOf: Fill = inSpec((spec) => {
  const names = Json.objectOf(spec["names"])
  const kind = Json.textOf(names["kind"])
  return {
    ...fill(spec, { conversion: { strategy: "None" } }),
    names: fill(names, kind === "" ? {} : { singular: kind.toLowerCase(), listKind: `${kind}List` })
  }
})

const roleBinding: Fill = (object) => within(object, "roleRef", filling({ apiGroup: "rbac.authorization.k8s.io" }))

const subject: Fill = (object) => {
  const kind = object["kind"]
  return kind === "User" || kind === "Group" ? fill(object, { apiGroup: "rbac.authorization.k8s.io" }) : object
}

const namespace: Fill = (object) => {
  const name = Metadata.nameOf(object)
  return name === ""
    ? object
    : within(
      object,
      "metadata",
      (metadata) =>
        within(
          metadata,
          "labels",
          (labels) =>
            labels["kubernetes.io/metadata.name"] === name ? labels : { ...labels, "kubernetes.io/metadata.name": name }
        )
    )
}

/** What a Secret says as text becomes data. */
const withTextData: Fill = (object) => {
  const texts = Object.entries(Json.objectOf(object["stringData"]))
  if (texts.length === 0) return Json.without(object, "stringData")
  const data = Object.fromEntries(texts.map(([key, text]) => [key, Base64.encode(Json.textOf(text))]))
  return Json.without({ ...object, data: { ...Json.objectOf(object["data"]), ...data } }, "stringData")
}

const templateOf: Fill = filling({ metadata: {} })

/** For containers, what is asked for by default follows from the limits: at most the most, at least the least. */
const limitItem: Fill = (item) => {
  if (item["type"] !== "Container") return item
  const amounts = (key: string) => Json.objectOf(item[key])
  const limit = { ...amounts("max"), ...amounts("default") }
  const request = { ...limit, ...amounts("min"), ...amounts("defaultRequest") }
  return {
    ...item,
    ...(Object.keys(limit).length === 0 ? {} : { default: limit }),
    ...(Object.keys(request).length === 0 ? {} : { defaultRequest: request })
  }
}

const webhook: Fill = filling({
  failurePolicy: "Fail",
  matchPolicy: "Equivalent",
  namespaceSelector: {},
  objectSelector: {},
  timeoutSeconds: 10
})

const volumeKeys = (volume: Json.JsonObject): ReadonlyArray<string> =>
  Object.keys(volume).filter((key) => key !== "name" && volume[key] !== undefined)

const ownLabels: Fill = (object) => {
  const labels = Json.at(object, "spec", "template", "metadata", "labels")
  if (!Json.isObject(labels)) return object
  return Object.keys(Json.objectOf(Metadata.of(object)["labels"])).length > 0
    ? object
    : within(object, "metadata", filling({ labels }))
}

const replicationSpec: Fill = (spec) => {
  const labels = Json.at(spec, "template", "metadata", "labels")
  return fill(spec, { replicas: 1, ...(Json.isObject(labels) ? { selector: labels } : {}) })
}

const matching = filling({ matchPolicy: "Equivalent", namespaceSelector: {}, objectSelector: {} })

const exactRequest: Fill = (object) => {
  const filled = fill(object, { allocationMode: "ExactCount" })
  return filled["allocationMode"] === "ExactCount" ? fillingZeros({ count: 1 })(filled) : filled
}

/** For numbers whose zero Go does not tell from their absence. */
const fillingZeros = (values: Json.JsonObject): Fill => (object) =>
  fill(Json.without(object, ...Object.keys(values).filter((key) => object[key] === 0)), values)

/** By the type's name within the API description. */
const byType: { readonly [name: string]: Fill } = {
  "io.k8s.api.admissionregistration.v1.MutatingWebhook": (object) =>
    fill(webhook(object), { reinvocationPolicy: "Never" }),
  "io.k8s.api.admissionregistration.v1.ValidatingWebhook": webhook,
  "io.k8s.api.admissionregistration.v1.RuleWithOperations": filling({ scope: "*" }),
  "io.k8s.api.admissionregistration.v1.ServiceReference": filling({ port: 443 }),
  "io.k8s.api.admissionregistration.v1.MatchResources": matching,
  "io.k8s.api.admissionregistration.v1.NamedRuleWithOperations": filling({ scope: "*" }),
  "io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicySpec": filling({ failurePolicy: "Fail" }),
  "io.k8s.api.admissionregistration.v1.MutatingAdmissionPolicySpec": filling({ failurePolicy: "Fail" }),
  "io.k8s.api.apps.v1.DaemonSet": daemonSet,
  "io.k8s.api.apps.v1.Deployment": deployment,
  "io.k8s.api.apps.v1.ReplicaSet": inSpec(filling({ replicas: 1 })),
  "io.k8s.api.apps.v1.StatefulSet": statefulSet,
  "io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler": autoscaler,
  "io.k8s.api.autoscaling.v1.HorizontalPodAutoscaler": inSpec(filling({ minReplicas: 1 })),
  "io.k8s.api.batch.v1.CronJob": inSpec(filling({
    concurrencyPolicy: "Allow",
    suspend: false,
    successfulJobsHistoryLimit: 3,
    failedJobsHistoryLimit: 1
  })),
  "io.k8s.api.batch.v1.Job": (object) => inSpec(jobSpec)(ownLabels(object)),
  "io.k8s.api.core.v1.ConfigMapVolumeSource": filling({ defaultMode: 420 }),
  "io.k8s.api.core.v1.Container": container,
  "io.k8s.api.core.v1.DownwardAPIVolumeSource": filling({ defaultMode: 420 }),
  "io.k8s.api.core.v1.EndpointPort": filling({ protocol: "TCP" }),
  "io.k8s.api.core.v1.EphemeralContainer": container,
  "io.k8s.api.core.v1.PodTemplateSpec": templateOf,
  "io.k8s.api.batch.v1.JobTemplateSpec": templateOf,
  "io.k8s.api.core.v1.GRPCAction": (object) => ({ ...object, service: object["service"] ?? "" }),
  "io.k8s.api.core.v1.HTTPGetAction": filling({ path: "/", scheme: "HTTP" }),
  "io.k8s.api.core.v1.HostPathVolumeSource": (object) =>
    object["type"] === undefined ? { ...object, type: "" } : object,
  "io.k8s.api.core.v1.Namespace": namespace,
  "io.k8s.api.core.v1.ObjectFieldSelector": filling({ apiVersion: "v1" }),
  "io.k8s.api.core.v1.PersistentVolume": inSpec(
    filling({ persistentVolumeReclaimPolicy: "Retain", volumeMode: "Filesystem" })
  ),
  "io.k8s.api.core.v1.PersistentVolumeClaimSpec": filling({ volumeMode: "Filesystem" }),
  "io.k8s.api.core.v1.Pod": pod,
  "io.k8s.api.core.v1.PodSpec": podSpec,
  "io.k8s.api.core.v1.Probe": filling({
    timeoutSeconds: 1,
    periodSeconds: 10,
    successThreshold: 1,
    failureThreshold: 3
  }),
  "io.k8s.api.core.v1.ProjectedVolumeSource": filling({ defaultMode: 420 }),
  "io.k8s.api.core.v1.ReplicationController": (object) => inSpec(replicationSpec)(ownLabels(object)),
  "io.k8s.api.core.v1.Secret": (object) => fill(withTextData(object), { type: "Opaque" }),
  "io.k8s.api.core.v1.SecretVolumeSource": filling({ defaultMode: 420 }),
  "io.k8s.api.core.v1.Service": service,
  "io.k8s.api.core.v1.ServiceAccountTokenProjection": filling({ expirationSeconds: 3600 }),
  "io.k8s.api.core.v1.Volume": (object) => volumeKeys(object).length === 0 ? { ...object, emptyDir: {} } : object,
  "io.k8s.api.core.v1.LimitRangeItem": limitItem,
  "io.k8s.api.discovery.v1.Endpoint": filling({ conditions: {} }),
  "io.k8s.api.discovery.v1.EndpointPort": (object) => ({ name: "", ...fill(object, { protocol: "TCP" }) }),
  "io.k8s.api.flowcontrol.v1.ExemptPriorityLevelConfiguration": filling({
    nominalConcurrencyShares: 0,
    lendablePercent: 0
  }),
  "io.k8s.api.flowcontrol.v1.FlowSchemaSpec": fillingZeros({ matchingPrecedence: 1000 }),
  "io.k8s.api.flowcontrol.v1.LimitedPriorityLevelConfiguration": filling({
    nominalConcurrencyShares: 30,
    lendablePercent: 0
  }),
  "io.k8s.api.flowcontrol.v1.QueuingConfiguration": fillingZeros({ handSize: 8, queues: 64, queueLengthLimit: 50 }),
  "io.k8s.api.networking.v1.IngressClassParametersReference": filling({ scope: "Cluster" }),
  "io.k8s.api.networking.v1.NetworkPolicy": networkPolicy,
  "io.k8s.api.networking.v1.NetworkPolicyPort": filling({ protocol: "TCP" }),
  "io.k8s.api.rbac.v1.ClusterRoleBinding": roleBinding,
  "io.k8s.api.rbac.v1.RoleBinding": roleBinding,
  "io.k8s.api.rbac.v1.Subject": subject,
  "io.k8s.api.resource.v1.DeviceSubRequest": exactRequest,
  "io.k8s.api.resource.v1.DeviceToleration": filling({ operator: "Equal" }),
  "io.k8s.api.resource.v1.ExactDeviceRequest": exactRequest,
  "io.k8s.api.scheduling.v1.PriorityClass": filling({ preemptionPolicy: "PreemptLowerPriority" }),
  "io.k8s.api.storage.v1.CSIDriver": inSpec(filling({
    attachRequired: true,
    podInfoOnMount: false,
    fsGroupPolicy: "ReadWriteOnceWithFSType",
    storageCapacity: false,
    volumeLifecycleModes: ["Persistent"],
    requiresRepublish: false,
    seLinuxMount: false
  })),
  "io.k8s.api.storage.v1.StorageClass": filling({ reclaimPolicy: "Delete", volumeBindingMode: "Immediate" }),
  "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition": definitionOf
}

/** The object with its defaults, by its schema. */
export const apply = (schema: ObjectSchema, object: Json.JsonObject): Json.JsonObject =>
  Json.objectOf(visit(schema, object))

const visit = (given: ObjectSchema, value: unknown): unknown => {
  const schema = Typed.targetOf(given)
  if (Json.isArray(value)) {
    const { items } = schema
    return items === undefined ? value : value.map((item) => visit(items, item))
  }
  if (!Json.isObject(value)) return value
  const name = Typed.definitionName(schema)
  const change = name === undefined || !Object.hasOwn(byType, name) ? undefined : byType[name]
  const filled = change === undefined ? value : change(value)
  if (schema.properties === undefined) return eachValue(schema, filled)
  let draft: Json.Draft | undefined
  for (const [key, property] of Object.entries(schema.properties)) {
    const before = Object.hasOwn(filled, key) ? filled[key] : undefined
    const after = before === undefined ? property.default : visit(property, before)
    if (after !== before) {
      draft ??= Json.copy(filled)
      draft[key] = after
    }
  }
  return draft ?? filled
}

const eachValue = (schema: ObjectSchema, value: Json.JsonObject): Json.JsonObject => {
  const values = schema.additionalProperties
  if (typeof values !== "object" || Typed.targetOf(values).properties === undefined) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, visit(values, each)]))
}
