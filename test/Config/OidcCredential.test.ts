import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"
import type { Oidc } from "../../src/Config/CredentialSource.ts"
import * as KubeconfigLoader from "../../src/Config/KubeconfigLoader.ts"
import * as OidcCredential from "../../src/Config/OidcCredential.ts"
import * as OidcHttpClient from "../../src/Config/OidcHttpClient.ts"
import * as MemoryFiles from "./memoryFiles.ts"

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url")

/** A token that expires at a time in seconds. */
const token = (exp: unknown, id = "") => `${part({ alg: "none" })}.${part({ exp, id })}.sig`

interface Asked {
  readonly method: string
  readonly url: string
  readonly authorization: string | undefined
  readonly body: string
}

type Answer = { readonly status?: number; readonly body: unknown } | "unreachable"

const discovery = { body: { token_endpoint: "https://issuer/token" } }

const client = (asked: Array<Asked>, answer: (request: Asked, count: number) => Answer) =>
  HttpClient.make((request: HttpClientRequest.HttpClientRequest) =>
    Effect.suspend(() => {
      const its: Asked = {
        method: request.method,
        url: request.url,
        authorization: request.headers["authorization"],
        body: request.body._tag === "Uint8Array" ? new TextDecoder().decode(request.body.body) : ""
      }
      asked.push(its)
      const { status, body } = ((): { readonly status?: number; readonly body: unknown } => {
        const given = answer(its, asked.filter(({ url }) => url === its.url).length)
        return given === "unreachable" ? { status: 0, body: undefined } : given
      })()
      return status === 0
        ? Effect.fail(new HttpClientError.HttpClientError({ reason: new HttpClientError.TransportError({ request }) }))
        : Effect.succeed(HttpClientResponse.fromWeb(
          request,
          new Response(typeof body === "string" ? body : JSON.stringify(body), { status: status ?? 200 })
        ))
    })
  )

const path = "/home/ada/.kube/config"

const kubeconfig = `users:
- name: ada
  user:
    auth-provider:
      name: oidc
      config:
        idp-issuer-url: https://issuer/
        client-id: kubernetes # ours
        id-token: old
        refresh-token: r0
`

const source = (options: Partial<Oidc> = {}): Oidc => ({
  _tag: "Oidc",
  issuerUrl: "https://issuer/",
  clientId: "kubernetes",
  clientSecret: Redacted.make("s/cret"),
  idToken: undefined,
  refreshToken: Redacted.make("r0"),
  certificateAuthority: undefined,
  server: "https://cluster",
  saveTo: undefined,
  ...options
})

const provide = (
  asked: Array<Asked>,
  answer: (request: Asked, count: number) => Answer,
  files: MemoryFiles.MemoryFiles = MemoryFiles.make({})
) =>
  Effect.provide(
    Layer.mergeAll(
      MemoryFiles.layer(files),
      Layer.provide(OidcHttpClient.layerHttpClient, Layer.succeed(HttpClient.HttpClient, client(asked, answer))),
      Logger.layer([])
    )
  )

const header = (options: Partial<Oidc> = {}) =>
  Effect.gen(function*() {
    const credential = yield* OidcCredential.make(source(options))
    const { authorization } = yield* credential.get
    return authorization && Redacted.value(authorization)
  })

it.effect("uses a token that is good, and asks nobody", () => {
  const asked: Array<Asked> = []
  return Effect.gen(function*() {
    const good = token(11)
    assert.strictEqual(yield* header({ idToken: Redacted.make(good) }), `Bearer ${good}`)
    assert.deepStrictEqual(asked, [])
  }).pipe(provide(asked, () => "unreachable"))
})

it.effect("renews a token ten seconds before it expires, with the client named in the header", () => {
  const asked: Array<Asked> = []
  const answer = ({ url }: Asked): Answer =>
    url.endsWith("/token") ? { body: { id_token: token(3600, "new"), refresh_token: "r1" } } : discovery
  return Effect.gen(function*() {
    const credential = yield* OidcCredential.make(source({ idToken: Redacted.make(token(20)) }))
    yield* TestClock.adjust("9 seconds")
    const first = yield* credential.get
    assert.strictEqual(first.authorization && Redacted.value(first.authorization), `Bearer ${token(20)}`)
    yield* TestClock.adjust("1 second")
    const second = yield* credential.get
    assert.strictEqual(second.authorization && Redacted.value(second.authorization), `Bearer ${token(3600, "new")}`)
    assert.deepStrictEqual(asked, [
      { method: "GET", url: "https://issuer/.well-known/openid-configuration", authorization: undefined, body: "" },
      {
        method: "POST",
        url: "https://issuer/token",
        authorization: `Basic ${btoa("kubernetes:s%2Fcret")}`,
        body: "grant_type=refresh_token&refresh_token=r0"
      }
    ])
    yield* credential.invalidate(second)
    yield* credential.get
    assert.strictEqual(asked.at(-1)?.body, "grant_type=refresh_token&refresh_token=r1")
  }).pipe(provide(asked, answer))
})

it.effect("names the client in the body where the issuer refuses the header", () => {
  const asked: Array<Asked> = []
  const answer = ({ authorization, url }: Asked): Answer =>
    url.endsWith("/token")
      ? authorization === undefined ? { body: { id_token: token(3600) } } : { status: 401, body: "no" }
      : discovery
  return Effect.gen(function*() {
    assert.strictEqual(yield* header(), `Bearer ${token(3600)}`)
    assert.strictEqual(
      asked.at(-1)?.body,
      "grant_type=refresh_token&refresh_token=r0&client_id=kubernetes&client_secret=s%2Fcret"
    )
  }).pipe(provide(asked, answer))
})

