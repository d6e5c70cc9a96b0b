import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import * as Scheduler from "effect/Scheduler"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { Deployment, ReplicaSet } from "../../src/Api/apps/v1.ts"
import { ConfigMap, Namespace, Pod } from "../../src/Api/core/v1.ts"
import { Role, RoleBinding } from "../../src/Api/rbac/v1.ts"
import * as Clientset from "../../src/Clientset/Clientset.ts"
import * as ResourceClient from "../../src/Clientset/ResourceClient.ts"
import type { ListOptions } from "../../src/Machinery/Options.ts"
import * as Patch from "../../src/Machinery/Patch.ts"
import * as RestClient from "../../src/Rest/RestClient.ts"
import * as Transport from "../../src/Rest/Transport.ts"
import * as ApiServer from "../../src/Testing/ApiServer.ts"
import * as Pager from "../../src/Watch/Pager.ts"
import type * as WatchEvent from "../../src/Watch/WatchEvent.ts"

const deployment = (name: string): Deployment => ({
  metadata: { name },
  spec: {
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: "main", image: "nginx" }] } }
  }
})

const short = (event: WatchEvent.WatchEvent<{ readonly metadata: { readonly name: string } }>) =>
  event.type === "BOOKMARK"
    ? `BOOKMARK ${event.object.metadata.resourceVersion}`
    : `${event.type} ${event.object.metadata.name}`

const configMaps = ResourceClient.make(ConfigMap, "default")

/** A request without client: what comes back, byte for byte. */
const raw = (method: Transport.Method, path: string, body?: unknown, headers: ReadonlyArray<Transport.Header> = []) =>
  Effect.scoped(Effect.gen(function*() {
    const transport = yield* Transport.Transport
    const response = yield* transport.execute({
      method,
      path,
      verb: method,
      headers: [["content-type", "application/json"], ...headers],
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    })
    return { status: response.status, headers: response.headers, body: JSON.parse(yield* response.text) }
  }))

it.effect("a new server has what every cluster begins with, and nothing else", () =>
  Effect.gen(function*() {
    const { coreV1 } = yield* Clientset.Clientset
    const namespaces = yield* coreV1.namespaces().list()
    assert.deepStrictEqual(namespaces.items.map(({ metadata }) => metadata.name), [
      "default",
      "kube-node-lease",
      "kube-public",
      "kube-system"
    ])
    const services = yield* coreV1.services().list()
    assert.deepStrictEqual(services.items.map(({ metadata }) => metadata.name), ["kubernetes"])
    assert.deepStrictEqual((yield* coreV1.pods().list()).items, [])
  }).pipe(Effect.provide(ApiServer.layer)))

it.effect("each use of the layer is a server of its own", () =>
  Effect.gen(function*() {
    const write = Effect.flatMap(configMaps, (client) => client.create({ metadata: { name: "only" } }))
    yield* write.pipe(Effect.provide(Layer.fresh(ApiServer.layer)))
    yield* write.pipe(Effect.provide(Layer.fresh(ApiServer.layer)))
  }))

it.effect("times are the Clock's, in whole seconds", () =>
  Effect.gen(function*() {
    yield* TestClock.setTime(1_795_000_000_750)
    const client = yield* configMaps
    const { metadata } = yield* client.create({ metadata: { name: "a" }, data: { x: "0" } })
    assert.strictEqual(metadata.creationTimestamp, "2026-11-18T11:06:40Z")
    yield* TestClock.adjust("2 minutes")
    const patched = yield* client.patch("a", Patch.merge({ data: { x: "1" } }))
    assert.strictEqual(patched.metadata.creationTimestamp, "2026-11-18T11:06:40Z")
    assert.strictEqual(patched.metadata.managedFields?.[0]?.time, "2026-11-18T11:08:40Z")
  }).pipe(Effect.provide(ApiServer.layer)))

it.effect("names and uids are Random's: a seed gives the same ones again", () =>
  Effect.gen(function*() {
    const names = Effect.gen(function*() {
      const client = yield* configMaps
      const { metadata } = yield* client.create({ metadata: { generateName: "a-" } })
      return [metadata.name, metadata.uid]
    }).pipe(Effect.provide(Layer.fresh(ApiServer.layer)), Random.withSeed("seed"))
    const first = yield* names
    assert.deepStrictEqual(yield* names, first)
    assert.match(String(first[0]), /^a-[bcdfghjklmnpqrstvwxz2456789]{5}$/)
  }))

