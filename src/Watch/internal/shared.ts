/**
 * What objects of a namespace or of a set have in common, kept once for all: values of the same text are the same.
 */

/** How many values are kept, and the longest text of one. */
const maxCount = 4096
const maxLength = 1024

type Value = Record<string, unknown>

export interface Shared {
  /** Puts the one value of each text in the place of what was parsed from it. */
  readonly unify: (metadata: Value) => void
}

/** Members are named one by one, as every object of a list passes here: an access by a variable name costs far more. */
export const make = (): Shared => {
  const known = new Map<string, unknown>()
  // Objects of a set come one after the other in a list, and two values are compared faster than a text is made.
  let namespace: unknown
  let generateName: unknown
  let labels: unknown
  let owners: unknown

  const valueOf = (text: string, own: unknown): unknown => {
    const value = known.get(text)
    if (value !== undefined) return value
    if (text.length <= maxLength && known.size < maxCount) known.set(text, own)
    return own
  }

  const textOf = (before: unknown, own: unknown): unknown =>
    own === before || typeof own !== "string" ? before : valueOf(own, own)

  return {
    unify: (metadata) => {
      if (typeof metadata["namespace"] === "string") {
        metadata["namespace"] = namespace = textOf(namespace, metadata["namespace"])
      }
      if (typeof metadata["generateName"] === "string") {
        metadata["generateName"] = generateName = textOf(generateName, metadata["generateName"])
      }
      if (isValue(metadata["labels"])) {
        const own = metadata["labels"]
        metadata["labels"] = labels = isSame(labels, own) ? labels : valueOf(JSON.stringify(own), own)
      }
      if (Array.isArray(metadata["ownerReferences"])) {
        const own = metadata["ownerReferences"]
        metadata["ownerReferences"] = owners = isSameOwner(owners, own) ? owners : valueOf(JSON.stringify(own), own)
      }
    }
  }
}

const isValue = (value: unknown): value is Value => typeof value === "object" && value !== null

// Most have one owner; what has more is told by its text.
const isSameOwner = (a: unknown, b: ReadonlyArray<unknown>): boolean =>
  Array.isArray(a) && a.length === 1 && b.length === 1 && isValue(b[0]) && isSame(a[0], b[0])

// Whether both are the same but for the order of their members, which servers print sorted.
const isSame = (a: unknown, b: Value): boolean => {
  if (!isValue(a)) return false
  let count = 0
  for (const name in a) {
    if (a[name] !== b[name]) return false
    count++
  }
  for (const _ in b) count--
  return count === 0
}
