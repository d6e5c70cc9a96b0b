/**
 * What server-side apply does with objects: which fields one has, how two differ, what a merge of one into another
 * gives, and what is left without some fields.
 *
 * It knows a kind by its `Structure`: lists that are maps or sets are taken item by item, everything atomic is taken
 * whole. The behaviour is that of structured-merge-diff, which kube-apiserver uses. Values are never changed in place.
 *
 * @see https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy
 * @since 0.1.0
 */
import * as Json from "../Machinery/Json.ts"
import * as Structure from "../Machinery/Structure.ts"
import * as FieldSet from "./FieldSet.ts"

type Field = Structure.Field

/** A value that is no value, as one side of a merge may have. */
const absent = undefined

const asField = (structure: Structure.Structure | undefined): Field | undefined =>
  structure === undefined ? undefined : { of: () => structure }

const isGranularList = (field: Field | undefined): boolean => field?.listType === "map" || field?.listType === "set"

const isAtomic = (value: unknown, field: Field | undefined): boolean =>
  Json.isArray(value) ? !isGranularList(field) : field?.atomic === true || Structure.of(field)?.atomic === true

const itemField = (field: Field | undefined): Field | undefined => asField(Structure.of(field))

const memberField = (field: Field | undefined, name: string): Field | undefined =>
  Structure.field(Structure.of(field), name)

/** Keys that the API server fills in before it compares. */
const keyDefaults: { readonly [name: string]: unknown } = { protocol: "TCP" }

const elementOf = (item: unknown, field: Field | undefined): FieldSet.Element => {
  if (field?.listType !== "map") return FieldSet.value(item)
  const keys: Record<string, unknown> = {}
  for (const name of field.listMapKeys ?? []) {
    const value = Json.isObject(item) ? Json.get(item, name) ?? keyDefaults[name] : undefined
    if (value !== undefined) keys[name] = value
  }
  return FieldSet.key(keys)
}

/**
 * The fields that an object has: leaves, atomic values, items of lists, keys of maps. What a manager owns after it
 * applied the object.
 *
 * @category accessors
 * @since 0.1.0
 */
export const fieldsOf = (object: object, structure: Structure.Structure | undefined): FieldSet.FieldSet => {
  const paths: Array<FieldSet.Path> = []
  const visit = (value: unknown, field: Field | undefined, path: FieldSet.Path): void => {
    if ((!Json.isObject(value) && !Json.isArray(value)) || isAtomic(value, field)) {
      paths.push(path)
      return
    }
    if (Json.isArray(value)) {
      for (const item of value) {
        const inner = [...path, elementOf(item, field)]
        visit(item, itemField(field), inner)
        paths.push(inner)
      }
      return
    }
    const structure = Structure.of(field)
    for (const [name, member] of Json.entries(value)) {
      const inner = [...path, FieldSet.field(name)]
      visit(member, memberField(field, name), inner)
      const isEmptyObject = Json.isObject(member) && Json.entries(member).length === 0
      const isMapKey = structure?.values !== undefined && !Object.hasOwn(structure.fields ?? {}, name)
      if (isEmptyObject || isMapKey) paths.push(inner)
    }
  }
  visit(object, asField(structure), [])
  return FieldSet.fromPaths(paths)
}

/**
 * How one object differs from another.
 *
 * @category models
 * @since 0.1.0
 */
export interface Comparison {
  readonly added: FieldSet.FieldSet
  readonly modified: FieldSet.FieldSet
  readonly removed: FieldSet.FieldSet
}

/**
 * The fields in which two objects differ. A container that only one of them has counts as a field of its own; one that
 * is null is there and holds nothing.
 *
 * @category combinators
 * @since 0.1.0
 */
