import { assert, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as FieldManager from "../../src/Apply/FieldManager.ts"

it("judges names in the API server's words", () => {
  assert.deepStrictEqual(FieldManager.problems("web-controller"), [])
  assert.deepStrictEqual(FieldManager.problems("é\n"), [
    "Invalid value: \"é\\n\": invalid character U+000A (at position 2)"
  ])
  assert.deepStrictEqual(FieldManager.problems("é".repeat(65)), ["Too long: may not be more than 128 bytes"])
})

it("derives a name from the User-Agent as the API server does", () => {
  assert.strictEqual(FieldManager.fromUserAgent("kubectl/v1.36.3 (linux/amd64) kubernetes/abc"), "kubectl")
  assert.strictEqual(FieldManager.fromUserAgent("my\u0000 agent"), "my agent")
  assert.strictEqual(FieldManager.fromUserAgent("a".repeat(200)), "a".repeat(128))
})

it.prop("a derived name has no problems", [Schema.String], ([userAgent]) => {
  assert.deepStrictEqual(FieldManager.problems(FieldManager.fromUserAgent(userAgent)), [])
})
