/**
 * A latch for synchronous writers: opening it never runs those who wait on the writer's own stack.
 *
 * `Latch.openUnsafe` resumes waiting fibers at once, so a listener could run, read and even stop the informer in the
 * middle of the step that tells it. Here they run in a later task, and what is open is open at once.
 */
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"

export type Dispatcher = Fiber.Fiber<unknown, unknown>["currentDispatcher"]

export interface Gate {
  readonly isOpen: () => boolean
  readonly open: () => void
  readonly close: () => void
  readonly await: Effect.Effect<void>
}

/** That of the running fiber. */
export const dispatcher: Effect.Effect<Dispatcher> = Effect.withFiberSucceed((fiber) => fiber.currentDispatcher)

export const makeUnsafe = (dispatch: Dispatcher): Gate => {
  const latch = Latch.makeUnsafe(false)
  let isOpen = false
  const flush = (): void => {
    if (isOpen) latch.openUnsafe()
  }
  return {
    isOpen: () => isOpen,
    open: () => {
      if (isOpen) return
      isOpen = true
      dispatch.scheduleTask(flush, 0)
    },
    close: () => {
      isOpen = false
      latch.closeUnsafe()
    },
    await: Effect.suspend(() => isOpen ? Effect.void : latch.await)
  }
}
