/**
 * `CachedReader`: reads of one kind from the cache a controller has anyway, and from the server where that is asked for.
 *
 * The informer behind it is the one that sources of the same kind and selection stand on, so it costs no watch of its own.
 * What it answers may be a moment old, as everything a controller decides by; a controller waits until the cache has
 * seen its own last writes to a key.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as ResourceClient from "../Clientset/ResourceClient.ts"
import type { InformerError } from "../Informer/InformerError.ts"
import * as InformerFactory from "../Informer/InformerFactory.ts"
import type { ApiError } from "../Machinery/ApiError.ts"
import * as LabelSelector from "../Machinery/LabelSelector.ts"
import type { ParseError } from "../Machinery/ParseError.ts"
import type { RequestError } from "../Machinery/RequestError.ts"
import type { KubeObject, Persisted, Resource, Scope, Subresources } from "../Machinery/Resource.ts"

/**
 * Reads of one kind. Objects from the cache are shared by all and must not be changed.
 *
 * @category models
 * @since 0.1.0
 */
export interface CachedReader<in out A extends KubeObject, S extends Scope, in Names extends string = never> {
  /** By `namespace/name`, or `name` for a kind of cluster scope. Waits for the first list. */
  readonly get: (key: string) => Effect.Effect<Option.Option<Persisted<A, S>>, InformerError>
  /** All objects, or those of a namespace, that match. Waits for the first list. Walks the cache, and sends nothing. */
  readonly list: (options?: {
    readonly namespace?: string | undefined
    readonly labelSelector?: LabelSelector.Input | undefined
  }) => Effect.Effect<ReadonlyArray<Persisted<A, S>>, InformerError | ParseError>
  /** The objects under a value of an index. Waits for the first list. */
  readonly byIndex: (
    name: Names | "namespace",
    value: string
  ) => Effect.Effect<ReadonlyArray<Persisted<A, S>>, InformerError>
  /** From the server, as new as it gets: for what must not be decided by an old state, as a name that is taken. */
  readonly live: {
    readonly get: (key: string) => Effect.Effect<Option.Option<Persisted<A, S>>, ApiError | RequestError>
  }
}

/**
 * Makes the reader of one kind; its cache is held until the scope closes. It waits for nothing yet.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*<
  A extends KubeObject,
  S extends Scope,
  Sub extends Subresources,
  const Names extends string = never
>(
  resource: Resource<A, S, Sub>,
  options?: InformerFactory.GetOptions<Persisted<A, S>, Names>
) {
  const informers = yield* InformerFactory.InformerFactory
  const informer = yield* informers.get(resource, options)
  const context = yield* Effect.context<Client>()
  // A key has a namespace exactly where the kind is namespaced.
  const namespaced = resource as unknown as Resource<A, "Namespaced", Sub>
  // A cache that was filled once stays so, and a reconciler reads in every run.
  let isReady = false
  const ready = Effect.andThen(
    informer.ready,
    Effect.sync(() => {
      isReady = true
    })
  )
  const reader: CachedReader<A, S, Names> = {
    get: (key) => Effect.suspend(() => isReady ? informer.get(key) : Effect.andThen(ready, informer.get(key))),
    list: Effect.fnUntraced(function*({ labelSelector, namespace } = {}) {
      yield* ready
      const objects = yield* namespace === undefined ? informer.list : informer.byIndex("namespace", namespace)
      if (labelSelector === undefined) return objects
      const selector = yield* Effect.fromResult(LabelSelector.fromInput(labelSelector))
      return objects.filter(({ metadata }) => LabelSelector.matches(selector, metadata.labels))
    }),
    byIndex: (name, value) => Effect.andThen(ready, informer.byIndex(name, value)),
    live: {
      get: (key) => {
        const slash = key.indexOf("/")
        return ResourceClient.make(namespaced, slash < 0 ? undefined : key.slice(0, slash)).pipe(
          Effect.flatMap((client) => client.get(key.slice(slash + 1))),
          Effect.map((object) => Option.some(object as unknown as Persisted<A, S>)),
          Effect.catchReason("ApiError", "NotFound", () => Effect.succeedNone),
          Effect.provideContext(context)
        )
      }
    }
  }
  return reader
})

type Client = Effect.Services<ReturnType<typeof ResourceClient.make>>
