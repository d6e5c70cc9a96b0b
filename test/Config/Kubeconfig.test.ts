import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { inspect } from "node:util"
import * as Kubeconfig from "../../src/Config/Kubeconfig.ts"
import type * as KubeconfigError from "../../src/Config/KubeconfigError.ts"
import * as RandomJson from "../randomJson.ts"

const parse = (text: string) => Kubeconfig.parse(text, { path: "/k" })

const parsed = (text: string) => Effect.fromResult(parse(text))

const messages = (text: string): string =>
  Result.match(parse(text), { onSuccess: () => "", onFailure: (error) => error.message })

const Name = Schema.String.check(Schema.isMaxLength(6))

/** Entries of a file; names may repeat and are made unique below. */
const Raw = Schema.Struct({
  clusters: Schema.Array(Schema.Struct({ name: Name, server: Schema.String, insecure: Schema.Boolean })).check(
    Schema.isMaxLength(4)
  ),
  users: Schema.Array(Schema.Struct({
    name: Name,
    token: Schema.String,
    groups: Schema.Array(Schema.String),
    extra: Schema.Record(Schema.String, Schema.Array(Schema.String)),
    args: Schema.Array(Schema.String)
  })).check(Schema.isMaxLength(4)),
  contexts: Schema.Array(Schema.Struct({ name: Name, cluster: Name, user: Name, namespace: Schema.String })).check(
    Schema.isMaxLength(4)
  ),
  current: Name,
  extensions: Schema.Array(Schema.Struct({ name: Name, extension: RandomJson.Json })).check(Schema.isMaxLength(3))
})

const unique = <A extends { readonly name: string }>(entries: ReadonlyArray<A>): ReadonlyArray<A> =>
  Array.from(new Map(entries.map((entry) => [entry.name, entry])).values())

const fromRaw = (raw: typeof Raw.Type): Kubeconfig.Kubeconfig => ({
  clusters: unique(raw.clusters).map(({ insecure, name, server }) => ({
    name,
    cluster: { server, "insecure-skip-tls-verify": insecure }
  })),
  users: unique(raw.users).map(({ args, extra, groups, name, token }) => ({
    name,
    user: {
      token: Redacted.make(token, { label: "token" }),
      "as-groups": groups,
      "as-user-extra": extra,
      exec: { command: "plugin", args: args.map((arg) => Redacted.make(arg, { label: "args" })) }
    }
  })),
  contexts: unique(raw.contexts).map(({ name, ...context }) => ({ name, context })),
  "current-context": raw.current,
  // Go reads null as absent.
  extensions: unique(raw.extensions).filter((entry) => entry.extension !== null)
})

const plain = (kubeconfig: Kubeconfig.Kubeconfig) => JSON.parse(JSON.stringify(Kubeconfig.toJson(kubeconfig)))

it.effect.prop("what is printed is parsed as what was printed", [Raw], ([raw]) =>
  Effect.gen(function*() {
    const kubeconfig = fromRaw(raw)
    const again = yield* parsed(Kubeconfig.print(kubeconfig))
    assert.deepStrictEqual(plain(again), { apiVersion: "v1", kind: "Config", ...plain(kubeconfig) })
  }))

it.effect.prop(
  "merging is associative, has a neutral element and changes nothing when repeated",
  [Raw, Raw, Raw],
  (raws) =>
    Effect.sync(() => {
      const [a, b, c] = [fromRaw(raws[0]), fromRaw(raws[1]), fromRaw(raws[2])]
      const json = (...files: ReadonlyArray<Kubeconfig.Kubeconfig>) => Kubeconfig.toJson(Kubeconfig.merge(files))
      assert.deepStrictEqual(json(Kubeconfig.merge([a, b]), c), json(a, Kubeconfig.merge([b, c])))
      assert.deepStrictEqual(json(a, Kubeconfig.empty), json(a))
      assert.deepStrictEqual(json(Kubeconfig.empty, a), json(a))
      assert.deepStrictEqual(json(a, a), json(a))
      assert.deepStrictEqual(json(a, b, a), json(a, b))
    })
)

it.effect.prop("of two entries of one name the first file wins whole", [Raw, Raw], (raws) =>
  Effect.sync(() => {
    const [a, b] = [fromRaw(raws[0]), fromRaw(raws[1])]
    const merged = Kubeconfig.merge([a, b])
    for (const section of ["clusters", "users", "contexts"] as const) {
      for (const entry of merged[section]) {
        const first = [...a[section], ...b[section]].find((each) => each.name === entry.name)
        assert.strictEqual(entry, first)
      }
      assert.strictEqual(
        merged[section].length,
        new Set([...a[section], ...b[section]].map((entry) => entry.name)).size
      )
    }
    assert.strictEqual(merged["current-context"], a["current-context"] || b["current-context"])
  }))

