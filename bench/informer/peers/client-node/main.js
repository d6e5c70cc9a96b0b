// @kubernetes/client-node's informer on the replay server: `node --expose-gc main.js PORT EVENTS PODS`; prints a Run.
// The installed copy is resolved from the working directory.
import { createRequire } from "node:module"
import * as fs from "node:fs"

const require = createRequire(`${process.cwd()}/`)
const k8s = await import(require.resolve("@kubernetes/client-node"))
const [port, events, pods] = process.argv.slice(2)
const kubeConfig = new k8s.KubeConfig()
kubeConfig.loadFromOptions({
  clusters: [{ name: "replay", server: `http://127.0.0.1:${port}`, skipTLSVerify: true }],
  users: [{ name: "nobody" }],
  contexts: [{ name: "replay", cluster: "replay", user: "nobody" }],
  currentContext: "replay"
})
const api = kubeConfig.makeApiClient(k8s.CoreV1Api)
const cpu = () => {
  const { system, user } = process.cpuUsage()
  return (system + user) / 1e6
}
const reachable = () => {
  for (let i = 0; i < 3; i++) globalThis.gc()
  return process.memoryUsage().heapUsed
}
const heap = reachable()
const began = performance.now()
const used = cpu()
let synced
let count = 0
const informer = k8s.makeInformer(kubeConfig, "/api/v1/pods", () => api.listPodForAllNamespaces())
informer.on("add", (pod) => {
  if (++count === Number(pods)) synced = performance.now()
  if (pod.metadata.name !== "replay-done") return
  const ended = performance.now()
  const cpuUsed = cpu() - used
  const peak = Number(/VmHWM:\s+(\d+)/.exec(fs.readFileSync("/proc/self/status", "utf8"))[1]) / 1024
  // Out of the stack that holds the last chunk.
  setImmediate(() => {
    console.log(JSON.stringify({
      sync: (synced - began) / 1000,
      eventsPerSecond: Number(events) / ((ended - synced) / 1000),
      cpu: cpuUsed,
      retained: reachable() - heap,
      peak
    }))
    process.exit(informer.list().length > 0 ? 0 : 1)
  })
})
informer.on("error", (error) => {
  console.error(error)
  process.exit(1)
})
await informer.start()
