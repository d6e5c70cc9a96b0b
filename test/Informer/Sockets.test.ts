/**
 * Informers over real connections: what a stub cannot show of connections that die in silence, and of what is left
 * behind by informers that came and went.
 */
import { assert, it } from "@effect/vitest"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as net from "node:net"
import * as v8 from "node:v8"
import * as vm from "node:vm"
import { ConfigMap } from "../../src/Api/core/v1.ts"
import * as ResourceClient from "../../src/Clientset/ResourceClient.ts"
import * as Credential from "../../src/Config/Credential.ts"
import * as InformerFactory from "../../src/Informer/InformerFactory.ts"
import type { Timing } from "../../src/Informer/Reflector.ts"
import * as Kubernetes from "../../src/Kubernetes.ts"
import * as Authentication from "../../src/Rest/Authentication.ts"
import * as CaBundle from "../../src/Rest/CaBundle.ts"
import * as NodeTransport from "../../src/Rest/NodeTransport.ts"
import * as Transport from "../../src/Rest/Transport.ts"
import * as ApiServer from "../../src/Testing/ApiServer.ts"
import * as NodeApiServer from "../../src/Testing/NodeApiServer.ts"
import * as TlsServer from "../Rest/tlsServer.ts"

type Server = NodeApiServer.NodeApiServer["Service"]

/** The clients and informers of a program, over sockets. */
const clients = (server: Server, port: number, options?: Partial<NodeTransport.Options>) =>
  Kubernetes.layer.pipe(Layer.provide(Layer.effect(
    Transport.Transport,
    Effect.map(
      NodeTransport.make({
        server: `https://127.0.0.1:${port}`,
        ca: CaBundle.fixed(server.certificateAuthority),
        ...options
      }),
      Authentication.make({
        credential: Credential.fixed({
          authorization: Redacted.make(`Bearer ${Redacted.value(server.token)}`),
          clientCertificate: undefined
        })
      })
    )
  )))

/**
 * A proxy that can fall silent: connections that are open then stay open and carry nothing any more, in neither
 * direction. Those made later work.
 */
const proxy = Effect.fnUntraced(function*(server: Server) {
  let generation = 0
  let connections = 0
  const { port } = yield* TlsServer.makePlain((socket) => {
    const own = generation
    connections++
    const upstream = net.connect(server.port, "127.0.0.1")
    upstream.on("error", () => {})
    socket.on("data", (chunk) => own === generation && upstream.write(chunk))
    upstream.on("data", (chunk) => own === generation && socket.write(chunk))
    socket.on("close", () => upstream.destroy())
  })
  return { port, fallSilent: Effect.sync(() => generation++), connections: () => connections }
})

const write = Effect.fnUntraced(function*(name: string) {
  const configMaps = yield* ResourceClient.make(ConfigMap, "default")
  yield* configMaps.create({ metadata: { name } })
})

const until = <E>(condition: Effect.Effect<boolean, E>, limit: Duration.Input) =>
  condition.pipe(
    Effect.repeat({ while: (isMet) => !isMet, schedule: Schedule.spaced("5 millis") }),
    Effect.timeoutOption(limit)
  )

const silences: ReadonlyArray<{
  readonly name: string
  readonly transport: Partial<NodeTransport.Options>
  readonly timing: Timing
}> = [
  {
    name: "HTTP/2: pingInterval and pingTimeout",
    transport: { pingInterval: "100 millis", pingTimeout: "100 millis" },
    timing: {}
  },
  {
    name: "HTTP/1.1: the watch's own timeout and watchGrace",
    transport: { allowsHttp2: false },
    timing: { minWatchTimeout: "1 second", maxWatchTimeout: "1 second", watchGrace: "100 millis" }
  }
]

for (const { name, timing, transport } of silences) {
  it.live(`a connection that carries nothing any more is left, and the cache is true again, within ${name}`, () =>
    Effect.gen(function*() {
      const { node, server } = yield* NodeApiServer.make()
      const between = yield* proxy(node)
      yield* Effect.gen(function*() {
        const informers = yield* InformerFactory.InformerFactory
        const configMaps = yield* informers.get(ConfigMap, {
          namespaces: "default",
          timing: { minBackoff: "10 millis", ...timing }
        })
        yield* configMaps.awaitSynced
        const before = between.connections()
        yield* between.fallSilent
        // Written past the proxy, so that only the informer's own connection is concerned.
        yield* write("missed").pipe(Effect.provide(Kubernetes.layer.pipe(
          Layer.provide(Layer.succeed(Transport.Transport)(server.as(ApiServer.administrator)))
        )))
        const seen = yield* until(
          Effect.map(configMaps.keys, (keys) => keys.includes("default/missed")),
          "3 seconds"
        )
        assert.strictEqual(seen._tag, "Some", "the cache is not true")
        assert.isAbove(between.connections(), before)
      }).pipe(Effect.scoped, Effect.provide(clients(node, between.port, transport)))
    }))
}

v8.setFlagsFromString("--expose-gc")
const collectGarbage = vm.runInNewContext("gc") as () => void

const heap = Effect.gen(function*() {
  for (let turn = 0; turn < 4; turn++) {
    collectGarbage()
    yield* Effect.sleep("20 millis")
  }
  return process.memoryUsage().heapUsed
})

it.live(
  "a thousand informers that came and went leave sockets, fibers, series and heap as they were",
  () =>
    Effect.gen(function*() {
      const { node, server } = yield* NodeApiServer.make()
      const fibers = { active: 0 }
      const counted = Metric.FiberRuntimeMetrics.of({
        recordFiberStart: () => fibers.active++,
        recordFiberEnd: () => fibers.active--
      })
      const registry = new Map()
      const round = (index: number) =>
        Effect.scoped(Effect.gen(function*() {
          const informers = yield* InformerFactory.InformerFactory
          const configMaps = yield* informers.get(ConfigMap, { namespaces: "default", labelSelector: `n=${index}` })
          yield* configMaps.handle(() => Effect.void)
          yield* configMaps.awaitSynced
        }))
      const rounds = (from: number, to: number) =>
        Effect.forEach(Array.from({ length: to - from }, (_, index) => from + index), round, {
          discard: true,
          concurrency: 20
        })
      yield* Effect.gen(function*() {
        yield* rounds(0, 100)
        yield* until(Effect.map(server.openWatches, (open) => open === 0), "2 seconds")
        const held = () => ({ fibers: fibers.active, series: registry.size })
        const before = { ...held(), sockets: yield* node.openConnections, heap: yield* heap }
        yield* rounds(100, 1100)
        yield* until(Effect.map(server.openWatches, (open) => open === 0), "2 seconds")
        assert.strictEqual(yield* server.openWatches, 0)
        assert.deepStrictEqual(held(), { fibers: before.fibers, series: before.series })
        assert.isAtMost(yield* node.openConnections, before.sockets)
        // 2 kB for each would already be seen.
        assert.isBelow((yield* heap) - before.heap, 2_000_000)
      }).pipe(
        Effect.provide(clients(node, node.port)),
        Effect.provideService(Metric.FiberRuntimeMetrics, counted),
        Effect.provideService(Metric.MetricRegistry, registry)
      )
      yield* until(Effect.map(node.openConnections, (open) => open === 0), "2 seconds")
      assert.strictEqual(yield* node.openConnections, 0)
      assert.strictEqual(fibers.active, 0)
    }),
  60_000
)
