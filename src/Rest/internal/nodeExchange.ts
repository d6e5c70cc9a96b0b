/**
 * One HTTP exchange on an undici dispatcher as an Effect: the head, then the body by text or by pull.
 *
 * It sits below `NodeTransport` and above undici's `dispatch`, without the Readable and the promise of its `request`.
 * A body nobody reads is held back after 64 KiB; closing the scope before its end destroys the HTTP/1.1 connection or
 * resets the HTTP/2 stream. Imperative, as every byte passes here; `npm run bench -- get` measures it.
 *
 * @since 0.1.0
 */
import type { Dispatcher } from "@effect/platform-node/Undici"
import type * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Pull from "effect/Pull"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type * as zlib from "node:zlib"
import type { RequestError } from "../../Machinery/RequestError.ts"
import type { TransportRequest, TransportResponse } from "../Transport.ts"
import * as connectionError from "./connectionError.ts"

/** What is held of a body that is read slower than it arrives. */
const highWaterMark = 64 * 1024

type Headers = TransportResponse["headers"]

const flatHeaders = (request: TransportRequest): Array<string> => {
  const out: Array<string> = []
  for (const [name, value] of request.headers) {
    out.push(name, typeof value === "string" ? value : Redacted.value(value))
  }
  return out
}

/**
 * Sends `request` to `origin` through `dispatcher`. Succeeds when the head is there; fails with Timeout where that takes
 * longer than `headersTimeout` milliseconds, if it is not 0.
 */
export const send = (
  dispatcher: Dispatcher,
  origin: string,
  request: TransportRequest,
  where: connectionError.Where,
  headersTimeout: number
): Effect.Effect<TransportResponse, RequestError, Scope.Scope> =>
  Effect.flatMap(Effect.scope, (scope) => {
    const exchange = make(where)
    return Effect.andThen(
      Scope.addFinalizer(scope, exchange.close),
      Effect.callback<TransportResponse, RequestError>((resume) => {
        exchange.start(resume)
        try {
          dispatcher.dispatch(
            {
              origin,
              path: request.path,
              method: request.method,
              headers: flatHeaders(request),
              body: request.body ?? null,
              headersTimeout,
              // Silence is watched by HTTP/2 pings and by the reflector; a limit here would cut healthy watches.
              bodyTimeout: 0
            },
            exchange.handler
          )
        } catch (error) {
          resume(Effect.fail(connectionError.classify(error, where)))
        }
        return exchange.close
      })
    )
  })

interface Exchange {
  readonly handler: Dispatcher.DispatchHandler
  readonly start: (resume: (head: Effect.Effect<TransportResponse, RequestError>) => void) => void
  readonly close: Effect.Effect<void>
}

const make = (where: connectionError.Where): Exchange => {
  let controller: Dispatcher.DispatchController | undefined
  let resumeHead: ((head: Effect.Effect<TransportResponse, RequestError>) => void) | undefined
  let chunks: Array<Uint8Array> = []
  let size = 0
  let isPaused = false
  let isWhole = false
  let isEnded = false
  let isClosed = false
  let failure: RequestError | undefined
  let waiter: (() => void) | undefined
  let isWaking = false
  let inflate: zlib.Gunzip | zlib.Inflate | undefined

  // A whole read of the socket is parsed in one go, so waking one microtask later hands over all of it at once, and
  // never runs a consumer inside undici's parser.
  const wake = () => {
    if (waiter === undefined || isWaking) return
    isWaking = true
    queueMicrotask(() => {
      isWaking = false
      const resume = waiter
      waiter = undefined
      resume?.()
    })
  }
  const fail = (error: unknown) => {
    if (isEnded || failure !== undefined) return
    failure = connectionError.classify(error, where)
    if (resumeHead !== undefined) {
      const resume = resumeHead
      const failed = failure
      resumeHead = undefined
      queueMicrotask(() => resume(Effect.fail(failed)))
    }
    wake()
  }
  const push = (chunk: Uint8Array) => {
    chunks.push(chunk)
    size += chunk.length
    if (size > highWaterMark && !isWhole && !isPaused) {
      isPaused = true
      controller?.pause()
      inflate?.pause()
    }
    if (!isWhole) wake()
  }
  const end = () => {
    isEnded = true
    wake()
  }
  const flow = () => {
    if (!isPaused) return
    isPaused = false
    inflate?.resume()
    controller?.resume()
  }
  const decompress = (encoding: string | ReadonlyArray<string> | undefined) => {
    if (encoding !== "gzip" && encoding !== "deflate") return
    const { createGunzip, createInflate } = process.getBuiltinModule("node:zlib")
    inflate = encoding === "gzip" ? createGunzip() : createInflate()
    inflate.on("data", push)
    inflate.on("end", end)
    inflate.on("error", fail)
  }

  const handler: Dispatcher.DispatchHandler = {
    onRequestStart: (its) => {
      controller = its
      if (isClosed) its.abort(new connectionError.Abandoned())
    },
    onResponseStart: (_controller, status, headers) => {
      if (status < 200) return
      decompress(headers["content-encoding"])
      const resume = resumeHead
      resumeHead = undefined
      if (resume !== undefined) queueMicrotask(() => resume(Effect.succeed(response(status, headers))))
    },
    onResponseData: (_controller, chunk) => {
      if (inflate === undefined) push(chunk)
      else inflate.write(chunk)
    },
    onResponseEnd: () => {
      if (inflate === undefined) end()
      else inflate.end()
    },
    onResponseError: (_controller, error) => {
      inflate?.destroy()
      fail(error)
    }
  }

  // A fiber may yield between looking and waiting, so it looks again when it waits.
  const wait = Effect.callback<void>((resume) => {
    if (isEnded || failure !== undefined || (chunks.length > 0 && !isWhole)) return resume(Effect.void)
    waiter = () => resume(Effect.void)
    return Effect.sync(() => {
      waiter = undefined
    })
  })

  const text: Effect.Effect<string, RequestError> = Effect.suspend(() => {
    isWhole = true
    if (failure !== undefined) return Effect.fail(failure)
    if (!isEnded) {
      flow()
      return Effect.flatMap(wait, () => text)
    }
    const [first] = chunks
    const bytes = chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks, size)
    chunks = []
    size = 0
    return Effect.succeed(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8"))
  })

  const pull: Pull.Pull<Arr.NonEmptyReadonlyArray<Uint8Array>, RequestError> = Effect.suspend(() => {
    if (isNonEmpty(chunks)) {
      const taken = chunks
      chunks = []
      size = 0
      flow()
      return Effect.succeed(taken)
    }
    if (failure !== undefined) return Effect.fail(failure)
    if (isEnded) return Cause.done()
    return Effect.flatMap(wait, () => pull)
  })

  const response = (status: number, headers: Headers): TransportResponse => ({
    status,
    headers,
    text,
    body: Stream.fromPull(Effect.succeed(pull))
  })

  return {
    handler,
    start: (resume) => {
      resumeHead = resume
    },
    close: Effect.sync(() => {
      if (isClosed) return
      isClosed = true
      resumeHead = undefined
      if (isEnded || failure !== undefined) return
      inflate?.destroy()
      controller?.abort(new connectionError.Abandoned())
    })
  }
}

const isNonEmpty = <A>(values: Array<A>): values is Arr.NonEmptyArray<A> => values.length > 0
