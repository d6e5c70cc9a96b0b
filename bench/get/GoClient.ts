/** client-go doing the same calls: `bench/get/client`, built once into the cache folder where there is a Go tool. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as child from "node:child_process"
import * as path from "node:path"
import * as GoProgram from "../GoProgram.ts"

export interface Round {
  readonly port: number
  readonly certificate: string
  readonly calls: number
  readonly inFlight: number
}

/** Answers a round with its requests per second. */
export type GoClient = (round: Round) => Effect.Effect<number>

const build = GoProgram.build("bench-get", path.join(import.meta.dirname, "client"))

/** Starts it; nothing where it cannot be built. */
export const make: Effect.Effect<GoClient | undefined, never, Scope.Scope> = Effect.gen(function*() {
  const binary = yield* build
  if (binary === undefined) return undefined
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
