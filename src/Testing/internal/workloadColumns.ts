/**
 * The columns of pods, workloads and what is about them.
 *
 * Source: `pkg/printers/internalversion` of Kubernetes.
 *
 * @internal
 */
import * as Json from "../../Machinery/Json.ts"
import { containers, joined, none, number, selector, shown, template, text, textOr, unset } from "./cells.ts"
import { age, type Cell, type Column, column, humanDuration, name, since, wide } from "./column.ts"
import * as Metadata from "./metadata.ts"
import { podColumns } from "./podColumns.ts"

const replicated = (...more: ReadonlyArray<Column>): ReadonlyArray<Column> => [
  name,
  column("Desired", number("spec", "replicas"), "integer"),
  column("Current", number("status", "replicas"), "integer"),
  column("Ready", number("status", "readyReplicas"), "integer"),
  ...more,
  age,
  ...containers(...template),
  wide("Selector", selector("spec", "selector"))
]

const readyOf: Cell = (object) =>
  `${Json.numberOf(Json.at(object, "status", "readyReplicas"), 0)}/${
    Json.numberOf(Json.at(object, "spec", "replicas"), 0)
  }`

const hasCondition = (object: Json.JsonObject, type: string): boolean =>
  Json.itemsOf(Json.at(object, "status", "conditions")).some((each) =>
    Json.at(each, "type") === type && Json.at(each, "status") === "True"
  )

const jobStatus: Cell = (object) => {
  if (hasCondition(object, "Complete")) return "Complete"
  if (hasCondition(object, "Failed")) return "Failed"
  if (Metadata.of(object)["deletionTimestamp"] !== undefined) return "Terminating"
  return ["Suspended", "FailureTarget", "SuccessCriteriaMet"].find((type) => hasCondition(object, type)) ?? "Running"
}

const completions: Cell = (object) => {
  const succeeded = Json.numberOf(Json.at(object, "status", "succeeded"), 0)
  const wanted = Json.at(object, "spec", "completions")
  if (typeof wanted === "number") return `${succeeded}/${wanted}`
  const parallelism = Json.numberOf(Json.at(object, "spec", "parallelism"), 0)
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`
}

const jobDuration: Cell = (object, now) => {
  const started = Json.at(object, "status", "startTime")
  if (typeof started !== "string") return ""
  const completed = Json.at(object, "status", "completionTime")
  return typeof completed === "string"
    ? humanDuration(Date.parse(completed) - Date.parse(started))
    : since(started, now)
}

const budgetAmount = (key: string): Cell => (object) => shown(Json.at(object, "spec", key), "N/A")

const ownerOf: Cell = (object) => {
  const owner = Json.itemsOf(Metadata.of(object)["ownerReferences"]).find((each) =>
    Json.at(each, "controller") === true
  )
  if (owner === undefined) return none
  const [group, version] = Json.textOf(Json.at(owner, "apiVersion")).split("/")
  const kind = Json.textOf(Json.at(owner, "kind")).toLowerCase()
  return `${version === undefined ? kind : `${kind}.${group ?? ""}`}/${Json.textOf(Json.at(owner, "name"))}`
}

const targets: Cell = (object) => {
  const percent = Json.at(object, "spec", "targetCPUUtilizationPercentage")
  if (percent === undefined) return metricTargets(object)
  const current = Json.at(object, "status", "currentCPUUtilizationPercentage")
  return `cpu: ${current === undefined ? "<unknown>" : `${shown(current, "")}%`}/${shown(percent, "")}%`
}

const metricTargets = (object: Json.JsonObject): string =>
  joined(
    Json.itemsOf(Json.at(object, "spec", "metrics")).map((metric) => {
      const resource = Json.textOf(Json.at(metric, "resource", "name"))
      const target = Json.at(metric, "resource", "target")
      const current = Json.itemsOf(Json.at(object, "status", "currentMetrics"))
        .find((each) => Json.at(each, "resource", "name") === resource)
      const percent = Json.at(target, "averageUtilization")
      const measured = Json.at(
        current,
        "resource",
        "current",
        percent === undefined ? "averageValue" : "averageUtilization"
      )
      const unit = percent === undefined ? "" : "%"
      return `${resource}: ${measured === undefined ? "<unknown>" : `${shown(measured, "")}${unit}`}/${
        shown(percent ?? Json.at(target, "averageValue"), "<auto>")
      }${unit}`
    })
  )

/** By table. */
export const workloadColumns: { readonly [table: string]: ReadonlyArray<Column> } = {
  "/podtemplates": [
    name,
    ...containers("template", "spec").map((each) => ({ ...each, priority: 0 })),
    column("Pod Labels", selector("template", "metadata", "labels"))
  ],
  "apps/controllerrevisions": [name, column("Controller", ownerOf), column("Revision", number("revision")), age],
  "autoscaling/horizontalpodautoscalers": [
    name,
    column(
      "Reference",
      (object) =>
        `${Json.textOf(Json.at(object, "spec", "scaleTargetRef", "kind"))}/${
          Json.textOf(Json.at(object, "spec", "scaleTargetRef", "name"))
        }`
    ),
    column("Targets", targets),
    column("MinPods", (object) => shown(Json.at(object, "spec", "minReplicas"), unset)),
    column("MaxPods", number("spec", "maxReplicas")),
    column("Replicas", number("status", "currentReplicas")),
    age
  ],
  "/pods": podColumns,
  "/replicationcontrollers": replicated(),
  "apps/daemonsets": [
    name,
    column("Desired", number("status", "desiredNumberScheduled"), "integer"),
    column("Current", number("status", "currentNumberScheduled"), "integer"),
    column("Ready", number("status", "numberReady"), "integer"),
    column("Up-to-date", number("status", "updatedNumberScheduled"), "integer"),
    column("Available", number("status", "numberAvailable"), "integer"),
    column("Node Selector", selector(...template, "nodeSelector")),
    age,
    ...containers(...template),
    wide("Selector", selector("spec", "selector"))
  ],
  "apps/deployments": [
    name,
    column("Ready", readyOf),
    column("Up-to-date", number("status", "updatedReplicas")),
    column("Available", number("status", "availableReplicas")),
    age,
    ...containers(...template),
    wide("Selector", selector("spec", "selector"))
  ],
  "apps/replicasets": replicated(),
  "apps/statefulsets": [name, column("Ready", readyOf), age, ...containers(...template)],
  "batch/cronjobs": [
    name,
    column("Schedule", text("spec", "schedule")),
    column("Timezone", textOr(none, "spec", "timeZone")),
    column(
      "Suspend",
      (object) => shown(Json.at(object, "spec", "suspend"), unset) === "true" ? "True" : "False",
      "boolean"
    ),
    column("Active", (object) => Json.itemsOf(Json.at(object, "status", "active")).length, "integer"),
    column("Last Schedule", (object, now) => {
      const time = Json.at(object, "status", "lastScheduleTime")
      return time === undefined ? none : since(time, now)
    }),
    age,
    ...containers("spec", "jobTemplate", ...template),
    wide("Selector", selector("spec", "jobTemplate", "spec", "selector"))
  ],
  "batch/jobs": [
    name,
    column("Status", jobStatus),
    column("Completions", completions),
    column("Duration", jobDuration),
    age,
    ...containers(...template),
    wide("Selector", selector("spec", "selector"))
  ],
  "policy/poddisruptionbudgets": [
    name,
    column("Min Available", budgetAmount("minAvailable")),
    column("Max Unavailable", budgetAmount("maxUnavailable")),
    column("Allowed Disruptions", number("status", "disruptionsAllowed"), "integer"),
    age
  ]
}
