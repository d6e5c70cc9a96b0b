import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Quantity from "../../src/Machinery/Quantity.ts"
import { read } from "./vectors.ts"

const vectors = read<{
  readonly quantities: ReadonlyArray<
    {
      text: string
      canonical?: string
      format?: string
      value?: string
      milli?: string
      number?: string
      error?: string
    }
  >
  readonly pairs: ReadonlyArray<{ left: string; right: string; order: number; sum: string; minus: string }>
}>("quantities")

const parse = (text: string) => Result.getOrThrow(Quantity.parse(text))

it("parses, prints and converts as Go does", () => {
  for (const { canonical, error, format, milli, number, text, value } of vectors.quantities) {
    const parsed = Quantity.parse(text)
    if (Result.isFailure(parsed)) {
      assert.strictEqual(parsed.failure.reason, error, text)
      continue
    }
    assert.deepStrictEqual(
      [error, Quantity.print(parsed.success), parsed.success.format, Quantity.toNumber(parsed.success)],
      [undefined, canonical, format, Number(number)],
      text
    )
    if (value !== undefined) {
      assert.deepStrictEqual(
        [String(Quantity.toBigInt(parsed.success)), String(Quantity.toMilli(parsed.success))],
        [value, milli],
        text
      )
    }
  }
})

it("compares, adds and subtracts as Go does", () => {
  for (const { left, minus, order, right, sum } of vectors.pairs) {
    const [first, second] = [parse(left), parse(right)]
    assert.deepStrictEqual<unknown>(
      [
        Quantity.compare(first, second),
        Quantity.print(Quantity.add(first, second)),
        Quantity.print(Quantity.subtract(first, second))
      ],
      [order, sum, minus],
      `${left} and ${right}`
    )
  }
})

const format = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
const suffix = "unable to parse quantity's suffix"

const malformed: ReadonlyArray<readonly [text: string, position: number, reason: string]> = [
  ["", 0, format],
  ["a lot", 0, format],
  [" 1", 0, format],
  ["1 Gi", 1, format],
  ["1.2.3", 3, format],
  ["1,5", 1, format],
  ["1GiB", 3, format],
  ["1K", 1, suffix],
  ["100mi", 3, suffix],
  ["1e", 1, suffix],
  ["5e99999999999", 1, suffix]
]

it.effect.each(malformed)(
  "says what is wrong with %j, and where",
  ([text, position, reason]) =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Effect.fromResult(Quantity.parse(text)))
      assert.deepStrictEqual([error.what, error.position, error.reason], ["quantity", position, reason])
    })
)

const Amount = Schema.Struct({
  whole: Schema.Int,
  fraction: Schema.Literals(["", ".5", ".125", ".001", ".000000001"]),
  suffix: Schema.Literals(["", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "e3", "e-3", "E12"])
})
const toText = ({ fraction, suffix, whole }: typeof Amount.Type) => `${whole}${fraction}${suffix}`

it.prop("prints a canonical text that parses back to the same amount", [Amount], ([amount]) => {
  const quantity = parse(toText(amount))
  const text = Quantity.print(quantity)
  assert.isTrue(Quantity.equals(parse(text), quantity), text)
  assert.strictEqual(Quantity.print(parse(text)), text)
  assert.notInclude(text, ".")
})

it.prop(
  "adds exactly: commutative, associative, undone by subtraction, kept by order",
  [Amount, Amount, Amount],
  (given) => {
    const [a, b, c] = given.map((amount) => parse(toText(amount))) as [
      Quantity.Quantity,
      Quantity.Quantity,
      Quantity.Quantity
    ]
    assert.isTrue(Quantity.equals(Quantity.add(a, b), Quantity.add(b, a)))
    assert.isTrue(Quantity.equals(Quantity.add(Quantity.add(a, b), c), Quantity.add(a, Quantity.add(b, c))))
    assert.isTrue(Quantity.equals(Quantity.subtract(Quantity.add(a, b), b), a))
    assert.isTrue(Quantity.equals(Quantity.add(a, Quantity.negate(a)), Quantity.zero))
    assert.strictEqual(Quantity.compare(Quantity.add(a, c), Quantity.add(b, c)), Quantity.compare(a, b))
    assert.strictEqual(Quantity.compare(a, b) + Quantity.compare(b, a), 0)
    assert.isTrue(Quantity.equals(Quantity.multiply(a, 3n), Quantity.add(a, Quantity.add(a, a))))
  }
)

it("costs nothing for an absurd exponent", () => {
  const [huge, tiny] = [parse("1e2000000000"), parse("1e-2000000000")]
  assert.strictEqual(Quantity.compare(huge, parse("9E")), 1)
  assert.strictEqual(Quantity.print(tiny), "1e-9")
  assert.strictEqual(Quantity.toNumber(huge), Infinity)
})

it("keeps what decimal suffixes cannot name, where Go forgets the exponent", () => {
  assert.strictEqual(Quantity.print(parse("1000E")), "1000E")
})

it("accepts numbers as JSON has them, and white space around a text", () => {
  assert.strictEqual(Quantity.print(Result.getOrThrow(Quantity.fromInput(0.5))), "500m")
  assert.strictEqual(Quantity.print(Result.getOrThrow(Quantity.fromInput(" 1Gi\n"))), "1Gi")
  assert.strictEqual(Quantity.print(Result.getOrThrow(Quantity.fromInput(2n ** 64n))), "18446744073709551616")
})

it("rounds away from zero", () => {
  assert.strictEqual(Quantity.print(Quantity.roundUp(parse("1001m"), 0)), "2")
  assert.strictEqual(Quantity.print(Quantity.roundUp(parse("-1001m"), 0)), "-2")
  assert.strictEqual(Quantity.print(Quantity.make({ unscaled: 1n, scale: -12 })), "1n")
})
