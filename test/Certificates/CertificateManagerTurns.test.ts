/**
 * A manager and rotations that somebody asks for, side by side: one at a time, for what is wanted when its turn comes,
 * and none that nobody needs any more.
 */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import * as TestClock from "effect/testing/TestClock"
import * as CertificateManager from "../../src/Certificates/CertificateManager.ts"
import * as CertificateStore from "../../src/Certificates/CertificateStore.ts"
import * as ApiServer from "../../src/Testing/ApiServer.ts"
import * as NodeCertificate from "../../src/Testing/NodeCertificate.ts"
import type * as Identity from "../../src/X509/Identity.ts"
import * as PrivateKey from "../../src/X509/PrivateKey.ts"
import * as Signer from "./signer.ts"

const layer = Layer.merge(ApiServer.layer, PrivateKey.layerWebCrypto)

const named = (commonName: string): Identity.Input => ({ commonName })

const given = Effect.fnUntraced(function*(commonName: string) {
  const made = yield* NodeCertificate.make({ commonName, validFor: "1 day" })
  return { certificate: made.certificate, key: Redacted.make(made.key) }
})

/** A manager for what `wanted` says, whose signer does what is said for each request in turn, and then signs. */
const start = Effect.fnUntraced(function*(
  verdicts: ReadonlyArray<"Deny" | "Leave">,
  more: Partial<CertificateManager.Options> & { readonly first?: Identity.Input | undefined; readonly inStore?: string }
) {
  const wanted = yield* SubscriptionRef.make<Identity.Input | undefined>(more.first)
  const { seen } = yield* Signer.run((_request, count) => {
    const verdict = verdicts[count - 1]
    return verdict === undefined ? { _tag: "Sign", validFor: "1 day" } : { _tag: verdict }
  })
  const store = yield* CertificateStore.make()
  if (more.inStore !== undefined) {
    const { certificate, key } = yield* given(more.inStore)
    yield* store.update(certificate, key)
  }
  const manager = yield* CertificateManager.makeWith(store, yield* Signer.requests, {
    identity: SubscriptionRef.changes(wanted),
    signerName: "kubernetes.io/kube-apiserver-client-kubelet",
    usages: "client",
    ...more
  })
  const until = (isIt: (phase: CertificateManager.Phase) => boolean) =>
    manager.states.pipe(Stream.filter(({ phase }) => isIt(phase)), Stream.runHead)
  return { manager, seen, store, until, wanted }
})

const isHolding = (phase: CertificateManager.Phase) => phase._tag === "Holding"
const isRetrying = (phase: CertificateManager.Phase) => phase._tag === "Retrying"
const isWaiting = (phase: CertificateManager.Phase) => phase._tag === "Requesting" && phase.request !== undefined

/** What runs has come to where it waits. */
const settled = Effect.repeat(Effect.yieldNow, { times: 100 })

it.effect("a rotation that succeeds while the manager waits to try again ends its trying", () =>
  Effect.gen(function*() {
    const { manager, seen, until } = yield* start(["Deny"], { first: named("a") })
    yield* until(isRetrying)
    yield* manager.rotate
    yield* until(isHolding)
    yield* settled
    yield* TestClock.adjust("1 hour")
    assert.strictEqual(seen.length, 2)
    assert.isTrue(isHolding((yield* manager.state).phase))
  }).pipe(Effect.scoped, Effect.provide(layer)))

it.effect("a rotation that succeeds while the manager waits for its turn leaves nothing to ask for", () =>
  Effect.gen(function*() {
    const { manager, seen, until, wanted } = yield* start(["Leave"], { inStore: "a", first: named("a") })
    yield* until(isHolding)
    const rotation = yield* Effect.forkChild(manager.rotate)
    yield* until(isWaiting)
    // The manager wants one too now, and waits.
    yield* SubscriptionRef.set(wanted, named("b"))
    yield* settled
    yield* SubscriptionRef.set(wanted, named("a"))
    yield* settled
    assert.strictEqual(seen.length, 1)
    yield* Fiber.interrupt(rotation)
    yield* until(isHolding)
    yield* settled
    yield* TestClock.adjust("1 hour")
    assert.strictEqual(seen.length, 1)
  }).pipe(Effect.scoped, Effect.provide(layer)))

