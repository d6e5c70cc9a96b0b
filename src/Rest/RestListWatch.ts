/**
 * The `ListWatch` of a collection on a server: one code path for typed, dynamic and metadata-only reading.
 *
 * `ResourceClient`, `DynamicClient` and `MetadataClient` hand these out, and `layer` gives them to informers. It asks
 * for a representation, looks at the envelope of what comes back, and trusts the rest.
 *
 * @since 0.1.0
 */
import type * as Array from "effect/Array"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import * as Stream from "effect/Stream"
import type { ApiError } from "../Machinery/ApiError.ts"
import type { ListMeta } from "../Machinery/ObjectMeta.ts"
import type { ListOptions, Selection, WatchOptions } from "../Machinery/Options.ts"
import { Decode, RequestError } from "../Machinery/RequestError.ts"
import * as Resource from "../Machinery/Resource.ts"
import type { AnyResource, KubeList, KubeObject, Persisted, Scope, Subresources } from "../Machinery/Resource.ts"
import type { Collection, Failure, ListWatch } from "../Watch/ListWatch.ts"
import * as ListWatchSource from "../Watch/ListWatchSource.ts"
import * as WatchError from "../Watch/WatchError.ts"
import type { WatchEvent } from "../Watch/WatchEvent.ts"
import * as WatchFrame from "../Watch/WatchFrame.ts"
import * as Request from "./Request.ts"
import * as RestClient from "./RestClient.ts"

/**
 * In what form objects are asked for, and what they say of themselves when they come.
 *
 * @category models
 * @since 0.1.0
 */
export interface Representation<out A> {
  readonly apiVersion: string
  /** Empty where objects say it themselves. */
  readonly kind: string
  /** Empty where lists say it themselves, as those of a kind that only discovery knows. */
  readonly listKind: string
  /** The Accept header of one object and of a watch; `application/json` unless given. */
  readonly accept?: string
  /** The Accept header of a list; as `accept` unless given. */
  readonly acceptList?: string
  readonly is: (body: unknown) => body is A
}

/**
 * The objects of a kind, whole.
 *
 * @category constructors
 * @since 0.1.0
 */
export const objects = <A extends KubeObject, S extends Scope, Sub extends Subresources>(
  resource: Resource.Resource<A, S, Sub>
): Representation<Persisted<A, S>> => {
  const apiVersion = Resource.apiVersion(resource)
  const { kind, listKind } = resource
  return {
    apiVersion,
    kind,
    listKind,
    // Two strings decide; the server is trusted with the rest of a kind it knows.
    is: (body): body is Persisted<A, S> =>
      Predicate.isObject(body) && body["apiVersion"] === apiVersion &&
      (body["kind"] === kind || (kind === "" && typeof body["kind"] === "string"))
  }
}

const partial = "PartialObjectMetadata"

/**
 * Metadata alone, by content negotiation.
 *
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/#metadata-only-fetches
 * @category constructors
 * @since 0.1.0
 */
export const metadata = <S extends Scope>(): Representation<
  Persisted<ListWatchSource.PartialObjectMetadata, S>
> => ({
  apiVersion: "meta.k8s.io/v1",
  kind: partial,
  listKind: `${partial}List`,
  accept: `application/json;as=${partial};g=meta.k8s.io;v=v1`,
  acceptList: `application/json;as=${partial}List;g=meta.k8s.io;v=v1`,
  is: (body): body is Persisted<ListWatchSource.PartialObjectMetadata, S> =>
    Predicate.isObject(body) && body["kind"] === partial
})

/**
 * The address of a collection. A namespaced kind without a namespace is addressed over all namespaces.
 *
 * @category accessors
 * @since 0.1.0
 */
export const target = (
  resource: AnyResource,
  namespace: string | undefined,
  name?: string,
  subresource?: string
): Request.Target => ({
  _tag: "Resource",
  group: resource.group,
  version: resource.version,
  plural: resource.plural,
  namespace: resource.scope === "Namespaced" ? namespace ?? "" : undefined,
  name,
  subresource
})

