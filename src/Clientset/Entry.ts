/**
 * `Entry`: one object, made where it is not there, changed, and written, whoever else writes meanwhile.
 *
 * An entry is a description: what to make, what to change. `commit` reads, applies it and writes only what differs,
 * and begins again where somebody else was faster, so changes must be functions of what they are given. For objects
 * that several writers share server-side apply (`ResourceClient.apply`) needs no reading at all.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Pipeable from "effect/Pipeable"
import * as Result from "effect/Result"
import type * as Schedule from "effect/Schedule"
import * as Retry from "../FlowControl/Retry.ts"
import type * as ApiError from "../Machinery/ApiError.ts"
import * as Equality from "../Machinery/Equality.ts"
import * as JsonMergePatch from "../Machinery/JsonMergePatch.ts"
import type { WriteOptions } from "../Machinery/Options.ts"
import * as Patch from "../Machinery/Patch.ts"
import { InvalidUrl, RequestError } from "../Machinery/RequestError.ts"
import type { KubeObject, Persisted, Scope } from "../Machinery/Resource.ts"
import type { ResourceClient } from "./ResourceClient.ts"

/**
 * What an entry needs of a client; every `ResourceClient` has it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Client<A extends KubeObject, S extends Scope>
  extends Pick<ResourceClient<A, S>, "get" | "create" | "update" | "patch">
{}

/**
 * One object and what shall become of it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Entry<A extends KubeObject, S extends Scope> extends Pipeable.Pipeable {
  readonly client: Client<A, S>
  readonly name: string
  /** From what is there, or `undefined`, to what shall be there. */
  readonly next: (current: A | undefined) => A | undefined
}

/**
 * What a commit did, and the object as it is now.
 *
 * @category models
 * @since 0.1.0
 */
export interface Committed<out A> {
  readonly operation: "created" | "updated" | "unchanged"
  readonly object: A
}

/**
 * @category models
 * @since 0.1.0
 */
export interface CommitOptions extends WriteOptions {
  /** When to begin again after somebody else was faster, and when to give up. `Retry.defaultRetry` unless given. */
  readonly schedule?: Schedule.Schedule<unknown> | undefined
}

/**
 * The entry of an object by name; nothing happens yet.
 *
 * ```ts
 * const { object } = yield* Entry.make(configMaps, "settings").pipe(
 *   Entry.orMake(() => ({ data: {} })),
 *   Entry.change((settings) => ({ ...settings, data: { ...settings.data, color: "blue" } })),
 *   Entry.commit()
 * )
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <A extends KubeObject, S extends Scope>(
  client: Client<A, S>,
  name: string
): Entry<A, S> => entry({ client, name, next: (current) => current })

const entry = <A extends KubeObject, S extends Scope>(
  fields: Pick<Entry<A, S>, "client" | "name" | "next">
): Entry<A, S> => Object.assign(Object.create(Pipeable.Prototype), fields)

/**
 * What to make where the object is not there; its name is the entry's.
 *
 * @category combinators
 * @since 0.1.0
 */
export const orMake =
  <A extends KubeObject, S extends Scope>(object: () => NoInfer<A>) => (self: Entry<A, S>): Entry<A, S> =>
    entry({ ...fieldsOf(self), next: (current) => self.next(current) ?? object() })

/**
 * What to change of the object, whether it was there or is made. The function runs once for each try.
 *
 * @category combinators
 * @since 0.1.0
 */
export const change =
  <A extends KubeObject, S extends Scope>(f: (object: A) => NoInfer<A>) => (self: Entry<A, S>): Entry<A, S> =>
    entry({
      ...fieldsOf(self),
      next: (current) => {
        const object = self.next(current)
        return object === undefined ? undefined : f(object)
      }
    })

const fieldsOf = <A extends KubeObject, S extends Scope>({ client, name, next }: Entry<A, S>) => ({
  client,
  name,
  next
})

/**
 * Reads the object, and creates or updates it where that changes anything; begins again on Conflict. An object that is
 * not there and not to be made fails with NotFound. The status is not written.
 *
 * @category combinators
 * @since 0.1.0
 */
export const commit = (options?: CommitOptions) =>
<A extends KubeObject, S extends Scope>(
  self: Entry<A, S>
): Effect.Effect<Committed<Persisted<A, S>>, ApiError.ApiError | RequestError> =>
  write(self, options, (_current, next, writeOptions) => self.client.update(next, writeOptions))

/**
 * As `commit`, but sends what differs as a merge patch, so that members others change meanwhile stay, and nothing has to
 * be tried again; lists are written whole.
 *
 * @category combinators
 * @since 0.1.0
 */
export const commitPatch = (options?: CommitOptions) =>
<A extends KubeObject, S extends Scope>(
  self: Entry<A, S>
): Effect.Effect<Committed<Persisted<A, S>>, ApiError.ApiError | RequestError> =>
  write(self, options, (current, next, writeOptions) =>
    self.client.patch(
      self.name,
      Patch.merge<unknown>(JsonMergePatch.create<object>(current, next)),
      writeOptions
    ))

