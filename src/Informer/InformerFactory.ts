/**
 * `InformerFactory`: shared informers by what they watch.
 *
 * Whoever asks for the same kind, namespace, selectors and transform gets the same cache and the same watch; it starts
 * with the first holder and ends with the last. `ListWatchSource` says where the objects come from, so typed, dynamic
 * and metadata-only informers are one code path.
 *
 * @since 0.1.0
 */
import * as Arr from "effect/Array"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Exit from "effect/Exit"
import * as Hash from "effect/Hash"
import * as Latch from "effect/Latch"
import * as Layer from "effect/Layer"
import * as RcMap from "effect/RcMap"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as FieldSelector from "../Machinery/FieldSelector.ts"
import * as LabelSelector from "../Machinery/LabelSelector.ts"
import type { Selection } from "../Machinery/Options.ts"
import type {
  AnyResource,
  KubeObject,
  Persisted,
  Resource,
  Scope as ResourceScope,
  Subresources
} from "../Machinery/Resource.ts"
import { qualifiedName } from "../Machinery/Resource.ts"
import type * as IncrementalDecoder from "../Watch/IncrementalDecoder.ts"
import type { ListWatch } from "../Watch/ListWatch.ts"
import type { CollectionOptions, PartialObjectMetadata } from "../Watch/ListWatchSource.ts"
import { ListWatchSource } from "../Watch/ListWatchSource.ts"
import * as Decoded from "./Decoded.ts"
import type { Cacheable, IndexFunction } from "./Indexer.ts"
import type { InformerError } from "./InformerError.ts"
import * as MergedInformer from "./MergedInformer.ts"
import type { Timing } from "./Reflector.ts"
import { Rejection } from "./Reflector.ts"
import type { SharedInformer } from "./SharedInformer.ts"
import * as Informer from "./SharedInformer.ts"
import * as Transform from "./Transform.ts"

/**
 * What an informer watches and keeps. Two requests share one informer when all of it is the same.
 *
 * @category models
 * @since 0.1.0
 */
export interface InformerOptions<A> extends Selection {
  /** One namespace or several, each with its own watch. All namespaces, with one watch, unless any or where `""` is given. */
  readonly namespaces?: string | ReadonlyArray<string> | undefined
  /** What is kept of each object, as `Transform.stripManagedFields`. Shared only by those who bring the same function. */
  readonly transform?: ((object: A) => A) | undefined
  /** The `limit` of lists. */
  readonly pageSize?: number | undefined
  /** Whether to stream the first list; as the feature `WatchListClient` says unless given. */
  readonly isWatchList?: boolean | undefined
  /** How long it waits for what. */
  readonly timing?: Timing | undefined
}

/**
 * @category models
 * @since 0.1.0
 */
export interface GetOptions<A, Names extends string> extends InformerOptions<A> {
  /**
   * How often the listeners of this holder are told of every object again, where they do not say it themselves. Never
   * unless given. It does not decide which informer is shared.
   */
  readonly resync?: Duration.Input | undefined
  /** Indexes by name, for this holder. They do not decide which informer is shared. */
  readonly indexers?: { readonly [K in Names]: IndexFunction<A> } | undefined
}

/**
 * Shared informers by what they watch.
 *
 * @category services
 * @since 0.1.0
 */
export class InformerFactory extends Context.Service<InformerFactory, {
  /** An informer of whole objects, held until the scope closes. It starts at once; `ready` or `awaitSynced` waits. */
  readonly get: <
    A extends KubeObject,
    S extends ResourceScope,
    Sub extends Subresources,
    const Names extends string = never
  >(
    resource: Resource<A, S, Sub>,
    options?: GetOptions<Persisted<A, S>, Names>
  ) => Effect.Effect<SharedInformer<Persisted<A, S>, Names>, never, Scope.Scope>
  /** An informer of metadata alone: about a fifth of the memory. */
  readonly metadata: <
    A extends KubeObject,
    S extends ResourceScope,
    Sub extends Subresources,
    const Names extends string = never
  >(
    resource: Resource<A, S, Sub>,
    options?: GetOptions<Persisted<PartialObjectMetadata, S>, Names>
  ) => Effect.Effect<SharedInformer<Persisted<PartialObjectMetadata, S>, Names>, never, Scope.Scope>
  /** An informer whose objects are decoded by a Schema, as those of a custom resource. */
  readonly decoded: <
    A extends KubeObject,
    S extends ResourceScope,
    Sub extends Subresources,
    B extends Cacheable,
    const Names extends string = never
  >(
    resource: Resource<A, S, Sub>,
    options: GetOptions<B, Names> & Decoded.Options<B>
  ) => Effect.Effect<SharedInformer<B, Names>, never, Scope.Scope>
  /** Waits for every informer that is held now, for as long as it is held. */
  readonly awaitSynced: Effect.Effect<void>
  /** As `awaitSynced`, and fails as soon as one of them cannot go on by itself. */
  readonly ready: Effect.Effect<void, InformerError>
}>()("effect-kubernetes/Informer/InformerFactory") {}

