import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Api from "../../src/Codegen/Api.ts"
import * as GoModule from "../../src/Codegen/GoModule.ts"
import * as ResourceModel from "../../src/Codegen/ResourceModel.ts"
import * as Spec from "../../src/Codegen/Spec.ts"
import * as SpecPatches from "../../src/Codegen/SpecPatches.ts"

const locate = (module: string, version: string) => GoModule.locate({ module, version, download: false })

const found = await Effect.runPromise(
  locate("k8s.io/kubernetes", `v${Api.kubernetesVersion}`).pipe(
    Effect.map((folder) => ({ folder, reason: "" })),
    Effect.catchTag("SpecError", (error) => Effect.succeed({ folder: "", reason: error.message })),
    Effect.provide(NodeServices.layer)
  )
)
if (found.reason !== "") console.log(`skipped: the description of Kubernetes is not on this machine: ${found.reason}`)

const documents = `${found.folder}/api/openapi-spec/v3`
const spec = Effect.provide(Spec.read(documents), NodeServices.layer)
const read = (path: string) =>
  Effect.provide(Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readFileString(path)), NodeServices.layer)
const list = (path: string) =>
  Effect.provide(
    Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readDirectory(path, { recursive: true })),
    NodeServices.layer
  )

const words = (text: string): ReadonlyArray<string> =>
  text.toLowerCase().replaceAll(/https?:\S+/g, "").match(/[a-z0-9']+/g) ?? []

/** Every run of seven words of a text. */
const runs = (text: string): ReadonlyArray<string> => {
  const all = words(text)
  return all.slice(6).map((_, index) => all.slice(index, index + 7).join(" "))
}

describe.skipIf(found.reason !== "")("the description of Kubernetes", () => {
  it.effect("has 64 documents, 771 schemas and 104 kinds, of which 95 are resources", () =>
    Effect.gen(function*() {
      const names = (yield* list(documents)).filter((name) => name.endsWith(".json"))
      // 63, and one on the server's OpenID configuration whose name begins with a dot.
      assert.lengthOf(names, 64)
      const { operations, schemas } = yield* spec
      assert.strictEqual(schemas.size, 771)
      const kinds = new Set(operations.map(({ kind: { group, kind, version } }) => `${group}/${version}/${kind}`))
      assert.strictEqual(kinds.size, 104)

      const model = ResourceModel.make(yield* spec, SpecPatches.kubernetes)
      const resources = model.modules.flatMap(({ resources }) => resources)
      assert.lengthOf(resources, 95)
      // What is a kind and no resource is the body, or the options, of a subresource.
      const bodies = resources.flatMap(({ subresources }) => subresources.map(({ kind }) => kind))
      const covered = new Set(
        [...resources, ...bodies].map(({ group, kind, version }) => `${group}/${version}/${kind}`)
      )
      assert.deepStrictEqual([...covered].sort(), [...kinds].sort())
      for (const id of schemas.keys()) assert.isTrue(model.types.has(id), id)
    }), 20_000)

  it.effect("gives the committed files, the same in every run", () =>
    Effect.gen(function*() {
      const first = Api.files(yield* spec)
      assert.deepStrictEqual([...Api.files(yield* spec)], [...first])
      const differing = yield* Effect.filter([...first], ([name, text]) =>
        Effect.map(read(`src/Api/${name}`), (there) => there !== text))
      assert.deepStrictEqual(
        differing.map(([name]) =>
          name
        ),
        []
      )
      const there = (yield* list("src/Api")).filter((name) => name.endsWith(".ts") && !name.endsWith("index.ts"))
      assert.deepStrictEqual(there.sort(), [...first.keys()].sort())
    }), 20_000)

  it.effect("names no member that the types written by hand do not have", () =>
    Effect.gen(function*() {
      const { schemas } = yield* spec
      for (const [id, module] of Object.entries(SpecPatches.kubernetes.provided)) {
        const name = id.slice(id.lastIndexOf(".") + 1)
        const text = yield* read(`src/Machinery/${module}.ts`)
        const declaration = text.slice(text.search(new RegExp(`export (const|interface|type) ${name}\\b(?!.*typeof)`)))
        const body = declaration.slice(0, declaration.search(/\n\}/))
        for (const member of Object.keys(schemas.get(id)?.properties ?? {})) {
          assert.match(body, new RegExp(`\\b${member}\\??: `), `${name}.${member}`)
        }
      }
    }), 20_000)

  it.effect("leaves no sentence of its prose in the files", () =>
    Effect.gen(function*() {
      const prose = new Set<string>()
      const collect = (value: unknown): void => {
        if (typeof value !== "object" || value === null) return
        for (const [key, member] of Object.entries(value)) {
          if (key === "description" && typeof member === "string") {
            for (const run of runs(member)) prose.add(run)
          } else collect(member)
        }
      }
      for (const name of yield* list(documents)) {
        if (name.endsWith(".json")) collect(JSON.parse(yield* read(`${documents}/${name}`)))
      }
      assert.isAbove(prose.size, 10_000)
      for (const [name, text] of Api.files(yield* spec)) {
        for (const comment of text.match(/\/\*\*[\s\S]*?\*\//g) ?? []) {
          for (const run of runs(comment)) assert.isFalse(prose.has(run), `${name}: ${run}`)
        }
      }
    }), 20_000)

  it.effect(
    "has short names and categories for exactly the resources whose storage in Go gives them",
    () =>
      Effect.gen(function*() {
        // The two kinds of other modules, which may be missing here.
        const others = { customresourcedefinitions: "apiextensions-apiserver", apiservices: "kube-aggregator" }
        const folders = [`${found.folder}/pkg/registry`]
        const unseen: Array<string> = []
        for (const [plural, module] of Object.entries(others)) {
          const folder = `${found.folder}/../${module}@v0.36.3/pkg/registry`
          const files = yield* Effect.orElseSucceed(list(folder), () => [])
          if (files.length > 0) folders.push(folder)
          else unseen.push(plural)
        }
        const seen = (table: { readonly [plural: string]: ReadonlyArray<string> }) =>
          Object.entries(table).filter(([plural]) => !unseen.includes(plural)).flatMap(([, names]) => names)
        const names = new Set<string>()
        const categories = new Map<string, number>()
        for (const folder of folders) {
          for (const file of yield* list(folder)) {
            if (!file.endsWith(".go") || file.endsWith("_test.go")) continue
            const text = yield* read(`${folder}/${file}`)
            const given = (method: string) =>
              [...text.matchAll(
                new RegExp(`\\) ${method}\\(\\) \\[\\]string \\{\\s+return \\[\\]string\\{(.*)\\}`, "g")
              )]
                .flatMap((match) => (match[1] ?? "").split(", ").map((name) => name.slice(1, -1)))
            for (const name of given("ShortNames")) names.add(name)
            for (const category of given("Categories")) categories.set(category, (categories.get(category) ?? 0) + 1)
          }
        }
        const { categories: ours, shortNames } = SpecPatches.kubernetes
        assert.deepStrictEqual(seen(shortNames).sort(), [...names].sort())
        for (const [category, count] of categories) {
          assert.strictEqual(seen(ours).filter((name) => name === category).length, count, category)
        }
      }),
    20_000
  )
})

describe("GoModule", () => {
  it.effect("says what is missing where there is no such module", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(locate("k8s.io/kubernetes", "v0.0.1"))
      assert.isTrue(error.isAbsent)
      assert.match(error.message, /^k8s\.io\/kubernetes@v0\.0\.1: /)
    }).pipe(Effect.provide(NodeServices.layer)))
})

describe("Spec.read", () => {
  it.effect("says that a folder cannot be read, or holds nothing", () =>
    Effect.gen(function*() {
      const missing = yield* Effect.flip(Spec.read("/no/such/folder"))
      assert.strictEqual(missing.message, "/no/such/folder: cannot be read")
      assert.isTrue(missing.isAbsent)
      const empty = yield* (yield* FileSystem.FileSystem).makeTempDirectoryScoped()
      assert.strictEqual((yield* Effect.flip(Spec.read(empty))).description, "holds no JSON document")
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("says which document is not JSON", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* fs.makeTempDirectoryScoped()
      yield* fs.writeFileString(`${folder}/apis__x.json`, "<html>")
      const error = yield* Effect.flip(Spec.read(folder))
      assert.strictEqual(error.message, "apis__x.json: is not JSON")
      assert.isFalse(error.isAbsent)
    }).pipe(Effect.provide(NodeServices.layer)))
})
