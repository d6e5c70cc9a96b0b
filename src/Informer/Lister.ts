/**
 * `Lister`: reads a cache in the terms of an API: by name, by namespace, by labels.
 *
 * It stands on a `SharedInformer` and holds nothing. A read in one namespace costs what that namespace holds.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as LabelSelector from "../Machinery/LabelSelector.ts"
import * as ObjectKey from "../Machinery/ObjectKey.ts"
import type { ParseError } from "../Machinery/ParseError.ts"
import type { Cacheable } from "./Indexer.ts"
import type { SharedInformer } from "./SharedInformer.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** All objects unless given. Fails with ParseError where it is none. */
  readonly labelSelector?: LabelSelector.Input | undefined
}

/**
 * The objects of one namespace, or of a kind of cluster scope.
 *
 * @category models
 * @since 0.1.0
 */
export interface NamespaceLister<out A> {
  readonly get: (name: string) => Effect.Effect<Option.Option<A>>
  readonly list: (options?: Options) => Effect.Effect<ReadonlyArray<A>, ParseError>
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Lister<out A> extends NamespaceLister<A> {
  /** The empty namespace is all of them, as Kubernetes' clients say it. */
  readonly namespace: (namespace: string) => NamespaceLister<A>
}

/**
 * Reads what an informer holds.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <A extends Cacheable>(informer: SharedInformer<A>): Lister<A> => {
  const select = (
    objects: Effect.Effect<ReadonlyArray<A>>,
    options: Options | undefined
  ): Effect.Effect<ReadonlyArray<A>, ParseError> => {
    const input = options?.labelSelector
    if (input === undefined) return objects
    return Effect.flatMap(
      Effect.fromResult(LabelSelector.fromInput(input)),
      (selector) =>
        LabelSelector.isEverything(selector)
          ? objects
          : Effect.map(
            objects,
            (all) => all.filter((object) => LabelSelector.matches(selector, object.metadata.labels))
          )
    )
  }
  return {
    get: informer.get,
    list: (options) => select(informer.list, options),
    namespace: (namespace) => ({
      get: (name) => informer.get(ObjectKey.make(namespace, name)),
      list: (options) => select(namespace === "" ? informer.list : informer.byIndex("namespace", namespace), options)
    })
  }
}
