import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as JsonPatch from "../../src/Machinery/JsonPatch.ts"
import { read } from "./vectors.ts"

const vectors = read<{
  readonly json: ReadonlyArray<{ document: unknown; patch: unknown; result?: unknown; error?: string }>
}>("patches").json

it("applies and refuses as the API server's library does, in its words", () => {
  for (const { document, error, patch, result } of vectors) {
    const answer = Result.match(
      Result.flatMap(JsonPatch.decode(patch), (operations) => JsonPatch.apply(document, operations)),
      { onFailure: ({ reason }) => ({ error: reason.description }), onSuccess: (value) => ({ result: value }) }
    )
    // A slip of Go's formatting.
    const wanted = error?.replace(": %!w(<nil>)", "")
    assert.deepStrictEqual<unknown>(
      answer,
      wanted === undefined ? { result } : { error: wanted },
      JSON.stringify(patch)
    )
  }
})

const JsonObject = Schema.Record(Schema.String, Schema.Json)

it.prop("what create computes turns one object into the other", [JsonObject, JsonObject], ([from, to]) => {
  assert.deepStrictEqual<unknown>(Result.getOrThrow(JsonPatch.apply(from, JsonPatch.create(from, to))), to)
})

it.prop("pointers name exactly their keys", [Schema.NonEmptyArray(Schema.String)], ([keys]) => {
  const added = keys.reduceRight<unknown>((inner, key) => {
    const object: Record<string, unknown> = {}
    Object.defineProperty(object, key, { value: inner, enumerable: true })
    return object
  }, 1)
  assert.deepStrictEqual(
    Result.getOrThrow(JsonPatch.apply(added, [{ op: "test", path: JsonPatch.pointer(...keys), value: 1 }])),
    added
  )
})

it.effect("all operations apply or none does, and the failing one is named", () =>
  Effect.gen(function*() {
    const target = Object.freeze({ a: Object.freeze([1, 2]) })
    const error = yield* Effect.flip(Effect.fromResult(JsonPatch.apply(target, [
      { op: "add", path: "/a/-", value: 3 },
      { op: "test", path: "/a/0", value: 2 }
    ])))
    assert.deepStrictEqual([error.reason._tag, error.reason.operation], ["TestFailed", 1])
    assert.strictEqual(error.message, "TestFailed: testing value /a/0 failed: test failed")
    assert.deepStrictEqual(target, { a: [1, 2] })
  }))

it.effect.each(
  [
    [{}, "Malformed", undefined],
    [[1], "Malformed", 0],
    [[{ op: "add", path: "/a", value: 1 }, { op: "increment", path: "/a" }], "Inapplicable", 1],
    [[{ op: "copy", path: "/a" }], "Inapplicable", 0],
    [[{ op: "add", path: 5 }], "Inapplicable", 0]
  ] as const
)("refuses a body that is no patch: %j", ([body, tag, operation]) =>
  Effect.gen(function*() {
    const error = yield* Effect.flip(Effect.fromResult(JsonPatch.decode(body)))
    assert.deepStrictEqual<unknown>([error.reason._tag, error.reason.operation], [tag, operation])
  }))

it("shares what it does not touch with the original", () => {
  const target = { a: { b: 1 }, c: { d: [1] } }
  const patched = Result.getOrThrow(JsonPatch.apply(target, [{ op: "replace", path: "/a/b", value: 2 }]))
  assert.strictEqual(patched.c, target.c)
})
