/**
 * What holds of the rules in a custom resource's schema: expressions over `self` and `oldSelf`, their messages and
 * reasons, and where the finding stands.
 */
import { assert, layer as withLayer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import { CustomResourceDefinition } from "../../src/Api/apiextensions/v1.ts"
import * as ResourceClient from "../../src/Clientset/ResourceClient.ts"
import * as Wait from "../../src/Clientset/Wait.ts"
import * as WaitCondition from "../../src/Clientset/WaitCondition.ts"
import type { Kubernetes } from "../../src/Kubernetes.ts"
import * as Patch from "../../src/Machinery/Patch.ts"
import * as Resource from "../../src/Machinery/Resource.ts"
import * as namespace from "./namespace.ts"

const integer = { type: "integer" }
const text = { type: "string", maxLength: 20 }

const properties = {
  min: integer,
  max: { ...integer, "x-kubernetes-validations": [{ rule: "self < 100", message: "must be below 100" }] },
  image: {
    ...text,
    "x-kubernetes-validations": [{ rule: "self == oldSelf", message: "the image stays", reason: "FieldValueForbidden" }]
  },
  names: { type: "array", maxItems: 10, items: text },
  ports: {
    type: "array",
    maxItems: 10,
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["name"],
    items: {
      type: "object",
      required: ["name"],
      properties: { name: text, port: integer },
      "x-kubernetes-validations": [{ rule: "!has(oldSelf.port) || self.port == oldSelf.port", message: "ports stay" }]
    }
  },
  labels: { type: "object", maxProperties: 10, additionalProperties: text },
  wait: text,
  mode: text,
  code: { ...text, pattern: "^(?i)[[:alpha:]\\-]+\\z" },
  tags: { type: "array", maxItems: 10, "x-kubernetes-list-type": "set", items: text },
  huge: { ...integer, format: "int64" },
  address: text,
  memory: text
}

const specRules = [
  {
    rule: "!has(self.min) || !has(self.max) || self.min <= self.max",
    message: "min must not be above max",
    fieldPath: ".min"
  },
  {
    rule: "!has(self.names) || self.names.all(name, name.startsWith('a') && size(name) > 1)",
    messageExpression: "size(self.names) == 3 ? 'bad name among three' : 'bad name'"
  },
  { rule: "!has(self.ports) || self.ports.exists_one(p, p.name == 'main')" },
  { rule: "!has(self.labels) || self.labels.all(key, self.labels[key].matches('^[a-z]+$') && key in ['x', 'y'])" },
  {
    rule: "!has(self.wait) || duration(self.wait) <= duration('1h30m')",
    message: "too long",
    reason: "FieldValueInvalid"
  },
  { rule: "!has(self.mode) || (self.mode == 'one' ? has(self.min) : self.mode in ['two', 'three'])" },
  { rule: "!has(self.tags) || self.tags == ['a', 'b']", message: "the tags are a and b" },
  { rule: "!has(self.huge) || self.huge * 2 > 0", message: "too much" },
  { rule: "!has(self.address) || cidr('192.0.2.0/24').containsIP(self.address)" },
  { rule: "!has(self.memory) || quantity(self.memory).isGreaterThan(quantity('1M'))" },
  {
    rule: "!oldSelf.hasValue() || !has(self.max) || !has(oldSelf.value().max) || self.max >= oldSelf.value().max",
    optionalOldSelf: true,
    message: "max only grows"
  }
]

/** What is said to a definition with a schema that cannot be. */
const broken = (schema: { readonly [key: string]: unknown }) =>
  Effect.gen(function*() {
    const definitions = yield* ResourceClient.make(CustomResourceDefinition)
    const error = yield* Effect.flip(definitions.create({
      metadata: { name: "broken.rules.example.com" },
      spec: {
        group: "rules.example.com",
        scope: "Namespaced",
        names: { kind: "Broken", plural: "broken" },
        versions: [{
          name: "v1",
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: { type: "object", properties: { count: integer, name: text }, ...schema }
          }
        }]
      }
    }))
    assert.strictEqual(error.reason._tag, "Invalid")
    return error.message
  })

const clientOf = Effect.gen(function*() {
  const space = yield* namespace.scoped
  const group = `${space}.example.com`
  const definitions = yield* ResourceClient.make(CustomResourceDefinition)
  const name = `rules.${group}`
  yield* Effect.acquireRelease(
    definitions.create({
      metadata: { name },
      spec: {
        group,
        scope: "Namespaced",
        names: { kind: "Rule", plural: "rules" },
        versions: [{
          name: "v1",
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              type: "object",
              "x-kubernetes-validations": [{ rule: "size(self.metadata.name) < 20", message: "the name is too long" }],
              properties: { spec: { type: "object", properties, "x-kubernetes-validations": specRules } }
            }
          }
        }]
      }
    }),
    () => Effect.ignore(definitions.delete(name))
  )
  yield* Wait.until(definitions, name, WaitCondition.established, { timeout: "20 seconds" })
  interface Rule extends Resource.KubeObject {
    readonly spec?: { readonly [key: string]: unknown }
  }
  const kind = Resource.make<Rule>()({ group, version: "v1", kind: "Rule", plural: "rules", scope: "Namespaced" })
  const client = yield* ResourceClient.make(kind, space)
  const object = (spec: { readonly [key: string]: unknown }, name = "one"): Rule => ({
    apiVersion: `${group}/v1`,
    kind: "Rule",
    metadata: { name },
    spec
  })
  // A definition is established a moment before its resources are there.
  yield* Effect.retry(client.list(), { times: 50, schedule: Schedule.spaced("50 millis") })
  const refusal = (spec: { readonly [key: string]: unknown }, name?: string) =>
    Effect.map(Effect.flip(client.create(object(spec, name))), (error) =>
      error._tag === "ApiError"
        ? (error.reason.status.details?.causes ?? []).map(({ field, message, reason }) =>
          `${reason} ${field}: ${message}`
        )
        : [error.message])
  return { client, object, refusal }
})

