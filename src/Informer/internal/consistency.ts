/**
 * An informer's checks of itself: after each list, beside its work, the cache as it was then is held against the server.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import type { ListWatch } from "../../Watch/ListWatch.ts"
import * as ConsistencyDetector from "../ConsistencyDetector.ts"
import type { Cacheable, Entry } from "../Indexer.ts"

/** @internal */
export interface Options<A> {
  readonly informer: string
  readonly listWatch: ListWatch<A>
  readonly isCached: (object: A) => boolean
  readonly inconsistent: (count: number) => Effect.Effect<void>
}

/**
 * Asks for a check of what the cache holds at a version. Does nothing where checks are off.
 *
 * @internal
 */
export type Ask = (version: string, entries: () => Iterable<Entry<Cacheable>>) => void

/** @internal */
export const make = Effect.fnUntraced(function*<A extends Cacheable>(
  options: Options<A>
): Effect.fn.Return<Ask, never, Scope.Scope> {
  if (!(yield* ConsistencyDetector.isEnabled)) return () => {}
  // Only the newest state is worth a check.
  const asked = yield* Queue.sliding<{ readonly version: string; readonly held: ReadonlyMap<string, string> }>(1)
  const next = Effect.gen(function*() {
    const { held, version } = yield* Queue.take(asked)
    const differences = yield* ConsistencyDetector.check(options.listWatch, version, held, options.isCached)
    if (differences.length === 0) return
    yield* options.inconsistent(differences.length)
    yield* Effect.logError("the cache differs from the server's list of the same version", differences).pipe(
      Effect.annotateLogs({ informer: options.informer, resourceVersion: version })
    )
  })
  yield* next.pipe(
    Effect.catch((error) => Effect.logInfo("the cache could not be checked", error.message)),
    Effect.forever,
    Effect.forkScoped
  )
  return (version, entries) => {
    const held = new Map<string, string>()
    for (const { key, object } of entries()) held.set(key, object.metadata.resourceVersion)
    Queue.offerUnsafe(asked, { version, held })
  }
})
