import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { Deployment } from "../../src/Api/apps/v1.ts"
import * as GroupVersion from "../../src/Machinery/GroupVersion.ts"
import * as GroupVersionKind from "../../src/Machinery/GroupVersionKind.ts"
import * as GroupVersionResource from "../../src/Machinery/GroupVersionResource.ts"
import * as ObjectKey from "../../src/Machinery/ObjectKey.ts"
import * as ObjectReference from "../../src/Machinery/ObjectReference.ts"
import * as Resource from "../../src/Machinery/Resource.ts"
import { read } from "./vectors.ts"

it("orders versions by priority as Go does", () => {
  for (
    const { left, order, right } of read<ReadonlyArray<{ left: string; right: string; order: number }>>("versions")
  ) {
    // Go's order has the preferred version last.
    assert.strictEqual(Math.sign(GroupVersion.comparePriority(left, right)) + order, 0, `${left} ${right}`)
  }
  assert.deepStrictEqual(["v1beta1", "foo", "v2", "v1", "v2alpha1"].sort(GroupVersion.comparePriority), [
    "v2",
    "v1",
    "v1beta1",
    "v2alpha1",
    "foo"
  ])
})

const Group = Schema.Literals(["", "apps", "example.com", "rbac.authorization.k8s.io"])
const Version = Schema.Literals(["v1", "v1beta1"])

it.prop("an apiVersion parses back", [Schema.Struct({ group: Group, version: Version })], ([groupVersion]) => {
  assert.deepStrictEqual(Result.getOrThrow(GroupVersion.parse(Resource.apiVersion(groupVersion))), groupVersion)
})

it.prop("names of kinds and resources parse back, with and without version", [Group, Version], ([group, version]) => {
  const kind = { group, version, kind: "Thing" }
  assert.deepStrictEqual(GroupVersionKind.parse(GroupVersionKind.print(kind)).versioned, Option.some(kind))
  assert.deepStrictEqual(
    GroupVersionKind.parseGroupKind(GroupVersionKind.print({ group, kind: "Thing" })),
    { group, kind: "Thing" }
  )
  const resource = { group, version, resource: "things" }
  assert.deepStrictEqual(
    GroupVersionResource.parse(GroupVersionResource.print(resource)).versioned,
    Option.some(resource)
  )
  assert.deepStrictEqual(
    GroupVersionResource.parseGroupResource(GroupVersionResource.print({ group, resource: "things" })),
    { group, resource: "things" }
  )
})

it("reads what a user typed in both ways", () => {
  assert.deepStrictEqual(GroupVersionResource.parse("deployments.v1.apps"), {
    versioned: Option.some({ group: "apps", version: "v1", resource: "deployments" }),
    unversioned: { group: "v1.apps", resource: "deployments" }
  })
  assert.deepStrictEqual(GroupVersionKind.parse("Deployment.apps"), {
    versioned: Option.none(),
    unversioned: { group: "apps", kind: "Deployment" }
  })
})

it("names types as messages do", () => {
  assert.strictEqual(GroupVersionKind.describe(Deployment), "apps/v1, Kind=Deployment")
  assert.strictEqual(
    GroupVersionResource.describe(GroupVersionResource.fromResource(Deployment)),
    "apps/v1, Resource=deployments"
  )
})

it.effect("says what is wrong with an apiVersion or a key, and where", () =>
  Effect.gen(function*() {
    const apiVersion = yield* Effect.flip(
      Effect.fromResult(GroupVersionKind.fromObject({ apiVersion: "a/b/c", kind: "K" }))
    )
    assert.strictEqual(
      apiVersion.message,
      "invalid apiVersion \"a/b/c\": unexpected GroupVersion string: a/b/c (at position 3)"
    )
    const key = yield* Effect.flip(Effect.fromResult(ObjectKey.split("a/b/c")))
    assert.strictEqual(key.message, "invalid object key \"a/b/c\": unexpected key format: \"a/b/c\" (at position 3)")
  }))

it("keys are namespace/name, or the name alone", () => {
  for (
    const [object, key, parts] of [
      [{ metadata: { name: "a", namespace: "n" } }, "n/a", { namespace: "n", name: "a" }],
      [{ metadata: { name: "a" } }, "a", { namespace: undefined, name: "a" }],
      [{ metadata: { name: "a", namespace: "" } }, "a", { namespace: undefined, name: "a" }],
      [{}, "", { namespace: undefined, name: "" }]
    ] as const
  ) {
    assert.strictEqual(ObjectKey.fromObject(object), key)
    assert.deepStrictEqual(Result.getOrThrow(ObjectKey.split(key)), parts)
  }
})

it("refers to an object, or to a part of it", () => {
  const object = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "web-0", namespace: "default", uid: "u", resourceVersion: "7", labels: {} }
  }
  assert.deepStrictEqual(ObjectReference.fromObject(object, { fieldPath: "spec.containers{web}" }), {
    apiVersion: "v1",
    kind: "Pod",
    name: "web-0",
    namespace: "default",
    uid: "u",
    resourceVersion: "7",
    fieldPath: "spec.containers{web}"
  })
})
