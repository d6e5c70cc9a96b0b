import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import * as References from "effect/References"
import * as ClientConfig from "../../src/Config/ClientConfig.ts"
import type { KubeconfigOverrides } from "../../src/Config/KubeconfigOverrides.ts"
import * as MemoryFiles from "./memoryFiles.ts"

const path = "/k"

const resolve = (
  text: string,
  overrides: KubeconfigOverrides = {},
  files: { readonly [path: string]: string } = {}
) =>
  Effect.provide(
    ClientConfig.fromKubeconfig({ path, ...overrides }),
    MemoryFiles.layer({ [path]: text, ...files })
  )

const message = (text: string, overrides?: KubeconfigOverrides, files?: { readonly [path: string]: string }) =>
  Effect.map(Effect.flip(resolve(text, overrides, files)), (error) => error.message)

const one = (cluster: string, user = "{}") =>
  `current-context: x
clusters: [{name: c, cluster: ${cluster}}]
users: [{name: u, user: ${user}}]
contexts: [{name: x, context: {cluster: c, user: u}}]
`

const safe = "{server: 'https://s'}"

it.effect("names the context that names a missing cluster or user, and what there is", () =>
  Effect.gen(function*() {
    const dangling = `current-context: x
clusters: [{name: a, cluster: {server: 'https://a'}}, {name: b}]
users: []
contexts: [{name: x, context: {cluster: gone}}, {name: z, context: {cluster: a, user: gone}}]
`
    assert.strictEqual(
      yield* message(dangling),
      "the cluster \"gone\", named by the context \"x\", does not exist in /k; clusters there: \"a\", \"b\""
    )
    assert.strictEqual(
      yield* message(dangling, { context: "z" }),
      "the user \"gone\", named by the context \"z\", does not exist in /k; there are no users"
    )
    assert.strictEqual(
      yield* message(dangling, { cluster: "none" }),
      "the cluster \"none\" does not exist in /k; clusters there: \"a\", \"b\""
    )
    assert.strictEqual(
      yield* message(dangling, { cluster: "b" }),
      "/k: clusters[\"b\"].cluster.server: the address of the server is missing"
    )
  }))

it.effect("says everything that is wrong with the chosen stanzas at once, and nothing about the others", () =>
  Effect.gen(function*() {
    assert.strictEqual(
      yield* message(one(
        "{proxy-url: 'ftp://u:planted@p', certificate-authority: a, certificate-authority-data: YQ==}",
        "{token: planted, username: u, as-uid: '1', exec: {env: [{value: planted}]}}"
      )),
      [
        "/k: clusters[\"c\"].cluster.server: the address of the server is missing",
        "/k: clusters[\"c\"].cluster.proxy-url: expected an address with http://, https:// or socks5://",
        "/k: clusters[\"c\"].cluster.certificate-authority: certificate-authority and certificate-authority-data exclude each other",
        "/k: users[\"u\"].user.exec.command: the command is missing",
        "/k: users[\"u\"].user.exec.apiVersion: the version is missing; expected client.authentication.k8s.io/v1 or client.authentication.k8s.io/v1beta1",
        "/k: users[\"u\"].user.exec.env[0].name: the name is missing",
        "/k: users[\"u\"].user.exec.interactiveMode: is required: expected Never, IfAvailable or Always",
        "/k: users[\"u\"].user.token: a token and a user name with password exclude each other",
        "/k: users[\"u\"].user.as: as-uid, as-groups and as-user-extra need as, the user to impersonate"
      ].join("\n")
    )
    const other = one(safe).replace("users: [", "users: [{name: broken, user: {exec: {}}}, ")
    assert.strictEqual((yield* resolve(other)).server, "https://s")
  }))

it.effect("says what is wrong with an address", () =>
  Effect.gen(function*() {
    const place = "/k: clusters[\"c\"].cluster.server: "
    const cases: ReadonlyArray<readonly [server: string, message: string]> = [
      ["https://", "expected an address as https://HOST:PORT"],
      ["https://h:99999", "expected an address as https://HOST:PORT"],
      ["ftp://h", "expected https:// or http://"],
      ["https://u:planted@h", "an address cannot hold a user or a password"]
    ]
    for (const [server, expected] of cases) {
      assert.strictEqual(yield* message(one(`{server: '${server}'}`)), `${place}${expected}`)
    }
    assert.strictEqual((yield* resolve(one("{server: 'https://H:443/a/?q=1#f'}"))).server, "https://h/a")
    assert.strictEqual((yield* resolve(one("{server: 'https://[fd00::1]:6443'}"))).server, "https://[fd00::1]:6443")
  }))

it.effect("says what to do about data that kubectl left out, and about data that is no PEM", () =>
  Effect.gen(function*() {
    assert.strictEqual(
      yield* message(one("{server: 'https://s', certificate-authority-data: DATA+OMITTED}")),
      "/k: clusters[\"c\"].cluster.certificate-authority-data: the data was left out; `kubectl config view --raw` prints it"
    )
    assert.strictEqual(
      yield* message(one(safe, "{client-certificate-data: cGxhbnRlZA==, client-key-data: cGxhbnRlZA==}")),
      "/k: users[\"u\"].user.client-certificate-data: holds no PEM block"
    )
  }))

