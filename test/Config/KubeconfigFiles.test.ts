/**
 * Kubeconfigs on a real file system, beside kubectl where it is installed.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Redacted from "effect/Redacted"
import { execFileSync } from "node:child_process"
import * as process from "node:process"
import * as ClientConfig from "../../src/Config/ClientConfig.ts"
import type * as Kubeconfig from "../../src/Config/Kubeconfig.ts"
import * as KubeconfigWriter from "../../src/Config/KubeconfigWriter.ts"

const text = `# mine
apiVersion: v1
kind: Config
clusters:
- name: dev # the VPN one
  cluster:
    server: https://dev:6443
    certificate-authority: ca.crt
users:
- name: ada
  user:
    token: old
contexts:
- name: dev
  context: {cluster: dev, user: ada, namespace: team}
current-context: dev
`

const authority = "-----BEGIN CERTIFICATE-----\nQ0E=\n-----END CERTIFICATE-----\n"

const inFolder = <A, E, R>(use: (folder: string) => Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const folder = yield* fs.makeTempDirectoryScoped({ prefix: "kubeconfig-" })
    yield* fs.writeFileString(`${folder}/config`, text, { mode: 0o640 })
    yield* fs.chmod(`${folder}/config`, 0o640)
    yield* fs.writeFileString(`${folder}/ca.crt`, authority)
    return yield* use(folder)
  }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))

const withToken = (token: string) => (kubeconfig: Kubeconfig.Kubeconfig): Kubeconfig.Kubeconfig => ({
  ...kubeconfig,
  users: kubeconfig.users.map((entry) => ({ ...entry, user: { ...entry.user, token: Redacted.make(token) } }))
})

it.live("replaces a file with its permissions, follows a link, and leaves nothing beside it", () =>
  inFolder(Effect.fnUntraced(function*(folder) {
    const fs = yield* FileSystem.FileSystem
    yield* fs.symlink(`${folder}/config`, `${folder}/link`)
    yield* KubeconfigWriter.modify(withToken("new"), { path: `${folder}/link` })
    assert.strictEqual(yield* fs.readFileString(`${folder}/config`), text.replace("token: old", "token: new"))
    assert.strictEqual((yield* fs.stat(`${folder}/config`)).mode & 0o777, 0o640)
    assert.strictEqual(yield* fs.realPath(`${folder}/link`), yield* fs.realPath(`${folder}/config`))
    assert.deepStrictEqual((yield* fs.readDirectory(folder)).sort(), ["ca.crt", "config", "link"])
  })))

it.live("makes the folder of a kubeconfig that is not there, for the owner only", () =>
  inFolder(Effect.fnUntraced(function*(folder) {
    const fs = yield* FileSystem.FileSystem
    const path = `${folder}/home/.kube/config`
    yield* KubeconfigWriter.modify((kubeconfig) => ({ ...kubeconfig, "current-context": "x" })).pipe(
      Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnvRecord({ HOME: `${folder}/home` }))
    )
    assert.strictEqual(yield* fs.readFileString(path), "apiVersion: v1\nkind: Config\ncurrent-context: x\n")
    assert.strictEqual((yield* fs.stat(path)).mode & 0o777, 0o600)
  })))

it.live("writers at the same time lose no change", () =>
  inFolder(Effect.fnUntraced(function*(folder) {
    const path = `${folder}/config`
    const add = (name: string) =>
      KubeconfigWriter.modify((kubeconfig) => ({
        ...kubeconfig,
        users: [...kubeconfig.users, { name, user: { token: Redacted.make(name) } }]
      }), { path })
    yield* Effect.all(["a", "b", "c", "d"].map(add), { concurrency: "unbounded" })
    const { credential } = yield* ClientConfig.fromKubeconfig({ path, user: "d" })
    assert.strictEqual(credential._tag === "Token" && Redacted.value(credential.token), "d")
    for (const user of ["a", "b", "c"]) yield* ClientConfig.fromKubeconfig({ path, user })
  })))

it.live("names a file that may not be read, unless everything may be", () =>
  inFolder(Effect.fnUntraced(function*(folder) {
    const fs = yield* FileSystem.FileSystem
    const message = (path: string) =>
      Effect.map(Effect.flip(ClientConfig.fromKubeconfig({ path })), (error) => error.message)
    assert.strictEqual(yield* message(folder), `cannot read ${folder}: is a directory`)
    yield* fs.remove(`${folder}/ca.crt`)
    assert.strictEqual(
      yield* message(`${folder}/config`),
      `cannot read ${folder}/ca.crt, named by clusters["dev"].cluster.certificate-authority of ${folder}/config: no such file`
    )
    yield* fs.chmod(`${folder}/config`, 0)
    if (process.getuid?.() === 0) return
    assert.strictEqual(yield* message(`${folder}/config`), `cannot read ${folder}/config: permission denied`)
  })))

const hasKubectl = (() => {
  try {
    execFileSync("kubectl", ["version", "--client"], { stdio: "ignore" })
    return true
  } catch {
    return false
  }
})()

if (!hasKubectl) console.log("skipped: kubectl is not installed, so that it cannot be asked")

it.live.skipIf(!hasKubectl)(
  "kubectl reads what was written, and each waits for the lock of the other",
  () =>
    inFolder(Effect.fnUntraced(function*(folder) {
      const fs = yield* FileSystem.FileSystem
      const path = `${folder}/config`
      const kubectl = (...args: ReadonlyArray<string>): string => {
        try {
          return execFileSync("kubectl", ["--kubeconfig", path, ...args], {
            encoding: "utf8",
            stdio: ["ignore", "pipe", "pipe"]
          })
        } catch (error) {
          return String(error)
        }
      }
      const odd = "yes: 0o17 # \"'\\\n\u0007ключ"
      yield* KubeconfigWriter.modify((kubeconfig) => ({
        ...kubeconfig,
        users: [...kubeconfig.users, { name: "yes", user: { token: Redacted.make("0o17"), username: odd } }]
      }), { path })
      assert.strictEqual(
        kubectl("config", "view", "--raw", "-o", "jsonpath={.users[?(@.name==\"yes\")].user.token}"),
        "0o17"
      )
      const view = JSON.parse(kubectl("config", "view", "--raw", "-o", "json"))
      assert.strictEqual(view.users.find(({ name }: { name: string }) => name === "yes").user.username, odd)
      kubectl("config", "set-context", "new", "--cluster", "dev", "--user", "yes")
      assert.strictEqual((yield* ClientConfig.fromKubeconfig({ path, context: "dev" })).namespace, "team")
      yield* fs.writeFileString(`${path}.lock`, "")
      assert.include(kubectl("config", "use-context", "new"), "config.lock: file exists")
      const locked = yield* Effect.flip(KubeconfigWriter.modify(withToken("x"), { path }))
      assert.strictEqual(locked.reason._tag, "Locked")
    })),
  20_000
)
