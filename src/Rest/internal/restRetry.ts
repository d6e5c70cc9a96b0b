/**
 * The attempts of one call: throttle, send, count, log, and the wait before the next attempt where there is one.
 *
 * It follows the rules of `RetryAfter`; nobody else sends a request again.
 *
 * @since 0.1.0
 */
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type * as Tracer from "effect/Tracer"
import type * as Backoff from "../../FlowControl/Backoff.ts"
import type * as TokenBucket from "../../FlowControl/TokenBucket.ts"
import * as RequestError from "../../Machinery/RequestError.ts"
import * as Request from "../Request.ts"
import * as RequestLog from "../RequestLog.ts"
import type * as RestMetrics from "../RestMetrics.ts"
import * as RetryAfter from "../RetryAfter.ts"
import type * as Tracing from "../Tracing.ts"
import type * as Transport from "../Transport.ts"

/** What all calls of one client share. */
export interface Client {
  readonly transport: Transport.Transport["Service"]
  readonly host: string
  readonly headers: ReadonlyArray<Transport.Header>
  readonly series: RestMetrics.Series
  readonly rateLimiter: TokenBucket.TokenBucket | undefined
  readonly backoff: Backoff.Backoff<string> | undefined
  readonly maxRetries: number
  readonly timeout: Duration.Input | undefined
  readonly peer: Tracing.Peer
}

/** What one call carries from stop to stop. */
export interface Call {
  readonly client: Client
  readonly request: Request.Request
  readonly outgoing: Transport.TransportRequest
  readonly fiber: Fiber.Fiber<unknown, unknown>
  readonly clock: Clock.Clock
  readonly startedAt: number
  readonly logStep: number
  readonly span: Tracer.Span | undefined
}

/** The head of an answer, and how to let go of it when it is not the last. */
export interface Answer {
  readonly status: number
  readonly headers: Transport.TransportResponse["headers"]
  readonly text: string | undefined
  readonly discard: Effect.Effect<void>
}

// The loop of attempts. Every body is text or bytes in memory, so each attempt can send it again.
export const withRetries = <A extends Answer>(
  call: Call,
  attempt: Effect.Effect<A, RequestError.RequestError>
): Effect.Effect<A, RequestError.RequestError> => {
  const { client, outgoing } = call
  const isWatch = call.request.verb === "watch"
  const first = isWatch ? Effect.void : throttle(call)
  const loop = (
    resends: number,
    previous: RequestError.RequestError | undefined
  ): Effect.Effect<A, RequestError.RequestError> => {
    const sentAt = call.clock.currentTimeMillisUnsafe()
    return Effect.matchEffect(attempt, {
      onSuccess: (answer) => {
        count(call, String(answer.status), resends)
        const seconds = resends < client.maxRetries ? RetryAfter.ofResponse(answer.status, answer.headers) : undefined
        const logged = log(call, sentAt, answer, undefined)
        const after = client.backoff === undefined ? logged : Effect.andThen(logged, updateBackoff(call, answer.status))
        if (seconds === undefined) return after === Effect.void ? Effect.succeed(answer) : Effect.as(after, answer)
        return after.pipe(
          Effect.andThen(answer.discard),
          Effect.andThen(pause(call, resends + 1, seconds, `HTTP ${answer.status}`)),
          Effect.andThen(Effect.suspend(() => loop(resends + 1, previous)))
        )
      },
      onFailure: (error) => {
        count(call, "<error>", resends)
        const isRepeated = resends < client.maxRetries
          && call.request.isRepeated !== false
          && (isWatch
            ? RetryAfter.isEmptyWatch(error)
            : outgoing.method === "GET" && RetryAfter.isLostConnection(error))
        const after = Effect.andThen(log(call, sentAt, undefined, error), updateBackoff(call, undefined))
        return isRepeated
          ? after.pipe(
            Effect.andThen(pause(call, resends + 1, RetryAfter.lostConnectionSeconds, error.message)),
            Effect.andThen(Effect.suspend(() => loop(resends + 1, error)))
          )
          : Effect.suspend(() => {
            if (!isWatch) observeDuration(call)
            return Effect.andThen(after, Effect.fail(withPrevious(error, previous)))
          })
      }
    })
  }
  const begun = Effect.suspend(() => loop(0, undefined))
  const { backoff } = client
  if (backoff === undefined) return first === Effect.void ? begun : Effect.andThen(first, begun)
  return first.pipe(
    Effect.andThen(backoff.get(client.host)),
    Effect.flatMap((wait) => Duration.isZero(wait) ? Effect.void : Effect.sleep(wait)),
    Effect.andThen(begun)
  )
}

