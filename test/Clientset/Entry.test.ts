import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as Scheduler from "effect/Scheduler"
import * as TestClock from "effect/testing/TestClock"
import { ConfigMap } from "../../src/Api/core/v1.ts"
import * as Entry from "../../src/Clientset/Entry.ts"
import * as ResourceClient from "../../src/Clientset/ResourceClient.ts"
import * as JsonMergePatch from "../../src/Machinery/JsonMergePatch.ts"
import * as RestClient from "../../src/Rest/RestClient.ts"
import * as Transport from "../../src/Rest/Transport.ts"
import * as StubTransport from "../Rest/stubTransport.ts"

interface Stored {
  readonly metadata: { readonly resourceVersion: string }
  readonly data?: { readonly [key: string]: string }
}

/** A server of one ConfigMap with optimistic locking; `meddle` runs before each write. */
const server = (initial: Stored["data"] | undefined, meddle?: (state: { stored: Stored | undefined }) => void) => {
  let version = 1
  const store = (data: Stored["data"]): Stored & object =>
    JSON.parse(JSON.stringify({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "settings", namespace: "default", uid: "1", resourceVersion: String(version++) },
      data
    }))
  const state: { stored: Stored | undefined } = { stored: initial === undefined ? undefined : store(initial) }
  const stub = StubTransport.make(({ body, method }) => {
    if (method !== "GET") meddle?.(state)
    const given = body === undefined ? undefined : JSON.parse(String(body)) as Stored
    if (method === "POST") {
      if (state.stored !== undefined) return { status: 409, body: status("AlreadyExists", 409) }
      state.stored = store(given?.data)
    } else if (state.stored === undefined) return { status: 404 }
    else if (method === "PUT") {
      if (given?.metadata.resourceVersion !== state.stored.metadata.resourceVersion) {
        return { status: 409, body: status("Conflict", 409) }
      }
      state.stored = store(given.data)
    } else if (method === "PATCH") state.stored = store(JsonMergePatch.apply<Stored>(state.stored, given ?? {}).data)
    return { status: 200, body: JSON.stringify(state.stored) }
  })
  return { stub, state, store }
}

const status = (reason: string, code: number) =>
  JSON.stringify({ kind: "Status", apiVersion: "v1", status: "Failure", reason, code })

const clientOf = (stub: StubTransport.Stub) =>
  Effect.map(
    Effect.provideService(RestClient.make(), Transport.Transport, stub.transport),
    (rest) => ResourceClient.fromRestClient(rest, ConfigMap, "default")
  )

const painted = (client: Entry.Client<ConfigMap, "Namespaced">, color: string) =>
  Entry.make(client, "settings").pipe(
    Entry.orMake(() => ({ data: { size: "1" } })),
    Entry.change((settings) => ({ ...settings, data: { ...settings.data, color } }))
  )

// The retries wait by the clock.
const settled = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.forkChild(effect)
    while (fiber.pollUnsafe() === undefined) yield* TestClock.adjust("20 millis")
    return yield* Fiber.join(fiber)
  })

const methods = (stub: StubTransport.Stub) => stub.sent.map(({ method }) => method)

it.effect("makes what is not there, with the name of the entry", () =>
  Effect.gen(function*() {
    const { stub } = server(undefined)
    const { object, operation } = yield* Entry.commit({ fieldManager: "me" })(painted(yield* clientOf(stub), "red"))
    assert.strictEqual(operation, "created")
    assert.deepStrictEqual(object.data, { size: "1", color: "red" })
    assert.strictEqual(stub.sent[1]?.path, "/api/v1/namespaces/default/configmaps?fieldManager=me")
    assert.deepStrictEqual(JSON.parse(String(stub.sent[1]?.body)).metadata, { name: "settings" })
  }))

it.effect("writes nothing where nothing changes", () =>
  Effect.gen(function*() {
    const { stub } = server({ color: "red" })
    const client = yield* clientOf(stub)
    assert.strictEqual((yield* Entry.commit()(painted(client, "red"))).operation, "unchanged")
    assert.strictEqual((yield* Entry.commitPatch()(painted(client, "red"))).operation, "unchanged")
    assert.deepStrictEqual(methods(stub), ["GET", "GET"])
  }))

