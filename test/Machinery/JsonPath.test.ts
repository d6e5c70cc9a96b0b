import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as JsonPath from "../../src/Machinery/JsonPath.ts"
import * as AnyObject from "./anyObject.ts"
import { read } from "./vectors.ts"

const vectors = read<{
  readonly data: { readonly [name: string]: unknown }
  readonly cases: ReadonlyArray<
    { data: string; template: string; missing: "error" | "empty"; output: string; error?: string; parses: boolean }
  >
}>("jsonpath")

const answer = (template: string, data: unknown, missingKeys: "error" | "empty") =>
  Result.match(
    Result.flatMap(
      JsonPath.parse(template),
      (path): Result.Result<string, { readonly message: string; readonly reason: string }> =>
        JsonPath.execute(path, data, { missingKeys })
    ),
    {
      onFailure: (error) => ({ error: "position" in error ? error.reason : error.message }),
      onSuccess: (output) => ({ output })
    }
  )

/** Where we answer and Go does not: it refuses to compare 2.5 with 7, and cannot skip an empty range with keys missing. */
const goRefuses = (error: string | undefined, template: string) =>
  error === "incompatible types for comparison"
    ? !template.includes("phase==5")
    : error?.endsWith("is not found") === true && template.startsWith("{range") && template.includes("{end}")

it("answers kubectl's templates as Go does", () => {
  let compared = 0
  for (const { data, error, missing, output, template } of vectors.cases) {
    const ours = answer(template, vectors.data[data], missing)
    if (goRefuses(error, template) && "output" in ours) continue
    compared++
    // Go visits the members of a map in no order.
    const text = (value: string) => /\.\.|\.\*/.test(template) ? value.split(/\s+/).sort().join(" ").trim() : value
    if (error === undefined) assert.deepStrictEqual("output" in ours ? text(ours.output) : ours, output, template)
    else assert.deepStrictEqual<unknown>(ours, { error }, template)
  }
  assert.isAbove(compared, vectors.cases.length - 20)
})

const malformed: ReadonlyArray<readonly [template: string, position: number, reason: string]> = [
  ["{", 1, "unclosed action"],
  ["text {.items", 12, "unclosed action"],
  ["{.items[0", 9, "unterminated array"],
  ["{.items[a]}", 8, "invalid array index a"],
  ["{.items[-]}", 8, "array index - is not a number"],
  ["{.items[0, x]}", 11, "invalid array index x"],
  ["{.items[?(@.a}", 14, "unterminated filter"],
  ["{.items[?(@.a)}", 14, "unclosed array expect ]"],
  ["{.items[?(@.kind<>\"Pod\")]}", 16, "unrecognized filter operator <>"],
  ["{.items[?(@.a==b)]}", 15, "unrecognized identifier b"],
  ["{.kind} {hello}", 9, "unrecognized identifier hello"],
  ["{%}", 1, "unrecognized character in action: U+0025 '%'"],
  ["{\"text}", 7, "unterminated quoted string"],
  ["{\"a\\q\"}", 3, "unquote string \"a\\q\" error invalid syntax"],
  ["{1.2.3}", 1, "cannot parse number 1.2.3"],
  ["{.....name}", 3, "invalid multiple recursive descent"],
  ["{range .items[*]}{.name}{end}{end}", 29, "not in range, nothing to end"]
]

it.effect.each(malformed)(
  "says what is wrong with %j, and where",
  ([template, position, reason]) =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Effect.fromResult(JsonPath.parse(template)))
      assert.deepStrictEqual([error.what, error.position, error.reason], ["JSONPath template", position, reason])
    })
)

it("accepts the forms without braces, and says what is wrong with others", () => {
  const data = { metadata: { name: "web" } }
  for (const expression of ["metadata.name", ".metadata.name", "{metadata.name}", "{.metadata.name}"]) {
    const path = Result.getOrThrow(JsonPath.parseRelaxed(expression))
    assert.strictEqual(Result.getOrThrow(JsonPath.execute(path, data)), "web")
  }
  for (const [expression, position] of [["{metadata", 0], ["{{a}}", 1], ["a{b}", 1]] as const) {
    const error = JsonPath.parseRelaxed(expression)
    assert.isTrue(Result.isFailure(error) && error.failure.position === position, expression)
  }
})

