/**
 * Applying a strategic merge patch: to an object, as the API server does, or to another patch, which is how a three-way
 * patch is put together. In the latter, nulls and directives are kept instead of obeyed.
 *
 * @internal
 */
import * as Result from "effect/Result"
import * as Json from "../Json.ts"
import type { Structure } from "../Structure.ts"
import * as GoText from "./goText.ts"
import * as Lists from "./strategicList.ts"

/** What the patch is merged into. */
export type Into = "object" | "patch"

type Draft = Record<string, unknown>

/** Merges a patch into an object or into another patch. */
export const merge = (
  original: Json.JsonObject,
  given: Json.JsonObject,
  structure: Structure | undefined,
  into: Into
): Lists.Outcome<Json.JsonObject> =>
  Result.gen(function*() {
    if (Json.has(given, Lists.marker)) return yield* directive(given, into)
    const result = Json.copy(original)
    const patch = Json.copy(given)
    yield* retain(result, patch, into)
    yield* orderedLists(result, patch, structure, into)
    for (const [key, value] of Json.entries(patch)) {
      const isDeletion = key.startsWith(Lists.deleteFromPrimitiveList)
      if (isDeletion && into === "patch") {
        Json.set(result, key, value)
        continue
      }
      const name = isDeletion
        ? yield* nameOf(key, Lists.deleteFromPrimitiveList, "invalid patch format of primitive list")
        : key
      if (value === null) {
        delete result[name]
        if (into === "patch") Json.set(result, name, null)
        continue
      }
      const current = Json.get(result, name)
      if (current === undefined || Json.kindOf(current) !== Json.kindOf(value)) {
        if (!isDeletion) take(result, name, value, into)
        continue
      }
      const strategy = Lists.strategyOf(structure, name)
      if (Json.isObject(current) && Json.isObject(value)) {
        Json.set(result, name, strategy.replace ? keep(value, into) : yield* merge(current, value, strategy.of, into))
      } else if (Json.isArray(current) && Json.isArray(value)) {
        Json.set(result, name, yield* mergeField(current, value, strategy, into, isDeletion))
      } else Json.set(result, name, value)
    }
    return result
  })

const directive = (patch: Json.JsonObject, into: Into): Lists.Outcome<Json.JsonObject> => {
  switch (patch[Lists.marker]) {
    case "replace": {
      const { [Lists.marker]: _, ...rest } = patch
      return Result.succeed(keep(rest, into) as Json.JsonObject)
    }
    case "delete":
      return Result.succeed({})
    default:
      return Lists.malformed(`unknown patch type: ${GoText.print(patch[Lists.marker])} in map: ${GoText.print(patch)}`)
  }
}

const nameOf = (key: string, prefix: string, problem: string): Lists.Outcome<string> =>
  key.startsWith(`${prefix}/`) ? Result.succeed(key.slice(prefix.length + 1)) : Lists.malformed(problem)

const isDirectiveKey = (key: string): boolean =>
  key === Lists.retainKeys || key.startsWith(`${Lists.setElementOrder}/`) ||
  key.startsWith(`${Lists.deleteFromPrimitiveList}/`)

/**
 * A value taken from the patch as it is: parts that are directives fall away. Into an object, so do nulls and the keys
 * of directives, which the server drops when it decodes the result.
 */
const keep = (value: unknown, into: Into): unknown => {
  if (Json.isArray(value)) return value.filter((item) => !Lists.isDirective(item)).map((item) => keep(item, into))
  if (!Json.isObject(value)) return value
  const result: Draft = {}
  for (const [key, member] of Json.entries(value)) {
    if (Lists.isDirective(member)) continue
    if (into === "object" && (member === null || isDirectiveKey(key))) continue
    Json.set(result, key, keep(member, into))
  }
  return result
}

const take = (result: Draft, key: string, value: unknown, into: Into): void => {
  if (Lists.isDirective(value)) delete result[key]
  else Json.set(result, key, keep(value, into))
}

const retain = (result: Draft, patch: Draft, into: Into): Lists.Outcome<void> => {
  const retained = Json.get(patch, Lists.retainKeys)
  if (retained === undefined) return Result.succeed(undefined)
  delete patch[Lists.retainKeys]
  if (into === "patch") {
    const before = Json.get(result, Lists.retainKeys)
    if (before !== undefined && !Json.equal(before, retained)) {
      return Lists.malformed(
        `${GoText.print(before)} and ${
          GoText.print(retained)
        } are not deep equal: this may happen when calculating the 3-way diff patch`
      )
    }
    result[Lists.retainKeys] = retained
    return Result.succeed(undefined)
  }
  const bad = Lists.malformed("invalid patch format of retainKeys")
  if (!Json.isArray(retained)) return bad
  for (const [key, value] of Json.entries(patch)) {
    if (value !== null && !isDirectiveKey(key) && !retained.includes(key)) return bad
  }
  for (const key of Object.keys(result)) {
    if (!retained.includes(key)) delete result[key]
  }
  return Result.succeed(undefined)
}

