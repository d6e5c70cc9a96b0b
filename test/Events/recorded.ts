import type { RecordedEvent } from "../../src/Events/RecordedEvent.ts"

export const pod = { apiVersion: "v1", kind: "Pod", namespace: "default", name: "web", uid: "uid" }

let names = 0

/** An event at a second; each has a name of its own, as a recorder gives them. */
export const recorded = (fields: Partial<RecordedEvent> = {}, second = 0): RecordedEvent => ({
  name: `web.${names++}`,
  namespace: "default",
  regarding: pod,
  related: undefined,
  type: "Normal",
  reason: "Started",
  action: undefined,
  message: "it started",
  annotations: undefined,
  controller: "controller",
  host: "",
  at: BigInt(second) * 1_000_000_000n,
  ...fields
})
