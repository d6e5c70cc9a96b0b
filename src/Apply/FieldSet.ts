/**
 * `FieldSet`: a set of field paths, as `fieldsV1` in `metadata.managedFields` writes it down.
 *
 * Server-side apply remembers for each manager which fields it set. `StructuredMerge` makes such sets from objects;
 * `ManagedFields` reads and writes the entries that hold them. A set is a tree: a node knows which of its members belong
 * to the set, and what of the set lies below them. Sets are never changed in place.
 *
 * @see https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import type { FieldsV1 } from "../Machinery/ObjectMeta.ts"
import { ParseError } from "../Machinery/ParseError.ts"

/**
 * One step of a path as `fieldsV1` spells it: `f:spec` is a field, `k:{"name":"web"}` an item of a list by its keys,
 * `v:"a"` an item of a set by its value, `i:0` an item by its place.
 *
 * @category models
 * @since 0.1.0
 */
export type Element = string

/**
 * The steps from the object to a field.
 *
 * @category models
 * @since 0.1.0
 */
export type Path = ReadonlyArray<Element>

/**
 * A set of paths.
 *
 * @category models
 * @since 0.1.0
 */
export interface FieldSet {
  /** The steps that lead to a path of the set itself. */
  readonly members: ReadonlySet<Element>
  /** What lies below a step; never an empty set. */
  readonly children: ReadonlyMap<Element, FieldSet>
}

/**
 * The set of no path.
 *
 * @category constructors
 * @since 0.1.0
 */
export const empty: FieldSet = { members: new Set(), children: new Map() }

/**
 * Whether a set holds no path.
 *
 * @category guards
 * @since 0.1.0
 */
export const isEmpty = (set: FieldSet): boolean => set.members.size === 0 && set.children.size === 0

/**
 * The step to a field.
 *
 * @category constructors
 * @since 0.1.0
 */
export const field = (name: string): Element => `f:${name}`

/**
 * The step to an item of a list by its keys, whose order does not matter.
 *
 * @category constructors
 * @since 0.1.0
 */
export const key = (keys: { readonly [name: string]: unknown }): Element =>
  `k:${JSON.stringify(Object.fromEntries(Object.keys(keys).sort().map((name) => [name, keys[name]])))}`

/**
 * The step to an item of a set.
 *
 * @category constructors
 * @since 0.1.0
 */
export const value = (item: unknown): Element => `v:${JSON.stringify(item)}`

interface Draft {
  readonly members: Set<Element>
  readonly children: Map<Element, Draft>
}

const draft = (): Draft => ({ members: new Set(), children: new Map() })

/**
 * The set of some paths. The empty path is none.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromPaths = (paths: Iterable<Path>): FieldSet => {
  const root = draft()
  for (const path of paths) {
    let node = root
    for (const [index, element] of path.entries()) {
      if (index === path.length - 1) {
        node.members.add(element)
        break
      }
      let next = node.children.get(element)
      if (next === undefined) {
        next = draft()
        node.children.set(element, next)
      }
      node = next
    }
  }
  return root
}

/**
 * The paths of a set, each above those below it.
 *
 * @category accessors
 * @since 0.1.0
 */
export const paths = (set: FieldSet): ReadonlyArray<Path> => {
  const out: Array<Path> = []
  const visit = (node: FieldSet, prefix: Path): void => {
    for (const element of sorted(node)) {
      const path = [...prefix, element]
      if (node.members.has(element)) out.push(path)
      const child = node.children.get(element)
      if (child !== undefined) visit(child, path)
    }
  }
  visit(set, [])
  return out
}

const sorted = (set: FieldSet): ReadonlyArray<Element> => [...new Set([...set.members, ...set.children.keys()])].sort()

/**
 * Whether a path belongs to a set.
 *
 * @category guards
 * @since 0.1.0
 */
export const has = (set: FieldSet, path: Path): boolean => {
  const last = path.at(-1)
  const node = path.slice(0, -1).reduce<FieldSet | undefined>((node, element) => node?.children.get(element), set)
  return last !== undefined && node !== undefined && node.members.has(last)
}

/**
 * What of a set lies below one step; empty where nothing does.
 *
 * @category accessors
 * @since 0.1.0
 */
export const below = (set: FieldSet, element: Element): FieldSet => set.children.get(element) ?? empty

const combine = (
  left: FieldSet,
  right: FieldSet,
  member: (inLeft: boolean, inRight: boolean) => boolean,
  child: (left: FieldSet, right: FieldSet, element: Element) => FieldSet
): FieldSet => {
  const members = new Set<Element>()
  for (const element of left.members) if (member(true, right.members.has(element))) members.add(element)
  for (const element of right.members) {
    if (!left.members.has(element) && member(false, true)) members.add(element)
  }
  const children = new Map<Element, FieldSet>()
  for (const element of new Set([...left.children.keys(), ...right.children.keys()])) {
    const combined = child(below(left, element), below(right, element), element)
    if (!isEmpty(combined)) children.set(element, combined)
  }
  return { members, children }
}

