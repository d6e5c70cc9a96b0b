/**
 * No secret in any output, of all services at once: credentials and the data of Secrets are planted, every service is
 * used and made to fail, and what comes out is searched: logs of every level, spans, metrics, errors, and the insides of
 * services. What kubeconfigs hold is searched for in test/Config, real TLS in test/Rest, private keys in
 * test/Certificates.
 */
import { assert, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Metric from "effect/Metric"
import * as Redacted from "effect/Redacted"
import * as References from "effect/References"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import * as Tracer from "effect/Tracer"
import { inspect } from "node:util"
import { Secret } from "../src/Api/core/v1.ts"
import * as Clientset from "../src/Clientset/Clientset.ts"
import * as Entry from "../src/Clientset/Entry.ts"
import * as ResourceClient from "../src/Clientset/ResourceClient.ts"
import * as Wait from "../src/Clientset/Wait.ts"
import * as WaitCondition from "../src/Clientset/WaitCondition.ts"
import * as Credential from "../src/Config/Credential.ts"
import * as Controller from "../src/Controller/Controller.ts"
import { DiscoveryClient } from "../src/Discovery/DiscoveryClient.ts"
import { RestMapper } from "../src/Discovery/RestMapper.ts"
import * as DynamicClient from "../src/Dynamic/DynamicClient.ts"
import * as MetadataClient from "../src/Dynamic/MetadataClient.ts"
import * as EventRecorder from "../src/Events/EventRecorder.ts"
import * as InformerFactory from "../src/Informer/InformerFactory.ts"
import * as Kubernetes from "../src/Kubernetes.ts"
import * as LeaderElection from "../src/LeaderElection/LeaderElection.ts"
import * as Patch from "../src/Machinery/Patch.ts"
import * as Authentication from "../src/Rest/Authentication.ts"
import * as RequestLog from "../src/Rest/RequestLog.ts"
import * as RestClient from "../src/Rest/RestClient.ts"
import * as Transport from "../src/Rest/Transport.ts"
import * as ApiServer from "../src/Testing/ApiServer.ts"

const token = "planted-token"
const password = "planted-password"
const base64 = Buffer.from(password).toString("base64")

const everything = (value: unknown): string =>
  [
    inspect(value, { depth: 30, showHidden: true, getters: true }),
    String(value),
    ...(value instanceof Error ? [value.message, value.stack ?? ""] : [])
  ].join("\n")

/** What a name in the path makes of the answer, with the Secret in it. */
const spoil = (path: string, text: string): string | undefined =>
  path.includes("/secrets/cut")
    ? text.slice(0, text.indexOf(base64) + base64.length)
    : path.includes("/secrets/odd")
    ? text.replace("\"Secret\"", "\"Surprise\"")
    : path.includes("/secrets/list")
    ? `[${text}]`
    : undefined

/** The way to the server: with the planted credential, and with answers that are spoilt by name. */
const transport = Layer.effect(
  Transport.Transport,
  Effect.map(ApiServer.ApiServer, (server) => {
    const credential = Credential.fixed({
      authorization: Credential.bearer(Redacted.make(token)),
      clientCertificate: { certificate: "public", key: Redacted.make("planted-key") }
    })
    const spoiling = Transport.Transport.of({
      server: server.transport.server,
      execute: (request) =>
        Effect.flatMap(server.transport.execute(request), (response) =>
          Effect.gen(function*() {
            if (request.verb === "watch" && request.path.includes("spoilt")) {
              return { ...response, body: Stream.make(new TextEncoder().encode(`{"type":"ADDED","data":"${base64}`)) }
            }
            if (!request.path.includes("/secrets/")) return response
            const text = yield* response.text
            const body = spoil(request.path, text) ?? text
            return { ...response, text: Effect.succeed(body), body: Stream.make(new TextEncoder().encode(body)) }
          }))
    })
    return Authentication.make({ credential })(spoiling)
  })
)

const layer = Kubernetes.layer.pipe(
  Layer.provideMerge(transport),
  Layer.provideMerge(Layer.effect(
    ApiServer.ApiServer,
    ApiServer.make({ tokens: { [token]: ApiServer.administrator } })
  ))
)

const recording = Effect.sync(() => {
  const output: Array<string> = []
  const spans: Array<Tracer.NativeSpan> = []
  const registry: Metric.MetricRegistry = new Map()
  const logger = Logger.make((options) => {
    output.push(everything(options.message), everything(options.cause), Logger.formatJson.log(options))
  })
  const tracer = Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options)
      spans.push(span)
      return span
    }
  })
  return {
    see: (value: unknown) => {
      output.push(everything(value))
    },
    /** Runs what may fail, and sees how. */
    attempt: <A, E, R>(effect: Effect.Effect<A, E, R>) =>
      Effect.map(Effect.exit(effect), (exit) => {
        // What was asked for is the caller's own, and no output.
        if (Exit.isSuccess(exit)) return exit
        output.push(everything(exit), Cause.pretty(exit.cause), everything(Cause.squash(exit.cause)))
        output.push(JSON.stringify(Cause.squash(exit.cause)) ?? "")
        return exit
      }),
    run: <A, E, R>(effect: Effect.Effect<A, E, R>) =>
      effect.pipe(
        Effect.provideService(RequestLog.Verbosity, 10),
        Effect.provideService(References.MinimumLogLevel, "All"),
        Effect.withTracer(tracer),
        Effect.provideService(Metric.MetricRegistry, registry),
        Effect.provide(Logger.layer([logger]))
      ),
    all: Effect.map(
      Effect.provideService(Metric.snapshot, Metric.MetricRegistry, registry),
      (metrics) => [...output, everything(spans), everything(metrics)].join("\n")
    )
  }
})

