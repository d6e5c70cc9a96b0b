import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as IncrementalDecoder from "../../src/Watch/IncrementalDecoder.ts"
import * as WatchFrame from "../../src/Watch/WatchFrame.ts"
import * as RandomJson from "../randomJson.ts"

const encoder = new TextEncoder()

const decodeText = (decoder: WatchFrame.LineDecoder, text: string): unknown => {
  const bytes = encoder.encode(text)
  return decoder.decode(bytes, 0, bytes.length)
}

interface Meta {
  readonly [key: string]: unknown
}
const pod = (uid: string, version: number, more: object = {}, meta: Meta = {}) => ({
  kind: "Pod",
  apiVersion: "v1",
  metadata: { name: `p-${uid}`, namespace: "default", uid, resourceVersion: String(version), ...meta },
  ...more
})
const line = (type: string, object: unknown) => JSON.stringify({ type, object })
const objectOf = (event: unknown) => (event as { readonly object: { readonly [key: string]: unknown } }).object

const managed = [{ manager: "m", operation: "Update", fieldsV1: { "f:spec": { "k:{\"a\":\"}]\"}": { ".": {} } } } }]

it("hands out again the members whose bytes are the same, and only those", () => {
  const decoder = IncrementalDecoder.makeUnsafe()
  const spec = { containers: [{ name: "c", image: "i" }] }
  const first = objectOf(decodeText(decoder, line("ADDED", pod("1", 1, { spec, status: { phase: "Pending" } }))))
  const second = objectOf(decodeText(decoder, line("MODIFIED", pod("1", 2, { spec, status: { phase: "Running" } }))))
  assert.strictEqual(second["spec"], first["spec"])
  assert.notStrictEqual(second["status"], first["status"])
  assert.deepStrictEqual(second, pod("1", 2, { spec, status: { phase: "Running" } }))
  const third = objectOf(decodeText(decoder, line("MODIFIED", pod("1", 3, { spec, status: { phase: "Running" } }))))
  assert.strictEqual(third["status"], second["status"])
  assert.strictEqual(third["spec"], first["spec"])
})

it("hands out again what stands before and behind a member that came, went or changed its length", () => {
  const decoder = IncrementalDecoder.makeUnsafe()
  const read = (version: number, meta: Meta, more: object) => {
    const object = pod("1", version, more, meta)
    const made = objectOf(decodeText(decoder, line("MODIFIED", object)))
    assert.deepStrictEqual(made, object)
    return { made, meta: made["metadata"] as Meta }
  }
  const labels = { app: "web" }
  const annotations = { note: "a, \"b\": {" }
  const spec = { a: [1, 2] }
  const status = { phase: "Running" }
  const first = read(1, { labels, annotations }, { spec, data: { x: "1" }, status })
  const longer = read(22, { labels, annotations }, { spec, data: { x: "12" }, status })
  assert.strictEqual(longer.made["spec"], first.made["spec"])
  assert.strictEqual(longer.made["status"], first.made["status"])
  assert.strictEqual(longer.meta["annotations"], first.meta["annotations"])
  const more = read(333, { labels, finalizers: ["f"], annotations }, { spec, data: { x: "12" }, more: 7, status })
  assert.strictEqual(more.made["data"], longer.made["data"])
  assert.strictEqual(more.made["status"], first.made["status"])
  assert.strictEqual(more.meta["labels"], first.meta["labels"])
  assert.strictEqual(more.meta["annotations"], first.meta["annotations"])
  const fewer = read(333, { labels, annotations }, { data: { x: "12" }, status })
  assert.strictEqual(fewer.made["data"], longer.made["data"])
  assert.strictEqual(fewer.made["status"], first.made["status"])
  assert.strictEqual(fewer.meta["annotations"], first.meta["annotations"])
})

it("hands out the object itself when it is told again as it was", () => {
  const decoder = IncrementalDecoder.makeUnsafe({ isManagedFieldsStripped: true })
  const text = line("ADDED", pod("1", 1, { spec: { a: 1 } }, { managedFields: managed }))
  const first = objectOf(decodeText(decoder, text))
  assert.strictEqual(objectOf(decodeText(decoder, text)), first)
})

