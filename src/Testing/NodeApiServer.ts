/**
 * `NodeApiServer`: the in-memory API server over HTTPS, for what cannot be given a layer: `kubectl`, another process,
 * another language.
 *
 * It listens on 127.0.0.1, speaks HTTP/2 and HTTP/1.1, and has certificates of its own making that live as long as it
 * does. Who bears its token, or a client certificate from its authority, is let in; nobody else is. `ApiServer` below it
 * is the same that tests use, and may be held in the same hands: compacted, restarted, looked at from inside.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as crypto from "node:crypto"
import * as http from "node:http"
import * as http2 from "node:http2"
import type * as net from "node:net"
import type * as tls from "node:tls"
import * as Yaml from "yaml"
import type { Header, Method, Transport } from "../Rest/Transport.ts"
import * as ApiServer from "./ApiServer.ts"
import * as Protobuf from "./internal/protobuf.ts"
import * as NodeCertificate from "./NodeCertificate.ts"

/**
 * The server could not begin to listen: its port is taken, or not to be had.
 *
 * @category errors
 * @since 0.1.0
 */
export class ListenError
  extends Schema.TaggedError<ListenError>("effect-kubernetes/Testing/ListenError")("ListenError", {
    host: Schema.String,
    port: Schema.Int,
    cause: Schema.Defect()
  })
{
  override get message(): string {
    return `cannot listen on ${this.host}:${this.port}: ${this.cause instanceof Error ? this.cause.message : "refused"}`
  }
}

/**
 * Where to listen, and what kind of cluster to be.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options extends Omit<ApiServer.Options, "server" | "tokens" | "user" | "credentials"> {
  /** A free port that the system chooses unless given, or 0. */
  readonly port?: number | undefined
  /** The address to listen on. `127.0.0.1` unless given. */
  readonly host?: string | undefined
  /** Users beyond the administrator, by their tokens. None unless given. */
  readonly tokens?: { readonly [token: string]: ApiServer.User } | undefined
}

/**
 * A server that listens.
 *
 * @category services
 * @since 0.1.0
 */
export class NodeApiServer extends Context.Service<NodeApiServer, {
  /** `https://127.0.0.1:PORT`. */
  readonly url: string
  readonly port: number
  /** The certificate that signed the server's, in PEM. */
  readonly certificateAuthority: string
  /** The administrator's token. */
  readonly token: Redacted.Redacted<string>
  /** A kubeconfig with the administrator, who may do everything, as YAML. It holds the token. */
  readonly kubeconfig: Redacted.Redacted<string>
  /** The number of connections that are open. */
  readonly openConnections: Effect.Effect<number>
}>()("effect-kubernetes/Testing/NodeApiServer") {}

const kubeconfigOf = (url: string, certificateAuthority: string, token: string): string =>
  Yaml.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{
      name: "in-memory",
      cluster: {
        server: url,
        "certificate-authority-data": Buffer.from(certificateAuthority).toString("base64")
      }
    }],
    users: [{ name: "admin", user: { token } }],
    contexts: [{ name: "in-memory", context: { cluster: "in-memory", user: "admin" } }],
    "current-context": "in-memory"
  })

const protobuf = "application/vnd.kubernetes.protobuf"

const methods = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])

const isMethod = (method: string | undefined): method is Method => method !== undefined && methods.has(method)

const headersOf = (incoming: http2.Http2ServerRequest): ReadonlyArray<Header> =>
  Object.entries(incoming.headers).flatMap(([name, value]): ReadonlyArray<Header> =>
    name.startsWith(":") || value === undefined
      ? []
      : typeof value === "string"
      ? [[name, value]]
      : value.map((each) => [name, each] as const)
  )

const bodyOf = (incoming: http2.Http2ServerRequest): Effect.Effect<Buffer> =>
  Effect.callback((resume) => {
    const chunks: Array<Buffer> = []
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk))
    incoming.on("end", () => resume(Effect.succeed(Buffer.concat(chunks))))
    incoming.on("error", () => resume(Effect.interrupt))
    incoming.on("aborted", () => resume(Effect.interrupt))
  })

/** The user that a verified client certificate names. */
const certifiedUser = (socket: tls.TLSSocket): ApiServer.User | undefined => {
  if (!socket.authorized) return undefined
  const subject: { readonly CN?: unknown; readonly O?: unknown } = socket.getPeerCertificate().subject ?? {}
  const organizations = Array.isArray(subject.O)
    ? subject.O.map(String)
    : subject.O === undefined
    ? []
    : [String(subject.O)]
  return typeof subject.CN === "string"
    ? { name: subject.CN, groups: [...organizations, "system:authenticated"] }
    : undefined
}

/** Waits until the client has taken what was written, so that a slow reader holds back the watch and not the memory. */
const write = (outgoing: http2.Http2ServerResponse, chunk: Uint8Array): Effect.Effect<void> =>
  Effect.callback((resume) => {
    if (outgoing.destroyed || outgoing.writableEnded) return resume(Effect.interrupt)
    if (outgoing.write(chunk)) return resume(Effect.void)
    outgoing.once("drain", () => resume(Effect.void))
    outgoing.once("close", () => resume(Effect.interrupt))
  })

