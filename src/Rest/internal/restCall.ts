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
import * as ApiError from "../../Machinery/ApiError.ts"
import * as RequestError from "../../Machinery/RequestError.ts"
import * as Request from "../Request.ts"
import * as RequestLog from "../RequestLog.ts"
import * as RetryAfter from "../RetryAfter.ts"
import * as Tracing from "../Tracing.ts"
import type * as Transport from "../Transport.ts"
import * as Warning from "../Warning.ts"
import * as restBody from "./restBody.ts"
import { type Answer, type Call, type Client, observeDuration, withRetries } from "./restRetry.ts"

export type { Client } from "./restRetry.ts"

/** An answer whose body has been read. */
export interface WholeAnswer extends Answer {
  readonly text: string
}

type Failure = ApiError.ApiError | RequestError.RequestError

/** Sends, and reads the body whole. */
export const whole = (client: Client, request: Request.Request): Effect.Effect<WholeAnswer, Failure> => {
  const { timeout } = client
  return run(client, timeout === undefined ? request : withTimeout(request, timeout), (call) => {
    const attempts = withRetries(call, wholeAttempt(call))
    const answered = timeout === undefined ? attempts : Effect.timeoutOrElse(attempts, {
      duration: timeout,
      orElse: () => Effect.fail(timedOut(call, timeout))
    })
    return Effect.flatMap(answered, (answer) => finish(call, answer, answer.text))
  })
}

// The server is told, so that it does not work on for nobody.
const withTimeout = (request: Request.Request, timeout: Duration.Input): Request.Request => ({
  ...request,
  query: [...(request.query ?? []), ["timeout", `${Duration.toSeconds(timeout)}s`]]
})

/** Sends, reads the body whole and decodes it. */
export const json = (client: Client, request: Request.Request): Effect.Effect<unknown, Failure> =>
  Effect.flatMap(whole(client, request), (answer) => restBody.decode(client.transport.server, request, answer))

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
  const { server } = client.transport
  const path = Request.encode(request, server)
  if (Result.isFailure(path)) return Result.fail(path.failure)
  const headers: Array<Transport.Header> = [["accept", request.accept ?? "application/json"], ...client.headers]
  const body = restBody.encode(server, request)
  if (Result.isFailure(body)) return Result.fail(body.failure)
  if (body.success !== undefined) headers.push(["content-type", request.contentType ?? "application/json"])
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
      ...(body.success === undefined ? {} : { body: body.success })
    },
    fiber,
    clock,
    startedAt: clock.currentTimeMillisUnsafe(),
    logStep: RequestLog.stepOf(fiber),
    span
  })
}

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
    return Effect.flatMap(Tracing.start(request, client.peer), (span) => {
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
    return Effect.flatMap(Tracing.start(request, client.peer), (span) => {
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

// What is left when no attempt follows: duration, warnings, and whether it was a success.
const finish = <A extends Answer>(call: Call, answer: A, text: string): Effect.Effect<A, ApiError.ApiError> => {
  const { client, fiber, outgoing, request } = call
  // As in client-go, streams have neither duration nor size.
  if (answer.text !== undefined) {
    observeDuration(call)
    client.series.responseSize(outgoing.method).updateUnsafe(text.length, fiber.context)
  }
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

const timedOut = ({ client, request }: Call, timeout: Duration.Input) =>
  new RequestError.RequestError({
    reason: new RequestError.Timeout({
      ...restBody.whereOf(client.transport.server, request),
      description: `no answer within ${Duration.format(Duration.fromInputUnsafe(timeout))}, the timeout of this client`
    })
  })
