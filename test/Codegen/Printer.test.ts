import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as GoDefinitions from "../../src/Codegen/GoDefinitions.ts"
import * as Printer from "../../src/Codegen/Printer.ts"
import * as ResourceModel from "../../src/Codegen/ResourceModel.ts"
import * as SchemaPrinter from "../../src/Codegen/SchemaPrinter.ts"
import * as SourceText from "../../src/Codegen/SourceText.ts"
import * as Spec from "../../src/Codegen/Spec.ts"
import * as SpecPatches from "../../src/Codegen/SpecPatches.ts"
import * as StructurePrinter from "../../src/Codegen/StructurePrinter.ts"
import * as TablePrinter from "../../src/Codegen/TablePrinter.ts"
import { document, id } from "./website.ts"

const options: SourceText.Options = {
  origin: "Made by a test.",
  machinery: "../Machinery",
  extension: ".ts",
  reference: () => "https://example.com/website"
}

const printed = Effect.gen(function*() {
  const spec = yield* Spec.fromDocuments([{ name: "demo.json", content: document }])
  const enums: GoDefinitions.Enums = new Map([
    [GoDefinitions.key(`${id}.WebsiteSpec`), new Map([["mode", ["Dark", "Light"]]])]
  ])
  const model = ResourceModel.make(Spec.withEnums(spec, enums), {
    ...SpecPatches.none,
    provided: { "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta": "ObjectMeta" },
    shortNames: { websites: ["ws"] },
    repeated: ["WebsiteShellOptions.command"]
  })
  const module = model.modules.find(({ path }) => path === "demo/v1")
  return module === undefined ? assert.fail("no module demo/v1") : { model, module }
})

/** The declaration of a name without its documentation. */
const declaration = (text: string, head: string): string => {
  const start = text.indexOf(head)
  return start === -1 ? `no ${head}` : text.slice(start, text.indexOf("\n}", start) + 2)
}

describe("Printer", () => {
  it.effect("prints a type with optional, literal, enumerated, atomic, keyed and deprecated members", () =>
    Effect.gen(function*() {
      const { model, module } = yield* printed
      const text = Printer.print(model, module, options)
      assert.strictEqual(
        declaration(text, "export interface WebsiteSpec {"),
        `export interface WebsiteSpec {
  readonly image: string
  /** Map type: atomic. */
  readonly labels?: { readonly [key: string]: string }
  readonly mode?: "Dark" | "Light" | (string & {})
  /** List type: map by \`path\`, \`language\`. Strategic merge: merge, retainKeys by \`path\`. */
  readonly pages?: ListMap<Page, "path">
  /** Format: int32. Default: \`3\`. */
  readonly replicas: number
  /** @deprecated */
  readonly theme?: string
}`
      )
      assert.strictEqual(
        declaration(text, "export interface Website {"),
        `export interface Website {
  readonly apiVersion?: "demo.example.com/v1"
  readonly kind?: "Website"
  readonly metadata?: ObjectMeta
  readonly spec: WebsiteSpec
  readonly status?: WebsiteStatus
}`
      )
      assert.include(text, `  /** Format: int64. */\n  readonly "ready-pages"?: number\n`)
    }))

  it.effect("prints a descriptor of the same name with the facts that differ from the defaults", () =>
    Effect.gen(function*() {
      const { model, module } = yield* printed
      const text = Printer.print(model, module, options)
      assert.strictEqual(
        text.slice(text.indexOf("export const Website"), text.indexOf("\n})") + 3),
        `export const Website = /*#__PURE__*/ Resource.make<Website, {
  log: Resource.Connect<WebsiteLogOptions>
  scale: Resource.Only<"get" | "update", Scale>
  shell: Resource.Connect<WebsiteShellOptions>
  status: Website
}>()({
  group: "demo.example.com",
  version: "v1",
  kind: "Website",
  plural: "websites",
  shortNames: ["ws"],
  scope: "Namespaced",
  verbs: ["create", "delete", "get", "list", "patch", "update", "watch"],
  subresources: {
    log: { verbs: ["get"], group: "demo.example.com", version: "v1", kind: "Website" },
    scale: { verbs: ["get", "update"], group: "autoscaling", version: "v1", kind: "Scale" },
    shell: { verbs: ["create", "get"], group: "demo.example.com", version: "v1", kind: "WebsiteShellOptions" },
    status: { verbs: ["get", "patch", "update"], group: "demo.example.com", version: "v1", kind: "Website" }
  },
  structure: structure.Website
})`
      )
    }))

  it.effect("says where the text comes from, and documents a kind by facts and its reference page", () =>
    Effect.gen(function*() {
      const { model, module } = yield* printed
      const text = Printer.print(model, module, options)
      assert.isTrue(text.startsWith(`/**
 * The types and resources of \`demo/v1\`.
 *
 * Made by a test.
 *
 * @since 0.1.0
 */
import * as Resource from "../../Machinery/Resource.ts"
import * as structure from "../internal/structure/demo/v1.ts"
import type { ListMap } from "../../Machinery/ListMap.ts"
import type { ObjectMeta } from "../../Machinery/ObjectMeta.ts"
import type { Scale } from "../autoscaling/v1.ts"

/**
 * The type of \`WebsiteSpec.pages\`.
`))
      assert.include(
        text,
        `/**
 * \`Website\` of \`demo.example.com/v1\`: namespaced, served as \`websites\` (\`ws\`).
 *
 * @see https://example.com/website
 * @category models
 * @since 0.1.0
 */
export interface Website {`
      )
      assert.notInclude(text, "sentence")
    }))

  it.effect("gives an imported type another name where the module has one of its own", () =>
    Effect.gen(function*() {
      const spec = yield* Spec.fromDocuments([{
        name: "x",
        content: {
          components: {
            schemas: {
              "io.x.api.a.v1.Rule": { properties: { other: { $ref: "#/components/schemas/io.x.api.b.v1.Rule" } } },
              "io.x.api.b.v1.Rule": { properties: { name: { type: "string" } } }
            }
          }
        }
      }])
      const model = ResourceModel.make(spec, SpecPatches.none)
      const module = model.modules.find(({ path }) => path === "a/v1")
      const text = module === undefined ? "" : Printer.print(model, module, options)
      assert.include(text, `import type { Rule as BRule } from "../b/v1.ts"`)
      assert.include(text, "readonly other?: BRule")
    }))
})