export const suite = (name: string, layer: Layer.Layer<Kubernetes, unknown>): void =>
  withLayer(layer, { excludeTestServices: true, timeout: 60_000 })(`Custom rules (${name})`, (it) => {
    it.effect("a rule that does not hold is refused with its message, reason and place", () =>
      Effect.gen(function*() {
        const { client, object, refusal } = yield* clientOf
        assert.deepStrictEqual(yield* refusal({ min: 5, max: 3 }), [
          "FieldValueInvalid spec.min: Invalid value: min must not be above max"
        ])
        assert.deepStrictEqual(yield* refusal({ max: 200 }), [
          "FieldValueInvalid spec.max: Invalid value: 200: must be below 100"
        ])
        assert.deepStrictEqual(yield* refusal({ names: ["ab", "cd", "ef"] }), [
          "FieldValueInvalid spec: Invalid value: bad name among three"
        ])
        assert.deepStrictEqual(yield* refusal({ ports: [{ name: "other" }] }), [
          "FieldValueInvalid spec: Invalid value: failed rule: !has(self.ports) || self.ports.exists_one(p, p.name == 'main')"
        ])
        assert.lengthOf(yield* refusal({ labels: { x: "ok", y: "No" } }), 1)
        assert.lengthOf(yield* refusal({ labels: { z: "ok" } }), 1)
        assert.deepStrictEqual(yield* refusal({ wait: "2h" }), ["FieldValueInvalid spec: Invalid value: too long"])
        assert.lengthOf(yield* refusal({ mode: "one" }), 1)
        assert.lengthOf(yield* refusal({ mode: "four" }), 1)
        assert.deepStrictEqual(yield* refusal({}, "a-name-that-is-much-too-long"), [
          "FieldValueInvalid <nil>: Invalid value: the name is too long"
        ])
        const good = {
          min: 1,
          max: 5,
          names: ["ab"],
          ports: [{ name: "main" }],
          labels: { x: "ok" },
          wait: "90m",
          mode: "one"
        }
        assert.deepStrictEqual((yield* client.create(object(good))).spec, good)
      }))

    it.effect("a rule over the old value runs on changes alone, item by item", () =>
      Effect.gen(function*() {
        const { client, object } = yield* clientOf
        yield* client.create(object({ image: "one", max: 5, ports: [{ name: "main", port: 80 }] }))
        const refusal = (spec: object) =>
          Effect.map(Effect.flip(client.patch("one", Patch.merge({ spec }))), ({ message }) => message)
        assert.include(yield* refusal({ image: "two" }), "spec.image: Forbidden: the image stays")
        assert.include(yield* refusal({ max: 4 }), "spec: Invalid value: max only grows")
        assert.include(
          yield* refusal({ ports: [{ name: "more", port: 1 }, { name: "main", port: 81 }] }),
          "spec.ports[1]: Invalid value: ports stay"
        )
        const grown = yield* client.patch(
          "one",
          Patch.merge({
            spec: { max: 6, ports: [{ name: "more", port: 1 }, { name: "main", port: 80 }] }
          })
        )
        assert.strictEqual(grown.spec?.["max"], 6)
      }))

    it.effect("a definition whose rule is no expression, or not of the schema's types, is refused", () =>
      Effect.gen(function*() {
        const place = "openAPIV3Schema.x-kubernetes-validations[0].rule: Invalid value: "
        const refusal = (rule: string) => broken({ "x-kubernetes-validations": [{ rule }] })
        assert.include(
          yield* refusal("self.x =="),
          `${place}{"Rule":"self.x ==","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed`
        )
        assert.include(
          yield* refusal("self.count == 1.0"),
          "found no matching overload for '_==_' applied to '(int, double)'"
        )
        assert.include(yield* refusal("self.cuont > 1"), "ERROR: <input>:1:5: undefined field 'cuont'")
        assert.include(yield* refusal("self.count"), "cel expression must evaluate to a bool")
        assert.include(yield* refusal("duration('1 day') > duration('1h')"), "invalid duration argument")
        assert.include(yield* refusal("self.name.matches('(')"), "invalid matches argument")
      }))

    it.effect("a definition whose pattern is no regular expression is refused, and Go's own are understood", () =>
      Effect.gen(function*() {
        const message = yield* broken({ properties: { name: { type: "string", pattern: "a(?=b)" } } })
        assert.include(message, "openAPIV3Schema.properties[name].pattern: Invalid value: \"a(?=b)\": must be a valid")
        const { refusal } = yield* clientOf
        assert.deepStrictEqual(yield* refusal({ code: "12" }), [
          "FieldValueInvalid spec.code: Invalid value: \"12\": spec.code in body should match '^(?i)[[:alpha:]\\-]+\\z'"
        ])
      }))

    it.effect("lists that are sets or maps are equal in any order, and whole numbers do not overflow", () =>
      Effect.gen(function*() {
        const { client, object, refusal } = yield* clientOf
        assert.deepStrictEqual(yield* refusal({ tags: ["b", "a", "c"] }), [
          "FieldValueInvalid spec: Invalid value: the tags are a and b"
        ])
        assert.deepStrictEqual(yield* refusal({ huge: 9223372036854774784 }), [
          "FieldValueInvalid spec: Invalid value: \"object\": integer overflow evaluating rule: too much"
        ])
        const good = { tags: ["b", "a"], huge: 1, address: "192.0.2.7", memory: "1Gi" }
        assert.deepStrictEqual((yield* client.create(object(good))).spec, good)
      }))
  })