export const compare = (
  before: object,
  after: object,
  structure: Structure.Structure | undefined
): Comparison => {
  const added: Array<FieldSet.Path> = []
  const modified: Array<FieldSet.Path> = []
  const removed: Array<FieldSet.Path> = []

  const leaf = (left: unknown, right: unknown, path: FieldSet.Path): void => {
    if (left === absent) added.push(path)
    else if (right === absent) removed.push(path)
    else if (!Json.equal(left, right)) modified.push(path)
  }
  const container = (left: unknown, right: unknown, path: FieldSet.Path): void => {
    if (left === absent) added.push(path)
    else if (right === absent) removed.push(path)
  }
  const visit = (left: unknown, right: unknown, field: Field | undefined, path: FieldSet.Path): void => {
    const isLeft = shapeOf(left)
    const isRight = shapeOf(right)
    // Null takes the shape of the other side, as an empty one.
    const kind = isLeft === "void" ? isRight : isRight === "void" || isLeft === isRight ? isLeft : "leaf"
    const sample = isLeft === "void" ? right : left
    const isVoid = Json.size(left) === 0 && Json.size(right) === 0
    if (kind === "leaf" || kind === "void" || isVoid || isAtomic(sample, field)) return leaf(left, right, path)
    if (kind === "list") lists(left, right, field, path)
    else maps(left, right, field, path)
    if (path.length > 0) container(left, right, path)
  }
  const maps = (left: unknown, right: unknown, field: Field | undefined, path: FieldSet.Path): void => {
    const first = Json.isObject(left) ? left : {}
    const second = Json.isObject(right) ? right : {}
    const names = new Set([...Json.entries(first), ...Json.entries(second)].map(([name]) => name))
    for (const name of names) {
      visit(Json.get(first, name), Json.get(second, name), memberField(field, name), [...path, FieldSet.field(name)])
    }
  }
  const lists = (left: unknown, right: unknown, field: Field | undefined, path: FieldSet.Path): void => {
    const first = index(left, field)
    const second = index(right, field)
    for (const element of new Set([...first.keys(), ...second.keys()])) {
      const inner = [...path, element]
      const lefts = first.get(element) ?? []
      const rights = second.get(element) ?? []
      if (lefts.length <= 1 && rights.length <= 1) visit(lefts[0], rights[0], itemField(field), inner)
      // Items that stand there twice are compared as one.
      else if (!Json.equal(lefts, rights)) modified.push(inner)
    }
  }
  visit(before, after, asField(structure), [])
  return {
    added: FieldSet.fromPaths(added),
    modified: FieldSet.fromPaths(modified),
    removed: FieldSet.fromPaths(removed)
  }
}

const shapeOf = (value: unknown): "list" | "map" | "leaf" | "void" =>
  value === absent || value === null ? "void" : Json.isArray(value) ? "list" : Json.isObject(value) ? "map" : "leaf"

const index = (list: unknown, field: Field | undefined): Map<FieldSet.Element, Array<unknown>> => {
  const items = new Map<FieldSet.Element, Array<unknown>>()
  for (const item of Json.isArray(list) ? list : []) {
    const element = elementOf(item, field)
    const known = items.get(element)
    if (known === undefined) items.set(element, [item])
    else known.push(item)
  }
  return items
}

/**
 * The items of lists that stand there twice, though the list is a map or a set: such an object cannot be applied.
 *
 * @category accessors
 * @since 0.1.0
 */
export const duplicates = (
  object: object,
  structure: Structure.Structure | undefined
): ReadonlyArray<{
  /** The list. */
  readonly path: FieldSet.Path
  /** Its item. */
  readonly element: FieldSet.Element
}> => {
  const found: Array<{ readonly path: FieldSet.Path; readonly element: FieldSet.Element }> = []
  const visit = (value: unknown, field: Field | undefined, path: FieldSet.Path): void => {
    if ((!Json.isObject(value) && !Json.isArray(value)) || isAtomic(value, field)) return
    if (Json.isArray(value)) {
      for (const [element, items] of index(value, field)) {
        if (items.length > 1) found.push({ path, element })
        for (const item of items) visit(item, itemField(field), [...path, element])
      }
      return
    }
    for (const [name, member] of Json.entries(value)) {
      visit(member, memberField(field, name), [...path, FieldSet.field(name)])
    }
  }
  visit(object, asField(structure), [])
  return found
}

/**
 * The live object with an applied configuration merged into it: members of maps and items of granular lists are merged,
 * everything else is the configuration's where it says anything. Shared items of a list come in the configuration's
 * order, the others stay where they were.
 *
 * @category combinators
 * @since 0.1.0
 */
export const merge = <A extends object>(
  live: A,
  configuration: object,
  structure: Structure.Structure | undefined
): A => mergeValue(live, configuration, asField(structure)) as A

const mergeValue = (live: unknown, applied: unknown, field: Field | undefined): unknown => {
  if (applied === undefined) return live
  // A container that is null has nothing to merge; it does not take away what is there.
  if (applied === null && (Json.isObject(live) || Json.isArray(live)) && !isAtomic(live, field)) return live
  if (live === undefined || live === null || isAtomic(applied, field)) return applied
  if (Json.isObject(applied)) {
    if (!Json.isObject(live)) return applied
    const out = Json.copy(live)
    for (const [name, value] of Json.entries(applied)) {
      Json.set(out, name, mergeValue(Json.get(live, name), value, memberField(field, name)))
    }
    return out
  }
  return Json.isArray(applied) && Json.isArray(live) ? mergeLists(live, applied, field) : applied
}

const mergeLists = (
  live: ReadonlyArray<unknown>,
  applied: ReadonlyArray<unknown>,
  field: Field | undefined
): ReadonlyArray<unknown> => {
  const left = live.map((item) => elementOf(item, field))
  const right = applied.map((item) => elementOf(item, field))
  const inRight = new Set(right)
  const shared = right.filter((element) => left.includes(element))
  const merged = new Set<FieldSet.Element>()
  const out: Array<unknown> = []
  const take = (at: number): void => {
    const element = right[at]
    if (element === undefined) return
    merged.add(element)
    const same = left.indexOf(element)
    out.push(same === -1 ? applied[at] : mergeValue(live[same], applied[at], itemField(field)))
    if (shared[0] === element) shared.shift()
  }
  let l = 0
  let r = 0
  while (l < left.length || r < right.length) {
    const element = left[l]
    if (element !== undefined && r < right.length) {
      if (element === right[r]) {
        take(r)
        l++
        r++
        continue
      }
      if (inRight.has(element) && shared.length > 0 && shared[0] !== element) {
        l++
        continue
      }
    }
    if (element !== undefined) {
      if (!inRight.has(element)) {
        out.push(live[l])
        l++
        continue
      }
      if (merged.has(element)) {
        l++
        continue
      }
    }
    if (r < right.length) {
      take(r)
      r++
    } else l++
  }
  return out
}

