/**
 * One of several processes with one discovery cache: `cacheProcess.ts DIRECTORY MARK`.
 *
 * It writes what bears its mark and reads what any of them wrote, and prints what it read that is not whole.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as CachedDiscovery from "../../src/Discovery/CachedDiscovery.ts"
import * as DiscoveryClient from "../../src/Discovery/DiscoveryClient.ts"

const [directory = "", mark = ""] = process.argv.slice(2)

const version = { groupVersion: "a/v1", version: "v1" }
const list = {
  groupVersion: "a/v1",
  // Far more than one write of a file takes.
  resources: Array.from({ length: 2000 }, (_, index) => ({
    name: `things-${index}`,
    singularName: mark,
    namespaced: true,
    kind: "Thing",
    verbs: ["get", "list", "watch"]
  }))
}
const all = { groups: [{ name: "a", versions: [version], preferredVersion: version }], lists: [list], failures: [] }

const client = DiscoveryClient.DiscoveryClient.of({
  groups: Effect.succeed(all.groups),
  resources: () => Effect.succeed(list),
  all: Effect.succeed(all),
  version: Effect.die("not asked"),
  isFresh: Effect.succeed(true),
  invalidate: Effect.void
})

const open = CachedDiscovery.disk(client, { directory, server: "https://127.0.0.1:6443", timeToLive: "6 hours" })

Effect.gen(function*() {
  for (let round = 0; round < 30; round++) {
    const cached = yield* open
    if (round % 2 === 0) yield* cached.invalidate
    const [read] = (yield* cached.all).lists
    const marks = new Set(read?.resources.map(({ singularName }) => singularName))
    if (read?.resources.length !== 2000 || marks.size !== 1) {
      yield* Console.log(`round ${round}: ${read?.resources.length} resources of ${[...marks].join(", ")}`)
    }
  }
  yield* Console.log("done")
}).pipe(Effect.provide(NodeServices.layer), NodeRuntime.runMain)
