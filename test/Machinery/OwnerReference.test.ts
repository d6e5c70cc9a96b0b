import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import { Deployment, ReplicaSet } from "../../src/Api/apps/v1.ts"
import { Node } from "../../src/Api/core/v1.ts"
import * as OwnerReference from "../../src/Machinery/OwnerReference.ts"
import type { KubeObject } from "../../src/Machinery/Resource.ts"

const owner = (name: string, uid: string, namespace?: string): OwnerReference.Owner => ({
  metadata: { name, uid, ...(namespace === undefined ? {} : { namespace }) }
})
const web = owner("web", "u1", "default")
const pod: KubeObject = { metadata: { name: "web-0", namespace: "default", labels: { app: "web" } } }

it.effect("sets the controller, replaces it under the same name, and knows it by uid", () =>
  Effect.gen(function*() {
    const controlled = yield* Effect.fromResult(OwnerReference.setController(pod, web, Deployment))
    assert.deepStrictEqual(controlled.metadata, {
      ...pod.metadata,
      ownerReferences: [
        {
          apiVersion: "apps/v1",
          kind: "Deployment",
          name: "web",
          uid: "u1",
          controller: true,
          blockOwnerDeletion: true
        }
      ]
    })
    assert.isTrue(OwnerReference.isControlledBy(controlled, web))
    const reborn = owner("web", "u2", "default")
    assert.isFalse(OwnerReference.isControlledBy(controlled, reborn))
    const again = yield* Effect.fromResult(OwnerReference.setController(controlled, reborn, Deployment))
    assert.deepStrictEqual(Option.map(OwnerReference.controllerOf(again), ({ uid }) => uid), Option.some("u2"))
    assert.lengthOf(again.metadata?.ownerReferences ?? [], 1)
    assert.isUndefined(pod.metadata?.ownerReferences)
  }))

it.effect("keeps other owners and finds the one that controls", () =>
  Effect.gen(function*() {
    const owned = yield* Effect.fromResult(OwnerReference.set(pod, owner("node-1", "n1"), Node))
    const controlled = yield* Effect.fromResult(OwnerReference.setController(owned, web, ReplicaSet))
    assert.deepStrictEqual(controlled.metadata?.ownerReferences?.map(({ kind }) => kind), ["Node", "ReplicaSet"])
    assert.isTrue(OwnerReference.isOwnedBy(controlled, owner("node-1", "n1")))
    assert.isFalse(OwnerReference.isControlledBy(controlled, owner("node-1", "n1")))
    const removed = OwnerReference.remove(controlled, web, ReplicaSet)
    assert.deepStrictEqual(OwnerReference.controllerOf(removed), Option.none())
    assert.strictEqual(OwnerReference.remove(removed, web, ReplicaSet), removed)
  }))

it.effect("takes another version of its owner, and a controller that was none, for the same and replaces it", () =>
  Effect.gen(function*() {
    const old = { ...Deployment, version: "v1beta1" }
    const owned = yield* Effect.fromResult(OwnerReference.set(pod, web, old))
    const again = yield* Effect.fromResult(OwnerReference.set(owned, owner("web", "u2", "default"), Deployment))
    assert.deepStrictEqual(again.metadata?.ownerReferences, [
      { apiVersion: "apps/v1", kind: "Deployment", name: "web", uid: "u2" }
    ])
    assert.deepStrictEqual(OwnerReference.controllerOf(again), Option.none())
    const controlled = yield* Effect.fromResult(OwnerReference.setController(owned, web, Deployment))
    assert.deepStrictEqual(controlled.metadata?.ownerReferences, [
      {
        apiVersion: "apps/v1",
        kind: "Deployment",
        name: "web",
        uid: "u1",
        controller: true,
        blockOwnerDeletion: true
      }
    ])
    assert.deepStrictEqual(OwnerReference.remove(controlled, web, old).metadata?.ownerReferences, [])
  }))

it.effect("blocks the owner's deletion as it is told to", () =>
  Effect.gen(function*() {
    const blocking = yield* Effect.fromResult(
      OwnerReference.set(pod, web, Deployment, { blockOwnerDeletion: true })
    )
    assert.deepInclude(blocking.metadata?.ownerReferences?.[0], { name: "web", blockOwnerDeletion: true })
    assert.deepStrictEqual(OwnerReference.controllerOf(blocking), Option.none())
    const free = yield* Effect.fromResult(
      OwnerReference.setController(pod, web, Deployment, { blockOwnerDeletion: false })
    )
    assert.deepInclude(free.metadata?.ownerReferences?.[0], { controller: true, blockOwnerDeletion: false })
  }))

it.effect("removes no other owner than the one that is named", () =>
  Effect.gen(function*() {
    const owned = yield* Effect.fromResult(OwnerReference.set(pod, web, Deployment))
    assert.strictEqual(OwnerReference.remove(owned, owner("api", "u3", "default"), Deployment), owned)
    assert.strictEqual(OwnerReference.remove(owned, web, ReplicaSet), owned)
    assert.strictEqual(OwnerReference.remove(pod, web, Deployment), pod)
  }))

it.effect("refuses a second controller, and owners in other namespaces", () =>
  Effect.gen(function*() {
    const controlled = yield* Effect.fromResult(OwnerReference.setController(pod, web, Deployment))
    const messages = yield* Effect.forEach([
      OwnerReference.setController(controlled, owner("api", "u3", "default"), ReplicaSet),
      OwnerReference.set(pod, owner("web", "u1", "other"), Deployment),
      OwnerReference.set({ metadata: { name: "pv" } }, web, Deployment)
    ], (attempt) => Effect.map(Effect.flip(Effect.fromResult(attempt)), (error) => `${error.reason}: ${error.message}`))
    assert.deepStrictEqual(messages, [
      "AlreadyControlled: Object default/web-0 is already owned by another Deployment controller web",
      "CrossNamespace: cross-namespace owner references are disallowed, owner's namespace other, obj's namespace default",
      "ClusterScoped: cluster-scoped resource must not have a namespace-scoped owner, owner's namespace default"
    ])
    assert.isTrue(Result.isSuccess(OwnerReference.set(pod, owner("node-1", "n1"), Node)))
  }))
