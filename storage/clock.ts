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

/** Waits `seconds` before something is tried again: somebody waits for it, so unlike `sleep` it keeps the process alive. */
export async function pause(clock: Clock, seconds: number): Promise<void> {
  const alive = setInterval(() => {}, 60_000)
  try {
    await clock.sleep(seconds, new AbortController().signal)
  } finally {
    clearInterval(alive)
  }
}
