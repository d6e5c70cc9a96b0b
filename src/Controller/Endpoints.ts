/**
 * `Endpoints`: the health, readiness and metrics of a `Manager` over HTTP.
 *
 * Whoever runs the program gives the `HttpServer`, as `NodeHttpServer.layer`; a pod's probes and Prometheus ask it. The
 * paths and the text are those of Kubernetes' own components and of controller-runtime.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as HttpServer from "effect/http/HttpServer"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as PrometheusMetrics from "effect/observability/PrometheusMetrics"
import type * as EffectScope from "effect/Scope"
import type { Check, Manager } from "./Manager.ts"

/**
 * The answer to one request: `/healthz` and `/livez` (liveness), `/readyz` (readiness), each also with the name of one
 * check after a slash or without those that `?exclude=` names, and `/metrics` (Prometheus' text format). 200 where all is
 * well, 503 with every problem named where it is not, 404 for anything else.
 *
 * @category constructors
 * @since 0.1.0
 */
export const handler = (
  manager: Pick<Manager<never, never>, "liveness" | "readiness">
): Effect.Effect<HttpServerResponse.HttpServerResponse, never, HttpServerRequest.HttpServerRequest> =>
  Effect.gen(function*() {
    const { method, url } = yield* HttpServerRequest.HttpServerRequest
    if (method !== "GET" && method !== "HEAD") {
      return HttpServerResponse.text("only GET and HEAD are served\n", { status: 405, headers: { allow: "GET, HEAD" } })
    }
    const [path = "", query = ""] = url.split("?")
    const excluded = new URLSearchParams(query).getAll("exclude")
    const [, root = "", ...rest] = path.split("/")
    const name = decode(rest.join("/"))
    switch (root) {
      case "healthz":
      case "livez":
        return report(root, name, excluded, yield* manager.liveness)
      case "readyz":
        return report(root, name, excluded, yield* manager.readiness)
      case "metrics":
        if (rest.length > 0) return nothing(path)
        return HttpServerResponse.text(yield* PrometheusMetrics.format(), {
          contentType: "text/plain; version=0.0.4; charset=utf-8"
        })
      default:
        return nothing(path)
    }
  })

const nothing = (path: string) => HttpServerResponse.text(`there is nothing at ${path}\n`, { status: 404 })

/**
 * Serves a manager's endpoints until the scope closes.
 *
 * @category constructors
 * @since 0.1.0
 */
export const serve = (
  manager: Pick<Manager<never, never>, "liveness" | "readiness">
): Effect.Effect<void, never, HttpServer.HttpServer | EffectScope.Scope> => HttpServer.serveEffect(handler(manager))

const decode = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const report = (
  title: string,
  name: string,
  excluded: ReadonlyArray<string>,
  all: ReadonlyArray<Check>
): HttpServerResponse.HttpServerResponse => {
  const known = [{ name: "ping", problems: [] }, ...all]
  const checks = name === "" ? known : known.filter((check) => check.name === name)
  if (checks.length === 0) return HttpServerResponse.text(`there is no check ${name}\n`, { status: 404 })
  const isExcluded = (check: Check) => name === "" && excluded.includes(check.name)
  const isWell = checks.every((check) => check.problems.length === 0 || isExcluded(check))
  const lines = checks.map((check) => {
    if (isExcluded(check)) return `[+]${check.name} excluded: ok`
    return check.problems.length === 0 ? `[+]${check.name} ok` : `[-]${check.name} failed: ${check.problems.join("; ")}`
  })
  return HttpServerResponse.text(`${lines.join("\n")}\n${title} check ${isWell ? "passed" : "failed"}\n`, {
    status: isWell ? 200 : 503
  })
}
