import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as https from "node:https"
import type { AddressInfo } from "node:net"
import * as NodeOidcHttpClient from "../../src/Config/NodeOidcHttpClient.ts"
import * as OidcCredential from "../../src/Config/OidcCredential.ts"
import * as NodeCertificate from "../../src/Testing/NodeCertificate.ts"
import * as MemoryFiles from "./memoryFiles.ts"

const token = `${btoa("{}")}.${btoa(JSON.stringify({ exp: 4102444800 })).replaceAll("=", "")}.s`

/** An identity provider with a certificate of a private authority. */
const issuer = Effect.gen(function*() {
  const authority = yield* NodeCertificate.make({ commonName: "authority", isAuthority: true })
  const own = yield* NodeCertificate.make({ commonName: "issuer", hosts: ["127.0.0.1"], issuer: authority })
  const server = yield* Effect.acquireRelease(
    Effect.callback<https.Server>((resume) => {
      const server = https.createServer({ cert: own.certificate, key: own.key }, (request, response) => {
        response.setHeader("content-type", "application/json")
        response.end(JSON.stringify(
          request.url === "/token"
            ? { id_token: token }
            : { token_endpoint: `https://127.0.0.1:${(server.address() as AddressInfo).port}/token` }
        ))
      })
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) =>
      Effect.callback<void>((resume) => {
        server.closeAllConnections()
        server.close(() => resume(Effect.void))
      })
  )
  return { authority: authority.certificate, url: `https://127.0.0.1:${(server.address() as AddressInfo).port}` }
})

const header = (issuerUrl: string, authority: string | undefined) =>
  Effect.gen(function*() {
    const credential = yield* OidcCredential.make({
      _tag: "Oidc",
      issuerUrl,
      clientId: "c",
      clientSecret: undefined,
      idToken: undefined,
      refreshToken: Redacted.make("r"),
      certificateAuthority: authority === undefined ? undefined : { _tag: "Data", pem: authority },
      server: "https://cluster",
      saveTo: undefined
    })
    const { authorization } = yield* credential.get
    return authorization && Redacted.value(authorization)
  }).pipe(Effect.scoped, Effect.provide(Layer.mergeAll(NodeOidcHttpClient.layer, MemoryFiles.layer({}))))

it.live("renews a token at an issuer whose certificate only its own authority vouches for", () =>
  Effect.gen(function*() {
    const { authority, url } = yield* issuer
    assert.strictEqual(yield* header(url, authority), `Bearer ${token}`)
  }))

it.live("does not talk to an issuer whose certificate nobody vouches for", () =>
  Effect.gen(function*() {
    const { url } = yield* issuer
    const error = yield* Effect.flip(header(url, undefined))
    assert.include(
      error.message,
      `getting credentials: the issuer at ${url}/.well-known/openid-configuration does not answer: unable to verify the first certificate`
    )
  }))
