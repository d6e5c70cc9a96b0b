/**
 * Exec plugins without processes, for tests: a spawner that answers from a function and records what was run.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as PlatformError from "effect/PlatformError"
import type * as ChildProcess from "effect/process/ChildProcess"
import * as ChildProcessSpawner from "effect/process/ChildProcessSpawner"
import * as Redacted from "effect/Redacted"
import * as Sink from "effect/Sink"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import type { Exec } from "../../src/Config/CredentialSource.ts"

export interface Run {
  readonly command: string
  readonly args: ReadonlyArray<string>
  readonly env: { readonly [name: string]: string }
  readonly stdin: unknown
  /** Whether it runs in a session of its own, without the terminal. */
  readonly isDetached: boolean
  readonly info: {
    readonly apiVersion: string
    readonly kind: string
    readonly spec: { readonly interactive: boolean; readonly cluster?: unknown }
  }
}

export type Answer =
  | { readonly stdout: string; readonly code?: number; readonly takes?: number }
  | "NotFound"
  | "PermissionDenied"
  | "Unknown"

const plain = (word: string | Redacted.Redacted<string>) => Redacted.isRedacted(word) ? Redacted.value(word) : word

const runOf = (command: ChildProcess.Command): Run => {
  if (command._tag !== "StandardCommand") throw new Error("expected one command")
  const env = Object.fromEntries(
    Object.entries(command.options.env ?? {}).map(([name, value]) => [name, value === undefined ? "" : plain(value)])
  )
  return {
    command: command.command,
    args: command.args.map(plain),
    env,
    stdin: command.options.stdin,
    isDetached: command.options.detached ?? true,
    info: JSON.parse(env["KUBERNETES_EXEC_INFO"] ?? "null")
  }
}

/** Answers each run; `runs` records them. */
export const layer = (
  runs: Array<Run>,
  answer: (run: Run, count: number) => Answer,
  options: { readonly isTerminal?: boolean } = {}
): Layer.Layer<ChildProcessSpawner.ChildProcessSpawner | Stdio.Stdio> =>
  Layer.mergeAll(
    Layer.succeed(
      ChildProcessSpawner.ChildProcessSpawner,
      ChildProcessSpawner.make(Effect.fnUntraced(function*(command) {
        const run = runOf(command)
        runs.push(run)
        const its = answer(run, runs.length)
        if (typeof its === "string") {
          return yield* Effect.fail(
            PlatformError.systemError({
              _tag: its,
              module: "ChildProcess",
              method: "spawn",
              pathOrDescriptor: run.command
            })
          )
        }
        const wait = its.takes === undefined ? Effect.void : Effect.sleep(its.takes)
        return ChildProcessSpawner.makeHandle({
          pid: ChildProcessSpawner.ProcessId(1),
          exitCode: Effect.as(wait, ChildProcessSpawner.ExitCode(its.code ?? 0)),
          isRunning: Effect.succeed(false),
          kill: () => Effect.void,
          stdin: Sink.drain,
          stdout: Stream.make(new TextEncoder().encode(its.stdout)),
          stderr: Stream.empty,
          all: Stream.empty,
          getInputFd: () => Sink.drain,
          getOutputFd: () => Stream.empty,
          unref: Effect.succeed(Effect.void)
        })
      }))
    ),
    Stdio.layerTest({ stdinIsTerminal: Effect.succeed(options.isTerminal ?? false) })
  )

export const v1 = "client.authentication.k8s.io/v1"
export const v1beta1 = "client.authentication.k8s.io/v1beta1"

/** What a plugin prints. */
export const printed = (status: unknown, apiVersion = v1): string =>
  JSON.stringify({ apiVersion, kind: "ExecCredential", status })

export const source = (options: Partial<Exec> = {}): Exec => ({
  _tag: "Exec",
  command: "plugin",
  args: [],
  env: [],
  apiVersion: v1,
  installHint: undefined,
  provideClusterInfo: false,
  interactiveMode: "Never",
  cluster: {
    server: "https://cluster",
    tlsServerName: undefined,
    insecureSkipTlsVerify: false,
    certificateAuthority: undefined,
    proxyUrl: undefined,
    disableCompression: false,
    config: undefined
  },
  ...options
})
