import { assert, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as Credential from "../../src/Config/Credential.ts"
import * as Authentication from "../../src/Rest/Authentication.ts"
import type { Request } from "../../src/Rest/Request.ts"
import * as RestClient from "../../src/Rest/RestClient.ts"
import * as Transport from "../../src/Rest/Transport.ts"
import * as StubTransport from "./stubTransport.ts"

const pods = { _tag: "Resource", group: "", version: "v1", plural: "pods", namespace: "default" } as const
const list: Request = { method: "GET", verb: "list", target: pods }

const token = (text: string): Credential.Value => ({
  authorization: Credential.bearer(Redacted.make(text)),
  clientCertificate: undefined
})

/** Tokens `t1`, `t2`… one more with each refresh. */
const rotating = () => {
  let count = 1
  let value = token("t1")
  return {
    refreshes: () => count - 1,
    credential: Credential.Credential.of({
      refreshable: true,
      get: Effect.sync(() => value),
      invalidate: (rejected) =>
        Effect.sync(() => {
          if (rejected !== value) return
          value = token(`t${++count}`)
        })
    })
  }
}

/** Accepts only these tokens. */
const accepting = (tokens: () => ReadonlyArray<string>, body: StubTransport.Answer["body"] = "{}") =>
  StubTransport.make((request) => {
    const [value] = StubTransport.values(request, "authorization")
    const text = Redacted.isRedacted(value) ? String(Redacted.value(value)) : ""
    return tokens().some((its) => text === `Bearer ${its}`) ? { status: 200, body } : { status: 401 }
  })

const over = (stub: StubTransport.Stub, options: Authentication.Options) =>
  Effect.provideService(RestClient.make(), Transport.Transport, Authentication.make(options)(stub.transport))

it.effect("a refused token is refreshed once and the request sent once more, a write too", () =>
  Effect.gen(function*() {
    const stub = accepting(() => ["t2"])
    const { credential, refreshes } = rotating()
    const rest = yield* over(stub, { credential })
    yield* rest.json({ method: "POST", verb: "create", target: pods, body: { kind: "Pod" } })
    assert.deepStrictEqual(stub.sent.map((request) => request.body), [`{"kind":"Pod"}`, `{"kind":"Pod"}`])
    yield* rest.json(list)
    assert.strictEqual(refreshes(), 1)
    assert.strictEqual(stub.sent.length, 3)
  }))

it.effect("a token that is refused again is the server's answer", () =>
  Effect.gen(function*() {
    const stub = accepting(() => [])
    const error = yield* Effect.flip(Effect.flatMap(over(stub, rotating()), (rest) => rest.json(list)))
    assert.strictEqual(error.reason._tag, "Unauthorized")
    assert.strictEqual(stub.sent.length, 2)
    assert.strictEqual(stub.open.size, 0)
  }))

it.effect("what cannot be refreshed, or did not change, is not sent again", () =>
  Effect.gen(function*() {
    const fixed = accepting(() => [])
    yield* Effect.flip(
      Effect.flatMap(over(fixed, { credential: Credential.fixed(token("t1")) }), (rest) => rest.json(list))
    )
    assert.strictEqual(fixed.sent.length, 1)
    const value = token("t1")
    const stubborn = Credential.Credential.of({
      refreshable: true,
      get: Effect.succeed(value),
      invalidate: () => Effect.void
    })
    const same = accepting(() => [])
    yield* Effect.flip(Effect.flatMap(over(same, { credential: stubborn }), (rest) => rest.json(list)))
    assert.strictEqual(same.sent.length, 1)
  }))

it.effect("many requests that are refused at once cost one refresh", () =>
  Effect.gen(function*() {
    const { credential, refreshes } = rotating()
    const all = yield* Deferred.make<void>()
    const stub = accepting(() => ["t2"])
    // Answers no one before all have asked.
    const gathered = Transport.Transport.of({
      ...stub.transport,
      execute: (request) =>
        Effect.tap(stub.transport.execute(request), () =>
          stub.sent.length >= 20 ? Deferred.succeed(all, undefined) : Deferred.await(all))
    })
    const rest = yield* Effect.provideService(
      RestClient.make(),
      Transport.Transport,
      Authentication.make({ credential })(gathered)
    )
    yield* Effect.forEach(Array.from({ length: 20 }), () =>
      rest.json(list), { concurrency: "unbounded" })
    assert.strictEqual(refreshes(), 1)
    assert.strictEqual(stub.sent.length, 40)
  }))

it.effect("a watch begins with the new token, and its connection is the only one left open", () =>
  Effect.gen(function*() {
    const event = new TextEncoder().encode(`{"type":"ADDED","object":{"metadata":{}}}\n`)
    const stub = accepting(() => ["t2"], Stream.concat(Stream.make(event), Stream.never))
    const rest = yield* over(stub, rotating())
    const open = yield* rest.watch({ ...list, verb: "watch" }).pipe(
      Stream.map(() => stub.open.size),
      Stream.take(1),
      Stream.runCollect
    )
    assert.deepStrictEqual(open, [1])
    assert.strictEqual(stub.open.size, 0)
  }))

it.effect("a credential that cannot be had fails the request and says why", () =>
  Effect.gen(function*() {
    const stub = accepting(() => [])
    const credential = Credential.Credential.of({
      refreshable: true,
      get: Effect.fail(new Credential.CredentialError({ source: "Exec", description: "get-token exited with 1" })),
      invalidate: () => Effect.void
    })
    const error = yield* Effect.flip(Effect.flatMap(over(stub, { credential }), (rest) => rest.json(list)))
    assert.strictEqual(
      error.message,
      "Transport: list https://stub:6443/api/v1/namespaces/default/pods: getting credentials: get-token exited with 1"
    )
    assert.strictEqual(stub.sent.length, 0)
  }))

it.effect("a request with an Authorization header of its own keeps it", () =>
  Effect.gen(function*() {
    const stub = accepting(() => [])
    const rest = yield* over(stub, { ...rotating(), impersonation: { user: "bob", groups: ["a", "b"] } })
    yield* Effect.flip(rest.json({ ...list, headers: [["Authorization", "Bearer own"]] }))
    assert.deepStrictEqual(StubTransport.values(stub.sent[0], "authorization"), ["Bearer own"])
    assert.deepStrictEqual(StubTransport.values(stub.sent[0], "impersonate-group"), ["a", "b"])
    assert.strictEqual(stub.sent.length, 1)
  }))
