/**
 * Which reconcile wrote which version of an object, so that the reconcile which that version leads to can point back.
 *
 * @since 0.1.0
 */
import type * as Tracer from "effect/Tracer"
import type { Write } from "../../Watch/WriteObserver.ts"

/** How many writes are remembered; an event comes within milliseconds of its write, or is not linked. */
const limit = 1024

export interface Authorship {
  readonly remember: (write: Write, span: Tracer.AnySpan) => void
  readonly of: (seen: Write | undefined) => Tracer.AnySpan | undefined
}

const idOf = ({ group, key, plural, resourceVersion }: Write): string => `${plural}.${group}/${key}@${resourceVersion}`

export const make = (): Authorship => {
  const spans = new Map<string, Tracer.AnySpan>()
  return {
    remember: (write, span) => {
      if (spans.size >= limit) {
        const oldest = spans.keys().next()
        if (oldest.done !== true) spans.delete(oldest.value)
      }
      spans.set(idOf(write), span)
    },
    of: (seen) => seen === undefined || spans.size === 0 ? undefined : spans.get(idOf(seen))
  }
}
