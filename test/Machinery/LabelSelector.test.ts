import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as LabelSelector from "../../src/Machinery/LabelSelector.ts"
import { read } from "./vectors.ts"

type Labels = { readonly [key: string]: string }

const vectors = read<{
  readonly labelSets: ReadonlyArray<Labels>
  readonly labels: ReadonlyArray<{ text: string; canonical: string; error?: string; matches?: ReadonlyArray<boolean> }>
  readonly objects: ReadonlyArray<
    {
      object: LabelSelector.LabelSelector | null
      canonical: string
      error?: string
      matches?: ReadonlyArray<boolean>
    }
  >
}>("selectors")

const answer = (parsed: ReturnType<typeof LabelSelector.parse>) =>
  Result.match(parsed, {
    onFailure: (error) => ({ error: error.reason }),
    onSuccess: (selector) => ({
      canonical: LabelSelector.print(selector),
      matches: vectors.labelSets.map((labels) => LabelSelector.matches(selector, labels))
    })
  })

const expected = ({ canonical, error, matches }: { canonical: string; error?: string; matches?: unknown }) =>
  error === undefined ? { canonical, matches } : { error }

it("parses, prints, matches and refuses the text form as Go does", () => {
  for (const vector of vectors.labels) {
    assert.deepStrictEqual<unknown>(answer(LabelSelector.parse(vector.text)), expected(vector), vector.text)
  }
})

it("reads the object form as Go does; an absent one selects nothing", () => {
  for (const vector of vectors.objects) {
    assert.deepStrictEqual<unknown>(
      answer(LabelSelector.fromObject(vector.object ?? undefined)),
      expected(vector),
      JSON.stringify(vector.object)
    )
  }
})

const malformed: ReadonlyArray<readonly [text: string, position: number, reason: string]> = [
  ["=", 0, "found '=', expected: !, identifier, or 'end of string'"],
  ["a,", 2, "found '', expected: identifier after ','"],
  ["a,,b", 2, "found ',', expected: identifier after ','"],
  ["a b", 2, "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
  ["a in", 4, "unable to parse requirement: found '' expected: '('"],
  ["a in (b", 7, "unable to parse requirement: found '', expected: ',' or ')'"],
  ["a in (b,=)", 8, "unable to parse requirement: found '=', expected: ',', or identifier"],
  ["x=y, a=b c", 9, "found 'c', expected: ',' or 'end of string'"],
  ["!a=b", 2, "found '=', expected: ',' or 'end of string'"],
  [
    "a>1,b>two",
    6,
    "unable to parse requirement: values[0]: Invalid value: \"two\": for 'Gt', 'Lt' operators, the value must be an integer"
  ],
  [
    "ok,example.com/a/b=c",
    3,
    "unable to parse requirement: <nil>: Invalid value: \"example.com/a/b\": a valid label key must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
  ],
  [
    "a in (good, -bad)",
    12,
    "unable to parse requirement: values[0][a]: Invalid value: \"-bad\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
  ]
]

it.effect.each(malformed)(
  "says what is wrong with %j, and where",
  ([text, position, reason]) =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Effect.fromResult(LabelSelector.parse(text)))
      assert.strictEqual(error._tag, "ParseError")
      assert.strictEqual(error.position, position)
      assert.strictEqual(error.reason, reason)
      assert.strictEqual(
        error.message,
        `invalid label selector ${JSON.stringify(text)}: ${reason} (at position ${position})`
      )
    })
)

const Key = Schema.Literals(["a", "b", "example.com/c", "in", "notin"])
const Value = Schema.Literals(["", "x", "y", "10", "9a", "9", "007", "9223372036854775807"])
const LabelsOf = Schema.Record(Key, Schema.optionalKey(Value))

const Requirement = Schema.Union([
  Schema.Struct({ key: Key, operator: Schema.Literals(["=", "==", "!="]), values: Schema.Tuple([Value]) }),
  Schema.Struct({ key: Key, operator: Schema.Literals(["in", "notin"]), values: Schema.NonEmptyArray(Value) }),
  Schema.Struct({ key: Key, operator: Schema.Literals(["exists", "!"]), values: Schema.Tuple([]) }),
  Schema.Struct({
    key: Key,
    operator: Schema.Literals(["gt", "lt"]),
    values: Schema.Tuple([Schema.Literals(["10", "9", "007"])])
  })
])

