/**
 * `ApiServer`: a Kubernetes API server in memory, for tests.
 *
 * It answers what a real kube-apiserver answers (create, update, patch in four kinds, server-side apply, lists in pages,
 * watches with bookmarks, custom resources, discovery, `Status` errors) without a socket, behind the same `Transport`
 * that real connections go through. So a test runs the program's own clients, and only the layer changes. Time is the
 * Clock's and chance is Random's: under `TestClock` nothing happens that the test did not ask for.
 *
 * It has no workload controllers, no scheduler and no kubelets: a Deployment makes no pods. Namespaces are emptied,
 * definitions served and dependents of deleted owners collected, in the same step as the change that caused it.
 *
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Yaml from "yaml"
import * as Kubernetes from "../Kubernetes.ts"
import * as RequestError from "../Machinery/RequestError.ts"
import * as Transport from "../Rest/Transport.ts"
import * as Bootstrap from "./internal/bootstrap.ts"
import * as Controllers from "./internal/controllers.ts"
import * as Handler from "./internal/handler.ts"
import * as Identity from "./internal/identity.ts"
import type * as Reply from "./internal/reply.ts"
import type * as Server from "./internal/server.ts"
import * as Store from "./internal/store.ts"
import * as Wakeups from "./internal/wakeups.ts"
import * as Watching from "./internal/watching.ts"

/**
 * Who sends a request.
 *
 * @category models
 * @since 0.1.0
 */
export interface User {
  /** As bindings name it; a service account is `system:serviceaccount:NAMESPACE:NAME`. */
  readonly name: string
  /** Unset for users from certificates. */
  readonly uid?: string | undefined
  /** Members of `system:masters` may do everything. */
  readonly groups: ReadonlyArray<string>
}

/**
 * Who sends requests that carry no credentials of their own, unless the options say otherwise.
 *
 * @category constructors
 * @since 0.1.0
 */
export const administrator: User = {
  name: "kubernetes-admin",
  groups: ["system:masters", "system:authenticated"]
}

/**
 * What kind of cluster to be.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /**
   * Which built-in versions are served: `default`, those that a real server of Kubernetes 1.36 has on, which are the
   * stable ones; or `all` of the generated ones. `default` unless given.
   */
  readonly apis?: "default" | "all" | undefined
  /**
   * `AlwaysAllow`, or `RBAC`: the Roles and ClusterRoles in the store and their bindings decide, and what they do not
   * allow is Forbidden. `AlwaysAllow` unless given.
   */
  readonly authorization?: "AlwaysAllow" | "RBAC" | undefined
  /** Who bears which token. A request with another token is Unauthorized. Unless given, tokens are not looked at. */
  readonly tokens?: { readonly [token: string]: User } | undefined
  /**
   * Whether requests without credentials are Unauthorized, but for those that ask for health or version. `optional`
   * unless given.
   */
  readonly credentials?: "optional" | "required" | undefined
  /** Who sends requests without credentials, where these are optional. `administrator` unless given. */
  readonly user?: User | undefined
  /** Whether objects go when their owners are gone, as a real cluster's garbage collector does. True unless given. */
  readonly garbageCollector?: boolean | undefined
  /**
   * How many changes of each resource type are kept for watches to resume from. 10,000 unless given; twice as many are
   * held at most.
   */
  readonly historyLimit?: number | undefined
  /** The address that errors and discovery name. `https://in-memory:6443` unless given. */
  readonly server?: string | undefined
}

/**
 * Everything in a server at one moment. Opaque; it may be put back into the server it came from, any number of times.
 *
 * @category models
 * @since 0.1.0
 */
export interface Snapshot {
  /** The `resourceVersion` of that moment. */
  readonly resourceVersion: string
  /** The objects. */
  readonly content: Store.Snapshot
}

/**
 * A server that a test holds in its hands.
 *
 * @category services
 * @since 0.1.0
 */
