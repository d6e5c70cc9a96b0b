/**
 * `OidcHttpClient`: how OidcCredential reaches an identity provider.
 *
 * A provider inside of a company often has a certificate authority of its own, and what trusts it depends on the
 * runtime: NodeOidcHttpClient makes clients that do, `layerHttpClient` uses any `HttpClient` and refuses a stanza that
 * asks for more than it can do.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as KubeconfigError from "./KubeconfigError.ts"

/**
 * Makes HTTP clients for identity providers.
 *
 * @category services
 * @since 0.1.0
 */
export class OidcHttpClient extends Context.Service<OidcHttpClient, {
  /** A client that checks certificates with this PEM, with the authorities of the system where it is absent. */
  readonly make: (
    certificateAuthority: string | undefined
  ) => Effect.Effect<HttpClient.HttpClient, KubeconfigError.KubeconfigError, Scope.Scope>
}>()("effect-kubernetes/Config/OidcHttpClient") {}

/**
 * Any `HttpClient`. `make` fails with `Invalid` where the provider has a certificate authority of its own.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerHttpClient: Layer.Layer<OidcHttpClient, never, HttpClient.HttpClient> = Layer.effect(
  OidcHttpClient,
  Effect.map(HttpClient.HttpClient, (client) =>
    OidcHttpClient.of({
      make: (certificateAuthority) =>
        certificateAuthority === undefined
          ? Effect.succeed(client)
          : Effect.fail(KubeconfigError.invalid({
            member: "idp-certificate-authority",
            description: "this runtime cannot trust an authority of the provider's own"
          }))
    }))
)
