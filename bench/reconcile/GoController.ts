/** The same controller on client-go: `bench/reconcile/client`, built into the cache folder where there is a Go tool. */
import * as Effect from "effect/Effect"
import * as child from "node:child_process"
import * as path from "node:path"
import * as GoProgram from "../GoProgram.ts"

export interface Round {
  readonly kubeconfig: string
  readonly namespace: string
  readonly objects: number
  readonly workers: number
}

const build = GoProgram.build("bench-reconcile", path.join(import.meta.dirname, "client"))

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
  (binary) =>
    binary === undefined
      ? undefined
      : (round) => timed(binary, Object.entries(round).map(([name, value]) => `-${name}=${value}`))
)
