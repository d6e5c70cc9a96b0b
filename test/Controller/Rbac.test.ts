import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as TestClock from "effect/testing/TestClock"
import { Deployment } from "../../src/Api/apps/v1.ts"
import { Lease } from "../../src/Api/coordination/v1.ts"
import { ConfigMap, Namespace, Pod, Secret } from "../../src/Api/core/v1.ts"
import { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from "../../src/Api/rbac/v1.ts"
import * as ResourceClient from "../../src/Clientset/ResourceClient.ts"
import * as Controller from "../../src/Controller/Controller.ts"
import * as Manager from "../../src/Controller/Manager.ts"
import * as Rbac from "../../src/Controller/Rbac.ts"
import * as Source from "../../src/Controller/Source.ts"
import * as Kubernetes from "../../src/Kubernetes.ts"
import * as LeaderElection from "../../src/LeaderElection/LeaderElection.ts"
import { Transport } from "../../src/Rest/Transport.ts"
import * as ApiServer from "../../src/Testing/ApiServer.ts"

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

  it("an empty list of names or of verbs grants nothing, where RBAC would read it as any name", () => {
    const nothing = { name: "nothing", start: () => Effect.succeed({ ready: Effect.void, awaitSynced: Effect.void }) }
    const controller = Controller.make(ConfigMap, {
      grants: [
        { resource: Secret, verbs: ["get"], names: [] },
        { resource: Secret, verbs: [], namespaces: "a" }
      ],
      self: nothing,
      reconcile
    })
    assert.deepStrictEqual(Controller.rbac(controller, { name: "web" }), [])
  })

  it("says everywhere where the source watches everywhere: no namespace, an empty one, none in a list", () => {
    for (const namespaces of [undefined, "", [], ["", "a"]]) {
      const roles = Controller.rbac(Controller.make(ConfigMap, { namespaces, reconcile }), { name: "web" })
      assert.deepStrictEqual(roles.map(({ kind, metadata }) => [kind, metadata?.namespace]), [[
        "ClusterRole",
        undefined
      ]])
    }
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
    const verbsOf = (rules: ReadonlyArray<Rbac.Rule>, name: string) =>
      rules.find(({ resource }) => resource === name)?.verbs
    const watching = Rbac.leaderElection("system", { watch: true, isCoordinated: true })
    assert.deepStrictEqual(verbsOf(watching, "leases"), ["create", "get", "update", "watch"])
    assert.deepStrictEqual(verbsOf(watching, "leasecandidates"), ["create", "delete", "get", "update", "watch"])
    assert.isUndefined(verbsOf(Rbac.leaderElection("system"), "leasecandidates"))
  })
})

