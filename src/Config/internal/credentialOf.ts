/**
 * From the stanza of a user to the sources of its credential and certificate. Files that are named have to be readable.
 */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { CertificateSource, CredentialSource, ExecCluster, KeySource, PemSource } from "../CredentialSource.ts"
import type { Impersonation } from "../Impersonation.ts"
import type * as Kubeconfig from "../Kubeconfig.ts"
import * as KubeconfigError from "../KubeconfigError.ts"
import * as Files from "./files.ts"
import * as Pem from "./pem.ts"
import type { Chosen } from "./stanzas.ts"
import * as Validate from "./validate.ts"

/** A secret, unless it is empty. */
export const secret = (value: Redacted.Redacted<string> | undefined): Redacted.Redacted<string> | undefined =>
  value === undefined || Redacted.value(value) === "" ? undefined : value

/** The certificate authority of a cluster. */
export const authorityOf = Effect.fnUntraced(function*(cluster: Chosen<Kubeconfig.Cluster>) {
  const { namedBy, place, stanza } = cluster
  return yield* pemSource(
    stanza["certificate-authority-data"],
    stanza["certificate-authority"],
    place("certificate-authority-data"),
    namedBy("certificate-authority")
  )
})

const pemSource = Effect.fnUntraced(function*(
  data: string | undefined,
  path: string | undefined,
  place: Parameters<typeof Pem.fromBase64>[1],
  by: Files.NamedBy
): Effect.fn.Return<PemSource | undefined, KubeconfigError.KubeconfigError, Files.Requirements> {
  if (data !== undefined && data !== "") return { _tag: "Data", pem: yield* Pem.fromBase64(data, place) }
  if (path === undefined || path === "") return undefined
  yield* Files.ensureReadable(path, by)
  return { _tag: "File", path }
})

/** The client certificate of a user; a key without certificate is no certificate. */
export const certificateOf = Effect.fnUntraced(function*(
  user: Chosen<Kubeconfig.User>
): Effect.fn.Return<CertificateSource | undefined, KubeconfigError.KubeconfigError, Files.Requirements> {
  const { namedBy, place, stanza } = user
  const certificate = yield* pemSource(
    stanza["client-certificate-data"],
    stanza["client-certificate"],
    place("client-certificate-data"),
    namedBy("client-certificate")
  )
  if (certificate === undefined) return undefined
  const data = secret(stanza["client-key-data"])
  if (data !== undefined) {
    const pem = yield* Pem.fromBase64(Redacted.value(data), place("client-key-data"))
    return { certificate, key: { _tag: "Data", pem: Redacted.make(pem, { label: "client-key" }) } }
  }
  const path = stanza["client-key"] ?? ""
  yield* Files.ensureReadable(path, namedBy("client-key"))
  return { certificate, key: { _tag: "File", path } satisfies KeySource }
})

/** Whom to impersonate. */
export const impersonationOf = (user: Kubeconfig.User): Impersonation | undefined =>
  user.as === undefined || user.as === "" ? undefined : {
    user: user.as,
    ...(user["as-uid"] === undefined || user["as-uid"] === "" ? {} : { uid: user["as-uid"] }),
    ...(user["as-groups"] === undefined ? {} : { groups: user["as-groups"] }),
    ...(user["as-user-extra"] === undefined ? {} : { extra: user["as-user-extra"] })
  }

/**
 * What goes into the `Authorization` header, with client-go's precedence: token, basic, plugin, provider. A plugin is
 * not used besides a client certificate.
 */
