/**
 * `InCluster`: what the kubelet gives to a pod so that it can reach its own API server.
 *
 * Two environment variables and three files of the service account. ClientConfig makes its in-cluster layers of it; the
 * token is re-read by TokenFile as the kubelet rotates it.
 *
 * @see https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Environment from "./internal/environment.ts"
import * as Files from "./internal/files.ts"
import * as KubeconfigError from "./KubeconfigError.ts"

const folder = "/var/run/secrets/kubernetes.io/serviceaccount"

/**
 * The file of the service account's token.
 *
 * @category models
 * @since 0.1.0
 */
export const tokenFile = `${folder}/token`

/**
 * The file of the certificate authority of the API server.
 *
 * @category models
 * @since 0.1.0
 */
export const certificateAuthorityFile = `${folder}/ca.crt`

/**
 * The file with the namespace of the pod.
 *
 * @category models
 * @since 0.1.0
 */
export const namespaceFile = `${folder}/namespace`

/**
 * What a pod knows about its API server.
 *
 * @category models
 * @since 0.1.0
 */
export interface InCluster {
  /** `https://HOST:PORT`, with brackets around an IPv6 address. */
  readonly server: string
  readonly tokenFile: string
  /** Absent where the file is missing or holds no certificate, which is logged: then the system's authorities count. */
  readonly certificateAuthorityFile: string | undefined
  /** `POD_NAMESPACE`, else the file of the service account, else `default`. */
  readonly namespace: string
}

const server = Effect.gen(function*() {
  const host = yield* Environment.variable("KUBERNETES_SERVICE_HOST")
  const port = yield* Environment.variable("KUBERNETES_SERVICE_PORT")
  return host === undefined || port === undefined
    ? undefined
    : `https://${host.includes(":") ? `[${host}]` : host}:${port}`
})

/**
 * Whether this process runs in a pod: both variables are set and the token is there.
 *
 * @category accessors
 * @since 0.1.0
 */
export const isPossible: Effect.Effect<boolean, KubeconfigError.KubeconfigError, FileSystem.FileSystem> = Effect.gen(
  function*() {
    if ((yield* server) === undefined) return false
    const fs = yield* FileSystem.FileSystem
    return yield* fs.stat(tokenFile).pipe(
      Effect.map((info) => info.type !== "Directory"),
      Effect.orElseSucceed(() => false)
    )
  }
)

/**
 * The namespace of the pod: `POD_NAMESPACE`, else the file of the service account, else `default`.
 *
 * @category accessors
 * @since 0.1.0
 */
export const namespace: Effect.Effect<string, KubeconfigError.KubeconfigError, FileSystem.FileSystem> = Effect.gen(
  function*() {
    const variable = yield* Environment.variable("POD_NAMESPACE")
    if (variable !== undefined) return variable
    const text = yield* Effect.orElseSucceed(Files.readText(namespaceFile), () => "")
    return text.trim() === "" ? "default" : text.trim()
  }
)

/**
 * Reads variables and files once. Fails with `NotInCluster` outside of a pod, `UnreadableFile` where the token is
 * missing.
 *
 * @category constructors
 * @since 0.1.0
 */
export const load: Effect.Effect<InCluster, KubeconfigError.KubeconfigError, FileSystem.FileSystem> = Effect.gen(
  function*() {
    const address = yield* server
    if (address === undefined) {
      return yield* new KubeconfigError.KubeconfigError({
        reason: new KubeconfigError.NotInCluster({
          description: "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT have to be set"
        })
      })
    }
    yield* Files.ensureReadable(tokenFile, { member: "the in-cluster configuration" })
    const authority = yield* Files.readText(certificateAuthorityFile).pipe(
      Effect.map((text) => text.includes("-----BEGIN CERTIFICATE-----") ? certificateAuthorityFile : undefined),
      Effect.orElseSucceed(() => undefined)
    )
    if (authority === undefined) {
      yield* Effect.logError("no certificate authority for the API server; the authorities of the system are used")
        .pipe(
          Effect.annotateLogs({ path: certificateAuthorityFile })
        )
    }
    return {
      server: address,
      tokenFile,
      certificateAuthorityFile: authority,
      namespace: yield* namespace
    }
  }
)
