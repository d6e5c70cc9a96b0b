/**
 * Starts one control plane for all suites of `npm run test:cluster`, and stops it after the last.
 *
 * Without Go the run fails, unless EFFECT_KUBERNETES_CLUSTER is `optional`: it then ends with success and the reason.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import type { TestProject } from "vitest/node"
import * as ControlPlane from "../../src/Testing/ControlPlane.ts"
import * as NodeControlPlane from "../../src/Testing/NodeControlPlane.ts"
import { binaries, BuildFailed, noGo } from "./binaries.ts"

const find = (): string => {
  try {
    return binaries()
  } catch (error) {
    if (!(error instanceof BuildFailed)) throw error
    if (error.exitCode !== noGo || process.env["EFFECT_KUBERNETES_CLUSTER"] !== "optional") process.exit(error.exitCode)
    console.log("test:cluster skipped: no Go to build a control plane with, and EFFECT_KUBERNETES_CLUSTER=optional")
    process.exit(0)
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = find()
  const scope = Scope.makeUnsafe()
  const teardown = () => Effect.runPromise(Scope.close(scope, Exit.void))
  const stop = (signal: NodeJS.Signals) => void teardown().finally(() => process.kill(process.pid, signal))
  process.once("SIGINT", stop).once("SIGTERM", stop)
  const context = await Effect.runPromise(
    Layer.buildWithScope(NodeControlPlane.layer({ binaries: folder }), scope)
  ).catch(async (error: unknown) => {
    await teardown()
    throw error
  })
  const { directory, forwardPort, kubeconfig, podLog, server } = Context.get(context, ControlPlane.ControlPlane)
  project.provide("cluster", { binaries: folder, directory, forwardPort, kubeconfig, podLog, server })
  return teardown
}
