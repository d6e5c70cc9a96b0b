import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as TestClock from "effect/testing/TestClock"
import * as EventCorrelator from "../../src/Events/EventCorrelator.ts"
import type { RecordedEvent } from "../../src/Events/RecordedEvent.ts"
import { pod, recorded } from "./recorded.ts"

const correlator = Effect.fnUntraced(function*(options?: EventCorrelator.Options) {
  const { correlate } = yield* EventCorrelator.make(options)
  /** The event as written: message, count, and whether it patches the one before. */
  const see = (event: RecordedEvent) =>
    Effect.map(
      correlate(event),
      Option.match({
        onNone: () => "filtered",
        onSome: ({ event, patch }) => `${event.message} ×${event.count}${Option.isSome(patch) ? " patched" : ""}`
      })
    )
  return { correlate, see }
})

describe("EventCorrelator", () => {
  it.effect("the first event is created, the same again is counted on it", () =>
    Effect.gen(function*() {
      const { correlate } = yield* correlator()
      const first = recorded({}, 1)
      const one = Option.getOrThrow(yield* correlate(first))
      const two = Option.getOrThrow(yield* correlate(recorded({}, 2)))
      const three = Option.getOrThrow(yield* correlate(recorded({}, 3)))
      assert.deepStrictEqual(one, {
        event: {
          metadata: { name: first.name, namespace: "default" },
          involvedObject: pod,
          type: "Normal",
          reason: "Started",
          message: "it started",
          count: 1,
          firstTimestamp: "1970-01-01T00:00:01Z",
          lastTimestamp: "1970-01-01T00:00:01Z",
          source: { component: "controller" },
          reportingComponent: "controller"
        },
        patch: Option.none()
      })
      assert.deepStrictEqual(
        two.patch,
        Option.some({ count: 2, lastTimestamp: "1970-01-01T00:00:02Z", message: "it started" })
      )
      // Where the Event has vanished the whole is created again under its name.
      assert.deepStrictEqual(three.event, {
        ...one.event,
        metadata: { name: first.name, namespace: "default" },
        count: 3,
        lastTimestamp: "1970-01-01T00:00:03Z"
      })
    }))

  it.effect("whatever differs between two events makes them two, also where texts run together", () =>
    Effect.gen(function*() {
      const { see } = yield* correlator()
      const changes: ReadonlyArray<Partial<RecordedEvent>> = [
        {},
        { message: "other" },
        { reason: "Other" },
        { type: "Warning" },
        { controller: "other" },
        { host: "other" },
        { regarding: { ...pod, name: "other" } },
        { regarding: { ...pod, namespace: "other" } },
        { regarding: { ...pod, uid: "other" } },
        { regarding: { ...pod, kind: "Other" } },
        { regarding: { ...pod, fieldPath: "spec" } },
        { reason: "Starte", message: "dit started" }
      ]
      for (const change of changes) {
        assert.match(yield* see(recorded(change)), /×1$/, JSON.stringify(change))
      }
    }))

  it.effect("the tenth different message of one reason becomes one event that counts", () =>
    Effect.gen(function*() {
      const { see } = yield* correlator()
      for (let n = 1; n <= 9; n++) assert.strictEqual(yield* see(recorded({ message: `m${n}` })), `m${n} ×1`)
      assert.strictEqual(yield* see(recorded({ message: "m10" })), "(combined from similar events): m10 ×1")
      assert.strictEqual(yield* see(recorded({ message: "m11" })), "(combined from similar events): m11 ×2 patched")
      // One that was told lately is still itself.
      assert.strictEqual(yield* see(recorded({ message: "m9" })), "m9 ×2 patched")
      assert.strictEqual(yield* see(recorded({ message: "m1", reason: "Other" })), "m1 ×1")
    }))

  it.effect("aggregation begins anew when nothing similar came for ten minutes", () =>
    Effect.gen(function*() {
      const { see } = yield* correlator()
      for (let n = 1; n <= 10; n++) yield* see(recorded({ message: `m${n}` }))
      yield* TestClock.adjust("10 minutes")
      assert.strictEqual(yield* see(recorded({ message: "m11" })), "(combined from similar events): m11 ×2 patched")
      yield* TestClock.adjust("601 seconds")
      assert.strictEqual(yield* see(recorded({ message: "m12" })), "m12 ×1")
    }))

  it.effect("a source may tell 25 events about one object, then one every five minutes", () =>
    Effect.gen(function*() {
      const { see } = yield* correlator()
      for (let n = 1; n <= 25; n++) assert.notStrictEqual(yield* see(recorded()), "filtered")
      assert.strictEqual(yield* see(recorded()), "filtered")
      assert.strictEqual(yield* see(recorded({ message: "another", reason: "Other" })), "filtered")
      // Others, and other objects, are not silenced with it.
      assert.notStrictEqual(yield* see(recorded({ controller: "other" })), "filtered")
      assert.notStrictEqual(yield* see(recorded({ regarding: { ...pod, name: "other" } })), "filtered")
      assert.notStrictEqual(yield* see(recorded({ type: "Warning" })), "filtered")
      yield* TestClock.adjust("299 seconds")
      assert.strictEqual(yield* see(recorded()), "filtered")
      yield* TestClock.adjust("1 second")
      // What was filtered is counted all the same.
      assert.strictEqual(yield* see(recorded()), "it started ×28 patched")
      assert.strictEqual(yield* see(recorded()), "filtered")
    }))

  it.effect("silences for good where the interval has no end, and never where it is nothing", () =>
    Effect.gen(function*() {
      const { see } = yield* correlator({ spamBurst: 3, spamInterval: Duration.infinity })
      for (let n = 1; n <= 3; n++) assert.notStrictEqual(yield* see(recorded()), "filtered")
      assert.strictEqual(yield* see(recorded()), "filtered")
      yield* TestClock.adjust("30 days")
      assert.strictEqual(yield* see(recorded()), "filtered")
      const open = yield* correlator({ spamBurst: 3, spamInterval: 0 })
      for (let n = 1; n <= 30; n++) assert.notStrictEqual(yield* open.see(recorded()), "filtered")
    }))

  it.effect("forgets the key that was not used for longest", () =>
    Effect.gen(function*() {
      const { see } = yield* correlator({ capacity: 2 })
      yield* see(recorded({ message: "a" }))
      yield* see(recorded({ message: "b" }))
      yield* see(recorded({ message: "a" }))
      yield* see(recorded({ message: "c" }))
      assert.strictEqual(yield* see(recorded({ message: "a" })), "a ×3 patched")
      assert.strictEqual(yield* see(recorded({ message: "b" })), "b ×1")
    }))

  it.effect("keys, messages and limits can be one's own", () =>
    Effect.gen(function*() {
      const { see } = yield* correlator({
        maxEvents: 2,
        maxInterval: "1 minute",
        spamBurst: 3,
        spamInterval: "1 second",
        aggregationKey: ({ reason }) => reason,
        aggregatedMessage: ({ message }) => `and ${message}`,
        spamKey: ({ reason }) => reason
      })
      assert.strictEqual(yield* see(recorded({ message: "a" })), "a ×1")
      assert.strictEqual(yield* see(recorded({ message: "b", controller: "other" })), "and b ×1")
      yield* see(recorded())
      assert.strictEqual(yield* see(recorded()), "filtered")
      yield* TestClock.adjust("1 second")
      assert.notStrictEqual(yield* see(recorded()), "filtered")
    }))
})
