import { assert, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import * as MicroTime from "../../src/Machinery/MicroTime.ts"
import * as Time from "../../src/Machinery/Time.ts"
import { read } from "./vectors.ts"

it("reads and refuses what Go reads and refuses, to the nanosecond and in its words", () => {
  const vectors = read<
    ReadonlyArray<
      {
        layout: "Time" | "MicroTime"
        text: string
        nanoseconds?: string
        time?: string
        microTime?: string
        error?: string
      }
    >
  >("times")
  for (const { error, layout, microTime, nanoseconds, text, time } of vectors) {
    const answer = Result.match((layout === "Time" ? Time : MicroTime).parse(text), {
      onFailure: (problem) => ({ error: problem.reason }),
      onSuccess: (value) => ({
        nanoseconds: String(value),
        time: Time.fromNanoseconds(value),
        microTime: MicroTime.fromNanoseconds(value)
      })
    })
    assert.deepStrictEqual<unknown>(
      answer,
      error === undefined ? { nanoseconds, time, microTime } : { error },
      `${layout} ${text}`
    )
  }
})

const malformed: ReadonlyArray<readonly [text: string, position: number, end: string]> = [
  ["yesterday", 0, "cannot parse \"yesterday\" as \"2006\""],
  ["2026-11-21", 10, "cannot parse \"\" as \"T\""],
  ["2026-13-01T00:00:00Z", 5, "month out of range"],
  ["2026-02-30T00:00:00Z", 8, "day out of range"],
  ["2026-01-01T00:00:00", 19, "cannot parse \"\" as \"Z07:00\""],
  ["2026-01-01T00:00:00Zulu", 20, "extra text: \"ulu\""]
]

it.effect.each(malformed)("says what is wrong with %j, and where", ([text, position, end]) =>
  Effect.gen(function*() {
    const error = yield* Effect.flip(Effect.fromResult(Time.parse(text)))
    assert.strictEqual(error.position, position)
    assert.isTrue(error.reason.endsWith(end), error.reason)
  }))

it("refuses a micro time that has not six digits", () => {
  const error = MicroTime.parse("2026-11-21T07:35:00.123Z")
  assert.isTrue(Result.isFailure(error) && error.failure.position === 19)
})

const Moment = Schema.Int.check(Schema.isBetween({ minimum: -62135596800000, maximum: 253402300799999 }))

it.prop("makes texts that have six digits and parse back", [
  Moment,
  Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 999 }))
], (
  [milliseconds, micros]
) => {
  const nanoseconds = BigInt(milliseconds) * 1_000_000n + BigInt(micros) * 1000n
  const text = MicroTime.fromNanoseconds(nanoseconds)
  assert.match(text, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/)
  assert.strictEqual(Result.getOrThrow(MicroTime.parse(text)), nanoseconds)
  assert.strictEqual(
    DateTime.toEpochMillis(Result.getOrThrow(MicroTime.toDateTime(text))),
    milliseconds
  )
})

it.prop("orders texts as the points in time they name", [Moment, Moment], ([first, second]) => {
  const [left, right] = [first, second].map((at) => MicroTime.fromNanoseconds(BigInt(at) * 1_000_000n)) as [
    string,
    string
  ]
  assert.strictEqual(Result.getOrThrow(MicroTime.compare(left, right)), Math.sign(first - second) as -1 | 0 | 1)
})

it("knows that offsets name the same point", () => {
  assert.strictEqual(Result.getOrThrow(Time.compare("2026-11-21T07:35:00Z", "2026-11-21T09:05:00+01:30")), 0)
})

it.effect("takes the present from the Clock", () =>
  Effect.gen(function*() {
    yield* TestClock.setTime(Date.UTC(2026, 10, 21, 7, 35, 0, 999))
    assert.strictEqual(yield* Time.now, "2026-11-21T07:35:00Z")
    assert.strictEqual(yield* MicroTime.now, "2026-11-21T07:35:00.999000Z")
    assert.strictEqual(MicroTime.fromDateTime(yield* DateTime.now), "2026-11-21T07:35:00.999000Z")
    assert.strictEqual(Time.fromDateTime(yield* DateTime.now), "2026-11-21T07:35:00Z")
  }))
