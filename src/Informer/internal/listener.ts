/**
 * The buffer between the one writer of a cache and one listener.
 *
 * The writer never waits. Up to a capacity events wait as they came; beyond it, and until the listener has caught up,
 * those of one key are joined into one, so what waits is bounded by the capacity and the number of keys.
 */
import type * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Pull from "effect/Pull"
import type { InformerEvent } from "../InformerEvent.ts"
import { coalesce } from "../InformerEvent.ts"
import * as Gate from "./gate.ts"

export interface Buffer<in out A> {
  /** `isInitialEnd` marks the end of what was there before the listener. */
  readonly offer: (events: ReadonlyArray<InformerEvent<A>>, isInitialEnd: boolean) => void
  /** All that waits, as one array. Taking again says that the array before was handled. */
  readonly pull: Pull.Pull<Arr.NonEmptyReadonlyArray<InformerEvent<A>>>
  readonly end: () => void
  readonly size: () => number
  readonly synced: Gate.Gate
}

export const makeUnsafe = <A>(
  dispatcher: Gate.Dispatcher,
  capacity: number,
  filter: ((object: A) => boolean) | undefined
): Buffer<A> => {
  const wake = Gate.makeUnsafe(dispatcher)
  const synced = Gate.makeUnsafe(dispatcher)
  let batches: Array<ReadonlyArray<InformerEvent<A>>> = []
  let size = 0
  let joined: Map<string, InformerEvent<A>> | undefined
  let isInitialEndPending = false
  let isInitialEndTaken = false
  let isInitialReplay = true
  let isEnded = false

  const join = (events: ReadonlyArray<InformerEvent<A>>, into: Map<string, InformerEvent<A>>): void => {
    for (const event of events) {
      const pending = into.get(event.key)
      const next = pending === undefined ? event : coalesce(pending, event)
      if (next === undefined) into.delete(event.key)
      else into.set(event.key, next)
    }
  }

  const take = (): ReadonlyArray<InformerEvent<A>> => {
    const [first] = batches
    const taken = joined !== undefined
      ? Array.from(joined.values())
      : batches.length === 1 && first !== undefined
      ? first
      : batches.flat()
    batches = []
    joined = undefined
    size = 0
    if (!isEnded) wake.close()
    if (isInitialEndPending) {
      isInitialEndPending = false
      isInitialEndTaken = true
    }
    return taken
  }

  const delivered = (): void => {
    if (!isInitialEndTaken) return
    isInitialEndTaken = false
    synced.open()
  }

  const pull: Buffer<A>["pull"] = Effect.suspend(() => {
    delivered()
    return Effect.flatMap(wake.await, () => {
      const taken = take()
      if (isNonEmpty(taken)) return Effect.succeed(taken)
      if (!isEnded) return pull
      delivered()
      return Cause.done()
    })
  })

  return {
    offer: (given, isInitialEnd) => {
      if (isEnded) return
      const events = filter === undefined ? given : filtered(given, filter)
      if (events.length === 0 && !isInitialEnd) return
      if (joined !== undefined) {
        join(events, joined)
        size = joined.size
      } else if (events.length > 0) {
        batches.push(events)
        size += events.length
        // What was there already is of distinct keys and needs no joining.
        if (size > capacity && !isInitialReplay) {
          joined = new Map()
          for (const batch of batches) join(batch, joined)
          batches = []
          size = joined.size
        }
      }
      if (isInitialEnd) {
        isInitialEndPending = true
        isInitialReplay = false
      }
      wake.open()
    },
    pull,
    end: () => {
      isEnded = true
      wake.open()
    },
    size: () => size,
    synced
  }
}

const isNonEmpty = <B>(values: ReadonlyArray<B>): values is Arr.NonEmptyReadonlyArray<B> => values.length > 0

// An object that comes to match is new to this listener, one that ceases to is gone with the last state that matched, as
// with client-go's `FilteringResourceEventHandler` and with the selectors of a server.
const filtered = <A>(
  events: ReadonlyArray<InformerEvent<A>>,
  filter: (object: A) => boolean
): ReadonlyArray<InformerEvent<A>> => {
  const out: Array<InformerEvent<A>> = []
  for (const event of events) {
    if (event._tag !== "Updated") {
      if (filter(event.object)) out.push(event)
      continue
    }
    const matches = filter(event.object)
    const matched = event.old === event.object ? matches : filter(event.old)
    if (matches && matched) out.push(event)
    else if (matches) out.push({ _tag: "Added", key: event.key, object: event.object, isInInitialList: false })
    else if (matched) out.push({ _tag: "Deleted", key: event.key, object: event.old, isFinalStateUnknown: false })
  }
  return out
}
