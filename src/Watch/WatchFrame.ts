/**
 * `WatchFrame`: the wire form of a watch, one JSON text per line, as a stage from bytes to events.
 *
 * `RestClient.watch` feeds it the body of a response; what comes out goes to `ListWatch`. It is pure: how bytes are cut
 * into chunks never changes what comes out. It does not reconnect and it drops nothing: a line that is no event ends
 * the stream as a `WatchError`, after the events before it were delivered.
 *
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
 * @since 0.1.0
 */
import type * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Pull from "effect/Pull"
import * as Stream from "effect/Stream"
import * as ApiError from "../Machinery/ApiError.ts"
import * as Status from "../Machinery/Status.ts"
import * as WatchError from "./WatchError.ts"
import type { WatchEvent } from "./WatchEvent.ts"

/**
 * How the text of one line, or of a list, becomes a value.
 *
 * A decoder may keep state between lines (as `IncrementalDecoder` does), but what it returns must deep-equal what
 * `JSON.parse` returns for the same text, and it raises where `JSON.parse` raises.
 *
 * @category models
 * @since 0.1.0
 */
export interface LineDecoder {
  /** The value of the JSON text at `start` (inclusive) to `end` (exclusive). `bytes` may be reused after the call. */
  readonly decode: (bytes: Uint8Array, start: number, end: number) => unknown
  /**
   * The value of the JSON text of a list, for decoders whose lists and watches know of each other. Items without a type
   * get the one given, as typed servers leave it out of them.
   */
  readonly list?: (text: string, type?: { readonly kind: string; readonly apiVersion: string }) => unknown
}

const utf8 = new TextDecoder()

/**
 * Decodes each line whole with `JSON.parse`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const json: LineDecoder = {
  decode: (bytes, start, end) => JSON.parse(utf8.decode(bytes.subarray(start, end)))
}

/**
 * The decoder that watches begun in this context use; `json` unless provided. An informer provides its own for the
 * watch it owns, so clients between the two need not know of it.
 *
 * @category services
 * @since 0.1.0
 */
export const CurrentLineDecoder: Context.Reference<LineDecoder> = Context.Reference<LineDecoder>(
  "effect-kubernetes/Watch/WatchFrame/CurrentLineDecoder",
  { defaultValue: () => json }
)

/**
 * Who is told that a watch begun in this context was accepted, before anything of it is read; nobody unless provided.
 * Requests may wait long before that, as where a server asks for a pause or answers nothing.
 *
 * @category services
 * @since 0.1.0
 */
export const CurrentAcceptance: Context.Reference<() => void> = Context.Reference(
  "effect-kubernetes/Watch/WatchFrame/CurrentAcceptance",
  { defaultValue: () => () => {} }
)

/**
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** The resource type for messages: `pods`, `deployments.apps`. */
  readonly resource: string
  readonly namespace?: string | undefined
  /** The longest line that is read before the stream fails with Frame. 64 MiB unless given. */
  readonly maxLineBytes?: number | undefined
}

/** Above any object that etcd stores (1.5 MiB by default), with room for aggregated APIs that store elsewhere. */
const defaultMaxLineBytes = 64 * 1024 * 1024

/** The room for lines that come in pieces that is kept for the next of them. */
const maxJoined = 1024 * 1024

const none = new Uint8Array(0)

/** How much of a bad line an error keeps. */
const shownLength = 256

/**
 * Reads events from the bytes of a watch response.
 *
 * Lines end with LF, or CR LF; blank ones are skipped. A last line without an end counts when it is a whole event and
 * is a Frame error otherwise. An ERROR event fails with Expired when it says 410, Expired or Gone, and with Api
 * otherwise. Each pull takes one pull of bytes and returns all events it completed, as one array.
 *
 * @category combinators
 * @since 0.1.0
 */
