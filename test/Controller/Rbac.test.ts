import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Deployment } from "../../src/Api/apps/v1.ts"
import { ConfigMap, Namespace, Pod, Secret } from "../../src/Api/core/v1.ts"
import * as Controller from "../../src/Controller/Controller.ts"
import * as Rbac from "../../src/Controller/Rbac.ts"
import * as Source from "../../src/Controller/Source.ts"

const reconcile = () => Effect.void

describe("Controller.rbac", () => {
  it("grants what the sources watch and what the reconciler says it writes, and no more", () => {
    const controller = Controller.make(Deployment, {
      owns: [Pod],
      watches: [Source.kind(ConfigMap, { toKeys: () => [] })],
      grants: [
        { resource: Pod, verbs: Rbac.apply },
        { resource: Deployment, subresource: "status", verbs: ["patch"] }
      ],
      reconcile
    })
    assert.deepStrictEqual(Controller.rbac(controller, { name: "web" }), [{
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRole",
      metadata: { name: "web" },
      rules: [
        { apiGroups: [""], resources: ["configmaps"], verbs: ["list", "watch"] },
        { apiGroups: [""], resources: ["pods"], verbs: ["create", "list", "patch", "watch"] },
        { apiGroups: ["apps"], resources: ["deployments"], verbs: ["list", "watch"] },
        { apiGroups: ["apps"], resources: ["deployments/status"], verbs: ["patch"] }
      ]
    }])
  })

  it("makes a Role in each namespace of a controller that keeps to namespaces", () => {
    const controller = Controller.make(ConfigMap, { namespaces: ["b", "a"], owns: [Secret], reconcile })
    const rules = [{ apiGroups: [""], resources: ["configmaps", "secrets"], verbs: ["list", "watch"] }]
    assert.deepStrictEqual(
      Controller.rbac(controller, { name: "web" }),
      ["a", "b"].map((namespace) => ({
        apiVersion: "rbac.authorization.k8s.io/v1" as const,
        kind: "Role" as const,
        metadata: { name: "web", namespace },
        rules
      }))
    )
  })

  it("says nothing twice: what is granted everywhere is in no Role", () => {
    const controllers = [
      Controller.make(ConfigMap, { name: "all", reconcile }),
      Controller.make(ConfigMap, {
        name: "one",
        namespaces: "a",
        grants: [{ resource: ConfigMap, verbs: ["update"], namespaces: "a" }],
        reconcile
      })
    ]
    const [clusterRole, role, ...more] = Controller.rbac(controllers, { name: "web" })
    assert.deepStrictEqual(more, [])
    assert.deepStrictEqual(clusterRole?.rules, [
      { apiGroups: [""], resources: ["configmaps"], verbs: ["list", "watch"] }
    ])
    assert.deepStrictEqual(role?.rules, [{ apiGroups: [""], resources: ["configmaps"], verbs: ["update"] }])
  })

  it("keeps kinds of cluster scope in the ClusterRole whatever namespaces are named", () => {
    const controller = Controller.make(ConfigMap, {
      namespaces: "a",
      watches: [Source.kind(Namespace, { namespaces: "a", toKeys: () => [] })],
      reconcile
    })
    assert.deepStrictEqual(
      Controller.rbac(controller, { name: "web" }).map(({ kind, rules }) => [kind, rules?.[0]?.resources]),
      [["ClusterRole", ["namespaces"]], ["Role", ["configmaps"]]]
    )
  })

  it("limits a grant to names, apart from one without", () => {
    const controller = Controller.make(ConfigMap, {
      grants: [{ resource: Secret, verbs: ["get"], names: ["z", "a"], namespaces: "a" }],
      self: { name: "nothing", start: () => Effect.succeed({ ready: Effect.void, awaitSynced: Effect.void }) },
      reconcile
    })
    assert.deepStrictEqual(
      Controller.rbac(controller, { name: "web" })[0]?.rules,
      [{ apiGroups: [""], resources: ["secrets"], resourceNames: ["a", "z"], verbs: ["get"] }]
    )
  })

  it("adds what a leader election needs, in its namespace", () => {
    const controller = Controller.make(ConfigMap, { reconcile })
    const [, role] = Controller.rbac(controller, { name: "web", more: Rbac.leaderElection("system") })
    assert.deepStrictEqual(role?.metadata, { name: "web", namespace: "system" })
    assert.deepStrictEqual(role?.rules?.map(({ apiGroups, resources }) => [apiGroups?.[0], resources?.[0]]), [
      ["", "events"],
      ["coordination.k8s.io", "leases"],
      ["events.k8s.io", "events"]
    ])
  })
})
