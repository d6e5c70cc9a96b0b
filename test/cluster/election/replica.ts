/**
 * One replica of a controller, as a process: says when it begins and stops to lead.
 *
 *     node replica.ts NAMESPACE LEASE look|watch IDENTITY      the cluster is that of KUBECONFIG
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as LeaderElection from "../../../src/LeaderElection/LeaderElection.ts"
import * as LeaderState from "../../../src/LeaderElection/LeaderState.ts"
import * as NodeKubernetes from "../../../src/NodeKubernetes.ts"

const [namespace = "", name = "", how, identity = ""] = process.argv.slice(2)

const say = (what: string) =>
  Effect.flatMap(Clock.currentTimeMillis, (now) => Console.log(`${what} ${identity} ${now}`))

const work = Effect.acquireUseRelease(say("BEGIN"), () => Effect.never, () => say("END"))

Effect.gen(function*() {
  const elector = yield* LeaderElection.make({ namespace, name, identity, watch: how === "watch" })
  yield* Effect.forkScoped(
    Stream.runForEach(
      elector.states,
      (state) => LeaderState.isLeading(state) ? Effect.void : say(state._tag.toUpperCase())
    )
  )
  return yield* elector.whileLeading(work)
}).pipe(Effect.scoped, Effect.provide(NodeKubernetes.layer), NodeRuntime.runMain)
