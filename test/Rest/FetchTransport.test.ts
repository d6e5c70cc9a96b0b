import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { spawn } from "node:child_process"
import * as fs from "node:fs"
import * as net from "node:net"
import type * as tls from "node:tls"
import * as ClientConfig from "../../src/Config/ClientConfig.ts"
import * as CredentialResolver from "../../src/Config/CredentialResolver.ts"
import * as FetchTransport from "../../src/Rest/FetchTransport.ts"
import * as RestClient from "../../src/Rest/RestClient.ts"
import * as Transport from "../../src/Rest/Transport.ts"
import * as NodeCertificate from "../../src/Testing/NodeCertificate.ts"
import type { Case, Outcome } from "./fetchProgram.ts"
import * as TlsServer from "./tlsServer.ts"

// Fetch refuses low ports by itself.
const closedPort = Effect.scoped(Effect.map(TlsServer.makePlain(() => {}), ({ port }) => port))

const get = { method: "GET", path: "/", headers: [], verb: "get" } as const

const failure = (options: FetchTransport.Options) =>
  Effect.map(Effect.flip(FetchTransport.make(options)), (error) => error.message)

it.effect("an option that this runtime's fetch cannot honour is an error", () =>
  Effect.gen(function*() {
    const server = "https://server:6443"
    assert.include(yield* failure({ server, ca: "PEM" }), "takes no certificate authority")
    assert.include(yield* failure({ server, tlsServerName: "x" }), "tls-server-name")
    assert.include(yield* failure({ server, isInsecure: true }), "insecure-skip-tls-verify")
    assert.include(yield* failure({ server, proxyUrl: "http://u:planted@proxy" }), "knows no proxy with http://")
    assert.notInclude(yield* failure({ server, proxyUrl: "http://u:planted@proxy" }), "planted")
    assert.include(yield* failure({ server: "nonsense" }), "must be an address")
  }).pipe(Effect.scoped))

it.live("speaks plain HTTP anywhere: text, pieces, an abandoned body and a lost connection", () =>
  Effect.gen(function*() {
    const seen = { isLeft: false }
    const its = yield* TlsServer.makePlain((socket) => {
      socket.once("data", (head) => {
        const path = head.toString().split(" ")[1]
        if (path === "/cut") return void socket.destroy()
        socket.write("HTTP/1.1 200 OK\r\nX-Warning: a\r\nX-Warning: b\r\nTransfer-Encoding: chunked\r\n\r\n")
        if (path === "/text") return void socket.end("6\r\nh\u00e9llo\r\n0\r\n\r\n")
        const timer = setInterval(() => socket.write("4\r\ntick\r\n"), 5)
        socket.on("close", () => {
          seen.isLeft = true
          clearInterval(timer)
        })
      })
    })
    const transport = yield* FetchTransport.make({ server: `http://127.0.0.1:${its.port}/` })
    const at = (path: string) => transport.execute({ ...get, path })
    assert.strictEqual(yield* Effect.scoped(Effect.flatMap(at("/text"), (response) => response.text)), "h\u00e9llo")
    const ticks = yield* Stream.unwrap(Effect.map(at("/ticks"), (response) => response.body)).pipe(
      Stream.take(2),
      Stream.runCollect
    )
    assert.strictEqual(ticks.length, 2)
    for (let tries = 0; tries < 200 && !seen.isLeft; tries++) yield* Effect.sleep("10 millis")
    assert.isTrue(seen.isLeft)
    const cut = yield* Effect.flip(Effect.scoped(at("/cut")))
    assert.include(["Closed", "Reset"], cut.reason._tag === "Transport" ? cut.reason.kind : cut.reason._tag)
    const down = yield* FetchTransport.make({ server: `http://127.0.0.1:${yield* closedPort}` })
    const refused = yield* Effect.flip(Effect.scoped(down.execute(get)))
    assert.include(refused.message, "connection refused: nothing listens at this address")
    const groups = yield* Effect.flip(
      Effect.scoped(transport.execute({ ...get, headers: [["impersonate-group", "a"], ["Impersonate-Group", "b"]] }))
    )
    assert.include(groups.message, "fetch joins the lines of one header")
  }))

