import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { RequestError, Timeout, Transport as Broken, type TransportKind } from "../../src/Machinery/RequestError.ts"
import * as Transport from "../../src/Rest/Transport.ts"

/** What a stub answers to one request. */
export interface Answer {
  readonly status: number
  readonly headers?: Transport.TransportResponse["headers"]
  /** Text, the bytes as they arrive, or why the body is not whole. */
  readonly body?: string | Stream.Stream<Uint8Array, RequestError> | RequestError
}

export interface Stub {
  readonly transport: Transport.Transport["Service"]
  /** What was sent, in order. */
  readonly sent: Array<Transport.TransportRequest>
  /** Answers whose scope has not been closed. */
  readonly open: Set<Transport.TransportRequest>
}

export const broken = (kind: TransportKind): RequestError =>
  new RequestError({ reason: new Broken({ verb: "get", url: "https://stub", description: `broken: ${kind}`, kind }) })

export const silent: RequestError = new RequestError({
  reason: new Timeout({ verb: "get", url: "https://stub", description: "nothing came" })
})

/** Answers by `script` in order; its last answer is repeated. */
export const make = (
  script:
    | ReadonlyArray<Answer | RequestError>
    | ((request: Transport.TransportRequest, index: number) => Answer | RequestError),
  server = "https://stub:6443"
): Stub => {
  const sent: Array<Transport.TransportRequest> = []
  const open = new Set<Transport.TransportRequest>()
  const answerTo = typeof script === "function"
    ? script
    : (_: Transport.TransportRequest, index: number) => script[Math.min(index, script.length - 1)] ?? { status: 500 }
  return {
    sent,
    open,
    transport: Transport.Transport.of({
      server,
      execute: (request) =>
        Effect.suspend(() => {
          sent.push(request)
          const answer = answerTo(request, sent.length - 1)
          if (answer instanceof RequestError) return Effect.fail(answer)
          const body = answer.body ?? ""
          return Effect.acquireRelease(
            Effect.sync((): Transport.TransportResponse => {
              open.add(request)
              return {
                status: answer.status,
                headers: { "content-type": "application/json", ...answer.headers },
                text: body instanceof RequestError ? Effect.fail(body) : typeof body === "string"
                  ? Effect.succeed(body)
                  : Effect.die("the test reads this body as a stream"),
                body: body instanceof RequestError
                  ? Stream.fail(body)
                  : typeof body === "string"
                  ? Stream.make(new TextEncoder().encode(body))
                  : body
              }
            }),
            () => Effect.sync(() => open.delete(request))
          )
        })
    })
  }
}

export const values = (request: Transport.TransportRequest | undefined, name: string): ReadonlyArray<unknown> =>
  request?.headers.filter((header) => header[0].toLowerCase() === name).map((header) => header[1]) ?? []
