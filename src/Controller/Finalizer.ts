/**
 * `Finalizer`: keeps an object in place until what it stands for outside of it is cleaned up.
 *
 * While a finalizer is listed in `metadata.finalizers`, deleting the object only sets `metadata.deletionTimestamp`; the
 * server removes it when the list is empty. `around` is the usual shape: `apply` while the object lives, `cleanup` once it
 * is to go. Additions and removals are JSON patches that test what they rely on, so that two controllers which work on
 * one list at the same time never lose each other's entry.
 *
 * @see https://kubernetes.io/docs/concepts/overview/working-with-objects/finalizers/
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type { ResourceClient } from "../Clientset/ResourceClient.ts"
import { type ApiError, fromStatus, isApiError } from "../Machinery/ApiError.ts"
import * as JsonPatch from "../Machinery/JsonPatch.ts"
import * as Patch from "../Machinery/Patch.ts"
import type { RequestError } from "../Machinery/RequestError.ts"
import type { KubeObject, Persisted, Scope } from "../Machinery/Resource.ts"

/**
 * What of a client is needed, in the namespace of the object: `clientset.coreV1.configMaps(namespace)`.
 *
 * @category models
 * @since 0.1.0
 */
export type Client<A extends KubeObject, S extends Scope> = Pick<ResourceClient<A, S>, "get" | "patch">

/**
 * An object that the server has stored.
 *
 * @category models
 * @since 0.1.0
 */
export interface Stored {
  readonly metadata: {
    readonly name: string
    readonly uid: string
    readonly finalizers?: ReadonlyArray<string>
    readonly deletionTimestamp?: string
  }
}

/**
 * Whether a finalizer is listed.
 *
 * @category guards
 * @since 0.1.0
 */
export const has = (object: KubeObject, finalizer: string): boolean =>
  object.metadata?.finalizers?.includes(finalizer) ?? false

/**
 * Whether the object is to go, as soon as its finalizers are off.
 *
 * @category guards
 * @since 0.1.0
 */
export const isDeleting = (object: KubeObject): boolean => object.metadata?.deletionTimestamp !== undefined

// The uid: an object that was deleted and made again under its name is another.
const sameObject = (uid: string): JsonPatch.Operation => ({ op: "test", path: "/metadata/uid", value: uid })

const addition = ({ metadata: { finalizers, uid } }: Stored, finalizer: string): ReadonlyArray<JsonPatch.Operation> => {
  const path = JsonPatch.pointer("metadata", "finalizers")
  return finalizers === undefined || finalizers.length === 0
    // A list that is not there cannot be appended to. What another put there meanwhile fails the test.
    ? [sameObject(uid), { op: "test", path, value: null }, { op: "add", path, value: [finalizer] }]
    : [sameObject(uid), { op: "test", path, value: finalizers }, { op: "add", path: `${path}/-`, value: finalizer }]
}

const removal = (
  { metadata: { finalizers = [], uid } }: Stored,
  finalizer: string
): ReadonlyArray<JsonPatch.Operation> => {
  // Nothing keeps a finalizer from being listed twice. From the end, as each removal moves what follows.
  const places = finalizers.flatMap((other, index) => other === finalizer ? [index] : []).toReversed()
  return [
    sameObject(uid),
    ...places.flatMap((place): ReadonlyArray<JsonPatch.Operation> => {
      const path = JsonPatch.pointer("metadata", "finalizers", place)
      return [{ op: "test", path, value: finalizer }, { op: "remove", path }]
    })
  ]
}

/** A test that failed, or a path that is gone: the list changed since it was read. */
const isOutdated = (error: unknown): boolean =>
  isApiError(error) && (error.reason._tag === "Invalid" || error.reason._tag === "Conflict")

const attempts = Schedule.exponential("10 millis").pipe(Schedule.jittered, Schedule.upTo({ times: 5 }))

/** An object that was deleted and made again is another: the caller's is gone. */
const replaced = ({ kind, metadata: { name, namespace } }: KubeObject & Stored): ApiError => {
  const message = `${kind ?? "object"} ${JSON.stringify(name)} not found: another object has its name now`
  return fromStatus(
    { kind: "Status", apiVersion: "v1", status: "Failure", reason: "NotFound", code: 404, message },
    { verb: "patch", resource: kind ?? "", namespace, name }
  )
}

