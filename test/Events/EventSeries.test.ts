import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import * as EventSeries from "../../src/Events/EventSeries.ts"
import { pod, recorded } from "./recorded.ts"

const counts = (written: ReadonlyArray<EventSeries.Written>) => written.map(({ series }) => series?.count ?? 1)

describe("EventSeries", () => {
  it.effect("the first event is created, the second makes it a series, further ones only count", () =>
    Effect.gen(function*() {
      const series = yield* EventSeries.make()
      const first = recorded({ host: "web-0", action: "Starting", related: { ...pod, kind: "Node", name: "n" } }, 1)
      const again = (second: number) => ({ ...first, name: `again.${second}`, at: BigInt(second) * 1_000_000_000n })
      const [created] = yield* series.observe(first)
      if (created === undefined) return assert.fail("nothing was written")
      assert.deepStrictEqual(created, {
        metadata: { name: first.name, namespace: "default" },
        eventTime: "1970-01-01T00:00:01.000000Z",
        reportingController: "controller",
        reportingInstance: "controller-web-0",
        action: "Starting",
        reason: "Started",
        regarding: pod,
        related: { ...pod, kind: "Node", name: "n" },
        note: "it started",
        type: "Normal"
      })
      const [patched] = yield* series.observe(again(2))
      assert.deepStrictEqual(patched, {
        ...created,
        series: { count: 2, lastObservedTime: "1970-01-01T00:00:02.000000Z" }
      })
      assert.deepStrictEqual(yield* series.observe(again(3)), [])
      // The note may differ within a series.
      assert.deepStrictEqual(yield* series.observe({ ...again(4), message: "other" }), [])
      assert.deepStrictEqual(counts(yield* series.refresh), [4])
    }))

  it.effect("an event without action names its reason, as the server takes no empty one", () =>
    Effect.gen(function*() {
      const series = yield* EventSeries.make()
      const [created] = yield* series.observe(recorded())
      assert.strictEqual(created?.action, "Started")
      assert.strictEqual(created?.reportingInstance, "controller")
    }))

  it.effect("cuts what is longer than the server takes, and cuts no character in two", () =>
    Effect.gen(function*() {
      const series = yield* EventSeries.make()
      const length = (text: string | undefined) => new TextEncoder().encode(text).length
      const [long] = yield* series.observe(
        recorded({ message: "m".repeat(5000), reason: "r".repeat(200), host: "h".repeat(200) })
      )
      assert.strictEqual(long?.note, "m".repeat(1024))
      assert.strictEqual(long?.reason, "r".repeat(128))
      assert.strictEqual(long?.action, "r".repeat(128))
      assert.strictEqual(length(long?.reportingInstance), 128)
      const [wide] = yield* series.observe(
        recorded({ message: `m${"\u{1f600}".repeat(400)}`, action: "ä".repeat(100) })
      )
      assert.strictEqual(wide?.note, `m${"\u{1f600}".repeat(255)}`)
      assert.strictEqual(wide?.action, "ä".repeat(64))
      const [short] = yield* series.observe(recorded({ message: "ä".repeat(512), reason: "Other" }))
      assert.strictEqual(short?.note, "ä".repeat(512))
    }))

  it.effect("a series that was silent for six minutes is written a last time; a single event is forgotten", () =>
    Effect.gen(function*() {
      const series = yield* EventSeries.make()
      const other = { reason: "Other" }
      for (let n = 0; n < 5; n++) yield* series.observe(recorded())
      yield* series.observe(recorded(other))
      yield* TestClock.adjust("6 minutes")
      assert.deepStrictEqual(yield* series.finish, [])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(counts(yield* series.finish), [5])
      assert.deepStrictEqual(yield* series.finish, [])
      assert.deepStrictEqual(counts(yield* series.observe(recorded())), [1])
      assert.deepStrictEqual(counts(yield* series.observe(recorded(other))), [1])
    }))

  it.effect("at the end only what counted since it was written is written", () =>
    Effect.gen(function*() {
      const series = yield* EventSeries.make()
      yield* series.observe(recorded())
      yield* series.observe(recorded())
      for (let n = 0; n < 3; n++) yield* series.observe(recorded({ reason: "Other" }))
      yield* series.observe(recorded({ reason: "Single" }))
      assert.deepStrictEqual(counts(yield* series.flush), [3])
      assert.deepStrictEqual(yield* series.flush, [])
    }))

  it.effect("what has to go for want of room is written first", () =>
    Effect.gen(function*() {
      const series = yield* EventSeries.make({ capacity: 1 })
      for (let n = 0; n < 4; n++) yield* series.observe(recorded())
      assert.deepStrictEqual(counts(yield* series.observe(recorded({ reason: "Other" }))), [4, 1])
      assert.deepStrictEqual(counts(yield* series.observe(recorded({ reason: "Third" }))), [1])
    }))
})
