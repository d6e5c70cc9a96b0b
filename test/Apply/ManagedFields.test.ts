import { assert, it } from "@effect/vitest"
import * as Result from "effect/Result"
import * as ManagedFields from "../../src/Apply/ManagedFields.ts"

const entries = [
  {
    manager: "kubectl",
    operation: "Apply",
    apiVersion: "v1",
    time: "2026-01-02T00:00:00Z",
    fieldsType: "FieldsV1",
    fieldsV1: { "f:data": { "f:k": {} } }
  },
  {
    manager: "editor",
    operation: "Update",
    apiVersion: "v1",
    time: "2026-01-01T00:00:00Z",
    fieldsType: "FieldsV1",
    fieldsV1: { "f:status": { "f:phase": {} } },
    subresource: "status"
  }
]

it("reads entries and writes them back, those that apply first", () => {
  const managers = Result.getOrThrow(ManagedFields.decode(entries))
  assert.deepStrictEqual(managers.map(({ manager, operation, subresource }) => [manager, operation, subresource]), [
    ["kubectl", "Apply", ""],
    ["editor", "Update", "status"]
  ])
  assert.deepStrictEqual(ManagedFields.encode([...managers].reverse()), entries)
})

it("an applier is the same in every version, an updater is not", () => {
  const one = { manager: "m", operation: "Apply", apiVersion: "a/v1", subresource: "" } as const
  assert.isTrue(ManagedFields.isSame(one, { ...one, apiVersion: "a/v2" }))
  assert.isFalse(ManagedFields.isSame(one, { ...one, subresource: "status" }))
  const update = { ...one, operation: "Update" } as const
  assert.isFalse(ManagedFields.isSame(update, { ...update, apiVersion: "a/v2" }))
})

it("says who owns a field", () => {
  const object = { metadata: { managedFields: entries } }
  assert.deepStrictEqual(ManagedFields.owners(object, ["f:data", "f:k"]).map(({ manager }) => manager), ["kubectl"])
  assert.deepStrictEqual(ManagedFields.owners(object, ["f:data"]), [])
})

it("an entry that is not understood is an error with the element", () => {
  const decoded = ManagedFields.decode([{ manager: "m", fieldsV1: { bad: {} } }])
  assert.isTrue(Result.isFailure(decoded))
})
