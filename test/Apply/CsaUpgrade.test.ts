import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as CsaUpgrade from "../../src/Apply/CsaUpgrade.ts"
import * as FieldSet from "../../src/Apply/FieldSet.ts"
import type { ManagedFieldsEntry } from "../../src/Machinery/ObjectMeta.ts"
import { read } from "../Machinery/vectors.ts"

const vectors = read<{
  readonly upgrade: ReadonlyArray<{
    entries: ReadonlyArray<ManagedFieldsEntry> | null
    from: ReadonlyArray<string>
    to: string
    subresource: string
    upgraded: ReadonlyArray<ManagedFieldsEntry> | null
    patch?: unknown
  }>
}>("apply").upgrade

it("upgrades as client-go does, and patches only where there is something to upgrade", () => {
  for (const { entries, from, patch, subresource, to, upgraded } of vectors) {
    const options = { from, to, subresource }
    const before = entries ?? []
    const after = Result.getOrThrow(CsaUpgrade.upgrade(before, options))
    assert.deepStrictEqual(after, upgraded ?? [])
    const object = { metadata: { name: "p", resourceVersion: "7", managedFields: before } }
    const made = Option.getOrUndefined(Result.getOrThrow(CsaUpgrade.patch(object, options)))
    assert.deepStrictEqual<unknown>(made?.body, patch)
    assert.strictEqual(after === before, patch === undefined)
  }
})

it("an upgrade done twice changes nothing more", () => {
  for (const { entries, ...options } of vectors) {
    const once = Result.getOrThrow(CsaUpgrade.upgrade(entries ?? [], options))
    assert.strictEqual(Result.getOrThrow(CsaUpgrade.upgrade(once, options)), once)
  }
})

it("finds who owns all of some fields", () => {
  const path = [FieldSet.field("spec"), FieldSet.field("replicas")]
  const entry = (manager: string, operation: string): ManagedFieldsEntry => ({
    manager,
    operation,
    fieldsV1: { "f:spec": { "f:replicas": {}, "f:paused": {} } }
  })
  const entries = [entry("a", "Update"), entry("b", "Apply"), { manager: "c", operation: "Update", fieldsV1: {} }]
  const owners = (fields: FieldSet.FieldSet) =>
    CsaUpgrade.findOwners(entries, "Update", fields).map(({ manager }) => manager)
  assert.deepStrictEqual(owners(FieldSet.fromPaths([path])), ["a"])
  assert.deepStrictEqual(owners(FieldSet.fromPaths([path, [FieldSet.field("status")]])), [])
})

it.effect("says which path it does not understand", () =>
  Effect.gen(function*() {
    const error = yield* Effect.flip(Effect.fromResult(CsaUpgrade.upgrade(
      [{ manager: "old", operation: "Update", fieldsV1: { "x:bad": {} } }],
      { from: ["old"], to: "new" }
    )))
    assert.strictEqual(error.input, "x:bad")
  }))
