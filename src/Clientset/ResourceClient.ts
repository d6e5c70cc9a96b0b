/**
 * `ResourceClient`: every verb of the Kubernetes API for one kind, typed by its descriptor.
 *
 * `ResourceClient.make(Deployment, "default")` is all a program needs that works with one kind; `Clientset` is the same
 * for all built-in kinds under client-go's names. It turns typed calls into `Request`s for `RestClient` and trusts what
 * comes back after a look at its envelope. It caches nothing and retries nothing.
 *
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/
 * @since 0.1.0
 */
import * as Array from "effect/Array"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Stream from "effect/Stream"
import type { ApiError } from "../Machinery/ApiError.ts"
import type { ApplyConfiguration } from "../Machinery/ApplyConfiguration.ts"
import type { ListMeta } from "../Machinery/ObjectMeta.ts"
import type {
  ApplyOptions,
  CreateOptions,
  DeleteOptions,
  GetOptions,
  ListOptions,
  PatchOptions,
  Selection,
  UpdateOptions,
  WatchOptions
} from "../Machinery/Options.ts"
import type * as Patch from "../Machinery/Patch.ts"
import { Decode, InvalidUrl, RequestError } from "../Machinery/RequestError.ts"
import * as Resource from "../Machinery/Resource.ts"
import type { KubeList, KubeObject, Persisted, Scope, Subresources } from "../Machinery/Resource.ts"
import * as Status from "../Machinery/Status.ts"
import * as Request from "../Rest/Request.ts"
import * as RestClient from "../Rest/RestClient.ts"
import type { Failure, ListWatch } from "../Watch/ListWatch.ts"
import * as WatchError from "../Watch/WatchError.ts"
import type { WatchEvent } from "../Watch/WatchEvent.ts"

/**
 * The verbs of one kind, in one namespace or in all.
 *
 * A client of a namespaced kind that was made without a namespace lists and watches all namespaces; creating, updating
 * and applying use the object's own `metadata.namespace`, and what addresses an object by name alone fails with
 * `RequestError` (InvalidUrl).
 *
 * @category models
 * @since 0.1.0
 */
export interface ResourceClient<A extends KubeObject, S extends Scope, Sub extends Subresources = {}> {
  readonly resource: Resource.Resource<A, S, Sub>
  readonly namespace: string | undefined
  /** Reads one object. */
  readonly get: (name: string, options?: GetOptions) => Effect.Effect<Persisted<A, S>, ApiError | RequestError>
  /** Reads one page; all objects where `limit` is unset. `Pager` walks the pages. */
  readonly list: (options?: ListOptions) => Effect.Effect<KubeList<Persisted<A, S>>, ApiError | RequestError>
  /**
   * Streams changes over one connection, which closes with the stream. It ends when the server ends it: an informer, or
   * `RetryWatcher`, goes on.
   */
  readonly watch: (options?: WatchOptions) => Stream.Stream<WatchEvent<Persisted<A, S>>, Failure>
  /** Stores a new object; `metadata.generateName` asks the server for a name. */
  readonly create: (object: A, options?: CreateOptions) => Effect.Effect<Persisted<A, S>, ApiError | RequestError>
  /** Replaces an object. With a `metadata.resourceVersion` that is not the newest it fails with Conflict. */
  readonly update: (object: A, options?: UpdateOptions) => Effect.Effect<Persisted<A, S>, ApiError | RequestError>
  /** Replaces the status of an object and nothing else. */
  readonly updateStatus: (
    object: "status" extends keyof Sub ? A : never,
    options?: UpdateOptions
  ) => Effect.Effect<Persisted<A, S>, ApiError | RequestError>
  /** Changes parts of an object; the patch says in which of the four ways. */
  readonly patch: (
    name: string,
    patch: Patch.Patch,
    options?: PatchOptions
  ) => Effect.Effect<Persisted<A, S>, ApiError | RequestError>
  /**
   * Applies what the field manager wants, creating the object where there is none (server-side apply). Fields that the
   * manager applied before and leaves out now are removed.
   */
  readonly apply: (
    configuration: ApplyConfiguration<A>,
    options: ApplyOptions
  ) => Effect.Effect<Persisted<A, S>, ApiError | RequestError>
  /** As `apply`, for the status alone. */
  readonly applyStatus: (
    configuration: "status" extends keyof Sub ? ApplyConfiguration<A> : never,
    options: ApplyOptions
  ) => Effect.Effect<Persisted<A, S>, ApiError | RequestError>
  /**
   * Asks for the deletion of one object. Answers a `Status` where the object is gone, and for many kinds, or while
   * finalizers or a grace period hold it, the object itself.
   */
  readonly delete: (
    name: string,
    options?: DeleteOptions
  ) => Effect.Effect<Persisted<A, S> | Status.Status, ApiError | RequestError>
  /** Deletes all objects that match, one by one on the server; an error leaves the rest in place. */
  readonly deleteCollection: (
    selection?: ListOptions,
    options?: DeleteOptions
  ) => Effect.Effect<void, ApiError | RequestError>
  /** The verbs of one subresource. */
  readonly subresource: <K extends keyof Sub & string>(name: K) => SubresourceClient<Sub[K]>
  /** The collection as a value for `Reflector`, `Pager` and `Until`; the selection is part of it. */
  readonly listWatch: (selection?: Selection) => ListWatch<Persisted<A, S>>
}