/**
 * The object without the fields of a set. A container that loses all it held is left as null: that it is there may be a
 * field of another manager.
 *
 * @category combinators
 * @since 0.1.0
 */
export const remove = <A extends object>(
  object: A,
  fields: FieldSet.FieldSet,
  structure: Structure.Structure | undefined
): A => (removeFrom(object, fields, asField(structure)) ?? {}) as A

const removeFrom = (value: unknown, fields: FieldSet.FieldSet, field: Field | undefined): unknown => {
  if (Json.isArray(value)) {
    if (!isGranularList(field)) return null
    const items: Array<unknown> = []
    for (const item of value) {
      const element = elementOf(item, field)
      if (fields.members.has(element)) continue
      const below = FieldSet.below(fields, element)
      items.push(FieldSet.isEmpty(below) ? item : removeFrom(item, below, itemField(field)))
    }
    return items.length === 0 ? null : items
  }
  if (!Json.isObject(value)) return value
  if (isAtomic(value, field)) return null
  const out: Record<string, unknown> = {}
  for (const [name, member] of Json.entries(value)) {
    const element = FieldSet.field(name)
    if (fields.members.has(element)) continue
    const below = FieldSet.below(fields, element)
    Json.set(out, name, FieldSet.isEmpty(below) ? member : removeFrom(member, below, memberField(field, name)))
  }
  return Object.keys(out).length === 0 ? null : out
}

/**
 * Only those parts of an object that a set names; keys of list items come with them.
 *
 * @category combinators
 * @since 0.1.0
 */
export const extract = <A extends object>(
  object: A,
  fields: FieldSet.FieldSet,
  structure: Structure.Structure | undefined
): Partial<A> => (extractFrom(object, fields, asField(structure)) ?? {}) as Partial<A>

const extractFrom = (value: unknown, fields: FieldSet.FieldSet, field: Field | undefined): unknown => {
  if (Json.isArray(value)) {
    if (!isGranularList(field)) return value
    const items: Array<unknown> = []
    for (const item of value) {
      const element = elementOf(item, field)
      const below = FieldSet.below(fields, element)
      if (!FieldSet.isEmpty(below)) items.push(withKeys(item, extractFrom(item, below, itemField(field)), field))
      else if (fields.members.has(element)) items.push(withKeys(item, Json.isObject(item) ? {} : item, field))
    }
    return items
  }
  if (!Json.isObject(value) || isAtomic(value, field)) return value
  const out: Record<string, unknown> = {}
  for (const [name, member] of Json.entries(value)) {
    const element = FieldSet.field(name)
    const below = FieldSet.below(fields, element)
    if (!FieldSet.isEmpty(below)) Json.set(out, name, extractFrom(member, below, memberField(field, name)))
    else if (fields.members.has(element)) {
      Json.set(out, name, isLeaf(member, memberField(field, name)) ? member : Json.isArray(member) ? [] : {})
    }
  }
  return out
}

const isLeaf = (value: unknown, field: Field | undefined): boolean =>
  (!Json.isObject(value) && !Json.isArray(value)) || isAtomic(value, field)

const withKeys = (item: unknown, part: unknown, field: Field | undefined): unknown => {
  if (field?.listType !== "map" || !Json.isObject(item) || !Json.isObject(part)) return part
  const out: Record<string, unknown> = {}
  for (const name of field.listMapKeys ?? []) if (Json.has(item, name)) Json.set(out, name, item[name])
  for (const [name, value] of Json.entries(part)) Json.set(out, name, value)
  return out
}

/**
 * The set with every container that leads to one of its fields, where the container is a field of a struct and not a
 * key of a map or an item of a list.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withContainers = (
  fields: FieldSet.FieldSet,
  structure: Structure.Structure | undefined
): FieldSet.FieldSet => {
  const visit = (set: FieldSet.FieldSet, structure: Structure.Structure | undefined): FieldSet.FieldSet => ({
    members: new Set([
      ...set.members,
      ...[...set.children.keys()].filter((element) =>
        element.startsWith("f:") &&
        (structure?.values === undefined || Object.hasOwn(structure.fields ?? {}, element.slice(2)))
      )
    ]),
    children: new Map([...set.children].map(([element, child]) => [
      element,
      visit(child, element.startsWith("f:") ? Structure.of(Structure.field(structure, element.slice(2))) : structure)
    ]))
  })
  return visit(fields, structure)
}
