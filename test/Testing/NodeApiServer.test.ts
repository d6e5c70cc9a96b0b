import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as childProcess from "node:child_process"
import * as fs from "node:fs"
import * as http2 from "node:http2"
import * as https from "node:https"
import * as os from "node:os"
import * as path from "node:path"
import * as ApiServer from "../../src/Testing/ApiServer.ts"
import * as NodeApiServer from "../../src/Testing/NodeApiServer.ts"
import * as NodeCertificate from "../../src/Testing/NodeCertificate.ts"

interface Ran {
  readonly code: number
  readonly out: string
  readonly error: string
}

const run = (command: string, args: ReadonlyArray<string>, kubeconfig: string, input?: string): Effect.Effect<Ran> =>
  Effect.callback((resume) => {
    const child = childProcess.execFile(
      command,
      args,
      { env: { ...process.env, KUBECONFIG: kubeconfig, HOME: path.dirname(kubeconfig) }, timeout: 30_000 },
      (error, out, stderr) =>
        resume(Effect.succeed({ code: error === null ? 0 : Number(error.code), out, error: stderr }))
    )
    child.stdin?.end(input)
    return Effect.sync(() => child.kill())
  })

const folder = Effect.acquireRelease(
  Effect.sync(() => fs.mkdtempSync(path.join(os.tmpdir(), "node-api-server-"))),
  (folder) => Effect.sync(() => fs.rmSync(folder, { recursive: true, force: true }))
)

const kubectlVersion = (() => {
  const found = childProcess.spawnSync("kubectl", ["version", "--client"], { encoding: "utf8" })
  return found.status === 0 ? found.stdout.split("\n")[0] : undefined
})()
if (kubectlVersion === undefined) {
  console.log("skipped: kubectl against the in-memory API server, as there is no kubectl on this machine")
}

const get = (
  server: NodeApiServer.NodeApiServer["Service"],
  target: string,
  options: https.RequestOptions = {}
): Effect.Effect<{ readonly status: number; readonly body: string }> =>
  Effect.callback((resume) => {
    const request = https.get(`${server.url}${target}`, { ca: server.certificateAuthority, agent: false, ...options })
    request.on("response", (response) => {
      let body = ""
      response.on("data", (chunk) => body += String(chunk))
      response.on("end", () => resume(Effect.succeed({ status: response.statusCode ?? 0, body })))
    })
    request.on("error", (error) => resume(Effect.die(error)))
  })

const bearer = (token: Redacted.Redacted<string>) => ({ authorization: `Bearer ${Redacted.value(token)}` })

it.live("lets in who bears its token, and nobody else", () =>
  Effect.gen(function*() {
    const server = yield* NodeApiServer.NodeApiServer
    const known = yield* get(server, "/api/v1/namespaces/default", { headers: bearer(server.token) })
    assert.strictEqual(JSON.parse(known.body).metadata.name, "default")
    const wrong = yield* get(server, "/api/v1/namespaces", { headers: { authorization: "Bearer wrong" } })
    const none = yield* get(server, "/api/v1/namespaces")
    assert.deepStrictEqual([wrong.status, none.status, JSON.parse(none.body).reason], [401, 401, "Unauthorized"])
    assert.strictEqual((yield* get(server, "/readyz")).body, "ok")
  }).pipe(Effect.provide(NodeApiServer.layer)))

