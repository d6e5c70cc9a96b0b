import { assert, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Metric from "effect/Metric"
import * as Redacted from "effect/Redacted"
import * as References from "effect/References"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import { inspect } from "node:util"
import * as Credential from "../../src/Config/Credential.ts"
import * as Authentication from "../../src/Rest/Authentication.ts"
import * as CaBundle from "../../src/Rest/CaBundle.ts"
import * as NodeTransport from "../../src/Rest/NodeTransport.ts"
import type { Request } from "../../src/Rest/Request.ts"
import * as RequestLog from "../../src/Rest/RequestLog.ts"
import * as RestClient from "../../src/Rest/RestClient.ts"
import * as Transport from "../../src/Rest/Transport.ts"
import * as TlsServer from "./tlsServer.ts"

const planted = "planted-secret"

const everything = (value: unknown) =>
  `${inspect(value, { depth: 20, showHidden: true, getters: true })} ${String(value)}`

it.live("no secret shows in logs, spans, metrics, errors or the insides of a service", () =>
  Effect.gen(function*() {
    const { authority, client, server } = yield* TlsServer.certificates
    const its = yield* TlsServer.make({
      handler: (request, response) => {
        // The server does see them.
        if (!String(request.headers.authorization).includes(planted)) response.statusCode = 401
        else if (request.url.includes("refused")) response.statusCode = 403
        else if (request.url.includes("cut")) return void request.socket.destroy()
        else if (request.url.includes("html")) return void response.end("<html>")
        response.end("{}")
      },
      certificate: server
    })
    const output: Array<string> = []
    const logger = Logger.make((options) => {
      output.push(
        everything(options.message),
        everything(options.cause),
        JSON.stringify(Logger.formatStructured.log(options))
      )
    })
    const tracer = Tracer.make({
      span: (options) => {
        const span = new Tracer.NativeSpan(options)
        output.push(span.name)
        const end = span.end.bind(span)
        return Object.assign(span, {
          end: (at: bigint, exit: Parameters<typeof end>[1]) => {
            output.push(everything([...span.attributes]), everything(exit))
            end(at, exit)
          }
        })
      }
    })
    const credential = Credential.fixed({
      authorization: Credential.bearer(Redacted.make(planted)),
      clientCertificate: { certificate: client.certificate, key: Redacted.make(client.key) }
    })
    const pod = (name: string): Request => ({
      method: "GET",
      verb: "get",
      target: { _tag: "Resource", group: "", version: "v1", plural: "pods", namespace: "default", name },
      query: [["command", planted]]
    })
    const secret: Request = {
      method: "POST",
      verb: "create",
      target: { _tag: "Resource", group: "", version: "v1", plural: "secrets", namespace: "default" },
      body: { data: { password: planted } }
    }
    const registry = new Map()
    yield* Effect.gen(function*() {
      const transport = yield* NodeTransport.make({
        server: its.address,
        ca: CaBundle.fixed(authority.certificate),
        credential
      })
      const authenticated = Authentication.make({ credential })(transport)
      const rest = yield* Effect.provideService(RestClient.make({ maxRetries: 0 }), Transport.Transport, authenticated)
      output.push(everything(transport), everything(authenticated), everything(rest), everything(credential))
      yield* rest.json(pod("fine"))
      yield* rest.json(secret)
      for (const name of ["refused", "cut", "html"]) {
        const exit = yield* Effect.exit(rest.json(pod(name)))
        assert.strictEqual(exit._tag, "Failure")
        output.push(everything(exit))
        if (exit._tag === "Failure") output.push(Cause.pretty(exit.cause), JSON.stringify(exit.cause))
      }
      const watch = yield* Effect.exit(Stream.runDrain(rest.watch({ ...pod("refused"), verb: "watch" })))
      output.push(everything(watch))
      yield* Effect.logError("a failure as a user logs it", yield* Effect.exit(rest.json(pod("refused"))))
    }).pipe(
      Effect.provideService(RequestLog.Verbosity, 10),
      Effect.provideService(References.MinimumLogLevel, "All"),
      Effect.provideService(Tracer.Tracer, tracer),
      Effect.provideService(Metric.MetricRegistry, registry),
      Effect.provide(Logger.layer([logger]))
    )
    output.push(everything(yield* Effect.provideService(Metric.snapshot, Metric.MetricRegistry, registry)))
    const all = output.join("\n")
    assert.include(all, "GET pods")
    assert.include(all, "Forbidden")
    assert.notInclude(all, planted)
    assert.notInclude(all, Buffer.from(planted).toString("base64"))
    // The middle of the key, whatever the line breaks.
    assert.notInclude(all, client.key.split("\n")[2] ?? "no key")
  }))
