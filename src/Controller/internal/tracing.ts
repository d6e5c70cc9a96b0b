/**
 * The spans of reconciles, made with less ado than `Effect.makeSpan`: what the context says of tracing is looked up once
 * for all keys of a worker and not once for each.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import * as References from "effect/References"
import type * as Tracer from "effect/Tracer"

export interface Spans {
  /** A trace of its own: what led to it is linked, as it may have been many things. */
  readonly start: (causes: ReadonlyArray<Tracer.AnySpan>) => Tracer.Span
  readonly end: (span: Tracer.Span, exit: Exit.Exit<unknown, unknown>) => void
}

const noAttributes = {}

/** By what the context of the running fiber says. */
export const make = Effect.fnUntraced(function*(name: string): Effect.fn.Return<Spans> {
  // Where nothing is traced, one span that knows nothing serves all.
  if (!(yield* References.TracerEnabled)) {
    const silent = yield* Effect.makeSpan(name, { root: true })
    return { start: () => silent, end: () => {} }
  }
  const clock = yield* Clock.Clock
  const tracer = yield* Effect.tracer
  const isTimed = yield* References.TracerTimingEnabled
  const annotations = Object.entries(yield* Effect.spanAnnotations)
  const links = yield* Effect.spanLinks
  const sampled = !LogLevel.isGreaterThan(yield* References.MinimumTraceLevel, yield* References.CurrentTraceLevel)
  const now = (): bigint => isTimed ? clock.currentTimeNanosUnsafe() : 0n
  return {
    start: (causes) => {
      const all = links.slice()
      for (const span of causes) all.push({ span, attributes: noAttributes })
      const span = tracer.span({
        name,
        parent: Option.none(),
        annotations: Context.empty(),
        links: all,
        startTime: now(),
        kind: "internal",
        root: true,
        sampled
      })
      for (const [key, value] of annotations) span.attribute(key, value)
      return span
    },
    end: (span, exit) => {
      if (span.status._tag === "Started") span.end(now(), exit)
    }
  }
})
