/**
 * `RestClient`: Kubernetes verbs over a `Transport`.
 *
 * Every client stands on it. It builds the path, waits its turn, sends, waits as long as the server's Retry-After says
 * (here and only here), classifies the answer once, reports warnings and counts. It knows no kinds: what it decodes is
 * plain JSON.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { ClientConfig } from "../Config/ClientConfig.ts"
import type * as Backoff from "../FlowControl/Backoff.ts"
import * as TokenBucket from "../FlowControl/TokenBucket.ts"
import type * as ApiError from "../Machinery/ApiError.ts"
import * as ObjectKey from "../Machinery/ObjectKey.ts"
import * as RequestError from "../Machinery/RequestError.ts"
import type { KubeObject } from "../Machinery/Resource.ts"
import type { Failure } from "../Watch/ListWatch.ts"
import * as WatchError from "../Watch/WatchError.ts"
import type { WatchEvent } from "../Watch/WatchEvent.ts"
import * as WatchFrame from "../Watch/WatchFrame.ts"
import { WriteObserver } from "../Watch/WriteObserver.ts"
import * as restCall from "./internal/restCall.ts"
import * as Request from "./Request.ts"
import * as RestMetrics from "./RestMetrics.ts"
import * as RetryAfter from "./RetryAfter.ts"
import * as Tracing from "./Tracing.ts"
import * as Transport from "./Transport.ts"
import * as UserAgent from "./UserAgent.ts"

/**
 * Kubernetes verbs over a transport.
 *
 * @category services
 * @since 0.1.0
 */
export class RestClient extends Context.Service<RestClient, {
  /** The server's address without path and credentials. */
  readonly server: string
  /** The decoded JSON body of a successful answer; `undefined` where the body is empty. */
  readonly json: (request: Request.Request) => Effect.Effect<unknown, ApiError.ApiError | RequestError.RequestError>
  /** The text of a successful answer. */
  readonly text: (request: Request.Request) => Effect.Effect<string, ApiError.ApiError | RequestError.RequestError>
  /** The bytes of a successful answer as they arrive, as of followed logs. The connection closes with the stream. */
  readonly bytes: (
    request: Request.Request
  ) => Stream.Stream<Uint8Array, ApiError.ApiError | RequestError.RequestError>
  /**
   * The events of one watch connection, as they arrive; one pull is one read of the socket. The parameter `watch=true`
   * is added where it is missing.
   */
  readonly watch: (request: Request.Request) => Stream.Stream<WatchEvent<unknown>, Failure>
  /** A successful answer with its head, for callers that need the headers. */
  readonly response: (
    request: Request.Request
  ) => Effect.Effect<Transport.TransportResponse, ApiError.ApiError | RequestError.RequestError, Scope.Scope>
}>()("effect-kubernetes/Rest/RestClient") {}

/**
 * How a client behaves.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** `UserAgent.Default` unless given. */
  readonly userAgent?: string | undefined
  /**
   * The client's own limit on requests; several clients may share one bucket. None unless given, as servers have
   * priority and fairness; client-go's defaults are 5 a second and 10 at once. Watches do not wait at their start.
   */
  readonly rateLimiter?: TokenBucket.TokenBucket | undefined
  /**
   * Waits before requests to a host that answered 429 or 5xx, longer each time. Keys are hosts; share one between
   * clients of one host. None unless given, as in client-go without KUBE_CLIENT_BACKOFF_BASE.
   */
  readonly backoff?: Backoff.Backoff<string> | undefined
  /** The most times one request is sent again. 10 unless given, as in client-go. */
  readonly maxRetries?: number | undefined
  /**
   * The longest time for one call of `json` or `text`, waits and retries included. The server is told by the parameter
   * `timeout`. None unless given.
   */
  readonly timeout?: Duration.Input | undefined
  /** Sent with every request. None unless given. */
  readonly headers?: ReadonlyArray<Transport.Header> | undefined
  /** For spans. */
  readonly clusterName?: string | undefined
}

