/**
 * What holds of writing: dry runs, names, conflicts, validation, warnings, deletion, and reading in pages.
 */
import { assert, layer as withLayer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { Deployment } from "../../src/Api/apps/v1.ts"
import { Job } from "../../src/Api/batch/v1.ts"
import { ConfigMap, Pod, type PodSpec, Secret, Service } from "../../src/Api/core/v1.ts"
import { IngressClass } from "../../src/Api/networking/v1.ts"
import { PriorityClass } from "../../src/Api/scheduling/v1.ts"
import * as Entry from "../../src/Clientset/Entry.ts"
import * as ResourceClient from "../../src/Clientset/ResourceClient.ts"
import * as Wait from "../../src/Clientset/Wait.ts"
import * as WaitCondition from "../../src/Clientset/WaitCondition.ts"
import type { Kubernetes } from "../../src/Kubernetes.ts"
import type { ApiError } from "../../src/Machinery/ApiError.ts"
import * as Patch from "../../src/Machinery/Patch.ts"
import type { RequestError } from "../../src/Machinery/RequestError.ts"
import * as Warning from "../../src/Rest/Warning.ts"
import * as Pager from "../../src/Watch/Pager.ts"
import * as namespace from "./namespace.ts"

const configMapsOf = Effect.flatMap(namespace.scoped, (space) => ResourceClient.make(ConfigMap, space))

export const suite = (name: string, layer: Layer.Layer<Kubernetes, unknown>): void =>
  withLayer(layer, { excludeTestServices: true, timeout: 60_000 })(`Writes (${name})`, (it) => {
    it.effect("a name is generated, and taken only once", () =>
      Effect.gen(function*() {
        const configMaps = yield* configMapsOf
        const { metadata } = yield* configMaps.create({ metadata: { generateName: "settings-" } })
        assert.match(metadata.name, /^settings-[a-z0-9]{5}$/)
        const error = yield* Effect.flip(configMaps.create({ metadata: { name: metadata.name } }))
        assert.strictEqual(error.reason._tag, "AlreadyExists")
        assert.include(error.message, `create configmaps`)
      }))

    it.effect("dry runs answer as if, and store nothing", () =>
      Effect.gen(function*() {
        const configMaps = yield* configMapsOf
        const stored = yield* configMaps.create({ metadata: { name: "settings" }, data: { color: "red" } })
        const blue = { data: { color: "blue" } }
        const dryRun = { dryRun: "All" } as const
        const patched = yield* configMaps.patch("settings", Patch.merge(blue), dryRun)
        assert.deepStrictEqual(patched.data, blue.data)
        const updated = yield* configMaps.update({ ...stored, ...blue }, dryRun)
        assert.deepStrictEqual(updated.data, blue.data)
        const applied = yield* configMaps.apply({ metadata: { name: "settings" }, data: { size: "1" } }, {
          fieldManager: "me",
          ...dryRun
        })
        assert.deepStrictEqual(applied.data, { color: "red", size: "1" })
        yield* configMaps.delete("settings", dryRun)
        assert.deepStrictEqual(yield* configMaps.get("settings"), stored)
      }))

    it.effect("an update of what was read before somebody else wrote is refused, one without version is not", () =>
      Effect.gen(function*() {
        const configMaps = yield* configMapsOf
        const old = yield* configMaps.create({ metadata: { name: "settings" } })
        const newer = yield* configMaps.patch("settings", Patch.merge({ data: { a: "b" } }))
        assert.notStrictEqual(newer.metadata.resourceVersion, old.metadata.resourceVersion)
        assert.strictEqual((yield* Effect.flip(configMaps.update(old))).reason._tag, "Conflict")
        const { resourceVersion: _, ...metadata } = old.metadata
        assert.strictEqual((yield* configMaps.update({ ...old, metadata })).data, undefined)
        const another = yield* Effect.flip(
          configMaps.update({ metadata: { name: "settings", uid: "00000000-0000-0000-0000-000000000000" } })
        )
        assert.strictEqual(another.reason._tag, "Conflict")
        const missing = yield* Effect.flip(configMaps.update({ metadata: { name: "nobody" } }))
        assert.strictEqual(missing.reason._tag, "NotFound")
        assert.strictEqual(
          (yield* Effect.flip(configMaps.patch("nobody", Patch.merge({ data: {} })))).reason._tag,
          "NotFound"
        )
      }))

    it.effect("a patch with a version is refused when that is not the newest", () =>
      Effect.gen(function*() {
        const configMaps = yield* configMapsOf
        const { metadata } = yield* configMaps.create({ metadata: { name: "settings" } })
        const withVersion = (value: string) =>
          configMaps.patch(
            "settings",
            Patch.merge({ metadata: { resourceVersion: metadata.resourceVersion }, data: { value } })
          )
        yield* withVersion("1")
        assert.strictEqual((yield* Effect.flip(withVersion("2"))).reason._tag, "Conflict")
      }))

    it.effect("an unchanged update stores nothing", () =>
      Effect.gen(function*() {
        const configMaps = yield* configMapsOf
        const stored = yield* configMaps.create({ metadata: { name: "settings" }, data: { a: "b" } })
        assert.strictEqual(
          (yield* configMaps.update(stored)).metadata.resourceVersion,
          stored.metadata.resourceVersion
        )
      }))

    it.effect("unknown fields are dropped with a warning, or refused, or dropped in silence", () =>
      Effect.gen(function*() {
        const configMaps = yield* configMapsOf
        const odd = (name: string): ConfigMap => Object.assign({ metadata: { name } }, { colour: "blue" })
        const seen: Array<string> = []
        const heard = Effect.provideService(
          Warning.CurrentWarningHandler,
          ({ text }: Warning.Warning) => Effect.sync(() => void seen.push(text))
        )
        const stored = yield* heard(configMaps.create(odd("a"), { fieldValidation: "Warn" }))
        assert.notProperty(stored, "colour")
        assert.deepStrictEqual(seen, [`unknown field "colour"`])
        yield* heard(configMaps.create(odd("b"), { fieldValidation: "Ignore" }))
        assert.strictEqual(seen.length, 1)
        const refused = yield* Effect.flip(configMaps.create(odd("c"), { fieldValidation: "Strict" }))
        assert.strictEqual(refused.reason._tag, "BadRequest")
        assert.include(refused.message, `unknown field "colour"`)
      }))

    it.effect("what is invalid is refused with the field", () =>
      Effect.gen(function*() {
        const deployments = yield* ResourceClient.make(Deployment, yield* namespace.scoped)
        const error = yield* Effect.flip(
          deployments.create({
            metadata: { name: "web" },
            spec: {
              selector: { matchLabels: { app: "web" } },
              template: {
                metadata: { labels: { app: "other" } },
                spec: { containers: [{ name: "web", image: "web" }] }
              }
            }
          })
        )
        if (error._tag !== "ApiError" || error.reason._tag !== "Invalid") return assert.fail(error.message)
        assert.include(
          error.reason.status.details?.causes?.map(({ field }) => field) ?? [],
          "spec.template.metadata.labels"
        )
        const badName = yield* Effect.flip(deployments.create({ metadata: { name: "Web_0" } }))
        assert.strictEqual(badName.reason._tag, "Invalid")
      }))

    it.effect("zeros that mean nothing are left out, and those that mean something are kept", () =>
      Effect.gen(function*() {
        const deployments = yield* ResourceClient.make(Deployment, yield* namespace.scoped)
        const { spec } = yield* deployments.create({
          metadata: { name: "web" },
          spec: {
            replicas: 0,
            paused: false,
            minReadySeconds: 0,
            selector: { matchLabels: { app: "web", empty: "" } },
            template: {
              metadata: { labels: { app: "web", empty: "" } },
              spec: {
                hostNetwork: false,
                automountServiceAccountToken: false,
                terminationGracePeriodSeconds: 0,
                containers: [{ name: "web", image: "web", tty: false, env: [{ name: "EMPTY", value: "" }] }]
              }
            }
          }
        }, { dryRun: "All" })
        assert.strictEqual(spec?.replicas, 0)
        assert.notProperty(spec, "paused")
        assert.notProperty(spec, "minReadySeconds")
        assert.deepStrictEqual(spec?.selector.matchLabels, { app: "web", empty: "" })
        const pod = spec?.template.spec
        assert.notProperty(pod, "hostNetwork")
        assert.strictEqual(pod?.automountServiceAccountToken, false)
        assert.strictEqual(pod?.terminationGracePeriodSeconds, 0)
        assert.notProperty(pod?.containers[0], "tty")
        assert.deepStrictEqual(pod?.containers[0]?.env, [{ name: "EMPTY" }])
      }))

    it.effect("what is too large is refused: a ConfigMap, a Secret, and any request", () =>
      Effect.gen(function*() {
        const space = yield* namespace.scoped
        const configMaps = yield* ResourceClient.make(ConfigMap, space)
        const secrets = yield* ResourceClient.make(Secret, space)
        const dryRun = { dryRun: "All" } as const
        const mebibyte = "x".repeat(1024 * 1024)
        const metadata = { name: "large" }
        yield* configMaps.create({ metadata, data: { a: mebibyte.slice(8), "not-counted": "€" } }, dryRun)
        const refusal = (call: Effect.Effect<unknown, ApiError | RequestError>) =>
          Effect.map(Effect.flip(call), (error) =>
            error._tag === "ApiError"
              ? [error.reason._tag, error.reason.status.message, error.reason.status.details?.causes?.[0]?.field]
              : [error.message])
        assert.deepStrictEqual(
          yield* refusal(configMaps.create({ metadata, data: { a: mebibyte.slice(8), b: "€€€" } }, dryRun)),
          ["Invalid", "ConfigMap \"large\" is invalid: []: Too long: may not be more than 1048576 bytes", "[]"]
        )
        assert.deepStrictEqual(
          yield* refusal(configMaps.create({ metadata, data: { a: mebibyte }, binaryData: { b: "eA==" } }, dryRun)),
          ["Invalid", "ConfigMap \"large\" is invalid: []: Too long: may not be more than 1048576 bytes", "[]"]
        )
        assert.deepStrictEqual(
          yield* refusal(secrets.create({ metadata, stringData: { a: `${mebibyte}x` } }, dryRun)),
          ["Invalid", "Secret \"large\" is invalid: data: Too long: may not be more than 1048576 bytes", "data"]
        )
        assert.deepStrictEqual(
          yield* refusal(configMaps.create({ metadata, data: { a: mebibyte.repeat(3) } }, dryRun)),
          ["RequestEntityTooLarge", "Request entity too large: limit is 3145728", undefined]
        )
      }))

    it.effect("an apply conflicts with another manager's fields, and takes them by force", () =>
      Effect.gen(function*() {
        const configMaps = yield* configMapsOf
        const apply = (color: string, options: { readonly fieldManager: string; readonly force?: boolean }) =>
          configMaps.apply({ metadata: { name: "settings" }, data: { color } }, options)
        yield* apply("red", { fieldManager: "red" })
        const error = yield* Effect.flip(apply("blue", { fieldManager: "blue" }))
        if (error._tag !== "ApiError" || error.reason._tag !== "Conflict") return assert.fail(error.message)
        assert.deepStrictEqual(error.reason.status.details?.causes?.map(({ field, reason }) => [reason, field]), [
          ["FieldManagerConflict", ".data.color"]
        ])
        assert.strictEqual((yield* apply("blue", { fieldManager: "blue", force: true })).data?.["color"], "blue")
      }))

    it.effect("finalizers hold a deletion, and the object says so", () =>
      Effect.gen(function*() {
        const configMaps = yield* configMapsOf
        yield* configMaps.create({ metadata: { name: "held", finalizers: ["example.com/hold"] } })
        const answer = yield* configMaps.delete("held")
        assert.strictEqual(answer.kind, "ConfigMap")
        const held = yield* configMaps.get("held")
        assert.isString(held.metadata.deletionTimestamp)
        const late = yield* Effect.flip(Wait.deletion(configMaps, "held", { timeout: "300 millis" }))
        assert.strictEqual(late._tag, "WaitTimeout")
        yield* configMaps.patch("held", Patch.json([{ op: "remove", path: "/metadata/finalizers" }]))
        yield* Wait.untilState(configMaps, "held", WaitCondition.deleted, { timeout: "10 seconds" })
      }))

    it.effect("a delete happens only under its preconditions", () =>
      Effect.gen(function*() {
        const configMaps = yield* configMapsOf
        const { metadata } = yield* configMaps.create({ metadata: { name: "settings" } })
        const { resourceVersion, uid } = metadata
        const stale = yield* Effect.flip(configMaps.delete("settings", { preconditions: { resourceVersion: "1" } }))
        assert.strictEqual(stale.reason._tag, "Conflict")
        const answer = yield* configMaps.delete("settings", { preconditions: { uid, resourceVersion } })
        assert.strictEqual(answer.kind, "Status")
        assert.strictEqual((yield* Effect.flip(configMaps.delete("settings"))).reason._tag, "NotFound")
      }))

    it.effect("a list comes in pages that belong to one version", () =>
      Effect.gen(function*() {
        const configMaps = yield* configMapsOf
        const labelSelector = { part: "pages" }
        const names = ["a", "b", "c", "d", "e"]
        yield* Effect.forEach(names, (name) => configMaps.create({ metadata: { name, labels: labelSelector } }))
        const pages = yield* Stream.runCollect(
          Pager.pages(configMaps.list, { pageSize: 2, listOptions: { labelSelector } })
        )
        assert.deepStrictEqual(pages.map(({ items }) => items.length), [2, 2, 1])
        assert.strictEqual(new Set(pages.map(({ metadata }) => metadata.resourceVersion)).size, 1)
        const items = yield* Stream.runCollect(
          Pager.items(configMaps.list, { pageSize: 2, listOptions: { labelSelector } })
        )
        assert.deepStrictEqual(items.map(({ metadata }) => metadata.name), names)
        const one = yield* configMaps.list({ fieldSelector: { "metadata.name": "c" } })
        assert.deepStrictEqual(one.items.map(({ metadata }) => metadata.name), ["c"])
        const bad = yield* Effect.flip(configMaps.list({ fieldSelector: "data.color=red" }))
        assert.strictEqual(bad.reason._tag, "BadRequest")
      }))

    it.effect("all namespaces are seen without one, and names need one", () =>
      Effect.gen(function*() {
        const space = yield* namespace.scoped
        const everywhere = yield* ResourceClient.make(ConfigMap)
        yield* everywhere.create({ metadata: { name: "settings", namespace: space, labels: { in: space } } })
        const { items } = yield* everywhere.list({ labelSelector: { in: space } })
        assert.deepStrictEqual(items.map(({ metadata }) => [metadata.namespace, metadata.name]), [[space, "settings"]])
        assert.strictEqual((yield* Effect.flip(everywhere.get("settings"))).reason._tag, "InvalidUrl")
      }))

    it.effect("an entry makes, changes, leaves alone, and wins against another writer", () =>
      Effect.gen(function*() {
        const configMaps = yield* configMapsOf
        const painted = (color: string) =>
          Entry.make(configMaps, "settings").pipe(
            Entry.orMake(() => ({ data: { size: "1" } })),
            Entry.change((settings) => ({ ...settings, data: { ...settings.data, color } }))
          )
        const first = yield* Entry.commit()(painted("red"))
        assert.strictEqual(first.operation, "created")
        assert.deepStrictEqual(first.object.data, { size: "1", color: "red" })
        assert.strictEqual((yield* Entry.commit()(painted("red"))).operation, "unchanged")
        const count = Effect.forEach(
          Array.from({ length: 8 }, (_, index) => index),
          (index) =>
            Entry.createOrUpdate(configMaps, "settings", (settings) => ({
              ...settings,
              data: { ...settings?.data, [`writer-${index}`]: "yes" }
            }), { schedule: Schedule.spaced("5 millis") }),
          { concurrency: 8 }
        )
        yield* count
        const patched = yield* Entry.createOrPatch(configMaps, "settings", (settings) => ({
          ...settings,
          data: { ...settings?.data, color: "blue" }
        }))
        assert.strictEqual(patched.operation, "updated")
        assert.strictEqual(Object.keys(patched.object.data ?? {}).length, 10)
        assert.strictEqual(patched.object.data?.["color"], "blue")
        const absent = yield* Effect.flip(Entry.commit()(Entry.make(configMaps, "nobody")))
        assert.strictEqual(absent.reason._tag, "NotFound")
      }))

    it.effect("what an object shall be may be said from nothing, again and again", () =>
      Effect.gen(function*() {
        const configMaps = yield* configMapsOf
        const deployments = yield* ResourceClient.make(Deployment, configMaps.namespace)
        for (const write of [Entry.createOrUpdate, Entry.createOrPatch]) {
          const name = write === Entry.createOrUpdate ? "updated" : "patched"
          const be = (data: { readonly [key: string]: string }) => write(configMaps, name, () => ({ data }))
          assert.strictEqual((yield* be({ a: "1", b: "1" })).operation, "created")
          assert.strictEqual((yield* be({ a: "1", b: "1" })).operation, "unchanged")
          const { object, operation } = yield* be({ a: "2" })
          assert.deepStrictEqual([operation, object.data], ["updated", { a: "2" }])
          // It has defaults, a status and more metadata that the change does not speak of.
          const scaled = (replicas: number) =>
            write(deployments, name, () => ({
              metadata: { finalizers: ["example.com/hold"] },
              spec: {
                replicas,
                selector: { matchLabels: { app: name } },
                template: {
                  metadata: { labels: { app: name } },
                  spec: { schedulerName: "nobody", containers: [{ name: "web", image: "web" }] }
                }
              }
            }), { schedule: Schedule.spaced("5 millis") })
          yield* scaled(0)
          yield* deployments.delete(name)
          const going = yield* scaled(1)
          assert.strictEqual(going.operation, "updated")
          assert.strictEqual(going.object.spec?.replicas, 1)
          assert.isString(going.object.metadata.deletionTimestamp)
          yield* deployments.patch(name, Patch.merge({ metadata: { finalizers: null } }))
        }
      }))

    it.effect("what a kind is made for is not changed by updates", () =>
      Effect.gen(function*() {
        const name = yield* namespace.scoped
        const classes = yield* ResourceClient.make(PriorityClass)
        const ingresses = yield* ResourceClient.make(IngressClass)
        const made = yield* Effect.acquireRelease(
          classes.create({ metadata: { name }, value: 7 }),
          () => Effect.ignore(classes.delete(name))
        )
        yield* Effect.acquireRelease(
          ingresses.create({ metadata: { name }, spec: { controller: "example.com/one" } }),
          () => Effect.ignore(ingresses.delete(name))
        )
        assert.strictEqual(made.preemptionPolicy, "PreemptLowerPriority")
        const value = yield* Effect.flip(classes.patch(name, Patch.merge({ value: 8, preemptionPolicy: "Never" })))
        assert.include(
          value.message,
          `[value: Forbidden: may not be changed in an update., preemptionPolicy: Invalid value: "Never": field is immutable]`
        )
        const controller = yield* Effect.flip(
          ingresses.patch(name, Patch.merge({ spec: { controller: "example.com/two" } }))
        )
        assert.include(controller.message, `spec.controller: Invalid value: "example.com/two": field is immutable`)
        const described = yield* classes.patch(name, Patch.merge({ description: "of tests" }))
        assert.strictEqual(described.description, "of tests")
      }))

    it.effect("the template of a Job that waits suspended may be placed and sized, and no more", () =>
      Effect.gen(function*() {
        const jobs = yield* ResourceClient.make(Job, yield* namespace.scoped)
        const containers = [{ name: "c", image: "i" }]
        yield* jobs.create({
          metadata: { name: "a" },
          spec: { suspend: true, template: { spec: { restartPolicy: "Never", containers } } }
        })
        const patched = (spec: Patch.StrategicBody<PodSpec>) =>
          jobs.patch("a", Patch.strategic({ spec: { template: { spec } } }))
        yield* patched({ nodeSelector: { zone: "a" } })
        const sized = yield* patched({ containers: [{ name: "c", resources: { requests: { cpu: "1" } } }] })
        assert.deepStrictEqual(sized.spec?.template?.spec?.nodeSelector, { zone: "a" })
        assert.deepStrictEqual(sized.spec?.template?.spec?.containers?.[0]?.resources, { requests: { cpu: "1" } })
        const refused = yield* Effect.flip(patched({ containers: [{ name: "c", image: "other" }] }))
        assert.include(refused.message, "spec.template.spec: Invalid value: ")
        assert.include(refused.message, "field is immutable")
      }))

    it.effect("a Service keeps what it was given where a patch takes ports, affinity or all away", () =>
      Effect.gen(function*() {
        const services = yield* ResourceClient.make(Service, yield* namespace.scoped)
        const selector = { app: "web" }
        const specOf = (spec: object) =>
          Effect.map(services.patch("web", Patch.merge({ spec })), (patched) => patched.spec)
        const created = yield* services.create({
          metadata: { name: "web" },
          spec: { selector, sessionAffinity: "ClientIP", ports: [{ name: "http", port: 80, targetPort: 0 }] }
        })
        assert.deepStrictEqual(created.spec?.ports, [{ name: "http", protocol: "TCP", port: 80, targetPort: 80 }])
        const limited = yield* specOf({ sessionAffinityConfig: { clientIP: { timeoutSeconds: null } } })
        assert.deepStrictEqual(limited?.sessionAffinityConfig, { clientIP: { timeoutSeconds: 10800 } })
        assert.strictEqual((yield* specOf({ externalIPs: ["192.0.2.7"] }))?.externalTrafficPolicy, "Cluster")
        const bare = yield* Effect.flip(services.patch("web", Patch.merge({ spec: { ports: null } })))
        assert.include(bare.message, "spec.ports: Required value")
        const open = yield* services.create({
          metadata: { name: "open" },
          spec: { clusterIP: "None", ports: [{ port: 80 }] }
        })
        assert.deepStrictEqual([open.spec?.ipFamilyPolicy, open.spec?.ipFamilies], ["RequireDualStack", [
          "IPv4",
          "IPv6"
        ]])
        const emptied = yield* services.patch("open", Patch.json([{ op: "replace", path: "/spec", value: null }]))
        assert.deepStrictEqual([emptied.spec?.clusterIP, emptied.spec?.ports], ["None", undefined])
      }))

    it.effect("a wait sees the change that another makes", () =>
      Effect.gen(function*() {
        const pods = yield* ResourceClient.make(Pod, yield* namespace.scoped)
        const bare = { schedulerName: "nobody", containers: [{ name: "web", image: "web" }] }
        yield* Effect.forkScoped(
          Effect.delay(
            Effect.gen(function*() {
              const pod = yield* pods.create({ metadata: { name: "web-0" }, spec: bare })
              yield* pods.updateStatus({ ...pod, status: { conditions: [{ type: "Ready", status: "True" }] } })
            }),
            "50 millis"
          )
        )
        const ready = yield* Wait.until(pods, "web-0", WaitCondition.ready, { timeout: "20 seconds" })
        assert.strictEqual(ready.status?.conditions?.[0]?.status, "True")
        yield* Wait.deletion(pods, "web-0", { gracePeriodSeconds: 0, timeout: "20 seconds" })
      }))
  })