it("hands out again what stands behind managedFields that changed", () => {
  const decoder = IncrementalDecoder.makeUnsafe({ isManagedFieldsStripped: true })
  const read = (version: number, managedFields: unknown) =>
    objectOf(decodeText(decoder, line("MODIFIED", pod("1", version, { spec: { a: [1] } }, { managedFields }))))
  const first = read(1, managed)
  const second = read(2, [...managed, ...managed])
  assert.strictEqual(second["spec"], first["spec"])
  assert.deepStrictEqual(second, pod("1", 2, { spec: { a: [1] } }))
})

it("never confuses two objects, nor a number with one that it begins", () => {
  const decoder = IncrementalDecoder.makeUnsafe()
  const one = objectOf(decodeText(decoder, line("ADDED", pod("1", 1, { data: { a: 1 }, count: 12 }))))
  const other = objectOf(decodeText(decoder, line("ADDED", pod("2", 1, { data: { a: 1 }, count: 12 }))))
  assert.notStrictEqual(one["data"], other["data"])
  const longer = objectOf(decodeText(decoder, line("MODIFIED", pod("1", 2, { data: { a: 1 }, count: 123 }))))
  assert.strictEqual(longer["count"], 123)
  const shorter = objectOf(decodeText(decoder, line("MODIFIED", pod("1", 3, { data: { a: 1 }, count: 1 }))))
  assert.strictEqual(shorter["count"], 1)
})

it("forgets an object that was deleted, and those a relist no longer has", () => {
  const decoder = IncrementalDecoder.makeUnsafe()
  const spec = { a: [1, 2, 3] }
  const read = (type: string, uid: string, version: number) =>
    objectOf(decodeText(decoder, line(type, pod(uid, version, { spec }))))
  const first = read("ADDED", "1", 1)
  const gone = read("DELETED", "1", 2)
  assert.strictEqual(gone["spec"], first["spec"])
  assert.notStrictEqual(read("ADDED", "1", 3)["spec"], first["spec"])
  const second = read("ADDED", "2", 1)
  decoder.retain((uid) => uid === "2")
  assert.strictEqual(read("MODIFIED", "2", 2)["spec"], second["spec"])
  assert.notStrictEqual(read("MODIFIED", "1", 4)["spec"], first["spec"])
})

it("cuts managedFields out wherever it stands", () => {
  const decoder = IncrementalDecoder.makeUnsafe({ isManagedFieldsStripped: true })
  const spec = { a: 1 }
  const metas = [
    { managedFields: managed },
    { managedFields: managed, labels: { a: "b" } },
    { labels: { a: "b" }, managedFields: managed },
    { labels: { managedFields: "not this" } },
    {}
  ]
  for (const [i, meta] of metas.entries()) {
    const { managedFields: _, ...rest } = { managedFields: undefined, ...meta }
    for (
      const text of [
        line("ADDED", pod(`${i}`, 1, { spec }, meta)),
        JSON.stringify({ type: "ADDED", object: pod(`${i}`, 1, { spec }, meta) }, null, 2)
      ]
    ) {
      assert.deepStrictEqual(objectOf(decodeText(decoder, text)), pod(`${i}`, 1, { spec }, rest))
    }
  }
  const only = { type: "ADDED", object: { kind: "Pod", apiVersion: "v1", metadata: { managedFields: managed }, spec } }
  assert.deepStrictEqual(objectOf(decodeText(decoder, JSON.stringify(only))), {
    kind: "Pod",
    apiVersion: "v1",
    metadata: {},
    spec
  })
})