/**
 * Makes an object or updates it: `change` gets what is there, or `undefined`, and returns what shall be there. It may be
 * made from nothing: the type, the name, what the server alone decides and the status are filled in; other members that
 * it leaves out are removed. controller-runtime's `CreateOrUpdate`.
 *
 * @category combinators
 * @since 0.1.0
 */
export const createOrUpdate = <A extends KubeObject, S extends Scope>(
  client: Client<A, S>,
  name: string,
  change: (current: A | undefined) => A,
  options?: CommitOptions
): Effect.Effect<Committed<Persisted<A, S>>, ApiError.ApiError | RequestError> =>
  commit(options)(entry({ client, name, next: change }))

/**
 * As `createOrUpdate`, but sends what differs as a merge patch (see `commitPatch`). controller-runtime's
 * `CreateOrPatch`.
 *
 * @category combinators
 * @since 0.1.0
 */
export const createOrPatch = <A extends KubeObject, S extends Scope>(
  client: Client<A, S>,
  name: string,
  change: (current: A | undefined) => A,
  options?: CommitOptions
): Effect.Effect<Committed<Persisted<A, S>>, ApiError.ApiError | RequestError> =>
  commitPatch(options)(entry({ client, name, next: change }))

const withMeta = <A extends KubeObject>(object: A, metadata: KubeObject["metadata"]): A => ({ ...object, metadata })

const decidedByServer = [
  "namespace",
  "uid",
  "resourceVersion",
  "generation",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "managedFields"
] as const

/** A change that was made from nothing leaves out what it does not speak of: that stays as it was read. */
const complete = <A extends KubeObject>(current: A, next: A, name: string): A => {
  const metadata: { [member: string]: unknown } = { name }
  for (const member of decidedByServer) {
    const value = current.metadata?.[member]
    if (value !== undefined) metadata[member] = value
  }
  return {
    apiVersion: current.apiVersion,
    kind: current.kind,
    ...("status" in current ? { status: current["status"] } : {}),
    ...withMeta(next, { ...metadata, ...next.metadata })
  }
}

const write = <A extends KubeObject, S extends Scope>(
  { client, name, next }: Entry<A, S>,
  options: CommitOptions | undefined,
  replace: (
    current: Persisted<A, S>,
    next: A,
    options: WriteOptions
  ) => Effect.Effect<Persisted<A, S>, ApiError.ApiError | RequestError>
): Effect.Effect<Committed<Persisted<A, S>>, ApiError.ApiError | RequestError> => {
  const { schedule, ...writeOptions } = options ?? {}
  const once = Effect.gen(function*() {
    const read = yield* Effect.result(client.get(name))
    if (Result.isFailure(read)) {
      const made = isNotFound(read.failure) ? next(undefined) : undefined
      if (made === undefined) return yield* Effect.fail(read.failure)
      if (isOther(made, name)) return yield* misplaced(made, name)
      const object = yield* client.create(withMeta(made, { ...made.metadata, name }), writeOptions)
      return { operation: "created" as const, object }
    }
    const current = read.success
    const changed = next(asWritable(current))
    if (isOther(changed, name)) return yield* misplaced(changed, name)
    const wanted = changed === undefined ? undefined : complete(asWritable(current), changed, name)
    if (wanted === undefined || Equality.equal(current, wanted)) {
      return { operation: "unchanged" as const, object: current }
    }
    return { operation: "updated" as const, object: yield* replace(current, wanted, writeOptions) }
  })
  // It may also have been deleted between reading and writing.
  const isOvertaken = (error: ApiError.ApiError | RequestError): boolean =>
    isTaken(error) || (isNotFound(error) && next(undefined) !== undefined)
  return Effect.retry(once, { schedule: schedule ?? Retry.defaultRetry, while: isOvertaken })
}

// What a server returned may be written: `Persisted<A>` only says more of its metadata.
const asWritable = <A extends KubeObject, S extends Scope>(object: Persisted<A, S>): A => object as unknown as A

const isOther = (object: KubeObject | undefined, name: string): boolean =>
  object?.metadata?.name !== undefined && object.metadata.name !== name

const misplaced = (object: KubeObject | undefined, name: string): RequestError =>
  new RequestError({
    reason: new InvalidUrl({
      verb: "update",
      url: name,
      description: `the change is of another object, ${object?.metadata?.name ?? ""}`
    })
  })

const isNotFound = (error: ApiError.ApiError | RequestError): boolean =>
  error._tag === "ApiError" && error.reason._tag === "NotFound"

const isTaken = (error: ApiError.ApiError | RequestError): boolean =>
  error._tag === "ApiError" && (error.reason._tag === "Conflict" || error.reason._tag === "AlreadyExists")
