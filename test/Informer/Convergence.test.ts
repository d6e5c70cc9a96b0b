import { it } from "@effect/vitest"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as convergence from "./convergence.ts"

// SEED=n replays one schedule; SCHEDULES=n runs n from SEED (or 1) on.
const settings = Effect.runSync(Effect.all({
  seed: Config.Int("SEED").pipe(Effect.orElseSucceed(() => undefined)),
  schedules: Config.Int("SCHEDULES").pipe(Effect.orElseSucceed(() => undefined))
}))
const first = settings.seed ?? 1
const count = settings.schedules ?? (settings.seed === undefined ? 2000 : 1)
const perTest = 250

for (let from = first; from < first + count; from += perTest) {
  const to = Math.min(from + perTest, first + count)
  it.live(
    `converges with the server once faults stop, whatever the schedule: seeds ${from} to ${to - 1}`,
    () =>
      Effect.gen(function*() {
        for (let seed = from; seed < to; seed++) yield* convergence.check(seed)
      }),
    { timeout: 600_000 }
  )
}