/**
 * The paths that belong to one set or the other.
 *
 * @category combinators
 * @since 0.1.0
 */
export const union = (left: FieldSet, right: FieldSet): FieldSet => {
  if (isEmpty(left)) return right
  if (isEmpty(right)) return left
  return combine(left, right, () => true, union)
}

/**
 * The paths that belong to both sets.
 *
 * @category combinators
 * @since 0.1.0
 */
export const intersection = (left: FieldSet, right: FieldSet): FieldSet => {
  if (isEmpty(left) || isEmpty(right)) return empty
  return combine(left, right, (inLeft, inRight) => inLeft && inRight, intersection)
}

/**
 * The paths of the first set that do not belong to the second. Those below a path of the second stay.
 *
 * @category combinators
 * @since 0.1.0
 */
export const difference = (left: FieldSet, right: FieldSet): FieldSet => {
  if (isEmpty(left) || isEmpty(right)) return left
  return combine(left, right, (inLeft, inRight) => inLeft && !inRight, difference)
}

/**
 * The paths of the first set that neither belong to the second nor lie below one of its paths.
 *
 * @category combinators
 * @since 0.1.0
 */
export const recursiveDifference = (left: FieldSet, right: FieldSet): FieldSet => {
  if (isEmpty(left) || isEmpty(right)) return left
  return combine(
    left,
    right,
    (inLeft, inRight) => inLeft && !inRight,
    (below, other, element) => right.members.has(element) ? empty : recursiveDifference(below, other)
  )
}

/**
 * The leaves of a set: the paths that have no other below them.
 *
 * @category combinators
 * @since 0.1.0
 */
export const leaves = (set: FieldSet): FieldSet => ({
  members: new Set([...set.members].filter((element) => !set.children.has(element))),
  children: new Map([...set.children].map(([element, child]) => [element, leaves(child)]))
})

/**
 * Whether two sets hold the same paths.
 *
 * @category guards
 * @since 0.1.0
 */
export const equals = (left: FieldSet, right: FieldSet): boolean =>
  isEmpty(difference(left, right)) && isEmpty(difference(right, left))

/**
 * The set as `fieldsV1`, with its members in order.
 *
 * @category printing
 * @since 0.1.0
 */
export const toFieldsV1 = (set: FieldSet): FieldsV1 => {
  const out: Record<string, FieldsV1> = {}
  for (const element of sorted(set)) {
    const child = set.children.get(element)
    const inner = child === undefined ? {} : toFieldsV1(child)
    out[element] = child !== undefined && set.members.has(element) ? { ".": {}, ...inner } : inner
  }
  return out
}

const isElement = (element: string): boolean =>
  element.startsWith("f:") || /^k:\{.*\}$/s.test(element) || /^v:./s.test(element) || /^i:-?[0-9]+$/.test(element)

/**
 * Reads `fieldsV1`. Fails with `ParseError` for a step that is none of the four kinds.
 *
 * @category parsing
 * @since 0.1.0
 */
export const fromFieldsV1 = (fields: FieldsV1): Result.Result<FieldSet, ParseError> => {
  const members = new Set<Element>()
  const children = new Map<Element, FieldSet>()
  for (const [element, inner] of Object.entries(fields)) {
    if (element === ".") continue
    if (!isElement(element)) {
      return Result.fail(
        new ParseError({
          what: "field path",
          input: element,
          position: 0,
          reason: `invalid path element ${JSON.stringify(element)}`
        })
      )
    }
    const below = fromFieldsV1(inner)
    if (Result.isFailure(below)) return below
    if (isEmpty(below.success) || Object.hasOwn(inner, ".")) members.add(element)
    if (!isEmpty(below.success)) children.set(element, below.success)
  }
  return Result.succeed({ members, children })
}

/**
 * A path for people, as conflicts name it: `.spec.template.spec.containers[name="web"].image`.
 *
 * @category printing
 * @since 0.1.0
 */
export const printPath = (path: Path): string =>
  path.map((element) => {
    const rest = element.slice(2)
    switch (element.slice(0, 2)) {
      case "f:":
        return `.${rest}`
      case "k:":
        return `[${
          Object.entries(JSON.parse(rest) as { readonly [name: string]: unknown }).map(([name, item]) =>
            `${name}=${JSON.stringify(item)}`
          ).join(",")
        }]`
      case "v:":
        return `[=${rest}]`
      default:
        return `[${rest}]`
    }
  }).join("")
