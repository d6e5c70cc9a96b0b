/**
 * This library and client-go on the same kubeconfigs: see test/parity/kubeconfig.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as fs from "node:fs"
import * as YAML from "yaml"
import * as ClientConfig from "../../src/Config/ClientConfig.ts"
import type { CertificateSource, CredentialSource, PemSource } from "../../src/Config/CredentialSource.ts"
import * as Impersonation from "../../src/Config/Impersonation.ts"
import * as ExecPlugin from "../../src/Config/internal/execPlugin.ts"
import * as Kubeconfig from "../../src/Config/Kubeconfig.ts"
import * as KubeconfigLoader from "../../src/Config/KubeconfigLoader.ts"
import type { KubeconfigOverrides } from "../../src/Config/KubeconfigOverrides.ts"
import * as KubeconfigWriter from "../../src/Config/KubeconfigWriter.ts"
import * as MemoryFiles from "./memoryFiles.ts"
import * as Plugins from "./plugins.ts"

const folder = new URL("../parity/kubeconfig/", import.meta.url)
const root = "/parity"

// Whatever JSON holds: these files are the test's own.
// oxlint-disable-next-line typescript/no-explicit-any
type Any = any

type Json = { readonly [key: string]: Any }

interface ResolveCase {
  readonly name: string
  readonly deviation?: string
  readonly files: { readonly [path: string]: string }
  readonly kubeconfig?: ReadonlyArray<string>
  readonly explicit?: string
  readonly overrides?: Json
}

interface WriteCase extends ResolveCase {
  readonly kubeconfig: ReadonlyArray<string>
  readonly change: Json
}

const rooted = (text: string) => text.replaceAll("$ROOT", root)

const cases: {
  readonly resolve: ReadonlyArray<ResolveCase>
  readonly write: ReadonlyArray<WriteCase>
  readonly impersonate: ReadonlyArray<Impersonation.Impersonation>
} = YAML.parse(fs.readFileSync(new URL("cases.yaml", folder), "utf8"), { maxAliasCount: -1 })

const vectors: {
  readonly resolve: ReadonlyArray<
    { readonly name: string; readonly error?: string; readonly config?: Json; readonly merged?: Json }
  >
  readonly write: ReadonlyArray<
    { readonly name: string; readonly error?: string; readonly files: { readonly [path: string]: Json } }
  >
  readonly execInfo: ReadonlyArray<{ readonly name: string; readonly info: Json }>
  readonly impersonate: ReadonlyArray<{ readonly headers: ReadonlyArray<readonly [string, string]> }>
} = JSON.parse(rooted(fs.readFileSync(new URL("vectors.json", folder), "utf8")))

const filesOf = (its: ResolveCase) =>
  MemoryFiles.make(Object.fromEntries(Object.entries(its.files).map(([path, text]) => [`${root}/${path}`, text])))

const layerOf = (its: ResolveCase, files = filesOf(its)) =>
  MemoryFiles.layer(files, {
    HOME: "/nobody",
    KUBECONFIG: (its.kubeconfig ?? []).map((path) => path === "" ? "" : `${root}/${path}`).join(":")
  })

const secrets = new Set(["proxyUrl", "clientKeyData", "token", "password"])

const overridesOf = (its: ResolveCase): KubeconfigOverrides =>
  Object.fromEntries(
    Object.entries(its.overrides ?? {}).map(([key, value]) => {
      const its = typeof value === "string" ? rooted(value) : value
      return [key, secrets.has(key) ? Redacted.make(its) : its]
    })
  )

const reveal = (value: Redacted.Redacted<string> | undefined) => value === undefined ? "" : Redacted.value(value)

const fileOf = (source: PemSource | undefined) => source?._tag === "File" ? source.path : ""
const dataOf = (source: PemSource | undefined) => source?._tag === "Data" ? source.pem : ""

const keyOf = (source: CertificateSource | undefined) => ({
  keyFile: source?.key._tag === "File" ? source.key.path : "",
  keyData: source?.key._tag === "Data" ? reveal(source.key.pem) : ""
})

const credentialOf = (source: CredentialSource, files: MemoryFiles.MemoryFiles) => ({
  // client-go reads the file once for its first token.
  token: source._tag === "Token"
    ? reveal(source.token)
    : source._tag === "TokenFile"
    ? source.initial === undefined ? files.get(source.path)?.content : reveal(source.initial)
    : "",
  tokenFile: source._tag === "TokenFile" ? source.path : "",
  username: source._tag === "Basic" ? source.username : "",
  password: source._tag === "Basic" ? reveal(source.password) : "",
  ...(source._tag === "Oidc" ? { authProvider: "oidc" } : {}),
  ...(source._tag === "Exec"
    ? {
      exec: {
        command: source.command,
        args: source.args.map(reveal),
        env: Object.fromEntries(source.env.map(({ name, value }) => [name, reveal(value)])),
        apiVersion: source.apiVersion,
        installHint: source.installHint ?? "",
        provideClusterInfo: source.provideClusterInfo,
        interactiveMode: source.interactiveMode,
        ...(source.cluster.config === undefined ? {} : { config: source.cluster.config })
      }
    }
    : {})
})

/** In the members of vectors.json. */
const shown = (config: ClientConfig.Service, files: MemoryFiles.MemoryFiles): Json => ({
  host: config.server,
  namespace: config.namespace,
  insecure: config.tls.insecureSkipVerify,
  serverName: config.tls.serverName ?? "",
  caFile: fileOf(config.tls.certificateAuthority),
  caData: dataOf(config.tls.certificateAuthority),
  certFile: fileOf(config.tls.clientCertificate?.certificate),
  certData: dataOf(config.tls.clientCertificate?.certificate),
  ...keyOf(config.tls.clientCertificate),
  ...credentialOf(config.credential, files),
  ...(config.impersonation === undefined ? {} : { impersonate: config.impersonation }),
  proxy: reveal(config.proxyUrl),
  disableCompression: config.disableCompression
})

