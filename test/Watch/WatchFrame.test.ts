import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Random from "effect/Random"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { WatchEvent } from "../../src/Watch/WatchEvent.ts"
import * as WatchFrame from "../../src/Watch/WatchFrame.ts"
import * as RandomJson from "../randomJson.ts"

const encoder = new TextEncoder()
const options = { resource: "pods", namespace: "default" }
const event = (name: string, type = "ADDED") => ({
  type,
  object: { kind: "Pod", apiVersion: "v1", metadata: { name, resourceVersion: "1" } }
})
const line = (value: unknown) => `${JSON.stringify(value)}\n`

const run = (chunks: ReadonlyArray<Uint8Array>, given: WatchFrame.Options = options) => {
  const events: Array<WatchEvent<unknown>> = []
  const pulls: Array<number> = []
  return Stream.fromIterable(chunks, { chunkSize: 1 }).pipe(
    WatchFrame.decode(given),
    Stream.runForEachArray((batch) =>
      Effect.sync(() => {
        events.push(...batch)
        pulls.push(batch.length)
      })
    ),
    Effect.flip,
    Effect.option,
    Effect.map((error) => ({ events, pulls, error: error._tag === "Some" ? error.value : undefined }))
  )
}

const cut = (bytes: Uint8Array, size: number): ReadonlyArray<Uint8Array> => {
  const out: Array<Uint8Array> = []
  for (let at = 0; at < bytes.length; at += size) out.push(bytes.subarray(at, at + size))
  return out
}

it.effect("delivers the same events however the bytes are cut", () =>
  Effect.gen(function*() {
    const events = [event("zwölf-🚀"), event("b\\\"\n\r"), event("日本", "DELETED"), event("x".repeat(300), "MODIFIED")]
    const bytes = encoder.encode(events.map(line).join(""))
    for (let size = 1; size <= bytes.length; size++) {
      const { error, events: got } = yield* run(cut(bytes, size))
      assert.isUndefined(error)
      assert.deepStrictEqual(got as ReadonlyArray<unknown>, events)
    }
  }))

it.effect.prop(
  "delivers the same events for random cuts of random objects",
  [Schema.Array(RandomJson.Json), Schema.Number],
  ([values]) =>
    Effect.gen(function*() {
      const events = values.map((value, index) => ({
        type: "MODIFIED",
        object: { metadata: { name: `o${index}` }, value }
      }))
      const bytes = encoder.encode(events.map(line).join(""))
      const chunks: Array<Uint8Array> = []
      for (let at = 0; at < bytes.length;) {
        const size = yield* Random.nextIntBetween(0, 40)
        chunks.push(bytes.subarray(at, at + size))
        at += size
      }
      const { error, events: got } = yield* run(chunks)
      assert.isUndefined(error)
      assert.deepStrictEqual(got as ReadonlyArray<unknown>, JSON.parse(JSON.stringify(events)))
    })
)

it.effect("returns all events of one read as one array", () =>
  Effect.gen(function*() {
    const text = line(event("a")) + line(event("b")) + line(event("c"))
    const { pulls } = yield* run([encoder.encode(text), encoder.encode(line(event("d")))])
    assert.deepStrictEqual(pulls, [3, 1])
  }))

it.effect("skips blank lines and takes CR LF as an end", () =>
  Effect.gen(function*() {
    const { error, events } = yield* run([
      encoder.encode(`\n\r\n  \n${JSON.stringify(event("a"))}\r\n\n${line(event("b"))}`)
    ])
    assert.isUndefined(error)
    assert.strictEqual(events.length, 2)
  }))

it.effect("takes a last line without an end when it is whole", () =>
  Effect.gen(function*() {
    const { error, events } = yield* run([encoder.encode(line(event("a")) + JSON.stringify(event("b")))])
    assert.isUndefined(error)
    assert.strictEqual(events.length, 2)
  }))

it.effect("fails with Frame on a line that was cut, after the events before it", () =>
  Effect.gen(function*() {
    const bytes = encoder.encode(line(event("a")) + JSON.stringify(event("b")))
    const { error, events } = yield* run(cut(bytes.subarray(0, bytes.length - 3), 17))
    assert.strictEqual(events.length, 1)
    assert.strictEqual(error?.reason._tag, "Frame")
    assert.include(error?.message, "watch pods in namespace default: the stream ended within a line")
  }))

it.effect("delivers the events of a read before it fails on a bad line of the same read", () =>
  Effect.gen(function*() {
    const { error, events } = yield* run([encoder.encode(`${line(event("a"))}{"type":"ADD\n${line(event("b"))}`)])
    assert.deepStrictEqual(events as ReadonlyArray<unknown>, [event("a")])
    assert.strictEqual(error?.reason._tag, "Frame")
    assert.include(error?.message, "{\"type\":\"ADD")
  }))

