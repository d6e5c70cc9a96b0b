/**
 * A map that forgets the entry whose last use is longest ago when it becomes too large.
 *
 * @since 0.1.0
 */
export interface Lru<A> {
  /** Also counts as a use. */
  readonly get: (key: string) => A | undefined
  /** Answers the entry that had to go. */
  readonly set: (key: string, value: A) => A | undefined
  readonly delete: (key: string) => void
  readonly values: () => IterableIterator<A>
}

export const make = <A>(capacity: number): Lru<A> => {
  // A Map keeps the order of insertion: the first entry is the one that was not used for longest.
  const entries = new Map<string, A>()
  return {
    get: (key) => {
      const value = entries.get(key)
      if (value === undefined) return undefined
      entries.delete(key)
      entries.set(key, value)
      return value
    },
    set: (key, value) => {
      entries.delete(key)
      entries.set(key, value)
      if (entries.size <= capacity) return undefined
      for (const [oldest, evicted] of entries) {
        entries.delete(oldest)
        return evicted
      }
      return undefined
    },
    delete: (key) => void entries.delete(key),
    values: () => entries.values()
  }
}
