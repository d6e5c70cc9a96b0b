/**
 * `KubernetesHttpClient`: Effect Cluster's `K8sHttpClient` on this library's transport.
 *
 * For programs that use `effect/cluster`'s own Kubernetes modules (`RunnerHealth.layerK8s`, `K8sHttpClient.makeGetPods`):
 * the built-in layer works inside a pod alone and trusts what it read at its start. With this one they speak to whatever
 * cluster the program is configured for, and credentials and authorities that rotate are followed.
 *
 * @since 0.1.0
 */
import * as K8sHttpClient from "effect/cluster/K8sHttpClient"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { RequestError } from "../Machinery/RequestError.ts"
import * as Transport from "../Rest/Transport.ts"

/**
 * Any HTTP request to the API server, through the transport. Paths are the server's own: `/api/v1/pods`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromTransport = (transport: Transport.Transport["Service"]): HttpClient.HttpClient =>
  HttpClient.make((request, url, signal) =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const close = Scope.close(scope, Exit.void)
      const services = yield* Effect.context<never>()
      // Who abandons the request or its response aborts, wherever that finds it: the connection is released then.
      signal.addEventListener("abort", () => void Effect.runForkWith(services)(close), { once: true })
      const failed = (error: RequestError) =>
        new HttpClientError.HttpClientError({
          reason: new HttpClientError.TransportError({ request, cause: error, description: error.message })
        })
      const method = methods.find((known) => known === request.method)
      if (method === undefined) return yield* refused(request, `an API server does not serve ${request.method}`)
      const body = yield* bodyOf(request)
      const response = yield* transport.execute({
        method,
        path: `${url.pathname}${url.search}`,
        headers: Object.entries(request.headers),
        verb: request.method.toLowerCase(),
        ...(body === undefined ? {} : { body })
      }).pipe(Scope.provide(scope), Effect.mapError(failed), Effect.onError(() => close))
      const bytes = Stream.ensuring(response.body, close)
      const isEmpty = response.status === 204 || response.status === 205 || response.status === 304
      if (isEmpty) yield* close
      const headers = new Headers()
      for (const name of Object.keys(response.headers)) {
        for (const value of Transport.header(response, name)) headers.append(name, value)
      }
      const stream = isEmpty ? null : Stream.toReadableStreamWith(bytes, services)
      return HttpClientResponse.fromWeb(request, new Response(stream, { status: response.status, headers }))
    })
  )

const refused = (request: HttpClientRequest.HttpClientRequest, cause: unknown) =>
  new HttpClientError.HttpClientError({ reason: new HttpClientError.EncodeError({ request, cause }) })

const bodyOf = (
  request: HttpClientRequest.HttpClientRequest
): Effect.Effect<string | Uint8Array | undefined, HttpClientError.HttpClientError> => {
  const { body } = request
  switch (body._tag) {
    case "Empty":
      return Effect.undefined
    case "Uint8Array":
      return Effect.succeed(body.body)
    case "Stream":
      return Effect.mapError(
        Effect.map(Stream.mkArrayBuffer(body.stream), (buffer) => new Uint8Array(buffer)),
        (cause) => refused(request, cause)
      )
    case "Raw":
      return typeof body.body === "string" || body.body instanceof Uint8Array
        ? Effect.succeed(body.body)
        : Effect.fail(refused(request, "a body that is neither text nor bytes"))
    case "FormData":
      return Effect.fail(refused(request, "an API server takes no forms"))
  }
}

const methods: ReadonlyArray<Transport.Method> = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

/**
 * The client that `effect/cluster` asks for. As with its own: paths are under `/api`, answers other than 2xx are errors,
 * and what may pass is tried again every 5 s.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<K8sHttpClient.K8sHttpClient, never, Transport.Transport> = Layer.effect(
  K8sHttpClient.K8sHttpClient
)(Effect.map(Transport.Transport, (transport) =>
  fromTransport(transport).pipe(
    HttpClient.mapRequest(HttpClientRequest.prependUrl(`${transport.server}/api`)),
    HttpClient.filterStatusOk,
    HttpClient.retryTransient({ schedule: Schedule.spaced("5 seconds") })
  )))