it.effect("tells a missing key from a wrong type, an index out of bounds and a bad comparison", () =>
  Effect.gen(function*() {
    const data = { list: [1], map: {}, text: "a" }
    const reasons: Array<string> = []
    for (const template of ["{.nothing}", "{.map[0]}", "{.list[1]}", "{.list[?(@==\"a\")]}"]) {
      const path = yield* Effect.fromResult(JsonPath.parse(template))
      const error = yield* Effect.flip(Effect.fromResult(JsonPath.execute(path, data)))
      reasons.push(`${error.reason}: ${error.message}`)
    }
    assert.deepStrictEqual(reasons, [
      "Missing: nothing is not found",
      "WrongType: map[string]interface {} is not array or slice",
      "OutOfBounds: array index out of bounds: index 1, length 1",
      "Comparison: incompatible types for comparison"
    ])
  }))

it("gives values as they are, and JSON lists on demand", () => {
  const data = { items: [{ n: 1 }, { n: { z: 1, a: null } }] }
  const path = Result.getOrThrow(JsonPath.parse("{.items[*].n}"))
  assert.deepStrictEqual(Result.getOrThrow(JsonPath.find(path, data)), [[1, { z: 1, a: null }]])
  assert.strictEqual(
    Result.getOrThrow(JsonPath.executeAsJson(path, data)),
    `${JSON.stringify([1, { a: null, z: 1 }], undefined, 4)}\n`
  )
})

it("does not read what an object inherits", () => {
  const path = Result.getOrThrow(JsonPath.parse("{.constructor}{.__proto__}"))
  assert.strictEqual(Result.getOrThrow(JsonPath.execute(path, {}, { missingKeys: "empty" })), "")
})

const members = ["a", "b", "c_1", "d-e"] as const

const Seed = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 4_000_000_000 }))

/** A value and every way to it, from a seed. */
const grown = (seed: number) => {
  const random = AnyObject.seeded(seed)
  const places: Array<{ readonly keys: ReadonlyArray<string | number>; readonly value: unknown }> = []
  const grow = (depth: number, keys: ReadonlyArray<string | number>): unknown => {
    const kind = depth === 0 ? 2 : Math.floor(random() * 3)
    const count = Math.floor(random() * 4)
    const value = kind === 0
      ? Object.fromEntries(members.slice(0, count).map((member) => [member, grow(depth - 1, [...keys, member])]))
      : kind === 1
      ? Array.from({ length: count }, (_, index) => grow(depth - 1, [...keys, index]))
      : Math.floor(random() * 100)
    places.push({ keys, value })
    return value
  }
  return { root: grow(4, []), places }
}

const found = (expression: string, data: unknown): ReadonlyArray<unknown> =>
  Result.getOrThrow(JsonPath.find(Result.getOrThrow(JsonPath.parse(`{${expression}}`)), data)).flat()

it.prop("the way to any place finds what is there, however it is written", [Seed], ([seed]) => {
  const { places, root } = grown(seed)
  for (const { keys, value } of places.filter(({ keys }) => keys.length > 0)) {
    const bracketed = keys.map((key) => typeof key === "number" ? `[${key}]` : `['${key}']`).join("")
    assert.deepStrictEqual(found(bracketed, root), [value], bracketed)
    const dotted = keys.map((key) => typeof key === "number" ? `[${key}]` : `.${key}`).join("")
    assert.deepStrictEqual(found(dotted, root), [value], dotted)
  }
})

it.prop("recursive descent finds every member of a name, at any depth", [Seed], ([seed]) => {
  const { places, root } = grown(seed)
  for (const member of members) {
    const wanted = places.filter(({ keys }) => keys.at(-1) === member).map(({ value }) => JSON.stringify(value))
    if (wanted.length === 0 || typeof root !== "object") continue
    const all = found(`..${member}`, root).map((value) => JSON.stringify(value))
    assert.deepStrictEqual(all.toSorted(), wanted.toSorted())
  }
})

const Index = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 9 }))

it.prop("slices are those of an array, from either end and by steps", [Index, Index, Index, Schema.Boolean], (
  [length, first, second, isFromEnd]
) => {
  const array = Array.from({ length: length + 1 }, (_, index) => index)
  const [from = 0, to = 0] = [first % array.length, second % array.length].toSorted((left, right) => left - right)
  if (from === to) return
  const shift = isFromEnd ? array.length : 0
  for (const step of [1, 2, 3]) {
    assert.deepStrictEqual(
      found(`[${from - shift}:${to - shift}:${step}]`, array),
      array.slice(from, to).filter((_, index) => index % step === 0)
    )
  }
})

it.prop("any text is a template or an error that says where", [Schema.String], ([text]) => {
  for (const template of [text, `{${text}}`, `{.a[${text}]}`, `{range ${text}}{end}`]) {
    const parsed = JsonPath.parse(template)
    if (Result.isSuccess(parsed)) JsonPath.execute(parsed.success, { a: [{ b: 1 }] })
    else assert.isTrue(parsed.failure.position >= 0 && parsed.failure.position <= template.length, template)
  }
})
