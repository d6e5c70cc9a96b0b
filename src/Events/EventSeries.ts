/**
 * `EventSeries`: repeated events of `events.k8s.io/v1` as one Event with a count, as client-go's tools/events does.
 *
 * The first is created, the second makes it a series, further ones only count. A series is written again every 30
 * minutes, so that the server does not let it expire, and a last time when it has been silent for 6 minutes. It writes
 * nothing itself: `EventSink` does.
 *
 * @see https://github.com/kubernetes/enhancements/tree/master/keps/sig-instrumentation/383-new-event-api-ga-graduation
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Event } from "../Api/events/v1.ts"
import * as MicroTime from "../Machinery/MicroTime.ts"
import * as Lru from "./internal/lru.ts"
import { key, type RecordedEvent } from "./RecordedEvent.ts"

/**
 * How often a series is written while it goes on: client-go's `refreshTime`.
 *
 * @category models
 * @since 0.1.0
 */
export const refreshInterval: Duration.Duration = Duration.minutes(30)

/**
 * How long nothing must come for a series to be over, and how often that is looked at: client-go's `finishTime`.
 *
 * @category models
 * @since 0.1.0
 */
export const finishAfter: Duration.Duration = Duration.minutes(6)

/**
 * An Event to be written: created, or, where it has a series, patched with it.
 *
 * @category models
 * @since 0.1.0
 */
export type Written = Event & { readonly metadata: { readonly name: string; readonly namespace: string } }

/**
 * @category models
 * @since 0.1.0
 */
export interface EventSeries {
  /** What is to be written for an event: itself where it is new, a begun series, or nothing. */
  readonly observe: (event: RecordedEvent) => Effect.Effect<ReadonlyArray<Written>>
  /** All series, to be written again. */
  readonly refresh: Effect.Effect<ReadonlyArray<Written>>
  /** Forgets what is over, and answers the series among it, to be written a last time. */
  readonly finish: Effect.Effect<ReadonlyArray<Written>>
  /** Forgets all, and answers the series that counted since they were last written. */
  readonly flush: Effect.Effect<ReadonlyArray<Written>>
}

interface Entry {
  readonly id: string
  readonly event: Written
  count: number
  writtenCount: number
  /** On the monotonic clock. */
  lastAt: bigint
  lastObservedTime: string
}

const keyOf = ({ action, controller, host, reason, regarding, related, type }: RecordedEvent): string =>
  key([type, action, reason, controller, host, ...reference(regarding), ...reference(related)])

const reference = (object: RecordedEvent["related"]): ReadonlyArray<string | undefined> => [
  object?.apiVersion,
  object?.kind,
  object?.namespace,
  object?.name,
  object?.uid,
  object?.resourceVersion,
  object?.fieldPath
]

/**
 * Makes a memory of series that knows none. It holds the latest `capacity` (4096); one that has to go is written first.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(options?: {
  readonly capacity?: number | undefined
}): Effect.fn.Return<EventSeries> {
  const clock = yield* Clock.Clock
  const entries = Lru.make<Entry>(options?.capacity ?? 4096)
  const silence = Duration.toNanosUnsafe(finishAfter)

  const isSeries = (entry: Entry) => entry.count > 1

  const written = (entry: Entry): Written => {
    entry.writtenCount = entry.count
    return isSeries(entry)
      ? { ...entry.event, series: { count: entry.count, lastObservedTime: entry.lastObservedTime } }
      : entry.event
  }

  const observe = (event: RecordedEvent): ReadonlyArray<Written> => {
    const id = keyOf(event)
    const now = clock.monotonicTimeNanosUnsafe()
    const known = entries.get(id)
    if (known !== undefined) {
      known.count++
      known.lastAt = now
      known.lastObservedTime = MicroTime.fromNanoseconds(event.at)
      return known.count === 2 ? [written(known)] : []
    }
    const entry: Entry = {
      id,
      event: toEvent(event),
      count: 1,
      writtenCount: 1,
      lastAt: now,
      lastObservedTime: MicroTime.fromNanoseconds(event.at)
    }
    const evicted = entries.set(id, entry)
    return evicted !== undefined && evicted.count > evicted.writtenCount
      ? [written(evicted), entry.event]
      : [entry.event]
  }

  const drop = (which: (entry: Entry) => boolean): ReadonlyArray<Entry> => {
    const over = Array.from(entries.values()).filter(which)
    for (const { id } of over) entries.delete(id)
    return over
  }

  return {
    observe: (event) => Effect.sync(() => observe(event)),
    refresh: Effect.sync(() => Array.from(entries.values()).filter(isSeries).map(written)),
    finish: Effect.sync(() => {
      const now = clock.monotonicTimeNanosUnsafe()
      return drop((entry) => now - entry.lastAt > silence).filter(isSeries).map(written)
    }),
    flush: Effect.sync(() => drop(() => true).filter((entry) => entry.count > entry.writtenCount).map(written))
  }
})

const toEvent = (event: RecordedEvent): Written => ({
  metadata: {
    name: event.name,
    namespace: event.namespace,
    ...(event.annotations === undefined ? {} : { annotations: event.annotations })
  },
  eventTime: MicroTime.fromNanoseconds(event.at),
  reportingController: event.controller,
  reportingInstance: cut(event.host === "" ? event.controller : `${event.controller}-${event.host}`, 128),
  // The server asks for an action, and takes no empty one.
  action: cut(event.action ?? event.reason, 128),
  reason: cut(event.reason, 128),
  regarding: event.regarding,
  ...(event.related === undefined ? {} : { related: event.related }),
  note: cut(event.message, 1024),
  type: event.type
})

/** What fits into so many bytes, whole characters: an Event that is longer is refused. */
const cut = (text: string, bytes: number): string =>
  text.slice(0, new TextEncoder().encodeInto(text, new Uint8Array(bytes)).read)
