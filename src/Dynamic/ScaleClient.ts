/**
 * `ScaleClient`: the replicas of anything that can be scaled, built-in or custom.
 *
 * A kind that serves the subresource `scale` can be read and set without knowing anything else of it, which is what an
 * autoscaler needs. Which kinds do, `RestMapper` knows; for a kind known at compile time
 * `ResourceClient.subresource("scale")` is the same.
 *
 * @see https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#scale-subresource
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Scale } from "../Api/autoscaling/v1.ts"
import * as ResourceClient from "../Clientset/ResourceClient.ts"
import { DiscoveryError, NotScalable } from "../Discovery/DiscoveryError.ts"
import type { DynamicResource } from "../Discovery/DynamicResource.ts"
import * as RestMapper from "../Discovery/RestMapper.ts"
import type { PartialResource } from "../Discovery/RestMapping.ts"
import * as GroupVersionResource from "../Machinery/GroupVersionResource.ts"
import type { GetOptions, PatchOptions, UpdateOptions } from "../Machinery/Options.ts"
import type * as Patch from "../Machinery/Patch.ts"
import * as Resource from "../Machinery/Resource.ts"
import type { KubeObject } from "../Machinery/Resource.ts"
import * as RestClient from "../Rest/RestClient.ts"
import * as RestListWatch from "../Rest/RestListWatch.ts"

/**
 * Whose replicas.
 *
 * @category models
 * @since 0.1.0
 */
export interface ScaleRef extends PartialResource {
  readonly namespace?: string | undefined
  readonly name: string
}

/**
 * The replicas of anything that can be scaled. Fails with NotScalable where the kind serves no `scale`.
 *
 * @category services
 * @since 0.1.0
 */
export class ScaleClient extends Context.Service<ScaleClient, {
  /** Reads how many replicas are wanted and how many there are. */
  readonly get: (ref: ScaleRef, options?: GetOptions) => Effect.Effect<Scale, RestMapper.Failure>
  /** Sets how many are wanted. With a `metadata.resourceVersion` that is not the newest it fails with Conflict. */
  readonly update: (ref: ScaleRef, scale: Scale, options?: UpdateOptions) => Effect.Effect<Scale, RestMapper.Failure>
  /** Changes parts of it: `Patch.merge<Scale>({ spec: { replicas: 3 } })`. */
  readonly patch: (
    ref: ScaleRef,
    patch: Patch.Patch<Scale>,
    options?: PatchOptions
  ) => Effect.Effect<Scale, RestMapper.Failure>
}>()("effect-kubernetes/Dynamic/ScaleClient") {}

const scalable = (resource: DynamicResource) =>
  Resource.make<KubeObject, { readonly scale: Scale }>()({
    group: resource.group,
    version: resource.version,
    kind: resource.kind,
    plural: resource.plural,
    scope: resource.scope,
    subresources: {
      scale: { group: "autoscaling", version: "v1", kind: "Scale", verbs: ["get", "patch", "update"] }
    }
  })

/**
 * Makes the client over a `RestClient` and a `RestMapper`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make: Effect.Effect<
  ScaleClient["Service"],
  never,
  RestClient.RestClient | RestMapper.RestMapper
> = Effect.gen(function*() {
  const rest = yield* RestClient.RestClient
  const mapper = yield* RestMapper.RestMapper

  const scaleOf = (ref: ScaleRef) =>
    Effect.flatMap(mapper.resourceFor(ref), (resource) => {
      if (resource.subresources["scale"] === undefined) {
        const what = GroupVersionResource.describe(GroupVersionResource.fromResource(resource))
        return Effect.fail(new DiscoveryError({ reason: new NotScalable({ resource: what }) }))
      }
      const its = scalable(resource)
      const client = ResourceClient.fromRepresentation(rest, its, RestListWatch.objects(its), ref.namespace)
      return Effect.succeed(client.subresource("scale"))
    })

  return ScaleClient.of({
    get: (ref, options) => Effect.flatMap(scaleOf(ref), (scale) => scale.get(ref.name, options)),
    update: (ref, body, options) => Effect.flatMap(scaleOf(ref), (scale) => scale.update(ref.name, body, options)),
    patch: (ref, patch, options) => Effect.flatMap(scaleOf(ref), (scale) => scale.patch(ref.name, patch, options))
  })
})

/**
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<ScaleClient, never, RestClient.RestClient | RestMapper.RestMapper> = Layer.effect(
  ScaleClient,
  make
)
