/**
 * What became of recorded events. client-go has no such metric; a drop there is a line in a log.
 *
 * @since 0.1.0
 */
import * as Metric from "effect/Metric"

/**
 * How an event ended: `written`; `filtered`, as a source told too much about one object; `counted`, to be written with
 * its series; `rejected` by the server; `failed` after all tries; `dropped`, because the queue was full or closed.
 *
 * @category models
 * @since 0.1.0
 */
export type Result = "written" | "filtered" | "counted" | "rejected" | "failed" | "dropped"

const events = Metric.counter("event_recorder_events_total", {
  description: "Total number of recorded events by what became of them",
  incremental: true
})

/**
 * Recorded events by result; label `result`.
 *
 * @category metrics
 * @since 0.1.0
 */
export const total: { readonly [K in Result]: Metric.Counter<number> } = {
  written: Metric.withAttributes(events, { result: "written" }),
  filtered: Metric.withAttributes(events, { result: "filtered" }),
  counted: Metric.withAttributes(events, { result: "counted" }),
  rejected: Metric.withAttributes(events, { result: "rejected" }),
  failed: Metric.withAttributes(events, { result: "failed" }),
  dropped: Metric.withAttributes(events, { result: "dropped" })
}
