/**
 * What client-go's clientcmd refuses in the stanzas that a client uses. Finds everything, not only the first.
 */
import * as Redacted from "effect/Redacted"
import type * as Kubeconfig from "../Kubeconfig.ts"
import type * as KubeconfigError from "../KubeconfigError.ts"
import * as ServerAddress from "./serverAddress.ts"
import type { Chosen } from "./stanzas.ts"

type Issues = ReadonlyArray<KubeconfigError.Issue>

const has = (value: unknown): boolean =>
  value !== undefined && value !== "" && !(Redacted.isRedacted(value) && Redacted.value(value) === "")

export const clusterIssues = ({ name, origin, place, stanza }: Chosen<Kubeconfig.Cluster>): Issues => {
  const issues: Array<KubeconfigError.Issue> = []
  const proxy = stanza["proxy-url"]
  if (!has(stanza.server)) {
    issues.push(
      name === "" && origin === undefined
        ? { member: "context", description: "the context names no cluster" }
        : { ...place("server"), description: "the address of the server is missing" }
    )
  }
  if (proxy !== undefined && has(proxy) && !ServerAddress.isProxyUrl(Redacted.value(proxy))) {
    issues.push({ ...place("proxy-url"), description: "expected an address with http://, https:// or socks5://" })
  }
  if (has(stanza["certificate-authority"]) && has(stanza["certificate-authority-data"])) {
    issues.push({
      ...place("certificate-authority"),
      description: "certificate-authority and certificate-authority-data exclude each other"
    })
  }
  if (
    stanza["insecure-skip-tls-verify"] === true &&
    (has(stanza["certificate-authority"]) || has(stanza["certificate-authority-data"]))
  ) {
    issues.push({
      ...place("insecure-skip-tls-verify"),
      description: "a certificate authority and insecure-skip-tls-verify exclude each other"
    })
  }
  return issues
}

const certificateIssues = ({ place, stanza }: Chosen<Kubeconfig.User>): Issues => {
  const issues: Array<KubeconfigError.Issue> = []
  const hasFile = has(stanza["client-certificate"])
  const hasData = has(stanza["client-certificate-data"])
  const hasKeyFile = has(stanza["client-key"])
  const hasKeyData = has(stanza["client-key-data"])
  if (!hasFile && !hasData) return issues
  if (hasFile && hasData) {
    issues.push({
      ...place("client-certificate"),
      description: "client-certificate and client-certificate-data exclude each other"
    })
  }
  if (hasKeyFile && hasKeyData) {
    issues.push({ ...place("client-key"), description: "client-key and client-key-data exclude each other" })
  }
  if (!hasKeyFile && !hasKeyData) {
    issues.push({ ...place("client-key"), description: "a client certificate needs client-key or client-key-data" })
  }
  return issues
}

const execIssues = ({ place, stanza }: Chosen<Kubeconfig.User>): Issues => {
  const { exec } = stanza
  if (exec === undefined) return []
  const { member, path } = place("exec")
  const issues: Array<KubeconfigError.Issue> = []
  const report = (name: string, description: string) =>
    issues.push({ ...(path === undefined ? {} : { path }), member: `${member}${name}`, description })
  if (stanza["auth-provider"] !== undefined) report("", "exec and auth-provider exclude each other")
  if (!has(exec.command)) report(".command", "the command is missing")
  if (!has(exec.apiVersion)) report(".apiVersion", `the version is missing; expected ${expectedVersions}`)
  else if (!isVersion(exec.apiVersion)) report(".apiVersion", `expected ${expectedVersions}`)
  for (const [index, variable] of (exec.env ?? []).entries()) {
    if (!has(variable.name)) report(`.env[${index}].name`, "the name is missing")
  }
  if (!has(exec.interactiveMode)) {
    if (exec.apiVersion !== versions[1]) {
      report(".interactiveMode", "is required: expected Never, IfAvailable or Always")
    }
  } else if (!isInteractiveMode(exec.interactiveMode)) {
    report(".interactiveMode", "expected Never, IfAvailable or Always")
  }
  return issues
}

const versions = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"] as const

const expectedVersions = versions.join(" or ")

export const isVersion = (text: string | undefined): text is (typeof versions)[number] =>
  versions.some((version) => version === text)

const interactiveModes = ["Never", "IfAvailable", "Always"] as const

export const isInteractiveMode = (text: string | undefined): text is (typeof interactiveModes)[number] =>
  interactiveModes.some((mode) => mode === text)

export const userIssues = (user: Chosen<Kubeconfig.User>): Issues => {
  const { place, stanza } = user
  const issues = [...certificateIssues(user), ...execIssues(user)]
  if (has(stanza.token) && (has(stanza.username) || has(stanza.password))) {
    issues.push({ ...place("token"), description: "a token and a user name with password exclude each other" })
  }
  const hasDetails = has(stanza["as-uid"]) || (stanza["as-groups"] ?? []).length > 0 ||
    Object.keys(stanza["as-user-extra"] ?? {}).length > 0
  if (!has(stanza.as) && hasDetails) {
    issues.push({ ...place("as"), description: "as-uid, as-groups and as-user-extra need as, the user to impersonate" })
  }
  return issues
}
