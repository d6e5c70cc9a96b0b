/** The clients of the informer bench, built or installed once into the cache folder where that can be done, and its server. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as esbuild from "esbuild"
import * as child from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import type { Run } from "./measure.ts"
import type { Profile } from "./pods.ts"

export interface Replay {
  readonly port: number
  readonly pods: number
  readonly events: number
  /** How many listeners that filter everything out. */
  readonly listeners?: number
}

export interface Client {
  readonly name: string
  readonly run: (replay: Replay) => Effect.Effect<Run, Error>
}

export const ours = "effect-kubernetes"

const cache = path.join(
  process.env["XDG_CACHE_HOME"] ?? path.join(os.homedir(), ".cache"),
  "effect-kubernetes",
  "bench-informer"
)
const here = import.meta.dirname

interface Command {
  readonly file: string
  readonly arguments: ReadonlyArray<string>
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
}

/** A peer could not be built or run. */
class PeerError extends Schema.TaggedError<PeerError>()("PeerError", { message: Schema.String }) {}

/** Runs a program to its end and answers what it printed. */
const execute = (command: Command): Effect.Effect<string, PeerError> =>
  Effect.callback((resume) => {
    const running = child.execFile(
      command.file,
      [...command.arguments],
      { cwd: command.cwd, env: { ...process.env, ...command.env }, maxBuffer: 1 << 24 },
      (error, stdout, stderr) =>
        resume(
          error === null
            ? Effect.succeed(stdout)
            : Effect.fail(new PeerError({ message: `${error.message}\n${stderr}` }))
        )
    )
    return Effect.sync(() => running.kill())
  })

const client_ = (name: string, command: (replay: Replay) => Command): Client => ({
  name,
  run: (replay) => Effect.map(execute(command(replay)), (printed): Run => JSON.parse(printed))
})

/** Within the project, where its dependencies are found. */
const compiled = path.join(here, "../../node_modules/.cache/effect-kubernetes/bench-informer")

/** As npm ships it: stripping types off at the start costs tens of megabytes that no program of a user pays. */
const compile = Effect.tryPromise({
  try: () =>
    esbuild.build({
      entryPoints: ["ours.ts", "undici.ts"].map((file) => path.join(here, file)),
      outdir: compiled,
      outExtension: { ".js": ".mjs" },
      bundle: true,
      packages: "external",
      platform: "node",
      format: "esm",
      target: "node22",
      conditions: ["@effect-kubernetes/source"],
      logLevel: "error"
    }),
  catch: (cause) => new PeerError({ message: `the clients of this project cannot be compiled: ${String(cause)}` })
})

const script = (file: string, { events, listeners, port }: Replay): Command => ({
  file: process.execPath,
  arguments: [
    "--expose-gc",
    path.join(compiled, file),
    String(port),
    String(events),
    String(listeners ?? 0)
  ]
})

/** This library's. */
export const client: Client = client_(ours, (replay) => script("ours.mjs", replay))

const undici: Client = client_("undici loop", (replay) => script("undici.mjs", replay))

const goBinary = path.join(cache, "client-go")

const peers: ReadonlyArray<{ readonly client: Client; readonly build: Command }> = [
  {
    client: client_("client-go", ({ events, port }) => ({
      file: goBinary,
      arguments: ["run", String(port), String(events)]
    })),
    build: {
      file: "go",
      arguments: ["build", "-o", goBinary, "."],
      cwd: path.join(here, "peers/client-go")
    }
  },
  {
    client: client_("client-node", ({ events, pods, port }) => ({
      file: process.execPath,
      arguments: [
        "--expose-gc",
        path.join(here, "peers/client-node/main.js"),
        String(port),
        String(events),
        String(pods)
      ],
      cwd: path.join(cache, "client-node")
    })),
    build: {
      file: "npm",
      arguments: ["install", "--no-audit", "--no-fund"],
      cwd: path.join(cache, "client-node")
    }
  },
  {
    client: client_("kube-rs", ({ events, port }) => ({
      file: path.join(cache, "kube-rs/release/bench-informer"),
      arguments: [String(port), String(events)]
    })),
    build: {
      file: "cargo",
      arguments: ["build", "--release", "--quiet"],
      cwd: path.join(here, "peers/kube-rs"),
      env: { CARGO_TARGET_DIR: path.join(cache, "kube-rs") }
    }
  }
]

/** Ours, the undici loop and those of the peers that can be built here. */
export const all: Effect.Effect<ReadonlyArray<Client>, Error> = Effect.gen(function*() {
  yield* compile
  fs.mkdirSync(path.join(cache, "client-node"), { recursive: true })
  fs.copyFileSync(path.join(here, "peers/client-node/package.json"), path.join(cache, "client-node/package.json"))
  const built = yield* Effect.forEach(peers, (peer) =>
    execute(peer.build).pipe(
      Effect.as([peer.client]),
      Effect.catch((error) =>
        Effect.as(
          Console.log(`${peer.client.name} is left out: ${error.message.split("\n").slice(0, 3).join(" ")}`),
          []
        )
      )
    ))
  return [client, undici, ...built.flat()]
})

const start = (arguments_: ReadonlyArray<string>) =>
  Effect.acquireRelease(
    Effect.callback<{ readonly port: number; readonly process: child.ChildProcess }>((resume) => {
      const process_ = child.spawn(process.execPath, [path.join(here, "server.ts"), ...arguments_], {
        stdio: ["pipe", "pipe", "inherit"]
      })
      process_.stdout?.once("data", (line: Buffer) => {
        const { port } = JSON.parse(line.toString())
        resume(Effect.succeed({ port, process: process_ }))
      })
    }),
    ({ process }) => Effect.sync(() => process.kill())
  )

/** The replay server; serves protobuf as well where client-go's encoder is there. */
export const serve = Effect.fnUntraced(function*(options: {
  readonly profile: Profile
  readonly pods: number
  readonly events: number
}): Effect.fn.Return<{ readonly port: number }, Error, Scope.Scope> {
  const arguments_ = [options.profile, String(options.pods), String(options.events)]
  if (!fs.existsSync(goBinary)) return yield* start(arguments_)
  const folder = yield* Effect.acquireRelease(
    Effect.sync(() => fs.mkdtempSync(path.join(os.tmpdir(), "bench-informer-"))),
    (made) => Effect.sync(() => fs.rmSync(made, { recursive: true }))
  )
  yield* Effect.scoped(
    Effect.flatMap(
      start(arguments_),
      (plain) => execute({ file: goBinary, arguments: ["encode", String(plain.port), folder] })
    )
  )
  return yield* start([...arguments_, folder])
})
