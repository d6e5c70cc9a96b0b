/**
 * `npm run check`: everything that can be said about the project without running it. Steps run two at a time, each
 * prints one line, and the output of a failed one follows. Exits with 1 where a step failed.
 *
 * `npm run check -- types lint` runs the named steps only.
 */
import { spawn } from "node:child_process"
import * as path from "node:path"
import * as Tree from "./Tree.ts"

interface Step {
  readonly name: string
  readonly command: ReadonlyArray<string>
}

const node = process.execPath
const bin = (name: string): string => path.join(Tree.root, "node_modules/.bin", name)
const script = (name: string): ReadonlyArray<string> => [node, `scripts/${name}.ts`, "--check"]

const effectFlags = ["diagnostics", "--project", "tsconfig.json", "--strict", "--severity", "error,warning"]

const steps: ReadonlyArray<Step> = [
  { name: "types", command: [bin("tsc"), "-p", "tsconfig.json"] },
  { name: "effect", command: [bin("effect-tsgo"), ...effectFlags, "--format", "text"] },
  { name: "lint", command: [bin("oxlint"), "--deny-warnings"] },
  { name: "format", command: [bin("dprint"), "check"] },
  { name: "architecture", command: script("architecture") },
  { name: "exports", command: script("exports") },
  { name: "codegen", command: script("codegen") },
  { name: "protobuf", command: script("protobuf") },
  { name: "parity", command: script("parity") },
  { name: "docs", command: [node, "scripts/docs.ts"] },
  { name: "type-tests", command: [bin("tstyche")] }
]

const run = (step: Step): Promise<boolean> =>
  new Promise((resolve) => {
    const [command = node, ...args] = step.command
    const begun = performance.now()
    const child = spawn(command, args, { cwd: Tree.root, stdio: ["ignore", "pipe", "pipe"] })
    const output: Array<Buffer> = []
    child.stdout.on("data", (chunk: Buffer) => output.push(chunk))
    child.stderr.on("data", (chunk: Buffer) => output.push(chunk))
    const end = (passed: boolean, reason: string) => {
      const seconds = ((performance.now() - begun) / 1000).toFixed(1)
      console.log(`${passed ? "ok  " : "FAIL"} ${step.name.padEnd(12)} ${seconds} s${reason}`)
      if (!passed) process.stdout.write(Buffer.concat(output))
      resolve(passed)
    }
    child.on("error", (error) => end(false, `: ${error.message}`))
    child.on("close", (code) => end(code === 0, ""))
  })

const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !steps.some((step) => step.name === name))
if (unknown.length > 0) {
  console.error(`no step ${unknown.join(", ")}; there are ${steps.map((step) => step.name).join(", ")}`)
  process.exit(2)
}
const waiting = steps.filter((step) => wanted.length === 0 || wanted.includes(step.name))
const results: Array<boolean> = []
const worker = async (): Promise<void> => {
  for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) results.push(await run(step))
}
await Promise.all([worker(), worker()])
if (results.includes(false)) process.exitCode = 1
