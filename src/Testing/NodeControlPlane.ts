/**
 * `NodeControlPlane`: starts the processes of a `ControlPlane` on free ports of 127.0.0.1 and stops them with its scope.
 *
 * Certificates, tokens, logs and etcd's data lie in a temporary folder that goes with the scope. A program that is
 * killed without a chance to close its scopes takes the processes with it all the same, where the programs are those
 * of `test/cluster/build.sh`: they end when their standard input does. The folder it left is removed by the next one.
 *
 * @since 0.1.0
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as PlatformError from "effect/PlatformError"
import * as ChildProcess from "effect/process/ChildProcess"
import * as ChildProcessSpawner from "effect/process/ChildProcessSpawner"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as net from "node:net"
import * as os from "node:os"
import * as ControlPlane from "./ControlPlane.ts"
import * as flags from "./internal/controlPlaneFlags.ts"
import { request } from "./internal/nodeRequest.ts"
import * as NodeCertificate from "./NodeCertificate.ts"

const freePort: Effect.Effect<number> = Effect.callback((resume) => {
  const server = net.createServer()
  server.on("error", (error) => resume(Effect.die(error)))
  server.listen(0, "127.0.0.1", () => {
    const address = server.address()
    const port = typeof address === "object" && address !== null ? address.port : 0
    server.close(() => resume(Effect.succeed(port)))
  })
})

const prefix = "effect-kubernetes-controlplane-"

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** Removes the folders of programs that were killed before they could. */
const sweep = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const names = yield* fs.readDirectory(os.tmpdir())
  for (const name of names.filter((name) => name.startsWith(prefix))) {
    const pid = Number.parseInt(name.slice(prefix.length), 10)
    if (!isAlive(pid)) yield* fs.remove(`${os.tmpdir()}/${name}`, { recursive: true, force: true })
  }
})

/** Writes all that the components read, and answers the certificate of the authority. */
const prepare = Effect.fnUntraced(function*(layout: flags.Layout) {
  const fs = yield* FileSystem.FileSystem
  const write = (name: string, text: string) => fs.writeFileString(`${layout.directory}/${name}`, text, { mode: 0o600 })
  const authority = yield* NodeCertificate.make({ commonName: "control plane", isAuthority: true })
  const issued = {
    authority,
    server: yield* NodeCertificate.make({
      commonName: "kube-apiserver",
      hosts: ["127.0.0.1", "localhost", "10.0.0.1", "kubernetes.default.svc"],
      issuer: authority
    }),
    client: yield* NodeCertificate.make({
      commonName: "cert",
      organizations: ["system:masters"],
      issuer: authority
    }),
    serviceaccounts: yield* NodeCertificate.make({ commonName: "service accounts", issuer: authority })
  }
  for (const [name, { certificate, key }] of Object.entries(issued)) {
    yield* write(`${name}.crt`, certificate)
    yield* write(`${name}.key`, key)
  }
  yield* write("tokens.csv", flags.tokens(layout))
  yield* write("kubeconfig", flags.kubeconfig(layout))
  yield* write("pod.log", flags.podLog)
  yield* write("kwok.yaml", flags.kwokConfig(layout))
  return authority.certificate
})

/** The program and its first arguments, as the folder of binaries has it. */
const programOf = Effect.fnUntraced(function*(component: ControlPlane.Component, binaries: string) {
  const fs = yield* FileSystem.FileSystem
  const combined = `${binaries}/controlplane`
  const own = `${binaries}/${component}`
  const [hasCombined, hasOwn] = yield* Effect.all([fs.exists(combined), fs.exists(own)])
  if (hasOwn) return hasCombined ? [combined, "with", own] as const : [own] as const
  if (hasCombined && component !== "kwok") return [combined, component] as const
  return yield* new ControlPlane.ControlPlaneError({ reason: "Missing", component, detail: own })
})

