import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it, layer } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import * as ChildProcess from "effect/process/ChildProcess"
import * as ChildProcessSpawner from "effect/process/ChildProcessSpawner"
import * as path from "node:path"
import * as CachedDiscovery from "../../src/Discovery/CachedDiscovery.ts"
import * as DiscoveryClient from "../../src/Discovery/DiscoveryClient.ts"
import type { ServerResources } from "../../src/Discovery/ServerResources.ts"

const version = (group: string) => ({ groupVersion: `${group}/v1`, version: "v1" })
const groupOf = (name: string) => ({ name, versions: [version(name)], preferredVersion: version(name) })
const listOf = (group: string) => ({
  groupVersion: `${group}/v1`,
  resources: [{ name: "things", singularName: "thing", namespaced: true, kind: "Thing", verbs: ["get"] }]
})

/** A client that counts what it is asked. */
const counted = (all: () => ServerResources) => {
  const asked: Array<string> = []
  const client = DiscoveryClient.DiscoveryClient.of({
    groups: Effect.sync(() => {
      asked.push("groups")
      return all().groups
    }),
    resources: (groupVersion) =>
      Effect.sync(() => {
        asked.push(groupVersion)
        return listOf(groupVersion.split("/")[0] ?? "")
      }),
    all: Effect.sync(() => {
      asked.push("all")
      return all()
    }),
    version: Effect.die("not asked"),
    isFresh: Effect.succeed(true),
    invalidate: Effect.sync(() => void asked.push("invalidate"))
  })
  return { client, asked }
}

const served: ServerResources = {
  groups: [groupOf("a"), groupOf("b")],
  lists: [listOf("a"), listOf("b")],
  failures: []
}

describe("memory", () => {
  it.effect("asks once, however many ask at a time, and again after invalidate", () =>
    Effect.gen(function*() {
      const { asked, client } = counted(() => served)
      const cached = yield* CachedDiscovery.memory(client)
      yield* Effect.all([cached.all, cached.groups, cached.resources("a/v1"), cached.all], { concurrency: 4 })
      assert.deepStrictEqual(asked, ["all"])
      assert.isFalse(yield* cached.isFresh)
      yield* cached.invalidate
      assert.isTrue(yield* cached.isFresh)
      yield* cached.groups
      assert.deepStrictEqual(asked, ["all", "invalidate", "all"])
    }))

  it.effect("asks again for a group version that failed, and keeps it when it comes", () =>
    Effect.gen(function*() {
      const { asked, client } = counted(() => ({
        ...served,
        lists: [listOf("a")],
        failures: [{ groupVersion: "b/v1", reason: "Stale" }]
      }))
      const cached = yield* CachedDiscovery.memory(client)
      assert.strictEqual((yield* cached.all).failures.length, 1)
      yield* cached.resources("b/v1")
      yield* cached.resources("b/v1")
      assert.deepStrictEqual(asked, ["all", "b/v1"])
      const all = yield* cached.all
      assert.deepStrictEqual([all.failures.length, all.lists.length], [0, 2])
    }))

  it.effect("does not keep an answer to a question of before invalidate", () =>
    Effect.gen(function*() {
      const answer = yield* Deferred.make<ServerResources>()
      let asked = 0
      const { client } = counted(() => served)
      const cached = yield* CachedDiscovery.memory({
        ...client,
        all: Effect.suspend(() => asked++ === 0 ? Deferred.await(answer) : client.all)
      })
      const early = yield* Effect.forkChild(cached.all)
      yield* Effect.yieldNow
      yield* cached.invalidate
      yield* Deferred.succeed(answer, { groups: [], lists: [], failures: [] })
      assert.strictEqual((yield* Fiber.join(early)).groups.length, 0)
      assert.strictEqual((yield* cached.all).groups.length, 2)
    }))

  it.effect("lets the next one ask when the first is interrupted or fails", () =>
    Effect.gen(function*() {
      let asked = 0
      const { client } = counted(() => served)
      const cached = yield* CachedDiscovery.memory({
        ...client,
        all: Effect.suspend(() => asked++ === 0 ? Effect.never : client.all)
      })
      const first = yield* Effect.forkChild(cached.all)
      yield* Effect.yieldNow
      yield* Fiber.interrupt(first)
      assert.strictEqual((yield* cached.all).groups.length, 2)
    }))
})

