/**
 * Where the keys of a controller come from.
 *
 * A source turns what happens (a change in a cache, a webhook, a timer, another cluster) into keys of the kind that is
 * reconciled. `Controller.make` has the usual ones as options: the kind itself, what it `owns`, what it `watches`. The
 * sources of kinds stand on shared informers; `stream` is for everything else.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { InformerError } from "../Informer/InformerError.ts"
import type { InformerEvent } from "../Informer/InformerEvent.ts"
import { isResync } from "../Informer/InformerEvent.ts"
import * as InformerFactory from "../Informer/InformerFactory.ts"
import * as ObjectKey from "../Machinery/ObjectKey.ts"
import type { Selection } from "../Machinery/Options.ts"
import * as Resource from "../Machinery/Resource.ts"
import type { AnyResource, KubeObject, Persisted, Subresources } from "../Machinery/Resource.ts"
import type { Predicate } from "./Predicate.ts"
import type { Change, Reason } from "./Reconciler.ts"

/**
 * One key that a source found work for.
 *
 * @category models
 * @since 0.1.0
 */
export interface Work {
  /** `namespace/name`, or `name` for a kind of cluster scope. */
  readonly key: string
  readonly reason: Reason
  /** Of low priority: part of an initial list, or a repetition. */
  readonly isBackground: boolean
}

/**
 * A source that runs.
 *
 * @category models
 * @since 0.1.0
 */
export interface Started {
  /** Waits until what the source already knows is delivered; fails when that needs more than waiting. */
  readonly ready: Effect.Effect<void, InformerError>
  /** As `ready`, without an end to the waiting. */
  readonly awaitSynced: Effect.Effect<void>
  /** Waits until the source has seen a version of an object of this kind, where it watches one. */
  readonly kind?: {
    readonly group: string
    readonly plural: string
    readonly awaitVersion: (
      key: string,
      resourceVersion: string,
      options: { readonly timeout: Duration.Input }
    ) => Effect.Effect<boolean>
  }
}

/**
 * Where keys come from.
 *
 * @category models
 * @since 0.1.0
 */
export interface Source<out R = never> {
  /** For logs. */
  readonly name: string
  /** Begins to deliver; ends with the scope. */
  readonly start: (
    deliver: (work: ReadonlyArray<Work>) => Effect.Effect<void>
  ) => Effect.Effect<Started, never, R | Scope.Scope>
}

/**
 * Which objects of a kind are watched.
 *
 * @category models
 * @since 0.1.0
 */
export interface KindOptions<in A> extends Selection {
  /** One namespace or several; all unless given. */
  readonly namespaces?: string | ReadonlyArray<string> | undefined
  /** Which events count; all unless given. */
  readonly predicate?: Predicate<A> | undefined
}

/**
 * The objects of the reconciled kind itself: each event is work on its own key.
 *
 * @category constructors
 * @since 0.1.0
 */
export const self = <A extends KubeObject, S extends Resource.Scope, Sub extends Subresources>(
  resource: Resource.Resource<A, S, Sub>,
  options: KindOptions<Persisted<A, S>> = {}
): Source<InformerFactory.InformerFactory> =>
  fromInformer(resource, options, (event) => [{
    key: event.key,
    reason: { _tag: "Changed", change: changeOf(event) },
    isBackground: isBackground(event)
  }])

/**
 * The objects that an object of the reconciled kind controls: each event is work on the owner, by the owner reference
 * with `controller: true`. An object that changed hands is work on both owners.
 *
 * @category constructors
 * @since 0.1.0
 */
export const owned = <A extends KubeObject, S extends Resource.Scope, Sub extends Subresources>(
  resource: Resource.Resource<A, S, Sub>,
  owner: AnyResource,
  options: KindOptions<Persisted<A, S>> = {}
): Source<InformerFactory.InformerFactory> => {
  const ownerKey = (object: KubeObject): string | undefined => {
    for (const reference of object.metadata?.ownerReferences ?? []) {
      if (reference.controller !== true || reference.kind !== owner.kind) continue
      // The version may differ from the descriptor's: a group serves a kind under several.
      if (groupOf(reference.apiVersion) !== owner.group) continue
      return ObjectKey.make(owner.scope === "Namespaced" ? object.metadata?.namespace : undefined, reference.name)
    }
    return undefined
  }
  return fromInformer(resource, options, (event) => {
    const now = ownerKey(event.object)
    const before = event._tag === "Updated" ? ownerKey(event.old) : undefined
    const reason: Reason = { _tag: "Owned", change: changeOf(event), kind: resource.kind, key: event.key }
    return [...new Set([now, before])].flatMap((key) =>
      key === undefined ? [] : [{ key, reason, isBackground: isBackground(event) }]
    )
  })
}

