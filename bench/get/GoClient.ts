/** client-go doing the same calls: `bench/get/client`, built once into the cache folder where there is a Go tool. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as child from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"

export interface Round {
  readonly port: number
  readonly certificate: string
  readonly calls: number
  readonly inFlight: number
}

/** Answers a round with its requests per second. */
export type GoClient = (round: Round) => Effect.Effect<number>

const binary = path.join(
  process.env["XDG_CACHE_HOME"] ?? path.join(os.homedir(), ".cache"),
  "effect-kubernetes",
  "bench-get"
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

/** Starts it; nothing where it cannot be built. */
export const make: Effect.Effect<GoClient | undefined, never, Scope.Scope> = Effect.gen(function*() {
  if (!(yield* build)) return undefined
  const running = yield* Effect.acquireRelease(
    Effect.sync(() => child.spawn(binary, { stdio: ["pipe", "pipe", "inherit"] })),
    (its) => Effect.sync(() => its.kill())
  )
  return (round) =>
    Effect.callback<number>((resume) => {
      running.stdout.once("data", (line: Buffer) => resume(Effect.succeed(Number(line.toString()))))
      running.stdin.write(`${JSON.stringify(round)}\n`)
    })
})