it.effect("says what replaced a provider that is gone, and what an OIDC provider needs", () =>
  Effect.gen(function*() {
    const provider = (text: string) => message(one(safe, `{auth-provider: ${text}}`))
    const place = "/k: users[\"u\"].user.auth-provider"
    assert.strictEqual(
      yield* provider("{name: gcp}"),
      `${place}.name: the provider gcp was removed from Kubernetes clients; use the exec plugin gke-gcloud-auth-plugin instead`
    )
    assert.strictEqual(
      yield* provider("{name: azure}"),
      `${place}.name: the provider azure was removed from Kubernetes clients; use the exec plugin kubelogin instead`
    )
    assert.strictEqual(yield* provider("{name: __proto__}"), `${place}.name: expected oidc`)
    assert.strictEqual(yield* provider("{name: oidc}"), `${place}.config.idp-issuer-url: is required`)
    assert.strictEqual(
      yield* provider("{name: oidc, config: {idp-issuer-url: i}}"),
      `${place}.config.client-id: is required`
    )
    assert.strictEqual(
      yield* provider("{name: oidc, config: {idp-issuer-url: i, client-id: c, idp-certificate-authority: /none}}"),
      "cannot read /none, named by users[\"u\"].user.auth-provider.config.idp-certificate-authority of /k: no such file"
    )
    const { credential } = yield* resolve(
      one(
        safe,
        "{auth-provider: {name: oidc, config: {idp-issuer-url: i, client-id: c, id-token: t, refresh-token: r}}}"
      )
    )
    assert.deepStrictEqual(credential._tag === "Oidc" && credential.saveTo, { path, user: "u" })
  }))

it.effect("sends no credential to a server without TLS, and says so", () => {
  const messages: Array<unknown> = []
  const logger = Logger.make(({ fiber, message }) => {
    messages.push([message, fiber.getRef(References.CurrentLogAnnotations)])
  })
  return Effect.gen(function*() {
    const config = yield* resolve(one("{server: 'http://s:8080', tls-server-name: x}", "{token: planted, as: root}"))
    assert.deepStrictEqual(config.credential, { _tag: "Anonymous" })
    assert.deepStrictEqual(config.tls, ClientConfig.defaults.tls)
    assert.strictEqual(config.impersonation?.user, "root")
    assert.deepStrictEqual(messages, [[
      ["credentials are not sent, as the server has no TLS"],
      { server: "http://s:8080", user: "u" }
    ]])
  }).pipe(Effect.provide(Logger.layer([logger])))
})

it.effect("does not run a plugin besides a client certificate", () =>
  Effect.gen(function*() {
    const pem = btoa("-----BEGIN X-----")
    const config = yield* resolve(one(
      safe,
      `{client-certificate-data: ${pem}, client-key-data: ${pem}, exec: {command: c, apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never}}`
    ))
    assert.strictEqual(config.credential._tag, "Anonymous")
    assert.isDefined(config.tls.clientCertificate)
  }))

it.effect("an override that is empty changes nothing", () =>
  Effect.gen(function*() {
    const text = one("{server: 'https://s', tls-server-name: name}", "{token: t}")
    const empty = {
      context: "",
      cluster: "",
      user: "",
      namespace: "",
      server: "",
      tlsServerName: "",
      insecureSkipTlsVerify: false,
      certificateAuthority: "",
      certificateAuthorityData: "",
      proxyUrl: Redacted.make(""),
      disableCompression: false,
      clientCertificate: "",
      clientCertificateData: "",
      clientKey: "",
      clientKeyData: Redacted.make(""),
      token: Redacted.make(""),
      tokenFile: "",
      username: "",
      password: Redacted.make(""),
      impersonation: { user: "", uid: "", groups: [], extra: {} }
    }
    assert.deepStrictEqual(yield* resolve(text, empty), yield* resolve(text))
  }))

it.effect("takes time limit, rate limit and user agent from the caller", () =>
  Effect.gen(function*() {
    const config = yield* resolve(one(safe), {
      timeout: "5 seconds",
      rateLimit: { qps: 5, burst: 10 },
      userAgent: "me"
    })
    assert.deepStrictEqual([config.timeout, config.rateLimit, config.userAgent], [
      "5 seconds",
      { qps: 5, burst: 10 },
      "me"
    ])
  }))

const pod = {
  "/var/run/secrets/kubernetes.io/serviceaccount/token": "pod-token",
  "/var/run/secrets/kubernetes.io/serviceaccount/namespace": "pod-namespace"
}

const podEnv = { KUBERNETES_SERVICE_HOST: "10.0.0.1", KUBERNETES_SERVICE_PORT: "443", HOME: "/home/ada" }

const chain = (files: { readonly [path: string]: string }, env: { readonly [name: string]: string }) =>
  Effect.provide(ClientConfig.make, MemoryFiles.layer(files, env)).pipe(Effect.provide(Logger.layer([])))