it.effect("reads a text that says nothing as an empty kubeconfig", () =>
  Effect.gen(function*() {
    for (const text of ["", "# nothing\n", "null\n", "---\n", "{}", "kind: Config\n", "apiVersion: v1\nkind: Config"]) {
      const { apiVersion: _apiVersion, kind: _kind, ...rest } = yield* parsed(text)
      assert.deepStrictEqual(rest, Kubeconfig.empty)
    }
  }))

it.effect("reads what client-go reads: null as absent, yes as a boolean, dates as text, anchors, the last of equal keys", () =>
  Effect.gen(function*() {
    const one = yield* parsed("clusters: null\nusers:\n- name: a\n  user: null\ncurrent-context: 2001-01-01\n")
    assert.deepStrictEqual(one, {
      ...Kubeconfig.empty,
      users: [{ name: "a", user: {} }],
      "current-context": "2001-01-01"
    })
    const two = yield* parsed(
      "x: &x {server: s}\nclusters:\n- name: a\n  cluster: *x\n- name: b\n  cluster:\n    <<: *x\n    insecure-skip-tls-verify: yes\n"
    )
    assert.deepStrictEqual(two.clusters, [
      { name: "a", cluster: { server: "s" } },
      { name: "b", cluster: { server: "s", "insecure-skip-tls-verify": true } }
    ])
    assert.strictEqual((yield* parsed("current-context: a\ncurrent-context: b\n"))["current-context"], "b")
    assert.strictEqual((yield* parsed("current-context: a\n---\ncurrent-context: b\n"))["current-context"], "a")
    assert.strictEqual((yield* parsed("{\"current-context\": \"json\"}"))["current-context"], "json")
    assert.strictEqual((yield* parsed("clusters: [{cluster: {server: 1:30}}]")).clusters[0]?.cluster.server, "1:30")
  }))

it("quotes what another reader of YAML would take for a number or a boolean", () => {
  const texts = ["yes", "y", "on", "0o17", "1_000", "1e3", "012", "0x1f", "null", "~", "1:30", "2001-01-01", ".5", ""]
  for (const text of texts) {
    const line = Kubeconfig.print({ ...Kubeconfig.empty, "current-context": text }).split("\n").find((each) =>
      each.startsWith("current-context")
    )
    if (text === "1:30" || text === "2001-01-01") continue
    assert.match(line ?? "", /: (".*"|'.*')$/)
  }
})

it.effect("keeps members that it does not know, also through print", () =>
  Effect.gen(function*() {
    const text =
      "clusters:\n- name: a\n  note: text\n  cluster:\n    server: s\n    future: {deep: [1, null]}\nlater: 5\npreferences:\n  theme: dark\nusers:\n- name: u\n  user:\n    new-secret: planted\n"
    const kubeconfig = yield* parsed(text)
    const again = yield* parsed(Kubeconfig.print(kubeconfig))
    for (const each of [kubeconfig, again]) {
      const json = JSON.parse(JSON.stringify(Kubeconfig.toJson(each)))
      assert.strictEqual(json.clusters[0].note, "text")
      assert.deepStrictEqual(json.clusters[0].cluster.future.deep.slice(0, 1), [1])
      assert.strictEqual(json.later, 5)
      assert.strictEqual(json.preferences.theme, "dark")
      assert.strictEqual(json.users[0].user["new-secret"], "planted")
    }
    assert.notInclude(inspect(kubeconfig, { depth: 20 }), "planted")
  }))

it.effect("keeps an extension as it is, nulls included", () =>
  Effect.gen(function*() {
    const { extensions } = yield* parsed("extensions:\n- name: a\n  extension: {b: null, c: [1, {d: null}], e: text}\n")
    assert.deepStrictEqual(extensions, [{ name: "a", extension: { b: null, c: [1, { d: null }], e: "text" } }])
  }))

it.effect("shows no secret of a user, however it is looked at", () =>
  Effect.gen(function*() {
    const kubeconfig = yield* parsed(`
users:
- name: a
  unknown: planted-0
  user:
    token: planted-1
    password: planted-2
    client-key-data: cGxhbnRlZA==
    unknown: planted-3
    auth-provider: {name: oidc, config: {id-token: planted-4, refresh-token: planted-5, client-secret: planted-6}}
    exec: {command: c, args: [--token=planted-7], env: [{name: A, value: planted-8}], more: planted-9}
clusters:
- name: a
  cluster: {proxy-url: "http://u:planted-10@p"}
`)
    for (const text of [inspect(kubeconfig, { depth: 20 }), JSON.stringify(kubeconfig), String(kubeconfig)]) {
      assert.notInclude(text, "planted")
      assert.notInclude(text, "cGxhbnRlZA")
    }
    assert.include(Kubeconfig.print(kubeconfig), "planted-9")
  }))

