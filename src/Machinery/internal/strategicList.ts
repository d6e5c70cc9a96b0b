/**
 * Lists in strategic merge patches: how a field is merged, what tells items apart, and the order that a merged list
 * gets. The words of the errors are client-go's.
 *
 * @internal
 */
import * as Result from "effect/Result"
import * as Json from "../Json.ts"
import * as PatchError from "../PatchError.ts"
import * as Structure from "../Structure.ts"
import * as GoText from "./goText.ts"

/** The directives of a strategic merge patch. */
export const marker = "$patch"
export const retainKeys = "$retainKeys"
export const setElementOrder = "$setElementOrder"
export const deleteFromPrimitiveList = "$deleteFromPrimitiveList"

/** What is computed, or why it cannot be. */
export type Outcome<A> = Result.Result<A, PatchError.PatchError>

/** The patch breaks the rules of its kind. */
export const malformed = (description: string): Outcome<never> =>
  Result.fail(new PatchError.PatchError({ reason: new PatchError.Malformed({ description }) }))

/** The patch does not fit the object. */
export const inapplicable = (description: string): Outcome<never> =>
  Result.fail(new PatchError.PatchError({ reason: new PatchError.Inapplicable({ description }) }))

/** A value of another type than the directive or the strategy needs. */
export const wrongType = (expected: unknown, received: unknown): Outcome<never> =>
  malformed(`expected a ${GoText.typeName(expected)}, but received a ${GoText.typeName(received)}`)

/** A list item without the member that tells it apart. */
export const noMergeKey = (item: unknown, mergeKey: string): Outcome<never> =>
  inapplicable(`map: ${GoText.print(item)} does not contain declared merge key: ${mergeKey}`)

/** How one field is merged. */
export interface Strategy {
  readonly merge: boolean
  readonly replace: boolean
  readonly retainKeys: boolean
  /** Empty for lists of scalars. */
  readonly mergeKey: string
  /** The structure of the value or of the items. */
  readonly of: Structure.Structure | undefined
}

/** How a structure merges one of its fields. */
export const strategyOf = (structure: Structure.Structure | undefined, key: string): Strategy => {
  const field = Structure.field(structure, key)
  const strategies = field?.patchStrategy ?? []
  return {
    merge: strategies.includes("merge"),
    replace: strategies.includes("replace"),
    retainKeys: strategies.includes("retainKeys"),
    mergeKey: field?.patchMergeKey ?? "",
    of: Structure.of(field)
  }
}

/** A list of a patch or an object. */
export type List = ReadonlyArray<unknown>

/** The one kind of all items, undefined for no items. */
export const kindOfItems = (...lists: ReadonlyArray<List>): Outcome<Json.Kind | undefined> => {
  let kind: Json.Kind | undefined
  for (const list of lists) {
    for (const item of list) {
      const itsKind = Json.kindOf(item)
      if (itsKind === "array") return inapplicable("lists of lists are not supported")
      if (kind !== undefined && kind !== itsKind) {
        return malformed(`list element types are not identical: ${GoText.print(lists)}`)
      }
      kind = itsKind
    }
  }
  return Result.succeed(kind)
}

/** Whether an item carries a directive instead of, or beside, its members. */
export const isDirective = (item: unknown): boolean => Json.isObject(item) && Json.has(item, marker)

/** Whether an item says that its namesake is to be deleted. */
export const isDeletion = (item: unknown): boolean => Json.isObject(item) && item[marker] === "delete"

const valueOf = (item: unknown, mergeKey: string): unknown =>
  mergeKey === "" ? item : Json.isObject(item) ? Json.get(item, mergeKey) : undefined

/** Where the namesake of an item stands in a list, -1 if nowhere. */
export const indexOf = (list: List, item: unknown, mergeKey: string): number => {
  const wanted = valueOf(item, mergeKey)
  return list.findIndex((candidate) => valueOf(candidate, mergeKey) === wanted)
}

/** Fails where an item of a keyed list has no key. */
export const checkKeys = (mergeKey: string, ...lists: ReadonlyArray<List>): Outcome<void> => {
  if (mergeKey === "") return Result.succeed(undefined)
  for (const list of lists) {
    for (const item of list) {
      if (!Json.isObject(item)) return wrongType({}, item)
      if (!Json.has(item, mergeKey)) return noMergeKey(item, mergeKey)
    }
  }
  return Result.succeed(undefined)
}

const positions = (list: List, mergeKey: string): ReadonlyMap<unknown, number> => {
  const places = new Map<unknown, number>()
  list.forEach((item, index) => {
    const value = valueOf(item, mergeKey)
    if (!places.has(value)) places.set(value, index)
  })
  return places
}

/** Sorts a list as another one is, which has a namesake of each item; what is to be deleted goes to the end. */
export const sortBy = (list: List, order: List, mergeKey: string): Outcome<List> =>
  Result.map(checkKeys(mergeKey, list, order), () => {
    const places = positions(order, mergeKey)
    const place = (item: unknown) => places.get(valueOf(item, mergeKey)) ?? -1
    const kept = mergeKey === "" ? list : list.filter((item) => !isDeletion(item))
    const deleted = mergeKey === "" ? [] : list.filter(isDeletion)
    return [...[...kept].sort((left, right) => place(left) - place(right)), ...deleted]
  })

/**
 * The merged list in its order: the patch's items as the patch orders them, what only the server has before the first
 * item of the patch that stood behind it.
 */
export const inOrder = (merged: List, patchOrder: List, serverOrder: List, mergeKey: string): Outcome<List> =>
  Result.gen(function*() {
    yield* checkKeys(mergeKey, merged)
    const inPatch = positions(patchOrder, mergeKey)
    const onServer = positions(serverOrder, mergeKey)
    const isPatched = (item: unknown) => inPatch.has(valueOf(item, mergeKey))
    const patched = yield* sortBy(merged.filter(isPatched), patchOrder, mergeKey)
    const others = yield* sortBy(merged.filter((item) => !isPatched(item)), serverOrder, mergeKey)
    const result: Array<unknown> = []
    let next = 0
    for (const item of others) {
      const place = onServer.get(valueOf(item, mergeKey))
      while (next < patched.length) {
        const other = onServer.get(valueOf(patched[next], mergeKey))
        if (place !== undefined && other !== undefined && place < other) break
        result.push(patched[next++])
      }
      result.push(item)
    }
    return [...result, ...patched.slice(next)]
  })