it("leaves to JSON.parse what it does not know", () => {
  const decoder = IncrementalDecoder.makeUnsafe()
  const texts = [
    "{\"object\":{\"metadata\":{}},\"type\":\"ADDED\"}",
    "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"uid\":\"1\"},\"__proto__\":{\"x\":1}}}",
    "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"uid\":\"1\"},\"spec\":1,\"spec\":2}}",
    "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"uid\":\"1\"},\"metadata\":{\"uid\":\"2\"}}}",
    "{\"type\":\"ADDED\",\"object\":{\"m\\u0065tadata\":{\"uid\":\"1\"},\"spec\":{}}}",
    "{\"type\":\"ADDED\",\"object\":{}}",
    "{\"type\":\"ADDED\",\"object\":[]}",
    "{\"type\":\"ADDED\",\"object\":{\"metadata\":[]}}",
    "{\"type\":\"ADDED\",\"object\":{\"kind\":\"\\u0050od\",\"metadata\":{}}}",
    "{\"type\":\"ADDED\",\"object\":{\"kind\":7,\"metadata\":{}}}",
    "{\"type\":\"BOOKMARK\",\"object\":{\"kind\":\"Pod\",\"metadata\":{\"resourceVersion\":\"1\"}}}",
    "{\"type\":\"ADDED\",\"more\":1,\"object\":{\"metadata\":{}}}",
    "[]",
    "7",
    "\"x\"",
    `{"type":"ADDED","object":{"metadata":{"uid":"1"},${
      Array.from({ length: 20 }, (_, i) => `"m${i}":${i}`).join(",")
    }}}`
  ]
  for (const text of texts) assert.deepStrictEqual(decodeText(decoder, text), JSON.parse(text), text)
})

it("never takes from before what the text before had twice", () => {
  const meta = (version: number) => `"metadata":{"uid":"u","resourceVersion":"${version}"}`
  const twice = (name: string, first: number, second: number) =>
    `{"metadata":{"uid":"u","resourceVersion":"1","${name}":"${first}","x":0,"${name}":"${second}"},"spec":1}`
  const texts: ReadonlyArray<readonly [before: string, after: string]> = [
    [`{${meta(1)},"spec":{"a":1},"spec":{"a":2}}`, `{${meta(2)},"spec":{"a":1}}`],
    [`{${meta(1)},"spec":{"a":1},"spec":{"a":2}}`, `{${meta(2)},"spec":{"a":2}}`],
    [`{${meta(1)},"spec":{"a":1},"spec":{"a":2}}`, `{${meta(2)},"spec":{"a":1},"spec":{"a":2}}`],
    [`{${meta(1)},"spec":{"a":1},"sp\\u0065c":{"a":2}}`, `{${meta(2)},"spec":{"a":1}}`],
    [`{${meta(1)},"spec":1,"status":2,"spec":3}`, `{${meta(2)},"spec":1,"status":4}`],
    [`{${meta(1)},"spec":1,${meta(7)}}`, `{${meta(2)},"spec":1,${meta(7)}}`],
    [`{${meta(1)},"spec":1,"m\\u0065tadata":{"uid":"u"}}`, `{${meta(2)},"spec":1,"m\\u0065tadata":{"uid":"u"}}`],
    [`{"kind":"A",${meta(1)},"spec":1,"kind":"B"}`, `{"kind":"A",${meta(2)},"spec":1,"kind":"B"}`],
    [
      `{"kind":"${"\u00c4".repeat(60)}",${meta(1)},${meta(7)}}`,
      `{"kind":"${"\u00c4".repeat(60)}",${meta(2)},${meta(7)}}`
    ],
    [twice("resourceVersion", 1, 3), twice("resourceVersion", 2, 3)],
    [twice("resourceVersion", 1, 1), twice("resourceVersion", 2, 1)],
    [twice("labels", 1, 1), twice("labels", 1, 2)],
    [twice("labels", 1, 3), `{"metadata":{"uid":"u","resourceVersion":"1","labels":"1","x":0},"spec":1}`],
    [twice("uid", 1, 1), twice("uid", 1, 1)],
    [`{${meta(1)},"spec":"metadata","spec":1}`, `{${meta(2)},"spec":"metadata","spec":1}`]
  ]
  for (const [before, after] of texts) {
    for (const behind of ["", " ", `,"more":{}`]) {
      for (const type of ["ADDED", "MODIFIED"]) {
        const decoder = IncrementalDecoder.makeUnsafe()
        decodeText(decoder, line(type, pod("other", 1)))
        const events: ReadonlyArray<readonly [string, string]> = [
          [type, before],
          ["MODIFIED", after],
          ["MODIFIED", before],
          ["ADDED", after],
          ["ADDED", before]
        ]
        for (const [type, object] of events) {
          const text = `{"type":"${type}","object":${object}${behind}}`
          assert.deepStrictEqual(decodeText(decoder, text), JSON.parse(text), text)
        }
      }
    }
  }
})

