/** Gauges of the process itself. The names of Go's runtime are used where Node has the same thing. */

import { PerformanceObserver } from "node:perf_hooks"
import type { Gauge, Metrics } from "./metrics.ts"

/** Adds the process's memory, processor time, garbage collections and requests under way to `metrics`. */
export function measureProcess(metrics: Metrics, startedAt: number, inFlight: () => number): void {
  const collections = { runs: 0, pause: 0 }
  new PerformanceObserver(list => {
    for (const entry of list.getEntries()) {
      collections.runs++
      collections.pause += entry.duration
      metrics.sample("runtime.gc_pause_ns", entry.duration * 1e6)
    }
  }).observe({ entryTypes: ["gc"] })
  metrics.source(() => {
    const memory = process.memoryUsage()
    const { user, system } = process.cpuUsage()
    const own = (name: string, value: number): Gauge => ({ name, value, adds: true })
    return [
      own("core.in_flight_requests", inFlight()),
      own("runtime.alloc_bytes", memory.heapUsed),
      own("runtime.sys_bytes", memory.rss),
      own("runtime.total_gc_runs", collections.runs),
      own("runtime.total_gc_pause_ns", collections.pause * 1e6),
      own("process_resident_memory_bytes", memory.rss),
      own("process_cpu_seconds_total", (user + system) / 1e6),
      { name: "process_start_time_seconds", value: startedAt },
    ]
  })
}
