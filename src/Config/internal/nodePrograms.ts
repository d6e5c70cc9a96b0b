/**
 * Programs that Node runs, as far as this folder runs any: alone, with standard input inherited or ignored, standard
 * output read and standard error inherited. `node:child_process` is loaded with the first one.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as PlatformError from "effect/PlatformError"
import type * as ChildProcess from "effect/process/ChildProcess"
import * as ChildProcessSpawner from "effect/process/ChildProcessSpawner"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import type * as NodeChildProcess from "node:child_process"
import type { Readable } from "node:stream"
import * as NodeError from "./nodeError.ts"

type Program = NodeChildProcess.ChildProcessByStdio<null, Readable, null>

interface Running {
  readonly program: Program
  /** The exit code, or the signal that ended it. */
  readonly ended: Deferred.Deferred<number | NodeJS.Signals>
}

const plain = (text: string | Redacted.Redacted<string>): string =>
  Redacted.isRedacted(text) ? Redacted.value(text) : text

// Node's own message for such a text quotes it.
const hasNul = ({ args, command, options }: ChildProcess.StandardCommand): boolean =>
  [command, ...args, ...Object.values(options.env ?? {})].some((text) =>
    text !== undefined && plain(text).includes("\0")
  )

const environment = (options: ChildProcess.CommandOptions): NodeJS.ProcessEnv => ({
  ...(options.extendEnv === true || options.env === undefined ? process.env : {}),
  ...Object.fromEntries(
    Object.entries(options.env ?? {}).map(([name, value]) => [name, value === undefined ? undefined : plain(value)])
  )
})

// So that it can be ended with all that it started.
const isGroup = ({ options }: ChildProcess.StandardCommand): boolean =>
  process.platform !== "win32" && options.detached !== false

const start = (command: ChildProcess.StandardCommand) =>
  Effect.callback<Running, PlatformError.PlatformError>((resume) => {
    const fail = (cause: unknown) =>
      resume(Effect.fail(NodeError.make("ChildProcess", "spawn", command.command, cause)))
    try {
      const ended = Deferred.makeUnsafe<number | NodeJS.Signals>()
      const program = process.getBuiltinModule("node:child_process").spawn(command.command, command.args.map(plain), {
        cwd: command.options.cwd,
        env: environment(command.options),
        stdio: [command.options.stdin === "inherit" ? "inherit" : "ignore", "pipe", "inherit"],
        detached: isGroup(command),
        windowsHide: true
      })
      program.on("error", fail)
      program.once("exit", (code, signal) => Deferred.doneUnsafe(ended, Effect.succeed(code ?? signal ?? 0)))
      program.once("spawn", () => resume(Effect.succeed({ program, ended })))
    } catch (cause) {
      fail(cause)
    }
  })

const signal = (command: ChildProcess.StandardCommand, { program }: Running, name: NodeJS.Signals) =>
  Effect.sync(() => {
    try {
      if (isGroup(command) && program.pid !== undefined) process.kill(-program.pid, name)
      else program.kill(name)
    } catch {
      // It has ended in between.
    }
  })

const end = Effect.fnUntraced(function*(
  command: ChildProcess.StandardCommand,
  running: Running,
  options: ChildProcess.KillOptions = command.options
) {
  if (yield* Deferred.isDone(running.ended)) return
  yield* signal(command, running, options.killSignal ?? "SIGTERM")
  const ended = Deferred.await(running.ended)
  if (options.forceKillAfter !== undefined) {
    const inTime = yield* Effect.timeoutOption(ended, options.forceKillAfter)
    if (Option.isNone(inTime)) yield* signal(command, running, "SIGKILL")
  }
  yield* ended
})

const spawn: (
  command: ChildProcess.Command
) => Effect.Effect<ChildProcessSpawner.ChildProcessHandle, PlatformError.PlatformError, Scope.Scope> = Effect
  .fnUntraced(function*(command) {
    const refuse = (description: string) =>
      PlatformError.badArgument({ module: "ChildProcess", method: "spawn", description })
    if (command._tag !== "StandardCommand") return yield* refuse("pipelines are not supported")
    if (hasNul(command)) return yield* refuse("the command, an argument or a variable contains a NUL character")
    const running = yield* Effect.acquireRelease(start(command), (running) => end(command, running))
    const { ended, program } = running
    const stdout = Stream.fromAsyncIterable<Uint8Array, PlatformError.PlatformError>(
      program.stdout,
      (cause) => NodeError.make("ChildProcess", "stdout", command.command, cause)
    )
    return ChildProcessSpawner.makeHandle({
      pid: ChildProcessSpawner.ProcessId(program.pid ?? 0),
      exitCode: Effect.flatMap(Deferred.await(ended), (how) =>
        typeof how === "number"
          ? Effect.succeed(ChildProcessSpawner.ExitCode(how))
          : Effect.fail(
            NodeError.make("ChildProcess", "exitCode", command.command, new Error(`it was ended by the signal ${how}`))
          )),
      isRunning: Effect.map(Deferred.isDone(ended), (isDone) => !isDone),
      kill: (options) => end(command, running, options),
      stdin: Sink.drain,
      stdout,
      stderr: Stream.empty,
      all: stdout,
      getInputFd: () => Sink.drain,
      getOutputFd: () => Stream.empty,
      unref: Effect.sync(() => {
        program.unref()
        return Effect.sync(() => program.ref())
      })
    })
  })

export const programs: ChildProcessSpawner.ChildProcessSpawner["Service"] = /* @__PURE__ */ ChildProcessSpawner.make(
  spawn
)
