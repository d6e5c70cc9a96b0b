import { assert, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Metric from "effect/Metric"
import * as Scheduler from "effect/Scheduler"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Backoff from "../../src/FlowControl/Backoff.ts"
import * as TokenBucket from "../../src/FlowControl/TokenBucket.ts"
import type { Request } from "../../src/Rest/Request.ts"
import * as RestClient from "../../src/Rest/RestClient.ts"
import * as Transport from "../../src/Rest/Transport.ts"
import * as Warning from "../../src/Rest/Warning.ts"
import * as StubTransport from "./stubTransport.ts"

const pods = { _tag: "Resource", group: "", version: "v1", plural: "pods", namespace: "default" } as const
const getWeb: Request = { method: "GET", verb: "get", target: { ...pods, name: "web" } }
const createWeb: Request = {
  method: "POST",
  verb: "create",
  target: pods,
  body: { kind: "Pod", metadata: { name: "web" } }
}
const watchPods: Request = { method: "GET", verb: "watch", target: pods, query: [["watch", "true"]] }

const pod = JSON.stringify({ apiVersion: "v1", kind: "Pod", metadata: { name: "web" } })
const tooMany = (after?: string): StubTransport.Answer => ({
  status: 429,
  headers: after === undefined ? {} : { "retry-after": after }
})

const over = (stub: StubTransport.Stub, options?: RestClient.Options) =>
  Effect.provideService(RestClient.make(options), Transport.Transport, stub.transport)

// Runs to the end however long it waits, and tells how long that was in virtual seconds.
const elapse = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.forkChild(Effect.exit(Effect.timed(effect)))
    while (fiber.pollUnsafe() === undefined) yield* TestClock.adjust("1 second")
    const exit = yield* Fiber.join(fiber)
    return [
      Exit.map(exit, ([, value]) => value),
      Exit.isSuccess(exit) ? Duration.toSeconds(exit.value[0]) : -1
    ] as const
  })

it.effect("sends who it is and what it accepts, and decodes what comes back", () =>
  Effect.gen(function*() {
    const stub = StubTransport.make([{ status: 200, body: pod }])
    const rest = yield* over(stub, {
      userAgent: "demo/v1 (linux/amd64) kubernetes/unknown",
      headers: [["x-tenant", "a"]]
    })
    assert.deepStrictEqual(yield* rest.json(getWeb), JSON.parse(pod))
    const [sent] = stub.sent
    assert.strictEqual(sent?.path, "/api/v1/namespaces/default/pods/web")
    assert.deepStrictEqual(sent?.headers, [
      ["accept", "application/json"],
      ["user-agent", "demo/v1 (linux/amd64) kubernetes/unknown"],
      ["x-tenant", "a"]
    ])
    assert.strictEqual(stub.open.size, 0)
  }))

it.effect("a body is JSON unless it is encoded already", () =>
  Effect.gen(function*() {
    const stub = StubTransport.make([{ status: 201, body: "" }])
    const rest = yield* over(stub)
    assert.isUndefined(yield* rest.json(createWeb))
    yield* rest.json({
      ...createWeb,
      method: "PATCH",
      verb: "apply",
      body: "kind: Pod",
      contentType: "application/apply-patch+yaml"
    })
    assert.strictEqual(stub.sent[0]?.body, `{"kind":"Pod","metadata":{"name":"web"}}`)
    assert.deepStrictEqual(StubTransport.values(stub.sent[0], "content-type"), ["application/json"])
    assert.strictEqual(stub.sent[1]?.body, "kind: Pod")
    assert.deepStrictEqual(StubTransport.values(stub.sent[1], "content-type"), ["application/apply-patch+yaml"])
  }))

it.effect("a body that JSON cannot say is Encode, and a path that cannot be is InvalidUrl; nothing is sent", () =>
  Effect.gen(function*() {
    const stub = StubTransport.make([{ status: 200 }])
    const rest = yield* over(stub)
    const cyclic: { self?: unknown } = {}
    cyclic.self = cyclic
    const encode = yield* Effect.flip(rest.json({ ...createWeb, body: cyclic }))
    assert.include(
      encode.message,
      "Encode: create https://stub:6443/api/v1/namespaces/default/pods: the body cannot be written as JSON"
    )
    const invalid = yield* Effect.flip(rest.json({ ...getWeb, target: { ...pods, name: "a/b" } }))
    assert.strictEqual(invalid.reason._tag, "InvalidUrl")
    assert.strictEqual(stub.sent.length, 0)
  }))

