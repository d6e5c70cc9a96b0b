/**
 * One call of a `RestClient`: from a `Request` to an answer, through throttle, attempts, classification, warnings,
 * metrics, log and span.
 *
 * It is apart from `RestClient` for its length. The path of a GET that succeeds at once is kept short: no span unless
 * one is looked at, no log line unless its level is on; `npm run bench -- get` holds it to 1.6 times undici by hand.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import type * as Tracer from "effect/Tracer"
import type * as Backoff from "../../FlowControl/Backoff.ts"
import type * as TokenBucket from "../../FlowControl/TokenBucket.ts"
import * as ApiError from "../../Machinery/ApiError.ts"
import * as RequestError from "../../Machinery/RequestError.ts"
import * as Request from "../Request.ts"
import * as RequestLog from "../RequestLog.ts"
import type * as RestMetrics from "../RestMetrics.ts"
import * as RetryAfter from "../RetryAfter.ts"
import * as Tracing from "../Tracing.ts"
import type * as Transport from "../Transport.ts"
import * as Warning from "../Warning.ts"

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
  readonly clusterName: string | undefined
}

/** What one call carries from stop to stop. */
interface Call {
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
interface Answer {
  readonly status: number
  readonly headers: Transport.TransportResponse["headers"]
  readonly text: string | undefined
  readonly discard: Effect.Effect<void>
}

/** An answer whose body has been read. */
export interface WholeAnswer extends Answer {
  readonly text: string
}

type Failure = ApiError.ApiError | RequestError.RequestError

/** Sends, and reads the body whole. */
export const whole = (client: Client, request: Request.Request): Effect.Effect<WholeAnswer, Failure> =>
  run(client, request, (call) => {
    const attempts = withRetries(call, wholeAttempt(call))
    const { timeout } = client
    const answered = timeout === undefined ? attempts : Effect.timeoutOrElse(attempts, {
      duration: timeout,
      orElse: () => Effect.fail(timedOut(call, timeout))
    })
    return Effect.flatMap(answered, (answer) => finish(call, answer, answer.text))
  })

/** Sends, reads the body whole and decodes it. */
export const json = (client: Client, request: Request.Request): Effect.Effect<unknown, Failure> =>
  Effect.flatMap(whole(client, request), (answer) => decode(client, request, answer))

/** Sends, and hands over the answer with its body unread. */
export const open = (
  client: Client,
  request: Request.Request
): Effect.Effect<Transport.TransportResponse, Failure, Scope.Scope> =>
  Effect.flatMap(
    Effect.scope,
    (scope) =>
      runScoped(client, request, scope, (call) =>
        Effect.flatMap(withRetries(call, openAttempt(call, scope)), (answer) =>
          Effect.as(
            answer.status < 300
              ? finish(call, answer, "")
              : Effect.flatMap(answer.response.text, (text) =>
                finish(call, answer, text)),
            answer.response
          )))
  )

const wholeAttempt = ({ client, outgoing }: Call): Effect.Effect<WholeAnswer, RequestError.RequestError> =>
  Effect.scoped(
    Effect.flatMap(
      client.transport.execute(outgoing),
      ({ headers, status, text }) =>
        Effect.map(text, (text): WholeAnswer => ({ status, headers, text, discard: Effect.void }))
    )
  )

interface OpenAnswer extends Answer {
  readonly response: Transport.TransportResponse
}

// Each attempt has a scope of its own, so that a refused one is closed before the next begins.
const openAttempt = (
  { client, outgoing }: Call,
  scope: Scope.Scope
): Effect.Effect<OpenAnswer, RequestError.RequestError> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(Scope.fork(scope), (own) =>
      restore(client.transport.execute(outgoing)).pipe(
        Effect.provideService(Scope.Scope, own),
        Effect.onError((cause) => Scope.close(own, Exit.failCause(cause))),
        Effect.map((response): OpenAnswer => ({
          status: response.status,
          headers: response.headers,
          text: undefined,
          response,
          discard: Scope.close(own, Exit.void)
        }))
      ))
  )