// Real files, whose times are those of the real clock.
layer(NodeServices.layer, { excludeTestServices: true })("disk", (it) => {
  const open = (
    client: DiscoveryClient.DiscoveryClient["Service"],
    directory: string,
    timeToLive = "6 hours" as const
  ) => CachedDiscovery.disk(client, { directory, server: "https://127.0.0.1:6443", timeToLive })

  const folder = Effect.flatMap(FileSystem.FileSystem, (fs) => fs.makeTempDirectoryScoped())

  it.effect("writes kubectl's files, and another process answers from them", () =>
    Effect.gen(function*() {
      const directory = yield* folder
      const fs = yield* FileSystem.FileSystem
      const first = counted(() => served)
      const cached = yield* open(first.client, directory)
      assert.deepStrictEqual(yield* cached.all, served)
      assert.isTrue(yield* cached.isFresh)
      const base = `${directory}/discovery/127.0.0.1_6443`
      assert.deepStrictEqual((yield* fs.readDirectory(base, { recursive: true })).toSorted(), [
        "a",
        "a/v1",
        "a/v1/serverresources.json",
        "b",
        "b/v1",
        "b/v1/serverresources.json",
        "servergroups.json"
      ])
      assert.deepStrictEqual(JSON.parse(yield* fs.readFileString(`${base}/servergroups.json`)), {
        kind: "APIGroupList",
        apiVersion: "v1",
        groups: served.groups
      })
      assert.strictEqual((yield* fs.stat(`${base}/servergroups.json`)).mode & 0o777, 0o660)

      const second = counted(() => served)
      const other = yield* open(second.client, directory)
      assert.deepStrictEqual(yield* other.all, served)
      assert.deepStrictEqual(second.asked, [])
      assert.isFalse(yield* other.isFresh)
      yield* other.invalidate
      assert.deepStrictEqual(yield* other.all, served)
      assert.deepStrictEqual(second.asked, ["invalidate", "all"])
      assert.isTrue(yield* other.isFresh)
    }))

  it.effect("asks again for what is too old, unreadable or cut", () =>
    Effect.gen(function*() {
      const directory = yield* folder
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      yield* (yield* open(counted(() => served).client, directory)).all
      const file = path.join(directory, "discovery/127.0.0.1_6443/a/v1/serverresources.json")
      for (const text of ["", "{", "null", `{"groupVersion":"a/v1","resources":[{}]}`]) {
        yield* fs.writeFileString(file, text)
        const { asked, client } = counted(() => served)
        assert.deepStrictEqual((yield* (yield* open(client, directory)).all).lists, served.lists)
        assert.deepStrictEqual(asked, ["all"], JSON.stringify(text))
      }
      yield* fs.utimes(file, new Date(0), new Date(0))
      const { asked, client } = counted(() => served)
      yield* (yield* open(client, directory)).resources("a/v1")
      assert.deepStrictEqual(asked, ["all"])
    }))

  it.effect("does not remember failures, nor the groups that lack them", () =>
    Effect.gen(function*() {
      const directory = yield* folder
      const fs = yield* FileSystem.FileSystem
      const partial: ServerResources = { ...served, failures: [{ groupVersion: "c/v1", reason: "Stale" }] }
      for (const _ of [1, 2]) {
        const cached = yield* open(counted(() => partial).client, directory)
        assert.deepStrictEqual((yield* cached.all).failures, partial.failures)
      }
      assert.isFalse(yield* fs.exists(`${directory}/discovery/127.0.0.1_6443/servergroups.json`))
    }))

  it.effect("does without files where they cannot be written", () =>
    Effect.gen(function*() {
      const directory = yield* folder
      const fs = yield* FileSystem.FileSystem
      yield* fs.writeFileString(`${directory}/discovery`, "in the way")
      assert.deepStrictEqual(yield* (yield* open(counted(() => served).client, directory)).all, served)
    }))

  it.effect("keeps whole files under many writers and readers", () =>
    Effect.gen(function*() {
      const directory = yield* folder
      const clients = Array.from({ length: 20 }, () => counted(() => served).client)
      const answers = yield* Effect.forEach(
        clients,
        (client) =>
          Effect.gen(function*() {
            const cached = yield* open(client, directory)
            yield* cached.invalidate
            return yield* cached.all
          }),
        { concurrency: 20 }
      )
      for (const answer of answers) assert.deepStrictEqual(answer, served)
      const reader = counted(() => served)
      assert.deepStrictEqual(yield* (yield* open(reader.client, directory)).all, served)
      assert.deepStrictEqual(reader.asked, [])
      const fs = yield* FileSystem.FileSystem
      const left = yield* fs.readDirectory(directory, { recursive: true })
      assert.deepStrictEqual(left.filter((name) => !name.endsWith(".json") && name.includes(".json")), [])
    }))

  it.effect("keeps whole files under several processes", () =>
    Effect.gen(function*() {
      const directory = yield* folder
      const fs = yield* FileSystem.FileSystem
      const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
      const program = path.join(import.meta.dirname, "cacheProcess.ts")
      const said = yield* Effect.forEach(
        ["first", "second", "third"],
        (mark) => spawner.string(ChildProcess.make(process.execPath, [program, directory, mark])),
        { concurrency: 3 }
      )
      assert.deepStrictEqual(said.map((text) => text.trim()), ["done", "done", "done"])
      const left = yield* fs.readDirectory(directory, { recursive: true })
      assert.deepStrictEqual(left.filter((name) => /\.json./.test(name)), [])
    }))

  it.effect("names no file after what is no group version", () =>
    Effect.gen(function*() {
      const directory = yield* folder
      const { asked, client } = counted(() => served)
      yield* (yield* open(client, directory)).resources("../../x")
      assert.deepStrictEqual(asked, ["all", "../../x"])
      const fs = yield* FileSystem.FileSystem
      assert.deepStrictEqual(yield* fs.readDirectory(directory), [])
    }))
})

describe("folderOf", () => {
  it("is kubectl's", () => {
    assert.strictEqual(CachedDiscovery.folderOf("https://127.0.0.1:6443"), "discovery/127.0.0.1_6443")
    assert.strictEqual(CachedDiscovery.folderOf("http://[::1]:8080"), "discovery/___1__8080")
    assert.strictEqual(CachedDiscovery.folderOf("https://example.com/k8s/c-1"), "discovery/example.com/k8s/c_1")
  })
})
