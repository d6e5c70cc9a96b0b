import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Tracer from "effect/Tracer"
import type { Request } from "../../src/Rest/Request.ts"
import * as RestClient from "../../src/Rest/RestClient.ts"
import * as Tracing from "../../src/Rest/Tracing.ts"
import * as Transport from "../../src/Rest/Transport.ts"
import * as StubTransport from "./stubTransport.ts"

const deployments = {
  _tag: "Resource",
  group: "apps",
  version: "v1",
  plural: "deployments",
  namespace: "prod"
} as const
const getWeb: Request = { method: "GET", verb: "get", target: { ...deployments, name: "web" } }
const watchAll: Request = { method: "GET", verb: "watch", target: deployments }

const over = (stub: StubTransport.Stub, options?: RestClient.Options) =>
  Effect.provideService(RestClient.make(options), Transport.Transport, stub.transport)

const recorded = () => {
  const spans: Array<Tracer.NativeSpan> = []
  const tracer = Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options)
      spans.push(span)
      return span
    }
  })
  return { spans, with: Effect.provideService(Tracer.Tracer, tracer) }
}

const outcome = (span: Tracer.NativeSpan | undefined) => span?.status._tag === "Ended" ? span.status.exit._tag : "Open"

it.effect("a call is one span with the conventions' names, and the server is told of it", () =>
  Effect.gen(function*() {
    const stub = StubTransport.make([{ status: 200, body: "{}" }], "https://server:6443")
    const rest = yield* over(stub, { clusterName: "blue" })
    const tracer = recorded()
    yield* tracer.with(rest.json(getWeb))
    const [span] = tracer.spans
    assert.strictEqual(tracer.spans.length, 1)
    assert.strictEqual(span?.name, "GET deployments")
    assert.strictEqual(span?.kind, "client")
    assert.deepStrictEqual(Object.fromEntries(span?.attributes ?? []), {
      "http.request.method": "GET",
      "http.response.status_code": 200,
      "k8s.cluster.name": "blue",
      "k8s.deployment.name": "web",
      "k8s.namespace.name": "prod",
      "k8s.request.verb": "get",
      "k8s.resource.name": "deployments.apps",
      "server.address": "server",
      "server.port": 6443,
      "url.full": "https://server:6443/apis/apps/v1/namespaces/prod/deployments/web",
      "url.template": "/apis/apps/v1/namespaces/{namespace}/deployments/{name}"
    })
    assert.deepStrictEqual(StubTransport.values(stub.sent[0], "traceparent"), [
      `00-${span?.traceId}-${span?.spanId}-01`
    ])
  }))

it.effect("a 404 that a caller reckons with is no failed span, a 403 is", () =>
  Effect.gen(function*() {
    const tracer = recorded()
    const ask = (status: number) =>
      Effect.flatMap(over(StubTransport.make([{ status }])), (rest) => tracer.with(Effect.flip(rest.json(getWeb))))
    yield* ask(404)
    yield* ask(409)
    yield* ask(403)
    yield* Effect.provideService(ask(403), Tracing.ExpectedStatuses, [403])
    assert.deepStrictEqual(tracer.spans.map(outcome), ["Success", "Success", "Failure", "Success"])
    assert.strictEqual(tracer.spans[0]?.attributes.get("http.response.status_code"), 404)
    assert.strictEqual(tracer.spans[2]?.attributes.get("error.type"), "Forbidden")
  }))

it.effect("a call that gets no answer says why, and how often it was sent again", () =>
  Effect.gen(function*() {
    const stub = StubTransport.make([StubTransport.broken("Reset"), StubTransport.broken("Tls")])
    const tracer = recorded()
    const rest = yield* over(stub)
    const fiber = yield* Effect.forkChild(tracer.with(Effect.flip(rest.json(getWeb))))
    yield* TestClock.adjust("1 second")
    yield* Fiber.join(fiber)
    assert.strictEqual(tracer.spans[0]?.attributes.get("error.type"), "Tls")
    assert.strictEqual(tracer.spans[0]?.attributes.get("http.request.resend_count"), 1)
    assert.strictEqual(outcome(tracer.spans[0]), "Failure")
  }))

it.effect("a watch connection is one span as long as it is open, and events have none", () =>
  Effect.gen(function*() {
    const event = new TextEncoder().encode(`{"type":"ADDED","object":{"metadata":{}}}\n`)
    const stub = StubTransport.make([{ status: 200, body: Stream.concat(Stream.make(event, event), Stream.never) }])
    const tracer = recorded()
    const rest = yield* over(stub)
    const fiber = yield* Effect.forkChild(tracer.with(Stream.runDrain(rest.watch(watchAll))))
    yield* TestClock.adjust("1 minute")
    assert.deepStrictEqual(tracer.spans.map((span) => span.name), ["GET deployments"])
    assert.strictEqual(outcome(tracer.spans[0]), "Open")
    yield* Fiber.interrupt(fiber)
    assert.notStrictEqual(outcome(tracer.spans[0]), "Open")
  }))

it.effect("no span and no header where nobody looks", () =>
  Effect.gen(function*() {
    const stub = StubTransport.make([{ status: 200, body: "{}" }])
    const rest = yield* over(stub)
    yield* rest.json(getWeb)
    assert.deepStrictEqual(StubTransport.values(stub.sent[0], "traceparent"), [])
    yield* Effect.withSpan(rest.json(getWeb), "caller")
    assert.strictEqual(StubTransport.values(stub.sent[1], "traceparent").length, 1)
  }))
