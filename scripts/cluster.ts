/**
 * A real control plane from the shell. `npm run cluster` prints its kubeconfig and keeps it until a signal comes;
 * `npm run cluster -- COMMAND ARGS` runs the command with KUBECONFIG set, stops the control plane and exits as it did.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ChildProcess from "effect/process/ChildProcess"
import * as ChildProcessSpawner from "effect/process/ChildProcessSpawner"
import * as ControlPlane from "../src/Testing/ControlPlane.ts"
import * as NodeControlPlane from "../src/Testing/NodeControlPlane.ts"
import { binaries, BuildFailed } from "../test/cluster/binaries.ts"

const program = Effect.fnUntraced(function*([command, ...args]: ReadonlyArray<string>) {
  const { kubeconfig } = yield* ControlPlane.ControlPlane
  if (command === undefined) {
    yield* Console.log(`export KUBECONFIG=${kubeconfig}`)
    return yield* Effect.never
  }
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  const exitCode = yield* spawner.exitCode(
    ChildProcess.make(command, args, {
      env: { KUBECONFIG: kubeconfig },
      extendEnv: true,
      stdin: "inherit",
      stdout: "inherit",
      stderr: "inherit"
    })
  )
  process.exitCode = exitCode
})

try {
  const live = Layer.merge(NodeControlPlane.layer({ binaries: binaries() }), NodeServices.layer)
  program(process.argv.slice(2)).pipe(Effect.provide(live), NodeRuntime.runMain)
} catch (error) {
  if (!(error instanceof BuildFailed)) throw error
  process.exitCode = error.exitCode
}
