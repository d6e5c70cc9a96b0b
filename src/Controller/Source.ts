/**
 * Where the keys of a controller come from.
 *
 * A source turns what happens (a change in a cache, a webhook, a timer, another cluster) into keys of the kind that is
 * reconciled. `Controller.make` has the usual ones as options: the kind itself, what it `owns`, what it `watches`. The
 * sources of kinds stand on shared informers; `stream` is for everything else.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type * as Tracer from "effect/Tracer"
import type { InformerError } from "../Informer/InformerError.ts"
import type { InformerEvent } from "../Informer/InformerEvent.ts"
import { isResync } from "../Informer/InformerEvent.ts"
import * as InformerFactory from "../Informer/InformerFactory.ts"
import * as InformerMetrics from "../Informer/InformerMetrics.ts"
import type { SharedInformer } from "../Informer/SharedInformer.ts"
import * as LabelSelector from "../Machinery/LabelSelector.ts"
import * as ObjectKey from "../Machinery/ObjectKey.ts"
import type { Selection } from "../Machinery/Options.ts"
import * as OwnerReference from "../Machinery/OwnerReference.ts"
import type * as Resource from "../Machinery/Resource.ts"
import type { AnyResource, KubeObject, Persisted, Subresources } from "../Machinery/Resource.ts"
import type { PartialObjectMetadata } from "../Watch/ListWatchSource.ts"
import type { Write } from "../Watch/WriteObserver.ts"
import type { Predicate } from "./Predicate.ts"
import * as Rbac from "./Rbac.ts"
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
  /** The priority, where the source has one of its own. */
  readonly priority?: number | undefined
  /** The version of the object that was seen, so that the reconcile is linked to the one that wrote it. */
  readonly seen?: Write | undefined
  /** What the reconcile is linked to in traces. */
  readonly span?: Tracer.AnySpan | undefined
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
  /** Where it watches a kind. */
  readonly kind?: {
    readonly group: string
    readonly plural: string
    /**
     * Waits until the source has seen a write to an object of this kind; not for one that it will never see, as the object
     * stands in another namespace or has not the labels. False where the time was over before.
     */
    readonly awaitWrite: (write: Write, options: { readonly timeout: Duration.Input }) => Effect.Effect<boolean>
  }
  /** All work that a source would find now if it had just begun. None where it does not know. */
  readonly replay?: Effect.Effect<ReadonlyArray<Work>>
  /** Why the source is not true to the cluster at present, for readiness; empty where it is. */
  readonly problems?: Effect.Effect<ReadonlyArray<string>>
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
  /**
   * Begins to deliver; ends with the scope. The sources of a controller start side by side, and nothing is reconciled
   * before all have: one that has not within `cacheSyncTimeout` fails the controller by its name.
   */
  readonly start: (
    deliver: (work: ReadonlyArray<Work>) => Effect.Effect<void>
  ) => Effect.Effect<Started, never, R | Scope.Scope>
  /** What it must be allowed to read. Nothing unless given. */
  readonly rules?: ReadonlyArray<Rbac.Rule>
}

/**
 * Which objects of a kind are watched.
 *
 * @category models
 * @since 0.1.0
 */
export interface KindOptions<in A> extends Selection {
  /** One namespace or several; all unless given, and where none is named. */
  readonly namespaces?: string | ReadonlyArray<string> | undefined
  /** Which events count; all unless given. One that throws is logged, counted, and lets the event through. */
  readonly predicate?: Predicate<A> | undefined
  /** How often every object is told of again. Never unless given: a cache that is true needs none. */
  readonly resync?: Duration.Input | undefined
  /** The priority of its keys. 0 unless given, and `WorkQueue.lowPriority` for initial lists and resyncs. */
  readonly priority?: number | undefined
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
): Source<InformerFactory.InformerFactory> => fromInformer(resource, options, whole(resource), selfWork)

/**
 * As `self`, of metadata alone: for a reconciler that decides by labels, annotations or owners, or reads the object
 * itself. About a fifth of the memory. `Controller.make` takes it as `self`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const selfMetadata = <A extends KubeObject, S extends Resource.Scope, Sub extends Subresources>(
  resource: Resource.Resource<A, S, Sub>,
  options: KindOptions<Persisted<PartialObjectMetadata, S>> = {}
): Source<InformerFactory.InformerFactory> => fromInformer(resource, options, metadataOf(resource), selfWork)

/**
 * @category models
 * @since 0.1.0
 */
export interface OwnedOptions<in A> extends KindOptions<A> {
  /**
   * Which owners an event is work on: the one that controls the object, or every owner of the reconciled kind. The
   * controlling one unless given.
   */
  readonly owners?: "Controller" | "All" | undefined
}

