import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FileSystem from "effect/FileSystem"
import * as ChildProcess from "effect/process/ChildProcess"
import * as ChildProcessSpawner from "effect/process/ChildProcessSpawner"
import * as Scope from "effect/Scope"
import { spawnSync } from "node:child_process"
import * as os from "node:os"
import * as ControlPlane from "../../src/Testing/ControlPlane.ts"
import * as NodeControlPlane from "../../src/Testing/NodeControlPlane.ts"
import { cluster } from "./TestCluster.ts"

const kubectl = Effect.fnUntraced(function*(kubeconfig: string, ...args: ReadonlyArray<string>) {
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  return yield* spawner.string(ChildProcess.make("kubectl", ["--kubeconfig", kubeconfig, ...args]), {
    includeStderr: true
  })
})

layer(NodeServices.layer, { excludeTestServices: true })("ControlPlane", (it) => {
  it.effect("the shared one has a ready node, a user with rights, one with a certificate and one without rights", () =>
    Effect.gen(function*() {
      const { kubeconfig } = cluster
      yield* kubectl(kubeconfig, "wait", "--for=condition=Ready", "node/node-0", "--timeout=30s")
      const whoAmI = ["auth", "whoami", "-o", "jsonpath={.status.userInfo.username}"]
      assert.strictEqual(yield* kubectl(kubeconfig, ...whoAmI), "admin")
      assert.strictEqual(yield* kubectl(kubeconfig, "--context=cert", ...whoAmI), "cert")
      assert.include(yield* kubectl(kubeconfig, "--context=nobody", "get", "pods"), "forbidden")
    }))

  it.effect("a killed kube-apiserver comes back on its port with what it stored; compaction makes history Expired", () =>
    Effect.gen(function*() {
      const plane = yield* NodeControlPlane.make({
        binaries: cluster.binaries,
        profile: "apiserver",
        users: [{ name: "jane", groups: ["dev"] }]
      })
      const { kubeconfig } = plane
      const run = (...args: ReadonlyArray<string>) => kubectl(kubeconfig, ...args)
      assert.include(yield* run("create", "configmap", "kept", "--from-literal=a=b"), "created")
      const version = yield* run("get", "configmap", "kept", "-o", "jsonpath={.metadata.resourceVersion}")
      assert.include(yield* run("label", "configmap", "kept", "changed=yes"), "labeled")
      assert.strictEqual(
        yield* run("--context=jane", "auth", "whoami", "-o", "jsonpath={.status.userInfo.groups[0]}"),
        "dev"
      )

      yield* plane.kill("kube-apiserver")
      assert.include(yield* run("get", "configmaps"), "refused")
      yield* plane.compact
      yield* plane.start("kube-apiserver")
      assert.include(yield* run("get", "configmap", "kept"), "kept")
      const path = `/api/v1/namespaces/default/configmaps?watch=1&timeoutSeconds=1&resourceVersion=${version}`
      assert.include(yield* run("get", "--raw", path), "\"reason\":\"Expired\"")
    }).pipe(Effect.scoped))

  it.effect("closing its scope ends every process and removes its folder", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const fs = yield* FileSystem.FileSystem
      const { directory } = yield* NodeControlPlane.make({ binaries: cluster.binaries, profile: "apiserver" }).pipe(
        Scope.provide(scope)
      )
      const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
      const alive = spawner.exitCode(ChildProcess.make("pgrep", ["-f", `${directory}/`]))
      assert.strictEqual(yield* alive, 0)
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(yield* alive, 1)
      assert.isFalse(yield* fs.exists(directory))
    }))

  it.effect("the folder of a program that was killed is removed by the next one", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const gone = spawnSync("true")
      const left = `${os.tmpdir()}/effect-kubernetes-controlplane-${gone.pid}-left`
      yield* fs.makeDirectory(left)
      yield* NodeControlPlane.make({ binaries: cluster.binaries, profile: "apiserver" })
      assert.isFalse(yield* fs.exists(left))
      assert.isTrue(yield* fs.exists(cluster.directory))
    }).pipe(Effect.scoped))

  it.effect("a program that is not there is named", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(NodeControlPlane.make({ binaries: "/nowhere" }))
      assert.instanceOf(error, ControlPlane.ControlPlaneError)
      assert.strictEqual(error.message, "etcd Missing: /nowhere/etcd")
    }).pipe(Effect.scoped))

  it.effect("a component that ends at once is an error with the last lines of its log", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(
        NodeControlPlane.make({
          binaries: cluster.binaries,
          profile: "apiserver",
          flags: { "kube-apiserver": ["--no-such-flag"] }
        })
      )
      assert.include(error.message, "kube-apiserver Exited")
      assert.include(error.message, "no-such-flag")
    }).pipe(Effect.scoped))
})
