/**
 * `Upsert`: reads one object, makes it what it should be, and writes it only where that changes something.
 *
 * For fields that server-side apply cannot express: what is wanted depends on what is there. Where it does not, as for
 * most of what a controller owns, `ResourceClient.apply` is one request and needs no reading. controller-runtime's
 * `CreateOrUpdate` and `CreateOrPatch`.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { ResourceClient } from "../Clientset/ResourceClient.ts"
import * as Retry from "../FlowControl/Retry.ts"
import { type ApiError, isApiError } from "../Machinery/ApiError.ts"
import * as Equality from "../Machinery/Equality.ts"
import * as JsonMergePatch from "../Machinery/JsonMergePatch.ts"
import * as Patch from "../Machinery/Patch.ts"
import { InvalidUrl, RequestError } from "../Machinery/RequestError.ts"
import type { KubeObject, Persisted, Scope } from "../Machinery/Resource.ts"

/**
 * What was done.
 *
 * @category models
 * @since 0.1.0
 */
export interface Upserted<A extends KubeObject, S extends Scope> {
  readonly operation: "Created" | "Updated" | "None"
  readonly object: Persisted<A, S>
}

/**
 * What the object should be, from what it is; `undefined` where there is none. One that names another object, or another
 * namespace than the present one's, is refused with `RequestError` (InvalidUrl) before anything is sent. What it leaves
 * out is removed, but for its name and what the server alone decides; of a kind with a status subresource, a change of
 * the status is not stored: `status` does that.
 *
 * @category models
 * @since 0.1.0
 */
export type Desired<A extends KubeObject, S extends Scope, E, R> = (
  current: Persisted<A, S> | undefined
) => Effect.Effect<A, E, R>

type Client<A extends KubeObject, S extends Scope> = Pick<
  ResourceClient<A, S>,
  "get" | "create" | "update" | "patch"
>

const read = <A extends KubeObject, S extends Scope>(client: Client<A, S>, name: string) =>
  client.get(name).pipe(Effect.catchReason("ApiError", "NotFound", () => Effect.undefined))

/** Only the writer that was first created it; the other finds it and updates. */
const orExists = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.retry(self, { schedule: Retry.defaultRetry, while: (error) => Retry.isConflict(error) || isExisting(error) })

const isExisting = (error: unknown): boolean => isApiError(error) && error.reason._tag === "AlreadyExists"

/**
 * What the server alone decides is taken from what is there, so that a desired object made from nothing differs by what
 * it says and not by what it leaves to the server.
 */
const complete = <A extends KubeObject, S extends Scope>(current: Persisted<A, S>, wanted: A): A => {
  const { creationTimestamp, generation, managedFields, name, namespace, resourceVersion, uid } = current.metadata
  const { deletionGracePeriodSeconds, deletionTimestamp } = current.metadata
  const theirs = {
    creationTimestamp,
    deletionGracePeriodSeconds,
    deletionTimestamp,
    generation,
    managedFields,
    name,
    namespace,
    resourceVersion,
    uid
  }
  const metadata = {
    ...wanted.metadata,
    ...Object.fromEntries(Object.entries(theirs).filter(([, value]) => value !== undefined))
  }
  return { ...wanted, apiVersion: current.apiVersion, kind: current.kind, metadata }
}

const misplaced = (asked: string, got: string): RequestError =>
  new RequestError({
    reason: new InvalidUrl({ verb: "upsert", url: asked, description: `the desired object is another one, ${got}` })
  })

