/** What one client process tells of its run, and how a client of this runtime measures itself. */
import * as fs from "node:fs"

export interface Run {
  /** Seconds from the start of the informer until the first list is in the cache. */
  readonly sync: number
  /** From then on. */
  readonly eventsPerSecond: number
  /** Seconds of user and system time from the start of the informer to the last event. */
  readonly cpu: number
  /** Bytes of the heap that are reachable after a collection, less what there was at the start. */
  readonly retained: number
  /** Bytes outside of the heap, where a client keeps some. */
  readonly outside?: number
  /** Megabytes at the highest. */
  readonly peak: number
}

const cpuSeconds = () => {
  const { system, user } = process.cpuUsage()
  return (system + user) / 1e6
}

const peakMegabytes = () =>
  Number(/VmHWM:\s+(\d+)/.exec(fs.readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0") / 1024

const reachable = () => {
  for (let i = 0; i < 3; i++) globalThis.gc?.()
  return process.memoryUsage()
}

export const start = (events: number) => {
  const heap = reachable()
  const began = performance.now()
  const cpu = cpuSeconds()
  let syncedAt = began
  return {
    synced: () => {
      syncedAt = performance.now()
    },
    done: (): Run => {
      const ended = performance.now()
      const used = cpuSeconds() - cpu
      const peak = peakMegabytes()
      const after = reachable()
      return {
        sync: (syncedAt - began) / 1000,
        eventsPerSecond: events / ((ended - syncedAt) / 1000),
        cpu: used,
        retained: after.heapUsed - heap.heapUsed,
        outside: after.arrayBuffers - heap.arrayBuffers,
        peak
      }
    }
  }
}
