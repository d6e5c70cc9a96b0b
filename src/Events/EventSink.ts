/**
 * `EventSink`: writes recorded events to the server through one of the two Event APIs.
 *
 * It turns what happened into single writes; `EventBroadcaster` runs them, in order and again where they failed. The
 * two APIs show the same objects in two forms: `core/v1` is counted by `EventCorrelator`, `events.k8s.io/v1` by
 * `EventSeries`.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as CoreV1 from "../Api/core/v1.ts"
import * as EventsV1 from "../Api/events/v1.ts"
import * as ResourceClient from "../Clientset/ResourceClient.ts"
import type { ApiError } from "../Machinery/ApiError.ts"
import * as Patch from "../Machinery/Patch.ts"
import type { RequestError } from "../Machinery/RequestError.ts"
import { RestClient } from "../Rest/RestClient.ts"
import * as EventCorrelator from "./EventCorrelator.ts"
import * as EventSeries from "./EventSeries.ts"
import type { RecordedEvent } from "./RecordedEvent.ts"

/**
 * One try to write an Event; running it again is another try.
 *
 * @category models
 * @since 0.1.0
 */
export interface Write {
  /** The name of the Event, for logs. */
  readonly name: string
  readonly namespace: string
  readonly attempt: Effect.Effect<void, ApiError | RequestError>
}

/**
 * What follows from an event: writes in order, or why there are none.
 *
 * @category models
 * @since 0.1.0
 */
export type Decision = ReadonlyArray<Write> | "filtered" | "counted"

/**
 * @category models
 * @since 0.1.0
 */
export interface EventSink {
  /** Decides what to write for an event. */
  readonly decide: (event: RecordedEvent) => Effect.Effect<Decision>
  /** What is written from time to time without an event. */
  readonly periodic: ReadonlyArray<{
    readonly interval: Duration.Duration
    readonly writes: Effect.Effect<ReadonlyArray<Write>>
  }>
  /** What is left to write when no more events come. */
  readonly flush: Effect.Effect<ReadonlyArray<Write>>
}

/**
 * Writes Events of `core/v1`. Needs the verbs create and patch on events.
 *
 * @category constructors
 * @since 0.1.0
 */
export const coreV1 = Effect.fnUntraced(function*(
  options?: EventCorrelator.Options
): Effect.fn.Return<EventSink, never, RestClient> {
  const rest = yield* RestClient
  const correlator = yield* EventCorrelator.make(options)

  const write = ({ event, patch }: EventCorrelator.Correlated): Write => {
    const { name, namespace } = event.metadata
    const events = ResourceClient.fromRestClient(rest, CoreV1.Event, namespace)
    const create = Effect.asVoid(events.create(event))
    return {
      name,
      namespace,
      attempt: Option.match(patch, {
        onNone: () => create,
        onSome: (body) =>
          Effect.asVoid(events.patch(name, Patch.strategic<CoreV1.Event>(body))).pipe(
            Effect.catchReason("ApiError", "NotFound", () => create)
          )
      })
    }
  }

  return {
    decide: (event) =>
      Effect.map(
        correlator.correlate(event),
        Option.match({ onNone: (): Decision => "filtered", onSome: (correlated): Decision => [write(correlated)] })
      ),
    periodic: [],
    flush: Effect.succeed([])
  }
})

/**
 * Writes Events of `events.k8s.io/v1`. Needs the verbs create and patch on events in that group.
 *
 * @category constructors
 * @since 0.1.0
 */
export const eventsV1 = Effect.fnUntraced(function*(options?: {
  /** How many series are remembered. 4096 unless given. */
  readonly capacity?: number | undefined
}): Effect.fn.Return<EventSink, never, RestClient> {
  const rest = yield* RestClient
  const series = yield* EventSeries.make(options)

  const write = (event: EventSeries.Written): Write => {
    const { name, namespace } = event.metadata
    const events = ResourceClient.fromRestClient(rest, EventsV1.Event, namespace)
    const create = Effect.asVoid(events.create(event))
    if (event.series === undefined) return { name, namespace, attempt: create }
    const patch = Effect.asVoid(
      events.patch(name, Patch.strategic<EventsV1.Event>({ series: { ...event.series } }))
    )
    return {
      name,
      namespace,
      attempt: patch.pipe(
        Effect.catchReason("ApiError", "NotFound", () =>
          // The Event of the first one may arrive in between.
          Effect.catchReason(create, "ApiError", "AlreadyExists", () => patch))
      )
    }
  }
  const writes = Effect.map((events: ReadonlyArray<EventSeries.Written>): ReadonlyArray<Write> => events.map(write))

  return {
    decide: (event) => Effect.map(writes(series.observe(event)), (all): Decision => all.length === 0 ? "counted" : all),
    periodic: [
      { interval: EventSeries.refreshInterval, writes: writes(series.refresh) },
      { interval: EventSeries.finishAfter, writes: writes(series.finish) }
    ],
    flush: writes(series.flush)
  }
})