it.live("the layer authenticates, and what the program puts around it sees no credential", () =>
  Effect.gen(function*() {
    const heads: Array<string> = []
    const its = yield* TlsServer.makePlain((socket) => {
      socket.once("data", (head) => {
        heads.push(head.toString().toLowerCase())
        socket.end("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
      })
    })
    const seen: Array<Transport.TransportRequest> = []
    const recorded: Transport.Middleware = (transport) =>
      Transport.Transport.of({
        ...transport,
        execute: (request) => {
          seen.push(request)
          return transport.execute({ ...request, headers: [...request.headers, ["x-added", "by the program"]] })
        }
      })
    const layer = RestClient.layerConfig.pipe(
      Layer.provide(FetchTransport.layer),
      Layer.provideMerge(ClientConfig.layerOptions({
        server: `http://127.0.0.1:${its.port}`,
        userAgent: "demo",
        impersonation: { user: "bob" },
        credential: { _tag: "Token", token: Redacted.make("t1") }
      })),
      Layer.provide(CredentialResolver.layerStatic),
      Layer.provide(Layer.succeed(Transport.UserMiddleware)(recorded))
    )
    yield* Effect.gen(function*() {
      const rest = yield* RestClient.RestClient
      const version = yield* rest.json({ method: "GET", verb: "get", target: { _tag: "Path", path: "/version" } })
      assert.deepStrictEqual(version, {})
    }).pipe(Effect.provide(layer))
    assert.deepStrictEqual(seen.map((request) => request.headers.map(([name]) => name)), [["accept", "user-agent"]])
    for (
      const line of ["authorization: bearer t1", "impersonate-user: bob", "x-added: by the program", "user-agent: demo"]
    ) {
      assert.include(heads[0], line)
    }
  }))

const runtimes = [
  { name: "bun", args: ["run"] },
  { name: "deno", args: ["run", "-A", "--quiet", "--node-modules-dir=manual"] }
] as const

const root = new URL("../..", import.meta.url).pathname

const binaryOf = (name: string): string | undefined =>
  [process.env[`EFFECT_KUBERNETES_${name.toUpperCase()}`], `${root}test/runtimes/node_modules/.bin/${name}`].find((
    path
  ) => path !== undefined && fs.existsSync(path))

const runUnder = (
  binary: string,
  args: ReadonlyArray<string>,
  cases: ReadonlyArray<Case>
): Effect.Effect<ReadonlyArray<Outcome>> =>
  Effect.callback((resume) => {
    const child = spawn(binary, [...args, `${root}test/Rest/fetchProgram.ts`], {
      cwd: root,
      env: { ...process.env, FETCH_CASES: JSON.stringify(cases), NO_COLOR: "1" }
    })
    let out = ""
    let err = ""
    child.stdout.on("data", (chunk: Buffer) => out += chunk.toString())
    child.stderr.on("data", (chunk: Buffer) => err += chunk.toString())
    child.on("close", (code) => {
      const lines = out.split("\n").filter((line) => line.startsWith("{"))
      resume(
        lines.length === cases.length
          ? Effect.succeed(lines.map((line): Outcome => JSON.parse(line)))
          : Effect.die(new Error(`${binary} ended with ${code} after ${lines.length} cases: ${err}`))
      )
    })
    return Effect.sync(() => child.kill())
  })

for (const runtime of runtimes) {
  const binary = binaryOf(runtime.name)
  if (binary === undefined) {
    console.log(
      `FetchTransport under ${runtime.name} is not tested: run npm ci --prefix test/runtimes, or name it in EFFECT_KUBERNETES_${runtime.name.toUpperCase()}`
    )
  }
  it.live.skipIf(binary === undefined)(
    `${runtime.name}: private authority, client certificate, proxy, streams and failures`,
    () =>
      Effect.gen(function*() {
        const { authority, client, server } = yield* TlsServer.certificates
        const other = yield* NodeCertificate.make({ commonName: "other-ca", isAuthority: true })
        let isLeft = false
        const its = yield* TlsServer.make({
          handler: (request, response) => {
            if (request.url === "/ticks") {
              const timer = setInterval(() => response.write("tick"), 5)
              response.on("close", () => {
                isLeft = true
                clearInterval(timer)
              })
            } else if (request.method === "POST") request.pipe(response)
            else response.end(String((request.socket as tls.TLSSocket).getPeerCertificate().subject.CN))
          },
          certificate: server,
          clientCa: authority.certificate
        })
        const proxy = yield* TlsServer.makePlain((socket) => {
          socket.once("data", (chunk) => {
            const expected = Buffer.from("ada:secret word").toString("base64")
            if (!chunk.toString().includes(expected)) {
              return void socket.end("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            }
            const upstream = net.connect(its.port, "127.0.0.1", () => {
              socket.write("HTTP/1.1 200 OK\r\n\r\n")
              socket.pipe(upstream).pipe(socket)
            })
            upstream.on("error", () => socket.destroy())
          })
        })
        const good = {
          server: its.address,
          path: "/",
          ca: authority.certificate,
          certificate: client.certificate,
          key: client.key
        }
        const cases: ReadonlyArray<Case> = [
          { ...good, name: "good" },
          { ...good, name: "body", body: "héllo" },
          { ...good, name: "ticks", path: "/ticks", take: 2 },
          { ...good, name: "proxy", proxyUrl: `http://ada:secret%20word@127.0.0.1:${proxy.port}` },
          { ...good, name: "untrusted", ca: other.certificate },
          { ...good, name: "down", server: `https://127.0.0.1:${yield* closedPort}` },
          { ...good, name: "groups", headers: [["impersonate-group", "a"], ["impersonate-group", "b"]] },
          { ...good, name: "name", tlsServerName: "localhost" },
          { ...good, name: "socks", proxyUrl: "socks4://127.0.0.1:1" }
        ]
        const outcomes = new Map(
          (yield* runUnder(binary ?? "", runtime.args, cases)).map((outcome) => [outcome.name, outcome])
        )
        const of = (name: string) => outcomes.get(name) ?? { name }
        assert.deepStrictEqual(of("good"), { name: "good", text: "ada" })
        assert.deepStrictEqual(of("body"), { name: "body", text: "héllo" })
        assert.match(of("ticks").text ?? of("ticks").error ?? "", /^(tick){2,}$/)
        assert.isTrue(isLeft)
        assert.deepStrictEqual(of("proxy"), { name: "proxy", text: "ada" })
        assert.strictEqual(of("untrusted").kind, "Tls", of("untrusted").error)
        assert.strictEqual(of("down").kind, "Refused", of("down").error)
        assert.include(of("groups").error, "fetch joins the lines of one header")
        if (runtime.name === "bun") assert.strictEqual(of("name").text, "ada", of("name").error)
        else assert.include(of("name").error, "tls-server-name")
        assert.include(of("socks").error, "knows no proxy with socks4://")
      }),
    30_000
  )
}
