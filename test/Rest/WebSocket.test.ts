import * as NodeWS from "@effect/platform-node/NodeWS"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import type * as http from "node:http"
import * as https from "node:https"
import type * as net from "node:net"
import type * as tls from "node:tls"
import * as Credential from "../../src/Config/Credential.ts"
import * as Authentication from "../../src/Rest/Authentication.ts"
import * as CaBundle from "../../src/Rest/CaBundle.ts"
import * as NodeWebSocketTransport from "../../src/Rest/NodeWebSocketTransport.ts"
import type { Request } from "../../src/Rest/Request.ts"
import * as WebSocketClient from "../../src/Rest/WebSocketClient.ts"
import * as WebSocketTransport from "../../src/Rest/WebSocketTransport.ts"
import * as TlsServer from "./tlsServer.ts"

const exec: Request = {
  method: "GET",
  verb: "create",
  target: {
    _tag: "Resource",
    group: "",
    version: "v1",
    plural: "pods",
    namespace: "default",
    name: "web",
    subresource: "exec"
  },
  query: [["command", "sh"], ["stdin", "true"]]
}

const protocols = ["v5.channel.k8s.io", "v4.channel.k8s.io"]

interface Answer {
  readonly status: number
  readonly body: string
}

/** A server of WebSockets over TLS that may refuse an upgrade. */
const serve = Effect.fnUntraced(function*(options: {
  readonly refuse?: (request: http.IncomingMessage) => Answer | undefined
  readonly onOpen: (webSocket: NodeWS.WebSocket, request: http.IncomingMessage) => void
}) {
  const { authority, client, server } = yield* TlsServer.certificates
  const sockets = new Set<net.Socket>()
  const its = https.createServer({
    cert: server.certificate,
    key: server.key,
    ca: authority.certificate,
    requestCert: true,
    rejectUnauthorized: false
  })
  const webSockets = new NodeWS.WebSocketServer({
    noServer: true,
    handleProtocols: (offered) => offered.has("v5.channel.k8s.io") ? "v5.channel.k8s.io" : false
  })
  its.on("secureConnection", (socket) => {
    sockets.add(socket)
    socket.on("error", () => {})
    socket.on("close", () => sockets.delete(socket))
  })
  its.on("upgrade", (request, socket, head) => {
    const refused = options.refuse?.(request)
    if (refused !== undefined) {
      return void socket.end(
        `HTTP/1.1 ${refused.status} No\r\nContent-Length: ${Buffer.byteLength(refused.body)}\r\n\r\n${refused.body}`
      )
    }
    webSockets.handleUpgrade(request, socket, head, (webSocket) => options.onOpen(webSocket, request))
  })
  const port = yield* Effect.acquireRelease(
    Effect.callback<number>((resume) => {
      its.listen(0, "127.0.0.1", () => resume(Effect.succeed((its.address() as net.AddressInfo).port)))
    }),
    () =>
      Effect.callback<void>((resume) => {
        for (const socket of sockets) socket.destroy()
        its.close(() => resume(Effect.void))
      })
  )
  return { address: `https://127.0.0.1:${port}`, authority, client, sockets }
})

const clientOf = (transport: WebSocketTransport.WebSocketTransport["Service"]) =>
  Effect.provideService(WebSocketClient.make({ userAgent: "demo" }), WebSocketTransport.WebSocketTransport, transport)