/**
 * Makes a client over the transport in context.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  options?: Options
): Effect.fn.Return<RestClient["Service"], never, Transport.Transport> {
  const transport = yield* Transport.Transport
  const userAgent = options?.userAgent ?? (yield* UserAgent.Default)
  const { server } = transport
  const host = URL.parse(server)?.host ?? server
  const client: restCall.Client = {
    transport,
    host,
    headers: [["user-agent", userAgent], ...(options?.headers ?? [])],
    series: RestMetrics.series(host),
    rateLimiter: options?.rateLimiter,
    backoff: options?.backoff,
    maxRetries: options?.maxRetries ?? 10,
    timeout: options?.timeout,
    peer: Tracing.peer(server, options?.clusterName)
  }

  const response = (request: Request.Request) => restCall.open(client, request)

  const startWatch = (request: Request.Request) =>
    Effect.catch(
      response(watching(request)),
      (error): Effect.Effect<Transport.TransportResponse | undefined, Failure> => {
        if (error._tag === "RequestError") {
          return request.isRepeated !== false && RetryAfter.isEmptyWatch(error) ? Effect.undefined : Effect.fail(error)
        }
        const { reason } = error
        return reason._tag === "Expired" || reason._tag === "Gone"
          ? Effect.fail(new WatchError.WatchError({ reason: new WatchError.Expired({ ...whatOf(request), error }) }))
          : Effect.fail(error)
      }
    )

  return RestClient.of({
    server,
    json: (request) => request.method === "GET" ? restCall.json(client, request) : observed(client, request),
    text: (request) => Effect.map(restCall.whole(client, request), (answer) => answer.text),
    bytes: (request) => Stream.unwrap(Effect.map(response(request), (answer) => answer.body)),
    watch: (request) =>
      Stream.unwrap(
        Effect.flatMap(startWatch(request), (answer) => {
          if (answer === undefined) return Effect.succeed(Stream.empty)
          const [type] = Transport.header(answer, "content-type")
          // A server that does not say is taken at its word later, by the frames.
          if (type !== undefined && !type.includes("json")) {
            return Effect.fail(
              new RequestError.RequestError({
                reason: new RequestError.Decode({
                  verb: request.verb,
                  url: `${server}${Request.path(request)}`,
                  description: `expected a stream of JSON, got ${type}`
                })
              })
            )
          }
          return Effect.succeed(answer.body.pipe(WatchFrame.decode(whatOf(request))))
        })
      ),
    response
  })
})

/**
 * A client with client-go's behaviour but for the rate limit: none.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<RestClient, never, Transport.Transport> = Layer.effect(RestClient, make())

/**
 * A client that behaves as the options say.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerOptions = (options: Options): Layer.Layer<RestClient, never, Transport.Transport> =>
  Layer.effect(RestClient, make(options))

/**
 * A client that behaves as `ClientConfig` says: its User-Agent, rate limit and timeout.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerConfig: Layer.Layer<RestClient, never, Transport.Transport | ClientConfig> = /*#__PURE__*/ Layer
  .effect(
    // The annotations let bundlers leave it out, and with it all that reads kubeconfigs, where nobody uses it.
    RestClient,
    /*#__PURE__*/ Effect.gen(function*() {
      const { rateLimit, timeout, userAgent } = yield* ClientConfig
      return yield* make({
        userAgent,
        timeout,
        rateLimiter: rateLimit === undefined ? undefined : yield* TokenBucket.make(rateLimit)
      })
    })
  )

// Without the parameter the server answers with a list.
const watching = (request: Request.Request): Request.Request =>
  request.query?.some(([name]) => name === "watch") === true
    ? request
    : { ...request, query: [["watch", "true"], ...(request.query ?? [])] }

const whatOf = (request: Request.Request) => {
  const { target } = request
  const namespace = target._tag === "Resource" && target.namespace !== "" ? target.namespace : undefined
  return { resource: Request.resource(request), ...(namespace === undefined ? {} : { namespace }) }
}

// What a write stored is told to whoever observes the fiber's writes.
const observed = (
  client: restCall.Client,
  request: Request.Request
): Effect.Effect<unknown, ApiError.ApiError | RequestError.RequestError> =>
  Effect.withFiber((fiber) =>
    Effect.tap(restCall.json(client, request), (body) =>
      Effect.sync(() => {
        const { target } = request
        if (target._tag === "Path" || request.method === "DELETE" || !Predicate.isObject(body)) return
        const { metadata } = body as KubeObject
        if (metadata?.name === undefined || metadata.resourceVersion === undefined) return
        fiber.getRef(WriteObserver)({
          group: target.group,
          plural: target.plural,
          key: ObjectKey.make(metadata.namespace, metadata.name),
          resourceVersion: metadata.resourceVersion,
          labels: metadata.labels ?? {}
        })
      }))
  )
