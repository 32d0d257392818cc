import type { ChildProcess } from "node:child_process"
import { once } from "node:events"

/** Ends a process of a test, unless it has ended by itself, and waits until it is gone. */
export async function ended(child: ChildProcess, kill: () => unknown = () => child.kill("SIGKILL")): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, "exit")
  kill()
  await gone
}
