/**
 * What certificate managers tell about themselves, under the kubelet's names without `kubelet_` before them, as other
 * programs than the kubelet have certificates too.
 *
 * The label `name` is the manager's. Certificates of clients and of servers have metrics of their own, as there.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import type * as Scope from "effect/Scope"
import type { CertificatePair } from "./CertificatePair.ts"

/**
 * Whose certificate it is.
 *
 * @category models
 * @since 0.1.0
 */
export type Purpose = "client" | "server"

const ttlDescription =
  "Gauge of the TTL (time-to-live) of the certificate in use. The value is in seconds until certificate expiry (negative if already expired). If there is no certificate, the value is +INF."

/**
 * Seconds until the client certificate expires: negative when it has, infinite where there is none. Computed when
 * metrics are read.
 *
 * @category metrics
 * @since 0.1.0
 */
export const clientTtl: Metric.Gauge<number> = Metric.gauge("certificate_manager_client_ttl_seconds", {
  description: ttlDescription
})

/**
 * As `clientTtl`, of the certificate that a server presents.
 *
 * @category metrics
 * @since 0.1.0
 */
export const serverTtl: Metric.Gauge<number> = Metric.gauge("certificate_manager_server_ttl_seconds", {
  description: ttlDescription
})

const errorsDescription = "Counter of certificate renewal errors."

/**
 * Attempts to get a client certificate that failed.
 *
 * @category metrics
 * @since 0.1.0
 */
export const clientRenewErrors: Metric.Counter<number> = Metric.counter(
  "certificate_manager_client_expiration_renew_errors",
  { description: errorsDescription, incremental: true }
)

/**
 * Attempts to get the certificate of a server that failed.
 *
 * @category metrics
 * @since 0.1.0
 */
export const serverRenewErrors: Metric.Counter<number> = Metric.counter("server_expiration_renew_errors", {
  description: errorsDescription,
  incremental: true
})

const rotationOptions = {
  description: "Histogram of the number of seconds the previous certificate lived before being rotated.",
  boundaries: [60, 3600, 14400, 86400, 604800, 2592000, 7776000, 15552000, 31104000, 124416000]
}

/**
 * The age in seconds that client certificates had when they were replaced.
 *
 * @category metrics
 * @since 0.1.0
 */
export const clientRotation: Metric.Histogram<number> = Metric.histogram(
  "certificate_manager_client_rotation_seconds",
  rotationOptions
)

/**
 * The age in seconds that certificates of servers had when they were replaced.
 *
 * @category metrics
 * @since 0.1.0
 */
export const serverRotation: Metric.Histogram<number> = Metric.histogram(
  "certificate_manager_server_rotation_seconds",
  rotationOptions
)

const byPurpose = {
  client: { ttl: clientTtl, renewErrors: clientRenewErrors, rotation: clientRotation },
  server: { ttl: serverTtl, renewErrors: serverRenewErrors, rotation: serverRotation }
}

/**
 * The series of one manager.
 *
 * @category models
 * @since 0.1.0
 */
export interface CertificateMetrics {
  readonly failed: Effect.Effect<void>
  /** A certificate gave way to another one. */
  readonly rotated: (previous: CertificatePair) => Effect.Effect<void>
}

/**
 * Makes the series of one manager; they end with the scope.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  options: {
    readonly name: string
    readonly purpose: Purpose
    readonly current: () => CertificatePair | undefined
  }
): Effect.fn.Return<CertificateMetrics, never, Scope.Scope> {
  const { current, name, purpose } = options
  const clock = yield* Clock.Clock
  const context = yield* Effect.context<never>()
  const metrics = byPurpose[purpose]
  const renewErrors = Metric.withAttributes(metrics.renewErrors, { name })
  const rotation = Metric.withAttributes(metrics.rotation, { name })
  const secondsLeft = () => {
    const pair = current()
    return pair === undefined
      ? Infinity
      : Math.trunc((DateTime.toEpochMillis(pair.leaf.notAfter) - clock.currentTimeMillisUnsafe()) / 1000)
  }
  yield* Effect.acquireRelease(
    Effect.sync(() =>
      Metric.registerUnsafe(Metric.withAttributes(metrics.ttl, { name }), context, {
        get: () => ({ value: secondsLeft() }),
        update: () => {},
        modify: () => {}
      })
    ),
    (registration) => Effect.sync(() => registration.remove())
  )
  yield* Effect.acquireRelease(
    Metric.update(renewErrors, 0),
    () => Effect.andThen(Metric.remove(renewErrors), Metric.remove(rotation))
  )
  return {
    failed: Metric.update(renewErrors, 1),
    rotated: Effect.fnUntraced(function*(previous) {
      const now = yield* Clock.currentTimeMillis
      yield* Metric.update(rotation, (now - DateTime.toEpochMillis(previous.leaf.notBefore)) / 1000)
    })
  }
})
