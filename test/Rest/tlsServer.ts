import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as http2 from "node:http2"
import * as net from "node:net"
import type * as tls from "node:tls"
import * as NodeCertificate from "../../src/Testing/NodeCertificate.ts"

export type Handler = (request: http2.Http2ServerRequest, response: http2.Http2ServerResponse) => void

export interface Server {
  readonly address: string
  readonly port: number
  readonly server: http2.Http2SecureServer
  /** Connections that are open now. */
  readonly sockets: Set<net.Socket>
  /** Connections that were ever made. */
  readonly connections: () => number
}

export interface Options {
  readonly handler: Handler
  readonly certificate: NodeCertificate.Certificate
  readonly clientCa?: string
  readonly http2?: boolean
}

const listen = (server: net.Server): Effect.Effect<number> =>
  Effect.callback((resume) => {
    server.listen(0, "127.0.0.1", () => resume(Effect.succeed((server.address() as net.AddressInfo).port)))
  })

const close = (server: net.Server, sockets: Set<net.Socket>): Effect.Effect<void> =>
  Effect.callback((resume) => {
    for (const socket of sockets) socket.destroy()
    server.close(() => resume(Effect.void))
  })

export const make = Effect.fnUntraced(function*(options: Options): Effect.fn.Return<Server, never, Scope.Scope> {
  const sockets = new Set<net.Socket>()
  let connections = 0
  const server = http2.createSecureServer({
    allowHTTP1: true,
    ...(options.http2 === false ? { ALPNProtocols: ["http/1.1"] } : {}),
    cert: options.certificate.certificate,
    key: options.certificate.key,
    ...(options.clientCa === undefined ? {} : { ca: options.clientCa, requestCert: true, rejectUnauthorized: true })
  }, options.handler)
  server.on("secureConnection", (socket: tls.TLSSocket) => {
    connections++
    sockets.add(socket)
    socket.on("error", () => {})
    socket.on("close", () => sockets.delete(socket))
  })
  server.on("tlsClientError", () => {})
  server.on("sessionError", () => {})
  const port = yield* Effect.acquireRelease(listen(server), () => close(server, sockets))
  return { address: `https://127.0.0.1:${port}`, port, server, sockets, connections: () => connections }
})

/** A server of bare sockets. */
export const makePlain = Effect.fnUntraced(
  function*(onSocket: (socket: net.Socket) => void): Effect.fn.Return<{ readonly port: number }, never, Scope.Scope> {
    const sockets = new Set<net.Socket>()
    const server = net.createServer((socket) => {
      sockets.add(socket)
      socket.on("error", () => {})
      socket.on("close", () => sockets.delete(socket))
      onSocket(socket)
    })
    return { port: yield* Effect.acquireRelease(listen(server), () => close(server, sockets)) }
  }
)

/** An authority, a server of 127.0.0.1, and a client of the group `testers`. */
export const certificates = Effect.gen(function*() {
  const authority = yield* NodeCertificate.make({ commonName: "test-ca", isAuthority: true })
  const server = yield* NodeCertificate.make({
    commonName: "server",
    hosts: ["127.0.0.1", "localhost"],
    issuer: authority
  })
  const client = yield* NodeCertificate.make({ commonName: "ada", organizations: ["testers"], issuer: authority })
  return { authority, server, client }
})
