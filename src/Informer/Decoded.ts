/**
 * `Decoded`: objects that pass through a Schema before they are cached.
 *
 * For kinds whose types come from a user and not from the server's own description. Built-in kinds are trusted and need
 * none. It makes the `prepare` step of an informer.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import { qualifiedName } from "../Machinery/Resource.ts"
import type { Collection } from "../Watch/ListWatch.ts"
import * as WatchError from "../Watch/WatchError.ts"
import type { Cacheable } from "./Indexer.ts"
import { keyOf } from "./Indexer.ts"
import * as InformerError from "./InformerError.ts"
import { Rejection } from "./Reflector.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface Options<out B> {
  /**
   * The type's Schema. Decoding must need no service and may not wait. Members that a `Struct` does not list are not in
   * what it decodes: whoever writes a decoded object back sends a patch or an apply, or lists them with
   * `Schema.StructWithRest`, as an update would remove them.
   */
  readonly schema: Schema.Codec<B, unknown>
  /**
   * What an object that does not decode does. `Skip`: it is left out of the cache, with what was cached before under its
   * key; that is logged, counted and told by `rejections`. `Fail`: the informer stops there, says so in its state, and
   * lists again until it decodes. `Skip` unless given.
   */
  readonly onDecodeFailure?: "Skip" | "Fail" | undefined
}

/**
 * The step that decodes.
 *
 * @category constructors
 * @since 0.1.0
 */
export const prepare = <B extends Cacheable>(
  options: Options<B>,
  collection: Collection
): (object: Cacheable) => B | Rejection => {
  const decode = Schema.decodeUnknownExit(options.schema)
  return (object) => {
    const exit = decode(object)
    if (Exit.isSuccess(exit)) return exit.value
    const key = keyOf(object)
    const error = Cause.squash(exit.cause)
    const description = error instanceof Error ? error.message : String(error)
    return new Rejection(
      key,
      description,
      options.onDecodeFailure === "Fail" ? failure(key, description, collection) : undefined
    )
  }
}

const failure = (key: string, description: string, collection: Collection): InformerError.InformerError =>
  InformerError.fromFailure(
    new WatchError.WatchError({
      reason: new WatchError.Decode({
        resource: qualifiedName(collection),
        ...(collection.namespace === undefined ? {} : { namespace: collection.namespace }),
        key,
        description
      })
    }),
    "watch",
    collection
  )
