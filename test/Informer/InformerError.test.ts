import { assert, it } from "@effect/vitest"
import * as InformerError from "../../src/Informer/InformerError.ts"
import type { Collection } from "../../src/Watch/ListWatch.ts"
import { refused } from "./ModelServer.ts"

const websites: Collection = {
  group: "example.com",
  version: "v1",
  kind: "Website",
  plural: "websites",
  scope: "Namespaced",
  namespace: "web"
}
const leases: Collection = { ...websites, group: "coordination.k8s.io", kind: "Lease", plural: "leases" }

const messageOf = (code: number, reason: string, collection = websites) =>
  InformerError.fromFailure(refused(code, reason, "not like this", "list"), "list", collection).message

it("a missing permission is said with the rule, as YAML takes it", () => {
  assert.strictEqual(
    messageOf(403, "Forbidden"),
    "Forbidden: informer of websites.example.com in namespace web: missing permission to list; needs the rule " +
      "{apiGroups: [\"example.com\"], resources: [\"websites\"], verbs: [\"list\", \"watch\"]}: " +
      "Forbidden: list pods: not like this"
  )
})

it("of a custom kind that is not served the definition is asked for, of a built-in one not", () => {
  assert.strictEqual(
    messageOf(404, "NotFound"),
    "NotServed: informer of websites.example.com in namespace web: the server does not serve it; " +
      "is its CustomResourceDefinition installed? (NotFound: list pods: not like this)"
  )
  assert.notInclude(messageOf(404, "NotFound", leases), "CustomResourceDefinition")
  assert.notInclude(messageOf(404, "NotFound", { ...websites, group: "apps" }), "CustomResourceDefinition")
  assert.notInclude(messageOf(404, "NotFound", { ...websites, group: "" }), "CustomResourceDefinition")
})
