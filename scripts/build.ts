/**
 * `npm run build`: compiles `src` to `dist` and judges the package as npm would publish it: publint (the manifest against
 * the files), are-the-types-wrong (every entry point as TypeScript resolves it), and `require` of the doorway, which
 * Node allows for ESM from 22.12 on.
 */
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import * as Tree from "./Tree.ts"

const bin = (name: string): string => path.join(Tree.root, "node_modules/.bin", name)

const run = (name: string, command: string, args: ReadonlyArray<string>, cwd = Tree.root): void => {
  const begun = performance.now()
  const { error, status, stderr, stdout } = spawnSync(command, args, { cwd, maxBuffer: 1 << 28 })
  const seconds = ((performance.now() - begun) / 1000).toFixed(1)
  console.log(`${status === 0 ? "ok  " : "FAIL"} ${name.padEnd(12)} ${seconds} s`)
  if (status === 0) return
  process.stdout.write(stdout ?? "")
  process.stderr.write(stderr ?? error?.message ?? "")
  process.exit(1)
}

fs.rmSync(path.join(Tree.root, "dist"), { recursive: true, force: true })
run("compile", bin("tsc"), ["-p", "tsconfig.build.json"])
const program = path.join(Tree.root, "dist/bin.js")
if (fs.existsSync(program)) fs.chmodSync(program, 0o755)

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "effect-kubernetes-pack-"))
try {
  run("pack", "npm", ["pack", "--ignore-scripts", "--pack-destination", folder])
  const [tarball = ""] = fs.readdirSync(folder).map((file) => path.join(folder, file))
  console.log(`     tarball      ${(fs.statSync(tarball).size / 1e6).toFixed(2)} MB`)
  run("publint", bin("publint"), ["run", tarball, "--strict"])
  run("types", bin("attw"), [tarball, "--profile", "esm-only", "--format", "ascii"])
  run("require", process.execPath, ["-e", "require('effect-kubernetes')"])
} finally {
  fs.rmSync(folder, { recursive: true, force: true })
}
