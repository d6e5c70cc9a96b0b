/**
 * The functions of the Common Expression Language with its extensions for strings, lists and sets. What types they take
 * stands in `celSignatures.ts`; here a value of another type, which only a dynamic one can be, fails.
 *
 * @internal
 */
import * as Result from "effect/Result"
import * as CelConversions from "./celConversions.ts"
import { fail, type Implementation, integer, noOverload, unsigned } from "./celConversions.ts"
import * as CelFormat from "./celFormat.ts"
import * as CelTimes from "./celTimes.ts"
import * as CelValues from "./celValues.ts"
import * as RegularExpression from "./regularExpression.ts"

type Outcome<A = unknown> = CelValues.Outcome<A>

const least = -(2n ** 63n)

const divided = (operator: string, left: bigint, right: bigint): Result.Result<bigint, string> => {
  if (right === 0n) return fail(operator === "/" ? "division by zero" : "modulus by zero")
  return Result.succeed(operator === "/" ? left / right : left % right)
}

const whole = (operator: string, left: bigint, right: bigint): Result.Result<bigint, string> => {
  switch (operator) {
    case "+":
      return Result.succeed(left + right)
    case "-":
      return Result.succeed(left - right)
    case "*":
      return Result.succeed(left * right)
    default:
      return operator === "%" && left === least && right === -1n
        ? fail("integer overflow")
        : divided(operator, left, right)
  }
}

const joined = (left: CelValues.List, right: CelValues.List): CelValues.List => {
  const identity = CelValues.identity(left) ?? CelValues.identity(right)
  if (identity === undefined) return [...left, ...right]
  // Of a list whose order does not count, an item that is there is replaced where it stands.
  const items = new Map(left.map((item) => [identity(item), item]))
  for (const item of right) items.set(identity(item), item)
  return CelValues.withIdentity([...items.values()], identity)
}

const arithmetic = (operator: string): Implementation => ([left, right]) => {
  if (typeof left === "bigint" && typeof right === "bigint") {
    return Result.flatMap(whole(operator, left, right), integer)
  }
  if (left instanceof CelValues.Unsigned && right instanceof CelValues.Unsigned) {
    return Result.flatMap(whole(operator, left.value, right.value), unsigned)
  }
  if (typeof left === "number" && typeof right === "number" && operator !== "%") {
    return Result.succeed(
      operator === "+" ? left + right : operator === "-" ? left - right : operator === "*" ? left * right : left / right
    )
  }
  if (left instanceof CelValues.Moment && right instanceof CelValues.Moment) return CelTimes.add(operator, left, right)
  if (operator !== "+") return noOverload
  if (typeof left === "string" && typeof right === "string") return Result.succeed(left + right)
  if (left instanceof Uint8Array && right instanceof Uint8Array) return Result.succeed(Uint8Array.of(...left, ...right))
  return CelValues.isList(left) && CelValues.isList(right) ? Result.succeed(joined(left, right)) : noOverload
}

const ordered = (test: (compared: number) => boolean): Implementation => ([left, right]) => {
  const compared = CelValues.compare(left, right)
  if (compared === undefined) return noOverload
  const isNumber = !Number.isNaN(left) && !Number.isNaN(right)
  return Result.succeed(isNumber && test(compared))
}

/** The value of a list or map at an index or key; `undefined` where there is none. */
const at = (on: unknown, key: unknown): Outcome => {
  if (CelValues.isList(on)) {
    if (typeof key === "number") {
      return fail(Number.isInteger(key) ? `unsupported index: ${key}` : `unsupported index value ${key} in list`)
    }
    const index = typeof key === "bigint" ? key : key instanceof CelValues.Unsigned ? key.value : undefined
    if (index === undefined) return noOverload
    return index >= 0n && index < BigInt(on.length)
      ? Result.succeed(on[Number(index)])
      : fail(`index out of bounds: ${index}`)
  }
  if (!(on instanceof CelValues.CelMap)) return noOverload
  return on.has(key) ? Result.succeed(on.get(key)) : fail(`no such key: ${shown(key)}`)
}

const shown = (key: unknown): string => key instanceof CelValues.Unsigned ? String(key.value) : String(key)

