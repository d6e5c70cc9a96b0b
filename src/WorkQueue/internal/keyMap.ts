/**
 * A map by structural equality that costs no more than a native one where keys are primitives.
 *
 * Strings and numbers go to a `Map`; objects are found by `Hash` and compared by `Equal`, so `{ namespace, name }` made
 * twice is one key. The queue, its delays and its rate limiter share it.
 *
 * @internal
 */
import * as Equal from "effect/Equal"
import * as Hash from "effect/Hash"

/** @internal */
export interface KeyMap<K, V> {
  readonly get: (key: K) => V | undefined
  readonly set: (key: K, value: V) => void
  readonly delete: (key: K) => boolean
  readonly clear: () => void
  readonly size: () => number
  readonly forEach: (f: (value: V, key: K) => void) => void
}

interface Slot<K, V> {
  readonly key: K
  value: V
}

const isPrimitive = (key: unknown): boolean => (typeof key !== "object" && typeof key !== "function") || key === null

/** @internal */
export const make = <K, V>(): KeyMap<K, V> => {
  const primitives = new Map<K, V>()
  const buckets = new Map<number, Array<Slot<K, V>>>()
  let objects = 0

  const find = (bucket: Array<Slot<K, V>>, key: K): number => {
    for (let i = 0; i < bucket.length; i++) {
      if (Equal.equals(bucket[i]?.key, key)) return i
    }
    return -1
  }

  return {
    get: (key) => {
      if (isPrimitive(key)) return primitives.get(key)
      const bucket = buckets.get(Hash.hash(key))
      return bucket === undefined ? undefined : bucket[find(bucket, key)]?.value
    },
    set: (key, value) => {
      if (isPrimitive(key)) {
        primitives.set(key, value)
        return
      }
      const hash = Hash.hash(key)
      const bucket = buckets.get(hash)
      if (bucket === undefined) {
        buckets.set(hash, [{ key, value }])
        objects++
        return
      }
      const slot = bucket[find(bucket, key)]
      if (slot === undefined) {
        bucket.push({ key, value })
        objects++
      } else {
        slot.value = value
      }
    },
    delete: (key) => {
      if (isPrimitive(key)) return primitives.delete(key)
      const hash = Hash.hash(key)
      const bucket = buckets.get(hash)
      if (bucket === undefined) return false
      const index = find(bucket, key)
      if (index < 0) return false
      if (bucket.length === 1) buckets.delete(hash)
      else bucket.splice(index, 1)
      objects--
      return true
    },
    clear: () => {
      primitives.clear()
      buckets.clear()
      objects = 0
    },
    size: () => primitives.size + objects,
    forEach: (f) => {
      primitives.forEach(f)
      for (const bucket of buckets.values()) {
        for (const slot of bucket) f(slot.value, slot.key)
      }
    }
  }
}
