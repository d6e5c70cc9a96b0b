/**
 * `OidcCredential`: an OpenID Connect identity token, renewed with a refresh token.
 *
 * The kubeconfig stanza `auth-provider: {name: oidc}`. A token that is still good is used as it is; one that is about to
 * expire or was refused is renewed at the issuer's token endpoint, which discovery names. New tokens are saved to the
 * kubeconfig they came from, as the issuer may take the old refresh token away, and looked for there first, as kubectl
 * may have renewed them.
 *
 * @see https://kubernetes.io/docs/reference/access-authn-authz/authentication/#openid-connect-tokens
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Base64Url from "effect/encoding/Base64Url"
import type * as FileSystem from "effect/FileSystem"
import type * as Path from "effect/Path"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Credential from "./Credential.ts"
import type { Oidc } from "./CredentialSource.ts"
import * as Files from "./internal/files.ts"
import * as OidcIssuer from "./internal/oidcIssuer.ts"
import * as Refreshing from "./internal/refreshing.ts"
import type * as Kubeconfig from "./Kubeconfig.ts"
import type * as KubeconfigError from "./KubeconfigError.ts"
import * as KubeconfigLoader from "./KubeconfigLoader.ts"
import * as KubeconfigWriter from "./KubeconfigWriter.ts"
import * as OidcHttpClient from "./OidcHttpClient.ts"

// Clocks differ: a token counts as expired ten seconds early, as in client-go.
const leeway = 10_000

/**
 * What an identity token needs.
 *
 * @category models
 * @since 0.1.0
 */
export type Requirements = FileSystem.FileSystem | OidcHttpClient.OidcHttpClient | Path.Path

/**
 * A credential from an identity provider. Asks nobody until the token in the kubeconfig has expired.
 *
 * Fails with `UnreadableFile` where the authority of the issuer cannot be read. `get` fails with `CredentialError` where
 * there is no refresh token, the issuer does not answer, refuses, or gives no identity token.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make: (
  source: Oidc
) => Effect.Effect<Credential.Service, KubeconfigError.KubeconfigError, Requirements | Scope.Scope> = Effect.fnUntraced(
  function*(source) {
    const authority = source.certificateAuthority
    const pem = authority === undefined
      ? undefined
      : authority._tag === "Data"
      ? authority.pem
      : yield* Files.readText(authority.path, { member: "idp-certificate-authority" })
    const client = yield* (yield* OidcHttpClient.OidcHttpClient).make(pem)
    let idToken = source.idToken
    let refreshToken = source.refreshToken
    let isFirst = true
    const leaseOf = (token: Redacted.Redacted<string>, expiresAt: number): Refreshing.Lease => ({
      value: { authorization: Credential.bearer(token), clientCertificate: undefined },
      freshUntil: expiresAt - leeway
    })
    return yield* Refreshing.make({
      source: "Oidc",
      refresh: Effect.fn("OidcCredential.refresh")(function*(previous) {
        // Without `previous` the server has refused the token, unless this is the first time.
        const isRefused = previous === undefined && !isFirst
        isFirst = false
        if (idToken !== undefined && (!isRefused || refreshToken === undefined)) {
          const expiresAt = yield* expiryOf(idToken)
          const now = yield* Clock.currentTimeMillis
          if (now + leeway < expiresAt) return leaseOf(idToken, expiresAt)
        }
        const stored = yield* storedTokens(source)
        // Another process, or a client of another cluster, may have renewed them: the old refresh token is void then.
        refreshToken = stored.refreshToken ?? refreshToken
        if (stored.idToken !== undefined && !isSame(stored.idToken, idToken)) {
          const expiresAt = yield* Effect.orElseSucceed(expiryOf(stored.idToken), () => 0)
          if ((yield* Clock.currentTimeMillis) + leeway < expiresAt) {
            idToken = stored.idToken
            return leaseOf(idToken, expiresAt)
          }
        }
        if (refreshToken === undefined) {
          return yield* failure("the id-token has expired or is missing, and there is no refresh-token; log in again")
        }
        const tokens = yield* OidcIssuer.refresh(client, source, refreshToken)
        const expiresAt = yield* expiryOf(tokens.idToken)
        idToken = tokens.idToken
        refreshToken = tokens.refreshToken ?? refreshToken
        yield* save(source, idToken, refreshToken)
        return leaseOf(idToken, expiresAt)
      })
    })
  }
)

const failure = (description: string) => new Credential.CredentialError({ source: "Oidc", description })

const decodeClaims = Schema.decodeUnknownResult(Schema.fromJsonString(Schema.Struct({ exp: Schema.Finite })))

/** The `exp` of a JSON Web Token in milliseconds. The signature is the server's to check. */
const expiryOf = (token: Redacted.Redacted<string>): Effect.Effect<number, Credential.CredentialError> => {
  const [, payload, ...rest] = Redacted.value(token).split(".")
  if (payload === undefined || rest.length !== 1) return Effect.fail(failure("the id-token is no JSON Web Token"))
  const claims = Result.flatMap(Base64Url.decodeString(payload), (text) => decodeClaims(text))
  return Result.isFailure(claims)
    ? Effect.fail(failure("the id-token has no expiry"))
    : Effect.succeed(Math.trunc(claims.success.exp) * 1000)
}

const isSame = (one: Redacted.Redacted<string>, other: Redacted.Redacted<string> | undefined): boolean =>
  other !== undefined && Redacted.value(one) === Redacted.value(other)

/** What the kubeconfig holds by now; nothing where it cannot be read. */
const storedTokens = Effect.fnUntraced(function*(source: Oidc) {
  const { saveTo } = source
  if (saveTo === undefined) return { idToken: undefined, refreshToken: undefined }
  const loaded = yield* Effect.option(KubeconfigLoader.load({ path: saveTo.path }))
  const config = loaded._tag === "None"
    ? undefined
    : loaded.value.kubeconfig.users.find(({ name }) => name === saveTo.user)?.user["auth-provider"]?.config
  const isIssuer = config?.["idp-issuer-url"] !== undefined &&
    Redacted.value(config["idp-issuer-url"]) === source.issuerUrl
  return isIssuer
    ? { idToken: config["id-token"], refreshToken: config["refresh-token"] }
    : { idToken: undefined, refreshToken: undefined }
})

// The new tokens are in use already: losing them on disk costs a login later, not this request.
const save = Effect.fnUntraced(function*(
  source: Oidc,
  idToken: Redacted.Redacted<string>,
  refreshToken: Redacted.Redacted<string>
) {
  if (source.saveTo === undefined) return
  const { path, user } = source.saveTo
  const withTokens = (stanza: Kubeconfig.User): Kubeconfig.User =>
    stanza["auth-provider"] === undefined ? stanza : {
      ...stanza,
      "auth-provider": {
        ...stanza["auth-provider"],
        config: { ...stanza["auth-provider"].config, "id-token": idToken, "refresh-token": refreshToken }
      }
    }
  yield* KubeconfigWriter.modify(
    (kubeconfig) => ({
      ...kubeconfig,
      users: kubeconfig.users.map((entry) => entry.name === user ? { ...entry, user: withTokens(entry.user) } : entry)
    }),
    { path }
  ).pipe(
    Effect.catch((error) =>
      Effect.logError("the renewed tokens could not be saved to the kubeconfig").pipe(
        Effect.annotateLogs({ path, user, reason: error.message })
      )
    )
  )
})
