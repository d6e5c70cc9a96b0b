/**
 * Garbage made on purpose, so that buffers are freed in time.
 *
 * What a socket reads lies outside of the garbage-collected heap and is freed by the next collection of young objects,
 * which only allocation within the heap brings about. A decoder that parses nothing allocates next to nothing, so the
 * buffers pile up until V8 starts a full collection for their sake, which marks the whole cache: with 80,000 pods that
 * was half of the cost of an event (`npm run bench -- informer`).
 */

/** As many bytes at a time as are sure to be allocated among young objects. */
const step = 16 * 1024

const template: ReadonlyArray<number> = Array.from({ length: step / 8 }, () => 0)

export interface Ballast {
  /** So many bytes were read from a buffer without being parsed. */
  readonly add: (size: number) => unknown
}

export const make = (): Ballast => {
  let pending = 0
  // Held until the next, or an optimising compiler would leave it out.
  let held: ReadonlyArray<number> = []
  return {
    add: (size) => {
      pending += size
      while (pending >= step) {
        pending -= step
        held = template.slice()
      }
      return held
    }
  }
}