const check = (all: string, includes: ReadonlyArray<string>) => {
  for (const each of includes) assert.include(all, each)
  for (const secret of [token, password, base64, "planted"]) {
    const at = all.indexOf(secret)
    assert.strictEqual(at, -1, `${secret} shows: …${all.slice(Math.max(0, at - 300), at + 60)}…`)
  }
}

/** What waits for time. */
const inTime = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.forkChild(effect)
    for (let second = 0; second < 120 && fiber.pollUnsafe() === undefined; second++) yield* TestClock.adjust("1 second")
    return yield* Fiber.join(fiber)
  })

const secret = (name: string) => ({ metadata: { name }, stringData: { password } })

it.effect("clients show no secret, whatever becomes of a request", () =>
  Effect.gen(function*() {
    const { all, attempt, run, see } = yield* recording
    yield* run(Effect.gen(function*() {
      const clientset = yield* Clientset.Clientset
      const secrets = clientset.coreV1.secrets("default")
      const failures: Array<string> = []
      const failing = <A, E, R>(what: string, effect: Effect.Effect<A, E, R>) =>
        Effect.map(attempt(effect), (exit) => {
          assert.isTrue(Exit.isFailure(exit), what)
          failures.push(what)
        })

      const made = yield* secrets.create(secret("a"))
      assert.strictEqual(made.data?.["password"], base64)
      for (const name of ["cut", "odd", "list"]) {
        yield* failing(`create ${name}`, Effect.andThen(secrets.create(secret(name)), secrets.get(name)))
      }
      yield* failing("create again", secrets.create(secret("a")))
      yield* failing("create of a name that is none", secrets.create(secret("A_b")))
      yield* failing(
        "create of data that is not base64",
        secrets.create({ metadata: { name: "b" }, data: { password: `${password}!` } })
      )
      yield* failing(
        "update of an old version",
        secrets.update({ ...made, metadata: { ...made.metadata, resourceVersion: "1" } })
      )
      yield* failing(
        "patch that does not apply",
        secrets.patch("a", Patch.json([{ op: "test", path: "/data/password", value: `${base64}x` }]))
      )
      yield* failing(
        "patch of the wrong type",
        secrets.patch("a", Patch.merge({ data: { password: [password] } } as never))
      )
      yield* secrets.apply({ metadata: { name: "a" }, data: { password: base64 } }, {
        fieldManager: "one",
        force: true
      })
      yield* failing(
        "apply in conflict",
        secrets.apply({ metadata: { name: "a" }, data: { password: `${base64}AAAA` } }, { fieldManager: "two" })
      )
      yield* failing("get of none", secrets.get("none"))
      yield* failing(
        "body that is no JSON",
        secrets.create({ ...secret("c"), stringData: { password, big: 1n as never } })
      )

      const dynamic = yield* DynamicClient.DynamicClient
      const metadata = yield* MetadataClient.MetadataClient
      yield* failing("dynamic", dynamic.resource(Secret, "default").get("odd"))
      yield* failing("metadata", metadata.resource(Secret, "default").get("cut"))
      yield* failing(
        "change that fails",
        inTime(
          Entry.make(secrets, "a").pipe(
            Entry.change((object) => ({ ...object, metadata: { ...object.metadata, resourceVersion: "1" } })),
            Entry.commit()
          )
        )
      )
      yield* failing(
        "wait",
        inTime(Wait.until(secrets, "a", WaitCondition.make("a condition", () => false), { timeout: "1 minute" }))
      )
      yield* failing(
        "watch",
        Stream.runDrain(clientset.coreV1.secrets("spoilt").watch())
      )
      yield* failing("pods", clientset.coreV1.pods("default").get(""))
      for (
        const service of [
          clientset,
          secrets,
          dynamic,
          metadata,
          yield* RestClient.RestClient,
          yield* Transport.Transport,
          yield* DiscoveryClient,
          yield* RestMapper,
          yield* ResourceClient.make(Secret, "default"),
          failures
        ]
      ) see(service)
    }))
    check(yield* all, [
      "Conflict",
      "AlreadyExists",
      "Invalid",
      "NotFound",
      "Decode",
      "WaitTimeout",
      "Frame",
      "POST 201"
    ])
  }).pipe(Effect.provide(layer)))

