/**
 * The log of requests and answers, in client-go's steps.
 *
 * `RestClient` writes one line for each attempt. Levels of the logger map to client-go's `-v`: Debug is 6 (method,
 * address, status, time), Trace is 7 (headers too). Bodies come only with `Verbosity`, since they hold what users
 * keep: 8 shows 1 KiB, 9 shows 10 KiB, 10 all of it. Credentials, `command` parameters of exec and the bodies of
 * Secrets and tokens are never written.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as LogLevel from "effect/LogLevel"
import type { Request } from "./Request.ts"
import type { Header, TransportRequest, TransportResponse } from "./Transport.ts"

/**
 * The step that is written whatever the level of the logger: 0 for none, then 6 to 10 as client-go's `-v`. 0 unless
 * provided.
 *
 * @category services
 * @since 0.1.0
 */
export const Verbosity: Context.Reference<number> = Context.Reference<number>(
  "effect-kubernetes/Rest/RequestLog/Verbosity",
  {
    defaultValue: () => 0
  }
)

/**
 * The step of a fiber: what it was provided with, or what its log level asks for.
 *
 * @category accessors
 * @since 0.1.0
 */
export const stepOf = (fiber: Fiber.Fiber<unknown, unknown>): number => {
  const given = fiber.getRef(Verbosity)
  const minimum = fiber.cache.minimumLogLevel
  const byLevel = LogLevel.isGreaterThan(minimum, "Debug") ? 0 : LogLevel.isGreaterThan(minimum, "Trace") ? 6 : 7
  return Math.max(given, byLevel)
}

/**
 * One attempt as it is logged.
 *
 * @category models
 * @since 0.1.0
 */
export interface Entry {
  readonly step: number
  readonly request: Request
  readonly outgoing: TransportRequest
  readonly server: string
  readonly milliseconds: number
  readonly status: number | undefined
  readonly headers: TransportResponse["headers"] | undefined
  /** Where the body was read whole. */
  readonly body: string | undefined
  /** Where no answer came. */
  readonly error: string | undefined
}

/**
 * Writes one attempt; nothing below step 6.
 *
 * @category combinators
 * @since 0.1.0
 */
export const write = (entry: Entry): Effect.Effect<void> => {
  if (entry.step < 6) return Effect.void
  const { outgoing, step } = entry
  const annotations: Record<string, unknown> = {
    method: outgoing.method,
    url: maskQuery(`${entry.server}${outgoing.path}`),
    milliseconds: Math.round(entry.milliseconds)
  }
  if (entry.status !== undefined) annotations["status"] = entry.status
  if (entry.error !== undefined) annotations["error"] = entry.error
  if (step >= 7) {
    annotations["requestHeaders"] = maskHeaders(outgoing.headers)
    if (entry.headers !== undefined) annotations["responseHeaders"] = maskHeaders(Object.entries(entry.headers))
  }
  if (step >= 8) {
    const limit = step === 8 ? 1024 : step === 9 ? 10 * 1024 : Number.POSITIVE_INFINITY
    const isSecret = holdsSecrets(entry.request)
    const sent = outgoing.body === undefined || typeof outgoing.body === "string"
      ? outgoing.body
      : bytesOf(outgoing.body)
    if (sent !== undefined) annotations["requestBody"] = truncate(sent, limit, isSecret)
    if (entry.body !== undefined) annotations["responseBody"] = truncate(entry.body, limit, isSecret)
  }
  const line = `${outgoing.method} ${entry.request.verb === "watch" ? "(watch) " : ""}${
    entry.status ?? "without answer"
  }`
  return Effect.annotateLogs(step >= 7 ? Effect.logTrace(line) : Effect.logDebug(line), annotations)
}

const sensitiveHeaders = new Set(["authorization", "proxy-authorization", "cookie", "set-cookie", "www-authenticate"])

const maskHeaders = (
  headers: ReadonlyArray<Header | readonly [string, string | ReadonlyArray<string> | undefined]>
): { readonly [name: string]: string } => {
  const out: Record<string, string> = {}
  for (const [name, value] of headers) {
    const shown = sensitiveHeaders.has(name.toLowerCase()) ? "<redacted>" : String(value)
    out[name] = Object.hasOwn(out, name) ? `${out[name]}, ${shown}` : shown
  }
  return out
}

/**
 * An address without what users typed into a shell: the values of `command` parameters are left out.
 *
 * @category combinators
 * @since 0.1.0
 */
export const maskQuery = (url: string): string => url.replace(/([?&]command=)[^&]*/g, "$1<redacted>")

const secretResources = new Set(["secrets", "tokenreviews", "tokenrequests", "certificatesigningrequests"])

/**
 * Whether the bodies of a request may hold what must not be shown.
 *
 * @category guards
 * @since 0.1.0
 */
export const holdsSecrets = ({ target }: Request): boolean =>
  target._tag === "Resource" ? secretResources.has(target.plural) || target.subresource === "token" : true

const bytesOf = (body: Uint8Array) => `${body.length} bytes`

const truncate = (body: string, limit: number, isSecret: boolean): string => {
  if (isSecret) return `<redacted ${body.length} characters>`
  return body.length <= limit ? body : `${body.slice(0, limit)} [truncated ${body.length - limit} characters]`
}