it.effect("waits as long as Retry-After says on 429 and 5xx, whatever the verb, with the same body", () =>
  Effect.gen(function*() {
    const stub = StubTransport.make([tooMany("3"), { status: 503, headers: { "retry-after": "2" } }, {
      status: 201,
      body: pod
    }])
    const rest = yield* over(stub)
    const [exit, seconds] = yield* elapse(rest.json(createWeb))
    assert.isTrue(Exit.isSuccess(exit))
    assert.strictEqual(seconds, 5)
    assert.deepStrictEqual(
      stub.sent.map((request) => request.body),
      Array.from({ length: 3 }, () => stub.sent[0]?.body)
    )
  }))

it.effect("gives up after ten more attempts with what the server said last", () =>
  Effect.gen(function*() {
    const stub = StubTransport.make([tooMany("1")])
    const rest = yield* over(stub)
    const [exit, seconds] = yield* elapse(Effect.flip(rest.json(getWeb)))
    assert.strictEqual(Exit.isSuccess(exit) ? exit.value.reason._tag : "", "TooManyRequests")
    assert.strictEqual(stub.sent.length, 11)
    assert.strictEqual(seconds, 10)
  }))

it.effect("does not repeat what the server did not ask to repeat", () =>
  Effect.gen(function*() {
    for (
      const answer of [tooMany(), tooMany("Sat, 21 Nov 2026 10:00:00 GMT"), { status: 500 }, {
        status: 409,
        headers: { "retry-after": "1" }
      }]
    ) {
      const stub = StubTransport.make([answer])
      const rest = yield* over(stub)
      yield* Effect.flip(rest.json(getWeb))
      assert.strictEqual(stub.sent.length, 1)
    }
  }))

it.effect("repeats a read one second after a connection was lost, and a write never", () =>
  Effect.gen(function*() {
    const reads = StubTransport.make([StubTransport.broken("Reset"), StubTransport.broken("Closed"), {
      status: 200,
      body: pod
    }])
    const [exit, seconds] = yield* elapse((yield* over(reads)).json(getWeb))
    assert.isTrue(Exit.isSuccess(exit))
    assert.strictEqual(seconds, 2)
    const writes = StubTransport.make([StubTransport.broken("Reset")])
    yield* Effect.flip((yield* over(writes)).json(createWeb))
    assert.strictEqual(writes.sent.length, 1)
  }))

it.effect("a read whose body was cut is repeated as one that was lost before its head", () =>
  Effect.gen(function*() {
    const stub = StubTransport.make([{ status: 200, body: StubTransport.broken("Closed") }, { status: 200, body: pod }])
    const [exit, seconds] = yield* elapse((yield* over(stub)).json(getWeb))
    assert.deepStrictEqual(exit, Exit.succeed(JSON.parse(pod)))
    assert.strictEqual(seconds, 1)
    const writes = StubTransport.make([{ status: 201, body: StubTransport.broken("Closed") }])
    yield* Effect.flip((yield* over(writes)).json(createWeb))
    assert.strictEqual(writes.sent.length, 1)
  }))

it.effect("an answer that is not JSON is shown in part, unless it may be a Secret's", () =>
  Effect.gen(function*() {
    const cut = (plural: string) =>
      Effect.flatMap(over(StubTransport.make([{ status: 200, body: `{"data":{"a":"planted` }])), (rest) =>
        Effect.flip(rest.json({ method: "GET", verb: "get", target: { ...pods, plural, name: "x" } })))
    assert.include(JSON.stringify(yield* cut("configmaps")), "planted")
    const secret = yield* cut("secrets")
    assert.include(secret.message, "the server answered with application/json that is not JSON")
    assert.notInclude(`${JSON.stringify(secret)} ${secret.message}`, "planted")
  }))

