/**
 * `CredentialResolver`: makes the credential of a client configuration live.
 *
 * One live credential per content of its source, however many clients are made from it and whatever its user is called:
 * two clusters with a user of the same name never share a token, and two clients of one cluster run a plugin once. It
 * lives as long as one of its clients. `layerStatic` serves what never changes, for runtimes without files and
 * processes.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as RcMap from "effect/RcMap"
import type * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as CertificateFiles from "./CertificateFiles.ts"
import * as ClientConfig from "./ClientConfig.ts"
import * as Credential from "./Credential.ts"
import type { CertificateSource, CredentialSource } from "./CredentialSource.ts"
import * as ExecCredential from "./ExecCredential.ts"
import * as KubeconfigError from "./KubeconfigError.ts"
import * as OidcCredential from "./OidcCredential.ts"
import * as TokenFile from "./TokenFile.ts"

/**
 * What a credential is made of, and what it is known by.
 *
 * @category models
 * @since 0.1.0
 */
export interface Sources {
  readonly credential: CredentialSource
  readonly clientCertificate: CertificateSource | undefined
}

/**
 * Makes credentials live.
 *
 * @category services
 * @since 0.1.0
 */
export class CredentialResolver extends Context.Service<CredentialResolver, {
  /** The credential of these sources, shared with whoever holds an equal one. Released with the scope. */
  readonly get: (
    sources: Sources
  ) => Effect.Effect<Credential.Service, KubeconfigError.KubeconfigError, Scope.Scope>
}>()("effect-kubernetes/Config/CredentialResolver") {}

/**
 * What the live sources need of their runtime.
 *
 * @category models
 * @since 0.1.0
 */
export type Requirements = ExecCredential.Requirements | OidcCredential.Requirements

/**
 * All sources: files, plugins and identity providers included.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<CredentialResolver, never, Requirements> = Layer.effect(
  CredentialResolver,
  Effect.gen(function*() {
    const credentials = yield* RcMap.make({ lookup: live })
    return CredentialResolver.of({ get: (sources) => RcMap.get(credentials, sources) })
  })
)

/**
 * Only what never changes: anonymous, a fixed token, basic, and certificates given as data. `get` fails with `Invalid`
 * for all else.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerStatic: Layer.Layer<CredentialResolver> = Layer.succeed(
  CredentialResolver,
  CredentialResolver.of({
    get: (sources) => {
      const credential = fixed(sources)
      return credential === undefined
        ? Effect.fail(KubeconfigError.invalid({
          member: "credential",
          description: "this runtime has neither files nor processes: give a token, a password or a certificate as data"
        }))
        : Effect.succeed(credential)
    }
  })
)

/**
 * The `Credential` of the `ClientConfig` in the context.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerCredential: Layer.Layer<
  Credential.Credential,
  KubeconfigError.KubeconfigError,
  ClientConfig.ClientConfig | CredentialResolver
> = Layer.effect(
  Credential.Credential,
  Effect.gen(function*() {
    const { credential, tls } = yield* ClientConfig.ClientConfig
    const resolver = yield* CredentialResolver
    return yield* resolver.get({ credential, clientCertificate: tls.clientCertificate })
  })
)

const fixedHeader = (source: CredentialSource): Redacted.Redacted<string> | undefined => {
  switch (source._tag) {
    case "Token":
      return Credential.bearer(source.token)
    case "Basic":
      return Credential.basic(source.username, source.password)
    default:
      return undefined
  }
}

const fixedCertificate = (source: CertificateSource | undefined): Credential.ClientCertificate | undefined =>
  source?.certificate._tag === "Data" && source.key._tag === "Data"
    ? { certificate: source.certificate.pem, key: source.key.pem }
    : undefined

const isFixed = (source: CredentialSource): boolean =>
  source._tag === "Anonymous" || source._tag === "Token" || source._tag === "Basic"

const fixed = ({ clientCertificate, credential }: Sources): Credential.Service | undefined => {
  const certificate = fixedCertificate(clientCertificate)
  if (!isFixed(credential) || (clientCertificate !== undefined && certificate === undefined)) return undefined
  return Credential.fixed({ authorization: fixedHeader(credential), clientCertificate: certificate })
}

const live = Effect.fnUntraced(function*(sources: Sources) {
  const credential = fixed(sources)
  if (credential !== undefined) return credential
  const { clientCertificate } = sources
  const header = yield* headerOf(sources.credential)
  if (clientCertificate === undefined) return header
  const certificate = fixedCertificate(clientCertificate)
  return both(
    header,
    certificate === undefined
      ? yield* CertificateFiles.make(clientCertificate)
      : Credential.fixed({ authorization: undefined, clientCertificate: certificate })
  )
})

const headerOf = (
  source: CredentialSource
): Effect.Effect<Credential.Service, KubeconfigError.KubeconfigError, Requirements | Scope.Scope> => {
  switch (source._tag) {
    case "TokenFile":
      return TokenFile.make(source)
    case "Exec":
      return ExecCredential.make(source)
    case "Oidc":
      return OidcCredential.make(source)
    default:
      return Effect.succeed(Credential.fixed({ authorization: fixedHeader(source), clientCertificate: undefined }))
  }
}

/** The header of one credential and the certificate of another; the same object as long as both are the same. */
const both = (header: Credential.Service, certificate: Credential.Service): Credential.Service => {
  let last:
    | { readonly value: Credential.Value; readonly parts: readonly [Credential.Value, Credential.Value] }
    | undefined
  return Credential.Credential.of({
    refreshable: header.refreshable || certificate.refreshable,
    get: Effect.zipWith(header.get, certificate.get, (first, second) => {
      if (last === undefined || last.parts[0] !== first || last.parts[1] !== second) {
        last = {
          value: { authorization: first.authorization, clientCertificate: second.clientCertificate },
          parts: [first, second]
        }
      }
      return last.value
    }),
    invalidate: (rejected) =>
      Effect.suspend(() =>
        last === undefined || last.value !== rejected
          ? Effect.void
          : Effect.andThen(header.invalidate(last.parts[0]), certificate.invalidate(last.parts[1]))
      )
  })
}
