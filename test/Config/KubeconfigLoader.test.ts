import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import * as KubeconfigLoader from "../../src/Config/KubeconfigLoader.ts"
import * as MemoryFiles from "./memoryFiles.ts"

const load = (
  files: Parameters<typeof MemoryFiles.layer>[0],
  env: { readonly [name: string]: string },
  options?: { readonly path: string }
) => Effect.provide(KubeconfigLoader.load(options), MemoryFiles.layer(files, env))

const file = (context: string, server: string, more = "") =>
  `current-context: ${context}
clusters:
- name: shared
  cluster: {server: "${server}"}
- name: only-${context}
  cluster: {server: "${server}", certificate-authority: ca.crt}
${more}`

it.effect("merges the files of KUBECONFIG in order, skips those that are missing or given twice or empty", () =>
  Effect.gen(function*() {
    const loaded = yield* load(
      { "/a/config": file("a", "https://a"), "/b/config": file("b", "https://b") },
      { KUBECONFIG: "/a/config::/missing:/b/config:/a/config", HOME: "/home/ada" }
    )
    assert.deepStrictEqual(loaded.searchPath, {
      paths: ["/a/config", "/missing", "/b/config"],
      origin: "Environment"
    })
    assert.deepStrictEqual(loaded.files.map((each) => each.path), ["/a/config", "/b/config"])
    assert.strictEqual(loaded.kubeconfig["current-context"], "a")
    assert.deepStrictEqual(
      loaded.kubeconfig.clusters.map(({ cluster, name }) => [name, cluster.server, cluster["certificate-authority"]]),
      [
        ["shared", "https://a", undefined],
        ["only-a", "https://a", "/a/ca.crt"],
        ["only-b", "https://b", "/b/ca.crt"]
      ]
    )
    assert.strictEqual(KubeconfigLoader.originOf(loaded, "clusters", "shared"), "/a/config")
    assert.strictEqual(KubeconfigLoader.originOf(loaded, "clusters", "only-b"), "/b/config")
    assert.strictEqual(KubeconfigLoader.originOf(loaded, "users", "nobody"), undefined)
  }))

it.effect("resolves every file name against the folder of its own file, and no command that PATH finds", () =>
  Effect.gen(function*() {
    const { kubeconfig } = yield* load({
      "/etc/kube/config":
        "users:\n- name: a\n  user: {client-certificate: a.crt, client-key: ../keys/a.key, tokenFile: /run/token, exec: {command: bin/plugin}}\n- name: b\n  user: {exec: {command: plugin}}\nclusters:\n- name: c\n  cluster: {certificate-authority: ./pki//ca.crt}\n"
    }, { KUBECONFIG: "/etc/kube/config" })
    const [a, b] = kubeconfig.users
    assert.strictEqual(a?.user["client-certificate"], "/etc/kube/a.crt")
    assert.strictEqual(a?.user["client-key"], "/etc/keys/a.key")
    assert.strictEqual(a?.user.tokenFile, "/run/token")
    assert.strictEqual(a?.user.exec?.command, "/etc/kube/bin/plugin")
    assert.strictEqual(b?.user.exec?.command, "plugin")
    assert.strictEqual(kubeconfig.clusters[0]?.cluster["certificate-authority"], "/etc/kube/pki/ca.crt")
  }))

it.effect("warns when none of the files of KUBECONFIG exists, and not when the one at home is missing", () =>
  Effect.gen(function*() {
    const warnings: Array<unknown> = []
    const logger = Logger.make(({ message }) => {
      warnings.push(message)
    })
    const silent = yield* load({}, { HOME: "/home/ada" }).pipe(Effect.provide(Logger.layer([logger])))
    assert.deepStrictEqual(silent.searchPath, { paths: ["/home/ada/.kube/config"], origin: "Home" })
    assert.deepStrictEqual(warnings, [])
    const loaded = yield* load({}, { KUBECONFIG: "/a:/b" }).pipe(Effect.provide(Logger.layer([logger])))
    assert.deepStrictEqual(loaded.files, [])
    assert.deepStrictEqual(warnings, [["none of the files of KUBECONFIG exists"]])
  }))

it.effect("says which file cannot be read: not permitted, a folder, not text", () =>
  Effect.gen(function*() {
    const message = (files: Parameters<typeof MemoryFiles.layer>[0]) =>
      Effect.map(Effect.flip(load(files, { KUBECONFIG: "/x/config" })), (error) => error.message)
    assert.strictEqual(
      yield* message({ "/x/config": { content: "", mode: 0 } }),
      "cannot read /x/config: permission denied"
    )
    assert.strictEqual(yield* message({ "/x/config/inner": "" }), "cannot read /x/config: is a directory")
    assert.strictEqual(
      yield* message({ "/x/config": new Uint8Array([0x61, 0xff]) }),
      "cannot read /x/config: not UTF-8"
    )
  }))

it.effect("reads a file that starts with a byte order mark", () =>
  Effect.gen(function*() {
    const { kubeconfig } = yield* load({ "/x": "\uFEFFcurrent-context: bom\n" }, {}, { path: "/x" })
    assert.strictEqual(kubeconfig["current-context"], "bom")
  }))

it.effect("reads an empty or partial file", () =>
  Effect.gen(function*() {
    const { kubeconfig } = yield* load({ "/a": "", "/b": "contexts:\n- name: c\n" }, { KUBECONFIG: "/a:/b" })
    assert.deepStrictEqual(kubeconfig.contexts, [{ name: "c", context: {} }])
  }))

it.effect("puts the contents of certificate and key files in their place", () => {
  const files = {
    "/k/config":
      "clusters:\n- name: c\n  cluster: {certificate-authority: ca.crt}\n- name: d\n  cluster: {certificate-authority-data: QQ==}\nusers:\n- name: u\n  user: {client-certificate: u.crt, client-key: u.key, tokenFile: t}\n",
    "/k/ca.crt": "CA",
    "/k/u.crt": "CERT",
    "/k/u.key": "KEY"
  }
  const flat = Effect.flatMap(
    KubeconfigLoader.load({ path: "/k/config" }),
    ({ kubeconfig }) => KubeconfigLoader.flatten(kubeconfig)
  )
  return Effect.gen(function*() {
    const { clusters, users } = yield* Effect.provide(flat, MemoryFiles.layer(files))
    assert.deepStrictEqual(clusters, [
      { name: "c", cluster: { "certificate-authority-data": btoa("CA") } },
      { name: "d", cluster: { "certificate-authority-data": "QQ==" } }
    ])
    const user = users[0]?.user
    assert.strictEqual(user?.["client-certificate-data"], btoa("CERT"))
    assert.strictEqual(user?.["client-key-data"] && Redacted.value(user["client-key-data"]), btoa("KEY"))
    assert.deepStrictEqual([user?.["client-certificate"], user?.["client-key"], user?.tokenFile], [
      undefined,
      undefined,
      "/k/t"
    ])
    const { "/k/u.key": _, ...rest } = files
    const error = yield* Effect.flip(Effect.provide(flat, MemoryFiles.layer(rest)))
    assert.strictEqual(error.message, "cannot read /k/u.key, named by users[\"u\"].user.client-key: no such file")
  })
})
