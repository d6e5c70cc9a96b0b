/**
 * `ConsistencyDetector`: compares a cache with a list of the same version.
 *
 * A cache is built from events, and a list is the truth: at one version both must hold the same objects. With the
 * detector on, an informer checks itself after each list and each streamed list, beside its work; a difference is an
 * error in the log and a count, for it means a bug in a server or here.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Variable from "../Features/Variable.ts"
import type { ApiError } from "../Machinery/ApiError.ts"
import type { RequestError } from "../Machinery/RequestError.ts"
import type { ListWatch } from "../Watch/ListWatch.ts"
import * as Pager from "../Watch/Pager.ts"
import type { Cacheable } from "./Indexer.ts"
import { keyOf } from "./Indexer.ts"

/**
 * Decides for a program. Unless provided: on when `KUBE_WATCHLIST_INCONSISTENCY_DETECTOR` (client-go's name) is `true`.
 *
 * @category services
 * @since 0.1.0
 */
export const Enabled: Context.Reference<boolean | undefined> = Context.Reference<boolean | undefined>(
  "effect-kubernetes/Informer/ConsistencyDetector/Enabled",
  { defaultValue: () => undefined }
)

/**
 * Whether informers check themselves.
 *
 * @category accessors
 * @since 0.1.0
 */
export const isEnabled: Effect.Effect<boolean> = Effect.gen(function*() {
  const decided = yield* Enabled
  if (decided !== undefined) return decided
  return (yield* Variable.isOn("KUBE_WATCHLIST_INCONSISTENCY_DETECTOR")) ?? false
})

/**
 * One object that a cache and a list do not agree on, by their versions; `undefined` where it is missing.
 *
 * @category models
 * @since 0.1.0
 */
export interface Difference {
  readonly key: string
  readonly held: string | undefined
  readonly listed: string | undefined
}

/**
 * What a cache that holds `held` (versions by key) at `version` has otherwise than the server. Costs one LIST at exactly
 * that version, and fails where the server no longer has it. Objects for which `isCached` does not hold are passed over.
 *
 * @category combinators
 * @since 0.1.0
 */
export const check = <A extends Cacheable>(
  listWatch: ListWatch<A>,
  version: string,
  held: ReadonlyMap<string, string>,
  isCached: (object: A) => boolean = () => true
): Effect.Effect<ReadonlyArray<Difference>, ApiError | RequestError> =>
  Pager.all(listWatch.list, {
    pageSize: 0,
    listOptions: { resourceVersion: version, resourceVersionMatch: "Exact" }
  }).pipe(
    Effect.map((whole) => {
      const differences: Array<Difference> = []
      const missing = new Map(held)
      for (const object of whole.items) {
        const key = keyOf(object)
        const listed = object.metadata.resourceVersion
        if (missing.get(key) !== listed && isCached(object)) differences.push({ key, held: missing.get(key), listed })
        missing.delete(key)
      }
      for (const [key, version] of missing) differences.push({ key, held: version, listed: undefined })
      return differences
    })
  )