export const credentialOf = Effect.fnUntraced(function*(
  user: Chosen<Kubeconfig.User>,
  cluster: ExecCluster,
  certificate: CertificateSource | undefined
): Effect.fn.Return<CredentialSource, KubeconfigError.KubeconfigError, Files.Requirements> {
  const { stanza } = user
  const token = secret(stanza.token)
  const tokenFile = stanza.tokenFile ?? ""
  if (tokenFile !== "") {
    // With a token to fall back to, the file may come later.
    if (token === undefined) yield* Files.ensureReadable(tokenFile, user.namedBy("tokenFile"))
    return { _tag: "TokenFile", path: tokenFile, initial: token }
  }
  if (token !== undefined) return { _tag: "Token", token }
  const password = secret(stanza.password)
  if ((stanza.username ?? "") !== "" || password !== undefined) {
    return { _tag: "Basic", username: stanza.username ?? "", password: password ?? Redacted.make("") }
  }
  if (stanza.exec !== undefined && certificate === undefined) return execOf(stanza.exec, cluster)
  if (stanza["auth-provider"] !== undefined) return yield* providerOf(user, stanza["auth-provider"], cluster)
  return { _tag: "Anonymous" }
})

// Letters, marks, numbers, punctuation, symbols, separators and the spacing controls; no escape sequences.
const withoutControls = (text: string): string =>
  text.replaceAll(
    /[^\p{L}\p{M}\p{N}\p{P}\p{S}\p{Z}\t-\r]/gu,
    (character) => `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`
  )

const execOf = (exec: Kubeconfig.ExecConfig, cluster: ExecCluster): CredentialSource => ({
  _tag: "Exec",
  command: exec.command ?? "",
  args: exec.args ?? [],
  env: (exec.env ?? []).map(({ name, value }) => ({ name: name ?? "", value: value ?? Redacted.make("") })),
  apiVersion: Validate.isVersion(exec.apiVersion) ? exec.apiVersion : "client.authentication.k8s.io/v1",
  installHint: exec.installHint === undefined || exec.installHint === ""
    ? undefined
    : withoutControls(exec.installHint),
  provideClusterInfo: exec.provideClusterInfo === true,
  interactiveMode: Validate.isInteractiveMode(exec.interactiveMode) ? exec.interactiveMode : "IfAvailable",
  cluster
})

const removedProviders: { readonly [name: string]: string } = {
  gcp: "use the exec plugin gke-gcloud-auth-plugin instead",
  azure: "use the exec plugin kubelogin instead"
}

const providerOf = Effect.fnUntraced(function*(
  user: Chosen<Kubeconfig.User>,
  provider: Kubeconfig.AuthProviderConfig,
  cluster: ExecCluster
): Effect.fn.Return<CredentialSource, KubeconfigError.KubeconfigError, Files.Requirements> {
  const { member, path } = user.place("auth-provider")
  const at = (suffix: string) => ({ ...(path === undefined ? {} : { path }), member: `${member}${suffix}` })
  const name = provider.name ?? ""
  if (name !== "oidc") {
    const instead = Object.hasOwn(removedProviders, name) ? removedProviders[name] : undefined
    return yield* KubeconfigError.invalid({
      ...at(".name"),
      description: instead === undefined
        ? "expected oidc"
        : `the provider ${name} was removed from Kubernetes clients; ${instead}`
    })
  }
  const read = (key: string) => secret(provider.config?.[key])
  const issuerUrl = read("idp-issuer-url")
  const clientId = read("client-id")
  if (issuerUrl === undefined) {
    return yield* KubeconfigError.invalid({ ...at(".config.idp-issuer-url"), description: "is required" })
  }
  if (clientId === undefined) {
    return yield* KubeconfigError.invalid({ ...at(".config.client-id"), description: "is required" })
  }
  const authorityData = read("idp-certificate-authority-data")
  const authority = read("idp-certificate-authority")
  const certificateAuthority = yield* pemSource(
    authorityData === undefined ? undefined : Redacted.value(authorityData),
    authority === undefined ? undefined : Redacted.value(authority),
    at(".config.idp-certificate-authority-data"),
    { ...at(".config.idp-certificate-authority"), ...(path === undefined ? {} : { kubeconfig: path }) }
  )
  return {
    _tag: "Oidc",
    issuerUrl: Redacted.value(issuerUrl),
    clientId: Redacted.value(clientId),
    clientSecret: read("client-secret"),
    idToken: read("id-token"),
    refreshToken: read("refresh-token"),
    certificateAuthority,
    server: cluster.server,
    saveTo: user.origin === undefined ? undefined : { path: user.origin, user: user.name }
  }
})
