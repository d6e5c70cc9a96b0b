/**
 * The two requests to an OpenID Connect issuer: discovery, and the exchange of a refresh token.
 */
import * as Effect from "effect/Effect"
import * as Base64 from "effect/encoding/Base64"
import type * as HttpClient from "effect/http/HttpClient"
import type { HttpClientError } from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Credential from "../Credential.ts"
import type { Oidc } from "../CredentialSource.ts"

const failure = (description: string) => new Credential.CredentialError({ source: "Oidc", description })

// The error itself holds the request, and that the tokens.
const unreachable = (what: string, url: string) => ({ reason }: HttpClientError) =>
  failure(`${what} ${url} does not answer: ${reason.cause instanceof Error ? reason.cause.message : reason._tag}`)

const decodeDiscovery = Schema.decodeUnknownResult(
  Schema.fromJsonString(Schema.Struct({ token_endpoint: Schema.String }))
)

const secret = Schema.RedactedFromValue(Schema.String)

const decodeTokens = Schema.decodeUnknownResult(
  Schema.fromJsonString(
    Schema.Struct({ id_token: Schema.optionalKey(secret), refresh_token: Schema.optionalKey(secret) })
  )
)

/** The token endpoint that the issuer names. */
const discover = Effect.fnUntraced(function*(client: HttpClient.HttpClient, issuerUrl: string) {
  const url = `${issuerUrl.replace(/\/$/, "")}/.well-known/openid-configuration`
  const { status, text } = yield* client.execute(HttpClientRequest.get(url)).pipe(
    Effect.flatMap((response) => Effect.map(response.text, (text) => ({ status: response.status, text }))),
    Effect.mapError(unreachable("the issuer at", url))
  )
  if (status !== 200) return yield* failure(`the issuer at ${url} answered with status ${status}`)
  const discovered = decodeDiscovery(text)
  if (Result.isFailure(discovered) || discovered.success.token_endpoint === "") {
    return yield* failure(`the issuer at ${url} names no token_endpoint`)
  }
  return discovered.success.token_endpoint
})

const exchange = Effect.fnUntraced(function*(
  client: HttpClient.HttpClient,
  url: string,
  source: Oidc,
  refreshToken: Redacted.Redacted<string>,
  style: "header" | "body"
) {
  const clientSecret = source.clientSecret === undefined ? "" : Redacted.value(source.clientSecret)
  const request = HttpClientRequest.post(url).pipe(
    HttpClientRequest.acceptJson,
    HttpClientRequest.bodyUrlParams({
      grant_type: "refresh_token",
      refresh_token: Redacted.value(refreshToken),
      ...(style === "body" ? { client_id: source.clientId } : {}),
      ...(style === "body" && clientSecret !== "" ? { client_secret: clientSecret } : {})
    })
  )
  const credentials = Base64.encode(`${encodeURIComponent(source.clientId)}:${encodeURIComponent(clientSecret)}`)
  return yield* client.execute(
    style === "header" ? HttpClientRequest.setHeader(request, "authorization", `Basic ${credentials}`) : request
  ).pipe(
    Effect.flatMap((response) => Effect.map(response.text, (text) => ({ status: response.status, text }))),
    Effect.mapError(unreachable("the token endpoint", url))
  )
})

/**
 * New tokens. RFC 6749 lets the issuer choose how the client names itself: in the `Authorization` header, which is tried
 * first, or in the body.
 */
export const refresh = Effect.fnUntraced(function*(
  client: HttpClient.HttpClient,
  source: Oidc,
  refreshToken: Redacted.Redacted<string>
) {
  const url = yield* discover(client, source.issuerUrl)
  const first = yield* exchange(client, url, source, refreshToken, "header")
  const { status, text } = first.status < 300 ? first : yield* exchange(client, url, source, refreshToken, "body")
  if (status >= 300) {
    return yield* failure(`the token endpoint ${url} refused the refresh-token with status ${status}; log in again`)
  }
  const tokens = decodeTokens(text)
  if (Result.isFailure(tokens) || tokens.success.id_token === undefined) {
    return yield* failure(
      `the token endpoint ${url} gave no id_token: the login had no scope openid, or the provider gives none on refresh`
    )
  }
  const next = tokens.success.refresh_token
  return {
    idToken: tokens.success.id_token,
    refreshToken: next === undefined || Redacted.value(next) === "" ? undefined : next
  }
})
