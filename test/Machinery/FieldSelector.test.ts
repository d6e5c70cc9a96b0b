import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as FieldSelector from "../../src/Machinery/FieldSelector.ts"
import { read } from "./vectors.ts"

type Fields = { readonly [path: string]: string }

const vectors = read<{
  readonly fieldSets: ReadonlyArray<Fields>
  readonly fields: ReadonlyArray<{ text: string; canonical: string; error?: string; matches?: ReadonlyArray<boolean> }>
}>("selectors")

it("parses, prints, matches and refuses as Go does", () => {
  for (const { canonical, error, matches, text } of vectors.fields) {
    const answer = Result.match(FieldSelector.parse(text), {
      onFailure: (problem) => ({ error: problem.reason }),
      onSuccess: (selector) => ({
        canonical: FieldSelector.print(selector),
        matches: vectors.fieldSets.map((fields) => FieldSelector.matches(selector, fields))
      })
    })
    assert.deepStrictEqual<unknown>(answer, error === undefined ? { canonical, matches } : { error }, text)
  }
})

const malformed: ReadonlyArray<readonly [text: string, position: number, reason: string]> = [
  ["metadata.name", 0, "invalid selector: 'metadata.name'; can't understand 'metadata.name'"],
  ["a=b,c", 4, "invalid selector: 'a=b,c'; can't understand 'c'"],
  ["a=b=c", 3, "invalid field selector: unescaped character in value: 61"],
  ["z=1,a=\\x", 6, "invalid field selector: invalid escape sequence: \\x"],
  ["a=b\\", 3, "invalid field selector: invalid escape sequence: \\"]
]

it.effect.each(malformed)(
  "says what is wrong with %j, and where",
  ([text, position, reason]) =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Effect.fromResult(FieldSelector.parse(text)))
      assert.deepStrictEqual([error.position, error.reason], [position, reason])
    })
)

const Field = Schema.Literals(["metadata.name", "status.phase", "spec.nodeName"])
const Value = Schema.Literals(["", "a", "a,b", "x=y", "back\\slash", "\\,", "=,\\"])
const Requirement = Schema.Struct({ field: Field, operator: Schema.Literals(["=", "!="]), value: Value })

it.prop("what it prints parses back, whatever the values hold", [
  Schema.Array(Requirement),
  Schema.Record(Field, Schema.optionalKey(Value))
], ([requirements, given]) => {
  const fields = given as Fields
  const selector = FieldSelector.make(...requirements)
  const again = Result.getOrThrow(FieldSelector.parse(FieldSelector.print(selector)))
  const byText = (left: { field: string; operator: string; value: string }) =>
    `${left.field}${left.operator}${left.value}`
  assert.deepStrictEqual(again.requirements.map(byText).sort(), requirements.map(byText).sort())
  assert.strictEqual(
    FieldSelector.matches(again, fields),
    requirements.every(({ field, operator, value }) => ((fields[field] ?? "") === value) === (operator === "="))
  )
})

it("prints a record in the order of its paths, with escapes", () => {
  assert.strictEqual(
    FieldSelector.text({ "spec.nodeName": "n=1", "metadata.name": "a,b" }),
    "metadata.name=a\\,b,spec.nodeName=n\\=1"
  )
})

it("checks paths against a type", () => {
  interface Pod {
    readonly metadata?: { readonly name?: string; readonly labels?: { readonly [key: string]: string } }
    readonly spec?: { readonly nodeName?: string; readonly containers?: ReadonlyArray<string> }
  }
  assert.strictEqual(FieldSelector.print(FieldSelector.fromFields<Pod>({ "spec.nodeName": "n" })), "spec.nodeName=n")
  // @ts-expect-error Not a field of a pod.
  FieldSelector.fromFields<Pod>({ "spec.node": "n" })
  // @ts-expect-error Not a field that holds a text.
  FieldSelector.fromFields<Pod>({ "spec.containers": "n" })
})

it("finds the one value that a field must have, and translates fields", () => {
  const selector = Result.getOrThrow(FieldSelector.parse("metadata.name=web,status.phase!=Failed"))
  assert.deepStrictEqual(FieldSelector.requiredValue(selector, "metadata.name"), Option.some("web"))
  assert.deepStrictEqual(FieldSelector.requiredValue(selector, "status.phase"), Option.none())
  const translated = FieldSelector.transform(selector, (requirement) =>
    requirement.field === "status.phase"
      ? Result.succeed({ ...requirement, field: "", value: "" })
      : Result.succeed({ ...requirement, field: "name" }))
  assert.strictEqual(FieldSelector.print(Result.getOrThrow(translated)), "name=web")
})