it.effect("certificates, refused connections and unknown names are not tried again", () =>
  Effect.gen(function*() {
    for (const kind of ["Tls", "Proxy", "Credential", "Refused", "Dns", "Unreachable", "Other"] as const) {
      const stub = StubTransport.make([StubTransport.broken(kind)])
      yield* Effect.flip((yield* over(stub)).json(getWeb))
      assert.strictEqual(stub.sent.length, 1, kind)
    }
  }))

it.effect("the last failure tells of the one before it", () =>
  Effect.gen(function*() {
    const stub = StubTransport.make([StubTransport.broken("Reset"), StubTransport.broken("Refused")])
    const [exit] = yield* elapse(Effect.flip((yield* over(stub)).json(getWeb)))
    assert.include(
      Exit.isSuccess(exit) ? exit.value.message : "",
      "broken: Refused - error from a previous attempt: broken: Reset"
    )
  }))

it.effect("a page of HTML in place of JSON says what it may be", () =>
  Effect.gen(function*() {
    const stub = StubTransport.make([{
      status: 200,
      headers: { "content-type": "text/html" },
      body: "<!doctype html><title>Log in</title>"
    }])
    const error = yield* Effect.flip((yield* over(stub)).json(getWeb))
    assert.strictEqual(
      error.message,
      "Decode: get https://stub:6443/api/v1/namespaces/default/pods/web: the server answered with an HTML page, not with "
        + "JSON: this is not the API server, but perhaps a login page or a proxy in front of it; check the server's address"
    )
  }))

it.effect("an object that the server rejects reads as kubectl shows it", () =>
  Effect.gen(function*() {
    const stub = StubTransport.make([{
      status: 422,
      body: JSON.stringify({
        kind: "Status",
        apiVersion: "v1",
        status: "Failure",
        reason: "Invalid",
        code: 422,
        message: `Pod "web" is invalid: spec.containers: Required value`,
        details: {
          name: "web",
          kind: "Pod",
          causes: [{ reason: "FieldValueRequired", message: "Required value", field: "spec.containers" }]
        }
      })
    }])
    const error = yield* Effect.flip((yield* over(stub)).json(createWeb))
    assert.strictEqual(
      error.message,
      `Invalid: create pods in namespace default: Pod "web" is invalid: spec.containers: Required value`
    )
    assert.strictEqual(
      error.reason._tag === "Invalid" ? error.reason.status.details?.causes?.[0]?.field : "",
      "spec.containers"
    )
  }))

it.effect("a call longer than the client's timeout is Timeout, retries included", () =>
  Effect.gen(function*() {
    const stub = StubTransport.make([tooMany("4")])
    const rest = yield* over(stub, { timeout: "10 seconds" })
    const [exit, seconds] = yield* elapse(Effect.flip(rest.json(getWeb)))
    assert.include(Exit.isSuccess(exit) ? exit.value.message : "", "no answer within 10s, the timeout of this client")
    assert.strictEqual(stub.sent[0]?.path, "/api/v1/namespaces/default/pods/web?timeout=10s")
    assert.strictEqual(seconds, 10)
  }))

it.effect("a rate limit is shared by the clients that share a bucket; watches start at once", () =>
  Effect.gen(function*() {
    const stub = StubTransport.make((request) =>
      request.verb === "watch" ? { status: 200, body: "" } : { status: 200, body: pod }
    )
    const rateLimiter = yield* TokenBucket.make({ qps: 5, burst: 10 })
    const clients = [yield* over(stub, { rateLimiter }), yield* over(stub, { rateLimiter })]
    yield* Effect.forkChild(
      Effect.forEach(
        Array.from({ length: 12 }, (_, i) => clients[i % 2]),
        (rest) => rest?.json(getWeb) ?? Effect.void,
        { concurrency: "unbounded" }
      )
    )
    yield* TestClock.adjust(0)
    assert.strictEqual(stub.sent.length, 10)
    yield* Stream.runDrain(clients[0]?.watch(watchPods) ?? Stream.empty)
    assert.strictEqual(stub.sent.length, 11)
    yield* TestClock.adjust("200 millis")
    assert.strictEqual(stub.sent.length, 12)
    yield* TestClock.adjust("200 millis")
    assert.strictEqual(stub.sent.length, 13)
  }))

