import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Scheduler from "effect/Scheduler"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { Lease } from "../../src/Api/coordination/v1.ts"
import { LeaseCandidate as Candidate } from "../../src/Api/coordination/v1beta1.ts"
import { Event as CoreEvent } from "../../src/Api/core/v1.ts"
import { Role, RoleBinding } from "../../src/Api/rbac/v1.ts"
import * as ResourceClient from "../../src/Clientset/ResourceClient.ts"
import * as EventRecorder from "../../src/Events/EventRecorder.ts"
import * as LeaderElection from "../../src/LeaderElection/LeaderElection.ts"
import type { LeaderElectionRecord } from "../../src/LeaderElection/LeaderElectionRecord.ts"
import * as LeaderElector from "../../src/LeaderElection/LeaderElector.ts"
import * as LeaseCandidate from "../../src/LeaderElection/LeaseCandidate.ts"
import * as ResourceLock from "../../src/LeaderElection/ResourceLock.ts"
import * as RestClient from "../../src/Rest/RestClient.ts"
import { Transport } from "../../src/Rest/Transport.ts"
import * as ApiServer from "../../src/Testing/ApiServer.ts"
import * as MemoryLease from "./memoryLease.ts"

/** Lets everything that is runnable run, before time goes on and after. */
const settle = Effect.repeat(Effect.yieldNow, { times: 300 })
const adjust = (duration: Duration.Input) =>
  settle.pipe(Effect.andThen(TestClock.adjust(duration)), Effect.andThen(settle))

const options = { namespace: "default", name: "web-controller" }

const refused = MemoryLease.failure(403, "Forbidden")

const leases = ResourceClient.make(Lease, "default")
const spec = Effect.flatMap(leases, (leases) => Effect.map(leases.get("web-controller"), ({ spec }) => spec))

