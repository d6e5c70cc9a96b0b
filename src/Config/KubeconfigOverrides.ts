/**
 * `KubeconfigOverrides`: what a caller (or the flags of a command) puts in the place of what a kubeconfig says.
 *
 * ClientConfig applies them to the chosen context with client-go's rules, after the files are merged. An override that
 * is absent or empty changes nothing.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type * as Redacted from "effect/Redacted"
import type { Impersonation } from "./Impersonation.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface KubeconfigOverrides {
  /** The context, instead of `current-context`. Has to exist. */
  readonly context?: string | undefined
  /** The cluster, instead of the context's. Has to exist. */
  readonly cluster?: string | undefined
  /** The user, instead of the context's. Has to exist. */
  readonly user?: string | undefined
  readonly namespace?: string | undefined
  /** The address of the server. Forgets the cluster's `tls-server-name`, which belongs to the other address. */
  readonly server?: string | undefined
  readonly tlsServerName?: string | undefined
  /** Accepts any certificate of the server, and forgets the cluster's certificate authority. */
  readonly insecureSkipTlsVerify?: boolean | undefined
  /** A PEM file. Takes the place of file, data and `insecure-skip-tls-verify` of the cluster. */
  readonly certificateAuthority?: string | undefined
  /** PEM. Takes the place of file, data and `insecure-skip-tls-verify` of the cluster. */
  readonly certificateAuthorityData?: string | undefined
  readonly proxyUrl?: Redacted.Redacted<string> | undefined
  readonly disableCompression?: boolean | undefined
  /** A PEM file. Takes the place of file and data of the user. */
  readonly clientCertificate?: string | undefined
  /** PEM. Takes the place of file and data of the user. */
  readonly clientCertificateData?: string | undefined
  /** A PEM file. Takes the place of file and data of the user. */
  readonly clientKey?: string | undefined
  /** PEM. Takes the place of file and data of the user. */
  readonly clientKeyData?: Redacted.Redacted<string> | undefined
  /** A bearer token. Takes the place of token, token file, user name and password of the user. */
  readonly token?: Redacted.Redacted<string> | undefined
  /** A file with a bearer token. Takes the place of token, token file, user name and password of the user. */
  readonly tokenFile?: string | undefined
  /** For basic authentication. Takes the place of token and token file of the user. */
  readonly username?: string | undefined
  /** For basic authentication. Takes the place of token and token file of the user. */
  readonly password?: Redacted.Redacted<string> | undefined
  /** Whom to act as. Parts that are absent stay as the user says. */
  readonly impersonation?: Partial<Impersonation> | undefined
  /** The longest time for one request that is no watch and no stream. Default: none. */
  readonly timeout?: Duration.Input | undefined
  /** Client-side limits. Default: none. */
  readonly rateLimit?: { readonly qps: number; readonly burst: number } | undefined
  /** The `User-Agent`. Default: what the transport builds. */
  readonly userAgent?: string | undefined
}