it.live("a watch over HTTP/2 is closed by the client, and the server notices", () =>
  Effect.gen(function*() {
    const node = yield* NodeApiServer.NodeApiServer
    const server = yield* ApiServer.ApiServer
    const session = yield* Effect.acquireRelease(
      Effect.sync(() => http2.connect(node.url, { ca: node.certificateAuthority })),
      (session) => Effect.sync(() => session.destroy())
    )
    const first = yield* Effect.callback<{ readonly line: string; readonly stream: http2.ClientHttp2Stream }>(
      (resume) => {
        const stream = session.request({ ":path": "/api/v1/namespaces?watch=1", ...bearer(node.token) })
        stream.once("data", (chunk) => resume(Effect.succeed({ line: String(chunk), stream })))
      }
    )
    assert.match(first.line, /^\{"type":"ADDED","object":\{"kind":"Namespace"/)
    assert.strictEqual(yield* server.openWatches, 1)
    first.stream.close()
    yield* Effect.repeat(server.openWatches, {
      until: (open) => open === 0,
      schedule: Schedule.spaced("10 millis")
    }).pipe(Effect.timeout("5 seconds"))
    assert.strictEqual(yield* server.openWatches, 0)
  }).pipe(Effect.scoped, Effect.provide(NodeApiServer.layer)))

it.live("a port that is taken is a ListenError with the port", () =>
  Effect.gen(function*() {
    const { port } = yield* NodeApiServer.NodeApiServer
    const error = yield* Effect.flip(Effect.scoped(NodeApiServer.make({ port })))
    assert.strictEqual(error._tag, "ListenError")
    assert.include(error.message, `cannot listen on 127.0.0.1:${port}: listen EADDRINUSE`)
  }).pipe(Effect.provide(NodeApiServer.layer)))

it.live("a certificate from a stranger's authority opens nothing", () =>
  Effect.gen(function*() {
    const server = yield* NodeApiServer.NodeApiServer
    const stranger = yield* NodeCertificate.make({ commonName: "stranger", isAuthority: true })
    const own = yield* NodeCertificate.make({
      commonName: "admin",
      organizations: ["system:masters"],
      issuer: stranger
    })
    const answer = yield* get(server, "/api/v1/namespaces", { cert: own.certificate, key: own.key })
    assert.strictEqual(answer.status, 401)
  }).pipe(Effect.provide(NodeApiServer.layer)))

it.live.skipIf(kubectlVersion === undefined)(
  "kubectl works with it as with a real server",
  () =>
    Effect.gen(function*() {
      const server = yield* NodeApiServer.NodeApiServer
      const home = yield* folder
      const kubeconfig = path.join(home, "kubeconfig")
      fs.writeFileSync(kubeconfig, Redacted.value(server.kubeconfig))
      const kubectl = (...args: ReadonlyArray<string>) => run("kubectl", args, kubeconfig)
      const prints = Effect.fnUntraced(function*(command: string, expected: RegExp) {
        const { code, error, out } = yield* kubectl(...command.split(" "))
        assert.match(out, expected, `${command}: ${error}`)
        assert.strictEqual(code, 0, `${command}: ${error}`)
      })

      yield* prints("get ns", /^NAME +STATUS +AGE\ndefault +Active +/)
      yield* prints("create deployment web --image=nginx --replicas=2 --port=80", /^deployment.apps\/web created/)
      yield* prints(
        "get deployment web -o wide",
        /^NAME +READY +UP-TO-DATE +AVAILABLE +AGE +CONTAINERS +IMAGES +SELECTOR\nweb +0\/2 +0 +0 +\d+s +nginx +nginx +app=web\n/
      )
      const watching = yield* Effect.forkScoped(kubectl("get", "deployment", "-w", "--request-timeout=4s"))
      yield* Effect.sleep("700 millis")
      yield* prints("label deployment web tier=front", /^deployment.apps\/web labeled/)
      yield* prints("scale deployment web --replicas=5", /^deployment.apps\/web scaled/)
      const seen = yield* Fiber.join(watching)
      assert.match(seen.out, /web +0\/2 [^]*web +0\/5 /)
      const change = { spec: { template: { spec: { containers: [{ name: "nginx", image: "nginx:2" }] } } } }
      yield* prints(`patch deployment web -p ${JSON.stringify(change)}`, /patched/)
      yield* prints("get deployment web -o jsonpath={.spec.template.spec.containers[*].image}", /^nginx:2$/)
      yield* prints("get deployment -l tier=front -o name", /^deployment.apps\/web$/m)
      const manifest = `apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {color: red}
`
      const file = path.join(home, "settings.yaml")
      fs.writeFileSync(file, manifest)
      yield* prints(`apply -f ${file}`, /^configmap\/settings created/)
      yield* prints(`apply -f ${file}`, /^configmap\/settings unchanged/)
      fs.writeFileSync(file, manifest.replace("red", "blue"))
      yield* prints(`apply -f ${file}`, /^configmap\/settings configured/)
      yield* prints(`apply --server-side --force-conflicts -f ${file}`, /^configmap\/settings serverside-applied/)
      yield* prints("get configmap settings", /^NAME +DATA +AGE\nsettings +1 +/)
      yield* prints("delete deployment web", /^deployment.apps "web" deleted/)
      yield* prints("api-resources", /^deployments +deploy +apps\/v1 +true +Deployment$/m)
      yield* prints("explain deployment.spec.replicas", /FIELD: replicas <integer>/)
      yield* prints("auth can-i create pods", /^yes/)
      yield* prints("create namespace shop", /^namespace\/shop created/)
      yield* prints("delete namespace shop", /^namespace "shop" deleted/)

      const missing = yield* kubectl("get", "deployment", "web")
      assert.deepStrictEqual([missing.code, missing.error], [
        1,
        `Error from server (NotFound): deployments.apps "web" not found\n`
      ])
      const invalid = yield* run(
        "kubectl",
        ["create", "-f", "-"],
        kubeconfig,
        JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "Bad_Name" } })
      )
      assert.include(invalid.error, `The ConfigMap "Bad_Name" is invalid: metadata.name: Invalid value: "Bad_Name"`)
    }).pipe(Effect.scoped, Effect.provide(NodeApiServer.layer)),
  60_000
)

