import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Metric from "effect/Metric"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { ConfigMap, Pod, Secret } from "../../src/Api/core/v1.ts"
import { ClusterRole, ClusterRoleBinding } from "../../src/Api/rbac/v1.ts"
import * as ResourceClient from "../../src/Clientset/ResourceClient.ts"
import * as Controller from "../../src/Controller/Controller.ts"
import * as Endpoints from "../../src/Controller/Endpoints.ts"
import * as Manager from "../../src/Controller/Manager.ts"
import * as Kubernetes from "../../src/Kubernetes.ts"
import * as LeaderElection from "../../src/LeaderElection/LeaderElection.ts"
import * as LeaderElector from "../../src/LeaderElection/LeaderElector.ts"
import { Transport } from "../../src/Rest/Transport.ts"
import * as ApiServer from "../../src/Testing/ApiServer.ts"
import * as MemoryLease from "../LeaderElection/memoryLease.ts"

const withServer = <A, E, R>(self: Effect.Effect<A, E, R>) =>
  self.pipe(Effect.scoped, Effect.provide(Layer.fresh(ApiServer.layer)), Effect.provide(Logger.layer([])))

const settle = TestClock.adjust(0).pipe(Effect.andThen(Effect.yieldNow), Effect.repeat({ times: 20 }))
const adjust = (duration: string) => Effect.andThen(TestClock.adjust(duration as "1 second"), settle)

const noting = (name: string, log: Array<string>) =>
  Controller.make(ConfigMap, {
    name,
    reconcile: (request) => Effect.sync(() => void log.push(`${name} ${request.name}`))
  })

/** Asks an endpoint as an HTTP server would. */
const ask = (manager: Parameters<typeof Endpoints.handler>[0], url: string, method = "GET") =>
  Endpoints.handler(manager).pipe(
    Effect.provideService(
      HttpServerRequest.HttpServerRequest,
      HttpServerRequest.fromWeb(new Request(`http://localhost${url}`, { method }))
    ),
    Effect.flatMap((response) => {
      const web = HttpServerResponse.toWeb(response)
      return Effect.map(Effect.promise(() => web.text()), (text) => ({ status: web.status, text }))
    })
  )

/** Runs an effect as a user who may list and watch one resource and nothing else. */
const allowed = (resource: string) => <A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const server = yield* ApiServer.ApiServer
    const name = "controller"
    const roles = yield* ResourceClient.make(ClusterRole)
    const bindings = yield* ResourceClient.make(ClusterRoleBinding)
    yield* roles.create({
      metadata: { name },
      rules: [{ apiGroups: [""], resources: [resource], verbs: ["list", "watch"] }]
    })
    yield* bindings.create({
      metadata: { name },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name },
      subjects: [{ kind: "User", name, apiGroup: "rbac.authorization.k8s.io" }]
    })
    const transport = server.as({ name, groups: ["system:authenticated"] })
    return yield* self.pipe(
      Effect.provide(Layer.fresh(Kubernetes.layer).pipe(Layer.provide(Layer.succeed(Transport)(transport))))
    )
  }).pipe(
    Effect.scoped,
    Effect.provide(Layer.fresh(ApiServer.layerOptions({ authorization: "RBAC" }))),
    Effect.provide(Logger.layer([]))
  )

