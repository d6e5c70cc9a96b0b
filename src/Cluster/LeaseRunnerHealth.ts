/**
 * `LeaseRunnerHealth`: Effect Cluster's `RunnerHealth` from what Kubernetes knows anyway.
 *
 * `layer` asks the runners' Leases: a runner is alive while it renews. `layerPods` asks the pods: for runners that are
 * reached by their pod's address, it notices a pod that is gone or not ready before a lease runs out. Neither ever opens
 * a shard's lock: that stays held until its lease ends.
 *
 * @since 0.1.0
 */
import * as RunnerHealth from "effect/cluster/RunnerHealth"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Pod } from "../Api/core/v1.ts"
import * as ResourceClient from "../Clientset/ResourceClient.ts"
import type { LabelSelector } from "../Machinery/LabelSelector.ts"
import type { RestClient } from "../Rest/RestClient.ts"
import { RunnerLeases } from "./RunnerLeases.ts"

/**
 * A runner is alive while its Lease is renewed. Where that cannot be asked, it counts as alive: a runner that is given up
 * by mistake costs more than one that is given up late.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<RunnerHealth.RunnerHealth, never, RunnerLeases> = Layer.effect(
  RunnerHealth.RunnerHealth
)(
  Effect.map(RunnerLeases, ({ sessions }) => ({
    isAlive: ({ host, port }) =>
      sessions.pipe(
        Effect.map((all) => all.some(({ address }) => address === `${host}:${port}`)),
        Effect.catch((error) =>
          Effect.as(Effect.logWarning("the leases of runners cannot be read", error.message), true)
        )
      )
  }))
)

/**
 * @category models
 * @since 0.1.0
 */
export interface PodOptions {
  readonly namespace: string
  /** Which pods are runners. All of the namespace unless given. */
  readonly labelSelector?: string | { readonly [label: string]: string } | LabelSelector | undefined
}

/**
 * A runner is alive while the pod with its address, as IP or as name, is ready or still starting. Needs `list` on pods.
 * Where that cannot be asked, it counts as alive.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerPods = (options: PodOptions): Layer.Layer<RunnerHealth.RunnerHealth, never, RestClient> =>
  Layer.effect(RunnerHealth.RunnerHealth)(Effect.gen(function*() {
    const pods = yield* ResourceClient.make(Pod, options.namespace)
    // A round of checks asks of each runner in turn; they are answered by one list.
    const alive = yield* Effect.cachedWithTTL(
      Effect.map(
        pods.list(options.labelSelector === undefined ? {} : { labelSelector: options.labelSelector }),
        ({ items }) => new Set(items.flatMap((pod) => isAlive(pod) ? [pod.metadata.name, pod.status?.podIP ?? ""] : []))
      ),
      "5 seconds"
    )
    return {
      isAlive: ({ host }) =>
        alive.pipe(
          Effect.map((hosts) => hosts.has(host)),
          Effect.catch((error) =>
            Effect.as(Effect.logWarning("the pods of runners cannot be read", error.message), true)
          )
        )
    }
  }))

const isAlive = ({ metadata, status }: Pod): boolean => {
  if (status?.phase === "Succeeded" || status?.phase === "Failed" || metadata?.deletionTimestamp !== undefined) {
    return false
  }
  const ready = status?.conditions?.find(({ type }) => type === "Ready")
  if (ready?.status === "True") return true
  // One that was never ready is starting: it may have registered before its first probe.
  const initialized = status?.conditions?.find(({ type }) => type === "Initialized")
  return ready === undefined || initialized?.status !== "True" ||
    ready.lastTransitionTime === initialized.lastTransitionTime
}
