import type { Server } from "./server.ts"
import { transact } from "./transact.ts"

/** Keys that one step erases. */
const STEP = 1_000

/** Erases everything below a prefix, in steps. Whoever calls it remembers durably what a crash may leave. */
export async function eraseRange(server: Server, prefix: string): Promise<void> {
  for (;;) {
    const erased = await transact(server, async view => {
      const keys = await view.keys(prefix, { limit: STEP })
      for (const key of keys) view.delete(prefix + key)
      return keys.length
    })
    if (erased < STEP) return
  }
}