/**
 * Makes the `ListWatch` of one collection in one representation; the selection becomes part of it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <A>(
  rest: RestClient.RestClient["Service"],
  resource: AnyResource,
  representation: Representation<A>,
  options: ListWatchSource.CollectionOptions
): ListWatch<A> => {
  const { apiVersion, is, kind, listKind } = representation
  const { namespace, ...selection } = options
  const collection: Collection = {
    group: resource.group,
    version: resource.version,
    kind: resource.kind,
    plural: resource.plural,
    scope: resource.scope,
    ...(namespace === undefined ? {} : { namespace })
  }

  const typeOfItems = kind === "" ? undefined : { apiVersion, kind }
  const wanted = kind === "" ? `an object of ${apiVersion}` : `a ${kind} of ${apiVersion}`
  const undecodable = (object: unknown) =>
    new WatchError.WatchError({
      reason: new WatchError.Decode({
        resource: Resource.qualifiedName(resource),
        ...(namespace === undefined ? {} : { namespace }),
        description: `expected ${wanted}, got ${describe(object)}`
      })
    })

  const isTyped = (event: WatchEvent<unknown>): event is WatchEvent<A> => event.type === "BOOKMARK" || is(event.object)
  const areTyped = (
    events: Array.NonEmptyReadonlyArray<WatchEvent<unknown>>
  ): events is Array.NonEmptyReadonlyArray<WatchEvent<A>> => events.every(isTyped)

  return {
    collection,
    list: (page: ListOptions): Effect.Effect<KubeList<A>, ApiError | RequestError> => {
      const request: Request.Request = {
        method: "GET",
        verb: "list",
        target: target(resource, namespace),
        query: Request.query({ ...page, ...selected(selection) }),
        accept: representation.acceptList ?? representation.accept
      }
      const answered = Effect.flatMap(
        WatchFrame.CurrentLineDecoder,
        ({ list }) => rest.json(list === undefined ? request : { ...request, parse: (text) => list(text, typeOfItems) })
      )
      return Effect.flatMap(answered, (body) => {
        if (!isList(body) || body.apiVersion !== apiVersion || (listKind !== "" && body.kind !== listKind)) {
          return Effect.fail(
            unexpected(rest, request, body, `a ${listKind === "" ? "list" : listKind} of ${apiVersion}`)
          )
        }
        // Typed servers leave the type out of items; custom resources have it.
        const type = { apiVersion, kind: kind === "" ? body.kind.replace(/List$/, "") : kind }
        const items = body.items.map((item): unknown =>
          "kind" in item && "apiVersion" in item ? item : { ...type, ...item }
        )
        return items.every(is)
          ? Effect.succeed({ ...body, items })
          : Effect.fail(unexpected(rest, request, items.find((item) => !is(item)), `a ${type.kind} as every item`))
      })
    },
    watch: (from: WatchOptions): Stream.Stream<WatchEvent<A>, Failure> =>
      rest.watch({
        method: "GET",
        verb: "watch",
        target: target(resource, namespace),
        query: [["watch", "true"], ...Request.query({ ...from, ...selected(selection) })],
        accept: representation.accept
      }).pipe(
        Stream.mapArrayEffect((events) =>
          areTyped(events)
            ? Effect.succeed(events)
            : Effect.fail(undecodable(events.find((event) => !isTyped(event))?.object))
        )
      )
  }
}

/**
 * The collections of a server, as informers ask for them: a lost connection is the informer's to mend, whose delays
 * grow, so requests are not repeated below it.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<ListWatchSource.ListWatchSource, never, RestClient.RestClient> = Layer.effect(
  ListWatchSource.ListWatchSource,
  Effect.map(RestClient.RestClient, (client) => {
    const rest = RestClient.RestClient.of({
      ...client,
      json: (request) => client.json({ ...request, isRepeated: false }),
      watch: (request) => client.watch({ ...request, isRepeated: false })
    })
    return ListWatchSource.ListWatchSource.of({
      objects: (resource, options) => make(rest, resource, objects(resource), options),
      metadata: (resource, options) => make(rest, resource, metadata(), options)
    })
  })
)

/**
 * The error of a successful answer that is not what was asked for.
 *
 * @category errors
 * @since 0.1.0
 */
export const unexpected = (
  rest: RestClient.RestClient["Service"],
  request: Request.Request,
  body: unknown,
  wanted: string
): RequestError =>
  new RequestError({
    reason: new Decode({
      verb: request.verb,
      url: `${rest.server}${Request.path(request)}`,
      description: `expected ${wanted}, got ${describe(body)}`
    })
  })

// An unset selector must not hide the one a caller of `list` gives.
const selected = (selection: Selection): Selection => ({
  ...(selection.labelSelector === undefined ? {} : { labelSelector: selection.labelSelector }),
  ...(selection.fieldSelector === undefined ? {} : { fieldSelector: selection.fieldSelector }),
  ...(selection.shardSelector === undefined ? {} : { shardSelector: selection.shardSelector })
})

interface WireList {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: ListMeta
  readonly items: ReadonlyArray<object>
}

const isList = (body: unknown): body is WireList =>
  Predicate.isObject(body) && Predicate.isObject(body["metadata"]) && globalThis.Array.isArray(body["items"])

const describe = (body: unknown): string => {
  if (!Predicate.isObject(body)) return body === undefined ? "nothing" : `a ${typeof body}`
  return typeof body["kind"] === "string"
    ? `a ${body["kind"]} of ${String(body["apiVersion"])}`
    : "an object without kind"
}