it("says line, column and member of everything that is wrong, and quotes nothing", () => {
  assert.strictEqual(
    messages("current-context: 5\nclusters:\n- name: a\n  cluster:\n    server: [planted]\nusers: {}\n"),
    [
      "/k:5:13: clusters[0].cluster.server: expected a text, found a list",
      "/k:6:8: users: expected a list, found a mapping",
      "/k:1:18: current-context: expected a text, found a number; put it in quotes"
    ].join("\n")
  )
  assert.strictEqual(messages("[]"), "/k:1:1: expected a mapping, found a list")
  assert.strictEqual(messages("hello"), "/k:1:1: expected a mapping, found a text")
  assert.strictEqual(messages("apiVersion: v2\n"), "/k:1:13: apiVersion: expected \"v1\" | \"\", found a text")
  assert.strictEqual(messages("kind: Pod\n"), "/k:1:7: kind: expected \"Config\" | \"\", found a text")
  assert.strictEqual(
    messages("users:\n- name: a\n  user: {token: yes}\n"),
    "/k:3:17: users[0].user.token: expected a text, found a boolean; put it in quotes"
  )
  assert.strictEqual(
    messages("clusters:\n- name: a\n  cluster:\n    certificate-authority-data: planted secret\n"),
    "/k:4:33: clusters[0].cluster.certificate-authority-data: expected base64"
  )
})

it("refuses two entries of one name in each of the lists", () => {
  const duplicate = (section: string) => `${section}:\n- name: a\n- name: b\n- name: a\n`
  for (const section of ["clusters", "users", "contexts", "extensions"]) {
    assert.strictEqual(messages(duplicate(section)), `/k:4:9: ${section}[2].name: the name "a" is given twice`)
  }
})

it("says where a text is not YAML", () => {
  const cases: ReadonlyArray<readonly [text: string, message: string]> = [
    ["a: [1, 2", "/k:1:9: not YAML: wrong indentation, or a bracket or brace that is not closed"],
    ["a:\n\t- b\n", "/k:2:1: not YAML: tabs cannot indent"],
    ["token: *planted\n", "/k:1:8: not YAML: an alias without its anchor"],
    ["a: @planted\n", "/k:1:4: not YAML: a text that starts with a reserved character has to be quoted"]
  ]
  for (const [text, message] of cases) assert.strictEqual(messages(text), message)
})

it("does not expand aliases without end", () => {
  const lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
  for (let index = 1; index < 9; index++) {
    lines.push(`a${index}: &a${index} [${Array.from({ length: 10 }, () => `*a${index - 1}`).join(", ")}]`)
  }
  assert.strictEqual(
    messages(lines.join("\n")),
    "/k:1:1: not YAML: aliases that refer to themselves or multiply without end"
  )
})

it("has a failure for each thing that is wrong, with its place", () => {
  const result = parse("users: 1\ncontexts: 2\n")
  const reason: KubeconfigError.Reason | undefined = Result.isFailure(result) ? result.failure.reason : undefined
  assert.deepStrictEqual(reason?._tag === "Invalid" ? reason.issues.map((issue) => [issue.member, issue.line]) : [], [
    ["users", 1],
    ["contexts", 2]
  ])
})

const whole = `
current-context: x
contexts: [{name: x, context: {cluster: c, user: u}}, {name: "y", context: {cluster: gone}}, {name: z, context: {user: gone}}]
clusters: [{name: c, cluster: {server: s, certificate-authority-data: YWJj}}, {name: d, cluster: {server: t}}]
users: [{name: u, user: {token: planted, client-key-data: cGxhbnRlZA==, exec: {args: [planted]}}}, {name: v}]
`

it.effect("keeps the current context, its cluster and its user alone", () =>
  Effect.gen(function*() {
    const kubeconfig = yield* parsed(whole)
    const small = yield* Effect.fromResult(Kubeconfig.minify(kubeconfig))
    const names = (entries: ReadonlyArray<{ readonly name: string }>) => entries.map((entry) => entry.name)
    assert.deepStrictEqual([names(small.contexts), names(small.clusters), names(small.users)], [["x"], ["c"], ["u"]])
    const failure = (context: string) => {
      const result = Kubeconfig.minify({ ...kubeconfig, "current-context": context })
      return Result.isFailure(result) ? result.failure.message : ""
    }
    assert.strictEqual(
      failure(""),
      "the context \"\" does not exist in the configuration; contexts there: \"x\", \"y\", \"z\""
    )
    assert.strictEqual(
      failure("y"),
      "the cluster \"gone\", named by the context \"y\", does not exist in the configuration; clusters there: \"c\", \"d\""
    )
    assert.strictEqual(
      failure("z"),
      "the user \"gone\", named by the context \"z\", does not exist in the configuration; users there: \"u\", \"v\""
    )
  }))

it.effect("prints a view without secrets and data", () =>
  Effect.gen(function*() {
    const text = Kubeconfig.printRedacted(yield* parsed(whole))
    assert.notInclude(text, "planted")
    assert.include(text, "certificate-authority-data: DATA+OMITTED")
    assert.include(text, "client-key-data: DATA+OMITTED")
    assert.include(text, "token: REDACTED")
  }))
