import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FileSystem from "effect/FileSystem"
import * as Redacted from "effect/Redacted"
import * as Scheduler from "effect/Scheduler"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import * as Kubeconfig from "../../src/Config/Kubeconfig.ts"
import * as KubeconfigLoader from "../../src/Config/KubeconfigLoader.ts"
import * as KubeconfigWriter from "../../src/Config/KubeconfigWriter.ts"
import * as MemoryFiles from "./memoryFiles.ts"

type Change = (kubeconfig: Kubeconfig.Kubeconfig) => Kubeconfig.Kubeconfig

const env = { KUBECONFIG: "/a/config:/b/config", HOME: "/home/ada" }

const modify = (files: MemoryFiles.MemoryFiles, change: Change, variables: { readonly [name: string]: string } = env) =>
  Effect.provide(KubeconfigWriter.modify(change), MemoryFiles.layer(files, variables))

const textOf = (files: MemoryFiles.MemoryFiles, path: string) => files.get(path)?.content

const first = `# Clusters of the team
apiVersion: v1
kind: Config
clusters:
  # the one we all use
  - name: dev
    cluster:
      server: https://dev # behind the VPN
      certificate-authority: pki/ca.crt
      unknown: [1, 2]
current-context: dev
users: []
contexts:
- context: {cluster: dev, user: ada}
  name: dev
`

const second = `kind: Config
users:
- name: ada
  user:
    token: old   # rotate me
    client-key: /elsewhere/ada.key
`

const two = () => MemoryFiles.make({ "/a/config": first, "/b/config": { content: second, mode: 0o640 } })

const withUser = (name: string, change: (user: Kubeconfig.User) => Kubeconfig.User): Change => (kubeconfig) => ({
  ...kubeconfig,
  users: kubeconfig.users.map((entry) => entry.name === name ? { ...entry, user: change(entry.user) } : entry)
})

it.effect("writes a changed entry to the file it comes from, and keeps comments, order, unknown members and permissions", () =>
  Effect.gen(function*() {
    const files = two()
    yield* modify(files, withUser("ada", (user) => ({ ...user, token: Redacted.make("new") })))
    assert.strictEqual(textOf(files, "/a/config"), first)
    assert.strictEqual(textOf(files, "/b/config"), second.replace("token: old   # rotate me", "token: new # rotate me"))
    assert.strictEqual(files.get("/b/config")?.mode, 0o640)
    assert.deepStrictEqual(Array.from(files.keys()).sort(), ["/a/config", "/b/config"])
  }))

it.effect("writes nothing when nothing changed", () =>
  Effect.gen(function*() {
    const files = two()
    const before = new Map(files)
    yield* modify(files, (kubeconfig) => ({ ...kubeconfig }))
    assert.deepStrictEqual(files, before)
  }))

it.effect("writes a new entry to the first file that exists, with names relative to it where it can", () =>
  Effect.gen(function*() {
    const files = MemoryFiles.make({ "/b/config": second })
    yield* modify(files, (kubeconfig) => ({
      ...kubeconfig,
      clusters: [{
        name: "new",
        cluster: { server: "https://new", "certificate-authority": "/b/pki/ca.crt" }
      }, { name: "far", cluster: { "certificate-authority": "/etc/ca.crt" } }],
      "current-context": "new"
    }))
    assert.strictEqual(
      textOf(files, "/b/config"),
      `${second.replace("old   #", "old #")}clusters:
- name: new
  cluster:
    server: https://new
    certificate-authority: pki/ca.crt
- name: far
  cluster:
    certificate-authority: /etc/ca.crt
current-context: new
`
    )
    assert.isFalse(files.has("/a/config"))
  }))

it.effect("makes the first file of the search path where none exists, for the owner only", () =>
  Effect.gen(function*() {
    const files = MemoryFiles.make({})
    yield* modify(files, (kubeconfig) => ({ ...kubeconfig, "current-context": "x" }), { HOME: "/home/ada" })
    assert.deepStrictEqual(
      files,
      new Map([["/home/ada/.kube/config", {
        content: "apiVersion: v1\nkind: Config\ncurrent-context: x\n",
        mode: 0o600
      }]])
    )
  }))

