/**
 * The state of a work queue: which keys are ready, which are in a worker's hands, and which of those were added again.
 *
 * One synchronous state machine without fibers: every transition is atomic, because nothing here can suspend.
 * `WorkQueue` adds waiting, delays and scopes. Written imperatively, as the hot path of
 * every controller (`npm run bench -- queue`).
 *
 * @internal
 */
import type * as Metrics from "../WorkQueueMetrics.ts"
import * as Histogram from "./histogram.ts"
import * as KeyMap from "./keyMap.ts"
import * as ReadyQueue from "./readyQueue.ts"

/**
 * A key in the queue. `Processing` with `again` is client-go's "processing and dirty".
 *
 * @internal
 */
export interface Entry<K> {
  readonly key: K
  priority: number
  queuedAt: number
  dead: boolean
  isProcessing: boolean
  /** Added while processing; `nextPriority` and `queuedAt` then speak of the next round. */
  again: boolean
  nextPriority: number
  startedAt: number
  /** Its place in the list of keys that are being processed. */
  place: number
}

/** @internal */
export interface State<K> extends Metrics.Source {
  /**
   * Whether a key became ready that was not. Reading the clock costs as much as all the rest: `at` is the time where the
   * caller knows it, and negative where it is to be read if it is needed.
   */
  readonly add: (key: K, priority: number, at: number) => boolean
  readonly take: (at: number) => Entry<K> | undefined
  /** Ends the processing of a key; `putBack` makes it ready again. Whether a key became ready. */
  readonly done: (entry: Entry<K>, putBack: boolean, at: number) => boolean
  readonly countRetry: () => void
  /** Ready keys. */
  readonly size: () => number
  /** Whether nothing is ready and nothing is being processed. */
  readonly isIdle: () => boolean
  /** Drops what is ready; what is being processed ends as if it had not been added again. */
  readonly clear: () => void
}

/** @internal */
export const make = <K>(now: () => number, ageing: number): State<K> => {
  const entries = KeyMap.make<K, Entry<K>>()
  const ready = ReadyQueue.make<Entry<K>>(ageing)
  const processing: Array<Entry<K>> = []
  const queueDuration = Histogram.make()
  const workDuration = Histogram.make()
  let adds = 0
  let retries = 0
  let isCleared = false

  const fresh = (key: K, priority: number, queuedAt: number): Entry<K> => ({
    key,
    priority,
    queuedAt,
    dead: false,
    isProcessing: false,
    again: false,
    nextPriority: 0,
    startedAt: 0,
    place: 0
  })

  const add = (key: K, priority: number, at: number): boolean => {
    const entry = entries.get(key)
    if (entry === undefined) {
      const added = fresh(key, priority, at < 0 ? now() : at)
      entries.set(key, added)
      ready.push(added)
      adds++
      return true
    }
    if (entry.isProcessing) {
      if (!entry.again) {
        entry.again = true
        entry.nextPriority = priority
        entry.queuedAt = at < 0 ? now() : at
        adds++
      } else if (priority > entry.nextPriority) {
        entry.nextPriority = priority
      }
      return false
    }
    if (priority > entry.priority) {
      // A new entry at the end of the higher priority; it has waited since it was first added.
      entry.dead = true
      ready.forgetDead(entry.priority)
      const raised = fresh(entry.key, priority, entry.queuedAt)
      entries.set(entry.key, raised)
      ready.push(raised)
    }
    return false
  }

  const take = (at: number): Entry<K> | undefined => {
    const entry = ready.shift(at)
    if (entry === undefined) return undefined
    Histogram.record(queueDuration, at - entry.queuedAt)
    entry.isProcessing = true
    entry.startedAt = at
    entry.place = processing.length
    processing.push(entry)
    return entry
  }

  const done = (entry: Entry<K>, putBack: boolean, at: number): boolean => {
    Histogram.record(workDuration, at - entry.startedAt)
    const last = processing.pop() as Entry<K>
    if (last !== entry) {
      processing[entry.place] = last
      last.place = entry.place
    }
    entry.isProcessing = false
    if (isCleared || (!entry.again && !putBack)) {
      entries.delete(entry.key)
      return false
    }
    if (entry.again) {
      if (!putBack || entry.nextPriority > entry.priority) entry.priority = entry.nextPriority
      entry.again = false
    } else {
      entry.queuedAt = at
      adds++
    }
    ready.push(entry)
    return true
  }

  return {
    add,
    take,
    done,
    countRetry: () => {
      retries++
    },
    size: ready.size,
    isIdle: () => processing.length === 0 && ready.size() === 0,
    clear: () => {
      isCleared = true
      ready.clear()
      entries.clear()
      for (const entry of processing) {
        entry.again = false
        entries.set(entry.key, entry)
      }
    },
    adds: () => adds,
    retries: () => retries,
    queueDuration: () => queueDuration,
    workDuration: () => workDuration,
    depths: (f) => {
      ready.depths(f)
      for (const entry of processing) {
        if (entry.again) f(entry.nextPriority, 1)
      }
    },
    processingSince: (f) => {
      for (const entry of processing) f(entry.startedAt)
    }
  }
}
