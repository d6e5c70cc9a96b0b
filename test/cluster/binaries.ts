/**
 * Where the programs of the control plane are: runs `build.sh`, which builds them where that was not done before.
 */
import { spawnSync } from "node:child_process"
import * as path from "node:path"

/** Its exit code where it does not succeed; it has then said why on standard error. */
export class BuildFailed extends Error {
  readonly exitCode: number
  constructor(exitCode: number) {
    super("the control plane was not built")
    this.exitCode = exitCode
  }
}

/** What `build.sh` exits with where there is no Go. */
export const noGo = 3

export const binaries = (): string => {
  const built = spawnSync(path.join(import.meta.dirname, "build.sh"), { stdio: ["ignore", "pipe", "inherit"] })
  if (built.status !== 0) throw new BuildFailed(built.status ?? 1)
  return built.stdout.toString().trim()
}
