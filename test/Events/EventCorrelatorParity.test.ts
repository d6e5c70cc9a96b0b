import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as TestClock from "effect/testing/TestClock"
import * as fs from "node:fs"
import * as EventCorrelator from "../../src/Events/EventCorrelator.ts"
import type { EventType } from "../../src/Events/RecordedEvent.ts"

interface Step {
  readonly after: number
  readonly source: string
  readonly host: string
  readonly object: string
  readonly type: EventType
  readonly reason: string
  readonly message: string
  readonly written?: {
    readonly step?: number
    readonly message: string
    readonly count: number
    readonly firstTimestamp: string
    readonly patch?: unknown
  }
}

const histories: ReadonlyArray<ReadonlyArray<Step>> = JSON.parse(
  fs.readFileSync(new URL("../parity/events/vectors.json", import.meta.url), "utf8")
)

const epoch = Date.parse("2026-01-01T00:00:00Z")

describe("EventCorrelator and client-go's", () => {
  it.effect(`agree on ${histories.flat().length} events in ${histories.length} histories`, () =>
    Effect.gen(function*() {
      const results = { aggregated: 0, patched: 0, filtered: 0 }
      for (const [index, history] of histories.entries()) {
        const { correlate } = yield* EventCorrelator.make()
        let now = epoch
        for (const [n, step] of history.entries()) {
          const where = `history ${index}, step ${n}`
          yield* TestClock.adjust(Duration.seconds(step.after))
          now += step.after * 1000
          const regarding = { apiVersion: "v1", kind: "Pod", namespace: "default", name: step.object }
          const correlated = yield* correlate({
            name: `step-${n}`,
            namespace: "default",
            regarding,
            related: undefined,
            type: step.type,
            reason: step.reason,
            action: undefined,
            message: step.message,
            annotations: undefined,
            controller: step.source,
            host: step.host,
            at: BigInt(now) * 1_000_000n
          })
          const { written } = step
          assert.strictEqual(Option.isSome(correlated), written !== undefined, where)
          if (Option.isNone(correlated) || written === undefined) {
            results.filtered++
            continue
          }
          const { event, patch } = correlated.value
          assert.strictEqual(event.message, written.message, where)
          assert.strictEqual(event.count, written.count, where)
          assert.strictEqual(event.firstTimestamp, written.firstTimestamp, where)
          assert.deepStrictEqual(Option.getOrUndefined(patch), written.patch, where)
          if (written.step !== undefined) assert.strictEqual(event.metadata.name, `step-${written.step}`, where)
          if (written.message !== step.message) results.aggregated++
          if (written.patch !== undefined) results.patched++
        }
      }
      for (const [result, count] of Object.entries(results)) assert.isAbove(count, 30, result)
    }))
})
