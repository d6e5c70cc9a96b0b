import { it } from "@effect/vitest"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as apiServer from "./apiServerConvergence.ts"
import * as model from "./convergence.ts"

// SEED=n replays one schedule; SCHEDULES=n runs n of each kind, from SEED (or 1) on.
const settings = Effect.runSync(Effect.all({
  seed: Config.Int("SEED").pipe(Effect.orElseSucceed(() => undefined)),
  schedules: Config.Int("SCHEDULES").pipe(Effect.orElseSucceed(() => undefined))
}))
const first = settings.seed ?? 1
const count = settings.schedules ?? (settings.seed === undefined ? 1000 : 1)
const perTest = 250

const kinds = [
  ["the whole client over the in-memory API server", apiServer.check],
  ["the informer over a model of one collection", model.check]
] as const

for (const [what, check] of kinds) {
  for (let from = first; from < first + count; from += perTest) {
    const to = Math.min(from + perTest, first + count)
    it.live(
      `converges once faults stop, whatever the schedule: ${what}, seeds ${from} to ${to - 1}`,
      () =>
        Effect.gen(function*() {
          for (let seed = from; seed < to; seed++) yield* check(seed)
        }),
      { timeout: 600_000 }
    )
  }
}