const begin = (
  client: Client,
  request: Request.Request,
  fiber: Fiber.Fiber<unknown, unknown>,
  span: Tracer.Span | undefined
): Result.Result<Call, RequestError.RequestError> => {
  const path = Request.encode(request, client.transport.server)
  if (Result.isFailure(path)) return Result.fail(path.failure)
  const headers: Array<Transport.Header> = [["accept", request.accept ?? "application/json"], ...client.headers]
  let body: string | Uint8Array | undefined
  if (request.body !== undefined) {
    headers.push(["content-type", request.contentType ?? "application/json"])
    if (typeof request.body === "string" || request.body instanceof Uint8Array) body = request.body
    else {
      const encoded = encodeJson(request.body)
      if (Result.isFailure(encoded)) return Result.fail(unencodable(client, request, encoded.failure))
      body = encoded.success
    }
  }
  if (request.headers !== undefined) headers.push(...request.headers)
  const traceparent = span === undefined ? undefined : Tracing.traceparent(span)
  if (traceparent !== undefined) headers.push(["traceparent", traceparent])
  const clock = fiber.getRef(Clock.Clock)
  return Result.succeed({
    client,
    request,
    outgoing: {
      method: request.method,
      path: path.success,
      headers,
      verb: request.verb,
      ...(body === undefined ? {} : { body })
    },
    fiber,
    clock,
    startedAt: clock.currentTimeMillisUnsafe(),
    logStep: RequestLog.stepOf(fiber),
    span
  })
}

const encodeJson = (body: unknown): Result.Result<string, unknown> =>
  Result.try({
    // A value that JSON cannot say, such as a function, has no text.
    try: () => JSON.stringify(body) ?? "null",
    catch: (cause) => cause
  })

const run = <A>(
  client: Client,
  request: Request.Request,
  body: (call: Call) => Effect.Effect<A, Failure>
): Effect.Effect<A, Failure> =>
  Effect.withFiber((fiber) => {
    if (!Tracing.isWanted(fiber)) {
      const call = begin(client, request, fiber, undefined)
      return Result.isFailure(call) ? Effect.fail(call.failure) : body(call.success)
    }
    return Effect.flatMap(Tracing.start(request, peerOf(client)), (span) => {
      const call = begin(client, request, fiber, span)
      return (Result.isFailure(call) ? Effect.fail(call.failure) : body(call.success)).pipe(
        Effect.withParentSpan(span, { captureStackTrace: false }),
        Effect.onExit((exit) => Tracing.end(span, exit))
      )
    })
  })

// As `run`, but the span lasts as long as the scope: the life of a watch connection.
const runScoped = <A>(
  client: Client,
  request: Request.Request,
  scope: Scope.Scope,
  body: (call: Call) => Effect.Effect<A, Failure>
): Effect.Effect<A, Failure> =>
  Effect.withFiber((fiber) => {
    if (!Tracing.isWanted(fiber)) {
      const call = begin(client, request, fiber, undefined)
      return Result.isFailure(call) ? Effect.fail(call.failure) : body(call.success)
    }
    return Effect.flatMap(Tracing.start(request, peerOf(client)), (span) => {
      const call = begin(client, request, fiber, span)
      return Effect.andThen(
        Scope.addFinalizerExit(scope, (exit) => Tracing.end(span, exit)),
        (Result.isFailure(call) ? Effect.fail(call.failure) : body(call.success)).pipe(
          Effect.withParentSpan(span, { captureStackTrace: false }),
          Effect.onError((cause) => Tracing.end(span, Exit.failCause(cause)))
        )
      )
    })
  })

const peerOf = (client: Client): Tracing.Peer => ({ server: client.transport.server, clusterName: client.clusterName })