/**
 * What informers watch and keep where a request does not say.
 *
 * @category models
 * @since 0.1.0
 */
export interface Defaults extends Omit<GetOptions<never, never>, "transform" | "indexers"> {
  /** For any type of object, as `Transform.stripManagedFields` is. */
  readonly transform?: (<A extends Cacheable>(object: A) => A) | undefined
}

/**
 * @category models
 * @since 0.1.0
 */
export interface FactoryOptions {
  /**
   * What informers of a kind watch and keep where the request does not say: as to see Secrets in one namespace only,
   * or to strip managedFields everywhere.
   */
  readonly defaults?: ((resource: AnyResource) => Defaults) | undefined
  /** How long an informer outlives its last holder. Not at all unless given. */
  readonly idleTimeToLive?: Duration.Input | undefined
}

/** Equal by what is watched and kept, so that the first to ask decides how it is made. */
class Key implements Equal.Equal {
  readonly id: string
  readonly make: Effect.Effect<SharedInformer<Cacheable>, never, Scope.Scope>
  constructor(id: string, make: Effect.Effect<SharedInformer<Cacheable>, never, Scope.Scope>) {
    this.id = id
    this.make = make
  }
  [Equal.symbol](that: Equal.Equal): boolean {
    return that instanceof Key && that.id === this.id
  }
  [Hash.symbol](): number {
    return Hash.string(this.id)
  }
}

