/**
 * A credential that is renewed: when it has expired, and when the server refused it.
 *
 * One refresh at a time however many ask. It runs in a fiber of its own, so that a request that is interrupted does not
 * take it away from the others; it is interrupted when nobody waits any more, and with the scope.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Credential from "../Credential.ts"
import * as CredentialMetrics from "../CredentialMetrics.ts"

/** A value and how long it is good. */
export interface Lease {
  readonly value: Credential.Value
  /** In milliseconds of the Clock; absent: until it is refused. */
  readonly freshUntil: number | undefined
}

interface Flight {
  readonly done: Deferred.Deferred<Credential.Value, Credential.CredentialError>
  waiters: number
  fiber: Fiber.Fiber<unknown, unknown> | undefined
}

const sameSecret = (a: Redacted.Redacted<string> | undefined, b: Redacted.Redacted<string> | undefined): boolean =>
  a === b || (a !== undefined && b !== undefined && Redacted.value(a) === Redacted.value(b))

// Parts that did not change keep their identity: transports renew connections by it.
const keepIdentity = (previous: Credential.Value | undefined, next: Credential.Value): Credential.Value => {
  if (previous === undefined) return next
  const before = previous.clientCertificate
  const after = next.clientCertificate
  const isSameCertificate = before === after ||
    (before !== undefined && after !== undefined && before.certificate === after.certificate &&
      sameSecret(before.key, after.key))
  const isSameHeader = sameSecret(previous.authorization, next.authorization)
  return isSameCertificate && isSameHeader ? previous : {
    authorization: isSameHeader ? previous.authorization : next.authorization,
    clientCertificate: isSameCertificate ? before : after
  }
}

export interface Options<R> {
  readonly source: Credential.CredentialError["source"]
  /**
   * Gets a value. `previous` is what is in use, absent at first and after the server refused it: where it is there, a
   * source may go on with it.
   */
  readonly refresh: (previous: Lease | undefined) => Effect.Effect<Lease, Credential.CredentialError, R>
}

export const make = Effect.fnUntraced(function*<R>(
  { refresh, source }: Options<R>
): Effect.fn.Return<Credential.Service, never, R | Scope.Scope> {
  const scope = yield* Effect.scope
  const services = yield* Effect.context<R>()
  const success = Metric.withAttributes(CredentialMetrics.refreshes, { source, result: "success" })
  const error = Metric.withAttributes(CredentialMetrics.refreshes, { source, result: "error" })
  let last: Lease | undefined
  let isRefused = false
  let inFlight: Flight | undefined
  let ending: Fiber.Fiber<unknown, unknown> | undefined

  const run = Effect.suspend(() => ending === undefined ? Effect.void : Fiber.await(ending)).pipe(
    Effect.andThen(
      // The services of `make`, with the references (span, log annotations) of who asks.
      Effect.contextWith((current: Context.Context<never>) =>
        Effect.provideContext(refresh(isRefused ? undefined : last), Context.merge(services, current))
      )
    ),
    Effect.map((lease) => {
      last = { ...lease, value: keepIdentity(last?.value, lease.value) }
      isRefused = false
      return last.value
    }),
    Effect.tap(Metric.update(success, 1)),
    Effect.tapError(() => Metric.update(error, 1))
  )

  // Heard from the fiber and not from within it, as one whose scope has closed never begins.
  const land = (flight: Flight, fiber: Fiber.Fiber<Credential.Value, Credential.CredentialError>) => {
    flight.fiber = fiber
    fiber.addObserver((exit) => {
      if (inFlight === flight) inFlight = undefined
      Deferred.doneUnsafe(flight.done, exit)
    })
  }

  // Nobody waits: the refresh ends, and the next one starts after it has.
  const leave = (flight: Flight) =>
    Effect.suspend(() => {
      flight.waiters--
      if (flight.waiters > 0 || inFlight !== flight || flight.fiber === undefined) return Effect.void
      inFlight = undefined
      ending = flight.fiber
      return Fiber.interrupt(flight.fiber)
    })

  const join = Effect.uninterruptibleMask((restore) =>
    Effect.suspend(() => {
      const flight = inFlight ??= { done: Deferred.makeUnsafe(), waiters: 0, fiber: undefined }
      flight.waiters++
      const start = flight.waiters > 1 || flight.fiber !== undefined
        ? Effect.void
        : Effect.map(Effect.forkIn(run, scope), (fiber) => land(flight, fiber))
      return Effect.andThen(start, Effect.ensuring(restore(Deferred.await(flight.done)), leave(flight)))
    })
  )

  return Credential.Credential.of({
    refreshable: true,
    get: Effect.flatMap(Clock.currentTimeMillis, (now) => {
      if (last !== undefined && !isRefused && (last.freshUntil === undefined || now < last.freshUntil)) {
        return Effect.succeed(last.value)
      }
      return join
    }),
    invalidate: (rejected) =>
      Effect.sync(() => {
        if (last !== undefined && last.value === rejected) isRefused = true
      })
  })
})
