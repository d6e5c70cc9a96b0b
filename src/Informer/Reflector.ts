/**
 * `Reflector`: keeps a `Store` true to a `ListWatch`, for ever.
 *
 * It lists (or streams the list), watches from there, resumes after every interruption at the last version it reached,
 * and lists again only when that version is lost. All failures end here: they become a state, a log line and a metric,
 * and a delay before the next try. `SharedInformer` owns one. It knows no HTTP and holds no objects.
 *
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import * as FeatureGate from "../Features/FeatureGate.ts"
import type { ListOptions } from "../Machinery/Options.ts"
import type { ListWatch } from "../Watch/ListWatch.ts"
import * as Pager from "../Watch/Pager.ts"
import type { Cacheable } from "./Indexer.ts"
import * as InformerError from "./InformerError.ts"
import * as Connection from "./internal/connection.ts"
import { Rejection } from "./internal/connection.ts"
import * as Reaction from "./internal/reaction.ts"
import * as ReflectorMetrics from "./ReflectorMetrics.ts"
import type { Store } from "./Store.ts"

/**
 * How a cache stands to its server.
 *
 * `Syncing` until the first whole list is stored, `Live` while a watch runs, `Stale` from the moment a watch failed
 * until another has delivered something or has stayed open for a second. A watch that the server ended in order and
 * that is begun again at once stays `Live`. Times are milliseconds since 1970.
 *
 * @category models
 * @since 0.1.0
 */
export type State =
  | {
    readonly _tag: "Syncing"
    readonly since: number
    /** Tries that failed so far. */
    readonly failures: number
    readonly lastError: InformerError.InformerError | undefined
  }
  | { readonly _tag: "Live"; readonly since: number }
  | {
    readonly _tag: "Stale"
    readonly since: number
    readonly failures: number
    readonly lastError: InformerError.InformerError
  }

/**
 * How long a reflector waits for what.
 *
 * @category models
 * @since 0.1.0
 */
