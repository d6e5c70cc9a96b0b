import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as ChildProcess from "effect/process/ChildProcess"
import * as ChildProcessSpawner from "effect/process/ChildProcessSpawner"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import * as NodeEnvironment from "../../src/Config/NodeEnvironment.ts"

const files = Effect.provide(FileSystem.FileSystem, NodeEnvironment.layer)
const spawner = Effect.provide(ChildProcessSpawner.ChildProcessSpawner, NodeEnvironment.layer)

const folder = Effect.flatMap(FileSystem.FileSystem, (fs) => fs.makeTempDirectoryScoped({ prefix: "environment-" }))

type Call = (fs: FileSystem.FileSystem, folder: string) => Effect.Effect<unknown, { readonly message: string }>

const calls: { readonly [what: string]: Call } = {
  "a text": (fs, folder) => fs.readFileString(`${folder}/file`),
  "bytes": (fs, folder) => fs.readFile(`${folder}/file`),
  "a file that is not there": (fs, folder) => fs.readFile(`${folder}/none`),
  "a file below a file": (fs, folder) => fs.readFileString(`${folder}/file/below`),
  "a folder as a file": (fs, folder) => fs.readFileString(folder),
  "a loop of links": (fs, folder) => fs.readFile(`${folder}/loop`),
  "what a file is": (fs, folder) => fs.stat(`${folder}/link`),
  "what a folder is": (fs, folder) => fs.stat(folder),
  "what a device is": (fs) => fs.stat("/dev/null"),
  "what is not there": (fs, folder) => fs.stat(`${folder}/none`),
  "whether it is readable": (fs, folder) => fs.access(`${folder}/file`, { readable: true }),
  "whether what is not there is readable": (fs, folder) => fs.access(`${folder}/none`, { readable: true }),
  "whether it is there": (fs, folder) => Effect.all([fs.exists(`${folder}/file`), fs.exists(`${folder}/none`)]),
  "where a link leads": (fs, folder) => fs.realPath(`${folder}/link`),
  "where a broken link leads": (fs, folder) => fs.realPath(`${folder}/none`),
  "a new file": (fs, folder) =>
    Effect.andThen(
      fs.writeFileString(`${folder}/new`, "é", { flag: "wx", mode: 0o600 }),
      Effect.all([fs.readFileString(`${folder}/new`), Effect.map(fs.stat(`${folder}/new`), ({ mode }) => mode)])
    ),
  "a file that is there already": (fs, folder) => fs.writeFile(`${folder}/file`, new Uint8Array(), { flag: "wx" }),
  "permissions": (fs, folder) =>
    Effect.andThen(
      fs.chmod(`${folder}/file`, 0o640),
      Effect.map(fs.stat(`${folder}/file`), ({ mode }) => mode)
    ),
  "folders within folders": (fs, folder) =>
    Effect.andThen(
      fs.makeDirectory(`${folder}/a/b`, { recursive: true, mode: 0o755 }),
      fs.stat(`${folder}/a/b`).pipe(
        Effect.map(({ mode, type }) => [mode, type])
      )
    ),
  "a folder that is there already": (fs, folder) => fs.makeDirectory(folder),
  "a new name": (fs, folder) =>
    Effect.andThen(fs.rename(`${folder}/file`, `${folder}/other`), fs.readFileString(`${folder}/other`)),
  "an end": (fs, folder) => Effect.andThen(fs.remove(`${folder}/file`), fs.readFileString(`${folder}/file`)),
  "the end of what is not there": (fs, folder) => fs.remove(`${folder}/none`)
}

