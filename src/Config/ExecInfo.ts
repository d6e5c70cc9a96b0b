/**
 * `ExecInfo`: the other side of ExecCredential, for who writes a plugin.
 *
 * A plugin reads from `KUBERNETES_EXEC_INFO` in which version to answer, whether it may ask questions, and (where the
 * kubeconfig says `provideClusterInfo`) how to reach the cluster; it prints what `print` makes. client-go has it in
 * `tools/auth/exec`.
 *
 * @see https://kubernetes.io/docs/reference/config-api/client-authentication.v1/
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as ClientConfig from "./ClientConfig.ts"
import type { ClientCertificate } from "./Credential.ts"
import * as Environment from "./internal/environment.ts"
import * as Pem from "./internal/pem.ts"
import * as ServerAddress from "./internal/serverAddress.ts"
import * as KubeconfigError from "./KubeconfigError.ts"

const variable = "KUBERNETES_EXEC_INFO"

/**
 * The cluster a plugin gets credentials for.
 *
 * @category models
 * @since 0.1.0
 */
export interface Cluster extends Schema.Schema.Type<typeof Cluster> {}

/**
 * @category schemas
 * @since 0.1.0
 */
export const Cluster = Schema.Struct({
  server: Schema.String,
  "tls-server-name": Schema.optionalKey(Schema.String),
  "insecure-skip-tls-verify": Schema.optionalKey(Schema.Boolean),
  /** PEM in base64. */
  "certificate-authority-data": Schema.optionalKey(Schema.String),
  "proxy-url": Schema.optionalKey(Schema.RedactedFromValue(Schema.String)),
  "disable-compression": Schema.optionalKey(Schema.Boolean),
  /** What the cluster's extension `client.authentication.k8s.io/exec` holds, plain JSON. */
  config: Schema.optionalKey(Schema.Unknown)
})

/**
 * What a plugin is told.
 *
 * @category models
 * @since 0.1.0
 */
export interface ExecInfo extends Schema.Schema.Type<typeof ExecInfo> {}

/**
 * @category schemas
 * @since 0.1.0
 */
export const ExecInfo = Schema.Struct({
  kind: Schema.Literal("ExecCredential"),
  /** The version to answer in. */
  apiVersion: Schema.Literals(["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"]),
  spec: Schema.Struct({
    /** Whether standard input is a person. */
    interactive: Schema.optionalKey(Schema.Boolean),
    /** Absent unless the kubeconfig asks for it. */
    cluster: Schema.optionalKey(Cluster)
  })
})

const decode = Schema.decodeUnknownResult(Schema.fromJsonString(ExecInfo))

/**
 * Reads `KUBERNETES_EXEC_INFO`. Fails with `Invalid` where it is not set or says something else.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromEnv: Effect.Effect<ExecInfo, KubeconfigError.KubeconfigError> = Effect.gen(function*() {
  const text = yield* Environment.variable(variable)
  if (text === undefined) {
    return yield* KubeconfigError.invalid({ member: variable, description: "is not set: a Kubernetes client sets it" })
  }
  const decoded = decode(text)
  return Result.isSuccess(decoded)
    ? decoded.success
    : yield* KubeconfigError.invalid({ member: variable, description: "is no ExecCredential of version v1 or v1beta1" })
})

/**
 * An anonymous client of the cluster that the plugin gets credentials for. Fails with `Invalid` where the plugin was not
 * told about it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const toClientConfig: (
  info: ExecInfo
) => Effect.Effect<ClientConfig.Service, KubeconfigError.KubeconfigError> = Effect.fnUntraced(function*(info) {
  const { cluster } = info.spec
  if (cluster === undefined) {
    return yield* KubeconfigError.invalid({
      member: `${variable}.spec.cluster`,
      description: "is absent: the kubeconfig has to say provideClusterInfo: true"
    })
  }
  const place = (member: string) => ({ member: `${variable}.spec.cluster.${member}` })
  const data = cluster["certificate-authority-data"] ?? ""
  return ClientConfig.ClientConfig.of({
    ...ClientConfig.defaults,
    server: yield* ServerAddress.parse(cluster.server, place("server")),
    tls: {
      certificateAuthority: data === ""
        ? undefined
        : { _tag: "Data", pem: yield* Pem.fromBase64(data, place("certificate-authority-data")) },
      serverName: cluster["tls-server-name"],
      insecureSkipVerify: cluster["insecure-skip-tls-verify"] === true,
      clientCertificate: undefined
    },
    proxyUrl: cluster["proxy-url"],
    disableCompression: cluster["disable-compression"] === true
  })
})

/**
 * The cluster that the plugin gets credentials for: `fromEnv`, then `toClientConfig`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerClientConfig: Layer.Layer<ClientConfig.ClientConfig, KubeconfigError.KubeconfigError> = Layer.effect(
  ClientConfig.ClientConfig,
  Effect.flatMap(fromEnv, toClientConfig)
)

/**
 * What a plugin answers: a token, a certificate, or both.
 *
 * @category models
 * @since 0.1.0
 */
export interface Answer {
  readonly token?: Redacted.Redacted<string>
  readonly clientCertificate?: ClientCertificate
  /** When the client has to ask again; absent: when the server refuses the answer. */
  readonly expiresAt?: DateTime.DateTime
}

/**
 * The text to print to standard output, in the version that was asked for; secrets in clear.
 *
 * @category accessors
 * @since 0.1.0
 */
export const print = (info: ExecInfo, { clientCertificate, expiresAt, token }: Answer): string =>
  JSON.stringify({
    apiVersion: info.apiVersion,
    kind: info.kind,
    status: {
      ...(expiresAt === undefined ? {} : { expirationTimestamp: DateTime.formatIso(expiresAt) }),
      ...(token === undefined ? {} : { token: Redacted.value(token) }),
      ...(clientCertificate === undefined ? {} : {
        clientCertificateData: clientCertificate.certificate,
        clientKeyData: Redacted.value(clientCertificate.key)
      })
    }
  })
