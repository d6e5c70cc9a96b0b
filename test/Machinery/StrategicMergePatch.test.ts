import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { Deployment } from "../../src/Api/apps/v1.ts"
import { Pod, Service } from "../../src/Api/core/v1.ts"
import * as StrategicMergePatch from "../../src/Machinery/StrategicMergePatch.ts"
import type { Structure } from "../../src/Machinery/Structure.ts"
import { read } from "./vectors.ts"

type Json = { readonly [key: string]: unknown }
interface Pair {
  readonly kind: "Pod" | "Deployment"
  readonly from: Json
  readonly to: Json
  readonly patch: Json
  readonly result: Json
}

const vectors = read<{
  readonly documents: { readonly [name: string]: Json }
  readonly apply: ReadonlyArray<
    { kind: keyof typeof kinds; document: string; patch: Json; result?: Json; error?: string }
  >
  readonly create: ReadonlyArray<Pair>
  readonly threeWay: ReadonlyArray<Pair & { readonly original: Json; readonly conflict?: boolean }>
}>("strategic")

const kinds = { Pod, Deployment, Service }

const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value)

/** Go leaves nulls and directives in what it takes whole from a patch; they go when the server decodes the result. */
const decoded = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.filter((item) => !(isObject(item) && "$patch" in item)).map(decoded)
    : isObject(value)
    ? Object.fromEntries(
      Object.entries(value)
        .filter(([key, member]) => member !== null && !/^\$(setElementOrder|deleteFrom|retainKeys)/.test(key))
        .map(([key, member]) => [key, decoded(member)])
    )
    : value

it("applies and refuses as the API server does, in its words", () => {
  for (const { document, error, kind, patch, result } of vectors.apply) {
    const answer = Result.match(
      StrategicMergePatch.apply<Json>(kinds[kind], vectors.documents[document] ?? {}, patch),
      {
        onFailure: ({ reason }) => ({ error: reason.description }),
        onSuccess: (value) => ({ result: value })
      }
    )
    assert.deepStrictEqual<unknown>(
      answer,
      error === undefined ? { result: decoded(result) } : { error },
      `${document} ${JSON.stringify(patch)}`
    )
  }
})

it("computes the patches that Go computes, and they do what Go says they do", () => {
  for (const { from, kind, patch, result, to } of vectors.create) {
    assert.deepStrictEqual<unknown>(Result.getOrThrow(StrategicMergePatch.create(kinds[kind], from, to)), patch)
    assert.deepStrictEqual<unknown>(
      Result.getOrThrow(StrategicMergePatch.apply<Json>(kinds[kind], from, patch)),
      decoded(result)
    )
  }
})

/** Go compares a list with its own sorted copy, and so sets an order of finalizers that is there already. */
const withoutIdleOrder = (value: unknown): unknown =>
  isObject(value)
    ? Object.fromEntries(
      Object.entries(value)
        .filter(([key]) => key !== "$setElementOrder/finalizers")
        .map(([key, member]) => [key, withoutIdleOrder(member)] as const)
        .filter(([, member]) => !(isObject(member) && Object.keys(member).length === 0))
    )
    : Array.isArray(value)
    ? value.map(withoutIdleOrder)
    : value

/**
 * The order of a list from which the patch deletes, and to which it adds, depends in Go on memory that the deletion has
 * overwritten.
 */
const unordered = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(unordered).sort((left, right) => JSON.stringify(left) < JSON.stringify(right) ? -1 : 1)
    : isObject(value)
    ? Object.fromEntries(Object.keys(value).sort().map((key) => [key, unordered(value[key])]))
    : value

it("computes three-way patches, and finds conflicts, as Go does", () => {
  for (const { conflict, from, kind, original, patch, result, to } of vectors.threeWay) {
    const objects = { original, modified: to, current: from }
    assert.deepStrictEqual(
      withoutIdleOrder(Result.getOrThrow(StrategicMergePatch.createThreeWay(kinds[kind], objects))),
      withoutIdleOrder(patch)
    )
    assert.deepStrictEqual(
      unordered(Result.getOrThrow(StrategicMergePatch.apply<Json>(kinds[kind], from, patch))),
      unordered(decoded(result))
    )
    assert.strictEqual(
      Result.isFailure(StrategicMergePatch.createThreeWay(kinds[kind], { ...objects, overwrite: false })),
      conflict ?? false
    )
  }
})

const structure: Structure = {
  fields: {
    keyed: { patchStrategy: ["merge"], patchMergeKey: "name", of: () => structure },
    retained: { patchStrategy: ["merge", "retainKeys"], patchMergeKey: "name" },
    union: { patchStrategy: ["retainKeys"] },
    whole: { patchStrategy: ["replace"] },
    set: { patchStrategy: ["merge"] },
    map: { of: () => ({ values: () => structure }) }
  }
}

const Name = Schema.Literals(["a", "b", "c", "d"])
const Scalar = Schema.Union([Name, Schema.Int, Schema.Boolean])
const Open = Schema.Record(Schema.Literals(["x", "y", "z", "__proto__"]), Schema.optionalKey(Scalar))

interface Node {
  readonly name?: string
  readonly keyed?: ReadonlyArray<Node>
  readonly [member: string]: unknown
}
const Leaf = Schema.Struct({
  name: Name,
  union: Schema.optionalKey(Open),
  whole: Schema.optionalKey(Open),
  set: Schema.optionalKey(Schema.Array(Name)),
  retained: Schema.optionalKey(Schema.Array(Schema.Struct({ name: Name, v: Schema.optionalKey(Open) }))),
  atomic: Schema.optionalKey(Schema.Array(Scalar)),
  // A field that no structure knows.
  unknown: Schema.optionalKey(Schema.Struct({ deep: Schema.optionalKey(Open), list: Schema.Array(Open) }))
})
const Branch = Schema.Struct({
  ...Leaf.fields,
  keyed: Schema.optionalKey(Schema.Array(Leaf)),
  map: Schema.optionalKey(Schema.Record(Schema.Literals(["k", "l"]), Schema.optionalKey(Leaf)))
})
const Root = Schema.Struct({ ...Branch.fields, keyed: Schema.optionalKey(Schema.Array(Branch)) })

