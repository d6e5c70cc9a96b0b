/**
 * `FakeClient`: a client whose calls a test records and scripts, after client-go's `testing.Fake`.
 *
 * Below it is an `ApiServer`, so what nobody scripts is answered truly. A reactor looks at an action before the server
 * does and may answer in its place: with an object, a failure, or a watch of the test's own. All actions are recorded,
 * whoever answers. It stands in for `Transport`, so every client of this library can be faked with it.
 *
 * Use it to count and to break calls; to test behaviour, `ApiServer` alone is the better server.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as Kubernetes from "../Kubernetes.ts"
import type * as ApiError from "../Machinery/ApiError.ts"
import type * as RequestError from "../Machinery/RequestError.ts"
import type { KubeObject } from "../Machinery/Resource.ts"
import type * as Status from "../Machinery/Status.ts"
import * as RestClient from "../Rest/RestClient.ts"
import * as Transport from "../Rest/Transport.ts"
import type { WatchEvent } from "../Watch/WatchEvent.ts"
import * as ApiServer from "./ApiServer.ts"
import * as Router from "./internal/router.ts"

/**
 * One call.
 *
 * @category models
 * @since 0.1.0
 */
export interface Action {
  /** `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`. */
  readonly verb: string
  /** Empty for the core group, and for paths that are no resources. */
  readonly group: string
  readonly version: string
  /** The plural; empty for paths that are no resources. */
  readonly resource: string
  /** Empty for the object itself. */
  readonly subresource: string
  /** Empty for all namespaces, and for kinds that live in none. */
  readonly namespace: string
  /** Empty where the call names no object. */
  readonly name: string
  /** The path with its query. */
  readonly path: string
  /** The decoded JSON body; `undefined` where there is none. */
  readonly body: unknown
}

/**
 * What a reactor answers in place of the server.
 *
 * @category models
 * @since 0.1.0
 */
export type Answer =
  /** An object or a list, as JSON. */
  | { readonly _tag: "Object"; readonly object: unknown; readonly status: number }
  /** A refusal. */
  | { readonly _tag: "Failure"; readonly status: Status.Status & { readonly code: number } }
  /** The events of a watch, for as long as the stream lasts. */
  | { readonly _tag: "Watch"; readonly events: Stream.Stream<WatchEvent<unknown>, RequestError.RequestError> }

/**
 * An answer with an object or a list. 200 unless given.
 *
 * @category constructors
 * @since 0.1.0
 */
export const object = (object: unknown, status = 200): Answer => ({ _tag: "Object", object, status })

/**
 * A refusal with a reason that is one of `ApiError`'s, and a sentence.
 *
 * @category constructors
 * @since 0.1.0
 */
export const failure = (options: {
  readonly code: number
  /** `NotFound`, `Conflict`, `Forbidden` … */
  readonly reason: ApiError.ApiError["reason"]["_tag"]
  readonly message: string
  readonly details?: Status.StatusDetails | undefined
}): Answer => ({
  _tag: "Failure",
  status: {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: options.message,
    reason: options.reason,
    ...(options.details === undefined ? {} : { details: options.details }),
    code: options.code
  }
})

/**
 * The events of a watch. The connection ends with the stream.
 *
 * @category constructors
 * @since 0.1.0
 */
export const watch = (events: Stream.Stream<WatchEvent<unknown>, RequestError.RequestError>): Answer => ({
  _tag: "Watch",
  events
})

/**
 * Looks at an action; `none` leaves it to the next reactor, and to the server in the end.
 *
 * @category models
 * @since 0.1.0
 */
export type Reactor = (action: Action) => Effect.Effect<Option.Option<Answer>, RequestError.RequestError>

/**
 * The calls of a test.
 *
 * @category services
 * @since 0.1.0
 */
export class FakeClient extends Context.Service<FakeClient, {
  /** The calls so far, oldest first. */
  readonly actions: Effect.Effect<ReadonlyArray<Action>>
  /** Forgets the calls so far. */
  readonly clearActions: Effect.Effect<void>
  /**
   * Puts a reactor before all others. It sees actions of this verb on this resource; `*` stands for any. A resource may
   * name a subresource, `pods/status`; without one it does not see those of subresources.
   */
  readonly prependReactor: (verb: string, resource: string, reactor: Reactor) => Effect.Effect<void>
  /**
   * Puts objects into the server as they are but for identity and version, and their namespaces where these are missing.
   * Not recorded. Dies where the server refuses one, as the test's own objects are then wrong.
   */
  readonly add: (...objects: ReadonlyArray<KubeObject>) => Effect.Effect<void>
}>()("effect-kubernetes/Testing/FakeClient") {}

const actionOf = (request: Transport.TransportRequest): Action => {
  const at = request.path.indexOf("?")
  const path = Router.parse(at === -1 ? request.path : request.path.slice(0, at))
  const query = new URLSearchParams(at === -1 ? "" : request.path.slice(at + 1))
  const text = request.body === undefined || typeof request.body === "string"
    ? request.body
    : new TextDecoder().decode(request.body)
  const body = text === undefined || text === "" ? undefined : decoded(text)
  if (path._tag !== "Resource") {
    return {
      verb: request.verb,
      group: path._tag === "Group" ? path.group : "",
      version: path._tag === "Group" ? path.version : "",
      resource: "",
      subresource: "",
      namespace: "",
      name: "",
      path: request.path,
      body
    }
  }
  const { group, name, namespace, plural, subresource, version } = path
  const isWatch = query.get("watch") === "true" || query.get("watch") === "1"
  return {
    verb: Router.verb(request.method, path, isWatch) ?? request.verb,
    group,
    version,
    resource: plural,
    subresource,
    namespace,
    name,
    path: request.path,
    body
  }
}

