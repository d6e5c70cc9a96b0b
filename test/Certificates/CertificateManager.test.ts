/**
 * Managers against the in-memory API server and a signer, in virtual time. Web Crypto knows no test clock: a test waits
 * for what it caused (`Fiber.join`, a state) before it moves the time on.
 */
import { assert, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Signature from "effect/crypto/Signature"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import { TestClock } from "effect/testing"
import * as Tracer from "effect/Tracer"
import { inspect } from "node:util"
import * as CertificateManager from "../../src/Certificates/CertificateManager.ts"
import * as CertificateMetrics from "../../src/Certificates/CertificateMetrics.ts"
import type { CertificatePair } from "../../src/Certificates/CertificatePair.ts"
import * as CertificateStore from "../../src/Certificates/CertificateStore.ts"
import type * as SigningRequest from "../../src/Certificates/SigningRequest.ts"
import * as ApiError from "../../src/Machinery/ApiError.ts"
import { RequestError, Transport } from "../../src/Machinery/RequestError.ts"
import * as ApiServer from "../../src/Testing/ApiServer.ts"
import * as NodeCertificate from "../../src/Testing/NodeCertificate.ts"
import type * as Identity from "../../src/X509/Identity.ts"
import * as PrivateKey from "../../src/X509/PrivateKey.ts"
import * as Signer from "./signer.ts"

const layer = Layer.merge(ApiServer.layer, PrivateKey.layerWebCrypto)

const node: Identity.Input = { commonName: "system:node:fake", organizations: ["system:nodes"] }

const options: CertificateManager.Options = {
  identity: node,
  signerName: "kubernetes.io/kube-apiserver-client-kubelet",
  usages: "client",
  name: "test"
}

const sign = (validFor: Duration.Input): Signer.Verdict => ({ _tag: "Sign", validFor })

const given = Effect.fnUntraced(function*(validFor: Duration.Input, commonName = node.commonName) {
  const made = yield* NodeCertificate.make({ commonName, organizations: ["system:nodes"], validFor })
  return { certificate: made.certificate, key: Redacted.make(made.key) }
})

/** A store with a pair in it, or none, and a manager over it. */
const start = Effect.fnUntraced(function*(
  more: Partial<CertificateManager.Options> = {},
  initial?: Effect.Success<ReturnType<typeof given>>,
  client?: (client: SigningRequest.Client) => SigningRequest.Client
) {
  const store = yield* CertificateStore.make()
  if (initial !== undefined) yield* store.update(initial.certificate, initial.key)
  const requests = yield* Signer.requests
  const manager = yield* CertificateManager.makeWith(store, client?.(requests) ?? requests, { ...options, ...more })
  return { store, manager }
})

const phase = (
  manager: CertificateManager.CertificateManager["Service"],
  tag: CertificateManager.Phase["_tag"]
) =>
  manager.states.pipe(
    Stream.filter((state) => state.phase._tag === tag),
    Stream.runHead,
    Effect.map(Option.getOrThrow)
  )

const nextPair = (store: CertificateStore.CertificateStore["Service"], after: CertificatePair | undefined) =>
  store.changes.pipe(
    Stream.filter((pair) => Option.isSome(pair) && pair.value !== after),
    Stream.runHead,
    Effect.map((pair) => Option.getOrThrow(Option.flatten(pair)))
  )

/** What runs has come to where it waits. */
const settled = Effect.repeat(Effect.yieldNow, { times: 50 })

const millis = (time: DateTime.Utc) => DateTime.toEpochMillis(time)

it.effect("the first certificate is asked for at once, for the identity that is wanted", () =>
  Effect.gen(function*() {
    const { seen } = yield* Signer.run(() => sign("1 day"))
    const { manager, store } = yield* start()
    assert.isTrue(Option.isNone(yield* manager.current))
    const pair = yield* manager.awaitCurrent
    assert.strictEqual(pair.leaf.identity.commonName, node.commonName)
    assert.deepStrictEqual(pair.leaf.identity.organizations, ["system:nodes"])
    assert.deepStrictEqual(yield* store.current, Option.some(pair))
    assert.deepStrictEqual(seen[0]?.spec.usages, ["digital signature", "client auth"])
    assert.strictEqual(seen[0]?.spec.signerName, options.signerName)
    assert.isTrue((yield* phase(manager, "Holding")).isServerHealthy)
  }).pipe(Effect.scoped, Effect.provide(layer)))

it.effect("a certificate that lasts is used as it is, and nothing is asked for before 70 % of its lifetime", () =>
  Effect.gen(function*() {
    const { seen } = yield* Signer.run(() => sign("1 day"))
    const { manager } = yield* start({}, yield* given("99 hours"))
    const { phase: holding } = yield* phase(manager, "Holding")
    assert.isTrue(Option.isSome(yield* manager.current))
    // From an hour before now until 99 hours after: 70 to 90 of 100 hours.
    const renewAt = holding._tag === "Holding" ? millis(holding.renewAt) / 3_600_000 : 0
    assert.isTrue(renewAt >= 69 && renewAt <= 89, String(renewAt))
    yield* settled
    yield* TestClock.adjust(Duration.hours(renewAt - 0.001))
    assert.strictEqual(seen.length, 0)
    yield* TestClock.adjust("1 minute")
    const { phase: requesting } = yield* phase(manager, "Requesting")
    assert.strictEqual(requesting._tag, "Requesting")
  }).pipe(Effect.scoped, Effect.provide(layer)))

it.effect("certificates are renewed again and again, each with a new key, and none expires in use", () =>
  Effect.gen(function*() {
    const { seen } = yield* Signer.run(() => sign("9 hours"))
    const { manager, store } = yield* start()
    let pair = yield* manager.awaitCurrent
    const keys = new Set([Redacted.value(pair.key)])
    for (let round = 0; round < 5; round++) {
      const { leaf } = pair
      const { phase: holding } = yield* phase(manager, "Holding")
      const renewAt = holding._tag === "Holding" ? millis(holding.renewAt) : 0
      const part = (renewAt - millis(leaf.notBefore)) / (millis(leaf.notAfter) - millis(leaf.notBefore))
      assert.isTrue(part >= 0.7 && part <= 0.9, String(part))
      yield* settled
      yield* TestClock.setTime(renewAt)
      pair = yield* nextPair(store, pair)
      assert.isTrue(Option.isSome(yield* manager.current))
      keys.add(Redacted.value(pair.key))
    }
    assert.strictEqual(seen.length, 6)
    assert.strictEqual(keys.size, 6)
  }).pipe(Effect.scoped, Effect.provide(layer)))

it.effect("an expired certificate is none, and is replaced at once", () =>
  Effect.gen(function*() {
    const old = yield* given("1 hour")
    yield* TestClock.adjust("2 hours")
    yield* Signer.run(() => sign("1 day"))
    const { manager } = yield* start({}, old)
    assert.isTrue(Option.isNone(yield* manager.current))
    yield* manager.awaitCurrent
  }).pipe(Effect.scoped, Effect.provide(layer)))

it.effect("a certificate ends while nobody signs: current is none from then on", () =>
  Effect.gen(function*() {
    yield* Signer.run(() => ({ _tag: "Leave" }))
    const { manager } = yield* start({}, yield* given("10 hours"))
    yield* phase(manager, "Holding")
    yield* settled
    yield* TestClock.adjust("10 hours")
    assert.isTrue(Option.isSome(yield* manager.current))
    yield* TestClock.adjust("1 millis")
    assert.isTrue(Option.isNone(yield* manager.current))
  }).pipe(Effect.scoped, Effect.provide(layer)))

// client-go's TestGetCurrentCertificateOrBootstrap and TestInitializeCertificateSigningRequestClient.
const beginnings = [
  { stored: undefined, bootstrap: undefined, before: undefined, isReplaced: true },
  { stored: undefined, bootstrap: "bootstrap", before: "bootstrap", isReplaced: true },
  { stored: "stored", bootstrap: undefined, before: "stored", isReplaced: false },
  { stored: "stored", bootstrap: "bootstrap", before: "stored", isReplaced: false },
  { stored: "expired", bootstrap: undefined, before: undefined, isReplaced: true },
  { stored: "expired", bootstrap: "bootstrap", before: "bootstrap", isReplaced: true }
] as const

for (const { before, bootstrap, isReplaced, stored } of beginnings) {
  it.effect(`with the store's certificate ${stored} and the bootstrap's ${bootstrap}, ${before} is in use`, () =>
    Effect.gen(function*() {
      const expired = yield* given("1 hour", "expired")
      yield* TestClock.adjust("2 hours")
      const { seen } = yield* Signer.run(() => ({ _tag: "Leave" }))
      const { manager, store } = yield* start(
        {
          identity: { commonName: "stored", organizations: ["system:nodes"] },
          ...(bootstrap === undefined ? {} : { bootstrap: yield* given("1 day", bootstrap) })
        },
        stored === undefined ? undefined : stored === "expired" ? expired : yield* given("1 day", stored)
      )
      const name = (pair: Option.Option<CertificatePair>) =>
        Option.getOrUndefined(Option.map(pair, ({ leaf }) => leaf.identity.commonName))
      assert.strictEqual(name(yield* manager.current), before)
      // What the bootstrap gave is kept, so that a restart finds it.
      if (before === "bootstrap") assert.strictEqual(name(yield* store.current), "bootstrap")
      yield* manager.states.pipe(
        Stream.filter(({ phase }) =>
          isReplaced ? phase._tag === "Requesting" && phase.request !== undefined : phase._tag === "Holding"
        ),
        Stream.runHead
      )
      assert.strictEqual((yield* (yield* Signer.requests).list()).items.length, isReplaced ? 1 : 0)
      assert.isAtMost(seen.length, 1)
    }).pipe(Effect.scoped, Effect.provide(layer)))
}

it.effect("a bootstrap pair that is none fails the manager", () =>
  Effect.gen(function*() {
    const one = yield* given("1 day")
    const error = yield* Effect.flip(
      start({ bootstrap: { certificate: one.certificate, key: (yield* given("1 day")).key } })
    )
    assert.strictEqual(error.reason._tag, "Mismatch")
  }).pipe(Effect.scoped, Effect.provide(layer)))

const status = (code: number, reason: string) =>
  ApiError.fromStatus({ status: "Failure", code, reason, message: "refused" }, {
    verb: "create",
    resource: "certificatesigningrequests"
  })

const proxied = (code: number) =>
  ApiError.fromResponse({ status: code, body: "<html>" }, { verb: "create", resource: "certificatesigningrequests" })

const lost = new RequestError({
  reason: new Transport({ verb: "create", url: "https://s", description: "refused", kind: "Refused" })
})

// client-go's TestServerHealth.
const healths: ReadonlyArray<readonly [what: string, error: ApiError.ApiError | RequestError, isHealthy: boolean]> = [
  ["an error of any kind", status(500, "InternalError"), false],
  ["no connection", lost, false],
  ["Unauthorized", status(401, "Unauthorized"), true],
  ["Unauthorized from a proxy", proxied(401), true],
  ["NotFound", status(404, "NotFound"), true],
  ["NotFound from a proxy", proxied(404), false],
  ["Forbidden", status(403, "Forbidden"), true]
]

for (const [what, error, isHealthy] of healths) {
  it.effect(`${what} on create says that the server is ${isHealthy ? "" : "not "}healthy, and fails the rotation`, () =>
    Effect.gen(function*() {
      const { manager } = yield* start({}, yield* given("1 day"), (client) => ({
        ...client,
        create: () => Effect.fail(error)
      }))
      assert.isFalse((yield* manager.state).isServerHealthy)
      const failure = yield* Effect.flip(manager.rotate)
      assert.strictEqual(failure, error)
      const after = yield* manager.state
      assert.strictEqual(after.isServerHealthy, isHealthy)
      assert.isTrue(Option.isSome(yield* manager.current))
    }).pipe(Effect.scoped, Effect.provide(layer)))
}

it.effect("failed attempts follow after 2, 4, 8 and 16 seconds and then every 32, and are counted", () =>
  Effect.gen(function*() {
    const at: Array<number> = []
    const { manager } = yield* start({}, undefined, (client) => ({
      ...client,
      create: () =>
        Effect.gen(function*() {
          at.push(millis(yield* DateTime.now))
          return yield* status(500, "InternalError")
        })
    }))
    for (let attempt = 1; attempt <= 8; attempt++) {
      yield* manager.states.pipe(
        Stream.filter(({ phase }) => phase._tag === "Retrying" && at.length === attempt),
        Stream.runHead
      )
      yield* TestClock.adjust("36 seconds")
    }
    const gaps = at.slice(1).map((time, index) => (time - (at[index] ?? 0)) / 1000)
    for (const [index, gap] of gaps.entries()) {
      const least = [2, 4, 8, 16][index] ?? 32
      // Time moved on by 36 seconds, so that a gap shows nothing but that it was not longer.
      assert.isAtMost(least, gap)
      assert.isAtMost(gap, 36)
    }
    const errors = yield* Metric.value(Metric.withAttributes(CertificateMetrics.clientRenewErrors, { name: "test" }))
    assert.isAtLeast(errors.count, 8)
  }).pipe(Effect.scoped, Effect.provide(layer), Effect.provideService(Metric.MetricRegistry, new Map())))

for (const verdict of ["Deny", "Fail", "Delete"] as const) {
  it.effect(`after the verdict ${verdict} another request is made`, () =>
    Effect.gen(function*() {
      const { seen } = yield* Signer.run((_request, count) => count === 1 ? { _tag: verdict } : sign("1 day"))
      const { manager } = yield* start()
      const { phase: retrying } = yield* phase(manager, "Retrying")
      assert.strictEqual(retrying._tag === "Retrying" ? retrying.error._tag : "", "CertificateError")
      yield* settled
      yield* TestClock.adjust("3 seconds")
      yield* manager.awaitCurrent
      assert.strictEqual(seen.length, 2)
    }).pipe(Effect.scoped, Effect.provide(layer)))
}

it.effect("a request that nobody answers is followed by another one", () =>
  Effect.gen(function*() {
    const { seen } = yield* Signer.run((_request, count) => count === 1 ? { _tag: "Leave" } : sign("1 day"))
    const { manager } = yield* start({ timeout: "5 minutes" })
    yield* manager.states.pipe(
      Stream.filter(({ phase }) => phase._tag === "Requesting" && phase.request !== undefined),
      Stream.runHead
    )
    yield* settled
    yield* TestClock.adjust("5 minutes")
    yield* phase(manager, "Retrying")
    yield* settled
    yield* TestClock.adjust("3 seconds")
    yield* manager.awaitCurrent
    assert.strictEqual(seen.length, 2)
  }).pipe(Effect.scoped, Effect.provide(layer)))

it.effect("a signer whose certificates are due when they come is asked once a second, not all the time", () =>
  Effect.gen(function*() {
    // An hour before now until a minute after: always past its deadline.
    const { seen } = yield* Signer.run(() => sign("1 minute"))
    const { manager, store } = yield* start()
    let pair = yield* manager.awaitCurrent
    for (let round = 1; round <= 3; round++) {
      yield* phase(manager, "Holding")
      yield* settled
      assert.strictEqual(seen.length, round)
      yield* TestClock.adjust("1 second")
      pair = yield* nextPair(store, pair)
    }
  }).pipe(Effect.scoped, Effect.provide(layer)))

it.effect("a manager waits for somebody to say what is wanted, and follows when that changes", () =>
  Effect.gen(function*() {
    const wanted = yield* SubscriptionRef.make<Identity.Input | undefined>(undefined)
    const { seen } = yield* Signer.run(() => sign("1 day"))
    const { manager, store } = yield* start({ identity: SubscriptionRef.changes(wanted), usages: "server" })
    yield* TestClock.adjust("1 hour")
    assert.strictEqual((yield* manager.state).phase._tag, "Unasked")
    assert.strictEqual(seen.length, 0)

    yield* SubscriptionRef.set(wanted, { ...node, ipAddresses: ["10.0.0.1"] })
    const first = yield* manager.awaitCurrent
    yield* phase(manager, "Holding")

    // Less than the certificate has: nothing to do.
    yield* SubscriptionRef.set(wanted, node)
    yield* TestClock.adjust("1 minute")
    assert.strictEqual((yield* manager.state).phase._tag, "Holding")
    assert.strictEqual(seen.length, 1)

    yield* SubscriptionRef.set(wanted, { ...node, ipAddresses: ["10.0.0.2"] })
    const second = yield* nextPair(store, first)
    assert.deepStrictEqual(second.leaf.identity.ipAddresses, ["10.0.0.2"])
    assert.deepStrictEqual(seen[1]?.spec.usages, ["digital signature", "server auth"])
  }).pipe(Effect.scoped, Effect.provide(layer)))

it.effect("a request that asks for what is no longer wanted is left, and the new one made at once", () =>
  Effect.gen(function*() {
    const wanted = yield* SubscriptionRef.make<Identity.Input | undefined>(node)
    const { seen } = yield* Signer.run((_request, count) => count === 1 ? { _tag: "Leave" } : sign("1 day"))
    const { manager } = yield* start({ identity: SubscriptionRef.changes(wanted) })
    yield* manager.states.pipe(
      Stream.filter(({ phase }) => phase._tag === "Requesting" && phase.request !== undefined),
      Stream.runHead
    )
    yield* SubscriptionRef.set(wanted, { commonName: "other" })
    // Time stands still but for the pause between two requests.
    yield* settled
    yield* TestClock.adjust("1 second")
    assert.strictEqual((yield* manager.awaitCurrent).leaf.identity.commonName, "other")
    assert.strictEqual(seen.length, 2)
  }).pipe(Effect.scoped, Effect.provide(layer)))

it.effect("a signer that gives less than was asked for is not asked again for the same", () =>
  Effect.gen(function*() {
    const wanted = yield* SubscriptionRef.make<Identity.Input | undefined>({ ...node, dnsNames: ["a"] })
    const { seen } = yield* Signer.run(() => ({ _tag: "Sign", validFor: "1 day", identity: node }))
    const { manager } = yield* start({ identity: SubscriptionRef.changes(wanted) })
    yield* phase(manager, "Holding")
    yield* settled
    yield* TestClock.adjust("1 hour")
    assert.strictEqual(seen.length, 1)
    yield* SubscriptionRef.set(wanted, { ...node, dnsNames: ["b"] })
    yield* phase(manager, "Requesting")
    yield* phase(manager, "Holding")
    assert.strictEqual(seen.length, 2)
  }).pipe(Effect.scoped, Effect.provide(layer)))

it.effect("rotate gets another certificate now, and the deadline is that of the new one", () =>
  Effect.gen(function*() {
    yield* Signer.run(() => sign("100 days"))
    const { manager } = yield* start({}, yield* given("10 hours"))
    const { phase: first } = yield* phase(manager, "Holding")
    const pair = yield* manager.rotate
    assert.deepStrictEqual(yield* manager.current, Option.some(pair))
    const second = yield* manager.states.pipe(
      Stream.filter(({ phase }) =>
        phase._tag === "Holding" && first._tag === "Holding" && millis(phase.renewAt) !== millis(first.renewAt)
      ),
      Stream.runHead
    )
    assert.isTrue(Option.isSome(second))
  }).pipe(Effect.scoped, Effect.provide(layer)))

it.effect("metrics are the kubelet's: time left, age at rotation, errors; and they end with the manager", () =>
  Effect.gen(function*() {
    yield* Signer.run(() => sign("1 day"))
    const scope = yield* Scope.make()
    const read = Effect.map(Metric.snapshot, (all) => all.filter((each) => each.id.includes("certificate_manager")))
    const ttl = Effect.map(read, (all) => {
      const found = all.find((each) => each.id === "certificate_manager_client_ttl_seconds")
      return found?.type === "Gauge" ? found.state.value : undefined
    })
    const { manager } = yield* Scope.provide(start(), scope)
    assert.strictEqual(yield* ttl, Infinity)
    yield* phase(manager, "Holding")
    yield* settled
    assert.strictEqual(yield* ttl, 86_400)
    yield* TestClock.adjust("90500 millis")
    assert.strictEqual(yield* ttl, 86_309)
    yield* manager.rotate
    const rotation = yield* Metric.value(Metric.withAttributes(CertificateMetrics.clientRotation, { name: "test" }))
    // An hour before it was issued is when it begins.
    assert.strictEqual(rotation.sum, 3690.5)
    assert.strictEqual(rotation.count, 1)
    assert.isAbove((yield* read).length, 2)
    yield* Scope.close(scope, Exit.void)
    assert.deepStrictEqual(yield* read, [])
  }).pipe(Effect.scoped, Effect.provide(layer), Effect.provideService(Metric.MetricRegistry, new Map())))

it.effect("the time left of an expired certificate is negative", () =>
  Effect.gen(function*() {
    yield* Signer.run(() => ({ _tag: "Leave" }))
    const { manager } = yield* start({ usages: ["server auth"] }, yield* given("1 hour"))
    yield* phase(manager, "Holding")
    yield* settled
    yield* TestClock.adjust("61 minutes")
    const found = (yield* Metric.snapshot).find((each) => each.id === "certificate_manager_server_ttl_seconds")
    assert.strictEqual(found?.type === "Gauge" ? found.state.value : undefined, -60)
  }).pipe(Effect.scoped, Effect.provide(layer), Effect.provideService(Metric.MetricRegistry, new Map())))

it.effect("closing the scope ends a manager in every phase", () =>
  Effect.gen(function*() {
    for (const tag of ["Requesting", "Retrying", "Holding", "Unasked"] as const) {
      const scope = yield* Scope.make()
      const { manager } = yield* Scope.provide(
        start(
          tag === "Unasked" ? { identity: Stream.never } : {},
          tag === "Holding" ? yield* given("1 day") : undefined,
          (client) => tag === "Retrying" ? { ...client, create: () => Effect.fail(lost) } : client
        ),
        scope
      )
      yield* phase(manager, tag)
      yield* settled
      yield* Scope.close(scope, Exit.void)
      const before = (yield* (yield* Signer.requests).list()).items.length
      yield* TestClock.adjust("30 days")
      assert.strictEqual((yield* (yield* Signer.requests).list()).items.length, before)
    }
  }).pipe(Effect.scoped, Effect.provide(layer)))

it.effect("no private key shows in logs, spans, metrics, states, errors or the insides of services", () =>
  Effect.gen(function*() {
    const output: Array<string> = []
    const everything = (value: unknown) => inspect(value, { depth: 20, showHidden: true, getters: true })
    const spans: Array<Tracer.NativeSpan> = []
    const tracer = Tracer.make({
      span: (options) => {
        const span = new Tracer.NativeSpan(options)
        spans.push(span)
        return span
      }
    })
    const logger = Logger.make((options) => {
      output.push(everything(options.message), everything(options.cause), Logger.formatJson.log(options))
    })
    const planted: Array<string> = []
    yield* Effect.gen(function*() {
      yield* Signer.run((_request, count) => count === 2 ? { _tag: "Deny" } : sign("1 day"))
      const bootstrap = yield* given("1 day")
      planted.push(Redacted.value(bootstrap.key))
      const { manager, store } = yield* start({ bootstrap })
      yield* Effect.forkScoped(
        Stream.runForEach(manager.states, (state) => Effect.sync(() => output.push(everything(state))))
      )
      yield* phase(manager, "Requesting")
      const first = yield* nextPair(store, Option.getOrUndefined(yield* manager.current))
      planted.push(Redacted.value(first.key))
      const exit = yield* Effect.exit(manager.rotate)
      assert.strictEqual(exit._tag, "Failure")
      output.push(everything(exit), Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "")
      output.push(everything(manager), everything(store), everything(first), JSON.stringify(first))
      const wrong = yield* Effect.exit(store.update(first.certificate, bootstrap.key))
      output.push(everything(wrong))
    }).pipe(Effect.withTracer(tracer), Effect.provide(Logger.layer([logger])))
    output.push(everything(spans), everything(yield* Metric.snapshot))
    const all = output.join("\n")
    assert.include(all, "a certificate was issued")
    assert.include(all, "Denied")
    assert.isAtLeast(planted.length, 2)
    for (const key of planted) {
      const [, line = ""] = key.split("\n")
      assert.isAbove(line.length, 60)
      assert.notInclude(all, line)
    }
    assert.notInclude(all, "PRIVATE KEY-----")
  }).pipe(
    Effect.scoped,
    Effect.provide(layer),
    Effect.provideService(Metric.MetricRegistry, new Map())
  ))

it.effect("keys are of the algorithm that is asked for", () =>
  Effect.gen(function*() {
    const { seen } = yield* Signer.run(() => sign("1 day"))
    const algorithm = Signature.rsaPkcs1v15({ hash: Signature.rsaPkcs1v15Sha256.hash, modulusLength: 2048 })
    const { manager } = yield* start({ algorithm, lifetime: "1 hour" })
    yield* manager.awaitCurrent
    assert.deepStrictEqual(seen[0]?.spec.usages, ["digital signature", "key encipherment", "client auth"])
    assert.strictEqual(seen[0]?.spec.expirationSeconds, 3600)
  }).pipe(Effect.scoped, Effect.provide(layer)))

it.effect("a rotation that fails or is given up leaves the state as it was", () =>
  Effect.gen(function*() {
    const { seen } = yield* Signer.run((_request, count) => ({ _tag: count === 1 ? "Deny" : "Leave" }))
    const { manager } = yield* start({}, yield* given("1 day"))
    const before = yield* phase(manager, "Holding")
    yield* Effect.flip(manager.rotate)
    assert.deepStrictEqual((yield* manager.state).phase, before.phase)
    const rotation = yield* Effect.forkChild(manager.rotate)
    yield* manager.states.pipe(
      Stream.filter(({ phase }) => phase._tag === "Requesting" && phase.request !== undefined),
      Stream.runHead
    )
    yield* Fiber.interrupt(rotation)
    assert.deepStrictEqual((yield* manager.state).phase, before.phase)
    assert.isAtMost(seen.length, 2)
  }).pipe(Effect.scoped, Effect.provide(layer)))