/** Lists that are merged name each item once. */
const distinct = (value: unknown): unknown => {
  if (Array.isArray(value)) {
    const seen = new Set<unknown>()
    return value.map(distinct).filter((item) => {
      const key = isObject(item) && "name" in item ? item["name"] : item
      if (typeof key === "object" || seen.has(key)) return typeof key === "object"
      seen.add(key)
      return true
    })
  }
  if (!isObject(value)) return value
  const result: Record<string, unknown> = {}
  for (const [key, member] of Object.entries(value)) {
    Object.defineProperty(result, key, {
      value: distinct(member),
      enumerable: true,
      writable: true,
      configurable: true
    })
  }
  return result
}

it.prop("what create computes turns one object into the other: items, order, unknown fields and all", [Root, Root], (
  given
) => {
  const [from, to] = given.map(distinct) as [Node, Node]
  const patch = Result.getOrThrow(StrategicMergePatch.create({ structure }, from, to))
  assert.deepStrictEqual(Result.getOrThrow(StrategicMergePatch.apply<Node>({ structure }, from, patch)), to)
})

it.prop("an object differs from itself in nothing", [Root], ([given]) => {
  const object = distinct(given) as Node
  assert.deepStrictEqual<unknown>(Result.getOrThrow(StrategicMergePatch.create({ structure }, object, object)), {})
})

/** Unions say which members there may be, so applying one takes away those of others. */
const withoutUnions = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(withoutUnions)
    : isObject(value)
    ? Object.fromEntries(
      Object.entries(value)
        .filter(([key]) => key !== "union" && key !== "retained")
        .map(([key, member]) => [key, withoutUnions(member)])
    )
    : value

it.prop("a three-way patch of what was applied before takes nothing of others", [Root, Root], (given) => {
  const [mine, theirs] = given.map(distinct).map(withoutUnions) as [Node, Node]
  const current = Result.getOrThrow(StrategicMergePatch.apply<Node>({ structure }, theirs, mine))
  const patch = Result.getOrThrow(
    StrategicMergePatch.createThreeWay<Node>({ structure }, { original: mine, modified: mine, current })
  )
  assert.deepStrictEqual(
    unordered(Result.getOrThrow(StrategicMergePatch.apply<Node>({ structure }, current, patch))),
    unordered(current)
  )
})

it.effect.each(
  [
    [{ keyed: [{ image: "x" }] }, "Inapplicable", "map: map[image:x] does not contain declared merge key: name"],
    [{ keyed: [["x"]] }, "Inapplicable", "lists of lists are not supported"],
    [
      { keyed: [{ name: "a", $patch: "frob" }] },
      "Malformed",
      "unknown patch type: frob in map: map[$patch:frob name:a]"
    ],
    [{ union: { $patch: "merge" } }, "Malformed", "unknown patch type: merge in map: map[$patch:merge]"],
    [{ union: { $retainKeys: ["x"], y: 1 } }, "Malformed", "invalid patch format of retainKeys"],
    [{ "$setElementOrder/set": "a" }, "Malformed", "expected a []interface {}, but received a string"],
    [
      { "$setElementOrder/keyed": [{ name: "b" }, { name: "a" }], keyed: [{ name: "a" }, { name: "b" }] },
      "Malformed",
      "The order in patch list:\n[map[name:a] map[name:b]]\n doesn't match $setElementOrder list:\n[map[name:b] map[name:a]]\n"
    ],
    [{ "$deleteFromPrimitiveList": ["a"] }, "Malformed", "invalid patch format of primitive list"]
  ] as const
)("says what is wrong with %j", ([patch, tag, description]) =>
  Effect.gen(function*() {
    const target = { keyed: [{ name: "a" }], union: { x: 1 }, set: ["a"] }
    const error = yield* Effect.flip(Effect.fromResult(StrategicMergePatch.apply<Json>({ structure }, target, patch)))
    assert.deepStrictEqual<unknown>([error.reason._tag, error.reason.description], [tag, description])
  }))

it.effect("names both sides of a conflict", () =>
  Effect.gen(function*() {
    const error = yield* Effect.flip(Effect.fromResult(StrategicMergePatch.createThreeWay<Json>(Deployment, {
      original: { spec: { replicas: 1 } },
      modified: { spec: { replicas: 2 } },
      current: { spec: { replicas: 3 } },
      overwrite: false
    })))
    assert.strictEqual(
      error.message,
      "Conflict: the patch {\"spec\":{\"replicas\":2}} conflicts with changes made from original to current {\"spec\":{\"replicas\":3}}"
    )
  }))

it("changes nothing in place and shares what it does not touch", () => {
  const freeze = <A>(value: A): A => {
    if (typeof value === "object" && value !== null) Object.values(Object.freeze(value)).forEach(freeze)
    return value
  }
  const target = freeze({ keyed: [{ name: "a", v: { w: 1 } }, { name: "b" }], other: { x: [1] } })
  const patch = freeze({ keyed: [{ name: "a", image: "x" }, { name: "b", $patch: "delete" as const }] })
  const patched = Result.getOrThrow(StrategicMergePatch.apply<Json>({ structure }, target, patch))
  assert.deepStrictEqual(patched, { keyed: [{ name: "a", v: { w: 1 }, image: "x" }], other: { x: [1] } })
  assert.strictEqual(patched["other"], target.other)
})