it.live("the program writes a kubeconfig, serves, and stops at a signal", () =>
  Effect.gen(function*() {
    const home = yield* folder
    const kubeconfig = path.join(home, "kubeconfig")
    const program = new URL("../../src/bin.ts", import.meta.url).pathname
    const child = yield* Effect.acquireRelease(
      Effect.sync(() =>
        childProcess.spawn(process.execPath, [
          "--conditions=@effect-kubernetes/source",
          program,
          "apiserver",
          "--port",
          "0",
          "--kubeconfig",
          kubeconfig
        ])
      ),
      (child) => Effect.sync(() => child.kill("SIGKILL"))
    )
    const exited = yield* Effect.forkScoped(Effect.callback<number | null>((resume) => {
      child.on("exit", (code) => resume(Effect.succeed(code)))
    }))
    const url = yield* Effect.callback<string>((resume) => {
      let text = ""
      child.stdout.on("data", (chunk) => {
        text += String(chunk)
        const found = /serving Kubernetes v[\d.]+ from memory at (https:\/\/\S+)/.exec(text)
        if (found?.[1] !== undefined) resume(Effect.succeed(found[1]))
      })
    }).pipe(Effect.timeout("20 seconds"))
    assert.include(fs.readFileSync(kubeconfig, "utf8"), url)
    assert.strictEqual(fs.statSync(kubeconfig).mode & 0o777, 0o600)
    child.kill("SIGTERM")
    assert.isNumber(yield* Fiber.join(exited).pipe(Effect.timeout("5 seconds")))
  }).pipe(Effect.scoped), 40_000)

it.live("the program says in a line what it cannot do, and fails", () =>
  Effect.gen(function*() {
    const { port } = yield* NodeApiServer.NodeApiServer
    const program = new URL("../../src/bin.ts", import.meta.url).pathname
    const { code, error } = yield* run(
      process.execPath,
      ["--conditions=@effect-kubernetes/source", program, "apiserver", "--port", String(port)],
      "/nowhere/kubeconfig"
    )
    assert.strictEqual(code, 1)
    assert.match(error, /^effect-kubernetes: cannot listen on 127\.0\.0\.1:\d+: listen EADDRINUSE[^\n]*\n$/)
  }).pipe(Effect.provide(NodeApiServer.layer)), 40_000)
