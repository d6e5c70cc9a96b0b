import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as IntOrString from "../../src/Machinery/IntOrString.ts"
import { read } from "./vectors.ts"

const vectors = read<{
  readonly resolve: ReadonlyArray<
    { value: IntOrString.IntOrString; total: number; roundUp: boolean; result: number; error?: string }
  >
  readonly parse: ReadonlyArray<{ text: string; value: IntOrString.IntOrString }>
}>("intorstring")

it("resolves amounts and percentages as Go does", () => {
  for (const { error, result, roundUp, total, value } of vectors.resolve) {
    const answer = Result.match(IntOrString.resolve(value, { total, round: roundUp ? "up" : "down" }), {
      onFailure: ({ reason }) => reason,
      onSuccess: (amount) => amount
    })
    assert.strictEqual(answer, error ?? result, `${value} of ${total}`)
  }
})

it("reads what a user typed as Go does", () => {
  for (const { text, value } of vectors.parse) assert.strictEqual(IntOrString.fromText(text), value, text)
})

const malformed: ReadonlyArray<readonly [text: string, position: number, reason: string]> = [
  ["5", 1, "invalid value for IntOrString: invalid type: string is not a percentage"],
  ["", 0, "invalid value for IntOrString: invalid type: string is not a percentage"],
  ["a%", 0, "invalid value for IntOrString: invalid value \"a%\": strconv.Atoi: parsing \"a\": invalid syntax"],
  ["1.5%", 1, "invalid value for IntOrString: invalid value \"1.5%\": strconv.Atoi: parsing \"1.5\": invalid syntax"]
]

it.effect.each(malformed)(
  "says what is wrong with %j, and where",
  ([text, position, reason]) =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Effect.fromResult(IntOrString.resolve(text, { total: 1, round: "up" })))
      assert.deepStrictEqual([error.position, error.reason], [position, reason])
    })
)