describe("LeaderElection.whileLeading", () => {
  it.effect("holds a Lease that client-go's elector reads: six digits, whole seconds, an empty holder at the end", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.never.pipe(
        LeaderElection.whileLeading({ ...options, identity: "a", labels: { app: "web" } }),
        Effect.forkChild
      )
      yield* adjust("4 seconds")
      const lease = yield* Effect.flatMap(leases, (leases) => leases.get("web-controller"))
      assert.deepStrictEqual(lease.metadata.labels, { app: "web" })
      assert.deepStrictEqual(lease.spec, {
        holderIdentity: "a",
        leaseDurationSeconds: 15,
        leaseTransitions: 0,
        acquireTime: "1970-01-01T00:00:00.000000Z",
        renewTime: "1970-01-01T00:00:04.000000Z"
      })
      yield* Fiber.interrupt(fiber)
      assert.deepInclude(yield* spec, { holderIdentity: "", leaseDurationSeconds: 1 })
    }).pipe(Effect.provide(ApiServer.layer)))

  it.effect("keeps what others wrote on the Lease", () =>
    Effect.gen(function*() {
      const client = yield* leases
      yield* client.create({
        metadata: { name: "web-controller", labels: { team: "x" }, annotations: { note: "y" } },
        spec: { leaseTransitions: 7 }
      })
      yield* LeaderElection.whileLeading(Effect.void, { ...options, labels: { app: "web" } })
      const lease = yield* client.get("web-controller")
      assert.deepStrictEqual(lease.metadata.labels, { team: "x", app: "web" })
      assert.deepStrictEqual(lease.metadata.annotations, { note: "y" })
      assert.strictEqual(lease.spec?.leaseTransitions, 8)
    }).pipe(Effect.provide(ApiServer.layer)))

  it.effect("sets its labels again where somebody changed them, and leaves others as they are", () =>
    Effect.gen(function*() {
      const client = yield* leases
      const fiber = yield* Effect.never.pipe(
        LeaderElection.whileLeading({ ...options, identity: "a", labels: { app: "web" } }),
        Effect.forkChild
      )
      yield* adjust("1 second")
      const { metadata } = yield* client.get("web-controller")
      yield* client.update({
        metadata: { ...metadata, labels: { app: "other", team: "x" } },
        spec: { holderIdentity: "a", leaseDurationSeconds: 15, leaseTransitions: 0 }
      })
      yield* adjust("2 seconds")
      assert.deepStrictEqual((yield* client.get("web-controller")).metadata.labels, { app: "web", team: "x" })
      yield* Fiber.interrupt(fiber)
    }).pipe(Effect.provide(ApiServer.layer)))

  it.effect("a candidate that watches follows at once", () =>
    Effect.gen(function*() {
      const events: Array<string> = []
      const replica = (identity: string) =>
        Effect.acquireUseRelease(
          Effect.sync(() => events.push(`${identity} begins`)),
          () => Effect.never,
          () => Effect.sync(() => events.push(`${identity} ended`))
        ).pipe(LeaderElection.whileLeading({ ...options, identity, watch: true }), Effect.forkChild)
      const first = yield* replica("a")
      yield* adjust("1 second")
      const second = yield* replica("b")
      yield* adjust("1 minute")
      yield* Fiber.interrupt(first)
      yield* settle
      assert.deepStrictEqual(events, ["a begins", "a ended", "b begins"])
      assert.strictEqual((yield* spec)?.holderIdentity, "b")
      yield* Fiber.interrupt(second)
    }).pipe(Effect.provide(ApiServer.layer)))

  it.effect("a Lease that somebody deletes stays the leader's, and its terms are counted on", () =>
    Effect.gen(function*() {
      const client = yield* leases
      yield* client.create({ metadata: { name: "web-controller" }, spec: { leaseTransitions: 4 } })
      const elector = yield* LeaderElection.make({ ...options, identity: "a" })
      yield* Effect.forkScoped(elector.whileLeading(Effect.never))
      yield* adjust("1 second")
      const second = yield* LeaderElection.make({ ...options, identity: "b", watch: true })
      yield* Effect.forkScoped(second.whileLeading(Effect.never))
      yield* adjust("10 seconds")
      for (let round = 0; round < 5; round++) {
        yield* client.delete("web-controller")
        yield* adjust("2 seconds")
        assert.deepInclude(yield* spec, { holderIdentity: "a", leaseTransitions: 5 })
        assert.strictEqual((yield* elector.state)._tag, "Leading")
        assert.strictEqual((yield* second.state)._tag, "Standby")
      }
    }).pipe(Effect.provide(ApiServer.layer)))

  it.effect("a candidate that may not watch goes on looking", () =>
    Effect.gen(function*() {
      const lock = yield* ResourceLock.lease({ ...options, identity: "b" })
      let watches = 0
      const freed = () => {
        watches++
        return Stream.fail(refused)
      }
      const elector = yield* LeaderElector.make({ ...lock, freed }, { watch: true })
      const first = yield* Effect.forkChild(
        LeaderElection.whileLeading(Effect.never, { ...options, identity: "a", releaseOnEnd: false })
      )
      yield* adjust("1 second")
      yield* Effect.forkScoped(elector.whileLeading(Effect.never))
      yield* adjust("10 seconds")
      yield* Fiber.interrupt(first)
      yield* adjust("30 seconds")
      assert.strictEqual((yield* elector.state)._tag, "Leading")
      assert.strictEqual(watches, 1)
    }).pipe(Effect.provide(ApiServer.layer)))

  it.effect("leaves a scope that the effect asks for to the caller", () =>
    Effect.gen(function*() {
      const events: Array<string> = []
      yield* Effect.scoped(Effect.gen(function*() {
        yield* Effect.addFinalizer(() => Effect.sync(() => events.push("released"))).pipe(
          LeaderElection.whileLeading(options)
        )
        events.push("led")
      }))
      assert.deepStrictEqual(events, ["led", "released"])
    }).pipe(Effect.provide(ApiServer.layer)))

  it.effect("records events on the Lease where a recorder is provided", () =>
    Effect.gen(function*() {
      yield* LeaderElection.whileLeading(Effect.void, { ...options, identity: "a" }).pipe(
        Effect.provide(EventRecorder.layer({ controller: "web-controller" }))
      )
      const events = yield* ResourceClient.make(CoreEvent, "default")
      const { items } = yield* events.list()
      assert.deepStrictEqual(items.map(({ message }) => message).sort(), ["a became leader", "a stopped leading"])
      for (const { involvedObject, reason } of items) {
        assert.deepInclude(involvedObject, { kind: "Lease", name: "web-controller" })
        assert.strictEqual(reason, "LeaderElection")
      }
    }).pipe(Effect.provide(ApiServer.layer)))

  it.effect("an identity is the host's name and random digits, and not empty", () =>
    Effect.gen(function*() {
      const identity = yield* LeaderElection.defaultIdentity.pipe(
        Effect.provide(ConfigProvider.layer(ConfigProvider.fromUnknown({ HOSTNAME: "Web-0" })))
      )
      assert.match(identity, /^web-0-[0-9a-f]{16}$/)
      const error = yield* Effect.flip(LeaderElection.whileLeading(Effect.void, { ...options, identity: "" }))
      assert.strictEqual(error.reason._tag === "InvalidOptions" && error.reason.option, "identity")
    }).pipe(Effect.provide(ApiServer.layer)))

  it.effect("a candidate without the right to write says so and is not ready", () =>
    Effect.gen(function*() {
      const elector = yield* LeaderElection.make(options)
      yield* Effect.forkScoped(elector.whileLeading(Effect.never))
      yield* adjust("1 second")
      const state = yield* elector.state
      assert.strictEqual(state._tag === "Blocked" && state.error.reason._tag, "Forbidden")
      const { message } = yield* Effect.flip(elector.checkReady)
      assert.include(message, "cannot get resource \"leases\"")
    }).pipe(Effect.provide(ApiServer.layerOptions({
      authorization: "RBAC",
      user: { name: "somebody", groups: ["system:authenticated"] }
    }))))

  const rounds = 1000
  it.effect(
    `leaves no lease and no work behind in ${rounds} rounds of interruption at any step`,
    () =>
      Effect.gen(function*() {
        let working = 0
        let most = 0
        let begun = 0
        const work = Effect.acquireUseRelease(
          Effect.sync(() => {
            begun++
            most = Math.max(most, ++working)
          }),
          () => Effect.sleep("100 seconds"),
          () => Effect.sync(() => working--)
        )
        for (let round = 0; round < rounds; round++) {
          const fibers = yield* Effect.forEach(["a", "b"], (identity) =>
            work.pipe(
              LeaderElection.whileLeading({ ...options, identity }),
              Effect.provideService(Scheduler.MaxOpsBeforeYield, 3 + round % 5),
              Effect.forkChild
            ))
          for (let turn = 0; turn < round % 97; turn++) yield* Effect.yieldNow
          yield* Fiber.interruptAll(fibers)
          assert.strictEqual(working, 0, `round ${round}`)
          const holder = yield* Effect.orElseSucceed(Effect.map(spec, (spec) => spec?.holderIdentity), () => "")
          assert.strictEqual(holder, "", `round ${round}`)
        }
        assert.strictEqual(most, 1)
        assert.isAbove(begun, 0)
      }).pipe(Effect.provide(ApiServer.layer)),
    60_000
  )
})

