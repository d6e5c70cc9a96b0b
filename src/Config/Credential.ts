/**
 * `Credential`: what proves to the server who the client is, right now.
 *
 * The stanza of a kubeconfig user (or the files of a pod) becomes one `Credential`, and every connection of a client
 * shares it: Rest asks `get` before each request and tells `invalidate` when the server answered 401 to what it got.
 * Where credentials come from is the affair of TokenFile, ExecCredential, OidcCredential and CertificateFiles, put
 * together by CredentialResolver. Impersonation is not a credential: see Impersonation.
 *
 * @see https://kubernetes.io/docs/reference/access-authn-authz/authentication/
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Base64 from "effect/encoding/Base64"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as RequestError from "../Machinery/RequestError.ts"

/**
 * A client certificate and its private key, both PEM.
 *
 * @category models
 * @since 0.1.0
 */
export interface ClientCertificate {
  /** The certificate, followed by intermediates if there are any. */
  readonly certificate: string
  readonly key: Redacted.Redacted<string>
}

/**
 * One state of a credential. A new state is a new object, and a part that did not change keeps its identity: a
 * transport compares `clientCertificate` by reference to know that its connections must be renewed, and hands the
 * object back to `invalidate`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Value {
  /** The whole value of the `Authorization` header (`Bearer …`, `Basic …`), or nothing to send. */
  readonly authorization: Redacted.Redacted<string> | undefined
  /** What to present in the TLS handshake, or nothing. */
  readonly clientCertificate: ClientCertificate | undefined
}

/**
 * The credential of one client.
 *
 * `get` is cheap as long as the value is fresh. A refresh runs once however many requests wait for it, and goes on
 * when one of the waiting requests is interrupted; it stops when all are.
 *
 * @category services
 * @since 0.1.0
 */
export class Credential extends Context.Service<Credential, {
  /** The current value, refreshed first where it has expired. */
  readonly get: Effect.Effect<Value, CredentialError>
  /**
   * Says that the server refused this value with 401: the next `get` obtains another one. Does nothing when the value
   * has been replaced already, so that a late 401 cannot throw away a fresh token. Whether a second `get` is worth
   * sending the request again is told by `refreshable`.
   */
  readonly invalidate: (rejected: Value) => Effect.Effect<void>
  /** Whether a refused value can be replaced at all: false for anonymous, fixed tokens, basic and data certificates. */
  readonly refreshable: boolean
}>()("effect-kubernetes/Config/Credential") {}

/**
 * What `Effect.succeed(Credential)` holds: `get`, `invalidate` and `refreshable`.
 *
 * @category models
 * @since 0.1.0
 */
export type Service = Credential["Service"]

/**
 * No credential could be obtained: the plugin failed, the issuer did not answer, the file is gone. The message names
 * the source and what to do, and holds nothing secret.
 *
 * @category errors
 * @since 0.1.0
 */
export class CredentialError extends Schema.TaggedError<CredentialError>("effect-kubernetes/CredentialError")(
  "CredentialError",
  {
    /** Which kind of source failed. */
    source: Schema.Literals(["TokenFile", "CertificateFiles", "Exec", "Oidc", "Custom"]),
    /** What happened, in a sentence. */
    description: Schema.String,
    cause: Schema.optionalKey(Schema.Defect())
  }
) {
  override get message(): string {
    return `getting credentials: ${this.description}`
  }
  /** The same failure as the reason why one request got no answer (`Transport`, kind `Credential`). */
  toRequestError(request: { readonly verb: string; readonly url: string }): RequestError.RequestError {
    return new RequestError.RequestError({
      reason: new RequestError.Transport({
        verb: request.verb,
        url: request.url,
        description: this.message,
        kind: "Credential",
        ...(this.cause === undefined ? {} : { cause: this.cause })
      })
    })
  }
}

/**
 * A credential that never changes.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fixed = (value: Value): Service =>
  Credential.of({ get: Effect.succeed(value), invalidate: () => Effect.void, refreshable: false })

/**
 * No credential: the server sees `system:anonymous`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const anonymous: Service = fixed({ authorization: undefined, clientCertificate: undefined })

/**
 * The header value that carries a bearer token. White space around the token is dropped, as files end with a newline.
 *
 * @category constructors
 * @since 0.1.0
 */
export const bearer = (token: Redacted.Redacted<string>): Redacted.Redacted<string> =>
  Redacted.make(`Bearer ${Redacted.value(token).trim()}`, { label: "authorization" })

/**
 * The header value of HTTP basic authentication.
 *
 * @category constructors
 * @since 0.1.0
 */
export const basic = (username: string, password: Redacted.Redacted<string>): Redacted.Redacted<string> =>
  Redacted.make(`Basic ${Base64.encode(`${username}:${Redacted.value(password)}`)}`, { label: "authorization" })
