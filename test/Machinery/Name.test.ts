import { assert, it } from "@effect/vitest"
import * as Name from "../../src/Machinery/Name.ts"
import { read } from "./vectors.ts"

const rules: { readonly [rule: string]: (text: string) => Name.Problems } = {
  dns1123Label: Name.dns1123Label,
  dns1123Subdomain: Name.dns1123Subdomain,
  dns1035Label: Name.dns1035Label,
  wildcardDns1123Subdomain: Name.wildcardDns1123Subdomain,
  qualifiedName: Name.qualifiedName,
  labelValue: Name.labelValue,
  pathSegment: Name.pathSegment,
  configMapKey: Name.configMapKey,
  envVarName: Name.envVarName,
  portName: Name.portName,
  percent: Name.percent,
  httpHeaderName: Name.httpHeaderName,
  cIdentifier: Name.cIdentifier,
  prefix: Name.prefixOf(Name.dns1123Subdomain)
}

it("judges every text by every rule in the words of the API server", () => {
  const vectors = read<ReadonlyArray<{ rule: string; text: string; problems: ReadonlyArray<string> }>>("names")
  assert.strictEqual(new Set(vectors.map(({ rule }) => rule)).size, Object.keys(rules).length)
  for (const { problems, rule, text } of vectors) {
    assert.deepStrictEqual(rules[rule]?.(text), problems, `${rule} of ${JSON.stringify(text)}`)
  }
})

it("says what is wrong with a namespace that a person would type", () => {
  assert.deepStrictEqual(Name.dns1123Label("My_Namespace"), [
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
  ])
  assert.deepStrictEqual(Name.portNumber(0), ["must be between 1 and 65535, inclusive"])
})

it("returns one and the same empty list for whatever is valid", () => {
  assert.strictEqual(Name.dns1123Label("web"), Name.qualifiedName("example.com/app"))
})