describe("StructurePrinter", () => {
  it.effect("prints what differs from the defaults and leaves out types that do not", () =>
    Effect.gen(function*() {
      const { model, module } = yield* printed
      const text = StructurePrinter.print(model, module, options) ?? ""
      assert.strictEqual(
        text.slice(text.indexOf("import")),
        `import type { Structure } from "../../../../Machinery/Structure.ts"

export const Page: Structure = {
  fields: {
    links: { listType: "set" }
  }
}

export const Website: Structure = {
  fields: {
    spec: { of: () => WebsiteSpec }
  }
}

export const WebsiteSpec: Structure = {
  fields: {
    labels: { atomic: true },
    pages: { listType: "map", listMapKeys: ["path", "language"], patchStrategy: ["merge", "retainKeys"], patchMergeKey: "path", of: () => Page }
  }
}
`
      )
    }))

  it.effect("prints no file for a module without such types", () =>
    Effect.gen(function*() {
      const { model } = yield* printed
      const module = model.modules.find(({ path }) => path === "meta/v1")
      assert.isUndefined(module === undefined ? "" : StructurePrinter.print(model, module, options))
    }))
})

describe("SchemaPrinter", () => {
  it.effect("prints every fact of every field", () =>
    Effect.gen(function*() {
      const { model, module } = yield* printed
      const text = SchemaPrinter.print(model, module, options)
      assert.strictEqual(
        declaration(text, "export const WebsiteSpec"),
        `export const WebsiteSpec: ObjectSchema = {
  type: "object",
  required: ["image", "replicas"],
  properties: {
    image: { type: "string" },
    labels: { type: "object", additionalProperties: { type: "string" }, "x-kubernetes-map-type": "atomic" },
    mode: { type: "string", enum: ["Dark", "Light"] },
    pages: { type: "array", items: { ref: () => Page }, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["path", "language"], "x-kubernetes-patch-strategy": "merge,retainKeys", "x-kubernetes-patch-merge-key": "path" },
    replicas: { type: "integer", format: "int32", default: 3 },
    theme: { type: "string" }
  }
}`
      )
      assert.notInclude(text, "WebsiteLogOptions")
    }))

  it.effect("registers schemas by kind and by name", () =>
    Effect.gen(function*() {
      const { model } = yield* printed
      const text = SchemaPrinter.printRegistry(model, options)
      assert.include(text, `  "demo.example.com/v1/Website": () => demo_v1.Website,\n`)
      assert.include(text, `  "${id}.Page": () => demo_v1.Page,\n`)
      assert.notInclude(text, "Options")
    }))
})

describe("TablePrinter", () => {
  it("names the client of a kind as client-go does", () => {
    const names = [
      ["ConfigMap", "configmaps", "configMaps"],
      ["NetworkPolicy", "networkpolicies", "networkPolicies"],
      ["Endpoints", "endpoints", "endpoints"],
      ["ComponentStatus", "componentstatuses", "componentStatuses"],
      ["CSIDriver", "csidrivers", "csiDrivers"],
      ["CSIStorageCapacity", "csistoragecapacities", "csiStorageCapacities"],
      ["APIService", "apiservices", "apiServices"],
      ["IPAddress", "ipaddresses", "ipAddresses"],
      ["ServiceCIDR", "servicecidrs", "serviceCIDRs"],
      ["Website", "websites", "websites"],
      ["DNS", "dnses", "dnses"]
    ] as const
    for (const [kind, plural, name] of names) assert.strictEqual(TablePrinter.accessor(kind, plural), name)
  })

  it.effect("prints a table per group and version, and the list of all resources", () =>
    Effect.gen(function*() {
      const { model } = yield* printed
      assert.include(
        TablePrinter.printGroups(model, options),
        "export const demoV1 = {\n  websites: demo_v1.Website\n} as const\n"
      )
      assert.include(
        TablePrinter.printResources(model, options),
        "export const resources: ReadonlyArray<AnyResource> = [\n  demo_v1.Website\n]\n"
      )
    }))
})

describe("SourceText", () => {
  it("writes paths as seen from a file", () => {
    assert.strictEqual(SourceText.relative("apps/v1.ts", "core/v1.ts"), "../core/v1.ts")
    assert.strictEqual(SourceText.relative("resource/v1.ts", "resource/v1beta1.ts"), "./v1beta1.ts")
    assert.strictEqual(SourceText.relative("groups.ts", "core/v1.ts"), "./core/v1.ts")
    assert.strictEqual(SourceText.relative("apps/v1.ts", "../Machinery/Resource.ts"), "../../Machinery/Resource.ts")
  })

  it("quotes the keys that need it", () => {
    assert.strictEqual(
      SourceText.literal({ name: "a", "x-y": [1, null], left: undefined, $ref: {} }),
      `{ name: "a", "x-y": [1, null], $ref: {} }`
    )
  })

  it("breaks long comments at 120 columns", () => {
    const words = Array.from({ length: 60 }, () => "four").join(" ")
    for (const line of SourceText.comment([words], "  ").split("\n")) assert.isAtMost(line.length, 120)
  })
})
