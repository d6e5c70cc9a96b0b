/**
 * No secret in any output: planted ones are looked for in logs, spans, metrics, errors and every view of every value.
 */
import { assert, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Metric from "effect/Metric"
import * as Tracer from "effect/Tracer"
import { inspect } from "node:util"
import * as ClientConfig from "../../src/Config/ClientConfig.ts"
import * as CredentialResolver from "../../src/Config/CredentialResolver.ts"
import * as KubeconfigLoader from "../../src/Config/KubeconfigLoader.ts"
import * as OidcHttpClient from "../../src/Config/OidcHttpClient.ts"
import * as MemoryFiles from "./memoryFiles.ts"
import * as Plugins from "./plugins.ts"

const planted = (name: string) => `planted-${name}`

const pem = (kind: string, text: string) => btoa(`-----BEGIN ${kind}-----\n${text}\n-----END ${kind}-----\n`)

const exec = (more: string) =>
  `exec: {command: plugin, apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, provideClusterInfo: true, ${more}}`

const users: { readonly [name: string]: string } = {
  token: `token: ${planted("token")}`,
  both: `{token: ${planted("token")}, tokenFile: /gone}`,
  file: "tokenFile: /token",
  empty: "tokenFile: /empty",
  basic: `{username: u, password: ${planted("password")}}`,
  certificate: `{client-certificate-data: ${pem("CERTIFICATE", "c")}, client-key-data: ${
    pem("PRIVATE KEY", planted("key"))
  }}`,
  plugin: exec(`args: [--token=${planted("arg")}], env: [{name: A, value: ${planted("env")}}]`),
  failing: exec(`args: [${planted("arg")}, fail], env: [{name: A, value: ${planted("env")}}]`),
  lying: exec(`args: [${planted("arg")}, lie]`),
  missing: exec(`args: [${planted("arg")}, missing]`),
  oidc: `auth-provider: {name: oidc, config: {idp-issuer-url: 'https://issuer', client-id: c, client-secret: ${
    planted("client")
  }, id-token: ${planted("id")}, refresh-token: ${planted("refresh")}}}`,
  refresh: `auth-provider: {name: oidc, config: {idp-issuer-url: 'https://issuer', client-id: c, refresh-token: ${
    planted("refresh")
  }}}`,
  unknown: `{token: t, made-up: ${planted("unknown")}}`,
  contradiction: `{token: ${planted("token")}, password: ${planted("password")}}`,
  number: `{token: 12345, password: [${planted("password")}]}`,
  unfinished: `{token: "${planted("token")}`
}

const kubeconfig = (user: string) =>
  `current-context: x
contexts: [{name: x, context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {server: 'https://s', proxy-url: 'http://u:${planted("proxy")}@p:1'}}]
users:
- name: u
  user:
    ${user}
`

const files = { "/token": planted("file"), "/empty": "" }

const answers = (run: Plugins.Run): Plugins.Answer => {
  if (run.args.includes("fail")) return { stdout: planted("stdout"), code: 2 }
  if (run.args.includes("lie")) return { stdout: `{"status": {"token": "${planted("stdout")}"` }
  if (run.args.includes("missing")) return "NotFound"
  return { stdout: Plugins.printed({ token: planted("stdout") }) }
}

const unreachable = HttpClient.make((request) =>
  Effect.fail(
    new HttpClientError.HttpClientError({
      reason: new HttpClientError.TransportError({ request, cause: new Error("ECONNREFUSED") })
    })
  )
)

const views = (value: unknown): ReadonlyArray<string> => [
  inspect(value, { depth: 30, showHidden: true }),
  String(value),
  JSON.stringify(value, (_, member) => typeof member === "bigint" ? String(member) : member) ?? "",
  ...(value instanceof Error ? [value.message, value.stack ?? ""] : [])
]

for (const [name, user] of Object.entries(users)) {
  it.effect(`shows no secret of a user of kind ${name}`, () =>
    Effect.gen(function*() {
      const output: Array<string> = []
      const registry: Metric.MetricRegistry = new Map()
      const logger = Logger.make((options) => {
        output.push(Logger.formatJson.log(options), ...views(options.message), ...views(options.cause))
      })
      const spans: Array<Tracer.NativeSpan> = []
      const tracer = Tracer.make({
        span: (options) => {
          const span = new Tracer.NativeSpan(options)
          spans.push(span)
          return span
        }
      })
      const program = Effect.gen(function*() {
        const loaded = yield* KubeconfigLoader.load({ path: "/k" })
        output.push(...views(loaded))
        const config = yield* ClientConfig.fromKubeconfig({ path: "/k" })
        output.push(...views(config))
        const resolver = yield* CredentialResolver.CredentialResolver
        output.push(...views(resolver))
        const credential = yield* resolver.get({
          credential: config.credential,
          clientCertificate: config.tls.clientCertificate
        })
        const value = yield* credential.get
        output.push(...views(credential), ...views(value))
        yield* credential.invalidate(value)
        output.push(...views(yield* credential.get))
      })
      const exit = yield* Effect.exit(program).pipe(
        Effect.scoped,
        Effect.provide(Layer.provideMerge(
          CredentialResolver.layer,
          Layer.mergeAll(
            MemoryFiles.layer({ ...files, "/k": kubeconfig(user) }),
            Plugins.layer([], answers),
            Layer.provide(OidcHttpClient.layerHttpClient, Layer.succeed(HttpClient.HttpClient, unreachable))
          )
        )),
        Effect.provide(Logger.layer([logger])),
        Effect.withTracer(tracer),
        Effect.provideService(Metric.MetricRegistry, registry)
      )
      output.push(...views(exit), ...views(spans))
      if (Exit.isFailure(exit)) {
        const error = Cause.squash(exit.cause)
        output.push(Cause.pretty(exit.cause), ...views(error))
        if (error instanceof Error && "toRequestError" in error && typeof error.toRequestError === "function") {
          output.push(...views(error.toRequestError({ verb: "get", url: "https://s" })))
        }
      }
      output.push(...views(yield* Effect.provideService(Metric.snapshot, Metric.MetricRegistry, registry)))
      const all = output.join("\n")
      assert.notInclude(all, "planted")
      assert.notInclude(all, btoa(planted("key")).slice(0, 8))
      assert.include(
        ["contradiction", "empty", "failing", "lying", "missing", "number", "oidc", "refresh", "unfinished"].includes(
            name
          )
          ? "Failure"
          : "Success",
        exit._tag
      )
    }))
}
