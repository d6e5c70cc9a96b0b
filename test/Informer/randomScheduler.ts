/**
 * A scheduler that runs what is ready in an order chosen by a seed, without the event loop: a schedule replays exactly,
 * and a test can wait until nothing is left to run.
 */
import * as Effect from "effect/Effect"
import * as Scheduler from "effect/Scheduler"

export interface RandomScheduler {
  readonly scheduler: Scheduler.Scheduler
  /** Waits until every other fiber waits for something. */
  readonly settle: Effect.Effect<void>
}

/** Far more than any step needs: more than this is a loop without an end. */
const maxTurns = 500_000

export const make = (next: () => number): RandomScheduler => {
  const ready: Array<() => void> = []
  const idle: Array<() => void> = []
  let isDraining = false
  let turns = 0
  const drain = (): void => {
    while (true) {
      const index = Math.floor(next() * ready.length)
      if (ready.length === 0) turns = 0
      const task = ready[index] ?? idle.shift()
      if (task === undefined) break
      turns++
      if (turns > maxTurns) throw new Error("the fibers do not come to rest")
      if (index < ready.length) ready.splice(index, 1)
      task()
    }
    isDraining = false
  }
  const start = (): void => {
    if (isDraining) return
    isDraining = true
    queueMicrotask(drain)
  }
  return {
    scheduler: new Scheduler.MixedScheduler("async", (task) => {
      ready.push(task)
      start()
      return () => {
        const index = ready.indexOf(task)
        if (index !== -1) ready.splice(index, 1)
      }
    }),
    settle: Effect.callback<void>((resume) => {
      idle.push(() => resume(Effect.void))
      start()
    })
  }
}
