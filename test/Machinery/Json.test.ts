import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Json from "../../src/Machinery/Json.ts"

const value = { value: Schema.Json }
const pair = { left: Schema.Json, right: Schema.Json }
const placed = {
  object: Schema.Record(Schema.String, Schema.Json),
  path: Schema.Array(Schema.Literals(["a", "b", "__proto__"])),
  value: Schema.Json
}

it.effect.prop("a clone is equal and shares no container", value, ({ value }) =>
  Effect.sync(() => {
    const clone = Json.clone(value)
    assert.isTrue(Json.equal(clone, value))
    if (Json.isObject(value) || Json.isArray(value)) assert.notStrictEqual(clone, value)
  }))

it.effect.prop(
  "values are equal where their texts are",
  pair,
  ({ left, right }) =>
    Effect.sync(() => assert.strictEqual(Json.equal(left, right), Json.print(left) === Json.print(right)))
)

it.effect.prop(
  "what is set at a path is found there, and the object before is as it was",
  placed,
  (given) =>
    Effect.sync(() => {
      const { object, path, value } = given
      const before = Json.print(object)
      const after = Json.setAt(object, path, value)
      assert.strictEqual(Json.print(object), before)
      if (path.length > 0) assert.isTrue(Json.equal(Json.at(after, ...path), value))
      assert.isUndefined(path.length === 0 ? undefined : Json.at(Json.setAt(after, path, undefined), ...path))
    })
)

it.effect("a member that is undefined is none, and __proto__ is a key as any other", () =>
  Effect.sync(() => {
    assert.isTrue(Json.equal({ a: 1, b: undefined }, { a: 1 }))
    assert.isFalse(Json.equal({ a: undefined }, { b: undefined, a: null }))
    assert.strictEqual(Json.size({ a: 1, b: undefined }), 1)
    const parsed = Json.objectOf(JSON.parse(`{"__proto__":{"x":1},"a":2}`))
    assert.strictEqual(Json.print(Json.copy(parsed)), `{"__proto__":{"x":1},"a":2}`)
    assert.strictEqual(Json.at(parsed, "__proto__", "x"), 1)
    assert.isUndefined(Json.at({}, "toString"))
    assert.isUndefined(Json.get({}, "__proto__"))
    assert.deepStrictEqual(Json.without({ a: 1, b: 2 }, "b", "toString"), { a: 1 })
  }))

it.effect("a value of the wrong kind reads as nothing", () =>
  Effect.sync(() => {
    assert.deepStrictEqual(Json.objectOf([1]), {})
    assert.deepStrictEqual(Json.itemsOf({ a: 1 }), [])
    assert.strictEqual(Json.textOf(1), "")
    assert.strictEqual(Json.numberOf("1", 7), 7)
    assert.deepStrictEqual(Json.textMapOf({ a: "b", c: 1 }), { a: "b" })
    assert.deepStrictEqual([null, [], {}, "", 1, true, undefined].map(Json.kindOf), [
      "null",
      "array",
      "object",
      "string",
      "number",
      "boolean",
      "null"
    ])
    assert.isUndefined(Json.size("text"))
  }))
