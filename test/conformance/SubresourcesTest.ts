/**
 * What holds of subresources: each changes its own part and nothing else.
 */
import { assert, layer as withLayer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import { Deployment } from "../../src/Api/apps/v1.ts"
import type { Scale } from "../../src/Api/autoscaling/v1.ts"
import { CertificateSigningRequest } from "../../src/Api/certificates/v1.ts"
import { Namespace, Pod, ServiceAccount } from "../../src/Api/core/v1.ts"
import * as ResourceClient from "../../src/Clientset/ResourceClient.ts"
import * as Wait from "../../src/Clientset/Wait.ts"
import * as WaitCondition from "../../src/Clientset/WaitCondition.ts"
import { DynamicClient } from "../../src/Dynamic/DynamicClient.ts"
import { ScaleClient } from "../../src/Dynamic/ScaleClient.ts"
import * as Retry from "../../src/FlowControl/Retry.ts"
import type { Kubernetes } from "../../src/Kubernetes.ts"
import * as Patch from "../../src/Machinery/Patch.ts"
import * as namespace from "./namespace.ts"

const selector = { matchLabels: { app: "web" } }
const bare = { schedulerName: "nobody", containers: [{ name: "web", image: "web:1" }] }
const web: Deployment = {
  metadata: { name: "web" },
  spec: { replicas: 0, selector, template: { metadata: { labels: { app: "web" } }, spec: bare } }
}

export const suite = (name: string, layer: Layer.Layer<Kubernetes, unknown>): void =>
  withLayer(layer, { excludeTestServices: true, timeout: 60_000 })(`Subresources (${name})`, (it) => {
    it.effect("status changes the status alone, and the object all but the status", () =>
      Effect.gen(function*() {
        const pods = yield* ResourceClient.make(Pod, yield* namespace.scoped)
        const pod = yield* pods.create({ metadata: { name: "web-0" }, spec: bare, status: { phase: "Running" } })
        assert.strictEqual(pod.status?.phase, "Pending")
        const failed = yield* pods.updateStatus({
          ...pod,
          spec: { ...bare, activeDeadlineSeconds: 7 },
          status: { ...pod.status, message: "no luck" }
        })
        assert.strictEqual(failed.status?.message, "no luck")
        assert.isUndefined(failed.spec?.activeDeadlineSeconds)
        assert.strictEqual(failed.metadata.generation, pod.metadata.generation)
        const kept = yield* pods.update({
          ...failed,
          spec: { ...bare, ...failed.spec, activeDeadlineSeconds: 7 },
          status: { message: "lost" }
        })
        assert.strictEqual(kept.status?.message, "no luck")
        assert.strictEqual(kept.spec?.activeDeadlineSeconds, 7)
        const patched = yield* pods.subresource("status").patch("web-0", Patch.merge({ status: { reason: "Bad" } }))
        assert.deepStrictEqual([patched.status?.message, patched.status?.reason], ["no luck", "Bad"])
        const applied = yield* pods.applyStatus({ metadata: { name: "web-0" }, status: { nominatedNodeName: "n" } }, {
          fieldManager: "me"
        })
        assert.strictEqual(applied.status?.nominatedNodeName, "n")
        assert.strictEqual((yield* pods.subresource("status").get("web-0")).status?.nominatedNodeName, "n")
        yield* pods.delete("web-0", { gracePeriodSeconds: 0 })
      }))

    it.effect("scale is the same by the typed client, the dynamic one and the one of scales", () =>
      Effect.gen(function*() {
        const space = yield* namespace.scoped
        const deployments = yield* ResourceClient.make(Deployment, space)
        yield* deployments.create({
          ...web,
          spec: { ...web.spec, paused: true, selector, template: { metadata: { labels: { app: "web" } }, spec: bare } }
        })
        const scale = deployments.subresource("scale")
        const read = yield* scale.get("web")
        // On the wire of a Scale no replicas is the same as none.
        assert.deepStrictEqual([read.kind, read.apiVersion, read.spec?.replicas ?? 0], ["Scale", "autoscaling/v1", 0])
        const set = yield* Effect.flatMap(
          scale.get("web"),
          (read) => scale.update("web", { ...read, spec: { replicas: 1 } })
        ).pipe(Retry.onConflict())
        assert.strictEqual(set.spec?.replicas, 1)
        const patched = yield* scale.patch("web", Patch.merge({ spec: { replicas: 2 } }))
        assert.strictEqual(patched.spec?.replicas, 2)
        const applied = yield* scale.patch(
          "web",
          Patch.apply<Scale>({ metadata: { name: "web" }, spec: { replicas: 3 } }, { fieldManager: "me", force: true })
        )
        assert.strictEqual(applied.spec?.replicas, 3)

        const dynamic = (yield* DynamicClient).resource(Deployment, space).subresource("scale")
        assert.deepInclude((yield* dynamic.get("web"))["spec"], { replicas: 3 })

        const scales = yield* ScaleClient
        const ref = { resource: "deploy", namespace: space, name: "web" }
        assert.strictEqual((yield* scales.get(ref)).spec?.replicas, 3)
        yield* scales.patch(ref, Patch.merge<Scale>({ spec: { replicas: 4 } }))
        const four = yield* scales.get({ ...ref, resource: "deployments", group: "apps", version: "v1" })
        assert.strictEqual(four.spec?.replicas, 4)
        yield* Effect.flatMap(scales.get(ref), (read) => scales.update(ref, { ...read, spec: { replicas: 0 } })).pipe(
          Retry.onConflict()
        )
        assert.strictEqual((yield* deployments.get("web")).spec?.replicas, 0)
        const unscalable = yield* Effect.flip(scales.get({ ...ref, resource: "daemonsets" }))
        assert.strictEqual(unscalable.reason._tag, "NotScalable")
      }))

    it.effect("a binding puts a pod on a node, an eviction takes it away, and both answer a Status", () =>
      Effect.gen(function*() {
        const space = yield* namespace.scoped
        const pods = yield* ResourceClient.make(Pod, space)
        yield* pods.create({ metadata: { name: "web-0" }, spec: bare })
        const bound = yield* pods.subresource("binding").create("web-0", {
          metadata: { name: "web-0" },
          target: { kind: "Node", name: "nowhere" }
        })
        assert.strictEqual(bound.status, "Success")
        assert.strictEqual((yield* pods.get("web-0")).spec?.nodeName, "nowhere")
        const again = yield* Effect.flip(
          pods.subresource("binding").create("web-0", {
            metadata: { name: "web-0" },
            target: { kind: "Node", name: "elsewhere" }
          })
        )
        assert.strictEqual(again.reason._tag, "Conflict")
        const evicted = yield* pods.subresource("eviction").create("web-0", {
          metadata: { name: "web-0", namespace: space },
          deleteOptions: { gracePeriodSeconds: 0 }
        })
        assert.strictEqual(evicted.status, "Success")
        yield* Wait.untilState(pods, "web-0", WaitCondition.deleted, { timeout: "20 seconds" })
      }))

    it.effect("ephemeral containers and resources of a running pod have ways of their own", () =>
      Effect.gen(function*() {
        const pods = yield* ResourceClient.make(Pod, yield* namespace.scoped)
        yield* pods.create({ metadata: { name: "web-0" }, spec: bare })
        const debugged = yield* pods.subresource("ephemeralcontainers").patch(
          "web-0",
          Patch.strategic({ spec: { ephemeralContainers: [{ name: "debug", image: "busybox" }] } })
        )
        assert.deepStrictEqual(debugged.spec?.ephemeralContainers?.map(({ name }) => name), ["debug"])
        assert.strictEqual((yield* pods.subresource("resize").get("web-0")).metadata?.name, "web-0")
        yield* pods.delete("web-0", { gracePeriodSeconds: 0 })
      }))

    it.effect("an account gives out tokens", () =>
      Effect.gen(function*() {
        const accounts = yield* ResourceClient.make(ServiceAccount, yield* namespace.scoped)
        yield* accounts.create({ metadata: { name: "robot" } })
        const { spec, status } = yield* accounts.subresource("token").create("robot", {
          spec: { audiences: [], expirationSeconds: 3600 }
        })
        assert.strictEqual(spec?.expirationSeconds, 3600)
        assert.match(status?.token ?? "", /^[\w-]+\.[\w-]+\.[\w-]+$/)
      }))

    it.effect("an approval is no part of the request", () =>
      Effect.gen(function*() {
        const requests = yield* ResourceClient.make(CertificateSigningRequest)
        const name = yield* namespace.scoped
        const request = yield* Effect.acquireRelease(
          requests.create({
            metadata: { name },
            spec: { request: certificateRequest, signerName: "example.com/signer", usages: ["client auth"] }
          }),
          () => Effect.ignore(requests.delete(name))
        )
        const approved = yield* requests.subresource("approval").update(name, {
          ...request,
          status: { conditions: [{ type: "Approved", status: "True", reason: "Test", message: "for a test" }] }
        })
        assert.deepStrictEqual(approved.status?.conditions?.map(({ type }) => type), ["Approved"])
      }))

    it.effect("finalize removes what holds a namespace", () =>
      Effect.gen(function*() {
        const namespaces = yield* ResourceClient.make(Namespace)
        const name = yield* namespace.scoped
        const current = yield* namespaces.get(name)
        const finalized = yield* namespaces.subresource("finalize").update(name, {
          ...current,
          spec: { finalizers: [...(current.spec?.finalizers ?? []), "example.com/hold"] }
        })
        assert.include(finalized.spec?.finalizers ?? [], "example.com/hold")
        yield* namespaces.subresource("finalize").update(name, { ...finalized, spec: current.spec ?? {} })
      }))
  })

/** A request for CN=bob, made with openssl. */
const certificateRequest =
  "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlISE1IQUNBUUF3RGpFTU1Bb0dBMVVFQXd3RFltOWlNRmt3RXdZSEtvWkl6ajBDQVFZSUtvWkl6ajBEQVFjRApRZ0FFZ1BSN24vck1tZS9kdElLK0xRZU8rWUdhSHlEYXhmWVdPSzBMMGlaSDZiZ051QU9NbXVVSVVYYWJHeVhHCmV2RkFqaUdOVE52RjNZL1JBQXpLb2x1SjM2QUFNQW9HQ0NxR1NNNDlCQU1DQTBjQU1FUUNJRURURzZLcnl0QTcKS0lsNGhKQmtoVVlnVzZMVnVFVjdxT2F5eTJsTkh6NkdBaUFvMHV1UkU0Mm56MGUyUjFpcWJVUTkxeEhoeWVwawpVbnRjaTRLL3ZWNXgwUT09Ci0tLS0tRU5EIENFUlRJRklDQVRFIFJFUVVFU1QtLS0tLQo="