it.live("opens with certificate, token and protocol, and carries messages both ways", () =>
  Effect.gen(function*() {
    let seen: http.IncomingMessage | undefined
    let peer: string | undefined
    const its = yield* serve({
      onOpen: (webSocket, request) => {
        seen = request
        peer = String((request.socket as tls.TLSSocket).getPeerCertificate().subject.CN)
        webSocket.send("first, in the same breath as the upgrade")
        webSocket.on("message", (data, isBinary) => {
          webSocket.send(isBinary ? data : String(data).toUpperCase(), { binary: isBinary })
          if (String(data) === "bye") webSocket.close(1000, "done")
        })
      }
    })
    const credential = Credential.fixed({
      authorization: Credential.bearer(Redacted.make("t1")),
      clientCertificate: { certificate: its.client.certificate, key: Redacted.make(its.client.key) }
    })
    const transport = yield* NodeWebSocketTransport.make({
      server: `${its.address}/k8s`,
      ca: CaBundle.fixed(its.authority.certificate),
      credential
    })
    const client = yield* clientOf(
      Authentication.makeWebSocket({ credential, impersonation: { user: "bob", groups: ["a", "b"] } })(transport)
    )
    const connection = yield* client.open(exec, protocols)
    assert.strictEqual(connection.protocol, "v5.channel.k8s.io")
    const messages = yield* Effect.forkChild(Stream.runCollect(connection.messages))
    yield* connection.send("hello")
    yield* connection.send(Uint8Array.of(0, 1, 2))
    yield* connection.send("bye")
    const [first, upper, bytes] = yield* Fiber.join(messages)
    assert.strictEqual(first, "first, in the same breath as the upgrade")
    assert.strictEqual(upper, "HELLO")
    assert.deepStrictEqual([...(bytes ?? [])], [0, 1, 2])
    assert.deepStrictEqual(yield* connection.closed, { code: 1000, reason: "done" })
    assert.strictEqual(seen?.url, "/k8s/api/v1/namespaces/default/pods/web/exec?command=sh&stdin=true")
    assert.strictEqual(seen?.headers.authorization, "Bearer t1")
    assert.strictEqual(seen?.headers["user-agent"], "demo")
    assert.strictEqual(peer, "ada")
    const groups = seen?.rawHeaders.filter((_, index, all) => all[index - 1] === "impersonate-group")
    assert.deepStrictEqual(groups, ["a", "b"])
  }))

it.live("a refused upgrade is the server's Status; a refused token is refreshed once", () =>
  Effect.gen(function*() {
    const status = JSON.stringify({
      kind: "Status",
      apiVersion: "v1",
      status: "Failure",
      reason: "Forbidden",
      code: 403,
      message: `pods "web" is forbidden: no`
    })
    const asked: Array<string | undefined> = []
    const its = yield* serve({
      refuse: ({ headers }) => {
        asked.push(headers.authorization)
        return headers.authorization === "Bearer t1"
          ? { status: 401, body: "" }
          : headers.authorization === "Bearer bad"
          ? { status: 403, body: status }
          : undefined
      },
      onOpen: (webSocket) => webSocket.close(1000)
    })
    const ca = CaBundle.fixed(its.authority.certificate)
    const transport = yield* NodeWebSocketTransport.make({ server: its.address, ca })
    const bad = Credential.fixed({
      authorization: Credential.bearer(Redacted.make("bad")),
      clientCertificate: undefined
    })
    const forbidden = yield* clientOf(Authentication.makeWebSocket({ credential: bad })(transport)).pipe(
      Effect.flatMap((client) => Effect.flip(client.open(exec, protocols)))
    )
    assert.strictEqual(forbidden.message, `Forbidden: create pods/exec default/web: pods "web" is forbidden: no`)
    let value: Credential.Value = {
      authorization: Credential.bearer(Redacted.make("t1")),
      clientCertificate: undefined
    }
    const rotating = Credential.Credential.of({
      refreshable: true,
      get: Effect.sync(() => value),
      invalidate: () =>
        Effect.sync(() => {
          value = { authorization: Credential.bearer(Redacted.make("t2")), clientCertificate: undefined }
        })
    })
    const client = yield* clientOf(Authentication.makeWebSocket({ credential: rotating })(transport))
    const connection = yield* client.open(exec, protocols)
    yield* connection.closed
    assert.deepStrictEqual(asked, ["Bearer bad", "Bearer t1", "Bearer t2"])
  }))

