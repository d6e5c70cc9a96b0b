import { assert, it } from "@effect/vitest"
import * as Result from "effect/Result"
import { resources } from "../../src/Api/resources.ts"
import { kinds } from "../../src/Api/schemas.ts"
import * as Equality from "../../src/Machinery/Equality.ts"
import * as JsonMergePatch from "../../src/Machinery/JsonMergePatch.ts"
import * as JsonPatch from "../../src/Machinery/JsonPatch.ts"
import * as ObjectSchema from "../../src/Machinery/ObjectSchema.ts"
import * as Resource from "../../src/Machinery/Resource.ts"
import * as Scheme from "../../src/Machinery/Scheme.ts"
import * as StrategicMergePatch from "../../src/Machinery/StrategicMergePatch.ts"
import * as AnyObject from "./anyObject.ts"

const rounds = 12

const freeze = <A>(value: A): A => {
  if (typeof value === "object" && value !== null) Object.values(Object.freeze(value)).forEach(freeze)
  return value
}

it("patches of all three kinds turn any object of every kind into any other, unknown fields and all", () => {
  let compared = 0
  for (const [index, resource] of resources.entries()) {
    const schema = ObjectSchema.lookup(kinds, resource)
    assert.isDefined(schema, resource.kind)
    const random = AnyObject.seeded(index + 1)
    for (let round = 0; round < rounds; round++) {
      const from = freeze(AnyObject.make(schema ?? {}, random) as object)
      const to = freeze(AnyObject.make(schema ?? {}, random) as object)
      const where = `${Resource.qualifiedName(resource)} ${resource.version}, seed ${index + 1}, round ${round}`
      assert.deepStrictEqual(JsonMergePatch.apply<object>(from, JsonMergePatch.create(from, to)), to, where)
      assert.deepStrictEqual(Result.getOrThrow(JsonPatch.apply(from, JsonPatch.create(from, to))), to, where)
      const patch = Result.getOrThrow(StrategicMergePatch.create(resource, from, to))
      assert.deepStrictEqual(Result.getOrThrow(StrategicMergePatch.apply<object>(resource, from, patch)), to, where)
      assert.isTrue(Equality.equal(to, structuredClone(to), { schema }), where)
      compared++
    }
  }
  assert.isAbove(compared, 90 * rounds)
})

it("a scheme of all kinds finds each by the type of its objects, and by its list", () => {
  const scheme = Scheme.make(...resources)
  for (const resource of resources) {
    const object = Scheme.typed(resource, { metadata: { name: "a" } })
    assert.strictEqual(Result.getOrThrow(Scheme.resourceOf(scheme, object)), resource)
    assert.strictEqual(
      Result.getOrThrow(Scheme.resourceOfList(scheme, { ...resource, kind: resource.listKind })),
      resource
    )
  }
})
