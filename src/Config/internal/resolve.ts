/**
 * From merged kubeconfig files to the configuration of one client: chooses context, cluster and user, checks what is
 * chosen (and only that), and turns stanzas into sources.
 */
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import type { CredentialSource } from "../CredentialSource.ts"
import * as KubeconfigError from "../KubeconfigError.ts"
import type * as KubeconfigLoader from "../KubeconfigLoader.ts"
import type { KubeconfigOverrides } from "../KubeconfigOverrides.ts"
import * as Sources from "./credentialOf.ts"
import * as ServerAddress from "./serverAddress.ts"
import * as Stanzas from "./stanzas.ts"
import * as Validate from "./validate.ts"

const execExtension = "client.authentication.k8s.io/exec"

const anonymous: CredentialSource = { _tag: "Anonymous" }

export const resolve = Effect.fnUntraced(function*(loaded: KubeconfigLoader.Loaded, overrides: KubeconfigOverrides) {
  const { cluster, context, user } = yield* Stanzas.choose(loaded, overrides)
  const issues = [...Validate.clusterIssues(cluster), ...Validate.userIssues(user)]
  if (Arr.isReadonlyArrayNonEmpty(issues)) {
    return yield* new KubeconfigError.KubeconfigError({ reason: new KubeconfigError.Invalid({ issues }) })
  }
  const server = yield* ServerAddress.parse(cluster.stanza.server ?? "", cluster.place("server"))
  const isSecure = ServerAddress.isSecure(server)
  const certificateAuthority = yield* Sources.authorityOf(cluster)
  const clientCertificate = yield* Sources.certificateOf(user)
  const tlsServerName = cluster.stanza["tls-server-name"]
  const serverName = tlsServerName === "" ? undefined : tlsServerName
  const insecureSkipTlsVerify = cluster.stanza["insecure-skip-tls-verify"] === true
  const proxyUrl = Sources.secret(cluster.stanza["proxy-url"])
  const disableCompression = cluster.stanza["disable-compression"] === true
  const credential = yield* Sources.credentialOf(user, {
    server,
    tlsServerName: serverName,
    insecureSkipTlsVerify,
    certificateAuthority,
    proxyUrl,
    disableCompression,
    config: cluster.stanza.extensions?.find((entry) => entry.name === execExtension)?.extension
  }, clientCertificate)
  if (!isSecure && (credential._tag !== "Anonymous" || clientCertificate !== undefined)) {
    yield* Effect.logWarning("credentials are not sent, as the server has no TLS").pipe(
      Effect.annotateLogs({ server, user: user.name })
    )
  }
  return {
    isNamespaceChosen: (context.namespace ?? "") !== "",
    config: {
      server,
      tls: {
        certificateAuthority: isSecure ? certificateAuthority : undefined,
        serverName: isSecure ? serverName : undefined,
        insecureSkipVerify: isSecure && insecureSkipTlsVerify,
        clientCertificate: isSecure ? clientCertificate : undefined
      },
      credential: isSecure ? credential : anonymous,
      impersonation: Sources.impersonationOf(user.stanza),
      namespace: context.namespace === undefined || context.namespace === "" ? "default" : context.namespace,
      proxyUrl,
      disableCompression,
      timeout: overrides.timeout,
      rateLimit: overrides.rateLimit,
      userAgent: overrides.userAgent
    }
  }
})