const respond = Effect.fnUntraced(function*(
  server: ApiServer.ApiServer["Service"],
  incoming: http2.Http2ServerRequest,
  outgoing: http2.Http2ServerResponse
): Effect.fn.Return<void, unknown, Scope.Scope> {
  const { method } = incoming
  if (!isMethod(method)) {
    outgoing.writeHead(405)
    outgoing.end()
    return
  }
  const socket = incoming.stream?.session?.socket ?? incoming.socket
  const user = "authorized" in socket ? certifiedUser(socket as tls.TLSSocket) : undefined
  const transport: Transport["Service"] = user === undefined ? server.transport : server.as(user)
  const bytes = method === "GET" || method === "HEAD" ? Buffer.alloc(0) : yield* bodyOf(incoming)
  const decoded = incoming.headers["content-type"]?.startsWith(protobuf) === true ? Protobuf.decode(bytes) : undefined
  const headersIn = headersOf(incoming)
  const response = yield* transport.execute({
    method,
    path: incoming.url,
    // kubectl writes built-in kinds in protobuf; the server behind this one reads JSON.
    headers: decoded === undefined ? headersIn : [
      ...headersIn.filter(([name]) => name !== "content-type"),
      ["content-type", "application/json"]
    ],
    body: decoded === undefined ? bytes : JSON.stringify(decoded),
    verb: method
  })
  const headers: http2.OutgoingHttpHeaders = {}
  for (const [name, value] of Object.entries(response.headers)) {
    if (value !== undefined) headers[name] = typeof value === "string" ? value : [...value]
  }
  outgoing.writeHead(response.status, headers)
  // A watch without events has answered all the same.
  if (outgoing instanceof http.ServerResponse) outgoing.flushHeaders()
  yield* Stream.runForEach(response.body, (chunk) => write(outgoing, chunk))
  outgoing.end()
})

const listen = (server: http2.Http2SecureServer, host: string, port: number): Effect.Effect<number, ListenError> =>
  Effect.callback((resume) => {
    const failed = (cause: unknown) => resume(Effect.fail(new ListenError({ host, port, cause })))
    server.once("error", failed)
    server.listen(port, host, () => {
      server.off("error", failed)
      const address = server.address()
      resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : port))
    })
  })

/**
 * Starts a server; it stops when the scope closes, with all connections it has.
 *
 * Fails with `ListenError` where the port cannot be had.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  options?: Options
): Effect.fn.Return<
  { readonly node: NodeApiServer["Service"]; readonly server: ApiServer.ApiServer["Service"] },
  ListenError,
  Scope.Scope
> {
  const host = options?.host ?? "127.0.0.1"
  const token = yield* Effect.sync(() => crypto.randomBytes(24).toString("hex"))
  const authority = yield* NodeCertificate.make({ commonName: "effect-kubernetes", isAuthority: true })
  const own = yield* NodeCertificate.make({
    commonName: "kube-apiserver",
    hosts: [host, "127.0.0.1", "localhost"],
    issuer: authority
  })
  const sockets = new Set<net.Socket>()
  const fibers = yield* FiberSet.make<void, unknown>()
  const listener = http2.createSecureServer({
    allowHTTP1: true,
    cert: own.certificate,
    key: own.key,
    ca: authority.certificate,
    requestCert: true,
    rejectUnauthorized: false
  })
  listener.on("secureConnection", (socket: net.Socket) => {
    sockets.add(socket)
    socket.on("close", () => sockets.delete(socket))
    socket.on("error", () => socket.destroy())
  })
  listener.on("sessionError", () => {})
  const port = yield* Effect.acquireRelease(
    listen(listener, host, options?.port ?? 0),
    () =>
      Effect.callback<void>((resume) => {
        listener.close(() => resume(Effect.void))
        for (const socket of sockets) socket.destroy()
      })
  )
  const url = `https://${host}:${port}`
  const server = yield* ApiServer.make({
    ...options,
    server: url,
    credentials: "required",
    tokens: { ...options?.tokens, [token]: ApiServer.administrator }
  })
  const run = yield* FiberSet.runtime(fibers)<never>()
  listener.on("request", (incoming: http2.Http2ServerRequest, outgoing: http2.Http2ServerResponse) => {
    const fiber = run(
      Effect.scoped(respond(server, incoming, outgoing)).pipe(
        Effect.onExit((exit) =>
          Effect.suspend(() => {
            if (Exit.isSuccess(exit)) return Effect.void
            outgoing.destroy()
            return Cause.hasInterruptsOnly(exit.cause)
              ? Effect.void
              : Effect.logDebug("A connection broke", exit.cause)
          })
        )
      )
    )
    outgoing.on("close", () => fiber.interruptUnsafe())
    outgoing.on("error", () => fiber.interruptUnsafe())
  })
  return {
    server,
    node: NodeApiServer.of({
      url,
      port,
      certificateAuthority: authority.certificate,
      token: Redacted.make(token),
      kubeconfig: Redacted.make(kubeconfigOf(url, authority.certificate, token)),
      openConnections: Effect.sync(() => sockets.size)
    })
  }
})

/**
 * A server as described, and the `ApiServer` below it. Fails with `ListenError`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerOptions = (options: Options): Layer.Layer<NodeApiServer | ApiServer.ApiServer, ListenError> =>
  Layer.effectContext(
    Effect.map(
      make(options),
      ({ node, server }) => Context.make(NodeApiServer, node).pipe(Context.add(ApiServer.ApiServer, server))
    )
  )

/**
 * A server on a free port, and the `ApiServer` below it. Fails with `ListenError`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<NodeApiServer | ApiServer.ApiServer, ListenError> = layerOptions({})
