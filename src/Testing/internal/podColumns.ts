/**
 * The columns of pods, whose status is a story told by their containers.
 *
 * @internal
 */
import * as Json from "../../Machinery/Json.ts"
import { age, type Column, column, name, since, wide } from "./column.ts"
import * as Metadata from "./metadata.ts"

interface Summary {
  readonly ready: string
  readonly status: string
  readonly restarts: string
}

const statusesOf = (pod: Json.JsonObject, key: string): ReadonlyArray<unknown> =>
  Json.itemsOf(Json.at(pod, "status", key))

const ended = (terminated: Json.JsonObject): string => {
  const reason = Json.textOf(terminated["reason"])
  if (reason !== "") return reason
  const signal = Json.numberOf(terminated["signal"], 0)
  return signal === 0 ? `ExitCode:${Json.numberOf(terminated["exitCode"], 0)}` : `Signal:${signal}`
}

/** Why a pod is not yet past its init containers. */
const initReason = (pod: Json.JsonObject): string | undefined => {
  const statuses = statusesOf(pod, "initContainerStatuses")
  for (const [index, status] of statuses.entries()) {
    const terminated = Json.at(status, "state", "terminated")
    const waiting = Json.textOf(Json.at(status, "state", "waiting", "reason"))
    if (Json.isObject(terminated)) {
      if (Json.numberOf(terminated["exitCode"], 0) === 0) continue
      return `Init:${ended(terminated)}`
    }
    if (waiting !== "" && waiting !== "PodInitializing") return `Init:${waiting}`
    return `Init:${index}/${Json.itemsOf(Json.at(pod, "spec", "initContainers")).length}`
  }
  return undefined
}

const containerReason = (pod: Json.JsonObject, otherwise: string): string => {
  let reason = otherwise
  let failure = ""
  let hasRunning = false
  for (const status of statusesOf(pod, "containerStatuses").toReversed()) {
    const waiting = Json.textOf(Json.at(status, "state", "waiting", "reason"))
    const terminated = Json.at(status, "state", "terminated")
    if (waiting !== "") reason = waiting
    else if (Json.isObject(terminated)) {
      reason = ended(terminated)
      if (Json.numberOf(terminated["exitCode"], 0) !== 0) failure = reason
    } else if (Json.at(status, "ready") === true && Json.at(status, "state", "running") !== undefined) hasRunning = true
  }
  if (reason !== "Completed") return reason
  const isReady = statusesOf(pod, "conditions").some((each) =>
    Json.at(each, "type") === "Ready" && Json.at(each, "status") === "True"
  )
  return hasRunning && isReady ? "Running" : failure !== "" ? failure : hasRunning ? "NotReady" : reason
}

const statusOf = (pod: Json.JsonObject): string => {
  const phase = Json.textOf(Json.at(pod, "status", "phase"))
  const isGated = statusesOf(pod, "conditions").some((each) =>
    Json.at(each, "type") === "PodScheduled" && Json.at(each, "reason") === "SchedulingGated"
  )
  const given = Json.textOf(Json.at(pod, "status", "reason"))
  const start = isGated ? "SchedulingGated" : given || phase
  const reason = initReason(pod) ?? containerReason(pod, start)
  if (Metadata.of(pod)["deletionTimestamp"] === undefined) return reason
  if (given === "NodeLost") return "Unknown"
  return phase === "Succeeded" || phase === "Failed" ? reason : "Terminating"
}

const summaryOf = (pod: Json.JsonObject, now: number): Summary => {
  const statuses = statusesOf(pod, "containerStatuses")
  const isReady = (status: unknown) =>
    Json.at(status, "ready") === true && Json.at(status, "state", "running") !== undefined
  const restarts = statuses.reduce<number>((sum, status) => sum + Json.numberOf(Json.at(status, "restartCount"), 0), 0)
  const last = statuses.map((status) => Json.textOf(Json.at(status, "lastState", "terminated", "finishedAt"))).sort()
    .at(-1)
  return {
    ready: `${statuses.filter(isReady).length}/${Json.itemsOf(Json.at(pod, "spec", "containers")).length}`,
    status: statusOf(pod),
    restarts: restarts > 0 && last !== undefined && last !== ""
      ? `${restarts} (${since(last, now)} ago)`
      : String(restarts)
  }
}

const none = "<none>"

const gates = (pod: Json.JsonObject): string => {
  const wanted = Json.itemsOf(Json.at(pod, "spec", "readinessGates"))
  if (wanted.length === 0) return none
  const met = wanted.filter((gate) =>
    statusesOf(pod, "conditions").some((each) =>
      Json.at(each, "type") === Json.at(gate, "conditionType") && Json.at(each, "status") === "True"
    )
  )
  return `${met.length}/${wanted.length}`
}

/** The columns of pods. */
export const podColumns: ReadonlyArray<Column> = [
  name,
  column("Ready", (pod, now) => summaryOf(pod, now).ready),
  column("Status", (pod, now) => summaryOf(pod, now).status),
  column("Restarts", (pod, now) => summaryOf(pod, now).restarts),
  age,
  wide("IP", (pod) => Json.textOf(Json.at(statusesOf(pod, "podIPs")[0], "ip")) || none),
  wide("Node", (pod) => Json.textOf(Json.at(pod, "spec", "nodeName")) || none),
  wide("Nominated Node", (pod) => Json.textOf(Json.at(pod, "status", "nominatedNodeName")) || none),
  wide("Readiness Gates", gates)
]