describe("Manager", () => {
  it.effect("runs several controllers on shared caches", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const server = yield* ApiServer.ApiServer
      const maps = yield* ResourceClient.make(ConfigMap, "default")
      yield* maps.create({ metadata: { name: "a" } })
      const manager = yield* Manager.make({ controllers: [noting("one", log), noting("two", log)] })
      yield* Effect.forkChild(manager.run)
      yield* settle
      assert.sameMembers(log.filter((entry) => entry.endsWith(" a")), ["one a", "two a"])
      assert.strictEqual(yield* server.openWatches, 1)
    }).pipe(withServer))

  it.effect("fills caches and queues before it leads, reconciles while it leads, and stops when it does not", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const maps = yield* ResourceClient.make(ConfigMap, "default")
      yield* maps.create({ metadata: { name: "a" } })
      const won = yield* Deferred.make<void>()
      const lost = yield* Deferred.make<void>()
      const manager = yield* Manager.make({
        controllers: [noting("elected", log)],
        unelected: [noting("always", log)],
        leading: (work) => Effect.andThen(Deferred.await(won), Effect.raceFirst(work, Deferred.await(lost)))
      })
      const running = yield* Effect.forkChild(manager.run)
      yield* settle
      assert.isFalse(log.some((entry) => entry.startsWith("elected")))
      assert.include(log, "always a")
      // A standby is ready.
      assert.deepStrictEqual((yield* manager.readiness).flatMap(({ problems }) => problems), [])
      yield* Deferred.succeed(won, undefined)
      yield* settle
      assert.include(log, "elected a")
      yield* Deferred.succeed(lost, undefined)
      yield* settle
      assert.deepStrictEqual(running.pollUnsafe(), Exit.void)
      log.length = 0
      yield* maps.create({ metadata: { name: "b" } })
      yield* settle
      assert.deepStrictEqual(log, [])
    }).pipe(withServer))

  it.effect("lets running reconciles end when it is interrupted, begins none, and gives leadership up last", () =>
    Effect.gen(function*() {
      const events: Array<string> = []
      const maps = yield* ResourceClient.make(ConfigMap, "default")
      yield* maps.create({ metadata: { name: "slow", labels: { mine: "true" } } })
      const controller = Controller.make(ConfigMap, {
        labelSelector: { mine: "true" },
        reconcile: ({ name }) =>
          Effect.sync(() => void events.push(`begin ${name}`)).pipe(
            Effect.andThen(Effect.sleep("10 seconds")),
            Effect.andThen(Effect.sync(() => void events.push(`end ${name}`)))
          )
      })
      const manager = yield* Manager.make({
        controllers: [controller],
        leading: (work) => Effect.onExit(work, () => Effect.sync(() => void events.push("released")))
      })
      const running = yield* Effect.forkChild(manager.run)
      yield* settle
      yield* maps.create({ metadata: { name: "waiting", labels: { mine: "true" } } })
      yield* settle
      const stopping = yield* Effect.forkChild(Fiber.interrupt(running))
      yield* adjust("9 seconds")
      assert.deepStrictEqual(events, ["begin slow"])
      assert.deepStrictEqual((yield* manager.readiness).map(({ name }) => name)[0], "shutdown")
      assert.isUndefined(stopping.pollUnsafe())
      yield* adjust("1 second")
      assert.deepStrictEqual(events, ["begin slow", "end slow", "released"])
      assert.isDefined(stopping.pollUnsafe())
    }).pipe(withServer))

  it.effect("begins nothing with a worker that is free while another one still ends", () =>
    Effect.gen(function*() {
      const events: Array<string> = []
      const maps = yield* ResourceClient.make(ConfigMap, "default")
      const create = (name: string) => maps.create({ metadata: { name, labels: { mine: "true" } } })
      yield* create("5")
      yield* create("10")
      const controller = Controller.make(ConfigMap, {
        labelSelector: { mine: "true" },
        concurrency: 2,
        reconcile: ({ name }) =>
          Effect.sync(() => void events.push(`begin ${name}`)).pipe(
            Effect.andThen(Effect.sleep(Number(name) * 1000)),
            Effect.andThen(Effect.sync(() => void events.push(`end ${name}`)))
          )
      })
      const manager = yield* Manager.make({ controllers: [controller] })
      const running = yield* Effect.forkChild(manager.run)
      yield* settle
      yield* create("1")
      yield* settle
      const stopping = yield* Effect.forkChild(Fiber.interrupt(running))
      yield* adjust("5 seconds")
      yield* adjust("4 seconds")
      assert.deepStrictEqual(events.slice(2), ["end 5"])
      yield* adjust("1 second")
      assert.isDefined(stopping.pollUnsafe())
      assert.deepStrictEqual(events.slice(2), ["end 5", "end 10"])
    }).pipe(withServer))

  it.effect("interrupts reconciles that take longer than the drain", () =>
    Effect.gen(function*() {
      const events: Array<string> = []
      const maps = yield* ResourceClient.make(ConfigMap, "default")
      yield* maps.create({ metadata: { name: "stuck", labels: { mine: "true" } } })
      const controller = Controller.make(ConfigMap, {
        labelSelector: { mine: "true" },
        reconcile: () => Effect.onInterrupt(Effect.never, () => Effect.sync(() => void events.push("interrupted")))
      })
      const manager = yield* Manager.make({ controllers: [controller], drain: "5 seconds" })
      const running = yield* Effect.forkChild(manager.run)
      yield* settle
      const stopping = yield* Effect.forkChild(Fiber.interrupt(running))
      yield* adjust("4 seconds")
      assert.deepStrictEqual(events, [])
      yield* adjust("1 second")
      assert.deepStrictEqual(events, ["interrupted"])
      assert.isDefined(stopping.pollUnsafe())
    }).pipe(withServer))

  it.effect("interrupts at once where the drain is zero, and waits for ever where it is infinite", () =>
    Effect.gen(function*() {
      const events: Array<string> = []
      const maps = yield* ResourceClient.make(ConfigMap, "default")
      yield* maps.create({ metadata: { name: "slow", labels: { mine: "true" } } })
      const stopping = Effect.fnUntraced(function*(drain: Duration.Input) {
        const controller = Controller.make(ConfigMap, {
          labelSelector: { mine: "true" },
          reconcile: () =>
            Effect.onExit(Effect.sleep("1 day"), (exit) => Effect.sync(() => void events.push(exit._tag)))
        })
        const manager = yield* Manager.make({ controllers: [controller], drain })
        const running = yield* Effect.forkChild(manager.run)
        yield* settle
        return yield* Effect.forkChild(Fiber.interrupt(running))
      })
      const zero = yield* stopping(0)
      yield* settle
      assert.isDefined(zero.pollUnsafe())
      assert.deepStrictEqual(events, ["Failure"])
      const infinite = yield* stopping(Infinity)
      yield* adjust("23 hours")
      assert.isUndefined(infinite.pollUnsafe())
      yield* adjust("1 hour")
      assert.isDefined(infinite.pollUnsafe())
      assert.deepStrictEqual(events, ["Failure", "Success"])
    }).pipe(withServer))

  it.effect("leaves no watch and no series behind, whether it ends by itself, by a failure or by interruption", () =>
    Effect.gen(function*() {
      const server = yield* ApiServer.ApiServer
      const maps = yield* ResourceClient.make(ConfigMap, "default")
      yield* maps.create({ metadata: { name: "a" } })
      const series = Effect.map(Metric.snapshot, (all) => all.map(({ id }) => id))
      const ends: ReadonlyArray<Effect.Effect<unknown, "lost">> = [Effect.void, Effect.fail("lost"), Effect.never]
      for (const end of ends) {
        const running = yield* Effect.forkChild(Effect.scoped(Effect.gen(function*() {
          const manager = yield* Manager.make({
            controllers: [noting("one", []), Controller.make(Secret, { name: "two", reconcile: () => Effect.never })],
            unelected: [noting("three", [])],
            leading: (work) => Effect.raceFirst(work, Effect.andThen(Effect.sleep("1 second"), end)),
            drain: "1 second"
          })
          yield* manager.run
        })))
        yield* settle
        assert.isAbove(yield* server.openWatches, 0)
        assert.include(yield* series, "controller_runtime_reconcile_total")
        yield* adjust("1 second")
        yield* Effect.forkChild(Fiber.interrupt(running))
        yield* adjust("1 second")
        yield* adjust("1 minute")
        assert.isDefined(running.pollUnsafe())
        assert.strictEqual(yield* server.openWatches, 0)
        assert.deepStrictEqual((yield* series).filter((id) => /^(?:controller_runtime|workqueue)_/.test(id)), [])
      }
    }).pipe(withServer, Effect.provideService(Metric.MetricRegistry, new Map())))

  it.effect("refuses two controllers of one name, as their metrics and checks would be one", () =>
    Effect.gen(function*() {
      const manager = yield* Manager.make({
        controllers: [noting("one", []), noting("two", [])],
        unelected: [noting("one", [])]
      })
      const error = yield* Effect.flip(manager.run)
      assert.strictEqual(error.message, "controller one: another controller of this manager has the same name")
    }).pipe(withServer))

  it.effect("fails with the controller whose caches do not fill, and takes the others along", () =>
    Effect.gen(function*() {
      const stuck = Controller.make(Pod, { name: "stuck", cacheSyncTimeout: "1 minute", reconcile: () => Effect.void })
      const manager = yield* Manager.make({ controllers: [noting("one", []), stuck] })
      const running = yield* Effect.forkChild(Effect.flip(manager.run))
      yield* adjust("1 minute")
      yield* adjust("1 second")
      const error = yield* Fiber.join(running)
      assert.match(error.message, /^controller stuck: its caches did not sync within 1m: Pod \(/)
    }).pipe(Effect.scoped, allowed("configmaps")))
})

