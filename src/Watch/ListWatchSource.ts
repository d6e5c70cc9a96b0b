/**
 * `ListWatchSource`: from the descriptor of a kind to its `ListWatch`, whoever serves it.
 *
 * It is what lets `InformerFactory` make caches without knowing a client: a clientset provides it over HTTP, a test
 * over anything. A source only describes; nothing is sent before `list` or `watch` of what it returns runs.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type { ObjectMeta } from "../Machinery/ObjectMeta.ts"
import type { Selection } from "../Machinery/Options.ts"
import type { KubeObject, Persisted, Resource, Scope, Subresources } from "../Machinery/Resource.ts"
import type { ListWatch } from "./ListWatch.ts"

/**
 * Which objects of a kind a `ListWatch` is about.
 *
 * @category models
 * @since 0.1.0
 */
export interface CollectionOptions extends Selection {
  /** All namespaces unless given. Meaningless for a kind of cluster scope. */
  readonly namespace?: string | undefined
}

/**
 * What a metadata-only read returns: the kind is `PartialObjectMetadata` of `meta.k8s.io/v1`, the rest is left out.
 *
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/#metadata-only-fetches
 * @category models
 * @since 0.1.0
 */
export interface PartialObjectMetadata {
  readonly apiVersion?: "meta.k8s.io/v1"
  readonly kind?: "PartialObjectMetadata"
  readonly metadata?: ObjectMeta
}

/**
 * From the descriptor of a kind to its `ListWatch`.
 *
 * @category services
 * @since 0.1.0
 */
export class ListWatchSource extends Context.Service<ListWatchSource, {
  /** Whole objects. The selectors become part of the `ListWatch`. */
  readonly objects: <A extends KubeObject, S extends Scope, Sub extends Subresources>(
    resource: Resource<A, S, Sub>,
    options: CollectionOptions
  ) => ListWatch<Persisted<A, S>>
  /** Metadata alone: about a fifth of the memory and of the bytes. */
  readonly metadata: <A extends KubeObject, S extends Scope, Sub extends Subresources>(
    resource: Resource<A, S, Sub>,
    options: CollectionOptions
  ) => ListWatch<Persisted<PartialObjectMetadata, S>>
}>()("effect-kubernetes/Watch/ListWatchSource") {}
