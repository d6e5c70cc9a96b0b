import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Unstructured from "../../src/Machinery/Unstructured.ts"

const object = {
  apiVersion: "example.com/v1",
  kind: "Website",
  metadata: { name: "web", labels: { app: "web" }, finalizers: ["a"] },
  spec: { replicas: 3, ratio: 0.5, tls: true, hosts: [{ name: "h1" }, { name: "h2" }], none: null }
}

it.effect("reads members by their types; absent and null are none", () =>
  Effect.gen(function*() {
    assert.deepStrictEqual(
      yield* Effect.fromResult(Unstructured.get(object, ["spec", "replicas"], "integer")),
      Option.some(3)
    )
    assert.deepStrictEqual(
      yield* Effect.fromResult(Unstructured.get(object, ["spec", "ratio"], "number")),
      Option.some(0.5)
    )
    assert.deepStrictEqual(
      yield* Effect.fromResult(Unstructured.get(object, ["spec", "tls"], "boolean")),
      Option.some(true)
    )
    assert.deepStrictEqual(
      yield* Effect.fromResult(Unstructured.get(object, ["spec", "hosts", -1, "name"], "string")),
      Option.some("h2")
    )
    assert.deepStrictEqual(
      yield* Effect.fromResult(Unstructured.get(object, ["metadata", "labels"], "stringMap")),
      Option.some({ app: "web" })
    )
    assert.deepStrictEqual(
      yield* Effect.fromResult(Unstructured.get(object, ["metadata", "finalizers"], "strings")),
      Option.some(["a"])
    )
    for (const path of [["spec", "none"], ["spec", "none", "deep"], ["status", "phase"], ["spec", "hosts", 9]]) {
      assert.deepStrictEqual(yield* Effect.fromResult(Unstructured.get(object, path, "string")), Option.none())
    }
  }))

const wrong: ReadonlyArray<readonly [path: Unstructured.Path, type: keyof Unstructured.Types, message: string]> = [
  [["spec", "replicas"], "string", ".spec.replicas: expected a string, found the number 3"],
  [["spec", "ratio"], "integer", ".spec.ratio: expected an integer, found the number 0.5"],
  [["spec", "replicas", "deep"], "string", ".spec.replicas: expected an object, found the number 3"],
  [["spec", "hosts", "name"], "string", ".spec.hosts: expected an object, found a list"],
  [["spec", 0], "string", ".spec: expected a list, found an object"],
  [["spec", "hosts"], "strings", ".spec.hosts: expected a list of strings, found a list"],
  [["spec", "hosts", 0, "name"], "boolean", ".spec.hosts[0].name: expected a boolean, found the string \"h1\""],
  [["metadata", "labels", "app"], "object", ".metadata.labels.app: expected an object, found the string \"web\""],
  [["metadata", "example.com/x", "y"], "number", ""]
]

it.effect.each(wrong)(
  "a wrong type at %j is an error that says where",
  ([path, type, message]) =>
    Effect.gen(function*() {
      const read = Unstructured.get(object, path, type)
      const found = Result.match(read, { onFailure: (error) => error.message, onSuccess: () => "" })
      assert.strictEqual(found, message)
    })
)

const Path = Schema.NonEmptyArray(Schema.Literals(["a", "b", "example.com/c", "__proto__", "constructor"]))

it.prop("what is set is read back, and nothing else changes", [
  Schema.Record(Schema.String, Schema.Json),
  Path,
  Schema.String
], (
  [target, path, value]
) => {
  const before = JSON.stringify(target)
  const changed = Unstructured.set(target, path, value)
  if (Result.isFailure(changed)) {
    assert.isTrue(Result.isFailure(Unstructured.get(target, path, "string")))
    return
  }
  assert.deepStrictEqual(Result.getOrThrow(Unstructured.get(changed.success, path, "string")), Option.some(value))
  assert.strictEqual(JSON.stringify(target), before)
  const removed = Result.getOrThrow(Unstructured.remove(changed.success, path))
  assert.isFalse(Unstructured.has(removed, path))
  for (const key of Object.keys(target)) if (key !== path[0]) assert.strictEqual(removed[key], target[key])
})

it.effect("sets and removes items of lists", () =>
  Effect.gen(function*() {
    const set = yield* Effect.fromResult(Unstructured.set(object, ["spec", "hosts", 1, "port"], 80))
    assert.deepStrictEqual(set.spec.hosts, [{ name: "h1" }, { name: "h2", port: 80 }])
    const appended = yield* Effect.fromResult(Unstructured.set(object, ["spec", "hosts", 2], { name: "h3" }))
    assert.lengthOf(appended.spec.hosts, 3)
    const removed = yield* Effect.fromResult(Unstructured.remove(object, ["spec", "hosts", 0]))
    assert.deepStrictEqual(removed.spec.hosts, [{ name: "h2" }])
    assert.strictEqual(yield* Effect.fromResult(Unstructured.remove(object, ["spec", "absent", "deep"])), object)
    const error = yield* Effect.flip(Effect.fromResult(Unstructured.set(object, ["spec", "hosts", 7, "x"], 1)))
    assert.strictEqual(error.message, ".spec.hosts: expected a list of at least 7 items, found a list")
    const onTheWay = yield* Effect.flip(Effect.fromResult(Unstructured.set(object, ["kind", "deep"], 1)))
    assert.strictEqual(onTheWay.message, ".kind: expected an object, found the string \"Website\"")
  }))

it("takes decoded JSON for an object only where it names its type", () => {
  assert.strictEqual<unknown>(Result.getOrThrow(Unstructured.fromUnknown(object)), object)
  const messages = [5, [], { kind: "A" }, { apiVersion: "v1", kind: "" }, { apiVersion: "v1", kind: "A", metadata: 1 }]
    .map((value) =>
      Result.match(Unstructured.fromUnknown(value), { onFailure: (error) => error.message, onSuccess: () => "" })
    )
  assert.deepStrictEqual(messages, [
    ".: expected an object, found the number 5",
    ".: expected an object, found a list",
    ".apiVersion: expected a string that is not empty, found null",
    ".kind: expected a string that is not empty, found the string \"\"",
    ".metadata: expected an object, found the number 1"
  ])
})

it("a copy shares nothing", () => {
  const copied = Unstructured.copy(object)
  assert.deepStrictEqual(copied, object)
  assert.notStrictEqual(copied.spec.hosts[0], object.spec.hosts[0])
})