it.effect("bookmarks come about once a minute and just before the timeout, then the stream ends", () =>
  Effect.gen(function*() {
    const client = yield* configMaps
    const { metadata } = yield* client.list()
    const watching = yield* client.watch({
      resourceVersion: metadata.resourceVersion,
      allowWatchBookmarks: true,
      timeoutSeconds: 150
    }).pipe(Stream.runCollect, Effect.forkScoped)
    yield* TestClock.adjust("59 seconds")
    yield* client.create({ metadata: { name: "a" } })
    yield* TestClock.adjust("1 second")
    yield* TestClock.adjust("90 seconds")
    const events = (yield* Fiber.join(watching)).map(short)
    const version = Number(metadata.resourceVersion) + 1
    assert.deepStrictEqual(events, ["ADDED a", ...Array.from({ length: 3 }, () => `BOOKMARK ${version}`)])
  }).pipe(Effect.scoped, Effect.provide(ApiServer.layer)))

it.effect("compaction makes older versions Expired for watches, lists and pages, and leaves open watches alone", () =>
  Effect.gen(function*() {
    const server = yield* ApiServer.ApiServer
    const client = yield* configMaps
    for (const name of ["a", "b", "c"]) yield* client.create({ metadata: { name } })
    const before = yield* client.list({ limit: 1 })
    const watching = yield* client.watch({ resourceVersion: before.metadata.resourceVersion }).pipe(
      Stream.take(1),
      Stream.map(short),
      Stream.runCollect,
      Effect.forkScoped
    )
    yield* Effect.yieldNow
    yield* (yield* ResourceClient.make(Pod, "default")).list()
    yield* (yield* ResourceClient.make(Namespace)).create({ metadata: { name: "later" } })
    yield* server.compact
    const expired = yield* Effect.flip(
      Stream.runDrain(client.watch({ resourceVersion: before.metadata.resourceVersion }))
    )
    assert.strictEqual(expired.reason._tag, "Expired")
    assert.match(expired.message, /too old resource version: \d+ \(\d+\)/)
    const page = yield* Effect.flip(client.list({ limit: 1, continue: before.metadata.continue }))
    assert.strictEqual(page.reason._tag, "Expired")
    assert.isTrue(page._tag === "ApiError" && page.reason.status.metadata?.continue !== undefined)
    const rest = yield* client.list({
      limit: 5,
      continue: page._tag === "ApiError" ? page.reason.status.metadata?.continue : undefined
    })
    assert.deepStrictEqual(rest.items.map(({ metadata }) => metadata.name), ["b", "c"])
    yield* client.create({ metadata: { name: "d" } })
    assert.deepStrictEqual(yield* Fiber.join(watching), ["ADDED d"])
  }).pipe(Effect.scoped, Effect.provide(ApiServer.layer)))

it.effect("a version of the future is a Timeout that says when to ask again", () =>
  Effect.gen(function*() {
    const { body, headers, status } = yield* raw("GET", "/api/v1/configmaps?resourceVersion=1000")
    assert.strictEqual(status, 504)
    assert.strictEqual(headers["retry-after"], "1")
    assert.deepStrictEqual([body.reason, body.details], [
      "Timeout",
      {
        causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
        retryAfterSeconds: 1
      }
    ])
  }).pipe(Effect.provide(ApiServer.layer)))

it.effect("disconnected watches end or break, and none is left open", () =>
  Effect.gen(function*() {
    const server = yield* ApiServer.ApiServer
    const client = yield* configMaps
    const open = client.watch().pipe(Stream.runDrain, Effect.exit, Effect.forkScoped)
    const first = yield* open
    yield* TestClock.adjust("1 second")
    assert.strictEqual(yield* server.openWatches, 1)
    yield* server.disconnectWatches()
    assert.strictEqual((yield* Fiber.join(first))._tag, "Success")
    const second = yield* open
    yield* TestClock.adjust("1 second")
    yield* server.disconnectWatches("reset")
    const broken = yield* Fiber.join(second)
    assert.strictEqual(broken._tag, "Failure")
    assert.strictEqual(yield* server.openWatches, 0)
  }).pipe(Effect.scoped, Effect.provide(ApiServer.layer)))

