import { assert, describe, it } from "@effect/vitest"
import * as fs from "node:fs"
import * as path from "node:path"
import * as Architecture from "../scripts/architecture.ts"
import * as Tree from "../scripts/Tree.ts"

const arrows: Architecture.Arrows = JSON.parse(
  fs.readFileSync(path.join(Tree.root, "docs/architecture.json"), "utf8")
)

describe("architecture", () => {
  it("src follows docs/architecture.json", () => {
    assert.deepStrictEqual(Architecture.faults(arrows, Tree.read("src")), [])
  })

  it("every import is seen: static, for types, re-exported, dynamic and for its effect alone", () => {
    const text = [
      "// import { a } from \"./commented.ts\"",
      "import * as A from \"./a.ts\"",
      "import type { B } from './b.ts'",
      "import {",
      "  C",
      "} from \"./c.ts\"",
      "export * as D from \"./d.ts\"",
      "import \"./e.ts\"",
      "const f = () => import(\"./f.ts\")",
      "const text = \"import x from './string.ts'\"",
      "/* export * from \"./block.ts\" */",
      "const regexp = /[\"'`/]/g",
      "const template = `import a from \"./t.ts\" ${`nested from \"./u.ts\" ${{ a: \"}`\" }}`} from './v.ts'`",
      "export { G } from \"./g.ts\""
    ].join("\n")
    assert.deepStrictEqual(
      Tree.importsOf({ path: "src/X/Y.ts", text }),
      ["./a.ts", "./b.ts", "./c.ts", "./d.ts", "./e.ts", "./f.ts", "./g.ts"]
    )
  })

  const small: Architecture.Arrows = { Machinery: [], Rest: ["Machinery"], Testing: ["Rest"] }
  const refused: ReadonlyArray<readonly [name: string, file: string, specifier: string, fault: string]> = [
    ["an arrow against the direction", "src/Machinery/A.ts", "../Rest/B.ts", "no arrow from Machinery to Rest"],
    ["Testing from anywhere", "src/Rest/A.ts", "../Testing/B.ts", "nothing in src may import Testing"],
    ["Testing from the top of src", "src/NodeKubernetes.ts", "./Testing/B.ts", "nothing in src may import Testing"],
    ["another folder's internals", "src/Rest/A.ts", "../Machinery/internal/b.ts", "internal to Machinery"],
    ["a barrel", "src/Rest/A.ts", "../Machinery/index.ts", "not the barrel"],
    ["the root barrel of effect", "src/Rest/A.ts", "effect", "not the root barrel"],
    ["Node outside a binding", "src/Rest/A.ts", "node:fs", "only Node*.ts"],
    ["platform-node outside a binding", "src/Rest/A.ts", "@effect/platform-node/NodeHttpClient", "only Node*.ts"],
    ["a package that is no dependency", "src/Rest/A.ts", "lodash", "not a dependency"],
    ["a module without its extension", "src/Rest/A.ts", "./B", "with `.ts`"],
    ["a file outside src", "src/Rest/A.ts", "../../test/B.ts", "reaches outside src"]
  ]
  for (const [name, file, specifier, fault] of refused) {
    it(`refuses ${name}`, () => {
      const found = Architecture.faults(small, [{ path: file, text: `import * as B from "${specifier}"` }])
      assert.strictEqual(found.length, 1)
      assert.include(found[0], fault)
    })
  }

  it("accepts what the arrows allow, and a runtime in a binding", () => {
    assert.deepStrictEqual(
      Architecture.faults(small, [
        {
          path: "src/Rest/A.ts",
          text: "import * as B from \"../Machinery/B.ts\"\nimport * as E from \"effect/Effect\""
        },
        { path: "src/Rest/NodeA.ts", text: "import * as fs from \"node:fs\"" },
        { path: "src/bin.ts", text: "import * as T from \"./Testing/T.ts\"" }
      ]),
      []
    )
  })

  it("refuses a folder without an entry, a cycle, an arrow to nowhere and a module of more than 500 code lines", () => {
    const long = { path: "src/Rest/Long.ts", text: "const a = 1\n".repeat(501) }
    assert.lengthOf(Architecture.faults(small, [{ path: "src/Other/A.ts", text: "" }]), 1)
    assert.lengthOf(Architecture.faults(small, [long]), 1)
    assert.deepStrictEqual(Architecture.arrowFaults({ A: ["B"], B: ["A"] }), ["cycle: A -> B -> A"])
    assert.deepStrictEqual(Architecture.arrowFaults({ A: ["C"] }), ["A points to C, which has no entry"])
  })

  it("counts code, not comments or blank lines", () => {
    assert.strictEqual(Tree.codeLines({ path: "a.ts", text: "/** x\n * y\n */\n\nconst a = 1 // z\n// w\n" }), 1)
  })

  it("leaves out of the picture what a longer path implies", () => {
    assert.deepStrictEqual(Architecture.reduced({ A: ["B", "C"], B: ["C"], C: [] }), { A: ["B"], B: ["C"], C: [] })
  })
})
