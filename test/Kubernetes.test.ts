import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Clientset from "../src/Clientset/Clientset.ts"
import * as InformerFactory from "../src/Informer/InformerFactory.ts"
import * as Kubernetes from "../src/Kubernetes.ts"
import * as RestClient from "../src/Rest/RestClient.ts"
import * as Transport from "../src/Rest/Transport.ts"
import * as ApiServer from "../src/Testing/ApiServer.ts"

const create = (name: string) =>
  Effect.flatMap(Clientset.Clientset, ({ coreV1 }) => coreV1.configMaps("default").create({ metadata: { name } }))

const names = Effect.flatMap(
  Clientset.Clientset,
  ({ coreV1 }) => Effect.map(coreV1.configMaps("default").list(), ({ items }) => items.map((one) => one.metadata.name))
)

it.effect("a cluster within another is the one that is read and written", () =>
  Effect.gen(function*() {
    yield* create("outer")
    yield* Effect.gen(function*() {
      yield* create("inner")
      assert.strictEqual((yield* RestClient.RestClient).server, "https://inner")
      assert.deepStrictEqual(yield* names, ["inner"])
    }).pipe(Effect.provide(ApiServer.layerOptions({ server: "https://inner" })))
    assert.deepStrictEqual(yield* names, ["outer"])
  }).pipe(Effect.provide(ApiServer.layerOptions({ server: "https://outer" }))))

it.effect("the same transport means the same clients and informers, another transport others", () =>
  Effect.gen(function*() {
    const one = Layer.succeed(Transport.Transport)((yield* ApiServer.make()).transport)
    const other = Layer.succeed(Transport.Transport)((yield* ApiServer.make()).transport)
    const over = (transport: typeof one) => Kubernetes.layer.pipe(Layer.provide(transport))
    const factory = InformerFactory.InformerFactory
    yield* Effect.gen(function*() {
      const known = yield* factory
      assert.strictEqual(yield* Effect.provide(factory, over(one)), known)
      assert.notStrictEqual(yield* Effect.provide(factory, over(other)), known)
    }).pipe(Effect.provide(over(one)))
  }))
