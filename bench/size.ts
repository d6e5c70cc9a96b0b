/**
 * `npm run bench -- size`: what a program with one typed `get` weighs when esbuild has bundled and minified it for Node,
 * and how long it takes to import, against `effect` and its HTTP client for Node alone.
 *
 * Import times are medians of processes of their own, taken in turn; what Node itself needs to start is taken off.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import * as esbuild from "esbuild"
import { spawnSync } from "node:child_process"
import * as Figure from "./Figure.ts"

const programs = {
  ours: `
    import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
    import * as Console from "effect/Console"
    import * as Effect from "effect/Effect"
    import { Pod } from "effect-kubernetes/Api/core/v1"
    import * as ResourceClient from "effect-kubernetes/Clientset/ResourceClient"
    import * as NodeRestClient from "effect-kubernetes/NodeRestClient"

    const program = Effect.gen(function*() {
      const pods = yield* ResourceClient.make(Pod, "default")
      yield* Console.log((yield* pods.get("web-0")).metadata.uid)
    }).pipe(Effect.provide(NodeRestClient.layer))
    if (process.env.RUN === "yes") NodeRuntime.runMain(program)
  `,
  whole: `
    import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
    import * as Console from "effect/Console"
    import * as Effect from "effect/Effect"
    import { Clientset } from "effect-kubernetes/Clientset/Clientset"
    import * as NodeKubernetes from "effect-kubernetes/NodeKubernetes"

    const program = Effect.gen(function*() {
      const clientset = yield* Clientset
      yield* Console.log((yield* clientset.coreV1.pods("default").get("web-0")).metadata.uid)
    }).pipe(Effect.provide(NodeKubernetes.layer))
    if (process.env.RUN === "yes") NodeRuntime.runMain(program)
  `,
  effect: `
    import * as Effect from "effect/Effect"
    import * as HttpClient from "effect/http/HttpClient"
    import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
    import * as NodeRuntime from "@effect/platform-node/NodeRuntime"

    const program = HttpClient.get("https://127.0.0.1:6443").pipe(Effect.provide(NodeHttpClient.layerUndici))
    if (process.env.RUN === "yes") NodeRuntime.runMain(program)
  `,
  node: ""
} as const

type Program = keyof typeof programs
const names: ReadonlyArray<Program> = ["ours", "whole", "effect", "node"]

const rounds = 21

/** Milliseconds of one process that imports a bundle and ends. */
const importTime = (file: string): number => {
  const begun = performance.now()
  const { status, stderr } = spawnSync(process.execPath, [file], { env: {} })
  if (status !== 0) throw new Error(`${file} ended with ${status}: ${stderr}`)
  return performance.now() - begun
}

export const run: Effect.Effect<ReadonlyArray<Figure.Figure>, unknown, FileSystem.FileSystem | Path.Path> = Effect
  .scoped(
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const root = path.dirname(import.meta.dirname)
      const folder = yield* fs.makeTempDirectoryScoped()
      const fileOf = (name: Program) => path.join(folder, `${name}.mjs`)
      const sizes = new Map<Program, number>()
      for (const name of names) {
        yield* Effect.tryPromise(() =>
          esbuild.build({
            stdin: { contents: programs[name], resolveDir: root, loader: "ts" },
            outfile: fileOf(name),
            bundle: true,
            minify: true,
            platform: "node",
            format: "esm",
            target: "node22",
            conditions: ["@effect-kubernetes/source"],
            // CommonJS in it asks for Node's modules by require.
            banner: {
              js: `import { createRequire } from "node:module";const require = createRequire(import.meta.url);`
            },
            logLevel: "error"
          })
        )
        sizes.set(name, Number((yield* fs.stat(fileOf(name))).size))
      }
      const times = new Map(names.map((name) => [name, new Array<number>()]))
      for (let round = 0; round < rounds; round++) {
        for (const name of names) times.get(name)?.push(importTime(fileOf(name)))
      }
      const start = Figure.median(times.get("node") ?? [])
      const time = (name: Program) => Figure.median(times.get(name) ?? []) - start
      const size = (name: Program) => (sizes.get(name) ?? Number.NaN) / 1e6
      return [
        {
          name: "bundle of one typed get",
          value: size("ours"),
          unit: "MB",
          bar: { atMost: 1.0 }
        },
        {
          name: "bundle of one typed get by the clientset, with informers, discovery and streams",
          value: size("whole"),
          unit: "MB"
        },
        {
          name: "import of one typed get",
          value: time("ours"),
          unit: "ms",
          against: { name: "effect and NodeHttpClient", value: time("effect") },
          bar: { atMost: 1.3 }
        },
        {
          name: "import of the clientset, with informers, discovery and streams",
          value: time("whole"),
          unit: "ms",
          against: { name: "effect and NodeHttpClient", value: time("effect") }
        }
      ]
    })
  )
