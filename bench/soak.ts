/**
 * What is left behind by 10,000 requests one after the other and by 1,000 watches that were begun and left: sockets,
 * file descriptors and heap, beyond what the first thousand requests took.
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as fs from "node:fs"
import type * as Figure from "./Figure.ts"
import * as Served from "./get/Served.ts"

interface Held {
  readonly sockets: number
  readonly descriptors: number
  readonly heap: number
}

const held = Effect.gen(function*() {
  // What has just been closed goes with the next turns of the event loop.
  yield* Effect.sleep("200 millis")
  for (let turn = 0; turn < 3; turn++) {
    globalThis.gc?.()
    yield* Effect.sleep("20 millis")
  }
  return {
    sockets: process.getActiveResourcesInfo().filter((name) => name.startsWith("TCP") || name.startsWith("TLS")).length,
    descriptors: fs.readdirSync("/proc/self/fd").length,
    heap: process.memoryUsage().heapUsed / 1024 ** 2
  } satisfies Held
})

const soak = (served: Served.Served, protocol: "HTTP/1.1" | "HTTP/2") =>
  Effect.gen(function*() {
    const pods = yield* Served.clientOf(served, protocol === "HTTP/2")
    const requests = (count: number) =>
      Effect.gen(function*() {
        for (let done = 0; done < count; done++) yield* pods.get("web")
      })
    const watches = (count: number) =>
      Effect.gen(function*() {
        for (let done = 0; done < count; done++) yield* pods.watch().pipe(Stream.take(1), Stream.runDrain)
      })
    yield* requests(1000)
    yield* watches(100)
    const before = yield* held
    yield* requests(10_000)
    yield* watches(1000)
    const after = yield* held
    const growth = (name: keyof Held, unit: string, atMost: number): Figure.Figure => ({
      name: `growth of ${name} over ${protocol}`,
      value: after[name] - before[name],
      unit,
      bar: { atMost }
    })
    // A connection may be in the middle of being replaced; a leak would be a thousand.
    return [growth("sockets", "", 1), growth("descriptors", "", 1), growth("heap", "MB", 2)]
  }).pipe(Effect.scoped)

export const run: Effect.Effect<ReadonlyArray<Figure.Figure>, unknown> = Effect.scoped(Effect.gen(function*() {
  const served = yield* Served.make
  return [...yield* soak(served, "HTTP/1.1"), ...yield* soak(served, "HTTP/2")]
}))
