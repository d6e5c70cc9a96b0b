/**
 * A sharded controller on a real API server: three replicas as processes, of which one is killed in the middle and one
 * is asked to end. The history of every object shows who held it when.
 */
import { assert, layer } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { spawn } from "node:child_process"
import * as Clientset from "../../src/Clientset/Clientset.ts"
import * as Patch from "../../src/Machinery/Patch.ts"
import * as NodeKubernetes from "../../src/NodeKubernetes.ts"
import * as RetryWatcher from "../../src/Watch/RetryWatcher.ts"
import { cluster } from "./TestCluster.ts"

const namespace = "sharded-controller"
const count = 3000

interface Replica {
  readonly identity: string
  readonly log: () => string
  readonly end: (signal: "SIGKILL" | "SIGTERM") => Effect.Effect<void>
}

const replica = (identity: string) =>
  Effect.acquireRelease(
    Effect.sync((): Replica => {
      const program = new URL("./shardedReplica.ts", import.meta.url).pathname
      const child = spawn(process.execPath, [program, cluster.kubeconfig, namespace, identity])
      let log = ""
      const keep = (chunk: Buffer) => {
        log = (log + chunk.toString()).slice(-20_000)
      }
      child.stdout.on("data", keep)
      child.stderr.on("data", keep)
      const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()))
      return {
        identity,
        log: () => log,
        end: (signal) =>
          Effect.promise(() => {
            child.kill(signal)
            return exited
          })
      }
    }),
    ({ end }) => end("SIGKILL")
  )

const seconds = (duration: Duration.Duration) => `${(Duration.toMillis(duration) / 1000).toFixed(1)} s`

layer(NodeKubernetes.layerKubeconfig({ path: cluster.kubeconfig }), { excludeTestServices: true })(
  "ShardedController",
  (it) => {
    it.effect(
      "reconciles 3,000 objects on three replicas, one killed in the middle: every object, none by two at once",
      () =>
        Effect.gen(function*() {
          const { coordinationV1, coreV1 } = yield* Clientset.Clientset
          const maps = coreV1.configMaps(namespace)
          yield* Effect.acquireRelease(
            coreV1.namespaces().apply({ metadata: { name: namespace } }, { fieldManager: "test", force: true }),
            () => Effect.ignore(coreV1.namespaces().delete(namespace))
          )
          const { metadata: { resourceVersion = "" } } = yield* maps.list({ limit: 1 })

          const holders = new Map<string, string>()
          const done = new Map<string, string>()
          const by = new Map<string, number>()
          const faults: Array<string> = []
          const ended = new Set<string>()
          yield* Effect.forkScoped(
            // The server ends watches of collections that change so fast; the history goes on where it stopped.
            Stream.runForEach(RetryWatcher.make(maps.listWatch(), { resourceVersion }), (event) =>
              Effect.sync(() => {
                if (event.type === "DELETED") return
                const { data = {}, metadata: { name } } = event.object
                const before = holders.get(name)
                const holder = data["holder"]
                if (before !== undefined && holder !== undefined && holder !== before && !ended.has(before)) {
                  faults.push(`${name} was begun by ${holder} while ${before} held it`)
                }
                if (before !== undefined && holder === undefined && data["by"] !== before) {
                  faults.push(`${name} was ended by ${data["by"]} while ${before} held it`)
                }
                if (holder === undefined) holders.delete(name)
                else holders.set(name, holder)
                if (data["done"] !== undefined && data["done"] !== done.get(name)) {
                  done.set(name, data["done"])
                  by.set(data["by"] ?? "", (by.get(data["by"] ?? "") ?? 0) + 1)
                }
              })).pipe(Effect.tapCause((cause) => Effect.logError("the history is cut off", cause)))
          )

          const replicas: Array<Replica> = []
          for (const identity of ["a", "b", "c"]) replicas.push(yield* replica(identity))
          const [first, second] = replicas
          assert(first !== undefined && second !== undefined)
          yield* coordinationV1.leases(namespace).list({ labelSelector: "effect-kubernetes.dev/role=runner" }).pipe(
            Effect.repeat({ until: ({ items }) => items.length === 3, schedule: Schedule.spaced("200 millis") })
          )

          const names = Array.from({ length: count }, (_, index) => `object-${index}`)
          yield* Effect.forEach(
            names,
            (name) => maps.create({ metadata: { name, labels: { sharded: "true" } }, data: { wanted: "1" } }),
            { concurrency: 32, discard: true }
          )
          const atLeast = (many: number, wanted: string) =>
            Effect.sync(() => names.filter((name) => done.get(name) === wanted).length >= many).pipe(
              Effect.repeat({ until: (holds) => holds, schedule: Schedule.spaced("100 millis") }),
              Effect.timeoutOrElse({
                duration: "150 seconds",
                orElse: () => Effect.die(`only ${done.size} are done; ${replicas.map(({ log }) => log()).join("\n")}`)
              })
            )

          yield* atLeast(count / 3, "1")
          const holding = Array.from(holders.values()).filter((holder) => holder === first.identity).length
          ended.add(first.identity)
          yield* first.end("SIGKILL")
          const [takeover] = yield* Effect.timed(atLeast(count, "1"))
          console.log(`killed one of three with ${holding} objects in its hands: all done after ${seconds(takeover)}`)

          // Asked to end, a replica finishes what it has begun, and its keys move at once.
          yield* Effect.forEach(
            names,
            (name) => maps.patch(name, Patch.merge({ data: { wanted: "2" } })),
            { concurrency: 32, discard: true }
          ).pipe(Effect.forkScoped)
          yield* atLeast(count / 3, "2")
          const [handover] = yield* Effect.timed(second.end("SIGTERM"))
          assert.deepStrictEqual(Array.from(holders.values()).filter((holder) => holder === second.identity), [])
          ended.add(second.identity)
          yield* atLeast(count, "2")
          console.log(
            `ended one of two in order in ${seconds(handover)}; done by ${JSON.stringify(Object.fromEntries(by))}`
          )

          assert.deepStrictEqual(faults, [])
          for (const { identity } of replicas) assert.isAbove(by.get(identity) ?? 0, 0)
          const leases = yield* coordinationV1.leases(namespace).list()
          assert.sameMembers(leases.items.map(({ metadata }) => metadata.labels?.["effect-kubernetes.dev/role"]), [
            "runner",
            "shards"
          ])
        }).pipe(Effect.scoped),
      400_000
    )
  }
)