it.effect("saves new tokens to the kubeconfig they came from, and nothing else", () => {
  const files = MemoryFiles.make({ [path]: kubeconfig })
  const renewed = token(3600, "saved")
  return Effect.gen(function*() {
    yield* header({ saveTo: { path, user: "ada" } })
    assert.strictEqual(
      files.get(path)?.content,
      kubeconfig.replace("id-token: old", `id-token: ${renewed}`).replace("refresh-token: r0", "refresh-token: r1")
    )
    const loaded = yield* KubeconfigLoader.load({ path })
    const saved = loaded.kubeconfig.users[0]?.user["auth-provider"]?.config?.["refresh-token"]
    assert.strictEqual(saved && Redacted.value(saved), "r1")
  }).pipe(
    provide(
      [],
      ({ url }) => url.endsWith("/token") ? { body: { id_token: renewed, refresh_token: "r1" } } : discovery,
      files
    )
  )
})

it.effect("uses tokens that somebody else has renewed in the kubeconfig", () => {
  const asked: Array<Asked> = []
  const fresh = token(3600, "fresh")
  const files = MemoryFiles.make({ [path]: kubeconfig.replace("id-token: old", `id-token: ${fresh}`) })
  return Effect.gen(function*() {
    const credential = yield* OidcCredential.make(
      source({ idToken: Redacted.make(token(1)), saveTo: { path, user: "ada" } })
    )
    const value = yield* credential.get
    assert.strictEqual(value.authorization && Redacted.value(value.authorization), `Bearer ${fresh}`)
    assert.deepStrictEqual(asked, [])
    files.set(path, { content: kubeconfig.replace("refresh-token: r0", "refresh-token: r7"), mode: 0o600 })
    yield* credential.invalidate(value)
    yield* credential.get
    assert.strictEqual(asked.at(-1)?.body, "grant_type=refresh_token&refresh_token=r7")
  }).pipe(
    provide(asked, ({ url }) => url.endsWith("/token") ? { body: { id_token: token(7200) } } : discovery, files)
  )
})

it.effect("goes on with new tokens that cannot be saved, and says so in the log", () => {
  const messages: Array<unknown> = []
  return Effect.gen(function*() {
    assert.strictEqual(yield* header({ saveTo: { path, user: "ada" } }), `Bearer ${token(3600)}`)
    assert.deepStrictEqual(messages, [["the renewed tokens could not be saved to the kubeconfig"]])
  }).pipe(
    Effect.provide(Logger.layer([Logger.make(({ message }) => {
      messages.push(message)
    })])),
    provide(
      [],
      ({ url }) => url.endsWith("/token") ? { body: { id_token: token(3600) } } : discovery,
      MemoryFiles.make({ [path]: { content: kubeconfig, mode: 0 } })
    )
  )
})

it.effect("keeps a good token that was refused where it has no refresh token, so that the 401 is what is seen", () =>
  Effect.gen(function*() {
    const credential = yield* OidcCredential.make(
      source({ idToken: Redacted.make(token(3600)), refreshToken: undefined })
    )
    const value = yield* credential.get
    yield* credential.invalidate(value)
    assert.strictEqual(yield* credential.get, value)
  }).pipe(provide([], () => "unreachable")))

it.effect("says what went wrong with the issuer, and quotes no token", () =>
  Effect.gen(function*() {
    const failure = (answer: (request: Asked) => Answer, options: Partial<Oidc> = {}) =>
      Effect.map(Effect.flip(header(options)), (error) => error.message.replace("getting credentials: ", "")).pipe(
        provide([], answer)
      )
    const tokens = (answer: Answer) => ({ url }: Asked): Answer => url.endsWith("/token") ? answer : discovery
    const well = "https://issuer/.well-known/openid-configuration"
    assert.strictEqual(
      yield* failure(() => "unreachable", { refreshToken: undefined }),
      "the id-token has expired or is missing, and there is no refresh-token; log in again"
    )
    assert.strictEqual(
      yield* failure(() => "unreachable", { idToken: Redacted.make("planted") }),
      "the id-token is no JSON Web Token"
    )
    assert.strictEqual(
      yield* failure(() => "unreachable", { idToken: Redacted.make(token("soon")) }),
      "the id-token has no expiry"
    )
    assert.strictEqual(yield* failure(() => "unreachable"), `the issuer at ${well} does not answer: TransportError`)
    assert.strictEqual(
      yield* failure(() => ({ status: 404, body: "<html>" })),
      `the issuer at ${well} answered with status 404`
    )
    assert.strictEqual(yield* failure(() => ({ body: "<html>" })), `the issuer at ${well} names no token_endpoint`)
    assert.strictEqual(
      yield* failure(tokens({ status: 400, body: { error: "planted" } })),
      "the token endpoint https://issuer/token refused the refresh-token with status 400; log in again"
    )
    assert.strictEqual(
      yield* failure(tokens({ body: { access_token: "planted" } })),
      "the token endpoint https://issuer/token gave no id_token: the login had no scope openid, or the provider gives none on refresh"
    )
  }))

it.effect("refuses an authority of the issuer's own where the runtime cannot trust it", () =>
  Effect.gen(function*() {
    const error = yield* Effect.flip(
      OidcCredential.make(source({ certificateAuthority: { _tag: "Data", pem: "-----BEGIN CERTIFICATE-----" } }))
    )
    assert.strictEqual(
      error.message,
      "idp-certificate-authority: this runtime cannot trust an authority of the provider's own"
    )
  }).pipe(provide([], () => "unreachable")))
