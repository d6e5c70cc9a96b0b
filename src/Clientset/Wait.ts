/**
 * `Wait`: until one object is as it should be, or gone.
 *
 * It reads the object once and then watches it, across lost connections and expired versions, so it asks the server no
 * more often than it must. What is waited for is a `WaitCondition`. Who waits for many objects takes an informer.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { ApiError } from "../Machinery/ApiError.ts"
import type { DeleteOptions, Selection } from "../Machinery/Options.ts"
import { InvalidUrl, RequestError } from "../Machinery/RequestError.ts"
import * as Resource from "../Machinery/Resource.ts"
import type { KubeObject, Scope } from "../Machinery/Resource.ts"
import * as Status from "../Machinery/Status.ts"
import type { Failure, ListWatch } from "../Watch/ListWatch.ts"
import * as Until from "../Watch/Until.ts"
import * as WaitCondition from "./WaitCondition.ts"

/**
 * What `Wait` needs of a client; every `ResourceClient` has it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Client<out A> {
  readonly resource: { readonly group: string; readonly plural: string; readonly scope: Scope }
  readonly namespace: string | undefined
  readonly listWatch: (selection?: Selection) => ListWatch<A>
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** How long at most; for ever unless given. */
  readonly timeout?: Duration.Input | undefined
}

/**
 * The condition was not met in time.
 *
 * @category errors
 * @since 0.1.0
 */
export class WaitTimeout extends Schema.TaggedError<WaitTimeout>("effect-kubernetes/WaitTimeout")("WaitTimeout", {
  resource: Schema.String,
  namespace: Schema.optionalKey(Schema.String),
  objectName: Schema.String,
  /** What was waited for, in words. */
  condition: Schema.String,
  /** How long, in words. */
  duration: Schema.String,
  /** Whether the object was there at last. */
  isPresent: Schema.Boolean
}) {
  override get message(): string {
    const name = this.namespace === undefined ? this.objectName : `${this.namespace}/${this.objectName}`
    const last = this.isPresent ? "" : " (there is no such object)"
    return `${this.resource} ${name}: waited ${this.duration} for ${this.condition}${last}`
  }
}

type Persisted = KubeObject & { readonly metadata: { readonly name: string; readonly resourceVersion: string } }

/**
 * Waits until a condition holds of an object or of its absence, and returns the object where there is one. Fails with
 * `WaitTimeout`, and as a list or a watch that may not be made.
 *
 * @category combinators
 * @since 0.1.0
 */
export const untilState = <A extends Persisted>(
  client: Client<A>,
  name: string,
  condition: WaitCondition.WaitCondition<A>,
  options: Options = {}
): Effect.Effect<Option.Option<A>, Failure | WaitTimeout> =>
  Effect.suspend(() => {
    let last: A | undefined
    const { namespace, resource } = client
    if (resource.scope === "Namespaced" && namespace === undefined) return Effect.fail(placeless(resource, name))
    const listWatch = client.listWatch({ fieldSelector: { "metadata.name": name } })

    const isMet = (object: A | undefined): boolean => {
      last = object
      return condition.isMet(object)
    }

    const wait: Effect.Effect<Option.Option<A>, Failure> = Effect.flatMap(listWatch.list({}), (list) => {
      if (isMet(list.items[0])) return Effect.succeed(Option.fromUndefinedOr(last))
      return Until.changes(
        listWatch,
        { resourceVersion: list.metadata.resourceVersion ?? "" },
        Until.when(({ object, type }) => isMet(type === "DELETED" ? undefined : object))
      ).pipe(
        Effect.map(() => Option.fromUndefinedOr(last)),
        // The history is gone, but not what the object is now.
        Effect.catchReason("WatchError", "Expired", () => wait),
        Effect.catchTag("WatchClosed", () => wait)
      )
    })

    const { timeout } = options
    return timeout === undefined ? wait : Effect.timeoutOrElse(wait, {
      duration: timeout,
      orElse: () =>
        Effect.fail(
          new WaitTimeout({
            resource: Resource.qualifiedName(resource),
            ...(namespace === undefined ? {} : { namespace }),
            objectName: name,
            condition: condition.description,
            duration: Duration.format(Duration.fromInputUnsafe(timeout)),
            isPresent: last !== undefined
          })
        )
    })
  })

const placeless = (resource: Client<unknown>["resource"], name: string) =>
  new RequestError({
    reason: new InvalidUrl({
      verb: "watch",
      url: `${Resource.qualifiedName(resource)}/${name}`,
      description: "an empty namespace may not be set when a resource name is provided"
    })
  })

/**
 * Waits until an object is there and a condition holds of it.
 *
 * ```ts
 * const web = yield* Wait.until(deployments, "web", WaitCondition.available, { timeout: "1 minute" })
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const until = <A extends Persisted>(
  client: Client<A>,
  name: string,
  condition: WaitCondition.WaitCondition<A>,
  options?: Options
): Effect.Effect<A, Failure | WaitTimeout> =>
  Effect.flatMap(
    untilState(
      client,
      name,
      WaitCondition.make(condition.description, (object) => object !== undefined && condition.isMet(object)),
      options
    ),
    // The condition above holds of objects alone.
    Option.match({ onNone: () => Effect.never, onSome: Effect.succeed })
  )

/**
 * Deletes an object and waits until it is gone: finalizers have run and the grace period is over. One that was not
 * there fails with NotFound; one that is made anew in the meantime does not count.
 *
 * @category combinators
 * @since 0.1.0
 */
export const deletion = <A extends Persisted>(
  client: Client<A> & {
    readonly delete: (
      name: string,
      options?: DeleteOptions
    ) => Effect.Effect<A | Status.Status, ApiError | RequestError>
  },
  name: string,
  options: DeleteOptions & Options = {}
): Effect.Effect<void, Failure | WaitTimeout> => {
  const { timeout, ...deleteOptions } = options
  return Effect.flatMap(client.delete(name, deleteOptions), (answer) => {
    const uid = uidOf(answer)
    return Effect.asVoid(
      untilState(client, name, uid === undefined ? WaitCondition.deleted : WaitCondition.gone(uid), { timeout })
    )
  })
}

const uidOf = (answer: Persisted | Status.Status): string | undefined =>
  Status.isStatus(answer) ? answer.details?.uid : (answer as KubeObject).metadata?.uid
