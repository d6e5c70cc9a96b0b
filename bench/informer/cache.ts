/** The cache by itself: 100,000 objects with three indexes, its reads and what the indexes hold. */
import * as Effect from "effect/Effect"
import * as Indexer from "../../src/Informer/Indexer.ts"
import * as Figure from "../Figure.ts"
import { pod } from "./pods.ts"

type Pod = ReturnType<typeof pod>

const count = 100_000
const reads = 1_000_000

const heap = () => {
  for (let i = 0; i < 3; i++) globalThis.gc?.()
  return process.memoryUsage().heapUsed
}

const indexers: ReadonlyArray<Indexer.IndexFunction<Pod>> = [
  (one) => [one.spec.nodeName],
  (one) => [one.status.podIP],
  (one) => one.metadata.ownerReferences.map((owner) => owner.uid)
]

export const figures: Effect.Effect<ReadonlyArray<Figure.Figure>> = Effect.gen(function*() {
  const indexer = yield* Indexer.make<Pod>()
  for (let i = 0; i < count; i++) indexer.unsafe.set(pod(i, String(i), "Plain", 0))
  const before = heap()
  const [byNode] = yield* Effect.forEach(indexers, (f) => indexer.index(f))
  const indexBytes = heap() - before
  const keys = yield* indexer.keys
  const get = Effect.gen(function*() {
    for (let i = 0; i < reads; i++) yield* indexer.get(keys[(i * 7919) % count] ?? "")
  })
  const time = (effect: Effect.Effect<void>) =>
    Effect.gen(function*() {
      const rounds: Array<number> = []
      for (let round = 0; round < 6; round++) {
        const began = performance.now()
        yield* effect
        if (round > 0) rounds.push((performance.now() - began) / 1000)
      }
      return Figure.median(rounds)
    })
  const getSeconds = yield* time(get)
  const lookups = 2000
  const lookup = Effect.gen(function*() {
    for (let i = 0; i < lookups; i++) yield* byNode?.get(`node-${i % 200}`) ?? Effect.void
  })
  const lookupSeconds = yield* time(lookup)
  return [
    { name: `get of ${count} objects`, value: reads / getSeconds, unit: "1/s", bar: { atLeast: 1_500_000 } },
    {
      name: `objects per second by an index (${count / 200} a lookup)`,
      value: lookups * (count / 200) / lookupSeconds,
      unit: "1/s"
    },
    { name: `memory of three indexes of ${count} objects`, value: indexBytes / 1e6, unit: "MB", bar: { atMost: 15 } }
  ]
}).pipe(Effect.scoped)
