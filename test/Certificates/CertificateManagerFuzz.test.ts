/**
 * Managers whose rotations are interrupted at any point, while the signer denies, forgets and is slow and what is wanted
 * changes, with fibers that yield after every few operations: whatever happened, once it is over a manager holds what is
 * wanted and asks for nothing more.
 */
import { assert, it } from "@effect/vitest"
import * as WebCrypto from "effect/crypto/WebCrypto"
import * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Scheduler from "effect/Scheduler"
import * as Scope from "effect/Scope"
import * as SubscriptionRef from "effect/SubscriptionRef"
import * as TestClock from "effect/testing/TestClock"
import { CertificateError, Store } from "../../src/Certificates/CertificateError.ts"
import * as CertificateManager from "../../src/Certificates/CertificateManager.ts"
import * as CertificateStore from "../../src/Certificates/CertificateStore.ts"
import * as ApiServer from "../../src/Testing/ApiServer.ts"
import * as Identity from "../../src/X509/Identity.ts"
import * as PrivateKey from "../../src/X509/PrivateKey.ts"
import * as RandomScheduler from "../Informer/randomScheduler.ts"
import * as Signer from "./signer.ts"

/** Web Crypto that tells how much of it is under way, as no clock and no scheduler knows of it. */
const counts = { begun: 0, ended: 0 }
const subtle = new Proxy(globalThis.crypto.subtle, {
  get: (target, name) => {
    const method: unknown = Reflect.get(target, name)
    return typeof method !== "function" ? method : async (...args: ReadonlyArray<unknown>) => {
      counts.begun++
      try {
        return await Reflect.apply(method, target, args)
      } finally {
        counts.ended++
      }
    }
  }
})
const layerCrypto = Layer.provideMerge(
  PrivateKey.layerWebCrypto,
  WebCrypto.layer(
    new Proxy(globalThis.crypto, {
      get: (target, name) => name === "subtle" ? subtle : Reflect.get(target, name, target)
    })
  )
)

/** One turn of the event loop. */
const turn = Effect.callback<void>((resume) => {
  setImmediate(() => resume(Effect.void))
})

const wishes: ReadonlyArray<Identity.Input> = ["a", "b"].map((name) => ({ commonName: name, dnsNames: [name] }))

const round = Effect.fnUntraced(function*(seed: number) {
  const random = yield* Random.Random
  const ready = RandomScheduler.make(() => random.nextDoubleUnsafe())
  return yield* Effect.gen(function*() {
    /** Waits until every other fiber waits for the clock or a signer. */
    const settle = Effect.gen(function*() {
      let before = -1
      while (before !== counts.begun + counts.ended || counts.begun !== counts.ended) {
        before = counts.begun + counts.ended
        yield* ready.settle
        yield* turn
      }
    })
    const some = Effect.gen(function*() {
      for (let turns = yield* Random.nextIntBetween(0, 12); turns > 0; turns--) {
        yield* Effect.andThen(turn, Effect.yieldNow)
      }
    })
    const pass = (time: Duration.Input) => Effect.andThen(TestClock.adjust(time), settle)
    const chance = (parts: number) => Effect.map(Random.nextIntBetween(0, parts), (part) => part === 0)

    let isFaulty = true
    let failures = 4
    const { seen } = yield* Signer.run((_request, count) => {
      const verdict = (seed * 31 + count * 17) % 7
      return isFaulty && verdict === 0
        ? { _tag: "Deny" }
        : isFaulty && verdict === 1
        ? { _tag: "Leave" }
        : isFaulty && verdict === 2
        ? { _tag: "Sign", validFor: "1 day", identity: { commonName: "less" } }
        : { _tag: "Sign", validFor: "1 day" }
    })
    const store = yield* CertificateStore.make({
      persist: () =>
        Effect.flatMap(chance(4), (isBroken) =>
          isFaulty && isBroken && failures-- > 0
            ? new CertificateError({ reason: new Store({ path: "/pki", description: "the disk is full" }) })
            : Effect.yieldNow)
    })
    const wanted = yield* SubscriptionRef.make<Identity.Input | undefined>(wishes[0])
    const scope = yield* Scope.make()
    const manager = yield* CertificateManager.makeWith(store, yield* Signer.requests, {
      identity: SubscriptionRef.changes(wanted),
      signerName: "kubernetes.io/kube-apiserver-client-kubelet",
      usages: "client",
      timeout: "1 minute"
    }).pipe(Scope.provide(scope))

    const rotations: Array<Fiber.Fiber<unknown, unknown>> = []
    for (let step = 0; step < 14; step++) {
      switch (yield* Random.nextIntBetween(0, 5)) {
        case 0: {
          yield* SubscriptionRef.set(wanted, (yield* chance(3)) ? undefined : wishes[step % 2])
          break
        }
        case 1: {
          rotations.push(
            yield* Effect.forkChild(manager.rotate)
          )
          yield* some
          break
        }
        case 2: {
          const [rotation] = rotations.splice(0, 1)
          if (rotation !== undefined) yield* Fiber.interrupt(rotation)
          break
        }
        case 3: {
          yield* TestClock.adjust("1 second")
          yield* some
          break
        }
        default:
          yield* TestClock.adjust("35 seconds")
      }
    }
    isFaulty = false
    yield* SubscriptionRef.set(wanted, wishes[1])
    // A rotation waits for its turn, so that one may follow another: each gives up a request that nobody answers.
    for (let minute = 0; minute <= rotations.length + 1; minute++) yield* pass("66 seconds")
    for (const rotation of rotations) {
      assert.isDefined(rotation.pollUnsafe(), `a rotation of round ${seed} does not end`)
    }
    const pair = Option.getOrThrow(yield* manager.current)
    const { phase } = yield* manager.state
    const where = `round ${seed}: ${JSON.stringify(phase)}`
    assert.strictEqual(phase._tag, "Holding", where)
    const part = phase._tag !== "Holding"
      ? 0
      : (DateTime.toEpochMillis(phase.renewAt) - DateTime.toEpochMillis(pair.leaf.notBefore))
        / (DateTime.toEpochMillis(pair.leaf.notAfter) - DateTime.toEpochMillis(pair.leaf.notBefore))
    assert.isTrue(part >= 0.699 && part <= 0.9, `${where}: ${part}`)
    const { identity } = pair.leaf
    assert.isTrue(Identity.satisfies(identity, wishes[1] ?? assert.fail()) || identity.commonName === "less", where)
    const asked = seen.length
    yield* pass("2 hours")
    assert.strictEqual(seen.length, asked, `${where} asks again`)
    assert.strictEqual((yield* manager.state).phase, phase, where)
    yield* Scope.close(scope, Exit.void)
    yield* settle
    assert.strictEqual(counts.begun, counts.ended)
    return { asked, failures }
  }).pipe(
    Effect.scoped,
    Effect.provide(Layer.fresh(ApiServer.layer)),
    Effect.provideService(Scheduler.Scheduler, ready.scheduler),
    Effect.provideService(Scheduler.MaxOpsBeforeYield, 3 + seed % 5)
  )
}, (effect, seed) => Random.withSeed(effect, `certificates ${seed}`))

it.effect("whatever becomes of rotations, a manager comes to hold what is wanted and to ask no more", () =>
  Effect.gen(function*() {
    const rounds = yield* Effect.forEach(Array.from({ length: 60 }, (_, seed) => seed), round)
    assert.isTrue(rounds.some(({ failures }) => failures < 4))
  }).pipe(Effect.provide(layerCrypto), Effect.provide(Logger.layer([]))))
