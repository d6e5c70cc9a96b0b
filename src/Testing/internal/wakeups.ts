/**
 * Who waits for a change, and the call that wakes them.
 *
 * A waiter says what it waits for. That is looked at in the same step in which it enrols, so a change between its last
 * look and its waiting is never missed.
 *
 * @internal
 */
import * as Effect from "effect/Effect"

/** Those who wait. */
export type Wakeups = Set<() => void>

/** Waits until one of several is woken; not at all where what is waited for is there. */
export const wait = (wakeups: ReadonlyArray<Wakeups>, isThere: () => boolean): Effect.Effect<void> =>
  Effect.callback((resume) => {
    if (isThere()) return resume(Effect.void)
    const waiter = () => resume(Effect.void)
    for (const each of wakeups) each.add(waiter)
    return Effect.sync(() => {
      for (const each of wakeups) each.delete(waiter)
    })
  })

/** Wakes those who wait now, each on its own turn and not on that of the caller. */
export const wake = (wakeups: Iterable<Wakeups>): Effect.Effect<void> =>
  Effect.withFiber((fiber) => {
    for (const each of wakeups) {
      for (const waiter of each) fiber.currentDispatcher.scheduleTask(waiter, 0)
      each.clear()
    }
    return Effect.void
  })