/** Merges the lists whose order the patch sets, and takes them out of the patch. */
const orderedLists = (
  result: Draft,
  patch: Draft,
  structure: Structure | undefined,
  into: Into
): Lists.Outcome<void> =>
  Result.gen(function*() {
    const bad = "invalid patch format of setElementOrder list"
    for (const [key, order] of Json.entries(patch)) {
      if (!key.startsWith(Lists.setElementOrder)) continue
      if (into === "patch") {
        const before = Json.get(result, key)
        if (before !== undefined && !Json.equal(before, order)) return yield* Lists.malformed(bad)
        Json.set(result, key, order)
      }
      delete patch[key]
      if (!Json.isArray(order)) return yield* Lists.wrongType([], order)
      const name = yield* nameOf(key, Lists.setElementOrder, bad)
      const current = Json.get(result, name)
      const change = Json.get(patch, name)
      if (current !== undefined && !Json.isArray(current)) return yield* Lists.wrongType([], current)
      if (change !== undefined && !Json.isArray(change)) return yield* Lists.wrongType([], change)
      const strategy = Lists.strategyOf(structure, name)
      yield* checkOrder(change ?? [], order, strategy.mergeKey)
      if (current === undefined && change === undefined) continue
      const merged = change === undefined
        ? current ?? []
        : current === undefined
        ? keep(change, into) as Lists.List
        : yield* mergeField(current, change, strategy, into, false)
      Json.set(result, name, yield* Lists.inOrder(merged, order, current ?? [], strategy.mergeKey))
      delete patch[name]
    }
  })

/** The items of the patch must all be in the order, and in that order. */
const checkOrder = (patch: Lists.List, order: Lists.List, mergeKey: string): Lists.Outcome<void> =>
  Result.gen(function*() {
    if (patch.length === 0 || order.length === 0) return
    const wanted = mergeKey === "" ? patch : patch.filter((item) => !Lists.isDirective(item))
    yield* Lists.checkKeys(mergeKey, wanted, order)
    let next = 0
    for (const item of order) {
      if (next < wanted.length && Lists.indexOf([item], wanted[next], mergeKey) === 0) next++
    }
    if (next < wanted.length) {
      return yield* Lists.malformed(
        `The order in patch list:\n${GoText.print(patch)}\n doesn't match ${Lists.setElementOrder} list:\n${
          GoText.print(order)
        }\n`
      )
    }
  })

const mergeField = (
  original: Lists.List,
  patch: Lists.List,
  strategy: Lists.Strategy,
  into: Into,
  isDeletion: boolean
): Lists.Outcome<Lists.List> =>
  strategy.merge || isDeletion
    ? mergeLists(original, patch, strategy, into, isDeletion)
    : Result.succeed(keep(patch, into) as Lists.List)

const mergeLists = (
  original: Lists.List,
  patch: Lists.List,
  { mergeKey, of }: Lists.Strategy,
  into: Into,
  isDeletion: boolean
): Lists.Outcome<Lists.List> =>
  Result.gen(function*() {
    const kind = yield* Lists.kindOfItems(original, patch)
    if (kind === undefined) return original
    if (kind !== "object") {
      if (isDeletion) return original.filter((item) => !patch.includes(item))
      const merged = [...new Set([...original, ...patch])]
      return yield* Lists.inOrder(merged, patch, original, mergeKey)
    }
    if (mergeKey === "") return yield* Lists.inapplicable("cannot merge lists without merge key for struct")
    const [kept, changes] = yield* obeyItems(original, patch, mergeKey, into)
    const merged = [...kept]
    for (const item of changes) {
      if (!Json.isObject(item)) return yield* Lists.wrongType({}, item)
      if (!Json.has(item, mergeKey)) return yield* Lists.noMergeKey(item, mergeKey)
      const index = Lists.indexOf(merged, item, mergeKey)
      const current = merged[index]
      if (Json.isObject(current)) merged[index] = yield* merge(current, item, of, into)
      else merged.push(keep(item, into))
    }
    return yield* Lists.inOrder(merged, changes, kept, mergeKey)
  })

/** Obeys the items that are directives: what is left of the list, and of the patch. */
const obeyItems = (
  original: Lists.List,
  patch: Lists.List,
  mergeKey: string,
  into: Into
): Lists.Outcome<readonly [list: Lists.List, patch: Lists.List]> =>
  Result.gen(function*() {
    let kept = original
    let replaces = false
    for (const item of patch) {
      if (!Json.isObject(item) || !Json.has(item, Lists.marker)) continue
      switch (item[Lists.marker]) {
        case "delete":
          if (!Json.has(item, mergeKey)) return yield* Lists.noMergeKey(item, mergeKey)
          kept = kept.filter((candidate) => Lists.indexOf([candidate], item, mergeKey) < 0)
          break
        case "replace":
          replaces = true
          break
        case "merge":
          return yield* Lists.malformed("merging lists cannot yet be specified in the patch")
        default:
          return yield* Lists.malformed(
            `unknown patch type: ${GoText.print(item[Lists.marker])} in map: ${GoText.print(item)}`
          )
      }
    }
    const changes = patch.filter((item) => !Lists.isDirective(item))
    return replaces ? [keep(changes, into) as Lists.List, []] : [kept, changes]
  })
