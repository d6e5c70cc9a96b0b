/**
 * `Faults`: what goes wrong between a client and a server, on purpose and on schedule.
 *
 * A middleware of `Transport` that refuses connections, answers 410, 429 and 500, cuts watches in the middle of a line,
 * lets them hang without closing, repeats and delays bookmarks, and reads slowly. A schedule decides per request, so a
 * test says exactly what happens, or takes what a seed gives and replays it by that seed. `ApiServer.restart` is the
 * server's own part: it comes back with an older store.
 *
 * @since 0.1.0
 */
import type * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Layer from "effect/Layer"
import type * as Pull from "effect/Pull"
import * as Stream from "effect/Stream"
import * as RequestError from "../Machinery/RequestError.ts"
import * as Transport from "../Rest/Transport.ts"

/**
 * One thing that goes wrong. Those of a watch's body let its head pass; on other requests they do nothing, but for
 * `Cut`.
 *
 * @category models
 * @since 0.1.0
 */
export type Fault =
  /** No connection. */
  | { readonly _tag: "Refuse" }
  /** The server answers with a Status of this code, and with `Retry-After` where it is given. */
  | { readonly _tag: "Answer"; readonly code: 410 | 429 | 500 | 503 | 504; readonly retryAfterSeconds?: number }
  /** The connection breaks after so many bytes of the body, in the middle of a line or not. */
  | { readonly _tag: "Cut"; readonly afterBytes: number }
  /** The body ends after so many bytes, as if it were whole. */
  | { readonly _tag: "End"; readonly afterBytes: number }
  /** Half open: after so many bytes nothing comes any more, and nothing closes. */
  | { readonly _tag: "Stall"; readonly afterBytes: number }
  /** After so many events comes an ERROR event with 410, and the end. */
  | { readonly _tag: "Expire"; readonly afterEvents: number }
  /** After so many events comes a line that is no JSON. */
  | { readonly _tag: "Garble"; readonly afterEvents: number }
  /** Every bookmark comes twice. */
  | { readonly _tag: "RepeatBookmarks" }
  /** Every bookmark comes behind the event that follows it, where its version is already old. */
  | { readonly _tag: "DelayBookmarks" }
  /** Bookmarks never come, not even the one that ends the initial events. */
  | { readonly _tag: "DropBookmarks" }
  /** Every piece of the body takes so long to read. */
  | { readonly _tag: "Slow"; readonly delay: Duration.Input }

/**
 * What a schedule knows of a request.
 *
 * @category models
 * @since 0.1.0
 */
export interface Attempt {
  /** Counted from 0, over all requests. */
  readonly index: number
  readonly verb: string
  readonly isWatch: boolean
  readonly path: string
}

/**
 * What goes wrong with which request; `undefined` where nothing does.
 *
 * @category models
 * @since 0.1.0
 */
export type Schedule = (attempt: Attempt) => Fault | undefined

/**
 * Nothing goes wrong.
 *
 * @category schedules
 * @since 0.1.0
 */
export const none: Schedule = () => undefined

/**
 * The faults of a list one after the other, one per request; nothing behind its end. `undefined` lets a request pass.
 *
 * @category schedules
 * @since 0.1.0
 */
export const sequence = (faults: ReadonlyArray<Fault | undefined>): Schedule => ({ index }) => faults[index]

/**
 * A schedule for watches alone: others pass, and do not count.
 *
 * @category schedules
 * @since 0.1.0
 */
export const onWatches = (schedule: Schedule): Schedule => {
  let watches = 0
  return (attempt) => attempt.isWatch ? schedule({ ...attempt, index: watches++ }) : undefined
}