/**
 * The verbs of one subresource of one kind. Which of them the server has stands in the descriptor; the others fail with
 * MethodNotAllowed.
 *
 * @category models
 * @since 0.1.0
 */
export interface SubresourceClient<B> {
  readonly get: (name: string, options?: GetOptions) => Effect.Effect<B, ApiError | RequestError>
  /** Posts a body, as an eviction, a binding or a token request. */
  readonly create: (
    name: string,
    body: B,
    options?: CreateOptions
  ) => Effect.Effect<B | Status.Status, ApiError | RequestError>
  readonly update: (name: string, body: B, options?: UpdateOptions) => Effect.Effect<B, ApiError | RequestError>
  readonly patch: (
    name: string,
    patch: Patch.Patch,
    options?: PatchOptions
  ) => Effect.Effect<B, ApiError | RequestError>
}

/**
 * Makes the client of one kind. A namespaced kind may take a namespace, a cluster-scoped kind takes none.
 *
 * ```ts
 * const deployments = yield* ResourceClient.make(Deployment, "default")
 * const web = yield* deployments.get("web")
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <A extends KubeObject, S extends Scope, Sub extends Subresources>(
  resource: Resource.Resource<A, S, Sub>,
  ...namespace: S extends "Namespaced" ? [namespace?: string] : []
): Effect.Effect<ResourceClient<A, S, Sub>, never, RestClient.RestClient> =>
  Effect.map(RestClient.RestClient, (rest) => fromRestClient(rest, resource, ...namespace))

/**
 * As `make`, for who holds the `RestClient` already.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromRestClient = <A extends KubeObject, S extends Scope, Sub extends Subresources>(
  rest: RestClient.RestClient["Service"],
  resource: Resource.Resource<A, S, Sub>,
  ...namespaces: S extends "Namespaced" ? [namespace?: string] : []
): ResourceClient<A, S, Sub> => {
  type Object = Persisted<A, S>
  const namespace: string | undefined = namespaces[0]
  const apiVersion = Resource.apiVersion(resource)
  const { kind, listKind } = resource

  const at = (name?: string, subresource?: string, itsNamespace = namespace): Request.Target => ({
    _tag: "Resource",
    group: resource.group,
    version: resource.version,
    plural: resource.plural,
    namespace: resource.scope === "Namespaced" ? itsNamespace : undefined,
    name,
    subresource
  })

  const unexpected = (request: Request.Request, body: unknown, wanted: string) =>
    new RequestError({
      reason: new Decode({
        verb: request.verb,
        url: `${rest.server}${Request.path(request)}`,
        description: `expected ${wanted} of ${apiVersion}, got ${describe(body)}`
      })
    })

  // A status answer to an update is an object too; the look at two strings is what tells it from `A`.
  const isObject = (body: unknown): body is Object =>
    Predicate.isObject(body) && body["kind"] === kind && body["apiVersion"] === apiVersion

  const one = (request: Request.Request): Effect.Effect<Object, ApiError | RequestError> =>
    Effect.flatMap(
      rest.json(request),
      (body) => isObject(body) ? Effect.succeed(body) : Effect.fail(unexpected(request, body, `a ${kind}`))
    )

  // A write goes where the object says it lives: a namespaced address that differs is the server's to refuse.
  const write = (
    verb: "create" | "update",
    object: KubeObject,
    subresource: string | undefined,
    options: CreateOptions | undefined
  ): Effect.Effect<Object, ApiError | RequestError> => {
    const name = object.metadata?.name
    const request: Request.Request = {
      method: verb === "create" ? "POST" : "PUT",
      verb,
      target: at(verb === "create" ? undefined : name, subresource, namespace ?? object.metadata?.namespace),
      query: Request.query(options),
      body: { apiVersion, kind, ...object }
    }
    return verb === "update" && (name === undefined || name === "")
      ? Effect.fail(nameless(request))
      : one(request)
  }

  const nameless = (request: Request.Request) =>
    new RequestError({
      reason: new InvalidUrl({
        verb: request.verb,
        url: `${rest.server}${Request.path(request)}`,
        description: `the ${kind} has no metadata.name`
      })
    })

  const patch = (
    name: string,
    subresource: string | undefined,
    value: Patch.Patch,
    options: PatchOptions | undefined
  ): Request.Request => ({
    method: "PATCH",
    verb: "patch",
    target: at(name, subresource),
    query: Request.query(options),
    body: value.body,
    contentType: value.contentType
  })

  const apply = (
    configuration: ApplyConfiguration<A>,
    subresource: string | undefined,
    options: ApplyOptions
  ): Effect.Effect<Object, ApiError | RequestError> => {
    const metadata = (configuration as KubeObject).metadata
    const request: Request.Request = {
      method: "PATCH",
      verb: "apply",
      target: at(metadata?.name, subresource, namespace ?? metadata?.namespace),
      query: Request.query(options),
      body: { apiVersion, kind, ...configuration },
      contentType: "application/apply-patch+yaml"
    }
    return metadata?.name === undefined ? Effect.fail(nameless(request)) : one(request)
  }

  const list = (options?: ListOptions): Effect.Effect<KubeList<Object>, ApiError | RequestError> => {
    const request: Request.Request = { method: "GET", verb: "list", target: at(), query: Request.query(options) }
    return Effect.flatMap(rest.json(request), (body) => {
      if (!isList(body) || body.kind !== listKind || body.apiVersion !== apiVersion) {
        return Effect.fail(unexpected(request, body, `a ${listKind}`))
      }
      // Typed servers leave the type out of items; custom resources have it.
      const items = body.items.map((item) => ({ apiVersion, kind, ...item }))
      return Array.every(items, isObject)
        ? Effect.succeed({ ...body, items })
        : Effect.fail(unexpected(request, items.find((item) => !isObject(item)), `a ${kind} in every item`))
    })
  }

  const watch = (options?: WatchOptions): Stream.Stream<WatchEvent<Object>, Failure> => {
    const request: Request.Request = {
      method: "GET",
      verb: "watch",
      target: at(),
      query: [["watch", "true"], ...Request.query(options)]
    }
    return rest.watch(request).pipe(
      Stream.mapArrayEffect((events) => {
        const isTyped = (event: WatchEvent<unknown>): event is WatchEvent<Object> =>
          event.type === "BOOKMARK" || isObject(event.object)
        const areTyped = (
          events: Array.NonEmptyReadonlyArray<WatchEvent<unknown>>
        ): events is Array.NonEmptyReadonlyArray<WatchEvent<Object>> => events.every(isTyped)
        return areTyped(events)
          ? Effect.succeed(events)
          : Effect.fail(undecodable(events.find((event) => !isTyped(event))?.object))
      })
    )
  }

  const undecodable = (object: unknown) =>
    new WatchError.WatchError({
      reason: new WatchError.Decode({
        resource: Resource.qualifiedName(resource),
        ...(namespace === undefined ? {} : { namespace }),
        description: `expected a ${kind} of ${apiVersion}, got ${describe(object)}`
      })
    })

  return {
    resource,
    namespace,
    get: (name, options) =>
      one({ method: "GET", verb: "get", target: at(name), query: Request.query(options) }),
    list,
    watch,
    create: (object, options) => write("create", object, undefined, options),
    update: (object, options) => write("update", object, undefined, options),
    updateStatus: (object, options) => write("update", object, "status", options),
    patch: (name, value, options) => one(patch(name, undefined, value, options)),
    apply: (configuration, options) => apply(configuration, undefined, options),
    applyStatus: (configuration, options) => apply(configuration, "status", options),
    delete: (name, options) => {
      const request: Request.Request = {
        method: "DELETE",
        verb: "delete",
        target: at(name),
        body: deleteBody(options)
      }
      return Effect.flatMap(rest.json(request), (body) =>
        isObject(body) || Status.isStatus(body)
          ? Effect.succeed(body)
          : Effect.fail(unexpected(request, body, `a ${kind} or a Status`)))
    },
    deleteCollection: (selection, options) =>
      Effect.asVoid(rest.json({
        method: "DELETE",
        verb: "deletecollection",
        target: at(),
        query: Request.query(selection),
        body: deleteBody(options)
      })),
    subresource: (name) => {
      // The body's type is the descriptor's word for it: one look at what came back would not tell a Scale of one
      // version from another, and a server may answer a create with a Status.
      const call = <B>(request: Request.Request) =>
        Effect.flatMap(rest.json(request), (body) =>
          Predicate.isObject(body)
            ? Effect.succeed(body as B)
            : Effect.fail(unexpected(request, body, `the ${name} subresource`)))
      return {
        get: (objectName, options) =>
          call({ method: "GET", verb: "get", target: at(objectName, name), query: Request.query(options) }),
        create: (objectName, body, options) =>
          call({ method: "POST", verb: "create", target: at(objectName, name), query: Request.query(options), body }),
        update: (objectName, body, options) =>
          call({ method: "PUT", verb: "update", target: at(objectName, name), query: Request.query(options), body }),
        patch: (objectName, value, options) => call(patch(objectName, name, value, options))
      }
    },
    listWatch: (selection) => ({
      collection: {
        group: resource.group,
        version: resource.version,
        kind,
        plural: resource.plural,
        scope: resource.scope,
        ...(namespace === undefined ? {} : { namespace })
      },
      list: (options) => list({ ...options, ...selection }),
      watch: (options) => watch({ ...options, ...selection })
    })
  }
}

interface WireList {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: ListMeta
  readonly items: ReadonlyArray<object>
}

const isList = (body: unknown): body is WireList =>
  Predicate.isObject(body) && Predicate.isObject(body["metadata"]) && globalThis.Array.isArray(body["items"])

const deleteBody = (options: DeleteOptions | undefined) =>
  options === undefined ? undefined : {
    apiVersion: "v1",
    kind: "DeleteOptions",
    ...options,
    ...(options.dryRun === undefined ? {} : { dryRun: [options.dryRun] })
  }

const describe = (body: unknown): string => {
  if (!Predicate.isObject(body)) return body === undefined ? "nothing" : `a ${typeof body}`
  return typeof body["kind"] === "string" ? `a ${body["kind"]} of ${String(body["apiVersion"])}` : "an object without kind"
}
