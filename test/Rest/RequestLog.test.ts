import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as References from "effect/References"
import type { Request } from "../../src/Rest/Request.ts"
import * as RequestLog from "../../src/Rest/RequestLog.ts"
import * as RestClient from "../../src/Rest/RestClient.ts"
import * as Transport from "../../src/Rest/Transport.ts"
import * as StubTransport from "./stubTransport.ts"

const configMap: Request = {
  method: "POST",
  verb: "create",
  target: { _tag: "Resource", group: "", version: "v1", plural: "configmaps", namespace: "default" },
  body: { data: { note: "a".repeat(2000) } }
}
const secret: Request = {
  ...configMap,
  target: { _tag: "Resource", group: "", version: "v1", plural: "secrets", namespace: "default" }
}

const linesOf = (request: Request, verbosity: number, level: "Info" | "Debug" | "Trace" = "Info") =>
  Effect.gen(function*() {
    const lines: Array<string> = []
    const logger = Logger.map(Logger.formatJson, (line) => {
      lines.push(line)
    })
    const stub = StubTransport.make([{
      status: 201,
      body: `{"answer":"planted"}`,
      headers: { "set-cookie": "planted-cookie" }
    }])
    const rest = yield* Effect.provideService(
      RestClient.make({ headers: [["Authorization", "Bearer planted-token"]] }),
      Transport.Transport,
      stub.transport
    )
    yield* rest.json(request).pipe(
      Effect.provideService(RequestLog.Verbosity, verbosity),
      Effect.provideService(References.MinimumLogLevel, verbosity > 0 ? "All" : level),
      Effect.provide(Logger.layer([logger]))
    )
    return lines.join("\n")
  })

it.effect("is silent at Info, shows the exchange at Debug, headers at Trace and bodies only when asked", () =>
  Effect.gen(function*() {
    assert.strictEqual(yield* linesOf(configMap, 0), "")
    const debug = yield* linesOf(configMap, 0, "Debug")
    assert.include(debug, "POST 201")
    assert.include(debug, `"url":"https://stub:6443/api/v1/namespaces/default/configmaps"`)
    assert.notInclude(debug, "user-agent")
    const trace = yield* linesOf(configMap, 0, "Trace")
    assert.include(trace, "user-agent")
    assert.notInclude(trace, "aaaa")
    const eight = yield* linesOf(configMap, 8)
    assert.include(eight, "[truncated")
    assert.include(eight, "planted")
    assert.include(yield* linesOf(configMap, 9), "a".repeat(2000))
  }))

it.effect("never shows credentials, cookies, or what is in a Secret", () =>
  Effect.gen(function*() {
    for (const verbosity of [6, 7, 8, 9, 10]) {
      const lines = yield* linesOf(secret, verbosity)
      assert.notInclude(lines, "planted")
      assert.notInclude(lines, "aaaa")
    }
  }))

it("commands of exec are left out of addresses", () => {
  assert.strictEqual(
    RequestLog.maskQuery("https://s/exec?container=c&command=sh&command=-c&command=echo%20secret&stdin=true"),
    "https://s/exec?container=c&command=<redacted>&command=<redacted>&command=<redacted>&stdin=true"
  )
})