describe("ResourceLock.lease", () => {
  it.effect("says that there is none, creates it once, and writes nothing against what it did not hold", () =>
    Effect.gen(function*() {
      const lock = yield* ResourceLock.lease({ ...options, identity: "a" })
      assert.strictEqual(lock.description, "default/web-controller")
      assert.deepStrictEqual(yield* lock.get, Option.none())
      const record: LeaderElectionRecord = {
        holderIdentity: "a",
        leaseDurationSeconds: 15,
        acquireTime: "2026-01-01T00:00:00.000000Z",
        renewTime: "2026-01-01T00:00:01.000000Z",
        leaderTransitions: 3
      }
      const held = yield* lock.create(record)
      assert.deepStrictEqual(Option.map(yield* lock.get, (found) => found.record), Option.some(record))
      assert.strictEqual((yield* Effect.flip(lock.create(record))).reason._tag, "AlreadyExists")
      yield* lock.update(held, { ...record, holderIdentity: "b" })
      assert.strictEqual((yield* Effect.flip(lock.update(held, record))).reason._tag, "Conflict")
      yield* Effect.flatMap(leases, (client) => client.delete("web-controller"))
      const { reason } = yield* Effect.flip(lock.update(held, record))
      assert.notInclude(["Transport", "Timeout", "Encode", "Decode", "InvalidUrl"], reason._tag)
      assert.deepStrictEqual(yield* lock.get, Option.none())
      // Nobody records: no recorder was provided.
      yield* lock.recordEvent(held, "became leader")
      const events = yield* ResourceClient.make(CoreEvent, "default")
      assert.deepStrictEqual((yield* events.list()).items, [])
    }).pipe(Effect.provide(ApiServer.layer)))
})