it.effect("a restart from a snapshot brings back the older content under its older version", () =>
  Effect.gen(function*() {
    const server = yield* ApiServer.ApiServer
    const client = yield* configMaps
    yield* client.create({ metadata: { name: "old" } })
    const snapshot = yield* server.snapshot
    yield* client.create({ metadata: { name: "new" } })
    yield* client.delete("old")
    yield* server.restart(snapshot)
    const { items, metadata } = yield* client.list()
    assert.deepStrictEqual(items.map(({ metadata }) => metadata.name), ["old"])
    assert.strictEqual(metadata.resourceVersion, snapshot.resourceVersion)
    const { metadata: next } = yield* client.create({ metadata: { name: "next" } })
    assert.isAbove(Number(next.resourceVersion), Number(snapshot.resourceVersion))
  }).pipe(Effect.provide(ApiServer.layer)))

it.effect("dependents go with their owner, in the background, in the foreground, or stay as orphans", () =>
  Effect.gen(function*() {
    const deployments = yield* ResourceClient.make(Deployment, "default")
    const replicaSets = yield* ResourceClient.make(ReplicaSet, "default")
    const pods = yield* ResourceClient.make(Pod, "default")
    const own = Effect.fnUntraced(function*(name: string) {
      const owner = yield* deployments.create(deployment(name))
      const reference = (kind: string, metadata: { readonly name: string; readonly uid: string }) => [{
        apiVersion: "apps/v1",
        kind,
        name: metadata.name,
        uid: metadata.uid,
        controller: true,
        blockOwnerDeletion: true
      }]
      const set = yield* replicaSets.create({
        ...deployment(name),
        apiVersion: "apps/v1",
        kind: "ReplicaSet",
        metadata: { name, ownerReferences: reference("Deployment", owner.metadata) }
      } as ReplicaSet)
      yield* pods.create({
        metadata: { name, finalizers: ["test/hold"], ownerReferences: reference("ReplicaSet", set.metadata) },
        spec: { containers: [{ name: "main", image: "nginx" }] }
      })
      return owner
    })
    const left = (
      client: { readonly list: () => Effect.Effect<{ readonly items: ReadonlyArray<unknown> }, unknown> }
    ) => Effect.map(client.list(), ({ items }) => items.length)
    const release = (name: string) => pods.patch(name, Patch.merge({ metadata: { finalizers: null } }))

    yield* own("back")
    yield* deployments.delete("back")
    assert.deepStrictEqual([yield* left(deployments), yield* left(replicaSets), yield* left(pods)], [0, 0, 1])
    assert.isString((yield* pods.get("back")).metadata.deletionTimestamp)
    yield* release("back")

    yield* own("front")
    yield* deployments.delete("front", { propagationPolicy: "Foreground" })
    assert.deepStrictEqual((yield* deployments.get("front")).metadata.finalizers, ["foregroundDeletion"])
    assert.deepStrictEqual([yield* left(replicaSets), yield* left(pods)], [1, 1])
    yield* release("front")
    assert.deepStrictEqual([yield* left(deployments), yield* left(replicaSets), yield* left(pods)], [0, 0, 0])

    yield* own("orphan")
    yield* deployments.delete("orphan", { propagationPolicy: "Orphan" })
    assert.deepStrictEqual([yield* left(deployments), yield* left(replicaSets), yield* left(pods)], [0, 1, 1])
    assert.isUndefined((yield* replicaSets.get("orphan")).metadata.ownerReferences)
  }).pipe(Effect.provide(ApiServer.layer)))

it.effect("a namespace that goes away is emptied, takes nothing new, and waits for finalizers", () =>
  Effect.gen(function*() {
    const namespaces = yield* ResourceClient.make(Namespace)
    const client = yield* ResourceClient.make(ConfigMap, "doomed")
    const missing = yield* Effect.flip(client.create({ metadata: { name: "early" } }))
    assert.include(missing.message, `namespaces "doomed" not found`)
    yield* namespaces.create({ metadata: { name: "doomed" } })
    yield* client.create({ metadata: { name: "plain" } })
    yield* client.create({ metadata: { name: "held", finalizers: ["test/hold"] } })
    yield* namespaces.delete("doomed")
    assert.strictEqual((yield* namespaces.get("doomed")).status?.phase, "Terminating")
    assert.deepStrictEqual((yield* client.list()).items.map(({ metadata }) => metadata.name), ["held"])
    const late = yield* Effect.flip(client.create({ metadata: { name: "late" } }))
    assert.strictEqual(late.reason._tag, "Forbidden")
    assert.include(late.message, "because it is being terminated")
    yield* client.patch("held", Patch.merge({ metadata: { finalizers: null } }))
    assert.strictEqual((yield* Effect.flip(namespaces.get("doomed"))).reason._tag, "NotFound")
    const kept = yield* Effect.flip(namespaces.delete("default"))
    assert.include(kept.message, "this namespace may not be deleted")
  }).pipe(Effect.provide(ApiServer.layer)))

