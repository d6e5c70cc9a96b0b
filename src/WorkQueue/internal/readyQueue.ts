/**
 * Keys that are ready, by priority: first in, first out among equals, with ageing so that none waits for ever.
 *
 * One ring buffer per priority. An entry that moves to a higher priority is marked dead where it was and skipped later,
 * since removing from the middle would cost time by the length of the queue.
 *
 * @internal
 */

/** @internal */
export interface Ready {
  readonly priority: number
  /** When it became ready, in nanoseconds of the monotonic clock. */
  readonly queuedAt: number
  /** Whether it left the queue by another way than `shift`. */
  readonly dead: boolean
}

/** @internal */
export interface ReadyQueue<E extends Ready> {
  readonly push: (entry: E) => void
  readonly shift: (now: number) => E | undefined
  /** To be called after an entry was marked dead. */
  readonly forgetDead: (priority: number) => void
  readonly size: () => number
  readonly depths: (f: (priority: number, depth: number) => void) => void
  readonly clear: () => void
}

interface Level<E> {
  readonly priority: number
  ring: Array<E | undefined>
  head: number
  length: number
  dead: number
}

/** Every tenth key is the one that has waited longest, where it has waited for the ageing time. */
const share = 10

const ringSize = 16

const makeLevel = <E>(priority: number): Level<E> => ({
  priority,
  ring: Array.from<E | undefined>({ length: ringSize }),
  head: 0,
  length: 0,
  dead: 0
})

/** @internal */
export const make = <E extends Ready>(ageing: number): ReadyQueue<E> => {
  // Highest priority first. There are few, as a rule two: finding one is a scan.
  let levels: Array<Level<E>> = []
  let size = 0
  let turn = 0

  const levelOf = (priority: number): Level<E> => {
    let index = 0
    for (; index < levels.length; index++) {
      const level = levels[index] as Level<E>
      if (level.priority === priority) return level
      if (level.priority < priority) break
    }
    const level = makeLevel<E>(priority)
    levels.splice(index, 0, level)
    return level
  }

  /** Copies what lives to a new ring; the size of a ring is a power of two, so that an index wraps with a mask. */
  const rebuild = (level: Level<E>) => {
    const live = level.length - level.dead
    let capacity = ringSize
    while (capacity < live * 2) capacity *= 2
    const ring: Array<E | undefined> = []
    const mask = level.ring.length - 1
    for (let i = 0; i < level.length; i++) {
      const entry = level.ring[(level.head + i) & mask] as E
      if (!entry.dead) ring.push(entry)
    }
    level.length = ring.length
    // Not `Array.from`, which would ask an iterator for each of what may well be ten thousand places.
    ring.length = capacity
    level.ring = ring
    level.head = 0
    level.dead = 0
  }

  const drop = (level: Level<E>): E => {
    const entry = level.ring[level.head] as E
    level.ring[level.head] = undefined
    level.head = (level.head + 1) & (level.ring.length - 1)
    level.length--
    return entry
  }

  const skipDead = (level: Level<E>): void => {
    while (level.dead > 0 && (level.ring[level.head] as E).dead) {
      drop(level)
      level.dead--
    }
  }

  /** Where nothing lives: gives back what a burst needed, and forgets priorities that came by once. */
  const tidy = (level: Level<E>): void => {
    if (level.length > level.dead) return
    if (level.dead > 0 || level.ring.length > 4096) rebuild(level)
    if (levels.length > 16) levels = levels.filter((other) => other.length > 0)
  }

  const take = (level: Level<E>): E => {
    skipDead(level)
    const entry = drop(level)
    size--
    tidy(level)
    return entry
  }

  /** The level, below the highest, whose first key has waited longest, where that is the ageing time or more. */
  const aged = (now: number): Level<E> | undefined => {
    let oldest = now - ageing
    let found: Level<E> | undefined = undefined
    for (const level of levels) {
      if (level.length === level.dead) continue
      skipDead(level)
      const queuedAt = (level.ring[level.head] as E).queuedAt
      if (queuedAt <= oldest) {
        oldest = queuedAt
        found = level
      }
    }
    return found
  }

  return {
    push: (entry) => {
      const level = levelOf(entry.priority)
      if (level.length === level.ring.length) rebuild(level)
      level.ring[(level.head + level.length) & (level.ring.length - 1)] = entry
      level.length++
      size++
    },
    shift: (now) => {
      if (size === 0) return undefined
      if (levels.length > 1 && ++turn >= share) {
        turn = 0
        const level = aged(now)
        if (level !== undefined) return take(level)
      }
      for (let i = 0; i < levels.length; i++) {
        const level = levels[i] as Level<E>
        if (level.length > level.dead) return take(level)
      }
      return undefined
    },
    forgetDead: (priority) => {
      const level = levelOf(priority)
      level.dead++
      size--
      tidy(level)
    },
    size: () => size,
    depths: (f) => {
      for (const level of levels) f(level.priority, level.length - level.dead)
    },
    clear: () => {
      levels = []
      size = 0
    }
  }
}