it("raises where JSON.parse raises", () => {
  const decoder = IncrementalDecoder.makeUnsafe()
  const good = line("ADDED", pod("1", 1, { spec: { a: [1, { b: "c" }], d: true }, status: "x", n: 12.5 }))
  decodeText(decoder, good)
  const fails = (f: () => unknown): boolean => {
    try {
      f()
      return false
    } catch {
      return true
    }
  }
  for (let at = 0; at <= good.length; at++) {
    for (
      const text of [
        good.slice(0, at),
        good.slice(0, at) + good.slice(at + 1),
        `${good.slice(0, at)},${good.slice(at)}`,
        `${good.slice(0, at)}}${good.slice(at)}`,
        `${good.slice(0, at)}"${good.slice(at)}`
      ]
    ) {
      const isBad = fails(() => JSON.parse(text))
      assert.strictEqual(fails(() => decodeText(decoder, text)), isBad, text)
      if (!isBad) assert.deepStrictEqual(decodeText(decoder, text), JSON.parse(text))
    }
  }
})

it("keeps labels and owners that many objects have alike once for all", () => {
  const decoder = IncrementalDecoder.makeUnsafe()
  const meta = { labels: { app: "web" }, ownerReferences: [{ kind: "ReplicaSet", name: "web" }] }
  const read = (uid: string, more: Meta) =>
    objectOf(decodeText(decoder, line("ADDED", pod(uid, 1, { spec: { uid } }, more))))["metadata"] as Meta
  const first = read("1", meta)
  const second = read("2", meta)
  const other = read("3", { ...meta, labels: { app: "db" } })
  assert.strictEqual(second["labels"], first["labels"])
  assert.strictEqual(second["ownerReferences"], first["ownerReferences"])
  assert.deepStrictEqual(other["labels"], { app: "db" })
})

it("keeps no more bytes than it may", () => {
  const decoder = IncrementalDecoder.makeUnsafe({ maxKeptBytes: 2 * 1024 * 1024 })
  for (let i = 0; i < 5000; i++) {
    const object = pod(`${i}`, 1, { spec: { text: "x".repeat(1000) } })
    assert.deepStrictEqual(objectOf(decodeText(decoder, line("ADDED", object))), object)
  }
  assert.isAtMost(decoder.stats().keptBytes, 2 * 1024 * 1024)
})

it("uses the bytes of deleted objects again", () => {
  const decoder = IncrementalDecoder.makeUnsafe()
  for (let i = 0; i < 20_000; i++) {
    const object = pod(`${i}`, 1, { spec: { text: "x".repeat(500 + (i % 700)) } })
    decodeText(decoder, line("ADDED", object))
    decodeText(decoder, line("DELETED", object))
  }
  assert.isAtMost(decoder.stats().keptBytes, 1024 * 1024)
})

it("keeps what is larger than the buffers that others share", () => {
  const decoder = IncrementalDecoder.makeUnsafe()
  const read = (uid: string, version: number, length: number) => {
    const object = pod(uid, version, {
      data: { text: "x".repeat(length), at: version },
      spec: { uid, text: uid.repeat(length) }
    })
    const made = objectOf(decodeText(decoder, line("MODIFIED", object)))
    assert.deepStrictEqual(made, object)
    return made["spec"]
  }
  const lengths = [10, 70_000, 300, 200_000, 40_000, 5_000_000, 20]
  const specs = lengths.map((length, i) => read(`u${i}-`, 1, length))
  for (const version of [2, 3]) {
    for (const [i, length] of lengths.entries()) {
      const spec = read(`u${i}-`, version, length)
      if (length < 1_000_000) assert.strictEqual(spec, specs[i])
    }
  }
})

