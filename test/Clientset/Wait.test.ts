import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { Job, type Job as JobType } from "../../src/Api/batch/v1.ts"
import { Pod } from "../../src/Api/core/v1.ts"
import * as ResourceClient from "../../src/Clientset/ResourceClient.ts"
import * as Wait from "../../src/Clientset/Wait.ts"
import * as WaitCondition from "../../src/Clientset/WaitCondition.ts"
import { RequestError } from "../../src/Machinery/RequestError.ts"
import * as RestClient from "../../src/Rest/RestClient.ts"
import * as Transport from "../../src/Rest/Transport.ts"
import * as StubTransport from "../Rest/stubTransport.ts"

const pod = (version: string, ready: "True" | "False" = "False", uid = "1") => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "web-0", namespace: "default", uid, resourceVersion: version, generation: 2 },
  status: { conditions: [{ type: "Ready", status: ready }] }
})

const list = (version: string, ...items: ReadonlyArray<object>): StubTransport.Answer => ({
  status: 200,
  body: JSON.stringify({ apiVersion: "v1", kind: "PodList", metadata: { resourceVersion: version }, items })
})

const encoder = new TextEncoder()

/** A watch that delivers what the test offers, and ends with `undefined`. */
const watch = (events: Queue.Queue<object | undefined>): StubTransport.Answer => ({
  status: 200,
  body: Stream.fromQueue(events).pipe(
    Stream.takeWhile((event): event is object => event !== undefined),
    Stream.map((event) => encoder.encode(`${JSON.stringify(event)}\n`))
  )
})

const podsOver = (stub: StubTransport.Stub) =>
  Effect.map(
    Effect.provideService(RestClient.make(), Transport.Transport, stub.transport),
    (rest) => ResourceClient.fromRestClient(rest, Pod, "default")
  )

describe("Wait", () => {
  it.effect("is over at once where the condition holds, after one list", () =>
    Effect.gen(function*() {
      const stub = StubTransport.make([list("5", pod("4", "True"))])
      const pods = yield* podsOver(stub)
      assert.strictEqual((yield* Wait.until(pods, "web-0", WaitCondition.ready)).metadata.resourceVersion, "4")
      assert.deepStrictEqual(stub.sent.map(({ path }) => path), [
        "/api/v1/namespaces/default/pods?fieldSelector=metadata.name%3Dweb-0"
      ])
    }))

  it.effect("watches from the list on, and again from the last event when the connection ends", () =>
    Effect.gen(function*() {
      const first = yield* Queue.unbounded<object | undefined>()
      const second = yield* Queue.unbounded<object | undefined>()
      const stub = StubTransport.make([list("5", pod("4")), watch(first), watch(second)])
      const waiting = yield* Effect.forkChild(Wait.until(yield* podsOver(stub), "web-0", WaitCondition.ready))
      yield* Queue.offerAll(first, [{ type: "MODIFIED", object: pod("6") }, undefined])
      yield* TestClock.adjust("1 second")
      yield* Queue.offer(second, { type: "MODIFIED", object: pod("7", "True") })
      assert.strictEqual((yield* Fiber.join(waiting)).metadata.resourceVersion, "7")
      assert.deepStrictEqual(
        stub.sent.slice(1).map(({ path }) => new URL(path, "https://stub").searchParams.get("resourceVersion")),
        ["5", "6"]
      )
      assert.strictEqual(stub.open.size, 0)
    }))

  it.effect("lists again when the version is too old to watch from", () =>
    Effect.gen(function*() {
      const gone = { kind: "Status", apiVersion: "v1", status: "Failure", reason: "Expired", code: 410 }
      const stub = StubTransport.make([
        list("5", pod("4")),
        { status: 410, body: JSON.stringify(gone) },
        list("900", pod("899", "True"))
      ])
      const ready = yield* Wait.until(yield* podsOver(stub), "web-0", WaitCondition.ready)
      assert.strictEqual(ready.metadata.resourceVersion, "899")
    }))

  it.effect("counts an object made anew as gone, and absence as no condition", () =>
    Effect.gen(function*() {
      const events = yield* Queue.unbounded<object | undefined>()
      const stub = StubTransport.make((request) =>
        request.method === "DELETE"
          ? { status: 200, body: JSON.stringify(pod("5")) }
          : request.path.includes("watch=true")
          ? watch(events)
          : list("6", pod("5"))
      )
      const pods = yield* podsOver(stub)
      const deleting = yield* Effect.forkChild(Wait.deletion(pods, "web-0", { gracePeriodSeconds: 3 }))
      yield* Queue.offer(events, { type: "MODIFIED", object: pod("7") })
      yield* TestClock.adjust("1 minute")
      assert.isUndefined(deleting.pollUnsafe())
      yield* Queue.offer(events, { type: "ADDED", object: pod("9", "False", "2") })
      yield* Fiber.join(deleting)
    }))

  it.effect("gives up after its time, and says what was missing", () =>
    Effect.gen(function*() {
      const events = yield* Queue.unbounded<object | undefined>()
      const stub = StubTransport.make((request) => request.path.includes("watch=true") ? watch(events) : list("6"))
      const condition = WaitCondition.and(WaitCondition.created, WaitCondition.not(WaitCondition.ready))
      const waiting = yield* Effect.forkChild(
        Effect.flip(Wait.until(yield* podsOver(stub), "web-0", condition, { timeout: "30 seconds" }))
      )
      yield* TestClock.adjust("29 seconds")
      assert.isUndefined(waiting.pollUnsafe())
      yield* TestClock.adjust("1 second")
      const error = yield* Fiber.join(waiting)
      assert.strictEqual(
        error.message,
        "pods default/web-0: waited 30s for created and not Ready=True (there is no such object)"
      )
      assert.strictEqual(stub.open.size, 0)
    }))

  it.effect("fails where the list is refused, and where a name has no namespace", () =>
    Effect.gen(function*() {
      const stub = StubTransport.make([{ status: 403 }])
      const pods = yield* podsOver(stub)
      const error = yield* Effect.flip(Wait.until(pods, "web-0", WaitCondition.ready))
      assert.isTrue(error._tag === "ApiError" && error.reason._tag === "Forbidden")
      const nowhere = yield* Effect.flip(Wait.until({ ...pods, namespace: undefined }, "web-0", WaitCondition.ready))
      assert.isTrue(nowhere instanceof RequestError && nowhere.reason._tag === "InvalidUrl")
    }))
})