for (const [what, call] of Object.entries(calls)) {
  it.live(`files: ${what}, as with platform-node`, () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const run = Effect.fnUntraced(function*(with_: FileSystem.FileSystem) {
        const path = yield* folder
        yield* fs.writeFileString(`${path}/file`, "text", { mode: 0o644 })
        yield* fs.symlink(`${path}/file`, `${path}/link`)
        yield* fs.symlink(`${path}/loop`, `${path}/loop`)
        const said = yield* Effect.match(call(with_, path), {
          onSuccess: (value) => JSON.stringify(comparable(value)) ?? "done",
          onFailure: (error) => error.message
        })
        return said.replaceAll(path, "")
      }, Effect.scoped)
      assert.strictEqual(yield* run(yield* files), yield* run(fs))
    }).pipe(Effect.provide(NodeServices.layer)))
}

// Two folders are made one after the other, so their times and numbers differ.
const comparable = (value: unknown): unknown =>
  typeof value === "object" && value !== null && "ino" in value && "type" in value && "mode" in value
    ? [value.type, value.mode, Object.keys(value).sort()]
    : value

const run = Effect.fnUntraced(function*(command: ChildProcess.Command) {
  const handle = yield* (yield* spawner).spawn(command)
  const output = yield* Stream.mkString(Stream.decodeText(handle.stdout))
  return { output, code: yield* handle.exitCode }
}, Effect.scoped)

const shell = (text: string, options: ChildProcess.CommandOptions = {}) =>
  ChildProcess.make("/bin/sh", ["-c", text], { stdin: "ignore", stdout: "pipe", stderr: "inherit", ...options })

it.live("programs: all of a long output arrives, and the code after it", () =>
  Effect.gen(function*() {
    const { code, output } = yield* run(shell("yes 0123456789 | head -c 1000000; exit 3"))
    assert.strictEqual(output.length, 1_000_000)
    assert.strictEqual(code, 3)
  }))

it.live("programs: variables are added to the environment or take its place", () =>
  Effect.gen(function*() {
    const env = { SECRET: Redacted.make("s"), PATH: "/bin" }
    const text = "echo $SECRET-${HOME:+home}"
    assert.strictEqual((yield* run(shell(text, { env, extendEnv: true }))).output, "s-home\n")
    assert.strictEqual((yield* run(shell(text, { env }))).output, "s-\n")
  }))

it.live("programs: one that a signal ended has no code, one that is not there does not start", () =>
  Effect.gen(function*() {
    const killed = yield* Effect.flip(run(shell("kill -9 $$")))
    assert.include(String(killed.cause), "SIGKILL")
    const missing = yield* Effect.flip(run(ChildProcess.make("/nowhere/plugin")))
    assert.strictEqual(missing.reason._tag, "NotFound")
  }))

it.live("programs: a NUL is refused without showing what it is in", () =>
  Effect.gen(function*() {
    const refused = yield* Effect.flip(run(shell("true", { env: { SECRET: Redacted.make("hunter2\0") } })))
    assert.strictEqual(refused.reason._tag, "BadArgument")
    assert.notInclude(JSON.stringify(refused) + refused.message, "hunter2")
  }))

it.live("programs: the end of the scope ends one that does not heed SIGTERM, and what it started", () =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* folder
    const stubborn = shell(`trap '' TERM; sleep 60 & echo $! > ${path}/pid; wait; wait`, {
      forceKillAfter: "100 millis"
    })
    const begun = yield* Clock.currentTimeMillis
    const pid = yield* Effect.scoped(Effect.gen(function*() {
      yield* (yield* spawner).spawn(stubborn)
      return yield* fs.readFileString(`${path}/pid`).pipe(
        Effect.filterOrFail((text) => text.endsWith("\n")),
        Effect.retry(Schedule.spaced("10 millis"))
      )
    }))
    assert.isBelow((yield* Clock.currentTimeMillis) - begun, 10_000)
    // What it started belongs to init now, which may take a moment to bury it.
    yield* fs.readFileString(`/proc/${pid.trim()}/stat`).pipe(
      Effect.filterOrFail((stat) => !/\) Z /.test(stat)),
      Effect.flip,
      Effect.retry({ schedule: Schedule.spaced("10 millis"), times: 200 })
    )
  }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)))