it.effect("a host that is overloaded is asked less and less often, until it answers again", () =>
  Effect.gen(function*() {
    const backoff = yield* Backoff.make<string>({ initial: "1 second", max: "10 seconds" })
    const stub = StubTransport.make([{ status: 500 }, { status: 503 }, { status: 200, body: pod }])
    const rest = yield* over(stub, { backoff })
    assert.deepStrictEqual(
      [
        (yield* elapse(Effect.exit(rest.json(getWeb))))[1],
        (yield* elapse(Effect.exit(rest.json(getWeb))))[1],
        (yield* elapse(Effect.exit(rest.json(getWeb))))[1],
        (yield* elapse(Effect.exit(rest.json(getWeb))))[1]
      ],
      [0, 1, 2, 0]
    )
  }))

it.effect("warnings go to the handler of the caller", () =>
  Effect.gen(function*() {
    const seen: Array<string> = []
    const stub = StubTransport.make([{
      status: 200,
      body: pod,
      headers: { warning: [`299 - "v1beta1 is deprecated"`, `299 - "unknown field"`] }
    }])
    const rest = yield* over(stub)
    yield* rest.json(getWeb).pipe(
      Effect.provideService(Warning.CurrentWarningHandler, ({ text }) => Effect.sync(() => void seen.push(text)))
    )
    assert.deepStrictEqual(seen, ["v1beta1 is deprecated", "unknown field"])
  }))

it.effect("a watch delivers its events and lets go of the connection when it is left", () =>
  Effect.gen(function*() {
    const line = `{"type":"ADDED","object":{"metadata":{"name":"web"}}}\n`
    const bytes = new TextEncoder().encode(line)
    const stub = StubTransport.make([{ status: 200, body: Stream.forever(Stream.make(bytes)) }])
    const events = yield* (yield* over(stub)).watch(watchPods).pipe(Stream.take(3), Stream.runCollect)
    assert.strictEqual(events.length, 3)
    assert.strictEqual(stub.open.size, 0)
  }))

it.effect("a watch that cannot begin for lack of an answer is empty, after the retries", () =>
  Effect.gen(function*() {
    for (const error of [StubTransport.broken("Closed"), StubTransport.silent]) {
      const stub = StubTransport.make([error])
      const [exit, seconds] = yield* elapse(Stream.runCollect((yield* over(stub)).watch(watchPods)))
      assert.deepStrictEqual(exit, Exit.succeed([]))
      assert.strictEqual(stub.sent.length, 11)
      assert.strictEqual(seconds, 10)
    }
  }))

it.effect("a watch from a forgotten version is Expired; other refusals stay what they are", () =>
  Effect.gen(function*() {
    const refusal = (status: number) =>
      Effect.flatMap(
        over(StubTransport.make([{ status }])),
        (rest) => Effect.flip(Stream.runDrain(rest.watch(watchPods)))
      )
    const gone = yield* refusal(410)
    assert.strictEqual(`${gone._tag}/${gone.reason._tag}`, "WatchError/Expired")
    const forbidden = yield* refusal(403)
    assert.strictEqual(`${forbidden._tag}/${forbidden.reason._tag}`, "ApiError/Forbidden")
  }))

it.effect("a watch start waits for Retry-After and closes what was refused", () =>
  Effect.gen(function*() {
    const stub = StubTransport.make([tooMany("2"), {
      status: 200,
      body: `{"type":"DELETED","object":{"metadata":{}}}\n`
    }])
    const [exit, seconds] = yield* elapse(Stream.runCollect((yield* over(stub)).watch(watchPods)))
    assert.strictEqual(Exit.isSuccess(exit) ? exit.value.length : 0, 1)
    assert.strictEqual(seconds, 2)
    assert.strictEqual(stub.open.size, 0)
  }))

it.effect("a stream that is no JSON is Decode before its first byte is read", () =>
  Effect.gen(function*() {
    const stub = StubTransport.make([{ status: 200, headers: { "content-type": "text/html" }, body: "<html>" }])
    const error = yield* Effect.flip(Stream.runDrain((yield* over(stub)).watch(watchPods)))
    assert.include(error.message, "expected a stream of JSON, got text/html")
  }))

