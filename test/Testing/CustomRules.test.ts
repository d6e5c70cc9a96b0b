/**
 * Rules of a custom resource's schema against what apiextensions-apiserver says to them (`test/parity/rules`).
 */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as fs from "node:fs"
import type { ObjectSchema } from "../../src/Machinery/ObjectSchema.ts"
import * as CustomRules from "../../src/Testing/internal/customRules.ts"
import * as FieldError from "../../src/Testing/internal/fieldError.ts"
import * as RegularExpression from "../../src/Testing/internal/regularExpression.ts"
import old from "../parity/rules/old.json" with { type: "json" }
import rules from "../parity/rules/rules.json" with { type: "json" }
import self from "../parity/rules/self.json" with { type: "json" }

interface Answer {
  readonly rule: string
  readonly refused?: string
  readonly failed?: string
}

const answers: ReadonlyArray<Answer> = rules

const schema: ObjectSchema = JSON.parse(
  fs.readFileSync(new URL("../parity/rules/schema.json", import.meta.url), "utf8")
)

const withRule = (rule: string, more: object = {}): ObjectSchema => ({
  type: "object",
  properties: { spec: { ...schema, "x-kubernetes-validations": [{ rule, ...more }] } }
})

const details = (errors: ReadonlyArray<{ readonly detail: string }>) => errors.map(({ detail }) => detail)

const run = (rule: string) => details(CustomRules.errors(withRule(rule), { spec: self }, { spec: old }))

it.effect(`${answers.length} rules are refused, hold, do not hold or fail as in a real server, in its words`, () =>
  Effect.sync(() => {
    for (const { failed, refused, rule } of answers) {
      const [problem, ...more] = details(CustomRules.syntaxErrors(withRule(rule), "schema"))
      if (refused === undefined) {
        assert.isUndefined(problem, rule)
        assert.deepStrictEqual(run(rule), failed === undefined ? [] : [failed], rule)
      } else {
        // Where a real server finds several things wrong, one of them is named.
        assert.deepStrictEqual(more, [], rule)
        assert.include(refused, problem?.replace(/^compilation failed: /, "").split("\n")[0] ?? "nothing", rule)
      }
    }
  }))

it.effect("without an old value, rules that need one do not run, and those that take one as optional do", () =>
  Effect.sync(() => {
    assert.deepStrictEqual(CustomRules.errors(withRule("oldSelf.i == 7"), { spec: self }, undefined), [])
    const optional = withRule("!oldSelf.hasValue()", { optionalOldSelf: true })
    assert.deepStrictEqual(CustomRules.errors(optional, { spec: self }, undefined), [])
    assert.deepStrictEqual(details(CustomRules.errors(optional, { spec: self }, { spec: old })), [
      "failed rule: !oldSelf.hasValue()"
    ])
    assert.deepStrictEqual(
      details(CustomRules.syntaxErrors(withRule("oldSelf.i == 7", { optionalOldSelf: true }), "schema")),
      [
        "compilation failed: ERROR: <input>:1:11: found no matching overload for '_==_' applied to '(optional_type(int), int)'\n | oldSelf.i == 7\n | ..........^"
      ]
    )
  }))

it.effect("a message is what its expression says, or the rule where it says nothing", () =>
  Effect.sync(() => {
    const of = (messageExpression: string) =>
      details(CustomRules.errors(withRule("self.i > 5", { messageExpression }), { spec: self }, undefined))
    assert.deepStrictEqual(of("'%d is not above %d'.format([self.i, 5])"), ["5 is not above 5"])
    assert.deepStrictEqual(of("self.o.?y.orValue('')"), ["failed rule: self.i > 5"])
    assert.deepStrictEqual(of("self.li[9] > 1 ? 'a' : 'b'"), ["failed rule: self.i > 5"])
    const wrong = CustomRules.syntaxErrors(withRule("true", { messageExpression: "self.i" }), "schema")
    assert.strictEqual(
      FieldError.messages(wrong),
      "schema.properties[spec].x-kubernetes-validations[0].messageExpression: Invalid value: " +
        `{"Rule":"true","Message":"","MessageExpression":"self.i","Reason":null,"FieldPath":"","OptionalOldSelf":null}: ` +
        "messageExpression must evaluate to a string"
    )
  }))

it.effect("regular expressions are Go's", () =>
  Effect.sync(() => {
    const matches = (pattern: string, text: string) =>
      Result.map(RegularExpression.make(pattern), (expression) => expression.test(text))
    const cases: ReadonlyArray<readonly [pattern: string, text: string, isMatch: boolean]> = [
      ["^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "a-b", true],
      ["^a\\-b\\_c\\/d$", "a-b_c/d", true],
      ["^[\\w.\\-/]+$", "a.b-c/d", true],
      ["^[^\\d]$", "1", false],
      ["^[[:^digit:]x]$", "1", false],
      ["^[&&~~!!]+$", "&~!", true],
      ["(?i)^abc$", "ABC", true],
      ["^(?i:a)b$", "Ab", true],
      ["^(?i:a)b$", "AB", false],
      ["^a(?i)b|c$", "aB", true],
      ["^a(?i)b|c$", "C", true],
      ["^(a(?i)b)c$", "aBC", false],
      ["^.$", "\u2028", true],
      ["^\\x{1F600}$", "\u{1F600}", true],
      ["^\\pL\\p{Greek}$", "aβ", true],
      ["^a{,2}$", "a{,2}", true],
      ["^\\Qa.b\\E$", "axb", false]
    ]
    for (const [pattern, text, isMatch] of cases) {
      assert.deepStrictEqual(matches(pattern, text), Result.succeed(isMatch), pattern)
    }
    for (const pattern of ["a(?=b)", "\\1", "a{1001}", "[a", "(a", "a)", "\\y", "[[:none:]]", "a**"]) {
      assert.isTrue(Result.isFailure(RegularExpression.make(pattern)), pattern)
    }
  }))