// The loop of attempts. Every body is text or bytes in memory, so each attempt can send it again.
const withRetries = <A extends Answer>(
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
          && (isWatch
            ? RetryAfter.isEmptyWatch(error)
            : outgoing.method === "GET" && RetryAfter.isLostConnection(error))
        const after = Effect.andThen(log(call, sentAt, undefined, error), updateBackoff(call, undefined))
        return isRepeated
          ? after.pipe(
            Effect.andThen(pause(call, resends + 1, RetryAfter.lostConnectionSeconds, error.message)),
            Effect.andThen(Effect.suspend(() => loop(resends + 1, error)))
          )
          : Effect.andThen(after, Effect.fail(withPrevious(error, previous)))
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
    const size = typeof outgoing.body === "string" ? new Blob([outgoing.body]).size : outgoing.body.length
    client.series.requestSize(method).updateUnsafe(size, fiber.context)
  }
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

// What is left when no attempt follows: duration, warnings, and whether it was a success.
const finish = <A extends Answer>(call: Call, answer: A, text: string): Effect.Effect<A, ApiError.ApiError> => {
  const { client, clock, fiber, outgoing, request } = call
  const seconds = (clock.currentTimeMillisUnsafe() - call.startedAt) / 1000
  client.series.duration(outgoing.method).updateUnsafe(seconds, fiber.context)
  if (answer.text !== undefined) client.series.responseSize(outgoing.method).updateUnsafe(text.length, fiber.context)
  call.span?.attribute("http.response.status_code", answer.status)
  const outcome = answer.status >= 200 && answer.status < 300
    ? Effect.succeed(answer)
    : Effect.fail(
      ApiError.fromResponse(
        { status: answer.status, body: text, retryAfterSeconds: RetryAfter.secondsOf(answer.headers) },
        Request.context(request)
      )
    )
  const warning = answer.headers["warning"]
  return warning === undefined
    ? outcome
    : Effect.andThen(warn(typeof warning === "string" ? [warning] : warning), outcome)
}

const warn = (lines: ReadonlyArray<string>): Effect.Effect<void> =>
  Effect.flatMap(Warning.CurrentWarningHandler, (handler) => {
    const { faults, warnings } = Warning.parse(lines)
    return Effect.andThen(
      Effect.forEach(faults, (fault) => Effect.logDebug(`a warning of the server was not understood: ${fault}`), {
        discard: true
      }),
      Effect.forEach(warnings, handler, { discard: true })
    )
  })

const decode = (
  client: Client,
  request: Request.Request,
  answer: WholeAnswer
): Effect.Effect<unknown, RequestError.RequestError> => {
  if (answer.text === "") return Effect.undefined
  try {
    return Effect.succeed(JSON.parse(answer.text))
  } catch (cause) {
    const text = answer.text.trimStart()
    const type = answer.headers["content-type"]
    const description = text.startsWith("<")
      ? "the server answered with an HTML page, not with JSON: this is not the API server, but perhaps a login page or a "
        + "proxy in front of it; check the server's address"
      : `the server answered with ${type === undefined ? "something" : String(type)} that is not JSON: ${
        cause instanceof Error ? cause.message : String(cause)
      }`
    return Effect.fail(
      new RequestError.RequestError({
        reason: new RequestError.Decode({ ...whereOf(client, request), description, body: text.slice(0, 256) })
      })
    )
  }
}

const whereOf = (client: Client, request: Request.Request) => ({
  verb: request.verb,
  url: `${client.transport.server}${Request.path(request)}`
})

const timedOut = ({ client, request }: Call, timeout: Duration.Input) =>
  new RequestError.RequestError({
    reason: new RequestError.Timeout({
      ...whereOf(client, request),
      description: `no answer within ${Duration.format(Duration.fromInputUnsafe(timeout))}, the timeout of this client`
    })
  })

const unencodable = (client: Client, request: Request.Request, cause: unknown) =>
  new RequestError.RequestError({
    reason: new RequestError.Encode({
      ...whereOf(client, request),
      description: `the body cannot be written as JSON: ${cause instanceof Error ? cause.message : String(cause)}`,
      cause
    })
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
