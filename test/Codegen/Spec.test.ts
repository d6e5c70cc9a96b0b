import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as GoDefinitions from "../../src/Codegen/GoDefinitions.ts"
import * as Spec from "../../src/Codegen/Spec.ts"
import { definitions, document, id } from "./website.ts"

const read = (content: unknown, name = "demo.json") => ({ name, content })

describe("Spec", () => {
  it.effect("keeps every schema once, in the order of names", () =>
    Effect.gen(function*() {
      const spec = yield* Spec.fromDocuments([read(document), read(document, "again.json")])
      assert.deepStrictEqual([...spec.schemas.keys()], Object.keys(document.components.schemas).sort())
    }))

  it.effect("joins the kinds that documents give one type", () =>
    Effect.gen(function*() {
      const options = (group: string) => ({
        components: {
          schemas: {
            "x.DeleteOptions": {
              type: "object",
              "x-kubernetes-group-version-kind": [{ group, version: "v1", kind: "DeleteOptions" }]
            }
          }
        }
      })
      const spec = yield* Spec.fromDocuments([read(options("b")), read(options("a")), read(options("b"))])
      assert.deepStrictEqual(
        spec.schemas.get("x.DeleteOptions")?.["x-kubernetes-group-version-kind"]?.map(({ group }) => group),
        ["a", "b"]
      )
    }))

  it.effect("leaves all prose behind, and keeps that something is deprecated", () =>
    Effect.gen(function*() {
      const spec = yield* Spec.fromDocuments([read(document)])
      const text = JSON.stringify([[...spec.schemas], spec.operations])
      assert.notInclude(text, "description")
      assert.notInclude(text, "sentence")
      assert.strictEqual(spec.schemas.get(`${id}.WebsiteSpec`)?.properties?.["theme"]?.deprecated, true)
      assert.isUndefined(spec.schemas.get(`${id}.WebsiteSpec`)?.properties?.["mode"]?.deprecated)
    }))

  it.effect("does not take a word in the middle of a text for a deprecation", () =>
    Effect.gen(function*() {
      const describing = (description: string) => ({
        components: { schemas: { "x.T": { properties: { field: { type: "string", description } } } } }
      })
      const isDeprecated = (description: string) =>
        Effect.map(
          Spec.fromDocuments([read(describing(description))]),
          (spec) => spec.schemas.get("x.T")?.properties?.["field"]?.deprecated === true
        )
      assert.isTrue(yield* isDeprecated("Old. Deprecated: use another."))
      assert.isTrue(yield* isDeprecated("Deprecated. Not supported."))
      assert.isTrue(yield* isDeprecated("This field is deprecated in favor of another."))
      assert.isFalse(yield* isDeprecated("* FQDN: a name. (Deprecated) The controller makes none."))
      assert.isFalse(yield* isDeprecated("Whether the version is deprecated."))
    }))

  it.effect("knows what each operation does, takes and answers", () =>
    Effect.gen(function*() {
      const { operations } = yield* Spec.fromDocuments([read(document)])
      const log = operations.find(({ path }) => path.endsWith("/log"))
      assert.deepStrictEqual(log, {
        path: "/apis/demo.example.com/v1/namespaces/{namespace}/websites/{name}/log",
        method: "get",
        action: "get",
        kind: { group: "demo.example.com", version: "v1", kind: "Website" },
        query: [{ name: "follow", schema: { type: "boolean" } }, { name: "pretty", schema: { type: "string" } }],
        answer: undefined
      })
      const list = operations.find(({ action }) => action === "list")
      assert.strictEqual(list?.answer, `${id}.WebsiteList`)
    }))

  it.effect("says which document is malformed", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Spec.fromDocuments([
        read(document),
        read({ components: { schemas: { "x.T": { required: "name" } } } }, "bad.json")
      ]))
      assert.strictEqual(error._tag, "SpecError")
      assert.isFalse(error.isAbsent)
      assert.match(error.message, /^bad\.json: /)
    }))

  it.effect("takes enumerations from the Go definitions, for a field and for the items of a list", () =>
    Effect.gen(function*() {
      const spec = yield* Spec.fromDocuments([read({
        components: {
          schemas: {
            "io.k8s.api.demo.v1.WebsiteSpec": {
              properties: { mode: { type: "string" }, modes: { type: "array", items: { type: "string" } } }
            }
          }
        }
      })])
      const text = `${definitions}\t\t\t\t\t"modes": {\n\t\t\t\t\t\t\t\t\tEnum: []interface{}{"", "Dark"},\n`
      const properties = Spec.withEnums(spec, GoDefinitions.enums(text))
        .schemas.get("io.k8s.api.demo.v1.WebsiteSpec")?.properties
      assert.deepStrictEqual(properties?.["mode"], { type: "string", enum: ["Dark", "Light"] })
      assert.deepStrictEqual(properties?.["modes"], { type: "array", items: { type: "string", enum: ["", "Dark"] } })
    }))

  it("finds the Go definition of a schema by its name", () => {
    assert.strictEqual(GoDefinitions.key("io.k8s.api.apps.v1.Deployment"), "k8sio_api_apps_v1_Deployment")
    assert.strictEqual(GoDefinitions.key("io.k8s.apimachinery.pkg.apis.meta.v1.Time"), "pkg_apis_meta_v1_Time")
  })
})