/** Patches what was read; where that is outdated, reads again and decides again. */
const change = Effect.fnUntraced(function*<A extends KubeObject, S extends Scope>(
  client: Client<A, S>,
  object: Persisted<A, S>,
  isDone: (object: Persisted<A, S>) => boolean,
  operations: (object: Stored) => ReadonlyArray<JsonPatch.Operation>
): Effect.fn.Return<Persisted<A, S>, ApiError | RequestError> {
  const { name } = object.metadata
  let read: Persisted<A, S> | undefined = object
  const once = Effect.gen(function*() {
    const current: Persisted<A, S> = read ?? (yield* client.get(name))
    read = undefined
    if (current.metadata.uid !== object.metadata.uid) return yield* replaced(object)
    if (isDone(current)) return current
    return yield* client.patch(name, Patch.json(operations(current)))
  })
  return yield* Effect.retry(once, { schedule: attempts, while: isOutdated })
})

/**
 * The object with a finalizer; unchanged, and without a request, where it has it or is to go, as the server allows no
 * more of them then. `object` may come from a cache. Fails with NotFound where the object is gone, also where another one
 * has its name now.
 *
 * @category combinators
 * @since 0.1.0
 */
export const add = <A extends KubeObject, S extends Scope>(
  client: Client<A, S>,
  object: Persisted<A, S>,
  finalizer: string
): Effect.Effect<Persisted<A, S>, ApiError | RequestError> =>
  change(
    client,
    object,
    (current) => has(current, finalizer) || isDeleting(current),
    (current) => addition(current, finalizer)
  )

/**
 * The object without a finalizer; unchanged, and without a request, where it does not have it. If it was the last one of
 * an object that is to go, the object is gone afterwards. Fails with NotFound where it is gone already, also where another
 * one has its name now.
 *
 * @category combinators
 * @since 0.1.0
 */
export const remove = <A extends KubeObject, S extends Scope>(
  client: Client<A, S>,
  object: Persisted<A, S>,
  finalizer: string
): Effect.Effect<Persisted<A, S>, ApiError | RequestError> =>
  change(client, object, (current) => !has(current, finalizer), (current) => removal(current, finalizer))

/**
 * @category models
 * @since 0.1.0
 */
export interface Options<Object, A, E, R, B, E2, R2> {
  /** `example.com/name`, as the server asks of finalizers. */
  readonly finalizer: string
  /** While the object lives: with the finalizer already on it, so that whatever this makes will be cleaned up. */
  readonly apply: (object: Object) => Effect.Effect<A, E, R>
  /** Once the object is to go. The finalizer comes off when it succeeds, so it may run again and must not mind. */
  readonly cleanup: (object: Object) => Effect.Effect<B, E2, R2>
}

/**
 * The life of an object under a finalizer: puts it on, applies while the object lives, cleans up once it is to go, takes
 * it off. `undefined` where nothing is left to do: the object is to go and does not have the finalizer, or is gone.
 *
 * A source with a label selector hears no more of an object that lost the label, whose finalizer then stays for ever: let
 * such a controller see the whole kind, and decide by the label in its reconciler (examples/finalizer.ts).
 *
 * ```ts
 * reconcile: Effect.fnUntraced(function*({ name, namespace }) {
 *   const websites = yield* ResourceClient.make(Website, namespace)
 *   const website = yield* websites.get(name)
 *   yield* Finalizer.around(websites, website, {
 *     finalizer: "demo.example.com/dns",
 *     apply: (website) => dns.put(website.spec.host),
 *     cleanup: (website) => dns.remove(website.spec.host)
 *   })
 * })
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const around = Effect.fnUntraced(function*<A extends KubeObject, S extends Scope, B, E, R, C, E2, R2>(
  client: Client<A, S>,
  object: Persisted<A, S>,
  { apply, cleanup, finalizer }: Options<Persisted<A, S>, B, E, R, C, E2, R2>
): Effect.fn.Return<B | C | undefined, E | E2 | ApiError | RequestError, R | R2> {
  const isGone = (error: ApiError | RequestError) => error._tag === "ApiError" && error.reason._tag === "NotFound"
  const noneIfGone = <X>(effect: Effect.Effect<X, ApiError | RequestError>) =>
    Effect.catchIf(effect, isGone, () => Effect.undefined)
  let current = object
  if (!isDeleting(object)) {
    const held = yield* noneIfGone(add(client, object, finalizer))
    if (held === undefined) return undefined
    if (!isDeleting(held)) return yield* apply(held)
    // It is to go since it was read.
    current = held
  }
  if (!has(current, finalizer)) return undefined
  const cleaned = yield* cleanup(current)
  yield* noneIfGone(remove(client, current, finalizer))
  return cleaned
})
