import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type * as WorkQueue from "../../src/WorkQueue/WorkQueue.ts"

/** Takes a key and keeps it until told what became of it: client-go's Get and Done. */
export const taken = <K>(queue: WorkQueue.Dequeue<K>) =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    const key = yield* Scope.provide(queue.take, scope)
    return {
      key,
      done: Scope.close(scope, Exit.void),
      fail: Scope.close(scope, Exit.fail("failed")),
      interrupt: Scope.close(scope, Exit.interrupt())
    }
  })

/** Takes a key and finishes it at once. */
export const takeDone = <K>(queue: WorkQueue.Dequeue<K>) => Effect.scoped(queue.take)
