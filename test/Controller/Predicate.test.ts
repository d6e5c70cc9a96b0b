import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import * as Predicate from "../../src/Controller/Predicate.ts"
import type { InformerEvent } from "../../src/Informer/InformerEvent.ts"
import type { ObjectMeta } from "../../src/Machinery/ObjectMeta.ts"
import type { KubeObject } from "../../src/Machinery/Resource.ts"

interface Thing extends KubeObject {
  readonly spec?: { readonly size?: number }
}

const thing = (metadata: ObjectMeta, spec?: Thing["spec"]): Thing => ({
  metadata: { name: "a", namespace: "default", resourceVersion: "1", ...metadata },
  ...(spec === undefined ? {} : { spec })
})
const key = "default/a"
const added = (object: Thing): InformerEvent<Thing> => ({ _tag: "Added", key, object, isInInitialList: false })
const deleted = (object: Thing): InformerEvent<Thing> => ({ _tag: "Deleted", key, object, isFinalStateUnknown: false })
const updated = (old: Thing, object: Thing): InformerEvent<Thing> => ({ _tag: "Updated", key, old, object })

const plain = thing({})
const allOf = (predicate: Predicate.Predicate<Thing>) => [
  predicate(added(plain)),
  predicate(updated(plain, plain)),
  predicate(deleted(plain))
]

describe("Predicate.events", () => {
  it("asks the case of the event and lets the cases that are left out through", () => {
    assert.deepStrictEqual(allOf(Predicate.events({})), [true, true, true])
    assert.deepStrictEqual(allOf(Predicate.events({ added: () => false })), [false, true, true])
    assert.deepStrictEqual(allOf(Predicate.events({ updated: () => false })), [true, false, true])
    assert.deepStrictEqual(allOf(Predicate.events({ deleted: () => false })), [true, true, false])
  })

  it("gives an update both of its states", () => {
    const grew = Predicate.events<Thing>({
      updated: ({ object, old }) => (object.spec?.size ?? 0) > (old.spec?.size ?? 0)
    })
    assert.isTrue(grew(updated(thing({}, { size: 1 }), thing({}, { size: 2 }))))
    assert.isFalse(grew(updated(thing({}, { size: 2 }), thing({}, { size: 1 }))))
  })
})

describe("Predicate: what an update changed", () => {
  const changes: ReadonlyArray<
    readonly [string, Predicate.Predicate<Thing>, ReadonlyArray<readonly [ObjectMeta, ObjectMeta, boolean]>]
  > = [
    ["resourceVersionChanged", Predicate.resourceVersionChanged, [
      [{ resourceVersion: "1" }, { resourceVersion: "2" }, true],
      [{ resourceVersion: "1" }, { resourceVersion: "1", labels: { a: "b" } }, false]
    ]],
    ["generationChanged", Predicate.generationChanged, [
      [{ generation: 1 }, { generation: 2 }, true],
      [{ generation: 1 }, { generation: 1, labels: { a: "b" }, resourceVersion: "2" }, false],
      [{}, {}, false],
      [{}, { generation: 1 }, true]
    ]],
    ["labelsChanged", Predicate.labelsChanged, [
      [{}, { labels: { a: "1" } }, true],
      [{ labels: { a: "1" } }, {}, true],
      [{ labels: { a: "1" } }, { labels: { a: "2" } }, true],
      [{ labels: { a: "1" } }, { labels: { b: "1" } }, true],
      [{ labels: { a: "1" } }, { labels: { a: "1", b: "1" } }, true],
      [{ labels: { a: "1", b: "2" } }, { labels: { b: "2", a: "1" } }, false],
      [{ labels: {} }, {}, false],
      [{ labels: { a: "1" } }, { labels: { a: "1" }, annotations: { a: "1" }, resourceVersion: "2" }, false]
    ]],
    ["annotationsChanged", Predicate.annotationsChanged, [
      [{}, { annotations: { a: "1" } }, true],
      [{ annotations: { a: "1" } }, { annotations: { a: "2" } }, true],
      [{ annotations: { a: "1" } }, { annotations: { a: "1" }, labels: { a: "1" } }, false],
      [{ annotations: {} }, {}, false]
    ]],
    ["finalizersChanged", Predicate.finalizersChanged, [
      [{}, { finalizers: ["a/b"] }, true],
      [{ finalizers: ["a/b"] }, { finalizers: ["a/b"], deletionTimestamp: "2026-01-01T00:00:00Z" }, true],
      [{ finalizers: ["a/b"] }, { finalizers: ["a/b"], labels: { a: "1" } }, false]
    ]]
  ]
  for (const [name, predicate, cases] of changes) {
    it(`${name} passes updates that changed it, and all that is no update`, () => {
      for (const [before, after, expected] of cases) {
        assert.strictEqual(
          predicate(updated(thing(before), thing(after))),
          expected,
          `${JSON.stringify(before)} -> ${JSON.stringify(after)}`
        )
      }
      assert.isTrue(predicate(added(plain)))
      assert.isTrue(predicate(deleted(plain)))
      // A resync repeats one state.
      assert.isFalse(predicate(updated(plain, plain)))
    })
  }

  it("changed compares what it is given by content", () => {
    const size = Predicate.changed(({ spec }: Thing) => spec)
    assert.isFalse(size(updated(thing({}, { size: 1 }), thing({ labels: { a: "b" } }, { size: 1 }))))
    assert.isTrue(size(updated(thing({}, { size: 1 }), thing({}, { size: 2 }))))
    assert.isTrue(size(updated(thing({}), thing({}, { size: 2 }))))
    assert.isTrue(size(added(plain)))
  })
})