// A host without scheme is http to both; a slash at the end means nothing.
const sameHost = ({ exec, host, ...config }: Json): Json => ({
  ...config,
  host: (host.includes("://") ? host : `http://${host}`).replace(/\/$/, ""),
  ...(exec === undefined ? {} : { exec: { ...exec, args: exec.args ?? [] } })
})

// Without what says nothing, in the order of names, with what client-go fills in.
const plain = (value: Any, key = ""): Any => {
  if (Array.isArray(value)) {
    const items = value.map((item) => plain(item))
    return items.every((item) => typeof item === "object" && item !== null && "name" in item)
      ? items.sort((a, b) => a.name < b.name ? -1 : 1)
      : items
  }
  if (typeof value === "string" && key.endsWith("-data")) return value.replaceAll(/\s/g, "")
  if (typeof value !== "object" || value === null) return value
  const kept: Array<[string, unknown]> = []
  for (const [name, member] of Object.entries(value)) {
    const its = plain(member, name)
    const isNothing = its === null || its === "" || its === false ||
      (typeof its === "object" && Object.keys(its).length === 0)
    if (!isNothing && !name.startsWith("x-")) kept.push([name, its])
  }
  return Object.fromEntries(kept)
}

const known = ["clusters", "users", "contexts", "current-context", "preferences", "extensions"]

const plainConfig = (kubeconfig: Json) => plain(Object.fromEntries(known.map((key) => [key, kubeconfig[key]])))

const compare = (name: string, deviation: string | undefined, check: () => void) => {
  if (deviation === undefined) return check()
  assert.throws(check, undefined, undefined, `${name} does not differ any more: ${deviation}`)
}

describe("resolves kubeconfigs as client-go does", () => {
  for (const [index, its] of cases.resolve.entries()) {
    it.effect(its.name, () =>
      Effect.gen(function*() {
        const expected = vectors.resolve[index]
        assert.strictEqual(expected?.name, its.name)
        const files = filesOf(its)
        const path = its.explicit === undefined ? {} : { path: `${root}/${its.explicit}` }
        const result = yield* Effect.result(ClientConfig.fromKubeconfig({ ...path, ...overridesOf(its) }))
        compare(its.name, its.deviation, () => {
          if (Result.isFailure(result)) return assert.isDefined(expected?.error, result.failure.message)
          assert.isUndefined(expected?.error, "client-go refuses it")
          assert.deepStrictEqual(sameHost(shown(result.success, files)), sameHost(expected?.config ?? {}))
        })
        if (expected?.merged !== undefined) {
          const { kubeconfig } = yield* KubeconfigLoader.load(path)
          assert.deepStrictEqual(plainConfig(Kubeconfig.toJson(kubeconfig)), plainConfig(expected.merged))
        }
      }).pipe(Effect.provide(layerOf(its)), Effect.provide(Logger.layer([]))))
  }
})