it.effect("never quotes the text of Secrets", () =>
  Effect.gen(function*() {
    const { error } = yield* run([encoder.encode("{\"data\":\"aHVudGVyMg==\n")], { resource: "secrets" })
    assert.strictEqual(error?.reason._tag, "Frame")
    assert.notInclude(String(error?.message), "aHVudGVyMg")
    const odd = { type: "ERROR", object: { kind: "Secret", data: { password: "aHVudGVyMg==" } } }
    const inError = yield* run([encoder.encode(line(odd))], { resource: "secrets" })
    assert.strictEqual(inError.error?.reason._tag, "Api")
    assert.notInclude(String(inError.error?.message), "aHVudGVyMg")
  }))

it.effect("refuses a line beyond the limit without waiting for its end", () =>
  Effect.gen(function*() {
    const limited = { ...options, maxLineBytes: 64 }
    const endless = yield* run(Array.from({ length: 5 }, () => encoder.encode("x".repeat(20))), limited)
    assert.strictEqual(endless.error?.reason._tag, "Frame")
    const whole = yield* run([encoder.encode(line(event("a".repeat(100))))], limited)
    assert.include(whole.error?.message, "longer than 64 bytes")
  }))

it.effect("takes a line of ten megabytes in many pieces", () =>
  Effect.gen(function*() {
    const big = { type: "ADDED", object: { metadata: { name: "big" }, data: "ü".repeat(5_000_000) } }
    const { error, events } = yield* run(cut(encoder.encode(line(big)), 65_536))
    assert.isUndefined(error)
    assert.deepStrictEqual(events as ReadonlyArray<unknown>, [big])
  }))

it.effect("turns ERROR events into Expired or Api by what their Status says", () =>
  Effect.gen(function*() {
    const reason = (status: unknown) =>
      Effect.map(run([encoder.encode(line({ type: "ERROR", object: status }))]), ({ error }) => error?.reason)
    const status = (code: number, name?: string) => ({
      kind: "Status",
      apiVersion: "v1",
      status: "Failure",
      message: "m",
      code,
      reason: name
    })
    const expired = yield* reason(status(410, "Expired"))
    assert.strictEqual(expired?._tag, "Expired")
    assert.strictEqual(expired?.message, "watch pods in namespace default: m")
    assert.strictEqual((yield* reason(status(410, "Gone")))?._tag, "Expired")
    assert.strictEqual((yield* reason(status(410)))?._tag, "Expired")
    const internal = yield* reason(status(500, "InternalError"))
    assert.strictEqual(internal?._tag, "Api")
    assert.strictEqual(internal?.message, "watch pods in namespace default: InternalError: m")
    assert.strictEqual(internal?._tag === "Api" ? internal.error.reason._tag : "", "InternalError")
    const strange = yield* reason({ kind: "Pod" })
    assert.strictEqual(strange?._tag, "Api")
    assert.include(String(strange?.message), "{\"kind\":\"Pod\"}")
  }))

it.effect("refuses what is JSON and no event", () =>
  Effect.gen(function*() {
    const bad = [1, null, {}, { type: "ADDED" }, { type: "ADDED", object: {} }, {
      type: "NEW",
      object: { metadata: {} }
    }, { type: "BOOKMARK", object: { metadata: {} } }]
    for (const value of bad) {
      const { error } = yield* run([encoder.encode(line(value))])
      assert.strictEqual(error?.reason._tag, "Frame", JSON.stringify(value))
    }
  }))

it.effect("passes on the failure of the bytes, with the events before it", () =>
  Effect.gen(function*() {
    const seen: Array<unknown> = []
    const exit = yield* Stream.make(encoder.encode(line(event("a")) + "{\"type\"")).pipe(
      Stream.concat(Stream.fail("reset")),
      WatchFrame.decode(options),
      Stream.runForEach((one) => Effect.sync(() => seen.push(one))),
      Effect.exit
    )
    assert.strictEqual(seen.length, 1)
    assert.deepStrictEqual(exit, Exit.fail("reset"))
  }))

it.effect("uses the decoder of the context", () =>
  Effect.gen(function*() {
    let lines = 0
    const decoder: WatchFrame.LineDecoder = {
      decode: (bytes, start, end) => {
        lines++
        return WatchFrame.json.decode(bytes, start, end)
      }
    }
    const events = yield* Stream.make(encoder.encode(line(event("a")) + line(event("b")))).pipe(
      WatchFrame.decode(options),
      Stream.provideService(WatchFrame.CurrentLineDecoder, decoder),
      Stream.runCollect
    )
    assert.strictEqual(events.length, 2)
    assert.strictEqual(lines, 2)
  }))
