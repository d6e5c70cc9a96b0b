/**
 * The queue against the simplest thing that could be right: sorted arrays, searched from the front.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import * as WorkQueue from "../../src/WorkQueue/WorkQueue.ts"
import { taken } from "./taken.ts"

const Key = Schema.Literals(["a", "b", "c", "d"])
const Priority = Schema.Literals([-100, 0, 0, 0, 7])

const Command = Schema.Union([
  Schema.Struct({ do: Schema.Literal("add"), key: Key, priority: Priority }),
  Schema.Struct({ do: Schema.Literal("addAfter"), key: Key, priority: Priority, delay: Schema.Literals([0, 1, 5, 9]) }),
  Schema.Struct({ do: Schema.Literal("take") }),
  Schema.Struct({ do: Schema.Literals(["done", "fail"]), which: Schema.Literals([0, 1, 2]) }),
  Schema.Struct({ do: Schema.Literal("advance"), by: Schema.Literals([1, 3, 10]) }),
  Schema.Struct({ do: Schema.Literal("shutdown"), really: Schema.Literals([false, false, false, true]) })
])
type Command = typeof Command.Type

interface Waiting {
  readonly key: string
  priority: number
  order: number
}

const makeModel = () => {
  let ready: Array<Waiting> = []
  let delayed: Array<Waiting & { deadline: number }> = []
  const processing = new Map<string, { priority: number; next: number | undefined }>()
  let order = 0
  let time = 0
  let isShutdown = false

  const add = (key: string, priority: number) => {
    if (isShutdown) return
    const active = processing.get(key)
    if (active !== undefined) {
      active.next = Math.max(active.next ?? -Infinity, priority)
      return
    }
    const known = ready.find((waiting) => waiting.key === key)
    if (known === undefined) ready.push({ key, priority, order: order++ })
    else if (priority > known.priority) {
      known.priority = priority
      known.order = order++
    }
  }
  const first = <A extends Waiting>(from: Array<A>, before: (a: A, b: A) => boolean): A | undefined =>
    from.reduce<A | undefined>((best, next) => best === undefined || before(next, best) ? next : best, undefined)

  return {
    add,
    addAfter: (key: string, delay: number, priority: number) => {
      if (isShutdown) return
      if (delay === 0) return add(key, priority)
      const known = delayed.find((waiting) => waiting.key === key)
      const deadline = time + delay
      if (known === undefined) delayed.push({ key, priority, deadline, order: order++ })
      else {
        known.priority = Math.max(known.priority, priority)
        known.deadline = Math.min(known.deadline, deadline)
      }
    },
    advance: (by: number) => {
      time += by
      while (true) {
        const due = first(
          delayed.filter((waiting) => waiting.deadline <= time),
          (a, b) => a.deadline < b.deadline || (a.deadline === b.deadline && a.order < b.order)
        )
        if (due === undefined) return
        delayed = delayed.filter((waiting) => waiting !== due)
        add(due.key, due.priority)
      }
    },
    take: () => {
      const next = first(ready, (a, b) => a.priority > b.priority || (a.priority === b.priority && a.order < b.order))
      if (next === undefined) return undefined
      ready = ready.filter((waiting) => waiting !== next)
      processing.set(next.key, { priority: next.priority, next: undefined })
      return next.key
    },
    done: (key: string, putBack: boolean) => {
      const active = processing.get(key)
      if (active === undefined) return
      processing.delete(key)
      const priority = putBack ? Math.max(active.priority, active.next ?? -Infinity) : active.next
      if (priority !== undefined) ready.push({ key, priority, order: order++ })
    },
    shutdown: () => {
      isShutdown = true
      delayed = []
    },
    size: () => ready.length,
    isIdle: () => ready.length === 0 && processing.size === 0
  }
}

describe("WorkQueue and its model", () => {
  it.effect.prop(
    "agree on every answer after any commands",
    [Schema.Array(Command).check(Schema.isMaxLength(60))],
    ([commands]) =>
      Effect.gen(function*() {
        const queue = yield* WorkQueue.make<string>({ ageing: Duration.infinity })
        const model = makeModel()
        const held: Array<{ key: string; done: Effect.Effect<void>; fail: Effect.Effect<void> }> = []

        const run = Effect.fnUntraced(function*(command: Command) {
          switch (command.do) {
            case "add":
              model.add(command.key, command.priority)
              return yield* queue.add(command.key, command)
            case "addAfter":
              model.addAfter(command.key, command.delay, command.priority)
              return yield* queue.addAfter(command.key, Duration.millis(command.delay), command)
            case "take": {
              if (model.size() === 0) return
              const item = yield* taken(queue)
              held.push(item)
              return assert.strictEqual(item.key, model.take())
            }
            case "done":
            case "fail": {
              const [item] = held.splice(command.which, 1)
              if (item === undefined) return
              model.done(item.key, command.do === "fail")
              return yield* item[command.do]
            }
            case "advance":
              model.advance(command.by)
              return yield* TestClock.adjust(Duration.millis(command.by))
            case "shutdown":
              if (!command.really) return
              model.shutdown()
              return yield* queue.shutdown
          }
        })

        for (const command of commands) {
          yield* run(command)
          assert.strictEqual(yield* queue.size, model.size())
        }
        // Whatever the state, everything can be brought to an end.
        for (const item of held) {
          model.done(item.key, false)
          yield* item.done
        }
        while (model.size() > 0) {
          const item = yield* taken(queue)
          assert.strictEqual(item.key, model.take())
          model.done(item.key, false)
          yield* item.done
        }
        assert.isTrue(model.isIdle())
        yield* queue.shutdownWithDrain
        assert.strictEqual(yield* queue.size, 0)
      }),
    { arbitrary: { runs: 300, size: 60 } }
  )
})