describe("Predicate: which objects", () => {
  it("object asks the new state of an update and the last state of a deletion", () => {
    const big = Predicate.object(({ spec }: Thing) => (spec?.size ?? 0) > 1)
    assert.isTrue(big(added(thing({}, { size: 2 }))))
    assert.isFalse(big(added(thing({}, { size: 1 }))))
    assert.isTrue(big(updated(thing({}, { size: 1 }), thing({}, { size: 2 }))))
    assert.isFalse(big(updated(thing({}, { size: 2 }), thing({}, { size: 1 }))))
    assert.isTrue(big(deleted(thing({}, { size: 2 }))))
  })

  it("labelSelector matches as the API server does, and refuses what is no selector", () => {
    const matches = (selector: Parameters<typeof Predicate.labelSelector>[0], labels: ObjectMeta["labels"]) => {
      const predicate = Result.getOrThrow(Predicate.labelSelector(selector))
      return predicate(added(thing(labels === undefined ? {} : { labels })))
    }
    assert.isTrue(matches({ app: "web" }, { app: "web", tier: "front" }))
    assert.isFalse(matches({ app: "web" }, { app: "db" }))
    assert.isFalse(matches({ app: "web" }, undefined))
    assert.isTrue(matches("app in (web, db), !canary", { app: "db" }))
    assert.isFalse(matches("app in (web, db), !canary", { app: "db", canary: "" }))
    assert.isTrue(matches({ matchExpressions: [{ key: "app", operator: "Exists" }] }, { app: "" }))
    assert.isTrue(Result.isFailure(Predicate.labelSelector("app in (")))
  })
})

describe("Predicate: combinations", () => {
  const yes: Predicate.Predicate<Thing> = () => true
  const no: Predicate.Predicate<Thing> = () => false

  it("and passes what all pass, and everything where there are none", () => {
    assert.deepStrictEqual(
      [[yes, yes], [yes, no], [no, yes], [no, no], []].map((all) => Predicate.and(...all)(added(plain))),
      [true, false, false, false, true]
    )
  })

  it("or passes what one passes, and nothing where there are none", () => {
    assert.deepStrictEqual(
      [[yes, yes], [yes, no], [no, yes], [no, no], []].map((all) => Predicate.or(...all)(added(plain))),
      [true, true, true, false, false]
    )
  })

  it("not passes the rest", () => {
    assert.deepStrictEqual(allOf(Predicate.not(Predicate.events({ added: () => false }))), [true, false, false])
  })

  it("stops asking when the answer is known", () => {
    let asked = 0
    const counts: Predicate.Predicate<Thing> = () => {
      asked++
      return true
    }
    Predicate.and(no, counts)(added(plain))
    Predicate.or(yes, counts)(added(plain))
    assert.strictEqual(asked, 0)
  })
})
