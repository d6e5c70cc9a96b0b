import { assert, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as JsonMergePatch from "../../src/Machinery/JsonMergePatch.ts"
import { read } from "./vectors.ts"

const vectors = read<{
  readonly mergeApply: ReadonlyArray<{ document: object; patch: unknown; result: unknown }>
  readonly mergeCreate: ReadonlyArray<{ from: object; to: object; patch: unknown }>
  readonly mergeThreeWay: ReadonlyArray<
    { original: object; modified: object; current: object; patch?: unknown; error?: string }
  >
}>("patches")

/** The text with members in order, so that `__proto__` counts as any other. */
const text = (value: unknown): string =>
  JSON.stringify(
    value,
    (_, member: unknown) =>
      typeof member === "object" && member !== null && !Array.isArray(member)
        ? Object.fromEntries(Object.entries(member).sort(([left], [right]) => left < right ? -1 : 1))
        : member
  )

it("applies as the API server's library does", () => {
  for (const { document, patch, result } of vectors.mergeApply) {
    assert.strictEqual(text(JsonMergePatch.apply<unknown>(document, patch)), text(result), text([document, patch]))
  }
})

it("computes the patches that Go computes", () => {
  for (const { from, patch, to } of vectors.mergeCreate) {
    assert.strictEqual(text(JsonMergePatch.create(from, to)), text(patch), text([from, to]))
  }
})

it("computes the three-way patches that Go computes; none of them conflicts", () => {
  for (const { error, patch, ...objects } of vectors.mergeThreeWay) {
    assert.isUndefined(error)
    assert.strictEqual(text(JsonMergePatch.createThreeWay(objects)), text(patch), text(objects))
  }
})

const WithoutNull: Schema.Codec<unknown> = Schema.Union([
  Schema.String,
  Schema.Int,
  Schema.Boolean,
  Schema.Array(Schema.suspend((): Schema.Codec<unknown> => WithoutNull)),
  Schema.Record(Schema.String, Schema.suspend((): Schema.Codec<unknown> => WithoutNull))
])
const JsonObject = Schema.Record(Schema.String, WithoutNull)

it.prop("what create computes turns one object into the other, whatever members they have", [JsonObject, JsonObject], (
  [from, to]
) => {
  assert.strictEqual(text(JsonMergePatch.apply<object>(from, JsonMergePatch.create<object>(from, to))), text(to))
})

it.prop("a three-way patch without original brings the wanted members and takes none away", [JsonObject, JsonObject], (
  [modified, current]
) => {
  const patch = JsonMergePatch.createThreeWay<object>({ original: undefined, modified, current })
  const result = JsonMergePatch.apply<object>(current, patch)
  assert.strictEqual(text(JsonMergePatch.apply<object>(result, modified)), text(result))
  for (const key of Object.keys(current)) assert.isTrue(Object.hasOwn(result, key))
})
