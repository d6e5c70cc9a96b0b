/** The same workloads on client-go's queue: built where there is a Go tool, a process of its own for each round. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as child from "node:child_process"
import * as fs from "node:fs/promises"
import * as os from "node:os"
import * as path from "node:path"

const Round = Schema.fromJsonString(Schema.Struct({
  process: Schema.Finite,
  add: Schema.Finite,
  delayed: Schema.optionalKey(Schema.Finite)
}))

export type Round = typeof Round.Type

const exec = (file: string, args: ReadonlyArray<string>, cwd: string): Effect.Effect<string, Error> =>
  Effect.callback((resume) => {
    const process = child.execFile(
      file,
      args,
      { cwd },
      (error, stdout) => resume(error === null ? Effect.succeed(stdout) : Effect.fail(error))
    )
    return Effect.sync(() => process.kill())
  })

export interface Options {
  readonly keys: number
  readonly workers: number
  /** Keys that are ready while they are added again. */
  readonly ready: number
  /** How often each of them is added again. */
  readonly times: number
  /** 0 leaves the figure out. */
  readonly delayed: number
}

const folder = Effect.acquireRelease(
  Effect.promise(() => fs.mkdtemp(path.join(os.tmpdir(), "effect-kubernetes-"))),
  (folder) => Effect.promise(() => fs.rm(folder, { recursive: true }))
)

/** Builds the program; answers how to run a round, or nothing where there is no Go. */
export const build: Effect.Effect<
  ((options: Options) => Effect.Effect<Round, unknown>) | undefined,
  unknown,
  Scope.Scope
> = Effect.gen(function*() {
  const version = yield* Effect.exit(exec("go", ["version"], import.meta.dirname))
  if (Exit.isFailure(version)) return undefined
  const binary = path.join(yield* folder, "queue-go")
  yield* exec("go", ["build", "-o", binary, "."], import.meta.dirname)
  return (options) =>
    Effect.flatMap(
      exec(binary, Object.entries(options).map(([name, value]) => `-${name}=${value}`), import.meta.dirname),
      Schema.decodeEffect(Round)
    )
})