const upsert = <A extends KubeObject, S extends Scope, E, R>(
  client: Client<A, S>,
  name: string,
  desired: Desired<A, S, E, R>,
  write: (current: Persisted<A, S>, wanted: A) => Effect.Effect<Persisted<A, S>, ApiError | RequestError>
): Effect.Effect<Upserted<A, S>, E | ApiError | RequestError, R> =>
  orExists(Effect.gen(function*(): Effect.fn.Return<Upserted<A, S>, E | ApiError | RequestError, R> {
    const current = yield* read(client, name)
    const desirable = yield* desired(current)
    const { metadata } = desirable
    if (metadata?.name !== undefined && metadata.name !== name) return yield* misplaced(name, metadata.name)
    if (current === undefined) {
      const object = yield* client.create({ ...desirable, metadata: { ...metadata, name } })
      return { operation: "Created", object }
    }
    const { namespace } = current.metadata
    if (metadata?.namespace !== undefined && metadata.namespace !== namespace) {
      return yield* misplaced(`${namespace ?? ""}/${name}`, `${metadata.namespace}/${name}`)
    }
    const wanted = complete(current, desirable)
    if (Equality.equal(current, wanted)) return { operation: "None", object: current }
    return { operation: "Updated", object: yield* write(current, wanted) }
  }))

/**
 * Creates the object, or replaces it where it differs from what is desired. Where another wrote meanwhile, it is read
 * again and asked for again. Costs a read, and a write where something changes.
 *
 * ```ts
 * const { operation } = yield* Upsert.update(configMaps, "counters", (current) =>
 *   Effect.succeed({ ...current, metadata: { ...current?.metadata, name: "counters" }, data: { n: next(current) } }))
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const update = <A extends KubeObject, S extends Scope, E, R>(
  client: Client<A, S>,
  name: string,
  desired: Desired<A, S, E, R>
): Effect.Effect<Upserted<A, S>, E | ApiError | RequestError, R> =>
  upsert(client, name, desired, (_current, wanted) => client.update(wanted))

/**
 * As `update`, with a merge patch of what differs: what others change in the same object meanwhile is left alone, and is
 * no conflict; another object of the same name is one. Costs a read, and a write where something changes.
 *
 * @category combinators
 * @since 0.1.0
 */
export const patch = <A extends KubeObject, S extends Scope, E, R>(
  client: Client<A, S>,
  name: string,
  desired: Desired<A, S, E, R>
): Effect.Effect<Upserted<A, S>, E | ApiError | RequestError, R> =>
  upsert(
    client,
    name,
    desired,
    (current, wanted) => {
      // Without its uid, which so is part of the patch: another object that has the name by now refuses it.
      const anyone = { ...current, metadata: { ...current.metadata, uid: undefined } }
      return client.patch(name, Patch.merge<unknown>(JsonMergePatch.create<object>(anyone, wanted)))
    }
  )

/**
 * What of a client is needed for a status; a kind without the subresource has none.
 *
 * @category models
 * @since 0.1.0
 */
export interface StatusClient<A extends KubeObject, S extends Scope> extends Pick<ResourceClient<A, S>, "get"> {
  readonly updateStatus: (object: A) => Effect.Effect<Persisted<A, S>, ApiError | RequestError>
}

/**
 * Replaces the status of an object where it differs from what is desired, and nothing else of it. Where another wrote
 * meanwhile, the object is read again and asked for again. Fails with NotFound where there is none. Costs a read, and a
 * write where something changes.
 *
 * @category combinators
 * @since 0.1.0
 */
export const status = <A extends KubeObject & { readonly status?: unknown }, S extends Scope, E, R>(
  client: StatusClient<A, S>,
  name: string,
  desired: (current: Persisted<A, S>) => Effect.Effect<A["status"], E, R>
): Effect.Effect<Upserted<A, S>, E | ApiError | RequestError, R> =>
  orExists(Effect.gen(function*(): Effect.fn.Return<Upserted<A, S>, E | ApiError | RequestError, R> {
    const current: Persisted<A, S> & { readonly status?: unknown } = yield* client.get(name)
    const wanted = yield* desired(current)
    if (Equality.equal(current.status, wanted)) return { operation: "None", object: current }
    // What the server returned, with a status of A's own type, is an A.
    const object = yield* client.updateStatus({ ...current, status: wanted } as unknown as A)
    return { operation: "Updated", object }
  }))
