import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Warning from "../../src/Rest/Warning.ts"

it("reads code, agent and text of one line", () => {
  assert.deepStrictEqual(Warning.parse([`299 - "this is deprecated"`]), {
    warnings: [{ code: 299, agent: "-", text: "this is deprecated" }],
    faults: []
  })
})

it("reads several warnings of one line, dates, and escaped quotes", () => {
  const line = `299 k8s "one", 199 - "two \\"quoted\\" \\\\" "Sat, 25 Aug 2012 23:34:45 GMT" , 299 - "Grüße, alle"`
  assert.deepStrictEqual(Warning.parse([line]).warnings, [
    { code: 299, agent: "k8s", text: "one" },
    { code: 199, agent: "-", text: `two "quoted" \\` },
    { code: 299, agent: "-", text: "Grüße, alle" }
  ])
})

it("a line that is no warning is a fault, and the others are kept", () => {
  const read = Warning.parse([
    "299 no quotes",
    `299 - "unfinished`,
    `29 - "short code"`,
    `299 - "bell \u0007"`,
    `299 - "good"`
  ])
  assert.strictEqual(read.faults.length, 4)
  assert.deepStrictEqual(read.warnings.map((its) => its.text), ["good"])
})

it.effect("deduplicate hands on each text once and forgets the oldest", () =>
  Effect.gen(function*() {
    const seen: Array<string> = []
    const handle = yield* Warning.deduplicate(({ text }) => Effect.sync(() => void seen.push(text)))
    const say = (text: string) => handle({ code: 299, agent: "-", text })
    yield* say("a")
    yield* say("a")
    yield* say("b")
    assert.deepStrictEqual(seen, ["a", "b"])
    yield* Effect.forEach(Array.from({ length: 1024 }, (_, index) => `n${index}`), say)
    yield* say("a")
    assert.strictEqual(seen.at(-1), "a")
  }))
