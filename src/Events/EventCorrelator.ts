/**
 * `EventCorrelator`: keeps a noisy controller from flooding the server with Events of `core/v1`, as client-go's does.
 *
 * Three steps in order: similar events become one (aggregation), the same event becomes a growing count, and who tells
 * too much about one object is silenced for a while (spam filter). Each remembers the latest 4096 keys. It writes
 * nothing: `EventSink` does.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Event } from "../Api/core/v1.ts"
import * as TokenBucket from "../FlowControl/TokenBucket.ts"
import * as Time from "../Machinery/Time.ts"
import * as Lru from "./internal/lru.ts"
import { key, type RecordedEvent } from "./RecordedEvent.ts"

/**
 * The limits. Every default is client-go's.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** How many keys each step remembers. 4096 unless given. */
  readonly capacity?: number | undefined
  /** How many different messages of one reason about one object it takes for them to become one event. 10 unless given. */
  readonly maxEvents?: number | undefined
  /** How long no similar event must come for aggregation to begin anew. 10 minutes unless given. */
  readonly maxInterval?: Duration.Input | undefined
  /** How many events a source may tell at once about an object. 25 unless given. */
  readonly spamBurst?: number | undefined
  /** How long it takes until it may tell another one, at most a year. 5 minutes unless given. */
  readonly spamInterval?: Duration.Input | undefined
  /**
   * Which events are similar. Source, object, type, reason unless given; the message is what differs between them.
   */
  readonly aggregationKey?: ((event: RecordedEvent) => string) | undefined
  /** The message of the event that similar ones become. The last one's with "(combined from similar events): " unless given. */
  readonly aggregatedMessage?: ((event: RecordedEvent) => string) | undefined
  /** What a spam limit is for. Source, object and type unless given. */
  readonly spamKey?: ((event: RecordedEvent) => string) | undefined
}

/**
 * What is to be written for an event.
 *
 * @category models
 * @since 0.1.0
 */
export interface Correlated {
  /** The event as a whole; to be created where it is the first or the one before has vanished. */
  readonly event: Event & { readonly metadata: { readonly name: string; readonly namespace: string } }
  /** What differs from the one that was written before; none for a first one. */
  readonly patch: Option.Option<{ readonly count: number; readonly lastTimestamp: string; readonly message: string }>
}

/**
 * @category models
 * @since 0.1.0
 */
export interface EventCorrelator {
  /** What is to be written; none where the event is filtered out. */
  readonly correlate: (event: RecordedEvent) => Effect.Effect<Option.Option<Correlated>>
}

interface Similar {
  readonly messages: Set<string>
  /** On the monotonic clock. */
  readonly at: bigint
}

interface Count {
  readonly count: number
  readonly firstTimestamp: string
  readonly name: string
}

const source = ({ controller, host }: RecordedEvent) => [controller, host]

const object = ({ regarding }: RecordedEvent) => [
  regarding.kind,
  regarding.namespace,
  regarding.name,
  regarding.uid,
  regarding.apiVersion
]

const defaultAggregationKey = (event: RecordedEvent): string =>
  key([...source(event), ...object(event), event.type, event.reason])

const defaultSpamKey = (event: RecordedEvent): string => key([...source(event), ...object(event), event.type])

const defaultMessage = ({ message }: RecordedEvent): string => `(combined from similar events): ${message}`

const sameKey = (event: RecordedEvent): string =>
  key([...source(event), ...object(event), event.regarding.fieldPath, event.type, event.reason, event.message])

/**
 * Makes a correlator that has seen nothing.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(options: Options = {}): Effect.fn.Return<EventCorrelator> {
  const clock = yield* Clock.Clock
  const capacity = options.capacity ?? 4096
  const maxEvents = options.maxEvents ?? 10
  const maxInterval = Duration.toNanosUnsafe(Duration.fromInputUnsafe(options.maxInterval ?? "10 minutes"))
  // No interval without end: a rate of zero would be no limit at all.
  const spamInterval = Duration.min(Duration.fromInputUnsafe(options.spamInterval ?? "5 minutes"), Duration.days(365))
  const spam = {
    qps: 1 / Duration.toSeconds(spamInterval),
    burst: options.spamBurst ?? 25
  }
  const { aggregatedMessage = defaultMessage, aggregationKey = defaultAggregationKey, spamKey = defaultSpamKey } =
    options
  const similar = Lru.make<Similar>(capacity)
  const counts = Lru.make<Count>(capacity)
  const buckets = Lru.make<TokenBucket.TokenBucket>(capacity)

  /** The event itself, or the one that stands for all similar ones, and the key it is counted under. */
  const aggregate = (event: RecordedEvent): readonly [event: RecordedEvent, key: string] => {
    const now = clock.monotonicTimeNanosUnsafe()
    const group = aggregationKey(event)
    const known = similar.get(group)
    const messages = known === undefined || now - known.at > maxInterval ? new Set<string>() : known.messages
    messages.add(event.message)
    similar.set(group, { messages, at: now })
    if (messages.size < maxEvents) return [event, sameKey(event)]
    // One less than the limit stays, so that the next different message is aggregated too.
    for (const message of messages) {
      messages.delete(message)
      break
    }
    return [{ ...event, message: aggregatedMessage(event), annotations: undefined }, `aggregate ${group}`]
  }

  const count = (event: RecordedEvent, id: string): Correlated => {
    const before = counts.get(id)
    const lastTimestamp = Time.fromNanoseconds(event.at)
    const entry = {
      count: (before?.count ?? 0) + 1,
      firstTimestamp: before?.firstTimestamp ?? lastTimestamp,
      name: before?.name ?? event.name
    }
    counts.set(id, entry)
    const { message } = event
    return {
      event: toEvent(event, { ...entry, lastTimestamp }),
      patch: before === undefined ? Option.none() : Option.some({ count: entry.count, lastTimestamp, message })
    }
  }

  const isSpam = Effect.fnUntraced(function*(event: RecordedEvent) {
    const id = spamKey(event)
    let bucket = buckets.get(id)
    if (bucket === undefined) {
      bucket = yield* TokenBucket.make(spam)
      buckets.set(id, bucket)
    }
    return !(yield* bucket.tryTake)
  })

  return {
    correlate: Effect.fnUntraced(function*(event) {
      const [aggregated, id] = aggregate(event)
      const correlated = count(aggregated, id)
      return (yield* isSpam(aggregated)) ? Option.none() : Option.some(correlated)
    })
  }
})

const toEvent = (
  event: RecordedEvent,
  times: Count & { readonly lastTimestamp: string }
): Correlated["event"] => ({
  metadata: {
    name: times.name,
    namespace: event.namespace,
    ...(event.annotations === undefined ? {} : { annotations: event.annotations })
  },
  involvedObject: event.regarding,
  ...(event.related === undefined ? {} : { related: event.related }),
  ...(event.action === undefined ? {} : { action: event.action }),
  type: event.type,
  reason: event.reason,
  message: event.message,
  count: times.count,
  firstTimestamp: times.firstTimestamp,
  lastTimestamp: times.lastTimestamp,
  source: { component: event.controller, ...(event.host === "" ? {} : { host: event.host }) },
  reportingComponent: event.controller,
  ...(event.host === "" ? {} : { reportingInstance: event.host })
})