/**
 * Starts the components of the profile and waits until they answer. A port that another process took in the meantime
 * is met by two more attempts with other ports.
 *
 * Fails with Missing where a program is not in `binaries`, with Exited or NotReady where one did not come up; the
 * detail ends with the last lines of its log.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  options: ControlPlane.Options
): Effect.fn.Return<
  ControlPlane.ControlPlane["Service"],
  ControlPlane.ControlPlaneError | PlatformError.PlatformError,
  FileSystem.FileSystem | ChildProcessSpawner.ChildProcessSpawner | Scope.Scope
> {
  const outer = yield* Effect.scope
  return yield* Effect.gen(function*() {
    const scope = yield* Scope.fork(outer)
    return yield* attempt(options).pipe(
      Scope.provide(scope),
      Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause)))
    )
  }).pipe(
    Effect.retry({ times: 2, while: (error) => error._tag === "ControlPlaneError" && error.reason === "Exited" })
  )
})

const attempt = Effect.fnUntraced(function*(options: ControlPlane.Options) {
  const fs = yield* FileSystem.FileSystem
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  const scope = yield* Effect.scope
  const isFull = options.profile !== "apiserver"
  yield* sweep
  const directory = yield* fs.makeTempDirectoryScoped({ prefix: `${prefix}${process.pid}-` })
  const [etcd = 0, peer = 0, apiserver = 0, kubelet = 0, forward = 0] = yield* Effect.all(
    Array.from({ length: 5 }, () => freePort),
    { concurrency: "unbounded" }
  )
  const stages = `${options.binaries}/stages`
  const layout: flags.Layout = {
    directory,
    ports: { etcd, peer, apiserver, kubelet, forward },
    stages: isFull && (yield* fs.exists(stages))
      ? (yield* fs.readDirectory(stages)).map((name) => `${stages}/${name}`)
      : [],
    options
  }
  const ca = yield* prepare(layout)
  const server = flags.server(layout)
  const running = new Map<ControlPlane.Component, Scope.Closeable>()

  const ask = (path: string, body?: unknown) =>
    request(`${server}${path}`, { ca, token: flags.token("admin"), ...(body === undefined ? {} : { body }) })

  const answersOk = (component: ControlPlane.Component): Effect.Effect<boolean> => {
    switch (component) {
      case "etcd":
        return Effect.map(
          request(`${flags.address(etcd)}/health`, {}),
          (answer) => answer?.body.includes("\"true\"") === true
        )
      case "kube-apiserver":
        return Effect.map(
          Effect.all([ask("/readyz"), ask("/api/v1/namespaces/default")]),
          (answers) => answers.every((answer) => answer?.status === 200)
        )
      default:
        return Effect.succeed(true)
    }
  }

  const logOf = (component: ControlPlane.Component) =>
    fs.readFileString(`${directory}/${component}.log`).pipe(
      Effect.map((text) => text.trimEnd().split("\n").slice(-5).join("\n")),
      Effect.orElseSucceed(() => "no log")
    )

  const fail = (component: ControlPlane.Component, reason: "Exited" | "NotReady") =>
    Effect.flatMap(
      logOf(component),
      (detail) => Effect.fail(new ControlPlane.ControlPlaneError({ reason, component, detail }))
    )

  const until = (component: ControlPlane.Component, condition: Effect.Effect<boolean>) =>
    condition.pipe(
      Effect.repeat({ schedule: Schedule.spaced("50 millis"), until: (isTrue) => isTrue }),
      Effect.timeoutOption("2 minutes"),
      Effect.flatMap(Option.match({ onNone: () => fail(component, "NotReady"), onSome: () => Effect.void }))
    )

  const kill = (component: ControlPlane.Component) =>
    Effect.suspend(() => {
      const own = running.get(component)
      running.delete(component)
      return own === undefined ? Effect.void : Scope.close(own, Exit.void)
    })

  const spawn = Effect.fnUntraced(function*(component: ControlPlane.Component) {
    const [program, ...first] = yield* programOf(component, options.binaries)
    const handle = yield* spawner.spawn(
      ChildProcess.make(program, [...first, ...flags.flags(component, layout)], {
        cwd: directory,
        env: { CONTROLPLANE_UNTIL_EOF: "1" },
        extendEnv: true,
        // Graceful ends are for clusters that somebody keeps: kube-apiserver would wait for its open watches.
        killSignal: "SIGKILL"
      })
    )
    const log = yield* Effect.forkScoped(
      Stream.run(handle.all, fs.sink(`${directory}/${component}.log`, { flag: "a" }))
    )
    const ended = handle.exitCode.pipe(
      Effect.andThen(Fiber.await(log)),
      Effect.andThen(fail(component, "Exited"))
    )
    yield* Effect.raceFirst(until(component, answersOk(component)), ended)
  })

  const start = (component: ControlPlane.Component) =>
    Effect.gen(function*() {
      if (running.has(component)) return
      const own = yield* Scope.fork(scope)
      running.set(component, own)
      yield* spawn(component).pipe(Scope.provide(own), Effect.onError(() => kill(component)))
    }).pipe(
      Effect.provideService(FileSystem.FileSystem, fs),
      // A program that is there and cannot be run, or a log that cannot be written, has the same cure as a missing one.
      Effect.catchTag("PlatformError", (error) =>
        Effect.fail(new ControlPlane.ControlPlaneError({ reason: "Missing", component, detail: error.message })))
    )

  const refuse = (component: ControlPlane.Component, detail: string) =>
    new ControlPlane.ControlPlaneError({ reason: "Refused", component, detail })

  const compact = Effect.gen(function*() {
    const call = (path: string, body: unknown) => request(`${flags.address(etcd)}${path}`, { body })
    const status = yield* call("/v3/maintenance/status", {})
    const revision = /"revision":"(\d+)"/.exec(status?.body ?? "")?.[1]
    if (revision === undefined) return yield* refuse("etcd", status?.body ?? "no answer")
    const answer = yield* call("/v3/kv/compaction", { revision, physical: true })
    if (answer?.status !== 200) return yield* refuse("etcd", answer?.body ?? "no answer")
  })

  yield* start("etcd")
  yield* start("kube-apiserver")
  if (isFull) {
    yield* Effect.all([start("kube-controller-manager"), start("kube-scheduler"), start("kwok")], {
      concurrency: "unbounded"
    })
    for (let index = 0; index < (options.nodes ?? 1); index++) {
      const node = flags.node(index)
      const answer = yield* ask("/api/v1/nodes", node)
      if (answer?.status !== 201) return yield* refuse("kube-apiserver", answer?.body ?? "no answer")
      yield* until(
        "kwok",
        Effect.map(
          ask(`/api/v1/nodes/${node.metadata.name}`),
          (read) => /"type":"Ready","status":"True"/.test(read?.body ?? "")
        )
      )
    }
  }
  return ControlPlane.ControlPlane.of({
    server,
    kubeconfig: `${directory}/kubeconfig`,
    directory,
    podLog: `${directory}/pod.log`,
    forwardPort: forward,
    kill,
    start,
    compact
  })
})

/**
 * A control plane for as long as the layer is in use.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options: ControlPlane.Options
): Layer.Layer<ControlPlane.ControlPlane, ControlPlane.ControlPlaneError | PlatformError.PlatformError> =>
  Layer.effect(ControlPlane.ControlPlane, make(options)).pipe(Layer.provide(NodeServices.layer))
