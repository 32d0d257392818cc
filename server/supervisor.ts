/** The process that starts workers: it passes messages between them, and replaces one that dies. */

import cluster from "node:cluster"
import { relayMessages } from "./peers.ts"

/** A worker that dies sooner than this after its start is not replaced at once: something is wrong with all of them. */
const MIN_LIFE_MILLISECONDS = 2_000

/** Runs `count` workers of this very command until a signal; returns the exit code. */
export function superviseWorkers(count: number): Promise<number> {
  relayMessages()
  return new Promise(resolve => {
    let stopping = false
    let code = 0
    const born = new Map<number, number>()
    const start = () => born.set(cluster.fork().id, performance.now())
    cluster.on("exit", (worker, exitCode, signal) => {
      const lived = performance.now() - (born.get(worker.id) ?? 0)
      born.delete(worker.id)
      if (!stopping) {
        process.stderr.write(`worker ${worker.id} ended (${signal ?? exitCode})\n`)
        if (lived > MIN_LIFE_MILLISECONDS) start()
        else code = exitCode || 1
      }
      if (born.size === 0) resolve(code)
    })
    const pass = (signal: NodeJS.Signals) => () => {
      stopping ||= signal !== "SIGHUP"
      for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill(signal)
    }
    process.on("SIGINT", pass("SIGTERM"))
    process.on("SIGTERM", pass("SIGTERM"))
    process.on("SIGHUP", pass("SIGHUP"))
    for (let index = 0; index < count; index++) start()
  })
}
