/**
 * `MergedInformer`: several informers that read as one, as for a kind in a list of namespaces.
 *
 * Each of the parts keeps its own watch, so that rights in single namespaces are enough. What stands in two of them is
 * found in the first; reads cost the sum of the parts.
 *
 * @since 0.1.0
 */
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Option from "effect/Option"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import type { Index } from "./Indexer.ts"
import type { Listener, SharedInformer } from "./SharedInformer.ts"

/**
 * Reads several informers as one. Its `collection` is that of the first without its namespace.
 *
 * @category combinators
 * @since 0.1.0
 */
export const make = <A, Names extends string>(
  parts: Arr.NonEmptyReadonlyArray<SharedInformer<A, Names>>
): SharedInformer<A, Names> => {
  const [first] = parts
  const { namespace: _, ...collection } = first.collection
  const concat = <B>(
    read: (part: SharedInformer<A, Names>) => Effect.Effect<ReadonlyArray<B>>
  ): Effect.Effect<ReadonlyArray<B>> => Effect.map(Effect.forEach(parts, read), Arr.flatten)
  const index = (name: Names | "namespace"): Index<A> => ({
    get: (value) => concat((part) => part.byIndex(name, value)),
    keys: (value) => concat((part) => part.index(name).keys(value)),
    values: Effect.map(concat((part) => part.index(name).values), Arr.dedupe),
    valuesOf: first.index(name).valuesOf
  })
  const merged = (listeners: ReadonlyArray<Listener<A>>): Listener<A> => ({
    events: merge(listeners.map((listener) => listener.events)),
    hasSynced: Effect.map(
      Effect.forEach(listeners, (listener) => listener.hasSynced),
      (all) => all.every((hasSynced) => hasSynced)
    ),
    awaitSynced: Effect.forEach(listeners, (listener) => listener.awaitSynced, { discard: true })
  })
  // The part whose namespace it is, else the one that has it.
  const partOf = (key: string) =>
    parts.find((part) => part.collection.namespace !== undefined && key.startsWith(`${part.collection.namespace}/`))
  return {
    collection,
    get: (key) => {
      const part = partOf(key)
      return part === undefined
        ? Effect.map(Effect.forEach(parts, (one) => one.get(key)), Option.firstSomeOf)
        : part.get(key)
    },
    list: concat((part) => part.list),
    keys: concat((part) => part.keys),
    byIndex: (name, value) => index(name).get(value),
    index,
    addIndexers: (indexers) => Effect.map(Effect.forEach(parts, (part) => part.addIndexers(indexers)), make),
    hasSynced: Effect.map(
      Effect.forEach(parts, (part) => part.hasSynced),
      (all) => all.every((hasSynced) => hasSynced)
    ),
    awaitSynced: Effect.forEach(parts, (part) => part.awaitSynced, { discard: true }),
    ready: Effect.forEach(parts, (part) => part.ready, { discard: true, concurrency: "unbounded" }),
    listen: (options) => Effect.map(Effect.forEach(parts, (part) => part.listen(options)), merged),
    changes: merge(parts.map((part) => part.changes)),
    handle: (handler, options) =>
      Effect.flatMap(Semaphore.make(1), ({ withPermit }) => {
        const oneByOne: typeof handler = (event) => withPermit(Effect.suspend(() => handler(event)))
        return Effect.map(Effect.forEach(parts, (part) => part.handle(oneByOne, options)), merged)
      }),
    awaitVersion: (key, resourceVersion, options) => (partOf(key) ?? first).awaitVersion(key, resourceVersion, options),
    rejections: Stream.mergeAll(parts.map((part) => part.rejections), { concurrency: "unbounded" }),
    reflectors: parts.flatMap((part) => part.reflectors)
  }
}

// A listener counts what it gave as handled when it is asked for more, and joins what waits meanwhile: so a part is asked
// only once the reader of all of them asks again, and nothing is read ahead.
const merge = <A>(streams: ReadonlyArray<Stream.Stream<A>>): Stream.Stream<A> => {
  const parts = streams.map((stream) =>
    Stream.transformPull(stream, (pull) =>
      Effect.sync(() => {
        let handled = Latch.makeUnsafe(true)
        return Effect.suspend(() => handled.await).pipe(
          Effect.andThen(pull),
          Effect.map((events) => {
            handled = Latch.makeUnsafe(false)
            return Arr.of({ events, handled })
          })
        )
      }))
  )
  return Stream.transformPull(Stream.mergeAll(parts, { concurrency: "unbounded" }), (pull) =>
    Effect.sync(() => {
      let given: Iterable<Latch.Latch> = []
      return Effect.suspend(() => Effect.forEach(given, (handled) => handled.open, { discard: true })).pipe(
        Effect.andThen(pull),
        Effect.map((batches) => {
          given = batches.map(({ handled }) => handled)
          return Arr.flatMap(batches, ({ events }) => events)
        })
      )
    }))
}
