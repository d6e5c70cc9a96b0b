/**
 * Keys that wait for their deadline: a binary heap with one place per key, where a deadline moves earlier and never
 * later.
 *
 * A million waiting keys must stay cheap, so an entry is a slot in parallel typed arrays and not an object: 40 bytes
 * beside the map from key to slot (measured by `npm run bench -- queue`). Equal deadlines leave in order of arrival.
 *
 * @internal
 */
import * as KeyMap from "./keyMap.ts"

/** @internal */
export interface DelayHeap<K> {
  /** Adds the key, or moves its deadline earlier and its priority higher; whether the earliest deadline changed. */
  readonly add: (key: K, deadline: number, priority: number) => boolean
  /** The earliest deadline; `Infinity` where nothing waits. */
  readonly next: () => number
  /** Removes up to `limit` keys whose deadline is at most `now`, earliest first; how many were removed. */
  readonly takeDue: (now: number, limit: number, f: (key: K, priority: number) => void) => number
  readonly size: () => number
  readonly clear: () => void
}

const initialCapacity = 16

/** @internal */
export const make = <K>(): DelayHeap<K> => {
  const slots = KeyMap.make<K, number>()
  let capacity = initialCapacity
  let keys: Array<K | undefined> = []
  let deadlines = new Float64Array(capacity)
  let orders = new Float64Array(capacity)
  let priorities = new Float64Array(capacity)
  // heap[i] is a slot; positions[slot] is i. A free slot chains to the next one through positions.
  let heap = new Int32Array(capacity)
  let positions = new Int32Array(capacity)
  let size = 0
  let used = 0
  let free = -1
  let order = 0

  const reset = () => {
    capacity = initialCapacity
    keys = []
    deadlines = new Float64Array(capacity)
    orders = new Float64Array(capacity)
    priorities = new Float64Array(capacity)
    heap = new Int32Array(capacity)
    positions = new Int32Array(capacity)
    size = 0
    used = 0
    free = -1
  }

  const grow = () => {
    capacity = capacity < 65_536 ? capacity * 2 : Math.ceil(capacity * 1.5)
    const floats = (from: Float64Array<ArrayBuffer>) => {
      const to = new Float64Array(capacity)
      to.set(from)
      return to
    }
    const ints = (from: Int32Array<ArrayBuffer>) => {
      const to = new Int32Array(capacity)
      to.set(from)
      return to
    }
    deadlines = floats(deadlines)
    orders = floats(orders)
    priorities = floats(priorities)
    heap = ints(heap)
    positions = ints(positions)
  }

  const at = (array: Float64Array | Int32Array, index: number): number => array[index] as number

  const isBefore = (a: number, b: number): boolean => {
    const x = at(deadlines, a)
    const y = at(deadlines, b)
    return x < y || (x === y && at(orders, a) < at(orders, b))
  }

  const place = (slot: number, index: number) => {
    heap[index] = slot
    positions[slot] = index
  }

  const up = (slot: number, from: number) => {
    let index = from
    while (index > 0) {
      const parent = (index - 1) >> 1
      const above = at(heap, parent)
      if (!isBefore(slot, above)) break
      place(above, index)
      index = parent
    }
    place(slot, index)
  }

  const down = (slot: number) => {
    let index = 0
    while (true) {
      let child = 2 * index + 1
      if (child >= size) break
      if (child + 1 < size && isBefore(at(heap, child + 1), at(heap, child))) child++
      const below = at(heap, child)
      if (!isBefore(below, slot)) break
      place(below, index)
      index = child
    }
    place(slot, index)
  }

  const add = (key: K, deadline: number, priority: number): boolean => {
    const known = slots.get(key)
    if (known !== undefined) {
      if (priority > at(priorities, known)) priorities[known] = priority
      if (deadline >= at(deadlines, known)) return false
      deadlines[known] = deadline
      up(known, at(positions, known))
      return at(heap, 0) === known
    }
    let slot = free
    if (slot < 0) {
      if (used === capacity) grow()
      slot = used++
    } else {
      free = at(positions, slot)
    }
    slots.set(key, slot)
    keys[slot] = key
    deadlines[slot] = deadline
    priorities[slot] = priority
    orders[slot] = order++
    up(slot, size++)
    return at(heap, 0) === slot
  }

  const takeDue = (now: number, limit: number, f: (key: K, priority: number) => void): number => {
    let taken = 0
    while (size > 0 && taken < limit) {
      const slot = at(heap, 0)
      if (at(deadlines, slot) > now) break
      const key = keys[slot] as K
      const priority = at(priorities, slot)
      size--
      if (size > 0) down(at(heap, size))
      keys[slot] = undefined
      positions[slot] = free
      free = slot
      slots.delete(key)
      taken++
      f(key, priority)
    }
    // A burst of a million keys must not hold its memory for ever.
    if (size === 0 && capacity > 4096) reset()
    return taken
  }

  return {
    add,
    takeDue,
    next: () => size === 0 ? Infinity : at(deadlines, at(heap, 0)),
    size: () => size,
    clear: () => {
      slots.clear()
      reset()
    }
  }
}
