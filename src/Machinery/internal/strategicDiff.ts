/**
 * Computing a strategic merge patch from two objects, and telling whether two patches conflict.
 *
 * @internal
 */
import * as Result from "effect/Result"
import * as Json from "../Json.ts"
import type { Structure } from "../Structure.ts"
import * as GoText from "./goText.ts"
import * as Lists from "./strategicList.ts"

/** Which part of the difference is wanted. */
export interface Options {
  readonly changes: boolean
  readonly deletions: boolean
  /** Whether merged lists get a `$setElementOrder`. */
  readonly order: boolean
}

/** The patch that leads from one object to another, or the part of it that is wanted. */
export const diff = (
  from: Json.JsonObject,
  to: Json.JsonObject,
  structure: Structure | undefined,
  options: Options,
  retains = false
): Lists.Outcome<Record<string, unknown>> =>
  Result.gen(function*() {
    const patch: Record<string, unknown> = {}
    for (const [key, wanted] of Json.entries(to)) {
      const current = Json.get(from, key)
      if (Json.isObject(current) && Json.isObject(wanted)) {
        const strategy = Lists.strategyOf(structure, key)
        if (strategy.replace) {
          if (options.changes && !Json.equal(current, wanted)) Json.set(patch, key, wanted)
        } else {
          const inner = yield* diff(current, wanted, strategy.of, options, strategy.retainKeys)
          if (Object.keys(inner).length > 0) Json.set(patch, key, inner)
        }
      } else if (Json.isArray(current) && Json.isArray(wanted)) {
        const strategy = Lists.strategyOf(structure, key)
        if (strategy.merge) yield* diffLists(patch, key, current, wanted, strategy, options)
        else if (options.changes && !Json.equal(current, wanted)) Json.set(patch, key, wanted)
      } else if (options.changes && !Json.equal(current, wanted)) Json.set(patch, key, wanted)
    }
    const gone = Json.entries(from).filter(([key]) => !Json.has(to, key))
    if (options.deletions) { for (const [key] of gone) Json.set(patch, key, null) }
    const retained = Json.entries(to).filter(([, value]) => value !== null).map(([key]) => key)
    if (
      retains && retained.length > 0 &&
      (Object.keys(patch).length > 0 || gone.some(([, value]) => value !== null))
    ) patch[Lists.retainKeys] = retained.sort(GoText.compare)
    return patch
  })

const diffLists = (
  patch: Record<string, unknown>,
  key: string,
  from: Lists.List,
  to: Lists.List,
  strategy: Lists.Strategy,
  options: Options
): Lists.Outcome<void> =>
  Result.gen(function*() {
    if (from.length === 0) {
      if (to.length > 0 && options.changes) Json.set(patch, key, to)
      return
    }
    const kind = yield* Lists.kindOfItems(from, to)
    if (kind !== "object") {
      const added = options.changes ? [...new Set(to.filter((item) => !from.includes(item)))] : []
      const deleted = options.deletions ? [...new Set(from.filter((item) => !to.includes(item)))].sort(byText) : []
      if (added.length > 0) Json.set(patch, key, added)
      if (deleted.length > 0) patch[`${Lists.deleteFromPrimitiveList}/${key}`] = deleted
      const changed = options.changes && !Json.equal(from, to)
      if (options.order && (deleted.length > 0 || changed) && to.length > 0) {
        patch[`${Lists.setElementOrder}/${key}`] = to
      }
      return
    }
    const { mergeKey } = strategy
    yield* Lists.checkKeys(mergeKey, from, to)
    const changed = yield* diffItems(from, to, strategy, options)
    const items = [...yield* Lists.sortBy(changed.items, to, mergeKey), ...changed.deleted]
    if (items.length > 0) Json.set(patch, key, items)
    const sameOrder = from.length === to.length &&
      to.every((item, index) => Lists.indexOf([from[index]], item, mergeKey) === 0)
    const ordered = (options.changes && (items.length > 0 || !sameOrder)) || (options.deletions && items.length > 0)
    if (options.order && ordered && to.length > 0) {
      patch[`${Lists.setElementOrder}/${key}`] = to.map((item) => ({ [mergeKey]: (item as Json.JsonObject)[mergeKey] }))
    }
  })

const byText = (left: unknown, right: unknown): number => GoText.compare(GoText.print(left), GoText.print(right))

/** Pairs the items of two keyed lists by the text of their keys, both sorted by it. */
const diffItems = (
  from: Lists.List,
  to: Lists.List,
  { mergeKey, of, retainKeys }: Lists.Strategy,
  options: Options
): Lists.Outcome<{ readonly items: Lists.List; readonly deleted: Lists.List }> =>
  Result.gen(function*() {
    const keyOf = (item: unknown): string => GoText.print(Json.isObject(item) ? item[mergeKey] : item)
    const sorted = (list: Lists.List) => [...list].sort((left, right) => GoText.compare(keyOf(left), keyOf(right)))
    const before = sorted(from)
    const after = sorted(to)
    const items: Array<unknown> = []
    const deleted: Array<unknown> = []
    let left = 0
    let right = 0
    while (left < before.length || right < after.length) {
      const current = before[left]
      const wanted = after[right]
      const order = left >= before.length
        ? 1
        : right >= after.length
        ? -1
        : GoText.compare(keyOf(current), keyOf(wanted))
      if (order === 0 && Json.isObject(current) && Json.isObject(wanted)) {
        const inner = yield* diff(current, wanted, of, options, retainKeys)
        if (Object.keys(inner).length > 0) items.push({ ...inner, [mergeKey]: wanted[mergeKey] })
      } else if (order > 0) {
        if (options.changes) items.push(wanted)
      } else if (options.deletions && Json.isObject(current)) {
        deleted.push({ [mergeKey]: current[mergeKey], [Lists.marker]: "delete" })
      }
      if (order <= 0) left++
      if (order >= 0) right++
    }
    return { items, deleted }
  })

/** Whether two patches of one type set one field to different values. */
export const conflicts = (
  left: unknown,
  right: unknown,
  structure: Structure | undefined,
  strategy?: Lists.Strategy
): boolean => {
  if (Json.isObject(left)) {
    if (!Json.isObject(right)) return true
    if (left[Lists.marker] !== right[Lists.marker]) return true
    if (strategy?.replace === true) return false
    return Json.entries(left).some(([key, value]) => {
      if (key === Lists.marker || key === Lists.retainKeys || !Json.has(right, key)) return false
      const inner = Lists.strategyOf(structure, key)
      return conflicts(value, right[key], inner.of, inner)
    })
  }
  if (!Json.isArray(left)) return left !== right
  if (!Json.isArray(right)) return true
  const ofObjects = [...left, ...right].some(Json.isObject)
  if (strategy?.merge === true) {
    // Scalars of a merged list cannot conflict: each is there or not.
    return ofObjects && left.some((item) => {
      const index = Lists.indexOf(right, item, strategy.mergeKey)
      return index >= 0 && conflicts(item, right[index], structure)
    })
  }
  if (left.length !== right.length) return true
  const [first, second] = ofObjects ? [left, right] : [[...left].sort(byText), [...right].sort(byText)]
  return first.some((item, index) => conflicts(item, second[index], structure))
}
