/** A program of the benches in Go, built into the cache folder where there is a Go tool. */
import * as Effect from "effect/Effect"
import * as child from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"

const cache = path.join(process.env["XDG_CACHE_HOME"] ?? path.join(os.homedir(), ".cache"), "effect-kubernetes")

/** The path of the binary that a folder with a `main` package makes; nothing where it cannot be built. */
export const build = (name: string, folder: string): Effect.Effect<string | undefined> =>
  Effect.callback((resume) => {
    const binary = path.join(cache, name)
    fs.mkdirSync(cache, { recursive: true })
    child.execFile("go", ["build", "-o", binary, "."], { cwd: folder }, (error, _, stderr) => {
      if (error !== null && !("code" in error && error.code === "ENOENT")) console.error(stderr)
      resume(Effect.succeed(error === null ? binary : undefined))
    })
  })
