import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as net from "node:net"
import * as CaBundle from "../../src/Rest/CaBundle.ts"
import * as NodeTransport from "../../src/Rest/NodeTransport.ts"
import * as TlsServer from "./tlsServer.ts"

/** An HTTP proxy that tunnels for `ada` with `secret word`, and tells where to. */
const httpProxy = (tunnels: Array<string>) =>
  TlsServer.makePlain((socket) => {
    socket.once("data", (chunk) => {
      const head = chunk.toString()
      const [, host = "", port = ""] = /^CONNECT (.*):(\d+) HTTP/.exec(head) ?? []
      const expected = `Proxy-Authorization: Basic ${Buffer.from("ada:secret word").toString("base64")}`
      if (!head.toLowerCase().includes(expected.toLowerCase())) {
        return void socket.end("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n")
      }
      if (host === "forbidden.example") return void socket.end("HTTP/1.1 403 Forbidden\r\n\r\n")
      tunnels.push(`${host}:${port}`)
      const upstream = net.connect(Number(port), "127.0.0.1", () => {
        socket.write("HTTP/1.1 200 OK\r\n\r\n")
        socket.pipe(upstream).pipe(socket)
      })
      upstream.on("error", () => socket.destroy())
      socket.on("close", () => upstream.destroy())
    })
  })

/** A SOCKS 5 proxy with the same user, that sends each byte of its answers alone. */
const socksProxy = (tunnels: Array<string>) =>
  TlsServer.makePlain((socket) => {
    const say = (...bytes: ReadonlyArray<number>) => bytes.forEach((byte) => socket.write(Uint8Array.of(byte)))
    let step = 0
    socket.on("data", (chunk: Buffer) => {
      if (step === 0) {
        step = 1
        return chunk.includes(2, 2) ? say(5, 2) : say(5, 255)
      }
      if (step === 1) {
        step = 2
        const user = chunk.subarray(2, 2 + (chunk[1] ?? 0)).toString()
        const password = chunk.subarray(3 + user.length).toString()
        return user === "ada" && password === "secret word" ? say(1, 0) : say(1, 1)
      }
      if (step === 2) {
        step = 3
        const host = chunk[3] === 3
          ? chunk.subarray(5, 5 + (chunk[4] ?? 0)).toString()
          : chunk[3] === 4
          ? Array.from({ length: 8 }, (_, index) => chunk.readUInt16BE(4 + 2 * index).toString(16)).join(":")
          : chunk.subarray(4, 8).join(".")
        const port = chunk.readUInt16BE(chunk.length - 2)
        if (host === "forbidden.example") return say(5, 2, 0, 1, 0, 0, 0, 0, 0, 0)
        tunnels.push(`${host}:${port}`)
        const upstream = net.connect(port, "127.0.0.1", () => {
          say(5, 0, 0, 3, 1, 120, 0, 0)
          socket.on("data", (more) => upstream.write(more))
          upstream.on("data", (more) => socket.write(more))
        })
        upstream.on("error", () => socket.destroy())
        socket.on("close", () => upstream.destroy())
      }
    })
  })

const exchange = (options: NodeTransport.Options) =>
  Effect.flatMap(NodeTransport.make(options), (transport) =>
    Effect.scoped(
      Effect.flatMap(
        transport.execute({ method: "GET", path: "/", headers: [], verb: "get" }),
        (response) => response.text
      )
    ))

