/**
 * What the package costs a program: bytes in a bundle and heap after an import. `effect` is left out, as the program
 * has it anyway.
 */
import { assert, it } from "@effect/vitest"
import { build } from "esbuild"
import { execFileSync } from "node:child_process"
import * as path from "node:path"

const root = path.join(import.meta.dirname, "../..")

const bundled = async (contents: string) => {
  const { metafile, outputFiles } = await build({
    stdin: { contents, resolveDir: path.join(root, "src"), loader: "ts" },
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: "esm",
    platform: "node",
    external: ["effect", "effect/*", "@effect/*", "undici", "ws"]
  })
  return { kilobytes: (outputFiles[0]?.contents.length ?? 0) / 1000, inputs: Object.keys(metafile.inputs), metafile }
}

/** Files that have bytes in the bundle. */
const kept = ({ metafile }: Awaited<ReturnType<typeof bundled>>): ReadonlyArray<string> =>
  Object.values(metafile.outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([name, { bytesInOutput }]) => bytesInOutput === 0 ? [] : [name])
  )

const oneKind = `
  import { Deployment } from "./Api/apps/v1.ts"
  import * as ResourceClient from "./Clientset/ResourceClient.ts"
  export const deployments = ResourceClient.make(Deployment, "default")`

const allKinds = `
  import * as Clientset from "./Clientset/Clientset.ts"
  export const clientset = Clientset.layer`

it("a client of one kind bundles to less than 60 kB, without other kinds and without kubeconfigs", async () => {
  const bundle = await bundled(oneKind)
  assert.isBelow(bundle.kilobytes, 60)
  const files = kept(bundle)
  assert.isEmpty(files.filter((name) => /node_modules|src\/Config\//.test(name)))
  assert.sameMembers(files.filter((name) => /src\/Api\/(?!internal)/.test(name)), ["src/Api/apps/v1.ts"])
})

it("a client of every kind bundles to less than 100 kB", async () => {
  assert.isBelow((await bundled(allKinds)).kilobytes, 100)
})

it("a type costs nothing", async () => {
  const bundle = await bundled(`import type { Pod } from "./Api/core/v1.ts"; export const f = (pod: Pod) => pod.spec`)
  assert.isBelow(bundle.kilobytes, 0.2)
})

/** Heap in megabytes that importing a module takes beyond `effect` and Node's reader of TypeScript, in a process of its own. */
const heapOf = (module: string): number =>
  Number(execFileSync(process.execPath, [
    "--expose-gc",
    "--conditions=@effect-kubernetes/source",
    "--input-type=module",
    "--eval",
    `await import("effect"); await import("effect-kubernetes/Machinery/ListMap"); gc(); const before = process.memoryUsage().heapUsed
     await import(${JSON.stringify(module)}); gc()
     console.log((process.memoryUsage().heapUsed - before) / 1e6)`
  ], { cwd: root, encoding: "utf8" }))

const heaps: ReadonlyArray<readonly [module: string, megabytes: number]> = [
  ["effect-kubernetes/Api/core/v1", 1],
  ["effect-kubernetes/Api", 5],
  ["effect-kubernetes", 7],
  ["effect-kubernetes/NodeKubernetes", 15]
]

for (const [module, megabytes] of heaps) {
  it(`importing ${module} takes less than ${megabytes} MB of heap`, () => {
    assert.isBelow(heapOf(module), megabytes)
  })
}