const listOf = (items: ReadonlyArray<unknown>) =>
  JSON.stringify({ kind: "PodList", apiVersion: "v1", metadata: { resourceVersion: "9" }, items })
const itemsOf = (list: unknown) =>
  (list as { readonly items: ReadonlyArray<{ readonly [key: string]: unknown }> }).items
const type = { kind: "Pod", apiVersion: "v1" }
const untyped = (object: object) => ({ ...object, kind: undefined, apiVersion: undefined })

it("hands out again in a list what a list or a watch before it had, and in a watch what a list had", () => {
  const decoder = IncrementalDecoder.makeUnsafe({ isManagedFieldsStripped: true })
  const item = (version: number, phase: string) =>
    untyped(pod("1", version, { spec: { a: [1] }, status: { phase } }, { managedFields: managed }))
  const [listed] = itemsOf(decoder.list(listOf([item(1, "Pending")]), type))
  assert.deepStrictEqual(listed, pod("1", 1, { spec: { a: [1] }, status: { phase: "Pending" } }))
  const [relisted] = itemsOf(decoder.list(listOf([item(1, "Pending")]), type))
  assert.strictEqual(relisted, listed)
  const watched = objectOf(
    decodeText(decoder, line("MODIFIED", pod("1", 2, { spec: { a: [1] }, status: { phase: "Running" } })))
  )
  assert.strictEqual(watched["spec"], listed?.["spec"])
  const [last] = itemsOf(decoder.list(listOf([item(3, "Running")]), type))
  assert.strictEqual(last?.["spec"], listed?.["spec"])
  assert.strictEqual(last?.["status"], watched["status"])
})

it("leaves to JSON.parse the lists and items it does not know, and raises where it raises", () => {
  const decoder = IncrementalDecoder.makeUnsafe()
  const texts = [
    listOf([]),
    listOf([1, "x", null, [], {}]),
    listOf([{ metadata: {} }, { metadata: { uid: "1" }, "": 1 }, { data: {}, metadata: { uid: "1" } }, 7]),
    "{\"items\":[{\"metadata\":{\"uid\":\"1\"},\"metadata\":{\"uid\":\"2\"}}],\"kind\":\"PodList\"}",
    "{\"items\":[{\"metadata\":{\"uid\":\"1\"}}],\"items\":[2]}",
    "{\"it\\u0065ms\":[1]}",
    "{\"items\":null}",
    " { \"items\" : [ { \"metadata\" : { \"uid\" : \"1\" } , \"a\" : 1 } , { \"metadata\" : { \"uid\" : \"1\" } , \"a\" : 1 } ] } ",
    "[]",
    "null"
  ]
  for (const text of texts) assert.deepStrictEqual(decoder.list(text), JSON.parse(text), text)
  const good = listOf([pod("1", 1, { spec: { a: 1 } }), pod("2", 1, { spec: { a: "\u00fc" } })])
  assert.deepStrictEqual(decoder.list(good), JSON.parse(good))
  for (let at = 0; at <= good.length; at++) {
    for (const text of [good.slice(0, at) + good.slice(at + 1), `${good.slice(0, at)},${good.slice(at)}`]) {
      let wanted: unknown = "raised"
      try {
        wanted = JSON.parse(text)
      } catch {
        assert.throws(() => decoder.list(text))
        continue
      }
      assert.deepStrictEqual(decoder.list(text), wanted, text)
    }
  }
})

