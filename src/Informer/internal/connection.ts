/**
 * One watch connection of a `Reflector`: from its request to its end, with a watchdog beside it.
 *
 * It knows the two phases of a watch (initial events, changes), where a resume may begin, and when silence means death.
 * It never reconnects.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Stream from "effect/Stream"
import type { ListWatch } from "../../Watch/ListWatch.ts"
import * as ResourceVersion from "../../Watch/ResourceVersion.ts"
import type { WatchEvent } from "../../Watch/WatchEvent.ts"
import { isInitialEventsEnd } from "../../Watch/WatchEvent.ts"
import * as WatchFrame from "../../Watch/WatchFrame.ts"
import type { Cacheable } from "../Indexer.ts"
import { keyOf } from "../Indexer.ts"
import * as InformerError from "../InformerError.ts"
import type { Change } from "../Store.ts"

/** An object that is not taken into the cache. */
export class Rejection {
  readonly key: string
  /** Why, in words that hold nothing of the object's data. */
  readonly description: string
  /** Ends the connection where given. */
  readonly failure: InformerError.InformerError | undefined
  constructor(key: string, description: string, failure: InformerError.InformerError | undefined) {
    this.key = key
    this.description = description
    this.failure = failure
  }
}

/** Initial events that were asked for, those that come since the watch was accepted, and all that comes after them. */
export type Phase = "Asked" | "Initial" | "Changes"

export interface Options<Raw, A> {
  readonly listWatch: ListWatch<Raw>
  readonly prepare: (object: Raw) => A | Rejection
  /** Whether to ask for the initial events. */
  readonly isInitial: boolean
  readonly version: string
  readonly isUnordered: boolean
  readonly timeoutSeconds: number
  /** For how many milliseconds after its own timeout the connection may be open in silence. */
  readonly grace: number
  /** The longest silence in milliseconds, asked again at each check. */
  readonly silence: (phase: Phase) => number
  /** Something came. */
  readonly onRead: () => void
  readonly onInitial: (objects: ReadonlyArray<A>, version: string) => Effect.Effect<void>
  readonly onChanges: (changes: ReadonlyArray<Change<A>>, version: string) => Effect.Effect<void>
  readonly onBookmark: (version: string) => Effect.Effect<void>
  /** The connection has been open for a second: not merely asked for. */
  readonly onOpen: Effect.Effect<void>
}

/** How often the watchdog looks, at least: what counts as silence may change between two looks. */
const maxSleep = 30_000

const keyed = <A extends Cacheable>(objects: ReadonlyArray<A>): Map<string, A> =>
  new Map(objects.map((object) => [keyOf(object), object]))

/** Whether a version is known to be older than another. */
export const isOlder = (version: string, reached: string): boolean => {
  const order = ResourceVersion.compare(version, reached)
  return order !== undefined && order < 0
}

/**
 * For how many milliseconds it has been running. A wall clock that is set back must not hold back the end of a dead
 * connection, and a steady clock may stand still while the machine sleeps: whichever went further.
 */
const stopwatch = (clock: Clock.Clock): () => number => {
  const wall = clock.currentTimeMillisUnsafe()
  const steady = clock.monotonicTimeNanosUnsafe()
  return () =>
    Math.max(
      clock.currentTimeMillisUnsafe() - wall,
      Number(clock.monotonicTimeNanosUnsafe() - steady) / 1_000_000
    )
}