// Mulberry32 over seed and index: the same pair always gives the same numbers, whatever else was asked before.
const generator = (seed: number, index: number): () => number => {
  let state = (Math.imul(seed | 0, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b)) | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

const watchFaults: ReadonlyArray<(random: () => number) => Fault> = [
  (random) => ({ _tag: "Cut", afterBytes: Math.floor(random() * 2000) }),
  (random) => ({ _tag: "End", afterBytes: Math.floor(random() * 2000) }),
  (random) => ({ _tag: "Stall", afterBytes: Math.floor(random() * 2000) }),
  (random) => ({ _tag: "Expire", afterEvents: Math.floor(random() * 5) }),
  (random) => ({ _tag: "Garble", afterEvents: Math.floor(random() * 5) }),
  () => ({ _tag: "RepeatBookmarks" }),
  () => ({ _tag: "DelayBookmarks" }),
  () => ({ _tag: "DropBookmarks" }),
  (random) => ({ _tag: "Slow", delay: Duration.millis(Math.floor(random() * 5000)) })
]

const requestFaults: ReadonlyArray<(random: () => number) => Fault> = [
  () => ({ _tag: "Refuse" }),
  () => ({ _tag: "Answer", code: 410 }),
  (random) => ({ _tag: "Answer", code: 429, retryAfterSeconds: 1 + Math.floor(random() * 3) }),
  () => ({ _tag: "Answer", code: 500 }),
  () => ({ _tag: "Answer", code: 503, retryAfterSeconds: 1 }),
  (random) => ({ _tag: "Cut", afterBytes: Math.floor(random() * 200) })
]

/**
 * What a seed gives: each request goes wrong with the stated probability, in one of all the ways there are for it.
 *
 * @category schedules
 * @since 0.1.0
 */
export const random = (options: {
  /** Any integer. The same seed gives the same faults to the same requests. */
  readonly seed: number
  /** From 0 to 1; 0.5 unless given. */
  readonly probability?: number
}): Schedule =>
(attempt) => {
  const next = generator(options.seed, attempt.index)
  if (next() >= (options.probability ?? 0.5)) return undefined
  const choices = attempt.isWatch ? [...watchFaults, ...requestFaults] : requestFaults
  return choices[Math.floor(next() * choices.length)]?.(next)
}

/**
 * What went wrong so far.
 *
 * @category models
 * @since 0.1.0
 */
export interface Injected extends Attempt {
  readonly fault: Fault
}

/**
 * The faults of one transport, in the hands of a test.
 *
 * @category services
 * @since 0.1.0
 */
export class Faults extends Context.Service<Faults, {
  /** Goes by another schedule from the next request on. Watches that are broken stay so. */
  readonly use: (schedule: Schedule) => Effect.Effect<void>
  /**
   * Nothing goes wrong from now on, and watches that stall or lost their bookmarks break, as a proxy's restart would
   * break them.
   */
  readonly stop: Effect.Effect<void>
  /** What went wrong so far, oldest first. */
  readonly injected: Effect.Effect<ReadonlyArray<Injected>>
}>()("effect-kubernetes/Testing/Faults") {}

type Bytes = Stream.Stream<Uint8Array, RequestError.RequestError>

const failure = (
  request: Transport.TransportRequest,
  server: string,
  kind: RequestError.TransportKind,
  description: string
): RequestError.RequestError =>
  new RequestError.RequestError({
    reason: new RequestError.Transport({
      verb: request.verb,
      url: `${server}${request.path.split("?")[0] ?? ""}`,
      description,
      kind
    })
  })

/** Lets so many bytes pass; then comes what is given instead of the rest. */
const limited = (
  body: Bytes,
  bytes: number,
  instead: Pull.Pull<Arr.NonEmptyReadonlyArray<Uint8Array>, RequestError.RequestError>
): Bytes =>
  Stream.transformPull(body, (pull) =>
    Effect.sync(() => {
      let left = bytes
      return Effect.suspend(() =>
        left <= 0 ? instead : Effect.map(pull, (chunks): Arr.NonEmptyReadonlyArray<Uint8Array> => {
          const [head, ...tail] = chunks.map((chunk) => {
            const passed = chunk.subarray(0, Math.max(0, left))
            left -= chunk.length
            return passed
          })
          return [head ?? new Uint8Array(), ...tail]
        })
      )
    }))

const encoder = new TextEncoder()

const eventType = (line: string): string => /^\{"type":"([A-Z]+)"/.exec(line)?.[1] ?? ""

/** Changes a body line by line. `undefined` ends it. */
const byLine = (
  body: Bytes,
  change: (line: string) => ReadonlyArray<string> | undefined
): Bytes =>
  Stream.decodeText(body).pipe(
    Stream.splitLines,
    Stream.map(change),
    Stream.takeWhile((lines) => lines !== undefined),
    Stream.map((lines) => encoder.encode((lines ?? []).map((line) => `${line}\n`).join("")))
  )

const expiredEvent = JSON.stringify({
  type: "ERROR",
  object: {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: "too old resource version: 1 (2)",
    reason: "Expired",
    code: 410
  }
})

const afterEvents = (count: number, last: string): (line: string) => ReadonlyArray<string> | undefined => {
  let seen = 0
  return (line) => {
    if (seen > count) return undefined
    return seen++ === count ? [last] : [line]
  }
}

const delayedBookmarks = (): (line: string) => ReadonlyArray<string> => {
  let held: ReadonlyArray<string> = []
  return (line) => {
    if (eventType(line) === "BOOKMARK" && !line.includes("initial-events-end")) {
      held = [...held, line]
      return []
    }
    const released = [line, ...held]
    held = []
    return released
  }
}

const broken = (body: Bytes, fault: Fault, reset: RequestError.RequestError, stopped: Bytes): Bytes => {
  switch (fault._tag) {
    case "Cut":
      return limited(body, fault.afterBytes, Effect.fail(reset))
    case "End":
      return limited(body, fault.afterBytes, Cause.done())
    case "Stall":
      return Stream.merge(limited(body, fault.afterBytes, Effect.never), stopped)
    case "Expire":
      return byLine(body, afterEvents(fault.afterEvents, expiredEvent))
    case "Garble":
      return byLine(body, afterEvents(fault.afterEvents, `{"type":"MODIFIED","object":{"meta`))
    case "RepeatBookmarks":
      return byLine(body, (line) => eventType(line) === "BOOKMARK" ? [line, line] : [line])
    case "DelayBookmarks":
      return byLine(body, delayedBookmarks())
    case "DropBookmarks":
      return Stream.merge(byLine(body, (line) => eventType(line) === "BOOKMARK" ? [] : [line]), stopped, {
        haltStrategy: "either"
      })
    case "Slow":
      return Stream.tap(body, () => Effect.sleep(fault.delay))
    default:
      return body
  }
}

const reasons: { readonly [code: number]: string } = {
  410: "Expired",
  429: "TooManyRequests",
  500: "InternalError",
  503: "ServiceUnavailable",
  504: "Timeout"
}

const answer = (fault: Extract<Fault, { readonly _tag: "Answer" }>): Transport.TransportResponse => {
  const { code, retryAfterSeconds } = fault
  const text = JSON.stringify({
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: `injected by the test: ${code}`,
    reason: reasons[code],
    ...(retryAfterSeconds === undefined ? {} : { details: { retryAfterSeconds } }),
    code
  })
  return {
    status: code,
    headers: {
      "content-type": "application/json",
      ...(retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) })
    },
    text: Effect.succeed(text),
    body: Stream.sync(() => encoder.encode(text))
  }
}