/** Counts the seconds of a call that ends now. */
export const observeDuration = ({ client, clock, fiber, outgoing, startedAt }: Call): void =>
  client.series.duration(outgoing.method).updateUnsafe(
    (clock.currentTimeMillisUnsafe() - startedAt) / 1000,
    fiber.context
  )

const throttle = ({ client, clock, fiber, outgoing, request }: Call): Effect.Effect<void> => {
  const { rateLimiter } = client
  if (rateLimiter === undefined) return Effect.void
  return Effect.suspend(() => {
    const from = clock.currentTimeMillisUnsafe()
    return Effect.flatMap(rateLimiter.take, () => {
      const waited = clock.currentTimeMillisUnsafe() - from
      client.series.rateLimiterDuration(outgoing.method).updateUnsafe(waited / 1000, fiber.context)
      if (waited <= 50) return Effect.void
      const line = "Waited before sending request: client-side throttling, not priority and fairness"
      return Effect.annotateLogs(waited > 1000 ? Effect.logInfo(line) : Effect.logDebug(line), {
        milliseconds: waited,
        verb: request.verb,
        url: `${client.transport.server}${Request.path(request)}`
      })
    })
  })
}

const pause = (call: Call, resend: number, seconds: number, reason: string): Effect.Effect<void> => {
  const { client, request } = call
  call.span?.attribute("http.request.resend_count", resend)
  const wait = Duration.seconds(seconds)
  const sleep = client.backoff === undefined
    ? Effect.sleep(wait)
    : Effect.flatMap(client.backoff.get(client.host), (its) => Effect.sleep(Duration.max(wait, its)))
  return Effect.logDebug("Waiting before sending the request again").pipe(
    Effect.annotateLogs({
      seconds,
      attempt: resend,
      reason,
      verb: request.verb,
      url: `${client.transport.server}${Request.path(request)}`
    }),
    Effect.andThen(sleep),
    Effect.andThen(throttle(call))
  )
}

const updateBackoff = ({ client }: Call, status: number | undefined): Effect.Effect<void> => {
  if (client.backoff === undefined) return Effect.void
  return status !== undefined && (status === 429 || status >= 500)
    ? Effect.asVoid(client.backoff.next(client.host))
    : client.backoff.reset(client.host)
}

const count = ({ client, fiber, outgoing }: Call, code: string, resends: number): void => {
  const { method } = outgoing
  client.series.request(method, code).updateUnsafe(1, fiber.context)
  if (resends > 0) client.series.retry(method, code).updateUnsafe(1, fiber.context)
  if (outgoing.body !== undefined) {
    const size = typeof outgoing.body === "string" ? utf8Length(outgoing.body) : outgoing.body.length
    client.series.requestSize(method).updateUnsafe(size, fiber.context)
  }
}

const utf8Length = (text: string): number => {
  let length = text.length
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    // A surrogate is one half of four bytes.
    if (code >= 0x80) length += code < 0x800 || (code >= 0xd800 && code <= 0xdfff) ? 1 : 2
  }
  return length
}

const log = (
  call: Call,
  sentAt: number,
  answer: Answer | undefined,
  error: RequestError.RequestError | undefined
): Effect.Effect<void> =>
  call.logStep < 6 ? Effect.void : RequestLog.write({
    step: call.logStep,
    request: call.request,
    outgoing: call.outgoing,
    server: call.client.transport.server,
    milliseconds: call.clock.currentTimeMillisUnsafe() - sentAt,
    status: answer?.status,
    headers: answer?.headers,
    body: answer?.text,
    error: error?.message
  })

// After some retries the last failure may be the less telling one.
const withPrevious = (
  error: RequestError.RequestError,
  previous: RequestError.RequestError | undefined
): RequestError.RequestError => {
  const { reason } = error
  if (previous === undefined || previous.message === error.message || reason._tag !== "Transport") return error
  return new RequestError.RequestError({
    reason: new RequestError.Transport({
      verb: reason.verb,
      url: reason.url,
      kind: reason.kind,
      description: `${reason.description} - error from a previous attempt: ${previous.reason.description}`,
      ...(reason.cause === undefined ? {} : { cause: reason.cause })
    })
  })
}
