/**
 * `RestMapper`: from a kind or a name to the resource that serves it, by asking the cluster.
 *
 * It is the step between an object of any kind and `DynamicClient`, and it answers with a descriptor, which every
 * client and informer takes. It asks when it is first needed and again on a miss, so a CustomResourceDefinition that
 * was just established is found. The rules are `RestMapping`'s.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Semaphore from "effect/Semaphore"
import type { ApiError } from "../Machinery/ApiError.ts"
import type { GroupKind } from "../Machinery/GroupVersionKind.ts"
import type { GroupResource } from "../Machinery/GroupVersionResource.ts"
import type { RequestError } from "../Machinery/RequestError.ts"
import * as DiscoveryClient from "./DiscoveryClient.ts"
import type { DiscoveryError } from "./DiscoveryError.ts"
import type { DynamicResource } from "./DynamicResource.ts"
import * as RestMapping from "./RestMapping.ts"

/**
 * Why there is no answer: the name means nothing or too much, or discovery failed.
 *
 * @category models
 * @since 0.1.0
 */
export type Failure = DiscoveryError | ApiError | RequestError

/**
 * From a kind or a name to the resource that serves it. A miss costs a new discovery; concurrent misses share one.
 *
 * @category services
 * @since 0.1.0
 */
export class RestMapper extends Context.Service<RestMapper, {
  /** The resource that serves a kind: in the first of the versions that has it, or in the preferred one. */
  readonly mapping: (kind: GroupKind, versions?: ReadonlyArray<string>) => Effect.Effect<DynamicResource, Failure>
  /** All resources that serve a kind, one per version. */
  readonly mappings: (
    kind: GroupKind,
    versions?: ReadonlyArray<string>
  ) => Effect.Effect<ReadonlyArray<DynamicResource>, Failure>
  /** The resource that a plural, singular or short name means. */
  readonly resourceFor: (resource: RestMapping.PartialResource) => Effect.Effect<DynamicResource, Failure>
  /** All resources that it may mean, the preferred one first. */
  readonly resourcesFor: (
    resource: RestMapping.PartialResource
  ) => Effect.Effect<ReadonlyArray<DynamicResource>, Failure>
  /** What a user means who types `deploy`, `deployments.apps`, `Deployment.v1.apps`. */
  readonly find: (text: string) => Effect.Effect<DynamicResource, Failure>
  /** The resources of a category such as `all`; empty for an unknown one. */
  readonly category: (name: string) => Effect.Effect<ReadonlyArray<GroupResource>, Failure>
  /** Forgets what was discovered, here and in the discovery client. */
  readonly reset: Effect.Effect<void>
}>()("effect-kubernetes/Discovery/RestMapper") {}

/**
 * Makes a mapper over a discovery client. Nothing is asked before it is needed.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make: Effect.Effect<RestMapper["Service"], never, DiscoveryClient.DiscoveryClient> = Effect.gen(
  function*() {
    const discovery = yield* DiscoveryClient.DiscoveryClient
    const lock = yield* Semaphore.make(1)
    let known: RestMapping.RestMapping | undefined

    const load = Effect.suspend(() =>
      known !== undefined ? Effect.succeed(known) : Effect.tap(
        Effect.map(discovery.all, RestMapping.make),
        (mapping) =>
          Effect.sync(() => {
            known = mapping
          })
      )
    )
    const current = lock.withPermits(1)(load)

    // Whoever misses in what somebody else has replaced meanwhile looks there first.
    const refreshed = (missedIn: RestMapping.RestMapping) =>
      lock.withPermits(1)(Effect.suspend(() => {
        if (known !== undefined && known !== missedIn) return Effect.succeed(known)
        known = undefined
        return Effect.andThen(discovery.invalidate, load)
      }))

    const ask = <A>(
      question: (mapping: RestMapping.RestMapping) => Result.Result<A, DiscoveryError>
    ): Effect.Effect<A, Failure> =>
      Effect.suspend(() => {
        const before = known
        return Effect.flatMap(current, (mapping) => {
          const answer = question(mapping)
          if (Result.isSuccess(answer)) return Effect.succeed(answer.success)
          return Effect.flatMap(discovery.isFresh, (isFresh) =>
            // What was asked for this very question will not answer it better the next time.
            before !== mapping && isFresh
              ? Effect.fail(answer.failure)
              : Effect.flatMap(refreshed(mapping), (mapping) => Effect.fromResult(question(mapping))))
        })
      })

    const warnOf = (mapping: RestMapping.RestMapping, name: string, meant: DynamicResource) =>
      Effect.forEach(RestMapping.shadowed(mapping, name.toLowerCase(), meant), (other) =>
        Effect.logWarning(
          `short name ${
            JSON.stringify(name)
          } could also match the lower priority resource ${other.resource}.${other.group}`
        ), { discard: true })

    const withWarning = (name: string, answer: Effect.Effect<DynamicResource, Failure>) =>
      Effect.tap(
        answer,
        (meant) => Effect.suspend(() => known === undefined ? Effect.void : warnOf(known, name, meant))
      )

    return RestMapper.of({
      mapping: (kind, versions) => ask((mapping) => RestMapping.mapping(mapping, kind, versions)),
      mappings: (kind, versions) => ask((mapping) => RestMapping.mappings(mapping, kind, versions)),
      resourceFor: (partial) =>
        withWarning(partial.resource, ask((mapping) => RestMapping.resourceFor(mapping, partial))),
      resourcesFor: (partial) => ask((mapping) => RestMapping.resourcesFor(mapping, partial)),
      find: (text) => withWarning(text.split(".", 1)[0] ?? text, ask((mapping) => RestMapping.find(mapping, text))),
      category: (name) => ask((mapping) => Result.succeed(RestMapping.category(mapping, name))),
      reset: lock.withPermits(1)(Effect.suspend(() => {
        known = undefined
        return discovery.invalidate
      }))
    })
  }
)

/**
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<RestMapper, never, DiscoveryClient.DiscoveryClient> = Layer.effect(RestMapper, make)