it.effect("a MicroTime without six digits is refused in the words of the real server", () =>
  Effect.gen(function*() {
    const { body, status } = yield* raw("POST", "/apis/coordination.k8s.io/v1/namespaces/default/leases", {
      metadata: { name: "lock" },
      spec: { renewTime: "2026-01-01T00:00:00.000Z" }
    })
    assert.strictEqual(status, 400)
    assert.strictEqual(
      body.message,
      `Lease in version "v1" cannot be handled as a Lease: parsing time "2026-01-01T00:00:00.000Z" as "2006-01-02T15:04:05.000000Z07:00": cannot parse ".000Z" as ".000000"`
    )
  }).pipe(Effect.provide(ApiServer.layer)))

it.effect("with RBAC, what no role allows is Forbidden, and with tokens, who is not known is Unauthorized", () =>
  Effect.gen(function*() {
    const server = yield* ApiServer.ApiServer
    const admin = server.as(ApiServer.administrator)
    const asUser = <A, E>(
      effect: Effect.Effect<A, E, RestClient.RestClient>,
      transport: Transport.Transport["Service"]
    ) => effect.pipe(Effect.provide(RestClient.layer), Effect.provideService(Transport.Transport, transport))
    yield* asUser(
      Effect.gen(function*() {
        const roles = yield* ResourceClient.make(Role, "default")
        yield* roles.create({
          metadata: { name: "reader" },
          rules: [{ apiGroups: [""], resources: ["configmaps"], verbs: ["get", "list", "patch"] }]
        })
        const bindings = yield* ResourceClient.make(RoleBinding, "default")
        yield* bindings.create({
          metadata: { name: "reader" },
          roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "reader" },
          subjects: [{ kind: "User", name: "jane", apiGroup: "rbac.authorization.k8s.io" }]
        })
      }),
      admin
    )
    const jane: ReadonlyArray<Transport.Header> = [["authorization", "Bearer jane-token"]]
    const allowed = yield* raw("GET", "/api/v1/namespaces/default/configmaps", undefined, jane)
    assert.strictEqual(allowed.status, 200)
    const elsewhere = yield* raw("GET", "/api/v1/namespaces/kube-system/configmaps", undefined, jane)
    assert.deepStrictEqual([elsewhere.status, elsewhere.body.message], [
      403,
      `configmaps is forbidden: User "jane" cannot list resource "configmaps" in API group "" in the namespace "kube-system"`
    ])
    const write = yield* raw("DELETE", "/apis/apps/v1/namespaces/default/deployments/x", undefined, jane)
    assert.strictEqual(
      write.body.message,
      `deployments.apps "x" is forbidden: User "jane" cannot delete resource "deployments" in API group "apps" in the namespace "default"`
    )
    // An apply of what is not there is a creation, too.
    const applied = yield* asUser(
      Effect.flatMap(
        ResourceClient.make(ConfigMap, "default"),
        (maps) => Effect.flip(maps.apply({ metadata: { name: "new" } }, { fieldManager: "jane" }))
      ),
      server.as({ name: "jane", groups: ["system:authenticated"] })
    )
    assert.include(
      applied.message,
      `configmaps "new" is forbidden: User "jane" cannot create resource "configmaps" in API group "" in the namespace "default"`
    )
    const nodes = yield* raw("GET", "/api/v1/nodes", undefined, jane)
    assert.include(nodes.body.message, "at the cluster scope")
    const stranger = yield* raw("GET", "/api/v1/nodes", undefined, [["authorization", "Bearer nobody"]])
    assert.deepStrictEqual([stranger.status, stranger.body.reason], [401, "Unauthorized"])
  }).pipe(
    Effect.provide(ApiServer.layerTransport({
      authorization: "RBAC",
      tokens: { "jane-token": { name: "jane", groups: ["system:authenticated"] } }
    }))
  ))

