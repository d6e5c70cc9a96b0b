/**
 * `CertificateCredential`: a `Credential` that presents the certificate of a `CertificateStore`.
 *
 * Connections made after a rotation present the new certificate; those before it end with their last request. As long
 * as the store has no certificate, and after the one it has expired, another credential stands in: the bootstrap token
 * of a node, say. So a `CertificateManager` may renew with the very certificate that it renews.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Credential from "../Config/Credential.ts"
import { CredentialResolver } from "../Config/CredentialResolver.ts"
import * as Certificate from "../X509/Certificate.ts"
import type { CertificatePair } from "./CertificatePair.ts"
import { CertificateStore } from "./CertificateStore.ts"

/**
 * The credential over a store. With a certificate there is no `Authorization` header: who one is stands in it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  store: CertificateStore["Service"],
  /** Stands in where there is no valid certificate. Anonymous unless given. */
  bootstrap: Credential.Service = Credential.anonymous
): Credential.Service => {
  let last: { readonly pair: CertificatePair; readonly value: Credential.Value } | undefined
  const valueOf = (pair: CertificatePair): Credential.Value => {
    if (last?.pair !== pair) {
      last = { pair, value: { authorization: undefined, clientCertificate: pair } }
    }
    return last.value
  }
  return Credential.Credential.of({
    refreshable: bootstrap.refreshable,
    get: Effect.flatMap(store.current, (pair) =>
      Option.isNone(pair) ? bootstrap.get : Effect.flatMap(
        Clock.currentTimeMillis,
        (now) => Certificate.hasExpired(pair.value.leaf, now) ? bootstrap.get : Effect.succeed(valueOf(pair.value))
      )),
    // A certificate that was refused is replaced by its manager, in its own time.
    invalidate: (rejected) => rejected === last?.value ? Effect.void : bootstrap.invalidate(rejected)
  })
}

/**
 * Puts the store's certificate before the credential of whatever configuration is resolved, which becomes its stand-in:
 *
 * ```ts
 * NodeTransport.layer.pipe(
 *   Layer.provide(CertificateCredential.layerResolver),
 *   Layer.provide(CredentialResolver.layer)
 * )
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layerResolver: Layer.Layer<CredentialResolver, never, CredentialResolver | CertificateStore> = Layer
  .effect(
    CredentialResolver,
    Effect.gen(function*() {
      const store = yield* CertificateStore
      const resolver = yield* CredentialResolver
      return CredentialResolver.of({
        get: (sources) => Effect.map(resolver.get(sources), (bootstrap) => make(store, bootstrap))
      })
    })
  )
