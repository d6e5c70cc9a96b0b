/**
 * `CredentialSource`: where a client's credential comes from, as data.
 *
 * ClientConfig holds one, made from the user stanza of a kubeconfig, the files of a pod or options; CredentialResolver
 * turns it into a live `Credential`. Two equal sources are one credential, however their stanzas are named: equality is
 * structural, secrets included.
 *
 * @since 0.1.0
 */
import type * as Redacted from "effect/Redacted"

/**
 * PEM text, or the file that holds it. Files are read again when they change.
 *
 * @category models
 * @since 0.1.0
 */
export type PemSource =
  | { readonly _tag: "Data"; readonly pem: string }
  | { readonly _tag: "File"; readonly path: string }

/**
 * A private key: PEM text, or the file that holds it.
 *
 * @category models
 * @since 0.1.0
 */
export type KeySource =
  | { readonly _tag: "Data"; readonly pem: Redacted.Redacted<string> }
  | { readonly _tag: "File"; readonly path: string }

/**
 * A client certificate and its key.
 *
 * @category models
 * @since 0.1.0
 */
export interface CertificateSource {
  readonly certificate: PemSource
  readonly key: KeySource
}

/**
 * What an exec plugin may be told about the cluster it gets credentials for.
 *
 * @category models
 * @since 0.1.0
 */
export interface ExecCluster {
  readonly server: string
  readonly tlsServerName: string | undefined
  readonly insecureSkipTlsVerify: boolean
  readonly certificateAuthority: PemSource | undefined
  readonly proxyUrl: Redacted.Redacted<string> | undefined
  readonly disableCompression: boolean
  /** The cluster's extension `client.authentication.k8s.io/exec`, plain JSON. */
  readonly config: unknown
}

/**
 * A plugin that prints credentials.
 *
 * @category models
 * @since 0.1.0
 */
export interface Exec {
  readonly _tag: "Exec"
  /** A name to look up in PATH, or an absolute path. */
  readonly command: string
  readonly args: ReadonlyArray<Redacted.Redacted<string>>
  /** Added to the environment of this process. */
  readonly env: ReadonlyArray<{ readonly name: string; readonly value: Redacted.Redacted<string> }>
  readonly apiVersion: "client.authentication.k8s.io/v1" | "client.authentication.k8s.io/v1beta1"
  /** Shown when the command is not found, without terminal control sequences. */
  readonly installHint: string | undefined
  /** Whether the plugin is told about the cluster. */
  readonly provideClusterInfo: boolean
  readonly interactiveMode: "Never" | "IfAvailable" | "Always"
  /** Part of the identity of the credential even where the plugin is not told. */
  readonly cluster: ExecCluster
}

/**
 * An OpenID Connect identity token, renewed with a refresh token.
 *
 * @category models
 * @since 0.1.0
 */
export interface Oidc {
  readonly _tag: "Oidc"
  readonly issuerUrl: string
  readonly clientId: string
  readonly clientSecret: Redacted.Redacted<string> | undefined
  readonly idToken: Redacted.Redacted<string> | undefined
  readonly refreshToken: Redacted.Redacted<string> | undefined
  /** What the issuer's certificate is checked with, instead of the authorities of the system. */
  readonly certificateAuthority: PemSource | undefined
  /** The server the token is for. */
  readonly server: string
  /** Where renewed tokens are saved; nowhere where absent. */
  readonly saveTo: { readonly path: string; readonly user: string } | undefined
}

/**
 * What ends up in the `Authorization` header. Client certificates are apart (`ClientConfig.tls.clientCertificate`), as
 * both can be used at once.
 *
 * - `Anonymous`: no header.
 * - `Token`: a bearer token that never changes.
 * - `TokenFile`: a bearer token read from a file again and again; `initial` is sent as long as the file cannot be read.
 * - `Basic`: user and password.
 * - `Exec`: a plugin prints a token, a client certificate, or both.
 * - `Oidc`: an identity token that is refreshed.
 *
 * @category models
 * @since 0.1.0
 */
export type CredentialSource =
  | { readonly _tag: "Anonymous" }
  | { readonly _tag: "Token"; readonly token: Redacted.Redacted<string> }
  | { readonly _tag: "TokenFile"; readonly path: string; readonly initial: Redacted.Redacted<string> | undefined }
  | { readonly _tag: "Basic"; readonly username: string; readonly password: Redacted.Redacted<string> }
  | Exec
  | Oidc
