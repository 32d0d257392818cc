/**
 * Whether the outside of a mount answers. After some failures in a row its leases are left alone but for one now and then: each try
 * may take its full time-out. The pauses grow with the time that the outside has been away, so what waited ends soon after it is
 * back: a quarter of that time later at most.
 */

/** So many failures in a row are no bad luck. */
const FAILURES = 8
const SHORTEST_PAUSE = 1
const LONGEST_PAUSE = 60

export interface Outage {
  /** Seconds that the next lease has to wait, untried; 0 is to be tried now. */
  wait(): number
  worked(): void
  /** After how many seconds at most the lease that failed is tried again. */
  failed(): number
  /** Whether there is anything to remember. */
  readonly none: boolean
}

/** `now` is seconds since 1970. */
export function outageOf(now: () => number): Outage {
  let failures = 0
  let since = 0
  let until = 0

  const pause = (): number => Math.min(LONGEST_PAUSE, Math.max(SHORTEST_PAUSE, (now() - since) / 4))

  return {
    wait: () => {
      if (failures < FAILURES) return 0
      if (until > now()) return until - now()
      // This one is tried; the others wait a little for what comes of it.
      until = now() + Math.max(SHORTEST_PAUSE, pause() / 8)
      return 0
    },
    worked: () => {
      failures = 0
      until = 0
    },
    failed: () => {
      if (failures++ === 0) since = now()
      if (failures < FAILURES) return LONGEST_PAUSE
      until = now() + pause()
      return pause()
    },
    get none() {
      return failures === 0
    },
  }
}
