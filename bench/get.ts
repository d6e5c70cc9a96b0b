/**
 * One typed GET against the same request by hand, and sixteen at once against client-go.
 *
 * By hand: `Agent.request` of undici and `JSON.parse`, with the same options and headers, in this process; rounds of
 * both alternate. client-go runs the same calls on the same server in a process of its own; without Go its figure is
 * left out with a word.
 */
import * as Undici from "@effect/platform-node/Undici"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Figure from "./Figure.ts"
import * as GoClient from "./get/GoClient.ts"
import * as Served from "./get/Served.ts"

const rounds = 7
const serial = 3000
const inFlight = 16

/** Microseconds of one call, calls one after the other. */
const time = (calls: number, call: Effect.Effect<unknown, unknown>) =>
  Effect.gen(function*() {
    const from = performance.now()
    for (let done = 0; done < calls; done++) yield* call
    return (performance.now() - from) * 1000 / calls
  })

const byHand = (served: Served.Served, allowH2: boolean) => {
  const agent = new Undici.Agent({ connect: { ca: served.certificate, preferH2: allowH2 }, allowH2 })
  const options = {
    origin: `https://127.0.0.1:${served.port}`,
    path: "/api/v1/namespaces/default/pods/web",
    method: "GET",
    headers: { accept: "application/json", "user-agent": "bench" }
  } as const
  return async (calls: number) => {
    for (let done = 0; done < calls; done++) {
      const { body, statusCode } = await agent.request(options)
      if (statusCode !== 200) throw new Error(String(statusCode))
      JSON.parse(await body.text())
    }
    return agent
  }
}

const compare = (served: Served.Served, protocol: "HTTP/1.1" | "HTTP/2") =>
  Effect.gen(function*() {
    const pods = yield* Served.clientOf(served, protocol === "HTTP/2")
    const hand = byHand(served, protocol === "HTTP/2")
    const ours: Array<number> = []
    const theirs: Array<number> = []
    for (let round = 0; round <= rounds; round++) {
      const us = yield* time(serial, pods.get("web"))
      const from = performance.now()
      yield* Effect.promise(() => hand(serial))
      const them = (performance.now() - from) * 1000 / serial
      // The first round warms up.
      if (round > 0) {
        ours.push(us)
        theirs.push(them)
      }
    }
    yield* Effect.promise(async () => (await hand(0)).destroy())
    return {
      name: `typed GET over ${protocol}`,
      value: Figure.median(ours),
      unit: "us",
      against: { name: "undici by hand", value: Figure.median(theirs) },
      bar: { atMost: 1.6 }
    } satisfies Figure.Figure
  })

const throughput = (served: Served.Served) =>
  Effect.gen(function*() {
    const pods = yield* Served.clientOf(served, true)
    const client = yield* GoClient.make
    if (client === undefined) yield* Console.log("client-go is left out: it cannot be built without Go")
    const calls = 12_000
    const work = Effect.forEach(Array.from({ length: inFlight }), () => time(calls / inFlight, pods.get("web")), {
      concurrency: "unbounded",
      discard: true
    })
    const ours: Array<number> = []
    const theirs: Array<number> = []
    for (let round = 0; round < 4; round++) {
      const from = performance.now()
      yield* work
      const rate = calls / (performance.now() - from) * 1000
      const them = client === undefined ? undefined : yield* client({ ...served, calls, inFlight })
      if (round > 0) {
        ours.push(rate)
        if (them !== undefined) theirs.push(them)
      }
    }
    const figure = { name: `typed GETs, ${inFlight} in flight`, value: Figure.median(ours), unit: "1/s" }
    return theirs.length === 0
      ? figure
      : { ...figure, against: { name: "client-go", value: Figure.median(theirs) }, bar: { atLeast: 1 } }
  })

export const run: Effect.Effect<ReadonlyArray<Figure.Figure>, unknown> = Effect.scoped(Effect.gen(function*() {
  const served = yield* Served.make
  return [yield* compare(served, "HTTP/1.1"), yield* compare(served, "HTTP/2"), yield* throughput(served)]
}))
