/**
 * `npm run examples`: every example once, to its end. Those that need a cluster take the one that `KUBECONFIG` names:
 * `npm run cluster -- npm run examples` starts a real control plane for them. Exits with 1 where one fails.
 */
import { spawnSync } from "node:child_process"
import * as path from "node:path"
import * as Tree from "./Tree.ts"

const kubeconfig = process.env["KUBECONFIG"]
if (kubeconfig === undefined) {
  console.error("no KUBECONFIG: npm run cluster -- npm run examples")
  process.exit(2)
}

const examples: ReadonlyArray<ReadonlyArray<string>> = [
  ["website-controller"],
  ["leader-election"],
  ["manager"],
  ["multi-cluster"],
  ["configmap-controller", "--once"],
  ["finalizer"],
  ["sharded-controller", "--once"],
  ["client-certificate", "--kubeconfig", kubeconfig]
]

let isFailed = false
for (const [name = "", ...flags] of examples) {
  const begun = performance.now()
  const { status, stderr, stdout } = spawnSync(
    process.execPath,
    ["--conditions=@effect-kubernetes/source", path.join(Tree.root, "examples", `${name}.ts`), ...flags],
    { encoding: "utf8", timeout: 120_000 }
  )
  const isPassed = status === 0
  console.log(`${isPassed ? "ok  " : "FAIL"} ${name.padEnd(24)} ${((performance.now() - begun) / 1000).toFixed(1)} s`)
  if (isPassed) continue
  isFailed = true
  console.log(stdout.slice(-4000))
  console.log(stderr.slice(-4000))
}
process.exit(isFailed ? 1 : 0)
