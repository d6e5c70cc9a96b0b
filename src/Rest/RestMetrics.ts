/**
 * What `RestClient` and its transport count, under the names, labels and buckets of client-go, so that ready dashboards
 * work.
 *
 * Labels have few values by construction: methods, status codes, and the one host of a client. Series are made once
 * and kept, as adding labels costs more than counting.
 *
 * @since 0.1.0
 */
import * as Metric from "effect/Metric"

const durationBuckets = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60]
const sizeBuckets = [64, 256, 512, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216]

/**
 * Requests by status code (`<error>` where no answer came), HTTP method and host.
 *
 * @category metrics
 * @since 0.1.0
 */
export const requests = Metric.counter("rest_client_requests_total", {
  description: "Number of HTTP requests, partitioned by status code, method, and host.",
  incremental: true
})

/**
 * Attempts after the first, by status code, method and host.
 *
 * @category metrics
 * @since 0.1.0
 */
export const retries = Metric.counter("rest_client_request_retries_total", {
  description: "Number of request retries, partitioned by status code, verb, and host.",
  incremental: true
})

/**
 * Seconds from the call to its end, waits and retries included, by method and host. Streams are not counted.
 *
 * @category metrics
 * @since 0.1.0
 */
export const duration = Metric.histogram("rest_client_request_duration_seconds", {
  description: "Request latency in seconds, partitioned by verb and host.",
  boundaries: durationBuckets
})

/**
 * Bytes of request bodies, by method and host.
 *
 * @category metrics
 * @since 0.1.0
 */
export const requestSize = Metric.histogram("rest_client_request_size_bytes", {
  description: "Request size in bytes, partitioned by verb and host.",
  boundaries: sizeBuckets
})

/**
 * Length of answer bodies in UTF-16 code units, which are bytes as far as a body is ASCII, by method and host. Streams
 * are not counted.
 *
 * @category metrics
 * @since 0.1.0
 */
export const responseSize = Metric.histogram("rest_client_response_size_bytes", {
  description: "Response size in bytes, partitioned by verb and host.",
  boundaries: sizeBuckets
})

/**
 * Seconds waited for the client's own rate limit, by method and host.
 *
 * @category metrics
 * @since 0.1.0
 */
export const rateLimiterDuration = Metric.histogram("rest_client_rate_limiter_duration_seconds", {
  description: "Client side rate limiter latency in seconds, partitioned by verb and host.",
  boundaries: durationBuckets
})

/**
 * Seconds a name lookup took, by host.
 *
 * @category metrics
 * @since 0.1.0
 */
export const dnsDuration = Metric.histogram("rest_client_dns_resolution_duration_seconds", {
  description: "DNS resolver latency in seconds, partitioned by host.",
  boundaries: [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30]
})

type Counter = Metric.Metric<number, unknown>

/**
 * The series of one host.
 *
 * @category models
 * @since 0.1.0
 */
export interface Series {
  readonly request: (method: string, code: string) => Counter
  readonly retry: (method: string, code: string) => Counter
  readonly duration: (method: string) => Counter
  readonly requestSize: (method: string) => Counter
  readonly responseSize: (method: string) => Counter
  readonly rateLimiterDuration: (method: string) => Counter
}

/**
 * Makes the series of one host, each at its first use.
 *
 * @category constructors
 * @since 0.1.0
 */
export const series = (host: string): Series => {
  const byMethod = (metric: Counter) => {
    const made = new Map<string, Counter>()
    return (verb: string) => {
      let its = made.get(verb)
      if (its === undefined) made.set(verb, its = Metric.withAttributes(metric, { verb, host }))
      return its
    }
  }
  const byCode = (metric: Counter, label: "method" | "verb") => {
    const made = new Map<string, Counter>()
    return (method: string, code: string) => {
      const key = `${method} ${code}`
      let its = made.get(key)
      if (its === undefined) made.set(key, its = Metric.withAttributes(metric, { code, [label]: method, host }))
      return its
    }
  }
  return {
    request: byCode(requests, "method"),
    retry: byCode(retries, "verb"),
    duration: byMethod(duration),
    requestSize: byMethod(requestSize),
    responseSize: byMethod(responseSize),
    rateLimiterDuration: byMethod(rateLimiterDuration)
  }
}

/**
 * Looks at CA files, by result (`success`, `failure`) and reason (`updated`, `unchanged`, `read_error`, `empty`,
 * `ca_parse_error`).
 *
 * @category metrics
 * @since 0.1.0
 */
export const caReloads = Metric.counter("rest_client_transport_ca_reload_total", {
  description: "Number of times a CA reload is attempted, partitioned by the result and reason for the reload attempt.",
  incremental: true
})

/**
 * Connection pools that are open: one for each transport, one more while an old certificate's requests end.
 *
 * @category metrics
 * @since 0.1.0
 */
export const transportEntries = Metric.gauge("rest_client_transport_cache_entries", {
  description: "Number of transport entries in the internal cache."
})

/**
 * Connection pools that were made, by result: `miss` for the first of a transport, `rotated` for one that takes over
 * with another certificate or CA.
 *
 * @category metrics
 * @since 0.1.0
 */
export const transportCreations = Metric.counter("rest_client_transport_create_calls_total", {
  description: "Number of calls to get a new transport, partitioned by the result of the operation.",
  incremental: true
})
