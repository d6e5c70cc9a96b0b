/**
 * `Until`: waits for what a watch is expected to show.
 *
 * Conditions are met one after the other; each is first tried on the event that met the one before. `Until` sees every
 * event; who only wants a state to hold at last gives `stream` the `changes` of an informer, which bridges also what
 * `changes` here cannot: a version that expired.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { Failure, ListWatch } from "./ListWatch.ts"
import * as RetryWatcher from "./RetryWatcher.ts"
import type { Change } from "./WatchEvent.ts"

/**
 * The watch ended before the conditions were met.
 *
 * @category errors
 * @since 0.1.0
 */
export class WatchClosed extends Schema.TaggedError<WatchClosed>("effect-kubernetes/Until/WatchClosed")("WatchClosed", {
  /** How many conditions were met. */
  met: Schema.Number,
  conditions: Schema.Number
}) {
  override get message(): string {
    return `the watch ended with ${this.met} of ${this.conditions} conditions met`
  }
}

/**
 * Whether an event is what is waited for. Its failure ends the waiting.
 *
 * @category models
 * @since 0.1.0
 */
export type Condition<in A, out E = never, out R = never> = (event: A) => Effect.Effect<boolean, E, R>

/**
 * A condition from a predicate.
 *
 * @category constructors
 * @since 0.1.0
 */
export const when = <A>(predicate: (event: A) => boolean): Condition<A> => (event) =>
  Effect.sync(() => predicate(event))

/**
 * Runs a stream of events until all conditions have been met, in order, and returns the event that met the last. With no
 * conditions it returns the first event. Fails with WatchClosed when the stream ends before.
 *
 * @category combinators
 * @since 0.1.0
 */
export const stream = <A, E, R, E2 = never, R2 = never>(
  events: Stream.Stream<A, E, R>,
  ...conditions: ReadonlyArray<Condition<A, E2, R2>>
): Effect.Effect<A, E | E2 | WatchClosed, R | R2> =>
  Effect.suspend(() => {
    let met = 0
    const meets = Effect.fnUntraced(function*(event: A): Effect.fn.Return<boolean, E2, R2> {
      while (true) {
        const condition = conditions[met]
        if (condition === undefined) return true
        if (!(yield* condition(event))) return false
        met++
      }
    })
    return events.pipe(
      Stream.filterEffect(meets),
      Stream.runHead,
      Effect.flatMap(Option.match({
        onNone: () => Effect.fail(new WatchClosed({ met, conditions: conditions.length })),
        onSome: Effect.succeed
      }))
    )
  })

/**
 * Watches a collection from a version, across lost connections and without missing an event, until all conditions have
 * been met in order. Fails as `RetryWatcher` fails; bound it with `Effect.timeout`.
 *
 * @category combinators
 * @since 0.1.0
 */
export const changes = <
  A extends { readonly metadata: { readonly resourceVersion: string } },
  E2 = never,
  R2 = never
>(
  listWatch: ListWatch<A>,
  options: RetryWatcher.Options,
  ...conditions: ReadonlyArray<Condition<Change<A>, E2, R2>>
): Effect.Effect<Change<A>, Failure | E2 | WatchClosed, R2> =>
  stream(RetryWatcher.make(listWatch, options), ...conditions)