describe("LeaseCandidate", () => {
  const server = ApiServer.layerOptions({ apis: "all" })
  const candidate = { namespace: "default", name: "a", leaseName: "web-controller", binaryVersion: "1.36.0" }
  const found = Effect.flatMap(
    ResourceClient.make(Candidate, "default"),
    (candidates) => Effect.map(candidates.get("a"), ({ metadata, spec }) => ({ ...spec, uid: metadata.uid }))
  )

  it.effect("creates itself, renews every five minutes, and is gone at the end", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(LeaseCandidate.run(candidate))
      yield* adjust("1 second")
      const first = yield* found
      assert.deepInclude(first, {
        leaseName: "web-controller",
        binaryVersion: "1.36.0",
        emulationVersion: "1.36.0",
        strategy: "OldestEmulationVersion",
        renewTime: "1970-01-01T00:00:00.000000Z"
      })
      yield* adjust("5 minutes")
      const renewed = yield* found
      assert.strictEqual(renewed.uid, first.uid)
      assert.strictEqual(renewed.renewTime, "1970-01-01T00:05:00.000000Z")
      yield* Fiber.interrupt(fiber)
      assert.strictEqual((yield* Effect.flip(found)).reason._tag, "NotFound")
    }).pipe(Effect.provide(server)))

  it.effect("answers a ping at once, and comes back when somebody deletes it", () =>
    Effect.gen(function*() {
      const candidates = yield* ResourceClient.make(Candidate, "default")
      yield* Effect.forkScoped(LeaseCandidate.run(candidate))
      yield* adjust("30 seconds")
      const object = yield* candidates.get("a")
      yield* candidates.update({ ...object, spec: { ...object.spec, pingTime: "1970-01-01T00:00:30.000000Z" } })
      yield* adjust("1 second")
      const { renewTime } = yield* found
      assert.strictEqual(renewTime, "1970-01-01T00:00:30.000000Z")
      yield* candidates.delete("a")
      yield* adjust("1 second")
      assert.notStrictEqual((yield* found).uid, object.metadata.uid)
    }).pipe(Effect.provide(server)))

  it.effect("a ping is one that is later than the renewal", () =>
    Effect.sync(() => {
      const at = (pingTime?: string, renewTime?: string) =>
        LeaseCandidate.isPinged({
          spec: {
            leaseName: "x",
            binaryVersion: "1.0.0",
            strategy: "s",
            ...(pingTime === undefined ? {} : { pingTime }),
            ...(renewTime === undefined ? {} : { renewTime })
          }
        })
      assert.isFalse(at())
      assert.isTrue(at("2026-01-01T00:00:00.000000Z"))
      assert.isTrue(at("2026-01-01T00:00:00.000001Z", "2026-01-01T00:00:00.000000Z"))
      assert.isFalse(at("2026-01-01T00:00:00.000000Z", "2026-01-01T00:00:00.000000Z"))
    }))

  it.effect("an elector in a coordinated election leads when the server writes it into the Lease", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const elector = yield* LeaderElection.make({
        ...options,
        identity: "a",
        coordinated: { binaryVersion: "1.36.0" }
      }).pipe(Scope.provide(scope))
      const fiber = yield* Effect.forkChild(elector.whileLeading(Effect.never))
      yield* adjust("10 seconds")
      assert.strictEqual((yield* elector.state)._tag, "Standby")
      assert.strictEqual((yield* found).leaseName, "web-controller")
      const client = yield* leases
      yield* client.create({
        metadata: { name: "web-controller" },
        spec: {
          holderIdentity: "a",
          leaseDurationSeconds: 5,
          renewTime: "1970-01-01T00:00:10.000000Z",
          strategy: "OldestEmulationVersion"
        }
      })
      yield* adjust("4.4 seconds")
      assert.strictEqual((yield* elector.state)._tag, "Leading")
      assert.deepInclude(yield* spec, { leaseDurationSeconds: 15, strategy: "OldestEmulationVersion" })
      yield* Fiber.interrupt(fiber)
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual((yield* Effect.flip(found)).reason._tag, "NotFound")
    }).pipe(Effect.provide(server)))

  it.effect("an elector whose candidate cannot be written says so and is not ready, until it can", () =>
    Effect.gen(function*() {
      const api = yield* ApiServer.ApiServer
      const administrator = <A, E>(effect: Effect.Effect<A, E, RestClient.RestClient>) =>
        effect.pipe(
          Effect.provide(RestClient.layer),
          Effect.provideService(Transport, api.as(ApiServer.administrator))
        )
      const grant = (resource: string) =>
        administrator(Effect.gen(function*() {
          const metadata = { name: resource }
          yield* Effect.flatMap(ResourceClient.make(Role, "default"), (roles) =>
            roles.create({
              metadata,
              rules: [{ apiGroups: ["coordination.k8s.io"], resources: [resource], verbs: ["*"] }]
            }))
          yield* Effect.flatMap(ResourceClient.make(RoleBinding, "default"), (bindings) =>
            bindings.create({
              metadata,
              roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: resource },
              subjects: [{ kind: "User", name: "somebody", apiGroup: "rbac.authorization.k8s.io" }]
            }))
        }))
      yield* grant("leases")
      const elector = yield* LeaderElection.make({
        ...options,
        identity: "a",
        coordinated: { binaryVersion: "1.36.0" }
      })
      yield* Effect.forkScoped(elector.whileLeading(Effect.never))
      yield* adjust("5 seconds")
      const state = yield* elector.state
      assert.strictEqual(state._tag === "Blocked" && state.error.reason._tag, "Forbidden")
      const { message } = yield* Effect.flip(elector.checkReady)
      assert.include(message, "cannot get resource \"leasecandidates\"")
      yield* grant("leasecandidates")
      yield* adjust("1 minute")
      yield* elector.checkReady
      assert.strictEqual((yield* elector.state)._tag, "Standby")
      assert.strictEqual((yield* administrator(found)).leaseName, "web-controller")
    }).pipe(
      Effect.scoped,
      Effect.provide(Logger.layer([])),
      Effect.provide(ApiServer.layerOptions({
        apis: "all",
        authorization: "RBAC",
        user: { name: "somebody", groups: ["system:authenticated"] }
      }))
    ))
})
