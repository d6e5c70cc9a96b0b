/**
 * `EventBroadcaster`: takes events from recorders without making them wait, and writes them one after another.
 *
 * It stands between `EventRecorder` and `EventSink`: a bounded queue, one worker, client-go's rules for trying again,
 * and a flush when its scope closes. Who wants to see the events as well, for a log or a test, pulls `events`.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import * as Metric from "effect/Metric"
import * as PubSub from "effect/PubSub"
import * as Queue from "effect/Queue"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import type { ApiError } from "../Machinery/ApiError.ts"
import type { RequestError } from "../Machinery/RequestError.ts"
import * as EventMetrics from "./EventMetrics.ts"
import type { EventSink, Write } from "./EventSink.ts"
import type { RecordedEvent } from "./RecordedEvent.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** How many events may wait to be written; further ones are dropped. 1000 unless given, as in client-go. */
  readonly capacity?: number | undefined
  /** How often an event is tried to be written. 12 unless given, as in client-go. */
  readonly maxTries?: number | undefined
  /**
   * How long to wait between tries; the first wait is a random part of it, so that clients do not come back all at once
   * after the server was down. 10 s unless given, as in client-go.
   */
  readonly retryDelay?: Duration.Input | undefined
  /** How long closing the scope waits for what is still to be written, each event once. 5 s unless given. */
  readonly flushTimeout?: Duration.Input | undefined
}

/**
 * @category models
 * @since 0.1.0
 */
export interface EventBroadcaster {
  /** Takes an event; false where it had to be dropped, because the queue is full or the scope closed. Never waits. */
  readonly publish: (event: RecordedEvent) => Effect.Effect<boolean>
  /**
   * What is published from now on, written or not. Holds as many as the queue; a slower reader misses the rest. Ends
   * with the broadcaster's scope.
   */
  readonly events: Stream.Stream<RecordedEvent>
}

/**
 * Starts writing to a sink until the scope closes.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  sink: EventSink,
  options: Options = {}
): Effect.fn.Return<EventBroadcaster, never, Scope.Scope> {
  const capacity = options.capacity ?? 1000
  const maxTries = options.maxTries ?? 12
  const retryDelay = Duration.fromInputUnsafe(options.retryDelay ?? "10 seconds")
  const queue = yield* Queue.dropping<RecordedEvent, Cause.Done>(capacity)
  const subscribers = yield* PubSub.dropping<RecordedEvent>(capacity)
  const closing = yield* Latch.make(false)
  const turn = yield* Semaphore.make(1)
  let isDropping = false

  const count = (result: EventMetrics.Result) => Metric.update(EventMetrics.total[result], 1)

  const write = (write: Write): Effect.Effect<void> => {
    const attempt = (tries: number): Effect.Effect<void> =>
      write.attempt.pipe(
        Effect.andThen(count("written")),
        Effect.catch((error) => {
          if (!isRetryable(error)) {
            const level = isExpected(error) ? "Debug" : "Error"
            return Effect.andThen(Effect.logWithLevel(level)("an event was rejected", error.message), count("rejected"))
          }
          if (tries >= maxTries || closing.isOpen()) {
            return Effect.andThen(
              Effect.logError("an event could not be written and is given up", error.message),
              count("failed")
            )
          }
          return Effect.logWarning("an event could not be written and is tried again", error.message).pipe(
            Effect.andThen(pause(tries)),
            Effect.andThen(attempt(tries + 1))
          )
        })
      )
    return Effect.annotateLogs(attempt(1), { event: `${write.namespace}/${write.name}` })
  }

  const pause = (tries: number) =>
    Effect.flatMap(Random.next, (random) =>
      Effect.raceFirst(
        Effect.sleep(Duration.times(retryDelay, tries === 1 ? random : 1 + random / 4)),
        closing.await
      ))

  // The keys and messages of a correlator are the user's code: one event that they die of must not silence the rest.
  const contained = (effect: Effect.Effect<void>): Effect.Effect<void> =>
    Effect.catchDefect(effect, (defect) =>
      Effect.andThen(
        Effect.logError("an event could not be handled and is given up", Cause.die(defect)),
        count("failed")
      ))

  // One at a time, so that a count never overtakes the event it counts.
  const writeAll = (writes: ReadonlyArray<Write>) => turn.withPermit(Effect.forEach(writes, write, { discard: true }))

  const handle = (event: RecordedEvent) =>
    contained(Effect.flatMap(
      Effect.suspend(() => sink.decide(event)),
      (decision) => typeof decision === "string" ? count(decision) : writeAll(decision)
    ))

  const worker = yield* Effect.forkScoped(
    // One by one: what a worker holds in its hands is not counted by the queue's limit.
    Effect.forever(Effect.flatMap(Queue.take(queue), handle)).pipe(
      Effect.catch(() => contained(Effect.flatMap(sink.flush, writeAll)))
    )
  )
  yield* Effect.forEach(sink.periodic, ({ interval, writes }) =>
    contained(Effect.flatMap(writes, writeAll)).pipe(
      Effect.schedule(Schedule.spaced(interval)),
      Effect.forkScoped
    ), { discard: true })

  yield* Effect.addFinalizer(() =>
    Effect.gen(function*() {
      yield* Queue.end(queue)
      yield* PubSub.shutdown(subscribers)
      yield* closing.open
      yield* Fiber.await(worker)
    }).pipe(
      Effect.timeoutOrElse({
        duration: options.flushTimeout ?? "5 seconds",
        orElse: () => Effect.logWarning("events that wait to be written are given up, as the program ends")
      })
    )
  )

  const dropped = Effect.suspend(() => {
    // A line for each would be another flood.
    if (isDropping) return count("dropped")
    isDropping = true
    return Effect.andThen(
      Effect.logError("too many events wait to be written: events are dropped"),
      count("dropped")
    )
  })

  return {
    publish: (event) =>
      Effect.suspend(() => {
        PubSub.publishUnsafe(subscribers, event)
        if (!Queue.offerUnsafe(queue, event)) return Effect.as(dropped, false)
        isDropping = false
        return Effect.succeed(true)
      }),
    events: Stream.fromPubSub(subscribers)
  }
})

/** A Status says that the event is not wanted as it is; only what got no answer is worth another try. */
const isRetryable = (error: ApiError | RequestError): boolean =>
  error._tag === "RequestError" && error.reason._tag !== "InvalidUrl" && error.reason._tag !== "Encode"

/** Refusals that nobody has to know about. */
const isExpected = (error: ApiError | RequestError): boolean =>
  error._tag === "ApiError" && (
    error.reason._tag === "AlreadyExists" ||
    (error.reason.status.details?.causes ?? []).some(({ reason }) => reason === "NamespaceTerminating")
  )