export const decode =
  (options: Options) =>
  <E, R>(bytes: Stream.Stream<Uint8Array, E, R>): Stream.Stream<WatchEvent<unknown>, E | WatchError.WatchError, R> =>
    Stream.transformPull(
      bytes,
      (pull) =>
        Effect.map(Effect.all([CurrentLineDecoder, CurrentAcceptance]), ([decoder, accepted]) => {
          accepted()
          const lines = makeLines(options, decoder)
          let failure: WatchError.WatchError | undefined
          let isEnded = false
          const next: Pull.Pull<Arr.NonEmptyReadonlyArray<WatchEvent<unknown>>, E | WatchError.WatchError, void> =
            Effect
              .suspend(
                () => {
                  if (failure !== undefined) return Effect.fail(failure)
                  if (isEnded) return Cause.done()
                  return read
                }
              )
          const deliver = (out: Array<WatchEvent<unknown>>) => isNonEmpty(out) ? Effect.succeed(out) : next
          const read: typeof next = pull.pipe(
            Effect.flatMap((chunks) => {
              const out: Array<WatchEvent<unknown>> = []
              failure = lines.push(chunks, out)
              return deliver(out)
            }),
            Pull.catchDone(() => {
              const out: Array<WatchEvent<unknown>> = []
              failure = lines.end(out)
              isEnded = true
              return deliver(out)
            })
          )
          return next
        })
    )

const isNonEmpty = <A>(values: Array<A>): values is Arr.NonEmptyArray<A> => values.length > 0

interface Lines {
  readonly push: (
    chunks: ReadonlyArray<Uint8Array>,
    out: Array<WatchEvent<unknown>>
  ) => WatchError.WatchError | undefined
  readonly end: (out: Array<WatchEvent<unknown>>) => WatchError.WatchError | undefined
}

// Imperative because every byte of every watch passes here.
const makeLines = (options: Options, decoder: LineDecoder): Lines => {
  const maxLineBytes = options.maxLineBytes ?? defaultMaxLineBytes
  let kept: Array<Uint8Array> = []
  let keptLength = 0
  let joined = none

  const frame = (description: string, bytes: Uint8Array, start: number, end: number): WatchError.WatchError =>
    new WatchError.WatchError({
      reason: new WatchError.Frame({ ...where(options), description, line: shown(options, bytes, start, end) })
    })

  const line = (
    bytes: Uint8Array,
    start: number,
    lineEnd: number,
    out: Array<WatchEvent<unknown>>
  ): WatchError.WatchError | undefined => {
    let end = lineEnd
    while (end > start && isSpace(bytes[end - 1])) end--
    let begin = start
    while (begin < end && isSpace(bytes[begin])) begin++
    if (begin === end) return undefined
    if (end - begin > maxLineBytes) return frame(`a line is longer than ${maxLineBytes} bytes`, bytes, begin, end)
    let value: unknown
    try {
      value = decoder.decode(bytes, begin, end)
    } catch {
      return frame("a line is not JSON", bytes, begin, end)
    }
    if (!Predicate.isObject(value)) return frame("a line is no event", bytes, begin, end)
    const object = value["object"]
    switch (value["type"]) {
      case "ADDED":
      case "MODIFIED":
      case "DELETED": {
        if (!Predicate.isObject(object) || !Predicate.isObject(object["metadata"])) {
          return frame("an event carries no object", bytes, begin, end)
        }
        out.push(value as unknown as WatchEvent<unknown>)
        return undefined
      }
      case "BOOKMARK": {
        const metadata = Predicate.isObject(object) ? object["metadata"] : undefined
        if (!Predicate.isObject(metadata) || typeof metadata["resourceVersion"] !== "string") {
          return frame("a bookmark carries no resourceVersion", bytes, begin, end)
        }
        out.push(value as unknown as WatchEvent<unknown>)
        return undefined
      }
      case "ERROR":
        return fromErrorObject(object, options)
      default:
        return frame("an event is of an unknown type", bytes, begin, end)
    }
  }

  const keep = (bytes: Uint8Array): WatchError.WatchError | undefined => {
    if (bytes.length === 0) return undefined
    kept.push(bytes)
    keptLength += bytes.length
    if (keptLength <= maxLineBytes) return undefined
    const whole = kept[0] ?? bytes
    return frame(`a line is longer than ${maxLineBytes} bytes`, whole, 0, whole.length)
  }

  // The line that began in the chunks before and ends with `last`. Its bytes are copied where those of the one before
  // were: a buffer for each would be memory outside of the heap, of which the collector knows too little.
  const lineOf = (last: Uint8Array, out: Array<WatchEvent<unknown>>): WatchError.WatchError | undefined => {
    const length = keptLength + last.length
    if (joined.length < length) joined = new Uint8Array(Math.max(length, 2 * joined.length))
    let at = 0
    for (const chunk of kept) {
      joined.set(chunk, at)
      at += chunk.length
    }
    joined.set(last, at)
    kept = []
    keptLength = 0
    const failure = line(joined, 0, length, out)
    if (joined.length > maxJoined) joined = none
    return failure
  }

  return {
    push: (chunks, out) => {
      for (const chunk of chunks) {
        let start = 0
        let end = chunk.indexOf(10)
        if (end === -1) {
          const failure = keep(chunk)
          if (failure !== undefined) return failure
          continue
        }
        if (keptLength > 0) {
          const failure = lineOf(chunk.subarray(0, end), out)
          if (failure !== undefined) return failure
          start = end + 1
          end = chunk.indexOf(10, start)
        }
        while (end !== -1) {
          const failure = line(chunk, start, end, out)
          if (failure !== undefined) return failure
          start = end + 1
          end = chunk.indexOf(10, start)
        }
        const failure = keep(chunk.subarray(start))
        if (failure !== undefined) return failure
      }
      return undefined
    },
    end: (out) => {
      if (keptLength === 0) return undefined
      const whole = concat(kept, keptLength)
      const failure = lineOf(none, out)
      return failure !== undefined && failure.reason._tag === "Frame"
        ? frame("the stream ended within a line", whole, 0, whole.length)
        : failure
    }
  }
}