export class ApiServer extends Context.Service<ApiServer, {
  /** The way in. `layer` provides it as `Transport`. */
  readonly transport: Transport.Transport["Service"]
  /** The way in as somebody else, whatever credentials requests carry. */
  readonly as: (user: User) => Transport.Transport["Service"]
  /** The version of the latest write. */
  readonly resourceVersion: Effect.Effect<string>
  /**
   * Forgets all history, as etcd's compaction does: resuming a watch or a paged list from before now answers 410. Open
   * watches that have read everything go on; those that have not end.
   */
  readonly compact: Effect.Effect<void>
  /**
   * Ends all open watches: `close` as a server that restarts in order, at the end of an event; `reset` as a broken
   * connection. `close` unless given.
   */
  readonly disconnectWatches: (how?: "close" | "reset") => Effect.Effect<void>
  /** The number of watches that are open. */
  readonly openWatches: Effect.Effect<number>
  /** The content as it is now. */
  readonly snapshot: Effect.Effect<Snapshot>
  /**
   * Stops and starts again: open watches are reset and history is lost. With a snapshot, the server comes back with
   * that older content, as from a backup of etcd: its versions then lie before those that clients know, and the next
   * writes use them again, which no client can always notice. `bumpRevision` goes on from the newest version instead and
   * forgets all before it, as `etcdutl snapshot restore --bump-revision --mark-compacted` does; clients then get 410.
   */
  readonly restart: (from?: Snapshot, options?: { readonly bumpRevision?: boolean | undefined }) => Effect.Effect<void>
}>()("effect-kubernetes/Testing/ApiServer") {}

const encoder = new TextEncoder()

const textOf = (body: string | Uint8Array | undefined): string =>
  body === undefined ? "" : typeof body === "string" ? body : new TextDecoder().decode(body)

const headersOf = (request: Transport.TransportRequest): Identity.Headers => {
  const headers = new Map<string, Array<string>>()
  for (const [name, value] of request.headers) {
    const key = name.toLowerCase()
    const text = typeof value === "string" ? value : Redacted.value(value)
    const known = headers.get(key)
    if (known === undefined) headers.set(key, [text])
    else known.push(text)
  }
  return headers
}

const first = (headers: Identity.Headers, name: string): string => headers.get(name)?.[0] ?? ""

const printed = ({ body, contentType, isText }: Reply.Whole, isPretty: boolean): string => {
  if (isText) return String(body)
  if (contentType === "application/yaml") return Yaml.stringify(body)
  return isPretty ? JSON.stringify(body, null, 2) : `${JSON.stringify(body)}\n`
}

const isPretty = (query: URLSearchParams, userAgent: string): boolean => {
  const asked = query.get("pretty")
  return asked === null ? /^(?:curl|Wget|Mozilla)\//.test(userAgent) : asked === "true" || asked === "1"
}

const isPublic = (path: string): boolean => /^\/(?:version|healthz|livez|readyz)(?:\/|$)/.test(path)

const warningHeader = (warnings: ReadonlyArray<string>): { readonly [name: string]: ReadonlyArray<string> } => {
  const lines = [...new Set(warnings)].map((text) =>
    `299 - "${text.replaceAll("\\", "\\\\").replaceAll("\"", "\\\"")}"`
  )
  return lines.length === 0 ? {} : { warning: lines }
}