const parseJson = Option.liftThrowable((text: string): unknown => JSON.parse(text))

// A body that is no JSON, as YAML of an apply, is recorded as the text it is.
const decoded = (text: string): unknown => Option.getOrElse(parseJson(text), () => text)

const encoder = new TextEncoder()

const jsonType = { "content-type": "application/json" }

const responseOf = (answer: Answer): Transport.TransportResponse => {
  if (answer._tag === "Watch") {
    const body = Stream.map(answer.events, (event) => encoder.encode(`${JSON.stringify(event)}\n`))
    return { status: 200, headers: jsonType, body, text: Stream.mkString(Stream.decodeText(body)) }
  }
  const text = JSON.stringify(answer._tag === "Object" ? answer.object : answer.status)
  return {
    status: answer._tag === "Object" ? answer.status : answer.status.code,
    headers: jsonType,
    text: Effect.succeed(text),
    body: Stream.sync(() => encoder.encode(text))
  }
}

interface Registered {
  readonly verb: string
  readonly resource: string
  readonly reactor: Reactor
}

const sees = ({ resource, verb }: Registered, action: Action): boolean => {
  const named = action.subresource === "" ? action.resource : `${action.resource}/${action.subresource}`
  return (verb === "*" || verb === action.verb) && (resource === "*" || resource === named)
}

/**
 * Makes a fake over a server, and the transport that goes through it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  server: ApiServer.ApiServer["Service"]
): Effect.Effect<{ readonly fake: FakeClient["Service"]; readonly transport: Transport.Transport["Service"] }> =>
  Effect.gen(function*() {
    const rest = yield* RestClient.make().pipe(Effect.provideService(Transport.Transport, server.transport))
    let recorded: ReadonlyArray<Action> = []
    let reactors: ReadonlyArray<Registered> = []

    const react = Effect.fnUntraced(function*(action: Action) {
      for (const registered of reactors) {
        if (!sees(registered, action)) continue
        const answer = yield* registered.reactor(action)
        if (Option.isSome(answer)) return answer.value
      }
      return undefined
    })

    const transport: Transport.Transport["Service"] = {
      server: server.transport.server,
      execute: Effect.fnUntraced(function*(request: Transport.TransportRequest) {
        const action = actionOf(request)
        recorded = [...recorded, action]
        const answer = yield* react(action)
        return answer === undefined ? yield* server.transport.execute(request) : responseOf(answer)
      })
    }

    const post = (path: string, body: unknown) =>
      rest.json({ method: "POST", verb: "create", target: { _tag: "Path", path }, body })

    const addOne = Effect.fnUntraced(function*(object: KubeObject) {
      const apiVersion = object.apiVersion ?? "v1"
      const namespace = object.metadata?.namespace
      if (namespace !== undefined) {
        yield* post("/api/v1/namespaces", { metadata: { name: namespace } }).pipe(
          Effect.catchReason("ApiError", "AlreadyExists", () => Effect.void)
        )
      }
      const { resources } = (yield* rest.json({
        method: "GET",
        verb: "get",
        target: { _tag: "Path", path: apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}` }
      })) as {
        readonly resources: ReadonlyArray<
          { readonly name: string; readonly kind: string; readonly namespaced: boolean }
        >
      }
      const resource = resources.find(({ kind, name }) => kind === object.kind && !name.includes("/"))
      const home = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`
      const place = resource?.namespaced === true ? `/namespaces/${namespace ?? "default"}` : ""
      yield* post(`${home}${place}/${resource?.name ?? object.kind ?? ""}`, object)
    })

    return {
      transport,
      fake: FakeClient.of({
        actions: Effect.sync(() => recorded),
        clearActions: Effect.sync(() => {
          recorded = []
        }),
        prependReactor: (verb, resource, reactor) =>
          Effect.sync(() => {
            reactors = [{ verb, resource, reactor }, ...reactors]
          }),
        // A test whose own objects are refused is a wrong test.
        add: (...objects) => Effect.orDie(Effect.forEach(objects, addOne, { discard: true }))
      })
    }
  })

/**
 * A fake over a new `ApiServer` with some objects in it, and the clients of `Kubernetes` that go through it.
 *
 * ```ts
 * const layer = FakeClient.layer([{ apiVersion: "v1", kind: "Pod", metadata: { name: "web-0", namespace: "default" }, … }])
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  objects: ReadonlyArray<KubeObject> = []
): Layer.Layer<FakeClient | ApiServer.ApiServer | Transport.Transport | Kubernetes.Kubernetes> =>
  Kubernetes.layer.pipe(Layer.provideMerge(Layer.effectContext(
    Effect.gen(function*() {
      const server = yield* ApiServer.make()
      const { fake, transport } = yield* make(server)
      yield* fake.add(...objects)
      return Context.make(FakeClient, fake).pipe(
        Context.add(ApiServer.ApiServer, server),
        Context.add(Transport.Transport, transport)
      )
    })
  )))
