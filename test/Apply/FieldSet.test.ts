import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as FieldSet from "../../src/Apply/FieldSet.ts"

const element = Schema.Literals(["f:a", "f:b", "k:{\"name\":\"x\"}", "v:\"s\"", "i:0"])
const paths = Schema.Array(Schema.Array(element).check(Schema.isMinLength(1), Schema.isMaxLength(4))).check(
  Schema.isMaxLength(8)
)

const set = FieldSet.fromPaths

const texts = (fields: FieldSet.FieldSet) => FieldSet.paths(fields).map((path) => path.join("/"))

it("reads and writes fieldsV1 as the server spells it", () => {
  const fields = {
    "f:data": { ".": {}, "f:k": {} },
    "f:spec": {
      "f:ports": { "k:{\"port\":80,\"protocol\":\"TCP\"}": { ".": {}, "f:port": {} } },
      "f:replicas": {}
    }
  }
  const parsed = Result.getOrThrow(FieldSet.fromFieldsV1(fields))
  assert.deepStrictEqual(FieldSet.toFieldsV1(parsed), fields)
  assert.deepStrictEqual(FieldSet.paths(parsed).map(FieldSet.printPath), [
    ".data",
    ".data.k",
    `.spec.ports[port=80,protocol="TCP"]`,
    `.spec.ports[port=80,protocol="TCP"].port`,
    ".spec.replicas"
  ])
})

it("refuses what is no path element, and says which", () => {
  for (const bad of ["data", "k:name", "i:x", "x:1", ""]) {
    const parsed = FieldSet.fromFieldsV1({ "f:a": { [bad]: {} } })
    assert.isTrue(Result.isFailure(parsed), bad)
    if (Result.isFailure(parsed)) assert.include(parsed.failure.message, JSON.stringify(bad))
  }
})

it("a key is the same in whatever order its fields are given", () => {
  assert.strictEqual(FieldSet.key({ protocol: "TCP", port: 80 }), `k:{"port":80,"protocol":"TCP"}`)
  assert.strictEqual(FieldSet.printPath([FieldSet.field("finalizers"), FieldSet.value("a/b")]), `.finalizers[="a/b"]`)
})

it("a recursive difference takes what lies below, too", () => {
  const all = set([["f:a"], ["f:a", "f:b"], ["f:b"]])
  assert.deepStrictEqual(texts(FieldSet.difference(all, set([["f:a"]]))), ["f:a/f:b", "f:b"])
  assert.deepStrictEqual(texts(FieldSet.recursiveDifference(all, set([["f:a"]]))), ["f:b"])
  assert.deepStrictEqual(texts(FieldSet.leaves(all)), ["f:a/f:b", "f:b"])
})

it.effect.prop("a set is what a Set of paths is", [paths, paths], ([left, right]) =>
  Effect.sync(() => {
    const [first, second] = [set(left), set(right)]
    const [one, two] = [left, right].map((each) => new Set(each.map((path) => path.join("/"))))
    const sorted = (items: Iterable<string>) => [...items].sort()
    if (one === undefined || two === undefined) return
    assert.deepStrictEqual(sorted(texts(FieldSet.union(first, second))), sorted(one.union(two)))
    assert.deepStrictEqual(sorted(texts(FieldSet.intersection(first, second))), sorted(one.intersection(two)))
    assert.deepStrictEqual(sorted(texts(FieldSet.difference(first, second))), sorted(one.difference(two)))
    const below = [...one].filter((path) => ![...two].some((each) => path === each || path.startsWith(`${each}/`)))
    assert.deepStrictEqual(sorted(texts(FieldSet.recursiveDifference(first, second))), sorted(below))
    assert.strictEqual(FieldSet.equals(first, second), one.symmetricDifference(two).size === 0)
    for (const path of left) assert.isTrue(FieldSet.has(first, path))
    assert.deepStrictEqual(
      texts(Result.getOrThrow(FieldSet.fromFieldsV1(FieldSet.toFieldsV1(first)))),
      texts(first)
    )
  }))
