import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as TestClock from "effect/testing/TestClock"
import type { DeploymentCondition } from "../../src/Api/apps/v1.ts"
import type { Condition as MetaCondition } from "../../src/Api/meta/v1.ts"
import * as Condition from "../../src/Machinery/Condition.ts"

const ready = (status: Condition.Status, message = ""): Condition.Input => ({
  type: "Ready",
  status,
  reason: "Checked",
  message
})

it.effect("the time of a condition changes with its status and with nothing else", () =>
  Effect.gen(function*() {
    yield* TestClock.setTime(Date.UTC(2026, 0, 1))
    const first = yield* Condition.set(undefined, ready("False"))
    yield* TestClock.adjust("1 minute")
    const sameStatus = yield* Condition.set(first, ready("False", "still waiting"))
    yield* TestClock.adjust("1 minute")
    const changed = yield* Condition.set(sameStatus, { ...ready("True"), observedGeneration: 2 })
    assert.deepStrictEqual([first, sameStatus, changed], [
      [{ ...ready("False"), lastTransitionTime: "2026-01-01T00:00:00Z" }],
      [{ ...ready("False", "still waiting"), lastTransitionTime: "2026-01-01T00:00:00Z" }],
      [{ ...ready("True"), observedGeneration: 2, lastTransitionTime: "2026-01-01T00:02:00Z" }]
    ])
  }))

it.effect("setting what is there already returns the very same list", () =>
  Effect.gen(function*() {
    const conditions = yield* Condition.set(undefined, ready("True"))
    yield* TestClock.adjust("1 hour")
    assert.strictEqual(yield* Condition.set(conditions, ready("True")), conditions)
    assert.notStrictEqual(yield* Condition.set(conditions, { ...ready("True"), observedGeneration: 1 }), conditions)
  }))

it.effect("takes a given time for a new status, keeps the old one for an old status, and drops a generation left out", () =>
  Effect.gen(function*() {
    const at = "2020-01-01T00:00:00Z"
    const first = yield* Condition.set(undefined, { ...ready("True"), lastTransitionTime: at, observedGeneration: 1 })
    assert.strictEqual(first[0]?.lastTransitionTime, at)
    const second = yield* Condition.set(first, { ...ready("True", "x"), lastTransitionTime: "2021-01-01T00:00:00Z" })
    assert.deepStrictEqual(second, [{ ...ready("True", "x"), lastTransitionTime: at }])
  }))

it.effect("sets conditions of generated types, and keeps members of their own", () =>
  Effect.gen(function*() {
    const generated: ReadonlyArray<DeploymentCondition> = [
      {
        type: "Available",
        status: "True",
        lastTransitionTime: "2020-01-01T00:00:00Z",
        lastUpdateTime: "2020-01-02T00:00:00Z"
      }
    ]
    const set: ReadonlyArray<DeploymentCondition> = yield* Condition.set(generated, {
      type: "Available",
      status: "True",
      reason: "Enough",
      message: ""
    })
    assert.deepStrictEqual<unknown>(set, [{ ...generated[0], reason: "Enough", message: "" }])
    const standard: ReadonlyArray<MetaCondition> = yield* Condition.set<MetaCondition>([], ready("True"))
    assert.lengthOf(standard, 1)
  }))

it("reads conditions of any kind", () => {
  const conditions = [{ type: "Ready", status: "True", lastProbeTime: null }, { type: "Initialized", status: "False" }]
  assert.isTrue(Condition.isTrue(conditions, "Ready"))
  assert.isTrue(Condition.isFalse(conditions, "Initialized"))
  assert.isFalse(Condition.isTrue(undefined, "Ready") || Condition.isFalse(conditions, "Absent"))
  assert.deepStrictEqual(Condition.find(conditions, "Ready"), Option.fromUndefinedOr(conditions[0]))
  assert.lengthOf(Condition.remove(conditions, "Ready"), 1)
  assert.strictEqual(Condition.remove(conditions, "Absent"), conditions)
})
