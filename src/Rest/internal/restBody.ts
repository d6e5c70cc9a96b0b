/**
 * Bodies of requests and answers: plain JSON, and what to say where it is not.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as RequestError from "../../Machinery/RequestError.ts"
import * as Request from "../Request.ts"
import * as RequestLog from "../RequestLog.ts"
import type * as Transport from "../Transport.ts"

/** The body as it is sent; `undefined` where there is none. */
export const encode = (
  server: string,
  request: Request.Request
): Result.Result<string | Uint8Array | undefined, RequestError.RequestError> => {
  const { body } = request
  if (body === undefined || typeof body === "string" || body instanceof Uint8Array) return Result.succeed(body)
  return Result.try({
    // A value that JSON cannot say, such as a function, has no text.
    try: () => JSON.stringify(body) ?? "null",
    catch: (cause) =>
      new RequestError.RequestError({
        reason: new RequestError.Encode({
          ...whereOf(server, request),
          description: `the body cannot be written as JSON: ${messageOf(cause)}`,
          cause
        })
      })
  })
}

/** The value in an answer; `undefined` where its body is empty. */
export const decode = (
  server: string,
  request: Request.Request,
  answer: { readonly text: string; readonly headers: Transport.TransportResponse["headers"] }
): Effect.Effect<unknown, RequestError.RequestError> => {
  const { headers, text } = answer
  if (text === "") return Effect.undefined
  const parsed = parse(request, text)
  if (Result.isSuccess(parsed)) return Effect.succeed(parsed.success)
  const isPage = text.trimStart().startsWith("<")
  // What is left of a cut Secret is secret too, and the parser's message quotes it.
  const isShown = isPage || !RequestLog.holdsSecrets(request)
  const type = headers["content-type"]
  const description = isPage
    ? "the server answered with an HTML page, not with JSON: this is not the API server, but perhaps a login page or a "
      + "proxy in front of it; check the server's address"
    : `the server answered with ${type === undefined ? "something" : String(type)} that is not JSON${
      isShown ? `: ${messageOf(parsed.failure)}` : ""
    }`
  return Effect.fail(
    new RequestError.RequestError({
      reason: new RequestError.Decode({
        ...whereOf(server, request),
        description,
        ...(isShown ? { body: text.trimStart().slice(0, 256) } : {})
      })
    })
  )
}

const parse = (request: Request.Request, text: string): Result.Result<unknown, unknown> =>
  Result.try({
    try: (): unknown => request.parse === undefined ? JSON.parse(text) : request.parse(text),
    catch: (cause) => cause
  })

const messageOf = (cause: unknown): string => cause instanceof Error ? cause.message : String(cause)

/** Where an error of the request happened. */
export const whereOf = (server: string, request: Request.Request) => ({
  verb: request.verb,
  url: `${server}${Request.path(request)}`
})