for (const [scheme, makeProxy] of [["http", httpProxy], ["socks5", socksProxy], ["socks5h", socksProxy]] as const) {
  it.live(`${scheme}: the tunnel carries TLS and HTTP/2, for those who know the password`, () =>
    Effect.gen(function*() {
      const { authority, server } = yield* TlsServer.certificates
      const its = yield* TlsServer.make({
        handler: (request, response) => response.end(request.httpVersion),
        certificate: server
      })
      const tunnels: Array<string> = []
      const proxy = yield* makeProxy(tunnels)
      const ca = CaBundle.fixed(authority.certificate)
      const through = (userinfo: string, host = "127.0.0.1") =>
        exchange({
          server: `https://${host}:${its.port}`,
          ca,
          tlsServerName: "localhost",
          proxyUrl: `${scheme}://${userinfo}127.0.0.1:${proxy.port}`
        })

      assert.strictEqual(yield* through("ada:secret%20word@"), "2.0")
      // The proxy resolves names.
      assert.strictEqual(yield* through("ada:secret%20word@", "only.the.proxy.knows"), "2.0")
      assert.deepStrictEqual(tunnels, [`127.0.0.1:${its.port}`, `only.the.proxy.knows:${its.port}`])

      const wrong = yield* Effect.flip(through("ada:planted-password@"))
      assert.match(wrong.message, /the proxy (http|socks5):\/\/127\.0\.0\.1:\d+ .*refused .*of the proxy URL/)
      assert.isFalse(wrong.isRetryable)
      assert.notInclude(JSON.stringify(wrong), "planted-password")
      const none = yield* Effect.flip(through(""))
      assert.include(none.message, "asks for a user name and password")
      const forbidden = yield* Effect.flip(through("ada:secret%20word@", "forbidden.example"))
      assert.include(forbidden.message, `refused the tunnel to forbidden.example:${its.port}`)
    }))
}

it.live("a server without TLS is reached directly and through either kind of proxy, over IPv6 too", () =>
  Effect.gen(function*() {
    const its = yield* TlsServer.makePlain((socket) => {
      socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nplain"))
    })
    const server = `http://127.0.0.1:${its.port}`
    assert.strictEqual(yield* exchange({ server }), "plain")
    const tunnels: Array<string> = []
    const http = yield* httpProxy(tunnels)
    assert.strictEqual(
      yield* exchange({ server, proxyUrl: `http://ada:secret%20word@127.0.0.1:${http.port}` }),
      "plain"
    )
    const socks = yield* socksProxy(tunnels)
    assert.strictEqual(
      yield* exchange({ server, proxyUrl: `socks5://ada:secret%20word@127.0.0.1:${socks.port}` }),
      "plain"
    )
    const six = `http://[fd00::1]:${its.port}`
    assert.strictEqual(
      yield* exchange({ server: six, proxyUrl: `http://ada:secret%20word@127.0.0.1:${http.port}` }),
      "plain"
    )
    assert.strictEqual(
      yield* exchange({ server: six, proxyUrl: `socks5://ada:secret%20word@127.0.0.1:${socks.port}` }),
      "plain"
    )
    assert.deepStrictEqual(tunnels.slice(2), [`[fd00::1]:${its.port}`, `fd00:0:0:0:0:0:0:1:${its.port}`])
  }))

it.live("a proxy that is down, or is none, is named", () =>
  Effect.gen(function*() {
    const notSocks = yield* TlsServer.makePlain((socket) => socket.end("HTTP/1.1 200 OK\r\n\r\n"))
    const silent = yield* TlsServer.makePlain((socket) => socket.resume())
    const failing = (proxyUrl: string, connectTimeout = 5000) =>
      Effect.map(Effect.flip(exchange({ server: "https://k8s.example:6443", proxyUrl, connectTimeout })), (error) =>
        error.message)
    assert.include(
      yield* failing("http://127.0.0.1:1"),
      "the proxy http://127.0.0.1:1 could not be used: connect ECONNREFUSED"
    )
    assert.include(
      yield* failing("socks5://127.0.0.1:1"),
      "the proxy socks5://127.0.0.1:1 could not be used: connect ECONNREFUSED"
    )
    assert.include(yield* failing(`socks5://127.0.0.1:${notSocks.port}`), "does not speak SOCKS 5")
    assert.include(yield* failing(`http://127.0.0.1:${silent.port}`, 50), "did not answer in time")
    assert.include(yield* failing(`socks5://127.0.0.1:${silent.port}`, 50), "did not answer in time")
    const scheme = yield* Effect.flip(
      NodeTransport.make({ server: "https://k8s.example", proxyUrl: "ftp://u:planted@proxy" })
    )
    assert.include(scheme.message, "the proxy-url must be an address that begins with")
    assert.notInclude(scheme.message, "planted")
  }))
