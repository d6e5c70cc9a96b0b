/**
 * An informer over the whole stack of a program (factory, REST client, transport) while its server is away: what the
 * parts promise one by one must not multiply when they stand upon each other.
 */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { ConfigMap } from "../../src/Api/core/v1.ts"
import * as ResourceClient from "../../src/Clientset/ResourceClient.ts"
import * as InformerFactory from "../../src/Informer/InformerFactory.ts"
import * as Kubernetes from "../../src/Kubernetes.ts"
import type { RequestError, TransportKind } from "../../src/Machinery/RequestError.ts"
import * as Transport from "../../src/Rest/Transport.ts"
import * as ApiServer from "../../src/Testing/ApiServer.ts"
import { type Answer, broken, make as makeStub, silent } from "../Rest/stubTransport.ts"

/** What happens to requests on their way to the in-memory server. */
interface Way {
  /** Every request, in the order of its sending. */
  readonly sent: Array<Transport.TransportRequest>
  /** What is answered in place of the server; nothing while the server is there. */
  outage: Answer | RequestError | undefined
  /** How the bytes of a body are cut. */
  cut: ((chunk: Uint8Array) => ReadonlyArray<Uint8Array>) | undefined
}

const program = <A, E>(
  use: (way: Way, server: ApiServer.ApiServer["Service"]) => Effect.Effect<A, E, Kubernetes.Kubernetes>
) =>
  Effect.gen(function*() {
    const server = yield* ApiServer.make()
    const way: Way = { sent: [], outage: undefined, cut: undefined }
    const transport = Transport.Transport.of({
      server: server.transport.server,
      execute: (request) =>
        Effect.suspend(() => {
          way.sent.push(request)
          if (way.outage !== undefined) return makeStub([way.outage]).transport.execute(request)
          const { cut } = way
          const answer = server.transport.execute(request)
          return cut === undefined ? answer : Effect.map(answer, (response) => ({
            ...response,
            body: Stream.flatMap(response.body, (chunk) => Stream.fromIterable(cut(chunk)))
          }))
        })
    })
    return yield* use(way, server).pipe(
      Effect.provide(Kubernetes.layer.pipe(Layer.provide(Layer.succeed(Transport.Transport)(transport))))
    )
  })

/** Moves the time on in steps, so that what waits for an answer begins to wait for the time. */
const pass = (seconds: number) => TestClock.adjust("1 second").pipe(Effect.repeat({ times: seconds - 1 }))

const write = Effect.fnUntraced(function*(name: string, value = "1") {
  const configMaps = yield* ResourceClient.make(ConfigMap, "default")
  yield* configMaps.create({ metadata: { name }, data: { value } })
})

const informer = Effect.flatMap(
  InformerFactory.InformerFactory,
  (informers) => informers.get(ConfigMap, { namespaces: "default" })
)

const html = "<html><head><title>502 Bad Gateway</title></head></html>"
const status = (code: number, reason: string, seconds?: number): Answer => ({
  status: code,
  ...(seconds === undefined ? {} : { headers: { "retry-after": String(seconds) } }),
  body: JSON.stringify({ kind: "Status", apiVersion: "v1", status: "Failure", reason, code })
})

const outages: ReadonlyArray<readonly [string, Answer | RequestError]> = [
  ...(["Refused", "Reset", "Closed", "Dns", "Other"] satisfies ReadonlyArray<TransportKind>).map((kind) =>
    [`connections that fail as ${kind}`, broken(kind)] as const
  ),
  ["answers that never come", silent],
  ["500", status(500, "InternalError")],
  ["503 of a gateway", { status: 503, headers: { "content-type": "text/html" }, body: html }],
  ["429 that asks for one second", status(429, "TooManyRequests", 1)],
  ["503 that asks for one second", status(503, "ServiceUnavailable", 1)],
  ["401", status(401, "Unauthorized")],
  ["403", status(403, "Forbidden")],
  ["404", status(404, "NotFound")],
  ["answers that are empty", { status: 200, body: "" }],
  ["answers that are pages", { status: 200, headers: { "content-type": "text/html" }, body: html }]
]