/**
 * The objects that an object of the reconciled kind owns: each event is work on the owner. An object that changed hands
 * is work on both owners. The owner is found by group, kind and name; its uid plays no part, as the reconcile of an owner
 * that was made again under its old name is what notices the orphans of the first.
 *
 * @category constructors
 * @since 0.1.0
 */
export const owned = <A extends KubeObject, S extends Resource.Scope, Sub extends Subresources>(
  resource: Resource.Resource<A, S, Sub>,
  owner: AnyResource,
  options: OwnedOptions<Persisted<A, S>> = {}
): Source<InformerFactory.InformerFactory> =>
  fromInformer(resource, options, whole(resource), ownedWork(resource, owner, options.owners))

/**
 * As `owned`, of metadata alone, which is all that finding the owner needs. About a fifth of the memory; a reconciler that
 * reads these objects from the cache needs them whole.
 *
 * @category constructors
 * @since 0.1.0
 */
export const ownedMetadata = <A extends KubeObject, S extends Resource.Scope, Sub extends Subresources>(
  resource: Resource.Resource<A, S, Sub>,
  owner: AnyResource,
  options: OwnedOptions<Persisted<PartialObjectMetadata, S>> = {}
): Source<InformerFactory.InformerFactory> =>
  fromInformer(resource, options, metadataOf(resource), ownedWork(resource, owner, options.owners))

/**
 * @category models
 * @since 0.1.0
 */
export interface WatchOptions<in A> extends KindOptions<A> {
  /**
   * The keys of the reconciled kind that an object concerns: `namespace/name`, or `name`. Of an update, both states are
   * asked. Where it throws, that is logged and counted, and the event leads to no key.
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
  fromInformer(resource, options, whole(resource), watchedWork(resource, options.toKeys))

/**
 * As `kind`, of metadata alone. About a fifth of the memory and of the bytes.
 *
 * @category constructors
 * @since 0.1.0
 */
export const kindMetadata = <A extends KubeObject, S extends Resource.Scope, Sub extends Subresources>(
  resource: Resource.Resource<A, S, Sub>,
  options: WatchOptions<Persisted<PartialObjectMetadata, S>>
): Source<InformerFactory.InformerFactory> =>
  fromInformer(resource, options, metadataOf(resource), watchedWork(resource, options.toKeys))

/**
 * A key that a stream found work for, with what led to it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Trigger {
  readonly key: string
  /** What the reconcile is linked to in traces, as the span of the webhook's request. */
  readonly span?: Tracer.AnySpan | undefined
  /** The priority. 0 unless given. */
  readonly priority?: number | undefined
}

/**
 * Any stream of keys. A failure of it is logged and ends this source alone; whoever makes the stream retries it. Of
 * several replicas that divide the keys, each runs its own stream and takes its own keys.
 *
 * @category constructors
 * @since 0.1.0
 */
export const stream = <E, R>(name: string, keys: Stream.Stream<string | Trigger, E, R>): Source<R> => {
  const reason: Reason = { _tag: "Source", name }
  return {
    name,
    start: (deliver) =>
      Effect.as(
        Effect.forkScoped(
          Stream.runForEachArray(keys, (array) =>
            deliver(array.map((trigger) => ({
              ...(typeof trigger === "string" ? { key: trigger } : trigger),
              reason,
              isBackground: false
            })))).pipe(
              Effect.catchCause((cause) => Effect.logError("a source of keys failed", cause)),
              Effect.annotateLogs({ source: name })
            )
        ),
        { ready: Effect.void, awaitSynced: Effect.void }
      )
  }
}

/**
 * A source of another cluster: `context` holds that cluster's services, as `Layer.build(NodeKubernetes.layerKubeconfig({
 * context }))` makes them. The reconciler's writes are waited for in the caches of its own cluster alone, and the rules
 * of this source belong into the other one: they are left out of the controller's.
 *
 * ```ts
 * const east = yield* Layer.build(NodeKubernetes.layerKubeconfig({ context: "east" }))
 * const source = Source.inCluster("east", Source.kind(ConfigMap, { toKeys }), east)
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const inCluster = <R, C>(cluster: string, source: Source<R>, context: Context.Context<C>): Source<
  Exclude<R, C>
> => ({
  name: `${source.name} of ${cluster}`,
  start: (deliver) =>
    Effect.map(
      Effect.provideContext(source.start(deliver), context) as Effect.Effect<
        Started,
        never,
        Exclude<R, C> | Scope.Scope
      >,
      // Versions of two clusters cannot be compared.
      ({ awaitSynced, problems, ready, replay }) => ({
        ready,
        awaitSynced,
        ...(replay === undefined ? {} : { replay }),
        ...(problems === undefined ? {} : { problems })
      })
    )
})

/** How long a cache may be behind before it counts as a problem: what is mended by then was no news. */
const tolerance = 60_000

