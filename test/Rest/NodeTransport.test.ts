import { assert, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Metric from "effect/Metric"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as Scheduler from "effect/Scheduler"
import * as Stream from "effect/Stream"
import type * as tls from "node:tls"
import * as zlib from "node:zlib"
import * as Credential from "../../src/Config/Credential.ts"
import * as Authentication from "../../src/Rest/Authentication.ts"
import * as CaBundle from "../../src/Rest/CaBundle.ts"
import * as NodeTransport from "../../src/Rest/NodeTransport.ts"
import type { TransportRequest } from "../../src/Rest/Transport.ts"
import * as NodeCertificate from "../../src/Testing/NodeCertificate.ts"
import * as TlsServer from "./tlsServer.ts"

const get = (path: string, headers: TransportRequest["headers"] = []): TransportRequest => ({
  method: "GET",
  path,
  headers,
  verb: "get"
})

const certificateOf = (its: NodeCertificate.Certificate): Credential.ClientCertificate => ({
  certificate: its.certificate,
  key: Redacted.make(its.key)
})

const presenting = (its: NodeCertificate.Certificate) =>
  Credential.fixed({ authorization: undefined, clientCertificate: certificateOf(its) })

const text = (transport: Effect.Success<ReturnType<typeof NodeTransport.make>>, request: TransportRequest) =>
  Effect.scoped(Effect.flatMap(transport.execute(request), (response) => response.text))

const eventually = (condition: () => boolean, what: string) =>
  Effect.gen(function*() {
    for (let tries = 0; tries < 300; tries++) {
      if (condition()) return
      yield* Effect.sleep("10 millis")
    }
    assert.fail(what)
  })

const peerOf: TlsServer.Handler = (request, response) => {
  const { subject } = (request.socket as tls.TLSSocket).getPeerCertificate()
  response.end(`${request.httpVersion} ${String(subject?.CN)} ${String(subject?.O)}`)
}

it.live("a private authority and a client certificate, over HTTP/2 and over HTTP/1.1", () =>
  Effect.gen(function*() {
    const { authority, client, server } = yield* TlsServer.certificates
    const its = yield* TlsServer.make({ handler: peerOf, certificate: server, clientCa: authority.certificate })
    const options = { server: its.address, ca: CaBundle.fixed(authority.certificate), credential: presenting(client) }
    const modern = yield* NodeTransport.make(options)
    assert.strictEqual(yield* text(modern, get("/")), "2.0 ada testers")
    const old = yield* NodeTransport.make({ ...options, allowsHttp2: false })
    assert.strictEqual(yield* text(old, get("/")), "1.1 ada testers")
    assert.strictEqual(modern.server, its.address)
  }))

it.live("a server address with a path keeps it before every request", () =>
  Effect.gen(function*() {
    const { authority, server } = yield* TlsServer.certificates
    const its = yield* TlsServer.make({
      handler: (request, response) => response.end(request.url),
      certificate: server
    })
    const transport = yield* NodeTransport.make({
      server: `${its.address}/k8s/a/`,
      ca: CaBundle.fixed(authority.certificate)
    })
    assert.strictEqual(yield* text(transport, get("/api?x=1")), "/k8s/a/api?x=1")
  }))

it.live("what is wrong with the address or the certificates is said in a sentence that helps", () =>
  Effect.gen(function*() {
    const { authority, client, server } = yield* TlsServer.certificates
    const other = yield* NodeCertificate.make({ commonName: "other-ca", isAuthority: true })
    const elsewhere = yield* NodeCertificate.make({ commonName: "server", hosts: ["k8s.example"], issuer: authority })
    const ok: TlsServer.Handler = (_, response) => response.end("ok")
    const good = yield* TlsServer.make({ handler: ok, certificate: server })
    const named = yield* TlsServer.make({ handler: ok, certificate: elsewhere })
    const plain = yield* TlsServer.makePlain((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"))
    const ca = CaBundle.fixed(authority.certificate)
    const failure = (options: NodeTransport.Options) =>
      Effect.flatMap(NodeTransport.make(options), (transport) => Effect.flip(text(transport, get("/api?token=hidden"))))

    const untrusted = yield* failure({ server: good.address })
    assert.strictEqual(
      untrusted.message,
      `Transport: get ${good.address}/api: the server's certificate is not signed by an authority this client trusts; give `
        + "the cluster's CA (certificate-authority or certificate-authority-data of the kubeconfig's cluster) "
        + "(UNABLE_TO_VERIFY_LEAF_SIGNATURE)"
    )
    assert.isFalse(untrusted.isRetryable)
    const wrongCa = yield* failure({ server: good.address, ca: CaBundle.fixed(other.certificate) })
    assert.include(wrongCa.message, "not signed by an authority this client trusts")
    const wrongName = yield* failure({ server: named.address, ca })
    assert.include(wrongName.message, "the server's certificate is for other names than the address used")
    assert.include(wrongName.message, "tls-server-name")
    const renamed = yield* NodeTransport.make({ server: named.address, ca, tlsServerName: "k8s.example" })
    assert.strictEqual(yield* text(renamed, get("/")), "ok")
    const notTls = yield* failure({ server: `https://127.0.0.1:${plain.port}`, ca })
    assert.include(notTls.message, "the server does not speak TLS at this address")
    const down = yield* failure({ server: "https://127.0.0.1:1", ca })
    assert.include(down.message, "connection refused: nothing listens at this address; is the API server running?")
    assert.isTrue(down.isRetryable)
    const unknown = yield* failure({ server: "https://no-such-host.invalid:6443", ca })
    assert.include(unknown.message, "the server's name could not be resolved")
    const badCa = yield* failure({
      server: good.address,
      ca: CaBundle.fixed("-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n")
    })
    assert.include(badCa.message, "certificate 1 of the CA bundle is damaged")
    const badKey = yield* failure({
      server: good.address,
      ca,
      credential: Credential.fixed({
        authorization: undefined,
        clientCertificate: { certificate: client.certificate, key: Redacted.make(server.key) }
      })
    })
    assert.include(badKey.message, "the key is not the certificate's")
    const noUrl = yield* Effect.flip(NodeTransport.make({ server: "user:password@host" }))
    assert.strictEqual(
      noUrl.message,
      "InvalidUrl: connect server: the server must be an address that begins with http://, https://"
    )
  }))

it.live("insecure accepts any certificate, for this client alone, and says so once", () =>
  Effect.gen(function*() {
    const { server } = yield* TlsServer.certificates
    const its = yield* TlsServer.make({ handler: (_, response) => response.end("ok"), certificate: server })
    const lines: Array<string> = []
    const logger = Logger.map(Logger.formatJson, (line) => void lines.push(line))
    const insecure = yield* Effect.provide(
      NodeTransport.make({ server: its.address, isInsecure: true }),
      Logger.layer([logger])
    )
    assert.strictEqual(yield* text(insecure, get("/")), "ok")
    assert.strictEqual(yield* text(insecure, get("/")), "ok")
    assert.strictEqual(lines.filter((line) => line.includes("insecure-skip-tls-verify")).length, 1)
    const secure = yield* NodeTransport.make({ server: its.address })
    assert.strictEqual((yield* Effect.flip(text(secure, get("/")))).reason._tag, "Transport")
  }))

it.live("a header that stands in several lines stays in several lines", () =>
  Effect.gen(function*() {
    const { authority, server } = yield* TlsServer.certificates
    const its = yield* TlsServer.make({
      handler: (request, response) =>
        response.end(JSON.stringify({ version: request.httpVersion, raw: request.rawHeaders })),
      certificate: server
    })
    const transport = yield* NodeTransport.make({ server: its.address, ca: CaBundle.fixed(authority.certificate) })
    const acting = Authentication.make({
      credential: Credential.anonymous,
      impersonation: { user: "bob", groups: ["a", "b, c", "d"], extra: { "example.com/Scope": ["x", "y"] } }
    })(transport)
    const { raw, version } = JSON.parse(yield* text(acting, get("/"))) as {
      raw: ReadonlyArray<string>
      version: string
    }
    const lines = (name: string) => raw.filter((_, index) => index % 2 === 1 && raw[index - 1]?.toLowerCase() === name)
    assert.deepStrictEqual(lines("impersonate-group"), ["a", "b, c", "d"])
    assert.deepStrictEqual(lines("impersonate-extra-example.com%2fscope"), ["x", "y"])
    assert.deepStrictEqual(lines("impersonate-user"), ["bob"])
    assert.strictEqual(version, "1.1")
    assert.include(yield* text(transport, get("/")), `"version":"2.0"`)
  }))

it.live("compressed answers are read whole and in pieces, and not asked for when switched off", () =>
  Effect.gen(function*() {
    const { authority, server } = yield* TlsServer.certificates
    const body = "compress me ".repeat(20_000)
    const its = yield* TlsServer.make({
      handler: (request, response) => {
        if (request.headers["accept-encoding"] !== "gzip") {
          return void response.end(`plain ${String(request.headers["accept-encoding"])}`)
        }
        response.setHeader("content-encoding", "gzip")
        response.end(zlib.gzipSync(body))
      },
      certificate: server
    })
    const options = { server: its.address, ca: CaBundle.fixed(authority.certificate) }
    for (const allowsHttp2 of [true, false]) {
      const transport = yield* NodeTransport.make({ ...options, allowsHttp2 })
      assert.strictEqual(yield* text(transport, get("/")), body)
      const streamed = yield* Effect.scoped(
        Effect.flatMap(transport.execute(get("/")), (response) => Stream.mkString(Stream.decodeText(response.body)))
      )
      assert.strictEqual(streamed, body)
    }
    const off = yield* NodeTransport.make({ ...options, compression: false })
    assert.strictEqual(yield* text(off, get("/")), "plain undefined")
  }))

it.live("a connection that breaks is told by when it broke", () =>
  Effect.gen(function*() {
    const { authority, server } = yield* TlsServer.certificates
    const its = yield* TlsServer.make({
      handler: (request, response) => {
        const cut = () => request.stream === undefined ? request.socket.destroy() : request.stream.session?.destroy()
        if (request.url === "/reset") cut()
        else if (request.url === "/half") {
          response.setHeader("content-length", 100)
          response.write("half of it")
          setTimeout(cut, 20)
        } else {
          response.write("some")
          setTimeout(cut, 20)
        }
      },
      certificate: server
    })
    for (const allowsHttp2 of [true, false]) {
      const transport = yield* NodeTransport.make({
        server: its.address,
        ca: CaBundle.fixed(authority.certificate),
        allowsHttp2
      })
      for (const path of ["/reset", "/half", "/chunked"]) {
        const { reason } = yield* Effect.flip(text(transport, get(path)))
        assert.include(
          ["Reset", "Closed"],
          reason._tag === "Transport" ? reason.kind : reason._tag,
          `${path} ${allowsHttp2} ${reason.message}`
        )
      }
    }
  }))

it.live("GOAWAY lets what runs end, and what comes next uses another connection", () =>
  Effect.gen(function*() {
    const { authority, server } = yield* TlsServer.certificates
    const its = yield* TlsServer.make({
      handler: (request, response) => {
        if (request.url !== "/last") return void response.end("ok")
        response.write("begun ")
        request.stream.session?.goaway(0)
        setTimeout(() => response.end("ended"), 50)
      },
      certificate: server
    })
    const transport = yield* NodeTransport.make({ server: its.address, ca: CaBundle.fixed(authority.certificate) })
    const last = yield* Effect.forkChild(text(transport, get("/last")))
    yield* Effect.sleep("20 millis")
    assert.strictEqual(yield* text(transport, get("/next")), "ok")
    assert.strictEqual(yield* Fiber.join(last), "begun ended")
    assert.strictEqual(its.connections(), 2)
  }))

it.live("requests that a closing connection has not looked at are sent again, each handled once, writes too", () =>
  Effect.gen(function*() {
    const { authority, server } = yield* TlsServer.certificates
    const handled: Array<string> = []
    const closing = new WeakSet<object>()
    let answers = 0
    const its = yield* TlsServer.make({
      handler: (request, response) => {
        const { session } = request.stream
        // Node hands over what it had read before it sent GOAWAY; a server that means it looks away.
        if (session === undefined || closing.has(session)) return
        handled.push(request.url)
        response.end("ok")
        // The first dozen of connections are closed after one answer.
        if (++answers > 12) return
        closing.add(session)
        session.goaway(0, request.stream.id)
      },
      certificate: server
    })
    const transport = yield* NodeTransport.make({ server: its.address, ca: CaBundle.fixed(authority.certificate) })
    const paths = Array.from({ length: 30 }, (_, index) => `/${index}`)
    const sent = yield* Effect.forEach(
      paths,
      (path) => text(transport, { method: "POST", path, headers: [], verb: "create", body: path }),
      { concurrency: "unbounded" }
    )
    assert.deepStrictEqual(sent, paths.map(() => "ok"))
    assert.isAbove(its.connections(), 2)
    assert.deepStrictEqual(handled.toSorted(), paths.toSorted())
  }))

it.live("leaving a body, or a request without answer, lets go of it at the server", () =>
  Effect.gen(function*() {
    const { authority, server } = yield* TlsServer.certificates
    const gone = new Set<string>()
    const its = yield* TlsServer.make({
      handler: (request, response) => {
        const timer = request.url === "/silent" ? undefined : setInterval(() => response.write("tick"), 5)
        const leave = () => {
          gone.add(request.url)
          clearInterval(timer)
        }
        // Node ends a reset stream only when the request has been read, but tells at once.
        request.on("aborted", leave)
        response.on("close", leave)
      },
      certificate: server
    })
    for (const allowsHttp2 of [true, false]) {
      gone.clear()
      const transport = yield* NodeTransport.make({
        server: its.address,
        ca: CaBundle.fixed(authority.certificate),
        allowsHttp2
      })
      const chunks = yield* Stream.unwrap(Effect.map(transport.execute(get("/ticks")), (response) => response.body))
        .pipe(
          Stream.take(3),
          Stream.runCollect
        )
      assert.strictEqual(chunks.length, 3)
      yield* eventually(() => gone.has("/ticks"), "the server still writes")
      const silent = yield* Effect.forkChild(text(transport, get("/silent")))
      yield* Effect.sleep("30 millis")
      yield* Fiber.interrupt(silent)
      yield* eventually(() => gone.has("/silent"), "the server still waits")
      // A head whose body nobody reads.
      yield* Effect.scoped(transport.execute(get("/unread")))
      yield* eventually(() => gone.has("/unread"), "the server still writes to nobody")
    }
  }))

it.live("an answer whose head is late is Timeout where a limit was given; a body may take its time", () =>
  Effect.gen(function*() {
    const { authority, server } = yield* TlsServer.certificates
    const its = yield* TlsServer.make({
      handler: (request, response) => {
        if (request.url === "/late") return
        response.write("slow")
        setTimeout(() => response.end(" body"), 200)
      },
      certificate: server
    })
    for (const allowsHttp2 of [true, false]) {
      const transport = yield* NodeTransport.make({
        server: its.address,
        ca: CaBundle.fixed(authority.certificate),
        allowsHttp2,
        responseTimeout: "100 millis"
      })
      const late = yield* Effect.flip(text(transport, get("/late"))).pipe(Effect.timeout("4 seconds"))
      assert.strictEqual(late.reason._tag, "Timeout", late.message)
      assert.strictEqual(yield* text(transport, get("/")), "slow body")
    }
  }))

it.live("a body that is read slowly is held back at the server", () =>
  Effect.gen(function*() {
    const { authority, server } = yield* TlsServer.certificates
    let written = 0
    const its = yield* TlsServer.make({
      handler: (_, response) => {
        const write = () => {
          for (let more = true; more && written < 64 * 1024 * 1024;) {
            written += 65536
            more = response.write(Buffer.alloc(65536))
          }
        }
        response.on("drain", write)
        write()
      },
      certificate: server
    })
    for (const allowsHttp2 of [true, false]) {
      written = 0
      const transport = yield* NodeTransport.make({
        server: its.address,
        ca: CaBundle.fixed(authority.certificate),
        allowsHttp2
      })
      yield* Effect.scoped(Effect.gen(function*() {
        const response = yield* transport.execute(get("/"))
        yield* Effect.sleep("150 millis")
        assert.isBelow(written, 16 * 1024 * 1024)
        const before = written
        yield* response.body.pipe(Stream.takeUntil(() => written > before + 32 * 1024 * 1024), Stream.runDrain)
      }))
    }
  }))

it.live("an HTTP/2 connection that answers no PING is given up, and the next request opens another", () =>
  Effect.gen(function*() {
    const { authority, server } = yield* TlsServer.certificates
    const its = yield* TlsServer.make({
      handler: (request, response) => {
        if (request.url !== "/watch") return void response.end("ok")
        response.write("event")
      },
      certificate: server
    })
    // Forwards until it is told to stop, and then keeps the connection open without a word.
    let isStopped = false
    const { connect } = yield* Effect.promise(() => import("node:net"))
    const between = yield* TlsServer.makePlain((socket) => {
      if (isStopped) {
        socket.resume()
        return
      }
      const upstream = connect(its.port, "127.0.0.1")
      upstream.on("error", () => {})
      socket.on("data", (chunk) => isStopped || upstream.write(chunk))
      upstream.on("data", (chunk) => isStopped || socket.write(chunk))
      socket.on("close", () => upstream.destroy())
    })
    const transport = yield* NodeTransport.make({
      server: `https://127.0.0.1:${between.port}`,
      ca: CaBundle.fixed(authority.certificate),
      pingInterval: "60 millis",
      pingTimeout: "60 millis"
    })
    const begun = yield* Deferred.make<void>()
    const watch = yield* Effect.forkChild(
      Effect.flip(
        Stream.unwrap(Effect.map(transport.execute(get("/watch")), (response) => response.body)).pipe(
          Stream.runForEach(() => Deferred.succeed(begun, undefined))
        )
      )
    )
    yield* Deferred.await(begun)
    // A living connection that says nothing but PINGs stays.
    yield* Effect.sleep("300 millis")
    assert.isUndefined(watch.pollUnsafe())
    isStopped = true
    const lost = yield* Effect.timeout(Fiber.join(watch), "2 seconds")
    assert.include(lost.message, "the server did not answer a PING in time")
    isStopped = false
    assert.strictEqual(yield* text(transport, get("/")), "ok")
  }))

it.live("another client certificate or CA means new connections, and an open watch goes on", () =>
  Effect.gen(function*() {
    const { authority, client, server } = yield* TlsServer.certificates
    const renewed = yield* NodeCertificate.make({ commonName: "ada-renewed", issuer: authority })
    const its = yield* TlsServer.make({
      handler: (request, response) => {
        if (request.url !== "/watch") return peerOf(request, response)
        const timer = setInterval(() => response.write("event"), 10)
        response.on("close", () => clearInterval(timer))
      },
      certificate: server,
      clientCa: authority.certificate
    })
    const now = yield* Ref.make<Credential.Value>({
      authorization: undefined,
      clientCertificate: certificateOf(client)
    })
    const ca = yield* Ref.make(authority.certificate)
    const registry = new Map()
    const transport = yield* Effect.provideService(
      NodeTransport.make({
        server: its.address,
        ca: { get: Ref.get(ca), expire: Effect.void },
        credential: Credential.Credential.of({ get: Ref.get(now), invalidate: () => Effect.void, refreshable: true })
      }),
      Metric.MetricRegistry,
      registry
    )
    const entries = Effect.map(
      Effect.provideService(Metric.snapshot, Metric.MetricRegistry, registry),
      (all) => all.find((metric) => metric.id === "rest_client_transport_cache_entries")?.state
    )
    const events = yield* Ref.make(0)
    const watch = yield* Effect.forkChild(
      Stream.unwrap(Effect.map(transport.execute(get("/watch")), (response) => response.body)).pipe(
        Stream.runForEach(() => Ref.update(events, (count) => count + 1))
      )
    )
    yield* Effect.sleep("50 millis")
    assert.strictEqual(yield* text(transport, get("/")), "2.0 ada testers")
    // The same content under another identity is the same certificate.
    yield* Ref.set(now, { authorization: undefined, clientCertificate: certificateOf(client) })
    yield* text(transport, get("/"))
    assert.strictEqual(its.connections(), 1)
    yield* Ref.set(now, { authorization: undefined, clientCertificate: certificateOf(renewed) })
    assert.strictEqual(yield* text(transport, get("/")), "2.0 ada-renewed undefined")
    assert.strictEqual(its.connections(), 2)
    yield* Ref.set(ca, `${authority.certificate}\n${authority.certificate}`)
    yield* text(transport, get("/"))
    assert.strictEqual(its.connections(), 3)
    const before = yield* Ref.get(events)
    yield* Effect.sleep("60 millis")
    assert.isAbove(yield* Ref.get(events), before)
    assert.deepInclude(yield* entries, { value: 2 })
    yield* Fiber.interrupt(watch)
    yield* eventually(() => its.sockets.size === 1, "the connections of the old certificates stay open")
    assert.deepInclude(yield* entries, { value: 1 })
  }))

it.live(
  "no answer is lost and no connection stays, however fibers yield and wherever they are interrupted",
  () =>
    Effect.gen(function*() {
      const { authority, server } = yield* TlsServer.certificates
      const its = yield* TlsServer.make({
        handler: (request, response) => {
          // In pieces that come in turns of their own.
          let left = Number(request.url.slice(1))
          const more = () => {
            if (left-- <= 0) return void response.end()
            response.write("piece ")
            setImmediate(more)
          }
          more()
        },
        certificate: server
      })
      for (const allowsHttp2 of [true, false]) {
        yield* Effect.scoped(Effect.gen(function*() {
          const transport = yield* NodeTransport.make({
            server: its.address,
            ca: CaBundle.fixed(authority.certificate),
            allowsHttp2
          })
          const streamed = (request: TransportRequest) =>
            Stream.unwrap(Effect.map(transport.execute(request), (response) => response.body)).pipe(
              Stream.decodeText,
              Stream.mkString
            )
          for (let budget = 3; budget <= 7; budget++) {
            const withBudget = Effect.provideService(Scheduler.MaxOpsBeforeYield, budget)
            const sizes = Array.from({ length: 20 }, (_, index) => index)
            const results = yield* Effect.forEach(
              sizes,
              (size) => withBudget(size % 2 === 0 ? text(transport, get(`/${size}`)) : streamed(get(`/${size}`))),
              {
                concurrency: "unbounded"
              }
            ).pipe(Effect.timeout("3 seconds"))
            assert.deepStrictEqual(results, sizes.map((size) => "piece ".repeat(size)))
            yield* Effect.forEach(sizes, (size) =>
              Effect.gen(function*() {
                const fiber = yield* Effect.forkChild(withBudget(streamed(get("/1000"))))
                for (let step = 0; step < size * 2; step++) yield* Effect.yieldNow
                yield* Fiber.interrupt(fiber)
              }), { concurrency: "unbounded" })
          }
        }))
        yield* eventually(() => its.sockets.size === 0, "a connection outlives its scope")
      }
    }),
  20_000
)

it.live("many requests at once share one HTTP/2 connection, and closing the scope leaves none", () =>
  Effect.gen(function*() {
    const { authority, server } = yield* TlsServer.certificates
    const its = yield* TlsServer.make({
      handler: (request, response) => setTimeout(() => response.end(request.url), 1),
      certificate: server
    })
    yield* Effect.scoped(Effect.gen(function*() {
      const transport = yield* NodeTransport.make({ server: its.address, ca: CaBundle.fixed(authority.certificate) })
      const paths = Array.from({ length: 90 }, (_, index) => `/${index}`)
      assert.deepStrictEqual(
        yield* Effect.forEach(paths, (path) => text(transport, get(path)), { concurrency: "unbounded" }),
        paths
      )
      assert.strictEqual(its.connections(), 1)
    }))
    yield* eventually(() => its.sockets.size === 0, "a connection outlives its scope")
    const ended = yield* Effect.scoped(
      NodeTransport.make({ server: its.address, ca: CaBundle.fixed(authority.certificate) }).pipe(
        Effect.tap((transport) => text(transport, get("/")))
      )
    )
    assert.include((yield* Effect.flip(text(ended, get("/")))).message, "the scope of this client has ended")
  }))
