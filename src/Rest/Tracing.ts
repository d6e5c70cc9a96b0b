/**
 * Spans of API calls: one for each call, one for each watch connection, none for events.
 *
 * Names have few values (`GET pods`), attributes follow the HTTP client conventions of OpenTelemetry and its `k8s.*`
 * names. A span is made only where somebody looks: a tracer is provided, or the caller is in a span already. The
 * `traceparent` header goes with each.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Result from "effect/Result"
import * as Tracer from "effect/Tracer"
import { ApiError } from "../Machinery/ApiError.ts"
import { RequestError } from "../Machinery/RequestError.ts"
import { WatchError } from "../Watch/WatchError.ts"
import * as Request from "./Request.ts"

/**
 * The status codes that do not mark a span as failed: 404 and 409 unless provided, since callers ask for what may not
 * be there and write what may have changed.
 *
 * @category services
 * @since 0.1.0
 */
export const ExpectedStatuses: Context.Reference<ReadonlyArray<number>> = Context.Reference<ReadonlyArray<number>>(
  "effect-kubernetes/Rest/Tracing/ExpectedStatuses",
  { defaultValue: () => [404, 409] }
)

/**
 * Whether a span made by this fiber would be seen by anybody.
 *
 * @category guards
 * @since 0.1.0
 */
export const isWanted = ({ cache }: Fiber.Fiber<unknown, unknown>): boolean =>
  cache.tracerEnabled && (cache.tracer !== undefined || cache.span !== undefined)

/**
 * What is the same for all spans of one client.
 *
 * @category models
 * @since 0.1.0
 */
export interface Peer {
  /** The server's address with scheme. */
  readonly server: string
  /** `server.address`, `server.port`, and `k8s.cluster.name` where it is known. */
  readonly attributes: { readonly [name: string]: unknown }
}

/**
 * Reads a server's address once for all spans.
 *
 * @category constructors
 * @since 0.1.0
 */
export const peer = (server: string, clusterName?: string): Peer => {
  const url = URL.parse(server)
  return {
    server,
    attributes: {
      ...(url === null ? {} : {
        "server.address": url.hostname.replace(/^\[|\]$/g, ""),
        "server.port": url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port)
      }),
      ...(clusterName === undefined ? {} : { "k8s.cluster.name": clusterName })
    }
  }
}

/**
 * Starts the span of a call.
 *
 * @category constructors
 * @since 0.1.0
 */
export const start = (request: Request.Request, peer: Peer): Effect.Effect<Tracer.Span> =>
  Effect.makeSpan(nameOf(request), { kind: "client", attributes: attributesOf(request, peer) })

/**
 * Ends it. A failure that is an expected status ends as a success that carries the status.
 *
 * @category combinators
 * @since 0.1.0
 */
export const end = (span: Tracer.Span, exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> =>
  Effect.withFiber((fiber) => {
    const endTime = fiber.getRef(Clock.Clock).currentTimeNanosUnsafe()
    if (Exit.isSuccess(exit)) {
      span.end(endTime, Exit.void)
      return Effect.void
    }
    const failure = Cause.findError(exit.cause)
    const error = Result.isSuccess(failure) ? failure.success : undefined
    const [type, status] = describe(error)
    if (status !== undefined) span.attribute("http.response.status_code", status)
    if (status !== undefined && fiber.getRef(ExpectedStatuses).includes(status)) {
      span.end(endTime, Exit.void)
      return Effect.void
    }
    if (type !== undefined) span.attribute("error.type", type)
    span.end(endTime, exit)
    return Effect.void
  })

const describe = (error: unknown): readonly [type: string | undefined, status: number | undefined] => {
  if (error instanceof ApiError) return [error.reason._tag, error.reason.status.code]
  if (error instanceof RequestError) {
    return [error.reason._tag === "Transport" ? error.reason.kind : error.reason._tag, undefined]
  }
  if (error instanceof WatchError) {
    const { reason } = error
    return [
      reason._tag,
      reason._tag === "Expired" || reason._tag === "Api" ? reason.error.reason.status.code : undefined
    ]
  }
  return [undefined, undefined]
}

/**
 * The value of the `traceparent` header, where the span is to be made known to the server.
 *
 * @category accessors
 * @since 0.1.0
 */
export const traceparent = (span: Tracer.Span): string | undefined =>
  Context.get(span.annotations, Tracer.DisablePropagation)
    ? undefined
    : `00-${span.traceId.padStart(32, "0")}-${span.spanId}-${span.sampled ? "01" : "00"}`

const nameOf = (request: Request.Request): string => {
  const { target } = request
  if (target._tag === "Path") return `${request.method} ${Request.template(request)}`
  const what = target.subresource === undefined ? target.plural : `${target.plural}/${target.subresource}`
  return `${request.method} ${what}`
}

// The names that OpenTelemetry has for what a resource is an instance of.
const kinds: { readonly [plural: string]: string } = {
  pods: "pod",
  nodes: "node",
  namespaces: "namespace",
  deployments: "deployment",
  replicasets: "replicaset",
  statefulsets: "statefulset",
  daemonsets: "daemonset",
  jobs: "job",
  cronjobs: "cronjob",
  replicationcontrollers: "replicationcontroller",
  horizontalpodautoscalers: "hpa",
  resourcequotas: "resourcequota"
}

const attributesOf = (request: Request.Request, peer: Peer): Record<string, unknown> => {
  const out: Record<string, unknown> = {
    "http.request.method": request.method,
    "url.template": Request.template(request),
    "url.full": `${peer.server}${Request.path(request)}`,
    "k8s.request.verb": request.verb,
    ...peer.attributes
  }
  const { target } = request
  if (target._tag === "Resource") {
    out["k8s.resource.name"] = Request.resource(request)
    if (target.namespace !== undefined && target.namespace !== "") out["k8s.namespace.name"] = target.namespace
    const kind = Object.hasOwn(kinds, target.plural) ? kinds[target.plural] : undefined
    if (target.name !== undefined) out[kind === undefined ? "k8s.object.name" : `k8s.${kind}.name`] = target.name
  }
  return out
}
