/**
 * `SharedInformer`: one cache of one collection, one watch behind it, any number of readers and listeners.
 *
 * It joins a `Reflector` (which keeps the cache true) with an `Indexer` (which holds it) and tells every listener what
 * changed, each at its own pace. Objects in it are shared by all and must not be changed. `InformerFactory` shares
 * informers by what they watch; a `Controller` stands on them.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as PubSub from "effect/PubSub"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as FeatureGate from "../Features/FeatureGate.ts"
import * as IncrementalDecoder from "../Watch/IncrementalDecoder.ts"
import type { Collection, ListWatch } from "../Watch/ListWatch.ts"
import * as ResourceVersion from "../Watch/ResourceVersion.ts"
import * as WatchFrame from "../Watch/WatchFrame.ts"
import type { Cacheable, Index, IndexFunction } from "./Indexer.ts"
import * as Indexer from "./Indexer.ts"
import type { InformerError } from "./InformerError.ts"
import type { InformerEvent } from "./InformerEvent.ts"
import * as InformerMetrics from "./InformerMetrics.ts"
import * as Consistency from "./internal/consistency.ts"
import * as Gate from "./internal/gate.ts"
import * as Guard from "./internal/guard.ts"
import * as Buffer from "./internal/listener.ts"
import * as Name from "./internal/name.ts"
import * as MutationDetector from "./MutationDetector.ts"
import * as Reflector from "./Reflector.ts"
import * as Store from "./Store.ts"

/**
 * How a listener is served.
 *
 * @category models
 * @since 0.1.0
 */
export interface ListenOptions<in A> {
  /**
   * Only objects for which this holds; one that comes to match is Added, one that ceases to is Deleted, as it was when it
   * last matched. All unless given.
   */
  readonly filter?: ((object: A) => boolean) | undefined
  /**
   * How many events may wait before those of one key are joined into one. 8192 unless given, without what was there
   * before the listener. Nothing is ever lost: the fold of what is delivered is the cache.
   */
  readonly capacity?: number | undefined
  /** How often to tell of every object again, as Updated with `old === object`. Never unless given; 1 s at least. */
  readonly resync?: Duration.Input | undefined
}

/**
 * One listener of an informer, until its scope closes.
 *
 * @category models
 * @since 0.1.0
 */
export interface Listener<out A> {
  /** What changes, in order; first an Added for all there is. One pull is all that waits. To be run once. */
  readonly events: Stream.Stream<InformerEvent<A>>
  /** Whether everything that was there at first has been handled: the events after it were asked for. */
  readonly hasSynced: Effect.Effect<boolean>
  readonly awaitSynced: Effect.Effect<void>
}

/**
 * One cache of one collection.
 *
 * @category models
 * @since 0.1.0
 */
