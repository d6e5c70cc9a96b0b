/**
 * Blocks of bytes of many sizes in a few hundred buffers.
 *
 * A buffer of its own for each of 100,000 small texts would cost more in bookkeeping than the texts. Blocks come in size
 * classes at most an eighth apart; a freed block is used again for its class. Addresses are plain numbers.
 */

export interface Arena {
  /** The address of a block of at least `size` bytes, or -1 when that would go beyond the limit. */
  readonly allocate: (size: number) => number
  readonly free: (address: number, size: number) => void
  /** The buffer in which a block lies. */
  readonly bytesOf: (address: number) => Uint8Array
  /** Where in its buffer a block begins. */
  readonly offsetOf: (address: number) => number
  /** Bytes of all buffers. */
  readonly size: () => number
}

/** The size of what a socket reads at once, so that the memory of buffers that were freed is used again. */
const slabSize = 64 * 1024

/** The largest text that is kept. */
export const maxBlock = 4 * 1024 * 1024

/** The size of the class that a size belongs to. */
export const classOf = (size: number): number => {
  if (size <= 512) return (size + 63) & ~63
  const step = 1 << (29 - Math.clz32(size - 1))
  return Math.ceil(size / step) * step
}

export const make = (limit: number, allocateBuffer: (size: number) => Uint8Array<ArrayBuffer>): Arena => {
  const slabs: Array<Uint8Array<ArrayBuffer>> = []
  const free = new Map<number, Array<number>>()
  const none = new Uint8Array(0)
  let current = -1
  let used = slabSize

  // The address where it begins. One that is larger than a slab has several places, of which only the first is used.
  const addSlab = (size: number): number => {
    const count = Math.ceil(size / slabSize)
    const address = slabs.length * slabSize
    if (address + count * slabSize > limit) return -1
    const slab = allocateBuffer(count * slabSize)
    for (let i = 0; i < count; i++) slabs.push(slab)
    return address
  }

  return {
    allocate: (size) => {
      const rounded = classOf(size)
      const again = free.get(rounded)?.pop()
      if (again !== undefined) return again
      if (rounded > slabSize) return addSlab(rounded)
      if (used + rounded > slabSize) {
        const added = addSlab(slabSize)
        if (added < 0) return -1
        current = added
        used = 0
      }
      const address = current + used
      used += rounded
      return address
    },
    free: (address, size) => {
      const rounded = classOf(size)
      const list = free.get(rounded)
      if (list === undefined) free.set(rounded, [address])
      else list.push(address)
    },
    // Not by shifts: with a limit above 2 GiB addresses have more than 31 bits.
    bytesOf: (address) => slabs[Math.floor(address / slabSize)] ?? none,
    offsetOf: (address) => address % slabSize,
    size: () => slabs.length * slabSize
  }
}