describe("The manifests of Controller.rbac", () => {
  const controller = Controller.make(Deployment, {
    namespaces: "default",
    owns: [ConfigMap],
    grants: [
      { resource: ConfigMap, verbs: Rbac.apply, namespaces: "default" },
      { resource: Deployment, subresource: "status", verbs: ["patch"], namespaces: "default" }
    ],
    reconcile: Effect.fnUntraced(function*({ name, namespace }) {
      const maps = yield* ResourceClient.make(ConfigMap, namespace)
      yield* maps.apply({ metadata: { name }, data: { of: name } }, { fieldManager: "test" })
      const deployments = yield* ResourceClient.make(Deployment, namespace)
      yield* deployments.applyStatus({ metadata: { name }, status: { replicas: 3 } }, { fieldManager: "test" })
    })
  })
  const roles = Controller.rbac(controller, { name: "web-controller", more: Rbac.leaderElection("default") })

  /** Runs the controller under leadership as a user who has these roles alone, and answers what became of it. */
  const outcome = (granted: ReadonlyArray<ClusterRole | Role>) =>
    Effect.gen(function*() {
      const server = yield* ApiServer.ApiServer
      const subjects = [{ kind: "User", name: "controller", apiGroup: "rbac.authorization.k8s.io" }]
      const roleRef = (kind: string) => ({ apiGroup: "rbac.authorization.k8s.io", kind, name: "web-controller" })
      for (const role of granted) {
        const namespace = role.metadata?.namespace
        const binding = { metadata: { name: "web-controller" }, subjects }
        if (namespace === undefined) {
          const roles = yield* ResourceClient.make(ClusterRole)
          const bindings = yield* ResourceClient.make(ClusterRoleBinding)
          yield* roles.create(role as ClusterRole)
          yield* bindings.create({ ...binding, roleRef: roleRef("ClusterRole") })
        } else {
          const roles = yield* ResourceClient.make(Role, namespace)
          const bindings = yield* ResourceClient.make(RoleBinding, namespace)
          yield* roles.create(role as Role)
          yield* bindings.create({ ...binding, roleRef: roleRef("Role") })
        }
      }
      const deployments = yield* ResourceClient.make(Deployment, "default")
      const maps = yield* ResourceClient.make(ConfigMap, "default")
      const labels = { app: "web" }
      yield* deployments.create({
        metadata: { name: "web" },
        spec: {
          selector: { matchLabels: labels },
          template: { metadata: { labels }, spec: { containers: [{ name: "web", image: "web" }] } }
        }
      })
      const transport = server.as({ name: "controller", groups: ["system:authenticated"] })
      yield* Effect.scoped(Effect.gen(function*() {
        const manager = yield* Manager.make({
          controllers: [controller],
          leading: LeaderElection.whileLeading({ namespace: "default", name: "web", identity: "a" })
        })
        const running = yield* Effect.forkChild(Effect.ignore(manager.run))
        for (let turn = 0; turn < 40; turn++) {
          yield* TestClock.adjust("100 millis")
          yield* Effect.yieldNow
        }
        yield* Fiber.interrupt(running)
      })).pipe(
        Effect.provide(Layer.fresh(Kubernetes.layer).pipe(Layer.provide(Layer.succeed(Transport)(transport))))
      )
      const { items } = yield* maps.list()
      const { status } = yield* deployments.get("web")
      return {
        data: items.find(({ metadata }) => metadata.name === "web")?.data,
        replicas: status?.replicas,
        holder: yield* ResourceClient.make(Lease, "default").pipe(
          Effect.flatMap((leases) => leases.get("web")),
          Effect.map(({ spec }) => spec?.holderIdentity),
          Effect.catchReason("ApiError", "NotFound", () => Effect.succeed("nobody yet"))
        )
      }
    }).pipe(
      Effect.scoped,
      Effect.provide(Layer.fresh(ApiServer.layerOptions({ authorization: "RBAC" }))),
      Effect.provide(Logger.layer([]))
    )

  /** All is done, and the lease given up. */
  const whole = { data: { of: "web" }, replicas: 3, holder: "" }

  it.effect("are all that the controller needs on a server that checks rights", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* outcome(roles), whole)
    }))

  it.effect("are no more than it needs: without any one of their verbs it does less", () =>
    Effect.gen(function*() {
      const [role, ...others] = roles
      assert.strictEqual(role?.kind, "Role")
      assert.lengthOf(others, 0)
      for (const [index, rule] of (role?.rules ?? []).entries()) {
        // Nobody recorded Events here.
        if (rule.resources?.includes("events") === true) continue
        for (const verb of rule.verbs) {
          // A cache fills by either of the two, and asks for both.
          if (verb === "list" || verb === "watch") continue
          const less = { ...rule, verbs: rule.verbs.filter((other) => other !== verb) }
          const rules = role?.rules?.with(index, less).filter(({ verbs }) => verbs.length > 0) ?? []
          const got = yield* outcome([{ ...role, rules }])
          assert.notDeepEqual(got, whole, `${rule.resources?.join()} ${verb}`)
        }
      }
    }))
})