type Open<A> = (
  informers: InformerFactory.InformerFactory["Service"],
  selection: Pick<KindOptions<A>, "namespaces" | "labelSelector" | "fieldSelector">
) => Effect.Effect<SharedInformer<A>, never, Scope.Scope>

const whole = <A extends KubeObject, S extends Resource.Scope, Sub extends Subresources>(
  resource: Resource.Resource<A, S, Sub>
): Open<Persisted<A, S>> =>
(informers, selection) => informers.get(resource, selection)

const metadataOf = <A extends KubeObject, S extends Resource.Scope, Sub extends Subresources>(
  resource: Resource.Resource<A, S, Sub>
): Open<Persisted<PartialObjectMetadata, S>> =>
(informers, selection) => informers.metadata(resource, selection)

/** Calls `add` for each key that an event is work on. */
type Find<A> = (event: InformerEvent<A>, add: (key: string, reason: Reason) => void) => void

// One for all, as ten thousand objects may be seen for the first time at once.
const changed: { readonly [C in Change]: Reason } = {
  Initial: { _tag: "Changed", change: "Initial" },
  Added: { _tag: "Changed", change: "Added" },
  Updated: { _tag: "Changed", change: "Updated" },
  Deleted: { _tag: "Changed", change: "Deleted" },
  Resynced: { _tag: "Changed", change: "Resynced" }
}

const selfWork: Find<KubeObject> = (event, add) => add(event.key, changed[changeOf(event)])

const ownedWork = (
  resource: AnyResource,
  owner: AnyResource,
  owners: OwnedOptions<never>["owners"]
): Find<KubeObject> => {
  const ownerKeys = (object: KubeObject): ReadonlyArray<string> => {
    const { metadata } = object
    // To the garbage collector, too, such an owner is not there.
    if (owner.scope === "Namespaced" && metadata?.namespace === undefined) return []
    const references = owners === "All"
      ? metadata?.ownerReferences ?? []
      : Option.toArray(OwnerReference.controllerOf(object))
    return references.flatMap((reference) => {
      // The version may differ from the descriptor's: a group serves a kind under several.
      if (reference.kind !== owner.kind || groupOf(reference.apiVersion) !== owner.group) return []
      return [ObjectKey.make(owner.scope === "Namespaced" ? metadata?.namespace : undefined, reference.name)]
    })
  }
  return (event, add) => {
    const reason: Reason = { _tag: "Owned", change: changeOf(event), kind: resource.kind, key: event.key }
    const keys = new Set(ownerKeys(event.object))
    if (event._tag === "Updated") { for (const key of ownerKeys(event.old)) keys.add(key) }
    for (const key of keys) add(key, reason)
  }
}

const watchedWork = <A>(resource: AnyResource, toKeys: (object: A) => Iterable<string>): Find<A> => (event, add) => {
  const keys = new Set(toKeys(event.object))
  if (event._tag === "Updated") { for (const key of toKeys(event.old)) keys.add(key) }
  const reason: Reason = { _tag: "Watched", change: changeOf(event), kind: resource.kind, key: event.key }
  for (const key of keys) add(key, reason)
}

