/**
 * Fields of built-in kinds that no update changes, beside those that stand with the other rules of their kind.
 *
 * @internal
 */
import * as Json from "../../Machinery/Json.ts"
import * as FieldError from "./fieldError.ts"
import { immutable } from "./objectMeta.ts"

const fields: { readonly [table: string]: ReadonlyArray<ReadonlyArray<string>> } = {
  "apps/controllerrevisions": [["data"]],
  "discovery.k8s.io/endpointslices": [["addressType"]],
  "networking.k8s.io/ingressclasses": [["spec", "controller"]],
  "node.k8s.io/runtimeclasses": [["handler"]],
  "scheduling.k8s.io/priorityclasses": [["preemptionPolicy"]],
  "storage.k8s.io/csistoragecapacities": [["nodeTopology"], ["storageClassName"]],
  "storage.k8s.io/storageclasses": [["parameters"], ["provisioner"], ["reclaimPolicy"], ["volumeBindingMode"]]
}

/** What an update may not change. */
export const errors = (
  table: string,
  object: Json.JsonObject,
  live: Json.JsonObject | undefined
): ReadonlyArray<FieldError.FieldError> => {
  if (live === undefined) return []
  const changed = (fields[table] ?? []).filter((path) => !Json.equal(Json.at(object, ...path), Json.at(live, ...path)))
  return [
    ...(table === "scheduling.k8s.io/priorityclasses" && object["value"] !== live["value"]
      ? [FieldError.forbidden("value", "may not be changed in an update.")]
      : []),
    ...changed.map((path) => immutable(path.join("."), Json.at(object, ...path)))
  ]
}

/** What of a pod spec stays as it was, even while its job waits: all but where it runs and what it may use. */
const fixedOf = (spec: Json.JsonObject): Json.JsonObject => {
  const bare = (key: string) =>
    Json.itemsOf(spec[key]).map((container) => Json.without(Json.objectOf(container), "resources"))
  const affinity = Json.without(Json.objectOf(spec["affinity"]), "nodeAffinity")
  return {
    ...Json.without(spec, "nodeSelector", "tolerations", "schedulingGates"),
    containers: bare("containers"),
    initContainers: bare("initContainers"),
    affinity: Object.keys(affinity).length === 0 ? undefined : affinity
  }
}

/** The template of a job that is suspended and runs nothing may still be labelled, placed and sized. */
export const jobTemplate = (object: Json.JsonObject, live: Json.JsonObject): ReadonlyArray<FieldError.FieldError> => {
  const template = Json.at(object, "spec", "template")
  const before = Json.at(live, "spec", "template")
  if (Json.equal(template, before)) return []
  const status = Json.objectOf(live["status"])
  const isSuspended = Json.itemsOf(status["conditions"]).some((condition) =>
    Json.at(condition, "type") === "Suspended" && Json.at(condition, "status") === "True"
  )
  const isWaiting = Json.at(live, "spec", "suspend") === true && Json.numberOf(status["active"], 0) === 0 &&
    (status["startTime"] === undefined || isSuspended)
  if (!isWaiting) return [immutable("spec.template", template)]
  const spec = Json.objectOf(Json.at(template, "spec"))
  return Json.equal(fixedOf(spec), fixedOf(Json.objectOf(Json.at(before, "spec"))))
    ? []
    : [immutable("spec.template.spec", spec)]
}