/**
 * @category models
 * @since 0.1.0
 */
export interface WatchOptions<in A> extends KindOptions<A> {
  /**
   * The keys of the reconciled kind that an object concerns: `namespace/name`, or `name`. Of an update, both states are
   * asked.
   */
  readonly toKeys: (object: A) => Iterable<string>
}

/**
 * The objects of any kind: each event is work on the keys that `toKeys` names.
 *
 * @category constructors
 * @since 0.1.0
 */
export const kind = <A extends KubeObject, S extends Resource.Scope, Sub extends Subresources>(
  resource: Resource.Resource<A, S, Sub>,
  options: WatchOptions<Persisted<A, S>>
): Source<InformerFactory.InformerFactory> =>
  fromInformer(resource, options, (event) => {
    const keys = new Set(options.toKeys(event.object))
    if (event._tag === "Updated") { for (const key of options.toKeys(event.old)) keys.add(key) }
    const reason: Reason = { _tag: "Watched", change: changeOf(event), kind: resource.kind, key: event.key }
    return Array.from(keys, (key) => ({ key, reason, isBackground: isBackground(event) }))
  })

/**
 * Any stream of keys. A failure of it is logged and ends this source alone; whoever makes the stream retries it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const stream = <E, R>(name: string, keys: Stream.Stream<string, E, R>): Source<R> => ({
  name,
  start: (deliver) =>
    Effect.as(
      Effect.forkScoped(
        Stream.runForEachArray(keys, (array) =>
          deliver(array.map((key) => ({ key, reason: { _tag: "Source", name }, isBackground: false })))).pipe(
            Effect.catchCause((cause) =>
              Effect.logError("a source of keys failed", cause)
            ),
            Effect.annotateLogs({ source: name })
          )
      ),
      { ready: Effect.void, awaitSynced: Effect.void }
    )
})

const fromInformer = <A extends KubeObject, S extends Resource.Scope, Sub extends Subresources>(
  resource: Resource.Resource<A, S, Sub>,
  { fieldSelector, labelSelector, namespaces, predicate }: KindOptions<Persisted<A, S>>,
  toWork: (event: InformerEvent<Persisted<A, S>>) => ReadonlyArray<Work>
): Source<InformerFactory.InformerFactory> => ({
  name: `${resource.kind}${namespaces === undefined ? "" : ` in ${String(namespaces)}`}`,
  start: Effect.fnUntraced(function*(deliver) {
    const informers = yield* InformerFactory.InformerFactory
    const informer = yield* informers.get(resource, { namespaces, labelSelector, fieldSelector })
    const listener = yield* informer.listen()
    yield* Effect.forkScoped(
      Stream.runForEachArray(
        listener.events,
        (events) => deliver(events.flatMap((event) => predicate?.(event) === false ? [] : toWork(event)))
      )
    )
    return {
      ready: informer.ready,
      // The listener's own, so that the keys of the first list stand in the queue before the first is taken.
      awaitSynced: listener.awaitSynced,
      kind: { group: resource.group, plural: resource.plural, awaitVersion: informer.awaitVersion }
    }
  })
})

const changeOf = (event: InformerEvent<unknown>): Change => {
  if (isResync(event)) return "Resynced"
  return event._tag === "Added" && event.isInInitialList ? "Initial" : event._tag
}

const isBackground = (event: InformerEvent<unknown>): boolean =>
  isResync(event) || (event._tag === "Added" && event.isInInitialList)

const groupOf = (apiVersion: string): string => {
  const slash = apiVersion.indexOf("/")
  return slash < 0 ? "" : apiVersion.slice(0, slash)
}
