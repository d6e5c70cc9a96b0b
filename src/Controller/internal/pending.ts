/**
 * What a controller remembers of a key between its reconciles: why it was queued, what its last run wrote, and the spans
 * that led here.
 *
 * @since 0.1.0
 */
import type * as Tracer from "effect/Tracer"
import type { Write } from "../../Watch/WriteObserver.ts"
import type { Reason } from "../Reconciler.ts"

/** The most reasons that are kept of one key, and the most writes. */
const limit = 8

/** Synchronous, and called from within single steps: nothing here can be seen half done. */
export interface Pending {
  readonly addReason: (key: string, reason: Reason) => void
  readonly takeReasons: (key: string) => ReadonlyArray<Reason>
  readonly addWrite: (key: string, write: Write) => void
  readonly takeWrites: (key: string) => ReadonlyArray<Write>
  readonly addSpan: (key: string, span: Tracer.AnySpan | undefined) => void
  readonly takeSpans: (key: string) => ReadonlyArray<Tracer.AnySpan>
  /** Forgets a key that is no longer one's own. */
  readonly drop: (key: string) => void
}

// Most keys have one of a kind, which then needs no array until it is taken.
const push = <A extends object>(
  map: Map<string, A | Array<A>>,
  key: string,
  value: A,
  isSame: (left: A, right: A) => boolean
): void => {
  const known = map.get(key)
  if (known === undefined) return void map.set(key, value)
  const values = isMany(known) ? known : [known]
  const index = values.findIndex((other) => isSame(other, value))
  if (index >= 0) values.splice(index, 1)
  else if (values.length === limit) values.shift()
  values.push(value)
  map.set(key, values)
}

const none: ReadonlyArray<never> = []

const take = <A extends object>(map: Map<string, A | Array<A>>, key: string): ReadonlyArray<A> => {
  if (map.size === 0) return none
  const known = map.get(key)
  if (known === undefined) return none
  map.delete(key)
  return isMany(known) ? known : [known]
}

const isMany = <A extends object>(known: A | Array<A>): known is Array<A> => Array.isArray(known)

const isSameReason = (left: Reason, right: Reason): boolean =>
  left._tag === right._tag &&
  ("change" in left && "change" in right ? left.change === right.change : true) &&
  ("key" in left && "key" in right ? left.key === right.key && left.kind === right.kind : true)

// Of several writes to one object only the last matters.
const isSameObject = (left: Write, right: Write): boolean =>
  left.key === right.key && left.plural === right.plural && left.group === right.group

const isSameSpan = (left: Tracer.AnySpan, right: Tracer.AnySpan): boolean => left.spanId === right.spanId

export const make = (): Pending => {
  const reasons = new Map<string, Reason | Array<Reason>>()
  const writes = new Map<string, Write | Array<Write>>()
  const spans = new Map<string, Tracer.AnySpan | Array<Tracer.AnySpan>>()
  return {
    addReason: (key, reason) => push(reasons, key, reason, isSameReason),
    takeReasons: (key) => take(reasons, key),
    addWrite: (key, write) => push(writes, key, write, isSameObject),
    takeWrites: (key) => take(writes, key),
    addSpan: (key, span) => {
      if (span !== undefined) push(spans, key, span, isSameSpan)
    },
    takeSpans: (key) => take(spans, key),
    drop: (key) => {
      reasons.delete(key)
      writes.delete(key)
      spans.delete(key)
    }
  }
}