it.live("a server that is not trusted, down, or speaks no WebSocket is told apart", () =>
  Effect.gen(function*() {
    const its = yield* serve({ onOpen: () => {} })
    const failing = (options: NodeWebSocketTransport.Options) =>
      Effect.flatMap(NodeWebSocketTransport.make(options), (transport) =>
        Effect.flatMap(clientOf(transport), (client) =>
          Effect.map(Effect.flip(client.open(exec, protocols)), (error) =>
            error.message)))
    assert.include(yield* failing({ server: its.address }), "not signed by an authority this client trusts")
    assert.include(yield* failing({ server: "https://127.0.0.1:1" }), "connection refused")
    const { authority, server } = yield* TlsServer.certificates
    const plain = yield* TlsServer.make({
      handler: (_, response) =>
        response.end("<html>"),
      certificate: server,
      http2: false
    })
    assert.include(
      yield* failing({ server: plain.address, ca: CaBundle.fixed(authority.certificate) }),
      "the server answered with HTTP status 200"
    )
  }))

it.live("a peer that answers no PING is given up; one that only answers PINGs is not", () =>
  Effect.gen(function*() {
    const its = yield* serve({
      onOpen: (_, request) => {
        // Reads nothing more, so that no PONG is ever sent.
        if (request.url?.includes("deaf") === true) request.socket.pause()
      }
    })
    const transport = yield* NodeWebSocketTransport.make({
      server: its.address,
      ca: CaBundle.fixed(its.authority.certificate),
      heartbeatInterval: "20 millis",
      heartbeatTimeout: "100 millis"
    })
    const client = yield* clientOf(transport)
    const living = yield* client.open(exec, protocols)
    const deaf = yield* client.open({ ...exec, query: [["command", "deaf"]] }, protocols)
    const lost = yield* Effect.flip(Stream.runDrain(deaf.messages)).pipe(Effect.timeout("2 seconds"))
    assert.include(lost.message, "the server did not answer a PING in time")
    yield* Effect.sleep("150 millis")
    yield* living.send("still here")
    yield* living.close()
    assert.strictEqual((yield* living.closed).code, 1000)
  }))

it.live("reading slowly holds back the server, sending to a slow server waits, and leaving closes", () =>
  Effect.gen(function*() {
    let sent = 0
    const its = yield* serve({
      onOpen: (webSocket, request) => {
        if (request.url?.includes("slow") === true) return void request.socket.pause()
        const more = () => {
          if (webSocket.readyState !== webSocket.OPEN || sent > 256) return
          sent++
          webSocket.send(Buffer.alloc(256 * 1024), more)
        }
        more()
      }
    })
    const transport = yield* NodeWebSocketTransport.make({
      server: its.address,
      ca: CaBundle.fixed(its.authority.certificate)
    })
    const client = yield* clientOf(transport)
    yield* Effect.scoped(Effect.gen(function*() {
      const fast = yield* client.open(exec, protocols)
      yield* Effect.sleep("150 millis")
      assert.isBelow(sent, 80)
      const read = yield* fast.messages.pipe(Stream.take(100), Stream.runCollect)
      assert.strictEqual(read.length, 100)
      const slow = yield* client.open({ ...exec, query: [["command", "slow"]] }, protocols)
      const writer = yield* Effect.forkChild(
        Effect.forEach(Array.from({ length: 200 }), () => slow.send(new Uint8Array(256 * 1024)), { discard: true })
      )
      yield* Effect.sleep("150 millis")
      assert.isUndefined(writer.pollUnsafe())
      yield* Fiber.interrupt(writer)
    }))
    for (let tries = 0; tries < 100 && its.sockets.size > 1; tries++) yield* Effect.sleep("10 millis")
    // The one that reads nothing does not see the end.
    assert.isAtMost(its.sockets.size, 1)
  }))
