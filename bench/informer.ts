/**
 * This library's informer against client-go, kube-rs, `@kubernetes/client-node` and a plain undici loop, on one replay
 * server that writes pre-serialised pods as fast as a client reads.
 *
 * Three replays: pods of about 1.9 KB whose version alone changes; pods as they are in the wild, half of them
 * managedFields; and pods whose spec changes with each event. client-go is served protobuf, its wire format for
 * built-in kinds. Clients run in processes of their own, in turn, after a first round that does not count. A client that
 * cannot be built here is left out with a word. `ROUNDS`, `PODS` and `EVENTS` change the size.
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Figure from "./Figure.ts"
import * as cache from "./informer/cache.ts"
import type { Run } from "./informer/measure.ts"
import * as Peers from "./informer/Peers.ts"
import type { Profile } from "./informer/pods.ts"

const setting = (name: string, fallback: number) => Number(process.env[name] ?? fallback)
const rounds = setting("ROUNDS", 5)
const pods = setting("PODS", 20_000)
const events = setting("EVENTS", 100_000)

const replays: ReadonlyArray<{ readonly profile: Profile; readonly title: string; readonly isJudged: boolean }> = [
  { profile: "Plain", title: "version changes", isJudged: true },
  { profile: "Wild", title: "with managedFields", isJudged: false },
  { profile: "Spec", title: "spec changes", isJudged: false }
]

type Runs = ReadonlyMap<string, ReadonlyArray<Run>>

const measure = (profile: Profile, clients: ReadonlyArray<Peers.Client>) =>
  Effect.scoped(Effect.gen(function*() {
    const served = yield* Peers.serve({ profile, pods, events })
    const runs = new Map<string, Array<Run>>(clients.map((client) => [client.name, []]))
    for (let round = 0; round <= rounds; round++) {
      for (const client of clients) {
        const run = yield* client.run({ port: served.port, pods, events })
        if (round > 0) runs.get(client.name)?.push(run)
      }
    }
    return runs
  }))

const scale = (runs: Runs, name: string, field: keyof Run, factor = 1): number =>
  Figure.median((runs.get(name) ?? []).map((run) => (run[field] ?? 0) * factor))

/** The bars of each comparison: what is divided by what, and the bound on the ratio. */
const bars: {
  readonly [peer: string]: { readonly [field in keyof Run]?: Figure.Bar }
} = {
  "client-go": {
    eventsPerSecond: { atLeast: 1 },
    cpu: { atMost: 0.8 },
    sync: { atMost: 1 },
    peak: { atMost: 1.15 }
  },
  "kube-rs": { eventsPerSecond: { atLeast: 1.5 }, cpu: { atMost: 0.75 } },
  "client-node": { eventsPerSecond: { atLeast: 1.5 }, cpu: { atMost: 0.6 } },
  "undici loop": { eventsPerSecond: { atLeast: 1.35 }, retained: { atMost: 1 } }
}

const fields: ReadonlyArray<readonly [field: keyof Run, name: string, unit: string, factor: number]> = [
  ["eventsPerSecond", "events per second", "1/s", 1],
  ["cpu", "CPU", "s", 1],
  ["sync", "time to sync", "s", 1],
  ["retained", "retained heap", "B/pod", 1 / pods],
  ["peak", "peak RSS", "MB", 1]
]

const figures = (title: string, runs: Runs, isJudged: boolean): ReadonlyArray<Figure.Figure> => [
  ...compared(title, runs, isJudged),
  { name: `${title}: kept outside of the heap`, value: scale(runs, Peers.ours, "outside", 1 / pods), unit: "B/pod" }
]

const compared = (title: string, runs: Runs, isJudged: boolean): ReadonlyArray<Figure.Figure> =>
  fields.flatMap(([field, name, unit, factor]) =>
    Array.from(runs.keys()).filter((peer) => peer !== Peers.ours).map((peer): Figure.Figure => {
      const bar = isJudged ? bars[peer]?.[field] : undefined
      return {
        name: `${title}: ${name}`,
        value: scale(runs, Peers.ours, field, factor),
        unit,
        against: { name: peer, value: scale(runs, peer, field, factor) },
        ...(bar === undefined ? {} : { bar })
      }
    })
  )

/** Who shows what this machine's memory does to any cache. */
const growing: ReadonlyArray<string> = [Peers.ours, "undici loop", "client-go"]

/** The cost of an event where more objects are cached: the same events at three sizes. Only ours is judged. */
const growth = Effect.fnUntraced(function*(clients: ReadonlyArray<Peers.Client>) {
  const sizes = [5000, 20_000, 80_000]
  const costs = new Map<string, Array<number>>(clients.map((client) => [client.name, []]))
  for (const size of sizes) {
    const served = yield* Peers.serve({ profile: "Plain", pods: size, events })
    const runs = new Map<string, Array<number>>(clients.map((client) => [client.name, []]))
    for (let round = 0; round < rounds; round++) {
      for (const client of clients) {
        const { eventsPerSecond } = yield* client.run({ port: served.port, pods: size, events })
        runs.get(client.name)?.push(eventsPerSecond)
      }
    }
    for (const [name, speeds] of runs) costs.get(name)?.push(1e6 / Figure.median(speeds))
  }
  return Array.from(costs).flatMap(([name, [first = Number.NaN, ...later]]) =>
    later.map((cost, i): Figure.Figure => ({
      name: `${name}: cost of an event with ${sizes[i + 1]} pods`,
      value: cost,
      unit: "us",
      against: { name: `with ${sizes[0]}`, value: first },
      ...(name === Peers.ours ? { bar: { atMost: 1.2 } } : {})
    }))
  )
}, Effect.scoped)

/** What listeners cost that filter everything out. */
const listeners = Effect.scoped(Effect.gen(function*() {
  const count = 20
  const served = yield* Peers.serve({ profile: "Plain", pods, events })
  const alone: Array<number> = []
  const crowded: Array<number> = []
  for (let round = 0; round <= rounds; round++) {
    const without = yield* Peers.client.run({ port: served.port, pods, events })
    const withThem = yield* Peers.client.run({ port: served.port, pods, events, listeners: count })
    if (round === 0) continue
    alone.push(without.eventsPerSecond)
    crowded.push(withThem.eventsPerSecond)
  }
  return {
    name: `events per second with ${count} listeners that filter everything out`,
    value: Figure.median(crowded),
    unit: "1/s",
    against: { name: "without", value: Figure.median(alone) },
    bar: { atLeast: 0.97 ** count }
  } satisfies Figure.Figure
}))

export const run = Effect.gen(function*() {
  const clients = yield* Peers.all
  const out: Array<Figure.Figure> = []
  for (const { isJudged, profile, title } of replays) {
    yield* Console.log(`replaying ${pods} pods and ${events} events, ${title}: ${rounds} rounds`)
    out.push(...figures(title, yield* measure(profile, clients), isJudged))
  }
  out.push(
    yield* listeners,
    ...(yield* growth(clients.filter((client) => growing.includes(client.name)))),
    ...(yield* cache.figures)
  )
  return out
})
