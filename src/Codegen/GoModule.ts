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
 * @category models
 * @since 0.1.0
 */
export interface Options {
  readonly module: string
  readonly version: string
  /** Whether a module that is not in the cache may be fetched over the network. */
  readonly download: boolean
}

/**
 * The folder of a module: `locate({ module: "k8s.io/kubernetes", version: "v1.36.3", download: false })`. Fails with a
 * `SpecError` whose `isAbsent` is set where there is no `go` command or no such module.
 *
 * @category constructors
 * @since 0.1.0
 */
export const locate = Effect.fnUntraced(function*(options: Options) {
  const spawner = yield* ChildProcessSpawner
  const source = `${options.module}@${options.version}`
  const absent = (description: string) => new SpecError({ source, description, isAbsent: true })
  const command = ChildProcess.make("go", ["mod", "download", "-json", source], {
    extendEnv: true,
    env: options.download ? {} : { GOPROXY: "off" }
  })
  const output = yield* Effect.mapError(spawner.string(command), () => absent("the go command cannot be run"))
  const { Dir: folder, Error: reason } = yield* Effect.mapError(
    Schema.decodeEffect(Download)(output),
    () => absent("the go command answered no JSON")
  )
  return folder ?? (yield* absent(reason?.replace(`${source}: `, "") ?? "the go command names no folder"))
})