describe("Endpoints", () => {
  const well = { liveness: Effect.succeed([]), readiness: Effect.succeed([{ name: "controller a", problems: [] }]) }
  const ill = {
    liveness: Effect.succeed([]),
    readiness: Effect.succeed([
      { name: "controller a", problems: [] },
      { name: "controller b", problems: ["Pod: one", "Secret: two"] }
    ])
  }

  it.effect("answers probes with 200 or 503, and names every check and problem", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* ask(well, "/healthz"), { status: 200, text: "[+]ping ok\nhealthz check passed\n" })
      assert.deepStrictEqual(yield* ask(well, "/livez?verbose"), {
        status: 200,
        text: "[+]ping ok\nlivez check passed\n"
      })
      assert.deepStrictEqual(yield* ask(ill, "/readyz"), {
        status: 503,
        text: "[+]ping ok\n[+]controller a ok\n[-]controller b failed: Pod: one; Secret: two\nreadyz check failed\n"
      })
      assert.strictEqual((yield* ask(ill, "/readyz/controller%20a")).status, 200)
      assert.strictEqual((yield* ask(ill, "/readyz/controller%20b")).status, 503)
      assert.deepStrictEqual(yield* ask(ill, "/readyz/ping"), {
        status: 200,
        text: "[+]ping ok\nreadyz check passed\n"
      })
      assert.strictEqual((yield* ask(ill, "/readyz/nothing")).status, 404)
      assert.strictEqual((yield* ask(ill, "/elsewhere")).status, 404)
      assert.strictEqual((yield* ask(ill, "/metrics/elsewhere")).status, 404)
      assert.strictEqual((yield* ask(ill, "/healthz", "POST")).status, 405)
    }))

  it.effect("leaves out the checks that the request excludes, one of no name among them too", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* ask(ill, "/readyz?exclude=controller%20b&exclude=nothing"), {
        status: 200,
        text: "[+]ping ok\n[+]controller a ok\n[+]controller b excluded: ok\nreadyz check passed\n"
      })
      assert.strictEqual((yield* ask(ill, "/readyz?exclude=controller+a")).status, 503)
    }))

  it.effect("serves the metrics of controllers and queues in Prometheus' format", () =>
    Effect.gen(function*() {
      const maps = yield* ResourceClient.make(ConfigMap, "default")
      yield* maps.create({ metadata: { name: "a" } })
      const manager = yield* Manager.make({ controllers: [noting("counted", [])] })
      yield* Effect.forkChild(manager.run)
      yield* settle
      const { status, text } = yield* ask(manager, "/metrics")
      assert.strictEqual(status, 200)
      assert.match(text, /^controller_runtime_reconcile_total\{controller="counted",result="success"\} [1-9]/m)
      assert.match(text, /^workqueue_adds_total\{.*name="counted".*\} [1-9]/m)
    }).pipe(withServer))

  it.effect("names the rule that is missing", () =>
    Effect.gen(function*() {
      const controller = Controller.make(ConfigMap, { name: "needy", owns: [Secret], reconcile: () => Effect.void })
      const manager = yield* Manager.make({ controllers: [controller] })
      yield* Effect.forkChild(Effect.ignore(manager.run))
      yield* adjust("3 seconds")
      const { status, text } = yield* ask(manager, "/readyz")
      assert.strictEqual(status, 503)
      assert.match(
        text,
        /\[-\]controller needy failed: Secret: .*needs the rule \{apiGroups: \[""\], resources: \["secrets"\], verbs: \["list", "watch"\]\}/
      )
      assert.notMatch(text, /failed: ConfigMap/)
    }).pipe(Effect.scoped, allowed("configmaps")))

  it.effect("shows the program's own checks", () =>
    Effect.gen(function*() {
      const manager = yield* Manager.make({
        controllers: [],
        livenessChecks: { database: Effect.die(new Error("no connection")) },
        readinessChecks: { license: Effect.void }
      })
      assert.include((yield* ask(manager, "/healthz")).text, "[-]database failed: no connection")
      assert.include((yield* ask(manager, "/readyz")).text, "[+]license ok")
    }).pipe(withServer))
})