describe("WaitCondition", () => {
  const job = (conditions: NonNullable<JobType["status"]>["conditions"], generation = 1): Job => ({
    metadata: { uid: "1", generation },
    status: { conditions: conditions ?? [] }
  })

  it("holds as the conditions of the object say", () => {
    const done = job([{ type: "Complete", status: "True" }])
    assert.isTrue(WaitCondition.complete.isMet(done))
    assert.isFalse(WaitCondition.failed.isMet(done))
    assert.isFalse(WaitCondition.complete.isMet(job([{ type: "Complete", status: "False" }])))
    assert.isTrue(WaitCondition.condition("Complete", "False").isMet(job([{ type: "Complete", status: "False" }])))
    assert.isFalse(WaitCondition.complete.isMet(undefined))
    assert.isFalse(WaitCondition.complete.isMet({ metadata: {} }))
    assert.strictEqual(Job.kind, "Job")
  })

  it("does not believe a condition about an older generation", () => {
    const of = (observed: number, status?: number) => ({
      metadata: { generation: 2 },
      status: {
        ...(status === undefined ? {} : { observedGeneration: status }),
        conditions: [{ type: "Ready", status: "True", observedGeneration: observed }]
      }
    })
    assert.isFalse(WaitCondition.ready.isMet(of(1)))
    assert.isTrue(WaitCondition.ready.isMet(of(2, 1)))
    assert.isFalse(
      WaitCondition.ready.isMet({
        metadata: { generation: 2 },
        status: { observedGeneration: 1, conditions: [{ type: "Ready", status: "True" }] }
      })
    )
  })

  it("composes, and says what it waits for", () => {
    const either = WaitCondition.or(WaitCondition.complete, WaitCondition.failed)
    assert.strictEqual(either.description, "(Complete=True or Failed=True)")
    assert.isTrue(either.isMet(job([{ type: "Failed", status: "True" }])))
    assert.isFalse(either.isMet(job([])))
    const both = WaitCondition.and(WaitCondition.created, WaitCondition.not(WaitCondition.gone("1")))
    assert.strictEqual(both.description, "created and not gone")
    assert.strictEqual(WaitCondition.not(both).description, "not (created and not gone)")
    assert.isTrue(both.isMet(job([])))
    assert.isFalse(both.isMet(undefined))
    assert.isTrue(WaitCondition.gone("2").isMet(job([])))
    assert.isTrue(WaitCondition.deleted.isMet(undefined))
  })
})
