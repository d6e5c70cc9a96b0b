import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawn, spawnSync } from "node:child_process"
import * as path from "node:path"
import { Lease } from "../../src/Api/coordination/v1.ts"
import * as ResourceClient from "../../src/Clientset/ResourceClient.ts"
import * as NodeKubernetes from "../../src/NodeKubernetes.ts"
import { cluster } from "./TestCluster.ts"

const folder = path.join(import.meta.dirname, "election")

/** What a candidate said: `BEGIN` and `END` of its work, and when, in milliseconds since 1970. */
interface Line {
  readonly what: string
  readonly who: string
  readonly at: number
}

interface Candidate {
  readonly identity: string
  readonly kill: (signal: NodeJS.Signals) => Effect.Effect<void>
}

const candidate = Effect.fnUntraced(function*(
  said: Array<Line>,
  identity: string,
  command: string,
  args: ReadonlyArray<string>
) {
  const child = yield* Effect.acquireRelease(
    Effect.sync(() =>
      spawn(command, [...args, identity], {
        env: { ...process.env, KUBECONFIG: cluster.kubeconfig },
        stdio: ["ignore", "pipe", "ignore"]
      })
    ),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )
  let rest = ""
  child.stdout.on("data", (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split("\n")
    rest = lines.pop() ?? ""
    for (const line of lines) {
      const [, what, who, at] = /^(BEGIN|END|STANDBY|SEES) (\S+) (\d+)$/.exec(line) ?? []
      if (what !== undefined && who !== undefined) said.push({ what, who, at: Number(at) })
    }
  })
  return { identity, kill: (signal) => Effect.sync(() => void child.kill(signal)) } satisfies Candidate
})

const replica = (said: Array<Line>, lease: string, identity: string, how: "look" | "watch" = "look") =>
  candidate(said, identity, process.execPath, [
    "--conditions=@effect-kubernetes/source",
    path.join(folder, "replica.ts"),
    "default",
    lease,
    how
  ])

const until = (said: ReadonlyArray<Line>, holds: () => boolean, timeout: `${number} seconds` = "40 seconds") =>
  Effect.suspend(function poll(): Effect.Effect<void> {
    return holds() ? Effect.void : Effect.andThen(Effect.sleep("20 millis"), Effect.suspend(poll))
  }).pipe(
    Effect.timeoutOrElse({
      duration: timeout,
      orElse: () => Effect.die(new Error(`it did not happen within ${timeout}: ${JSON.stringify(said)}`))
    })
  )

const begun = (said: ReadonlyArray<Line>) => said.filter(({ what }) => what === "BEGIN")
const leader = (said: ReadonlyArray<Line>) => begun(said).at(-1)?.who ?? ""

const spec = (name: string) =>
  Effect.flatMap(ResourceClient.make(Lease, "default"), (leases) => Effect.map(leases.get(name), ({ spec }) => spec))
    .pipe(Effect.provide(NodeKubernetes.layerKubeconfig({ path: cluster.kubeconfig })))

