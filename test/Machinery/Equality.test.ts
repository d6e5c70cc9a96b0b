import { assert, it } from "@effect/vitest"
import * as Equality from "../../src/Machinery/Equality.ts"
import type { ObjectSchema } from "../../src/Machinery/ObjectSchema.ts"
import * as RandomJson from "../randomJson.ts"

const schema: ObjectSchema = {
  type: "object",
  properties: {
    labels: { type: "object", additionalProperties: { type: "string" } },
    emptyDir: { type: "object", properties: { medium: { type: "string" } } },
    limits: { type: "object", additionalProperties: { format: "quantity" } },
    time: { type: "string", format: "date-time" },
    list: { type: "array", items: { ref: () => schema } }
  }
}

const cases: ReadonlyArray<readonly [left: unknown, right: unknown, plain: boolean, known: boolean]> = [
  [{ list: [] }, {}, true, true],
  [{ list: null }, { list: [] }, true, true],
  [{ labels: {} }, {}, false, true],
  [{ emptyDir: {} }, {}, false, false],
  [{ limits: { cpu: "1" } }, { limits: { cpu: "1000m" } }, false, true],
  [{ limits: { cpu: 1 } }, { limits: { cpu: "1" } }, false, true],
  [{ limits: { cpu: "1" } }, { limits: { cpu: "2" } }, false, false],
  [{ limits: { cpu: "x" } }, { limits: { cpu: "y" } }, false, false],
  [{ time: "2026-11-21T07:35:00Z" }, { time: "2026-11-21T08:35:00+01:00" }, false, true],
  [{ list: [{ limits: { m: "1Ki" } }] }, { list: [{ limits: { m: 1024 } }] }, false, true],
  [{ list: [{}, {}] }, { list: [{}] }, false, false],
  [{ a: 1, b: 2 }, { b: 2, a: 1 }, true, true],
  [{ a: 0 }, {}, false, false]
]

it("tells what means the same from what does not, by what is known of the type", () => {
  for (const [left, right, plain, known] of cases) {
    const text = JSON.stringify([left, right])
    assert.strictEqual(Equality.equal(left, right), plain, text)
    assert.strictEqual(Equality.equal(right, left), plain, text)
    assert.strictEqual(Equality.equal(left, right, { schema }), known, text)
    assert.strictEqual(Equality.equal(right, left, { schema }), known, text)
  }
})

it.prop("every value is equal to itself, and to a copy", [RandomJson.Json], ([value]) => {
  assert.isTrue(Equality.equal(value, JSON.parse(JSON.stringify(value))))
})

it("ignores what the first leaves out, on demand", () => {
  const wanted = { replicas: 2, template: { containers: [{ image: "x" }], extra: [] } }
  const actual = { replicas: 2, template: { containers: [{ image: "x", pull: "Always" }], extra: [1] }, paused: false }
  assert.isTrue(Equality.equal(wanted, actual, { ignoreUnset: true }))
  assert.isFalse(Equality.equal(actual, wanted, { ignoreUnset: true }))
  assert.isFalse(Equality.equal({ replicas: 3 }, actual, { ignoreUnset: true }))
})