/** The value at a key, missing where there is none. */
export const optionally = (on: unknown, key: unknown): Outcome => {
  const inner = on instanceof CelValues.Maybe ? on.value : on
  if (inner === undefined) return Result.succeed(CelValues.nothing)
  if (!CelValues.isList(inner) && !(inner instanceof CelValues.CelMap)) return noOverload
  const found = at(inner, key)
  return Result.succeed(Result.isSuccess(found) ? new CelValues.Maybe(found.success) : CelValues.nothing)
}

/** The value at a key of what a value or an optional one holds. */
export const member = (on: unknown, key: unknown): Outcome =>
  on instanceof CelValues.Maybe ? optionally(on, key) : at(on, key)

const characters = (text: string): ReadonlyArray<string> => Array.from(text)

const size: Implementation = ([value]) =>
  typeof value === "string"
    ? Result.succeed(BigInt(characters(value).length))
    : value instanceof Uint8Array || CelValues.isList(value)
    ? Result.succeed(BigInt(value.length))
    : value instanceof CelValues.CelMap
    ? Result.succeed(BigInt(value.entries.size))
    : noOverload

const text = (make: (text: string, ...rest: ReadonlyArray<string>) => unknown): Implementation => (given) =>
  given.every((each) => typeof each === "string")
    ? Result.succeed(make(given[0] ?? "", ...given.slice(1)))
    : noOverload

const matching =
  (make: (expression: RegExp, text: string, limit: number) => unknown): Implementation => ([on, pattern, limit]) =>
    typeof on !== "string" || typeof pattern !== "string" || (limit !== undefined && typeof limit !== "bigint")
      ? noOverload
      : Result.map(
        RegularExpression.make(pattern),
        (expression) => make(expression, on, limit === undefined ? -1 : Number(limit))
      )

const all = (expression: RegExp, text: string): ReadonlyArray<string> =>
  [...text.matchAll(new RegExp(expression.source, `${expression.flags}g`))].map(([found]) => found)

const outOfRange = (index: bigint) => fail(`index out of range: ${index}`)

/** Where a part begins in a text, counted in characters, from a place on or before one. */
const found = (isLast: boolean): Implementation => ([on, part, offset]) => {
  if (CelValues.isList(on)) {
    const index = isLast
      ? on.findLastIndex((each) => CelValues.equal(each, part))
      : on.findIndex((each) => CelValues.equal(each, part))
    return Result.succeed(BigInt(index))
  }
  if (typeof on !== "string" || typeof part !== "string") return noOverload
  const letters = characters(on)
  const wanted = characters(part)
  if (offset !== undefined && typeof offset !== "bigint") return noOverload
  if (wanted.length === 0) return Result.succeed(offset ?? (isLast ? BigInt(letters.length) : 0n))
  if (offset !== undefined && offset < 0n) return outOfRange(offset)
  if (offset !== undefined && offset >= BigInt(letters.length)) return Result.succeed(-1n)
  const fits = (start: number) => wanted.every((letter, index) => letters[start + index] === letter)
  const starts = Array.from(letters.keys()).filter((start) =>
    offset === undefined || (isLast ? start <= Number(offset) : start >= Number(offset))
  )
  return Result.succeed(BigInt((isLast ? starts.findLast(fits) : starts.find(fits)) ?? -1))
}

const substring: Implementation = ([on, from, to]) => {
  if (typeof on !== "string" || typeof from !== "bigint" || (to !== undefined && typeof to !== "bigint")) {
    return noOverload
  }
  const letters = characters(on)
  const end = to ?? BigInt(letters.length)
  const outside = [from, end].find((index) => index < 0n || index > BigInt(letters.length))
  if (outside !== undefined) return outOfRange(outside)
  return from > end
    ? fail(`invalid substring range. start: ${from}, end: ${end}`)
    : Result.succeed(letters.slice(Number(from), Number(end)).join(""))
}

const charAt: Implementation = ([on, index]) => {
  if (typeof on !== "string" || typeof index !== "bigint") return noOverload
  const letters = characters(on)
  return index < 0n || index > BigInt(letters.length)
    ? outOfRange(index)
    : Result.succeed(letters[Number(index)] ?? "")
}

const split: Implementation = ([on, separator, limit]) => {
  if (typeof on !== "string" || typeof separator !== "string") return noOverload
  const parts = separator === "" ? characters(on) : on.split(separator)
  if (typeof limit !== "bigint" || limit < 0n || limit > BigInt(parts.length)) return Result.succeed(parts)
  if (limit === 0n) return Result.succeed([])
  const count = Number(limit) - 1
  return Result.succeed([...parts.slice(0, count), parts.slice(count).join(separator)])
}

