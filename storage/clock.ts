/** Time as drivers see it. Tests pass their own. */

import { setTimeout as sleep } from "node:timers/promises"

export interface Clock {
  /** Seconds since 1970. */
  now(): number
  /** Resolves after `seconds`, or as soon as `signal` is aborted. It must not keep the process alive. */
  sleep(seconds: number, signal: AbortSignal): Promise<void>
}

export const systemClock: Clock = {
  now: () => Date.now() / 1000,
  sleep: async (seconds, signal) => {
    await sleep(seconds * 1000, undefined, { signal, ref: false }).catch(() => undefined)
  },
}
