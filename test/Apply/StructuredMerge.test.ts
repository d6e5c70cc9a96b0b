import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as FieldSet from "../../src/Apply/FieldSet.ts"
import * as StructuredMerge from "../../src/Apply/StructuredMerge.ts"
import type { Structure } from "../../src/Machinery/Structure.ts"

const structure: Structure = {
  fields: {
    items: { listType: "map", listMapKeys: ["name"], of: () => ({ fields: { tags: { listType: "set" } } }) },
    tags: { listType: "set" },
    selector: { atomic: true },
    byName: { of: () => ({ values: () => ({}) }) }
  }
}

const printed = (set: FieldSet.FieldSet) => FieldSet.paths(set).map(FieldSet.printPath)

it("names leaves, atomic values, items of lists, keys of maps, and empty objects", () => {
  const fields = StructuredMerge.fieldsOf({
    plain: { deep: 1 },
    void: {},
    list: [1, 2],
    items: [{ name: "a", size: 1 }],
    tags: ["x"],
    selector: { app: "web" },
    byName: { one: { size: 1 } },
    nothing: undefined
  }, structure)
  assert.deepStrictEqual(printed(fields), [
    ".byName.one",
    ".byName.one.size",
    `.items[name="a"]`,
    `.items[name="a"].name`,
    `.items[name="a"].size`,
    ".list",
    ".plain.deep",
    ".selector",
    `.tags[="x"]`,
    ".void"
  ])
})

it("says what was added, modified and removed, containers included", () => {
  const { added, modified, removed } = StructuredMerge.compare(
    { a: 1, b: { c: 1 }, items: [{ name: "x", size: 1 }], tags: ["t"], selector: { app: "one" } },
    { a: 2, d: { e: 1 }, items: [{ name: "x", size: 2 }, { name: "y" }], tags: ["u"], selector: { app: "two" } },
    structure
  )
  assert.deepStrictEqual(printed(added), [".d", ".d.e", `.items[name="y"]`, `.items[name="y"].name`, `.tags[="u"]`])
  assert.deepStrictEqual(printed(modified), [".a", `.items[name="x"].size`, ".selector"])
  assert.deepStrictEqual(printed(removed), [".b", ".b.c", `.tags[="t"]`])
})

it("merges items by key, in the order of the configuration, and leaves the others where they were", () => {
  const names = (live: ReadonlyArray<string>, applied: ReadonlyArray<string>) =>
    (StructuredMerge.merge(
      { items: live.map((name) => ({ name, live: true })) },
      { items: applied.map((name) => ({ name, applied: true })) },
      structure
    ) as { readonly items: ReadonlyArray<{ readonly name: string }> }).items.map(({ name }) => name)
  assert.deepStrictEqual(names(["a", "b", "c"], ["c", "a"]), ["b", "c", "a"])
  assert.deepStrictEqual(names(["a", "b"], ["x", "b"]), ["a", "x", "b"])
  assert.deepStrictEqual(names([], ["b", "a"]), ["b", "a"])
  assert.deepStrictEqual(names(["a"], []), ["a"])
  const merged = StructuredMerge.merge(
    { items: [{ name: "a", live: 1 }] },
    { items: [{ name: "a", applied: 1 }] },
    structure
  )
  assert.deepStrictEqual(merged as unknown, { items: [{ name: "a", live: 1, applied: 1 }] })
})

it("removes fields, leaves null where a container loses all, and extracts them with the keys of their items", () => {
  const object = { a: 1, b: { c: 1, d: 2 }, items: [{ name: "x", size: 1, color: "red" }, { name: "y" }] }
  const fields = StructuredMerge.fieldsOf({ b: { c: 1, d: 2 }, items: [{ name: "x", size: 1 }] }, structure)
  assert.deepStrictEqual(StructuredMerge.remove(object, fields, structure) as unknown, {
    a: 1,
    b: null,
    items: [{ name: "y" }]
  })
  assert.deepStrictEqual(StructuredMerge.extract(object, fields, structure) as unknown, {
    b: { c: 1, d: 2 },
    items: [{ name: "x", size: 1 }]
  })
})

it("finds items that stand there twice", () => {
  const found = StructuredMerge.duplicates(
    { items: [{ name: "x", tags: ["t", "t"] }, { name: "y" }, { name: "y" }] },
    structure
  )
  assert.deepStrictEqual(found.map(({ element, path }) => [FieldSet.printPath(path), FieldSet.printPath([element])]), [
    [`.items[name="x"].tags`, `[="t"]`],
    [".items", `[name="y"]`]
  ])
})

const Item = Schema.Struct({ name: Schema.Literals(["a", "b", "c"]), size: Schema.optionalKey(Schema.Int) })
const Sample = Schema.Struct({
  plain: Schema.optionalKey(Schema.Struct({ x: Schema.optionalKey(Schema.Int), y: Schema.optionalKey(Schema.Int) })),
  items: Schema.optionalKey(Schema.Array(Item).check(Schema.isMaxLength(3))),
  selector: Schema.optionalKey(Schema.Struct({ app: Schema.Literals(["one", "two"]) }))
})

const distinct = <A extends { readonly items?: ReadonlyArray<{ readonly name: string }> }>(sample: A): A =>
  sample.items === undefined ? sample : {
    ...sample,
    items: sample.items.filter(({ name }, index, all) => all.findIndex((each) => each.name === name) === index)
  }

it.effect.prop(
  "after a merge the object has all of the configuration, and nothing else changed",
  [Sample, Sample],
  ([one, two]) =>
    Effect.sync(() => {
      const [live, applied] = [distinct(one), distinct(two)]
      const merged = StructuredMerge.merge(live, applied, structure)
      // An empty object in the configuration asks for an object, not for an empty one.
      const fields = printed(StructuredMerge.fieldsOf(merged, structure))
      for (const wanted of printed(StructuredMerge.fieldsOf(applied, structure))) {
        assert.isTrue(fields.some((each) => each === wanted || each.startsWith(`${wanted}.`)), wanted)
      }
      assert.deepStrictEqual(StructuredMerge.merge(merged, applied, structure), merged)
      const { removed } = StructuredMerge.compare(live, merged, structure)
      const atomic = FieldSet.fromPaths([["f:selector"]])
      assert.deepStrictEqual(printed(FieldSet.recursiveDifference(removed, atomic)), [])
    })
)

it.effect.prop("nothing differs from itself", [Sample], ([sample]) =>
  Effect.sync(() => {
    const { added, modified, removed } = StructuredMerge.compare(distinct(sample), distinct(sample), structure)
    assert.deepStrictEqual([added, modified, removed].map(FieldSet.isEmpty), [true, true, true])
  }))