it.effect("a rotation given up before its turn does not change what the state says of the one before it", () =>
  Effect.gen(function*() {
    const { manager, until } = yield* start(["Leave"], { first: named("a") })
    yield* until(isWaiting)
    const { phase } = yield* manager.state
    const rotation = yield* Effect.forkChild(manager.rotate, { startImmediately: true })
    yield* settled
    yield* Fiber.interrupt(rotation)
    assert.strictEqual((yield* manager.state).phase, phase)
  }).pipe(Effect.scoped, Effect.provide(layer)))

it.effect("a rotation asks for what is wanted when its turn comes, not for what was wanted before", () =>
  Effect.gen(function*() {
    const { manager, seen, until, wanted } = yield* start(["Leave"], { inStore: "a", first: named("a") })
    yield* until(isHolding)
    const first = yield* Effect.forkChild(manager.rotate)
    yield* until(isWaiting)
    const second = yield* Effect.forkChild(manager.rotate, { startImmediately: true })
    yield* settled
    yield* SubscriptionRef.set(wanted, named("b"))
    yield* settled
    yield* Fiber.interrupt(first)
    const pair = yield* Fiber.join(second)
    assert.strictEqual(pair.leaf.identity.commonName, "b")
    yield* until(isHolding)
    yield* settled
    yield* TestClock.adjust("1 hour")
    assert.strictEqual(seen.length, 2)
  }).pipe(Effect.scoped, Effect.provide(layer)))

it.effect("as long as nothing is wanted nothing is asked for, though an attempt failed or is under way", () =>
  Effect.gen(function*() {
    for (const verdict of ["Deny", "Leave"] as const) {
      const { manager, seen, until, wanted } = yield* start([verdict], { first: named("a") })
      yield* until(verdict === "Deny" ? isRetrying : isWaiting)
      yield* SubscriptionRef.set(wanted, undefined)
      yield* until(({ _tag }) => _tag === "Unasked")
      yield* settled
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(seen.length, 1)
      yield* SubscriptionRef.set(wanted, named("b"))
      assert.strictEqual((yield* manager.awaitCurrent).leaf.identity.commonName, "b")
    }
  }).pipe(Effect.scoped, Effect.provide(layer)))

it.effect("what is wanted no more is not asked for again, and the certificate in use stays", () =>
  Effect.gen(function*() {
    const { manager, seen, until, wanted } = yield* start(["Deny"], { inStore: "a", first: named("a") })
    yield* until(isHolding)
    yield* SubscriptionRef.set(wanted, named("b"))
    yield* until(isRetrying)
    yield* SubscriptionRef.set(wanted, named("a"))
    yield* until(isHolding)
    yield* settled
    yield* TestClock.adjust("1 hour")
    assert.strictEqual(seen.length, 1)
    assert.strictEqual((yield* manager.awaitCurrent).leaf.identity.commonName, "a")
  }).pipe(Effect.scoped, Effect.provide(layer)))

it.effect("a manager that holds a certificate says so until nothing is wanted, and renews it then no more", () =>
  Effect.gen(function*() {
    const { seen, until, wanted } = yield* start([], { inStore: "a", first: named("a") })
    yield* until(isHolding)
    yield* SubscriptionRef.set(wanted, undefined)
    yield* until(({ _tag }) => _tag === "Unasked")
    yield* TestClock.adjust("30 hours")
    assert.strictEqual(seen.length, 0)
  }).pipe(Effect.scoped, Effect.provide(layer)))

it.effect("a bootstrap certificate is replaced although it has all that is wanted, whatever happens meanwhile", () =>
  Effect.gen(function*() {
    const { manager, seen, until, wanted } = yield* start(["Deny"], {
      first: named("other"),
      bootstrap: yield* given("a")
    })
    yield* until(isRetrying)
    yield* SubscriptionRef.set(wanted, named("a"))
    yield* settled
    yield* TestClock.adjust("1 second")
    yield* until(isHolding)
    assert.strictEqual(seen.length, 2)
    assert.isTrue(Option.isSome(yield* manager.current))
  }).pipe(Effect.scoped, Effect.provide(layer)))

it.effect("a clock that is set back does not keep a manager from asking", () =>
  Effect.gen(function*() {
    yield* TestClock.setTime(86_400_000)
    const { manager, until, wanted } = yield* start(["Leave"], { first: named("a") })
    yield* until(isWaiting)
    yield* TestClock.setTime(3_600_000)
    yield* SubscriptionRef.set(wanted, named("b"))
    yield* settled
    yield* TestClock.adjust("1 second")
    assert.strictEqual((yield* manager.awaitCurrent).leaf.identity.commonName, "b")
  }).pipe(Effect.scoped, Effect.provide(layer)))
