/**
 * The work queue, against client-go's: keys through 16 workers, adding keys that are there already, and the memory of a
 * million delayed keys.
 *
 * The queue has a name and with it metrics, and priorities with ageing, as a controller's has; client-go's has neither
 * metrics provider nor priorities. Rounds alternate; client-go's run in a process of its own, and without Go they are
 * left out with a word.
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import * as WorkQueue from "../src/WorkQueue/WorkQueue.ts"
import * as Figure from "./Figure.ts"
import * as QueueGo from "./queue-go/QueueGo.ts"

const workers = 16
const keys = Array.from({ length: 100_000 }, (_, i) => `default/pod-${i}`)
/** Keys that are ready while they are added again, each so many times. */
const ready = keys.slice(0, 10_000)
const times = 100
const delayed = 1_000_000
const rounds = 7

const perSecond = (count: number, effect: Effect.Effect<unknown>) =>
  Effect.gen(function*() {
    const from = performance.now()
    yield* effect
    return count / (performance.now() - from) * 1000
  })

const process = Effect.scoped(Effect.gen(function*() {
  const queue = yield* WorkQueue.make({ name: "bench" })
  yield* queue.addAll(keys)
  yield* queue.shutdown
  let handled = 0
  const handle = Effect.sync(() => {
    handled++
  })
  const rate = yield* perSecond(keys.length, queue.process(() => handle, { concurrency: workers }))
  if (handled !== keys.length) return yield* Effect.die(`${keys.length - handled} keys were lost`)
  return rate
}))

/** A controller's life: keys come in while idle workers wait for them. */
const flow = Effect.scoped(Effect.gen(function*() {
  const queue = yield* WorkQueue.make({ name: "bench" })
  let handled = 0
  const handle = Effect.sync(() => {
    handled++
  })
  yield* Effect.forkScoped(queue.process(() => handle, { concurrency: workers }))
  yield* Effect.yieldNow
  return yield* perSecond(
    keys.length,
    Effect.gen(function*() {
      for (let i = 0; i < keys.length; i += 100) {
        for (const key of keys.slice(i, i + 100)) yield* queue.add(key)
        yield* Effect.yieldNow
      }
      yield* queue.shutdownWithDrain
      if (handled !== keys.length) return yield* Effect.die(`${keys.length - handled} keys were lost`)
    })
  )
}))

const add = Effect.scoped(Effect.gen(function*() {
  const queue = yield* WorkQueue.make({ name: "bench" })
  yield* queue.addAll(ready)
  const one = yield* perSecond(
    times * ready.length,
    Effect.gen(function*() {
      for (let i = 0; i < times; i++) {
        for (const key of ready) yield* queue.add(key)
      }
    })
  )
  const all = yield* perSecond(
    times * ready.length,
    Effect.gen(function*() {
      for (let i = 0; i < times; i++) yield* queue.addAll(ready)
    })
  )
  return { one, all }
}))

setFlagsFromString("--expose-gc")
const collectGarbage: () => void = runInNewContext("gc")

const megabytes = Effect.sync(() => {
  collectGarbage()
  collectGarbage()
  const { arrayBuffers, heapUsed } = globalThis.process.memoryUsage()
  return (arrayBuffers + heapUsed) / 1e6
})

const memory = Effect.scoped(Effect.gen(function*() {
  const before = yield* megabytes
  const queue = yield* WorkQueue.make({ name: "bench" })
  const rate = yield* perSecond(
    delayed,
    Effect.gen(function*() {
      for (let i = 0; i < delayed; i++) {
        // 7919 is prime, so deadlines come in no order.
        yield* queue.addAfter(`default/pod-${i}`, 3_600_000 + i * 7919 % delayed)
      }
    })
  )
  return { megabytes: (yield* megabytes) - before, rate }
}))

export const run: Effect.Effect<ReadonlyArray<Figure.Figure>, unknown> = Effect.scoped(Effect.gen(function*() {
  const clientGo = yield* QueueGo.build
  if (clientGo === undefined) yield* Console.log("client-go is left out: there is no Go on this machine")
  const ours = {
    process: [] as Array<number>,
    flow: [] as Array<number>,
    one: [] as Array<number>,
    all: [] as Array<number>
  }
  const theirs = { process: [] as Array<number>, add: [] as Array<number> }
  for (let round = 0; round <= rounds; round++) {
    const processed = yield* process
    const flowed = yield* flow
    const added = yield* add
    const go = clientGo === undefined
      ? undefined
      : yield* clientGo({ keys: keys.length, workers, ready: ready.length, times, delayed: 0 })
    // The first round warms up.
    if (round === 0) continue
    ours.process.push(processed)
    ours.flow.push(flowed)
    ours.one.push(added.one)
    ours.all.push(added.all)
    if (go !== undefined) {
      theirs.process.push(go.process)
      theirs.add.push(go.add)
    }
  }
  const waiting = yield* memory
  const goWaiting = clientGo === undefined
    ? undefined
    : (yield* clientGo({ keys: 1, workers: 1, ready: 1, times: 1, delayed })).delayed

  const processRate = Figure.median(ours.process)
  const one = Figure.median(ours.one)
  return [
    { name: "keys processed, 16 workers", value: processRate, unit: "1/s", bar: { atLeast: 500_000 } },
    ...compared("keys processed, 16 workers", processRate, "1/s", Figure.median(theirs.process)),
    { name: "keys added and processed by waiting workers", value: Figure.median(ours.flow), unit: "1/s" },
    { name: "keys added again, one by one", value: one, unit: "1/s", bar: { atLeast: 2_000_000 } },
    { name: "keys added again, all at once", value: Figure.median(ours.all), unit: "1/s", bar: { atLeast: 2_000_000 } },
    ...compared("keys added again, all at once", Figure.median(ours.all), "1/s", Figure.median(theirs.add)),
    { name: "keys delayed", value: waiting.rate, unit: "1/s" },
    { name: "a million delayed keys", value: waiting.megabytes, unit: "MB", bar: { atMost: 150 } },
    ...compared("a million delayed keys", waiting.megabytes, "MB", goWaiting)
  ]
}))

/** The same figure beside client-go's, without a bar: the bars are on our own numbers. */
const compared = (
  name: string,
  value: number,
  unit: string,
  against: number | undefined
): ReadonlyArray<Figure.Figure> =>
  against === undefined || Number.isNaN(against)
    ? []
    : [{ name, value, unit, against: { name: "client-go", value: against } }]