/** The definition of each operator, word by word and with numbers of any size. */
const holds = ({ key, operator, values }: LabelSelector.Requirement, labels: Labels): boolean => {
  const value = labels[key]
  const number = value !== undefined && /^-?\d+$/.test(value) ? BigInt(value) : undefined
  switch (operator) {
    case "exists":
      return value !== undefined
    case "!":
      return value === undefined
    case "gt":
      return number !== undefined && number > BigInt(values[0] ?? "")
    case "lt":
      return number !== undefined && number < BigInt(values[0] ?? "")
    case "!=":
    case "notin":
      return value === undefined || !new Set(values).has(value)
    default:
      return value !== undefined && new Set(values).has(value)
  }
}

it.prop("matches what a filter by hand matches", [Schema.Array(Requirement), LabelsOf], ([requirements, labels]) => {
  const present = labels as Labels
  assert.strictEqual(
    LabelSelector.matches(LabelSelector.make(...requirements), present),
    requirements.every((requirement) => holds(requirement, present))
  )
})

it.prop("what it prints parses to a selector that prints and matches the same", [Schema.Array(Requirement), LabelsOf], (
  [requirements, labels]
) => {
  const checked = requirements.map(({ key, operator, values }) =>
    Result.getOrThrow(LabelSelector.requirement(key, operator, [...new Set(values)]))
  )
  const selector = LabelSelector.make(...checked)
  const text = LabelSelector.print(selector)
  const again = Result.getOrThrow(LabelSelector.parse(text))
  assert.strictEqual(LabelSelector.print(again), text)
  assert.strictEqual(LabelSelector.matches(again, labels as Labels), LabelSelector.matches(selector, labels as Labels))
})

it.prop(
  "the object form of a selector selects the same",
  [Schema.Array(Requirement), LabelsOf],
  ([requirements, labels]) => {
    const selector = LabelSelector.make(...requirements)
    const object = LabelSelector.toObject(selector)
    if (Result.isFailure(object)) {
      assert.isTrue(requirements.some(({ operator }) => operator === "gt" || operator === "lt"))
      return
    }
    const again = Result.getOrThrow(LabelSelector.fromObject(object.success))
    assert.strictEqual(
      LabelSelector.matches(again, labels as Labels),
      LabelSelector.matches(selector, labels as Labels)
    )
  }
)

it("accepts a record and checks it, so that a value cannot smuggle in another requirement", () => {
  assert.strictEqual(Result.getOrThrow(LabelSelector.text({ app: "web", tier: "" })), "app=web,tier=")
  const smuggled = LabelSelector.text({ app: "web,!canary" })
  assert.isTrue(Result.isFailure(smuggled) && smuggled.failure.input === "web,!canary")
})

it("tells a record from the object form", () => {
  assert.strictEqual(Result.getOrThrow(LabelSelector.text({ matchLabels: { app: "web" } })), "app=web")
  assert.strictEqual(Result.getOrThrow(LabelSelector.text({ matchLabels: "web" })), "matchLabels=web")
  assert.strictEqual(
    Result.getOrThrow(LabelSelector.text({ matchExpressions: [{ key: "a", operator: "Exists" }] })),
    "a"
  )
})

it("passes text through for the server to judge", () => {
  assert.strictEqual(Result.getOrThrow(LabelSelector.text("not a selector")), "not a selector")
})

it("does not read what an object inherits", () => {
  const selector = Result.getOrThrow(LabelSelector.parse("constructor"))
  assert.isFalse(LabelSelector.matches(selector, {}))
})

it("nothing matches no labels and stays nothing", () => {
  const more = LabelSelector.add(LabelSelector.nothing, { key: "a", operator: "exists", values: [] })
  assert.isFalse(LabelSelector.matches(more, { a: "b" }))
  assert.isFalse(LabelSelector.isEverything(LabelSelector.nothing))
  assert.isTrue(LabelSelector.isEverything(LabelSelector.everything))
})

it("finds the one value that a label must have", () => {
  const selector = Result.getOrThrow(LabelSelector.parse("a=b,c in (d),e in (f,g),h!=i"))
  assert.deepStrictEqual(["a", "c", "e", "h", "z"].map((key) => LabelSelector.requiredValue(selector, key)), [
    Option.some("b"),
    Option.some("d"),
    Option.none(),
    Option.none(),
    Option.none()
  ])
})