export interface Timing {
  /**
   * The shortest `timeoutSeconds` of a watch; each is random between the two. 5 minutes unless given, as client-go's, or
   * less where the longest is.
   */
  readonly minWatchTimeout?: Duration.Input | undefined
  /** 10 minutes unless given, as client-go's, or more where the shortest is. */
  readonly maxWatchTimeout?: Duration.Input | undefined
  /**
   * The longest silence of a watch before it is taken for dead, where bookmarks come more often than that. 3 minutes
   * unless given: a server sends a bookmark about every minute. Where they never come, or seldom, only the watch's own
   * timeout bounds a silence.
   */
  readonly idleTimeout?: Duration.Input | undefined
  /** How long after its own timeout a watch may stay open in silence before it is taken for dead. 30 s unless given. */
  readonly watchGrace?: Duration.Input | undefined
  /** The longest silence within a streamed list before it is given up for a paged one. 30 s unless given. */
  readonly initialEventsTimeout?: Duration.Input | undefined
  /**
   * The longest wait for one page of a list, and for a streamed list to be accepted. 70 s unless given: the server itself
   * gives up after 60.
   */
  readonly listTimeout?: Duration.Input | undefined
  /** The first delay after a failure; it doubles, and up to as much again is added at random. 800 ms as client-go's. */
  readonly minBackoff?: Duration.Input | undefined
  /** The longest delay before jitter. 30 s as client-go's. */
  readonly maxBackoff?: Duration.Input | undefined
  /** How long it must have gone well for the delays to start over. 2 minutes as client-go's. */
  readonly backoffReset?: Duration.Input | undefined
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Options<Raw, A> extends Timing {
  readonly listWatch: ListWatch<Raw>
  readonly store: Store<A>
  /** The `name` of its metrics and logs; the resource and namespace unless given. */
  readonly name?: string | undefined
  /** The `limit` of lists, always; unless given it is 500 where paging does not bypass the server's cache. */
  readonly pageSize?: number | undefined
  /**
   * Whether to try a streamed list (KEP-3157) first. Unless given, as the feature `WatchListClient` says and the
   * `ListWatch` allows.
   */
  readonly isWatchList?: boolean | undefined
  /** What is kept of each object, called before it goes to the store; or why it is not kept. */
  readonly prepare: (object: Raw) => A | Rejection
}

export {
  /**
   * Why an object is not taken into the cache: its key, and, where it is to end the connection, the failure.
   *
   * @category models
   * @since 0.1.0
   */
  Rejection
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Reflector {
  /** Runs until interrupted. To be run once. */
  readonly run: Effect.Effect<never>
  readonly state: Effect.Effect<State>
  /** The state now and each later one. */
  readonly states: Stream.Stream<State>
  /** The version that the store has reached; empty before the first list. */
  readonly resourceVersion: Effect.Effect<string>
  /** When something (list, event, bookmark) was last received, in milliseconds since 1970; 0 before that. */
  readonly lastActivity: Effect.Effect<number>
}

const millis = (input: Duration.Input | undefined, fallback: number): number =>
  input === undefined ? fallback : Duration.toMillis(input)

interface Memory {
  /** The version reached; empty at the start. */
  version: string
  /** Whether `version` is of no use for the next list. */
  isVersionLost: boolean
  /** Whether the next round begins with a list. */
  isListNeeded: boolean
  /** Whether a list answered from any cached state came in pages, so that paging costs the server nothing. */
  isPaging: boolean
  isWatchList: boolean
  /** Whether bookmarks come often enough that their absence says something. */
  hasBookmarks: boolean
  /** Whether versions were seen out of order twice within minutes, so that order says nothing here. */
  isUnordered: boolean
  lastRewindAt: number
  lastActivity: number
  failures: number
  lastFailureAt: number
  hasProgressed: boolean
  /** Failures since something was last received. */
  fruitless: number
}

/** How many failures to resume a watch, with nothing received between them, lead to a new list. */
const maxResumes = 5

/** Two rewinds within this many milliseconds mean that the server's versions are not ordered. */
const rewindWindow = 600_000

/**
 * A reflector, not yet running. Its metric series end with the scope.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*<Raw extends Cacheable, A extends Cacheable>(
  options: Options<Raw, A>
): Effect.fn.Return<Reflector, never, Scope.Scope> {
  const { listWatch, prepare, store } = options
  const { collection } = listWatch
  const where = InformerError.where(collection)
  const name = options.name ?? (where.namespace === undefined ? where.resource : `${where.resource}/${where.namespace}`)
  const clock = yield* Clock.Clock
  const now = () => clock.currentTimeMillisUnsafe()
  // For what lasts, in milliseconds: the wall clock may be set at any time.
  const elapsed = () => Number(clock.monotonicTimeNanosUnsafe()) / 1_000_000
  // Where one of the two is given, the other gives way.
  const minWatchTimeout = millis(options.minWatchTimeout, Math.min(300_000, millis(options.maxWatchTimeout, 300_000)))
  const timing = {
    minWatchTimeout,
    maxWatchTimeout: Math.max(minWatchTimeout, millis(options.maxWatchTimeout, 600_000)),
    idleTimeout: millis(options.idleTimeout, 180_000),
    watchGrace: millis(options.watchGrace, 30_000),
    initialEventsTimeout: millis(options.initialEventsTimeout, 30_000),
    listTimeout: millis(options.listTimeout, 70_000),
    minBackoff: millis(options.minBackoff, 800),
    maxBackoff: millis(options.maxBackoff, 30_000),
    backoffReset: millis(options.backoffReset, 120_000)
  }
  const memory: Memory = {
    version: "",
    isVersionLost: false,
    isListNeeded: true,
    isPaging: false,
    isWatchList: options.isWatchList ??
      (listWatch.isWatchListSupported !== false && (yield* FeatureGate.isEnabled(FeatureGate.WatchListClient))),
    hasBookmarks: false,
    isUnordered: false,
    lastRewindAt: Number.NEGATIVE_INFINITY,
    lastActivity: 0,
    failures: 0,
    lastFailureAt: Number.NEGATIVE_INFINITY,
    hasProgressed: true,
    fruitless: 0
  }
  const state = yield* SubscriptionRef.make<State>({ _tag: "Syncing", since: now(), failures: 0, lastError: undefined })
  const metrics = yield* ReflectorMetrics.make(name, {
    resourceVersion: () => memory.version,
    lastActivity: () => memory.lastActivity,
    state: () => SubscriptionRef.getUnsafe(state),
    now
  })

  const isLive = () => SubscriptionRef.getUnsafe(state)._tag === "Live"
  // Asked again when it is run: one read may bring it about twice.
  const live = Effect.suspend(() => isLive() ? Effect.void : SubscriptionRef.set(state, { _tag: "Live", since: now() }))
  const becomeLive = (): Effect.Effect<void> => isLive() ? Effect.void : live

  const active = (): void => {
    memory.lastActivity = now()
  }

  const received = (version: string): Effect.Effect<void> => {
    memory.version = version
    memory.hasProgressed = true
    memory.fruitless = 0
    return becomeLive()
  }

  const replaced = (objects: ReadonlyArray<A>, version: string): Effect.Effect<void> => {
    store.replace(objects, { resourceVersion: version, isRewound: Connection.isOlder(version, memory.version) })
    memory.isVersionLost = false
    memory.isListNeeded = false
    return received(version)
  }

  const page = (request: ListOptions) =>
    listWatch.list(request).pipe(
      Effect.timeoutOrElse({
        duration: timing.listTimeout,
        orElse: () => Effect.fail(Reaction.listTimeout(where.resource, timing.listTimeout))
      }),
      Effect.tap(() => Effect.sync(active))
    )

  const collect = (version: string) => {
    let failure: InformerError.InformerError | undefined
    return Pager.collect(page, {
      // With a version of its own a list is served from the server's cache only when it is not limited.
      pageSize: options.pageSize ?? (memory.isPaging || version === "" || version === "0" ? undefined : 0),
      listOptions: { resourceVersion: version === "" ? undefined : version },
      map: (objects) => {
        const kept: Array<A> = []
        for (const object of objects) {
          const prepared = prepare(object)
          if (!(prepared instanceof Rejection)) kept.push(prepared)
          else failure ??= prepared.failure
        }
        return kept
      }
    }).pipe(Effect.map((whole) => ({ whole, failure })))
  }

  // Of a failure that another request of the same round makes good.
  const mended = (what: string, error: InformerError.InformerError): Effect.Effect<void> =>
    Effect.logDebug(what, error.message).pipe(
      Effect.annotateLogs({ reflector: name }),
      Effect.andThen(metrics.failed(error.reason._tag))
    )

  const list = Effect.fnUntraced(function*() {
    const start = elapsed()
    // "0" takes whatever a cache of the server holds, a known version what is at least as new, "" the newest.
    const version = memory.isVersionLost ? "" : memory.version === "" ? "0" : memory.version
    const { failure, whole } = yield* collect(version).pipe(
      Effect.catchIf(Reaction.isVersionUseless, (error) => {
        memory.isVersionLost = true
        return Effect.andThen(
          mended(
            "the version to list at is lost; listing the newest",
            InformerError.fromFailure(error, "list", collection)
          ),
          collect("")
        )
      }),
      Effect.mapError((error) => InformerError.fromFailure(error, "list", collection))
    )
    if (failure !== undefined) return yield* failure
    if (version === "0" && whole.isPaged) memory.isPaging = true
    yield* metrics.listed(elapsed() - start, whole.items.length)
    yield* replaced(whole.items, whole.resourceVersion)
  })

  const watch = Effect.fnUntraced(function*(isInitial: boolean) {
    const span = timing.maxWatchTimeout - timing.minWatchTimeout
    // 0 would be taken for whatever the server likes.
    const timeoutSeconds = Math.max(1, Math.round((timing.minWatchTimeout + (yield* Random.next) * span) / 1000))
    const start = elapsed()
    let count = 0
    let bookmarkedAt = start
    yield* Connection.run({
      listWatch,
      prepare,
      isInitial,
      version: isInitial && memory.isVersionLost ? "" : memory.version,
      isUnordered: memory.isUnordered,
      timeoutSeconds,
      grace: timing.watchGrace,
      silence: (phase) =>
        phase === "Asked"
          ? timing.listTimeout
          : phase === "Initial"
          ? timing.initialEventsTimeout
          : memory.hasBookmarks
          ? timing.idleTimeout
          : Number.POSITIVE_INFINITY,
      onRead: active,
      onInitial: replaced,
      onChanges: (changes, version) => {
        count += changes.length
        store.apply(changes, version)
        return received(version)
      },
      onBookmark: (version) => {
        const at = elapsed()
        if (at - bookmarkedAt <= timing.idleTimeout) memory.hasBookmarks = true
        bookmarkedAt = at
        store.progress(version)
        return received(version)
      },
      onOpen: Effect.suspend(becomeLive)
    }).pipe(Effect.onExit(() => metrics.watched(elapsed() - start, count)))
    // Also one that delivered: a server that closes at once would otherwise be asked in a hot loop.
    if (elapsed() - start >= 1000) return
    yield* metrics.shortWatch
    return yield* new InformerError.InformerError({ reason: new InformerError.ShortWatch(where) })
  })

  const listThenWatch = Effect.suspend(() => list()).pipe(Effect.andThen(Effect.suspend(() => watch(false))))

  // A streamed list that fails is answered by a paged one in the same round, except where waiting is the remedy.
  const streamThenWatch = Effect.suspend(() => watch(true)).pipe(
    Effect.catchIf(
      (error) => memory.isListNeeded && !Reaction.isWorthWaiting(error),
      (error) => {
        if (Reaction.isWatchListRefused(error)) memory.isWatchList = false
        return Effect.andThen(mended("the list cannot be streamed; listing instead", error), listThenWatch)
      }
    )
  )

  const round = Effect.suspend(() =>
    !memory.isListNeeded ? watch(false) : memory.isWatchList ? streamThenWatch : listThenWatch
  )

  const recover = (error: InformerError.InformerError): Effect.Effect<void> => {
    const at = elapsed()
    if (memory.hasProgressed && at - memory.lastFailureAt >= timing.backoffReset) memory.failures = 0
    memory.hasProgressed = false
    memory.lastFailureAt = at
    memory.failures++
    memory.fruitless++
    const tag = error.reason._tag
    if (tag === "Rewound") {
      memory.isUnordered = at - memory.lastRewindAt < rewindWindow
      memory.lastRewindAt = at
      memory.isVersionLost = true
    }
    // The version is of no use for a list: it may be what is refused, it is not known yet, or even a streamed list at it
    // is refused.
    if (tag === "Refused") memory.isVersionLost = true
    if (error.reason._tag === "Expired" && (memory.isListNeeded || Reaction.isTooLarge(error.reason.error))) {
      memory.isVersionLost = true
    }
    // A second silence in a row is no dead connection: a server whose store was restored waits for versions it gave out
    // already.
    const isSilent = tag === "Idle" && memory.fruitless > 1
    // Or one that has ceased to send bookmarks.
    if (isSilent) memory.hasBookmarks = false
    memory.isListNeeded ||= Reaction.isRelistNeeded(error) || isSilent ||
      (!error.isFatal && memory.fruitless > maxResumes)
    const base = Math.min(timing.maxBackoff, timing.minBackoff * 2 ** (memory.failures - 1))
    const before = SubscriptionRef.getUnsafe(state)
    return SubscriptionRef.set(
      state,
      before._tag === "Syncing"
        ? { ...before, failures: memory.failures, lastError: error }
        : {
          _tag: "Stale",
          since: before._tag === "Stale" ? before.since : now(),
          failures: memory.failures,
          lastError: error
        }
    ).pipe(
      Effect.andThen(metrics.failed(tag)),
      Effect.andThen(Random.next),
      Effect.flatMap((random) => {
        const delay = Math.round(base * (1 + random))
        const log = error.isFatal ? Effect.logWarning : memory.isListNeeded ? Effect.logInfo : Effect.logDebug
        return log(error.message).pipe(
          Effect.annotateLogs({
            reflector: name,
            reaction: memory.isListNeeded ? "list again" : "resume",
            delay: `${delay} ms`
          }),
          Effect.andThen(Effect.sleep(delay))
        )
      })
    )
  }

  // A list or watch of one's own making may die, and a cache that stands still unseen is worse than one that is read anew.
  const died = (defect: unknown) => {
    memory.isListNeeded = true
    return Effect.logError("a list or watch died, and is begun anew", Cause.die(defect)).pipe(
      Effect.annotateLogs({ reflector: name }),
      Effect.andThen(Effect.fail(InformerError.fromFailure(Reaction.dead(where.resource, defect), "watch", collection)))
    )
  }

  return {
    run: Effect.forever(Effect.catch(Effect.catchDefect(round, died), recover)),
    state: SubscriptionRef.get(state),
    states: SubscriptionRef.changes(state),
    resourceVersion: Effect.sync(() => memory.version),
    lastActivity: Effect.sync(() => memory.lastActivity)
  }
})
