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
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import type * as Stream from "effect/Stream"
import type { ApiError } from "../Machinery/ApiError.ts"
import type { ApplyConfiguration } from "../Machinery/ApplyConfiguration.ts"
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
import { InvalidUrl, RequestError } from "../Machinery/RequestError.ts"
import * as Resource from "../Machinery/Resource.ts"
import type { KubeList, KubeObject, Persisted, Scope, Subresources } from "../Machinery/Resource.ts"
import * as Status from "../Machinery/Status.ts"
import * as Request from "../Rest/Request.ts"
import * as RestClient from "../Rest/RestClient.ts"
import * as RestListWatch from "../Rest/RestListWatch.ts"
import type { Failure, ListWatch } from "../Watch/ListWatch.ts"
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
    patch: Patch.Patch<A>,
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
  /** The verbs of one subresource whose bodies are objects: `scale`, `eviction`, `token`. */
  readonly subresource: <K extends Resource.ObjectSubresource<Sub>>(
    name: K
  ) => SubresourceClient<Resource.BodyOf<Sub[K]>, Resource.VerbsOf<Sub[K]>>
  /** What the log of a container holds now; without `container` that of the only one, or of the one that annotations choose. */
  readonly log: (
    name: "log" extends keyof Sub ? string : never,
    options?: LogOptions<Sub>
  ) => Effect.Effect<string, ApiError | RequestError>
  /** As `log`, in bytes as they arrive; with `follow` until the container ends. The connection closes with the stream. */
  readonly logBytes: (
    name: "log" extends keyof Sub ? string : never,
    options?: LogOptions<Sub>
  ) => Stream.Stream<Uint8Array, ApiError | RequestError>
  /** The collection as a value for `Reflector`, `Pager` and `Until`; the selection is part of it. */
  readonly listWatch: (selection?: Selection) => ListWatch<Persisted<A, S>>
}

/**
 * The options of a log, where the kind has one.
 *
 * @category models
 * @since 0.1.0
 */
export type LogOptions<Sub> = Sub extends { readonly log: Resource.Connect<infer Options> } ? Options : never

/**
 * What a server answers to a posted body: the body as stored, but for evictions and bindings, which are not stored, a
 * `Status`.
 *
 * @category models
 * @since 0.1.0
 */
export type Posted<B> = B extends { readonly kind?: "Eviction" | "Binding" } ? Status.Status : B

/**
 * All that a subresource may serve; `SubresourceClient` is what one does serve.
 *
 * @category models
 * @since 0.1.0
 */
export interface SubresourceVerbs<B> {
  readonly get: (name: string, options?: GetOptions) => Effect.Effect<B, ApiError | RequestError>
  /** Posts a body, as an eviction, a binding or a token request. */
  readonly create: (
    name: string,
    body: B,
    options?: CreateOptions
  ) => Effect.Effect<Posted<B>, ApiError | RequestError>
  readonly update: (name: string, body: B, options?: UpdateOptions) => Effect.Effect<B, ApiError | RequestError>
  /** Changes parts of the body; `Patch.apply` applies it as a field manager. */
  readonly patch: (
    name: string,
    patch: Patch.Patch<B>,
    options?: PatchOptions
  ) => Effect.Effect<B, ApiError | RequestError>
}

/**
 * The verbs of one subresource of one kind: `SubresourceClient<Scale>` has get, update and patch,
 * `SubresourceClient<Eviction, "create">` one verb.
 *
 * @category models
 * @since 0.1.0
 */
export type SubresourceClient<B, V extends Resource.Verb = "get" | "update" | "patch"> = Pick<
  SubresourceVerbs<B>,
  V & keyof SubresourceVerbs<B>
>

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
): ResourceClient<A, S, Sub> => fromRepresentation(rest, resource, RestListWatch.objects(resource), namespaces[0])