for (const [name, outage] of outages) {
  it.effect(`ten minutes of ${name} cost few requests, and the cache is true soon after`, () =>
    program((way, server) =>
      Effect.scoped(Effect.gen(function*() {
        yield* write("before")
        const configMaps = yield* informer
        yield* configMaps.awaitSynced
        yield* pass(5)
        way.outage = outage
        way.sent.length = 0
        yield* server.disconnectWatches("reset")
        yield* pass(600)
        // A server that asks for one second has named the pace itself.
        assert.isBelow(way.sent.length, name.includes("asks for") ? 300 : 40)
        assert.isAbove(way.sent.length, 4)
        way.outage = undefined
        yield* write("after")
        yield* pass(120)
        assert.sameMembers([...yield* configMaps.keys], ["default/before", "default/after"])
        assert.strictEqual(yield* server.openWatches, 1)
      }))
    ))
}

it.effect("a server that nobody should trust is asked once before the program hears of it", () =>
  program((way) =>
    Effect.scoped(Effect.gen(function*() {
      way.outage = broken("Tls")
      const configMaps = yield* informer
      const failure = yield* Effect.flip(configMaps.ready)
      assert.strictEqual(failure.reason._tag, "Untrusted")
      // The streamed list, and at most the list in its place.
      assert.isAtMost(way.sent.length, 2)
    }))
  ))

it.effect.prop(
  "the cache is true however the bytes of lists and watches are cut",
  [Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 9 })), Schema.Array(Schema.String)],
  ([size, values]) =>
    program((way) =>
      Effect.scoped(Effect.gen(function*() {
        way.cut = (chunk) =>
          Array.from(
            { length: Math.ceil(chunk.length / size) },
            (_, index) => chunk.subarray(index * size, (index + 1) * size)
          )
        yield* write("first", "€ 𝄞 \u2028")
        const configMaps = yield* informer
        yield* configMaps.awaitSynced
        for (const [index, value] of values.entries()) yield* write(`later-${index}`, `${value}\n𝄞`)
        yield* TestClock.adjust("10 millis")
        const seen = new Map((yield* configMaps.list).map((object) => [object.metadata.name, object.data?.value]))
        assert.strictEqual(seen.get("first"), "€ 𝄞 \u2028")
        for (const [index, value] of values.entries()) assert.strictEqual(seen.get(`later-${index}`), `${value}\n𝄞`)
      }))
    ),
  { arbitrary: { runs: 40 } }
)

for (const isWatchList of [true, false]) {
  it.effect(`ten megabytes in pieces that cut characters arrive whole, ${isWatchList ? "streamed" : "listed"}`, () =>
    program((way) =>
      Effect.scoped(Effect.gen(function*() {
        way.cut = (chunk) =>
          Array.from({ length: Math.ceil(chunk.length / 65_521) }, (_, index) =>
            chunk.subarray(index * 65_521, (index + 1) * 65_521))
        const value = "ä€𝄞".repeat(110_000)
        for (let index = 0; index < 11; index++) {
          yield* write(`big-${index}`, value)
        }
        const informers = yield* InformerFactory.InformerFactory
        const configMaps = yield* informers.get(ConfigMap, { namespaces: "default", isWatchList })
        yield* configMaps.awaitSynced
        const values = (yield* configMaps.list).map((object) =>
          object.data?.value
        )
        assert.deepStrictEqual(values.map((each) => each === value), Array.from({ length: 11 }, () => true))
      }))
    ))
}

it.effect("an informer that is left while its server is away ends at once", () =>
  program((way) =>
    Effect.gen(function*() {
      way.outage = broken("Refused")
      const fiber = yield* Effect.forkChild(Effect.scoped(Effect.flatMap(informer, (one) => one.awaitSynced)))
      yield* pass(60)
      yield* Fiber.interrupt(fiber)
      const asked = way.sent.length
      yield* pass(600)
      assert.strictEqual(way.sent.length, asked)
    })
  ))