it.effect("informers, controllers, events and elections show no secret, whatever becomes of them", () =>
  Effect.gen(function*() {
    const { all, attempt, run, see } = yield* recording
    class Bad extends Schema.TaggedError<Bad>("test/Bad")("Bad", {}) {}
    yield* run(Effect.scoped(Effect.gen(function*() {
      const { coreV1 } = yield* Clientset.Clientset
      const secrets = coreV1.secrets("default")
      yield* secrets.create(secret("a"))
      const factory = yield* InformerFactory.InformerFactory
      const informer = yield* factory.get(Secret, { indexers: { byType: (object) => [object.type ?? ""] } })
      const metadata = yield* factory.metadata(Secret)
      const decoded = yield* factory.decoded(Secret, {
        schema: Schema.Struct({
          metadata: Schema.Struct({ name: Schema.String, resourceVersion: Schema.String }),
          data: Schema.Struct({ password: Schema.Finite })
        }),
        onDecodeFailure: "Skip"
      })
      yield* Effect.all([informer.awaitSynced, metadata.awaitSynced, decoded.awaitSynced])
      see([factory, informer, metadata, decoded])
      const spoilt = yield* factory.get(Secret, { namespaces: "spoilt" })
      see(spoilt)

      const recorder = yield* EventRecorder.make({ controller: "test" })
      let count = 0
      const controller = Controller.make(Secret, {
        name: "test",
        reconcile: ({ name, namespace }) =>
          Effect.gen(function*() {
            count++
            const object = yield* Effect.orDie(coreV1.secrets(namespace).get(name))
            yield* recorder.record(object, { reason: "Seen", message: "seen by the test" })
            if (count === 1) return yield* new Bad()
            if (count === 2) return yield* Effect.die(new Error("a defect"))
            if (count === 3) yield* Effect.orDie(coreV1.secrets(namespace).get("none"))
            return
          })
      })
      see(controller)
      yield* Effect.forkScoped(attempt(controller.run))
      for (let round = 0; round < 20; round++) yield* TestClock.adjust("1 second")
      assert.isAtLeast(count, 4)

      yield* secrets.update({ ...(yield* secrets.get("a")), stringData: { password: `${password}2` } })
      yield* TestClock.adjust("1 second")
      yield* secrets.delete("a")
      yield* TestClock.adjust("10 seconds")
      yield* attempt(
        Effect.fail(new Bad()).pipe(
          LeaderElection.whileLeading({ namespace: "default", name: "lease", identity: "me" })
        )
      )
      see([recorder, informer])
    })))
    check(yield* all, ["a defect", "Bad", "leader", "the stream ended within a line"])
  }).pipe(Effect.provide(layer)))