/**
 * As `fromRestClient`, for objects in another form than whole and typed: metadata alone, or of a kind known only at run
 * time. `DynamicClient` and `MetadataClient` are made of it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromRepresentation = <A extends KubeObject, S extends Scope, Sub extends Subresources>(
  rest: RestClient.RestClient["Service"],
  resource: Resource.Resource<A, S, Sub>,
  representation: RestListWatch.Representation<Persisted<A, S>>,
  namespace: string | undefined
): ResourceClient<A, S, Sub> => {
  type Object = Persisted<A, S>
  const { accept, is } = representation
  const type = typeOf(resource)
  const wanted = `${
    representation.kind === "" ? "an object" : `a ${representation.kind}`
  } of ${representation.apiVersion}`

  const at = (name?: string, subresource?: string, itsNamespace = namespace) =>
    RestListWatch.target(resource, itsNamespace, name, subresource)

  const one = (request: Request.Request): Effect.Effect<Object, ApiError | RequestError> =>
    Effect.flatMap(
      rest.json(request),
      (body) => is(body) ? Effect.succeed(body) : Effect.fail(RestListWatch.unexpected(rest, request, body, wanted))
    )

  // What holds its own name goes where it says it lives; an address that differs is the server's to refuse.
  const named = (
    verb: "update" | "apply",
    object: { readonly metadata?: { readonly name?: string; readonly namespace?: string } },
    subresource: string | undefined,
    options: UpdateOptions | ApplyOptions | undefined
  ): Effect.Effect<Object, ApiError | RequestError> => {
    const name = object.metadata?.name
    const request: Request.Request = {
      method: verb === "update" ? "PUT" : "PATCH",
      verb,
      target: at(name, subresource, namespace ?? object.metadata?.namespace),
      query: Request.query(options),
      body: { ...type, ...object },
      accept,
      contentType: verb === "update" ? undefined : "application/apply-patch+yaml"
    }
    return name === undefined || name === "" ? Effect.fail(nameless(request)) : one(request)
  }

  const nameless = (request: Request.Request) =>
    new RequestError({
      reason: new InvalidUrl({
        verb: request.verb,
        url: `${rest.server}${Request.path(request)}`,
        description: `the ${resource.kind} has no metadata.name`
      })
    })

  const patch = (
    name: string,
    subresource: string | undefined,
    itsType: object,
    value: Patch.Patch<never>,
    options: PatchOptions | undefined
  ): Request.Request => ({
    method: "PATCH",
    verb: value._tag === "Apply" ? "apply" : "patch",
    target: at(name, subresource),
    query: Request.query(value._tag === "Apply" ? { ...options, ...value.options } : options),
    body: value._tag === "Apply" && Predicate.isObject(value.body) ? { ...itsType, ...value.body } : value.body,
    accept,
    contentType: value.contentType
  })

  const log = (name: string, options: unknown): Request.Request => ({
    method: "GET",
    verb: "get",
    target: at(name, "log"),
    query: Request.query(Predicate.isObject(options) ? options : undefined),
    // The log is text; what is wrong with it is told in JSON.
    accept: "*/*"
  })

  const listWatch = (selection: Selection) =>
    RestListWatch.make(rest, resource, representation, { ...selection, namespace })
  const { list, watch } = listWatch({})

  return {
    resource,
    namespace,
    get: (name, options) =>
      one({ method: "GET", verb: "get", target: at(name), query: Request.query(options), accept }),
    list: (options = {}) => list(options),
    watch: (options = {}) => watch(options),
    create: (object, options) =>
      one({
        method: "POST",
        verb: "create",
        target: at(undefined, undefined, namespace ?? object.metadata?.namespace),
        query: Request.query(options),
        body: { ...type, ...object },
        accept
      }),
    update: (object, options) => named("update", object, undefined, options),
    updateStatus: (object, options) => named("update", object, "status", options),
    patch: (name, value, options) => one(patch(name, undefined, type, value, options)),
    apply: (configuration, options) => named("apply", configuration, undefined, options),
    applyStatus: (configuration, options) => named("apply", configuration, "status", options),
    delete: (name, options) => {
      const request: Request.Request = {
        method: "DELETE",
        verb: "delete",
        target: at(name),
        body: deleteBody(options),
        accept
      }
      return Effect.flatMap(rest.json(request), (body) =>
        is(body) || Status.isStatus(body)
          ? Effect.succeed(body)
          : Effect.fail(RestListWatch.unexpected(rest, request, body, `${wanted} or a Status`)))
    },
    deleteCollection: (selection, options) =>
      Effect.asVoid(rest.json({
        method: "DELETE",
        verb: "deletecollection",
        target: at(),
        query: Request.query(selection),
        body: deleteBody(options)
      })),
    subresource: <K extends Resource.ObjectSubresource<Sub>>(name: K) => {
      type Body = Resource.BodyOf<Sub[K]>
      // The body's type is the descriptor's word: no two strings would tell a Scale from a TokenRequest that a
      // webhook changed, and a server may answer a create with a Status.
      const call = <B>(request: Request.Request) =>
        Effect.flatMap(rest.json(request), (body) =>
          Predicate.isObject(body)
            ? Effect.succeed(body as B)
            : Effect.fail(RestListWatch.unexpected(rest, request, body, `an object from the ${name} subresource`)))
      const itsType = typeOf(resource.subresources[name] ?? resource)
      const written = (body: Body) => Predicate.isObject(body) ? { ...itsType, ...body } : body
      const verbs: SubresourceVerbs<Body> = {
        get: (objectName, options) =>
          call({ method: "GET", verb: "get", target: at(objectName, name), query: Request.query(options) }),
        create: (objectName, body, options) =>
          call({
            method: "POST",
            verb: "create",
            target: at(objectName, name),
            query: Request.query(options),
            body: written(body)
          }),
        update: (objectName, body, options) =>
          call({
            method: "PUT",
            verb: "update",
            target: at(objectName, name),
            query: Request.query(options),
            body: written(body)
          }),
        patch: (objectName, value, options) => call(patch(objectName, name, itsType, value, options))
      }
      return verbs
    },
    log: (name, options) => rest.text(log(name, options)),
    logBytes: (name, options) => rest.bytes(log(name, options)),
    listWatch: (selection = {}) => listWatch(selection)
  }
}

// Empty where the kind is known to the object alone.
const typeOf = (of: { readonly group: string; readonly version: string; readonly kind: string }) =>
  of.kind === "" ? {} : { apiVersion: Resource.apiVersion(of), kind: of.kind }

const deleteBody = (options: DeleteOptions | undefined) =>
  options === undefined ? undefined : {
    apiVersion: "v1",
    kind: "DeleteOptions",
    ...options,
    ...(options.dryRun === undefined ? {} : { dryRun: [options.dryRun] })
  }