it.effect("removes an entry from its file and from those it was hidden in", () =>
  Effect.gen(function*() {
    const files = MemoryFiles.make({
      "/a/config": "users:\n- name: ada\n  user: {token: one}\n- name: bob # stays\n",
      "/b/config": second
    })
    yield* modify(files, (kubeconfig) => ({
      ...kubeconfig,
      users: kubeconfig.users.filter(({ name }) => name !== "ada")
    }))
    assert.strictEqual(textOf(files, "/a/config"), "users:\n- name: bob # stays\n")
    const loaded = yield* Effect.provide(KubeconfigLoader.load(), MemoryFiles.layer(files, env))
    assert.deepStrictEqual(loaded.kubeconfig.users, [{ name: "bob", user: {} }])
  }))

it.effect("keeps a relative name relative, and writes a command so that it is not looked up in PATH", () =>
  Effect.gen(function*() {
    const files = MemoryFiles.make({
      "/a/config": "users:\n- name: a\n  user:\n    exec:\n      command: ./plugin\n      apiVersion: x\n"
    })
    yield* modify(
      files,
      withUser("a", (user) => ({ ...user, "client-key": "/a/keys/a.key", exec: { ...user.exec, apiVersion: "z" } }))
    )
    assert.strictEqual(
      textOf(files, "/a/config"),
      "users:\n- name: a\n  user:\n    exec:\n      command: ./plugin\n      apiVersion: z\n    client-key: keys/a.key\n"
    )
  }))

it.effect("fails while another writer holds the lock, and leaves that lock alone", () =>
  Effect.gen(function*() {
    const files = two()
    files.set("/b/config.lock", { content: "", mode: 0 })
    const fiber = yield* Effect.forkChild(
      Effect.flip(modify(files, (kubeconfig) => ({ ...kubeconfig, "current-context": "" })))
    )
    yield* TestClock.adjust("3 seconds")
    const error = yield* Fiber.join(fiber)
    assert.strictEqual(
      error.message,
      "/b/config is locked by another writer; if there is none, remove /b/config.lock"
    )
    assert.strictEqual(textOf(files, "/a/config"), first)
    assert.deepStrictEqual(Array.from(files.keys()).sort(), ["/a/config", "/b/config", "/b/config.lock"])
  }))

it.effect("waits for another writer that is quick, and two writers lose nothing", () =>
  Effect.gen(function*() {
    const files = two()
    files.set("/a/config.lock", { content: "", mode: 0 })
    const one = yield* Effect.forkChild(
      modify(files, withUser("ada", (user) => ({ ...user, token: Redacted.make("t2") })))
    )
    const other = yield* Effect.forkChild(
      modify(files, (kubeconfig) => ({ ...kubeconfig, "current-context": "other" }))
    )
    yield* TestClock.adjust("200 millis")
    files.delete("/a/config.lock")
    yield* TestClock.adjust("2 seconds")
    yield* Fiber.join(one)
    yield* Fiber.join(other)
    const { kubeconfig } = yield* Effect.provide(KubeconfigLoader.load(), MemoryFiles.layer(files, env))
    assert.strictEqual(kubeconfig["current-context"], "other")
    const token = kubeconfig.users[0]?.user.token
    assert.strictEqual(token && Redacted.value(token), "t2")
    assert.deepStrictEqual(Array.from(files.keys()).sort(), ["/a/config", "/b/config"])
  }))

it.effect("leaves no lock and no half file behind, wherever it is interrupted", () =>
  Effect.gen(function*() {
    const changed = second.replace("token: old   #", "token: new #")
    for (let ops = 3; ops <= 7; ops++) {
      let isDone = false
      for (let steps = 0; !isDone; steps += 1 + (steps >> 3)) {
        const files = two()
        const fiber = yield* modify(files, withUser("ada", (user) => ({ ...user, token: Redacted.make("new") }))).pipe(
          Effect.provideService(Scheduler.MaxOpsBeforeYield, ops),
          Effect.forkChild
        )
        for (let step = 0; step < steps; step++) yield* Effect.yieldNow
        yield* Fiber.interrupt(fiber)
        const exit = yield* Fiber.await(fiber)
        isDone = Exit.isSuccess(exit)
        assert.deepStrictEqual(Array.from(files.keys()).sort(), ["/a/config", "/b/config"])
        assert.include([second, changed], textOf(files, "/b/config"))
        if (isDone) assert.strictEqual(textOf(files, "/b/config"), changed)
      }
    }
  }))

