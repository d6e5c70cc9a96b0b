/**
 * The context, cluster and user that a client uses, with the overrides of the caller in their place.
 */
import * as Effect from "effect/Effect"
import * as Base64 from "effect/encoding/Base64"
import * as Redacted from "effect/Redacted"
import type * as Kubeconfig from "../Kubeconfig.ts"
import * as KubeconfigError from "../KubeconfigError.ts"
import * as KubeconfigLoader from "../KubeconfigLoader.ts"
import type { KubeconfigOverrides } from "../KubeconfigOverrides.ts"
import type { NamedBy } from "./files.ts"
import type { Place } from "./serverAddress.ts"

/** A stanza, and how to speak of its members. */
export interface Chosen<S> {
  readonly name: string
  readonly stanza: S
  /** The kubeconfig that has it; absent where only overrides make it up. */
  readonly origin: string | undefined
  readonly place: (member: Extract<keyof S, string> | "") => Place
  readonly namedBy: (member: Extract<keyof S, string>) => NamedBy
}

export interface ChosenContext {
  readonly cluster: Chosen<Kubeconfig.Cluster>
  readonly user: Chosen<Kubeconfig.User>
  readonly context: Kubeconfig.Context
}

export const chosen = <S>(
  loaded: KubeconfigLoader.Loaded,
  section: KubeconfigLoader.Section,
  kind: string,
  name: string,
  stanza: S
): Chosen<S> => {
  const origin = KubeconfigLoader.originOf(loaded, section, name)
  const place = (member: string): Place => ({
    ...(origin === undefined ? {} : { path: origin }),
    member: `${section}[${JSON.stringify(name)}].${kind}${member === "" ? "" : `.${member}`}`
  })
  return {
    name,
    stanza,
    origin,
    place,
    namedBy: (member) => {
      const { path, member: named } = place(member)
      return { member: named, ...(path === undefined ? {} : { kubeconfig: path }) }
    }
  }
}

const text = (value: string | undefined): string | undefined => value === "" ? undefined : value

const secret = (value: Redacted.Redacted<string> | undefined): Redacted.Redacted<string> | undefined =>
  value === undefined || Redacted.value(value) === "" ? undefined : value

const member = <K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } => {
  const members: { [P in K]?: V } = {}
  if (value !== undefined) members[key] = value
  return members
}

const without = <S extends object>(stanza: S, keys: ReadonlyArray<Extract<keyof S, string>>): S => {
  const copy = { ...stanza }
  for (const key of keys) delete copy[key]
  return copy
}

const base64 = (pem: string | undefined): string | undefined =>
  pem === undefined || pem === "" ? undefined : Base64.encode(pem)

// The rules of client-go's DirectClientConfig.getCluster.
const overrideCluster = (cluster: Kubeconfig.Cluster, overrides: KubeconfigOverrides): Kubeconfig.Cluster => {
  const authority = text(overrides.certificateAuthority)
  const data = base64(overrides.certificateAuthorityData)
  const insecure = overrides.insecureSkipTlsVerify === true
  const hasTrust = insecure || authority !== undefined || data !== undefined
  const server = text(overrides.server)
  const serverName = text(overrides.tlsServerName)
  return {
    ...without(cluster, [
      ...(hasTrust
        ? ["certificate-authority", "certificate-authority-data", "insecure-skip-tls-verify"] as const
        : []),
      ...(server !== undefined || serverName !== undefined ? ["tls-server-name"] as const : [])
    ]),
    ...member("server", server),
    ...member("tls-server-name", serverName),
    ...member("insecure-skip-tls-verify", insecure ? true : undefined),
    ...member("certificate-authority", authority),
    ...member("certificate-authority-data", data),
    ...member("proxy-url", secret(overrides.proxyUrl)),
    ...member("disable-compression", overrides.disableCompression === true ? true : undefined)
  }
}

