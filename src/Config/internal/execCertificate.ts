/**
 * The client certificates that exec plugins gave, for the metrics of their age and of the time they have left.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import type * as Scope from "effect/Scope"
import type { ClientCertificate } from "../Credential.ts"
import * as CredentialMetrics from "../CredentialMetrics.ts"
import * as CertificateValidity from "./certificateValidity.ts"

interface Holder {
  secondsLeft: () => number
}

interface Registered {
  readonly holders: Set<Holder>
  readonly registration: Metric.Registration
}

// One gauge speaks for all plugins of a metric registry; it ends with the last of them.
const gauges = new WeakMap<Metric.MetricRegistry, Registered>()

export interface ExecCertificate {
  /** Says which certificate is in use from now on. */
  readonly replace: (certificate: ClientCertificate | undefined) => Effect.Effect<void>
}

export const track: Effect.Effect<ExecCertificate, never, Scope.Scope> = Effect.gen(function*() {
  const clock = yield* Clock.Clock
  const registry = yield* Metric.MetricRegistry
  const context = yield* Effect.context()
  const holder: Holder = { secondsLeft: () => Infinity }
  yield* Effect.acquireRelease(
    Effect.sync(() => {
      const registered = gauges.get(registry)
      if (registered !== undefined) {
        registered.holders.add(holder)
        return
      }
      const holders = new Set([holder])
      gauges.set(registry, {
        holders,
        registration: Metric.registerUnsafe(CredentialMetrics.execPluginTtl, context, {
          get: () => ({ value: Math.min(...Array.from(holders, (each) => each.secondsLeft())) }),
          update: () => {},
          modify: () => {}
        })
      })
    }),
    () =>
      Effect.sync(() => {
        const registered = gauges.get(registry)
        registered?.holders.delete(holder)
        if (registered?.holders.size !== 0) return
        registered.registration.remove()
        gauges.delete(registry)
      })
  )
  let current: ClientCertificate | undefined
  return {
    replace: Effect.fnUntraced(function*(next) {
      const previous = current
      current = next
      const validity = next === undefined ? undefined : CertificateValidity.ofPem(next.certificate)
      holder.secondsLeft = validity === undefined
        ? () => Infinity
        : () => (validity.notAfter - clock.currentTimeMillisUnsafe()) / 1000
      if (previous === undefined || previous.certificate === next?.certificate) return
      const before = CertificateValidity.ofPem(previous.certificate)
      if (before === undefined) return
      const now = yield* Clock.currentTimeMillis
      yield* Metric.update(CredentialMetrics.execPluginRotationAge, (now - before.notBefore) / 1000)
    })
  }
})