it.effect("a text that was a block may become any other", () =>
  Effect.gen(function*() {
    for (const token of [" ", " \n", "\n ", " a\n b\n", "", "#", "\t"]) {
      const files = MemoryFiles.make({ "/a/config": "users:\n- name: ada\n  user:\n    token: |+\n\n" })
      yield* modify(files, withUser("ada", (user) => ({ ...user, token: Redacted.make(token) })))
      const { kubeconfig } = yield* Effect.provide(KubeconfigLoader.load(), MemoryFiles.layer(files, env))
      const read = kubeconfig.users[0]?.user.token
      assert.strictEqual(read === undefined ? undefined : Redacted.value(read), token)
    }
  }))

it.effect("says why a file cannot be written", () =>
  Effect.gen(function*() {
    const files = two()
    const fs = {
      ...MemoryFiles.service(files),
      writeFileString: () => MemoryFiles.fail("PermissionDenied", "writeFile", "/b/config")
    }
    const error = yield* KubeconfigWriter.modify(() => Kubeconfig.empty).pipe(
      Effect.provideService(FileSystem.FileSystem, fs),
      Effect.provide(MemoryFiles.layer(files, env)),
      Effect.flip
    )
    assert.strictEqual(error.message, "cannot write /a/config: permission denied")
    assert.deepStrictEqual(Array.from(files.keys()).sort(), ["/a/config", "/b/config"])
  }))

const Name = Schema.Literals(["a", "b", "c", "d"])
const Entry = Schema.Struct({ name: Name, text: Schema.String, hasFile: Schema.Boolean })
const File = Schema.Struct({
  clusters: Schema.Array(Entry),
  users: Schema.Array(Entry),
  current: Schema.Literals(["", "a", "b"])
})

const unique = <A extends { readonly name: string }>(entries: ReadonlyArray<A>): ReadonlyArray<A> =>
  Array.from(new Map(entries.map((entry) => [entry.name, entry])).values())

const kubeconfigOf = (file: typeof File.Type, folder: string): Kubeconfig.Kubeconfig => ({
  ...Kubeconfig.empty,
  clusters: unique(file.clusters).map(({ hasFile, name, text }) => ({
    name,
    cluster: { server: text, ...(hasFile ? { "certificate-authority": `${folder}pki/${name}.crt` } : {}) }
  })),
  users: unique(file.users).map(({ hasFile, name, text }) => ({
    name,
    user: { token: Redacted.make(text), ...(hasFile ? { exec: { command: `${folder}bin/${name}` } } : {}) }
  })),
  "current-context": file.current
})

const byName = (kubeconfig: Kubeconfig.Kubeconfig): unknown => {
  const { apiVersion: _apiVersion, kind: _kind, ...json } = JSON.parse(JSON.stringify(Kubeconfig.toJson(kubeconfig)))
  for (const section of ["clusters", "users", "contexts"]) {
    json[section].sort((one: { name: string }, other: { name: string }) => one.name < other.name ? -1 : 1)
  }
  return json
}

it.effect.prop(
  "what is read after a change is what the change made of it",
  [File, File, File],
  ([one, other, next]) =>
    Effect.gen(function*() {
      const files = MemoryFiles.make({
        "/a/config": Kubeconfig.print(kubeconfigOf(one, "")),
        "/b/config": Kubeconfig.print(kubeconfigOf(other, ""))
      })
      const after = kubeconfigOf(next, "/b/")
      yield* modify(files, () => after)
      const loaded = yield* Effect.provide(KubeconfigLoader.load(), MemoryFiles.layer(files, env))
      assert.deepStrictEqual(byName(loaded.kubeconfig), byName(after))
    })
)