export interface SharedInformer<in out A, in Names extends string = never> {
  readonly collection: Collection
  /** By `namespace/name`, or `name` for a kind of cluster scope. */
  readonly get: (key: string) => Effect.Effect<Option.Option<A>>
  /** All objects, in no particular order. */
  readonly list: Effect.Effect<ReadonlyArray<A>>
  readonly keys: Effect.Effect<ReadonlyArray<string>>
  /** The objects that stand under a value of an index. */
  readonly byIndex: (name: Names | "namespace", value: string) => Effect.Effect<ReadonlyArray<A>>
  readonly index: (name: Names | "namespace") => Index<A>
  /** The same informer with more indexes, which last as long as the scope. May be called at any time. */
  readonly addIndexers: <More extends string>(
    indexers: { readonly [K in More]: IndexFunction<A> }
  ) => Effect.Effect<SharedInformer<A, Names | More>, never, Scope.Scope>
  /** Whether the first whole list is in the cache. */
  readonly hasSynced: Effect.Effect<boolean>
  /** Waits for the first whole list, however long that takes. */
  readonly awaitSynced: Effect.Effect<void>
  /**
   * Waits for the first whole list, and fails as soon as something stands in its way that waiting does not mend: a
   * missing permission (Forbidden, naming the rule), Unauthorized, NotServed, Untrusted, Refused. It goes on trying.
   * Where the list is not streamed, a missing right to watch shows behind it, in the state.
   */
  readonly ready: Effect.Effect<void, InformerError>
  /** Joins the listeners. The stream form of it is `changes`. */
  readonly listen: (options?: ListenOptions<A>) => Effect.Effect<Listener<A>, never, Scope.Scope>
  /** What changes from now on; first an Added for all there is. Each run is a listener of its own. */
  readonly changes: Stream.Stream<InformerEvent<A>>
  /**
   * Calls `handler` for each event, one after the other, until the scope closes. A failure or defect is logged and
   * counted and hurts nobody else; the next event is handled.
   */
  readonly handle: <E, R>(
    handler: (event: InformerEvent<A>) => Effect.Effect<unknown, E, R>,
    options?: ListenOptions<A>
  ) => Effect.Effect<Listener<A>, never, R | Scope.Scope>
  /**
   * Waits until the cache has seen `resourceVersion` (as a write returned it) or a later version of that object, so
   * that the next read of it is not older than one's own write. False where it did not within `timeout`, 5 s unless
   * given. Costs nothing while nobody waits.
   */
  readonly awaitVersion: (
    key: string,
    resourceVersion: string,
    options?: { readonly timeout?: Duration.Input | undefined }
  ) => Effect.Effect<boolean>
  /** Objects that came and were not cached, from now on: they do not decode, or the transform died of them. */
  readonly rejections: Stream.Stream<Reflector.Rejection>
  /** How the cache stands to the server: one for each watch behind it. */
  readonly reflectors: ReadonlyArray<Omit<Reflector.Reflector, "run">>
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Options<Raw, A> extends Omit<Reflector.Options<Raw, A>, "listWatch" | "store" | "name" | "prepare"> {
  readonly listWatch: ListWatch<Raw>
  /**
   * The `name` of its metrics and logs; the resource and namespace unless given. Where an informer of that name runs
   * already, the name with a number behind it: `pods#2`.
   */
  readonly name?: string | undefined
  /**
   * What is kept of each object, or why it is not. Called once per object before it is stored; what it returns must
   * keep name, namespace, uid and resourceVersion.
   */
  readonly prepare: (object: Raw) => A | Reflector.Rejection
  /**
   * Decodes events by what changed, keeping the last version of every object as it was decoded. Not to be used where
   * `prepare` drops or rewrites members, or what it drops stays in memory. Off unless given, or where the feature
   * `IncrementalDecode` is off.
   */
  readonly incremental?: IncrementalDecoder.Options | undefined
}

const defaultCapacity = 8192

/** How many rejections wait for a slow reader of them before the oldest goes. */
const rejectionsKept = 256

interface Waiter {
  readonly key: string
  readonly version: string
  readonly gate: Gate.Gate
}

/**
 * Starts an informer that runs until the scope closes. Listeners that are still there then have their streams ended.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*<Raw extends Cacheable, A extends Cacheable>(
  options: Options<Raw, A>
): Effect.fn.Return<SharedInformer<A>, never, Scope.Scope> {
  const { listWatch } = options
  const { collection } = listWatch
  const scope = yield* Effect.scope
  const clock = yield* Clock.Clock
  const indexer = yield* Indexer.make<A>()
  const isFrozen = yield* MutationDetector.isEnabled
  const listeners = new Set<Buffer.Buffer<A>>()
  const waiters = new Set<Waiter>()
  const decoder = options.incremental !== undefined && (yield* FeatureGate.isEnabled(FeatureGate.IncrementalDecode))
    ? IncrementalDecoder.makeUnsafe(options.incremental)
    : undefined
  const dispatcher = yield* Gate.dispatcher
  const synced = Gate.makeUnsafe(dispatcher)
  let version = ""

  const name = yield* Name.claim(
    options.name ??
      (collection.namespace === undefined ? collection.plural : `${collection.plural}/${collection.namespace}`)
  )
  const metrics = yield* InformerMetrics.make(name, collection, {
    queued: () => {
      let sum = 0
      for (const listener of listeners) sum += listener.size()
      return sum
    },
    stored: indexer.unsafe.size,
    resourceVersion: () => version
  })

  const guard = yield* Scope.provide(Guard.make<A>(name, metrics.handlerFailed), scope)

  const askForCheck = yield* Consistency.make({
    informer: name,
    listWatch,
    isCached: (object) => !(attempt(options.prepare, object) instanceof Reflector.Rejection),
    inconsistent: metrics.inconsistent
  })

  const hasSeen = (waiter: { readonly key: string; readonly version: string }): boolean => {
    if (!synced.isOpen()) return false
    if (ResourceVersion.isAtLeast(version, waiter.version)) return true
    const object = indexer.unsafe.get(waiter.key)
    return object !== undefined && ResourceVersion.isAtLeast(object.metadata.resourceVersion, waiter.version)
  }

  const reached = (resourceVersion: string): void => {
    version = resourceVersion
    if (waiters.size === 0) return
    for (const waiter of waiters) {
      if (!hasSeen(waiter)) continue
      waiters.delete(waiter)
      waiter.gate.open()
    }
  }

  const tell = (events: ReadonlyArray<InformerEvent<A>>, isInitialEnd: boolean): void => {
    if (events.length === 0 && !isInitialEnd) return
    for (const listener of listeners) listener.offer(events, isInitialEnd)
  }

  // A list tells the decoder of no deletions, nor does a streamed one that was begun again.
  let isForgetDue = false
  const forget = (): void => {
    isForgetDue = false
    if (decoder === undefined) return
    const uids = new Set<string | undefined>()
    for (const object of indexer.unsafe.list()) uids.add(object.metadata.uid)
    decoder.retain((uid) => uids.has(uid))
  }

  const store: Store.Store<A> = {
    apply: (changes, resourceVersion) => {
      tell(Store.applyUnsafe(indexer, changes), false)
      reached(resourceVersion)
    },
    replace: (objects, relist) => {
      const isInInitialList = !synced.isOpen()
      const events = Store.replaceUnsafe(indexer, objects, { isInInitialList, isRewound: relist.isRewound })
      synced.open()
      // After the first list there is next to nothing to forget, and everybody waits for it: the next bookmark will do.
      if (isInInitialList) isForgetDue = true
      else forget()
      tell(events, isInInitialList)
      reached(relist.resourceVersion)
      askForCheck(relist.resourceVersion, indexer.unsafe.entries)
    },
    progress: (resourceVersion) => {
      reached(resourceVersion)
      if (isForgetDue) forget()
    }
  }

  const rejections = yield* PubSub.sliding<Reflector.Rejection>(rejectionsKept)
  const prepare = (object: Raw): A | Reflector.Rejection => {
    const prepared = attempt(options.prepare, object)
    if (!(prepared instanceof Reflector.Rejection)) return isFrozen ? MutationDetector.freeze(prepared) : prepared
    PubSub.publishUnsafe(rejections, prepared)
    return prepared
  }
  yield* Stream.fromPubSub(rejections).pipe(
    Stream.runForEach((rejection) =>
      Effect.logWarning("an object is not cached").pipe(
        Effect.annotateLogs({ informer: name, key: rejection.key, reason: rejection.description }),
        Effect.andThen(metrics.rejected)
      )
    ),
    Effect.forkIn(scope, { startImmediately: true })
  )

  const reflector = yield* Reflector.make<Raw, A>({ ...options, name, store, prepare })
  yield* Scope.addFinalizer(
    scope,
    Effect.sync(() => {
      for (const listener of listeners) listener.end()
      listeners.clear()
    })
  )
  yield* Effect.forkIn(
    decoder === undefined
      ? reflector.run
      : Effect.provideService(reflector.run, WatchFrame.CurrentLineDecoder, decoder),
    scope
  )

  const listen = Effect.fnUntraced(
    function*(given?: ListenOptions<A>): Effect.fn.Return<Listener<A>, never, Scope.Scope> {
      const buffer = yield* Effect.acquireRelease(
        Effect.sync(() => {
          const made = Buffer.makeUnsafe<A>(
            dispatcher,
            given?.capacity ?? defaultCapacity,
            given?.filter === undefined ? undefined : guard.filter(given.filter)
          )
          if (scope.state._tag === "Closed") made.end()
          else listeners.add(made)
          const isInitialEnd = synced.isOpen()
          const events = indexer.unsafe.entries().map(({ key, object }): InformerEvent<A> => ({
            _tag: "Added",
            key,
            object,
            isInInitialList: true
          }))
          made.offer(events, isInitialEnd)
          return made
        }),
        (made) =>
          Effect.sync(() => {
            listeners.delete(made)
            made.end()
          })
      )
      if (given?.resync !== undefined) {
        yield* resync(buffer, Duration.max(Duration.fromInputUnsafe(given.resync), Duration.seconds(1)))
      }
      return {
        events: Stream.fromPull(Effect.succeed(buffer.pull)),
        hasSynced: Effect.sync(() => buffer.synced.isOpen()),
        awaitSynced: buffer.synced.await
      }
    }
  )

  const resync = (buffer: Buffer.Buffer<A>, period: Duration.Duration) =>
    Effect.sleep(period).pipe(
      Effect.andThen(Effect.sync(() => {
        if (!synced.isOpen()) return
        buffer.offer(
          indexer.unsafe.entries().map(({ key, object }): InformerEvent<A> => ({
            _tag: "Updated",
            key,
            old: object,
            object
          })),
          false
        )
      })),
      Effect.forever,
      Effect.forkScoped
    )

  const firstList = reflector.states.pipe(
    Stream.takeUntil((state) => state._tag !== "Syncing" || state.lastError?.isFatal === true),
    Stream.runLast,
    Effect.flatMap((state) =>
      Option.isSome(state) && state.value._tag === "Syncing" && state.value.lastError?.isFatal === true
        ? Effect.fail(state.value.lastError)
        : synced.await
    )
  )
  // Every read of a `CachedReader` asks, and nearly all of them when there is nothing left to wait for.
  const ready = Effect.suspend(() => synced.isOpen() ? Effect.void : firstList)

  const awaitVersion: SharedInformer<A>["awaitVersion"] = (key, resourceVersion, given) =>
    Effect.suspend(() => {
      const waiter: Waiter = { key, version: resourceVersion, gate: Gate.makeUnsafe(dispatcher) }
      if (hasSeen(waiter)) return Effect.succeed(true)
      return Effect.suspend(() => {
        // Put in only once it is sure to be taken out again; it may have been seen by then.
        if (hasSeen(waiter)) return Effect.void
        waiters.add(waiter)
        return waiter.gate.await
      }).pipe(
        Effect.as(true),
        Effect.timeoutOrElse({
          duration: given?.timeout ?? "5 seconds",
          orElse: () => Effect.succeed(false)
        }),
        Effect.ensuring(Effect.sync(() => waiters.delete(waiter)))
      )
    })

  const handle: SharedInformer<A>["handle"] = Effect.fnUntraced(function*(handler, given) {
    const listener = yield* listen(given)
    const handleOne = (event: InformerEvent<A>) =>
      Effect.catchCause(
        Effect.suspend(() => handler(event)),
        (cause) =>
          Effect.logError("an informer's handler failed", cause).pipe(
            Effect.annotateLogs({ informer: name, event: event._tag, key: event.key }),
            Effect.andThen(metrics.handlerFailed)
          )
      )
    yield* listener.events.pipe(
      Stream.runForEachArray((events) =>
        Effect.suspend(() => {
          const start = clock.currentTimeMillisUnsafe()
          return Effect.map(
            Effect.forEach(events, handleOne, { discard: true }),
            () => metrics.processedUnsafe((clock.currentTimeMillisUnsafe() - start) / 1000)
          )
        })
      ),
      Effect.forkScoped
    )
    return listener
  })

  const indexOf = <Names extends string>(
    indexes: { readonly [K in Names]: Index<A> },
    index: Names | "namespace"
  ): Index<A> =>
    Object.hasOwn(indexes, index)
      ? indexes[index as Names]
      : index === "namespace"
      ? indexer.byNamespace
      : missing(index)

  // No type lets one ask for it, and an answer would be that of another index.
  const missing = (index: string): Index<A> => {
    const dies = Effect.die(new TypeError(`the informer of ${name} has no index ${JSON.stringify(index)}`))
    return { get: () => dies, keys: () => dies, values: dies, valuesOf: () => [] }
  }

  const withIndexes = <Names extends string>(
    indexes: { readonly [K in Names]: Index<A> }
  ): SharedInformer<A, Names> => ({
    collection,
    get: indexer.get,
    list: indexer.list,
    keys: indexer.keys,
    byIndex: (index, value) => Effect.suspend(() => indexOf(indexes, index).get(value)),
    index: (index) => indexOf(indexes, index),
    addIndexers: (indexers) =>
      Effect.map(addIndexes(indexers), (more) => withIndexes<Names | keyof typeof indexers>({ ...indexes, ...more })),
    hasSynced: Effect.sync(() => synced.isOpen()),
    awaitSynced: synced.await,
    ready,
    listen,
    changes: Stream.unwrap(Effect.map(listen(), (listener) => listener.events)),
    handle,
    awaitVersion,
    rejections: Stream.fromPubSub(rejections),
    reflectors: [reflector]
  })

  const addIndexes = <More extends string>(indexers: { readonly [K in More]: IndexFunction<A> }) =>
    Effect.forEach(
      Object.entries<IndexFunction<A>>(indexers),
      ([key, f]) => Effect.map(indexer.index(guard.index(f)), (index) => [key, index] as const)
    ).pipe(
      Effect.map((entries) => Object.fromEntries(entries) as { readonly [K in More]: Index<A> })
    )

  return withIndexes<never>({})
})

// What a user's function dies of must not end the watch for everyone.
const attempt = <Raw extends Cacheable, A>(
  prepare: (object: Raw) => A | Reflector.Rejection,
  object: Raw
): A | Reflector.Rejection => {
  try {
    return prepare(object)
  } catch (cause) {
    return new Reflector.Rejection(Indexer.keyOf(object), `the transform failed: ${String(cause)}`, undefined)
  }
}
