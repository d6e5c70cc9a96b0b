/**
 * One of three: replicas of a program share a Lease, one works, and another follows when it ends.
 *
 *     node examples/leader-election.ts                        in memory, no cluster needed
 *     node examples/leader-election.ts --kubeconfig FILE      one replica on that cluster; start it in several terminals
 */
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Console, Duration, Effect, Fiber, Layer, Option, Queue, Stream } from "effect"
import { LeaderElection } from "effect-kubernetes"
import { EventRecorder } from "effect-kubernetes/Events"
import { LeaderState } from "effect-kubernetes/LeaderElection"
import * as NodeKubernetes from "effect-kubernetes/NodeKubernetes"
import * as ApiServer from "effect-kubernetes/Testing/ApiServer"
import { Command, Flag } from "effect/cli"

const namespace = "default"
const name = "leader-election-example"
/** Shorter than the defaults (15 s, 10 s, 2 s), so that nobody has to wait for the example. */
const timing = { leaseDuration: "3 seconds", renewDeadline: "2 seconds", retryPeriod: "400 millis" } as const

/** What only one replica may do: what it acquires is released before another one begins. */
const work = (identity: string, began: Effect.Effect<unknown>) =>
  Effect.acquireUseRelease(
    Effect.andThen(Console.log(`    ${identity} begins to work`), began),
    () => Effect.never,
    () => Console.log(`    ${identity} has put its tools away`)
  )

const threeReplicas = Effect.gen(function*() {
  const leaders = yield* Queue.unbounded<string>()
  const replicas = new Map<string, Fiber.Fiber<never, unknown>>()
  for (const identity of ["anna", "ben", "carla"]) {
    const replica = work(identity, Queue.offer(leaders, identity)).pipe(
      LeaderElection.whileLeading({ namespace, name, identity, ...timing })
    )
    replicas.set(identity, yield* Effect.forkChild(replica))
  }
  let leader = yield* Queue.take(leaders)
  for (const replica of ["second", "third"]) {
    yield* Console.log(`\n  the leader, ${leader}, is asked to stop; the ${replica} one follows`)
    const fiber = replicas.get(leader)
    const stop = fiber === undefined ? Effect.void : Fiber.interrupt(fiber)
    const [took, next] = yield* Effect.timed(Effect.andThen(stop, Queue.take(leaders)))
    yield* Console.log(`    ✔ after ${Duration.toMillis(took).toFixed(0)} ms`)
    leader = next
  }
  yield* Console.log("")
})

/** A replica that also tells where it stands, as a status page or a readiness probe would. */
const oneReplica = Effect.gen(function*() {
  const identity = yield* LeaderElection.defaultIdentity
  const elector = yield* LeaderElection.make({ namespace, name, identity, ...timing })
  yield* Effect.forkScoped(Stream.runForEach(elector.states, (state) => {
    const leader = Option.getOrElse(LeaderState.leader(state), () => "nobody")
    return Console.log(`  ${identity}: ${state._tag}, the leader is ${leader}`)
  }))
  return yield* elector.whileLeading(work(identity, Effect.void))
}).pipe(Effect.scoped)

const flags = { kubeconfig: Flag.optional(Flag.String("kubeconfig")) }
const command = Command.make("leader-election", flags, ({ kubeconfig }) =>
  Option.match(kubeconfig, {
    onNone: () => Effect.provide(threeReplicas, ApiServer.layer),
    onSome: (path) =>
      Effect.provide(
        oneReplica,
        EventRecorder.layer({ controller: name }).pipe(Layer.provideMerge(NodeKubernetes.layerKubeconfig({ path })))
      )
  }))

Command.run(command, { version: "0.1.0" }).pipe(Effect.provide(NodeServices.layer), NodeRuntime.runMain)
