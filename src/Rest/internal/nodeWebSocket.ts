/**
 * One WebSocket of ws as an Effect: the upgrade or its refusal, then messages with back-pressure both ways.
 *
 * @since 0.1.0
 */
import type * as NodeWS from "@effect/platform-node/NodeWS"
import type * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Pull from "effect/Pull"
import * as Stream from "effect/Stream"
import type { RequestError } from "../../Machinery/RequestError.ts"
import type { Closed, Connection, Upgraded } from "../WebSocketTransport.ts"
import * as connectionError from "./connectionError.ts"

/** Bytes that are held of messages which are read slower than they arrive. */
const highWaterMark = 1024 * 1024

/** Milliseconds. */
export interface Heartbeat {
  readonly interval: number
  readonly timeout: number
}

/** Waits for the server to open the connection, or to answer otherwise. To be called as soon as there is a `webSocket`. */
export const opened = (
  webSocket: NodeWS.WebSocket,
  where: connectionError.Where,
  heartbeat: Heartbeat
): Effect.Effect<Upgraded, RequestError> => {
  // Listens from now on, not from when the effect runs: messages may follow the upgrade in one read.
  const connection = make(webSocket, where, heartbeat)
  const upgraded = Deferred.makeUnsafe<Upgraded, RequestError>()
  const fail = (error: unknown) => Deferred.doneUnsafe(upgraded, Effect.fail(connectionError.classify(error, where)))
  webSocket.once(
    "open",
    () => Deferred.doneUnsafe(upgraded, Effect.succeed({ _tag: "Open", connection: connection() }))
  )
  webSocket.once("error", fail)
  webSocket.once("unexpected-response", (_, response) => {
    const chunks: Array<Buffer> = []
    response.on("data", (chunk: Buffer) => chunks.push(chunk))
    response.on("error", fail)
    response.on("end", () => {
      const text = Buffer.concat(chunks).toString("utf8")
      Deferred.doneUnsafe(
        upgraded,
        Effect.succeed({
          _tag: "Refused",
          response: {
            status: response.statusCode ?? 0,
            headers: response.headers,
            text: Effect.succeed(text),
            body: Stream.make(new TextEncoder().encode(text))
          }
        })
      )
    })
  })
  return Deferred.await(upgraded)
}

const make = (webSocket: NodeWS.WebSocket, where: connectionError.Where, heartbeat: Heartbeat): () => Connection => {
  const closed = Deferred.makeUnsafe<Closed, RequestError>()
  let messages: Array<string | Uint8Array> = []
  let size = 0
  let isDone = false
  let failure: RequestError | undefined
  let waiter: (() => void) | undefined
  let heardAt = performance.now()
  const wake = () => {
    const resume = waiter
    waiter = undefined
    resume?.()
  }
  const fail = (error: unknown) => {
    if (isDone || failure !== undefined) return
    failure = connectionError.classify(error, where)
    Deferred.doneUnsafe(closed, Effect.fail(failure))
    wake()
  }
  webSocket.on("message", (data, isBinary) => {
    heardAt = performance.now()
    const bytes = Array.isArray(data) ? Buffer.concat(data) : data instanceof ArrayBuffer ? Buffer.from(data) : data
    messages.push(isBinary ? bytes : bytes.toString("utf8"))
    size += bytes.length
    if (size > highWaterMark) webSocket.pause()
    wake()
  })
  webSocket.on("pong", () => {
    heardAt = performance.now()
  })
  webSocket.on("ping", () => {
    heardAt = performance.now()
  })
  webSocket.on("error", fail)
  webSocket.on("close", (code, reason) => {
    // Without a close frame the connection broke.
    if (code === 1006) fail(Object.assign(new Error("no close frame came"), { code: "UND_ERR_SOCKET" }))
    if (failure === undefined && !isDone) {
      isDone = true
      Deferred.doneUnsafe(closed, Effect.succeed({ code, reason: reason.toString("utf8") }))
    }
    wake()
  })

  const pull: Pull.Pull<Arr.NonEmptyReadonlyArray<string | Uint8Array>, RequestError> = Effect.suspend(() => {
    if (isNonEmpty(messages)) {
      const taken = messages
      messages = []
      size = 0
      if (webSocket.isPaused) webSocket.resume()
      return Effect.succeed(taken)
    }
    if (failure !== undefined) return Effect.fail(failure)
    if (isDone) return Cause.done()
    return Effect.flatMap(
      Effect.callback<void>((resume) => {
        // A fiber may yield between looking and waiting.
        if (messages.length > 0 || failure !== undefined || isDone) return resume(Effect.void)
        waiter = () => queueMicrotask(() => resume(Effect.void))
        return Effect.sync(() => {
          waiter = undefined
        })
      }),
      () => pull
    )
  })

  return () => {
    if (heartbeat.interval > 0) {
      const timer = setInterval(() => {
        if (performance.now() - heardAt > heartbeat.timeout) {
          fail(
            new connectionError.ConnectFailure(
              "Closed",
              "the connection was lost: the server did not answer a PING in time"
            )
          )
          webSocket.terminate()
        } else if (webSocket.readyState === webSocket.OPEN) webSocket.ping()
      }, heartbeat.interval).unref()
      webSocket.once("close", () => clearInterval(timer))
    }
    return {
      protocol: webSocket.protocol,
      messages: Stream.fromPull(Effect.succeed(pull)),
      send: (message) =>
        Effect.callback<void, RequestError>((resume) => {
          if (failure !== undefined) return resume(Effect.fail(failure))
          webSocket.send(message, (error) =>
            resume(
              error === undefined || error === null ? Effect.void : Effect.fail(connectionError.classify(error, where))
            ))
        }),
      close: (its) =>
        Effect.suspend(() => {
          if (webSocket.isPaused) webSocket.resume()
          webSocket.close(its?.code ?? 1000, its?.reason)
          return Effect.asVoid(Effect.exit(Deferred.await(closed)))
        }),
      closed: Deferred.await(closed)
    }
  }
}

const isNonEmpty = <A>(values: Array<A>): values is Arr.NonEmptyArray<A> => values.length > 0