// The rules of client-go's DirectClientConfig.getAuthInfo, but that a token or a password in the overrides takes the
// place of the user's other one instead of contradicting it.
const overrideUser = (user: Kubeconfig.User, overrides: KubeconfigOverrides): Kubeconfig.User => {
  const certificate = text(overrides.clientCertificate)
  const certificateData = base64(overrides.clientCertificateData)
  const key = text(overrides.clientKey)
  const keyData = secret(overrides.clientKeyData)
  const token = secret(overrides.token)
  const tokenFile = text(overrides.tokenFile)
  const username = text(overrides.username)
  const password = secret(overrides.password)
  const act = overrides.impersonation
  const extra = { ...user["as-user-extra"], ...act?.extra }
  const hasToken = token !== undefined || tokenFile !== undefined
  const hasPassword = username !== undefined || password !== undefined
  return {
    ...without(user, [
      ...(certificate !== undefined || certificateData !== undefined
        ? ["client-certificate", "client-certificate-data"] as const
        : []),
      ...(key !== undefined || keyData !== undefined ? ["client-key", "client-key-data"] as const : []),
      ...(hasToken || hasPassword ? ["token", "tokenFile"] as const : []),
      ...(hasToken ? ["username", "password"] as const : [])
    ]),
    ...member("client-certificate", certificate),
    ...member("client-certificate-data", certificateData),
    ...member("client-key", key),
    ...member(
      "client-key-data",
      keyData === undefined
        ? undefined
        : Redacted.make(Base64.encode(Redacted.value(keyData)), { label: "client-key-data" })
    ),
    ...member("token", token),
    ...member("tokenFile", tokenFile),
    ...member("username", username),
    ...member("password", password),
    ...member("as", text(act?.user)),
    ...member("as-uid", text(act?.uid)),
    ...member("as-groups", act?.groups === undefined || act.groups.length === 0 ? undefined : act.groups),
    ...member("as-user-extra", Object.keys(extra).length === 0 ? undefined : extra)
  }
}

/**
 * Fails with `NotConfigured` where no context is chosen and the overrides do not name a server either, and with
 * `MissingContext`, `MissingCluster` or `MissingUser`.
 */
export const choose = Effect.fnUntraced(function*(
  loaded: KubeconfigLoader.Loaded,
  overrides: KubeconfigOverrides
): Effect.fn.Return<ChosenContext, KubeconfigError.KubeconfigError> {
  const { kubeconfig } = loaded
  const paths = loaded.files.map((file) => file.path)
  const contexts = kubeconfig.contexts.map((entry) => entry.name)
  const name = text(overrides.context) ?? kubeconfig["current-context"]
  const entry = kubeconfig.contexts.find((context) => context.name === name)
  if (entry === undefined && name !== "") {
    return yield* new KubeconfigError.KubeconfigError({
      reason: new KubeconfigError.MissingContext({ context: name, contexts, paths })
    })
  }
  if (entry === undefined && text(overrides.server) === undefined && text(overrides.cluster) === undefined) {
    return yield* new KubeconfigError.KubeconfigError({
      reason: new KubeconfigError.NotConfigured({ searched: loaded.searchPath.paths, found: paths, contexts })
    })
  }
  const context: Kubeconfig.Context = {
    ...entry?.context,
    ...member("cluster", text(overrides.cluster)),
    ...member("user", text(overrides.user)),
    ...member("namespace", text(overrides.namespace))
  }
  const clusterName = context.cluster ?? ""
  const cluster = kubeconfig.clusters.find((named) => named.name === clusterName)
  if (cluster === undefined && clusterName !== "") {
    return yield* new KubeconfigError.KubeconfigError({
      reason: new KubeconfigError.MissingCluster({
        cluster: clusterName,
        ...(text(overrides.cluster) === undefined ? { context: name } : {}),
        clusters: kubeconfig.clusters.map((named) => named.name),
        paths
      })
    })
  }
  const userName = context.user ?? ""
  const user = kubeconfig.users.find((named) => named.name === userName)
  if (user === undefined && userName !== "") {
    return yield* new KubeconfigError.KubeconfigError({
      reason: new KubeconfigError.MissingUser({
        user: userName,
        ...(text(overrides.user) === undefined ? { context: name } : {}),
        users: kubeconfig.users.map((named) => named.name),
        paths
      })
    })
  }
  return {
    context,
    cluster: chosen(loaded, "clusters", "cluster", clusterName, overrideCluster(cluster?.cluster ?? {}, overrides)),
    user: chosen(loaded, "users", "user", userName, overrideUser(user?.user ?? {}, overrides))
  }
})
