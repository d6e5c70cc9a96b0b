import { assert, it } from "@effect/vitest"
import * as Figure from "../../bench/Figure.ts"

const against = { name: "client-go", value: 74_500 }

it("a line says value, ratio, bar and verdict", () => {
  const figure: Figure.Figure = {
    name: "events per second",
    value: 98_400,
    unit: "1/s",
    against,
    bar: { atLeast: 1 }
  }
  assert.strictEqual(
    Figure.line(figure),
    "events per second: 98,400 1/s, 1.32 of client-go (74,500 1/s), bar at least 1: passed"
  )
  assert.strictEqual(Figure.line({ name: "sockets left", value: 0, unit: "" }), "sockets left: 0")
})

it("the bar judges the ratio, or the value where there is none; a figure that is not a number misses", () => {
  const figure = (value: number, bar: Figure.Bar): Figure.Figure => ({ name: "x", value, unit: "ms", bar })
  assert.isTrue(Figure.passes(figure(5, { atMost: 5 })))
  assert.isFalse(Figure.passes(figure(5.1, { atMost: 5 })))
  assert.isFalse(Figure.passes({ ...figure(74_000, { atLeast: 1 }), against }))
  assert.isTrue(Figure.passes({ ...figure(74_000, { atMost: 1 }), against }))
  assert.isFalse(Figure.passes(figure(Number.NaN, { atMost: 1 })))
})

it("median of odd and even numbers of runs", () => {
  assert.strictEqual(Figure.median([3, 1, 2]), 2)
  assert.strictEqual(Figure.median([4, 1, 3, 2]), 2.5)
})
