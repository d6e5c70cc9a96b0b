import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Schema from "effect/Schema"
import * as ApiError from "../../src/Machinery/ApiError.ts"
import * as ErrorSchema from "../../src/Machinery/ErrorSchema.ts"
import * as RequestError from "../../src/Machinery/RequestError.ts"
import * as WatchErrorSchema from "../../src/Watch/WatchErrorSchema.ts"

const families = [
  ["ApiError", ErrorSchema.ApiError],
  ["RequestError", ErrorSchema.RequestError],
  ["ParseError", ErrorSchema.ParseError],
  ["WatchError", WatchErrorSchema.WatchError]
] as const

for (const [name, schema] of families) {
  const wire = Schema.fromJsonString(Schema.toCodecJson<Schema.Codec<Error, unknown>>(schema))
  it.effect.prop(`any ${name} is the same after a journey as JSON`, [schema], ([error]) =>
    Effect.gen(function*() {
      const back = yield* Schema.decodeEffect(wire)(yield* Schema.encodeEffect(wire)(error))
      assert.strictEqual(Object.getPrototypeOf(back), Object.getPrototypeOf(error))
      assert.strictEqual(back.message, error.message)
      // A cause arrives as an error of the same name and message.
      if (!JSON.stringify(error).includes("\"cause\"")) assert.isTrue(Equal.equals(back, error))
    }))
}

const context = { verb: "get", resource: "pods", namespace: "default" }
const notFound = ApiError.fromResponse({ status: 404, body: "" }, context)

it.effect("what arrives is of the class, so it is caught and asked as the original", () =>
  Effect.gen(function*() {
    const sent = yield* Schema.encodeEffect(ErrorSchema.ApiError)(notFound)
    assert.doesNotHaveAnyKeys(sent.reason, ["name", "isRetryable", "message"])
    const error = yield* Schema.decodeEffect(ErrorSchema.ApiError)(sent)
    assert.isTrue(ApiError.isApiError(error))
    assert.isFalse(error.isRetryable)
    const handled = yield* Effect.fail(error).pipe(
      Effect.catchReason("ApiError", "NotFound", (reason) => Effect.succeed(reason.resource))
    )
    assert.strictEqual(handled, "pods")
  }))

it.effect("the cause of a broken connection arrives by name and message", () =>
  Effect.gen(function*() {
    const error = new RequestError.RequestError({
      reason: new RequestError.Transport({
        verb: "get",
        url: "https://127.0.0.1/api",
        description: "reset",
        kind: "Reset",
        cause: new RangeError("gone")
      })
    })
    const json = Schema.toCodecJson(ErrorSchema.RequestError)
    const { reason } = yield* Schema.decodeEffect(json)(yield* Schema.encodeEffect(json)(error))
    assert.instanceOf(reason.cause, Error)
    assert.strictEqual(reason.cause.name, "RangeError")
    assert.strictEqual(reason.cause.message, "gone")
    assert.strictEqual(reason._tag === "Transport" ? reason.kind : undefined, "Reset")
  }))

it("only instances are errors, and only known reasons are decoded", () => {
  const isApiError = Schema.is(ErrorSchema.ApiError)
  assert.isTrue(isApiError(notFound))
  assert.isFalse(isApiError({ ...notFound }))
  const decode = Schema.decodeUnknownResult(ErrorSchema.ApiErrorReason)
  const fields = { status: {}, verb: "get", resource: "pods" }
  assert.strictEqual(decode({ _tag: "Gone", ...fields })._tag, "Success")
  assert.strictEqual(decode({ _tag: "Vanished", ...fields })._tag, "Failure")
  assert.strictEqual(decode({ _tag: "Gone", ...fields, status: { code: "410" } })._tag, "Failure")
})

it("the schema of a Status takes what `Status` takes", () => {
  const status = notFound.reason.status
  assert.deepStrictEqual(Schema.decodeUnknownSync(ErrorSchema.Status)(status), status)
  assert.isFalse(Schema.is(ErrorSchema.Status)({ ...status, details: { causes: [1] } }))
})
