import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Metric from "effect/Metric"
import * as PrometheusMetrics from "effect/observability/PrometheusMetrics"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import * as WorkQueue from "../../src/WorkQueue/WorkQueue.ts"
import * as WorkQueueMetrics from "../../src/WorkQueue/WorkQueueMetrics.ts"
import { takeDone, taken } from "./taken.ts"

const read = <I, S>(metric: Metric.Metric<I, S>, attributes: Record<string, string> = {}) =>
  Metric.value(Metric.withAttributes(metric, { name: "test", controller: "test", ...attributes }))

const isolated = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.provideService(effect, Metric.MetricRegistry, new Map())

describe("WorkQueueMetrics", () => {
  it.effect("counts and times as client-go does", () =>
    Effect.gen(function*() {
      const queue = yield* WorkQueue.make<string>({ name: "test" })
      yield* queue.add("foo")
      assert.strictEqual((yield* read(WorkQueueMetrics.adds)).count, 1)
      assert.strictEqual((yield* read(WorkQueueMetrics.depth, { priority: "0" })).value, 1)
      yield* TestClock.adjust("50 micros")
      const first = yield* taken(queue)
      const latency = yield* read(WorkQueueMetrics.queueDuration)
      assert.strictEqual(latency.sum, 5e-5)
      assert.strictEqual(latency.count, 1)

      for (let i = 0; i < 5; i++) yield* queue.add("foo")
      assert.strictEqual((yield* read(WorkQueueMetrics.adds)).count, 2)
      assert.strictEqual((yield* read(WorkQueueMetrics.depth, { priority: "0" })).value, 1)
      yield* TestClock.adjust("25 micros")
      yield* first.done
      const work = yield* read(WorkQueueMetrics.workDuration)
      assert.strictEqual(work.sum, 2.5e-5)
      assert.strictEqual(work.count, 1)
      assert.strictEqual((yield* read(WorkQueueMetrics.depth, { priority: "0" })).value, 1)

      const second = yield* taken(queue)
      const again = yield* read(WorkQueueMetrics.queueDuration)
      assert.approximately(again.sum, 7.5e-5, 1e-12)
      assert.strictEqual(again.count, 2)
      assert.strictEqual(again.min, 2.5e-5)
      assert.strictEqual(again.max, 5e-5)

      yield* TestClock.adjust("1 millis")
      assert.strictEqual((yield* read(WorkQueueMetrics.unfinishedWork)).value, 0.001)
      assert.strictEqual((yield* read(WorkQueueMetrics.longestRunningProcessor)).value, 0.001)
      yield* second.done
      assert.strictEqual((yield* read(WorkQueueMetrics.unfinishedWork)).value, 0)
      assert.strictEqual((yield* read(WorkQueueMetrics.longestRunningProcessor)).value, 0)
      const both = yield* read(WorkQueueMetrics.workDuration)
      assert.approximately(both.sum, 0.001025, 1e-12)
      assert.strictEqual(both.count, 2)
    }).pipe(isolated))

  it.effect("sums the work in progress and names the oldest", () =>
    Effect.gen(function*() {
      const queue = yield* WorkQueue.make<string>({ name: "test" })
      yield* queue.addAll(["a", "b", "c"])
      const first = yield* taken(queue)
      yield* TestClock.adjust("2 seconds")
      const second = yield* taken(queue)
      yield* TestClock.adjust("1 second")
      const third = yield* taken(queue)
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* read(WorkQueueMetrics.unfinishedWork)).value, 7)
      assert.strictEqual((yield* read(WorkQueueMetrics.longestRunningProcessor)).value, 4)
      yield* first.done
      assert.strictEqual((yield* read(WorkQueueMetrics.unfinishedWork)).value, 3)
      assert.strictEqual((yield* read(WorkQueueMetrics.longestRunningProcessor)).value, 2)
      yield* second.done
      assert.strictEqual((yield* read(WorkQueueMetrics.longestRunningProcessor)).value, 1)
      yield* third.done
      assert.strictEqual((yield* read(WorkQueueMetrics.longestRunningProcessor)).value, 0)
    }).pipe(isolated))

  it.effect("prints the names, labels and buckets that dashboards know", () =>
    Effect.gen(function*() {
      const queue = yield* WorkQueue.make<string>({ name: "pods", controller: "web" })
      yield* queue.add("low", { priority: WorkQueue.lowPriority })
      yield* queue.addRateLimited("retry")
      yield* queue.add("now")
      yield* TestClock.adjust("20 millis")
      yield* takeDone(queue)
      const lines = (yield* PrometheusMetrics.format()).split("\n")
      const labels = `{name="pods",controller="web"}`
      for (
        const line of [
          "# TYPE workqueue_depth gauge",
          `workqueue_depth{name="pods",controller="web",priority="0"} 1`,
          `workqueue_depth{name="pods",controller="web",priority="-100"} 1`,
          "# TYPE workqueue_adds_total counter",
          `workqueue_adds_total${labels} 3`,
          "# TYPE workqueue_retries_total counter",
          `workqueue_retries_total${labels} 1`,
          "# TYPE workqueue_queue_duration_seconds histogram",
          `workqueue_queue_duration_seconds_count${labels} 1`,
          `workqueue_queue_duration_seconds_sum${labels} 0.02`,
          "# TYPE workqueue_work_duration_seconds histogram",
          `workqueue_work_duration_seconds_count${labels} 1`,
          "# TYPE workqueue_unfinished_work_seconds gauge",
          `workqueue_unfinished_work_seconds${labels} 0`,
          "# TYPE workqueue_longest_running_processor_seconds gauge",
          `workqueue_longest_running_processor_seconds${labels} 0`
        ]
      ) assert.include(lines, line)
      const buckets = lines.flatMap((line) => {
        const match = /^workqueue_queue_duration_seconds_bucket\{.*le="(.*)"\} (\d+)$/.exec(line)
        return match === null ? [] : [[Number(match[1]?.replace("+Inf", "Infinity")), Number(match[2])]]
      })
      assert.deepStrictEqual(buckets.map(([le]) => le), [
        1e-8,
        1e-7,
        1e-6,
        1e-5,
        1e-4,
        1e-3,
        1e-2,
        0.1,
        1,
        10,
        100,
        1000,
        Infinity
      ])
      assert.deepStrictEqual(buckets.map(([, count]) => count), [0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1])
    }).pipe(isolated))

  it.effect("puts a value on a bucket's bound into that bucket", () =>
    Effect.gen(function*() {
      const queue = yield* WorkQueue.make<string>({ name: "test" })
      for (const wait of ["10 nanos", "1 millis", "1001 micros", "1000 seconds", "1001 seconds"] as const) {
        yield* queue.add("foo")
        yield* TestClock.adjust(wait)
        yield* takeDone(queue)
      }
      const { buckets, count } = yield* read(WorkQueueMetrics.queueDuration)
      assert.deepStrictEqual(buckets.map(([, cumulated]) => cumulated), [1, 1, 1, 1, 1, 2, 3, 3, 3, 3, 3, 4])
      assert.strictEqual(count, 5)
    }).pipe(isolated))

  it.effect("a thousand priorities make 25 series, whose sum is the depth", () =>
    Effect.gen(function*() {
      const queue = yield* WorkQueue.make<string>({ name: "test" })
      for (let i = 0; i < 1000; i++) yield* queue.add(`key-${i}`, { priority: i })
      const depths = (yield* Metric.snapshot).flatMap((metric) =>
        metric.id === "workqueue_depth" && metric.type === "Gauge"
          ? [[metric.attributes?.["priority"], Number(metric.state.value)] as const]
          : []
      )
      assert.strictEqual(depths.length, WorkQueueMetrics.maxPriorities)
      assert.strictEqual(depths.reduce((sum, [, depth]) => sum + depth, 0), 1000)
      assert.deepStrictEqual(depths.at(-1), ["exceeded_cardinality_limit", 976])
    }).pipe(isolated))

  it.effect("the series end with the queue", () =>
    Effect.gen(function*() {
      for (let i = 0; i < 100; i++) {
        yield* Effect.scoped(Effect.gen(function*() {
          const queue = yield* WorkQueue.make<string>({ name: `queue-${i}` })
          yield* queue.add("foo", { priority: i })
          assert.isAbove((yield* Metric.snapshot).length, 0)
        }))
      }
      assert.deepStrictEqual(yield* Metric.snapshot, [])
    }).pipe(isolated))

  it.effect("the end of a queue leaves the series of a later one of the same name", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const earlier = yield* Scope.provide(WorkQueue.make<string>({ name: "test" }), scope)
      yield* earlier.addAll(["a", "b"])
      const later = yield* WorkQueue.make<string>({ name: "test" })
      yield* later.add("c")
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual((yield* read(WorkQueueMetrics.adds)).count, 1)
    }).pipe(isolated))

  it.effect("a queue without a name has no series", () =>
    Effect.gen(function*() {
      const queue = yield* WorkQueue.make<string>()
      yield* queue.add("foo", { priority: 3 })
      yield* takeDone(queue)
      assert.deepStrictEqual(yield* Metric.snapshot, [])
    }).pipe(isolated))
})