it.effect("impersonation lets the administrator act as another", () =>
  Effect.gen(function*() {
    const { body } = yield* raw("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {}, [
      ["Impersonate-User", "jane"],
      ["Impersonate-Group", "one"],
      ["Impersonate-Group", "two"]
    ])
    assert.deepStrictEqual(body.status.userInfo, { username: "jane", groups: ["one", "two", "system:authenticated"] })
  }).pipe(Effect.provide(ApiServer.layer)))

for (const operations of [3, 4, 5, 7]) {
  it.effect(`a watch sees every write once, in order, with ${operations} operations per turn`, () =>
    Effect.gen(function*() {
      const client = yield* configMaps
      const { metadata } = yield* client.list()
      const count = 30
      const watching = yield* client.watch({ resourceVersion: metadata.resourceVersion }).pipe(
        Stream.take(count * 2),
        Stream.runCollect,
        Effect.forkScoped
      )
      const names = Array.from({ length: count }, (_, index) => `item-${index}`)
      yield* Effect.forEach(
        names,
        (name) => Effect.andThen(client.create({ metadata: { name } }), client.delete(name)),
        { concurrency: 4 }
      )
      const events = yield* Fiber.join(watching)
      const versions = events.map(({ object }) => Number(object.metadata.resourceVersion))
      assert.deepStrictEqual(versions, versions.map((_, index) => Number(metadata.resourceVersion) + 1 + index))
      assert.deepStrictEqual(
        events.map(short).sort(),
        names.flatMap((name) => [`ADDED ${name}`, `DELETED ${name}`]).sort()
      )
    }).pipe(
      Effect.scoped,
      Effect.provide(ApiServer.layer),
      Effect.provideService(Scheduler.MaxOpsBeforeYield, operations)
    ))
}

it.effect("history beyond its limit is forgotten, and a reader that was too slow is let go", () =>
  Effect.gen(function*() {
    const client = yield* configMaps
    const { metadata } = yield* client.list()
    for (let index = 0; index < 50; index++) yield* client.create({ metadata: { name: `item-${index}` } })
    const expired = yield* Effect.flip(Stream.runDrain(client.watch({ resourceVersion: metadata.resourceVersion })))
    assert.strictEqual(expired.reason._tag, "Expired")
  }).pipe(Effect.provide(ApiServer.layerOptions({ historyLimit: 10 }))))

it.effect("initial events whose reader was overtaken by the history's limit are not marked as whole", () =>
  Effect.gen(function*() {
    const client = yield* configMaps
    yield* client.create({ metadata: { name: "a" } })
    const seen = yield* client.watch({
      sendInitialEvents: true,
      resourceVersionMatch: "NotOlderThan",
      allowWatchBookmarks: true
    }).pipe(
      // The mark is still to be read.
      Stream.tap(() => Effect.forEach(["b", "c", "d", "e"], (name) => client.create({ metadata: { name } }))),
      Stream.map(short),
      Stream.runCollect
    )
    assert.deepStrictEqual(seen, ["ADDED a"])
  }).pipe(Effect.provide(ApiServer.layerOptions({ historyLimit: 1 }))))

it.effect("a pager goes on through a compaction in mid-list: whole, and as a stream", () =>
  Effect.gen(function*() {
    const server = yield* ApiServer.ApiServer
    const client = yield* configMaps
    const names = ["a", "b", "c", "d", "e", "f"]
    for (const name of names) yield* client.create({ metadata: { name } })
    // After the second page: something is written and the history up to it dropped, but once.
    let round = 0
    const interrupted = () => {
      let count = 0
      const late = String(round++)
      return (options: ListOptions) =>
        Effect.tap(client.list(options), () =>
          ++count === 2
            ? Effect.andThen(client.patch("f", Patch.merge({ data: { late } })), server.compact)
            : Effect.void)
    }
    const nameOf = ({ metadata }: { readonly metadata: { readonly name: string } }) => metadata.name
    const whole = yield* Pager.all(interrupted(), { pageSize: 2 })
    assert.deepStrictEqual(whole.items.map(nameOf), names)
    const streamed = Pager.items(interrupted(), { pageSize: 2, pagesAhead: 0, onExpired: "Continue" })
    assert.deepStrictEqual((yield* Stream.runCollect(streamed)).map(nameOf), names)
    const failed = yield* Effect.flip(Stream.runCollect(Pager.items(interrupted(), { pageSize: 2 })))
    assert.strictEqual(failed.reason._tag, "Expired")
  }).pipe(Effect.provide(ApiServer.layer)))