const isWatch = (path: string): boolean => /[?&]watch=(?:1|true)(?:&|$)/.test(path)

/**
 * Makes the faults and the middleware that brings them about.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  initial: Schedule
): Effect.Effect<{ readonly faults: Faults["Service"]; readonly middleware: Transport.Middleware }> =>
  Effect.sync(() => {
    let schedule = initial
    let count = 0
    const injected: Array<Injected> = []
    const stopping = Latch.makeUnsafe(false)

    // A stream without elements that fails when `stop` is called.
    const stopped = (reset: RequestError.RequestError): Bytes =>
      Stream.fromEffectDrain(Effect.andThen(stopping.await, Effect.fail(reset)))

    const middleware: Transport.Middleware = (transport) => ({
      server: transport.server,
      execute: (request) =>
        Effect.suspend(() => {
          const attempt: Attempt = {
            index: count++,
            verb: request.verb,
            isWatch: isWatch(request.path),
            path: request.path
          }
          const fault = schedule(attempt)
          if (fault === undefined) return transport.execute(request)
          injected.push({ ...attempt, fault })
          if (fault._tag === "Refuse") {
            return Effect.fail(failure(request, transport.server, "Refused", "connection refused by the test"))
          }
          if (fault._tag === "Answer") return Effect.succeed(answer(fault))
          const reset = failure(request, transport.server, "Reset", "connection reset by the test")
          if (!attempt.isWatch && fault._tag !== "Cut") return transport.execute(request)
          return Effect.map(transport.execute(request), (response): Transport.TransportResponse => {
            const body = broken(response.body, fault, reset, stopped(reset))
            return { ...response, body, text: Stream.mkString(Stream.decodeText(body)) }
          })
        })
    })

    return {
      middleware,
      faults: Faults.of({
        use: (next) =>
          Effect.sync(() => {
            schedule = next
          }),
        stop: Effect.suspend(() => {
          schedule = none
          return Effect.asVoid(stopping.release)
        }),
        injected: Effect.sync(() => [...injected])
      })
    }
  })

/**
 * Breaks the transport below it by a schedule.
 *
 * ```ts
 * const layer = RestClient.layer.pipe(
 *   Layer.provideMerge(Faults.layer(Faults.random({ seed: 7 }))),
 *   Layer.provideMerge(ApiServer.layerTransport())
 * )
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  schedule: Schedule
): Layer.Layer<Faults | Transport.Transport, never, Transport.Transport> =>
  Layer.effectContext(
    Effect.gen(function*() {
      const transport = yield* Transport.Transport
      const { faults, middleware } = yield* make(schedule)
      return Context.make(Faults, faults).pipe(Context.add(Transport.Transport, middleware(transport)))
    })
  )