const isSpace = (byte: number | undefined): boolean => byte === 13 || byte === 32 || byte === 9

const concat = (chunks: ReadonlyArray<Uint8Array>, length: number): Uint8Array => {
  const whole = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  return whole
}

const where = (options: Options) => ({
  resource: options.resource,
  ...(options.namespace === undefined ? {} : { namespace: options.namespace })
})

// The text of a Secret must not reach a log through an error message.
const shown = (options: Options, bytes: Uint8Array, start: number, end: number): string =>
  options.resource === "secrets"
    ? `${end - start} bytes`
    : utf8.decode(bytes.subarray(start, Math.min(end, start + shownLength)))

/**
 * What an ERROR event means: Expired when its Status says 410, Expired or Gone, else Api. An object that is no Status
 * becomes one of code 500 that quotes it, as client-go's `FromObject` does; but for Secrets.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromErrorObject = (
  object: unknown,
  options: { readonly resource: string; readonly namespace?: string | undefined }
): WatchError.WatchError => {
  const status = Status.fromUnknown(object).pipe(
    Option.getOrElse((): Status.Status => ({
      kind: "Status",
      apiVersion: "v1",
      status: "Failure",
      code: 500,
      message: `unexpected object in an ERROR event: ${
        options.resource === "secrets" ? "not shown" : (JSON.stringify(object) ?? "none").slice(0, shownLength)
      }`
    }))
  )
  const error = ApiError.fromStatus(status, { verb: "watch", resource: options.resource, namespace: options.namespace })
  const fields = { ...where({ ...options }), error }
  const tag = error.reason._tag
  return new WatchError.WatchError({
    reason: tag === "Expired" || tag === "Gone" || status.code === 410
      ? new WatchError.Expired(fields)
      : new WatchError.Api(fields)
  })
}
