import { assert, it } from "@effect/vitest"
import * as Result from "effect/Result"
import { Deployment } from "../../src/Api/apps/v1.ts"
import { Pod } from "../../src/Api/core/v1.ts"
import * as Extract from "../../src/Apply/Extract.ts"
import { read } from "../Machinery/vectors.ts"

const vectors = read<{
  readonly extract: ReadonlyArray<
    { kind: "Deployment" | "Pod"; object: object; manager: string; subresource: string; applied: object }
  >
}>("apply").extract

/** Go leaves out keys of list items that the manager does not own; without them nobody could apply the result. */
const keys = ["name", "protocol"]

const withoutKeysThatGoLeavesOut = (ours: unknown, go: unknown): unknown => {
  if (Array.isArray(ours) && Array.isArray(go)) {
    return ours.map((item, index) => withoutKeysThatGoLeavesOut(item, go[index]))
  }
  if (typeof ours !== "object" || typeof go !== "object" || ours === null || go === null) return ours
  return Object.fromEntries(
    Object.entries(ours)
      .filter(([key]) => key in go || !keys.includes(key))
      .map((
        [key, member]
      ) => [key, withoutKeysThatGoLeavesOut(member, (go as { readonly [key: string]: unknown })[key])])
  )
}

it("extracts what a manager applied as client-go's apply configurations do, with the keys of list items", () => {
  for (const { applied, kind, manager, object, subresource } of vectors) {
    const options = { fieldManager: manager, subresource }
    const extracted: unknown = kind === "Pod"
      ? Result.getOrThrow(Extract.extract(Pod, object as Pod, options))
      : Result.getOrThrow(Extract.extract(Deployment, object as Deployment, options))
    assert.deepStrictEqual(
      withoutKeysThatGoLeavesOut(extracted, applied),
      applied,
      `${kind} ${manager} ${subresource}`
    )
  }
})

it("names the list items that it takes parts of", () => {
  const pod: Pod = {
    metadata: {
      name: "p",
      managedFields: [{
        manager: "m",
        operation: "Apply",
        fieldsV1: { "f:spec": { "f:containers": { "k:{\"name\":\"c\"}": { "f:image": {} } } } }
      }]
    },
    spec: { containers: [{ name: "c", image: "i", tty: true }, { name: "d" }] }
  }
  assert.deepStrictEqual(Result.getOrThrow(Extract.extract(Pod, pod, { fieldManager: "m" })), {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p" },
    spec: { containers: [{ name: "c", image: "i" }] }
  })
})

it("a manager that applied nothing gets the type and the name", () => {
  assert.deepStrictEqual(
    Result.getOrThrow(Extract.extract(Pod, { metadata: { name: "p", namespace: "n" } }, { fieldManager: "m" })),
    { apiVersion: "v1", kind: "Pod", metadata: { name: "p", namespace: "n" } }
  )
})
