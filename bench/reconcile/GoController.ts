/** The same controller on client-go: `bench/reconcile/client`, built into the cache folder where there is a Go tool. */
import * as Effect from "effect/Effect"
import * as child from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"

export interface Round {
  readonly kubeconfig: string
  readonly namespace: string
  readonly objects: number
  readonly workers: number
}

const binary = path.join(
  process.env["XDG_CACHE_HOME"] ?? path.join(os.homedir(), ".cache"),
  "effect-kubernetes",
  "bench-reconcile"
)

const build = Effect.callback<boolean>((resume) => {
  fs.mkdirSync(path.dirname(binary), { recursive: true })
  child.execFile(
    "go",
    ["build", "-o", binary, "."],
    { cwd: path.join(import.meta.dirname, "client") },
    (error, _, stderr) => {
      if (error !== null && !("code" in error && error.code === "ENOENT")) console.error(stderr)
      resume(Effect.succeed(error === null))
    }
  )
})

/** Runs a program that prints milliseconds. */
export const timed = (file: string, args: ReadonlyArray<string>): Effect.Effect<number> =>
  Effect.callback((resume) => {
    const running = child.execFile(
      file,
      args,
      (error, stdout, stderr) =>
        resume(error === null ? Effect.succeed(Number(stdout)) : Effect.die(new Error(stderr, { cause: error })))
    )
    return Effect.sync(() => running.kill())
  })

/** How to run a round, or nothing where it cannot be built. */
export const make: Effect.Effect<((round: Round) => Effect.Effect<number>) | undefined> = Effect.map(
  build,
  (isBuilt) =>
    isBuilt ? (round) => timed(binary, Object.entries(round).map(([name, value]) => `-${name}=${value}`)) : undefined
)
