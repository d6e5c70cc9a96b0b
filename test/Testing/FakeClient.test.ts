import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { Deployment } from "../../src/Api/apps/v1.ts"
import { ConfigMap } from "../../src/Api/core/v1.ts"
import * as ResourceClient from "../../src/Clientset/ResourceClient.ts"
import { DynamicClient } from "../../src/Dynamic/DynamicClient.ts"
import * as Patch from "../../src/Machinery/Patch.ts"
import * as FakeClient from "../../src/Testing/FakeClient.ts"

const settings = {
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "settings", namespace: "shop" },
  data: { color: "red" }
}

const configMaps = ResourceClient.make(ConfigMap, "shop")

it.effect("holds the objects it was given, and records the calls and not their making", () =>
  Effect.gen(function*() {
    const fake = yield* FakeClient.FakeClient
    const client = yield* configMaps
    assert.deepStrictEqual(yield* fake.actions, [])
    assert.deepStrictEqual((yield* client.get("settings")).data, { color: "red" })
    yield* client.patch("settings", Patch.merge({ data: { color: "blue" } }))
    yield* Effect.ignore(client.get("nothing"))
    assert.deepStrictEqual(
      (yield* fake.actions).map(({ body, name, namespace, resource, verb }) => [verb, resource, namespace, name, body]),
      [
        ["get", "configmaps", "shop", "settings", undefined],
        ["patch", "configmaps", "shop", "settings", { data: { color: "blue" } }],
        ["get", "configmaps", "shop", "nothing", undefined]
      ]
    )
    yield* fake.clearActions
    assert.deepStrictEqual(yield* fake.actions, [])
  }).pipe(Effect.provide(FakeClient.layer([settings]))))

it.effect("a reactor answers in place of the server, the last one first", () =>
  Effect.gen(function*() {
    const fake = yield* FakeClient.FakeClient
    const client = yield* configMaps
    let left = 2
    yield* fake.prependReactor("update", "configmaps", () =>
      Effect.succeed(
        left-- > 0
          ? Option.some(FakeClient.failure({ code: 409, reason: "Conflict", message: "not now" }))
          : Option.none()
      ))
    const object = yield* client.get("settings")
    const update = client.update({ ...object, data: { color: "green" } })
    assert.strictEqual((yield* Effect.flip(update)).reason._tag, "Conflict")
    assert.strictEqual((yield* Effect.flip(update)).reason._tag, "Conflict")
    assert.deepStrictEqual((yield* update).data, { color: "green" })
    yield* fake.prependReactor("get", "*", ({ name }) =>
      Effect.succeed(Option.some(FakeClient.object({ ...settings, metadata: { name, uid: "made-up" } }))))
    assert.strictEqual((yield* client.get("anything")).metadata.uid, "made-up")
  }).pipe(Effect.provide(FakeClient.layer([settings]))))

it.effect("a reactor sees a subresource by its name, and not by that of the object", () =>
  Effect.gen(function*() {
    const fake = yield* FakeClient.FakeClient
    const seen: Array<string> = []
    const note = (label: string) => () =>
      Effect.sync(() => {
        seen.push(label)
        return Option.none()
      })
    yield* fake.prependReactor("*", "deployments", note("object"))
    yield* fake.prependReactor("*", "deployments/scale", note("scale"))
    const deployments = yield* ResourceClient.make(Deployment, "shop")
    yield* Effect.ignore(deployments.get("web"))
    yield* Effect.ignore(deployments.subresource("scale").get("web"))
    assert.deepStrictEqual(seen, ["object", "scale"])
  }).pipe(Effect.provide(FakeClient.layer([settings]))))

it.effect("a watch may be the test's own, for the dynamic client too", () =>
  Effect.gen(function*() {
    const fake = yield* FakeClient.FakeClient
    const event = {
      type: "ADDED",
      object: { ...settings, metadata: { name: "made-up", resourceVersion: "7" } }
    } as const
    yield* fake.prependReactor(
      "watch",
      "configmaps",
      () => Effect.succeed(Option.some(FakeClient.watch(Stream.make(event, { ...event, type: "DELETED" as const }))))
    )
    const dynamic = (yield* DynamicClient).resource(ConfigMap, "shop")
    const events = yield* dynamic.watch({}).pipe(Stream.take(2), Stream.runCollect)
    assert.deepStrictEqual(events.map(({ type }) => type), ["ADDED", "DELETED"])
  }).pipe(Effect.provide(FakeClient.layer([settings]))))