/**
 * Makes a server with the objects that every cluster begins with: the namespaces `default`, `kube-system`,
 * `kube-public` and `kube-node-lease`, the service `kubernetes`, two priority classes.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(options?: Options): Effect.fn.Return<ApiServer["Service"]> {
  const address = options?.server ?? "https://in-memory:6443"
  const isAuthorized = options?.authorization === "RBAC"
  const user = options?.user ?? administrator
  const server = Bootstrap.make({
    apis: options?.apis ?? "default",
    historyLimit: options?.historyLimit ?? 10_000,
    hasGarbageCollector: options?.garbageCollector ?? true
  })
  const connections = new Set<Watching.Connection>()

  const environment = Effect.zipWith(Clock.currentTimeMillis, Random.Random, (now, random) => ({
    now,
    random: () => random.nextDoubleUnsafe()
  }))

  // Watches are woken after the step, so that none of them runs in the middle of it.
  const wake = Effect.suspend(() => {
    const { dirty } = server.store
    if (dirty.size === 0) return Effect.void
    const changed = [...dirty].map((table) => table.changed)
    dirty.clear()
    return Wakeups.wake(changed)
  })

  const watchBody = Effect.fnUntraced(function*(reply: Reply.Watch, request: Transport.TransportRequest) {
    const connection: Watching.Connection = { ending: undefined, changed: new Set() }
    yield* Effect.acquireRelease(
      Effect.sync(() => connections.add(connection)),
      () => Effect.sync(() => connections.delete(connection))
    )
    const fault = new RequestError.RequestError({
      reason: new RequestError.Transport({
        verb: request.verb,
        url: `${address}${request.path.split("?")[0] ?? ""}`,
        description: "the connection was reset by the server",
        kind: "Reset"
      })
    })
    return Watching.body(server, reply.watch, connection, reply.present, fault)
  })

  const transport = (fixed: User | undefined): Transport.Transport["Service"] => ({
    server: address,
    execute: Effect.fnUntraced(function*(
      request: Transport.TransportRequest
    ): Effect.fn.Return<Transport.TransportResponse, RequestError.RequestError, Scope.Scope> {
      // A request takes a moment, as on a wire: fibers forked before it get to run before its answer is there.
      yield* Effect.yieldNow
      const { now, random } = yield* environment
      const headers = headersOf(request)
      const at = request.path.indexOf("?")
      const path = at === -1 ? request.path : request.path.slice(0, at)
      const query = new URLSearchParams(at === -1 ? "" : request.path.slice(at + 1))
      const userAgent = first(headers, "user-agent")
      const warnings: Array<string> = []
      const reply = Identity.authenticated(headers, {
        fixed,
        anonymous: options?.credentials !== "required" || isPublic(path) ? user : undefined,
        tokens: options?.tokens
      }, (sender) => {
        const call: Server.Call = { now, random, user: sender, userAgent, query, warnings }
        return Handler.handle(server, call, {
          method: request.method,
          path,
          accept: first(headers, "accept"),
          body: { text: textOf(request.body), contentType: first(headers, "content-type") },
          address: address.replace(/^https?:\/\//, ""),
          isAuthorized
        })
      })
      Controllers.settle(server, { now })
      yield* wake
      const head = { "cache-control": "no-cache, private", ...warningHeader(warnings) }
      if (reply._tag === "Watch") {
        const body = yield* watchBody(reply, request)
        return {
          status: 200,
          headers: { ...head, "content-type": "application/json" },
          text: Stream.mkString(Stream.decodeText(body)),
          body
        }
      }
      const text = request.method === "HEAD" ? "" : printed(reply, isPretty(query, userAgent))
      return {
        status: reply.status,
        headers: { ...head, ...reply.headers, "content-type": reply.contentType },
        text: Effect.succeed(text),
        body: text === "" ? Stream.empty : Stream.sync(() => encoder.encode(text))
      }
    })
  })

  const disconnect = (how: Watching.Ending) =>
    Effect.suspend(() => {
      const open = [...connections]
      for (const connection of open) connection.ending = how
      return Wakeups.wake(open.map((connection) => connection.changed))
    })

  const { now, random } = yield* environment
  Bootstrap.fill(server, {
    now,
    random,
    user: administrator,
    userAgent: "kube-apiserver",
    query: new URLSearchParams(),
    warnings: []
  })
  server.store.dirty.clear()

  return ApiServer.of({
    transport: transport(undefined),
    as: transport,
    resourceVersion: Effect.sync(() => String(server.store.revision)),
    compact: Effect.sync(() => Store.compact(server.store)),
    disconnectWatches: (how = "close") => disconnect(how),
    openWatches: Effect.sync(() => connections.size),
    snapshot: Effect.sync(() => ({
      resourceVersion: String(server.store.revision),
      content: Store.snapshot(server.store)
    })),
    restart: Effect.fnUntraced(function*(from?: Snapshot, options?: { readonly bumpRevision?: boolean | undefined }) {
      yield* disconnect("reset")
      const { now } = yield* environment
      const newest = server.store.revision
      Store.restore(server.store, from?.content ?? Store.snapshot(server.store))
      if (options?.bumpRevision === true) Store.advance(server.store, newest + 1)
      Bootstrap.reindex(server, { now })
      server.store.dirty.clear()
    })
  })
})

/**
 * The server and the way into it, and nothing else: for programs that make their own clients, and for middleware such
 * as `Faults`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerTransport = (options?: Options): Layer.Layer<ApiServer | Transport.Transport> =>
  Layer.effectContext(
    Effect.map(make(options), (server) =>
      Context.make(ApiServer, server).pipe(Context.add(Transport.Transport, server.transport)))
  )

/**
 * A server as described, with the clients and informers of `Kubernetes` over it.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerOptions = (
  options: Options
): Layer.Layer<ApiServer | Transport.Transport | Kubernetes.Kubernetes> =>
  Kubernetes.layer.pipe(Layer.provideMerge(layerTransport(options)))

/**
 * A server with the clients and informers of `Kubernetes` over it: what a test provides in place of a real
 * cluster. Each use of the layer is a new server, empty but for what every cluster begins with.
 *
 * ```ts
 * it.effect("scales", () =>
 *   Effect.gen(function*() {
 *     const { appsV1 } = yield* Clientset.Clientset
 *     yield* appsV1.deployments("default").create(web)
 *   }).pipe(Effect.provide(ApiServer.layer)))
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<ApiServer | Transport.Transport | Kubernetes.Kubernetes> = layerOptions({})