const replace: Implementation = ([on, from, to, limit]) => {
  if (typeof on !== "string" || typeof from !== "string" || typeof to !== "string") return noOverload
  const most = typeof limit !== "bigint" || limit < 0n ? Infinity : Number(limit)
  const parts = from === "" ? ["", ...characters(on), ""] : on.split(from)
  return Result.succeed(
    parts.reduce((out, part, index) => index === 0 ? part : `${out}${index <= most ? to : from}${part}`)
  )
}

const blank =
  /^[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+|[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+$/g

const list =
  (make: (list: CelValues.List, ...rest: ReadonlyArray<unknown>) => Outcome): Implementation => ([on, ...rest]) =>
    CelValues.isList(on) ? make(on, ...rest) : noOverload

const byOrder = (left: unknown, right: unknown): number => CelValues.compare(left, right) ?? 0

const extreme = (name: string, sign: number): Implementation =>
  list((items) =>
    items.length === 0
      ? fail(`${name} called on empty list`)
      : Result.succeed(items.reduce((best, item) => byOrder(item, best) * sign > 0 ? item : best))
  )

const sum: Implementation = list((items) => {
  const [first, ...rest] = items
  return rest.reduce<Outcome>(
    (total, item) => Result.flatMap(total, (value) => arithmetic("+")([value, item])),
    // Of nothing there is no type to see; the checker knows it, but whole numbers are what is added.
    Result.succeed(first ?? 0n)
  )
})

const slice: Implementation = list((items, from, to) => {
  if (typeof from !== "bigint" || typeof to !== "bigint") return noOverload
  if (from < 0n || to < 0n) return fail(`cannot slice(${from}, ${to}), negative indexes not supported`)
  if (from > to) return fail(`cannot slice(${from}, ${to}), start index must be less than or equal to end index`)
  return to > BigInt(items.length)
    ? fail(`cannot slice(${from}, ${to}), list is length ${items.length}`)
    : Result.succeed(items.slice(Number(from), Number(to)))
})

const flattened = (items: CelValues.List, depth: bigint): CelValues.List =>
  depth === 0n
    ? items
    : items.flatMap((item) => CelValues.isList(item) ? flattened(item, depth - 1n) : [item])

const unique = (items: CelValues.List): CelValues.List =>
  items.filter((item, index) => items.findIndex((each) => CelValues.equal(each, item)) === index)

const includes = (items: CelValues.List, item: unknown): boolean => items.some((each) => CelValues.equal(each, item))

const sets = (test: (left: CelValues.List, right: CelValues.List) => boolean): Implementation => ([left, right]) =>
  CelValues.isList(left) && CelValues.isList(right) ? Result.succeed(test(left, right)) : noOverload

const containsAll = (left: CelValues.List, right: CelValues.List): boolean =>
  right.every((item) => includes(left, item))

const optional = (make: (maybe: CelValues.Maybe, other: unknown) => Outcome): Implementation => ([on, other]) =>
  on instanceof CelValues.Maybe ? make(on, other) : noOverload

const values: Implementation = ([on]) =>
  CelValues.isList(on) && on.every((each) => each instanceof CelValues.Maybe)
    ? Result.succeed(on.flatMap((each) => each.value === undefined ? [] : [each.value]))
    : noOverload

const isZero = (value: unknown): boolean =>
  value === null || value === false || value === "" || value === 0 || value === 0n ||
  (value instanceof CelValues.Unsigned && value.value === 0n) ||
  (value instanceof CelValues.CelMap && value.entries.size === 0) ||
  ((CelValues.isList(value) || value instanceof Uint8Array) && value.length === 0)

/** By name; methods and functions of one name share an implementation. */
export const standard: { readonly [name: string]: Implementation } = {
  "_+_": arithmetic("+"),
  "_-_": arithmetic("-"),
  "_*_": arithmetic("*"),
  "_/_": arithmetic("/"),
  "_%_": arithmetic("%"),
  "-_": ([value]) =>
    typeof value === "bigint" ? integer(-value) : typeof value === "number" ? Result.succeed(-value) : noOverload,
  "!_": ([value]) => typeof value === "boolean" ? Result.succeed(!value) : noOverload,
  "_==_": ([left, right]) => Result.succeed(CelValues.equal(left, right)),
  "_!=_": ([left, right]) => Result.succeed(!CelValues.equal(left, right)),
  "_<_": ordered((compared) => compared < 0),
  "_<=_": ordered((compared) => compared <= 0),
  "_>_": ordered((compared) => compared > 0),
  "_>=_": ordered((compared) => compared >= 0),
  "@in": ([item, on]) =>
    CelValues.isList(on)
      ? Result.succeed(includes(on, item))
      : on instanceof CelValues.CelMap
      ? Result.succeed(on.has(item))
      : noOverload,
  "_[_]": ([on, key]) => member(on, key),
  "_[?_]": ([on, key]) => optionally(on, key),
  size,
  type: ([value]) => Result.succeed(new CelValues.TypeName(CelValues.typeName(value))),
  dyn: ([value]) => Result.succeed(value),
  ...CelConversions.functions,
  ...CelTimes.functions(noOverload),
  startsWith: text((on, prefix = "") => on.startsWith(prefix)),
  endsWith: text((on, suffix = "") => on.endsWith(suffix)),
  contains: text((on, part = "") => on.includes(part)),
  matches: matching((expression, on) => expression.test(on)),
  find: matching((expression, on) => expression.exec(on)?.[0] ?? ""),
  findAll: matching((expression, on, limit) => all(expression, on).slice(0, limit < 0 ? undefined : limit)),
  charAt,
  indexOf: found(false),
  lastIndexOf: found(true),
  lowerAscii: text((on) => on.replace(/[A-Z]/g, (letter) => letter.toLowerCase())),
  upperAscii: text((on) => on.replace(/[a-z]/g, (letter) => letter.toUpperCase())),
  trim: text((on) => on.replaceAll(blank, "")),
  replace,
  split,
  substring,
  join: ([on, separator = ""]) =>
    CelValues.isList(on) && on.every((each) => typeof each === "string") && typeof separator === "string"
      ? Result.succeed(on.join(separator))
      : noOverload,
  format: ([on, given]) => typeof on === "string" && CelValues.isList(given) ? CelFormat.format(on, given) : noOverload,
  "strings.quote": text((on) => CelFormat.quote(on)),
  isSorted: list((items) =>
    Result.succeed(items.every((item, index) => index === 0 || byOrder(items[index - 1], item) <= 0))
  ),
  sum,
  min: extreme("min", -1),
  max: extreme("max", 1),
  slice,
  flatten: list((items, depth) =>
    typeof depth === "bigint" && depth < 0n
      ? fail("level must be non-negative")
      : Result.succeed(flattened(items, typeof depth === "bigint" ? depth : 1n))
  ),
  sort: list((items) => Result.succeed(items.toSorted(byOrder))),
  distinct: list((items) => Result.succeed(unique(items))),
  reverse: list((items) => Result.succeed(items.toReversed())),
  "lists.range": ([count]) =>
    typeof count === "bigint"
      ? Result.succeed(Array.from({ length: Math.max(0, Number(count)) }, (_, index) => BigInt(index)))
      : noOverload,
  first: list((items) => Result.succeed(items.length === 0 ? CelValues.nothing : new CelValues.Maybe(items[0]))),
  last: list((items) => Result.succeed(items.length === 0 ? CelValues.nothing : new CelValues.Maybe(items.at(-1)))),
  "sets.contains": sets(containsAll),
  "sets.equivalent": sets((left, right) => containsAll(left, right) && containsAll(right, left)),
  "sets.intersects": sets((left, right) => right.some((item) => includes(left, item))),
  "optional.of": ([value]) => Result.succeed(new CelValues.Maybe(value)),
  "optional.none": () => Result.succeed(CelValues.nothing),
  "optional.ofNonZeroValue": ([value]) =>
    Result.succeed(isZero(value) ? CelValues.nothing : new CelValues.Maybe(value)),
  "optional.unwrap": values,
  unwrapOpt: values,
  hasValue: optional(({ value }) => Result.succeed(value !== undefined)),
  value: optional(({ value }) => value === undefined ? fail("optional.none() dereference") : Result.succeed(value)),
  or: optional((maybe, other) => Result.succeed(maybe.value === undefined ? other : maybe)),
  orValue: optional(({ value }, other) => Result.succeed(value === undefined ? other : value))
}
