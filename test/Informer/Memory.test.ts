import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as v8 from "node:v8"
import * as vm from "node:vm"
import * as SharedInformer from "../../src/Informer/SharedInformer.ts"
import type { KubeList } from "../../src/Machinery/Resource.ts"
import type { ListWatch } from "../../src/Watch/ListWatch.ts"
import { collection, type Obj } from "./ModelServer.ts"

v8.setFlagsFromString("--expose-gc")
const collectGarbage = vm.runInNewContext("gc") as () => void

const objectOf = (index: number): Obj => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    name: `pod-${index}`,
    namespace: "default",
    uid: `uid-${index}`,
    resourceVersion: "5",
    creationTimestamp: "2026-01-01T00:00:00Z"
  },
  spec: { value: index }
})

/** How many of some objects are still held by somebody. */
const held = Effect.fnUntraced(function*(references: ReadonlyArray<WeakRef<object>>) {
  for (let turn = 0; turn < 5; turn++) {
    yield* Effect.sleep("10 millis")
    collectGarbage()
  }
  return references.filter((reference) => reference.deref() !== undefined).length
})

it.live("keeps of a list what is cached and nothing else: no page, and no object that was transformed", () =>
  Effect.gen(function*() {
    const pages: Array<WeakRef<object>> = []
    const raw: Array<WeakRef<object>> = []
    const listWatch: ListWatch<Obj> = {
      collection,
      isWatchListSupported: false,
      list: (options) =>
        Effect.sync((): KubeList<Obj> => {
          const from = Number(options.continue ?? 0)
          const items = Array.from({ length: 100 }, (_, index) => objectOf(from + index))
          const page: KubeList<Obj> = {
            apiVersion: "v1",
            kind: "PodList",
            metadata: { resourceVersion: "5", ...(from < 900 ? { continue: String(from + 100) } : {}) },
            items
          }
          pages.push(new WeakRef(page), new WeakRef(items))
          for (const item of items) raw.push(new WeakRef(item))
          return page
        }),
      watch: () => Stream.never
    }
    const informer = yield* SharedInformer.make<Obj, Obj>({
      listWatch,
      prepare: (object) => ({ ...object, metadata: { ...object.metadata }, spec: { value: object.spec.value } })
    })
    yield* informer.awaitSynced
    assert.strictEqual((yield* informer.list).length, 1000)
    assert.strictEqual(pages.length, 20)
    assert.strictEqual(yield* held(pages), 0)
    assert.strictEqual(yield* held(raw), 0)
  }))