it.effect("a refused stream of bytes is classified like any other answer", () =>
  Effect.gen(function*() {
    const stub = StubTransport.make([{ status: 404, body: "" }])
    const error = yield* Effect.flip(Stream.runDrain((yield* over(stub)).bytes(getWeb)))
    assert.strictEqual(
      error.message,
      "NotFound: get pods default/web: the server could not find the requested resource"
    )
    assert.strictEqual(stub.open.size, 0)
  }))

it.effect("counts attempts by code, and calls by duration and size, under client-go's names", () =>
  Effect.gen(function*() {
    const stub = StubTransport.make(
      [tooMany("1"), StubTransport.broken("Reset"), { status: 200, body: pod }],
      "https://metrics:6443"
    )
    yield* elapse((yield* over(stub)).json(getWeb))
    const host = "metrics:6443"
    const series = (yield* Metric.snapshot).filter((its) => its.attributes?.["host"] === host)
    const counter = (id: string, code: string) =>
      series.find((its) => its.id === id && its.attributes?.["code"] === code)?.state
    assert.deepInclude(counter("rest_client_requests_total", "429"), { count: 1 })
    assert.deepInclude(counter("rest_client_requests_total", "<error>"), { count: 1 })
    assert.deepInclude(counter("rest_client_requests_total", "200"), { count: 1 })
    assert.isUndefined(counter("rest_client_request_retries_total", "429"))
    assert.deepInclude(counter("rest_client_request_retries_total", "200"), { count: 1 })
    const duration = series.find((its) => its.id === "rest_client_request_duration_seconds")
    assert.deepStrictEqual(duration?.attributes, { verb: "GET", host })
    assert.deepInclude(duration?.state, { count: 1, sum: 2 })
    assert.deepInclude(series.find((its) => its.id === "rest_client_response_size_bytes")?.state, { sum: pod.length })
  }).pipe(Effect.provideService(Metric.MetricRegistry, new Map())))

it.effect("the size of a body is counted in bytes", () =>
  Effect.gen(function*() {
    const stub = StubTransport.make([{ status: 200 }], "https://sizes:6443")
    const body = `"aé€😀"`
    yield* Effect.ignore((yield* over(stub)).json({ ...createWeb, body }))
    const size = (yield* Metric.snapshot).find((its) =>
      its.id === "rest_client_request_size_bytes" && its.attributes?.["host"] === "sizes:6443"
    )
    assert.deepInclude(size?.state, { count: 1, sum: Buffer.byteLength(body) })
  }).pipe(Effect.provideService(Metric.MetricRegistry, new Map())))

it.effect("waiting long for the client's own limit is logged, and told apart from the server's", () =>
  Effect.gen(function*() {
    const lines: Array<string> = []
    const logger = Logger.map(Logger.formatJson, (line) => void lines.push(line))
    const stub = StubTransport.make([{ status: 200, body: pod }])
    const rest = yield* over(stub, { rateLimiter: yield* TokenBucket.make({ qps: 0.5, burst: 1 }) })
    const twice = Effect.andThen(rest.json(getWeb), rest.json(getWeb))
    yield* elapse(Effect.provide(twice, Logger.layer([logger])))
    assert.strictEqual(lines.length, 1)
    assert.include(lines[0], "Waited before sending request: client-side throttling, not priority and fairness")
    assert.include(lines[0], `"milliseconds":2000`)
  }))

it.effect("no answer stays open, wherever a caller is interrupted", () =>
  Effect.gen(function*() {
    for (let budget = 3; budget <= 7; budget++) {
      for (let steps = 0; steps < 40; steps++) {
        const stub = StubTransport.make([tooMany("1"), {
          status: 200,
          body: Stream.concat(Stream.make(new Uint8Array(1)), Stream.never)
        }])
        const rest = yield* over(stub)
        const fiber = yield* Effect.forkChild(
          Effect.provideService(Stream.runDrain(rest.bytes(getWeb)), Scheduler.MaxOpsBeforeYield, budget)
        )
        for (let step = 0; step < steps; step++) yield* Effect.yieldNow
        if (steps > 20) yield* TestClock.adjust("1 second")
        yield* Fiber.interrupt(fiber)
        assert.strictEqual(stub.open.size, 0)
      }
    }
  }))