/** Ends well when the server ended the watch in order. */
export const run = <Raw extends Cacheable, A extends Cacheable>(
  options: Options<Raw, A>
): Effect.Effect<void, InformerError.InformerError> =>
  Effect.flatMap(Clock.Clock, (clock) => {
    const { collection } = options.listWatch
    const where = InformerError.where(collection)
    // The initial objects, each once as servers send them; by key from the first change on.
    let collected: Array<A> = []
    let byKey: Map<string, A> | undefined
    let isInitial = options.isInitial
    let version = options.version
    // Nothing that this connection brings may be older than where it began.
    let begin = version
    // The synthetic events that begin a watch from nowhere come in no order.
    let isOrdered = !isInitial && version !== "" && version !== "0"
    const age = stopwatch(clock)
    let silence = stopwatch(clock)
    const open = Latch.makeUnsafe(false)

    const accepted = (): void => {
      // Changes follow on the last of the initial objects, and then the end of them is due, however many changes come.
      if (!isInitial || byKey === undefined) silence = stopwatch(clock)
      open.openUnsafe()
    }

    const rewound = (received: string) =>
      new InformerError.InformerError({ reason: new InformerError.Rewound({ ...where, reached: version, received }) })

    const collect = (event: WatchEvent<Raw>): InformerError.InformerError | undefined => {
      if (event.type === "BOOKMARK") return undefined
      if (event.type !== "ADDED") byKey ??= keyed(collected)
      if (event.type === "DELETED") {
        byKey?.delete(keyOf(event.object))
        return undefined
      }
      const object = options.prepare(event.object)
      if (object instanceof Rejection) {
        byKey?.delete(object.key)
        return object.failure
      }
      if (byKey === undefined) collected.push(object)
      else byKey.set(keyOf(object), object)
      return undefined
    }

    const change = (event: Exclude<WatchEvent<Raw>, { readonly type: "BOOKMARK" }>): Change<A> | Rejection => {
      const object = options.prepare(event.object)
      if (object instanceof Rejection) {
        return object.failure === undefined ? { type: "REJECTED", key: object.key } : object
      }
      // Of what was prepared by leaving it as it is, the event itself is the change.
      return object === event.object as unknown ? event as unknown as Change<A> : { type: event.type, object }
    }

    // Everything a pull brought is applied before the fiber may yield: listeners and readers never see half of it.
    const take = (events: ReadonlyArray<WatchEvent<Raw>>): Effect.Effect<void, InformerError.InformerError> => {
      accepted()
      options.onRead()
      let effect: Effect.Effect<void> = Effect.void
      let failure: InformerError.InformerError | undefined
      let changes: Array<Change<A>> = []
      let hasBookmark = false
      for (const event of events) {
        if (isInitial) {
          if (!isInitialEventsEnd(event)) {
            failure = collect(event)
            if (failure !== undefined) break
            continue
          }
          isInitial = false
          isOrdered = true
          version = event.object.metadata.resourceVersion
          begin = version
          // Who waited for them goes on before the next read.
          effect = Effect.andThen(
            options.onInitial(byKey === undefined ? collected : Array.from(byKey.values()), version),
            Effect.yieldNow
          )
          collected = []
          byKey = undefined
          continue
        }
        if (event.type === "BOOKMARK") {
          const received = event.object.metadata.resourceVersion
          if (isOrdered && !options.isUnordered && isOlder(received, begin)) {
            failure = rewound(received)
            break
          }
          // One that comes late says nothing new.
          if (isOlder(received, version)) continue
          version = received
          isOrdered = true
          hasBookmark = true
          continue
        }
        const received = event.object.metadata.resourceVersion
        if (isOrdered && !options.isUnordered && isOlder(received, version)) {
          failure = rewound(received)
          break
        }
        const changed = change(event)
        if (changed instanceof Rejection) {
          failure = changed.failure
          break
        }
        // An object without a version moves nothing.
        if (received && (isOrdered || event.type !== "ADDED")) {
          isOrdered = true
          version = received
        }
        changes.push(changed)
      }
      if (changes.length > 0) effect = Effect.andThen(effect, options.onChanges(changes, version))
      if (hasBookmark) effect = Effect.andThen(effect, options.onBookmark(version))
      changes = []
      return failure === undefined ? effect : Effect.andThen(effect, Effect.fail(failure))
    }

    const watched = options.listWatch.watch({
      allowWatchBookmarks: true,
      timeoutSeconds: options.timeoutSeconds,
      resourceVersion: version === "" ? undefined : version,
      ...(options.isInitial ? { sendInitialEvents: true, resourceVersionMatch: "NotOlderThan" } : {})
    }).pipe(
      Stream.mapError((error) => InformerError.fromFailure(error, "watch", collection)),
      Stream.runForEachArray(take),
      Effect.provideService(WatchFrame.CurrentAcceptance, accepted),
      Effect.andThen(Effect.suspend(() =>
        isInitial
          ? Effect.fail(
            new InformerError.InformerError({
              reason: new InformerError.InitialEventsMissing({ ...where, isEnded: true })
            })
          )
          : Effect.void
      ))
    )

    const look: Effect.Effect<never, InformerError.InformerError> = Effect.suspend(() => {
      const phase = !isInitial ? "Changes" : open.isOpen() ? "Initial" : "Asked"
      const remaining = Math.min(
        options.grace - Math.min(age() - options.timeoutSeconds * 1000, silence()),
        options.silence(phase) - silence()
      )
      if (remaining > 0) return Effect.andThen(Effect.sleep(Math.min(Math.ceil(remaining), maxSleep)), look)
      return Effect.fail(
        new InformerError.InformerError({
          reason: phase === "Initial"
            ? new InformerError.InitialEventsMissing({ ...where, isEnded: false })
            : new InformerError.Idle({ ...where, milliseconds: Math.round(silence()) })
        })
      )
    })

    const opened = open.await.pipe(
      Effect.andThen(Effect.sleep(1000)),
      Effect.andThen(Effect.suspend(() => isInitial ? Effect.void : options.onOpen)),
      Effect.andThen(Effect.never)
    )

    return Effect.raceAllFirst([watched, look, opened])
  })
