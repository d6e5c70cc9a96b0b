import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Metric from "effect/Metric"
import * as PlatformError from "effect/PlatformError"
import * as TestClock from "effect/testing/TestClock"
import * as CaBundle from "../../src/Rest/CaBundle.ts"

const pem = (name: string) => `-----BEGIN CERTIFICATE-----\n${name}\n-----END CERTIFICATE-----\n`

const source = { _tag: "File", path: "/ca.crt" } as const

const missing = PlatformError.systemError({
  _tag: "NotFound",
  module: "FileSystem",
  method: "readFileString",
  pathOrDescriptor: "/ca.crt"
})

/** A file that can be changed, and how often it was read. */
const file = () => {
  let content: string | undefined = pem("first")
  let reads = 0
  return {
    set: (text: string | undefined) => {
      content = text
    },
    reads: () => reads,
    layer: FileSystem.layerNoop({
      readFileString: () =>
        Effect.suspend(() => {
          reads++
          return content === undefined ? Effect.fail(missing) : Effect.succeed(content)
        })
    })
  }
}

const reloads = (registry: Map<string, never>) =>
  Effect.map(Effect.provideService(Metric.snapshot, Metric.MetricRegistry, registry), (all) =>
    Object.fromEntries(
      all.filter((its) => its.id === "rest_client_transport_ca_reload_total").map((its) => [
        `${its.attributes?.["result"]}/${its.attributes?.["reason"]}`,
        its.type === "Counter" ? its.state.count : undefined
      ])
    ))

it.effect("a file is looked at every five minutes, and what cannot be used never replaces what is in use", () =>
  Effect.gen(function*() {
    const its = file()
    const registry = new Map<string, never>()
    yield* Effect.gen(function*() {
      const bundle = yield* Effect.provide(CaBundle.make(source), its.layer)
      assert.strictEqual(yield* bundle.get, pem("first"))
      its.set(pem("second"))
      yield* TestClock.adjust("299 seconds")
      assert.strictEqual(yield* bundle.get, pem("first"))
      assert.strictEqual(its.reads(), 1)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* bundle.get, pem("second"))
      for (const bad of [undefined, " \n", "not a certificate"]) {
        its.set(bad)
        yield* TestClock.adjust("5 minutes")
        assert.strictEqual(yield* bundle.get, pem("second"))
        assert.strictEqual(yield* bundle.get, pem("second"))
      }
      its.set(pem("second"))
      yield* TestClock.adjust("5 minutes")
      yield* bundle.get
      assert.strictEqual(its.reads(), 6)
    }).pipe(Effect.provideService(Metric.MetricRegistry, registry))
    assert.deepStrictEqual(yield* reloads(registry), {
      "success/updated": 1,
      "success/unchanged": 1,
      "failure/read_error": 1,
      "failure/empty": 1,
      "failure/ca_parse_error": 1
    })
  }))

it.effect("after a server was not trusted the file is looked at at once", () =>
  Effect.gen(function*() {
    const its = file()
    const bundle = yield* Effect.provide(CaBundle.make(source), its.layer)
    its.set(pem("second"))
    yield* bundle.expire
    assert.strictEqual(yield* bundle.get, pem("second"))
  }))

it.effect("a file that cannot be read at the start is the user's to mend", () =>
  Effect.gen(function*() {
    const its = file()
    its.set(undefined)
    const error = yield* Effect.flip(Effect.provide(CaBundle.make(source), its.layer))
    assert.include(error.message, "/ca.crt")
    assert.strictEqual(
      yield* CaBundle.make({ _tag: "Data", pem: pem("data") }).pipe(
        Effect.flatMap((bundle) => bundle.get),
        Effect.provide(its.layer)
      ),
      pem("data")
    )
  }))