const fromInformer = <A extends KubeObject & { readonly metadata: { readonly resourceVersion: string } }>(
  resource: AnyResource,
  { fieldSelector, labelSelector, namespaces, predicate, priority, resync }: KindOptions<A>,
  open: Open<A>,
  find: Find<A>
): Source<InformerFactory.InformerFactory> => {
  const { group, plural } = resource
  const { isWanted, report, run } = guard(resource, predicate)
  const toWork = (events: Iterable<InformerEvent<A>>): ReadonlyArray<Work> => {
    const found: Array<Work> = []
    // One function for the ten thousand events of a first list, and not one for each.
    let isBackground = false
    let seen: Write | undefined
    const add = (key: string, reason: Reason): void => {
      found.push({ key, reason, isBackground, priority, seen })
    }
    const findAll = (event: InformerEvent<A>): void => {
      isBackground = isInBackground(event)
      seen = { group, plural, key: event.key, resourceVersion: event.object.metadata.resourceVersion }
      find(event, add)
    }
    for (const event of events) {
      if (isWanted(event)) run(event, findAll)
    }
    return found
  }
  // Of no namespace an informer watches all.
  const chosen = typeof namespaces === "string" ? [namespaces] : namespaces ?? []
  const isEverywhere = resource.scope === "Cluster" || chosen.length === 0 || chosen.includes("")
  const isWatched = (key: string): boolean =>
    isEverywhere || chosen.some((namespace) => key.startsWith(`${namespace}/`))
  const selector = labelSelector === undefined
    ? undefined
    : Result.getOrUndefined(LabelSelector.fromInput(labelSelector))
  const isSelected = (labels: Write["labels"]): boolean =>
    selector === undefined || labels === undefined || LabelSelector.matches(selector, labels)
  return {
    name: `${resource.kind}${namespaces === undefined ? "" : ` in ${String(namespaces)}`}`,
    rules: Rbac.fromGrant({ resource, verbs: Rbac.watch, namespaces: isEverywhere ? undefined : chosen }),
    start: Effect.fnUntraced(function*(deliver) {
      const informers = yield* InformerFactory.InformerFactory
      const informer = yield* open(informers, { namespaces, labelSelector, fieldSelector })
      const listener = yield* informer.listen({ resync })
      yield* Effect.forkScoped(
        Stream.runForEachArray(listener.events, (events) => Effect.andThen(deliver(toWork(events)), report))
      )
      return {
        ready: informer.ready,
        // The listener's own, so that the keys of the first list stand in the queue before the first is taken.
        awaitSynced: listener.awaitSynced,
        kind: {
          group,
          plural,
          awaitWrite: ({ key, labels, resourceVersion }, options) => {
            if (!isWatched(key)) return Effect.succeed(true)
            const awaited = informer.awaitVersion(key, resourceVersion, options)
            // What is cached is seen to leave, if it has lost the labels.
            return isSelected(labels)
              ? awaited
              : Effect.flatMap(informer.get(key), (cached) => Option.isSome(cached) ? awaited : Effect.succeed(true))
          }
        },
        replay: Effect.map(
          informer.list,
          (objects) =>
            toWork(objects.map((object) => ({
              _tag: "Added",
              key: ObjectKey.fromObject(object),
              object,
              isInInitialList: true
            })))
        ),
        problems: problemsOf(informer)
      }
    })
  }
}

/**
 * Predicates and mappings are the user's code. One that throws must not end the source, which nobody would notice: it is
 * told and counted, as an informer does with its handlers.
 */
const guard = <A extends KubeObject>(
  { group, plural, version }: AnyResource,
  predicate: Predicate<A> | undefined
) => {
  const failures = Metric.withAttributes(InformerMetrics.handlerFailures, {
    name: plural,
    group,
    version,
    resource: plural
  })
  let faults: Array<readonly [key: string, defect: unknown]> = []
  const run = <B>(event: InformerEvent<A>, f: (event: InformerEvent<A>) => B): B | undefined => {
    try {
      return f(event)
    } catch (defect) {
      faults.push([event.key, defect])
      return undefined
    }
  }
  const tell = ([key, defect]: typeof faults[number]) =>
    Effect.logError("a source could not tell which keys an event is about", Cause.die(defect)).pipe(
      Effect.annotateLogs({ source: plural, key }),
      Effect.andThen(Metric.update(failures, 1))
    )
  return {
    run,
    // What is dropped is dropped for good: an event that the predicate could not decide is of interest.
    isWanted: predicate === undefined
      ? () => true
      : (event: InformerEvent<A>) => run(event, predicate) !== false,
    report: Effect.suspend(() => {
      if (faults.length === 0) return Effect.void
      const told = faults
      faults = []
      return Effect.forEach(told, tell, { discard: true })
    })
  }
}

const problemsOf = <A>({ reflectors }: SharedInformer<A>): Effect.Effect<ReadonlyArray<string>> =>
  Effect.gen(function*() {
    const now = yield* Clock.currentTimeMillis
    const states = yield* Effect.forEach(reflectors, ({ state }) => state)
    return states.flatMap((state) => {
      switch (state._tag) {
        case "Live":
          return []
        case "Syncing":
          return [state.lastError?.message ?? "the first list is not complete"]
        case "Stale":
          return state.lastError.isFatal || now - state.since > tolerance
            ? [`behind for ${Math.round((now - state.since) / 1000)} s: ${state.lastError.message}`]
            : []
      }
    })
  })

const changeOf = (event: InformerEvent<unknown>): Change => {
  if (isResync(event)) return "Resynced"
  return event._tag === "Added" && event.isInInitialList ? "Initial" : event._tag
}

const isInBackground = (event: InformerEvent<unknown>): boolean =>
  isResync(event) || (event._tag === "Added" && event.isInInitialList)

/** None of what is no group and version, as the server would say. */
const groupOf = (apiVersion: string): string | undefined => {
  const slash = apiVersion.indexOf("/")
  if (slash < 0) return ""
  return apiVersion.includes("/", slash + 1) ? undefined : apiVersion.slice(0, slash)
}