it.effect("in a pod, a kubeconfig that chooses a cluster wins, and lends the pod's namespace where it names none", () =>
  Effect.gen(function*() {
    const home = "/home/ada/.kube/config"
    const text = one(safe)
    const implicit = yield* chain({ ...pod, [home]: text }, podEnv)
    assert.deepStrictEqual([implicit.server, implicit.namespace], ["https://s", "pod-namespace"])
    const named = yield* chain({ ...pod, [home]: text.replace("user: u}", "user: u, namespace: default}") }, podEnv)
    assert.deepStrictEqual([named.server, named.namespace], ["https://s", "default"])
    const variable = yield* chain({ ...pod, [home]: text }, { ...podEnv, POD_NAMESPACE: "variable" })
    assert.strictEqual(variable.namespace, "variable")
    const outside = yield* chain({ [home]: text }, { HOME: "/home/ada" })
    assert.strictEqual(outside.namespace, "default")
  }))

it.effect("in a pod, a kubeconfig that is broken or names what is missing is an error, not a reason to use the pod", () =>
  Effect.gen(function*() {
    const home = "/home/ada/.kube/config"
    const broken = yield* Effect.flip(chain({ ...pod, [home]: "clusters: {" }, podEnv))
    assert.strictEqual(broken.reason._tag, "Parse")
    const dangling = yield* Effect.flip(chain({ ...pod, [home]: "current-context: gone\n" }, podEnv))
    assert.strictEqual(dangling.reason._tag, "MissingContext")
    const empty = yield* chain({ ...pod, [home]: "# nothing\n" }, podEnv)
    assert.strictEqual(empty.server, "https://10.0.0.1")
  }))

it.effect("in a pod, overrides apply to what the pod says, but for a server: that keeps the pod's token out of it", () =>
  Effect.gen(function*() {
    const files = {
      ...pod,
      "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt": btoa("-----BEGIN CERTIFICATE-----")
    }
    const over = (overrides: KubeconfigOverrides) =>
      Effect.provide(ClientConfig.makeWith(overrides), MemoryFiles.layer({ ...files, "/ca": "", "/t": "" }, podEnv))
        .pipe(
          Effect.provide(Logger.layer([]))
        )
    const named = yield* over({ namespace: "mine", timeout: "5 seconds" })
    assert.deepStrictEqual([named.server, named.namespace, named.timeout], [
      "https://10.0.0.1",
      "mine",
      "5 seconds"
    ])
    assert.strictEqual(named.credential._tag, "TokenFile")
    const token = yield* over({ token: Redacted.make("t"), certificateAuthority: "/ca" })
    assert.deepStrictEqual([token.server, token.namespace], ["https://10.0.0.1", "pod-namespace"])
    assert.strictEqual(token.credential._tag === "Token" && Redacted.value(token.credential.token), "t")
    assert.deepStrictEqual(token.tls.certificateAuthority, { _tag: "File", path: "/ca" })
    const file = yield* over({ tokenFile: "/t", impersonation: { user: "root" } })
    assert.deepStrictEqual(file.credential, { _tag: "TokenFile", path: "/t", initial: undefined })
    assert.strictEqual(file.impersonation?.user, "root")
    const server = yield* over({ server: "https://other" })
    assert.deepStrictEqual([server.server, server.credential], ["https://other", { _tag: "Anonymous" }])
    assert.strictEqual((yield* Effect.flip(over({ context: "gone" }))).reason._tag, "MissingContext")
  }))

it.effect("says why this is no pod, and goes on without an authority that is missing", () =>
  Effect.gen(function*() {
    const inCluster = (files: { readonly [path: string]: string }, env: { readonly [name: string]: string }) =>
      Effect.provide(ClientConfig.fromInCluster, MemoryFiles.layer(files, env)).pipe(Effect.provide(Logger.layer([])))
    assert.strictEqual(
      (yield* Effect.flip(inCluster(pod, {}))).message,
      "not in a cluster: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT have to be set"
    )
    assert.strictEqual(
      (yield* Effect.flip(inCluster({}, podEnv))).message,
      "cannot read /var/run/secrets/kubernetes.io/serviceaccount/token, named by the in-cluster configuration: no such file"
    )
    assert.strictEqual((yield* inCluster(pod, podEnv)).tls.certificateAuthority, undefined)
  }))

it.effect("refuses options that contradict each other", () =>
  Effect.gen(function*() {
    const failure = (options: Parameters<typeof ClientConfig.layerOptions>[0]) =>
      Effect.map(Effect.flip(Effect.provide(ClientConfig.ClientConfig, ClientConfig.layerOptions(options))), (error) =>
        error.message)
    assert.strictEqual(
      yield* failure({ server: "https://" }),
      "server: expected an address as https://HOST:PORT"
    )
    assert.strictEqual(
      yield* failure({
        server: "https://s",
        tls: { ...ClientConfig.defaults.tls, insecureSkipVerify: true, certificateAuthority: { _tag: "Data", pem: "" } }
      }),
      "tls: a certificate authority and insecureSkipVerify exclude each other"
    )
    assert.strictEqual(
      yield* failure({ server: "https://s", rateLimit: { qps: 0, burst: 10 } }),
      "rateLimit: expected more than 0 requests per second and at least 1 at once"
    )
  }))