describe("Manager under leadership", () => {
  const lease = { namespace: "default", name: "lease", identity: "a" }
  const leaderElection = (text: string) => text.split("\n").find((line) => line.includes("leaderElection"))

  it.effect("over HTTP, a candidate that may not write its lease is not ready, and is once it may", () =>
    Effect.gen(function*() {
      const manager = yield* Manager.make({
        controllers: [noting("elected", [])],
        leading: LeaderElection.whileLeading(lease)
      })
      yield* Endpoints.serve(manager)
      const get = (path: string) =>
        Effect.flatMap(
          HttpClient.get(path),
          (response) => Effect.map(response.text, (text) => ({ status: response.status, line: leaderElection(text) }))
        )
      yield* Effect.forkChild(Effect.ignore(manager.run))
      yield* adjust("1 second")
      const blocked = yield* get("/readyz")
      assert.strictEqual(blocked.status, 503)
      assert.match(
        blocked.line ?? "",
        /^\[-\]leaderElection failed: LockUnavailable: the lease default\/lease cannot be used: .*cannot get resource "leases"/
      )
      assert.strictEqual((yield* get("/readyz/leaderElection")).status, 503)
      // A process that may not do its work is no better after a restart.
      assert.deepStrictEqual(yield* get("/healthz"), { status: 200, line: "[+]leaderElection ok" })

      const server = yield* ApiServer.ApiServer
      yield* ResourceClient.make(ClusterRole).pipe(
        Effect.flatMap((roles) =>
          roles.create({
            metadata: { name: "leases" },
            rules: [{ apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["*"] }]
          })
        ),
        Effect.andThen(ResourceClient.make(ClusterRoleBinding)),
        Effect.flatMap((bindings) =>
          bindings.create({
            metadata: { name: "leases" },
            roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "leases" },
            subjects: [{ kind: "User", name: "controller", apiGroup: "rbac.authorization.k8s.io" }]
          })
        ),
        Effect.provide(
          Layer.fresh(Kubernetes.layer).pipe(
            Layer.provide(Layer.succeed(Transport)(server.as({ name: "admin", groups: ["system:masters"] })))
          )
        )
      )
      yield* adjust("5 seconds")
      assert.deepStrictEqual(yield* get("/readyz"), { status: 200, line: "[+]leaderElection ok" })
    }).pipe(Effect.scoped, allowed("configmaps"), Effect.provide(NodeHttpServer.layerTest)))

  it.effect("no longer answers once its scope is closed", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const status = Effect.map(HttpClient.get("/livez"), ({ status }) => status)
      yield* Effect.gen(function*() {
        const manager = yield* Manager.make({ controllers: [noting("one", [])] })
        yield* Endpoints.serve(manager)
      }).pipe(Scope.provide(scope))
      assert.strictEqual(yield* status, 200)
      yield* Scope.close(scope, Exit.void)
      assert.isTrue(Exit.isFailure(yield* Effect.exit(status)) || (yield* status) !== 200)
    }).pipe(withServer, Effect.provide(NodeHttpServer.layerTest)))

  it.effect("over HTTP, work that outlives its lease fails liveness after the tolerance", () =>
    Effect.gen(function*() {
      const maps = yield* ResourceClient.make(ConfigMap, "default")
      yield* maps.create({ metadata: { name: "a" } })
      const access: MemoryLease.Access = { link: "up" }
      const end = yield* Deferred.make<void>()
      const elector = yield* LeaderElector.make(MemoryLease.lock(MemoryLease.make(), "a", access))
      const manager = yield* Manager.make({
        controllers: [Controller.make(ConfigMap, { reconcile: () => Effect.uninterruptible(Deferred.await(end)) })],
        leading: elector.whileLeading
      })
      yield* Endpoints.serve(manager)
      const get = Effect.flatMap(HttpClient.get("/livez"), (response) =>
        Effect.map(response.text, (text) => ({ status: response.status, line: leaderElection(text) })))
      yield* Effect.forkChild(manager.run)
      yield* adjust("1 second")
      assert.deepStrictEqual(yield* get, { status: 200, line: "[+]leaderElection ok" })
      access.link = "refused"
      // The lease was renewed last at 0 s, runs out at 15 s, and 20 s are tolerated.
      yield* adjust("33 seconds")
      assert.strictEqual((yield* get).status, 200)
      yield* adjust("2 seconds")
      assert.deepStrictEqual(yield* get, {
        status: 503,
        line:
          "[-]leaderElection failed: LeaseOverdue: what the lease default/lease guards still runs though the lease ran out"
      })
      yield* Deferred.succeed(end, undefined)
    }).pipe(withServer, Effect.provide(NodeHttpServer.layerTest)))

  it.effect("a standby that shuts down does not take a lease that comes free meanwhile", () =>
    Effect.gen(function*() {
      const maps = yield* ResourceClient.make(ConfigMap, "default")
      yield* maps.create({ metadata: { name: "a" } })
      const held = MemoryLease.make()
      const other = yield* LeaderElector.make(MemoryLease.lock(held, "other"))
      const leading = yield* Effect.forkChild(other.whileLeading(Effect.never))
      yield* settle
      const elector = yield* LeaderElector.make(MemoryLease.lock(held, "a"))
      const manager = yield* Manager.make({
        controllers: [noting("elected", [])],
        unelected: [
          Controller.make(ConfigMap, { name: "slow", reconcile: () => Effect.sleep("20 seconds") })
        ],
        leading: elector.whileLeading
      })
      const running = yield* Effect.forkChild(manager.run)
      yield* settle
      const stopping = yield* Effect.forkChild(Fiber.interrupt(running))
      yield* settle
      yield* Fiber.interrupt(leading)
      yield* adjust("10 seconds")
      assert.isUndefined(stopping.pollUnsafe())
      assert.strictEqual(held.held?.record.holderIdentity, "")
      assert.deepStrictEqual(held.calls.filter((call) => call === "a update"), [])
      yield* adjust("10 seconds")
      assert.isDefined(stopping.pollUnsafe())
    }).pipe(withServer))

  it.effect("a leader that has nothing left to do gives the lease up, and what needs no lease still drains", () =>
    Effect.gen(function*() {
      const events: Array<string> = []
      const maps = yield* ResourceClient.make(ConfigMap, "default")
      yield* maps.create({ metadata: { name: "a", labels: { mine: "true" } } })
      const held = MemoryLease.make()
      const elector = yield* LeaderElector.make(MemoryLease.lock(held, "a"))
      const manager = yield* Manager.make({
        controllers: [noting("elected", [])],
        unelected: [
          Controller.make(ConfigMap, {
            name: "slow",
            labelSelector: { mine: "true" },
            reconcile: () =>
              Effect.onExit(Effect.sleep("20 seconds"), (exit) => Effect.sync(() => void events.push(exit._tag)))
          })
        ],
        leading: elector.whileLeading
      })
      const running = yield* Effect.forkChild(manager.run)
      yield* settle
      const stopping = yield* Effect.forkChild(Fiber.interrupt(running))
      yield* adjust("1 second")
      assert.deepStrictEqual([held.held?.record.holderIdentity, events], ["", []])
      yield* adjust("19 seconds")
      assert.isDefined(stopping.pollUnsafe())
      assert.deepStrictEqual(events, ["Success"])
    }).pipe(withServer))

  it.effect("interrupts what runs at once when leadership is lost, without the time to drain", () =>
    Effect.gen(function*() {
      const events: Array<string> = []
      const maps = yield* ResourceClient.make(ConfigMap, "default")
      yield* maps.create({ metadata: { name: "a", labels: { mine: "true" } } })
      const held = MemoryLease.make()
      const elector = yield* LeaderElector.make(MemoryLease.lock(held, "a"), { onLost: "fail" })
      const manager = yield* Manager.make({
        controllers: [
          Controller.make(ConfigMap, {
            labelSelector: { mine: "true" },
            reconcile: () => Effect.onInterrupt(Effect.never, () => Effect.sync(() => void events.push("interrupted")))
          })
        ],
        leading: elector.whileLeading
      })
      const running = yield* Effect.forkChild(Effect.flip(manager.run))
      yield* adjust("1 second")
      MemoryLease.put(held, { holderIdentity: "thief", leaseDurationSeconds: 15, leaderTransitions: 7 })
      yield* adjust("2 seconds")
      assert.deepStrictEqual(events, ["interrupted"])
      const error = yield* Fiber.join(running)
      assert.strictEqual(error._tag === "LeaderElectionError" && error.reason._tag, "LeadershipLost")
    }).pipe(withServer))

  it.effect("a standby is ready, and tells nothing of an election that is over", () =>
    Effect.gen(function*() {
      const held = MemoryLease.make()
      const other = yield* LeaderElector.make(MemoryLease.lock(held, "other"))
      yield* Effect.forkChild(other.whileLeading(Effect.never))
      yield* settle
      const elector = yield* LeaderElector.make(MemoryLease.lock(held, "a"))
      const manager = yield* Manager.make({ controllers: [noting("elected", [])], leading: elector.whileLeading })
      const names = Effect.map(
        Effect.all([manager.liveness, manager.readiness]),
        (all) => all.map((checks) => checks.map(({ name, problems }) => [name, ...problems]))
      )
      yield* settle
      assert.deepStrictEqual(yield* names, [[], [["controller elected"]]])
      const running = yield* Effect.forkChild(manager.run)
      yield* settle
      assert.deepStrictEqual(yield* names, [[["leaderElection"]], [["controller elected"], ["leaderElection"]]])
      yield* Fiber.interrupt(running)
      assert.deepStrictEqual((yield* names)[0], [])
    }).pipe(withServer))
})