/** Prints JSON in a random but equivalent form: key order, white space, escapes, forms of numbers. */
const print = Effect.fnUntraced(function*(value: unknown): Effect.fn.Return<string> {
  const pick = (n: number) => Random.nextIntBetween(0, n)
  const space = Effect.map(pick(8), (n) => n === 0 ? " " : n === 1 ? "\t" : n === 2 ? "  \r" : "")
  const text = Effect.fnUntraced(function*(string: string) {
    const plain = JSON.stringify(string)
    // A single letter is not escaped, for the reason that `RandomJson` gives.
    if ((yield* pick(6)) !== 0 || string.length === 1) return plain
    return `"${
      Array.from(string, (letter) =>
        letter.length === 1 ? `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}` : letter).join("")
    }"`
  })
  if (typeof value === "string") return yield* text(value)
  if (Array.isArray(value)) {
    const parts: Array<string> = []
    for (const one of value) parts.push(`${yield* space}${yield* print(one)}${yield* space}`)
    return `[${parts.join(",")}]`
  }
  if (typeof value === "object" && value !== null) {
    const parts: Array<string> = []
    const entries = (yield* pick(3)) === 0 ? yield* Random.shuffle(Object.entries(value)) : Object.entries(value)
    for (const [key, one] of entries) {
      parts.push(`${yield* space}${yield* text(key)}${yield* space}:${yield* space}${yield* print(one)}${yield* space}`)
    }
    return `{${parts.join(",")}}`
  }
  return JSON.stringify(value)
})

it.effect.prop(
  "deep-equals JSON.parse for any objects, changes, order, white space, escapes and cuts",
  [Schema.Array(Schema.Struct({
    uid: Schema.Literals(["1", "2", "3"]),
    type: Schema.Literals(["ADDED", "MODIFIED", "MODIFIED", "DELETED", "BOOKMARK"]),
    spec: Schema.optionalKey(RandomJson.Json),
    status: Schema.optionalKey(RandomJson.Json),
    pick: Schema.Struct({ spec: Schema.Boolean, status: Schema.Boolean, extra: Schema.String, meta: RandomJson.Json })
  }))],
  ([steps]) =>
    Effect.gen(function*() {
      const last = new Map<string, { readonly spec?: unknown; readonly status?: unknown }>()
      const texts: Array<string> = []
      for (const [i, step] of steps.entries()) {
        const before = last.get(step.uid) ?? {}
        // Half of the time a member is what it was, so that there is something to hand out again.
        const members = {
          ...(step.pick.spec
            ? ("spec" in before ? { spec: before.spec } : {})
            : "spec" in step
            ? { spec: step.spec }
            : {}),
          ...(step.pick.status
            ? ("status" in before ? { status: before.status } : {})
            : "status" in step
            ? { status: step.status }
            : {})
        }
        last.set(step.uid, members)
        const object = pod(step.uid, i, {
          ...members,
          ...(step.pick.extra.length % 3 === 0 ? { [step.pick.extra]: step.pick.meta } : {})
        }, { more: step.pick.meta })
        texts.push(yield* print({ type: step.type, object }))
      }
      const bytes = encoder.encode(texts.map((text) => text.replaceAll("\n", " ")).join("\n"))
      const chunks: Array<Uint8Array> = []
      for (let at = 0; at < bytes.length;) {
        const size = yield* Random.nextIntBetween(1, 60)
        chunks.push(bytes.subarray(at, at + size))
        at += size
      }
      const events = yield* Stream.fromIterable(chunks, { chunkSize: 1 }).pipe(
        WatchFrame.decode({ resource: "pods" }),
        Stream.provideService(WatchFrame.CurrentLineDecoder, IncrementalDecoder.makeUnsafe()),
        Stream.runCollect
      )
      assert.deepStrictEqual(events as ReadonlyArray<unknown>, texts.map((text) => JSON.parse(text)))

      // The same objects, some as pages of a list and some as events, by one decoder.
      const decoder = IncrementalDecoder.makeUnsafe()
      const objects = texts.map((text): unknown => JSON.parse(text).object)
      for (let at = 0; at < objects.length;) {
        const size = yield* Random.nextIntBetween(1, 4)
        const page = yield* print({
          kind: "PodList",
          metadata: { resourceVersion: "1" },
          items: objects.slice(at, at + size)
        })
        assert.deepStrictEqual(decoder.list(page), JSON.parse(page))
        const text = texts[at] ?? ""
        assert.deepStrictEqual(decodeText(decoder, text), JSON.parse(text))
        at += size
      }
    })
)
