/**
 * Writes `src/Api` from the OpenAPI description of Kubernetes.
 *
 * `npm run codegen` writes; `--check` compares instead and exits 1 with the list of files that differ, or 0 with a
 * reason where there is no description to compare with; `--spec DIR` names the folder of its documents.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import { parseArgs } from "node:util"
import * as Api from "../src/Codegen/Api.ts"
import * as GoModule from "../src/Codegen/GoModule.ts"
import * as Spec from "../src/Codegen/Spec.ts"

const { values: flags } = parseArgs({
  options: { check: { type: "boolean", default: false }, spec: { type: "string" } }
})
const target = new URL("../src/Api/", import.meta.url).pathname

const specification = flags.spec === undefined
  ? Effect.map(
    GoModule.locate({
      module: "k8s.io/kubernetes",
      version: `v${Api.kubernetesVersion}`,
      download: !flags.check
    }),
    (folder) => `${folder}/api/openapi-spec/v3`
  )
  : Effect.succeed(flags.spec)

/** The generated files there are, by path. Barrels are another script's. */
const present = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const names = yield* Effect.orElseSucceed(fs.readDirectory(target, { recursive: true }), (): Array<string> => [])
  return names.filter((name) => name.endsWith(".ts") && !name.endsWith("index.ts"))
})

const program = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const spec = yield* Spec.read(yield* specification)
  const files = Api.files(spec)
  const stale = (yield* present).filter((name) => !files.has(name))
  const differing = yield* Effect.filter([...files], ([name, text]) =>
    Effect.map(
      Effect.orElseSucceed(fs.readFileString(target + name), () => undefined),
      (there) => there !== text
    ))
  if (flags.check) {
    const names = [...differing.map(([name]) => name), ...stale].sort()
    if (names.length === 0) return yield* Console.log(`src/Api is up to date: ${files.size} files`)
    yield* Console.error(
      `src/Api differs from what npm run codegen writes:\n${names.map((name) => `  ${name}`).join("\n")}`
    )
    return yield* Effect.sync(() => {
      process.exitCode = 1
    })
  }
  yield* Effect.forEach(differing, ([name, text]) =>
    Effect.andThen(
      fs.makeDirectory(path.dirname(target + name), { recursive: true }),
      fs.writeFileString(target + name, text)
    ))
  yield* Effect.forEach(stale, (name) => fs.remove(target + name))
  yield* Console.log(`src/Api: ${files.size} files, ${differing.length} written, ${stale.length} removed`)
})

program.pipe(
  // A machine without Go is not in error: what is committed is what it has.
  Effect.catchTag(
    "SpecError",
    (error) =>
      flags.check && flags.spec === undefined && error.isAbsent
        ? Console.log(`src/Api was not checked: ${error.message}`)
        : Effect.fail(error)
  ),
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain
)
