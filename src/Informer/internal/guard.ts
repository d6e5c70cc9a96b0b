/**
 * Functions of the user that run within the step that changes a cache: filters of listeners, indexes.
 *
 * One that throws would end the informer there, with its cache standing still and nobody told. Guarded, it is logged and
 * counted, and the step goes on: an object without an answer is in no index, and passes the filter.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import type { IndexFunction } from "../Indexer.ts"
import * as Indexer from "../Indexer.ts"

/** @internal */
export interface Guard<in out A> {
  /** The same for the same function, as indexes are shared by it. */
  readonly index: (f: IndexFunction<A>) => IndexFunction<A>
  readonly filter: (f: (object: A) => boolean) => (object: A) => boolean
}

interface Fault {
  readonly what: string
  readonly key: string
  readonly defect: unknown
}

/** How many faults wait to be told; further ones push out the oldest. */
const kept = 100

/** @internal */
export const make = Effect.fnUntraced(function*<A extends Indexer.Cacheable>(
  informer: string,
  failed: Effect.Effect<void>
): Effect.fn.Return<Guard<A>, never, Scope.Scope> {
  const faults = yield* Queue.sliding<Fault>(kept)
  const guarded = new WeakMap<IndexFunction<A>, IndexFunction<A>>()

  const tell = ({ defect, key, what }: Fault) =>
    Effect.logError(`${what} of an informer failed`, Cause.die(defect)).pipe(
      Effect.annotateLogs({ informer, key }),
      Effect.andThen(failed)
    )
  yield* Effect.forkScoped(Effect.forever(Effect.flatMap(Queue.take(faults), tell)))

  const guard = <B>(what: string, f: (object: A) => B, otherwise: B) => (object: A): B => {
    try {
      return f(object)
    } catch (defect) {
      Queue.offerUnsafe(faults, { what, key: Indexer.keyOf(object), defect })
      return otherwise
    }
  }

  return {
    index: (f) => {
      const known = guarded.get(f)
      if (known !== undefined) return known
      const made = guard<ReadonlyArray<string>>("an index function", f, [])
      guarded.set(f, made)
      return made
    },
    filter: (f) => guard("the filter of a listener", f, true)
  }
})
