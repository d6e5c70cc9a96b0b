import { assert, it } from "@effect/vitest"
import { Deployment } from "../../src/Api/apps/v1.ts"
import * as Patch from "../../src/Machinery/Patch.ts"

/** Stands for `ResourceClient.patch` of a kind. */
const send = (patch: Patch.Patch<Deployment>): readonly [string, unknown] => [patch.contentType, patch.body]

it("carries the content type of its form", () => {
  assert.deepStrictEqual(send(Patch.merge({ spec: { replicas: 3, paused: null } })), [
    "application/merge-patch+json",
    { spec: { replicas: 3, paused: null } }
  ])
  assert.deepStrictEqual(send(Patch.json([{ op: "remove", path: "/spec/paused" }])), [
    "application/json-patch+json",
    [{ op: "remove", path: "/spec/paused" }]
  ])
  assert.deepStrictEqual(
    send(Patch.strategic({
      spec: {
        template: { spec: { containers: [{ name: "web", image: "nginx:1.29" }, { name: "old", $patch: "delete" }] } }
      }
    })),
    [
      "application/strategic-merge-patch+json",
      {
        spec: {
          template: { spec: { containers: [{ name: "web", image: "nginx:1.29" }, { name: "old", $patch: "delete" }] } }
        }
      }
    ]
  )
  const applied = Patch.apply<Deployment>({ metadata: { name: "web" }, spec: { replicas: 2 } }, { fieldManager: "me" })
  assert.deepStrictEqual(send(applied), [
    "application/apply-patch+yaml",
    { metadata: { name: "web" }, spec: { replicas: 2 } }
  ])
  assert.deepStrictEqual(applied.options, { fieldManager: "me" })
})

it("refuses at compile time what the kind does not have", () => {
  // @ts-expect-error A number is wanted.
  send(Patch.merge({ spec: { replicas: "3" } }))
  // @ts-expect-error No such field.
  send(Patch.merge({ spec: { replica: 3 } }))
  // @ts-expect-error No such field in a list's item.
  send(Patch.strategic({ spec: { template: { spec: { containers: [{ name: "web", img: "x" }] } } } }))
  // @ts-expect-error The server knows no such directive.
  send(Patch.strategic({ spec: { $patch: "merge" } }))
  // @ts-expect-error An apply names its field manager.
  assert.isUndefined(Patch.apply<Deployment>({ metadata: { name: "web" } }, {}).options.fieldManager)
  // @ts-expect-error An apply names its object.
  Patch.apply<Deployment>({ spec: { replicas: 3 } }, { fieldManager: "me" })
})

it("a patch of no particular type may be sent to any kind", () => {
  const labels: { readonly [key: string]: string } = { tier: "front" }
  const patch: Patch.Patch = Patch.merge({ metadata: { labels } })
  assert.deepStrictEqual(send(patch)[1], { metadata: { labels } })
  assert.strictEqual(Deployment.kind, "Deployment")
})
