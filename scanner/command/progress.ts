import type { Progress } from "../scan.ts"
import { byteCount } from "./log.ts"

const everyMs = 200
/** Short scans show nothing. */
const quietMs = 1500

/** One line on a terminal that says how far a long scan is. */
export function progressLine(write: (text: string) => void): { show(progress: Progress): void; clear(): void } {
  const started = performance.now()
  let shownAt = 0
  let isShown = false
  return {
    show({ bytes, commits, findings, path }) {
      const now = performance.now()
      if (now - started < quietMs || now - shownAt < everyMs) return
      shownAt = now
      isShown = true
      const seconds = Math.round((now - started) / 1000)
      const where = commits > 0 ? `${commits} commits` : path.slice(-40)
      write(`\r\x1b[K${seconds} s  ${byteCount(bytes)}  ${where}  ${findings} ${findings === 1 ? "leak" : "leaks"}`)
    },
    clear() {
      if (isShown) write("\r\x1b[K")
      isShown = false
    },
  }
}