it.effect("begins again from what another wrote, made or deleted meanwhile", () =>
  Effect.gen(function*() {
    let meddled = 0
    const written = server({ a: "1" }, (state) => {
      if (meddled++ === 0) state.stored = written.store({ a: "2" })
    })
    const first = yield* settled(Entry.commit()(painted(yield* clientOf(written.stub), "red")))
    assert.deepStrictEqual(first.object.data, { a: "2", color: "red" })
    assert.deepStrictEqual(methods(written.stub), ["GET", "PUT", "GET", "PUT"])

    meddled = 0
    const made = server(undefined, (state) => {
      if (meddled++ === 0) state.stored = made.store({ a: "3" })
    })
    const second = yield* settled(Entry.commit()(painted(yield* clientOf(made.stub), "red")))
    assert.deepStrictEqual([second.operation, second.object.data], ["updated", { a: "3", color: "red" }])

    meddled = 0
    const deleted = server({ a: "4" }, (state) => {
      if (meddled++ === 0) state.stored = undefined
    })
    const third = yield* settled(Entry.commit()(painted(yield* clientOf(deleted.stub), "red")))
    assert.deepStrictEqual([third.operation, third.object.data], ["created", { size: "1", color: "red" }])
  }))

it.effect("gives up with the last Conflict", () =>
  Effect.gen(function*() {
    let round = 0
    const busy = server({ a: "0" }, (state) => {
      state.stored = busy.store({ a: String(++round) })
    })
    const error = yield* settled(Effect.flip(Entry.commit()(painted(yield* clientOf(busy.stub), "red"))))
    assert.strictEqual(error.reason._tag, "Conflict")
    assert.strictEqual(round, 5)
  }))

it.effect("sends only what differs as a patch, which needs no retry", () =>
  Effect.gen(function*() {
    const { state, store, stub } = server({ a: "1", color: "red" }, (state) => {
      state.stored = store({ a: "2", color: "red" })
    })
    const { object } = yield* Entry.createOrPatch(yield* clientOf(stub), "settings", (settings) => ({
      ...settings,
      data: { ...settings?.data, color: "blue" }
    }))
    assert.deepStrictEqual(object.data, { a: "2", color: "blue" })
    assert.deepStrictEqual(JSON.parse(String(stub.sent[1]?.body)), { data: { color: "blue" } })
    assert.strictEqual(state.stored?.data?.["a"], "2")
  }))

it.effect("refuses a change that names another object, before anything is sent", () =>
  Effect.gen(function*() {
    for (const initial of [undefined, { size: "1" }]) {
      const { stub } = server(initial)
      const client = yield* clientOf(stub)
      for (const write of [Entry.createOrUpdate, Entry.createOrPatch]) {
        const error = yield* Effect.flip(write(client, "settings", () => ({ metadata: { name: "other" }, data: {} })))
        assert.include(error.message, "settings: the change is of another object, other")
      }
      assert.deepStrictEqual(methods(stub), ["GET", "GET"])
    }
  }))

it.effect("fails with NotFound for what is neither there nor made", () =>
  Effect.gen(function*() {
    const { stub } = server(undefined)
    const entry = Entry.make(yield* clientOf(stub), "settings").pipe(Entry.change((settings) => settings))
    const error = yield* Effect.flip(Entry.commit()(entry))
    assert.strictEqual(error.reason._tag, "NotFound")
  }))

for (const yieldAfter of [3, 4, 5, 7]) {
  it.effect(`loses no change of 12 writers at once (${yieldAfter} operations at a time)`, () =>
    Effect.gen(function*() {
      const { state, stub } = server(undefined)
      const client = yield* clientOf(stub)
      const writers = Effect.forEach(
        Array.from({ length: 12 }, (_, index) => `writer-${index}`),
        (writer) =>
          Entry.createOrUpdate(client, "settings", (settings) => ({
            ...settings,
            data: { ...settings?.data, [writer]: "yes" }
          }), { schedule: Schedule.spaced("10 millis") }),
        { concurrency: 12 }
      )
      yield* settled(Effect.provideService(writers, Scheduler.MaxOpsBeforeYield, yieldAfter))
      assert.strictEqual(Object.keys(state.stored?.data ?? {}).length, 12)
    }))
}