/**
 * A factory whose informers end, at the latest, with the scope.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  options?: FactoryOptions
): Effect.fn.Return<typeof InformerFactory.Service, never, ListWatchSource | Scope.Scope> {
  const source = yield* ListWatchSource
  const scope = yield* Effect.scope
  // Each with what opens when it ends.
  const held = new Map<SharedInformer<Cacheable>, Latch.Latch>()
  const identities = new WeakMap<object, number>()
  let identityCount = 0
  const informers = yield* RcMap.make({
    lookup: (key: Key) =>
      Effect.tap(key.make, (informer) =>
        Effect.acquireRelease(
          Effect.sync(() => {
            const ended = Latch.makeUnsafe(false)
            held.set(informer, ended)
            return ended
          }),
          (ended) => Effect.andThen(Effect.sync(() => held.delete(informer)), ended.open)
        ))
  })

  // RcMap has an idle time of its own, which is lost when the last holder leaves just as it ends for one before.
  const idleTimeToLive = options?.idleTimeToLive
  const outlived = (key: Key) =>
    idleTimeToLive === undefined ? Effect.void : Effect.addFinalizer(() =>
      Effect.gen(function*() {
        const own = yield* Scope.make()
        yield* Scope.provide(RcMap.get(informers, key), own)
        yield* Effect.sleep(idleTimeToLive).pipe(
          Effect.ensuring(Scope.close(own, Exit.void)),
          Effect.forkIn(scope)
        )
      }).pipe(
        // Where the factory has ended, so has all that it held.
        Effect.catchCause(() => Effect.void)
      )
    )

  const identity = (value: object | undefined): number => {
    if (value === undefined) return 0
    const known = identities.get(value)
    if (known !== undefined) return known
    identityCount++
    identities.set(value, identityCount)
    return identityCount
  }

  const share = <A extends Cacheable, const Names extends string>(
    form: string,
    resource: AnyResource,
    given: GetOptions<A, Names>,
    open: (collection: CollectionOptions) => Opened<A>
  ): Effect.Effect<SharedInformer<A, Names>, never, Scope.Scope> => {
    const { indexers, namespaces, resync, ...kept } = given
    const named = Arr.dedupe(typeof namespaces === "string" ? [namespaces] : namespaces ?? [])
    const chosen = resource.scope === "Cluster" || named.includes("") ? [] : named
    const part = (namespace: string | undefined) => {
      const { transform, timing } = kept
      const { fieldSelector, labelSelector, shardSelector } = kept
      const opened = open({ namespace, labelSelector, fieldSelector, shardSelector })
      const id = JSON.stringify([
        form,
        qualifiedName(resource),
        resource.version,
        namespace,
        labelSelector === undefined ? undefined : labelsOf(labelSelector),
        fieldSelector === undefined ? undefined : FieldSelector.text(fieldSelector),
        shardSelector,
        kept.pageSize,
        kept.isWatchList,
        identity(transform),
        durationsOf(timing),
        identity(opened.identity)
      ])
      const { prepare } = opened
      const makeOne = Informer.make<Cacheable, A>({
        ...timing,
        listWatch: opened.listWatch,
        pageSize: kept.pageSize,
        isWatchList: kept.isWatchList,
        incremental: opened.identity !== undefined ? undefined : incrementalOf(transform),
        prepare: transform === undefined ? prepare : (object) => {
          const prepared = prepare(object)
          return prepared instanceof Rejection ? prepared : transform(prepared)
        }
      })
      // Equal keys name the same kind, transform and Schema, so what one holder put in is of the type the next asks for.
      const key = new Key(id, makeOne as unknown as Effect.Effect<SharedInformer<Cacheable>, never, Scope.Scope>)
      return Effect.tap(
        RcMap.get(informers, key) as unknown as Effect.Effect<SharedInformer<A>, never, Scope.Scope>,
        () => outlived(key)
      )
    }
    const found = Arr.isReadonlyArrayNonEmpty(chosen)
      ? Effect.map(Effect.forEach(chosen, part), (parts) => parts.length === 1 ? parts[0] : MergedInformer.make(parts))
      : Effect.suspend(() => part(undefined))
    // Without indexers there are no names.
    const indexed = Effect.flatMap(
      found,
      (informer) => informer.addIndexers<Names>(indexers ?? ({} as Record<Names, never>))
    )
    return resync === undefined ? indexed : Effect.map(indexed, (informer) => withResync(informer, resync))
  }

  const withDefaults = <A extends Cacheable, Names extends string>(
    resource: AnyResource,
    given: GetOptions<A, Names> | undefined
  ): GetOptions<A, Names> => {
    const all: { [option: string]: unknown } = { ...options?.defaults?.(resource) }
    for (const [option, value] of Object.entries(given ?? {})) {
      // What is undefined is not said.
      if (value !== undefined) all[option] = value
    }
    return all
  }

  const ofAll = <E>(wait: (informer: SharedInformer<Cacheable>) => Effect.Effect<void, E>): Effect.Effect<void, E> =>
    Effect.suspend(() =>
      Effect.forEach(held, ([informer, ended]) => Effect.raceFirst(wait(informer), ended.await), {
        discard: true,
        concurrency: "unbounded"
      })
    )

  // What a `ListWatch<A>` delivers is of type A; only the common supertype is named between the two.
  const passed = <A extends Cacheable>(listWatch: ListWatch<A>): Opened<A> => ({
    listWatch,
    prepare: (object) => object as A,
    identity: undefined
  })

  return {
    get: (resource, given) => {
      const all = withDefaults(resource, given)
      return share(
        "objects",
        resource,
        all,
        (collection) => passed(source.objects(resource, collection))
      )
    },
    metadata: (resource, given) => {
      const all = withDefaults(resource, given)
      return share(
        "metadata",
        resource,
        all,
        (collection) => passed(source.metadata(resource, collection))
      )
    },
    decoded: (resource, given) => {
      const { onDecodeFailure, schema, ...rest } = given
      const all = withDefaults(resource, rest)
      return share(`decoded ${onDecodeFailure ?? "Skip"}`, resource, all, (collection) => {
        const listWatch = source.objects(resource, collection)
        return { listWatch, prepare: Decoded.prepare(given, listWatch.collection), identity: schema }
      })
    },
    awaitSynced: ofAll((informer) => informer.awaitSynced),
    ready: ofAll((informer) => informer.ready)
  }
})

const withResync = <A, Names extends string>(
  informer: SharedInformer<A, Names>,
  resync: Duration.Input
): SharedInformer<A, Names> => {
  const told = (given?: Informer.ListenOptions<A>) => ({ ...given, resync: given?.resync ?? resync })
  return {
    ...informer,
    listen: (given) => informer.listen(told(given)),
    handle: (handler, given) => informer.handle(handler, told(given)),
    changes: Stream.unwrap(Effect.map(informer.listen(told()), (listener) => listener.events)),
    addIndexers: (indexers) => Effect.map(informer.addIndexers(indexers), (more) => withResync(more, resync))
  }
}

// A transform of one's own may drop what the decoder would hold on to.
const incrementalOf = (transform: unknown): IncrementalDecoder.Options | undefined =>
  transform === undefined
    ? {}
    : transform === Transform.stripManagedFields
    ? { isManagedFieldsStripped: true }
    : undefined

// One text for one selector, however it was given; one that is none is what it is.
const labelsOf = (input: LabelSelector.Input): unknown =>
  LabelSelector.isSelector(input) && input.matchesNothing
    ? input
    : Result.getOrElse(LabelSelector.text(input), () => input)

const durationsOf = (timing: Timing | undefined): ReadonlyArray<readonly [name: string, milliseconds: string]> =>
  Object.entries(timing ?? {})
    .flatMap(([name, duration]) => duration === undefined ? [] : [[name, String(Duration.toMillis(duration))] as const])
    .sort()

interface Opened<A> {
  readonly listWatch: ListWatch<Cacheable>
  readonly prepare: (object: Cacheable) => A | Rejection
  readonly identity: object | undefined
}

/**
 * A factory for everything below the layer.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<InformerFactory, never, ListWatchSource> = Layer.effect(InformerFactory)(make())

/**
 * As `layer`, with defaults for what requests do not say.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerOptions = (options: FactoryOptions): Layer.Layer<InformerFactory, never, ListWatchSource> =>
  Layer.effect(InformerFactory)(make(options))