describe("LeaderElection on a real control plane", () => {
  it.live(
    "three replicas: one leads; another follows after SIGTERM and after SIGKILL, never two at once",
    () =>
      Effect.gen(function*() {
        const said: Array<Line> = []
        const replicas = new Map<string, Candidate>()
        for (const identity of ["a", "b", "c"]) {
          replicas.set(identity, yield* replica(said, "three-replicas", identity))
        }
        yield* until(said, () => begun(said).length === 1)
        // All are candidates before the first is ended.
        yield* until(said, () => new Set(said.map(({ who }) => who)).size === 3)
        const handOver = Effect.fnUntraced(function*(signal: NodeJS.Signals) {
          const before = leader(said)
          const terms = begun(said).length
          const at = Date.now()
          yield* replicas.get(before)?.kill(signal) ?? Effect.die("the leader is one of them")
          yield* until(said, () => begun(said).length > terms)
          const took = (begun(said).at(-1)?.at ?? 0) - at
          console.log(`leader election: ${signal} to the leader, the next one leads after ${took} ms`)
          return { before, took }
        })
        const ended = yield* handOver("SIGTERM")
        // It gave the lease up, so the next look of another finds it free: 2 to 4.4 s apart.
        assert.isBelow(ended.took, 6_000)
        const end = said.find(({ what, who }) => what === "END" && who === ended.before)
        assert.isBelow(end?.at ?? Infinity, begun(said).at(-1)?.at ?? 0)

        const killed = yield* handOver("SIGKILL")
        // The lease has to run out, since the last renewal that the others saw.
        assert.isAbove(killed.took, 12_000)
        assert.isBelow(killed.took, 26_000)
        assert.strictEqual(new Set(begun(said).map(({ who }) => who)).size, 3)
        assert.strictEqual((yield* spec("three-replicas"))?.leaseTransitions, 2)
      }).pipe(Effect.scoped),
    120_000
  )

  it.live("a replica that watches follows a leader that ends at once", () =>
    Effect.gen(function*() {
      const said: Array<Line> = []
      const replicas = [yield* replica(said, "watched", "a", "watch"), yield* replica(said, "watched", "b", "watch")]
      yield* until(said, () => begun(said).length === 1 && new Set(said.map(({ who }) => who)).size === 2)
      // The watch begins after the first look.
      yield* Effect.sleep("1 second")
      yield* replicas.find(({ identity }) => identity === leader(said))?.kill("SIGTERM") ?? Effect.die("one leads")
      yield* until(said, () => begun(said).length === 2)
      const end = said.find(({ what }) => what === "END")
      const took = (begun(said).at(-1)?.at ?? 0) - (end?.at ?? 0)
      console.log(`leader election: the next one, which watches, leads ${took} ms after the leader ended`)
      assert.isAtLeast(took, 0)
      assert.isBelow(took, 1_000)
    }).pipe(Effect.scoped), 60_000)

  it.live("client-go's elector and ours take turns on one Lease", () =>
    Effect.gen(function*() {
      const elector = path.join(cluster.directory, "elector")
      const built = spawnSync("go", ["build", "-o", elector, "."], {
        cwd: folder,
        stdio: ["ignore", "inherit", "inherit"]
      })
      if (built.error !== undefined) return console.log("skipped: no Go to build client-go's elector with")
      assert.strictEqual(built.status, 0)

      const said: Array<Line> = []
      const ours = yield* replica(said, "both", "ours")
      yield* until(said, () => leader(said) === "ours")
      const theirs = yield* candidate(said, "theirs", elector, ["default", "both"])
      yield* until(said, () => said.some(({ what, who }) => what === "SEES" && who === "ours"))
      // Longer than a lease: what we write keeps it away.
      yield* Effect.sleep("17 seconds")
      assert.strictEqual(begun(said).length, 1)
      yield* ours.kill("SIGTERM")
      yield* until(said, () => leader(said) === "theirs")
      const again = yield* replica(said, "both", "again")
      yield* until(said, () => said.some(({ what, who }) => what === "STANDBY" && who === "again"))
      yield* Effect.sleep("17 seconds")
      assert.strictEqual(leader(said), "theirs")
      yield* theirs.kill("SIGTERM")
      yield* until(said, () => leader(said) === "again")
      assert.deepStrictEqual(
        said.filter(({ what }) => what === "BEGIN" || what === "END").map(({ what, who }) => `${what} ${who}`),
        ["BEGIN ours", "END ours", "BEGIN theirs", "END theirs", "BEGIN again"]
      )
      assert.strictEqual((yield* spec("both"))?.leaseTransitions, 2)
      yield* again.kill("SIGTERM")
      yield* until(said, () => said.at(-1)?.what === "END")
    }).pipe(Effect.scoped), 120_000)
})
