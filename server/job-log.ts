/** What background work says of its failures: once when it fails, again after an hour if it still does, and when it is over. */

import { StorageFailed, StorageUnavailable } from "@arca/storage"
import type { Logger } from "./logs/logs.ts"

/** Seconds after which the same failure is told again. */
const REMINDER_SECONDS = 3600

/** The store's failures are one trouble, whichever job meets it first. */
const STORE = "store"

export interface JobLog {
  failed(job: string, error: unknown): void
  /** The job has done what it is for. */
  succeeded(job: string): void
  /** Calls what is to be called when a round has ended: the store is well again if no job has met a failure of it meanwhile. */
  round(): () => void
}

export function jobLog(log: Logger, now: () => number): JobLog {
  const told = new Map<string, { readonly text: string; readonly at: number }>()
  let storeFailures = 0
  const over = (job: string): void => {
    if (told.delete(job)) log.info("background work goes on", { job })
  }
  return {
    failed: (job, error) => {
      const ofStore = error instanceof StorageFailed || error instanceof StorageUnavailable
      if (ofStore) storeFailures++
      const trouble = ofStore ? STORE : job
      const last = told.get(trouble)
      // Of the store each job tells another part of the same story.
      const isKnown = last !== undefined && (ofStore || last.text === String(error))
      if (isKnown && now() < last.at + REMINDER_SECONDS) return
      told.set(trouble, { text: String(error), at: now() })
      log.error("background work failed", { job: trouble, error: String(error) })
    },
    succeeded: over,
    round: () => {
      const before = storeFailures
      return () => {
        if (storeFailures === before) over(STORE)
      }
    },
  }
}