const stanza = (known: object | undefined, members: Json): Any => {
  const changed: { [key: string]: unknown } = { ...known }
  for (const [key, value] of Object.entries(members)) {
    changed[key] = key === "token" ? Redacted.make(value) : rooted(value)
  }
  return changed
}

const changeOf = (change: Json) => (kubeconfig: Kubeconfig.Kubeconfig): Kubeconfig.Kubeconfig => {
  const section = (
    list: ReadonlyArray<Json>,
    kind: string,
    changes: Json = {},
    deleted: ReadonlyArray<string> = []
  ): Any => [
    ...list.filter(({ name }) => !deleted.includes(name)).map((entry) =>
      Object.hasOwn(changes, entry["name"])
        ? { ...entry, [kind]: stanza(entry[kind], changes[entry["name"]]) }
        : entry
    ),
    ...Object.keys(changes).filter((name) => !list.some((entry) => entry["name"] === name)).map((name) => ({
      name,
      [kind]: stanza({}, changes[name])
    }))
  ]
  return {
    ...kubeconfig,
    clusters: section(kubeconfig.clusters, "cluster", change["clusters"], change["deleteClusters"]),
    users: section(kubeconfig.users, "user", change["users"], change["deleteUsers"]),
    contexts: section(kubeconfig.contexts, "context", change["contexts"], change["deleteContexts"]),
    "current-context": change["currentContext"] ?? kubeconfig["current-context"]
  }
}

describe("writes kubeconfigs back as client-go does", () => {
  for (const [index, its] of cases.write.entries()) {
    it.effect(its.name, () =>
      Effect.gen(function*() {
        const expected = vectors.write[index]
        assert.strictEqual(expected?.name, its.name)
        const files = filesOf(its)
        yield* Effect.provide(KubeconfigWriter.modify(changeOf(its.change)), layerOf(its, files))
        const written: { [path: string]: unknown } = {}
        for (const name of its.kubeconfig) {
          const file = files.get(`${root}/${name}`)
          if (file === undefined) continue
          const text = typeof file.content === "string" ? file.content : ""
          const parsed = yield* Effect.fromResult(Kubeconfig.parse(text, { path: name }))
          written[name] = plainConfig(Kubeconfig.toJson(parsed))
        }
        const theirs = Object.fromEntries(
          Object.entries(expected?.files ?? {}).map(([name, file]) => [name, plainConfig(file)])
        )
        compare(its.name, its.deviation, () => assert.deepStrictEqual(written, theirs))
      }))
  }
})

describe("tells a plugin what client-go tells it", () => {
  for (const { info, name } of vectors.execInfo) {
    it.effect(name, () =>
      Effect.gen(function*() {
        const isWhole = name.endsWith("whole")
        const source = Plugins.source({
          apiVersion: name.startsWith("v1beta1") ? Plugins.v1beta1 : Plugins.v1,
          provideClusterInfo: !name.endsWith("not told"),
          cluster: {
            server: "https://c:6443",
            tlsServerName: isWhole ? "name" : undefined,
            insecureSkipTlsVerify: isWhole,
            certificateAuthority: isWhole ? { _tag: "Data", pem: "CA" } : undefined,
            proxyUrl: isWhole ? Redacted.make("http://proxy") : undefined,
            disableCompression: isWhole,
            config: isWhole ? { audience: "a" } : undefined
          }
        })
        assert.deepStrictEqual(JSON.parse(yield* ExecPlugin.info(source, false)), info)
      }).pipe(Effect.provide(MemoryFiles.layer({}))))
  }
})

it("sends the impersonation headers that client-go sends", () => {
  for (const [index, impersonation] of cases.impersonate.entries()) {
    const lines = (headers: ReadonlyArray<readonly [string, string]>) =>
      headers.map(([name, value]) => `${name.toLowerCase()}: ${value}`).sort()
    assert.deepStrictEqual(
      lines(Impersonation.headers(impersonation)),
      lines(vectors.impersonate[index]?.headers ?? [])
    )
  }
})
