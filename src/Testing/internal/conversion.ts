/**
 * Objects between versions. Most versions of a kind differ in their `apiVersion` alone; Events and
 * HorizontalPodAutoscalers do not.
 *
 * @internal
 */
import * as Json from "../../Machinery/Json.ts"

/** Where the objects of a resource type lie: events of both groups are the same objects. */
export const tableOf = (group: string, plural: string): string =>
  group === "events.k8s.io" ? `/${plural}` : `${group}/${plural}`

/** The `apiVersion` under which objects are stored, where it is not the preferred one. */
export const storedAs = (table: string): string | undefined =>
  table === "/events" ? "v1" : table === "autoscaling/horizontalpodautoscalers" ? "autoscaling/v2" : undefined

const eventFields: ReadonlyArray<readonly [core: string, events: string]> = [
  ["involvedObject", "regarding"],
  ["message", "note"],
  ["source", "deprecatedSource"],
  ["firstTimestamp", "deprecatedFirstTimestamp"],
  ["lastTimestamp", "deprecatedLastTimestamp"],
  ["count", "deprecatedCount"],
  ["reportingComponent", "reportingController"]
]

const renamed = (object: Json.JsonObject, names: ReadonlyMap<string, string>): Json.JsonObject => {
  const draft: Json.Draft = {}
  for (const key of Object.keys(object)) Json.set(draft, names.get(key) ?? key, object[key])
  return draft
}

const toCoreEvent = new Map(eventFields.map(([core, events]) => [events, core]))
const toEventsEvent = new Map(eventFields)

const withoutBlanks = (object: Json.JsonObject, ...keys: ReadonlyArray<string>): Json.JsonObject =>
  Json.without(object, ...keys.filter((key) => object[key] === ""))

const hpaToV2 = (object: Json.JsonObject): Json.JsonObject => {
  const percent = Json.at(object, "spec", "targetCPUUtilizationPercentage")
  const spec = Json.without(Json.objectOf(object["spec"]), "targetCPUUtilizationPercentage")
  const status = Json.objectOf(object["status"])
  const current = status["currentCPUUtilizationPercentage"]
  const metric = (target: Json.JsonObject, key: string) => ({
    type: "Resource",
    resource: { name: "cpu", [key]: target }
  })
  return {
    ...object,
    spec: percent === undefined
      ? spec
      : { ...spec, metrics: [metric({ type: "Utilization", averageUtilization: percent }, "target")] },
    ...(object["status"] === undefined ? {} : {
      status: {
        ...Json.without(status, "currentCPUUtilizationPercentage"),
        ...(current === undefined ? {} : { currentMetrics: [metric({ averageUtilization: current }, "current")] })
      }
    })
  }
}

const hpaToV1 = (object: Json.JsonObject): Json.JsonObject => {
  const find = (list: unknown, key: string) =>
    Json.at(
      Json.itemsOf(list).find((each) => Json.at(each, "resource", "name") === "cpu"),
      "resource",
      key,
      "averageUtilization"
    )
  const spec = Json.objectOf(object["spec"])
  const status = Json.objectOf(object["status"])
  const percent = find(spec["metrics"], "target")
  const current = find(status["currentMetrics"], "current")
  return {
    ...object,
    spec: {
      ...Json.without(spec, "metrics", "behavior"),
      ...(percent === undefined ? {} : { targetCPUUtilizationPercentage: percent })
    },
    ...(object["status"] === undefined ? {} : {
      status: {
        ...Json.without(status, "currentMetrics", "conditions"),
        ...(current === undefined ? {} : { currentCPUUtilizationPercentage: current })
      }
    })
  }
}

/** The object in another version of its kind, with `kind`, `apiVersion` and `metadata` first. */
export const convert = (table: string, object: Json.JsonObject, apiVersion: string, kind: string): Json.JsonObject => {
  if (object["apiVersion"] === apiVersion && object["kind"] === kind) return object
  const { apiVersion: from, kind: _, metadata, ...rest } = object
  const head = { kind, apiVersion, ...(metadata === undefined ? {} : { metadata }), ...rest }
  if (from === undefined || from === apiVersion) return head
  if (table === "/events") {
    return apiVersion === "v1"
      ? { reportingComponent: "", reportingInstance: "", ...renamed(head, toCoreEvent) }
      : withoutBlanks(renamed(head, toEventsEvent), "reportingController", "reportingInstance")
  }
  if (table === "autoscaling/horizontalpodautoscalers") {
    return apiVersion === "autoscaling/v1" ? hpaToV1(head) : hpaToV2(head)
  }
  return head
}
