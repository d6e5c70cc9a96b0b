/**
 * Where the Go module `k8s.io/kubernetes` lies on this machine. Its folder holds the description of the API.
 *
 * Asks the `go` command, which downloads the module where it is missing and the network allows.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as ChildProcess from "effect/process/ChildProcess"
import { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import * as Schema from "effect/Schema"
import { SpecError } from "./Spec.ts"

const Download = Schema.fromJsonString(Schema.Struct({
  Dir: Schema.optionalKey(Schema.String),
  Error: Schema.optionalKey(Schema.String)
}))

/**
 * The folder of a module: `locate("k8s.io/kubernetes", "v1.36.3")`. Fails with an absent `SpecError` where there is no
 * `go` command or no such module.
 *
 * @category constructors
 * @since 0.1.0
 */
export const locate = Effect.fnUntraced(function*(module: string, version: string) {
  const spawner = yield* ChildProcessSpawner
  const source = `${module}@${version}`
  const absent = (description: string) => new SpecError({ source, description, isAbsent: true })
  const output = yield* Effect.mapError(
    spawner.string(ChildProcess.make("go", ["mod", "download", "-json", source])),
    () => absent("the go command cannot be run")
  )
  const download = yield* Effect.mapError(
    Schema.decodeEffect(Download)(output),
    () => absent("the go command answered no JSON")
  )
  if (download.Dir === undefined) {
    return yield* absent(download.Error ?? "the module is neither in the cache nor to be downloaded")
  }
  return download.Dir
})
