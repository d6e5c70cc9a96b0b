import { assert, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as ClientConfig from "../../src/Config/ClientConfig.ts"
import * as MemoryFiles from "./memoryFiles.ts"

const authority = "-----BEGIN CERTIFICATE-----\nQ0E=\n-----END CERTIFICATE-----\n"
const certificate = "-----BEGIN CERTIFICATE-----\nQ0VSVA==\n-----END CERTIFICATE-----\n"
const key = "-----BEGIN PRIVATE KEY-----\nS0VZ\n-----END PRIVATE KEY-----\n"
const base64 = (text: string) => Buffer.from(text).toString("base64")

const home = "/home/ada/.kube/config"

const kubeconfig = `apiVersion: v1
kind: Config
current-context: dev
clusters:
- name: dev
  cluster:
    server: https://dev.example:6443/
    certificate-authority: pki/ca.crt
- name: prod
  cluster:
    server: https://prod.example:6443/k8s/
    certificate-authority-data: ${base64(authority)}
    tls-server-name: kubernetes
    proxy-url: http://user:secret@proxy.example:3128
    disable-compression: true
users:
- name: ada
  user:
    client-certificate: pki/ada.crt
    client-key: pki/ada.key
- name: robot
  user:
    token: planted-secret
- name: sealed
  user:
    client-certificate-data: ${base64(certificate)}
    client-key-data: ${base64(key)}
contexts:
- name: dev
  context: {cluster: dev, user: ada, namespace: team-a}
- name: prod
  context: {cluster: prod, user: robot}
- name: sealed
  context: {cluster: prod, user: sealed}
`

const files = {
  [home]: kubeconfig,
  "/home/ada/.kube/pki/ca.crt": authority,
  "/home/ada/.kube/pki/ada.crt": certificate,
  "/home/ada/.kube/pki/ada.key": key
}

const env = { HOME: "/home/ada" }

const pod = {
  "/var/run/secrets/kubernetes.io/serviceaccount/token": "pod-token",
  "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt": authority,
  "/var/run/secrets/kubernetes.io/serviceaccount/namespace": "team-b\n"
}

const podEnv = { KUBERNETES_SERVICE_HOST: "10.0.0.1", KUBERNETES_SERVICE_PORT: "443" }

const read = Effect.flatMap(ClientConfig.ClientConfig, (config) => Effect.succeed(config))

it.effect("uses the current context of ~/.kube/config, files relative to it", () =>
  Effect.gen(function*() {
    const config = yield* read
    assert.strictEqual(config.server, "https://dev.example:6443")
    assert.strictEqual(config.namespace, "team-a")
    assert.deepStrictEqual(config.credential, { _tag: "Anonymous" })
    assert.deepStrictEqual(config.tls, {
      certificateAuthority: { _tag: "File", path: "/home/ada/.kube/pki/ca.crt" },
      serverName: undefined,
      insecureSkipVerify: false,
      clientCertificate: {
        certificate: { _tag: "File", path: "/home/ada/.kube/pki/ada.crt" },
        key: { _tag: "File", path: "/home/ada/.kube/pki/ada.key" }
      }
    })
  }).pipe(Effect.provide(ClientConfig.layer), Effect.provide(MemoryFiles.layer(files, env))))

it.effect("resolves another context by name, data forms included", () =>
  Effect.gen(function*() {
    const config = yield* read
    assert.strictEqual(config.server, "https://prod.example:6443/k8s")
    assert.deepStrictEqual(config.tls.certificateAuthority, { _tag: "Data", pem: authority })
    assert.strictEqual(config.tls.serverName, "kubernetes")
    assert.strictEqual(config.disableCompression, true)
    assert.strictEqual(config.proxyUrl && Redacted.value(config.proxyUrl), "http://user:secret@proxy.example:3128")
    assert.strictEqual(config.namespace, "default")
    const source = config.credential
    assert.strictEqual(source._tag === "Token" ? Redacted.value(source.token) : source._tag, "planted-secret")
  }).pipe(
    Effect.provide(ClientConfig.layerKubeconfig({ context: "prod" })),
    Effect.provide(MemoryFiles.layer(files, env))
  ))

it.effect("decodes client certificate and key data, the key redacted", () =>
  Effect.gen(function*() {
    const { clientCertificate } = (yield* read).tls
    assert.deepStrictEqual(clientCertificate?.certificate, { _tag: "Data", pem: certificate })
    assert.strictEqual(
      clientCertificate?.key._tag === "Data" ? Redacted.value(clientCertificate.key.pem) : undefined,
      key
    )
  }).pipe(
    Effect.provide(ClientConfig.layerKubeconfig({ context: "sealed" })),
    Effect.provide(MemoryFiles.layer(files, env))
  ))

it.effect("reads an explicit path and ignores KUBECONFIG", () =>
  Effect.gen(function*() {
    assert.strictEqual((yield* read).server, "https://other.example")
  }).pipe(
    Effect.provide(ClientConfig.layerKubeconfig({ path: "/tmp/other" })),
    Effect.provide(MemoryFiles.layer({
      ...files,
      "/tmp/other":
        "current-context: a\nclusters: [{name: a, cluster: {server: 'https://other.example'}}]\ncontexts: [{name: a, context: {cluster: a}}]"
    }, { ...env, KUBECONFIG: home }))
  ))

it.effect("uses the pod it runs in where no kubeconfig chooses a cluster", () =>
  Effect.gen(function*() {
    const config = yield* read
    assert.strictEqual(config.server, "https://10.0.0.1")
    assert.strictEqual(config.namespace, "team-b")
    assert.deepStrictEqual(config.credential, {
      _tag: "TokenFile",
      path: "/var/run/secrets/kubernetes.io/serviceaccount/token",
      initial: undefined
    })
    assert.deepStrictEqual(config.tls.certificateAuthority, {
      _tag: "File",
      path: "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt"
    })
  }).pipe(Effect.provide(ClientConfig.layer), Effect.provide(MemoryFiles.layer(pod, { ...env, ...podEnv }))))

it.effect("brackets the IPv6 address of a pod's API server", () =>
  Effect.gen(function*() {
    assert.strictEqual((yield* read).server, "https://[fd00::1]:6443")
  }).pipe(
    Effect.provide(ClientConfig.layerInCluster),
    Effect.provide(MemoryFiles.layer(pod, { KUBERNETES_SERVICE_HOST: "fd00::1", KUBERNETES_SERVICE_PORT: "6443" }))
  ))

const failure = (
  layer: typeof ClientConfig.layer,
  initial: Parameters<typeof MemoryFiles.layer>[0],
  variables: { readonly [name: string]: string } = env
) => Effect.flip(Effect.provide(read, layer)).pipe(Effect.provide(MemoryFiles.layer(initial, variables)))

it.effect("says where it looked when nothing is configured", () =>
  Effect.gen(function*() {
    const error = yield* failure(ClientConfig.layer, {})
    assert.strictEqual(
      error.message,
      "no cluster is configured: there is no kubeconfig at /home/ada/.kube/config, and this process does not run in a pod"
    )
    const unchosen = yield* failure(ClientConfig.layer, {
      ...files,
      [home]: kubeconfig.replace("current-context: dev", "")
    })
    assert.strictEqual(
      unchosen.message,
      "no cluster is configured: /home/ada/.kube/config chooses no context (contexts there: \"dev\", \"prod\", \"sealed\"), and this process does not run in a pod"
    )
  }))

it.effect("names an explicit kubeconfig that is missing", () =>
  Effect.gen(function*() {
    const error = yield* failure(ClientConfig.layerKubeconfig({ path: "/nowhere/config" }), files)
    assert.strictEqual(error.reason._tag, "NotFound")
    assert.strictEqual(error.message, "the kubeconfig /nowhere/config does not exist")
  }))

it.effect("says line and column of what is not YAML, without quoting it", () =>
  Effect.gen(function*() {
    const error = yield* failure(ClientConfig.layer, { [home]: "users:\n- name: a\n  user:\n    token: \"planted" })
    assert.strictEqual(error.reason._tag, "Parse")
    assert.strictEqual(
      error.message,
      "/home/ada/.kube/config:4:20: not YAML: a missing quote, comma, colon, brace or bracket"
    )
    const html = yield* failure(ClientConfig.layer, { [home]: "<html><body>Log in</body></html>" })
    assert.strictEqual(html.message, "/home/ada/.kube/config:1:1: expected a mapping, found a text")
  }))

it.effect("says which contexts exist when one is missing", () =>
  Effect.gen(function*() {
    const error = yield* failure(ClientConfig.layerKubeconfig({ context: "staging" }), files)
    assert.strictEqual(error.reason._tag, "MissingContext")
    assert.strictEqual(
      error.message,
      "the context \"staging\" does not exist in /home/ada/.kube/config; contexts there: \"dev\", \"prod\", \"sealed\""
    )
  }))

it.effect("names the member that points to a missing file", () =>
  Effect.gen(function*() {
    const { "/home/ada/.kube/pki/ca.crt": _, ...withoutAuthority } = files
    const error = yield* failure(ClientConfig.layer, withoutAuthority)
    assert.strictEqual(
      error.message,
      "cannot read /home/ada/.kube/pki/ca.crt, named by clusters[\"dev\"].cluster.certificate-authority of /home/ada/.kube/config: no such file"
    )
    const locked = yield* failure(ClientConfig.layer, {
      ...files,
      "/home/ada/.kube/pki/ada.key": { content: key, mode: 0 }
    })
    assert.strictEqual(
      locked.message,
      "cannot read /home/ada/.kube/pki/ada.key, named by users[\"ada\"].user.client-key of /home/ada/.kube/config: permission denied"
    )
    const token = yield* failure(ClientConfig.layerKubeconfig({ tokenFile: "/run/token" }), files)
    assert.strictEqual(
      token.message,
      "cannot read /run/token, named by users[\"ada\"].user.tokenFile of /home/ada/.kube/config: no such file"
    )
  }))

it.effect("takes its configuration from options or from environment variables alone", () =>
  Effect.gen(function*() {
    const options = yield* Effect.provide(
      read,
      ClientConfig.layerOptions({ server: "https://a.example/", namespace: "b" })
    )
    assert.deepStrictEqual(options, { ...ClientConfig.defaults, server: "https://a.example", namespace: "b" })
    const fromEnv = yield* Effect.provide(read, ClientConfig.layerFromEnv).pipe(
      Effect.provideService(
        ConfigProvider.ConfigProvider,
        ConfigProvider.fromEnvRecord({ KUBE_HOST: "https://c.example", KUBE_TOKEN: "t", KUBE_INSECURE: "true" })
      )
    )
    assert.strictEqual(fromEnv.server, "https://c.example")
    assert.strictEqual(fromEnv.tls.insecureSkipVerify, true)
    assert.strictEqual(fromEnv.credential._tag === "Token" && Redacted.value(fromEnv.credential.token), "t")
  }))
